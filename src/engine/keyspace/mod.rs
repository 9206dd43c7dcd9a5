//! The keys of one instance.
//!
//! In: keys, values, expiry times. Out: the same, in hash order, by cursor, by chance, or frozen
//! in a [`Snapshot`]. Never here: clients, replies, the clock, propagation, the RDB format.
//!
//! A database is an extendible hash table over small segments, each behind an `Arc`. A snapshot
//! clones the lists of them; the first write to a segment that a snapshot still holds copies that
//! segment alone. That is all there is to a point-in-time save without fork.

mod db;
mod entry;
mod expiries;
mod hasher;
mod segment;
mod snapshot;
mod table;
mod text;
mod value;

#[cfg(test)]
mod tests;

pub use db::{Db, Key};
pub use entry::{Entry, NEW_COUNTER};
pub use hasher::HashSeed;
pub use segment::Segment;
pub use snapshot::{Snapshot, SnapshotDb};
pub use table::{Item, Table};
pub use text::Text;
pub use value::{EMBSTR_MAX, Value};

use std::sync::Arc;

/// All databases of one instance.
#[derive(Debug)]
pub struct Keyspace {
    dbs: Vec<Db>,
    seed: HashSeed,
}

impl Keyspace {
    /// So many empty databases; `seed` keys the hash function.
    pub fn new(databases: usize, seed: u64) -> Keyspace {
        let seed = HashSeed::new(seed);
        Keyspace { dbs: (0..databases).map(|_| Db::new(seed)).collect(), seed }
    }

    /// An empty keyspace like this one: what a load fills before it takes this one's place.
    pub fn empty_like(&self) -> Keyspace {
        Keyspace { dbs: self.dbs.iter().map(|_| Db::new(self.seed)).collect(), seed: self.seed }
    }

    /// What keys the hash functions, those of large values too.
    pub fn seed(&self) -> HashSeed {
        self.seed
    }

    /// How many databases there are.
    pub fn databases(&self) -> usize {
        self.dbs.len()
    }

    /// Database number `index`, which must be below [`Keyspace::databases`].
    pub fn db(&self, index: usize) -> &Db {
        &self.dbs[index]
    }

    /// Database number `index`, to be changed.
    pub fn db_mut(&mut self, index: usize) -> &mut Db {
        &mut self.dbs[index]
    }

    /// Lets two databases change places.
    pub fn swap(&mut self, a: usize, b: usize) {
        self.dbs.swap(a, b);
    }

    /// Keys of all databases.
    pub fn keys_total(&self) -> u64 {
        self.dbs.iter().map(|db| db.len() as u64).sum()
    }

    /// Bytes that all databases use: an estimate, never a walk over the keys.
    pub fn used_bytes(&self) -> usize {
        self.dbs.iter().map(Db::used_bytes).sum()
    }

    /// Freezes the present state.
    pub fn snapshot(&self) -> Snapshot {
        let full = self.dbs.iter().enumerate().filter(|(_, db)| !db.is_empty());
        Snapshot::new(
            full.map(|(index, db)| SnapshotDb {
                index,
                keys: db.len() as u64,
                expires: db.expires_len() as u64,
                segments: db.segments().to_vec(),
            })
            .collect(),
        )
    }

    /// Bytes copied so far because a snapshot still held them: the price of copy-on-write.
    pub fn copied_bytes(&self) -> u64 {
        self.dbs.iter().map(Db::copied_bytes).sum()
    }

    /// How many segments a snapshot still shares with the live side, and how many there are.
    pub fn shared_segments(&self) -> (usize, usize) {
        let all = || self.dbs.iter().flat_map(Db::segments);
        (all().filter(|s| Arc::strong_count(s) > 1).count(), all().count())
    }
}
