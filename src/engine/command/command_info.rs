//! A command as COMMAND INFO prints it: flags, categories, key specifications.

use super::table::Entry;
use crate::engine::Engine;
use crate::engine::call::{CommandSpec, acl, flags, flags::*};
use crate::engine::key_spec::{BeginSearch, FindKeys, KeySpec, legacy_range};

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
    (ALLOW_BUSY, "allow_busy"),
];

/// The ACL categories in the order of their bits.
pub(super) const CATEGORIES: [&str; 21] = [
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
pub(super) fn categories(spec: &CommandSpec) -> u32 {
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

pub(super) fn statuses(e: &mut Engine, words: &[&str]) {
    e.reply.set(words.len());
    for word in words {
        e.reply.simple(word);
    }
}

pub(super) fn describe(e: &mut Engine, entry: &Entry) {
    let spec = entry.spec;
    e.reply.array(10);
    e.reply.bulk_str(&entry.full_name);
    e.reply.int(i64::from(spec.arity));
    let (range, movable) = legacy_range(spec.keys);
    let mut words: Vec<&str> =
        FLAG_WORDS.iter().filter(|(bit, _)| spec.has(*bit)).map(|(_, w)| *w).collect();
    if movable {
        // In the order of the bits ALLOW_BUSY comes behind.
        words.insert(words.len() - usize::from(spec.has(ALLOW_BUSY)), "movablekeys");
    }
    statuses(e, &words);
    for n in range {
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
    e.reply.set(spec.tips.len());
    for tip in spec.tips {
        e.reply.bulk_str(tip);
    }
    e.reply.set(spec.keys.len());
    for (i, key) in spec.keys.iter().enumerate() {
        describe_keys(e, key, note(&entry.full_name, i));
    }
    if entry.subcommands.is_empty() {
        e.reply.set(0);
    } else {
        e.reply.array(entry.subcommands.len());
    }
    for sub in &entry.subcommands {
        describe(e, sub);
    }
}

/// The remark that Redis makes on a command's key specification.
fn note(command: &str, index: usize) -> Option<&'static str> {
    Some(match (command, index) {
        ("bitfield", 0) => "This command allows both access and modification of the key",
        ("eval" | "fcall", 0) => {
            "We cannot tell how the keys will be used so we assume the worst, RW and UPDATE"
        }
        ("eval_ro" | "fcall_ro", 0) => {
            "We cannot tell how the keys will be used so we assume the worst, RO and ACCESS"
        }
        ("getex", 0) => "RW and UPDATE because it changes the TTL",
        ("pfcount", 0) => {
            "RW because it may change the internal representation of the key, and propagate to \
             replicas"
        }
        ("set", 0) => "RW and ACCESS due to the optional `GET` argument",
        ("sort" | "sort_ro", 1) => {
            "For the optional BY/GET keyword. It is marked 'unknown' because the key names derive \
             from the content of the key we sort"
        }
        ("sort", 2) => {
            "For the optional STORE keyword. It is marked 'unknown' because the keyword can appear \
             anywhere in the argument array"
        }
        ("xadd", 0) => "UPDATE instead of INSERT because of the optional trimming feature",
        _ => return None,
    })
}

fn describe_keys(e: &mut Engine, key: &KeySpec, note: Option<&str>) {
    e.reply.map(3 + usize::from(note.is_some()));
    if let Some(note) = note {
        e.reply.bulk_str("notes");
        e.reply.bulk_str(note);
    }
    e.reply.bulk_str("flags");
    statuses(e, &key.flags.split(' ').collect::<Vec<_>>());
    e.reply.bulk_str("begin_search");
    match key.begin {
        BeginSearch::Index(at) => typed(e, "index", &[("index", at)]),
        BeginSearch::Keyword { word, from } => {
            e.reply.map(2);
            for text in ["type", "keyword", "spec"] {
                e.reply.bulk_str(text);
            }
            e.reply.map(2);
            e.reply.bulk_str("keyword");
            e.reply.bulk_str(word);
            e.reply.bulk_str("startfrom");
            e.reply.int(i64::from(from));
        }
        BeginSearch::Unknown => typed(e, "unknown", &[]),
    }
    e.reply.bulk_str("find_keys");
    match key.find {
        FindKeys::Range { last, step, limit } => {
            typed(e, "range", &[("lastkey", last), ("keystep", step), ("limit", limit)]);
        }
        FindKeys::KeyNum { at, first, step } => {
            typed(e, "keynum", &[("keynumidx", at), ("firstkey", first), ("keystep", step)]);
        }
        FindKeys::Unknown => typed(e, "unknown", &[]),
    }
}

/// One half of a specification: its type, and the numbers that belong to it.
fn typed(e: &mut Engine, kind: &str, numbers: &[(&str, i32)]) {
    e.reply.map(2);
    for text in ["type", kind, "spec"] {
        e.reply.bulk_str(text);
    }
    e.reply.map(numbers.len());
    for (name, n) in numbers {
        e.reply.bulk_str(name);
        e.reply.int(i64::from(*n));
    }
}
