//! DEBUG: what tests and lessons need of it.

use super::debug_value;
use crate::engine::call::{Call, CommandSpec, Group, flags::*};
use crate::engine::config::directive::read_memory;
use crate::engine::digest::{self, Digest};
use crate::engine::keyspace::Value;
use crate::engine::persist::{self, ReloadOptions};
use crate::engine::{Engine, replication};
use crate::observe::LogLevel;
use crate::wire::num;

pub(super) const SPECS: &[CommandSpec] =
    &[CommandSpec::new("debug", -2, debug, Group::Server, "1.0.0")
        .flags(ADMIN | NOSCRIPT | LOADING | STALE | PROTECTED)];

fn debug(e: &mut Engine, call: &Call<'_>) {
    match (call.arg(1).to_ascii_lowercase().as_slice(), call.args.len()) {
        (b"help", 2) => help(e),
        (b"sleep", 3) => sleep(e, call),
        (b"digest", 2) => {
            let digest = digest::hex(&all(e));
            e.reply.simple(&digest);
        }
        (b"digest-value", n) if n >= 2 => {
            e.reply.array(call.args.len() - 2);
            for key in &call.args[2..] {
                let digest = match e.keyspace.db(e.db).get(key) {
                    Some(entry) => {
                        let mut d = Digest::default();
                        digest::add_value(&mut d, entry.value(), entry.expire_at().is_some());
                        d
                    }
                    None => Digest::default(),
                };
                e.reply.simple(&digest::hex(&digest));
            }
        }
        (b"reload", _) => reload(e, call),
        (b"populate", 3..=5) => populate(e, call),
        (b"change-repl-id", 2) => {
            e.log(LogLevel::Notice, "Changing replication IDs after receiving change-repl-id");
            replication::change_id(e);
            e.reply.ok();
        }
        (b"set-active-expire", 3) => {
            e.keys.active_expire = num::parse_i64(call.arg(2)).unwrap_or(0) != 0;
            e.reply.ok();
        }
        (b"quicklist-packed-threshold", 3) => packed_threshold(e, call.arg(2)),
        (b"protocol", 3) => super::debug_protocol::protocol(e, call),
        (b"pause-cron", 3) => {
            e.cron_paused = num::parse_i64(call.arg(2)).unwrap_or(0) != 0;
            e.reply.ok();
        }
        (b"config-rewrite-force-all", 2) => match e.boot.config_file {
            Some(_) => e.begin_rewrite(call.conn, true),
            None => e.reply.error("ERR The server is running without a config file"),
        },
        // Reply buffers grow and shrink as they are used: there is nothing to tune.
        (b"replybuffer", 4) if call.is(2, "peak-reset-time") || call.is(2, "resizing") => {
            e.reply.ok();
        }
        (b"object", 3) => debug_value::object(e, call.arg(2)),
        (b"sdslen", 3) => debug_value::sdslen(e, call.arg(2)),
        (b"listpack", 3) => debug_value::listpack(e, call.arg(2)),
        (b"quicklist", 3 | 4) => debug_value::quicklist(e, call.arg(2)),
        (b"htstats", 3) => debug_value::htstats(e, call),
        (b"htstats-key", 3) => debug_value::htstats_key(e, call.arg(2)),
        (b"set-skip-checksum-validation", 3) => {
            e.persist.skip_checksum = num::parse_i64(call.arg(2)).unwrap_or(0) != 0;
            e.reply.ok();
        }
        (b"log", 3) => {
            let text = format!("DEBUG LOG: {}", String::from_utf8_lossy(call.arg(2)));
            e.log(LogLevel::Warning, text);
            e.reply.ok();
        }
        (b"error", 3) => {
            let words = call.arg(2).to_vec();
            e.reply.error(words);
        }
        (b"replicate", n) if n >= 3 => {
            let db = e.db;
            e.propagate_also(db, &call.args[2..]);
            e.reply.ok();
        }
        _ => {
            let mut text = b"ERR unknown subcommand or wrong number of arguments for '".to_vec();
            text.extend_from_slice(call.arg(1));
            text.extend_from_slice(b"'. Try DEBUG HELP.");
            e.reply.error(text);
        }
    }
}

/// From which size on an element of a list is a node of its own.
fn packed_threshold(e: &mut Engine, arg: &[u8]) {
    // What Redis says of what it allows; in fact 1 is, and 0 restores the default.
    const MAX: i128 = (1 << 32) - (1 << 20);
    match read_memory(arg).filter(|n| *n <= MAX).and_then(|n| usize::try_from(n).ok()) {
        Some(n) => {
            e.keys.list_large = if n == 0 { crate::engine::types::list::LARGE } else { n };
            e.reply.ok();
        }
        None => {
            e.reply.error("ERR argument must be a memory value bigger than 1 and smaller than 4gb")
        }
    }
}

fn sleep(e: &mut Engine, call: &Call<'_>) {
    // Redis reads it with strtod: what is no number counts as 0.
    let secs = num::parse_f64(call.arg(2)).filter(|s| s.is_finite() && *s > 0.0).unwrap_or(0.0);
    let us = (secs * 1e6).min(1e15) as u64;
    if us > 0 {
        e.park_until(e.now.mono_us.saturating_add(us));
        e.spent_us = us;
    }
    e.reply.ok();
}

fn reload(e: &mut Engine, call: &Call<'_>) {
    let mut options = ReloadOptions { save: true, flush: true, merge: false };
    for word in &call.args[2..] {
        match word.to_ascii_lowercase().as_slice() {
            b"merge" => options.merge = true,
            b"noflush" => options.flush = false,
            b"nosave" => options.save = false,
            _ => {
                return e.reply.error(
                    "ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.",
                );
            }
        }
    }
    if e.unit.depth > 0 {
        // The client waits for files, and an EXEC cannot be left in its middle.
        return e.reply.error("ERR DEBUG RELOAD is not supported inside of MULTI");
    }
    if let Err(reason) = persist::reload(e, call.conn, options) {
        e.reply.error(format!("ERR {reason}"));
    }
}

fn populate(e: &mut Engine, call: &Call<'_>) {
    let not_positive = "ERR value is out of range, must be positive";
    let Some(count) = e.int_arg_or(call.arg(2), not_positive) else { return };
    if count < 0 {
        return e.reply.error(not_positive);
    }
    let prefix = if call.args.len() > 3 { call.arg(3) } else { b"key" };
    let size = if call.args.len() > 4 {
        let Some(n) = e.int_arg_or(call.arg(4), not_positive) else { return };
        match usize::try_from(n) {
            Ok(n) => Some(n),
            Err(_) => return e.reply.error(not_positive),
        }
    } else {
        None
    };
    let clock = e.clock_s();
    let db = e.db;
    for i in 0..count {
        if e.gives_up(i.unsigned_abs()) {
            return;
        }
        let mut key = prefix.to_vec();
        key.extend_from_slice(format!(":{i}").as_bytes());
        if e.keyspace.db(db).get(&key).is_some() {
            continue;
        }
        let mut value = format!("value:{i}").into_bytes();
        if let Some(size) = size.filter(|s| *s > 0) {
            value.resize(size, 0);
        }
        e.keyspace.db_mut(db).insert(&key, Value::string(&value), None, clock);
        e.key_written(db, &key);
    }
    e.reply.ok();
}

/// The digest of all data, the same on every server that holds the same.
fn all(e: &Engine) -> Digest {
    let mut all = Digest::default();
    for index in 0..e.keyspace.databases() {
        let db = e.keyspace.db(index);
        if db.is_empty() {
            continue;
        }
        digest::mix(&mut all, &(index as u32).to_be_bytes());
        for (i, entry) in db.iter().enumerate() {
            if e.gives_up(i as u64) {
                return all;
            }
            let mut d = Digest::default();
            digest::mix(&mut d, entry.key());
            digest::add_value(&mut d, entry.value(), entry.expire_at().is_some());
            digest::xor(&mut all, &d);
        }
    }
    all
}

fn help(e: &mut Engine) {
    e.help(
        "DEBUG",
        &[
            "CHANGE-REPL-ID",
            "    Change the replication IDs of the instance.",
            "    Dangerous: should be used only for testing the replication subsystem.",
            "DIGEST",
            "    Output a hex signature representing the current DB content.",
            "DIGEST-VALUE <key> [<key> ...]",
            "    Output a hex signature of the values of all the specified keys.",
            "ERROR <string>",
            "    Return a Redis protocol error with <string> as message. Useful for clients",
            "    unit tests to simulate Redis errors.",
            "HTSTATS <dbid>",
            "    Return hash table statistics of the specified Redis database.",
            "HTSTATS-KEY <key>",
            "    Like HTSTATS but for the hash table stored at <key>'s value.",
            "LISTPACK <key>",
            "    Show low level info about the listpack encoding of <key>.",
            "LOG <message>",
            "    Write <message> to the server log.",
            "QUICKLIST <key> [<0|1>]",
            "    Show low level info about the quicklist encoding of <key>.",
            "RELOAD [option ...]",
            "    Save the RDB on disk and reload it back to memory. Valid <option> values:",
            "    * MERGE: conflicting keys will be loaded from RDB.",
            "    * NOFLUSH: the existing database will not be removed before load, but",
            "      conflicting keys make it fail.",
            "    * NOSAVE: the database will be loaded from an existing RDB file.",
            "REPLICATE <string>",
            "    Replicates the provided string to replicas, allowing data divergence.",
            "OBJECT <key>",
            "    Show low level info about `key` and associated value.",
            "QUICKLIST-PACKED-THRESHOLD <size>",
            "    Sets the threshold for elements to be inserted as plain vs packed nodes",
            "    Default value is 1GB, allows values up to 4GB. Setting to 0 restores to default.",
            "POPULATE <count> [<prefix>] [<size>]",
            "    Create <count> string keys named key:<num>. If <prefix> is specified then",
            "    it is used instead of the 'key' prefix. These are not propagated to",
            "    replicas. Cluster slots are not respected so keys not belonging to the",
            "    current node can be created in cluster mode.",
            "SET-ACTIVE-EXPIRE <0|1>",
            "    Setting it to 0 disables expiring keys in background when they are not",
            "    accessed (otherwise the Redis behavior). Setting it to 1 reenables back the",
            "    default.",
            "SDSLEN <key>",
            "    Show low level SDS string info representing `key` and value.",
            "SET-SKIP-CHECKSUM-VALIDATION <0|1>",
            "    Enables or disables checksum checks for RDB files and RESTORE's payload.",
            "SLEEP <seconds>",
            "    Stop the server for <seconds>. Decimals allowed.",
        ],
    );
}
