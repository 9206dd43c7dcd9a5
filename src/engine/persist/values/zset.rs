//! Sorted sets: members with their scores one by one, or packed.

use super::packed::{self, Names};
use super::{Bad, FOREIGN};
use crate::engine::keyspace::Value;
use crate::engine::types::zset::Sorted;
use crate::engine::types::{Container, ZSet, ZSetLimits};
use crate::wire::listpack::Listpack;
use crate::wire::rdb::{Packed, Part, Text};

const NAMES: Names = Names {
    listpack: Bad("Zset listpack integrity check failed."),
    ziplist: Bad("Zset ziplist integrity check failed."),
    zipmap: FOREIGN,
};
const TWICE: Bad = Bad("Duplicate zset fields detected");

/// A sorted set that is being loaded.
#[derive(Debug)]
pub struct ZSetBuilder {
    found: Found,
    limits: ZSetLimits,
    sanitize: bool,
}

#[derive(Debug)]
enum Found {
    /// So few that a listpack may hold them: they are put in order at the end.
    Few(Vec<(Vec<u8>, f64)>),
    /// Too many for that: each goes to its place as it comes.
    Many(Box<Sorted>),
    Whole(ZSet),
}

impl ZSetBuilder {
    pub(super) fn new(count: u64, limits: ZSetLimits, sanitize: bool) -> ZSetBuilder {
        let many = usize::try_from(count).map_or(true, |count| count > limits.entries);
        let found = match many {
            true => Found::Many(Box::new(Sorted::new(limits.seed))),
            false => Found::Few(Vec::new()),
        };
        ZSetBuilder { found, limits, sanitize }
    }

    pub(super) fn part(&mut self, part: Part<Text<'_>>) -> Result<(), Bad> {
        match part {
            Part::Scored(_, score) if score.is_nan() => Err(Bad("Zset with NAN score detected")),
            Part::Scored(member, score) => match &mut self.found {
                Found::Few(pairs) => {
                    pairs.push((member.to_vec(), score));
                    Ok(())
                }
                Found::Many(sorted) => match member.with(|member| sorted.insert(member, score)) {
                    true => Ok(()),
                    false => Err(TWICE),
                },
                Found::Whole(_) => Err(FOREIGN),
            },
            Part::Packed(how, blob) => {
                let pack = packed::listpack(how, blob, &NAMES)?;
                let bad = if how == Packed::Listpack { NAMES.listpack } else { NAMES.ziplist };
                self.take(how, pack, bad)
            }
            _ => Err(FOREIGN),
        }
    }

    fn take(&mut self, how: Packed, pack: Listpack, bad: Bad) -> Result<(), Bad> {
        if !pack.len().is_multiple_of(2) {
            return Err(bad);
        }
        let large = pack.len() / 2 > self.limits.entries;
        if !large && (self.sanitize || how != Packed::Listpack) && !packed::is_map(&pack) {
            return Err(bad);
        }
        let packed = ZSet::from_packed(pack);
        if packed.iter().any(|(_, score)| score.is_nan()) {
            return Err(bad);
        }
        if !large {
            self.found = Found::Whole(packed);
            return Ok(());
        }
        let mut sorted = Box::new(Sorted::new(self.limits.seed));
        let mut room = itoa::Buffer::new();
        for (member, score) in packed.iter() {
            if !sorted.insert(member.text(&mut room), score) {
                return Err(bad);
            }
        }
        self.found = Found::Many(sorted);
        Ok(())
    }

    pub(super) fn end(self) -> Result<Option<Value>, Bad> {
        let zset = match self.found {
            Found::Few(pairs) => match ZSet::from_pairs(pairs, &self.limits) {
                (zset, true) => zset,
                (_, false) => return Err(TWICE),
            },
            Found::Many(sorted) => ZSet::from_sorted(sorted),
            Found::Whole(zset) => zset,
        };
        Ok((!zset.is_empty()).then(|| zset.into_value()))
    }
}
