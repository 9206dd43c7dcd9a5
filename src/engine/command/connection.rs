//! PING, ECHO, QUIT, SELECT, AUTH, HELLO, RESET.

use super::args::SYNTAX;
use crate::engine::Engine;
use crate::engine::call::{Call, CommandSpec, Group, acl, flags::*};
use crate::engine::conn::{Kind, ReplyMode};
use crate::engine::life::REDIS_VERSION;
use crate::wire::num;

pub(super) const SPECS: &[CommandSpec] = &[
    spec("ping", -1, ping, "1.0.0", FAST)
        .tips(&["request_policy:all_shards", "response_policy:all_succeeded"]),
    spec("echo", 2, echo, "1.0.0", LOADING | STALE | FAST),
    spec("quit", -1, quit, "1.0.0", NOSCRIPT | LOADING | STALE | FAST | NO_AUTH | ALLOW_BUSY),
    spec("select", 2, select, "1.0.0", LOADING | STALE | FAST),
    spec("auth", -2, auth, "1.0.0", AUTH_FLAGS),
    spec("hello", -1, hello, "6.0.0", AUTH_FLAGS),
    spec("reset", 1, reset, "6.2.0", AUTH_FLAGS),
];

const AUTH_FLAGS: u32 = NOSCRIPT | LOADING | STALE | FAST | NO_AUTH | ALLOW_BUSY;

const fn spec(
    name: &'static str,
    arity: i32,
    handler: crate::engine::call::Handler,
    since: &'static str,
    flags: u32,
) -> CommandSpec {
    CommandSpec::new(name, arity, handler, Group::Connection, since)
        .flags(flags)
        .acl(acl::CONNECTION)
}

fn ping(e: &mut Engine, call: &Call<'_>) {
    let subscribed = e.clients.get(call.conn).is_some_and(|c| c.subscriptions.is_some());
    match call.args.len() {
        // In RESP2 a subscriber could not tell it from a message otherwise.
        1 | 2 if e.reply.resp == 2 && subscribed => {
            e.reply.array(2);
            e.reply.bulk_str("pong");
            e.reply.bulk(call.arg(1));
        }
        1 => e.reply.simple("PONG"),
        2 => e.reply.bulk(call.arg(1)),
        _ => e.reply.error("ERR wrong number of arguments for 'ping' command"),
    }
}

fn echo(e: &mut Engine, call: &Call<'_>) {
    e.reply.bulk(call.arg(1));
}

fn quit(e: &mut Engine, call: &Call<'_>) {
    e.reply.ok();
    if let Some(c) = e.clients.get_mut(call.conn) {
        c.close_after_reply = true;
    }
}

fn select(e: &mut Engine, call: &Call<'_>) {
    let Some(db) = super::support::db_index(e, call.arg(1)) else { return };
    e.db = db;
    if let Some(c) = e.clients.get_mut(call.conn) {
        c.db = db;
    }
    e.reply.ok();
}

const WRONGPASS: &str = "WRONGPASS invalid username-password pair or user is disabled.";

/// Compares without telling by its time where the difference lies.
fn same_secret(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |acc, (x, y)| acc | (x ^ y)) == 0
}

/// Checks a user and password; the only user is `default`.
fn authenticate(e: &mut Engine, call: &Call<'_>, user: &[u8], pass: &[u8]) -> bool {
    let open = e.config.requirepass.is_empty();
    let ok = user == b"default" && (open || same_secret(pass, &e.config.requirepass));
    if ok && let Some(c) = e.clients.get_mut(call.conn) {
        c.authenticated = true;
    }
    ok
}

fn auth(e: &mut Engine, call: &Call<'_>) {
    let (user, pass): (&[u8], &[u8]) = match call.args.len() {
        2 => {
            if e.config.requirepass.is_empty() {
                e.reply.error(
                    "ERR AUTH <password> called without any password configured for the default \
                     user. Are you sure your configuration is correct?",
                );
                return;
            }
            (b"default", call.arg(1))
        }
        3 => (call.arg(1), call.arg(2)),
        _ => {
            e.reply.error(SYNTAX);
            return;
        }
    };
    if authenticate(e, call, user, pass) { e.reply.ok() } else { e.reply.error(WRONGPASS) }
}

fn hello(e: &mut Engine, call: &Call<'_>) {
    let mut version = None;
    if call.args.len() >= 2 {
        match num::parse_i64(call.arg(1)) {
            Some(v @ 2..=3) => version = Some(v as u8),
            Some(_) => return e.reply.error("NOPROTO unsupported protocol version"),
            None => {
                return e.reply.error("ERR Protocol version is not an integer or out of range");
            }
        }
    }
    let mut i = 2;
    while i < call.args.len() {
        let more = call.args.len() - 1 - i;
        if call.is(i, "auth") && more >= 2 {
            if !authenticate(e, call, call.arg(i + 1), call.arg(i + 2)) {
                return e.reply.error(WRONGPASS);
            }
            i += 3;
        } else if call.is(i, "setname") && more >= 1 {
            if !super::client::set_name(e, call.conn, call.arg(i + 1)) {
                return;
            }
            i += 2;
        } else {
            let mut text = b"ERR Syntax error in HELLO option '".to_vec();
            text.extend_from_slice(call.arg(i));
            text.push(b'\'');
            return e.reply.error(text);
        }
    }
    let Some(c) = e.clients.get_mut(call.conn) else { return };
    if !c.authenticated {
        return e.reply.error(
            "NOAUTH HELLO must be called with the client already authenticated, otherwise the \
             HELLO AUTH <user> <pass> option can be used to authenticate the client and select the \
             RESP protocol version at the same time",
        );
    }
    if let Some(v) = version {
        c.resp = v;
        e.reply.resp = v;
    }
    let resp = i64::from(c.resp);
    let role = if e.is_replica() { "replica" } else { "master" };
    e.reply.map(7);
    for (name, value) in [("server", "redis"), ("version", REDIS_VERSION)] {
        e.reply.bulk_str(name);
        e.reply.bulk_str(value);
    }
    e.reply.bulk_str("proto");
    e.reply.int(resp);
    e.reply.bulk_str("id");
    e.reply.int(call.conn.0 as i64);
    for (name, value) in [("mode", "standalone"), ("role", role)] {
        e.reply.bulk_str(name);
        e.reply.bulk_str(value);
    }
    e.reply.bulk_str("modules");
    e.reply.array(0);
}

fn reset(e: &mut Engine, call: &Call<'_>) {
    let Some(c) = e.clients.get_mut(call.conn) else { return };
    if !matches!(c.kind, Kind::Normal) {
        return e.reply.error("ERR can only reset normal client connections");
    }
    e.monitors -= usize::from(c.monitor);
    c.monitor = false;
    c.db = 0;
    c.resp = 2;
    c.reply_mode = ReplyMode::On;
    c.name.clear();
    c.no_evict = false;
    c.authenticated = e.config.requirepass.is_empty();
    e.db = 0;
    e.reply.resp = 2;
    e.discard_transaction(call.conn);
    e.drop_subscriptions(call.conn);
    e.untrack(call.conn);
    e.reply.simple("RESET");
}
