//! Keeps watching cheap when an instance is busy: at a human's pace every fact passes; under load
//! the per-command ones are summed up, and of what only the newest value counts, only that stays.

use crate::observe::{Addr, Fact, Now, Offset};
use std::collections::BTreeMap;

/// The length of a stretch of time, in microseconds of the clients' clock.
pub(super) const WINDOW_US: u64 = 100_000;

/// How many facts of one instance may pass at once before it counts as busy: a whole sync of a small
/// data set, a few hundred typed writes.
const BURST: u64 = 3_000;

/// How many pass in a second when that is spent. A long load then leaves room in the journal for
/// what came before it.
const PER_SECOND: u64 = 500;

/// The pace of one instance's facts.
#[derive(Debug)]
pub(super) struct Pace {
    window_ends_us: u64,
    /// Millionths of facts that may still pass, and since when they are not counted yet.
    free: u64,
    counted_us: u64,
    /// What was summed up, to be told at the end of the stretch.
    untold: Untold,
    latest: BTreeMap<Slot, Fact>,
}

/// A [`Fact::Summary`] in the making.
#[derive(Debug, Default)]
struct Untold {
    any: bool,
    commands: u64,
    propagated: u64,
    propagated_bytes: u64,
    applied: u64,
    key_changes: u64,
    offset: Offset,
}

/// Facts of one slot replace each other. In the order in which they are told.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Slot {
    DbSize(u32),
    Held(Addr),
    RdbSent(Addr),
    RdbReceived(Addr),
    SnapshotProgress,
    BacklogMoved,
    StreamSent(Addr),
    Acked(Addr),
}

/// What becomes of a fact when the instance is busy.
enum Busy {
    /// It is told whatever comes.
    Tell,
    /// The newest one of its slot is told at the end of the stretch.
    Latest(Slot),
    /// It is counted.
    Count,
    /// It is a sample; the whole is counted elsewhere.
    Drop,
}

impl Default for Pace {
    fn default() -> Pace {
        Pace {
            window_ends_us: 0,
            free: BURST * MICRO,
            counted_us: 0,
            untold: Untold::default(),
            latest: BTreeMap::new(),
        }
    }
}

const MICRO: u64 = 1_000_000;

impl Pace {
    /// Moves the facts of one turn to `out`, or keeps them back. Says whether something waits for
    /// [`Pace::flush`].
    pub(super) fn pass(&mut self, at: Now, facts: &mut Vec<Fact>, out: &mut Vec<Fact>) -> bool {
        if at.mono_us >= self.window_ends_us {
            self.flush(out);
            self.window_ends_us = at.mono_us + WINDOW_US;
        }
        let passed_us = at.mono_us.saturating_sub(self.counted_us);
        self.counted_us = self.counted_us.max(at.mono_us);
        let more = passed_us.saturating_mul(PER_SECOND);
        self.free = self.free.saturating_add(more).min(BURST * MICRO);
        for fact in facts.drain(..) {
            // Once something was kept back the rest of the stretch is, to keep the order.
            if self.free >= MICRO && !self.keeps() {
                self.free -= MICRO;
                out.push(fact);
                continue;
            }
            match busy(&fact) {
                Busy::Tell => {
                    // It may depend on what was kept back.
                    self.flush(out);
                    out.push(fact);
                }
                Busy::Latest(slot) => {
                    self.latest.insert(slot, fact);
                }
                Busy::Count => self.untold.count(&fact),
                Busy::Drop => {}
            }
        }
        self.keeps()
    }

    fn keeps(&self) -> bool {
        self.untold.any || !self.latest.is_empty()
    }

    /// Tells what was kept back.
    pub(super) fn flush(&mut self, out: &mut Vec<Fact>) {
        out.extend(std::mem::take(&mut self.untold).summary());
        out.extend(std::mem::take(&mut self.latest).into_values());
    }
}

fn busy(fact: &Fact) -> Busy {
    match fact {
        Fact::Command { .. }
        | Fact::Propagated { .. }
        | Fact::Applied { .. }
        | Fact::KeyWritten { .. }
        | Fact::KeyGone { .. }
        | Fact::Summary { .. } => Busy::Count,
        Fact::RdbKey { .. } | Fact::RdbItem { .. } | Fact::Passed { .. } => Busy::Drop,
        Fact::DbSize { db, .. } => Busy::Latest(Slot::DbSize(*db)),
        Fact::Held { replica, .. } => Busy::Latest(Slot::Held(replica.clone())),
        Fact::RdbSent { replica, .. } => Busy::Latest(Slot::RdbSent(replica.clone())),
        Fact::RdbReceived { master, .. } => Busy::Latest(Slot::RdbReceived(master.clone())),
        Fact::SnapshotProgress { .. } => Busy::Latest(Slot::SnapshotProgress),
        Fact::BacklogMoved { .. } => Busy::Latest(Slot::BacklogMoved),
        Fact::StreamSent { replica, .. } => Busy::Latest(Slot::StreamSent(replica.clone())),
        Fact::Acked { replica, .. } => Busy::Latest(Slot::Acked(replica.clone())),
        _ => Busy::Tell,
    }
}

impl Untold {
    fn count(&mut self, fact: &Fact) {
        self.any = true;
        match fact {
            Fact::Command { .. } => self.commands += 1,
            Fact::Propagated { from, to, .. } => {
                self.propagated += 1;
                self.propagated_bytes += u64::try_from(*to - *from + 1).unwrap_or(0);
                self.offset = self.offset.max(*to);
            }
            Fact::Applied { to, .. } => {
                self.applied += 1;
                self.offset = self.offset.max(*to);
            }
            Fact::Summary {
                commands,
                propagated,
                propagated_bytes,
                applied,
                key_changes,
                offset,
            } => {
                self.commands += commands;
                self.propagated += propagated;
                self.propagated_bytes += propagated_bytes;
                self.applied += applied;
                self.key_changes += key_changes;
                self.offset = self.offset.max(*offset);
            }
            _ => self.key_changes += 1,
        }
    }

    fn summary(self) -> Option<Fact> {
        self.any.then_some(Fact::Summary {
            commands: self.commands,
            propagated: self.propagated,
            propagated_bytes: self.propagated_bytes,
            applied: self.applied,
            key_changes: self.key_changes,
            offset: self.offset,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::{GoneWhy, Preview};

    fn at(mono_us: u64) -> Now {
        Now { mono_us, ..Now::default() }
    }

    fn write(n: i64) -> Vec<Fact> {
        vec![
            Fact::Propagated {
                db: 0,
                wire: vec![],
                from: Offset(n * 10 + 1),
                to: Offset(n * 10 + 10),
            },
            Fact::KeyGone { db: 0, key: Preview::of(b"k"), why: GoneWhy::Deleted },
            Fact::DbSize { db: 0, keys: n as u64, expires: 0 },
        ]
    }

    #[test]
    fn a_humans_pace_loses_nothing() {
        let (mut pace, mut out) = (Pace::default(), Vec::new());
        for n in 0..1_000 {
            assert!(!pace.pass(at(n * 10_000), &mut write(n as i64), &mut out));
        }
        assert_eq!(out.len(), 3_000);
    }

    #[test]
    fn load_is_summed_up_and_nothing_is_miscounted() {
        let (mut pace, mut out) = (Pace::default(), Vec::new());
        for n in 0..100_000 {
            pace.pass(at(n as u64 * 10), &mut write(n), &mut out);
        }
        pace.flush(&mut out);
        assert!(out.len() < 3_600, "{} facts in a second", out.len());
        let (mut writes, mut bytes, mut keys) = (0, 0, 0);
        for fact in &out {
            match fact {
                Fact::Propagated { .. } => (writes, bytes) = (writes + 1, bytes + 10),
                Fact::KeyGone { .. } => keys += 1,
                Fact::Summary { propagated, propagated_bytes, key_changes, .. } => {
                    writes += propagated;
                    bytes += propagated_bytes;
                    keys += key_changes;
                }
                _ => {}
            }
        }
        assert_eq!((writes, bytes, keys), (100_000, 1_000_000, 100_000));
        let last = |wanted: fn(&Fact) -> bool| out.iter().rev().find(|f| wanted(f)).cloned();
        assert_eq!(
            last(|f| matches!(f, Fact::DbSize { .. })),
            Some(Fact::DbSize { db: 0, keys: 99_999, expires: 0 })
        );
        assert!(matches!(
            last(|f| matches!(f, Fact::Summary { .. })),
            Some(Fact::Summary { offset: Offset(1_000_000), .. })
        ));
        let before = out.len();
        pace.flush(&mut out);
        assert_eq!(out.len(), before, "told once");
    }

    /// A pace that has nothing free at moment 1.
    fn busy_pace() -> (Pace, Vec<Fact>) {
        let (mut pace, mut out) = (Pace::default(), Vec::new());
        for n in 0..2_000 {
            pace.pass(at(1), &mut write(n), &mut out);
        }
        out.clear();
        (pace, out)
    }

    #[test]
    fn state_facts_pass_at_once_and_in_order() {
        let (mut pace, mut out) = busy_pace();
        assert!(!pace.pass(at(2), &mut vec![Fact::KeysSwept { db: None }], &mut out));
        assert!(matches!(
            out.as_slice(),
            [Fact::Summary { .. }, Fact::DbSize { keys: 1_999, .. }, Fact::KeysSwept { .. }]
        ));
    }

    #[test]
    fn the_next_stretch_begins_with_what_was_kept_back() {
        let (mut pace, mut out) = busy_pace();
        assert!(!pace.pass(at(WINDOW_US + 1), &mut vec![Fact::Ready { keys: 1 }], &mut out));
        assert!(matches!(out.first(), Some(Fact::Summary { .. })));
        assert!(matches!(out.last(), Some(Fact::Ready { .. })));
    }
}
