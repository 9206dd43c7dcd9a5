//! The keys that expire, soonest first.

use std::collections::BTreeSet;

/// When, and the hash of which key: a copy of every name would cost more than the table itself.
/// Keys that have both in common share a place, which therefore is left by the last of them only.
#[derive(Debug, Default)]
pub(super) struct Expiries {
    places: BTreeSet<(i64, u32)>,
    /// How many keys there are, those in shared places counted singly.
    keys: usize,
    /// Sum of all times, for the average that INFO shows.
    sum: i128,
}

/// What a place costs (an estimate: the nodes of the tree are two thirds full).
const PLACE_BYTES: usize = 24;

impl Expiries {
    pub(super) fn len(&self) -> usize {
        self.keys
    }

    pub(super) fn sum(&self) -> i128 {
        self.sum
    }

    pub(super) fn bytes(&self) -> usize {
        self.places.len() * PLACE_BYTES
    }

    pub(super) fn add(&mut self, at: i64, hash: u64) {
        self.places.insert((at, hash as u32));
        self.keys += 1;
        self.sum += i128::from(at);
    }

    /// `shared`: another key has the same time and the same hash.
    pub(super) fn remove(&mut self, at: i64, hash: u64, shared: bool) {
        if !shared {
            self.places.remove(&(at, hash as u32));
        }
        self.keys -= 1;
        self.sum -= i128::from(at);
    }

    /// When the next key expires.
    pub(super) fn next(&self) -> Option<i64> {
        self.places.first().map(|(at, _)| *at)
    }

    /// The places that are due at `now_ms`, longest due first.
    pub(super) fn due(&self, now_ms: i64) -> impl Iterator<Item = (i64, u64)> {
        let due = self.places.iter().take_while(move |(at, _)| *at < now_ms);
        due.map(|(at, hash)| (*at, u64::from(*hash)))
    }

    /// The places from this one on, soonest first.
    pub(super) fn from(&self, at: i64, hash: u32) -> impl Iterator<Item = (i64, u64)> {
        self.places.range((at, hash)..).map(|(at, hash)| (*at, u64::from(*hash)))
    }

    /// A place to begin at, which need not be there: evenly between the first and the last time.
    pub(super) fn at_random(&self, random: u64) -> (i64, u32) {
        let (Some(first), Some(last)) = (self.places.first(), self.places.last()) else {
            return (i64::MIN, 0);
        };
        let span = u128::from(last.0.abs_diff(first.0)) + 1;
        let offset = ((u128::from(random) * span) >> 64) as u64;
        (first.0.saturating_add_unsigned(offset), random as u32)
    }

    /// Forgets up to so many places, of a database that nobody looks at any more.
    pub(super) fn drop_some(&mut self, places: usize) {
        if self.places.len() <= places {
            *self = Expiries::default();
            return;
        }
        for _ in 0..places {
            self.places.pop_first();
        }
        self.keys = self.places.len();
    }

    #[cfg(test)]
    pub(super) fn places(&self) -> &BTreeSet<(i64, u32)> {
        &self.places
    }
}
