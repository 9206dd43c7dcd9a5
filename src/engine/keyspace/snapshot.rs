//! The keyspace as it was at one moment, for an encoder on any thread.

use super::entry::Entry;
use super::segment::Segment;
use std::sync::Arc;

/// A frozen view. Making one copies the lists of segments and nothing else; the live side copies a
/// segment when it first writes to it.
#[derive(Debug, Default)]
pub struct Snapshot {
    dbs: Vec<SnapshotDb>,
    keys: u64,
}

/// One database that was not empty.
#[derive(Debug)]
pub struct SnapshotDb {
    pub index: usize,
    pub keys: u64,
    pub expires: u64,
    /// In no particular order. Whoever is done with one should drop it: the live side need not
    /// copy it any more then.
    pub segments: Vec<Arc<Segment<Entry>>>,
}

impl Snapshot {
    pub(super) fn new(dbs: Vec<SnapshotDb>) -> Snapshot {
        let keys = dbs.iter().map(|db| db.keys).sum();
        Snapshot { dbs, keys }
    }

    /// How many keys it holds.
    pub fn keys_total(&self) -> u64 {
        self.keys
    }

    /// The databases that were not empty, by number.
    pub fn dbs(&self) -> &[SnapshotDb] {
        &self.dbs
    }

    /// The databases, to be used up.
    pub fn into_dbs(self) -> Vec<SnapshotDb> {
        self.dbs
    }
}
