//! What must be remembered from event to event to tell them well.

use crate::observe::{
    Addr, AnswerLine, Body, Event, Fact, LinkState, Offset, Preview, Source, Step,
};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// The narrator's memory. Begin with `default()` and hand it every event in order.
#[derive(Clone, Debug, Default)]
pub struct NarrateState {
    /// The lab's own ports.
    pub(super) ours: BTreeSet<u16>,
    pub(super) down: BTreeSet<u16>,
    /// The replica's end of each link, by the replica's port.
    pub(super) replicas: BTreeMap<u16, ReplicaEnd>,
    pub(super) masters: BTreeMap<u16, MasterEnd>,
    /// Keys per instance and database.
    pub(super) keys: BTreeMap<u16, BTreeMap<u32, u64>>,
    pub(super) burst: Burst,
    /// What a master told before the replica's end of the same story came: see `holds_back`.
    pub(super) unripe: VecDeque<Event>,
    /// Which master's events wait, and for which replica.
    pub(super) waits_for: Option<(u16, u16)>,
    /// Steps that are held: the instance that asks, and what.
    pub(super) waiting: BTreeMap<u64, (u16, Step)>,
    /// A `:verb` runs: its own answer tells what it does.
    pub(super) in_verb: bool,
    /// It is one that lets steps go, and says itself what waits then.
    pub(super) in_step: bool,
    /// The step that was held last, not told yet, and whether it is the only one.
    pub(super) just_held: Option<(u64, bool)>,
    /// That link time stands still was told once.
    pub(super) told_held: bool,
    /// Outside peers that were said to hear nothing.
    pub(super) patience: BTreeSet<(u16, Addr)>,
}

/// One of the lab's instances as a replica.
#[derive(Clone, Debug, Default)]
pub(super) struct ReplicaEnd {
    pub master: Option<Addr>,
    /// When the running attempt began (wall microseconds).
    pub began_us: Option<i64>,
    /// `connecting → handshake`, waiting to be a remark on the next message.
    pub moved: Option<String>,
    /// `+OK`s read since the last line was told.
    pub oks: u32,
    /// Connect attempts that failed since the last success.
    pub failures: u64,
    pub state: Option<LinkState>,
    /// When the RDB's preamble came.
    pub rdb_us: Option<i64>,
    /// The whole RDB has come.
    pub rdb_done: bool,
    /// PSYNC or SYNC was told in this attempt.
    pub asked: bool,
    /// That the master put it online, to be told behind the end of the transfer.
    pub online: Vec<AnswerLine>,
}

/// One instance as a master.
#[derive(Clone, Debug, Default)]
pub(super) struct MasterEnd {
    pub offset: Option<Offset>,
    pub backlog: bool,
    /// Keys in the snapshot that runs or ran last.
    pub snapshot_keys: Option<u64>,
    /// Reports about replicas that have not said who they are yet.
    pub early: Vec<Event>,
    pub held: BTreeMap<Addr, HeldWrites>,
    /// Replicas for which the stream is held back now.
    pub holds: BTreeSet<Addr>,
    /// Why the sync of a replica had to wait, and since when.
    pub waits: BTreeMap<Addr, (String, i64)>,
    /// The last commands of the stream, to give a held range its words.
    pub recent: Vec<(Offset, Offset, String)>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct HeldWrites {
    pub count: u64,
    pub bytes: u64,
    /// The words of the first few.
    pub words: Vec<String>,
}

/// Commands of a stream told in the running second, and those that were not.
#[derive(Clone, Debug, Default)]
pub(super) struct Burst {
    pub port: u16,
    pub began_us: i64,
    pub told: u32,
    pub more: u64,
    pub more_bytes: u64,
    pub upto: Option<Offset>,
}

impl NarrateState {
    /// After a gap in the journal nothing half-told can be finished.
    pub(super) fn forget(&mut self) {
        let ours = std::mem::take(&mut self.ours);
        *self = NarrateState { ours, ..NarrateState::default() };
    }

    /// Whether this event must wait for the other end's report. Instances write to the journal each
    /// at its own time: a master's judgement may stand before the PSYNC that it judges.
    pub(super) fn holds_back(&mut self, event: &Event) -> bool {
        const MOST: usize = 64;
        const LONGEST_US: i64 = 300_000;
        let late =
            self.unripe.front().is_some_and(|e| event.at.wall_us - e.at.wall_us > LONGEST_US);
        if late || self.unripe.len() >= MOST {
            self.waits_for = None;
        }
        let (Source::Instance(port), Body::Fact(fact)) = (event.source, &event.body) else {
            return false;
        };
        if self.waits_for.is_none()
            && self.unripe.is_empty()
            && let Fact::PsyncDecision { replica, .. } = fact
            && self.reports(replica)
            && self.replicas.get(&replica.port).is_some_and(|r| r.began_us.is_some() && !r.asked)
        {
            self.waits_for = Some((port, replica.port));
        }
        if self.waits_for.is_some_and(|(master, _)| master == port) {
            self.unripe.push_back(event.clone());
            return true;
        }
        false
    }

    /// The events that need not wait any more.
    pub(super) fn released(&mut self) -> VecDeque<Event> {
        if let Some((_, replica)) = self.waits_for
            && self.replicas.get(&replica).is_some_and(|r| !r.asked)
        {
            return VecDeque::new();
        }
        self.waits_for = None;
        std::mem::take(&mut self.unripe)
    }

    /// How the lines call a peer: a port of this machine by its number.
    pub(super) fn name(&self, addr: &Addr) -> String {
        match addr.port {
            0 => "a client".to_owned(),
            port if matches!(addr.host.as_str(), "127.0.0.1" | "localhost" | "::1" | "")
                || self.ours.contains(&port) =>
            {
                port.to_string()
            }
            _ => addr.to_string(),
        }
    }

    /// Whether this instance reports its own end of a link, so that the other end need not.
    pub(super) fn reports(&self, addr: &Addr) -> bool {
        self.ours.contains(&addr.port) && !self.down.contains(&addr.port)
    }

    /// Time since the attempt of that replica began.
    pub(super) fn since_replica(&self, port: u16, event: &Event) -> Option<u64> {
        let began = self.replicas.get(&port)?.began_us?;
        u64::try_from(event.at.wall_us - began).ok()
    }

    /// Time since the latest attempt of any replica of this master began, if that is recent
    /// enough to be the reason of what is told.
    pub(super) fn since_any(&self, master: u16, event: &Event) -> Option<u64> {
        let of_master = |r: &&ReplicaEnd| r.master.as_ref().is_some_and(|m| m.port == master);
        let began = self.replicas.values().filter(of_master).filter_map(|r| r.began_us).max()?;
        u64::try_from(event.at.wall_us - began).ok().filter(|us| *us < 60_000_000)
    }

    pub(super) fn keys_of(&self, port: u16) -> u64 {
        self.keys.get(&port).map_or(0, |dbs| dbs.values().sum())
    }
}

/// Facts that bring no line of their own and do not interrupt a burst.
pub(super) fn is_quiet(fact: &Fact) -> bool {
    use crate::observe::Message;
    match fact {
        Fact::Said { message, .. } | Fact::Heard { message, .. } => {
            matches!(message, Message::Ack { .. } | Message::StreamPing | Message::Newline)
        }
        Fact::Log { .. }
        | Fact::Command { .. }
        | Fact::ClientConnected { .. }
        | Fact::ClientGone { .. }
        | Fact::KeyWritten { .. }
        | Fact::KeyGone { .. }
        | Fact::DbSize { .. }
        | Fact::BacklogMoved { .. }
        | Fact::Acked { .. }
        | Fact::StreamSent { .. }
        | Fact::SnapshotProgress { .. }
        | Fact::RdbKey { .. }
        | Fact::RdbItem { .. }
        | Fact::Passed { .. }
        | Fact::RdbSent { .. }
        | Fact::RdbReceived { .. } => true,
        _ => false,
    }
}

/// A command's words, cut to fit a line.
pub fn words(wire: &[Preview]) -> String {
    let mut out = String::new();
    for (i, word) in wire.iter().enumerate() {
        if i > 0 {
            out.push(' ');
        }
        let text = word.to_string();
        if text.is_empty() || text.contains(' ') {
            out.push_str(&format!("\"{text}\""));
        } else {
            out.push_str(&text);
        }
    }
    const MAX: usize = 48;
    if let Some((cut, _)) = out.char_indices().nth(MAX) {
        out.truncate(cut);
        out.push('…');
    }
    out
}
