//! Hashes: fields with their values one by one, or packed.

use super::packed::{self, Names};
use super::{Bad, FOREIGN};
use crate::engine::keyspace::Value;
use crate::engine::types::{Container, Hash, HashLimits};
use crate::wire::listpack::Listpack;
use crate::wire::rdb::{Packed, Part, Text};

const NAMES: Names = Names {
    listpack: Bad("Hash listpack integrity check failed."),
    ziplist: Bad("Hash ziplist integrity check failed."),
    zipmap: Bad("Zipmap integrity check failed."),
};

/// A hash that is being loaded.
#[derive(Debug)]
pub struct HashBuilder {
    hash: Hash,
    limits: HashLimits,
    sanitize: bool,
}

impl HashBuilder {
    pub(super) fn new(count: u64, limits: HashLimits, sanitize: bool) -> HashBuilder {
        let len = usize::try_from(count).unwrap_or(usize::MAX);
        HashBuilder { hash: Hash::for_len(len, &limits), limits, sanitize }
    }

    pub(super) fn part(&mut self, part: Part<Text<'_>>) -> Result<(), Bad> {
        match part {
            Part::Pair(field, value) => {
                field.with(|field| value.with(|value| self.set(field, value)))
            }
            Part::Packed(how, blob) => {
                let pack = packed::listpack(how, blob, &NAMES)?;
                self.take(how, pack)
            }
            _ => Err(FOREIGN),
        }
    }

    fn set(&mut self, field: &[u8], value: &[u8]) -> Result<(), Bad> {
        match self.hash.set(field, value, &self.limits) {
            true => Ok(()),
            false => Err(Bad("Duplicate hash fields detected")),
        }
    }

    fn take(&mut self, how: Packed, pack: Listpack) -> Result<(), Bad> {
        let bad = match how {
            Packed::Listpack => NAMES.listpack,
            Packed::Ziplist => NAMES.ziplist,
            _ => Bad("Hash zipmap with dup elements, or big length"),
        };
        if how == Packed::Zipmap && pack.is_empty() {
            return Err(NAMES.zipmap);
        }
        if !pack.len().is_multiple_of(2) {
            return Err(bad);
        }
        // A zipmap is a hash of long ago: the length of its words counts as well as their number.
        let long = |pack: &Listpack| pack.iter().any(|e| e.text_len() > self.limits.value_bytes);
        let large = pack.len() / 2 > self.limits.entries || how == Packed::Zipmap && long(&pack);
        if large {
            self.hash = Hash::for_len(usize::MAX, &self.limits);
            let (mut field, mut value) = (itoa::Buffer::new(), itoa::Buffer::new());
            let mut entries = pack.iter();
            while let (Some(f), Some(v)) = (entries.next(), entries.next()) {
                self.set(f.text(&mut field), v.text(&mut value)).map_err(|_| bad)?;
            }
            return Ok(());
        }
        // What comes from an old file is converted anyway, and looked at on the way.
        if (self.sanitize || how != Packed::Listpack) && !packed::is_map(&pack) {
            return Err(bad);
        }
        self.hash = Hash::from_packed(pack, &self.limits);
        Ok(())
    }

    pub(super) fn end(self) -> Result<Option<Value>, Bad> {
        Ok((!self.hash.is_empty()).then(|| self.hash.into_value()))
    }
}
