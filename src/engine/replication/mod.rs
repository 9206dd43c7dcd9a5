//! Replication, in both roles.
//!
//! In: commands to propagate, requests and acknowledgements of replicas, the bytes of the own
//! master, link time. Out: the shared stream with a cursor for every replica, snapshots asked for,
//! the handshake's lines, and facts about every step.
//! Never in here: sockets, files, the format of an RDB, and what a key holds.
//!
//! As a master: [`serve`] answers PSYNC and SYNC, [`snapshot`] makes and sends RDBs, [`feed`]
//! writes the stream, [`attached`] keeps the replicas. As a replica: [`follow`] connects,
//! [`handshake`] talks, [`receive`] takes the RDB, [`apply`] follows the stream. [`role`] changes
//! from one to the other, [`failover`] hands over.

mod apply;
mod attached;
mod commands;
mod cron;
mod failover;
mod feed;
mod follow;
mod handshake;
mod held;
mod ids;
mod info;
mod lines;
mod link;
mod psync;
mod rdb_items;
mod receive;
mod replconf;
mod role;
mod serve;
mod snapshot;
mod stream;
mod stream_command;
#[cfg(test)]
mod tests;
mod transfer;
mod wait;

pub use apply::applied;
pub(crate) use attached::stream_cursor;
pub use attached::{
    Lagging, ask_for_acks, behind, good_replicas_rule, has_stream, lacks_good_replicas,
    lagging_replicas, pieces_written, stream_slices, stream_wrote,
};
pub(crate) use commands::SPECS;
pub(crate) use cron::ping;
pub use cron::{config_set, cron, end_turn, next_wake};
pub use feed::feed;
pub use follow::{
    accept_bytes, dialled, link_is_up, master_down_rule, master_spoke, owns_input, pauses_reading,
};
pub(crate) use held::{Held, ack_of, go_on, may_run, peer_of, still_means};
pub use ids::Ids;
pub use info::info_lines;
pub(crate) use lines::shown;
pub use link::{Announced, ReplicaLink};
pub(crate) use receive::ahead as rdb_ahead;
pub use replconf::heard_newline;
pub use role::{ReplAux, boot, change_id, repl_aux, restored};
pub use snapshot::save_ended;
pub use stream::{MAX_OFFSET, Stream};
pub(crate) use stream_command::{StreamCommand, boundary, command_at, only_pings};
pub(crate) use transfer::{Ahead, framing};
pub use wait::acked_by;

use super::Engine;
use super::conn::{Client, ConnId, Kind};
use super::effect::JobId;
use super::input::{FileError, JobDone};
use super::rng::Rng;
use super::steps;
use super::wiretap::rdb_in_output;
use crate::observe::{Fact, LinkLoss, LinkRef, Message, Offset, ReplId, Side};
use std::collections::BTreeMap;

/// What an instance knows about replication.
#[derive(Debug)]
pub struct Replication {
    pub ids: Ids,
    /// The stream that is written (as a master) or passed on (as a replica), and the backlog.
    pub stream: Stream,
    /// The database last selected in the stream; `None` forces a SELECT before the next command.
    pub(crate) stream_db: Option<usize>,
    /// Replicas in the order of their arrival: INFO's slave0, slave1, …
    pub(crate) replicas: Vec<ConnId>,
    /// What connections said with REPLCONF that are no replicas (yet).
    pub(crate) announced: BTreeMap<ConnId, Announced>,
    /// The snapshot that is being made for replicas.
    snapshot: Option<snapshot::Running>,
    /// Files that are being read for one replica each.
    files: BTreeMap<JobId, ConnId>,
    /// Files that were opened, but wait for the step after their snapshot: with their sizes.
    opened: Vec<(JobId, Result<Option<u64>, FileError>)>,
    /// Handing the role of the master over.
    failover: failover::Failover,
    /// Our end of the link to the master.
    pub(crate) follow: follow::Follow,
    /// Since when there is no replica (link time, microseconds).
    no_replicas_since_us: u64,
    /// Replicas that count for min-replicas-to-write.
    good_replicas: i64,
    /// That number, and the two settings, as they were told last.
    told_good: Option<(i64, i64, i64)>,
    cron: cron::Schedule,
    turn: cron::Turn,
    /// Why a connection is about to be closed, where "closed here" says too little.
    causes: BTreeMap<ConnId, LinkLoss>,
    /// What is told of the RDBs on their way to replicas.
    items: BTreeMap<ConnId, rdb_items::RdbItems>,
    /// Kept from command to command, so that feeding allocates nothing in the long run.
    scratch: Vec<u8>,
}

impl Replication {
    /// A fresh master with an id of its own.
    pub fn new(rng: &mut Rng) -> Replication {
        Replication {
            ids: Ids::new(ReplId(rng.hex())),
            stream: Stream::default(),
            stream_db: None,
            replicas: Vec::new(),
            announced: BTreeMap::new(),
            snapshot: None,
            files: BTreeMap::new(),
            opened: Vec::new(),
            failover: failover::Failover::default(),
            follow: follow::Follow::default(),
            no_replicas_since_us: 0,
            good_replicas: 0,
            told_good: None,
            cron: cron::Schedule::default(),
            turn: cron::Turn::default(),
            causes: BTreeMap::new(),
            items: BTreeMap::new(),
            scratch: Vec::new(),
        }
    }
}

/// master_repl_offset.
pub fn offset(e: &Engine) -> i64 {
    e.repl.stream.end()
}

/// The link that this connection is, if it is one: the driver's gate applies to it.
pub fn link_of(e: &Engine, conn: ConnId) -> Option<LinkRef> {
    let client = e.clients.get(conn)?;
    match &client.kind {
        Kind::Normal => {
            let said = e.repl.announced.get(&conn)?;
            let peer = attached::addr_of(client, said);
            Some(LinkRef { side: Side::Master, peer })
        }
        Kind::MasterLink => Some(LinkRef { side: Side::Replica, peer: follow::peer(e)? }),
        Kind::Replica(link) => {
            let peer = attached::addr_of(client, &link.announced);
            Some(LinkRef { side: Side::Master, peer })
        }
    }
}

/// Whether a connection spoke of itself as a replica, and is none yet.
pub fn is_announced(e: &Engine, conn: ConnId) -> bool {
    !e.repl.announced.is_empty() && e.repl.announced.contains_key(&conn)
}

/// Whether a connection is a replica, or spoke of itself as one.
pub fn may_be_link(e: &Engine, conn: ConnId) -> bool {
    let replicas = !e.repl.replicas.is_empty() || !e.repl.announced.is_empty();
    replicas && (e.repl.replicas.contains(&conn) || is_announced(e, conn))
}

/// The offset of the next byte of the master's stream, on a replica.
pub fn next_of_stream(e: &Engine) -> Offset {
    Offset(e.repl.stream.end() + 1 + e.repl.follow.unapplied.len() as i64)
}

/// A replica's socket is about to take `n` bytes: what of the RDB is among them is told.
pub fn rdb_leaves(e: &mut Engine, conn: ConnId, n: usize) {
    let Some(mut items) = e.repl.items.remove(&conn) else { return };
    let Some(link) = link_of(e, conn) else { return };
    let mut told = Vec::new();
    if let Some(c) = e.clients.get(conn)
        && let Kind::Replica(replica) = &c.kind
    {
        rdb_in_output(replica, &c.out, n, |bytes| {
            items.push(&link, bytes, |fact| told.push(fact));
        });
    }
    for fact in told {
        e.fact(fact);
    }
    e.repl.items.insert(conn, items);
}

/// A connection was closed and is forgotten already; `why` unless a better cause was noted.
pub fn link_closed(e: &mut Engine, client: &Client, why: LinkLoss) {
    let conn = client.conn;
    e.repl.items.remove(&conn);
    let why = e.repl.causes.remove(&conn).unwrap_or(why);
    match &client.kind {
        Kind::Normal => {
            e.repl.announced.remove(&conn);
        }
        Kind::MasterLink => follow::lost(e, client, why),
        Kind::Replica(link) => attached::detach(e, client, link, why),
    }
}

/// Closes a link now, for this reason.
fn close_because(e: &mut Engine, conn: ConnId, why: LinkLoss) {
    e.close_because(conn, why);
}

/// Whether the stream flows to this replica.
pub(crate) fn streams_to(e: &Engine, conn: ConnId) -> bool {
    attached::link(e, conn).is_some_and(ReplicaLink::streams)
}

/// Writes bytes to a link, behind everything that waits there.
pub(crate) fn write(e: &mut Engine, conn: ConnId, bytes: &[u8]) {
    // While a connection's command runs, its output lives in the reply.
    if e.executing == Some(conn) {
        e.reply.raw(bytes);
    } else if let Some(c) = e.clients.get_mut(conn) {
        c.out.head.extend_from_slice(bytes);
    }
    e.output_grew(conn);
}

/// Writes a message and tells that it was said: at once, or when its step goes.
fn say(e: &mut Engine, conn: ConnId, message: Message, bytes: &[u8]) {
    write(e, conn, bytes);
    steps::tell_said(e, conn, message, bytes.len() as u64);
}

/// Tells that a message was read.
fn heard(e: &mut Engine, conn: ConnId, message: Message, bytes: u64) {
    if let Some(link) = link_of(e, conn) {
        e.fact(Fact::Heard { link, message, bytes });
    }
}

/// Whether a received RDB is taking the dump's place: a save would race with it.
pub fn replaces_dump(e: &Engine) -> bool {
    receive::replaces_dump(e)
}

/// Whether this job's events go to replication.
pub fn owns_job(e: &Engine, job: JobId) -> bool {
    e.repl.files.contains_key(&job) || follow::owns_job(e, job)
}

/// See [`Engine::opened`].
pub fn opened(e: &mut Engine, job: JobId, len: Result<Option<u64>, FileError>) {
    if e.repl.files.contains_key(&job) {
        snapshot::file_opened(e, job, len);
    } else {
        receive::file_opened(e, job, len);
    }
}

/// A piece of a snapshot for the sockets, or of a file.
pub fn piece(e: &mut Engine, job: JobId, bytes: Vec<u8>) {
    if e.repl.files.contains_key(&job) {
        snapshot::file_piece(e, job, bytes);
    } else if e.repl.snapshot.as_ref().is_some_and(|s| s.job == job) {
        snapshot::piece(e, job, bytes);
    } else {
        receive::file_piece(e, job, bytes);
    }
}

/// See [`Engine::job_done`].
pub fn job_done(e: &mut Engine, job: JobId, done: JobDone) {
    if e.repl.files.contains_key(&job) {
        snapshot::file_done(e, job);
    } else {
        receive::job_done(e, job, done);
    }
}

/// See [`Engine::job_failed`].
pub fn job_failed(e: &mut Engine, job: JobId, error: String) {
    if e.repl.files.contains_key(&job) {
        snapshot::file_failed(e, job, &error);
    } else {
        receive::job_failed(e, job, &error);
    }
}
