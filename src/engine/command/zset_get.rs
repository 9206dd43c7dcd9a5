//! Reading single facts: ZCARD, ZSCORE, ZMSCORE, ZRANK, ZREVRANK, ZCOUNT, ZLEXCOUNT.

use super::zset_bounds::{NO_LEX_RANGE, NO_SCORE_RANGE};
use crate::engine::Engine;
use crate::engine::call::flags::{FAST, READONLY};
use crate::engine::call::{Call, CommandSpec, Group, KeySpec, acl};
use crate::engine::types::ZSet;
use crate::engine::types::zset::{LexRange, ScoreRange};

const KEYS: &[KeySpec] = &[KeySpec::range("RO access", 1, 0, 1)];

pub(super) const SPECS: &[CommandSpec] = &[
    CommandSpec::new("zcard", 2, zcard, Group::SortedSet, "1.2.0")
        .flags(READONLY | FAST)
        .acl(acl::SORTEDSET)
        .keys(&[KeySpec::range("RO", 1, 0, 1)]),
    CommandSpec::new("zscore", 3, zscore, Group::SortedSet, "1.2.0")
        .flags(READONLY | FAST)
        .acl(acl::SORTEDSET)
        .keys(KEYS),
    CommandSpec::new("zmscore", -3, zmscore, Group::SortedSet, "6.2.0")
        .flags(READONLY | FAST)
        .acl(acl::SORTEDSET)
        .keys(KEYS),
    CommandSpec::new("zrank", 3, zrank, Group::SortedSet, "2.0.0")
        .flags(READONLY | FAST)
        .acl(acl::SORTEDSET)
        .keys(KEYS),
    CommandSpec::new("zrevrank", 3, zrevrank, Group::SortedSet, "2.0.0")
        .flags(READONLY | FAST)
        .acl(acl::SORTEDSET)
        .keys(KEYS),
    CommandSpec::new("zcount", 4, zcount, Group::SortedSet, "2.0.0")
        .flags(READONLY | FAST)
        .acl(acl::SORTEDSET)
        .keys(KEYS),
    CommandSpec::new("zlexcount", 4, zlexcount, Group::SortedSet, "2.8.9")
        .flags(READONLY | FAST)
        .acl(acl::SORTEDSET)
        .keys(KEYS),
];

fn zcard(e: &mut Engine, call: &Call<'_>) {
    count(e, call, ZSet::len);
}

fn zcount(e: &mut Engine, call: &Call<'_>) {
    let Some(range) = ScoreRange::parse(call.arg(2), call.arg(3)) else {
        return e.reply.error(NO_SCORE_RANGE);
    };
    count(e, call, |zset| zset.ranks_by_score(&range).len());
}

fn zlexcount(e: &mut Engine, call: &Call<'_>) {
    let Some(range) = LexRange::parse(call.arg(2), call.arg(3)) else {
        return e.reply.error(NO_LEX_RANGE);
    };
    count(e, call, |zset| zset.ranks_by_lex(&range, false).len());
}

/// Replies a number; 0 where there is no key.
fn count(e: &mut Engine, call: &Call<'_>, of: impl FnOnce(&ZSet) -> usize) {
    let _ = e.reading::<ZSet, _>(call.arg(1), |zset, reply| reply.int(zset.map_or(0, of) as i64));
}

fn zscore(e: &mut Engine, call: &Call<'_>) {
    let _ = e.reading::<ZSet, _>(call.arg(1), |zset, reply| {
        match zset.and_then(|z| z.score(call.arg(2))) {
            Some(score) => reply.double(score),
            None => reply.null(),
        }
    });
}

fn zmscore(e: &mut Engine, call: &Call<'_>) {
    let members = call.args.get(2..).unwrap_or_default();
    let _ = e.reading::<ZSet, _>(call.arg(1), |zset, reply| {
        reply.array(members.len());
        for member in members {
            match zset.and_then(|z| z.score(member)) {
                Some(score) => reply.double(score),
                None => reply.null(),
            }
        }
    });
}

fn zrank(e: &mut Engine, call: &Call<'_>) {
    rank(e, call, false);
}

fn zrevrank(e: &mut Engine, call: &Call<'_>) {
    rank(e, call, true);
}

fn rank(e: &mut Engine, call: &Call<'_>, down: bool) {
    let _ = e.reading::<ZSet, _>(call.arg(1), |zset, reply| {
        let rank = zset.and_then(|z| {
            let rank = z.rank(call.arg(2))?;
            Some(if down { z.len() - 1 - rank } else { rank })
        });
        match rank {
            Some(rank) => reply.int(rank as i64),
            None => reply.null(),
        }
    });
}
