//! What a running command must know from the host before it can answer.
//!
//! Effects are carried out after the command; these few questions cannot wait, since the reply
//! depends on the answer. A driver hands its answers in with [`Engine::set_host`]. In the simulation
//! and in tests [`Agreeable`] answers: always yes, and time stands still.

use super::Engine;
use super::config::Config;
use crate::observe::{LinkRef, Step};

/// A driver's answers. They must be quick: a command waits for each. Where a host says nothing of its
/// own, it agrees to everything, its time stands still, and no step is held.
pub trait Host {
    /// Makes `dir` the working directory, as `chdir` would; answers it absolute, as the instance
    /// sees it.
    ///
    /// # Errors
    /// The system's reason, e.g. `No such file or directory`.
    fn enter(&mut self, dir: &str) -> Result<String, String> {
        Ok(dir.to_owned())
    }

    /// Listens on the port and the addresses of this configuration and on no others. Answers log
    /// lines (warnings) about addresses that were left out.
    ///
    /// # Errors
    /// Log lines that say what is in the way. The host then listens nowhere, until it is asked
    /// again.
    fn listen(&mut self, config: &Config) -> Result<Vec<String>, Vec<String>> {
        let _ = config;
        Ok(Vec::new())
    }

    /// Makes room for so many clients.
    ///
    /// # Errors
    /// How many there is room for instead.
    fn make_room(&mut self, maxclients: i64) -> Result<(), i64> {
        let _ = maxclients;
        Ok(())
    }

    /// Whether the instance was killed: what a long command has done so far is lost anyway, so it
    /// may stop in the middle.
    fn killed(&self) -> bool {
        false
    }

    /// Microseconds on a clock that runs on within a turn, to measure commands with.
    fn micros(&self) -> u64 {
        0
    }

    /// Whether steps of replication are looked at one by one at all. While this says no,
    /// [`Host::may`] is not asked and nothing is held.
    fn stepping(&self) -> bool {
        false
    }

    /// Whether this step may happen now. A step that is refused is kept back by the engine, with
    /// everything behind it on the same link, and asked for again with the same `ticket` whenever
    /// [`Engine::poke`] is called. A yes counts for this one step.
    fn may(&mut self, ticket: Ticket, step: &Step) -> bool {
        let _ = (ticket, step);
        true
    }

    /// Whether the peer of this link is no instance of the host's own: its clocks run on while the
    /// host holds time.
    fn outside(&self, link: &LinkRef) -> bool {
        let _ = link;
        false
    }

    /// A step that was refused will not be asked for again: its link is gone.
    fn forget(&mut self, ticket: Ticket) {
        let _ = ticket;
    }
}

/// Names one step that an engine asks for; never reused within an instance's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub u64);

/// A host that has everything.
#[derive(Clone, Copy, Debug, Default)]
pub struct Agreeable;

impl Host for Agreeable {}

/// A long command asks whether it still makes sense once in so many steps.
const ASK_EVERY: u64 = 1024;

impl Engine {
    /// Who answers from now on.
    pub fn set_host(&mut self, host: Box<dyn Host>) {
        self.host = host;
    }

    /// Whether a long command should stop at this step, because its instance was killed. Cheap
    /// enough for every step.
    #[inline]
    pub(crate) fn gives_up(&self, step: u64) -> bool {
        step.is_multiple_of(ASK_EVERY) && self.host.killed()
    }
}
