//! COMMAND: the commands about themselves.

use super::command_docs::docs;
use super::command_info::describe;
use super::command_keys::{getkeys, getkeysandflags};
use super::command_list::list;
use super::table::{self, Entry};
use crate::engine::Engine;
use crate::engine::call::{Call, CommandSpec, Group, Handler, acl, flags::*};

pub(super) const SPECS: &[CommandSpec] = &[spec("command", -1, all, "2.8.13")
    .tips(&["nondeterministic_output_order"])
    .subcommands(SUBCOMMANDS)];

const SUBCOMMANDS: &[CommandSpec] = &[
    spec("count", 2, count, "2.8.13"),
    spec("docs", -2, docs, "7.0.0").tips(&["nondeterministic_output_order"]),
    spec("getkeys", -4, getkeys, "2.8.13"),
    spec("getkeysandflags", -4, getkeysandflags, "7.0.0"),
    spec("help", 2, help, "5.0.0"),
    spec("info", -2, info, "2.8.13").tips(&["nondeterministic_output_order"]),
    spec("list", -2, list, "7.0.0").tips(&["nondeterministic_output_order"]),
];

const fn spec(
    name: &'static str,
    arity: i32,
    handler: Handler,
    since: &'static str,
) -> CommandSpec {
    CommandSpec::new(name, arity, handler, Group::Server, since)
        .flags(LOADING | STALE)
        .acl(acl::CONNECTION)
}

/// A command or, as `config|get`, a subcommand.
pub(super) fn find(e: &Engine, name: &[u8]) -> Option<&'static Entry> {
    let mut parts = name.split(|b| *b == b'|');
    let entry = e.command(parts.next()?)?;
    match (parts.next(), parts.next()) {
        (None, _) => Some(entry),
        (Some(sub), None) => entry.sub(sub),
        (Some(_), Some(_)) => None,
    }
}

fn all(e: &mut Engine, _call: &Call<'_>) {
    let entries = &table::table().entries;
    e.reply.array(entries.len());
    for entry in entries {
        describe(e, entry);
    }
}

fn info(e: &mut Engine, call: &Call<'_>) {
    if call.args.len() == 2 {
        return all(e, call);
    }
    e.reply.array(call.args.len() - 2);
    for name in &call.args[2..] {
        match find(e, name) {
            Some(entry) => describe(e, entry),
            None => e.reply.null(),
        }
    }
}

fn count(e: &mut Engine, _call: &Call<'_>) {
    e.reply.int(table::table().entries.len() as i64);
}

fn help(e: &mut Engine, _call: &Call<'_>) {
    e.help(
        "COMMAND",
        &[
            "(no subcommand)",
            "    Return details about all Redis commands.",
            "COUNT",
            "    Return the total number of commands in this Redis server.",
            "LIST",
            "    Return a list of all commands in this Redis server.",
            "INFO [<command-name> ...]",
            "    Return details about multiple Redis commands.",
            "    If no command names are given, documentation details for all",
            "    commands are returned.",
            "DOCS [<command-name> ...]",
            "    Return documentation details about multiple Redis commands.",
            "    If no command names are given, documentation details for all",
            "    commands are returned.",
            "GETKEYS <full-command>",
            "    Return the keys from a full Redis command.",
            "GETKEYSANDFLAGS <full-command>",
            "    Return the keys and the access flags from a full Redis command.",
        ],
    );
}
