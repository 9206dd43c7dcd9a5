//! One field of a hash with its value, as a table keeps them.

use crate::engine::keyspace::Item;
use std::sync::Arc;

/// Bytes in front of the field: its length.
const LEN: usize = 4;

/// A field and its value in one allocation, shared with every snapshot that holds it: the field's
/// length (`u32`), the field, the value.
#[derive(Clone, Debug)]
pub struct Pair(Arc<[u8]>);

impl Pair {
    pub(super) fn new(field: &[u8], value: &[u8]) -> Pair {
        // No argument and no string of a file is longer than a `u32` can say.
        let len = (field.len() as u32).to_le_bytes();
        Pair([&len, field, value].concat().into())
    }

    fn split(&self) -> (&[u8], &[u8]) {
        let (len, rest) = self.0.split_at(LEN);
        let len = len.try_into().map_or(0, u32::from_le_bytes) as usize;
        rest.split_at(len.min(rest.len()))
    }

    /// The field's name.
    pub fn field(&self) -> &[u8] {
        self.split().0
    }

    /// Its value.
    pub fn value(&self) -> &[u8] {
        self.split().1
    }

    /// What it costs: its place in the table, and its allocation (two counts and the bytes).
    pub(super) fn cost(&self) -> usize {
        size_of::<Pair>() + size_of::<u64>() + (16 + self.0.len()).next_multiple_of(16)
    }
}

impl Item for Pair {
    fn name(&self) -> &[u8] {
        self.field()
    }
}
