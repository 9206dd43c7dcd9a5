//! Facts of the running turn: state facts always, per-command facts up to a bound, the rest as
//! one sum.

use super::Engine;
use super::wiretap::Tap;
use crate::observe::{Fact, Offset};

/// Detailed facts told per turn; what comes after is counted.
pub const DETAILS_PER_TURN: usize = 64;

/// Detailed facts that may be told in one burst, over many turns.
const BURST: u64 = 4096;
/// Detailed facts per second of the clients' clock in the long run: far more than a human makes,
/// far fewer than a benchmark.
const PER_SECOND: u64 = 1000;

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
#[derive(Debug)]
pub struct FactBuffer {
    facts: Vec<Fact>,
    /// Detailed facts told in this turn.
    details: usize,
    /// How many more may be told before the allowance is used up, in millionths.
    allowance: u64,
    /// Up to when the allowance was filled up (microseconds of the clients' clock).
    filled_us: u64,
    untold: Untold,
    /// What may be told of the bytes on links.
    pub(super) tap: Tap,
}

impl Default for FactBuffer {
    fn default() -> FactBuffer {
        FactBuffer {
            facts: Vec::new(),
            details: 0,
            allowance: BURST * MILLION,
            filled_us: 0,
            untold: Untold::default(),
            tap: Tap::default(),
        }
    }
}

const MILLION: u64 = 1_000_000;

impl FactBuffer {
    fn may_tell(&self) -> bool {
        self.details < DETAILS_PER_TURN && self.allowance >= MILLION
    }

    fn fill_up(&mut self, now_us: u64) {
        let us = now_us.saturating_sub(self.filled_us);
        self.filled_us = now_us;
        let more = us.saturating_mul(PER_SECOND);
        self.allowance = self.allowance.saturating_add(more).min(BURST * MILLION);
    }
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
        if self.facts.may_tell() {
            self.facts.details += 1;
            self.facts.allowance -= MILLION;
            let fact = make(self);
            self.facts.facts.push(fact);
        } else {
            self.facts.untold.count(what);
        }
    }

    /// Whether a detailed fact would still be told in this turn.
    pub fn tells_details(&self) -> bool {
        self.facts.may_tell()
    }

    /// Takes all facts told since the last call.
    pub fn take_facts(&mut self, into: &mut Vec<Fact>) {
        into.append(&mut self.facts.facts);
    }

    /// Closes the turn's account: sums up what was not told.
    pub(crate) fn end_facts(&mut self, offset: Offset) {
        let untold = std::mem::take(&mut self.facts.untold);
        self.facts.details = 0;
        self.facts.fill_up(self.now.mono_us);
        self.facts.tap.end_turn(self.now.mono_us);
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
