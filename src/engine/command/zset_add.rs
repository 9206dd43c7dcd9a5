//! ZADD and ZINCRBY: members with scores, added or changed.

use super::support::{NOT_A_FLOAT, SYNTAX};
use crate::engine::Engine;
use crate::engine::call::flags::{DENYOOM, FAST, WRITE};
use crate::engine::call::{Call, CommandSpec, Group, KeySpec, acl};
use crate::engine::keys_typed::WrongType;
use crate::engine::notify::class;
use crate::engine::types::ZSet;
use crate::engine::types::zset::{Add, Added, NotANumber};
use crate::wire::num::parse_f64;

pub(super) const SPECS: &[CommandSpec] = &[
    CommandSpec::new("zadd", -4, zadd, Group::SortedSet, "1.2.0")
        .flags(WRITE | DENYOOM | FAST)
        .acl(acl::SORTEDSET)
        .keys(&[KeySpec::range("RW update", 1, 0, 1)]),
    CommandSpec::new("zincrby", 4, zincrby, Group::SortedSet, "1.2.0")
        .flags(WRITE | DENYOOM | FAST)
        .acl(acl::SORTEDSET)
        .keys(&[KeySpec::range("RW access update", 1, 0, 1)]),
];

/// What a ZADD did in all.
#[derive(Default)]
struct Sum {
    new: u64,
    changed: u64,
    /// The score of the last pair that was not passed over.
    score: Option<f64>,
}

fn zadd(e: &mut Engine, call: &Call<'_>) {
    let (mut how, mut ch) = (Add::default(), false);
    let mut at = 2;
    // A score is no option: most calls are through with one look.
    while let Some(word) =
        call.args.get(at).filter(|w| w[..].first().is_some_and(u8::is_ascii_alphabetic))
    {
        let flag = match () {
            () if word.eq_ignore_ascii_case(b"nx") => &mut how.nx,
            () if word.eq_ignore_ascii_case(b"xx") => &mut how.xx,
            () if word.eq_ignore_ascii_case(b"ch") => &mut ch,
            () if word.eq_ignore_ascii_case(b"incr") => &mut how.incr,
            () if word.eq_ignore_ascii_case(b"gt") => &mut how.gt,
            () if word.eq_ignore_ascii_case(b"lt") => &mut how.lt,
            () => break,
        };
        *flag = true;
        at += 1;
    }
    let pairs = call.args.get(at..).unwrap_or_default();
    if pairs.is_empty() || pairs.len() % 2 != 0 {
        return e.reply.error(SYNTAX);
    }
    if how.nx && how.xx {
        return e.reply.error("ERR XX and NX options at the same time are not compatible");
    }
    if (how.nx && (how.gt || how.lt)) || (how.gt && how.lt) {
        return e.reply.error("ERR GT, LT, and/or NX options at the same time are not compatible");
    }
    if how.incr && pairs.len() > 2 {
        return e.reply.error("ERR INCR option supports a single increment-element pair");
    }
    add(e, call.arg(1), pairs, how, ch);
}

fn zincrby(e: &mut Engine, call: &Call<'_>) {
    let how = Add { incr: true, ..Add::default() };
    add(e, call.arg(1), call.args.get(2..).unwrap_or_default(), how, false);
}

/// Adds the pairs (score, member, score, member) and replies: how many are new (or changed, too),
/// or the new score.
fn add(e: &mut Engine, key: &[u8], pairs: &[&[u8]], how: Add, ch: bool) {
    // All scores are read before anything is changed; one alone, as in most calls, needs no list.
    let mut scores: Vec<(f64, &[u8])> = Vec::new();
    let mut one = [(0.0, &b""[..])];
    for pair in pairs.chunks_exact(2) {
        let Some(score) = parse_f64(pair[0]) else { return e.reply.error(NOT_A_FLOAT) };
        match pairs.len() {
            2 => one[0] = (score, pair[1]),
            _ => scores.push((score, pair[1])),
        }
    }
    add_pairs(e, key, if pairs.len() == 2 { &one } else { &scores }, how, ch);
}

/// The same with scores that were read.
pub(super) fn add_pairs(e: &mut Engine, key: &[u8], scores: &[(f64, &[u8])], how: Add, ch: bool) {
    let Ok(result) = add_scored(e, key, scores, how) else { return };
    match result {
        Err(NotANumber) => e.reply.error("ERR resulting score is not a number (NaN)"),
        Ok(sum) if how.incr => match sum.score {
            Some(score) => e.reply.double(score),
            None => e.reply.null(),
        },
        Ok(sum) => e.reply.int((sum.new + if ch { sum.changed } else { 0 }) as i64),
    }
}

/// Adds the pairs and tells everybody; the outer error was replied.
fn add_scored(
    e: &mut Engine,
    key: &[u8],
    scores: &[(f64, &[u8])],
    how: Add,
) -> Result<Result<Sum, NotANumber>, WrongType> {
    let limits = e.zset_limits();
    let put = |zset: &mut ZSet| -> Result<Sum, NotANumber> {
        let mut sum = Sum::default();
        for (score, member) in scores {
            match zset.add(member, *score, how, &limits)? {
                Added::New(score) => {
                    sum.new += 1;
                    sum.score = Some(score);
                }
                Added::Changed(score) => {
                    sum.changed += 1;
                    sum.score = Some(score);
                }
                Added::Same(score) => sum.score = Some(score),
                Added::Nothing => {}
            }
        }
        Ok(sum)
    };
    let result = match e.writing::<ZSet, _>(key, put)? {
        Some(result) => result,
        None if how.xx => Ok(Sum::default()),
        None => {
            let mut zset = ZSet::for_member(scores.first().map_or(0, |(_, m)| m.len()), &limits);
            let result = put(&mut zset);
            if !zset.is_empty() {
                e.create(key, zset);
            }
            result
        }
    };
    if let Ok(sum) = &result
        && sum.new + sum.changed > 0
    {
        e.notify(class::ZSET, if how.incr { "zincr" } else { "zadd" }, e.db, key);
        e.touched(key);
        e.dirty += sum.new + sum.changed - 1;
    }
    Ok(result)
}
