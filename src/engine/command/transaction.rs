//! MULTI, EXEC, DISCARD, WATCH, UNWATCH.

use crate::engine::Engine;
use crate::engine::call::{Call, CommandSpec, Group, Handler, KeySpec, acl, flags::*};

pub(super) const SPECS: &[CommandSpec] = &[
    spec("multi", 1, multi, "1.2.0", NOSCRIPT | LOADING | STALE | FAST | ALLOW_BUSY),
    spec("exec", 1, exec, "1.2.0", NOSCRIPT | LOADING | STALE | SKIP_SLOWLOG),
    spec("discard", 1, discard, "2.0.0", NOSCRIPT | LOADING | STALE | FAST | ALLOW_BUSY),
    spec("watch", -2, watch, "2.2.0", NOSCRIPT | LOADING | STALE | FAST | ALLOW_BUSY)
        .keys(&[KeySpec::range("RO", 1, -1, 1)]),
    spec("unwatch", 1, unwatch, "2.2.0", NOSCRIPT | LOADING | STALE | FAST | ALLOW_BUSY),
];

const fn spec(
    name: &'static str,
    arity: i32,
    handler: Handler,
    since: &'static str,
    flags: u32,
) -> CommandSpec {
    CommandSpec::new(name, arity, handler, Group::Transactions, since)
        .flags(flags)
        .acl(acl::TRANSACTION)
}

fn multi(e: &mut Engine, call: &Call<'_>) {
    let Some(c) = e.clients.get_mut(call.conn) else { return };
    if c.multi.is_some() {
        return e.reply.error("ERR MULTI calls can not be nested");
    }
    c.multi = Some(Default::default());
    e.reply.ok();
}

fn discard(e: &mut Engine, call: &Call<'_>) {
    if e.clients.get(call.conn).is_none_or(|c| c.multi.is_none()) {
        return e.reply.error("ERR DISCARD without MULTI");
    }
    e.discard_transaction(call.conn);
    e.reply.ok();
}

fn exec(e: &mut Engine, call: &Call<'_>) {
    let spoiled = e.watch_spoiled(call.conn);
    let Some(c) = e.clients.get_mut(call.conn) else { return };
    let Some(multi) = c.multi.take() else {
        return e.reply.error("ERR EXEC without MULTI");
    };
    e.unwatch(call.conn);
    if multi.aborted {
        e.count_error(b"EXECABORT");
        return e.reply.error("EXECABORT Transaction discarded because of previous errors.");
    }
    if spoiled {
        return e.reply.null_array();
    }
    e.reply.array(multi.queue.len());
    e.unit.depth += 1;
    for words in &multi.queue {
        let words: Vec<&[u8]> = words.iter().map(|w| &w[..]).collect();
        let Some(mut entry) = words.first().and_then(|name| e.command(name)) else { continue };
        if let Some(sub) = words.get(1).and_then(|w| entry.sub(w)) {
            entry = sub;
        }
        e.call(call.conn, entry, &words);
    }
    e.unit.depth -= 1;
}

fn watch(e: &mut Engine, call: &Call<'_>) {
    if e.clients.get(call.conn).is_some_and(|c| c.multi.is_some()) {
        return e.reply.error("ERR WATCH inside MULTI is not allowed");
    }
    for key in &call.args[1..] {
        e.watch(call.conn, key);
    }
    e.reply.ok();
}

fn unwatch(e: &mut Engine, call: &Call<'_>) {
    e.unwatch(call.conn);
    e.reply.ok();
}
