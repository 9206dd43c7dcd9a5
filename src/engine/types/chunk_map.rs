//! An ordered map whose copies share what they have in common.
//!
//! The pairs lie sorted in chunks of a few hundred, each behind an `Arc`. A copy of the map (for a
//! snapshot) copies the list of chunks; a write to it afterwards copies one chunk.

use std::borrow::Borrow;
use std::sync::Arc;

/// Pairs in a chunk, at most.
const CHUNK: usize = 256;
/// Neighbours that have become so small together are joined.
const JOIN: usize = CHUNK / 2;

/// A sorted map. Looking up and changing cost two binary searches, walking costs nothing more.
#[derive(Clone, Debug)]
pub struct ChunkMap<K, V> {
    /// None of them is empty.
    chunks: Vec<Chunk<K, V>>,
    len: usize,
}

#[derive(Clone, Debug)]
struct Chunk<K, V> {
    /// Not above the first key: enough to find the way, without a look into the chunk.
    from: K,
    items: Arc<Vec<(K, V)>>,
}

/// A place: the chunk, and the pair in it. The end is `(chunks.len(), 0)`.
type At = (usize, usize);

impl<K, V> Default for ChunkMap<K, V> {
    fn default() -> ChunkMap<K, V> {
        ChunkMap { chunks: Vec::new(), len: 0 }
    }
}

impl<K: Ord + Clone, V: Clone> ChunkMap<K, V> {
    /// How many pairs it holds.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Bytes that the map itself takes (what keys and values point to is not known here).
    pub fn heap_bytes(&self) -> usize {
        self.chunks.len() * (size_of::<Chunk<K, V>>() + 56) + self.len * size_of::<(K, V)>()
    }

    /// The value under `key`.
    pub fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        let (chunk, found) = self.find(key)?;
        found.ok().map(|i| &self.chunks[chunk].items[i].1)
    }

    /// The value under `key`, to be changed; the pairs around it are copied if they are shared.
    pub fn get_mut<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        let (chunk, found) = self.find(key)?;
        let i = found.ok()?;
        self.chunks[chunk].own().get_mut(i).map(|(_, value)| value)
    }

    /// The key as it is stored (to share it).
    pub fn key<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&K>
    where
        K: Borrow<Q>,
    {
        let (chunk, found) = self.find(key)?;
        found.ok().map(|i| &self.chunks[chunk].items[i].0)
    }

    /// The pair with the smallest key.
    pub fn first(&self) -> Option<(&K, &V)> {
        self.iter().next()
    }

    /// The pair with the greatest key.
    pub fn last(&self) -> Option<(&K, &V)> {
        self.iter().next_back()
    }

    /// The greatest key's value, to be changed.
    pub fn last_mut(&mut self) -> Option<&mut V> {
        self.chunks.last_mut()?.own().last_mut().map(|(_, value)| value)
    }

    /// Puts a value under `key`; what stood there comes back.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        let Some((mut at, found)) = self.find(&key) else {
            self.chunks.push(Chunk::new(key.clone(), vec![(key, value)]));
            self.len = 1;
            return None;
        };
        let mut i = match found {
            Ok(i) => return Some(std::mem::replace(&mut self.chunks[at].own()[i].1, value)),
            Err(i) => i,
        };
        self.len += 1;
        if self.chunks[at].items.len() >= CHUNK {
            if i == CHUNK && at + 1 == self.chunks.len() {
                // Keys that come in order leave full chunks behind.
                self.chunks.push(Chunk::new(key.clone(), vec![(key, value)]));
                return None;
            }
            let upper = self.chunks[at].own().split_off(CHUNK / 2);
            self.chunks.insert(at + 1, Chunk::new(upper[0].0.clone(), upper));
            if i > CHUNK / 2 {
                (at, i) = (at + 1, i - CHUNK / 2);
            }
        }
        let chunk = &mut self.chunks[at];
        if key < chunk.from {
            chunk.from = key.clone();
        }
        chunk.own().insert(i, (key, value));
        None
    }

    /// Takes out what is under `key`.
    pub fn remove<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        let (at, found) = self.find(key)?;
        let i = found.ok()?;
        let items = self.chunks[at].own();
        let (_, value) = items.remove(i);
        self.len -= 1;
        if items.is_empty() {
            self.chunks.remove(at);
        } else if items.len() < JOIN / 2 {
            self.join(at);
        }
        Some(value)
    }

    /// Joins a chunk that has become small with its neighbour, if that is small too.
    fn join(&mut self, at: usize) {
        let lower = if at + 1 < self.chunks.len() { at } else { at.saturating_sub(1) };
        let fits = |c: &[Chunk<K, V>]| c[0].items.len() + c[1].items.len() <= JOIN;
        if self.chunks.get(lower..lower + 2).is_some_and(fits) {
            let upper = self.chunks.remove(lower + 1);
            self.chunks[lower].own().extend(upper.items.iter().cloned());
        }
    }

    /// All pairs in order.
    pub fn iter(&self) -> Iter<'_, K, V> {
        Iter { chunks: &self.chunks, front: (0, 0), back: (self.chunks.len(), 0) }
    }

    /// The pairs whose keys are not below `key`.
    pub fn iter_from<Q: Ord + ?Sized>(&self, key: &Q) -> Iter<'_, K, V>
    where
        K: Borrow<Q>,
    {
        Iter { front: self.not_below(key), ..self.iter() }
    }

    /// The pairs from the greatest key not above `key` on; all if there is no such key.
    pub fn iter_from_floor<Q: Ord + ?Sized>(&self, key: &Q) -> Iter<'_, K, V>
    where
        K: Borrow<Q>,
    {
        let mut below = self.iter_to(key);
        let front = if below.next_back().is_some() { below.back } else { (0, 0) };
        Iter { front, ..self.iter() }
    }

    /// The pairs whose keys are not above `key`.
    pub fn iter_to<Q: Ord + ?Sized>(&self, key: &Q) -> Iter<'_, K, V>
    where
        K: Borrow<Q>,
    {
        let back = match self.find(key) {
            None => (0, 0),
            Some((chunk, Ok(i))) => self.place((chunk, i + 1)),
            Some((chunk, Err(i))) => self.place((chunk, i)),
        };
        Iter { back, ..self.iter() }
    }

    fn not_below<Q: Ord + ?Sized>(&self, key: &Q) -> At
    where
        K: Borrow<Q>,
    {
        match self.find(key) {
            None => (0, 0),
            Some((chunk, Ok(i) | Err(i))) => self.place((chunk, i)),
        }
    }

    /// The chunk where `key` is or belongs, and its place there; `None` if the map is empty.
    fn find<Q: Ord + ?Sized>(&self, key: &Q) -> Option<(usize, Result<usize, usize>)>
    where
        K: Borrow<Q>,
    {
        let chunk = self.chunks.partition_point(|c| c.from.borrow() <= key).saturating_sub(1);
        let items = &self.chunks.get(chunk)?.items;
        // Most keys are new and the greatest.
        if items.last().is_some_and(|(last, _)| last.borrow() < key) {
            return Some((chunk, Err(items.len())));
        }
        Some((chunk, items.binary_search_by(|(k, _)| k.borrow().cmp(key))))
    }

    /// The end of a chunk is the beginning of the next.
    fn place(&self, (chunk, i): At) -> At {
        if i == self.chunks[chunk].items.len() { (chunk + 1, 0) } else { (chunk, i) }
    }
}

impl<K: Clone, V: Clone> Chunk<K, V> {
    fn new(from: K, items: Vec<(K, V)>) -> Chunk<K, V> {
        Chunk { from, items: Arc::new(items) }
    }

    /// The pairs, to be changed: copied first if a copy of the map shares them.
    fn own(&mut self) -> &mut Vec<(K, V)> {
        if Arc::get_mut(&mut self.items).is_none() {
            let mut copy = Vec::with_capacity(CHUNK.min(self.items.len() + CHUNK / 8));
            copy.extend(self.items.iter().cloned());
            self.items = Arc::new(copy);
        }
        Arc::make_mut(&mut self.items)
    }
}

/// Pairs in order; see [`ChunkMap::iter`].
#[derive(Debug)]
pub struct Iter<'a, K, V> {
    chunks: &'a [Chunk<K, V>],
    front: At,
    /// Behind the last pair.
    back: At,
}

impl<K, V> Clone for Iter<'_, K, V> {
    fn clone(&self) -> Self {
        Iter { chunks: self.chunks, front: self.front, back: self.back }
    }
}

impl<'a, K, V> Iterator for Iter<'a, K, V> {
    type Item = (&'a K, &'a V);

    fn next(&mut self) -> Option<(&'a K, &'a V)> {
        if self.front >= self.back {
            return None;
        }
        let (chunk, i) = self.front;
        let items = &self.chunks.get(chunk)?.items;
        let (key, value) = items.get(i)?;
        self.front = if i + 1 == items.len() { (chunk + 1, 0) } else { (chunk, i + 1) };
        Some((key, value))
    }
}

impl<'a, K, V> DoubleEndedIterator for Iter<'a, K, V> {
    fn next_back(&mut self) -> Option<(&'a K, &'a V)> {
        if self.front >= self.back {
            return None;
        }
        let (chunk, i) = match self.back {
            (chunk, 0) => (chunk - 1, self.chunks.get(chunk - 1)?.items.len()),
            at => at,
        };
        self.back = (chunk, i - 1);
        self.chunks[chunk].items.get(i - 1).map(|(key, value)| (key, value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    /// The same steps on both, many times.
    #[test]
    fn it_is_a_btreemap_for_those_who_look() {
        let mut state = 0x1234_5678_9abc_def0u64;
        let mut random = move |below: u64| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state % below
        };
        let (mut map, mut model) = (ChunkMap::default(), BTreeMap::new());
        let mut copies = Vec::new();
        for step in 0..30_000u64 {
            // It grows, shrinks to nothing, and grows again.
            let grow = if step / 7_000 % 2 == 0 { 8 } else { 2 };
            let key = random(6_000);
            if random(10) < grow {
                assert_eq!(map.insert(key, step), model.insert(key, step));
            } else {
                let key = model.range(key..).next().map_or(key, |(k, _)| *k);
                assert_eq!(map.remove(&key), model.remove(&key));
            }
            if let Some(value) = map.get_mut(&random(6_000)) {
                *value += 0;
            }
            assert_eq!(map.len(), model.len());
            if step % 500 == 0 {
                let key = random(6_000);
                assert!(map.iter().eq(model.iter()));
                assert!(map.iter().rev().eq(model.iter().rev()));
                assert!(map.iter_from(&key).eq(model.range(key..)));
                assert!(map.iter_to(&key).rev().eq(model.range(..=key).rev()));
                let floor = model.range(..=key).next_back().map_or(0, |(k, _)| *k);
                assert!(map.iter_from_floor(&key).eq(model.range(floor..)));
                assert_eq!((map.first(), map.last()), (model.iter().next(), model.iter().last()));
                assert_eq!(map.get(&key), model.get(&key));
                copies.push((map.clone(), model.clone()));
            }
        }
        for (map, model) in &copies {
            assert!(map.iter().eq(model.iter()), "a copy stays as it was");
        }
    }

    #[test]
    fn keys_in_order_fill_their_chunks() {
        let mut map = ChunkMap::default();
        (0..1024).for_each(|i| assert_eq!(map.insert(i, ()), None));
        assert_eq!(map.chunks.len(), 4);
        (0..1023).for_each(|i| assert_eq!(map.remove(&i), Some(())));
        assert_eq!((map.chunks.len(), map.len()), (1, 1));
    }
}
