//! FAILOVER: a master hands its role over to one of its replicas, and loses no write by it.
//!
//! Writes wait until a replica has acknowledged everything. Then this instance becomes a replica of
//! that one, and asks it with `PSYNC … FAILOVER` to become the master. Only when that is answered
//! do the writers go on, to be told that they speak to a replica now.

use super::attached::{addr_of, link};
use super::{attached, follow, held, role};
use crate::engine::Engine;
use crate::engine::call::Call;
use crate::engine::conn::ConnId;
use crate::engine::pause::{FOR_EVER, PauseType, PausedBy};
use crate::observe::{Addr, Fact, FailoverAbort, LogLevel, Offset, ReplicaState, RoleCause};
use crate::wire::num::parse_i64;

/// How often a failover looks whether it can go on.
const LOOK_EVERY_US: u64 = 100_000;

/// A failover as the old master keeps it.
#[derive(Debug, Default)]
pub(super) struct Failover {
    state: State,
    /// Who is to take over: what was asked for, or who was found to have everything.
    target: Option<Addr>,
    /// TIMEOUT in milliseconds, and when it is over (link time, microseconds).
    timeout: Option<(u64, u64)>,
    force: bool,
    /// When to look again (link time, microseconds).
    look_at_us: u64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    None,
    /// Writes wait for a replica's acknowledgement.
    WaitingForSync,
    /// We are the target's replica already, and it does not know yet.
    InProgress,
}

/// INFO's word.
pub(super) fn state_word(e: &Engine) -> &'static str {
    match e.repl.failover.state {
        State::None => "no-failover",
        State::WaitingForSync => "waiting-for-sync",
        State::InProgress => "failover-in-progress",
    }
}

/// Whether a failover runs, in whichever state.
pub(super) fn runs(e: &Engine) -> bool {
    e.repl.failover.state != State::None
}

/// Whether PSYNC must ask the master-to-be to take over.
pub(super) fn asks_for_it(e: &Engine) -> bool {
    e.repl.failover.state == State::InProgress
}

/// Whether the stream must stand still: the periodic ping would move the offset away from what the
/// replicas have acknowledged. Like Redis, only if a TIMEOUT was given.
pub(super) fn stills_pings(e: &Engine) -> bool {
    e.repl.failover.timeout.is_some() && e.pause_type().is_some()
}

/// When [`look`] is due.
pub(super) fn next_wake(e: &Engine) -> Option<u64> {
    runs(e).then_some(e.repl.failover.look_at_us)
}

/// What was asked for.
struct Asked<'a> {
    target: Option<(&'a [u8], i64)>,
    timeout_ms: Option<u64>,
    force: bool,
}

/// `FAILOVER [TO host port [FORCE]] [ABORT] [TIMEOUT ms]`.
pub(super) fn failover(e: &mut Engine, call: &Call<'_>) {
    if call.args.len() == 2 && call.is(1, "abort") {
        if !runs(e) {
            return e.reply.error("ERR No failover in progress.");
        }
        if end_by_hand(e, call.conn) {
            e.reply.ok();
        }
        return;
    }
    match read(call).and_then(|asked| begin(e, &asked)) {
        Ok(()) => e.reply.ok(),
        Err(error) => e.reply.error(error),
    }
}

/// Reads the words, in any order, each of them once.
fn read<'a>(call: &Call<'a>) -> Result<Asked<'a>, &'static str> {
    const NUMBER: &str = "ERR value is not an integer or out of range";
    let mut asked = Asked { target: None, timeout_ms: None, force: false };
    let left = |i: usize| call.args.len() - 1 - i;
    let mut i = 1;
    while i < call.args.len() {
        if call.is(i, "timeout") && left(i) >= 1 && asked.timeout_ms.is_none() {
            let ms = parse_i64(call.arg(i + 1)).ok_or(NUMBER)?;
            let ms = u64::try_from(ms).ok().filter(|ms| *ms > 0);
            asked.timeout_ms = Some(ms.ok_or("ERR FAILOVER timeout must be greater than 0")?);
            i += 2;
        } else if call.is(i, "to") && left(i) >= 2 && asked.target.is_none() {
            let port = parse_i64(call.arg(i + 2)).ok_or(NUMBER)?;
            asked.target = Some((call.arg(i + 1), port));
            i += 3;
        } else if call.is(i, "force") && !asked.force {
            asked.force = true;
            i += 1;
        } else {
            return Err("ERR syntax error");
        }
    }
    Ok(asked)
}

/// FAILOVER ABORT. Whether it is done: taking the role back is a step that may have to wait.
fn end_by_hand(e: &mut Engine, conn: ConnId) -> bool {
    let why = FailoverAbort::ByHand;
    let done = !asks_for_it(e) || held::may_take_back(e, Some(conn), &why);
    if done {
        take_back(e, why);
    }
    done
}

fn begin(e: &mut Engine, asked: &Asked<'_>) -> Result<(), &'static str> {
    if runs(e) {
        return Err("ERR FAILOVER already in progress.");
    }
    if e.is_replica() {
        return Err("ERR FAILOVER is not valid when server is a replica.");
    }
    if e.repl.replicas.is_empty() {
        return Err("ERR FAILOVER requires connected replicas.");
    }
    if asked.force && (asked.timeout_ms.is_none() || asked.target.is_none()) {
        return Err(
            "ERR FAILOVER with force option requires both a timeout and target HOST and IP.",
        );
    }
    let target = match asked.target {
        None => None,
        Some((host, port)) => {
            let found = find(e, host, port);
            let Some((conn, target)) = found else {
                return Err("ERR FAILOVER target HOST and PORT is not a replica.");
            };
            if !is_online(e, conn) {
                return Err("ERR FAILOVER target replica is not online.");
            }
            // The words of the request, as log lines repeat them.
            Some(Addr { host: String::from_utf8_lossy(host).into_owned(), ..target })
        }
    };
    let to = named(target.as_ref());
    e.log(LogLevel::Notice, format!("FAILOVER requested to {to}."));
    let now = e.now.link_us;
    e.repl.failover = Failover {
        state: State::WaitingForSync,
        target: target.clone(),
        timeout: asked.timeout_ms.map(|ms| (ms, now.saturating_add(ms.saturating_mul(1000)))),
        force: asked.force,
        look_at_us: now + LOOK_EVERY_US,
    };
    let (timeout_ms, force) = (asked.timeout_ms, asked.force);
    let offset = Offset(e.repl.stream.end());
    use crate::observe::Failover::Asked;
    e.fact(Fact::Failover(Asked { target, offset, timeout_ms, force }));
    e.pause(PausedBy::Failover, PauseType::Write, FOR_EVER);
    Ok(())
}

fn named(target: Option<&Addr>) -> String {
    target.map_or_else(|| "any replica".to_owned(), follow::shown_addr)
}

/// The replica of this host (announced, or connected from) and announced port.
fn find(e: &Engine, host: &[u8], port: i64) -> Option<(ConnId, Addr)> {
    e.repl.replicas.iter().find_map(|&conn| {
        let c = e.clients.get(conn)?;
        let said = &link(e, conn)?.announced;
        let addr = addr_of(c, said);
        let same = addr.host.as_bytes().eq_ignore_ascii_case(host) && said.port == port;
        same.then_some((conn, addr))
    })
}

fn is_online(e: &Engine, conn: ConnId) -> bool {
    link(e, conn).is_some_and(|l| l.state == ReplicaState::Online)
}

fn acked(e: &Engine, conn: ConnId) -> Option<i64> {
    link(e, conn).filter(|l| l.state == ReplicaState::Online).map(|l| l.ack_offset)
}

/// Ten times a second of link time while a failover runs: whether it can go on, or must end.
pub(super) fn look(e: &mut Engine) {
    let now = e.now.link_us;
    if !runs(e) || now < e.repl.failover.look_at_us {
        return;
    }
    e.repl.failover.look_at_us = now + LOOK_EVERY_US;
    if e.repl.failover.state == State::InProgress {
        // A target that cannot be reached is tried at this pace until somebody aborts.
        follow::check(e);
        return;
    }
    let offset = e.repl.stream.end();
    let wanted = e.repl.failover.target.clone();
    let candidates: Vec<(ConnId, Addr)> = match &wanted {
        Some(t) => find(e, t.host.as_bytes(), i64::from(t.port)).into_iter().collect(),
        None => addressed(e),
    };
    let best = candidates.iter().filter_map(|(conn, _)| acked(e, *conn)).max();
    if let Some((timeout_ms, _)) = e.repl.failover.timeout.filter(|(_, end)| *end <= now) {
        match wanted.filter(|_| e.repl.failover.force) {
            Some(target) => {
                let name = follow::shown_addr(&target);
                let text = format!("FAILOVER to {name} time out exceeded, failing over.");
                e.log(LogLevel::Notice, text);
                hand_over(e, target, best, true);
            }
            None => {
                let offset = Offset(offset);
                let best = best.map(Offset);
                take_back(e, FailoverAbort::NeverCaughtUp { offset, best, timeout_ms });
            }
        }
        return;
    }
    let synced = candidates.into_iter().find(|(conn, _)| acked(e, *conn) == Some(offset));
    if let Some((_, found)) = synced {
        let target = wanted.unwrap_or(found);
        let name = follow::shown_addr(&target);
        e.log(LogLevel::Notice, format!("Failover target {name} is synced, failing over."));
        hand_over(e, target, Some(offset), false);
    }
}

/// The replicas that can be connected to: they told a port.
fn addressed(e: &Engine) -> Vec<(ConnId, Addr)> {
    let all = e.repl.replicas.iter().filter_map(|&conn| {
        let addr = addr_of(e.clients.get(conn)?, &link(e, conn)?.announced);
        (addr.port != 0).then_some((conn, addr))
    });
    all.collect()
}

/// From here on we are a replica of the target.
fn hand_over(e: &mut Engine, target: Addr, acked: Option<i64>, forced: bool) {
    e.repl.failover.state = State::InProgress;
    e.repl.failover.target = Some(target.clone());
    let offset = Offset(e.repl.stream.end());
    let acked = acked.map(Offset);
    use crate::observe::Failover::HandsOver;
    e.fact(Fact::Failover(HandsOver { target: target.clone(), offset, acked, forced }));
    role::follow_master(e, target, RoleCause::Failover);
}

/// The target took over: it granted our PSYNC, in part or in full.
pub(super) fn succeeded(e: &mut Engine) {
    if e.repl.failover.state == State::InProgress
        && let Some(target) = e.repl.failover.target.clone()
    {
        e.fact(Fact::Failover(crate::observe::Failover::Done { target }));
        clear(e);
    }
}

/// The target answered PSYNC with this, or hung up instead of answering.
pub(super) fn rejected(e: &mut Engine, line: String) {
    let why = FailoverAbort::Rejected(line);
    if asks_for_it(e) && held::may_take_back(e, None, &why) {
        take_back(e, why);
    }
}

/// Ends a failover that came to nothing; if the roles had changed already, they change back.
pub(super) fn take_back(e: &mut Engine, why: FailoverAbort) {
    let target = e.repl.failover.target.clone();
    let reason = match &why {
        FailoverAbort::NeverCaughtUp { .. } => "Replica never caught up before timeout",
        FailoverAbort::ByHand => "Failover manually aborted",
        FailoverAbort::Rejected(_) => "Failover target rejected psync request",
    };
    let to = named(target.as_ref());
    e.log(LogLevel::Notice, format!("FAILOVER to {to} aborted: {reason}"));
    let was_replica = e.repl.failover.state == State::InProgress;
    e.fact(Fact::Failover(crate::observe::Failover::Aborted { target, why }));
    if was_replica {
        // The target may have begun a history of its own under our id, so ours gets a new one.
        role::promote(e, RoleCause::FailoverAborted);
    }
    clear(e);
}

/// Ends it; the writers that waited go on.
fn clear(e: &mut Engine) {
    e.repl.failover = Failover::default();
    e.unpause(PausedBy::Failover);
    attached::count_good(e);
}
