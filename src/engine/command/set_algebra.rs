//! Several sets at once: intersection, union, difference. SMEMBERS is an intersection of one set.

use super::support::{SYNTAX, WRONG_TYPE, elem};
use crate::engine::Engine;
use crate::engine::call::flags::{DENYOOM, READONLY, WRITE};
use crate::engine::call::{Call, CommandSpec, Group, Handler, KeySpec, acl};
use crate::engine::keyspace::Value;
use crate::engine::notify::class;
use crate::engine::types::{Elem, Set, SetLimits};
use std::sync::Arc;

/// A command that shows the result for all keys behind its name.
const fn shows(name: &'static str, handler: Handler) -> CommandSpec {
    CommandSpec::new(name, -2, handler, Group::Set, "1.0.0")
        .flags(READONLY)
        .acl(acl::SET)
        .tips(&["nondeterministic_output_order"])
        .keys(FROM)
}

/// A command that stores the result under the first of its keys.
const fn stores(name: &'static str, handler: Handler, keys: &'static [KeySpec]) -> CommandSpec {
    CommandSpec::new(name, -3, handler, Group::Set, "1.0.0")
        .flags(WRITE | DENYOOM)
        .acl(acl::SET)
        .keys(keys)
}

const FROM: &[KeySpec] = &[KeySpec::range("RO access", 1, -1, 1)];
const INTO_AND_FROM: &[KeySpec] =
    &[KeySpec::range("OW update", 1, 0, 1), KeySpec::range("RO access", 2, -1, 1)];

pub(super) const SPECS: &[CommandSpec] = &[
    CommandSpec::new("smembers", 2, smembers, Group::Set, "1.0.0")
        .flags(READONLY)
        .acl(acl::SET)
        .tips(&["nondeterministic_output_order"])
        .keys(&[KeySpec::range("RO access", 1, 0, 1)]),
    shows("sinter", sinter),
    CommandSpec::new("sintercard", -3, sintercard, Group::Set, "7.0.0")
        .flags(READONLY)
        .acl(acl::SET)
        .keys(&[KeySpec::numkeys("RO access", 1)]),
    stores(
        "sinterstore",
        sinterstore,
        &[KeySpec::range("RW update", 1, 0, 1), KeySpec::range("RO access", 2, -1, 1)],
    ),
    shows("sunion", sunion),
    stores("sunionstore", sunionstore, INTO_AND_FROM),
    shows("sdiff", sdiff),
    stores("sdiffstore", sdiffstore, INTO_AND_FROM),
];

/// The sets under these keys; `None` for a key that is not there.
type Sets = Vec<Option<Arc<Set>>>;

/// Looks all keys up; `None` after WRONGTYPE was replied.
fn look_up(e: &mut Engine, keys: &[&[u8]]) -> Option<Sets> {
    let mut sets = Vec::with_capacity(keys.len());
    for key in keys {
        sets.push(match e.lookup_read(key) {
            None => None,
            Some(Value::Set(set)) => Some(set),
            Some(_) => {
                e.reply.error(WRONG_TYPE);
                return None;
            }
        });
    }
    Some(sets)
}

/// Shows what all the sets have in common, in the order of the smallest; `false` from `show` ends
/// it.
fn intersect(sets: &[Option<Arc<Set>>], mut show: impl FnMut(Elem<'_>) -> bool) {
    let Some(mut sets) = sets.iter().map(Option::as_deref).collect::<Option<Vec<&Set>>>() else {
        return;
    };
    sets.sort_by_key(|set| set.len());
    let Some((smallest, others)) = sets.split_first() else { return };
    let others: Vec<&&Set> = others.iter().filter(|s| !std::ptr::eq(**s, *smallest)).collect();
    for member in smallest.iter() {
        if others.iter().all(|set| set.has(member)) && !show(member) {
            return;
        }
    }
}

fn put(into: &mut Set, member: Elem<'_>, limits: &SetLimits) {
    member.with_text(|bytes| into.add(bytes, limits));
}

fn union(sets: &Sets, limits: &SetLimits) -> Set {
    let mut result = Set::default();
    for member in sets.iter().flatten().flat_map(|set| set.iter()) {
        put(&mut result, member, limits);
    }
    result
}

/// The first set without what is in the others. Redis's two ways of doing that differ in the
/// encoding that the result may end with, so both are here, and its choice between them.
fn difference(sets: &Sets, limits: &SetLimits) -> Set {
    let mut result = Set::default();
    let Some((Some(first), others)) = sets.split_first() else { return result };
    let mut others: Vec<&Set> = others.iter().flatten().map(|set| &**set).collect();
    if others.iter().any(|set| std::ptr::eq(*set, &**first)) {
        return result;
    }
    let by_looking = first.len() * (others.len() + 1) / 2;
    let by_removing = first.len() + others.iter().map(|set| set.len()).sum::<usize>();
    if by_looking <= by_removing {
        // The largest is the likeliest to have a member.
        others.sort_by_key(|set| std::cmp::Reverse(set.len()));
        for member in first.iter() {
            if !others.iter().any(|set| set.has(member)) {
                put(&mut result, member, limits);
            }
        }
        return result;
    }
    for member in first.iter() {
        put(&mut result, member, limits);
    }
    for member in others.iter().flat_map(|set| set.iter()) {
        member.with_text(|bytes| result.remove(bytes));
        if result.is_empty() {
            break;
        }
    }
    result
}

fn show(e: &mut Engine, set: &Set) {
    e.reply.set(set.len());
    for member in set.iter() {
        elem(&mut e.reply, member);
    }
}

/// Stores a result, or takes the key out if the result is empty; replies with its size.
fn store(e: &mut Engine, to: &[u8], set: Set, event: &str) {
    let len = set.len();
    if len > 0 {
        e.create(to, set);
        e.touched(to);
        e.notify(class::SET, event, e.db, to);
    } else if e.delete_key(to) {
        e.notify(class::GENERIC, "del", e.db, to);
    }
    e.reply.int(len as i64);
}

fn smembers(e: &mut Engine, call: &Call<'_>) {
    members(e, call.arg(1));
}

/// Replies with all members of the set under `key`.
pub(super) fn members(e: &mut Engine, key: &[u8]) {
    let _ = e.reading::<Set, _>(key, |set, reply| {
        let Some(set) = set else { return reply.set(0) };
        reply.set(set.len());
        set.iter().for_each(|member| elem(reply, member));
    });
}

fn sinter(e: &mut Engine, call: &Call<'_>) {
    let Some(sets) = look_up(e, &call.args[1..]) else { return };
    let (mut count, mut body) = (0, crate::wire::reply::ReplyWriter::new(e.reply.resp));
    intersect(&sets, |member| {
        elem(&mut body, member);
        count += 1;
        true
    });
    e.reply.set(count);
    e.reply.raw(&body.buf);
}

fn sintercard(e: &mut Engine, call: &Call<'_>) {
    let error = Some("ERR numkeys should be greater than 0");
    let Some(numkeys) = e.int_arg_in(call.arg(1), 1, i64::MAX, error) else { return };
    let Some(keys) = usize::try_from(numkeys).ok().and_then(|n| call.args[2..].get(..n)) else {
        return e.reply.error("ERR Number of keys can't be greater than number of args");
    };
    let (mut limit, mut at) = (0, 2 + keys.len());
    while at < call.args.len() {
        if !call.is(at, "LIMIT") || at + 1 >= call.args.len() {
            return e.reply.error(SYNTAX);
        }
        let error = Some("ERR LIMIT can't be negative");
        let Some(n) = e.int_arg_in(call.arg(at + 1), 0, i64::MAX, error) else { return };
        limit = n;
        at += 2;
    }
    let Some(sets) = look_up(e, keys) else { return };
    let mut count = 0;
    intersect(&sets, |_| {
        count += 1;
        limit == 0 || count < limit
    });
    e.reply.int(count);
}

fn sinterstore(e: &mut Engine, call: &Call<'_>) {
    let Some(sets) = look_up(e, &call.args[2..]) else { return };
    let (limits, mut result) = (e.set_limits(), Set::default());
    intersect(&sets, |member| {
        put(&mut result, member, &limits);
        true
    });
    drop(sets);
    store(e, call.arg(1), result, "sinterstore");
}

fn sunion(e: &mut Engine, call: &Call<'_>) {
    let Some(sets) = look_up(e, &call.args[1..]) else { return };
    let result = union(&sets, &e.set_limits());
    show(e, &result);
}

fn sunionstore(e: &mut Engine, call: &Call<'_>) {
    let Some(sets) = look_up(e, &call.args[2..]) else { return };
    let result = union(&sets, &e.set_limits());
    drop(sets);
    store(e, call.arg(1), result, "sunionstore");
}

fn sdiff(e: &mut Engine, call: &Call<'_>) {
    let Some(sets) = look_up(e, &call.args[1..]) else { return };
    let result = difference(&sets, &e.set_limits());
    show(e, &result);
}

fn sdiffstore(e: &mut Engine, call: &Call<'_>) {
    let Some(sets) = look_up(e, &call.args[2..]) else { return };
    let result = difference(&sets, &e.set_limits());
    drop(sets);
    store(e, call.arg(1), result, "sdiffstore");
}
