//! One database: the keys, their expiries in order, and what they cost.

use super::entry::Entry;
use super::expiries::Expiries;
use super::hasher::HashSeed;
use super::segment::{SEGMENT_MAX, Segment};
use super::table::Table;
use super::value::Value;
use std::sync::Arc;

/// A key's name, for those who keep one for longer than they hold the database.
pub type Key = Arc<[u8]>;

/// If fewer than one in so many keys expire, they are not looked for among all.
const TIMED_RARE: usize = 8;

/// One of an instance's databases. It knows no clock: what has expired is for the caller to judge.
#[derive(Debug)]
pub struct Db {
    table: Table<Entry>,
    expires: Expiries,
    /// Cost of all entries.
    entry_bytes: usize,
}

impl Db {
    pub(super) fn new(seed: HashSeed) -> Db {
        Db { table: Table::new(seed), expires: Expiries::default(), entry_bytes: 0 }
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
        if self.expires.len() == 0 {
            return 0;
        }
        let mean = self.expires.sum() / self.expires.len() as i128 - i128::from(now_ms);
        i64::try_from(mean.max(0)).unwrap_or(i64::MAX)
    }

    /// Bytes that the database uses: an estimate, kept as it changes.
    pub fn used_bytes(&self) -> usize {
        self.entry_bytes + self.expires.bytes() + self.table.frame_bytes()
    }

    /// Bytes that the table of keys and the order of expiries take beside the entries.
    pub fn frame_bytes(&self) -> (usize, usize) {
        (self.table.frame_bytes(), self.expires.bytes())
    }

    /// Bytes that were copied because a snapshot still held them, ever.
    pub(super) fn copied_bytes(&self) -> u64 {
        self.table.copied()
    }

    /// Lines about how the keys are spread, for DEBUG HTSTATS.
    pub fn stats(&self, out: &mut String) {
        match self.is_empty() {
            true => out.push_str("No stats available for empty dictionaries\n"),
            false => self.table.stats(out),
        }
    }

    /// So many keys are about to come.
    pub fn expect(&mut self, keys: usize) {
        self.table.expect(keys);
    }

    /// The entry under `key`.
    pub fn get(&self, key: &[u8]) -> Option<&Entry> {
        self.table.get(key)
    }

    /// Brings the entries of these keys near, all at once; whether they are there does not matter.
    pub fn fetch(&self, keys: &[&[u8]]) {
        self.table.fetch(keys);
    }

    /// Stores a value under `key`, with this expiry or none; the value that stood there comes back.
    pub fn insert(
        &mut self,
        key: &[u8],
        value: Value,
        expire_at: Option<i64>,
        clock_s: u32,
    ) -> Option<Value> {
        self.put(key, value, Some(expire_at), clock_s)
    }

    /// The same, but an expiry that is there stays.
    pub fn insert_keeping_expiry(
        &mut self,
        key: &[u8],
        value: Value,
        clock_s: u32,
    ) -> Option<Value> {
        self.put(key, value, None, clock_s)
    }

    /// `expire_at`: the new expiry, or none; `None`: the one that is there.
    fn put(
        &mut self,
        key: &[u8],
        value: Value,
        expire_at: Option<Option<i64>>,
        clock_s: u32,
    ) -> Option<Value> {
        let hash = self.table.hash(key);
        if let Some(entry) = self.table.get_mut_at(hash, key) {
            let old_at = entry.expire_at();
            let heap_bytes = value.heap_bytes();
            let old = std::mem::replace(entry.value_mut(), value);
            entry.touch(clock_s);
            self.entry_bytes = self.entry_bytes + heap_bytes - old.heap_bytes();
            if let Some(at) = expire_at
                && at != old_at
            {
                self.set_expire(key, at);
            }
            return Some(old);
        }
        let expire_at = expire_at.flatten().map(possible);
        let entry = Entry::new(key, value, expire_at, clock_s);
        self.entry_bytes += entry.cost();
        self.table.insert_new(hash, entry);
        if let Some(at) = expire_at {
            self.expires.add(at, hash);
        }
        None
    }

    /// Changes a value in place.
    pub fn update<R>(&mut self, key: &[u8], change: impl FnOnce(&mut Value) -> R) -> Option<R> {
        let entry = self.table.get_mut(key)?;
        let before = entry.cost();
        let result = change(entry.value_mut());
        self.entry_bytes = self.entry_bytes + entry.cost() - before;
        Some(result)
    }

    /// The number under `key`, to be changed in place: that changes no cost.
    pub fn number_mut(&mut self, key: &[u8], clock_s: u32) -> Option<&mut i64> {
        let entry = self.table.get_mut(key)?;
        entry.touch(clock_s);
        match entry.value() {
            Value::Int(_) => match entry.value_mut() {
                Value::Int(n) => Some(n),
                _ => None,
            },
            _ => None,
        }
    }

    /// Takes a key out.
    pub fn remove(&mut self, key: &[u8]) -> Option<Entry> {
        let hash = self.table.hash(key);
        let entry = self.table.remove_at(hash, key)?;
        self.entry_bytes -= entry.cost();
        if let Some(at) = entry.expire_at() {
            self.forget_expiry(at, hash);
        }
        Some(entry)
    }

    /// Sets or clears a key's expiry (Unix milliseconds); `false` if there is no such key.
    pub fn set_expire(&mut self, key: &[u8], expire_at: Option<i64>) -> bool {
        let expire_at = expire_at.map(possible);
        let hash = self.table.hash(key);
        let old = match self.table.get_at(hash, key) {
            None => return false,
            Some(entry) if entry.expire_at() == expire_at => return true,
            Some(entry) => entry.expire_at(),
        };
        if let Some(entry) = self.table.get_mut_at(hash, key) {
            let before = entry.cost();
            entry.set_expire(expire_at);
            self.entry_bytes = self.entry_bytes + entry.cost() - before;
        }
        if let Some(at) = old {
            self.forget_expiry(at, hash);
        }
        if let Some(at) = expire_at {
            self.expires.add(at, hash);
        }
        true
    }

    /// A key with this hash expires at this time no longer; the table knows that already.
    fn forget_expiry(&mut self, at: i64, hash: u64) {
        let shared = self.table.with_hash(hash).any(|e| e.expire_at() == Some(at));
        self.expires.remove(at, hash, shared);
    }

    /// When the next key expires.
    pub fn next_expire(&self) -> Option<i64> {
        self.expires.next()
    }

    /// Up to `limit` keys (a few more if their hashes are equal) that are expired at `now_ms`,
    /// longest due first.
    pub fn expired_until(&self, now_ms: i64, limit: usize) -> Vec<Key> {
        let mut keys: Vec<Key> = Vec::new();
        for (at, hash) in self.expires.due(now_ms) {
            if keys.len() >= limit {
                break;
            }
            let due = self.table.with_hash(hash).filter(|e| e.expire_at() == Some(at));
            keys.extend(due.map(|entry| Key::from(entry.key())));
        }
        keys
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

    /// The key that expires first, and when.
    pub fn soonest(&self) -> Option<(i64, &Entry)> {
        let (at, hash) = self.expires.from(i64::MIN, 0).next()?;
        self.timed(at, hash).map(|entry| (at, entry))
    }

    /// Up to `count` keys by chance, mostly different ones; `timed`: of those that expire. `random`
    /// yields 64 even bits a call.
    pub fn sample(
        &self,
        random: &mut dyn FnMut() -> u64,
        count: usize,
        timed: bool,
    ) -> Vec<&Entry> {
        let keys = if timed { self.expires.len() } else { self.len() };
        let mut found = Vec::new();
        if keys <= count {
            if timed {
                let all = self.expires.from(i64::MIN, 0);
                found.extend(all.filter_map(|(at, hash)| self.timed(at, hash)));
            } else {
                found.extend(self.iter());
            }
        } else if !timed || keys >= self.len() / TIMED_RARE {
            for _ in 0..count * TIMED_RARE {
                found.extend(self.random(random).filter(|e| !timed || e.expire_at().is_some()));
                if found.len() == count {
                    break;
                }
            }
        }
        if found.is_empty() && timed {
            // Expiring keys are rare among all, or were not met: neighbours in the order of their
            // times, from anywhere on.
            let from = self.expires.at_random(random());
            let places = self.expires.from(from.0, from.1).chain(self.expires.from(i64::MIN, 0));
            found.extend(places.take(count).filter_map(|(at, hash)| self.timed(at, hash)));
        }
        found
    }

    /// A key with this hash that expires at this time.
    fn timed(&self, at: i64, hash: u64) -> Option<&Entry> {
        self.table.with_hash(hash).find(|e| e.expire_at() == Some(at))
    }

    /// Empties the database; what was in it comes back, to be dropped whenever it suits.
    pub fn take(&mut self) -> Db {
        let seed = self.table.seed();
        std::mem::replace(self, Db::new(seed))
    }

    /// Drops up to so many segments with all that is in them, but for the values that would take
    /// long: these go to `large`. Only for a database that nobody looks at any more: what is left
    /// of it is a heap of keys, to be dropped as well.
    pub(in crate::engine) fn drop_some(&mut self, segments: usize, large: &mut Vec<Value>) {
        if self.expires.len() > segments * SEGMENT_MAX {
            self.expires.drop_some(segments * SEGMENT_MAX);
            return;
        }
        self.expires = Expiries::default();
        self.table.drop_some(segments, |entry| {
            if entry.value().is_slow_to_drop() {
                large.push(entry.into_value());
            }
        });
    }

    /// The segments, for a snapshot.
    pub(super) fn segments(&self) -> &[Arc<Segment<Entry>>] {
        self.table.segments()
    }

    #[cfg(test)]
    pub(super) fn check(&self) {
        self.table.check();
        let timed: Vec<(i64, u32)> = self
            .iter()
            .filter_map(|e| e.expire_at().map(|at| (at, self.table.hash(e.key()) as u32)))
            .collect();
        assert_eq!(timed.len(), self.expires.len());
        assert_eq!(self.expires.sum(), timed.iter().map(|(at, _)| i128::from(*at)).sum::<i128>());
        assert_eq!(
            &timed.into_iter().collect::<std::collections::BTreeSet<_>>(),
            self.expires.places()
        );
        assert_eq!(self.entry_bytes, self.iter().map(Entry::cost).sum::<usize>());
    }
}

/// The earliest time that an entry can tell from having none.
fn possible(at: i64) -> i64 {
    at.max(i64::MIN + 1)
}
