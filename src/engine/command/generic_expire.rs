//! Times to live: given, asked for, taken away.

use super::support::{bad_expire_time, is_past};
use crate::engine::Engine;
use crate::engine::call::flags::{FAST, READONLY, WRITE};
use crate::engine::call::{Call, CommandSpec, Group, KeySpec, acl};
use crate::engine::notify::class;
use crate::observe::GoneWhy;

const SET: &[KeySpec] = &[KeySpec::range("RW update", 1, 0, 1)];
const ASKED: &[KeySpec] = &[KeySpec::range("RO access", 1, 0, 1)];
const VARIES: &[&str] = &["nondeterministic_output"];

const fn setter(
    name: &'static str,
    handler: fn(&mut Engine, &Call<'_>),
    since: &'static str,
) -> CommandSpec {
    CommandSpec::new(name, -3, handler, Group::Generic, since)
        .flags(WRITE | FAST)
        .acl(acl::KEYSPACE)
        .keys(SET)
}

const fn asker(
    name: &'static str,
    handler: fn(&mut Engine, &Call<'_>),
    since: &'static str,
) -> CommandSpec {
    CommandSpec::new(name, 2, handler, Group::Generic, since)
        .flags(READONLY | FAST)
        .acl(acl::KEYSPACE)
        .keys(ASKED)
}

pub(super) const SPECS: &[CommandSpec] = &[
    setter("expire", expire, "1.0.0"),
    setter("pexpire", pexpire, "2.6.0"),
    setter("expireat", expireat, "1.2.0"),
    setter("pexpireat", pexpireat, "2.6.0"),
    asker("ttl", ttl, "1.0.0").tips(VARIES),
    asker("pttl", pttl, "2.6.0").tips(VARIES),
    asker("expiretime", expiretime, "7.0.0"),
    asker("pexpiretime", pexpiretime, "7.0.0"),
    CommandSpec::new("persist", 2, persist, Group::Generic, "2.2.0")
        .flags(WRITE | FAST)
        .acl(acl::KEYSPACE)
        .keys(SET),
];

fn expire(e: &mut Engine, call: &Call<'_>) {
    set_time(e, call, true, 1000);
}

fn pexpire(e: &mut Engine, call: &Call<'_>) {
    set_time(e, call, true, 1);
}

fn expireat(e: &mut Engine, call: &Call<'_>) {
    set_time(e, call, false, 1000);
}

fn pexpireat(e: &mut Engine, call: &Call<'_>) {
    set_time(e, call, false, 1);
}

/// On which condition the new time is set.
#[derive(Clone, Copy, Debug, Default)]
struct Conditions {
    /// Only where there is none.
    nx: bool,
    /// Only where there is one.
    xx: bool,
    /// Only to a later one; no expiry counts as later than any.
    gt: bool,
    /// Only to an earlier one.
    lt: bool,
}

impl Conditions {
    /// `None` after the error was replied.
    fn parse(e: &mut Engine, args: &[&[u8]]) -> Option<Conditions> {
        let mut c = Conditions::default();
        for word in args {
            match word.to_ascii_lowercase().as_slice() {
                b"nx" => c.nx = true,
                b"xx" => c.xx = true,
                b"gt" => c.gt = true,
                b"lt" => c.lt = true,
                _ => {
                    e.reply.error([b"ERR Unsupported option ", *word].concat());
                    return None;
                }
            }
        }
        if c.nx && (c.xx || c.gt || c.lt) {
            let text = "ERR NX and XX, GT or LT options at the same time are not compatible";
            e.reply.error(text);
            return None;
        }
        if c.gt && c.lt {
            e.reply.error("ERR GT and LT options at the same time are not compatible");
            return None;
        }
        Some(c)
    }

    fn allow(self, old: Option<i64>, new: i64) -> bool {
        let refused = match old {
            None => self.xx || self.gt,
            Some(old) => self.nx || (self.gt && new <= old) || (self.lt && new >= old),
        };
        !refused
    }
}

fn set_time(e: &mut Engine, call: &Call<'_>, relative: bool, unit_ms: i64) {
    let key = call.arg(1);
    let Some(conditions) = Conditions::parse(e, &call.args[3..]) else { return };
    let Some(n) = e.int_arg(call.arg(2)) else { return };
    let base = if relative { e.now.wall_ms() } else { 0 };
    let Some(at) = n.checked_mul(unit_ms).and_then(|ms| ms.checked_add(base)) else {
        return bad_expire_time(e, call);
    };
    let Some(old) = e.lookup_write(key).map(|entry| entry.expire_at()) else {
        return e.reply.int(0);
    };
    if !conditions.allow(old, at) {
        return e.reply.int(0);
    }
    e.reply.int(1);
    if is_past(e, at) {
        e.drop_key_in(e.db, key, GoneWhy::Deleted);
        e.dirty += 1;
        e.notify(class::GENERIC, "del", e.db, key);
        let word: &[u8] = if e.config.lazyfree_lazy_expire { b"UNLINK" } else { b"DEL" };
        return e.propagate_as(&[word, key]);
    }
    e.set_expire(e.db, key, Some(at));
    e.touched(key);
    e.notify(class::GENERIC, "expire", e.db, key);
    if relative || unit_ms != 1 {
        let mut text = itoa::Buffer::new();
        let mut words: Vec<&[u8]> = vec![b"PEXPIREAT", key, text.format(at).as_bytes()];
        words.extend_from_slice(&call.args[3..]);
        e.propagate_as(&words);
    }
}

fn ttl(e: &mut Engine, call: &Call<'_>) {
    ask_time(e, call, true, 1000);
}

fn pttl(e: &mut Engine, call: &Call<'_>) {
    ask_time(e, call, true, 1);
}

fn expiretime(e: &mut Engine, call: &Call<'_>) {
    ask_time(e, call, false, 1000);
}

fn pexpiretime(e: &mut Engine, call: &Call<'_>) {
    ask_time(e, call, false, 1);
}

/// -2: no such key. -1: it never expires.
fn ask_time(e: &mut Engine, call: &Call<'_>, relative: bool, unit_ms: i64) {
    let base = if relative { e.now.wall_ms() } else { 0 };
    let answer = match e.lookup_untouched(call.arg(1)).map(|entry| entry.expire_at()) {
        None => -2,
        Some(None) => -1,
        Some(Some(at)) => {
            let ms = at.saturating_sub(base).max(0);
            // Seconds are rounded, not cut.
            ms / unit_ms + i64::from(unit_ms > 1 && ms % unit_ms >= unit_ms / 2)
        }
    };
    e.reply.int(answer);
}

fn persist(e: &mut Engine, call: &Call<'_>) {
    let key = call.arg(1);
    let timed = e.lookup_write(key).is_some_and(|entry| entry.expire_at().is_some());
    if timed {
        e.set_expire(e.db, key, None);
        e.touched(key);
        e.notify(class::GENERIC, "persist", e.db, key);
    }
    e.reply.int(i64::from(timed));
}
