//! COMMAND: the commands about themselves.

use super::args::SYNTAX;
use super::table::{self, Entry};
use crate::engine::Engine;
use crate::engine::call::{Call, CommandSpec, Group, Handler, KeySpec, acl, flags, flags::*};
use crate::wire::text;

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

/// COMMAND INFO's words for the flags, in its order; the others are hidden.
const FLAG_WORDS: &[(u32, &str)] = &[
    (WRITE, "write"),
    (READONLY, "readonly"),
    (DENYOOM, "denyoom"),
    (ADMIN, "admin"),
    (flags::PUBSUB, "pubsub"),
    (NOSCRIPT, "noscript"),
    (BLOCKING, "blocking"),
    (LOADING, "loading"),
    (STALE, "stale"),
    (SKIP_MONITOR, "skip_monitor"),
    (SKIP_SLOWLOG, "skip_slowlog"),
    (FAST, "fast"),
    (NO_AUTH, "no_auth"),
    (NO_MANDATORY_KEYS, "no_mandatory_keys"),
    (NO_ASYNC_LOADING, "no_async_loading"),
    (NO_MULTI, "no_multi"),
    (MOVABLE_KEYS, "movablekeys"),
    (ALLOW_BUSY, "allow_busy"),
];

/// The ACL categories in the order of their bits.
const CATEGORIES: [&str; 21] = [
    "keyspace",
    "read",
    "write",
    "set",
    "sortedset",
    "list",
    "hash",
    "string",
    "bitmap",
    "hyperloglog",
    "geo",
    "stream",
    "pubsub",
    "admin",
    "fast",
    "slow",
    "blocking",
    "dangerous",
    "connection",
    "transaction",
    "scripting",
];

/// All categories of a command: those that its flags imply as well.
fn categories(spec: &CommandSpec) -> u32 {
    let mut bits = spec.acl;
    let implied = [
        (WRITE, acl::WRITE),
        (ADMIN, acl::ADMIN | acl::DANGEROUS),
        (flags::PUBSUB, acl::PUBSUB),
        (FAST, acl::FAST),
        (BLOCKING, acl::BLOCKING),
    ];
    for (flag, category) in implied {
        if spec.has(flag) {
            bits |= category;
        }
    }
    if spec.has(READONLY) && bits & acl::SCRIPTING == 0 {
        bits |= acl::READ;
    }
    if bits & acl::FAST == 0 {
        bits |= acl::SLOW;
    }
    bits
}

fn statuses(e: &mut Engine, words: &[&str]) {
    e.reply.set(words.len());
    for word in words {
        e.reply.simple(word);
    }
}

fn describe(e: &mut Engine, entry: &Entry) {
    let spec = entry.spec;
    e.reply.array(10);
    e.reply.bulk_str(&entry.full_name);
    e.reply.int(i64::from(spec.arity));
    let words: Vec<&str> =
        FLAG_WORDS.iter().filter(|(bit, _)| spec.has(*bit)).map(|(_, w)| *w).collect();
    statuses(e, &words);
    for n in span(spec.keys) {
        e.reply.int(i64::from(n));
    }
    let bits = categories(spec);
    let words: Vec<String> = CATEGORIES
        .iter()
        .enumerate()
        .filter(|(i, _)| bits & (1 << i) != 0)
        .map(|(_, w)| format!("@{w}"))
        .collect();
    statuses(e, &words.iter().map(String::as_str).collect::<Vec<_>>());
    e.reply.array(spec.tips.len());
    for tip in spec.tips {
        e.reply.bulk_str(tip);
    }
    e.reply.set(spec.keys.len());
    for key in spec.keys {
        describe_keys(e, key);
    }
    e.reply.array(entry.subcommands.len());
    for sub in &entry.subcommands {
        describe(e, sub);
    }
}

/// First key, last key and step as one range: what COMMAND said before it had key specs. Ranges
/// that follow each other (RENAME's two keys) count as one.
fn span(keys: &[KeySpec]) -> [i32; 3] {
    let Some(k) = keys.first() else { return [0, 0, 0] };
    let mut last = if k.last >= 0 { k.first + k.last } else { k.last };
    for next in &keys[1..] {
        if last >= 0 && next.first == last + 1 && next.step == 1 && next.last >= 0 {
            last = next.first + next.last;
        }
    }
    [k.first, last, k.step]
}

fn describe_keys(e: &mut Engine, key: &KeySpec) {
    e.reply.map(3);
    e.reply.bulk_str("flags");
    statuses(e, &key.flags.split(' ').collect::<Vec<_>>());
    e.reply.bulk_str("begin_search");
    e.reply.map(2);
    for text in ["type", "index", "spec"] {
        e.reply.bulk_str(text);
    }
    e.reply.map(1);
    e.reply.bulk_str("index");
    e.reply.int(i64::from(key.first));
    e.reply.bulk_str("find_keys");
    e.reply.map(2);
    for text in ["type", "range", "spec"] {
        e.reply.bulk_str(text);
    }
    e.reply.map(3);
    for (name, n) in [("lastkey", key.last), ("keystep", key.step), ("limit", 0)] {
        e.reply.bulk_str(name);
        e.reply.int(i64::from(n));
    }
}

/// A command or, as `config|get`, a subcommand.
fn find(name: &[u8]) -> Option<&'static Entry> {
    let mut parts = name.splitn(2, |b| *b == b'|');
    let entry = table::lookup(parts.next()?)?;
    match parts.next() {
        Some(sub) => entry.sub(sub),
        None => Some(entry),
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
        match find(name) {
            Some(entry) => describe(e, entry),
            None => e.reply.null(),
        }
    }
}

fn count(e: &mut Engine, _call: &Call<'_>) {
    e.reply.int(table::table().entries.len() as i64);
}

fn docs(e: &mut Engine, call: &Call<'_>) {
    let entries: Vec<&Entry> = if call.args.len() == 2 {
        table::table().entries.iter().collect()
    } else {
        call.args[2..].iter().filter_map(|n| find(n)).collect()
    };
    e.reply.map(entries.len());
    for entry in entries {
        e.reply.bulk_str(&entry.full_name);
        document(e, entry);
    }
}

fn document(e: &mut Engine, entry: &Entry) {
    let group = match entry.spec.group {
        Group::Generic => "generic",
        Group::String => "string",
        Group::List => "list",
        Group::Set => "set",
        Group::Hash => "hash",
        Group::SortedSet => "sorted-set",
        Group::Stream => "stream",
        Group::Bitmap => "bitmap",
        Group::HyperLogLog => "hyperloglog",
        Group::Geo => "geo",
        Group::Connection => "connection",
        Group::Server => "server",
        Group::Transactions => "transactions",
        Group::PubSub => "pubsub",
        Group::Scripting => "scripting",
    };
    e.reply.map(2 + usize::from(!entry.subcommands.is_empty()));
    e.reply.bulk_str("since");
    e.reply.bulk_str(entry.spec.since);
    e.reply.bulk_str("group");
    e.reply.bulk_str(group);
    if !entry.subcommands.is_empty() {
        e.reply.bulk_str("subcommands");
        e.reply.map(entry.subcommands.len());
        for sub in &entry.subcommands {
            e.reply.bulk_str(&sub.full_name);
            document(e, sub);
        }
    }
}

fn list(e: &mut Engine, call: &Call<'_>) {
    let keep: Box<dyn Fn(&Entry) -> bool> = match call.args.len() {
        2 => Box::new(|_| true),
        5 if call.is(2, "filterby") && call.is(3, "module") => Box::new(|_| false),
        5 if call.is(2, "filterby") && call.is(3, "aclcat") => {
            let word = call.arg(4).to_ascii_lowercase();
            let bit = CATEGORIES.iter().position(|c| c.as_bytes() == word);
            Box::new(move |entry| bit.is_some_and(|b| categories(entry.spec) & (1 << b) != 0))
        }
        5 if call.is(2, "filterby") && call.is(3, "pattern") => {
            let pattern = call.arg(4).to_vec();
            Box::new(move |entry| text::glob_match(&pattern, entry.full_name.as_bytes(), true))
        }
        _ => return e.reply.error(SYNTAX),
    };
    let mut names: Vec<&str> = Vec::new();
    for entry in &table::table().entries {
        names.extend(keep(entry).then_some(entry.full_name.as_str()));
        if call.args.len() == 5 {
            names.extend(entry.subcommands.iter().filter(|s| keep(s)).map(|s| &*s.full_name));
        }
    }
    e.reply.set(names.len());
    for name in names {
        e.reply.bulk_str(name);
    }
}

/// The keys of a whole command with their flags; otherwise an error is replied.
fn keys_of<'a>(e: &mut Engine, call: &Call<'a>) -> Option<Vec<(&'a [u8], &'static str)>> {
    let words = &call.args[2..];
    let Some(mut entry) = table::lookup(words[0]) else {
        e.reply.error("ERR Invalid command specified");
        return None;
    };
    if let Some(sub) = words.get(1).and_then(|w| entry.sub(w)) {
        entry = sub;
    }
    if entry.spec.keys.is_empty() {
        e.reply.error("ERR The command has no key arguments");
        return None;
    }
    if !entry.spec.suits(words.len()) {
        e.reply.error("ERR Invalid number of arguments specified for command");
        return None;
    }
    let mut keys = Vec::new();
    if entry.spec.name == "migrate"
        && let Some(at) = super::migrate::keys_at(words)
    {
        return Some(words[at..].iter().map(|w| (*w, "RW access delete")).collect());
    }
    for key in entry.spec.keys {
        // SET reads the old value only if it is asked to.
        let flags = match key.flags.strip_suffix(" variable_flags") {
            Some(_) if !words.iter().any(|w| w.eq_ignore_ascii_case(b"get")) => "OW update",
            Some(flags) => flags,
            None => key.flags,
        };
        let first = key.first as usize;
        let last = match key.last {
            n if n >= 0 => first + n as usize,
            n => (words.len() as i64 + i64::from(n)).max(0) as usize,
        };
        let last = last.min(words.len().saturating_sub(1));
        keys.extend((first..=last).step_by(key.step.max(1) as usize).map(|i| (words[i], flags)));
    }
    Some(keys)
}

fn getkeys(e: &mut Engine, call: &Call<'_>) {
    let Some(keys) = keys_of(e, call) else { return };
    e.reply.array(keys.len());
    for (key, _) in keys {
        e.reply.bulk(key);
    }
}

fn getkeysandflags(e: &mut Engine, call: &Call<'_>) {
    let Some(keys) = keys_of(e, call) else { return };
    e.reply.array(keys.len());
    for (key, flags) in keys {
        e.reply.array(2);
        e.reply.bulk(key);
        statuses(e, &flags.split(' ').collect::<Vec<_>>());
    }
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
