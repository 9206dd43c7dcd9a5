//! How often a key is used: the counter that the LFU policies compare, as Redis keeps it. Eight bits
//! count logarithmically: the higher it is, the less likely one more use raises it; and it falls as
//! minutes go by without one.

use super::Engine;
use super::keyspace::{Entry, NEW_COUNTER};
use super::rng::Rng;

/// The settings of the counter, and what the policy asks for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Counting {
    /// lfu-log-factor: how much a high counter resists.
    pub(crate) log_factor: i64,
    /// lfu-decay-time: minutes that take one from the counter; 0: it never falls.
    pub(crate) decay_min: i64,
}

impl Counting {
    /// The counter of `entry` at this moment.
    pub(crate) fn counter(self, entry: &Entry, clock_s: u32) -> u8 {
        let idle_min = i64::from(entry.idle_s(clock_s)) / 60;
        let periods = if self.decay_min > 0 { idle_min / self.decay_min } else { 0 };
        entry.counter().saturating_sub(u8::try_from(periods).unwrap_or(u8::MAX))
    }

    /// The counter after one more use.
    fn after_use(self, counter: u8, rng: &mut Rng) -> u8 {
        let above = f64::from(counter.saturating_sub(NEW_COUNTER));
        let chance = 1.0 / (above * self.log_factor as f64 + 1.0);
        let dice = (rng.next_u64() >> 11) as f64 / (1u64 << 53) as f64;
        counter.saturating_add(u8::from(dice < chance))
    }

    /// Notes a use of `entry`.
    pub(crate) fn note_use(self, entry: &Entry, clock_s: u32, rng: &mut Rng) {
        let counter = self.after_use(self.counter(entry, clock_s), rng);
        entry.touch_counted(clock_s, counter);
    }
}

impl Engine {
    /// How uses are counted; `None`: the policy does not ask how often, only when.
    #[inline]
    pub(crate) fn counting(&self) -> Option<Counting> {
        self.config.maxmemory_policy.counts_uses().then_some(Counting {
            log_factor: self.config.lfu_log_factor,
            decay_min: self.config.lfu_decay_time,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::keyspace::Value;

    #[test]
    fn counters_rise_ever_slower_and_fall_by_the_minute() {
        let counting = Counting { log_factor: 10, decay_min: 2 };
        let mut rng = Rng::new([9; 32]);
        let entry = Entry::new(b"k", Value::Int(1), None, 0);
        assert_eq!(counting.counter(&entry, 0), NEW_COUNTER);
        counting.note_use(&entry, 0, &mut rng);
        // The first use above the start always counts.
        assert_eq!(counting.counter(&entry, 0), NEW_COUNTER + 1);
        for _ in 0..100_000 {
            counting.note_use(&entry, 0, &mut rng);
        }
        let many = counting.counter(&entry, 0);
        // 100,000 uses lead to about 142 with this factor.
        assert!((120..165).contains(&many), "{many}");
        assert_eq!(counting.counter(&entry, 119), many);
        assert_eq!(counting.counter(&entry, 240), many - 2);
        assert_eq!(counting.counter(&entry, 1_000_000), 0);
        let never = Counting { log_factor: 0, decay_min: 0 };
        assert_eq!(never.counter(&entry, 1_000_000), many);
        entry.touch_counted(0, 255);
        never.note_use(&entry, 0, &mut rng);
        assert_eq!(entry.counter(), 255);
    }
}
