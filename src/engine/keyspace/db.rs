//! One database: the keys, their expiries in order, and what they cost.

use super::hasher::HashSeed;
use super::segment::{SEGMENT_MAX, Segment};
use super::table::Table;
use super::value::{Entry, Key, Value};
use std::collections::BTreeSet;
use std::sync::Arc;

/// One of an instance's databases. It knows no clock: what has expired is for the caller to judge.
#[derive(Debug)]
pub struct Db {
    table: Table<Entry>,
    /// Every key with an expiry, soonest first.
    expires: BTreeSet<(i64, Key)>,
    /// Sum of all expiry times, for the average that INFO shows.
    expire_sum: i128,
    /// Cost of all entries.
    entry_bytes: usize,
}

/// What an expiry costs in the ordered set (an estimate).
const EXPIRE_BYTES: usize = 40;

impl Db {
    pub(super) fn new(seed: HashSeed) -> Db {
        Db { table: Table::new(seed), expires: BTreeSet::new(), expire_sum: 0, entry_bytes: 0 }
    }

    /// How many keys it holds, logically expired ones included.
    pub fn len(&self) -> usize {
        self.table.len()
    }

    /// Whether it holds no key.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many of the keys have an expiry.
    pub fn expires_len(&self) -> usize {
        self.expires.len()
    }

    /// Mean of the remaining times to live in milliseconds; 0 if there are none.
    pub fn avg_ttl_ms(&self, now_ms: i64) -> i64 {
        if self.expires.is_empty() {
            return 0;
        }
        let mean = self.expire_sum / self.expires.len() as i128 - i128::from(now_ms);
        i64::try_from(mean.max(0)).unwrap_or(i64::MAX)
    }

    /// Bytes that the database uses: an estimate, kept as it changes.
    pub fn used_bytes(&self) -> usize {
        self.entry_bytes + self.expires.len() * EXPIRE_BYTES + self.table.frame_bytes()
    }

    /// Bytes that were copied because a snapshot still held them, ever.
    pub(super) fn copied_bytes(&self) -> u64 {
        self.table.copied()
    }

    /// The entry under `key`.
    pub fn get(&self, key: &[u8]) -> Option<&Entry> {
        self.table.get(key)
    }

    /// Stores a value under `key`, with this expiry or none; what stood there comes back.
    pub fn insert(
        &mut self,
        key: &[u8],
        value: Value,
        expire_at: Option<i64>,
        clock_s: u32,
    ) -> Option<Entry> {
        // The old name is kept when the key exists: one allocation less, and the expiry's copy of
        // it goes on sharing.
        if let Some(entry) = self.table.get_mut(key) {
            let name = Arc::clone(&entry.key);
            let old = std::mem::replace(entry, Entry::new(name, value, expire_at, clock_s));
            self.entry_bytes = self.entry_bytes + entry.cost() - old.cost();
            if old.expire_at != expire_at {
                let name = Arc::clone(&old.key);
                self.move_expire(name, old.expire_at, expire_at);
            }
            return Some(old);
        }
        let name: Key = key.into();
        let entry = Entry::new(Arc::clone(&name), value, expire_at, clock_s);
        self.entry_bytes += entry.cost();
        self.table.insert(entry);
        self.move_expire(name, None, expire_at);
        None
    }

    /// Changes a value in place.
    pub fn update<R>(&mut self, key: &[u8], change: impl FnOnce(&mut Value) -> R) -> Option<R> {
        let entry = self.table.get_mut(key)?;
        let before = entry.cost();
        let result = change(&mut entry.value);
        self.entry_bytes = self.entry_bytes + entry.cost() - before;
        Some(result)
    }

    /// Takes a key out.
    pub fn remove(&mut self, key: &[u8]) -> Option<Entry> {
        let entry = self.table.remove(key)?;
        self.entry_bytes -= entry.cost();
        self.move_expire(Arc::clone(&entry.key), entry.expire_at, None);
        Some(entry)
    }

    /// Sets or clears a key's expiry (Unix milliseconds); `false` if there is no such key.
    pub fn set_expire(&mut self, key: &[u8], expire_at: Option<i64>) -> bool {
        match self.table.get(key) {
            None => return false,
            Some(entry) if entry.expire_at == expire_at => return true,
            Some(_) => {}
        }
        if let Some(entry) = self.table.get_mut(key) {
            let old = std::mem::replace(&mut entry.expire_at, expire_at);
            let name = Arc::clone(&entry.key);
            self.move_expire(name, old, expire_at);
        }
        true
    }

    fn move_expire(&mut self, key: Key, from: Option<i64>, to: Option<i64>) {
        let mut pair = (0, key);
        if let Some(at) = from {
            pair.0 = at;
            self.expires.remove(&pair);
            self.expire_sum -= i128::from(at);
        }
        if let Some(at) = to {
            pair.0 = at;
            self.expires.insert(pair);
            self.expire_sum += i128::from(at);
        }
    }

    /// When the next key expires.
    pub fn next_expire(&self) -> Option<i64> {
        self.expires.first().map(|(at, _)| *at)
    }

    /// Up to `limit` keys that are expired at `now_ms`, longest due first.
    pub fn expired_until(&self, now_ms: i64, limit: usize) -> Vec<Key> {
        self.expires
            .iter()
            .take_while(|(at, _)| *at < now_ms)
            .take(limit)
            .map(|(_, key)| Arc::clone(key))
            .collect()
    }

    /// All entries in the order of their hashes.
    pub fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.table.iter()
    }

    /// Shows `count` entries from `cursor` on and returns the next cursor, 0 at the end. A key
    /// that stays during a whole scan is shown exactly once.
    pub fn scan<'a>(&'a self, cursor: u64, count: usize, show: impl FnMut(&'a Entry)) -> u64 {
        self.table.scan(cursor, count, show)
    }

    /// An entry chosen evenly; `random` yields 64 even bits a call.
    pub fn random(&self, random: &mut dyn FnMut() -> u64) -> Option<&Entry> {
        self.table.random(random)
    }

    /// Empties the database; what was in it comes back, to be dropped whenever it suits.
    pub fn take(&mut self) -> Db {
        let seed = self.table.seed();
        std::mem::replace(self, Db::new(seed))
    }

    /// Drops up to so many segments with all that is in them. Only for a database that nobody
    /// looks at any more: what is left of it is a heap of keys, to be dropped as well.
    pub(in crate::engine) fn drop_some(&mut self, segments: usize) {
        if self.expires.len() > segments * SEGMENT_MAX {
            for _ in 0..segments * SEGMENT_MAX {
                self.expires.pop_first();
            }
            return;
        }
        self.expires.clear();
        self.table.drop_some(segments);
    }

    /// The segments, for a snapshot.
    pub(super) fn segments(&self) -> &[Arc<Segment<Entry>>] {
        self.table.segments()
    }

    #[cfg(test)]
    pub(super) fn check(&self) {
        self.table.check();
        let timed: BTreeSet<(i64, Key)> =
            self.iter().filter_map(|e| e.expire_at.map(|at| (at, Arc::clone(&e.key)))).collect();
        assert_eq!(timed, self.expires);
        assert_eq!(self.expire_sum, timed.iter().map(|(at, _)| i128::from(*at)).sum::<i128>());
        assert_eq!(self.entry_bytes, self.iter().map(Entry::cost).sum::<usize>());
    }
}
