//! Members by chance: SPOP, SRANDMEMBER.

use super::set_algebra;
use super::support::{SYNTAX, elem};
use crate::engine::Engine;
use crate::engine::call::flags::{FAST, READONLY, WRITE};
use crate::engine::call::{Call, CommandSpec, Group, KeySpec, acl};
use crate::engine::notify::class;
use crate::engine::rng::Rng;
use crate::engine::types::{Container, Elem, Set};
use crate::observe::GoneWhy;
use std::collections::BTreeSet;

pub(super) const SPECS: &[CommandSpec] = &[
    CommandSpec::new("spop", -2, spop, Group::Set, "1.0.0")
        .flags(WRITE | FAST)
        .acl(acl::SET)
        .tips(&["nondeterministic_output"])
        .keys(&[KeySpec::range("RW access delete", 1, 0, 1)]),
    CommandSpec::new("srandmember", -2, srandmember, Group::Set, "1.0.0")
        .flags(READONLY)
        .acl(acl::SET)
        .tips(&["nondeterministic_output"])
        .keys(&[KeySpec::range("RO access", 1, 0, 1)]),
];

/// If so many times the wanted number are more than there are, all are shuffled; otherwise members
/// are drawn until there are enough different ones.
const SHUFFLE_BELOW: usize = 3;

fn spop(e: &mut Engine, call: &Call<'_>) {
    match call.args.len() {
        2 => pop_one(e, call.arg(1)),
        3 => pop_many(e, call.arg(1), call.arg(2)),
        _ => e.reply.error(SYNTAX),
    }
}

fn pop_one(e: &mut Engine, key: &[u8]) {
    let Ok(there) = e.holds::<Set>(key) else { return };
    let rng = &mut e.rng;
    let set = e.keyspace.db(e.db).get(key).and_then(|entry| Set::of(entry.value()));
    let member = set.and_then(|set| set.random(&mut || rng.next_u64())).map(Elem::to_vec);
    let Some(member) = member.filter(|_| there) else { return e.reply.null() };
    e.changing(key, |set: &mut Set| set.remove(&member));
    e.propagate_as(&[b"SREM", key, &member]);
    e.reply.bulk(&member);
    e.shrunk::<Set>(key, class::SET, "spop", 1);
}

fn pop_many(e: &mut Engine, key: &[u8], count: &[u8]) {
    let Some(count) = e.count_arg(count) else { return };
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    let Ok(there) = e.holds::<Set>(key) else { return };
    if !there || count == 0 {
        return e.reply.set(0);
    }
    let Some(size) = e.keyspace.db(e.db).get(key).and_then(|x| Set::of(x.value())).map(Set::len)
    else {
        return;
    };
    if count >= size {
        e.notify(class::SET, "spop", e.db, key);
        // The look at the whole counts as a read of the key, as in Redis.
        set_algebra::members(e, key);
        let db = e.db;
        e.drop_key_in(db, key, GoneWhy::Deleted);
        e.notify(class::GENERIC, "del", db, key);
        e.propagate_as(&[b"DEL", key]);
        e.dirty += size as u64;
        return;
    }
    let rng = &mut e.rng;
    let set = e.keyspace.db(e.db).get(key).and_then(|entry| Set::of(entry.value()));
    let popped: Vec<Vec<u8>> = set
        .map_or_else(Vec::new, |set| draw(set, count, rng).into_iter().map(Elem::to_vec).collect());
    let limits = e.set_limits();
    e.changing(key, |set: &mut Set| {
        // Redis builds a new set of the few that stay, and that one may be an intset again.
        let rebuilt = (size - count) * REBUILD_MUL <= count;
        for member in &popped {
            set.remove(member);
        }
        if rebuilt {
            let mut new = Set::default();
            for member in set.iter() {
                member.with_text(|bytes| new.add(bytes, &limits));
            }
            *set = new;
        }
    });
    e.reply.set(popped.len());
    for member in &popped {
        e.reply.bulk(member);
        e.propagate_as(&[b"SREM", key, member]);
    }
    e.shrunk::<Set>(key, class::SET, "spop", popped.len() as u64);
}

/// SPOP makes a new set of what stays if so many times that are no more than what goes.
const REBUILD_MUL: usize = 5;

fn srandmember(e: &mut Engine, call: &Call<'_>) {
    let key = call.arg(1);
    let mut rng = e.rng.clone();
    match call.args.len() {
        2 => {
            let _ = e.reading::<Set, _>(key, |set, reply| {
                match set.and_then(|set| set.random(&mut || rng.next_u64())) {
                    Some(member) => elem(reply, member),
                    None => reply.null(),
                }
            });
        }
        3 => {
            let Some(count) = e.int_arg_in(call.arg(2), -i64::MAX, i64::MAX, None) else { return };
            random_members(e, key, count, &mut rng);
        }
        _ => e.reply.error(SYNTAX),
    }
    e.rng = rng;
}

fn random_members(e: &mut Engine, key: &[u8], count: i64, rng: &mut Rng) {
    let wanted = usize::try_from(count.unsigned_abs()).unwrap_or(usize::MAX);
    let most = e.longest_reply();
    let whole = e.reading::<Set, _>(key, |set, reply| {
        let Some(set) = set.filter(|_| count != 0) else {
            reply.array(0);
            return true;
        };
        if count > 0 {
            let drawn = draw(set, wanted, rng);
            reply.array(drawn.len());
            drawn.into_iter().for_each(|member| elem(reply, member));
            return true;
        }
        // The same member may come again.
        reply.array(wanted);
        for _ in 0..wanted {
            if reply.buf.len() > most {
                return false;
            }
            if let Some(member) = set.random(&mut || rng.next_u64()) {
                elem(reply, member);
            }
        }
        true
    });
    if whole == Ok(false) {
        e.reply_too_long();
    }
}

/// Up to so many different members, every choice of them equally likely.
fn draw<'a>(set: &'a Set, count: usize, rng: &mut Rng) -> Vec<Elem<'a>> {
    if count >= set.len() {
        return set.iter().collect();
    }
    if count.saturating_mul(SHUFFLE_BELOW) > set.len() {
        let mut all: Vec<Elem<'_>> = set.iter().collect();
        for at in 0..count {
            let other = at + rng.below((all.len() - at) as u64) as usize;
            all.swap(at, other);
        }
        all.truncate(count);
        return all;
    }
    let (mut drawn, mut known) = (Vec::with_capacity(count), BTreeSet::new());
    while drawn.len() < count {
        let Some(member) = set.random(&mut || rng.next_u64()) else { break };
        if known.insert(member) {
            drawn.push(member);
        }
    }
    drawn
}
