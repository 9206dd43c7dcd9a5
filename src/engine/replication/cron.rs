//! What replication does by itself: once a second of link time, and at the end of every turn.

use super::attached::{self, link};
use super::{failover, feed, follow, ids::Ids, replconf, role, snapshot, wait};
use crate::engine::Engine;
use crate::engine::conn::ConnId;
use crate::engine::steps;
use crate::observe::{Fact, IdCause, LogLevel, Message, Offset, ReplId, ReplicaState};

const SECOND_US: u64 = 1_000_000;

/// When the next second's work is due.
#[derive(Debug, Default)]
pub(super) struct Schedule {
    due_us: u64,
    runs: u64,
}

/// What the running turn has brought so far.
#[derive(Debug, Default)]
pub(super) struct Turn {
    /// The stream or the backlog changed.
    pub(super) grew: bool,
    /// The master asked for an acknowledgement.
    pub(super) owes_ack: bool,
    /// A replica acknowledged.
    pub(super) acked: bool,
    /// A WAIT began to wait, or still does: ask for acknowledgements.
    pub(super) want_acks: bool,
    /// Replicas whose progress was told in this turn.
    pub(super) told_sent: Vec<ConnId>,
    /// The backlog as it was told last: first byte, length, size.
    told_backlog: (i64, u64, u64),
}

/// When [`cron`] is due, in microseconds of link time.
pub fn next_wake(e: &Engine) -> Option<u64> {
    let failover = failover::next_wake(e).unwrap_or(u64::MAX);
    Some(e.repl.cron.due_us.min(failover))
}

/// Called by the timer; looks at link time itself.
pub fn cron(e: &mut Engine) {
    failover::look(e);
    let now = e.now.link_us;
    if now < e.repl.cron.due_us {
        return;
    }
    // A clock that stood still owes no seconds.
    e.repl.cron.due_us = now + SECOND_US;
    follow::check(e);
    replconf::send_ack(e);
    follow::keep_alive(e);
    if ping_is_due(e) {
        ping(e);
    }
    newlines(e);
    attached::check_timeouts(e);
    attached::check_limits(e, true);
    free_old_backlog(e);
    snapshot::start_pending(e);
    attached::count_good(e);
    e.repl.cron.runs += 1;
}

/// CONFIG SET changed this setting (its modern name).
pub fn config_set(e: &mut Engine, name: &str) {
    match name {
        // The newest bytes stay; the end of the turn trims and tells.
        "repl-backlog-size" => e.repl.turn.grew = true,
        "min-replicas-to-write" | "min-replicas-max-lag" => attached::count_good(e),
        _ => {}
    }
}

/// Whether the periodic ping of the stream is due.
fn ping_is_due(e: &Engine) -> bool {
    let period = u64::try_from(e.config.repl_ping_replica_period).unwrap_or(10).max(1);
    e.repl.cron.runs.is_multiple_of(period)
}

/// A ping of the stream, from the top of a chain only.
pub(crate) fn ping(e: &mut Engine) {
    if e.repl.replicas.is_empty() || e.is_replica() || failover::stills_pings(e) {
        return;
    }
    feed::feed_bare(e, &[b"ping"]);
    for conn in e.repl.replicas.clone() {
        if link(e, conn).is_some_and(|l| l.streams()) {
            steps::tell_said(e, conn, Message::StreamPing, 14);
        }
    }
}

/// Newlines to replicas that wait for a snapshot, but never once the RDB's preamble was sent.
fn newlines(e: &mut Engine) {
    let sockets = snapshot::feeds_sockets(e);
    for conn in e.repl.replicas.clone() {
        let Some(l) = link(e, conn) else { continue };
        let waits = match l.state {
            ReplicaState::WaitBgsaveStart => true,
            ReplicaState::WaitBgsaveEnd => !sockets && l.framing.is_none(),
            _ => false,
        };
        if waits {
            super::say(e, conn, Message::Newline, b"\n");
        }
    }
}

/// A master without replicas frees its backlog after repl-backlog-ttl. What is written from then
/// on is not counted, so the history ends here too.
fn free_old_backlog(e: &mut Engine) {
    let ttl = e.config.repl_backlog_ttl;
    if ttl == 0 || e.is_replica() || !e.repl.replicas.is_empty() || !e.repl.stream.is_active() {
        return;
    }
    if attached::lag_s(e.now.link_us, e.repl.no_replicas_since_us) > ttl {
        e.repl.ids = Ids::new(ReplId(e.rng.hex()));
        e.repl.stream.free();
        e.repl.turn.grew = true;
        role::tell_ids(e, IdCause::BacklogFreed);
        e.log(
            LogLevel::Notice,
            format!("Replication backlog freed after {ttl} seconds without connected replicas."),
        );
    }
}

/// Before the turn ends: WAIT's questions and answers, output, and the turn's sums.
pub fn end_turn(e: &mut Engine) {
    if std::mem::take(&mut e.repl.turn.acked) {
        wait::acknowledged(e);
    }
    // While clients are paused nothing may enter the stream.
    if e.repl.turn.want_acks && e.pause_type().is_none() {
        e.repl.turn.want_acks = false;
        attached::ask_for_acks(e);
    }
    for conn in std::mem::take(&mut e.repl.turn.told_sent) {
        attached::tell_sent(e, conn);
    }
    if std::mem::take(&mut e.repl.turn.grew) {
        feed::tell_held(e);
        let size = feed::backlog_size(e);
        let pinned = attached::lowest_cursor(e);
        e.repl.stream.trim(size, pinned);
        for conn in e.repl.replicas.clone() {
            if attached::has_stream(e, conn) {
                e.output_grew(conn);
            }
        }
        tell_backlog(e);
    }
}

fn tell_backlog(e: &mut Engine) {
    let s = &e.repl.stream;
    let size = if s.is_active() { feed::backlog_size(e) as u64 } else { 0 };
    let first = if s.is_active() { s.first() } else { 0 };
    let now = (first, s.histlen() as u64, size);
    if now != e.repl.turn.told_backlog {
        e.repl.turn.told_backlog = now;
        e.fact(Fact::BacklogMoved { first: Offset(now.0), histlen: now.1, size });
    }
}
