//! XRANGE, XREVRANGE, XLEN; XDEL and XSETID.

use super::args::SYNTAX;
use super::stream_args::{end_arg, entries, id_arg, id_args, start_arg};
use super::support::NO_SUCH_KEY;
use crate::engine::Engine;
use crate::engine::call::flags::{DENYOOM, FAST, READONLY, WRITE};
use crate::engine::call::{Call, CommandSpec, Group, KeySpec, acl};
use crate::engine::notify::class;
use crate::engine::types::Stream;

const READ: &[KeySpec] = &[KeySpec::range("RO access", 1, 0, 1)];

pub(super) const SPECS: &[CommandSpec] = &[
    CommandSpec::new("xrange", -4, xrange, Group::Stream, "5.0.0")
        .flags(READONLY)
        .acl(acl::STREAM)
        .keys(READ),
    CommandSpec::new("xrevrange", -4, xrevrange, Group::Stream, "5.0.0")
        .flags(READONLY)
        .acl(acl::STREAM)
        .keys(READ),
    CommandSpec::new("xlen", 2, xlen, Group::Stream, "5.0.0")
        .flags(READONLY | FAST)
        .acl(acl::STREAM)
        .keys(&[KeySpec::range("RO", 1, 0, 1)]),
    CommandSpec::new("xdel", -3, xdel, Group::Stream, "5.0.0")
        .flags(WRITE | FAST)
        .acl(acl::STREAM)
        .keys(&[KeySpec::range("RW delete", 1, 0, 1)]),
    CommandSpec::new("xsetid", -3, xsetid, Group::Stream, "5.0.0")
        .flags(WRITE | DENYOOM | FAST)
        .acl(acl::STREAM)
        .keys(&[KeySpec::range("RW update", 1, 0, 1)]),
];

fn xrange(e: &mut Engine, call: &Call<'_>) {
    range(e, call, false);
}

fn xrevrange(e: &mut Engine, call: &Call<'_>) {
    range(e, call, true);
}

fn range(e: &mut Engine, call: &Call<'_>, reversed: bool) {
    let (start, end) = if reversed { (3, 2) } else { (2, 3) };
    let Some(start) = start_arg(e, call.arg(start)) else { return };
    let Some(end) = end_arg(e, call.arg(end)) else { return };
    let mut count = None;
    let mut at = 4;
    while at < call.args.len() {
        if !call.is(at, "count") || at + 1 == call.args.len() {
            return e.reply.error(SYNTAX);
        }
        let Some(n) = e.int_arg(call.arg(at + 1)) else { return };
        count = Some(usize::try_from(n).unwrap_or(0));
        at += 2;
    }
    let _ = e.reading::<Stream, _>(call.arg(1), |stream, reply| {
        let Some(stream) = stream else { return reply.array(0) };
        if count == Some(0) {
            return reply.null_array();
        }
        let range = stream.log().range(start, end);
        let count = count.unwrap_or(0);
        if reversed {
            entries(reply, range.rev(), count);
        } else {
            entries(reply, range, count);
        }
    });
}

fn xlen(e: &mut Engine, call: &Call<'_>) {
    let _ = e.reading::<Stream, _>(call.arg(1), |stream, reply| {
        reply.int(stream.map_or(0, |s| s.log().len() as i64));
    });
}

fn xdel(e: &mut Engine, call: &Call<'_>) {
    let key = call.arg(1);
    match e.holds::<Stream>(key) {
        Ok(true) => {}
        Ok(false) => return e.reply.int(0),
        Err(_) => return,
    }
    let Some(ids) = id_args(e, call, 2) else { return };
    let deleted = e.changing::<Stream, _>(key, |s| s.log_mut().delete(&ids)).unwrap_or(0);
    if deleted > 0 {
        e.notify(class::STREAM, "xdel", e.db, key);
        e.touched(key);
        e.dirty += deleted - 1;
    }
    e.reply.int(deleted as i64);
}

fn xsetid(e: &mut Engine, call: &Call<'_>) {
    let key = call.arg(1);
    let Some(id) = id_arg(e, call.arg(2), 0) else { return };
    let (mut added, mut max_deleted) = (None, None);
    let mut at = 3;
    while at < call.args.len() {
        if at + 1 == call.args.len() {
            return e.reply.error(SYNTAX);
        }
        if call.is(at, "entriesadded") {
            let Some(n) = e.int_arg(call.arg(at + 1)) else { return };
            let Ok(n) = u64::try_from(n) else {
                return e.reply.error("ERR entries_added must be positive");
            };
            added = Some(n);
        } else if call.is(at, "maxdeletedid") {
            let Some(max) = id_arg(e, call.arg(at + 1), 0) else { return };
            if id < max {
                return e.reply.error(
                    "ERR The ID specified in XSETID is smaller than the provided \
                     max_deleted_entry_id",
                );
            }
            max_deleted = Some(max).filter(|max| *max != Default::default());
        } else {
            return e.reply.error(SYNTAX);
        }
        at += 2;
    }
    match e.holds::<Stream>(key) {
        Ok(true) => {}
        Ok(false) => return e.reply.error(NO_SUCH_KEY),
        Err(_) => return,
    }
    let done = e.changing::<Stream, _>(key, |s| {
        let log = s.log();
        if !log.is_empty() && id < log.last_valid_id() {
            return Err(
                "ERR The ID specified in XSETID is smaller than the target stream top item",
            );
        }
        if !log.is_empty() && added.is_some_and(|added| log.len() > added) {
            return Err(
                "ERR The entries_added specified in XSETID is smaller than the target stream length",
            );
        }
        s.set_ids(id, added, max_deleted);
        Ok(())
    });
    match done {
        Some(Err(error)) => e.reply.error(error),
        _ => {
            e.reply.ok();
            e.dirty += 1;
            e.notify(class::STREAM, "xsetid", e.db, key);
        }
    }
}
