//! SET and its kin: whole values stored.

use super::support::{SYNTAX, bad_expire_time};
use crate::engine::Engine;
use crate::engine::call::flags::{DENYOOM, FAST, WRITE};
use crate::engine::call::{Call, CommandSpec, Group, KeySpec, acl};
use crate::engine::keyspace::Value;
use crate::engine::notify::class;

pub(super) const SPECS: &[CommandSpec] = &[
    CommandSpec::new("set", -3, set, Group::String, "1.0.0")
        .flags(WRITE | DENYOOM)
        .acl(acl::STRING)
        .keys(&[KeySpec::range("RW access update variable_flags", 1, 0, 1)]),
    CommandSpec::new("setnx", 3, setnx, Group::String, "1.0.0")
        .flags(WRITE | DENYOOM | FAST)
        .acl(acl::STRING)
        .keys(&[KeySpec::range("OW insert", 1, 0, 1)]),
    CommandSpec::new("setex", 4, setex, Group::String, "2.0.0")
        .flags(WRITE | DENYOOM)
        .acl(acl::STRING)
        .keys(&[KeySpec::range("OW update", 1, 0, 1)]),
    CommandSpec::new("psetex", 4, psetex, Group::String, "2.6.0")
        .flags(WRITE | DENYOOM)
        .acl(acl::STRING)
        .keys(&[KeySpec::range("OW update", 1, 0, 1)]),
    CommandSpec::new("getset", 3, getset, Group::String, "1.0.0")
        .flags(WRITE | DENYOOM | FAST)
        .acl(acl::STRING)
        .keys(&[KeySpec::range("RW access update", 1, 0, 1)]),
    CommandSpec::new("mset", -3, mset, Group::String, "1.0.1")
        .flags(WRITE | DENYOOM)
        .acl(acl::STRING)
        .tips(&["request_policy:multi_shard", "response_policy:all_succeeded"])
        .keys(&[KeySpec::range("OW update", 1, -1, 2)]),
    CommandSpec::new("msetnx", -3, msetnx, Group::String, "1.0.1")
        .flags(WRITE | DENYOOM)
        .acl(acl::STRING)
        .tips(&["request_policy:multi_shard", "response_policy:agg_min"])
        .keys(&[KeySpec::range("OW insert", 1, -1, 2)]),
];

/// When the words of an expiry mean it to happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    /// EX
    Seconds,
    /// PX
    Milliseconds,
    /// EXAT
    AtSeconds,
    /// PXAT
    AtMilliseconds,
}

impl Unit {
    /// The option's word in SET and GETEX.
    pub(super) fn of(word: &[u8]) -> Option<Unit> {
        let is = |name: &[u8]| word.eq_ignore_ascii_case(name);
        match () {
            () if is(b"EX") => Some(Unit::Seconds),
            () if is(b"PX") => Some(Unit::Milliseconds),
            () if is(b"EXAT") => Some(Unit::AtSeconds),
            () if is(b"PXAT") => Some(Unit::AtMilliseconds),
            () => None,
        }
    }

    /// Whether it is a point in time.
    pub(super) fn is_absolute(self) -> bool {
        matches!(self, Unit::AtSeconds | Unit::AtMilliseconds)
    }
}

/// The Unix milliseconds that an expiry argument means, or `None` after the error was replied.
pub(super) fn expire_at(e: &mut Engine, call: &Call<'_>, arg: &[u8], unit: Unit) -> Option<i64> {
    let n = e.int_arg(arg)?;
    let ms = match unit {
        Unit::Seconds | Unit::AtSeconds => n.checked_mul(1000),
        Unit::Milliseconds | Unit::AtMilliseconds => Some(n),
    };
    let base = if unit.is_absolute() { 0 } else { e.now.wall_ms() };
    let at = ms.filter(|ms| *ms > 0).and_then(|ms| ms.checked_add(base));
    if at.is_none() {
        bad_expire_time(e, call);
    }
    at
}

/// SET's options.
#[derive(Clone, Copy, Debug, Default)]
struct Options<'a> {
    nx: bool,
    xx: bool,
    get: bool,
    keep_ttl: bool,
    expire: Option<(Unit, &'a [u8])>,
}

impl<'a> Options<'a> {
    fn parse(args: &[&'a [u8]]) -> Option<Options<'a>> {
        let mut o = Options::default();
        let mut words = args.iter();
        while let Some(word) = words.next() {
            let is = |name: &[u8]| word.eq_ignore_ascii_case(name);
            // The same unit twice is allowed, and the last one counts.
            let same = |unit: Unit| o.expire.is_none_or(|(known, _)| known == unit);
            if is(b"NX") && !o.xx {
                o.nx = true;
            } else if is(b"XX") && !o.nx {
                o.xx = true;
            } else if is(b"GET") {
                o.get = true;
            } else if is(b"KEEPTTL") && o.expire.is_none() {
                o.keep_ttl = true;
            } else if let Some(unit) = Unit::of(word)
                && !o.keep_ttl
                && same(unit)
            {
                o.expire = Some((unit, words.next()?));
            } else {
                return None;
            }
        }
        Some(o)
    }
}

fn set(e: &mut Engine, call: &Call<'_>) {
    let Some(o) = Options::parse(&call.args[3..]) else { return e.reply.error(SYNTAX) };
    let at = match o.expire {
        None => None,
        Some((unit, arg)) => match expire_at(e, call, arg, unit) {
            None => return,
            at => at,
        },
    };
    let (key, value) = (call.arg(1), call.arg(2));
    if o.get && e.get_string(key).is_err() {
        return;
    }
    if o.nx || o.xx {
        let found = e.lookup_write(key).is_some();
        if (o.nx && found) || (o.xx && !found) {
            if !o.get {
                e.reply.null();
            }
            return;
        }
    }
    store(e, key, value, at, o.keep_ttl);
    if let Some(at) = at {
        propagate_with_expiry(e, key, value, at);
    } else if o.get {
        // The old value means nothing to a replica.
        let is_get = |i: usize, w: &[u8]| i >= 3 && w.eq_ignore_ascii_case(b"GET");
        let words = call.args.iter().enumerate().filter(|(i, w)| !is_get(*i, w));
        let words: Vec<&[u8]> = words.map(|(_, w)| *w).collect();
        e.propagate_as(&words);
    }
    if !o.get {
        e.reply.ok();
    }
}

fn store(e: &mut Engine, key: &[u8], value: &[u8], at: Option<i64>, keep_ttl: bool) {
    e.make_way(key);
    e.set_key(key, Value::string(value), keep_ttl);
    e.notify(class::STRING, "set", e.db, key);
    if at.is_some() {
        e.set_expire(e.db, key, at);
        e.notify(class::GENERIC, "expire", e.db, key);
    }
    e.touched(key);
}

/// A replica must not count the time anew: whatever the client said, the stream has the moment.
fn propagate_with_expiry(e: &mut Engine, key: &[u8], value: &[u8], at: i64) {
    let mut text = itoa::Buffer::new();
    e.propagate_as(&[b"SET", key, value, b"PXAT", text.format(at).as_bytes()]);
}

fn setnx(e: &mut Engine, call: &Call<'_>) {
    let key = call.arg(1);
    let found = e.lookup_write(key).is_some();
    if !found {
        store(e, key, call.arg(2), None, false);
    }
    e.reply.int(i64::from(!found));
}

fn setex(e: &mut Engine, call: &Call<'_>) {
    set_for(e, call, Unit::Seconds);
}

fn psetex(e: &mut Engine, call: &Call<'_>) {
    set_for(e, call, Unit::Milliseconds);
}

fn set_for(e: &mut Engine, call: &Call<'_>, unit: Unit) {
    let Some(at) = expire_at(e, call, call.arg(2), unit) else { return };
    let (key, value) = (call.arg(1), call.arg(3));
    store(e, key, value, Some(at), false);
    propagate_with_expiry(e, key, value, at);
    e.reply.ok();
}

fn getset(e: &mut Engine, call: &Call<'_>) {
    let (key, value) = (call.arg(1), call.arg(2));
    if e.get_string(key).is_err() {
        return;
    }
    store(e, key, value, None, false);
    e.propagate_as(&[b"SET", key, value]);
}

fn mset(e: &mut Engine, call: &Call<'_>) {
    if set_many(e, call, false) {
        e.reply.ok();
    }
}

fn msetnx(e: &mut Engine, call: &Call<'_>) {
    if set_many(e, call, true) {
        e.reply.int(1);
    }
}

/// Whether all were stored; what is to be said was said if not.
fn set_many(e: &mut Engine, call: &Call<'_>, only_new: bool) -> bool {
    if call.args.len().is_multiple_of(2) {
        let name = call.spec.name;
        e.reply.error(format!("ERR wrong number of arguments for '{name}' command"));
        return false;
    }
    let (pairs, _) = call.args[1..].as_chunks::<2>();
    if only_new && pairs.iter().any(|[key, _]| e.lookup_write(key).is_some()) {
        e.reply.int(0);
        return false;
    }
    for [key, value] in pairs {
        store(e, key, value, None, false);
    }
    true
}
