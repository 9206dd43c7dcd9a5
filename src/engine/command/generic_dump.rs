//! DUMP and RESTORE: a value as RDB bytes, out and in.

use super::support::{SYNTAX, is_past};
use crate::engine::Engine;
use crate::engine::call::flags::{DENYOOM, READONLY, WRITE};
use crate::engine::call::{Call, CommandSpec, Group, KeySpec, acl};
use crate::engine::notify::class;
use crate::engine::persist::{self, NoPayload, ValueLimits};
use crate::observe::{GoneWhy, LogLevel};
use crate::wire::rdb::RdbError;

pub(super) const SPECS: &[CommandSpec] = &[
    CommandSpec::new("dump", 2, dump, Group::Generic, "2.6.0")
        .flags(READONLY)
        .acl(acl::KEYSPACE)
        .tips(&["nondeterministic_output"])
        .keys(&[KeySpec::range("RO access", 1, 0, 1)]),
    CommandSpec::new("restore", -4, restore, Group::Generic, "2.6.0")
        .flags(WRITE | DENYOOM)
        .acl(acl::KEYSPACE | acl::DANGEROUS)
        .keys(&[KeySpec::range("OW update", 1, 0, 1)]),
];

fn dump(e: &mut Engine, call: &Call<'_>) {
    match e.lookup_read(call.arg(1)) {
        Some(value) => e.reply.bulk(&persist::dump(&value, e.config.rdbcompression)),
        None => e.reply.null(),
    }
}

/// RESTORE's options.
#[derive(Clone, Copy, Debug, Default)]
struct Options {
    replace: bool,
    /// The time to live is a point in time.
    absolute: bool,
    idle_s: Option<i64>,
    freq: Option<i64>,
}

impl Options {
    /// `None` after the error was replied.
    fn parse(e: &mut Engine, call: &Call<'_>) -> Option<Options> {
        let mut o = Options::default();
        let mut at = 4;
        while at < call.args.len() {
            let more = at + 1 < call.args.len();
            if call.is(at, "REPLACE") {
                o.replace = true;
            } else if call.is(at, "ABSTTL") {
                o.absolute = true;
            } else if call.is(at, "IDLETIME") && more && o.freq.is_none() {
                let idle = e.int_arg(call.arg(at + 1))?;
                if idle < 0 {
                    e.reply.error("ERR Invalid IDLETIME value, must be >= 0");
                    return None;
                }
                o.idle_s = Some(idle);
                at += 1;
            } else if call.is(at, "FREQ") && more && o.idle_s.is_none() {
                let freq = e.int_arg(call.arg(at + 1))?;
                if !(0..=255).contains(&freq) {
                    e.reply.error("ERR Invalid FREQ value, must be >= 0 and <= 255");
                    return None;
                }
                o.freq = Some(freq);
                at += 1;
            } else {
                e.reply.error(SYNTAX);
                return None;
            }
            at += 1;
        }
        Some(o)
    }
}

fn restore(e: &mut Engine, call: &Call<'_>) {
    let Some(o) = Options::parse(e, call) else { return };
    let (key, payload) = (call.arg(1), call.arg(3));
    if !o.replace && e.lookup_write(key).is_some() {
        return e.reply.error("BUSYKEY Target key name already exists.");
    }
    let Some(ttl) = e.int_arg(call.arg(2)) else { return };
    if ttl < 0 {
        return e.reply.error("ERR Invalid TTL value, must be >= 0");
    }
    let limits = ValueLimits::new(&e.config, e.keyspace.seed(), !e.from_master());
    if limits.sanitize {
        e.stats.sanitizations += u64::from(persist::is_packed(payload));
    }
    let value = match persist::restore(payload, &limits, !e.persist.skip_checksum) {
        Ok(value) => value,
        Err(NoPayload::Footer) => {
            return e.reply.error("ERR DUMP payload version or checksum are wrong");
        }
        Err(NoPayload::Value(error)) => {
            let what = match &error {
                RdbError::Corrupt(what) => (*what).to_owned(),
                other => other.to_string(),
            };
            e.log(LogLevel::Verbose, format!("Internal error in RDB reading offset 0 -> {what}"));
            return e.reply.error("ERR Bad data format");
        }
    };
    let at = match (ttl, o.absolute) {
        (0, _) => None,
        (ttl, true) => Some(ttl),
        (ttl, false) => Some(ttl.saturating_add(e.now.wall_ms())),
    };
    e.reply.ok();
    if at.is_some_and(|at| is_past(e, at)) {
        // It is gone before it came. What REPLACE took away is gone too.
        if o.replace && e.drop_key_in(e.db, key, GoneWhy::Deleted) {
            e.dirty += 1;
            e.notify(class::GENERIC, "del", e.db, key);
            e.propagate_as(&[b"DEL", key]);
        }
        return;
    }
    let idle = u32::try_from(o.idle_s.unwrap_or(0)).unwrap_or(u32::MAX);
    let used_s = e.clock_s().saturating_sub(idle);
    e.place_key(e.db, key, value, used_s);
    // Of the two, the policy of maxmemory takes what it compares.
    if let (Some(counter), true) = (o.freq, limits.counts_uses)
        && let Some(entry) = e.keyspace.db(e.db).get(key)
    {
        entry.touch_counted(e.clock_s(), u8::try_from(counter).unwrap_or(u8::MAX));
    }
    if at.is_some() {
        e.set_expire(e.db, key, at);
    }
    e.touched(key);
    e.notify(class::GENERIC, "restore", e.db, key);
    if let (Some(at), false) = (at, o.absolute) {
        let mut text = itoa::Buffer::new();
        let mut words = call.args.to_vec();
        words[2] = text.format(at).as_bytes();
        words.push(b"ABSTTL");
        e.propagate_as(&words);
    }
}
