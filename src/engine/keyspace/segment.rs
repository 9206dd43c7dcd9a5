//! A few dozen neighbours in hash space: what a write copies while a snapshot holds it.

use super::hasher::HASH_BITS;
use super::table::Item;

/// A segment splits before it takes one entry more than this.
pub(super) const SEGMENT_MAX: usize = 64;

/// All entries whose hashes lie in one range, in the order of their hashes.
///
/// The order is what makes SCAN's cursor a plain position; the search is binary over the hashes
/// alone, so that it touches an entry only to compare the key.
#[derive(Clone, Debug)]
pub struct Segment<T> {
    /// How many top bits all its hashes share.
    pub(super) depth: u32,
    /// The smallest hash of its range.
    pub(super) first: u64,
    pub(super) hashes: Vec<u64>,
    pub(super) entries: Vec<T>,
}

impl<T: Item> Segment<T> {
    pub(super) fn new(depth: u32, first: u64) -> Segment<T> {
        Segment { depth, first, hashes: Vec::new(), entries: Vec::new() }
    }

    /// Its entries, in the order of their hashes.
    pub fn entries(&self) -> &[T] {
        &self.entries
    }

    /// Bytes that a copy of it takes; values and names stay shared.
    pub(super) fn bytes(&self) -> usize {
        size_of::<Segment<T>>() + self.entries.len() * (size_of::<T>() + size_of::<u64>())
    }

    /// One past the largest hash of its range.
    pub(super) fn end(&self) -> u64 {
        self.first + (1 << (HASH_BITS - self.depth))
    }

    /// Where the key is (`Ok`) or belongs (`Err`).
    pub(super) fn find(&self, hash: u64, key: &[u8]) -> Result<usize, usize> {
        let mut at = self.position(hash);
        while at < self.hashes.len() && self.hashes[at] == hash {
            if self.entries[at].name() == key {
                return Ok(at);
            }
            at += 1;
        }
        Err(at)
    }

    /// Index of the first entry whose hash is not below `hash`.
    pub(super) fn position(&self, hash: u64) -> usize {
        self.hashes.partition_point(|h| *h < hash)
    }

    pub(super) fn insert_at(&mut self, at: usize, hash: u64, entry: T) {
        self.hashes.insert(at, hash);
        self.entries.insert(at, entry);
    }

    pub(super) fn remove_at(&mut self, at: usize) -> T {
        self.hashes.remove(at);
        self.entries.remove(at)
    }

    /// Gives the upper half of the range away; both halves are one level deeper.
    pub(super) fn split(&mut self) -> Segment<T> {
        self.depth += 1;
        let mut upper = Segment::new(self.depth, self.end());
        let at = self.position(upper.first);
        upper.hashes = self.hashes.split_off(at);
        upper.entries = self.entries.split_off(at);
        upper
    }

    /// Takes the neighbour above back in.
    pub(super) fn merge(&mut self, mut upper: Segment<T>) {
        debug_assert_eq!((self.depth, self.end()), (upper.depth, upper.first));
        self.depth -= 1;
        self.hashes.append(&mut upper.hashes);
        self.entries.append(&mut upper.entries);
    }
}
