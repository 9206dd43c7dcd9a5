//! The value of a key of type zset.
//!
//! In: members with scores, and the limits that choose the encoding. Out: the pairs in order, by
//! rank, by score, by member, by chance. Never here: keys, clients, configuration.
//!
//! A small zset is a listpack in the very bytes that Redis keeps. One member too many, or one too
//! long, turns it into a tree (the order, with ranks) and a table (the score of each member); both
//! share the members' bytes. Nothing turns it back but a *STORE that makes it anew.

mod change;
mod member;
mod packed;
mod range;
mod sorted;
#[cfg(test)]
mod tests;
mod tree;

pub use change::{Add, Added, NotANumber};
pub use member::Member;
pub use range::{LexBound, LexRange, ScoreRange};
pub use sorted::{Scored, Sorted};
pub use tree::Elem as Pair;

use super::{Container, preview};
use crate::engine::keyspace::{HashSeed, Value};
use crate::wire::listpack::{self, Entry, Listpack};
use std::ops::Range;
use std::sync::Arc;

/// What decides between the encodings.
#[derive(Clone, Copy, Debug)]
pub struct ZSetLimits {
    /// zset-max-listpack-entries.
    pub entries: usize,
    /// zset-max-listpack-value: bytes.
    pub value: usize,
    /// Keys the hash function of a table.
    pub seed: HashSeed,
}

/// A zset.
#[derive(Clone, Debug)]
pub struct ZSet {
    held: Held,
}

#[derive(Clone, Debug)]
enum Held {
    Packed(Listpack),
    Sorted(Box<Sorted>),
}

/// How the pairs are kept, for those who write them out.
#[derive(Debug)]
pub enum ZSetRepr<'a> {
    /// Member, score, member, score, in order.
    Packed(&'a Listpack),
    /// [`Sorted::iter_from`] walks the pairs from any rank.
    Sorted(&'a Sorted),
}

impl Default for ZSet {
    /// An empty listpack.
    fn default() -> ZSet {
        ZSet { held: Held::Packed(Listpack::new()) }
    }
}

impl ZSet {
    /// An empty one in the form for large ones.
    pub fn sorted(limits: &ZSetLimits) -> ZSet {
        ZSet { held: Held::Sorted(Box::new(Sorted::new(limits.seed))) }
    }

    /// An empty zset whose first member is going to be so long: ZADD's choice of an encoding.
    pub fn for_member(len: usize, limits: &ZSetLimits) -> ZSet {
        if limits.entries == 0 || len > limits.value {
            return ZSet::sorted(limits);
        }
        ZSet::default()
    }

    /// The zset of a listpack as Redis keeps it. Nothing is checked: its pairs must be in order, and
    /// no member there twice. It stays a listpack whatever the limits say, until it grows.
    pub fn from_packed(pack: Listpack) -> ZSet {
        ZSet { held: Held::Packed(pack) }
    }

    /// The zset of pairs that are too many for a listpack, or too long.
    pub fn from_sorted(sorted: Box<Sorted>) -> ZSet {
        ZSet { held: Held::Sorted(sorted) }
    }

    /// The zset of these pairs, in whatever order: a listpack if the limits allow one. Of a member
    /// that comes twice the first counts; `false` tells that there was one, or a score that is NaN.
    pub fn from_pairs<M: AsRef<[u8]>>(
        mut pairs: Vec<(M, f64)>,
        limits: &ZSetLimits,
    ) -> (ZSet, bool) {
        let before = pairs.len();
        pairs.retain(|(_, score)| !score.is_nan());
        let order = |a: &(M, f64), b: &(M, f64)| {
            a.1.partial_cmp(&b.1)
                .unwrap_or(std::cmp::Ordering::Equal)
                .then_with(|| a.0.as_ref().cmp(b.0.as_ref()))
        };
        if !pairs.is_sorted_by(|a, b| order(a, b).is_le()) {
            pairs.sort_by(order);
        }
        let packed = pairs.len() <= limits.entries
            && pairs.iter().all(|(member, _)| member.as_ref().len() <= limits.value);
        if packed {
            let mut pack = Listpack::new();
            for (member, score) in &pairs {
                if pack.is_empty() || packed::find(&pack, member.as_ref()).is_none() {
                    packed::push(&mut pack, member.as_ref(), *score);
                }
            }
            let whole = pack.len() / 2 == before;
            return (ZSet { held: Held::Packed(pack) }, whole);
        }
        let mut sorted = Box::new(Sorted::new(limits.seed));
        for (member, score) in &pairs {
            sorted.insert(member.as_ref(), *score);
        }
        let whole = sorted.len() == before;
        (ZSet { held: Held::Sorted(sorted) }, whole)
    }

    /// How it is kept.
    pub fn repr(&self) -> ZSetRepr<'_> {
        match &self.held {
            Held::Packed(pack) => ZSetRepr::Packed(pack),
            Held::Sorted(sorted) => ZSetRepr::Sorted(sorted),
        }
    }

    /// OBJECT ENCODING's word.
    pub fn encoding(&self) -> &'static str {
        match self.held {
            Held::Packed(_) => "listpack",
            Held::Sorted(_) => "skiplist",
        }
    }

    /// How many members it has.
    pub fn len(&self) -> usize {
        match &self.held {
            Held::Packed(pack) => pack.len() / 2,
            Held::Sorted(sorted) => sorted.len(),
        }
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The score of a member.
    pub fn score(&self, member: &[u8]) -> Option<f64> {
        match &self.held {
            Held::Packed(pack) => packed::find(pack, member).map(|(_, score)| score),
            Held::Sorted(sorted) => sorted.score(member),
        }
    }

    /// How many pairs stand before this member's.
    pub fn rank(&self, member: &[u8]) -> Option<usize> {
        match &self.held {
            Held::Packed(pack) => packed::rank(pack, member),
            Held::Sorted(sorted) => sorted.rank(member),
        }
    }

    /// The ranks of all pairs whose score lies in the range.
    pub fn ranks_by_score(&self, range: &ScoreRange) -> Range<usize> {
        if range.is_empty() {
            return 0..0;
        }
        match &self.held {
            Held::Packed(pack) => {
                let (mut start, mut end) = (0, 0);
                for (_, score) in packed::pairs(pack) {
                    start += usize::from(!range.above_min(score));
                    end += usize::from(range.below_max(score));
                }
                start..end.max(start)
            }
            Held::Sorted(sorted) => {
                let tree = sorted.tree();
                let start = tree.partition_point(|e| !range.above_min(e.score));
                let end = tree.partition_point(|e| range.below_max(e.score));
                start..end.max(start)
            }
        }
    }

    /// The ranks of all pairs whose member lies in the range. All scores should be equal; if they
    /// are not the answer means as little as it does in Redis, where it depends on the direction.
    pub fn ranks_by_lex(&self, range: &LexRange<'_>, down: bool) -> Range<usize> {
        if range.is_empty() {
            return 0..0;
        }
        match &self.held {
            Held::Packed(pack) => packed::ranks_by_lex(pack, range, down),
            Held::Sorted(sorted) => {
                let tree = sorted.tree();
                let start = tree.partition_point(|e| !range.above_min(e.member.bytes()));
                let end = tree.partition_point(|e| range.below_max(e.member.bytes()));
                start..end.max(start)
            }
        }
    }

    /// The pairs of these ranks, upwards or downwards.
    pub fn pairs(&self, ranks: Range<usize>, down: bool) -> Pairs<'_> {
        let len = self.len();
        let (start, end) = (ranks.start.min(len), ranks.end.min(len));
        let left = end.saturating_sub(start);
        let walk = match &self.held {
            _ if left == 0 => Walk::Packed(None, down),
            Held::Packed(pack) => {
                let first = if down { 2 * end - 1 } else { 2 * start };
                Walk::Packed(
                    pack.seek(first)
                        .map(|at| if down { pack.iter_to(at) } else { pack.iter_from(at) }),
                    down,
                )
            }
            Held::Sorted(sorted) if down => Walk::Sorted(sorted.tree().iter_down_from(end - 1)),
            Held::Sorted(sorted) => Walk::Sorted(sorted.tree().iter_from(start)),
        };
        Pairs { walk, left }
    }

    /// All pairs in order.
    pub fn iter(&self) -> Pairs<'_> {
        self.pairs(0..self.len(), false)
    }

    /// Shows `count` pairs from `cursor` on; the next cursor comes back, 0 at the end. A listpack is
    /// shown as a whole.
    pub fn scan<'a>(
        &'a self,
        cursor: u64,
        count: usize,
        mut show: impl FnMut(Entry<'a>, f64),
    ) -> u64 {
        match &self.held {
            Held::Packed(pack) => {
                packed::pairs(pack).for_each(|(member, score)| show(member, score));
                0
            }
            Held::Sorted(sorted) => sorted
                .table()
                .scan(cursor, count, |s| show(Entry::Str(s.member().bytes()), s.score())),
        }
    }

    /// A short line for those who look on: `3: a=1 b=2 c=3`.
    pub fn preview(&self) -> Vec<u8> {
        let pairs = self.pairs(0..preview::SHOWN, false).map(|(member, score)| {
            let mut room = itoa::Buffer::new();
            let mut text = Vec::new();
            preview::push(&mut text, member.text(&mut room));
            text.push(b'=');
            text.extend_from_slice(crate::wire::num::fmt_f64_17g(score).as_bytes());
            text
        });
        preview::line(self.len(), pairs)
    }
}

/// Pairs of a zset, one after the other.
#[derive(Clone, Debug)]
pub struct Pairs<'a> {
    walk: Walk<'a>,
    left: usize,
}

#[derive(Clone, Debug)]
enum Walk<'a> {
    Packed(Option<listpack::Iter<'a>>, bool),
    Sorted(tree::Iter<'a>),
}

impl<'a> Iterator for Pairs<'a> {
    type Item = (Entry<'a>, f64);

    fn next(&mut self) -> Option<(Entry<'a>, f64)> {
        self.left = self.left.checked_sub(1)?;
        match &mut self.walk {
            Walk::Packed(entries, false) => {
                let entries = entries.as_mut()?;
                Some((entries.next()?, packed::score_of(entries.next()?)))
            }
            Walk::Packed(entries, true) => {
                let entries = entries.as_mut()?;
                let score = packed::score_of(entries.next_back()?);
                Some((entries.next_back()?, score))
            }
            Walk::Sorted(pairs) => {
                pairs.next().map(|pair| (Entry::Str(pair.member.bytes()), pair.score))
            }
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl Container for ZSet {
    fn of(value: &Value) -> Option<&ZSet> {
        match value {
            Value::ZSet(v) => Some(v),
            _ => None,
        }
    }

    fn of_mut(value: &mut Value) -> Option<&mut ZSet> {
        match value {
            Value::ZSet(v) => Some(Arc::make_mut(v)),
            _ => None,
        }
    }

    fn into_value(self) -> Value {
        Value::ZSet(Arc::new(self))
    }

    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn heap_bytes(&self) -> usize {
        let held = match &self.held {
            Held::Packed(pack) => pack.heap_bytes(),
            Held::Sorted(sorted) => sorted.heap_bytes(),
        };
        size_of::<ZSet>() + 24 + held
    }
}
