//! A member of a zset: its bytes, in one allocation that the order, the table and every snapshot
//! share.

use std::sync::Arc;

/// The bytes of a member. A clone shares them.
#[derive(Clone, Debug)]
pub struct Member(Arc<[u8]>);

impl Member {
    /// The member of these bytes.
    pub fn new(bytes: &[u8]) -> Member {
        Member(bytes.into())
    }

    /// The bytes.
    #[inline]
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// What the allocation costs, with what an allocator adds.
    pub fn heap_bytes(len: usize) -> usize {
        (len + 16 + 8).next_multiple_of(16)
    }
}
