//! PSYNC and SYNC: a connection asks to become a replica.

use super::attached::{self, addr_of_client, name};
use super::held::{self, AfterPromotion};
use super::lines::shown;
use super::link::ReplicaLink;
use super::{failover, follow};
use super::{heard, ids::Ids, psync, say, snapshot};
use crate::engine::Engine;
use crate::engine::call::Call;
use crate::engine::conn::{ConnId, Kind};
use crate::engine::persist;
use crate::observe::{
    Addr, Decision, Fact, Failover, FullReason, IdCause, LogLevel, Message, Offset, PsyncVerdict,
    ReplId, RoleCause, StepWhat,
};

/// What a connection asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Request {
    /// `PSYNC <replid> <offset>`.
    Psync { id: Vec<u8>, offset: i64, failover: bool },
    /// The legacy `SYNC`: a full sync without any status line.
    Sync,
}

impl Request {
    /// As facts and steps tell it.
    pub(super) fn message(&self) -> StepWhat {
        StepWhat::Message(match self {
            Request::Psync { id, offset, failover } => {
                let (replid, offset, failover) = (shown(id), Offset(*offset), *failover);
                Message::Psync { replid, offset, failover }
            }
            Request::Sync => Message::Sync,
        })
    }
}

/// `PSYNC <replid> <offset>`.
pub(super) fn psync(e: &mut Engine, call: &Call<'_>) {
    let Some(c) = e.clients.get(call.conn) else { return };
    if matches!(c.kind, Kind::Replica(_)) || c.monitor {
        // A second request is harmless, and is not answered.
        return;
    }
    let id = call.arg(1).to_vec();
    let asked = parse_offset(call.arg(2));
    let failover = call.args.len() > 3 && call.is(3, "failover");
    let hear = |e: &mut Engine| {
        e.repl.announced.entry(call.conn).or_default();
        let offset = Offset(asked.unwrap_or_default());
        let message = Message::Psync { replid: shown(call.arg(1)), offset, failover };
        heard(e, call.conn, message, wire_len(call));
    };
    let offset = asked.unwrap_or_default();
    let request = Request::Psync { id, offset, failover };
    if failover {
        let id = shown(call.arg(1));
        e.log(LogLevel::Warning, format!("Failover request received for replid {id}."));
        if !e.is_replica() {
            e.reply.error("ERR PSYNC FAILOVER can't be sent to a master.");
            return;
        }
        if !e.repl.ids.replid.matches(call.arg(1)) {
            e.reply.error("ERR PSYNC FAILOVER replid must match my replid.");
            return;
        }
        hear(e);
        let by = peer(e, call.conn);
        e.fact(Fact::Failover(Failover::Requested { by }));
        let then = AfterPromotion::Judge(request.clone());
        if asked.is_some() && !held::may_promote(e, call.conn, then) {
            return;
        }
        promote_for(e, call.conn);
    }
    if refused(e, call.conn) {
        return;
    }
    let name = name(e, call.conn);
    e.log(LogLevel::Notice, format!("Replica {name} asks for synchronization"));
    if asked.is_none() {
        e.log(
            LogLevel::Warning,
            format!("Replica {name} asks for synchronization but with a wrong offset"),
        );
        e.reply.error("ERR value is not an integer or out of range");
        return;
    }
    if !failover {
        hear(e);
    }
    if held::may_decide(e, call.conn, &request) {
        judge(e, call.conn, &request);
    }
}

/// The legacy `SYNC`: a full sync without any status line.
pub(super) fn sync(e: &mut Engine, call: &Call<'_>) {
    let Some(c) = e.clients.get(call.conn) else { return };
    if matches!(c.kind, Kind::Replica(_)) || c.monitor || refused(e, call.conn) {
        return;
    }
    let name = name(e, call.conn);
    e.log(LogLevel::Notice, format!("Replica {name} asks for synchronization"));
    e.repl.announced.entry(call.conn).or_default();
    heard(e, call.conn, Message::Sync, wire_len(call));
    if held::may_decide(e, call.conn, &Request::Sync) {
        judge(e, call.conn, &Request::Sync);
    }
}

/// The promotion that PSYNC … FAILOVER waited for: then the rest of it.
pub(super) fn take_over(e: &mut Engine, conn: ConnId, request: &Request) {
    if e.is_replica() {
        promote_for(e, conn);
    }
    let name = name(e, conn);
    e.log(LogLevel::Notice, format!("Replica {name} asks for synchronization"));
    if held::may_decide(e, conn, request) {
        decide(e, conn, request);
    }
}

fn promote_for(e: &mut Engine, conn: ConnId) {
    let info = e.client_line(conn);
    super::role::promote(e, RoleCause::Failover);
    e.log(LogLevel::Notice, format!("MASTER MODE enabled (failover request from '{info}')"));
}

/// Judges a request that waited for it: what was true when it came may be so no more.
pub(super) fn decide(e: &mut Engine, conn: ConnId, request: &Request) {
    match not_now(e) {
        Some(error) => super::write(e, conn, format!("-{error}\r\n").as_bytes()),
        None => judge(e, conn, request),
    }
}

fn judge(e: &mut Engine, conn: ConnId, request: &Request) {
    match request {
        Request::Psync { id, offset, .. } => {
            let name = name(e, conn);
            let verdict = psync::judge(id, *offset, &e.repl.ids, &e.repl.stream);
            tell_decision(e, conn, shown(id), *offset, verdict);
            match verdict {
                PsyncVerdict::Continue { bytes } => resume(e, conn, *offset, bytes, &name),
                PsyncVerdict::Full(reason) => {
                    log_refusal(e, id, *offset, reason, &name);
                    if id.first() != Some(&b'?') {
                        e.stats.sync_partial_err += 1;
                    }
                    attach_for_full_sync(e, conn, false);
                }
            }
        }
        Request::Sync => {
            let verdict = PsyncVerdict::Full(FullReason::Asked);
            tell_decision(e, conn, String::new(), -1, verdict);
            attach_for_full_sync(e, conn, true);
        }
    }
}

/// Why nobody can be synchronized at the moment.
fn not_now(e: &Engine) -> Option<&'static str> {
    if failover::runs(e) {
        return Some("NOMASTERLINK Can't SYNC while failing over");
    }
    if e.is_replica() && !follow::link_is_up(e) {
        return Some("NOMASTERLINK Can't SYNC while not connected with my master");
    }
    let loads = persist::loading(e) != persist::Loading::No;
    loads.then_some("LOADING Redis is loading the dataset in memory")
}

/// The answers that end a request before it is judged.
fn refused(e: &mut Engine, conn: ConnId) -> bool {
    if let Some(error) = not_now(e) {
        e.reply.error(error);
        return true;
    }
    // A reply that is still unsent would get mixed up with what follows now.
    let unsent = e.clients.get(conn).is_some_and(|c| !c.out.is_empty());
    if unsent || !e.reply.buf.is_empty() {
        e.reply.error("ERR SYNC and PSYNC are invalid with pending output");
        return true;
    }
    if e.repl.announced.get(&conn).is_some_and(|a| a.is_filtered() && !a.eof) {
        e.reply.error("ERR Filtered replica requires EOF capability");
        return true;
    }
    false
}

fn tell_decision(
    e: &mut Engine,
    conn: ConnId,
    asked_id: String,
    asked_offset: i64,
    verdict: PsyncVerdict,
) {
    let replica = peer(e, conn);
    let Ids { replid, replid2, second_offset } = e.repl.ids;
    let stream = &e.repl.stream;
    let backlog = stream.is_active().then(|| (Offset(stream.first()), stream.histlen() as u64));
    let master_offset = Offset(stream.end());
    let decision = Decision {
        asked_id,
        asked_offset: Offset(asked_offset),
        replid,
        replid2,
        second_offset: Offset(second_offset),
        backlog,
        master_offset,
        verdict,
    };
    e.fact(Fact::PsyncDecision { replica, decision: Box::new(decision) });
}

/// Who asks, as it announced itself.
fn peer(e: &Engine, conn: ConnId) -> Addr {
    match (e.clients.get(conn), e.repl.announced.get(&conn)) {
        (Some(c), Some(said)) => attached::addr_of(c, said),
        (Some(c), None) => addr_of_client(c),
        (None, _) => Addr::new("", 0),
    }
}

fn log_refusal(e: &mut Engine, asked_id: &[u8], offset: i64, reason: FullReason, name: &str) {
    let Ids { replid, replid2, second_offset } = e.repl.ids;
    let asked = shown(asked_id);
    let text = match reason {
        FullReason::Asked => format!("Full resync requested by replica {name}"),
        FullReason::UnknownId => format!(
            "Partial resynchronization not accepted: Replication ID mismatch (Replica asked for \
             '{asked}', my replication IDs are '{replid}' and '{replid2}')"
        ),
        FullReason::BeyondSecondOffset => format!(
            "Partial resynchronization not accepted: Requested offset for second ID was {offset}, \
             but I can reply up to {second_offset}"
        ),
        FullReason::NoBacklog | FullReason::BeforeBacklog | FullReason::AheadOfMaster => format!(
            "Unable to partial resync with replica {name} for lack of backlog (Replica request \
             was: {offset})."
        ),
    };
    e.log(LogLevel::Notice, text);
    let lacks = matches!(
        reason,
        FullReason::NoBacklog | FullReason::BeforeBacklog | FullReason::AheadOfMaster
    );
    if lacks && offset > e.repl.stream.end() {
        e.log(
            LogLevel::Warning,
            format!(
                "Warning: replica {name} tried to PSYNC with an offset that is greater than the \
                 master replication offset."
            ),
        );
    }
}

/// +CONTINUE, and the stream from `offset` on. No SELECT is injected: the replica remembers the
/// database that was selected on that link.
fn resume(e: &mut Engine, conn: ConnId, offset: i64, bytes: u64, name: &str) {
    e.stats.sync_partial_ok += 1;
    let said = e.repl.announced.get(&conn).cloned().unwrap_or_default();
    let psync2 = said.psync2;
    attached::attach(e, conn, ReplicaLink::resumed(said, offset, e.now.link_us));
    let replid = e.repl.ids.replid;
    let (line, replid) = match psync2 {
        true => (format!("+CONTINUE {replid}\r\n"), Some(replid)),
        false => ("+CONTINUE\r\n".to_owned(), None),
    };
    say(e, conn, Message::Continue { replid }, line.as_bytes());
    e.log(
        LogLevel::Notice,
        format!(
            "Partial resynchronization request from {name} accepted. Sending {bytes} bytes of \
             backlog starting from offset {offset}."
        ),
    );
    attached::count_good(e);
}

fn attach_for_full_sync(e: &mut Engine, conn: ConnId, pre_psync: bool) {
    e.stats.sync_full += 1;
    let said = e.repl.announced.get(&conn).cloned().unwrap_or_default();
    attached::attach(e, conn, ReplicaLink::waiting(said, pre_psync, e.now.link_us));
    if e.repl.replicas.len() == 1 && !e.repl.stream.is_active() {
        // Writes made without a backlog were never counted, so the old id vouches for nothing.
        e.repl.ids = Ids::new(ReplId(e.rng.hex()));
        e.repl.stream.activate();
        e.repl.turn.grew = true;
        let Ids { replid, replid2, .. } = e.repl.ids;
        e.log(
            LogLevel::Notice,
            format!(
                "Replication backlog created, my new replication IDs are '{replid}' and '{replid2}'"
            ),
        );
        super::role::tell_ids(e, IdCause::BacklogCreated);
    }
    snapshot::wanted(e, conn);
}

/// The replica as facts name it, whether it is attached yet or not.
pub(super) fn addr(e: &Engine, conn: ConnId) -> Addr {
    match e.clients.get(conn) {
        Some(c) => addr_of_client(c),
        None => Addr::new("", 0),
    }
}

fn parse_offset(bytes: &[u8]) -> Option<i64> {
    crate::wire::num::parse_i64(bytes)
}

/// How many bytes the command took on the wire, were it sent as an array.
pub(super) fn wire_len(call: &Call<'_>) -> u64 {
    super::lines::command(call.args).len() as u64
}
