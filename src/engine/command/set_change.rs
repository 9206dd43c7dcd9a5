//! Members of a set come and go: SADD, SREM, SMOVE.

use crate::engine::Engine;
use crate::engine::call::flags::{DENYOOM, FAST, WRITE};
use crate::engine::call::{Call, CommandSpec, Group, KeySpec, acl};
use crate::engine::notify::class;
use crate::engine::types::{Container, Set};

pub(super) const SPECS: &[CommandSpec] = &[
    CommandSpec::new("sadd", -3, sadd, Group::Set, "1.0.0")
        .flags(WRITE | DENYOOM | FAST)
        .acl(acl::SET)
        .keys(&[KeySpec::range("RW insert", 1, 0, 1)]),
    CommandSpec::new("srem", -3, srem, Group::Set, "1.0.0")
        .flags(WRITE | FAST)
        .acl(acl::SET)
        .keys(&[KeySpec::range("RW delete", 1, 0, 1)]),
    CommandSpec::new("smove", 4, smove, Group::Set, "1.0.0")
        .flags(WRITE | FAST)
        .acl(acl::SET)
        .keys(&[KeySpec::range("RW access delete", 1, 0, 1), KeySpec::range("RW insert", 2, 0, 1)]),
];

fn sadd(e: &mut Engine, call: &Call<'_>) {
    let key = call.arg(1);
    let Ok(there) = e.holds::<Set>(key) else { return };
    let added = add_all(e, key, there, &call.args[2..]);
    if added > 0 {
        e.notify(class::SET, "sadd", e.db, key);
        e.touched(key);
        e.dirty += added - 1;
    }
    e.reply.int(added as i64);
}

/// Adds members to a set that is `there` or comes into being; how many were new.
fn add_all(e: &mut Engine, key: &[u8], there: bool, members: &[&[u8]]) -> u64 {
    let limits = e.set_limits();
    let add = |set: &mut Set| members.iter().map(|m| u64::from(set.add(m, &limits))).sum();
    if there {
        return e.changing(key, add).unwrap_or(0);
    }
    let mut set = Set::default();
    let added = add(&mut set);
    e.create(key, set);
    added
}

fn srem(e: &mut Engine, call: &Call<'_>) {
    let key = call.arg(1);
    let Ok(there) = e.holds::<Set>(key) else { return };
    let members = &call.args[2..];
    let remove = |set: &mut Set| members.iter().filter(|m| set.remove(m)).count() as u64;
    let removed = if there { e.changing(key, remove).unwrap_or(0) } else { 0 };
    if removed > 0 {
        e.shrunk::<Set>(key, class::SET, "srem", removed);
    }
    e.reply.int(removed as i64);
}

fn smove(e: &mut Engine, call: &Call<'_>) {
    let (from, to, member) = (call.arg(1), call.arg(2), call.arg(3));
    let there = e.lookup_write(from).is_some();
    // An expired destination goes even if nothing is moved.
    e.lookup_write(to);
    if !there {
        return e.reply.int(0);
    }
    let Ok(_) = e.holds::<Set>(from) else { return };
    let Ok(has_to) = e.holds::<Set>(to) else { return };
    if from == to {
        let set = e.lookup_write(from).and_then(|entry| Set::of(entry.value()));
        let has = set.is_some_and(|set| set.contains(member));
        return e.reply.int(i64::from(has));
    }
    if e.changing(from, |set: &mut Set| set.remove(member)) != Some(true) {
        return e.reply.int(0);
    }
    e.shrunk::<Set>(from, class::SET, "srem", 1);
    if add_all(e, to, has_to, &[member]) > 0 {
        e.touched(to);
        e.notify(class::SET, "sadd", e.db, to);
    }
    e.reply.int(1);
}
