//! Fields of a hash come, change and go: HSET, HMSET, HSETNX, HDEL.

use crate::engine::Engine;
use crate::engine::call::flags::{DENYOOM, FAST, WRITE};
use crate::engine::call::{Call, CommandSpec, Group, Handler, KeySpec, acl};
use crate::engine::notify::class;
use crate::engine::types::{Hash, HashLimits};

const UPDATED: &[KeySpec] = &[KeySpec::range("RW update", 1, 0, 1)];

/// A command that sets fields.
const fn sets(
    name: &'static str,
    arity: i32,
    handler: Handler,
    keys: &'static [KeySpec],
) -> CommandSpec {
    CommandSpec::new(name, arity, handler, Group::Hash, "2.0.0")
        .flags(WRITE | DENYOOM | FAST)
        .acl(acl::HASH)
        .keys(keys)
}

pub(super) const SPECS: &[CommandSpec] = &[
    sets("hset", -4, hset, UPDATED),
    sets("hmset", -4, hmset, UPDATED),
    sets("hsetnx", 4, hsetnx, &[KeySpec::range("RW insert", 1, 0, 1)]),
    CommandSpec::new("hdel", -3, hdel, Group::Hash, "2.0.0")
        .flags(WRITE | FAST)
        .acl(acl::HASH)
        .keys(&[KeySpec::range("RW delete", 1, 0, 1)]),
];

/// Changes the hash under `key`, which is `there` or comes into being.
pub(super) fn change<R>(
    e: &mut Engine,
    key: &[u8],
    there: bool,
    change: impl FnOnce(&mut Hash, &HashLimits) -> R,
) -> Option<R> {
    let limits = e.hash_limits();
    if there {
        return e.changing(key, |hash| change(hash, &limits));
    }
    let mut hash = Hash::default();
    let result = change(&mut hash, &limits);
    e.create(key, hash);
    Some(result)
}

fn hset(e: &mut Engine, call: &Call<'_>) {
    if let Some(created) = set_all(e, call) {
        e.reply.int(created);
    }
}

fn hmset(e: &mut Engine, call: &Call<'_>) {
    if set_all(e, call).is_some() {
        e.reply.ok();
    }
}

/// Sets the fields that the words name; how many are new. `None` after an error was replied.
fn set_all(e: &mut Engine, call: &Call<'_>) -> Option<i64> {
    let (key, words) = (call.arg(1), &call.args[2..]);
    if words.len() % 2 == 1 {
        let name = call.spec.name;
        e.reply.error(format!("ERR wrong number of arguments for '{name}' command"));
        return None;
    }
    let there = e.holds::<Hash>(key).ok()?;
    let created = change(e, key, there, |hash, limits| {
        hash.make_room(words, limits);
        words.chunks_exact(2).filter(|pair| hash.set(pair[0], pair[1], limits)).count()
    })?;
    e.touched(key);
    e.notify(class::HASH, "hset", e.db, key);
    e.dirty += words.len() as u64 / 2 - 1;
    Some(created as i64)
}

fn hsetnx(e: &mut Engine, call: &Call<'_>) {
    let (key, field, value) = (call.arg(1), call.arg(2), call.arg(3));
    let Ok(there) = e.holds::<Hash>(key) else { return };
    let new = change(e, key, there, |hash, limits| {
        let new = hash.get(field).is_none();
        if new {
            hash.set(field, value, limits);
        }
        new
    });
    if new == Some(true) {
        e.touched(key);
        e.notify(class::HASH, "hset", e.db, key);
    }
    e.reply.int(i64::from(new == Some(true)));
}

fn hdel(e: &mut Engine, call: &Call<'_>) {
    let key = call.arg(1);
    let Ok(there) = e.holds::<Hash>(key) else { return };
    let fields = &call.args[2..];
    let remove = |hash: &mut Hash| fields.iter().filter(|f| hash.remove(f)).count() as u64;
    let removed = if there { e.changing(key, remove).unwrap_or(0) } else { 0 };
    if removed > 0 {
        e.shrunk::<Hash>(key, class::HASH, "hdel", removed);
    }
    e.reply.int(removed as i64);
}
