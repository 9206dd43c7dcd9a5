//! The replicas of this instance: their names, what they are sent, how far they are, how they go.

use super::feed::backlog_size;
use super::link::{Announced, ReplicaLink};
use super::{close_because, feed, held, snapshot};
use crate::engine::Engine;
use crate::engine::conn::{Client, ConnId, Kind};
use crate::engine::steps;
use crate::observe::{
    Addr, Fact, LinkLoss, LinkPhase, LinkRef, LogLevel, Message, Offset, RdbFraming, ReplicaState,
    Rule, Side, SoftLimit,
};
use std::io::IoSlice;

/// Microseconds between two RdbSent (or RdbReceived) facts.
pub(super) const RDB_FACT_EVERY_US: u64 = 100_000;

/// The peer as an instance: the announced address, else the one it connects from; port 0 until one
/// was announced.
pub(super) fn addr_of(client: &Client, said: &Announced) -> Addr {
    let ip = said.ip.clone().unwrap_or_else(|| ip_of(&client.addr).to_owned());
    Addr::new(ip, u16::try_from(said.port).unwrap_or(0))
}

/// [`addr_of`] for a connection that is a replica.
pub(super) fn addr_of_client(client: &Client) -> Addr {
    match &client.kind {
        Kind::Replica(link) => addr_of(client, &link.announced),
        _ => Addr::new(ip_of(&client.addr), 0),
    }
}

/// How log lines call a replica.
pub(super) fn name_of(client: &Client, said: &Announced) -> String {
    let addr = addr_of(client, said);
    if addr.host.is_empty() {
        return format!("client id #{}", client.conn.0);
    }
    match (said.port, addr.host.contains(':')) {
        (0, _) => format!("{}:<unknown-replica-port>", addr.host),
        (port, true) => format!("[{}]:{port}", addr.host),
        (port, false) => format!("{}:{port}", addr.host),
    }
}

/// [`name_of`] by connection.
pub(super) fn name(e: &Engine, conn: ConnId) -> String {
    let Some(c) = e.clients.get(conn) else { return format!("client id #{}", conn.0) };
    match (&c.kind, e.repl.announced.get(&conn)) {
        (Kind::Replica(link), _) => name_of(c, &link.announced),
        (_, Some(said)) => name_of(c, said),
        _ => name_of(c, &Announced::default()),
    }
}

/// The host part of `ip:port`.
pub(super) fn ip_of(addr: &str) -> &str {
    let ip = addr.rsplit_once(':').map_or(addr, |(ip, _)| ip);
    ip.strip_prefix('[').and_then(|ip| ip.strip_suffix(']')).unwrap_or(ip)
}

pub(super) fn link(e: &Engine, conn: ConnId) -> Option<&ReplicaLink> {
    match &e.clients.get(conn)?.kind {
        Kind::Replica(link) => Some(link),
        _ => None,
    }
}

pub(super) fn link_mut(e: &mut Engine, conn: ConnId) -> Option<&mut ReplicaLink> {
    match &mut e.clients.get_mut(conn)?.kind {
        Kind::Replica(link) => Some(link),
        _ => None,
    }
}

/// Moves a replica to another state, and tells.
pub(super) fn set_state(e: &mut Engine, conn: ConnId, to: ReplicaState) {
    let Some(c) = e.clients.get_mut(conn) else { return };
    let Kind::Replica(link) = &mut c.kind else { return };
    let from = std::mem::replace(&mut link.state, to);
    if from != to {
        let replica = addr_of_client(c);
        e.fact(Fact::ReplicaState { replica, from: Some(from), to });
        count_good(e);
    }
}

/// Makes a connection a replica in the state that `link` says.
pub(super) fn attach(e: &mut Engine, conn: ConnId, link: ReplicaLink) {
    let Some(c) = e.clients.get_mut(conn) else { return };
    let to = link.state;
    c.kind = Kind::Replica(Box::new(link));
    let replica = addr_of_client(c);
    e.repl.announced.remove(&conn);
    e.repl.replicas.push(conn);
    e.fact(Fact::ReplicaState { replica, from: None, to });
    count_good(e);
}

/// A replica is gone already; what hung on it goes too.
pub(super) fn detach(e: &mut Engine, client: &Client, link: &ReplicaLink, why: LinkLoss) {
    let conn = client.conn;
    e.repl.replicas.retain(|&c| c != conn);
    if e.repl.replicas.is_empty() {
        e.repl.no_replicas_since_us = e.now.link_us;
    }
    let name = name_of(client, &link.announced);
    e.log(LogLevel::Warning, format!("Connection with replica {name} lost."));
    let peer = addr_of(client, &link.announced);
    e.fact(Fact::LinkLost { link: LinkRef { side: Side::Master, peer }, cause: why });
    let freed = feed::backlog_size(e);
    let pinned = lowest_cursor(e);
    e.repl.stream.trim(freed, pinned);
    count_good(e);
    snapshot::replica_gone(e, link);
}

/// Closes every replica: they must learn of a new history.
pub(super) fn disconnect_all(e: &mut Engine) {
    for conn in e.repl.replicas.clone() {
        // One whose command is running is closed at the end of that command; it counts no more.
        e.close(conn);
    }
}

/// The lowest position that a replica still needs.
pub(super) fn lowest_cursor(e: &Engine) -> Option<i64> {
    e.repl.replicas.iter().filter_map(|&c| link(e, c)?.cursor).min()
}

/// Recounts the replicas that are online and acknowledged lately enough.
pub(super) fn count_good(e: &mut Engine) {
    let max_lag = e.config.min_replicas_max_lag;
    let good = e.repl.replicas.iter().filter_map(|&c| link(e, c)).filter(|l| {
        l.state == ReplicaState::Online && lag_s(e.now.link_us, l.ack_at_us) <= max_lag
    });
    e.repl.good_replicas = good.count() as i64;
    let counts = !e.is_replica() && e.config.min_replicas_to_write > 0 && max_lag > 0;
    let now = counts.then_some((e.repl.good_replicas, e.config.min_replicas_to_write, max_lag));
    if e.repl.told_good != now {
        e.repl.told_good = now;
        let (good, wanted, max_lag) = now.unwrap_or_default();
        let [good, wanted, max_lag_s] = [good, wanted, max_lag].map(|n| n.max(0) as u64);
        e.fact(Fact::GoodReplicas { good, wanted, max_lag_s });
    }
}

pub(super) fn lag_s(now_us: u64, then_us: u64) -> i64 {
    // Whole seconds on both sides, as Redis counts them.
    (now_us / 1_000_000) as i64 - (then_us / 1_000_000) as i64
}

/// The numbers behind NOREPLICAS.
pub fn good_replicas_rule(e: &Engine) -> Rule {
    Rule::NoReplicas {
        good: e.repl.good_replicas.max(0) as u64,
        wanted: e.config.min_replicas_to_write.max(0) as u64,
        max_lag_s: e.config.min_replicas_max_lag.max(0) as u64,
    }
}

/// Whether a write must be refused with NOREPLICAS.
pub fn lacks_good_replicas(e: &Engine) -> bool {
    !e.is_replica()
        && e.config.min_replicas_to_write > 0
        && e.config.min_replicas_max_lag > 0
        && e.repl.good_replicas < e.config.min_replicas_to_write
}

// ── sending ────────────────────────────────────────────────────────────────────────────────────

/// Whether the shared stream holds bytes that this replica may be sent now.
pub fn has_stream(e: &Engine, conn: ConnId) -> bool {
    match link(e, conn) {
        Some(l) if l.streams() => l.cursor.is_some_and(|at| e.repl.stream.behind(at) > 0),
        _ => false,
    }
}

/// What a replica is charged for in the shared stream, in bytes.
pub fn behind(e: &Engine, conn: ConnId) -> u64 {
    link(e, conn).and_then(|l| l.cursor).map_or(0, |at| match e.repl.stream.behind(at) {
        0 => 0,
        _ => e.repl.stream.charged(at) as u64,
    })
}

/// Fills `slices` with the stream from this replica's cursor on.
pub fn stream_slices<'a>(
    e: &'a Engine,
    conn: ConnId,
    slices: &mut [IoSlice<'a>],
    most: u64,
) -> usize {
    match link(e, conn) {
        Some(l) if l.streams() => l.cursor.map_or(0, |at| e.repl.stream.slices(at, slices, most)),
        _ => 0,
    }
}

/// The next byte of the stream that this connection would be sent, if the stream flows to it.
pub(crate) fn stream_cursor(e: &Engine, c: &Client) -> Option<i64> {
    match &c.kind {
        Kind::Replica(l) if l.streams() => l.cursor.filter(|at| e.repl.stream.behind(*at) > 0),
        _ => None,
    }
}

/// So many bytes of the stream were taken by the socket.
pub fn stream_wrote(e: &mut Engine, conn: ConnId, n: usize) {
    if n == 0 {
        return;
    }
    let end = e.repl.stream.end();
    let Some(l) = link_mut(e, conn) else { return };
    let Some(cursor) = &mut l.cursor else { return };
    *cursor = (*cursor + n as i64).min(end + 1);
    let size = backlog_size(e);
    if e.repl.stream.histlen() > size {
        let pinned = lowest_cursor(e);
        e.repl.stream.trim(size, pinned);
    }
    if !e.repl.turn.told_sent.contains(&conn) {
        e.repl.turn.told_sent.push(conn);
        tell_sent(e, conn);
    }
}

/// Tells how far the stream to a replica is, if that is news.
pub(super) fn tell_sent(e: &mut Engine, conn: ConnId) {
    let end = e.repl.stream.end();
    let Some(c) = e.clients.get_mut(conn) else { return };
    let Kind::Replica(link) = &mut c.kind else { return };
    let Some(cursor) = link.cursor else { return };
    if !link.streams() || link.told.sent_to == cursor - 1 {
        return;
    }
    link.told.sent_to = cursor - 1;
    let replica = addr_of_client(c);
    let left = (end + 1 - cursor).max(0) as u64;
    e.fact(Fact::StreamSent { replica, upto: Offset(cursor - 1), left });
}

/// Hands an RDB piece to a replica.
pub(super) fn queue_piece(e: &mut Engine, conn: ConnId, piece: &std::sync::Arc<[u8]>) {
    if let Some(c) = e.clients.get_mut(conn)
        && !piece.is_empty()
    {
        if let Kind::Replica(link) = &mut c.kind {
            link.rdb_given += piece.len() as u64;
        }
        c.out.pieces.push_back(piece.clone());
        e.output_grew(conn);
    }
}

/// RDB bytes that wait for a replica's socket.
pub(super) fn queued(e: &Engine, conn: ConnId) -> usize {
    e.clients.get(conn).map_or(0, |c| c.out.len())
}

/// Bytes in front of the stream were written to this link: maybe the next piece may be pulled.
pub fn pieces_written(e: &mut Engine, conn: ConnId) {
    let now = e.now.link_us;
    let Some(l) = link_mut(e, conn) else { return };
    l.rdb_progress_us = now;
    snapshot::drained(e, conn);
}

/// Tells how many RDB bytes a replica's socket took; `last` always tells.
pub(super) fn tell_rdb_sent(e: &mut Engine, conn: ConnId, last: bool) {
    let now = e.now.mono_us;
    // Who lets one piece after the other go wants to see where the transfer stands.
    let stepping = e.host.stepping();
    let Some(c) = e.clients.get_mut(conn) else { return };
    let waits = c.out.pieces.iter().map(|p| p.len()).sum::<usize>() - c.out.piece_done;
    let Kind::Replica(link) = &mut c.kind else { return };
    let sent = link.rdb_given.saturating_sub(waits as u64);
    let due = stepping || link.told.rdb_at_us.is_none_or(|at| now >= at + RDB_FACT_EVERY_US);
    let news = link.told.rdb_at_us.is_none() || link.told.rdb_sent != sent;
    // Where the preamble waits for its step, nothing of the RDB is on its way.
    let begins = sent > 0 || !stepping;
    if !news || !(due && begins || last) {
        return;
    }
    link.told.rdb_at_us = Some(now);
    link.told.rdb_sent = sent;
    let framing = link.framing.unwrap_or(RdbFraming::Eof);
    let replica = addr_of_client(c);
    e.fact(Fact::RdbSent { replica, sent, framing });
}

/// The transfer is through: the replica is online as soon as it may be.
pub(super) fn put_online(e: &mut Engine, conn: ConnId, hold_for_ack: bool) {
    let rdb_only = link(e, conn).is_some_and(|l| l.announced.rdb_only);
    if rdb_only || held::may_go_online(e, conn, hold_for_ack) {
        go_online(e, conn, hold_for_ack);
    }
}

/// The replica is online, or (an rdb-only client) has all it wanted.
pub(super) fn go_online(e: &mut Engine, conn: ConnId, hold_for_ack: bool) {
    let now = e.now.link_us;
    let Some(l) = link_mut(e, conn) else { return };
    l.job = None;
    let bytes = l.rdb_given;
    if l.announced.rdb_only {
        let name = name(e, conn);
        tell_rdb_end(e, conn, bytes);
        set_state(e, conn, ReplicaState::RdbTransmitted);
        e.log(
            LogLevel::Notice,
            format!(
                "RDB transfer completed, rdb only replica ({name}) should be disconnected asap"
            ),
        );
        e.close_soon(conn);
        return;
    }
    // A replica that was just served gets its time before it is called late.
    l.ack_at_us = now;
    l.hold_for_ack = hold_for_ack;
    if let Some(at) = l.cursor {
        l.told.sent_to = at - 1;
    }
    tell_rdb_end(e, conn, bytes);
    set_state(e, conn, ReplicaState::Online);
    let name = name(e, conn);
    e.log(LogLevel::Notice, format!("Synchronization with replica {name} succeeded"));
    if !hold_for_ack {
        e.output_grew(conn);
    }
}

fn tell_rdb_end(e: &mut Engine, conn: ConnId, bytes: u64) {
    tell_rdb_sent(e, conn, true);
    if let Some(link) = super::link_of(e, conn) {
        if let Some(mut items) = e.repl.items.remove(&conn) {
            items.end(&link, |fact| e.fact(fact));
        }
        e.fact(Fact::Said { link, message: Message::RdbEnd { bytes }, bytes });
    }
}

// ── limits ─────────────────────────────────────────────────────────────────────────────────────

/// Closes replicas that are too far behind: at the end of the turn when the limit is passed in the
/// middle of a command, at once when cron finds that it was passed for too long.
pub(super) fn check_limits(e: &mut Engine, cron: bool) {
    let limit = e.config.output_limit_replica;
    if limit.hard == 0 && limit.soft == 0 {
        return;
    }
    let hard = if limit.hard == 0 { 0 } else { limit.hard.max(backlog_size(e) as u64) };
    let patience_s = limit.soft_seconds.max(0) as u64;
    for conn in e.repl.replicas.clone() {
        let now = e.now.link_us;
        let Some(l) = link(e, conn) else { continue };
        let used = l.cursor.map_or(0, |at| e.repl.stream.charged(at)) as u64;
        let over_soft = limit.soft > 0 && used >= limit.soft;
        let Some(l) = link_mut(e, conn) else { continue };
        let was_over = l.soft_since_us.is_some();
        l.soft_since_us = over_soft.then(|| l.soft_since_us.unwrap_or(now));
        // Whole seconds, as Redis counts them; the moment of passing it is never too long ago.
        let over_s = l.soft_since_us.map_or(0, |since| lag_s(now, since).max(0) as u64);
        let soft_passed = was_over && over_soft && over_s > patience_s;
        if was_over != over_soft && limit.soft > 0 {
            tell_soft_limit(e, conn, over_soft, used, limit.soft, patience_s);
        }
        let over_hard = hard > 0 && used >= hard;
        if (over_hard || soft_passed) && !e.repl.causes.contains_key(&conn) {
            let info = e.client_line(conn);
            let how = if cron { "closed" } else { "scheduled to be closed ASAP" };
            let text = format!("Client {info} {how} for overcoming of output buffer limits.");
            let raised_from = (over_hard && hard > limit.hard).then_some(limit.hard);
            let soft = (!over_hard).then_some(SoftLimit { over_s, patience_s });
            let limit = if over_hard { hard } else { limit.soft };
            let cause = LinkLoss::OutputLimit { bytes: used, limit, soft, raised_from };
            if !held::may_cut_off(e, conn, &cause, &text) {
                continue;
            }
            e.log(LogLevel::Warning, text);
            if cron {
                close_because(e, conn, cause);
            } else {
                e.repl.causes.insert(conn, cause);
                e.close_soon(conn);
            }
        }
    }
}

fn tell_soft_limit(
    e: &mut Engine,
    conn: ConnId,
    over: bool,
    bytes: u64,
    limit: u64,
    patience_s: u64,
) {
    let Some(c) = e.clients.get(conn) else { return };
    let replica = addr_of_client(c);
    e.fact(Fact::SoftLimit { replica, over, bytes, limit, patience_s });
}

/// Closes replicas that have not been heard of for repl-timeout.
pub(super) fn check_timeouts(e: &mut Engine) {
    let timeout = e.config.repl_timeout;
    for conn in e.repl.replicas.clone() {
        let Some(l) = link(e, conn) else { continue };
        let now = e.now.link_us;
        let (kind, silent) = match l.state {
            ReplicaState::Online if !l.pre_psync => ("streaming sync", lag_s(now, l.ack_at_us)),
            // Only a socket that takes nothing of what waits for it is stuck.
            ReplicaState::WaitBgsaveEnd if snapshot::feeds_sockets(e) && queued(e, conn) > 0 => {
                ("full sync", lag_s(now, l.rdb_progress_us))
            }
            _ => continue,
        };
        if silent <= timeout {
            continue;
        }
        let cause = LinkLoss::TimedOut {
            after_s: timeout.max(0) as u64,
            silent_s: silent.max(0) as u64,
            during: Some(LinkPhase::Master(l.state)),
        };
        let name = name(e, conn);
        let text = format!("Disconnecting timedout replica ({kind}): {name}");
        if held::may_cut_off(e, conn, &cause, &text) {
            e.log(LogLevel::Warning, text);
            close_because(e, conn, cause);
        }
    }
}

// ── SHUTDOWN ───────────────────────────────────────────────────────────────────────────────────

/// A replica as SHUTDOWN sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lagging {
    /// `host:port` as log lines show it.
    pub name: String,
    /// Bytes that it has not acknowledged.
    pub behind: i64,
    /// Seconds since its last ACK.
    pub lag: i64,
    /// INFO's word for its state.
    pub state: &'static str,
}

/// The attached replicas whose acknowledged offset differs from ours, and how many are attached.
pub fn lagging_replicas(e: &Engine) -> (Vec<Lagging>, usize) {
    let mut lagging = Vec::new();
    for &conn in &e.repl.replicas {
        let Some(l) = link(e, conn) else { continue };
        let behind = e.repl.stream.end() - l.ack_offset;
        if behind == 0 {
            continue;
        }
        let online = l.state == ReplicaState::Online;
        lagging.push(Lagging {
            name: name(e, conn),
            behind,
            lag: if online { lag_s(e.now.link_us, l.ack_at_us) } else { 0 },
            state: l.state.info_word().unwrap_or("unknown"),
        });
    }
    (lagging, e.repl.replicas.len())
}

/// Asks all replicas for an acknowledgement: one GETACK into the stream.
pub fn ask_for_acks(e: &mut Engine) {
    // Only the top of a chain writes into the stream.
    if e.repl.replicas.is_empty() || e.is_replica() {
        return;
    }
    feed::feed_bare(e, &[b"REPLCONF", b"GETACK", b"*"]);
    for conn in e.repl.replicas.clone() {
        if link(e, conn).is_some_and(|l| l.streams()) {
            steps::tell_said(e, conn, Message::GetAck, 37);
        }
    }
}
