//! ZRANDMEMBER: members by chance.

use super::support::SYNTAX;
use super::zset_bounds::{announce, member, pair};
use crate::engine::Engine;
use crate::engine::call::flags::READONLY;
use crate::engine::call::{Call, CommandSpec, Group, KeySpec, acl};
use crate::engine::types::ZSet;
use std::collections::BTreeSet;

pub(super) const SPECS: &[CommandSpec] =
    &[CommandSpec::new("zrandmember", -2, zrandmember, Group::SortedSet, "6.2.0")
        .flags(READONLY)
        .acl(acl::SORTEDSET)
        .tips(&["nondeterministic_output"])
        .keys(&[KeySpec::range("RO access", 1, 0, 1)])];

fn zrandmember(e: &mut Engine, call: &Call<'_>) {
    if call.args.len() == 2 {
        let Ok(zset) = e.read_zset(call.arg(1)) else { return };
        let Some(zset) = zset else { return e.reply.null() };
        let rank = e.rng.below(zset.len() as u64) as usize;
        for (name, _) in zset.pairs(rank..rank + 1, false) {
            member(&mut e.reply, name);
        }
        return;
    }
    let Some(count) = e.int_arg_in(call.arg(2), -i64::MAX, i64::MAX, None) else { return };
    if call.args.len() > 4 || (call.args.len() == 4 && !call.is(3, "withscores")) {
        return e.reply.error(SYNTAX);
    }
    let scores = call.args.len() == 4;
    if scores && !(-i64::MAX / 2..=i64::MAX / 2).contains(&count) {
        return e.reply.error("ERR value is out of range");
    }
    let Ok(zset) = e.read_zset(call.arg(1)) else { return };
    let Some(zset) = zset.filter(|_| count != 0) else { return e.reply.array(0) };
    match usize::try_from(count) {
        Ok(count) => some_of(e, &zset, count, scores),
        Err(_) => any_of(e, &zset, count.unsigned_abs(), scores),
    }
}

/// So many, each one chosen anew.
fn any_of(e: &mut Engine, zset: &ZSet, count: u64, scores: bool) {
    // Small ones are walked from an end each time: better look at them once.
    let all: Vec<_> =
        if zset.encoding() == "listpack" { zset.iter().collect() } else { Vec::new() };
    announce(&mut e.reply, usize::try_from(count).unwrap_or(usize::MAX), scores);
    for step in 0..count {
        if e.gives_up(step) {
            return;
        }
        let rank = e.rng.below(zset.len() as u64) as usize;
        let known = all.get(rank).copied();
        if let Some((name, score)) = known.or_else(|| zset.pairs(rank..rank + 1, false).next()) {
            pair(&mut e.reply, name, score, scores);
        }
    }
}

/// So many different ones, or all there are.
fn some_of(e: &mut Engine, zset: &ZSet, count: usize, scores: bool) {
    let len = zset.len();
    let count = count.min(len);
    announce(&mut e.reply, count, scores);
    if count.saturating_mul(3) > len {
        // Every one is taken or not, with the chance that makes all choices equally likely.
        let mut wanted = count;
        for (at, (name, score)) in zset.iter().enumerate() {
            if e.rng.below((len - at) as u64) < wanted as u64 {
                wanted -= 1;
                pair(&mut e.reply, name, score, scores);
            }
        }
        return;
    }
    // Floyd's way: as many draws as members are asked for, whatever was drawn before.
    let mut ranks = BTreeSet::new();
    for top in len - count..len {
        let drawn = e.rng.below(top as u64 + 1) as usize;
        if !ranks.insert(drawn) {
            ranks.insert(top);
        }
    }
    for rank in ranks {
        for (name, score) in zset.pairs(rank..rank + 1, false) {
            pair(&mut e.reply, name, score, scores);
        }
    }
}
