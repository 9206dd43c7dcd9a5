//! Both ends of replication links, as the instance that holds the end tells it.

use super::Here;
use crate::lab::model::history::{History, MomentKind};
use crate::lab::model::{Decision, Downstream, Instance, Over, Transfer, Wait};
use crate::observe::{
    Addr, Fact, LinkLoss, LinkRef, LinkState, Message, PsyncVerdict, ReplicaState, Role, Side,
    WaitReason,
};

/// Folds the fact if it is about a link, and says so.
pub(super) fn apply(i: &mut Instance, history: &mut History, here: Here, fact: &Fact) -> bool {
    let Here { at, seq, port } = here;
    let mut note = |kind| history.push(seq, at, kind);
    match fact {
        Fact::LinkState { master, from, to } => {
            let up = &mut i.upstream;
            if *from == LinkState::Connected && *to != LinkState::Connected {
                up.down_since = Some(at);
            }
            (up.state, up.since) = (*to, at);
            match to {
                LinkState::Transfer => i.asks_anew = true,
                LinkState::Connected => i.asks_anew = false,
                _ => {}
            }
            match to {
                // A new attempt: the RDB of an earlier one is not this one's.
                LinkState::Connect | LinkState::Connecting => up.rdb = None,
                LinkState::Connected => {
                    up.down_since = None;
                    up.lost = None;
                    if let Some(rdb) = &mut up.rdb {
                        rdb.ended.get_or_insert(at);
                    }
                    let framing = up.rdb.map(|r| r.framing);
                    note(MomentKind::LinkUp { port, master: master.clone(), framing });
                }
                _ => {}
            }
        }
        Fact::LinkLost { link, cause } => {
            lost(i, here, link, cause);
            // A failed dial repeats every second and says nothing new.
            if !matches!(cause, LinkLoss::ConnectFailed(_)) {
                let peer = link.peer.clone();
                note(MomentKind::LinkLost { port, side: link.side, peer, cause: cause.clone() });
            }
        }
        Fact::Said { link, message, .. } => said(i, here, link, message, &mut note),
        Fact::Heard { link, message, .. } => heard(i, here, link, message),
        Fact::ReplicaState { replica, from, to } => {
            let r = downstream(i, replica, here);
            if from.is_none() {
                // A new connection; the decision about it may have been told just before.
                let decision = r.decision.take();
                *r = Downstream { decision, wait: r.wait, ..Downstream::new(replica.clone(), at) };
            }
            (r.state, r.state_since, r.gone) = (Some(*to), at, None);
            let waits_on = match to {
                ReplicaState::WaitBgsaveStart => true,
                ReplicaState::WaitBgsaveEnd => {
                    r.wait.is_some_and(|w| w.reason == WaitReason::AttachedToRunning)
                }
                _ => false,
            };
            if !waits_on {
                r.wait = None;
            }
            if *to == ReplicaState::Online {
                if let Some(rdb) = &mut r.rdb {
                    rdb.ended.get_or_insert(at);
                }
                note(MomentKind::ReplicaOnline { master: port, replica: replica.clone() });
            }
        }
        Fact::PsyncDecision { replica, decision } => {
            match &decision.verdict {
                PsyncVerdict::Continue { bytes } => {
                    i.counters.sync_partial_ok += 1;
                    note(MomentKind::PartialSyncGranted {
                        master: port,
                        replica: replica.clone(),
                        bytes: *bytes,
                    });
                }
                PsyncVerdict::Full(reason) => {
                    i.counters.sync_full += 1;
                    // As Redis counts: whoever asked with `?` did not fail at anything.
                    i.counters.sync_partial_err += u64::from(!decision.asked_id.starts_with('?'));
                    note(MomentKind::FullSyncGranted {
                        master: port,
                        replica: replica.clone(),
                        reason: *reason,
                    });
                }
            }
            i.offset = decision.master_offset;
            downstream(i, replica, here).decision = Some(Decision {
                at,
                seq,
                replica: replica.clone(),
                numbers: decision.as_ref().clone(),
            });
        }
        Fact::FullSyncWaits { replica, reason } => {
            downstream(i, replica, here).wait = Some(Wait { reason: *reason, since: at });
        }
        Fact::RdbSent { replica, sent, framing } => {
            let r = downstream(i, replica, here);
            let rdb = r.rdb.get_or_insert(Transfer::new(*framing, at));
            rdb.moved = *sent;
        }
        Fact::Held { replica, from, to, held_bytes } => {
            let r = downstream(i, replica, here);
            r.held_bytes = *held_bytes;
            r.held_writes += 1;
            let first = r.held_span.map_or(*from, |(first, _)| first);
            if r.held_span.is_none() {
                let replica = replica.clone();
                note(MomentKind::WriteHeld { master: port, replica, from: *from });
            }
            r.held_span = Some((first, *to));
        }
        Fact::StreamSent { replica, upto, left } => {
            let r = downstream(i, replica, here);
            r.sent_upto = Some(*upto);
            r.left = *left;
            r.held_bytes = r.held_bytes.min(*left);
        }
        Fact::SoftLimit { replica, over, limit, patience_s, .. } => {
            let clock = Over { since: at, limit: *limit, patience_s: *patience_s };
            downstream(i, replica, here).over_soft = over.then_some(clock);
        }
        Fact::Acked { replica, offset } => {
            downstream(i, replica, here).acked = Some((*offset, at));
        }
        Fact::RdbReceived { got, framing, .. } => {
            let rdb = i.upstream.rdb.get_or_insert(Transfer::new(*framing, at));
            rdb.moved = *got;
            i.upstream.last_io = Some(at);
        }
        _ => return false,
    }
    true
}

fn downstream<'a>(i: &'a mut Instance, addr: &Addr, here: Here) -> &'a mut Downstream {
    i.replicas.entry(addr.clone()).or_insert_with(|| Downstream::new(addr.clone(), here.at))
}

fn lost(i: &mut Instance, here: Here, link: &LinkRef, cause: &LinkLoss) {
    match link.side {
        Side::Master => {
            if let Some(r) = i.replicas.get_mut(&link.peer) {
                r.gone = Some((here.at, cause.clone()));
                r.wait = None;
            }
        }
        Side::Replica => {
            // After a promotion the loss of the old link is told too; it is not this master's.
            if i.role == Role::Replica {
                i.upstream.lost = Some((here.at, cause.clone()));
                i.upstream.down_since.get_or_insert(here.at);
            }
        }
    }
}

fn said(
    i: &mut Instance,
    here: Here,
    link: &LinkRef,
    message: &Message,
    note: &mut impl FnMut(MomentKind),
) {
    match (link.side, message) {
        (Side::Replica, Message::Ack { offset }) => i.upstream.acked = Some((*offset, here.at)),
        (Side::Master, Message::RdbBegin(framing)) => {
            downstream(i, &link.peer, here).rdb = Some(Transfer::new(*framing, here.at));
            let (master, replica) = (here.port, link.peer.clone());
            note(MomentKind::RdbBegan { master, replica, framing: *framing });
        }
        (Side::Master, Message::RdbEnd { bytes }) => {
            end(&mut downstream(i, &link.peer, here).rdb, here, *bytes);
        }
        _ => {}
    }
}

fn heard(i: &mut Instance, here: Here, link: &LinkRef, message: &Message) {
    match (link.side, message) {
        (Side::Master, Message::Ack { offset }) => {
            if let Some(r) = i.replicas.get_mut(&link.peer) {
                r.acked = Some((*offset, here.at));
            }
        }
        (Side::Master, _) => {}
        (Side::Replica, message) => {
            i.upstream.last_io = Some(here.at);
            match message {
                Message::RdbBegin(framing) => {
                    i.upstream.rdb = Some(Transfer::new(*framing, here.at));
                }
                Message::RdbEnd { bytes } => end(&mut i.upstream.rdb, here, *bytes),
                _ => {}
            }
        }
    }
}

fn end(rdb: &mut Option<Transfer>, here: Here, bytes: u64) {
    if let Some(rdb) = rdb {
        rdb.moved = bytes;
        rdb.ended = Some(here.at);
    }
}
