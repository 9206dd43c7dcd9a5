//! Who this instance is: REPLICAOF, promotion, identifiers, what a save remembers of them.

use super::follow::{self, Cached};
use super::held::{self, AfterPromotion};
use super::{attached, failover, ids::Ids};
use crate::engine::Engine;
use crate::engine::call::Call;
use crate::engine::conn::{Client, ConnId, Kind};
pub use crate::engine::persist::ReplAux;
use crate::observe::{
    Addr, Fact, IdCause, LinkLoss, LinkState, LogLevel, Offset, ReplId, Role, RoleCause,
};
use crate::wire::num::parse_i64;

/// At start, before the boot load: the role that the configuration asks for.
pub fn boot(e: &mut Engine) {
    e.repl.no_replicas_since_us = e.now.link_us;
    if let Some(master) = follow::master_addr(e) {
        let cause = RoleCause::Boot;
        e.fact(Fact::RoleChanged { role: Role::Replica, master: Some(master), cause });
        follow::set_state(e, LinkState::Connect);
    }
}

/// `REPLICAOF host port`, `REPLICAOF NO ONE`, and the same as SLAVEOF.
pub(super) fn replicaof(e: &mut Engine, call: &Call<'_>) {
    if failover::runs(e) {
        e.reply.error("ERR REPLICAOF not allowed while failing over.");
        return;
    }
    if call.is(1, "no") && call.is(2, "one") {
        if e.is_replica() && !held::may_promote(e, call.conn, AfterPromotion::Reply) {
            return;
        }
        promote_by_hand(e, call.conn);
        e.reply.ok();
        return;
    }
    if e.clients.get(call.conn).is_some_and(|c| matches!(c.kind, Kind::Replica(_))) {
        e.reply.error("ERR Command is not valid when client is a replica.");
        return;
    }
    let port = parse_i64(call.arg(2)).and_then(|p| u16::try_from(p).ok());
    let Some(port) = port else {
        e.reply.error("ERR Invalid master port");
        return;
    };
    let host = String::from_utf8_lossy(call.arg(1)).into_owned();
    if let Some((old_host, old_port)) = &e.config.replicaof
        && old_host.eq_ignore_ascii_case(&host)
        && *old_port == port
    {
        e.log(
            LogLevel::Notice,
            "REPLICAOF would result into synchronization with the master we are already \
             connected with. No operation performed.",
        );
        e.reply.simple("OK Already connected to specified master");
        return;
    }
    follow_master(e, Addr::new(host.clone(), port), RoleCause::UserRequest);
    let info = e.client_line(call.conn);
    e.log(
        LogLevel::Notice,
        format!("REPLICAOF {host}:{port} enabled (user request from '{info}')"),
    );
    e.reply.ok();
}

/// REPLICAOF NO ONE by this client.
pub(super) fn promote_by_hand(e: &mut Engine, conn: ConnId) {
    if e.is_replica() {
        promote(e, RoleCause::UserRequest);
        let info = e.client_line(conn);
        e.log(LogLevel::Notice, format!("MASTER MODE enabled (user request from '{info}')"));
    }
}

/// Becomes a replica, or a replica of another master. The data stays until a full sync brings
/// other data; our replicas stay attached until our history changes.
pub(super) fn follow_master(e: &mut Engine, master: Addr, cause: RoleCause) {
    let was_master = !e.is_replica();
    if !was_master {
        // The link is cached on the way, and not dialled again while no master is set.
        e.config.replicaof = None;
        follow::close_connected(e);
    }
    e.config.replicaof = Some((master.host.clone(), master.port));
    unblock_waiting(e);
    follow::cancel(e, LinkLoss::ClosedHere);
    e.fact(Fact::RoleChanged { role: Role::Replica, master: Some(master.clone()), cause });
    if was_master {
        follow::discard_cached(e);
        // If the new master was our replica, it knows our history: maybe the stream can go on.
        tell_synthesized(e);
        e.repl.follow.cached =
            Some(Cached { replid: e.repl.ids.replid, offset: e.repl.stream.end(), db: 0 });
    }
    follow::set_peer(e, Some(master.clone()));
    follow::set_state(e, LinkState::Connect);
    e.log(LogLevel::Notice, format!("Connecting to MASTER {}", follow::shown_addr(&master)));
    follow::connect(e);
}

fn tell_synthesized(e: &mut Engine) {
    e.log(
        LogLevel::Notice,
        "Before turning into a replica, using my own master parameters to synthesize a cached \
         master: I may be able to synchronize with the new master with just a partial transfer.",
    );
}

/// Clients that wait for what only a master can give are told, and let go.
fn unblock_waiting(e: &mut Engine) {
    let waits = |c: &&Client| c.blocked.as_ref().is_some_and(|b| b.may_time_out());
    let conns: Vec<_> = e.clients.iter().filter(waits).map(|c| c.conn).collect();
    for conn in conns {
        e.unblock(conn, |reply| {
            reply.error(
                "UNBLOCKED force unblock from blocking operation, instance state changed (master \
                 -> replica?)",
            );
        });
        if let Some(c) = e.clients.get_mut(conn) {
            c.close_after_reply = true;
        }
    }
}

/// Becomes a master: the history goes on under a new id, and the old one stays good up to here.
pub(super) fn promote(e: &mut Engine, cause: RoleCause) {
    if !e.is_replica() {
        return;
    }
    e.config.replicaof = None;
    e.fact(Fact::RoleChanged { role: Role::Master, master: None, cause });
    follow::close_connected(e);
    follow::discard_cached(e);
    follow::cancel(e, LinkLoss::ClosedHere);
    let end = e.repl.stream.end();
    let replid = ReplId(e.rng.hex());
    e.repl.ids.shift(replid, end);
    let Ids { replid, replid2, second_offset } = e.repl.ids;
    e.log(
        LogLevel::Warning,
        format!(
            "Setting secondary replication ID to {replid2}, valid up to offset: {second_offset}. \
             New replication ID is {replid}"
        ),
    );
    tell_ids(e, IdCause::Promoted);
    // The replicas come back at once, and learn the new id with their +CONTINUE.
    attached::disconnect_all(e);
    follow::set_state(e, LinkState::None);
    follow::set_peer(e, None);
    e.repl.stream_db = None;
    e.repl.no_replicas_since_us = e.now.link_us;
    e.repl.follow.down_since_us = None;
}

/// DEBUG CHANGE-REPL-ID: another history, without a past.
pub fn change_id(e: &mut Engine) {
    e.repl.ids = Ids::new(ReplId(e.rng.hex()));
    tell_ids(e, IdCause::Debug);
}

/// Tells the identifiers as they are now.
pub(super) fn tell_ids(e: &mut Engine, cause: IdCause) {
    let Ids { replid, replid2, second_offset } = e.repl.ids;
    let offset = Offset(e.repl.stream.end());
    e.fact(Fact::IdsChanged {
        replid,
        replid2,
        second_offset: Offset(second_offset),
        offset,
        cause,
    });
}

/// What any save must remember of the replication history, if there is one.
pub fn repl_aux(e: &Engine) -> Option<ReplAux> {
    let aux = |db: usize, replid, offset| {
        Some(ReplAux { stream_db: db as i64, replid, offset: Offset(offset) })
    };
    let end = e.repl.stream.end();
    if !e.is_replica() {
        if !e.repl.stream.is_active() {
            return None;
        }
        return aux(e.repl.stream_db.unwrap_or(0), e.repl.ids.replid, end);
    }
    if let Some(link) = follow::connected_conn(e).and_then(|c| e.clients.get(c)) {
        return aux(link.db, e.repl.ids.replid, end);
    }
    let cached = e.repl.follow.cached?;
    aux(cached.db, cached.replid, cached.offset)
}

/// The dump that was loaded at boot told its history.
pub fn restored(e: &mut Engine, aux: ReplAux) {
    let ReplAux { stream_db, replid, offset: Offset(offset) } = aux;
    e.repl.stream.restart_at(offset);
    if e.is_replica() {
        // As if the link had been lost at this point.
        tell_synthesized(e);
        e.repl.ids = Ids::new(replid);
        let db = usize::try_from(stream_db).unwrap_or(0);
        e.repl.follow.cached = Some(Cached { replid, offset, db });
    } else {
        // A new history that goes on where the old one stopped.
        e.repl.ids.replid2 = replid;
        e.repl.ids.second_offset = offset + 1;
        e.repl.stream.activate();
        e.repl.no_replicas_since_us = e.now.link_us;
        e.repl.turn.grew = true;
    }
    tell_ids(e, IdCause::Restored);
}
