//! How long the calls of a command took: the counts behind INFO's latencystats and LATENCY HISTOGRAM.

use std::collections::BTreeMap;

/// Durations up to this many nanoseconds are told apart; longer ones count as this one.
const LONGEST_NS: u64 = 1_000_000_000;

/// Below this many nanoseconds every duration has a slot of its own; above it 128 slots share each
/// power of two, which keeps two significant digits.
const EXACT: u64 = 256;

/// The last slot: that of the largest 30-bit number.
const LAST: u16 = 3071;

/// Durations below this many microseconds are counted without a search.
const SHORT: usize = 16;

/// Counts of durations in the slots that Redis has (it counts with HdrHistogram, two digits, 1 ns to
/// 1 s). Only slots that are used take memory, and there are 3072 at most.
#[derive(Clone, Debug, Default)]
pub struct Histogram {
    counts: BTreeMap<u16, u64>,
    /// Calls that took fewer microseconds than this has places, which are nearly all; they are not
    /// in `counts`.
    short: [u64; SHORT],
    total: u64,
}

impl Histogram {
    /// Counts a call that took so many microseconds.
    pub fn record(&mut self, us: u64) {
        self.total += 1;
        if let Some(n) = self.short.get_mut(us as usize) {
            *n += 1;
            return;
        }
        let ns = us.saturating_mul(1000).clamp(1, LONGEST_NS);
        *self.counts.entry(slot(ns)).or_default() += 1;
    }

    /// The slots that count something, and how much, shortest first.
    fn slots(&self) -> impl Iterator<Item = (u16, u64)> {
        let short = self.short.iter().enumerate().filter(|(_, n)| **n > 0);
        let short = short.map(|(us, n)| (slot((us as u64 * 1000).max(1)), *n));
        short.chain(self.counts.iter().map(|(slot, n)| (*slot, *n)))
    }

    /// How many calls were counted.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// The duration (nanoseconds) that so many percent of the calls did not exceed: the longest of
    /// its slot, but for 0 the shortest of the first one. `None` while nothing was counted.
    pub fn at_percentile(&self, percentile: f64) -> Option<u64> {
        // Redis rounds to the nearest call, and asks for one at least.
        let wanted = (percentile.min(100.0) / 100.0 * self.total as f64 + 0.5) as u64;
        let mut seen = 0;
        let (slot, _) = self.slots().find(|(_, n)| {
            seen += n;
            seen >= wanted.max(1)
        })?;
        Some(if percentile == 0.0 { shortest(slot) } else { longest(slot) })
    }

    /// Pairs of microseconds and how many calls took no longer. The steps are the doublings of
    /// 1024 ns; those that add no call are left out.
    pub fn cumulative(&self) -> Vec<(u64, u64)> {
        let mut steps = Vec::new();
        let (mut seen, mut level) = (0, 1024);
        let mut slots = self.slots().peekable();
        while seen < self.total {
            // A level that lies beyond all slots ends with the last of them.
            let end = slot(level).min(LAST);
            let before = seen;
            while let Some((_, n)) = slots.next_if(|(slot, _)| *slot <= end) {
                seen += n;
            }
            if seen > before {
                steps.push((longest(end) / 1000, seen));
            }
            level *= 2;
        }
        steps
    }
}

fn slot(ns: u64) -> u16 {
    if ns < EXACT {
        return ns as u16;
    }
    let shift = ns.ilog2() - 7;
    // The leading one of the eight digits says no more than the shift did.
    (128 * (shift + 1)) as u16 + ((ns >> shift) - 128) as u16
}

fn shortest(slot: u16) -> u64 {
    let slot = u64::from(slot);
    if slot < EXACT { slot } else { (128 + slot % 128) << (slot / 128 - 1) }
}

fn longest(slot: u16) -> u64 {
    shortest(slot + 1) - 1
}

#[cfg(test)]
mod tests {
    use super::{EXACT, Histogram, LAST, LONGEST_NS, longest, shortest, slot};

    #[test]
    fn latency_slots_follow_one_another_and_keep_two_digits() {
        for s in 1..=LAST {
            assert_eq!((slot(shortest(s)), slot(longest(s))), (s, s));
            assert_eq!(shortest(s), longest(s - 1) + 1);
            assert!(u64::from(s) < EXACT || longest(s) - shortest(s) < shortest(s) / 100);
        }
        assert!(slot(LONGEST_NS) <= LAST);
    }

    #[test]
    fn latency_percentiles_are_the_ends_of_slots() {
        let mut h = Histogram::default();
        assert_eq!(h.at_percentile(50.0), None);
        h.record(0);
        assert_eq!(h.at_percentile(50.0), Some(1));
        for _ in 0..98 {
            h.record(1);
        }
        h.record(5_000_000);
        assert_eq!(h.total(), 100);
        assert_eq!(h.at_percentile(0.0), Some(1));
        assert_eq!(h.at_percentile(50.0), Some(1003));
        assert_eq!(h.at_percentile(99.0), Some(1003));
        assert_eq!(h.at_percentile(99.9), Some(1_002_438_655));
        assert_eq!(h.at_percentile(100.0), Some(1_002_438_655));
    }

    #[test]
    fn latency_steps_double_and_skip_what_adds_nothing() {
        let mut h = Histogram::default();
        assert_eq!(h.cumulative(), []);
        for us in [0, 1, 1, 3, 5_000_000] {
            h.record(us);
        }
        assert_eq!(h.cumulative(), [(1, 3), (4, 4), (1_073_741, 5)]);
    }
}
