//! `maxmemory`: keys are taken out, by the policy, until what counts is within the limit.
//!
//! In: a limit, a policy, and the account of the instance's memory. Out: keys gone, told to replicas
//! and to those who listen; or the verdict that there is nothing to take. Never here: what a command
//! does about that verdict.

mod pool;

use super::Engine;
use super::config::MaxmemoryPolicy as Policy;
use super::notify::class;
use super::persist::{self, Loading};
use crate::observe::{GoneWhy, LogLevel};
use pool::Pool;

/// What stands between evictions.
#[derive(Debug, Default)]
pub(crate) struct Evict {
    pool: Pool,
    /// The policy by which the pool was filled.
    pool_policy: Policy,
    /// The database from which the next random key is taken.
    next_db: usize,
    /// The last eviction ended by the clock: it goes on as soon as the turn is over.
    pub(crate) running: bool,
    /// What clients' buffers take, as last counted.
    clients_bytes: u64,
    /// When that was (microseconds of the clients' clock).
    clients_counted_us: u64,
    /// Since when (microseconds of the clients' clock) there is more than the limit.
    exceeded_since_us: Option<u64>,
    /// Microseconds spent beyond the limit, ended stretches only.
    exceeded_us: u64,
}

/// How an attempt to come below the limit ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Eviction {
    /// There is no limit, or it is kept, or nothing is to be evicted here and now.
    Fine,
    /// There is still more than the limit, but it goes on.
    Running,
    /// There is more than the limit, and no key that the policy lets go.
    Failed,
}

/// So many clients' buffers are counted whenever it matters.
const FEW_CLIENTS: usize = 128;

/// After so many keys the clock is looked at.
const KEYS_PER_LOOK: usize = 16;

impl Engine {
    /// Frees memory if there is more in use than `maxmemory`.
    #[inline]
    pub(crate) fn evict_if_needed(&mut self) -> Eviction {
        match self.config.maxmemory {
            0 => Eviction::Fine,
            _ => self.evict(),
        }
    }

    fn evict(&mut self) -> Eviction {
        // A replica does what its master does; nothing changes while clients are paused.
        let ignored = self.is_replica() && self.config.replica_ignore_maxmemory;
        if ignored || self.pause_type().is_some() || persist::loading(self) == Loading::Yes {
            return Eviction::Fine;
        }
        if self.bytes_to_free().is_some() {
            // Every write comes here once the limit is reached, and the count walks over all
            // clients: of many, a microsecond must have passed for each since the last one.
            let since_us = self.now.mono_us.saturating_sub(self.evict.clients_counted_us);
            if since_us >= self.clients.len().saturating_sub(FEW_CLIENTS) as u64 {
                self.count_clients_bytes();
            }
        }
        let Some(to_free) = self.bytes_to_free() else {
            self.exceeds(false);
            return Eviction::Fine;
        };
        if self.config.maxmemory_policy == Policy::NoEviction {
            self.exceeds(true);
            return Eviction::Failed;
        }
        let ended = self.evict_bytes(to_free);
        // Each goes down the stream on its own, in front of the command that made room necessary.
        self.propagate_each_alone();
        self.exceeds(ended != Eviction::Fine);
        ended
    }

    fn evict_bytes(&mut self, to_free: u64) -> Eviction {
        let patience_us = patience_us(self.config.maxmemory_eviction_tenacity);
        let (began, mut freed, mut keys) = (self.host.micros(), 0, 0);
        self.evict.running = false;
        while freed < to_free {
            let Some((db, key)) = self.victim() else { return Eviction::Failed };
            let before = self.keyspace.used_bytes();
            self.evict_key(db, &key);
            freed += before.saturating_sub(self.keyspace.used_bytes()) as u64;
            keys += 1;
            if keys % KEYS_PER_LOOK == 0
                && self.host.micros().saturating_sub(began) > patience_us
                && freed < to_free
            {
                self.evict.running = true;
                return Eviction::Running;
            }
        }
        Eviction::Fine
    }

    fn evict_key(&mut self, db: usize, key: &[u8]) {
        self.drop_key_in(db, key, GoneWhy::Evicted);
        let word: &[u8] = if self.config.lazyfree_lazy_eviction { b"UNLINK" } else { b"DEL" };
        self.propagate_also(db, &[word, key]);
        self.stats.evicted_keys += 1;
        self.notify(class::EVICTED, "evicted", db, key);
    }

    /// The key that goes next.
    fn victim(&mut self) -> Option<(usize, Vec<u8>)> {
        let policy = self.config.maxmemory_policy;
        match policy {
            Policy::NoEviction => None,
            Policy::AllkeysRandom | Policy::VolatileRandom => self.random_victim(policy),
            Policy::VolatileTtl => self.soonest(),
            _ => self.sampled_victim(policy),
        }
    }

    /// The key that expires first: the database knows it, so there is no need for samples.
    fn soonest(&self) -> Option<(usize, Vec<u8>)> {
        let dbs = (0..self.keyspace.databases()).filter_map(|index| {
            let (at, entry) = self.keyspace.db(index).soonest()?;
            Some((at, index, entry))
        });
        dbs.min_by_key(|(at, ..)| *at).map(|(_, index, entry)| (index, entry.key().to_vec()))
    }

    /// A random key of the next database that has one.
    fn random_victim(&mut self, policy: Policy) -> Option<(usize, Vec<u8>)> {
        let databases = self.keyspace.databases();
        for _ in 0..databases {
            let db = self.evict.next_db % databases;
            self.evict.next_db = (db + 1) % databases;
            let rng = &mut self.rng;
            let found =
                self.keyspace.db(db).sample(&mut || rng.next_u64(), 1, policy.only_volatile());
            if let Some(entry) = found.first() {
                return Some((db, entry.key().to_vec()));
            }
        }
        None
    }

    /// The best of the candidates, after a few more keys of every database were looked at.
    fn sampled_victim(&mut self, policy: Policy) -> Option<(usize, Vec<u8>)> {
        if self.evict.pool_policy != policy {
            self.evict.pool_policy = policy;
            self.evict.pool.clear();
        }
        let samples = usize::try_from(self.config.maxmemory_samples).unwrap_or(1).max(1);
        let (clock_s, counting) = (self.clock_s(), self.counting());
        let volatile = policy.only_volatile();
        loop {
            let mut seen = 0;
            for index in 0..self.keyspace.databases() {
                let rng = &mut self.rng;
                let db = self.keyspace.db(index);
                for entry in db.sample(&mut || rng.next_u64(), samples, volatile) {
                    let score = match counting {
                        Some(counting) => u64::from(u8::MAX - counting.counter(entry, clock_s)),
                        None => u64::from(entry.idle_s(clock_s)),
                    };
                    self.evict.pool.offer(index, entry.key(), score);
                    seen += 1;
                }
            }
            if seen == 0 {
                return None;
            }
            while let Some(candidate) = self.evict.pool.take() {
                let there = self.keyspace.db(candidate.db).get(&candidate.key);
                if there.is_some_and(|e| !volatile || e.expire_at().is_some()) {
                    return Some((candidate.db, candidate.key));
                }
            }
        }
    }

    /// Goes on with an eviction that ended by the clock.
    pub(crate) fn evict_more(&mut self) {
        if self.evict.running {
            self.evict.running = false;
            self.evict_if_needed();
        }
    }

    /// Counts what the clients' buffers take: over all clients, so only once in a while.
    pub(crate) fn count_clients_bytes(&mut self) {
        self.evict.clients_bytes = self.clients_memory();
        self.evict.clients_counted_us = self.now.mono_us;
    }

    /// How much there is beyond `maxmemory`; `None`: nothing. Clients' buffers count as they were
    /// when somebody last counted them.
    fn bytes_to_free(&self) -> Option<u64> {
        let limit = self.config.maxmemory.unsigned_abs();
        let used = self.memory_for_evict(self.evict.clients_bytes);
        (limit > 0 && used > limit).then(|| used - limit)
    }

    fn exceeds(&mut self, exceeds: bool) {
        let now = self.now.mono_us;
        if exceeds {
            self.evict.exceeded_since_us.get_or_insert(now);
        } else if let Some(since) = self.evict.exceeded_since_us.take() {
            self.evict.exceeded_us += now.saturating_sub(since);
        }
    }

    /// Milliseconds beyond the limit: in all, and of the stretch that lasts.
    pub(crate) fn eviction_exceeded_ms(&self) -> (u64, u64) {
        let since = self.evict.exceeded_since_us;
        let current = since.map_or(0, |since| self.now.mono_us.saturating_sub(since));
        ((self.evict.exceeded_us + current) / 1000, current / 1000)
    }

    /// `maxmemory` was set: says so if that is less than what is in use, and begins to evict.
    pub(crate) fn maxmemory_set(&mut self) {
        let (limit, used) = (self.config.maxmemory.unsigned_abs(), self.used_memory().0);
        if limit > 0 {
            if limit < used {
                self.log(
                    LogLevel::Warning,
                    format!(
                        "WARNING: the new maxmemory value set via CONFIG SET ({limit}) is smaller \
                         than the current memory usage ({used}). This will result in key eviction \
                         and/or the inability to accept new write commands depending on the \
                         maxmemory-policy."
                    ),
                );
            }
            self.evict.running = true;
        }
    }
}

/// How long one eviction may take, by maxmemory-eviction-tenacity: up to 10 half a millisecond at
/// most, then 15 % more for each step, and without an end at 100.
fn patience_us(tenacity: i64) -> u64 {
    match tenacity {
        ..=0 => 0,
        1..=10 => 50 * tenacity.unsigned_abs(),
        11..=99 => (500.0 * 1.15f64.powi((tenacity - 10) as i32)) as u64,
        _ => u64::MAX,
    }
}

#[cfg(test)]
mod tests {
    use super::patience_us;

    #[test]
    fn patience_grows_with_tenacity() {
        assert_eq!([0, 1, 10, 11, 100].map(patience_us), [0, 50, 500, 575, u64::MAX]);
        // About two minutes.
        assert!((100_000_000..150_000_000).contains(&patience_us(99)));
    }
}
