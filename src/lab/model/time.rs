use super::links::pair;
use crate::observe::{Addr, BreakOn, Fault, LabFact, Now, Step};
use std::collections::{BTreeMap, BTreeSet};

/// What the learner did to time, and what waits because of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Time {
    /// Every step waits until it is let through.
    pub stepping: bool,
    /// The breakpoint that turned step mode on.
    pub hit: Option<BreakOn>,
    /// Steps that wait, oldest first.
    pub waiting: Vec<Waiting>,
    /// How many steps were let through, and the last of them.
    pub taken: u64,
    pub last: Option<Waiting>,
    pub breaks: BTreeSet<BreakOn>,
    /// Link time runs at 1/`slow`.
    pub slow: u32,
    /// Link time stands still.
    pub held: bool,
    /// Outside peers of an instance (by its port) that hear nothing: since when, and how many
    /// milliseconds from then they bear it.
    pub patience: BTreeMap<(u16, Addr), (Now, u64)>,
    /// Moments with a name, oldest first.
    pub bookmarks: Vec<Bookmark>,
}

/// A step that waits, or waited.
#[derive(Clone, Debug, PartialEq)]
pub struct Waiting {
    pub id: u64,
    /// The instance that asks for it.
    pub port: u16,
    pub step: Step,
    pub since: Now,
}

/// A moment that the learner gave a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bookmark {
    pub name: String,
    /// The event that made it.
    pub seq: u64,
    pub at: Now,
}

/// What is wrong with a link, apart from a throttle.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LinkFaults {
    pub cut: bool,
    pub half_open: bool,
    /// Microseconds of link time.
    pub delay_us: Option<u64>,
}

impl LinkFaults {
    /// Whether the link is as it should be.
    pub fn is_none(&self) -> bool {
        *self == LinkFaults::default()
    }
}

impl Default for Time {
    fn default() -> Time {
        Time {
            stepping: false,
            hit: None,
            waiting: Vec::new(),
            taken: 0,
            last: None,
            breaks: BTreeSet::new(),
            slow: 1,
            held: false,
            patience: BTreeMap::new(),
            bookmarks: Vec::new(),
        }
    }
}

impl Time {
    /// The steps of this instance that wait, oldest first.
    pub fn waiting_at(&self, port: u16) -> impl Iterator<Item = &Waiting> {
        self.waiting.iter().filter(move |w| w.port == port)
    }

    /// Folds a fact, if it is about time.
    pub(super) fn apply(&mut self, seq: u64, at: Now, fact: &LabFact) {
        match fact {
            LabFact::StepMode { on, hit } => (self.stepping, self.hit) = (*on, *hit),
            LabFact::StepWaits { id, port, step } => {
                // Each instance tells at the end of its turn what was asked in it, so that the step
                // that was asked for first may be told second.
                let place = self.waiting.partition_point(|w| w.id < *id);
                let waiting = Waiting { id: *id, port: *port, step: step.clone(), since: at };
                self.waiting.insert(place, waiting);
            }
            LabFact::StepTaken { id } => {
                self.taken += 1;
                if let Some(i) = self.waiting.iter().position(|w| w.id == *id) {
                    self.last = Some(self.waiting.remove(i));
                }
            }
            LabFact::StepGone { id } => self.waiting.retain(|w| w.id != *id),
            LabFact::BreakSet { on } => {
                self.breaks.insert(*on);
            }
            LabFact::BreakCleared { on } => {
                self.breaks.remove(on);
            }
            LabFact::Slowed { factor } => self.slow = (*factor).max(1),
            LabFact::LinkTimeHeld { on } => self.held = *on,
            LabFact::PeerWaits { port, peer, bears_ms } => {
                let key = (*port, peer.clone());
                match bears_ms {
                    Some(ms) => self.patience.insert(key, (at, *ms)),
                    None => self.patience.remove(&key),
                };
            }
            LabFact::Bookmark { name } => {
                self.bookmarks.push(Bookmark { name: name.clone(), seq, at });
            }
            _ => {}
        }
    }
}

/// Notes that a fault of a link began or ended.
pub(super) fn fault(
    faults: &mut BTreeMap<(u16, u16), LinkFaults>,
    (a, b): (u16, u16),
    fault: Fault,
    on: bool,
) {
    let of = faults.entry(pair(a, b)).or_default();
    match fault {
        Fault::Cut => of.cut = on,
        Fault::HalfOpen => of.half_open = on,
        Fault::Delay { us } => of.delay_us = on.then_some(us),
    }
    faults.retain(|_, f| !f.is_none());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::{StepKind, StepWhat};

    #[test]
    fn steps_wait_and_go_in_any_order() {
        let mut time = Time::default();
        let mut tell = |fact| time.apply(0, Now::default(), &fact);
        tell(LabFact::StepMode { on: true, hit: None });
        for id in [1, 3, 2, 4] {
            let step = Step::here(StepKind::Decision, None, StepWhat::Nothing);
            tell(LabFact::StepWaits { id, port: 6380 + id as u16, step });
        }
        tell(LabFact::StepTaken { id: 2 });
        tell(LabFact::StepGone { id: 1 });
        assert_eq!(time.waiting.iter().map(|w| w.id).collect::<Vec<_>>(), [3, 4]);
        assert_eq!((time.taken, time.last.as_ref().map(|w| w.port)), (1, Some(6382)));
        assert_eq!(time.waiting_at(6383).count(), 1);
    }

    #[test]
    fn faults_come_and_go() {
        let mut faults = BTreeMap::new();
        fault(&mut faults, (2, 1), Fault::Delay { us: 5 }, true);
        fault(&mut faults, (1, 2), Fault::Cut, true);
        assert_eq!(faults[&(1, 2)], LinkFaults { cut: true, half_open: false, delay_us: Some(5) });
        fault(&mut faults, (1, 2), Fault::Delay { us: 0 }, false);
        fault(&mut faults, (1, 2), Fault::Cut, false);
        assert!(faults.is_empty());
    }
}
