//! COMMAND GETKEYS and GETKEYSANDFLAGS: the keys of a whole command.

use super::command_info::statuses;
use super::table::Entry;
use crate::engine::Engine;
use crate::engine::call::{Call, flags::NO_MANDATORY_KEYS};
use crate::engine::key_spec::{BeginSearch, FindKeys, KeySpec};

/// A key's position among the words, and how it is accessed.
pub(crate) type KeyAt = (usize, &'static str);

/// The keys of a command, as Redis finds them: by its specifications where these tell all, else by
/// what is known of this one command. Empty: there are none, or the words do not fit.
pub(crate) fn keys_of(entry: &Entry, words: &[&[u8]]) -> Vec<KeyAt> {
    let specs = || entry.spec.keys.iter().filter(|k| !k.has("not_key"));
    if specs().next().is_some() && !specs().any(|k| k.has("variable_flags")) {
        let mut found = Vec::new();
        let mut at = Vec::new();
        let clear = specs().all(|spec| {
            at.clear();
            let clear = spec.find_in(words, &mut at).is_ok();
            found.extend(at.iter().map(|i| (*i, spec.flags)));
            clear
        });
        if clear {
            return found;
        }
    }
    special(entry, words)
}

/// Commands whose specifications are not enough, or do not suit the words.
fn special(entry: &Entry, words: &[&[u8]]) -> Vec<KeyAt> {
    match entry.spec.name {
        "set" => {
            let get = words.iter().skip(3).any(|w| w.eq_ignore_ascii_case(b"get"));
            vec![(1, if get { "RW access update" } else { "OW update" })]
        }
        "bitfield" => {
            let reads = bitfield_reads(&words[2..]);
            vec![(1, if reads { "RO access" } else { "RW access update" })]
        }
        "sort_ro" => vec![(1, "RO access")],
        "sort" => {
            let mut keys = vec![(1, "RO access")];
            keys.extend(sort_store(words).map(|at| (at, "OW update")));
            keys
        }
        "migrate" => migrate_keys(words).map(|at| (at, "RW access delete")).collect(),
        _ => match entry.spec.keys.iter().find_map(counted_at) {
            Some(at) => counted(entry, words, at),
            None => Vec::new(),
        },
    }
}

/// The word that says how many keys follow.
fn counted_at(spec: &KeySpec) -> Option<usize> {
    match (spec.begin, spec.find) {
        (BeginSearch::Index(at), FindKeys::KeyNum { .. }) => usize::try_from(at).ok(),
        _ => None,
    }
}

/// Keys behind a number that Redis reads leniently here, and the key in front of it.
fn counted(entry: &Entry, words: &[&[u8]], at: usize) -> Vec<KeyAt> {
    let Some(number) = words.get(at) else { return Vec::new() };
    let digits = number.iter().take_while(|b| b.is_ascii_digit()).count();
    let n = crate::wire::num::parse_i64(&number[..digits]).and_then(|n| usize::try_from(n).ok());
    let room = words.len() - at - 1;
    let Some(n) = n.filter(|n| (1..=room).contains(n)) else { return Vec::new() };
    let mut keys: Vec<KeyAt> = (at + 1..=at + n).map(|i| (i, "")).collect();
    let stores = matches!(entry.spec.keys.first().map(|k| k.find), Some(FindKeys::Range { .. }));
    if stores {
        keys.push((1, ""));
    }
    keys
}

/// Whether BITFIELD's operations only read.
fn bitfield_reads(mut ops: &[&[u8]]) -> bool {
    while let Some((op, rest)) = ops.split_first() {
        let skip = match op.to_ascii_lowercase().as_slice() {
            b"get" if rest.len() >= 2 => 2,
            b"overflow" if !rest.is_empty() => 1,
            _ => return false,
        };
        ops = &rest[skip..];
    }
    true
}

/// Where the key of SORT's last STORE stands.
fn sort_store(words: &[&[u8]]) -> Option<usize> {
    let mut store = None;
    let mut i = 2;
    while let Some(word) = words.get(i) {
        match word.to_ascii_lowercase().as_slice() {
            b"limit" => i += 2,
            b"get" | b"by" => i += 1,
            b"store" if i + 1 < words.len() => store = Some(i + 1),
            _ => {}
        }
        i += 1;
    }
    store
}

/// MIGRATE's one key, or those behind KEYS.
fn migrate_keys(words: &[&[u8]]) -> std::ops::Range<usize> {
    let mut i = 6;
    while let Some(word) = words.get(i) {
        match word.to_ascii_lowercase().as_slice() {
            b"keys" if words[3].is_empty() => return i + 1..words.len(),
            // A key here and keys there: MIGRATE itself will refuse it.
            b"keys" => return 0..0,
            b"auth" => i += 1,
            b"auth2" => i += 2,
            _ => {}
        }
        i += 1;
    }
    3..4
}

/// The keys of the command that the arguments are; otherwise an error (or no key) is replied.
fn asked<'a>(e: &mut Engine, call: &Call<'a>) -> Option<Vec<(&'a [u8], &'static str)>> {
    let words = &call.args[2..];
    let entry = e.command(words[0]).and_then(|entry| match words.get(1) {
        Some(word) if !entry.subcommands.is_empty() => entry.sub(word),
        _ => Some(entry),
    });
    let Some(entry) = entry else {
        e.reply.error("ERR Invalid command specified");
        return None;
    };
    if entry.spec.keys.iter().all(|k| k.has("not_key")) {
        e.reply.error("ERR The command has no key arguments");
        return None;
    }
    if !entry.spec.suits(words.len()) {
        e.reply.error("ERR Invalid number of arguments specified for command");
        return None;
    }
    let keys = keys_of(entry, words);
    if keys.is_empty() {
        if entry.spec.has(NO_MANDATORY_KEYS) {
            e.reply.array(0);
        } else {
            e.reply.error("ERR Invalid arguments specified for command");
        }
        return None;
    }
    Some(keys.into_iter().map(|(at, flags)| (words[at], flags)).collect())
}

pub(super) fn getkeys(e: &mut Engine, call: &Call<'_>) {
    let Some(keys) = asked(e, call) else { return };
    e.reply.array(keys.len());
    for (key, _) in keys {
        e.reply.bulk(key);
    }
}

pub(super) fn getkeysandflags(e: &mut Engine, call: &Call<'_>) {
    let Some(keys) = asked(e, call) else { return };
    e.reply.array(keys.len());
    for (key, flags) in keys {
        e.reply.array(2);
        e.reply.bulk(key);
        statuses(e, &flags.split_ascii_whitespace().collect::<Vec<_>>());
    }
}
