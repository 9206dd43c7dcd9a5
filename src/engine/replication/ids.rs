//! The identity of a history: which stream this instance extends, and which it extended before.

use crate::observe::ReplId;

/// replid, replid2 and the offset up to which both name the same bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ids {
    pub replid: ReplId,
    /// Zeros while there is none.
    pub replid2: ReplId,
    /// Requests under replid2 are served up to this offset; -1 while there is none.
    pub second_offset: i64,
}

impl Ids {
    /// A fresh history without a past.
    pub fn new(replid: ReplId) -> Ids {
        Ids { replid, replid2: ReplId::ZERO, second_offset: -1 }
    }

    /// The same history goes on under a new name: the old id stays good for everything up to and
    /// including the first byte after `offset`, where the two may part.
    pub fn shift(&mut self, replid: ReplId, offset: i64) {
        self.replid2 = self.replid;
        self.second_offset = offset + 1;
        self.replid = replid;
    }
}
