//! ZRANGE in all its forms and its older names, and ZRANGESTORE.

use super::support::SYNTAX;
use super::zset_bounds::{NO_LEX_RANGE, NO_SCORE_RANGE, announce, pair, ranks};
use crate::engine::Engine;
use crate::engine::call::flags::{DENYOOM, READONLY, WRITE};
use crate::engine::call::{Call, CommandSpec, Group, KeySpec, acl};
use crate::engine::notify::class;
use crate::engine::types::ZSet;
use crate::engine::types::zset::{Add, LexRange, ScoreRange};
use std::ops::Range;

const KEYS: &[KeySpec] = &[KeySpec::range("RO access", 1, 0, 1)];

const fn reader(
    name: &'static str,
    handler: fn(&mut Engine, &Call<'_>),
    since: &'static str,
) -> CommandSpec {
    CommandSpec::new(name, -4, handler, Group::SortedSet, since)
        .flags(READONLY)
        .acl(acl::SORTEDSET)
        .keys(KEYS)
}

pub(super) const SPECS: &[CommandSpec] = &[
    reader("zrange", zrange, "1.2.0"),
    reader("zrevrange", zrevrange, "1.2.0"),
    reader("zrangebyscore", zrangebyscore, "1.0.5"),
    reader("zrevrangebyscore", zrevrangebyscore, "2.2.0"),
    reader("zrangebylex", zrangebylex, "2.8.9"),
    reader("zrevrangebylex", zrevrangebylex, "2.8.9"),
    CommandSpec::new("zrangestore", -5, zrangestore, Group::SortedSet, "6.2.0")
        .flags(WRITE | DENYOOM)
        .acl(acl::SORTEDSET)
        .keys(&[KeySpec::range("OW update", 1, 0, 1), KeySpec::range("RO access", 2, 0, 1)]),
];

/// By what a range is given.
#[derive(Clone, Copy, PartialEq, Eq)]
enum By {
    Rank,
    Score,
    Lex,
}

/// The ends of a range, read.
enum Ends<'a> {
    Rank(i64, i64),
    Score(ScoreRange),
    Lex(LexRange<'a>),
}

/// What a command asks for.
struct Asked<'a> {
    ends: Ends<'a>,
    down: bool,
    scores: bool,
    offset: i64,
    /// Negative: all.
    limit: i64,
}

fn zrange(e: &mut Engine, call: &Call<'_>) {
    show(e, call, None, None);
}

fn zrevrange(e: &mut Engine, call: &Call<'_>) {
    show(e, call, Some(By::Rank), Some(true));
}

fn zrangebyscore(e: &mut Engine, call: &Call<'_>) {
    show(e, call, Some(By::Score), Some(false));
}

fn zrevrangebyscore(e: &mut Engine, call: &Call<'_>) {
    show(e, call, Some(By::Score), Some(true));
}

fn zrangebylex(e: &mut Engine, call: &Call<'_>) {
    show(e, call, Some(By::Lex), Some(false));
}

fn zrevrangebylex(e: &mut Engine, call: &Call<'_>) {
    show(e, call, Some(By::Lex), Some(true));
}

/// Replies with a range. `by` and `down`: what the command's name says already.
fn show(e: &mut Engine, call: &Call<'_>, by: Option<By>, down: Option<bool>) {
    let Some(asked) = read(e, call, 1, by, down) else { return };
    let _ = e.reading::<ZSet, _>(call.arg(1), |zset, reply| {
        let Some(zset) = zset else { return reply.array(0) };
        let pairs = zset.pairs(asked.ranks(zset), asked.down);
        announce(reply, pairs.size_hint().0, asked.scores);
        for (member, score) in pairs {
            pair(reply, member, score, asked.scores);
        }
    });
}

fn zrangestore(e: &mut Engine, call: &Call<'_>) {
    let Some(asked) = read(e, call, 2, None, None) else { return };
    let Ok(source) = e.read_zset(call.arg(2)) else { return };
    let limits = e.zset_limits();
    let mut stored = ZSet::default();
    if let Some(zset) = source {
        let ranks = asked.ranks(&zset);
        // Only a range of ranks is known to be too long for a listpack before it is written.
        if matches!(asked.ends, Ends::Rank(..)) && ranks.len() > limits.entries {
            stored = ZSet::sorted(&limits);
        }
        let mut room = itoa::Buffer::new();
        for (member, score) in zset.pairs(ranks, asked.down) {
            let _ = stored.add(member.text(&mut room), score, Add::default(), &limits);
        }
    }
    e.store_zset(call.arg(1), stored, "zrangestore");
}

/// Reads options and ends; the error was replied if there is none. The key is word `key`.
fn read<'a>(
    e: &mut Engine,
    call: &Call<'a>,
    key: usize,
    mut by: Option<By>,
    mut down: Option<bool>,
) -> Option<Asked<'a>> {
    let store = key > 1;
    let (fixed_by, fixed_down) = (by.is_some(), down.is_some());
    let (mut scores, mut offset, mut limit) = (false, 0, -1);
    let mut at = key + 3;
    while at < call.args.len() {
        if !store && call.is(at, "withscores") {
            scores = true;
        } else if call.is(at, "limit") && at + 2 < call.args.len() {
            offset = e.int_arg(call.arg(at + 1))?;
            limit = e.int_arg(call.arg(at + 2))?;
            at += 2;
        } else if !fixed_down && down.is_none() && call.is(at, "rev") {
            down = Some(true);
        } else if !fixed_by && by.is_none() && call.is(at, "bylex") {
            by = Some(By::Lex);
        } else if !fixed_by && by.is_none() && call.is(at, "byscore") {
            by = Some(By::Score);
        } else {
            e.reply.error(SYNTAX);
            return None;
        }
        at += 1;
    }
    let (by, down) = (by.unwrap_or(By::Rank), down.unwrap_or(false));
    if limit != -1 && by == By::Rank {
        e.reply.error(
            "ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX",
        );
        return None;
    }
    if scores && by == By::Lex {
        e.reply.error("ERR syntax error, WITHSCORES not supported in combination with BYLEX");
        return None;
    }
    let (mut min, mut max) = (call.arg(key + 1), call.arg(key + 2));
    if down && by != By::Rank {
        (min, max) = (max, min);
    }
    let ends = match by {
        By::Rank => Ends::Rank(e.int_arg(min)?, e.int_arg(max)?),
        By::Score => match ScoreRange::parse(min, max) {
            Some(range) => Ends::Score(range),
            None => {
                e.reply.error(NO_SCORE_RANGE);
                return None;
            }
        },
        By::Lex => match LexRange::parse(min, max) {
            Some(range) => Ends::Lex(range),
            None => {
                e.reply.error(NO_LEX_RANGE);
                return None;
            }
        },
    };
    Some(Asked { ends, down, scores, offset, limit })
}

impl Asked<'_> {
    /// The ranks of what is asked for.
    fn ranks(&self, zset: &ZSet) -> Range<usize> {
        let found = match &self.ends {
            Ends::Rank(start, end) => {
                let len = zset.len();
                let ranks = ranks(*start, *end, len);
                return if self.down { len - ranks.end..len - ranks.start } else { ranks };
            }
            Ends::Score(range) => zset.ranks_by_score(range),
            Ends::Lex(range) => zset.ranks_by_lex(range, self.down),
        };
        // A negative offset is never passed.
        let Ok(offset) = usize::try_from(self.offset) else { return 0..0 };
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let left = found.len().saturating_sub(offset);
        let taken = left.min(limit);
        if taken == 0 {
            return 0..0;
        }
        match self.down {
            false => found.start + offset..found.start + offset + taken,
            true => found.end - offset - taken..found.end - offset,
        }
    }
}

impl Engine {
    /// Stores a zset under `key`, whatever stood there, and replies how many members it has; if it is
    /// empty the key goes.
    pub(super) fn store_zset(&mut self, key: &[u8], zset: ZSet, event: &str) {
        if zset.is_empty() {
            if self.delete_key(key) {
                self.notify(class::GENERIC, "del", self.db, key);
            }
            return self.reply.int(0);
        }
        self.reply.int(zset.len() as i64);
        self.create(key, zset);
        self.notify(class::ZSET, event, self.db, key);
        self.touched(key);
    }
}
