//! Real events are over in milliseconds. The diagram plays them behind at a pace that can be read,
//! and never later than it must.

use super::reduce::link::LinkKey;
use std::collections::BTreeMap;

/// New rows a second while nothing presses.
const CALM_US: u64 = 1_000_000 / 12;
/// Further behind than this, it hurries.
const LATEST_US: u64 = 3_000_000;

/// How many rows of each link were shown, and when the next is due.
#[derive(Clone, Debug, Default)]
pub struct Playback {
    shown: BTreeMap<LinkKey, Shown>,
}

#[derive(Clone, Copy, Debug)]
struct Shown {
    rows: u64,
    /// When the last row was let out, in the clients' monotonic microseconds.
    last_us: u64,
}

impl Playback {
    /// Lets out the rows of a link that are due. `first` is the index of the oldest row kept, `end`
    /// one past the newest, `at(i)` the moment of row `i`. Returns one past the last row to show
    /// and how long until the next is due, if rows wait.
    pub fn due(
        &mut self,
        key: &LinkKey,
        (first, end): (u64, u64),
        now_us: u64,
        at: impl Fn(u64) -> u64,
    ) -> (u64, Option<u64>) {
        let shown = self
            .shown
            .entry(key.clone())
            .or_insert(Shown { rows: 0, last_us: now_us.saturating_sub(CALM_US) });
        shown.rows = shown.rows.clamp(first, end);
        // What happened long ago is history: it is not played.
        while shown.rows < end && now_us.saturating_sub(at(shown.rows)) > LATEST_US {
            shown.rows += 1;
        }
        while shown.rows < end {
            let waiting = end - shown.rows;
            let step = CALM_US.min(LATEST_US / waiting);
            // A pause before this row does not let the next ones out at once.
            let due = shown.last_us.saturating_add(step).max(at(shown.rows));
            if due > now_us {
                return (shown.rows, Some(due - now_us));
            }
            shown.rows += 1;
            shown.last_us = due;
        }
        (shown.rows, None)
    }

    /// Shows everything at once.
    pub fn catch_up(&mut self, key: &LinkKey, end: u64, now_us: u64) {
        self.shown.insert(key.clone(), Shown { rows: end, last_us: now_us });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::reduce::link::Peer;

    fn key() -> LinkKey {
        LinkKey::new(Peer::port(6381), Peer::port(6380))
    }

    #[test]
    fn a_burst_is_played_at_a_readable_pace() {
        let mut play = Playback::default();
        let at = |_| 10_000_000;
        let (first, next) = play.due(&key(), (0, 12), 10_000_000, at);
        assert_eq!(first, 1);
        let next = next.expect("eleven rows wait");
        let (second, _) = play.due(&key(), (0, 12), 10_000_000 + next, at);
        assert_eq!(second, 2);
        let (all, next) = play.due(&key(), (0, 12), 11_100_000, at);
        assert_eq!((all, next), (12, None));
    }

    #[test]
    fn it_is_never_more_than_three_seconds_behind() {
        let mut play = Playback::default();
        let mut now = 10_000_000;
        let at = |_| 10_000_000;
        let (mut shown, mut wait) = play.due(&key(), (0, 600), now, at);
        while let Some(us) = wait {
            now += us;
            (shown, wait) = play.due(&key(), (0, 600), now, at);
        }
        assert_eq!(shown, 600);
        assert!(now <= 10_000_000 + LATEST_US + CALM_US, "{now}");
    }

    #[test]
    fn history_and_dropped_rows_are_not_played() {
        let mut play = Playback::default();
        assert_eq!(play.due(&key(), (0, 50), 60_000_000, |_| 1), (50, None));
        assert_eq!(play.due(&key(), (100, 120), 61_000_000, |_| 2), (120, None));
    }
}
