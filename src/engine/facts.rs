//! Facts of the running turn: state facts always, per-command facts up to a bound, the rest as
//! one sum.

use super::Engine;
use crate::observe::{Fact, Offset};

/// Detailed facts told per turn; what comes after is counted.
pub const DETAILS_PER_TURN: usize = 64;

/// What was counted instead of told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Untold {
    pub commands: u64,
    pub propagated: u64,
    pub propagated_bytes: u64,
    pub applied: u64,
    pub key_changes: u64,
}

impl Untold {
    fn count(&mut self, what: Detail) {
        match what {
            Detail::Command => self.commands += 1,
            Detail::Propagated { bytes } => {
                self.propagated += 1;
                self.propagated_bytes += bytes;
            }
            Detail::Applied => self.applied += 1,
            Detail::Key => self.key_changes += 1,
        }
    }

    fn is_zero(&self) -> bool {
        *self == Untold::default()
    }
}

/// What kind of per-command fact it is, so that it can be counted when it is not told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    Command,
    Propagated { bytes: u64 },
    Applied,
    Key,
}

/// The facts that the driver has not taken yet.
#[derive(Debug, Default)]
pub struct FactBuffer {
    facts: Vec<Fact>,
    details: usize,
    untold: Untold,
}

impl Engine {
    /// Tells a state fact. These are never dropped.
    pub fn fact(&mut self, fact: Fact) {
        self.facts.facts.push(fact);
    }

    /// Tells a per-command fact, or counts it if this turn has told enough. `make` runs only when
    /// it is told.
    #[inline]
    pub fn detail(&mut self, what: Detail, make: impl FnOnce(&Engine) -> Fact) {
        if self.facts.details < DETAILS_PER_TURN {
            self.facts.details += 1;
            let fact = make(self);
            self.facts.facts.push(fact);
        } else {
            self.facts.untold.count(what);
        }
    }

    /// Whether a detailed fact would still be told in this turn.
    pub fn tells_details(&self) -> bool {
        self.facts.details < DETAILS_PER_TURN
    }

    /// Takes all facts told since the last call.
    pub fn take_facts(&mut self, into: &mut Vec<Fact>) {
        into.append(&mut self.facts.facts);
    }

    /// Closes the turn's account: sums up what was not told.
    pub(crate) fn end_facts(&mut self, offset: Offset) {
        let untold = std::mem::take(&mut self.facts.untold);
        self.facts.details = 0;
        if !untold.is_zero() {
            self.facts.facts.push(Fact::Summary {
                commands: untold.commands,
                propagated: untold.propagated,
                propagated_bytes: untold.propagated_bytes,
                applied: untold.applied,
                key_changes: untold.key_changes,
                offset,
            });
        }
    }
}
