//! INFO, TIME, MONITOR, SHUTDOWN, SLOWLOG.

use super::args::SYNTAX;
use crate::engine::blocked::Blocked;
use crate::engine::call::{Call, CommandSpec, acl, flags::*};
use crate::engine::conn::Kind;
use crate::engine::shutdown::ShutdownFlags;
use crate::engine::{Engine, info};

const PLAIN: u32 = ADMIN | NOSCRIPT | LOADING | STALE;
const HELP_FLAGS: u32 = LOADING | STALE;

pub(super) const SPECS: &[CommandSpec] = &[
    CommandSpec::server("info", -1, info_cmd, "1.0.0", LOADING | STALE)
        .acl(acl::DANGEROUS)
        .tips(&["nondeterministic_output", "request_policy:all_shards", "response_policy:special"]),
    CommandSpec::server("time", 1, time, "2.6.0", LOADING | STALE | FAST)
        .tips(&["nondeterministic_output"]),
    CommandSpec::server("monitor", 1, monitor, "1.0.0", PLAIN),
    CommandSpec::server("shutdown", -1, shutdown, "1.0.0", PLAIN | NO_MULTI | ALLOW_BUSY),
    CommandSpec::server("slowlog", -2, slowlog_help, "2.2.12", 0).subcommands(SLOWLOG),
];

const SLOWLOG: &[CommandSpec] = &[
    CommandSpec::server("get", -2, slowlog_get, "2.2.12", ADMIN | LOADING | STALE)
        .tips(&["request_policy:all_nodes", "nondeterministic_output"]),
    CommandSpec::server("help", 2, slowlog_help, "6.2.0", HELP_FLAGS),
    CommandSpec::server("len", 2, slowlog_len, "2.2.12", ADMIN | LOADING | STALE).tips(&[
        "request_policy:all_nodes",
        "response_policy:agg_sum",
        "nondeterministic_output",
    ]),
    CommandSpec::server("reset", 2, slowlog_reset, "2.2.12", ADMIN | LOADING | STALE)
        .tips(&["request_policy:all_nodes", "response_policy:all_succeeded"]),
];

fn info_cmd(e: &mut Engine, call: &Call<'_>) {
    let text = info::text(e, &call.args[1..]);
    e.reply.verbatim("txt", text.as_bytes());
}

fn time(e: &mut Engine, _call: &Call<'_>) {
    let us = e.now.wall_us;
    e.reply.array(2);
    e.reply.bulk_int(us.div_euclid(1_000_000));
    e.reply.bulk_int(us.rem_euclid(1_000_000));
}

fn monitor(e: &mut Engine, call: &Call<'_>) {
    let Some(c) = e.clients.get_mut(call.conn) else { return };
    if !matches!(c.kind, Kind::Normal) {
        return; // A replica or a monitor gets nothing, not even an error.
    }
    if !c.monitor {
        c.monitor = true;
        e.monitors += 1;
        e.reply.ok();
    }
}

fn shutdown(e: &mut Engine, call: &Call<'_>) {
    let mut flags = ShutdownFlags::default();
    let mut abort = false;
    for word in &call.args[1..] {
        match word.to_ascii_lowercase().as_slice() {
            b"nosave" => flags.nosave = true,
            b"save" => flags.save = true,
            b"now" => flags.now = true,
            b"force" => flags.force = true,
            b"abort" => abort = true,
            _ => return e.reply.error(SYNTAX),
        }
    }
    if (abort && flags != ShutdownFlags::default()) || (flags.save && flags.nosave) {
        return e.reply.error(SYNTAX);
    }
    if abort {
        if e.abort_shutdown() {
            e.reply.ok();
        } else {
            e.reply.error("ERR No shutdown in progress.");
        }
        return;
    }
    e.block(call.conn, Blocked::Shutdown);
    e.begin_shutdown(flags);
}

fn slowlog_get(e: &mut Engine, call: &Call<'_>) {
    if call.args.len() > 3 {
        return e.reply.error(
            "ERR unknown subcommand or wrong number of arguments for 'GET'. Try SLOWLOG HELP.",
        );
    }
    let mut count = 10;
    if call.args.len() == 3 {
        let Some(n) = e.int_arg_or(call.arg(2), RANGE) else { return };
        if n < -1 {
            return e.reply.error(RANGE);
        }
        count = usize::try_from(n).unwrap_or(usize::MAX);
    }
    let n = count.min(e.slowlog.entries.len());
    e.reply.array(n);
    for entry in e.slowlog.entries.iter().take(n) {
        e.reply.array(6);
        e.reply.int(entry.id);
        e.reply.int(entry.at_s);
        e.reply.int(entry.took_us as i64);
        e.reply.array(entry.words.len());
        for word in &entry.words {
            e.reply.bulk(word);
        }
        e.reply.bulk(entry.addr.as_bytes());
        e.reply.bulk(&entry.name);
    }
}

const RANGE: &str = "ERR count should be greater than or equal to -1";

fn slowlog_len(e: &mut Engine, _call: &Call<'_>) {
    e.reply.int(e.slowlog.entries.len() as i64);
}

fn slowlog_reset(e: &mut Engine, _call: &Call<'_>) {
    e.slowlog.entries.clear();
    e.reply.ok();
}

fn slowlog_help(e: &mut Engine, _call: &Call<'_>) {
    e.help(
        "SLOWLOG",
        &[
            "GET [<count>]",
            "    Return top <count> entries from the slowlog (default: 10, -1 mean all).",
            "    Entries are made of:",
            "    id, timestamp, time in microseconds, arguments array, client IP and port,",
            "    client name",
            "LEN",
            "    Return the length of the slowlog.",
            "RESET",
            "    Reset the slowlog.",
        ],
    );
}
