//! Changes of a zset: ZADD's rules, removal, popping.

use super::sorted::Sorted;
use super::{Held, ZSet, ZSetLimits, packed};
use crate::wire::listpack::Listpack;
use std::ops::Range;

/// What ZADD may do with a pair. All `false`: add it, or set the score.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Add {
    /// The score is added to the one that is there.
    pub incr: bool,
    /// Only if the member is not there.
    pub nx: bool,
    /// Only if it is there.
    pub xx: bool,
    /// Not if it is there and the score would not grow.
    pub gt: bool,
    /// Not if it is there and the score would not fall.
    pub lt: bool,
}

impl Add {
    /// The score that takes the place of `now`; `None`: the flags forbid it.
    fn next(&self, now: f64, score: f64) -> Result<Option<f64>, NotANumber> {
        if self.nx {
            return Ok(None);
        }
        let next = if self.incr { now + score } else { score };
        if next.is_nan() {
            return Err(NotANumber);
        }
        let forbidden = (self.lt && next >= now) || (self.gt && next <= now);
        Ok((!forbidden).then_some(next))
    }
}

/// What became of a pair.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Added {
    /// The member is new.
    New(f64),
    /// The member has another score now.
    Changed(f64),
    /// The member had this very score.
    Same(f64),
    /// The flags forbade it.
    Nothing,
}

/// The sum of the two infinities.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotANumber;

impl ZSet {
    /// Adds a pair, or changes a score, as the flags say. `score` is no NaN.
    pub fn add(
        &mut self,
        member: &[u8],
        score: f64,
        how: Add,
        limits: &ZSetLimits,
    ) -> Result<Added, NotANumber> {
        if let Held::Packed(pack) = &mut self.held {
            if let Some((pos, now)) = packed::find(pack, member) {
                let Some(next) = how.next(now, score)? else { return Ok(Added::Nothing) };
                if next == now {
                    return Ok(Added::Same(next));
                }
                packed::remove(pack, pos);
                packed::insert(pack, member, next);
                return Ok(Added::Changed(next));
            }
            if how.xx {
                return Ok(Added::Nothing);
            }
            let fits = pack.len() / 2 < limits.entries
                && member.len() <= limits.value
                && pack.safe_to_add(member.len());
            if fits {
                packed::insert(pack, member, score);
                return Ok(Added::New(score));
            }
            self.sort(limits);
        }
        let Held::Sorted(sorted) = &mut self.held else { unreachable!("sorted above") };
        match sorted.score(member) {
            Some(now) => {
                let Some(next) = how.next(now, score)? else { return Ok(Added::Nothing) };
                if next == now {
                    return Ok(Added::Same(next));
                }
                sorted.change_score(member, next);
                Ok(Added::Changed(next))
            }
            None if how.xx => Ok(Added::Nothing),
            None => {
                sorted.insert_new(member, score);
                Ok(Added::New(score))
            }
        }
    }

    /// Turns a listpack into a tree and a table (SORT does that too). A member that stands twice in a crafted listpack
    /// goes in once.
    pub fn sort(&mut self, limits: &ZSetLimits) {
        let Held::Packed(pack) = &self.held else { return };
        let mut sorted = Box::new(Sorted::new(limits.seed));
        let mut room = itoa::Buffer::new();
        for (member, score) in packed::pairs(pack) {
            sorted.insert(member.text(&mut room), score);
        }
        self.held = Held::Sorted(sorted);
    }

    /// Takes a member out; whether it was there.
    pub fn remove(&mut self, member: &[u8]) -> bool {
        match &mut self.held {
            Held::Packed(pack) => match packed::find(pack, member) {
                Some((pos, _)) => {
                    packed::remove(pack, pos);
                    true
                }
                None => false,
            },
            Held::Sorted(sorted) => sorted.remove(member),
        }
    }

    /// Takes out the pairs of these ranks; how many they were.
    pub fn remove_ranks(&mut self, ranks: Range<usize>) -> usize {
        let (start, end) = (ranks.start, ranks.end.min(self.len()));
        let count = end.saturating_sub(start);
        if count == 0 {
            return 0;
        }
        if count == self.len() {
            match &mut self.held {
                Held::Packed(pack) => *pack = Listpack::new(),
                Held::Sorted(sorted) => sorted.clear(),
            }
            return count;
        }
        match &mut self.held {
            Held::Packed(pack) => {
                pack.remove_range(2 * start, 2 * count);
            }
            Held::Sorted(sorted) => {
                for _ in 0..count {
                    sorted.remove_at(start);
                }
            }
        }
        count
    }

    /// Takes out the pair of the least score, or of the greatest; it is shown first.
    pub fn pop<R>(&mut self, greatest: bool, show: impl FnOnce(&[u8], f64) -> R) -> Option<R> {
        let rank = if greatest { self.len().checked_sub(1)? } else { 0 };
        match &mut self.held {
            Held::Packed(pack) => {
                let mut room = itoa::Buffer::new();
                let member = pack.get(2 * rank)?;
                let score = packed::score_of(pack.get(2 * rank + 1)?);
                let shown = show(member.text(&mut room), score);
                pack.remove_range(2 * rank, 2);
                Some(shown)
            }
            Held::Sorted(sorted) => {
                let gone = sorted.remove_at(rank)?;
                Some(show(gone.member.bytes(), gone.score))
            }
        }
    }
}
