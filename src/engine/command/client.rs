//! CLIENT: who is connected, and what to do with them.

use super::args::SYNTAX;
use super::client_tracking::{caching, getredir, tracking, trackinginfo};
use super::table;
use crate::engine::call::{Call, CommandSpec, Group, Handler, acl, flags::*};
use crate::engine::conn::{ConnId, ReplyMode};
use crate::engine::pause::{PauseType, PausedBy};
use crate::engine::{ClientType, Engine};
use crate::observe::LinkLoss;
use crate::wire::num;

pub(super) const SPECS: &[CommandSpec] =
    &[CommandSpec::new("client", -2, help, Group::Connection, "2.4.0").subcommands(SUBCOMMANDS)];

const PLAIN: u32 = NOSCRIPT | LOADING | STALE;

const SUBCOMMANDS: &[CommandSpec] = &[
    sub("caching", 3, caching, "6.0.0", PLAIN),
    sub("getname", 2, getname, "2.6.9", PLAIN),
    sub("getredir", 2, getredir, "6.0.0", PLAIN),
    sub("help", 2, help, "5.0.0", LOADING | STALE),
    sub("id", 2, id, "5.0.0", PLAIN),
    sub("info", 2, info, "6.2.0", PLAIN).tips(&["nondeterministic_output"]),
    sub("kill", -3, kill, "2.4.0", PLAIN | ADMIN),
    sub("list", -2, list, "2.4.0", PLAIN | ADMIN).tips(&["nondeterministic_output"]),
    sub("no-evict", 3, no_evict, "7.0.0", PLAIN | ADMIN),
    sub("pause", -3, pause, "3.0.0", PLAIN | ADMIN),
    sub("reply", 3, reply, "3.2.0", PLAIN),
    sub("setname", 3, setname, "2.6.9", PLAIN),
    sub("tracking", -3, tracking, "6.0.0", PLAIN),
    sub("trackinginfo", 2, trackinginfo, "6.2.0", PLAIN),
    sub("unblock", -3, unblock, "5.0.0", PLAIN | ADMIN),
    sub("unpause", 2, unpause, "6.2.0", PLAIN | ADMIN),
];

const fn sub(
    name: &'static str,
    arity: i32,
    handler: Handler,
    since: &'static str,
    flags: u32,
) -> CommandSpec {
    CommandSpec::new(name, arity, handler, Group::Connection, since)
        .flags(flags)
        .acl(acl::CONNECTION)
}

fn id(e: &mut Engine, call: &Call<'_>) {
    e.reply.int(call.conn.0 as i64);
}

fn info(e: &mut Engine, call: &Call<'_>) {
    let line = e.client_line(call.conn) + "\n";
    e.reply.verbatim("txt", line.as_bytes());
}

fn list(e: &mut Engine, call: &Call<'_>) {
    let mut out = String::new();
    let mut add = |e: &Engine, conn: ConnId| {
        out.push_str(&e.client_line(conn));
        out.push('\n');
    };
    if call.args.len() == 4 && call.is(2, "type") {
        let Some(kind) = type_arg(e, call.arg(3)) else { return };
        for c in e.clients.iter().filter(|c| c.client_type() == kind) {
            add(e, c.conn);
        }
    } else if call.args.len() > 3 && call.is(2, "id") {
        for arg in &call.args[3..] {
            let Some(n) = e.int_arg_or(arg, "ERR Invalid client ID") else { return };
            let conn = ConnId(n as u64);
            if e.clients.get(conn).is_some() {
                add(e, conn);
            }
        }
    } else if call.args.len() != 2 {
        return e.reply.error(SYNTAX);
    } else {
        for c in e.clients.iter() {
            add(e, c.conn);
        }
    }
    e.reply.verbatim("txt", out.as_bytes());
}

fn type_arg(e: &mut Engine, arg: &[u8]) -> Option<ClientType> {
    let kind = ClientType::by_name(arg);
    if kind.is_none() {
        let mut text = b"ERR Unknown client type '".to_vec();
        text.extend_from_slice(arg);
        text.push(b'\'');
        e.reply.error(text);
    }
    kind
}

fn getname(e: &mut Engine, call: &Call<'_>) {
    match e.clients.get(call.conn) {
        Some(c) if !c.name.is_empty() => e.reply.bulk(&c.name),
        _ => e.reply.null(),
    }
}

fn setname(e: &mut Engine, call: &Call<'_>) {
    if set_name(e, call.conn, call.arg(2)) {
        e.reply.ok();
    }
}

/// Names a client; false (and an error reply) if the name does not suit.
pub(super) fn set_name(e: &mut Engine, conn: ConnId, name: &[u8]) -> bool {
    if name.iter().any(|b| !(b'!'..=b'~').contains(b)) {
        e.reply.error("ERR Client names cannot contain spaces, newlines or special characters.");
        return false;
    }
    if let Some(c) = e.clients.get_mut(conn) {
        c.name = name.to_vec();
    }
    true
}

fn reply(e: &mut Engine, call: &Call<'_>) {
    let Some(c) = e.clients.get_mut(call.conn) else { return };
    if call.is(2, "on") {
        c.reply_mode = ReplyMode::On;
        e.reply.ok();
    } else if call.is(2, "off") {
        c.reply_mode = ReplyMode::Off;
    } else if call.is(2, "skip") {
        if c.reply_mode != ReplyMode::Off {
            c.reply_mode = ReplyMode::SkipNext;
        }
    } else {
        e.reply.error(SYNTAX);
    }
}

fn no_evict(e: &mut Engine, call: &Call<'_>) {
    let on = call.is(2, "on");
    if !on && !call.is(2, "off") {
        return e.reply.error(SYNTAX);
    }
    if let Some(c) = e.clients.get_mut(call.conn) {
        c.no_evict = on;
    }
    e.reply.ok();
}

/// What CLIENT KILL's options ask for.
#[derive(Default)]
struct Wanted<'a> {
    addr: Option<&'a [u8]>,
    laddr: Option<&'a [u8]>,
    kind: Option<ClientType>,
    id: Option<u64>,
    skip_me: bool,
}

fn kill(e: &mut Engine, call: &Call<'_>) {
    let old_form = call.args.len() == 3;
    let wanted = if old_form {
        Wanted { addr: Some(call.arg(2)), ..Wanted::default() }
    } else {
        match kill_options(e, call) {
            Some(wanted) => wanted,
            None => return,
        }
    };
    let doomed: Vec<ConnId> = e
        .clients
        .iter()
        .filter(|c| wanted.addr.is_none_or(|a| c.addr.as_bytes() == a))
        .filter(|c| wanted.laddr.is_none_or(|a| c.laddr.as_bytes() == a))
        .filter(|c| wanted.kind.is_none_or(|k| c.client_type() == k))
        .filter(|c| wanted.id.is_none_or(|id| c.conn.0 == id))
        .filter(|c| !(wanted.skip_me && c.conn == call.conn))
        .map(|c| c.conn)
        .collect();
    for conn in &doomed {
        if *conn == call.conn {
            if let Some(c) = e.clients.get_mut(*conn) {
                c.close_after_reply = true;
            }
        } else {
            e.close_because(*conn, LinkLoss::Killed);
        }
    }
    match (old_form, doomed.len()) {
        (true, 0) => e.reply.error("ERR No such client"),
        (true, _) => e.reply.ok(),
        (false, n) => e.reply.int(n as i64),
    }
}

fn kill_options<'a>(e: &mut Engine, call: &Call<'a>) -> Option<Wanted<'a>> {
    let mut wanted = Wanted { skip_me: true, ..Wanted::default() };
    for pair in call.args[2..].chunks(2) {
        let &[option, value] = pair else {
            e.reply.error(SYNTAX);
            return None;
        };
        match option.to_ascii_lowercase().as_slice() {
            b"id" => match num::parse_i64(value).filter(|n| *n >= 1) {
                Some(n) => wanted.id = Some(n as u64),
                None => {
                    e.reply.error("ERR client-id should be greater than 0");
                    return None;
                }
            },
            b"type" => wanted.kind = Some(type_arg(e, value)?),
            b"addr" => wanted.addr = Some(value),
            b"laddr" => wanted.laddr = Some(value),
            b"user" => {
                if value != b"default" {
                    let mut text = b"ERR No such user '".to_vec();
                    text.extend_from_slice(value);
                    text.push(b'\'');
                    e.reply.error(text);
                    return None;
                }
            }
            b"skipme" if value.eq_ignore_ascii_case(b"yes") => wanted.skip_me = true,
            b"skipme" if value.eq_ignore_ascii_case(b"no") => wanted.skip_me = false,
            _ => {
                e.reply.error(SYNTAX);
                return None;
            }
        }
    }
    Some(wanted)
}

fn pause(e: &mut Engine, call: &Call<'_>) {
    let what = match call.args.len() {
        3 => PauseType::All,
        4 if call.is(3, "write") => PauseType::Write,
        4 if call.is(3, "all") => PauseType::All,
        4 => return e.reply.error("ERR CLIENT PAUSE mode must be WRITE or ALL"),
        _ => return e.wrong_subcommand(call),
    };
    let Some(ms) = e.timeout_ms_arg(call.arg(2)) else { return };
    e.pause(PausedBy::Client, what, e.now.mono_ms() + ms);
    e.reply.ok();
}

fn unpause(e: &mut Engine, _call: &Call<'_>) {
    e.unpause(PausedBy::Client);
    e.reply.ok();
}

fn unblock(e: &mut Engine, call: &Call<'_>) {
    let with_error = match call.args.len() {
        3 => false,
        4 if call.is(3, "timeout") => false,
        4 if call.is(3, "error") => true,
        4 => return e.reply.error("ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR"),
        _ => return e.wrong_subcommand(call),
    };
    let Some(id) = e.int_arg(call.arg(2)) else { return };
    let conn = ConnId(id as u64);
    let waits =
        e.clients.get(conn).and_then(|c| c.blocked.as_ref()).is_some_and(|b| b.may_time_out());
    if !waits {
        return e.reply.int(0);
    }
    if with_error {
        e.count_error(b"UNBLOCKED");
        let name = e.clients.get(conn).and_then(|c| c.last_cmd);
        if let Some(entry) = name.and_then(|name| table::lookup(name.as_bytes())) {
            e.stats.commands[entry.index].failed += 1;
        }
        e.unblock(conn, |r| r.error("UNBLOCKED client unblocked via CLIENT UNBLOCK"));
    } else {
        e.time_out(conn);
    }
    e.reply.int(1);
}

fn help(e: &mut Engine, _call: &Call<'_>) {
    e.help(
        "CLIENT",
        &[
            "CACHING (YES|NO)",
            "    Enable/disable tracking of the keys for next command in OPTIN/OPTOUT modes.",
            "GETREDIR",
            "    Return the client ID we are redirecting to when tracking is enabled.",
            "GETNAME",
            "    Return the name of the current connection.",
            "ID",
            "    Return the ID of the current connection.",
            "INFO",
            "    Return information about the current client connection.",
            "KILL <ip:port>",
            "    Kill connection made from <ip:port>.",
            "KILL <option> <value> [<option> <value> [...]]",
            "    Kill connections. Options are:",
            "    * ADDR (<ip:port>|<unixsocket>:0)",
            "      Kill connections made from the specified address",
            "    * LADDR (<ip:port>|<unixsocket>:0)",
            "      Kill connections made to specified local address",
            "    * TYPE (NORMAL|MASTER|REPLICA|PUBSUB)",
            "      Kill connections by type.",
            "    * USER <username>",
            "      Kill connections authenticated by <username>.",
            "    * SKIPME (YES|NO)",
            "      Skip killing current connection (default: yes).",
            "LIST [options ...]",
            "    Return information about client connections. Options:",
            "    * TYPE (NORMAL|MASTER|REPLICA|PUBSUB)",
            "      Return clients of specified type.",
            "UNPAUSE",
            "    Stop the current client pause, resuming traffic.",
            "PAUSE <timeout> [WRITE|ALL]",
            "    Suspend all, or just write, clients for <timeout> milliseconds.",
            "REPLY (ON|OFF|SKIP)",
            "    Control the replies sent to the current connection.",
            "SETNAME <name>",
            "    Assign the name <name> to the current connection.",
            "UNBLOCK <clientid> [TIMEOUT|ERROR]",
            "    Unblock the specified blocked client.",
            "TRACKING (ON|OFF) [REDIRECT <id>] [BCAST] [PREFIX <prefix> [...]]",
            "         [OPTIN] [OPTOUT] [NOLOOP]",
            "    Control server assisted client side caching.",
            "TRACKINGINFO",
            "    Report tracking status for the current connection.",
            "NO-EVICT (ON|OFF)",
            "    Protect current client connection from eviction.",
        ],
    );
}
