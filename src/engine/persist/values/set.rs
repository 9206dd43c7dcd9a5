//! Sets: members one by one, or an intset.

use super::{Bad, FOREIGN};
use crate::engine::keyspace::Value;
use crate::engine::types::{Container, Set, SetLimits};
use crate::wire::intset::Intset;
use crate::wire::rdb::{Packed, Part, Text};

/// A set that is being loaded.
#[derive(Debug)]
pub struct SetBuilder {
    set: Set,
    limits: SetLimits,
}

impl SetBuilder {
    pub(super) fn new(count: u64, limits: SetLimits) -> SetBuilder {
        let len = usize::try_from(count).unwrap_or(usize::MAX);
        SetBuilder { set: Set::for_len(len, &limits), limits }
    }

    pub(super) fn part(&mut self, part: Part<Text<'_>>) -> Result<(), Bad> {
        match part {
            Part::Element(member) => {
                match member.with(|member| self.set.add(member, &self.limits)) {
                    true => Ok(()),
                    false => Err(Bad("Duplicate set members detected")),
                }
            }
            Part::Packed(Packed::Intset, blob) => {
                let bad = Bad("Intset integrity check failed.");
                let ints = Intset::from_bytes(blob.to_vec()).map_err(|_| bad)?;
                if ints.is_empty() {
                    return Err(bad);
                }
                self.set = Set::from_ints(ints, &self.limits);
                Ok(())
            }
            _ => Err(FOREIGN),
        }
    }

    pub(super) fn end(self) -> Result<Option<Value>, Bad> {
        Ok((!self.set.is_empty()).then(|| self.set.into_value()))
    }
}
