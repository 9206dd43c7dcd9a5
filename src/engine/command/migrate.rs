//! MIGRATE: keys handed over to another server.

use super::support::SYNTAX;
use crate::engine::Engine;
use crate::engine::call::flags::WRITE;
use crate::engine::call::{Call, CommandSpec, Group, KeySpec, acl};
use crate::engine::migrate::Migration;
use crate::engine::persist;
use crate::wire::command::encode_command;
use crate::wire::num;

pub(super) const SPECS: &[CommandSpec] =
    &[CommandSpec::new("migrate", -6, migrate, Group::Generic, "2.6.0")
        .flags(WRITE)
        .acl(acl::KEYSPACE | acl::DANGEROUS)
        .tips(&["nondeterministic_output"])
        .keys(&[
            KeySpec::range("RW access delete", 3, 0, 1),
            KeySpec::keyword("RW access delete incomplete", "KEYS", -2, -1, 1),
        ])];

/// The words that the target is asked with.
type Words<'a> = Vec<&'a [u8]>;

/// MIGRATE's options.
#[derive(Debug, Default)]
struct Options<'a> {
    copy: bool,
    replace: bool,
    auth: Option<Words<'a>>,
    /// Where the keys of KEYS begin.
    keys_at: Option<usize>,
}

impl<'a> Options<'a> {
    fn parse(call: &Call<'a>) -> Result<Options<'a>, &'static str> {
        let args = call.args;
        let mut o = Options::default();
        let mut at = 6;
        while at < args.len() {
            let more = args.len() - 1 - at;
            if call.is(at, "COPY") {
                o.copy = true;
            } else if call.is(at, "REPLACE") {
                o.replace = true;
            } else if call.is(at, "AUTH") && more >= 1 {
                o.auth = Some(vec![b"AUTH", args[at + 1]]);
                at += 1;
            } else if call.is(at, "AUTH2") && more >= 2 {
                o.auth = Some(vec![b"AUTH", args[at + 1], args[at + 2]]);
                at += 2;
            } else if call.is(at, "KEYS") {
                if !args[3].is_empty() {
                    return Err(
                        "ERR When using MIGRATE KEYS option, the key argument must be set \
                                to the empty string",
                    );
                }
                o.keys_at = Some(at + 1);
                break;
            } else {
                return Err(SYNTAX);
            }
            at += 1;
        }
        Ok(o)
    }
}

fn migrate(e: &mut Engine, call: &Call<'_>) {
    let o = match Options::parse(call) {
        Ok(o) => o,
        Err(error) => return e.reply.error(error),
    };
    let Some(timeout) = e.int_arg(call.arg(5)) else { return };
    let Some(db) = e.int_arg(call.arg(4)) else { return };
    let timeout_ms = if timeout <= 0 { 1000 } else { timeout.unsigned_abs() };
    let names = match o.keys_at {
        Some(at) => &call.args[at..],
        None => &call.args[3..4],
    };
    let mut request = Vec::new();
    let mut heads = 1;
    if let Some(words) = &o.auth {
        encode_command(&mut request, words);
        heads += 1;
    }
    let mut text = itoa::Buffer::new();
    encode_command(&mut request, &[b"SELECT", text.format(db).as_bytes()]);
    let compression = e.config.rdbcompression;
    let mut keys = Vec::new();
    for name in names {
        let Some(value) = e.lookup_read(name) else { continue };
        let expire_at = e.keyspace.db(e.db).get(name).and_then(|entry| entry.expire_at());
        // The target counts anew from what is left; 0 would mean for ever.
        let ttl = expire_at.map_or(0, |at| (at - e.now.wall_ms()).max(1));
        let (mut text, payload) = (itoa::Buffer::new(), persist::dump(&value, compression));
        let mut words: Words<'_> = vec![b"RESTORE", name, text.format(ttl).as_bytes(), &payload];
        if o.replace {
            words.push(b"REPLACE");
        }
        encode_command(&mut request, &words);
        keys.push(name.to_vec());
    }
    if keys.is_empty() {
        return e.reply.simple("NOKEY");
    }
    if e.unit.depth > 0 {
        // The client waits for another server, and an EXEC cannot be left in its middle.
        return e.reply.error("ERR MIGRATE is not supported inside of MULTI");
    }
    let host = String::from_utf8_lossy(call.arg(1)).into_owned();
    // What is no port leads nowhere, which the reply then says.
    let port = num::parse_i64(call.arg(2)).and_then(|p| u16::try_from(p).ok()).unwrap_or(0);
    let copy = o.copy;
    e.begin_migration(call.conn, Migration { host, port, timeout_ms, request, heads, keys, copy });
}
