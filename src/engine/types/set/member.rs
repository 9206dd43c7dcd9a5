//! One member of a set, as a table keeps it.

use crate::engine::keyspace::Item;
use crate::wire::listpack::Entry as Elem;
use std::sync::Arc;

/// A member in a table: one allocation, shared with every snapshot that holds it.
#[derive(Clone, Debug)]
pub struct Member(Arc<[u8]>);

impl Member {
    pub(super) fn new(bytes: &[u8]) -> Member {
        Member(bytes.into())
    }

    /// The member's bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// The member as all are shown.
    pub fn elem(&self) -> Elem<'_> {
        Elem::Str(&self.0)
    }

    /// What it costs: its place in the table, and its allocation (two counts and the bytes).
    pub(super) fn cost(&self) -> usize {
        size_of::<Member>() + size_of::<u64>() + (16 + self.0.len()).next_multiple_of(16)
    }
}

impl Item for Member {
    fn name(&self) -> &[u8] {
        &self.0
    }
}
