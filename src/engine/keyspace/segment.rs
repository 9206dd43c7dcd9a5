//! A few dozen neighbours in hash space: what a write copies while a snapshot holds it.

use super::hasher::HASH_BITS;
use super::table::Item;

/// A segment splits before it takes one entry more than this.
pub(super) const SEGMENT_MAX: usize = 64;

/// Places that a full segment grows by: doubling would leave a third of all places empty.
const GROWTH: usize = 8;

/// All entries whose hashes lie in one range, in the order of their hashes.
///
/// The order is what makes SCAN's cursor a plain position. It also tells about where a hash lies,
/// for hashes are spread evenly: a search looks at a few places around there, and at an entry only
/// to compare the name.
#[derive(Clone, Debug)]
pub struct Segment<T> {
    /// How many top bits all its hashes share.
    pub(super) depth: u32,
    /// The smallest hash of its range.
    pub(super) first: u64,
    slots: Vec<Slot<T>>,
}

#[derive(Clone, Debug)]
struct Slot<T> {
    hash: u32,
    item: T,
}

impl<T: Item> Segment<T> {
    pub(super) fn new(depth: u32, first: u64) -> Segment<T> {
        Segment { depth, first, slots: Vec::new() }
    }

    /// Its entries, in the order of their hashes.
    pub fn entries(&self) -> impl ExactSizeIterator<Item = &T> + Clone {
        self.slots.iter().map(|slot| &slot.item)
    }

    /// The same, to be used up.
    pub(super) fn into_entries(self) -> impl Iterator<Item = T> {
        self.slots.into_iter().map(|slot| slot.item)
    }

    /// How many entries it holds.
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// The entry at this place, in the order of their hashes.
    pub fn get(&self, at: usize) -> Option<&T> {
        self.slots.get(at).map(|slot| &slot.item)
    }

    /// The entry at a place that was found.
    pub(super) fn at(&self, at: usize) -> &T {
        &self.slots[at].item
    }

    pub(super) fn at_mut(&mut self, at: usize) -> &mut T {
        &mut self.slots[at].item
    }

    pub(super) fn hash_at(&self, at: usize) -> u64 {
        u64::from(self.slots[at].hash)
    }

    /// Bytes that a copy of it takes; what the entries hold stays shared.
    pub(super) fn bytes(&self) -> usize {
        size_of::<Segment<T>>() + self.slots.len() * size_of::<Slot<T>>()
    }

    /// One past the largest hash of its range.
    pub(super) fn end(&self) -> u64 {
        self.first + (1 << (HASH_BITS - self.depth))
    }

    /// Where the key is (`Ok`) or belongs (`Err`).
    #[inline]
    pub(super) fn find(&self, hash: u64, key: &[u8]) -> Result<usize, usize> {
        let mut at = self.position(hash);
        while let Some(slot) = self.slots.get(at)
            && u64::from(slot.hash) == hash
        {
            if slot.item.name() == key {
                return Ok(at);
            }
            at += 1;
        }
        Err(at)
    }

    /// Index of the first entry whose hash is not below `hash`, which lies in the range or behind it.
    #[inline]
    pub(super) fn position(&self, hash: u64) -> usize {
        let n = self.slots.len();
        if n > 2 * SEGMENT_MAX {
            // Only names that were made for it fill a segment like this: nothing is even here.
            return self.slots.partition_point(|slot| u64::from(slot.hash) < hash);
        }
        // Below 2^32 times 2^7: no product overflows.
        let guess = ((hash - self.first) * n as u64) >> (HASH_BITS - self.depth);
        let mut at = (guess as usize).min(n);
        while at > 0 && u64::from(self.slots[at - 1].hash) >= hash {
            at -= 1;
        }
        while at < n && u64::from(self.slots[at].hash) < hash {
            at += 1;
        }
        at
    }

    pub(super) fn insert_at(&mut self, at: usize, hash: u64, item: T) {
        if self.slots.len() == self.slots.capacity() {
            self.slots.reserve_exact(GROWTH.min(1 + self.slots.len()));
        }
        self.slots.insert(at, Slot { hash: hash as u32, item });
    }

    pub(super) fn remove_at(&mut self, at: usize) -> T {
        let item = self.slots.remove(at).item;
        if self.slots.capacity() > self.slots.len() + 3 * GROWTH {
            self.slots.shrink_to(self.slots.len() + GROWTH);
        }
        item
    }

    /// Gives the upper half of the range away; both halves are one level deeper.
    pub(super) fn split(&mut self) -> Segment<T> {
        let at = self.position(self.first + (1 << (HASH_BITS - self.depth - 1)));
        self.depth += 1;
        let mut upper = Segment::new(self.depth, self.end());
        upper.slots = self.slots.split_off(at);
        self.slots.shrink_to(self.slots.len() + GROWTH);
        upper
    }

    /// Takes the neighbour above back in.
    pub(super) fn merge(&mut self, mut upper: Segment<T>) {
        debug_assert_eq!((self.depth, self.end()), (upper.depth, upper.first));
        self.depth -= 1;
        self.slots.reserve_exact(upper.slots.len());
        self.slots.append(&mut upper.slots);
    }

    #[cfg(test)]
    pub(super) fn hashes(&self) -> impl ExactSizeIterator<Item = u64> + Clone {
        self.slots.iter().map(|slot| u64::from(slot.hash))
    }
}
