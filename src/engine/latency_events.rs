//! The latency monitor: what took longer than latency-monitor-threshold, by kind of event.

use super::Engine;
use std::collections::{BTreeMap, VecDeque};

/// Samples kept of each event.
const KEPT: usize = 160;

/// One event's samples, oldest first: Unix time and milliseconds. A second has one sample, its worst.
#[derive(Clone, Debug, Default)]
pub(crate) struct Series {
    pub samples: VecDeque<(i64, u64)>,
    /// The worst ever, in milliseconds.
    pub worst_ms: u64,
}

/// The events that were too slow at least once.
#[derive(Debug, Default)]
pub(crate) struct LatencyEvents {
    pub by_name: BTreeMap<&'static str, Series>,
}

impl Series {
    fn add(&mut self, at_s: i64, ms: u64) {
        self.worst_ms = self.worst_ms.max(ms);
        if let Some((last_s, last_ms)) = self.samples.back_mut()
            && *last_s == at_s
        {
            *last_ms = ms.max(*last_ms);
            return;
        }
        if self.samples.len() == KEPT {
            self.samples.pop_front();
        }
        self.samples.push_back((at_s, ms));
    }
}

impl LatencyEvents {
    /// Forgets an event; whether it was known.
    pub fn reset(&mut self, name: &[u8]) -> bool {
        let before = self.by_name.len();
        self.by_name.retain(|known, _| !known.as_bytes().eq_ignore_ascii_case(name));
        self.by_name.len() < before
    }
}

impl Engine {
    /// Something took so many microseconds: it is kept if that reaches the threshold.
    #[inline]
    pub(crate) fn latency_event(&mut self, name: &'static str, us: u64) {
        let threshold = self.config.latency_monitor_threshold;
        if threshold > 0 && us / 1000 >= threshold.unsigned_abs() {
            let at_s = self.now.wall_s();
            self.latency_events.by_name.entry(name).or_default().add(at_s, us / 1000);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latency_samples_keep_the_worst_of_a_second_and_the_last_160() {
        let mut series = Series::default();
        for (at, ms) in [(1, 5), (1, 9), (1, 3), (2, 4)] {
            series.add(at, ms);
        }
        assert_eq!(series.samples, [(1, 9), (2, 4)]);
        for at in 3..200 {
            series.add(at, 1);
        }
        assert_eq!((series.samples.len(), series.worst_ms), (KEPT, 9));
        let mut events = LatencyEvents::default();
        events.by_name.insert("command", series);
        assert!(!events.reset(b"fork") && events.reset(b"COMMAND"));
    }
}
