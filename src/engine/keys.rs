//! The rules between commands and the keyspace: expiry on access, hits and misses, who is told
//! that a key changed.
//!
//! Commands look keys up and change them through these methods alone; then expiry is propagated,
//! watchers are marked and facts are told everywhere alike.

use super::Engine;
use super::effect::Effect;
use super::facts::Detail;
use super::keyspace::{Db, Entry, Key, Value};
use super::notify::class;
use crate::observe::{Fact, GoneWhy, KeyType, Preview};
use std::collections::{BTreeSet, VecDeque};

/// What the engine remembers about its keys beside the keyspace itself.
#[derive(Debug)]
pub struct Keys {
    /// Keys and expiries of every database as `Fact::DbSize` last told them.
    told: Vec<(u64, u64)>,
    /// Emptied data that is dropped bit by bit (FLUSHALL ASYNC, a replaced data set).
    garbage: VecDeque<Db>,
    /// Keys in `garbage` at the time they were put there.
    garbage_keys: u64,
    /// DEBUG SET-ACTIVE-EXPIRE.
    pub(crate) active_expire: bool,
    /// From this size on an element of a list is a node of its own (bytes): DEBUG
    /// QUICKLIST-PACKED-THRESHOLD.
    pub(crate) list_large: usize,
    /// Where the active expiry goes on: the database after the one it stopped in.
    pub(crate) expire_db: usize,
    /// Keys whose expiry was set here while this instance was a writable replica.
    pub(crate) own_expires: BTreeSet<(usize, Key)>,
}

impl Default for Keys {
    fn default() -> Keys {
        Keys {
            told: Vec::new(),
            garbage: VecDeque::new(),
            garbage_keys: 0,
            active_expire: true,
            list_large: super::types::list::LARGE,
            expire_db: 0,
            own_expires: BTreeSet::new(),
        }
    }
}

/// How a lookup leaves traces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lookup {
    /// Counts a hit or a miss, and as a use of the key.
    Read,
    /// Counts a hit or a miss, but not as a use (EXISTS, TYPE, TTL, OBJECT).
    Look,
    /// Counts as a use only; takes out an expired key even on a writable replica.
    Write,
}

impl Engine {
    /// The value under `key` for a command that reads; `None` if it is not there or has expired.
    /// Cloning the value costs a reference count at most.
    pub fn lookup_read(&mut self, key: &[u8]) -> Option<Value> {
        self.look_up(self.db, key, Lookup::Read).map(|e| e.value().clone())
    }

    /// The entry under `key` for a command that reads.
    pub(super) fn look_up_read(&mut self, key: &[u8]) -> Option<&Entry> {
        self.look_up(self.db, key, Lookup::Read)
    }

    /// The entry under `key` for a command that asks about it without using it.
    pub fn lookup_untouched(&mut self, key: &[u8]) -> Option<&Entry> {
        self.look_up(self.db, key, Lookup::Look)
    }

    /// The entry under `key` for a command that is going to change it.
    pub fn lookup_write(&mut self, key: &[u8]) -> Option<&Entry> {
        self.look_up(self.db, key, Lookup::Write)
    }

    /// The same in another database (MOVE, COPY).
    pub fn lookup_write_in(&mut self, db: usize, key: &[u8]) -> Option<&Entry> {
        self.look_up(db, key, Lookup::Write)
    }

    #[inline]
    fn look_up(&mut self, db: usize, key: &[u8], how: Lookup) -> Option<&Entry> {
        // Where nothing has an expiry, one look is enough.
        if self.keyspace.db(db).expires_len() > 0 {
            // On a read-only replica nothing but the master's stream takes keys out.
            let read_only = self.is_replica() && self.config.replica_read_only;
            if self.expire_if_due(db, key, how == Lookup::Write && !read_only) {
                self.stats.keyspace_misses += u64::from(how != Lookup::Write);
                if how != Lookup::Write {
                    self.notify(class::KEY_MISS, "keymiss", db, key);
                }
                return None;
            }
        }
        if self.config.notify_keyspace_events & class::KEY_MISS != 0
            && how != Lookup::Write
            && self.keyspace.db(db).get(key).is_none()
        {
            self.notify(class::KEY_MISS, "keymiss", db, key);
        }
        let (clock_s, counting) = (self.clock_s(), self.counting());
        let entry = self.keyspace.db(db).get(key);
        if how != Lookup::Write {
            match entry {
                Some(_) => self.stats.keyspace_hits += 1,
                None => self.stats.keyspace_misses += 1,
            }
        }
        if let Some(entry) = entry
            && how != Lookup::Look
        {
            match counting {
                None => entry.touch(clock_s),
                Some(counting) => counting.note_use(entry, clock_s, &mut self.rng),
            }
        }
        entry
    }

    /// Takes an expired key out before it is overwritten: all that a write needs to look up which
    /// does not ask what was there.
    pub fn make_way(&mut self, key: &[u8]) {
        if self.keyspace.db(self.db).expires_len() > 0 {
            self.lookup_write(key);
        }
    }

    /// The number under `key`, to be counted up in place: one look-up instead of three. `None`:
    /// there is none, or it needs more care.
    pub fn counter(&mut self, key: &[u8]) -> Option<&mut i64> {
        if self.keyspace.db(self.db).expires_len() > 0 {
            return None;
        }
        let clock_s = self.clock_s();
        self.keyspace.db_mut(self.db).number_mut(key, clock_s)
    }

    /// Seconds of the clients' clock: the unit of idle times. It starts half-way, because a key
    /// that was restored or loaded may have been idle for longer than this clock has run.
    pub(crate) fn clock_s(&self) -> u32 {
        (1 << 31) + (self.now.mono_us / 1_000_000) as u32
    }

    /// Whether a key is to be treated as missing because its time has come. On a master it is
    /// taken out, and its DEL propagated. A replica waits for its master's DEL (unless `force`d
    /// to, by a write on a writable replica), and what comes from the master never expires a key.
    pub fn expire_if_due(&mut self, db: usize, key: &[u8], force: bool) -> bool {
        let now_ms = self.now.wall_ms();
        if !self.keyspace.db(db).get(key).is_some_and(|e| e.is_expired(now_ms)) {
            return false;
        }
        if self.is_replica() {
            if self.from_master() {
                return false;
            }
            if !force {
                return true;
            }
        }
        // While clients are paused the data set stands still; the key is taken out afterwards.
        if self.pause_type().is_none() {
            self.expire_now(db, key);
        }
        true
    }

    /// Takes an expired key out and propagates that, as a command of its own within the unit.
    pub(crate) fn expire_now(&mut self, db: usize, key: &[u8]) {
        self.drop_key_in(db, key, GoneWhy::Expired);
        self.notify(class::EXPIRED, "expired", db, key);
        self.stats.expired_keys += 1;
        let word: &[u8] = if self.config.lazyfree_lazy_expire { b"UNLINK" } else { b"DEL" };
        self.propagate_also(db, &[word, key]);
    }

    /// Stores a value in the running database. `keep_ttl`: an expiry that is there stays.
    /// Call [`Engine::touched`] when the change is complete.
    pub fn set_key(&mut self, key: &[u8], value: Value, keep_ttl: bool) {
        let (db, clock_s) = (self.db, self.clock_s());
        let db = self.keyspace.db_mut(db);
        let old = match keep_ttl {
            true => db.insert_keeping_expiry(key, value, clock_s),
            false => db.insert(key, value, None, clock_s),
        };
        match old {
            None => self.key_came(self.db, key),
            Some(old) => {
                self.value_gone(self.db, key, &old);
                self.discard_value(old);
            }
        }
    }

    /// Puts a value under `key` of any database, as if what stood there (with its expiry) had been
    /// deleted before: RENAME, MOVE, COPY, RESTORE. Call [`Engine::key_written`] when the change is
    /// complete.
    pub(crate) fn place_key(&mut self, db: usize, key: &[u8], value: Value, clock_s: u32) {
        if let Some(old) = self.keyspace.db_mut(db).insert(key, value, None, clock_s) {
            self.value_gone(db, key, &old);
            self.discard_value(old);
        }
        self.key_came(db, key);
    }

    /// A key came into being: tells those who wait for it, and those who asked to be told.
    pub(crate) fn key_came(&mut self, db: usize, key: &[u8]) {
        self.key_ready(db, key);
        self.notify(class::NEW, "new", db, key);
    }

    /// Sets or clears a key's expiry. On a writable replica the key is remembered: nobody will
    /// send its DEL.
    pub fn set_expire(&mut self, db: usize, key: &[u8], at_ms: Option<i64>) {
        self.keyspace.db_mut(db).set_expire(key, at_ms);
        let own = self.is_replica() && !self.config.replica_read_only && !self.from_master();
        if own && at_ms.is_some() {
            self.keys.own_expires.insert((db, key.into()));
        }
    }

    /// A key has a new value or expiry: marks it for watchers, tells the fact, counts a change.
    pub fn touched(&mut self, key: &[u8]) {
        self.key_written(self.db, key);
        self.dirty += 1;
    }

    /// The same without counting a change.
    pub(crate) fn key_written(&mut self, db: usize, key: &[u8]) {
        self.spoil_watchers(db, key);
        self.invalidate(key);
        self.detail(Detail::Key, |e| {
            let entry = e.keyspace.db(db).get(key);
            Fact::KeyWritten {
                db: db as u32,
                key: Preview::of(key),
                kind: entry.map_or_else(KeyType::default, |e| e.value().key_type()),
                value: entry.map_or_else(Preview::default, |e| Preview::of(&e.value().preview())),
                expire_at_ms: entry.and_then(Entry::expire_at),
            }
        });
    }

    /// Deletes a key of the running database; whether it was there. Counts a change if so.
    pub fn delete_key(&mut self, key: &[u8]) -> bool {
        let there = self.drop_key_in(self.db, key, GoneWhy::Deleted);
        self.dirty += u64::from(there);
        there
    }

    /// Takes a key out as [`Engine::remove_key_in`] does, and drops what it held; whether it was
    /// there.
    pub(crate) fn drop_key_in(&mut self, db: usize, key: &[u8], why: GoneWhy) -> bool {
        let was = self.remove_key_in(db, key, why);
        let there = was.is_some();
        if let Some(entry) = was
            && entry.value().is_slow_to_drop()
        {
            self.effect(Effect::Discard(entry.into_value()));
        }
        there
    }

    /// Drops a value that another one replaced; a large one beside the commands, whichever way it
    /// goes: Redis does so only for UNLINK and where the lazyfree directives say it.
    fn discard_value(&mut self, value: Value) {
        if value.is_slow_to_drop() {
            self.effect(Effect::Discard(value));
        }
    }

    /// Takes a key out and tells everybody, without counting a change.
    pub(crate) fn remove_key_in(&mut self, db: usize, key: &[u8], why: GoneWhy) -> Option<Entry> {
        let entry = self.keyspace.db_mut(db).remove(key)?;
        self.value_gone(db, key, entry.value());
        self.spoil_watchers(db, key);
        self.invalidate(key);
        self.detail(Detail::Key, |_| Fact::KeyGone { db: db as u32, key: Preview::of(key), why });
        Some(entry)
    }

    /// Empties a database. The data goes at once, or bit by bit if `lazily`.
    pub(crate) fn flush_db(&mut self, db: usize, lazily: bool) {
        let old = self.keyspace.db_mut(db).take();
        self.dirty += old.len() as u64;
        self.spoil_watchers_of_db(db, &old);
        self.db_replaced(db, &old);
        if lazily {
            self.discard(old);
        }
    }

    /// Empties all databases.
    pub(crate) fn flush_all(&mut self, lazily: bool) {
        for db in 0..self.keyspace.databases() {
            self.flush_db(db, lazily);
        }
        self.invalidate_all();
        self.fact(Fact::KeysSwept { db: None });
    }

    /// Lets another data set take the place of this one (a loaded RDB); the old one is dropped bit
    /// by bit.
    pub(crate) fn replace_keyspace(&mut self, mut new: super::keyspace::Keyspace) {
        std::mem::swap(&mut self.keyspace, &mut new);
        for db in 0..new.databases().min(self.keyspace.databases()) {
            let old = new.db_mut(db).take();
            self.spoil_watchers_of_db(db, &old);
            self.db_replaced(db, &old);
            self.discard(old);
        }
        self.invalidate_all();
        self.fact(Fact::KeysSwept { db: None });
    }

    fn discard(&mut self, old: Db) {
        if !old.is_empty() {
            self.keys.garbage_keys += old.len() as u64;
            self.keys.garbage.push_back(old);
        }
    }

    /// Drops some of the discarded data; for cron and idle turns. Whether some is left.
    pub(crate) fn drop_garbage(&mut self, segments: usize) -> bool {
        let mut large = Vec::new();
        if let Some(old) = self.keys.garbage.front_mut() {
            old.drop_some(segments, &mut large);
            if old.is_empty() {
                self.keys.garbage.pop_front();
            }
        }
        large.into_iter().for_each(|value| self.effect(Effect::Discard(value)));
        self.keys.garbage_keys = self.keys.garbage.iter().map(|db| db.len() as u64).sum();
        !self.keys.garbage.is_empty()
    }

    /// INFO's lazyfree_pending_objects.
    pub(crate) fn lazyfree_pending(&self) -> u64 {
        self.keys.garbage_keys
    }

    /// Tells the sizes of the databases that changed in this turn.
    pub(crate) fn tell_db_sizes(&mut self) {
        self.keys.told.resize(self.keyspace.databases(), (0, 0));
        for index in 0..self.keyspace.databases() {
            let db = self.keyspace.db(index);
            let size = (db.len() as u64, db.expires_len() as u64);
            if self.keys.told[index] != size {
                self.keys.told[index] = size;
                self.fact(Fact::DbSize { db: index as u32, keys: size.0, expires: size.1 });
            }
        }
    }
}
