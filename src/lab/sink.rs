//! The way of an instance's facts to the journal.

use super::clock::LabClock;
use super::journal::Journal;
use super::pace::{Pace, WINDOW_US};
use super::workspace::Workspace;
use crate::node::{Clock, FactSink};
use crate::observe::{Fact, Now, SaveTarget};
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Takes an instance's facts, on the instance's own thread.
pub(super) struct Sink {
    pub(super) workspace: Arc<Workspace>,
    pub(super) lane: Arc<Lane>,
    pub(super) late: Arc<Late>,
}

/// One instance's facts on their way, shared with the thread that tells what was kept back.
pub(super) struct Lane {
    journal: Arc<Journal>,
    port: u16,
    state: Mutex<LaneState>,
}

#[derive(Default)]
struct LaneState {
    pace: Pace,
    out: Vec<Fact>,
    /// The late thread knows of it.
    waits: bool,
}

impl Lane {
    pub(super) fn new(journal: Arc<Journal>, port: u16) -> Lane {
        Lane { journal, port, state: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, LaneState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says whether the late thread must be told.
    fn pass(&self, at: Now, facts: &mut Vec<Fact>) -> bool {
        let mut state = self.lock();
        let LaneState { pace, out, waits } = &mut *state;
        let kept = pace.pass(at, facts, out);
        // Inside the lock: the late thread must not overtake.
        self.journal.append_facts(at, self.port, out);
        kept && !std::mem::replace(waits, true)
    }

    /// Tells what was kept back.
    pub(super) fn flush(&self, at: Now) {
        let mut state = self.lock();
        let LaneState { pace, out, waits } = &mut *state;
        *waits = false;
        pace.flush(out);
        self.journal.append_facts(at, self.port, out);
    }
}

impl FactSink for Sink {
    fn take(&mut self, at: Now, facts: &mut Vec<Fact>) {
        // Files of the instance's own making: log and pid file at its start, then its dumps.
        let files = facts.iter().any(|fact| match fact {
            Fact::Ready { .. } => true,
            Fact::SnapshotEnded { target, .. } => *target != SaveTarget::Sockets,
            _ => false,
        });
        // Before the facts, so that whoever acts on `Ready` finds the files told already.
        if files {
            self.workspace.rescan();
        }
        if self.lane.pass(at, facts) {
            self.late.add(&self.lane);
        }
    }
}

/// Tells what busy instances kept back, when nothing more comes from them. Its thread sleeps as
/// long as nothing was kept back.
pub(super) struct Late {
    clock: Arc<LabClock>,
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

#[derive(Default)]
struct Waiting {
    lanes: Vec<Arc<Lane>>,
    closed: bool,
}

impl Late {
    pub(super) fn start(clock: Arc<LabClock>) -> io::Result<Arc<Late>> {
        let late = Arc::new(Late { clock, waiting: Mutex::default(), changed: Condvar::new() });
        let mine = late.clone();
        std::thread::Builder::new().name("late facts".into()).spawn(move || mine.work())?;
        Ok(late)
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, lane: &Arc<Lane>) {
        self.lock().lanes.push(lane.clone());
        self.changed.notify_all();
    }

    /// Ends the thread; the lanes are flushed by whoever ends their instances.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }

    fn work(&self) {
        let mut waiting = self.lock();
        loop {
            let idle = |w: &mut Waiting| w.lanes.is_empty() && !w.closed;
            waiting =
                self.changed.wait_while(waiting, idle).unwrap_or_else(PoisonError::into_inner);
            // The stretch that kept something back has to end first.
            let window = Duration::from_micros(WINDOW_US);
            waiting = self
                .changed
                .wait_timeout_while(waiting, window, |w| !w.closed)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
            if waiting.closed {
                return;
            }
            let lanes = std::mem::take(&mut waiting.lanes);
            drop(waiting);
            for lane in lanes {
                lane.flush(self.clock.now());
            }
            waiting = self.lock();
        }
    }
}
