//! The hash table: extendible hashing by the top bits over copy-on-write segments.
//!
//! A directory maps the top bits of a hash to a segment. A full segment splits alone, and doubling
//! the directory copies only numbers: no write ever pays for rehashing the rest. Because the bits
//! come from the top, walking the directory walks hash space in order.

use super::hasher::{HASH_BITS, HASH_END, HashSeed};
use super::segment::{SEGMENT_MAX, Segment};
use std::sync::Arc;

/// Two neighbours become one segment again when both together hold no more than this.
const MERGE_MAX: usize = SEGMENT_MAX * 3 / 8;

/// The directory grows to this many times the number of segments at most. Hashes that are not
/// spread (crafted keys) then make one segment long, instead of the directory endless.
const DIRECTORY_SLACK: usize = 64;

/// Names that are fetched together.
const FETCHED: usize = 32;

/// What a table holds: something with a name of its own, which never changes. A clone is cheap: it
/// shares what is large.
pub trait Item: Clone {
    /// The name that it is found under.
    fn name(&self) -> &[u8];
}

/// A hash table that can be cloned at the price of its frame: the segments are shared until one
/// side writes to one.
#[derive(Clone, Debug)]
pub struct Table<T> {
    seed: HashSeed,
    /// The number of top bits that index the directory.
    bits: u32,
    directory: Vec<u32>,
    segments: Vec<Arc<Segment<T>>>,
    /// How many segments there are of each depth: tells when the directory can be halved.
    at_depth: [u32; HASH_BITS as usize + 1],
    len: usize,
    /// Bytes of segments that were copied because a snapshot held them.
    copied: u64,
}

impl<T: Item> Table<T> {
    /// An empty table; `seed` keys the hash function.
    pub fn new(seed: HashSeed) -> Table<T> {
        let mut at_depth = [0; HASH_BITS as usize + 1];
        at_depth[0] = 1;
        let segments = vec![Arc::new(Segment::new(0, 0))];
        Table { seed, bits: 0, directory: vec![0], segments, at_depth, len: 0, copied: 0 }
    }

    /// What keys the hash function.
    pub fn seed(&self) -> HashSeed {
        self.seed
    }

    /// How many items it holds.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether it holds nothing.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The segments, in no particular order.
    pub fn segments(&self) -> &[Arc<Segment<T>>] {
        &self.segments
    }

    /// What the frame costs beyond the entries themselves.
    pub fn frame_bytes(&self) -> usize {
        self.directory.len() * 4 + self.segments.len() * (size_of::<Segment<T>>() + 24)
    }

    /// Lines about how the items are spread, for DEBUG HTSTATS.
    pub fn stats(&self, out: &mut String) {
        use std::fmt::Write;
        let longest = self.segments.iter().map(|segment| segment.len()).max().unwrap_or(0);
        let full = self.segments.iter().filter(|segment| !segment.is_empty()).count();
        let mean = self.len as f64 / full.max(1) as f64;
        // Writing to a String cannot fail.
        let _ = write!(
            out,
            "Hash table 0 stats (main hash table):\n table size: {}\n number of elements: {}\n \
             different slots: {full}\n max chain length: {longest}\n avg chain length (counted): \
             {mean:.2}\n",
            self.directory.len(),
            self.len,
        );
    }

    /// The item of this name.
    pub fn get(&self, key: &[u8]) -> Option<&T> {
        self.get_at(self.hash(key), key)
    }

    /// The entry, in a segment that no snapshot shares (copied first if one does).
    pub fn get_mut(&mut self, key: &[u8]) -> Option<&mut T> {
        self.get_mut_at(self.hash(key), key)
    }

    /// Puts an entry in; what stood under its key comes back.
    pub fn insert(&mut self, entry: T) -> Option<T> {
        let hash = self.hash(entry.name());
        match self.get_mut_at(hash, entry.name()) {
            Some(old) => Some(std::mem::replace(old, entry)),
            None => {
                self.insert_new(hash, entry);
                None
            }
        }
    }

    /// Parts the table evenly for so many items. Without it, items that come in the order of their
    /// hashes (a dump of the same table) would crowd into few segments.
    pub fn expect(&mut self, items: usize) {
        let wanted = items / (SEGMENT_MAX / 2);
        while self.segments.len() < wanted {
            for id in 0..self.segments.len() {
                if !self.split(id) {
                    return;
                }
            }
        }
    }

    /// Takes the item of this name out.
    pub fn remove(&mut self, key: &[u8]) -> Option<T> {
        self.remove_at(self.hash(key), key)
    }

    /// The hash of a name, for those who look it up more than once.
    pub(super) fn hash(&self, name: &[u8]) -> u64 {
        self.seed.hash(name)
    }

    #[inline]
    pub(super) fn get_at(&self, hash: u64, key: &[u8]) -> Option<&T> {
        let segment = self.segment_of(hash);
        segment.find(hash, key).ok().map(|at| segment.at(at))
    }

    #[inline]
    pub(super) fn get_mut_at(&mut self, hash: u64, key: &[u8]) -> Option<&mut T> {
        let id = self.id_of(hash);
        let at = self.segments[id].find(hash, key).ok()?;
        Some(self.own(id).at_mut(at))
    }

    /// Puts in what is known not to be there.
    pub(super) fn insert_new(&mut self, hash: u64, entry: T) {
        let mut id = self.id_of(hash);
        while self.segments[id].len() >= SEGMENT_MAX && self.split(id) {
            id = self.id_of(hash);
        }
        let segment = self.own(id);
        let at = segment.position(hash);
        segment.insert_at(at, hash, entry);
        self.len += 1;
    }

    pub(super) fn remove_at(&mut self, hash: u64, key: &[u8]) -> Option<T> {
        let id = self.id_of(hash);
        let at = self.segments[id].find(hash, key).ok()?;
        let entry = self.own(id).remove_at(at);
        self.len -= 1;
        self.merge(id);
        Some(entry)
    }

    /// Reads what a look-up of each of these names reads, step by step for all of them together:
    /// the processor waits for memory once a step, and not once a name.
    pub(super) fn fetch(&self, names: &[&[u8]]) {
        let mut read = 0;
        let mut hashes = [0; FETCHED];
        for names in names.chunks(FETCHED) {
            let hashes = &mut hashes[..names.len()];
            for (hash, name) in hashes.iter_mut().zip(names) {
                *hash = self.hash(name);
            }
            read += hashes.iter().map(|hash| self.segment_of(*hash).len()).sum::<usize>();
            let places = hashes.iter().map(|hash| self.segment_of(*hash).position(*hash));
            read += places.sum::<usize>();
            let items = hashes.iter().filter_map(|hash| self.with_hash(*hash).next());
            read += items.map(|item| item.name().len()).sum::<usize>();
        }
        // Without a use of what was read, nothing would be read.
        std::hint::black_box(read);
    }

    /// All items with this hash: one, unless chance has it.
    pub(super) fn with_hash(&self, hash: u64) -> impl Iterator<Item = &T> {
        let segment = self.segment_of(hash);
        let from = segment.position(hash);
        let places = (from..segment.len()).take_while(move |at| segment.hash_at(*at) == hash);
        places.map(|at| segment.at(at))
    }

    /// All entries, in the order of their hashes.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        let mut pos = 0;
        std::iter::from_fn(move || {
            (pos < HASH_END).then(|| {
                let segment = self.segment_of(pos);
                pos = segment.end();
                segment.entries()
            })
        })
        .flatten()
    }

    /// Shows `count` entries from position `cursor` on (more only if their hashes are equal, for a
    /// position lies between hashes, never inside one). The new position comes back, 0 at the end.
    ///
    /// A key that is there during a whole scan is shown exactly once: its hash never changes, and
    /// splitting or merging segments moves no hash.
    pub fn scan<'a>(&'a self, cursor: u64, count: usize, mut show: impl FnMut(&'a T)) -> u64 {
        let mut pos = cursor;
        let mut shown = 0;
        while pos < HASH_END {
            let segment = self.segment_of(pos);
            for at in segment.position(pos)..segment.len() {
                let hash = segment.hash_at(at);
                if shown >= count && hash != pos - 1 {
                    return hash;
                }
                show(segment.at(at));
                shown += 1;
                pos = hash + 1;
            }
            pos = segment.end();
            if shown >= count && pos < HASH_END {
                return pos;
            }
        }
        0
    }

    /// An entry chosen evenly; `random` yields 64 even bits.
    pub fn random(&self, random: &mut dyn FnMut() -> u64) -> Option<&T> {
        if self.len == 0 {
            return None;
        }
        // A place in a segment, taken or not, is as likely as any other; so is what is found.
        for _ in 0..256 {
            let r = random();
            let segment = &self.segments[((r >> 32) as usize) % self.segments.len()];
            let places = segment.len().max(SEGMENT_MAX);
            if let Some(entry) = segment.get((r & 0xffff_ffff) as usize % places) {
                return Some(entry);
            }
        }
        // Nearly empty: the next entry in hash order from anywhere, starting over at the end.
        let mut found = None;
        self.scan(random() % HASH_END, 1, |e| found = Some(e));
        found.or_else(|| self.iter().next())
    }

    /// Takes up to so many segments out and gives away what was in them, as far as nobody else
    /// holds it; the table is good for nothing else afterwards.
    pub fn drop_some(&mut self, segments: usize, drop: impl FnMut(T)) {
        let keep = self.segments.len().saturating_sub(segments);
        let dropped = self.segments.drain(keep..);
        let dropped = dropped.inspect(|segment| self.len -= segment.len());
        dropped.filter_map(Arc::into_inner).flat_map(Segment::into_entries).for_each(drop);
    }

    /// Bytes copied on write since the table was made.
    pub fn copied(&self) -> u64 {
        self.copied
    }

    /// A segment that no snapshot shares: copied first if one does.
    fn own(&mut self, id: usize) -> &mut Segment<T> {
        let segment = &mut self.segments[id];
        if Arc::strong_count(segment) > 1 {
            self.copied += segment.bytes() as u64;
        }
        Arc::make_mut(segment)
    }

    fn segment_of(&self, hash: u64) -> &Segment<T> {
        &self.segments[self.id_of(hash)]
    }

    fn id_of(&self, hash: u64) -> usize {
        self.directory[(hash >> (HASH_BITS - self.bits)) as usize] as usize
    }

    /// Splits a segment in two; `false` if it must grow instead.
    fn split(&mut self, id: usize) -> bool {
        let depth = self.segments[id].depth;
        if depth == self.bits {
            if depth == HASH_BITS || self.directory.len() > DIRECTORY_SLACK * self.segments.len() {
                return false;
            }
            self.directory = self.directory.iter().flat_map(|&id| [id, id]).collect();
            self.bits += 1;
        }
        let upper = self.own(id).split();
        self.at_depth[depth as usize] -= 1;
        self.at_depth[depth as usize + 1] += 2;
        self.segments.push(Arc::new(upper));
        self.point_at(self.segments.len() - 1);
        true
    }

    /// Joins a segment with its other half if both have become small.
    fn merge(&mut self, id: usize) {
        let segment = &self.segments[id];
        let (depth, first) = (segment.depth, segment.first);
        if depth == 0 || segment.len() > MERGE_MAX {
            return;
        }
        let other = self.id_of(first ^ (1 << (HASH_BITS - depth)));
        let together = segment.len() + self.segments[other].len();
        if self.segments[other].depth != depth || together > MERGE_MAX {
            return;
        }
        let (low, high) =
            if first < self.segments[other].first { (id, other) } else { (other, id) };
        let upper = std::mem::replace(&mut self.segments[high], Arc::new(Segment::new(0, 0)));
        self.own(low).merge(Arc::unwrap_or_clone(upper));
        self.at_depth[depth as usize] -= 2;
        self.at_depth[depth as usize - 1] += 1;
        self.point_at(low);
        // The last segment takes the freed number, so the numbers stay dense.
        self.segments.swap_remove(high);
        if high < self.segments.len() {
            self.point_at(high);
        }
        while self.bits > 0 && self.at_depth[self.bits as usize] == 0 {
            self.directory = self.directory.iter().copied().step_by(2).collect();
            self.bits -= 1;
        }
    }

    /// Lets all directory places of a segment's range point at it.
    fn point_at(&mut self, id: usize) {
        let (depth, first) = (self.segments[id].depth, self.segments[id].first);
        let start = (first >> (HASH_BITS - self.bits)) as usize;
        let places = 1usize << (self.bits - depth);
        self.directory[start..start + places].fill(id as u32);
    }

    /// The rules that every operation keeps.
    #[cfg(test)]
    pub fn check(&self) {
        assert_eq!(self.directory.len(), 1 << self.bits);
        let mut pos = 0;
        let (mut met, mut entries) = (0, 0);
        while pos < HASH_END {
            let s = self.segment_of(pos);
            assert_eq!(s.first, pos);
            assert!(s.depth <= self.bits);
            assert!(s.hashes().is_sorted());
            assert!(s.hashes().all(|h| (s.first..s.end()).contains(&h)));
            assert!(s.hashes().zip(s.entries()).all(|(h, e)| h == self.seed.hash(e.name())));
            met += 1;
            entries += s.len();
            pos = s.end();
        }
        assert_eq!((met, entries), (self.segments.len(), self.len));
        assert!(self.bits == 0 || self.at_depth[self.bits as usize] > 0);
    }
}
