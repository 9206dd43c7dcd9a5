//! GET and its kin: values read, and what may happen to them then.

use super::string_set::{Unit, expire_at};
use super::support::{SYNTAX, is_past};
use crate::engine::Engine;
use crate::engine::call::flags::{FAST, READONLY, WRITE};
use crate::engine::call::{Call, CommandSpec, Group, KeySpec, acl};
use crate::engine::notify::class;
use crate::observe::GoneWhy;

pub(super) const SPECS: &[CommandSpec] = &[
    CommandSpec::new("get", 2, get, Group::String, "1.0.0")
        .flags(READONLY | FAST)
        .acl(acl::STRING)
        .keys(&[KeySpec::range("RO access", 1, 0, 1)]),
    CommandSpec::new("getdel", 2, getdel, Group::String, "6.2.0")
        .flags(WRITE | FAST)
        .acl(acl::STRING)
        .keys(&[KeySpec::range("RW access delete", 1, 0, 1)]),
    CommandSpec::new("getex", -2, getex, Group::String, "6.2.0")
        .flags(WRITE | FAST)
        .acl(acl::STRING)
        .keys(&[KeySpec::range("RW access update", 1, 0, 1)]),
    CommandSpec::new("mget", -2, mget, Group::String, "1.0.0")
        .flags(READONLY | FAST)
        .acl(acl::STRING)
        .tips(&["request_policy:multi_shard"])
        .keys(&[KeySpec::range("RO access", 1, -1, 1)]),
    CommandSpec::new("strlen", 2, strlen, Group::String, "2.2.0")
        .flags(READONLY | FAST)
        .acl(acl::STRING)
        .keys(&[KeySpec::range("RO", 1, 0, 1)]),
    CommandSpec::new("getrange", 4, getrange, Group::String, "2.4.0")
        .flags(READONLY)
        .acl(acl::STRING)
        .keys(&[KeySpec::range("RO access", 1, 0, 1)]),
    CommandSpec::new("substr", 4, getrange, Group::String, "1.0.0")
        .flags(READONLY)
        .acl(acl::STRING)
        .keys(&[KeySpec::range("RO access", 1, 0, 1)]),
];

fn get(e: &mut Engine, call: &Call<'_>) {
    let _ = e.get_string(call.arg(1));
}

fn mget(e: &mut Engine, call: &Call<'_>) {
    e.reply.array(call.args.len() - 1);
    for key in &call.args[1..] {
        e.reading_any(key, |value, reply| match value.and_then(|v| v.text()) {
            Some(text) => reply.bulk(&text),
            None => reply.null(),
        });
    }
}

fn strlen(e: &mut Engine, call: &Call<'_>) {
    let Ok(value) = e.read_string(call.arg(1)) else { return };
    e.reply.int(value.map_or(0, |value| value.str_len()) as i64);
}

fn getrange(e: &mut Engine, call: &Call<'_>) {
    let Some(start) = e.int_arg(call.arg(2)) else { return };
    let Some(end) = e.int_arg(call.arg(3)) else { return };
    let Ok(value) = e.read_string(call.arg(1)) else { return };
    let text = value.as_ref().and_then(|value| value.text()).unwrap_or_default();
    let len = text.len() as i64;
    if len == 0 || (start < 0 && end < 0 && start > end) {
        return e.reply.bulk(b"");
    }
    // Negative positions count from the end; what lies before the beginning is the beginning.
    let place = |at: i64| if at < 0 { at.saturating_add(len).max(0) } else { at };
    let (start, end) = (place(start), place(end).min(len - 1));
    if start > end {
        return e.reply.bulk(b"");
    }
    e.reply.bulk(&text[start as usize..=end as usize]);
}

fn getdel(e: &mut Engine, call: &Call<'_>) {
    let key = call.arg(1);
    if e.get_string(key) != Ok(true) {
        return;
    }
    e.delete_key(key);
    e.notify(class::GENERIC, "del", e.db, key);
    let word: &[u8] = if e.config.lazyfree_lazy_user_del { b"UNLINK" } else { b"DEL" };
    e.propagate_as(&[word, key]);
}

/// GETEX's options: at most one of these.
enum Change<'a> {
    Nothing,
    Persist,
    Expire(Unit, &'a [u8]),
}

fn getex_options<'a>(args: &[&'a [u8]]) -> Option<Change<'a>> {
    let mut change = Change::Nothing;
    let mut words = args.iter();
    while let Some(word) = words.next() {
        change = match (change, Unit::of(word)) {
            (Change::Nothing, Some(unit)) => Change::Expire(unit, words.next()?),
            // The same unit twice is allowed, and the last one counts.
            (Change::Expire(known, _), Some(unit)) if known == unit => {
                Change::Expire(unit, words.next()?)
            }
            (Change::Nothing | Change::Persist, None) if word.eq_ignore_ascii_case(b"PERSIST") => {
                Change::Persist
            }
            _ => return None,
        };
    }
    Some(change)
}

fn getex(e: &mut Engine, call: &Call<'_>) {
    let Some(change) = getex_options(&call.args[2..]) else { return e.reply.error(SYNTAX) };
    let key = call.arg(1);
    let Ok(value) = e.read_string(key) else { return };
    let Some(text) = value.as_ref().and_then(|value| value.text()) else {
        return e.reply.null();
    };
    match change {
        Change::Nothing => e.reply.bulk(&text),
        Change::Persist => {
            e.reply.bulk(&text);
            if e.keyspace.db(e.db).get(key).is_some_and(|entry| entry.expire_at().is_some()) {
                e.set_expire(e.db, key, None);
                e.touched(key);
                e.notify(class::GENERIC, "persist", e.db, key);
                e.propagate_as(&[b"PERSIST", key]);
            }
        }
        Change::Expire(unit, arg) => {
            let Some(at) = expire_at(e, call, arg, unit) else { return };
            e.reply.bulk(&text);
            if unit.is_absolute() && is_past(e, at) {
                e.drop_key_in(e.db, key, GoneWhy::Deleted);
                e.dirty += 1;
                e.notify(class::GENERIC, "del", e.db, key);
                let lazily = e.config.lazyfree_lazy_expire;
                e.propagate_as(&[if lazily { b"UNLINK" } else { b"DEL" }, key]);
            } else {
                e.set_expire(e.db, key, Some(at));
                e.touched(key);
                e.notify(class::GENERIC, "expire", e.db, key);
                let mut text = itoa::Buffer::new();
                e.propagate_as(&[b"PEXPIREAT", key, text.format(at).as_bytes()]);
            }
        }
    }
}
