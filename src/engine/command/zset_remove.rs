//! Members taken out: ZREM, and ZREMRANGEBYRANK, -SCORE, -LEX.

use super::zset_bounds::{NO_LEX_RANGE, NO_SCORE_RANGE, ranks};
use crate::engine::Engine;
use crate::engine::call::flags::{FAST, WRITE};
use crate::engine::call::{Call, CommandSpec, Group, KeySpec, acl};
use crate::engine::notify::class;
use crate::engine::types::ZSet;
use crate::engine::types::zset::{LexRange, ScoreRange};
use std::ops::Range;

const KEYS: &[KeySpec] = &[KeySpec::range("RW delete", 1, 0, 1)];

pub(super) const SPECS: &[CommandSpec] = &[
    CommandSpec::new("zrem", -3, zrem, Group::SortedSet, "1.2.0")
        .flags(WRITE | FAST)
        .acl(acl::SORTEDSET)
        .keys(KEYS),
    CommandSpec::new("zremrangebyrank", 4, zremrangebyrank, Group::SortedSet, "2.0.0")
        .flags(WRITE)
        .acl(acl::SORTEDSET)
        .keys(KEYS),
    CommandSpec::new("zremrangebyscore", 4, zremrangebyscore, Group::SortedSet, "1.2.0")
        .flags(WRITE)
        .acl(acl::SORTEDSET)
        .keys(KEYS),
    CommandSpec::new("zremrangebylex", 4, zremrangebylex, Group::SortedSet, "2.8.9")
        .flags(WRITE)
        .acl(acl::SORTEDSET)
        .keys(KEYS),
];

fn zrem(e: &mut Engine, call: &Call<'_>) {
    let members = call.args.get(2..).unwrap_or_default();
    remove(e, call.arg(1), "zrem", |zset| {
        members.iter().filter(|m| !zset.is_empty() && zset.remove(m)).count()
    });
}

fn zremrangebyrank(e: &mut Engine, call: &Call<'_>) {
    let Some(start) = e.int_arg(call.arg(2)) else { return };
    let Some(end) = e.int_arg(call.arg(3)) else { return };
    remove_ranks(e, call.arg(1), "zremrangebyrank", |zset| ranks(start, end, zset.len()));
}

fn zremrangebyscore(e: &mut Engine, call: &Call<'_>) {
    let Some(range) = ScoreRange::parse(call.arg(2), call.arg(3)) else {
        return e.reply.error(NO_SCORE_RANGE);
    };
    remove_ranks(e, call.arg(1), "zremrangebyscore", |zset| zset.ranks_by_score(&range));
}

fn zremrangebylex(e: &mut Engine, call: &Call<'_>) {
    let Some(range) = LexRange::parse(call.arg(2), call.arg(3)) else {
        return e.reply.error(NO_LEX_RANGE);
    };
    remove_ranks(e, call.arg(1), "zremrangebylex", |zset| zset.ranks_by_lex(&range, false));
}

fn remove_ranks(e: &mut Engine, key: &[u8], event: &str, which: impl Fn(&ZSet) -> Range<usize>) {
    remove(e, key, event, |zset| {
        let ranks = which(zset);
        zset.remove_ranks(ranks)
    });
}

/// Lets `take` take members out, and replies how many these were.
fn remove(e: &mut Engine, key: &[u8], event: &str, take: impl FnOnce(&mut ZSet) -> usize) {
    let Ok(found) = e.writing::<ZSet, _>(key, |zset| (take(zset), zset.is_empty())) else { return };
    let (gone, empty) = found.unwrap_or_default();
    if gone > 0 {
        e.notify(class::ZSET, event, e.db, key);
        if empty {
            e.remove_if_empty::<ZSet>(key);
            e.notify(class::GENERIC, "del", e.db, key);
        }
        e.touched(key);
        e.dirty += gone as u64 - 1;
    }
    e.reply.int(gone as i64);
}
