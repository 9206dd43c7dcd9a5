//! Lists changed in their midst: LINSERT, LSET, LREM, LTRIM.

use super::list_read::{position, span};
use super::support::{NO_SUCH_KEY, SYNTAX};
use crate::engine::Engine;
use crate::engine::call::flags::{DENYOOM, WRITE};
use crate::engine::call::{Call, CommandSpec, Group, Handler, KeySpec, acl};
use crate::engine::notify::class;
use crate::engine::types::List;
use crate::wire::listpack::Needle;

pub(super) const SPECS: &[CommandSpec] = &[
    spec("linsert", 5, linsert, "2.2.0", WRITE | DENYOOM).keys(&[KeySpec::range(
        "RW insert",
        1,
        0,
        1,
    )]),
    spec("lset", 4, lset, "1.0.0", WRITE | DENYOOM).keys(&[KeySpec::range("RW update", 1, 0, 1)]),
    spec("lrem", 4, lrem, "1.0.0", WRITE).keys(&[KeySpec::range("RW delete", 1, 0, 1)]),
    spec("ltrim", 4, ltrim, "1.0.0", WRITE).keys(&[KeySpec::range("RW delete", 1, 0, 1)]),
];

const fn spec(
    name: &'static str,
    arity: i32,
    handler: Handler,
    since: &'static str,
    flags: u32,
) -> CommandSpec {
    CommandSpec::new(name, arity, handler, Group::List, since).flags(flags).acl(acl::LIST)
}

fn linsert(e: &mut Engine, call: &Call<'_>) {
    let after = call.is(2, "after");
    if !after && !call.is(2, "before") {
        return e.reply.error(SYNTAX);
    }
    let (key, large) = (call.arg(1), e.keys.list_large);
    match e.holds::<List>(key) {
        Ok(true) => {}
        Ok(false) => return e.reply.int(0),
        Err(_) => return,
    }
    let pivot = Needle::new(call.arg(3));
    let len = e.changing::<List, _>(key, |list| {
        let at = list.iter().position(|entry| entry.matches(&pivot))?;
        list.insert(at, after, call.arg(4), large);
        Some(list.len())
    });
    match len.flatten() {
        Some(len) => {
            e.touched(key);
            e.notify(class::LIST, "linsert", e.db, key);
            e.reply.int(len as i64);
        }
        None => e.reply.int(-1),
    }
}

fn lset(e: &mut Engine, call: &Call<'_>) {
    let (key, large) = (call.arg(1), e.keys.list_large);
    match e.holds::<List>(key) {
        Ok(true) => {}
        Ok(false) => return e.reply.error(NO_SUCH_KEY),
        Err(_) => return,
    }
    let Some(index) = e.int_arg(call.arg(2)) else { return };
    let set = e.changing::<List, _>(key, |list| {
        position(index, list.len()).is_some_and(|at| list.replace(at, call.arg(3), large))
    });
    if set == Some(true) {
        e.reply.ok();
        e.touched(key);
        e.notify(class::LIST, "lset", e.db, key);
    } else {
        e.reply.error("ERR index out of range");
    }
}

fn lrem(e: &mut Engine, call: &Call<'_>) {
    let Some(count) = e.int_arg(call.arg(2)) else { return };
    let key = call.arg(1);
    match e.holds::<List>(key) {
        Ok(true) => {}
        Ok(false) => return e.reply.int(0),
        Err(_) => return,
    }
    // Zero stands for all; so does the smallest number, which has no counterpart.
    let max = match count.unsigned_abs() {
        0 => usize::MAX,
        n => usize::try_from(n).unwrap_or(usize::MAX),
    };
    let element = call.arg(3);
    let removed =
        e.changing::<List, _>(key, |list| list.remove_equal(element, count < 0, max)).unwrap_or(0);
    if removed > 0 {
        e.key_written(e.db, key);
        e.dirty += removed as u64;
        e.notify(class::LIST, "lrem", e.db, key);
    }
    if e.remove_if_empty::<List>(key) {
        e.notify(class::GENERIC, "del", e.db, key);
    }
    e.reply.int(removed as i64);
}

fn ltrim(e: &mut Engine, call: &Call<'_>) {
    let Some(start) = e.int_arg(call.arg(2)) else { return };
    let Some(end) = e.int_arg(call.arg(3)) else { return };
    let key = call.arg(1);
    match e.holds::<List>(key) {
        Ok(true) => {}
        Ok(false) => return e.reply.ok(),
        Err(_) => return,
    }
    let removed = e.changing::<List, _>(key, |list| {
        let len = list.len();
        let (start, n) = span(start, end, len).unwrap_or((0, 0));
        list.remove_range(start + n, len);
        list.remove_range(0, start);
        len - n
    });
    e.notify(class::LIST, "ltrim", e.db, key);
    if e.remove_if_empty::<List>(key) {
        e.notify(class::GENERIC, "del", e.db, key);
    }
    e.key_written(e.db, key);
    e.dirty += removed.unwrap_or(0) as u64;
    e.reply.ok();
}
