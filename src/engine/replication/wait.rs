//! WAIT: until enough replicas have acknowledged what the client wrote.

use super::attached::link;
use crate::engine::Engine;
use crate::engine::blocked::Blocked;
use crate::engine::call::Call;
use crate::observe::ReplicaState;
use crate::wire::num::parse_i64;

/// `WAIT numreplicas timeout`.
pub(super) fn wait(e: &mut Engine, call: &Call<'_>) {
    if e.is_replica() {
        e.reply.error(
            "ERR WAIT cannot be used with replica instances. Please also note that since Redis 4.0 \
             if a replica is configured to be writable (which is not the default) writes to \
             replicas are just local and are not propagated.",
        );
        return;
    }
    let Some(wanted) = parse_i64(call.arg(1)) else {
        e.reply.error("ERR value is not an integer or out of range");
        return;
    };
    let Some(timeout_ms) = parse_i64(call.arg(2)) else {
        e.reply.error("ERR timeout is not an integer or out of range");
        return;
    };
    if timeout_ms < 0 {
        e.reply.error("ERR timeout is negative");
        return;
    }
    let Some(c) = e.clients.get(call.conn) else { return };
    let (offset, in_multi) = (c.woff, e.unit.depth > 0);
    let have = acked_by(e, offset);
    if have >= wanted || in_multi {
        e.reply.int(have);
        return;
    }
    let deadline_us = match timeout_ms {
        0 => None,
        ms => match (ms as u64).checked_mul(1000).and_then(|us| e.now.mono_us.checked_add(us)) {
            Some(at) => Some(at),
            None => {
                e.reply.error("ERR timeout is out of range");
                return;
            }
        },
    };
    e.repl.turn.want_acks = true;
    e.block(call.conn, Blocked::Wait { offset, replicas: wanted, deadline_us });
}

/// How many online replicas have acknowledged this offset.
pub fn acked_by(e: &Engine, offset: i64) -> i64 {
    let good = e.repl.replicas.iter().filter_map(|&c| link(e, c));
    good.filter(|l| l.state == ReplicaState::Online && l.ack_offset >= offset).count() as i64
}

/// Acknowledgements came in: whoever has enough of them goes on.
pub(super) fn acknowledged(e: &mut Engine) {
    let waiting: Vec<_> = e
        .clients
        .iter()
        .filter_map(|c| match c.blocked {
            Some(Blocked::Wait { offset, replicas, .. }) => Some((c.conn, offset, replicas)),
            _ => None,
        })
        .collect();
    for (conn, offset, wanted) in waiting {
        let have = acked_by(e, offset);
        if have >= wanted {
            e.unblock(conn, |reply| reply.int(have));
        }
    }
}
