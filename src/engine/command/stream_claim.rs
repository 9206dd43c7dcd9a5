//! XCLAIM and XAUTOCLAIM: entries that wait for one consumer are given to another.

use super::args::SYNTAX;
use super::stream_args::{
    Claim, bulk_id, counted, entries_read, entry, error_with, id_arg, propagate_claim,
    propagate_group_id, start_arg,
};
use super::stream_pending::{has_group, no_group};
use crate::engine::Engine;
use crate::engine::call::flags::{FAST, WRITE};
use crate::engine::call::{Call, CommandSpec, Group as Kind, KeySpec, acl};
use crate::engine::notify::class;
use crate::engine::types::stream::{Group, Log, Name, Pending, StreamId};
use crate::engine::types::{Container, Stream};
use crate::wire::num::parse_i64;
use crate::wire::reply::ReplyWriter;

pub(super) const SPECS: &[CommandSpec] = &[
    CommandSpec::new("xclaim", -6, xclaim, Kind::Stream, "5.0.0")
        .flags(WRITE | FAST)
        .acl(acl::STREAM)
        .tips(&["nondeterministic_output"])
        .keys(&[KeySpec::range("RW update", 1, 0, 1)]),
    CommandSpec::new("xautoclaim", -6, xautoclaim, Kind::Stream, "6.2.0")
        .flags(WRITE | FAST)
        .acl(acl::STREAM)
        .tips(&["nondeterministic_output"])
        .keys(&[KeySpec::range("RW delete", 1, 0, 1)]),
];

/// What is to be done with each claimed entry.
#[derive(Clone, Copy, Debug, Default)]
struct Terms {
    /// Not those that were delivered less than so many milliseconds ago.
    min_idle: i64,
    /// The new time of delivery (Unix milliseconds).
    delivered_ms: i64,
    /// The new number of deliveries; otherwise one more, or (`just_id`) as it is.
    count: Option<u64>,
    just_id: bool,
}

/// What was done with an entry: who had it before the entry vanished, or has it now.
struct Done {
    id: StreamId,
    /// XCLAIM's word for it.
    word: usize,
    now: Pending,
}

/// A consumer that takes over entries: noted as seen, or made, with the first of them.
struct Taker<'a> {
    name: &'a [u8],
    now_ms: i64,
    met: bool,
    created: bool,
}

impl Taker<'_> {
    fn take(
        &mut self,
        group: &mut Group,
        id: StreamId,
        terms: &Terms,
        count: u64,
    ) -> Option<Pending> {
        if !self.met {
            self.met = true;
            self.created =
                !group.see(self.name, self.now_ms) && group.create_consumer(self.name, self.now_ms);
        }
        let count = match terms.count {
            Some(count) => count,
            None if terms.just_id => count,
            None => count.wrapping_add(1),
        };
        group.assign(id, self.name, terms.delivered_ms, count);
        group.pending_entry(id).cloned()
    }
}

/// Whether an entry was delivered too recently to be taken away.
fn is_busy(pending: &Pending, terms: &Terms, now_ms: i64) -> bool {
    terms.min_idle > 0 && now_ms.wrapping_sub(pending.delivered_ms) < terms.min_idle
}

fn reply_claimed(reply: &mut ReplyWriter, log: &Log, id: StreamId, just_id: bool) {
    match log.range(id, id).next() {
        Some(found) if !just_id => entry(reply, &found),
        _ => bulk_id(reply, id),
    }
}

/// The words of XCLAIM.
struct Claimed {
    ids: Vec<StreamId>,
    terms: Terms,
    force: bool,
    last_id: StreamId,
}

/// Reads them, or replies an error.
fn claimed(e: &mut Engine, call: &Call<'_>, now_ms: i64) -> Option<Claimed> {
    let min_idle = e.int_arg_or(call.arg(4), "ERR Invalid min-idle-time argument for XCLAIM")?;
    let mut c = Claimed {
        ids: call.args[5..].iter().map_while(|word| StreamId::parse(word, 0)).collect(),
        terms: Terms { min_idle: min_idle.max(0), ..Terms::default() },
        force: false,
        last_id: StreamId::MIN,
    };
    let mut delivered = None;
    let mut at = 5 + c.ids.len();
    while at < call.args.len() {
        let more = at + 1 < call.args.len();
        let argument = call.arg(at + 1);
        if call.is(at, "force") {
            c.force = true;
        } else if call.is(at, "justid") {
            c.terms.just_id = true;
        } else if call.is(at, "idle") && more {
            let n = e.int_arg_or(argument, "ERR Invalid IDLE option argument for XCLAIM")?;
            delivered = Some(now_ms.wrapping_sub(n));
            at += 1;
        } else if call.is(at, "time") && more {
            let n = e.int_arg_or(argument, "ERR Invalid TIME option argument for XCLAIM")?;
            delivered = Some(n);
            at += 1;
        } else if call.is(at, "retrycount") && more {
            let n = e.int_arg_or(argument, "ERR Invalid RETRYCOUNT option argument for XCLAIM")?;
            c.terms.count = u64::try_from(n).ok();
            at += 1;
        } else if call.is(at, "lastid") && more {
            c.last_id = id_arg(e, argument, 0)?;
            at += 1;
        } else {
            error_with(e, "ERR Unrecognized XCLAIM option '%'", &[call.arg(at)]);
            return None;
        }
        at += 1;
    }
    // A time that makes no sense is no reason to fail: the clocks may differ.
    c.terms.delivered_ms = delivered.filter(|ms| (0..=now_ms).contains(ms)).unwrap_or(now_ms);
    Some(c)
}

fn xclaim(e: &mut Engine, call: &Call<'_>) {
    let (key, name) = (call.arg(1), call.arg(2));
    match has_group(e, key, name) {
        Some(true) => {}
        Some(false) => return no_group(e, key, name),
        None => return,
    }
    let now_ms = e.now.wall_ms();
    let Some(c) = claimed(e, call, now_ms) else { return };
    e.propagate_nothing();
    let mut taker = Taker { name: call.arg(3), now_ms, met: false, created: false };
    let mut reply = std::mem::take(&mut e.reply);
    let done = e.changing::<Stream, _>(key, |s| {
        s.change_group(name, |group, log| {
            let moved = c.last_id > group.last_id;
            group.last_id = group.last_id.max(c.last_id);
            let mut done = Vec::new();
            counted(&mut reply, |reply| claim_each(reply, group, log, &c, &mut taker, &mut done));
            (done, moved, group.last_id, entries_read(group))
        })
    });
    e.reply = reply;
    let Some((done, moved, last_id, read)) = done.flatten() else { return };
    consumer_made(e, key, &taker);
    for d in &done {
        e.dirty += 1;
        let id = call.arg(5 + d.word);
        propagate(e, key, name, id, &d.now, last_id);
    }
    if moved && done.is_empty() {
        propagate_group_id(e, key, name, last_id, read);
        e.dirty += 1;
    }
}

fn claim_each(
    reply: &mut ReplyWriter,
    group: &mut Group,
    log: &Log,
    c: &Claimed,
    taker: &mut Taker<'_>,
    done: &mut Vec<Done>,
) -> usize {
    let mut n = 0;
    for (word, &id) in c.ids.iter().enumerate() {
        let pending = group.pending_entry(id).cloned();
        if !log.contains(id) {
            // Nobody can acknowledge what is no longer there.
            if let Some(now) = pending {
                group.acknowledge(id);
                done.push(Done { id, word, now });
            }
            continue;
        }
        let count = match pending {
            Some(p) if is_busy(&p, &c.terms, taker.now_ms) => continue,
            Some(p) => p.count,
            None if c.force => 1,
            None => continue,
        };
        let Some(now) = taker.take(group, id, &c.terms, count) else { continue };
        reply_claimed(reply, log, id, c.terms.just_id);
        done.push(Done { id, word, now });
        n += 1;
    }
    n
}

/// Tells that the taker's first entry has made it.
fn consumer_made(e: &mut Engine, key: &[u8], taker: &Taker<'_>) {
    if taker.created {
        e.dirty += 1;
        e.notify(class::STREAM, "xgroup-createconsumer", e.db, key);
    }
}

fn propagate(
    e: &mut Engine,
    key: &[u8],
    group: &[u8],
    id: &[u8],
    now: &Pending,
    last_id: StreamId,
) {
    let consumer: &Name = &now.consumer;
    let (delivered_ms, count) = (now.delivered_ms, now.count);
    propagate_claim(e, &Claim { key, group, consumer, id, delivered_ms, count, last_id });
}

/// XAUTOCLAIM looks at so many entries for each that it may claim.
const LOOKS: i64 = 10;
/// No more entries than this can be asked for: so many IDs of 16 bytes no memory holds.
const MOST: i64 = i64::MAX / 16;

fn xautoclaim(e: &mut Engine, call: &Call<'_>) {
    let (key, name) = (call.arg(1), call.arg(2));
    // The key is looked up first, but what is wrong with it is said last.
    let group = e.lookup_read(key).map(|value| Stream::of(&value).map(|s| s.group(name).is_some()));
    let bad_idle = "ERR Invalid min-idle-time argument for XAUTOCLAIM";
    let Some(min_idle) = e.int_arg_or(call.arg(4), bad_idle) else { return };
    let Some(start) = start_arg(e, call.arg(5)) else { return };
    let (mut count, mut just_id) = (100, false);
    let mut at = 6;
    while at < call.args.len() {
        if call.is(at, "count") && at + 1 < call.args.len() {
            at += 1;
            match parse_i64(call.arg(at)).filter(|n| (1..=MOST).contains(n)) {
                Some(n) => count = n,
                None => return e.reply.error("ERR COUNT must be > 0"),
            }
        } else if call.is(at, "justid") {
            just_id = true;
        } else {
            return e.reply.error(SYNTAX);
        }
        at += 1;
    }
    match group {
        Some(None) => return e.reply.error(crate::engine::keys_typed::WRONG_TYPE),
        None | Some(Some(false)) => return no_group(e, key, name),
        Some(Some(true)) => {}
    }
    if count >= 1 << 43 {
        return e
            .reply
            .error("ERR Insufficient memory, failed allocating transient memory, COUNT too high.");
    }
    let now_ms = e.now.wall_ms();
    let terms = Terms { min_idle: min_idle.max(0), delivered_ms: now_ms, count: None, just_id };
    let mut taker = Taker { name: call.arg(3), now_ms, met: false, created: false };
    e.propagate_nothing();
    let mut reply = std::mem::take(&mut e.reply);
    let done = e.changing::<Stream, _>(key, |s| {
        s.change_group(name, |group, log| {
            let (chosen, next) = choose(group, log, start, count, &terms, now_ms);
            reply.array(3);
            bulk_id(&mut reply, next);
            let mut gone = Vec::new();
            let mut done = Vec::with_capacity(chosen.len());
            counted(&mut reply, |reply| {
                let mut n = 0;
                for (id, pending, there) in chosen {
                    if !there {
                        group.acknowledge(id);
                        gone.push(id);
                        done.push(Done { id, word: 0, now: pending });
                        continue;
                    }
                    let taken = taker.take(group, id, &terms, pending.count);
                    let Some(now) = taken else { continue };
                    reply_claimed(reply, log, id, just_id);
                    done.push(Done { id, word: 0, now });
                    n += 1;
                }
                n
            });
            reply.array(gone.len());
            gone.iter().for_each(|id| bulk_id(&mut reply, *id));
            (done, group.last_id)
        })
    });
    e.reply = reply;
    let Some((done, last_id)) = done.flatten() else { return };
    consumer_made(e, key, &taker);
    for d in &done {
        e.dirty += 1;
        propagate(e, key, name, &d.id.text(), &d.now, last_id);
    }
}

/// The entries from `start` on that are claimed, or (`false`) no longer there, and where the next
/// call has to go on.
fn choose(
    group: &Group,
    log: &Log,
    start: StreamId,
    count: i64,
    terms: &Terms,
    now_ms: i64,
) -> (Vec<(StreamId, Pending, bool)>, StreamId) {
    let mut waiting = group.pending_from(start);
    let mut chosen = Vec::new();
    let mut looks = count.saturating_mul(LOOKS);
    while looks > 0 && (chosen.len() as i64) < count {
        looks -= 1;
        let Some((&id, pending)) = waiting.next() else { break };
        let there = log.contains(id);
        if !there || !is_busy(pending, terms, now_ms) {
            chosen.push((id, pending.clone(), there));
        }
    }
    (chosen, waiting.next().map_or(StreamId::MIN, |(id, _)| *id))
}
