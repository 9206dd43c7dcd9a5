//! Pausing clients: CLIENT PAUSE, a shutdown that waits, a failover. Each has a pause of its own;
//! the strictest counts.

use super::Engine;
use super::blocked::Blocked;
use crate::observe::Fact;
pub use crate::observe::PausedBy;

/// The end of a pause that only its own purpose ends.
pub const FOR_EVER: u64 = u64::MAX / 2000;

/// Which commands wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PauseType {
    /// Those that may change or propagate something.
    Write,
    All,
}

/// The pauses that run.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pauses {
    /// For each purpose the type and the end (milliseconds of the clients' clock).
    of: [Option<(PauseType, u64)>; 3],
}

impl Engine {
    /// Pauses clients until `end_ms` on the clients' clock. A longer or stricter pause of the same
    /// purpose stays.
    pub(crate) fn pause(&mut self, by: PausedBy, what: PauseType, end_ms: u64) {
        let slot = &mut self.pauses.of[by as usize];
        let (what, end_ms) = match *slot {
            Some((t, e)) => (t.max(what), e.max(end_ms)),
            None => (what, end_ms),
        };
        *slot = Some((what, end_ms));
        let for_ms = (end_ms < FOR_EVER).then(|| end_ms.saturating_sub(self.now.mono_ms()));
        self.fact(Fact::Paused { by, writes_only: what == PauseType::Write, for_ms });
    }

    /// Ends a pause. Clients that no other pause holds go on before the turn ends.
    pub(crate) fn unpause(&mut self, by: PausedBy) {
        if self.pauses.of[by as usize].take().is_some() {
            self.fact(Fact::Resumed { by });
            self.wake_paused();
        }
    }

    /// The strictest pause that runs.
    pub(crate) fn pause_type(&self) -> Option<PauseType> {
        let now = self.now.mono_ms();
        self.pauses.of.iter().flatten().filter(|(_, end)| *end > now).map(|(t, _)| *t).max()
    }

    /// The next end of a pause, in milliseconds of the clients' clock.
    pub(crate) fn pause_ends(&self) -> Option<u64> {
        self.pauses.of.iter().flatten().map(|(_, end)| *end).min()
    }

    /// Drops the pauses that are over.
    pub(crate) fn end_pauses(&mut self) {
        let now = self.now.mono_ms();
        for by in [PausedBy::Client, PausedBy::Shutdown, PausedBy::Failover] {
            if self.pauses.of[by as usize].is_some_and(|(_, end)| end <= now) {
                self.unpause(by);
            }
        }
    }

    fn wake_paused(&mut self) {
        for c in self.clients.iter_mut() {
            if c.blocked == Some(Blocked::Paused) {
                c.blocked = None;
                self.resume.push(c.conn);
            }
        }
    }
}
