//! XACK and XPENDING: what was delivered and is not acknowledged.

use super::args::SYNTAX;
use super::stream_args::{bulk_id, counted, end_arg, error_with, id_args, start_arg};
use crate::engine::Engine;
use crate::engine::call::flags::{FAST, READONLY, WRITE};
use crate::engine::call::{Call, CommandSpec, Group as Kind, KeySpec, acl};
use crate::engine::types::Stream;
use crate::engine::types::stream::{Group, Pending, StreamId};
use crate::wire::reply::ReplyWriter;

pub(super) const SPECS: &[CommandSpec] = &[
    CommandSpec::new("xack", -4, xack, Kind::Stream, "5.0.0")
        .flags(WRITE | FAST)
        .acl(acl::STREAM)
        .keys(&[KeySpec::range("RW update", 1, 0, 1)]),
    CommandSpec::new("xpending", -3, xpending, Kind::Stream, "5.0.0")
        .flags(READONLY)
        .acl(acl::STREAM)
        .tips(&["nondeterministic_output"])
        .keys(&[KeySpec::range("RO access", 1, 0, 1)]),
];

/// Whether a key holds a stream with this group: looked up as for reading, though it may be changed
/// then. `None` after WRONGTYPE was replied.
pub(super) fn has_group(e: &mut Engine, key: &[u8], name: &[u8]) -> Option<bool> {
    e.reading::<Stream, _>(key, |s, _| s.is_some_and(|s| s.group(name).is_some())).ok()
}

/// Replies that the key or the group is missing.
pub(super) fn no_group(e: &mut Engine, key: &[u8], name: &[u8]) {
    error_with(e, "NOGROUP No such key '%' or consumer group '%'", &[key, name]);
}

fn xack(e: &mut Engine, call: &Call<'_>) {
    let (key, name) = (call.arg(1), call.arg(2));
    match has_group(e, key, name) {
        Some(true) => {}
        Some(false) => return e.reply.int(0),
        None => return,
    }
    let Some(ids) = id_args(e, call, 3) else { return };
    let acknowledged = e.changing::<Stream, _>(key, |s| {
        s.change_group(name, |group, _| ids.iter().filter(|id| group.acknowledge(**id)).count())
    });
    let acknowledged = acknowledged.flatten().unwrap_or(0);
    e.dirty += acknowledged as u64;
    e.reply.int(acknowledged as i64);
}

/// The longer form: which entries.
struct Wanted<'a> {
    start: StreamId,
    end: StreamId,
    count: usize,
    /// Only those that were not delivered for so many milliseconds.
    min_idle: i64,
    consumer: Option<&'a [u8]>,
}

/// Reads them, or replies an error.
fn wanted<'a>(e: &mut Engine, call: &Call<'a>) -> Option<Wanted<'a>> {
    let (mut at, mut min_idle) = (3, 0);
    if call.is(3, "idle") {
        min_idle = e.int_arg(call.arg(4))?;
        if call.args.len() < 8 {
            e.reply.error(SYNTAX);
            return None;
        }
        at = 5;
    }
    let count = usize::try_from(e.int_arg(call.arg(at + 2))?).unwrap_or(0);
    let start = start_arg(e, call.arg(at))?;
    let end = end_arg(e, call.arg(at + 1))?;
    let consumer = call.args.get(at + 3).copied();
    Some(Wanted { start, end, count, min_idle, consumer })
}

fn xpending(e: &mut Engine, call: &Call<'_>) {
    let (key, name) = (call.arg(1), call.arg(2));
    let wanted = match call.args.len() {
        3 => None,
        6..=9 => match wanted(e, call) {
            Some(wanted) => Some(wanted),
            None => return,
        },
        _ => return e.reply.error(SYNTAX),
    };
    let now_ms = e.now.wall_ms();
    let found = e.reading::<Stream, _>(key, |s, reply| {
        let Some(group) = s.and_then(|s| s.group(name)) else { return false };
        match &wanted {
            None => summary(reply, group),
            Some(wanted) => each(reply, group, wanted, now_ms),
        }
        true
    });
    if found == Ok(false) {
        no_group(e, key, name);
    }
}

fn summary(reply: &mut ReplyWriter, group: &Group) {
    reply.array(4);
    reply.int(group.pending_len() as i64);
    let mut all = group.pending();
    let first = all.next().map(|(id, _)| *id);
    let Some(first) = first else {
        reply.null();
        reply.null();
        return reply.null_array();
    };
    bulk_id(reply, first);
    bulk_id(reply, all.next_back().map_or(first, |(id, _)| *id));
    counted(reply, |reply| {
        let mut n = 0;
        for (name, consumer) in group.consumers().filter(|(_, c)| c.pending_len() > 0) {
            reply.array(2);
            reply.bulk(name);
            reply.bulk_int(consumer.pending_len() as i64);
            n += 1;
        }
        n
    });
}

fn each(reply: &mut ReplyWriter, group: &Group, wanted: &Wanted<'_>, now_ms: i64) {
    let idle = |p: &Pending| now_ms.wrapping_sub(p.delivered_ms);
    let fits = |id: StreamId, p: &Pending| {
        id <= wanted.end && (wanted.min_idle == 0 || idle(p) >= wanted.min_idle)
    };
    let write = |reply: &mut ReplyWriter, id: StreamId, p: &Pending| {
        reply.array(4);
        bulk_id(reply, id);
        reply.bulk(&p.consumer);
        reply.int(idle(p).max(0));
        reply.int(p.count as i64);
    };
    let end = wanted.end;
    counted(reply, |reply| match wanted.consumer {
        None => group
            .pending_from(wanted.start)
            .take_while(|(id, _)| **id <= end)
            .filter(|(id, p)| fits(**id, p))
            .take(wanted.count)
            .map(|(id, p)| write(reply, *id, p))
            .count(),
        Some(name) => {
            let Some(consumer) = group.consumer(name) else { return 0 };
            consumer
                .pending_ids_from(wanted.start)
                .take_while(|id| *id <= end)
                .filter_map(|id| Some((id, group.pending_entry(id)?)))
                .filter(|(id, p)| fits(*id, p))
                .take(wanted.count)
                .map(|(id, p)| write(reply, id, p))
                .count()
        }
    });
}
