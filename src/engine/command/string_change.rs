//! Values changed in place: numbers counted up and down, strings extended and overwritten.

use super::support::{NOT_A_FLOAT, NOT_AN_INTEGER, WRONG_TYPE, string_may_be};
use crate::engine::Engine;
use crate::engine::call::flags::{DENYOOM, FAST, WRITE};
use crate::engine::call::{Call, CommandSpec, Group, KeySpec, acl};
use crate::engine::keyspace::Value;
use crate::engine::notify::class;
use crate::wire::num::{LongDouble, fmt_human_long_double, parse_i64, parse_long_double};

const COUNTED: &[KeySpec] = &[KeySpec::range("RW access update", 1, 0, 1)];

pub(super) const SPECS: &[CommandSpec] = &[
    CommandSpec::new("incr", 2, incr, Group::String, "1.0.0")
        .flags(WRITE | DENYOOM | FAST)
        .acl(acl::STRING)
        .keys(COUNTED),
    CommandSpec::new("decr", 2, decr, Group::String, "1.0.0")
        .flags(WRITE | DENYOOM | FAST)
        .acl(acl::STRING)
        .keys(COUNTED),
    CommandSpec::new("incrby", 3, incrby, Group::String, "1.0.0")
        .flags(WRITE | DENYOOM | FAST)
        .acl(acl::STRING)
        .keys(COUNTED),
    CommandSpec::new("decrby", 3, decrby, Group::String, "1.0.0")
        .flags(WRITE | DENYOOM | FAST)
        .acl(acl::STRING)
        .keys(COUNTED),
    CommandSpec::new("incrbyfloat", 3, incrbyfloat, Group::String, "2.6.0")
        .flags(WRITE | DENYOOM | FAST)
        .acl(acl::STRING)
        .keys(COUNTED),
    CommandSpec::new("append", 3, append, Group::String, "2.0.0")
        .flags(WRITE | DENYOOM | FAST)
        .acl(acl::STRING)
        .keys(&[KeySpec::range("RW insert", 1, 0, 1)]),
    CommandSpec::new("setrange", 4, setrange, Group::String, "2.2.0")
        .flags(WRITE | DENYOOM)
        .acl(acl::STRING)
        .keys(&[KeySpec::range("RW update", 1, 0, 1)]),
];

fn incr(e: &mut Engine, call: &Call<'_>) {
    count(e, call.arg(1), 1);
}

fn decr(e: &mut Engine, call: &Call<'_>) {
    count(e, call.arg(1), -1);
}

fn incrby(e: &mut Engine, call: &Call<'_>) {
    if let Some(by) = e.int_arg(call.arg(2)) {
        count(e, call.arg(1), by);
    }
}

fn decrby(e: &mut Engine, call: &Call<'_>) {
    let Some(by) = e.int_arg(call.arg(2)) else { return };
    match by.checked_neg() {
        Some(by) => count(e, call.arg(1), by),
        None => e.reply.error("ERR decrement would overflow"),
    }
}

fn count(e: &mut Engine, key: &[u8], by: i64) {
    if let Some(n) = e.counter(key)
        && let Some(new) = n.checked_add(by)
    {
        *n = new;
        e.touched(key);
        e.notify(class::STRING, "incrby", e.db, key);
        return e.reply.int(new);
    }
    let old = match e.lookup_write(key).map(|entry| entry.value()) {
        None => Some(0),
        Some(Value::Int(n)) => Some(*n),
        Some(value) => match value.text() {
            Some(text) => parse_i64(&text),
            None => return e.reply.error(WRONG_TYPE),
        },
    };
    let Some(old) = old else { return e.reply.error(NOT_AN_INTEGER) };
    let Some(new) = old.checked_add(by) else {
        return e.reply.error("ERR increment or decrement would overflow");
    };
    e.set_key(key, Value::Int(new), true);
    e.touched(key);
    e.notify(class::STRING, "incrby", e.db, key);
    e.reply.int(new);
}

fn incrbyfloat(e: &mut Engine, call: &Call<'_>) {
    let (key, by) = (call.arg(1), call.arg(2));
    let old = match e.lookup_write(key) {
        None => Some(LongDouble::ZERO),
        Some(entry) => match entry.value().text() {
            Some(text) => parse_long_double(&text),
            None => return e.reply.error(WRONG_TYPE),
        },
    };
    let (Some(old), Some(by)) = (old, parse_long_double(by)) else {
        return e.reply.error(NOT_A_FLOAT);
    };
    let Some(new) = old.checked_add(by).filter(|new| new.is_finite()) else {
        return e.reply.error("ERR increment would produce NaN or Infinity");
    };
    let text = fmt_human_long_double(&new);
    // Even a whole number stays text here, as Redis leaves it.
    e.set_key(key, Value::Str(text.as_bytes().into()), true);
    e.touched(key);
    e.notify(class::STRING, "incrbyfloat", e.db, key);
    e.reply.bulk_str(&text);
    // The sum may come out differently on another machine, so replicas get the result.
    e.propagate_as(&[b"SET", key, text.as_bytes(), b"KEEPTTL"]);
}

fn append(e: &mut Engine, call: &Call<'_>) {
    let (key, more) = (call.arg(1), call.arg(2));
    let Ok(old) = e.string_len(key) else { return };
    let len = match old {
        None => {
            e.set_key(key, Value::string(more), false);
            more.len()
        }
        Some(len) => {
            if !string_may_be(e, len.checked_add(more.len())) {
                return;
            }
            let db = e.keyspace.db_mut(e.db);
            db.update(key, |value| value.make_raw().extend_from_slice(more));
            len + more.len()
        }
    };
    e.touched(key);
    e.notify(class::STRING, "append", e.db, key);
    e.reply.int(len as i64);
}

fn setrange(e: &mut Engine, call: &Call<'_>) {
    let (key, patch) = (call.arg(1), call.arg(3));
    let Some(offset) = e.int_arg(call.arg(2)) else { return };
    let Ok(offset) = usize::try_from(offset) else {
        return e.reply.error("ERR offset is out of range");
    };
    let Ok(len) = e.string_len(key) else { return };
    if patch.is_empty() {
        return e.reply.int(len.unwrap_or(0) as i64);
    }
    let end = offset.checked_add(patch.len());
    if !string_may_be(e, end) {
        return;
    }
    let end = end.unwrap_or(usize::MAX);
    if len.is_none() {
        e.set_key(key, Value::Raw(Default::default()), false);
    }
    e.keyspace.db_mut(e.db).update(key, |value| {
        let text = value.make_raw();
        if text.len() < end {
            text.resize(end, 0);
        }
        text[offset..end].copy_from_slice(patch);
    });
    e.touched(key);
    e.notify(class::STRING, "setrange", e.db, key);
    e.reply.int(len.unwrap_or(0).max(end) as i64);
}
