//! What the learner may do to time: hold the steps of replication, let them go one by one, slow link
//! time down, name a moment.

use super::error::{LabError, LabErrorKind};
use super::session::Lab;
use crate::engine::stepper::Stepper;
use crate::observe::{BreakOn, LabFact};

/// Slower than this, a second takes a quarter of an hour.
const SLOWEST: u32 = 1_000;

impl Lab {
    /// Step mode: from now on every step of replication waits until it is let through. Off is the
    /// same as [`Lab::run`].
    pub fn set_stepping(&self, on: bool) {
        self.0.steps.with(|s| s.set_stepping(on));
    }

    /// Whether step mode is on.
    pub fn stepping(&self) -> bool {
        self.0.steps.with(|s| s.stepping())
    }

    /// In step mode, lets the next `n` steps through: those that wait, oldest first, then those that
    /// are asked for. Without step mode nothing waits, and this does nothing.
    pub fn step(&self, n: u32) {
        self.0.steps.with(|s| s.permit(n));
    }

    /// Ends step mode: everything that waits goes. Breakpoints stay.
    pub fn run(&self) {
        self.0.steps.with(Stepper::run);
    }

    /// Sets a breakpoint: the next such step turns step mode on and waits as the first.
    pub fn break_on(&self, on: BreakOn) {
        self.0.steps.with(|s| s.break_on(on));
    }

    /// Takes a breakpoint away; says whether it was set.
    pub fn clear_break(&self, on: BreakOn) -> bool {
        self.0.steps.with(|s| s.clear_break(on))
    }

    /// Takes all breakpoints away; says how many there were.
    pub fn clear_breaks(&self) -> usize {
        self.0.steps.with(|s| {
            let all: Vec<BreakOn> = s.breaks().collect();
            all.into_iter().filter(|on| s.clear_break(*on)).count()
        })
    }

    /// The breakpoints that are set.
    pub fn breaks(&self) -> Vec<BreakOn> {
        self.0.steps.with(|s| s.breaks().collect())
    }

    /// Slow motion: link time runs at 1/`factor`, and every link gets a natural latency and bound
    /// ([`SLOW_LATENCY`](super::links::SLOW_LATENCY),
    /// [`SLOW_BYTES_PER_SECOND`](super::links::SLOW_BYTES_PER_SECOND)) in that time. 1 is real time,
    /// without them.
    ///
    /// # Errors
    /// The factor is none that can be watched.
    pub fn slow(&self, factor: u32) -> Result<(), LabError> {
        if !(1..=SLOWEST).contains(&factor) {
            return Err(LabError::new(
                LabErrorKind::Time,
                format!("no link runs {factor} times slower"),
            )
            .hint(format!("From 1 (real time) to {SLOWEST}; :slow 10 is good to watch.")));
        }
        if self.0.clock.slow() != factor {
            self.record_lab(LabFact::Slowed { factor });
            self.0.clock.set_slow(factor);
            self.0.links.set_slow(factor > 1);
            self.0.wakes.all();
        }
        Ok(())
    }

    /// Gives this moment a name, to look back at.
    pub fn bookmark(&self, name: &str) {
        self.record_lab(LabFact::Bookmark { name: name.to_owned() });
    }
}
