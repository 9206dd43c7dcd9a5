//! Finding keys: KEYS, SCAN, RANDOMKEY.

use super::support::SYNTAX;
use crate::engine::Engine;
use crate::engine::call::flags::READONLY;
use crate::engine::call::{Call, CommandSpec, Group, acl};
use crate::engine::keyspace::Key;
use crate::wire::text::glob_match;

pub(super) const SPECS: &[CommandSpec] = &[
    CommandSpec::new("keys", 2, keys, Group::Generic, "1.0.0")
        .flags(READONLY)
        .acl(acl::KEYSPACE | acl::DANGEROUS)
        .tips(&["request_policy:all_shards", "nondeterministic_output_order"]),
    CommandSpec::new("randomkey", 1, randomkey, Group::Generic, "1.0.0")
        .flags(READONLY)
        .acl(acl::KEYSPACE)
        .tips(&["request_policy:all_shards", "nondeterministic_output"]),
    CommandSpec::new("scan", -2, scan, Group::Generic, "2.8.0")
        .flags(READONLY)
        .acl(acl::KEYSPACE)
        .tips(&["nondeterministic_output", "request_policy:special"]),
];

/// How often RANDOMKEY tries on a replica where every key may have expired.
const TRIES: usize = 100;

/// KEYS shows what has not expired, and leaves the rest alone.
fn keys(e: &mut Engine, call: &Call<'_>) {
    let pattern = call.arg(1);
    let now_ms = e.now.wall_ms();
    let all = pattern == b"*";
    let found: Vec<Key> = e
        .keyspace
        .db(e.db)
        .iter()
        .enumerate()
        .take_while(|(i, _)| !e.gives_up(*i as u64))
        .map(|(_, entry)| entry)
        .filter(|entry| all || glob_match(pattern, entry.key(), false))
        .filter(|entry| !entry.is_expired(now_ms))
        .map(|entry| Key::from(entry.key()))
        .collect();
    e.reply.array(found.len());
    for key in found {
        e.reply.bulk(&key);
    }
}

fn randomkey(e: &mut Engine, _: &Call<'_>) {
    let db = e.db;
    let mut tries = 0;
    let found = loop {
        let rng = &mut e.rng;
        let picked = e.keyspace.db(db).random(&mut || rng.next_u64());
        let Some(key) = picked.map(|entry| Key::from(entry.key())) else { break None };
        tries += 1;
        let all_expire = e.keyspace.db(db).expires_len() == e.keyspace.db(db).len();
        // A replica keeps what has expired, so it could look for ever.
        let give_up = e.is_replica() && all_expire && tries >= TRIES;
        if give_up || !e.expire_if_due(db, &key, false) {
            break Some(key);
        }
    };
    expired_go_alone(e);
    match found {
        Some(key) => e.reply.bulk(&key),
        None => e.reply.null(),
    }
}

/// Keys that were met by chance and have expired are deleted one by one in the stream; they are no
/// transaction. Inside EXEC they are part of it.
fn expired_go_alone(e: &mut Engine) {
    if e.unit.depth == 0 {
        e.propagate_each_alone();
    }
}

/// A cursor as C's strtoul reads it, signs included.
pub(super) fn cursor(arg: &[u8]) -> Option<u64> {
    let (negative, digits) = match arg {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, arg),
    };
    if digits.is_empty() && !arg.is_empty() {
        return None;
    }
    let n = digits.iter().try_fold(0u64, |n, d| {
        let d = d.is_ascii_digit().then(|| u64::from(d - b'0'))?;
        n.checked_mul(10)?.checked_add(d)
    })?;
    Some(if negative { n.wrapping_neg() } else { n })
}

fn scan(e: &mut Engine, call: &Call<'_>) {
    let Some(from) = cursor(call.arg(1)) else { return e.reply.error("ERR invalid cursor") };
    let (mut count, mut pattern, mut type_name) = (10, None, None);
    let mut at = 2;
    while at < call.args.len() {
        let Some(&value) = call.args.get(at + 1) else { return e.reply.error(SYNTAX) };
        if call.is(at, "COUNT") {
            let Some(n) = e.int_arg(value) else { return };
            if n < 1 {
                return e.reply.error(SYNTAX);
            }
            count = n;
        } else if call.is(at, "MATCH") {
            pattern = Some(value).filter(|p| *p != b"*");
        } else if call.is(at, "TYPE") {
            type_name = Some(value);
        } else {
            return e.reply.error(SYNTAX);
        }
        at += 2;
    }
    let db = e.db;
    let mut met: Vec<Key> = Vec::new();
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    let next = e.keyspace.db(db).scan(from, count, |entry| met.push(entry.key().into()));
    met.retain(|key| {
        if pattern.is_some_and(|p| !glob_match(p, key, false)) {
            return false;
        }
        if let Some(wanted) = type_name {
            let name = e.lookup_untouched(key).map_or("none", |entry| entry.value().type_name());
            if !wanted.eq_ignore_ascii_case(name.as_bytes()) {
                return false;
            }
        }
        !e.expire_if_due(db, key, false)
    });
    expired_go_alone(e);
    e.reply.array(2);
    e.reply.bulk_str(&next.to_string());
    e.reply.array(met.len());
    for key in met {
        e.reply.bulk(&key);
    }
}

#[cfg(test)]
mod tests {
    use super::cursor;

    #[test]
    fn cursors_are_read_as_strtoul_does() {
        assert_eq!(cursor(b"0"), Some(0));
        assert_eq!(cursor(b""), Some(0));
        assert_eq!(cursor(b"007"), Some(7));
        assert_eq!(cursor(b"+7"), Some(7));
        assert_eq!(cursor(b"-1"), Some(u64::MAX));
        assert_eq!(cursor(b"18446744073709551615"), Some(u64::MAX));
        for bad in [&b" 1"[..], b"1 ", b"x", b"-", b"1x", b"18446744073709551616"] {
            assert_eq!(cursor(bad), None, "{bad:?}");
        }
    }
}
