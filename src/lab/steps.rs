//! The steps of all instances behind one lock: who waits, what the learner lets go, and link time,
//! which stands while somebody waits.

use super::clock::LabClock;
use super::journal::Journal;
use super::links::Links;
use super::wakes::Wakes;
use crate::engine::host::Ticket;
use crate::engine::stepper::Stepper;
use crate::node::{Clock, Gate, Steps};
use crate::observe::{LabFact, Step};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The one judge of a lab's steps.
pub(super) struct LabSteps {
    journal: Arc<Journal>,
    clock: Arc<LabClock>,
    links: Arc<Links>,
    wakes: Arc<Wakes>,
    /// Steps have to be asked for at all.
    active: AtomicBool,
    /// Facts wait to be told.
    untold: AtomicBool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    stepper: Stepper,
    held: bool,
    /// What the journal was told last about it.
    told_held: bool,
    /// Told with the next turn's end, or at once when the learner did something.
    facts: Vec<LabFact>,
    /// Nobody waits any more: the session is being closed.
    closed: bool,
}

impl LabSteps {
    pub(super) fn new(
        journal: Arc<Journal>,
        clock: Arc<LabClock>,
        links: Arc<Links>,
        wakes: Arc<Wakes>,
    ) -> LabSteps {
        LabSteps {
            journal,
            clock,
            links,
            wakes,
            active: AtomicBool::new(false),
            untold: AtomicBool::new(false),
            state: Mutex::default(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does something with the stepper on behalf of the learner or the lab, and tells at once what
    /// came of it.
    pub(super) fn with<T>(&self, act: impl FnOnce(&mut Stepper) -> T) -> T {
        let mut state = self.lock();
        let out = act(&mut state.stepper);
        let wakes = self.settle(&mut state);
        // The step that goes now is followed by the next one in no time: who told here that link
        // time runs would tell nothing but that.
        let soon = state.stepper.stepping() && !state.held;
        self.tell(&mut state, !soon);
        drop(state);
        self.wake(wakes);
        out
    }

    /// Lets everything go, for good: the session is being closed.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.with(Stepper::run);
    }

    /// After the stepper was asked or told something: link time, facts and flags follow. Answers
    /// whom to wake: an instance's port each, 0 for all of them.
    fn settle(&self, state: &mut State) -> Vec<u16> {
        state.facts.append(&mut state.stepper.take_told());
        let mut wakes = state.stepper.take_wakes();
        let holds = state.stepper.holds();
        if holds != state.held {
            state.held = holds;
            self.clock.set_held(holds);
            if !holds {
                wakes = vec![0];
            }
        }
        self.active.store(state.stepper.active() && !state.closed, Ordering::Release);
        let untold = !state.facts.is_empty() || state.held != state.told_held;
        self.untold.store(untold, Ordering::Release);
        wakes
    }

    /// Inside the lock, so that facts come in the order in which they happened.
    fn tell(&self, state: &mut State, held_too: bool) {
        let now = self.clock.now();
        for fact in state.facts.drain(..) {
            self.journal.append_lab(now, fact);
        }
        if held_too && state.told_held != state.held {
            state.told_held = state.held;
            self.journal.append_lab(now, LabFact::LinkTimeHeld { on: state.held });
        }
        self.untold.store(state.told_held != state.held, Ordering::Release);
    }

    fn wake(&self, ports: Vec<u16>) {
        for port in ports {
            match port {
                0 => self.wakes.all(),
                port => self.wakes.one(port),
            }
        }
    }
}

impl Steps for LabSteps {
    fn stepping(&self) -> bool {
        self.active.load(Ordering::Acquire)
    }

    fn may(&self, port: u16, ticket: Ticket, step: &Step) -> bool {
        let now = self.clock.now();
        let inside = step.link.as_ref().is_some_and(|l| self.links.is_inside(now, &l.peer));
        let mut state = self.lock();
        if state.closed {
            return true;
        }
        let may = state.stepper.ask(port, ticket, inside, step);
        let wakes = self.settle(&mut state);
        drop(state);
        self.wake(wakes);
        may
    }

    fn forget(&self, port: u16, ticket: Ticket) {
        let mut state = self.lock();
        state.stepper.forget(port, ticket);
        let wakes = self.settle(&mut state);
        drop(state);
        self.wake(wakes);
    }

    fn turn_over(&self, _port: u16) {
        // What an instance was told in its turn stands behind the facts of that turn.
        if self.untold.load(Ordering::Acquire) {
            self.tell(&mut self.lock(), true);
        }
    }
}
