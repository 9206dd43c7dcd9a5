//! The model: what is known about the whole lab at one moment, as a pure fold of events.
//!
//! In: [`Event`]s, in order. Out: instances, links, keys, history, as they were after the last one.
//! It never asks an instance anything, so the same record gives the same picture: live, when
//! looking back, in a transcript. It never knows words or colours.

mod fold;
mod history;
mod instance;
mod judge;
mod keys;
mod links;
mod query;
mod replica;
mod time;
mod write_rules;

pub use history::{History, Moment, MomentKind};
pub use instance::{Backlog, Counters, Ids, Instance, Life, Loading, Snapshot, Upstream};
pub use keys::{Db, KeyView, Sight};
pub use links::{LinkStatus, LinkView, Peer};
pub use replica::{Decision, Downstream, Over, Transfer, Wait};
pub use time::{Bookmark, LinkFaults, Time, Waiting};
pub use write_rules::{GoodReplicas, Pause, WriteRules};

use crate::observe::{Event, Now};
use std::collections::{BTreeMap, BTreeSet};

/// Everything that is known after the events folded so far. Cheap enough to clone for a checkpoint.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Model {
    /// The time of the last event.
    pub now: Now,
    /// How many events were folded (the position of the next one).
    pub seq: u64,
    pub session: Session,
    /// Every instance of the lab that ever existed, by port; down ones included.
    pub instances: BTreeMap<u16, Instance>,
    /// What happened, notable moments only.
    pub history: History,
    /// Bounds on links in bytes per second, by the pair of ports (smaller first).
    pub throttles: BTreeMap<(u16, u16), u64>,
    /// Other faults of links, by the pair of ports (smaller first).
    pub faults: BTreeMap<(u16, u16), LinkFaults>,
    /// Instances that are stopped as SIGSTOP would.
    pub frozen: BTreeSet<u16>,
    /// What the learner did to time.
    pub time: Time,
    /// Files and folders of the workspace, as virtual paths.
    files: BTreeSet<String>,
    /// Ticked goals: lesson and index.
    goals: BTreeSet<(String, usize)>,
    lost: u64,
}

/// How the session began.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Session {
    pub version: String,
    /// The lab's ports.
    pub ports: Vec<u16>,
    pub bare: bool,
    pub lesson: Option<String>,
    pub began: Now,
}

impl Model {
    /// The model before anything happened.
    pub fn new() -> Model {
        Model::default()
    }

    /// Folds one event.
    pub fn apply(&mut self, event: &Event) {
        fold::apply(self, event);
    }

    /// The instance that listens (or listened) on `port`.
    pub fn instance(&self, port: u16) -> Option<&Instance> {
        self.instances.get(&port)
    }

    /// Microseconds of clients' time between an earlier moment and the last event.
    pub fn since_us(&self, then: Now) -> u64 {
        self.now.mono_us.saturating_sub(then.mono_us)
    }

    /// How many events were dropped before they could be folded one by one.
    pub fn lost(&self) -> u64 {
        self.lost
    }

    pub(super) fn note_lost(&mut self, events: u64) {
        self.lost += events;
    }
}

#[cfg(test)]
#[path = "model/tests.rs"]
mod tests;
