//! Following a master: connecting, the handshake's lines, losing the link, and what is remembered
//! of it so that the stream can go on.

use super::handshake::{Action, Handshake, Outcome, Settings};
use super::lines::{MAX_LINE, first_line, shown};
use super::{attached, close_because, failover, heard, held, receive, role, say};
use crate::engine::Engine;
use crate::engine::conn::{Client, ConnId, Kind};
use crate::engine::effect::{DialId, Effect, JobId};
use crate::engine::input::Dialled;
use crate::engine::{persist, steps};
use crate::observe::{
    Addr, Fact, IdCause, LinkLoss, LinkPhase, LinkRef, LinkState, LogLevel, Message, Offset,
    Passage, ReplId, Rule, Side,
};

/// Our end of the link to the master.
#[derive(Debug)]
pub struct Follow {
    pub(crate) state: LinkState,
    /// The master that the link goes (or went) to.
    peer: Option<Addr>,
    handshake: Handshake,
    dial: Option<DialId>,
    /// The link's connection, from the moment that it stands.
    pub(crate) conn: Option<ConnId>,
    /// When the master was last heard of (link time, microseconds).
    pub(super) last_io_us: u64,
    /// Since when the link is down, if it was up before.
    pub(super) down_since_us: Option<u64>,
    /// When an attempt was last repeated without waiting for the next second.
    hurried_at_us: Option<u64>,
    /// The RDB on its way.
    pub(super) receive: Option<receive::Receive>,
    /// What the full sync under way will make of us: the master's id and the RDB's offset.
    pub(super) target: (ReplId, i64),
    /// The master came by plain SYNC: it knows no offsets, and is not acknowledged.
    pub(crate) pre_psync: bool,
    /// The history to go on from when the link stands again.
    pub(super) cached: Option<Cached>,
    /// Raw bytes of a transaction that has not come to its EXEC.
    pub(super) unapplied: Vec<u8>,
    /// The offset that was acknowledged last on this link.
    pub(crate) acked: Option<Offset>,
}

/// What is remembered of a link that was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cached {
    pub replid: ReplId,
    /// Last byte applied.
    pub offset: i64,
    /// The database that was selected on the link.
    pub db: usize,
}

impl Default for Follow {
    fn default() -> Follow {
        Follow {
            state: LinkState::None,
            peer: None,
            handshake: Handshake::default(),
            dial: None,
            conn: None,
            last_io_us: 0,
            down_since_us: None,
            hurried_at_us: None,
            receive: None,
            target: (ReplId::ZERO, -1),
            pre_psync: false,
            cached: None,
            unapplied: Vec::new(),
            acked: None,
        }
    }
}

/// The master that is followed.
pub(super) fn master_addr(e: &Engine) -> Option<Addr> {
    e.config.replicaof.as_ref().map(|(host, port)| Addr::new(host.clone(), *port))
}

/// The master at the other end of the link, also while the link is being given up.
pub(super) fn peer(e: &Engine) -> Option<Addr> {
    e.repl.follow.peer.clone().or_else(|| master_addr(e))
}

/// Another master is meant from here on, or none.
pub(super) fn set_peer(e: &mut Engine, peer: Option<Addr>) {
    e.repl.follow.peer = peer;
}

/// Whether this replica's link is in sync (true on a master).
pub fn link_is_up(e: &Engine) -> bool {
    !e.is_replica() || e.repl.follow.state == LinkState::Connected
}

/// What MASTERDOWN is about: the link's state, and for how long it has been down.
pub fn master_down_rule(e: &Engine) -> Rule {
    let f = &e.repl.follow;
    let down = f.down_since_us.map(|since| attached::lag_s(e.now.link_us, since).max(0) as u64);
    Rule::MasterDown { link: f.state, down_s: down }
}

/// The connection to the master while the stream flows.
pub(super) fn connected_conn(e: &Engine) -> Option<ConnId> {
    e.repl.follow.conn.filter(|_| e.repl.follow.state == LinkState::Connected)
}

/// Moves the state, and tells.
pub(super) fn set_state(e: &mut Engine, to: LinkState) {
    let from = std::mem::replace(&mut e.repl.follow.state, to);
    if from != to
        && let Some(master) = peer(e)
    {
        e.fact(Fact::LinkState { master, from, to });
    }
}

/// Whether the handshake is under way, the connecting included.
pub(super) fn shakes_hands(e: &Engine) -> bool {
    !matches!(
        e.repl.follow.state,
        LinkState::None | LinkState::Connect | LinkState::Transfer | LinkState::Connected
    )
}

/// Connects to the master, unless that waits for its step.
pub(super) fn connect(e: &mut Engine) {
    if !held::connect_waits(e) && held::may_connect(e) {
        connect_now(e);
    }
}

/// Whether a connection could be made: none stands, and none is being made.
pub(super) fn may_connect(e: &Engine) -> bool {
    let f = &e.repl.follow;
    f.state == LinkState::Connect && f.dial.is_none() && f.conn.is_none()
}

/// The master that the next connection would go to.
pub(super) fn peer_to_be(e: &Engine) -> Option<Addr> {
    master_addr(e)
}

pub(super) fn connect_now(e: &mut Engine) {
    let Some(master) = master_addr(e) else { return };
    let dial = e.next_dial();
    let f = &mut e.repl.follow;
    f.handshake = Handshake::default();
    f.dial = Some(dial);
    f.peer = Some(master.clone());
    f.last_io_us = e.now.link_us;
    set_state(e, LinkState::Connecting);
    e.effect(Effect::Dial { dial, host: master.host, port: master.port });
    e.log(LogLevel::Notice, "MASTER <-> REPLICA sync started");
}

/// Connects again without waiting for the next second; but not twice within half a second, so that
/// a master that refuses at once is not hammered.
fn hurry(e: &mut Engine, after_failure: bool) {
    let now = e.now.link_us;
    let lately = e.repl.follow.hurried_at_us.is_some_and(|at| now < at + 500_000);
    let Some(master) = master_addr(e) else { return };
    if lately {
        return;
    }
    e.repl.follow.hurried_at_us = Some(now);
    let tail = if after_failure { " after failure" } else { "" };
    e.log(LogLevel::Notice, format!("Reconnecting to MASTER {}{tail}", shown_addr(&master)));
    connect(e);
}

/// A master as log lines show it.
pub(super) fn shown_addr(addr: &Addr) -> String {
    format!("{}:{}", addr.host, addr.port)
}

/// What the handshake says about us, as the settings are now.
fn settings(e: &Engine) -> Settings {
    let c = &e.config;
    let text = |v: &[u8]| (!v.is_empty()).then(|| v.to_vec());
    let port = match c.replica_announce_port {
        0 => i64::from(e.boot.port),
        port => port,
    };
    Settings {
        password: text(&c.masterauth),
        user: text(&c.masteruser),
        port: u16::try_from(port).unwrap_or(0),
        announce_ip: (!c.replica_announce_ip.is_empty()).then(|| c.replica_announce_ip.clone()),
        resume: e.repl.follow.cached.map(|c| (c.replid, c.offset + 1)),
        failover: failover::asks_for_it(e),
    }
}

/// The outcome of a dial; the id if it became a connection.
pub fn dialled(e: &mut Engine, dial: DialId, outcome: Result<Dialled, String>) -> Option<ConnId> {
    if e.repl.follow.dial != Some(dial) {
        // Given up meanwhile.
        return None;
    }
    e.repl.follow.dial = None;
    match outcome {
        Ok(d) => {
            let conn = e.clients.next_id();
            let mut client = Client::new(conn, d.addr, d.laddr, d.fd, e.now);
            client.kind = Kind::MasterLink;
            client.authenticated = true;
            e.clients.insert(client);
            e.repl.follow.conn = Some(conn);
            e.repl.follow.last_io_us = e.now.link_us;
            let actions = e.repl.follow.handshake.connected();
            perform(e, conn, actions, 0);
            Some(conn)
        }
        Err(error) => {
            e.log(LogLevel::Warning, format!("Error condition on socket for SYNC: {error}"));
            tell_lost(e, LinkLoss::ConnectFailed(error));
            set_state(e, LinkState::Connect);
            None
        }
    }
}

/// Whether bytes of this connection are not commands (the master link before it is connected).
pub fn owns_input(e: &Engine, conn: ConnId) -> bool {
    e.clients.get(conn).is_some_and(|c| matches!(c.kind, Kind::MasterLink))
        && connected_conn(e) != Some(conn)
}

/// Whether so much waits already, while a load runs, that no more should be read.
pub fn pauses_reading(e: &Engine, conn: ConnId) -> bool {
    owns_input(e, conn)
        && e.repl.follow.receive.as_ref().is_some_and(|r| !r.reads())
        && e.clients.get(conn).is_some_and(|c| c.query.waiting().len() >= 64 * 1024)
}

/// Bytes came from the connection to the master, whatever they are.
pub fn master_spoke(e: &mut Engine, conn: ConnId) {
    if e.repl.follow.conn == Some(conn) {
        e.repl.follow.last_io_us = e.now.link_us;
    }
}

/// There are new bytes in the query buffer of such a connection; it takes what it can.
pub fn accept_bytes(e: &mut Engine, conn: ConnId) {
    if e.repl.follow.conn != Some(conn) {
        return;
    }
    while e.repl.follow.conn == Some(conn) && shakes_hands(e) {
        let Some(c) = e.clients.get(conn) else { return };
        let waiting = c.query.waiting();
        let Some((line, n)) = first_line(waiting) else {
            if waiting.len() > MAX_LINE {
                let what = shown(waiting);
                fail(e, LinkLoss::Protocol(what));
            }
            return;
        };
        let (line, raw, at) = (line.to_vec(), waiting[..n].to_vec(), c.query.total);
        if e.steps.on() && !steps::may_take_line(e, conn, &line, n) {
            return;
        }
        let Some(c) = e.clients.get_mut(conn) else { return };
        c.query.consume(n);
        e.message_passed(conn, at, Passage::Talk, &raw);
        let settings = settings(e);
        let actions = e.repl.follow.handshake.line(&line, &settings);
        perform(e, conn, actions, n as u64);
    }
    if e.repl.follow.conn == Some(conn) && e.repl.follow.state == LinkState::Transfer {
        receive::bytes(e, conn);
    }
}

fn perform(e: &mut Engine, conn: ConnId, actions: Vec<Action>, line_bytes: u64) {
    for action in actions {
        match action {
            Action::To(state) => set_state(e, state),
            Action::Heard(message) => heard(e, conn, message, line_bytes),
            Action::Send(message, bytes) => say(e, conn, message, &bytes),
            Action::Log(level, text) => e.log(level, text),
            Action::Fail(cause) => fail(e, cause),
            Action::Decided(outcome) => decided(e, conn, outcome),
        }
    }
}

/// Ends a handshake that cannot succeed; the next second tries again.
fn fail(e: &mut Engine, cause: LinkLoss) {
    drop_connection(e, cause);
    set_state(e, LinkState::Connect);
}

fn decided(e: &mut Engine, conn: ConnId, outcome: Outcome) {
    match outcome {
        Outcome::Continue { replid } => go_on(e, conn, replid),
        Outcome::Full { replid, offset } => {
            failover::succeeded(e);
            e.repl.follow.target = (replid.unwrap_or(ReplId::ZERO), offset);
            e.repl.follow.pre_psync = offset < 0;
            receive::begin(e);
        }
        Outcome::Rejected(line) => failover::rejected(e, line),
        Outcome::Legacy => {
            e.repl.follow.target = (ReplId::ZERO, -1);
            e.repl.follow.pre_psync = true;
            receive::begin(e);
        }
    }
}

/// +CONTINUE: the cached history is alive again.
fn go_on(e: &mut Engine, conn: ConnId, replid: Option<ReplId>) {
    let Some(cached) = e.repl.follow.cached.take() else {
        // It was not asked for.
        return fail(e, LinkLoss::Protocol("+CONTINUE to a request for a full sync".into()));
    };
    if let Some(new) = replid
        && new != cached.replid
    {
        e.log(LogLevel::Warning, format!("Master replication ID changed to {new}"));
        e.repl.ids.replid = cached.replid;
        let end = e.repl.stream.end();
        e.repl.ids.shift(new, end);
        role::tell_ids(e, IdCause::Continued);
        // Our own replicas must learn of the new id.
        attached::disconnect_all(e);
    } else {
        e.repl.ids.replid = cached.replid;
    }
    e.repl.follow.pre_psync = false;
    if !e.repl.stream.is_active() {
        e.repl.stream.activate();
        e.repl.turn.grew = true;
    }
    connected(e, Some(conn), cached.db);
    failover::succeeded(e);
    e.log(
        LogLevel::Notice,
        "MASTER <-> REPLICA sync: Master accepted a Partial Resynchronization.",
    );
}

/// The link is in sync: from here on its bytes are commands.
pub(super) fn connected(e: &mut Engine, conn: Option<ConnId>, db: usize) {
    let f = &mut e.repl.follow;
    f.unapplied.clear();
    f.acked = None;
    f.down_since_us = None;
    f.last_io_us = e.now.link_us;
    f.hurried_at_us = None;
    set_state(e, LinkState::Connected);
    if let Some(conn) = conn
        && let Some(c) = e.clients.get_mut(conn)
    {
        c.db = db;
        // What already waits behind the RDB or the status line is executed before the turn ends.
        e.resume.push(conn);
    }
}

/// Whether replication's replica side waits for this job.
pub(super) fn owns_job(e: &Engine, job: JobId) -> bool {
    e.repl.follow.receive.as_ref().is_some_and(|r| r.owns(job))
}

/// Closes the connection or the dial, whichever there is; [`lost`] will not act on it any more.
fn drop_connection(e: &mut Engine, cause: LinkLoss) {
    if let Some(dial) = e.repl.follow.dial.take() {
        e.effect(Effect::CancelDial { dial });
        tell_lost(e, cause);
    } else if let Some(conn) = e.repl.follow.conn.take() {
        tell_lost(e, cause.clone());
        close_because(e, conn, cause);
    }
}

/// Gives up whatever is under way before the link is in sync. Whether there was something.
pub(super) fn cancel(e: &mut Engine, cause: LinkLoss) -> bool {
    if !shakes_hands(e) && e.repl.follow.state != LinkState::Transfer {
        return false;
    }
    receive::abort(e);
    drop_connection(e, cause);
    set_state(e, LinkState::Connect);
    true
}

/// [`cancel`], and a new attempt at once.
pub(super) fn cancel_and_retry(e: &mut Engine, cause: LinkLoss) {
    if cancel(e, cause) {
        hurry(e, true);
    }
}

/// The connection to the master was closed (and is forgotten), whoever did it.
pub(super) fn lost(e: &mut Engine, client: &Client, why: LinkLoss) {
    if e.repl.follow.conn != Some(client.conn) {
        return;
    }
    e.repl.follow.conn = None;
    match e.repl.follow.state {
        LinkState::Connected => disconnected(e, why, client.db),
        LinkState::Transfer => {
            let Some(receive) = &e.repl.follow.receive else { return };
            if !receive.reads() {
                // Everything is here; the load goes on, and the stream is asked for afterwards.
                return;
            }
            // Redis shows an errno here that an orderly end never sets: hence the odd "Success".
            let text = match (receive.has_begun(), receive.loads_from_socket()) {
                (false, _) => Some("I/O error reading bulk count from MASTER: Success"),
                (true, false) => Some("I/O error trying to sync with MASTER: connection lost"),
                // The loader tells that its input ended too early.
                (true, true) => None,
            };
            if let Some(text) = text {
                e.log(LogLevel::Warning, text);
            }
            tell_lost(e, why);
            let swap = receive::socket_broke(e);
            receive::abort(e);
            set_state(e, LinkState::Connect);
            hurry(e, true);
            receive::tell_discarded(e, swap);
        }
        state => {
            e.log(LogLevel::Warning, "Failed to read response from the server: Success");
            let text = match state {
                LinkState::ReceivePsyncReply => "Master did not reply to PSYNC, will try later",
                _ => "Master did not respond to command during SYNC handshake",
            };
            e.log(LogLevel::Warning, text);
            tell_lost(e, why);
            set_state(e, LinkState::Connect);
            if state == LinkState::ReceivePsyncReply {
                failover::rejected(e, String::new());
            }
        }
    }
}

/// A link that was in sync is gone: remembers where it stood (`db`: the database selected on it),
/// and tries again at once.
pub(super) fn disconnected(e: &mut Engine, why: LinkLoss, db: usize) {
    e.log(LogLevel::Warning, "Connection with master lost.");
    let broken = matches!(why, LinkLoss::Protocol(_));
    tell_lost(e, why);
    let f = &mut e.repl.follow;
    f.unapplied.clear();
    f.down_since_us = Some(e.now.link_us);
    if !broken && !f.pre_psync {
        f.cached = Some(Cached { replid: e.repl.ids.replid, offset: e.repl.stream.end(), db });
        e.log(LogLevel::Notice, "Caching the disconnected master state.");
    }
    set_state(e, LinkState::Connect);
    hurry(e, false);
}

fn tell_lost(e: &mut Engine, cause: LinkLoss) {
    if let Some(peer) = peer(e) {
        e.fact(Fact::LinkLost { link: LinkRef { side: Side::Replica, peer }, cause });
    }
}

/// Forgets the cached history: what follows is another one.
pub(super) fn discard_cached(e: &mut Engine) {
    if e.repl.follow.cached.take().is_some() {
        e.log(LogLevel::Notice, "Discarding previously cached master state.");
    }
}

/// Ends a link that is in sync without trying again (the role changes).
pub(super) fn close_connected(e: &mut Engine) {
    if let Some(conn) = connected_conn(e) {
        close_because(e, conn, LinkLoss::ClosedHere);
    }
}

/// Time-outs on link time, and the attempt that is due.
pub(super) fn check(e: &mut Engine) {
    if !e.is_replica() {
        return;
    }
    if let Some(cause) = silent_master(e)
        && held::may_give_up_master(e, &cause)
    {
        give_up_silent(e);
    }
    // A dump that is being loaded may hold the history to go on from.
    if e.repl.follow.state == LinkState::Connect
        && persist::loading(e) == persist::Loading::No
        && !held::connect_waits(e)
        && let Some(master) = master_addr(e)
    {
        e.log(LogLevel::Notice, format!("Connecting to MASTER {}", shown_addr(&master)));
        connect(e);
    }
}

/// By which time-out the master must be given up, if by one.
pub(super) fn silent_master(e: &Engine) -> Option<LinkLoss> {
    let timeout = e.config.repl_timeout;
    let silence = attached::lag_s(e.now.link_us, e.repl.follow.last_io_us);
    let matters = match e.repl.follow.state {
        LinkState::Transfer => e.repl.follow.receive.as_ref().is_none_or(|r| r.reads()),
        LinkState::Connected => true,
        _ => shakes_hands(e),
    };
    (e.is_replica() && silence > timeout && matters).then(|| LinkLoss::TimedOut {
        after_s: timeout.max(0) as u64,
        silent_s: silence.max(0) as u64,
        during: Some(LinkPhase::Replica(e.repl.follow.state)),
    })
}

/// Gives a silent master up; what comes next is another attempt.
pub(super) fn give_up_silent(e: &mut Engine) {
    let Some(cause) = silent_master(e) else { return };
    match e.repl.follow.state {
        LinkState::Transfer => {
            e.log(
                LogLevel::Warning,
                "Timeout receiving bulk data from MASTER... If the problem persists try to set \
                 the 'repl-timeout' parameter in redis.conf to a larger value.",
            );
            let swap = receive::socket_broke(e);
            cancel_and_retry(e, cause);
            receive::tell_discarded(e, swap);
        }
        LinkState::Connected => {
            e.log(LogLevel::Warning, "MASTER timeout: no data nor PING received...");
            if let Some(conn) = connected_conn(e) {
                close_because(e, conn, cause);
            }
        }
        _ => {
            e.log(LogLevel::Warning, "Timeout connecting to the MASTER...");
            cancel_and_retry(e, cause);
        }
    }
}

/// The 1 Hz newline that tells a master that we are alive while we load.
pub(super) fn keep_alive(e: &mut Engine) {
    if e.repl.follow.receive.as_ref().is_some_and(|r| r.loads()) {
        tell_alive(e);
    }
}

/// One newline to the master, which counts in no offset.
pub(super) fn tell_alive(e: &mut Engine) {
    if let Some(conn) = e.repl.follow.conn {
        say(e, conn, Message::Newline, b"\n");
    }
}
