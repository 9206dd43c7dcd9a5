//! What replication has put off until its step goes: whether it still means something, and doing
//! it.

use super::attached::{self, link};
use super::{failover, follow, receive, role, serve, snapshot};
use crate::engine::Engine;
use crate::engine::blocked::Blocked;
use crate::engine::conn::ConnId;
use crate::engine::effect::JobId;
use crate::engine::steps;
use crate::observe::{
    FailoverAbort, LinkLoss, LinkRef, LogLevel, Message, Offset, ReplicaState, SaveTarget, Side,
    Step, StepKind, StepWhat,
};

/// Something that waits for its step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Held {
    /// Dialling the master.
    Connect,
    /// Judging this connection's request; the client is blocked meanwhile.
    Decide { conn: ConnId, request: serve::Request },
    /// Freezing a snapshot for this replica and all that wait for the same.
    BeginSave { first: ConnId },
    /// What follows from the end of the snapshot with this job.
    EndSave { job: JobId, ok: bool },
    /// The same where the dump was opened for each replica already.
    SendFiles { jobs: Vec<JobId> },
    /// Loading the file that was received.
    LoadFile,
    /// Loading from the link, whose preamble was read.
    LoadFromLink { conn: ConnId },
    /// Counting this replica as online.
    GoOnline { conn: ConnId, hold_for_ack: bool },
    /// Closing a replica that is too far behind, or silent for too long.
    CutOff { conn: ConnId, why: LinkLoss, log: String },
    /// Giving up a silent master.
    MasterSilent,
    /// Becoming a master. A client waits for it, with what it asked for.
    Promote { conn: ConnId, then: AfterPromotion },
    /// The same inside of a transaction: all of it waits, with its client.
    Exec { conn: ConnId },
    /// Becoming a master again, because a failover came to nothing after the roles changed. A client
    /// waits for it if one asked for that.
    TakeBack { conn: Option<ConnId>, why: FailoverAbort },
}

/// What a client waits for while it waits for a promotion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum AfterPromotion {
    /// REPLICAOF NO ONE: its reply.
    Reply,
    /// PSYNC … FAILOVER: the rest of it.
    Judge(serve::Request),
}

impl Held {
    /// The connection that it hangs on.
    pub(crate) fn conn(&self) -> Option<ConnId> {
        match self {
            Held::Decide { conn, .. }
            | Held::LoadFromLink { conn }
            | Held::GoOnline { conn, .. }
            | Held::CutOff { conn, .. }
            | Held::Promote { conn, .. }
            | Held::Exec { conn } => Some(*conn),
            Held::TakeBack { conn, .. } => *conn,
            Held::Connect
            | Held::BeginSave { .. }
            | Held::EndSave { .. }
            | Held::SendFiles { .. }
            | Held::LoadFile
            | Held::MasterSilent => None,
        }
    }

    /// Whether it waits in front of the end of this link: the peer sent it before it went.
    pub(crate) fn comes_before_end_of(&self, conn: ConnId) -> bool {
        *self == Held::LoadFromLink { conn }
    }
}

/// Whether what waits can still be done.
pub(crate) fn still_means(e: &Engine, held: &Held, step: &Step) -> bool {
    let blocked =
        |conn: &ConnId| e.clients.get(*conn).is_some_and(|c| c.blocked == Some(Blocked::Step));
    match held {
        Held::Connect => {
            follow::may_connect(e)
                && step.link.as_ref().map(|l| &l.peer) == follow::peer_to_be(e).as_ref()
        }
        Held::Decide { conn, .. } | Held::Promote { conn, .. } | Held::Exec { conn } => {
            blocked(conn)
        }
        Held::BeginSave { .. } => snapshot::first_waiting(e).is_some(),
        Held::EndSave { job, .. } => snapshot::runs(e, *job),
        Held::SendFiles { jobs } => jobs.iter().any(|j| e.repl.files.contains_key(j)),
        Held::LoadFile => receive::has_whole_file(e),
        Held::LoadFromLink { .. } => receive::has_no_place(e),
        Held::GoOnline { conn, .. } => link(e, *conn).is_some_and(|l| {
            matches!(l.state, ReplicaState::WaitBgsaveEnd | ReplicaState::SendBulk)
        }),
        Held::CutOff { conn, .. } => e.clients.get(*conn).is_some(),
        Held::MasterSilent => follow::silent_master(e).is_some(),
        Held::TakeBack { conn, .. } => {
            failover::asks_for_it(e) && conn.as_ref().is_none_or(blocked)
        }
    }
}

/// Its step went: does it.
pub(crate) fn go_on(e: &mut Engine, held: Held) {
    match held {
        Held::Connect => follow::connect_now(e),
        Held::Decide { conn, request } => {
            go_on_with(e, conn);
            serve::decide(e, conn, &request);
        }
        Held::BeginSave { first } => snapshot::start_late(e, first),
        Held::EndSave { job, ok } => snapshot::end_save(e, job, ok),
        Held::SendFiles { jobs } => snapshot::send_files(e, &jobs),
        Held::LoadFile => receive::load_file(e),
        Held::LoadFromLink { conn } => receive::find_place(e, conn),
        Held::GoOnline { conn, hold_for_ack } => attached::go_online(e, conn, hold_for_ack),
        Held::CutOff { conn, why, log } => {
            e.log(LogLevel::Warning, log);
            super::close_because(e, conn, why);
        }
        Held::MasterSilent => follow::give_up_silent(e),
        Held::TakeBack { conn, why } => {
            failover::take_back(e, why);
            if let Some(conn) = conn {
                e.unblock(conn, |reply| reply.ok());
            }
        }
        Held::Exec { conn } => {
            if let Some(multi) = e.clients.get_mut(conn).and_then(|c| c.multi.as_mut()) {
                multi.may_change_role = true;
            }
            // Parsed once more, it runs now.
            go_on_with(e, conn);
        }
        Held::Promote { conn, then } => match then {
            AfterPromotion::Reply => {
                role::promote_by_hand(e, conn);
                e.unblock(conn, |reply| reply.ok());
            }
            AfterPromotion::Judge(request) => {
                go_on_with(e, conn);
                serve::take_over(e, conn, &request);
            }
        },
    }
}

/// The client goes on with what it sent meanwhile, once this turn is through with it.
fn go_on_with(e: &mut Engine, conn: ConnId) {
    if let Some(c) = e.clients.get_mut(conn) {
        c.blocked = None;
    }
    e.resume.push(conn);
}

// ── asking ─────────────────────────────────────────────────────────────────────────────────────

pub(super) fn may_connect(e: &mut Engine) -> bool {
    let step = |e: &Engine| {
        let link = follow::peer_to_be(e).map(|peer| LinkRef { side: Side::Replica, peer });
        Step::here(StepKind::Connect, link, StepWhat::Nothing)
    };
    steps::may(e, step, Held::Connect)
}

/// Whether the connect waits for its step already.
pub(super) fn connect_waits(e: &Engine) -> bool {
    steps::any_waits(e, |held, step| *held == Held::Connect && still_means(e, held, step))
}

/// If not, the client is blocked until it may.
pub(super) fn may_decide(e: &mut Engine, conn: ConnId, request: &serve::Request) -> bool {
    let message = request.message();
    let held = Held::Decide { conn, request: request.clone() };
    let may = steps::may(e, |e| of_link(e, StepKind::Decision, conn, message), held);
    if !may {
        e.block(conn, Blocked::Step);
    }
    may
}

pub(super) fn may_begin_save(e: &mut Engine, first: ConnId, target: SaveTarget) -> bool {
    let waits = |held: &Held, _: &Step| matches!(held, Held::BeginSave { .. });
    if steps::any_waits(e, waits) {
        return false;
    }
    let step = |e: &Engine| of_snapshot(e, StepKind::SaveBegin, target);
    steps::may(e, step, Held::BeginSave { first })
}

pub(super) fn may_end_save(e: &mut Engine, target: SaveTarget, held: Held) -> bool {
    steps::may(e, |e| of_snapshot(e, StepKind::SaveEnd, target), held)
}

/// Whether the file with this job was opened, but waits with all of its snapshot.
pub(super) fn file_waits(e: &Engine, job: JobId) -> bool {
    steps::any_waits(e, |held, _| matches!(held, Held::SendFiles { jobs } if jobs.contains(&job)))
}

pub(super) fn may_load(e: &mut Engine, held: Held) -> bool {
    let step = |e: &Engine| {
        let link = follow::peer(e).map(|peer| LinkRef { side: Side::Replica, peer });
        Step::here(StepKind::Load, link, StepWhat::Nothing)
    };
    steps::may(e, step, held)
}

/// Whether a load from the link waits for its step.
pub(super) fn load_waits(e: &Engine) -> bool {
    steps::any_waits(e, |held, _| matches!(held, Held::LoadFromLink { .. }))
}

pub(super) fn may_go_online(e: &mut Engine, conn: ConnId, hold_for_ack: bool) -> bool {
    if steps::any_waits(e, |held, _| matches!(held, Held::GoOnline { conn: c, .. } if *c == conn)) {
        return false;
    }
    let step = |e: &Engine| of_link(e, StepKind::Online, conn, StepWhat::Nothing);
    steps::may(e, step, Held::GoOnline { conn, hold_for_ack })
}

/// Whether a rule of ours may end the link to a replica now.
pub(super) fn may_cut_off(e: &mut Engine, conn: ConnId, why: &LinkLoss, log: &str) -> bool {
    if steps::any_waits(e, |held, _| matches!(held, Held::CutOff { conn: c, .. } if *c == conn)) {
        return false;
    }
    let what = StepWhat::End(why.clone());
    let held = Held::CutOff { conn, why: why.clone(), log: log.to_owned() };
    steps::may(e, |e| of_link(e, StepKind::LinkEnd, conn, what), held)
}

pub(super) fn may_give_up_master(e: &mut Engine, why: &LinkLoss) -> bool {
    if steps::any_waits(e, |held, _| *held == Held::MasterSilent) {
        return false;
    }
    let step = |e: &Engine| {
        let link = follow::peer(e).map(|peer| LinkRef { side: Side::Replica, peer });
        Step::here(StepKind::LinkEnd, link, StepWhat::End(why.clone()))
    };
    steps::may(e, step, Held::MasterSilent)
}

/// If not, the client is blocked until it may. Inside of a transaction nobody can wait: its EXEC
/// has asked.
pub(super) fn may_promote(e: &mut Engine, conn: ConnId, then: AfterPromotion) -> bool {
    e.unit.depth > 0 || may_become_master(e, Some(conn), Held::Promote { conn, then })
}

/// Whether this command may run now. An EXEC that makes us a master waits for that as a whole.
pub(crate) fn may_run(e: &mut Engine, conn: ConnId, words: &[&[u8]]) -> bool {
    if words.len() != 1 || !words[0].eq_ignore_ascii_case(b"exec") {
        return true;
    }
    let Some(multi) = e.clients.get(conn).and_then(|c| c.multi.as_ref()) else { return true };
    let is = |words: &[Vec<u8>], i: usize, text: &str| {
        words.get(i).is_some_and(|w| w.eq_ignore_ascii_case(text.as_bytes()))
    };
    let promotes = |w: &Vec<Vec<u8>>| {
        (is(w, 0, "replicaof") || is(w, 0, "slaveof"))
            && is(w, 1, "no")
            && is(w, 2, "one")
            && e.is_replica()
            && !failover::runs(e)
    };
    let takes_back =
        |w: &Vec<Vec<u8>>| is(w, 0, "failover") && is(w, 1, "abort") && failover::asks_for_it(e);
    let asks = multi.queue.iter().any(|w| promotes(w) || takes_back(w));
    if !asks || multi.may_change_role || multi.aborted || e.watch_spoiled(conn) {
        return true;
    }
    may_become_master(e, Some(conn), Held::Exec { conn })
}

/// Asks for a promotion; the client that wants it is blocked until it may be.
fn may_become_master(e: &mut Engine, conn: Option<ConnId>, held: Held) -> bool {
    let step = |e: &Engine| {
        let link = follow::peer(e).map(|peer| LinkRef { side: Side::Replica, peer });
        Step::here(StepKind::Promotion, link, StepWhat::Nothing)
    };
    let may = steps::may(e, step, held);
    if let Some(conn) = conn.filter(|_| !may) {
        e.block(conn, Blocked::Step);
    }
    may
}

/// The same for taking the role back. Nobody waits for it when it was the target that refused.
pub(super) fn may_take_back(e: &mut Engine, conn: Option<ConnId>, why: &FailoverAbort) -> bool {
    let waits = |held: &Held, _: &Step| matches!(held, Held::TakeBack { .. });
    if conn.is_none() && steps::any_waits(e, waits) {
        return false;
    }
    e.unit.depth > 0 || may_become_master(e, conn, Held::TakeBack { conn, why: why.clone() })
}

fn of_link(e: &Engine, kind: StepKind, conn: ConnId, what: StepWhat) -> Step {
    Step::here(kind, super::link_of(e, conn), what)
}

fn of_snapshot(e: &Engine, kind: StepKind, target: SaveTarget) -> Step {
    let offset = Offset(e.repl.stream.end());
    Step::here(kind, None, StepWhat::Snapshot { target, offset })
}

// ── what the steps' own room asks about links ──────────────────────────────────────────────────

/// A connection as a peer, also while it is not known to be one.
pub(crate) fn peer_of(e: &Engine, conn: ConnId) -> Option<crate::observe::Addr> {
    e.clients.get(conn).map(attached::addr_of_client)
}

/// An acknowledgement, and its bytes.
pub(crate) fn ack_of(offset: Offset) -> (Message, Vec<u8>) {
    let digits = offset.0.to_string();
    let bytes = super::lines::command(&[b"REPLCONF", b"ACK", digits.as_bytes()]);
    (Message::Ack { offset }, bytes)
}
