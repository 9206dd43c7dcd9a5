//! The steps of all instances behind one lock: who waits, what the learner lets go, and link time,
//! which stands while somebody waits.

use super::clock::LabClock;
use super::journal::Journal;
use super::links::Links;
use super::wakes::Wakes;
use crate::engine::host::Ticket;
use crate::engine::stepper::Stepper;
use crate::node::{Clock, Gate, Steps};
use crate::observe::{Addr, LabFact, LinkRef, Step};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How long an outside peer bears silence: repl-timeout as it usually is. Its own is not known.
const PATIENCE_MS: u64 = 60_000;

/// The one judge of a lab's steps.
pub(super) struct LabSteps {
    journal: Arc<Journal>,
    clock: Arc<LabClock>,
    links: Arc<Links>,
    wakes: Arc<Wakes>,
    /// Steps have to be asked for at all.
    active: AtomicBool,
    /// Link time stands.
    holding: AtomicBool,
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
    /// Outside peers of instances that hear nothing, since when (the clients' clock).
    patience: BTreeMap<(u16, Addr), u64>,
    /// What an instance was told in its turn: it is told when that turn is over, or at once when the
    /// learner does something.
    facts: Vec<(u16, LabFact)>,
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
            holding: AtomicBool::new(false),
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
        let was = self.stepping();
        let out = act(&mut state.stepper);
        let wakes = self.settle(&mut state, 0);
        // The step that goes now is followed by the next one in no time: who told here that link
        // time runs would tell nothing but that.
        let soon = state.stepper.stepping() && !state.held;
        self.tell(&mut state, None, !soon);
        let active = self.stepping();
        drop(state);
        // Everybody must know by now that steps are held, or are no longer.
        self.wake(if active == was { wakes } else { vec![0] });
        out
    }

    /// Lets everything go, for good: the session is being closed.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.with(Stepper::run);
    }

    /// After the stepper was asked or told something: link time, facts and flags follow. Answers
    /// whom to wake: an instance's port each, 0 for all of them.
    fn settle(&self, state: &mut State, port: u16) -> Vec<u16> {
        state.facts.extend(state.stepper.take_told().into_iter().map(|fact| (port, fact)));
        let mut wakes = state.stepper.take_wakes();
        let holds = state.stepper.holds();
        if holds != state.held {
            state.held = holds;
            self.clock.set_held(holds);
            self.holding.store(holds, Ordering::Release);
            // By a new clock everybody waits anew, and says whose peers do.
            wakes = vec![0];
        }
        self.active.store(state.stepper.active() && !state.closed, Ordering::Release);
        let untold = !state.facts.is_empty() || state.held != state.told_held;
        self.untold.store(untold, Ordering::Release);
        wakes
    }

    /// Tells what the instance on `of` was told (`None`: any instance), inside the lock, so that
    /// facts come in the order in which they happened.
    fn tell(&self, state: &mut State, of: Option<u16>, held_too: bool) {
        let now = self.clock.now();
        for (port, fact) in std::mem::take(&mut state.facts) {
            match of {
                // Its turn is not over.
                Some(of) if port != of && port != 0 => state.facts.push((port, fact)),
                _ => {
                    self.journal.append_lab(now, fact);
                }
            }
        }
        if !state.facts.is_empty() {
            return;
        }
        if held_too && state.told_held != state.held {
            state.told_held = state.held;
            self.journal.append_lab(now, LabFact::LinkTimeHeld { on: state.held });
            if !state.held {
                for ((port, peer), _) in std::mem::take(&mut state.patience) {
                    let fact = LabFact::PeerWaits { port, peer, bears_ms: None };
                    self.journal.append_lab(now, fact);
                }
            }
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
        let wakes = self.settle(&mut state, port);
        drop(state);
        self.wake(wakes);
        may
    }

    fn outside(&self, link: &LinkRef) -> bool {
        !self.links.is_inside(self.clock.now(), &link.peer)
    }

    fn holding(&self) -> bool {
        self.holding.load(Ordering::Acquire)
    }

    fn peers_wait(&self, port: u16, peers: Vec<(Addr, u64)>) {
        let now = self.clock.now();
        let mut state = self.lock();
        if !state.held || state.closed {
            return;
        }
        let peers: BTreeMap<(u16, Addr), u64> =
            peers.into_iter().map(|(peer, since)| ((port, peer), since)).collect();
        let gone = |(p, peer): &(u16, Addr)| *p == port && !peers.contains_key(&(*p, peer.clone()));
        let content: Vec<_> = state.patience.keys().filter(|k| gone(k)).cloned().collect();
        for key in content {
            state.patience.remove(&key);
            state.facts.push((port, LabFact::PeerWaits { port, peer: key.1, bears_ms: None }));
        }
        for (key, since) in peers {
            if state.patience.insert(key.clone(), since) == Some(since) {
                continue;
            }
            let silent_ms = now.mono_us.saturating_sub(since) / 1_000;
            let bears_ms = Some(PATIENCE_MS.saturating_sub(silent_ms));
            state.facts.push((port, LabFact::PeerWaits { port, peer: key.1, bears_ms }));
        }
        if !state.facts.is_empty() {
            self.tell(&mut state, Some(port), true);
        }
    }

    fn forget(&self, port: u16, ticket: Ticket) {
        let mut state = self.lock();
        state.stepper.forget(port, ticket);
        let wakes = self.settle(&mut state, port);
        drop(state);
        self.wake(wakes);
    }

    fn turn_over(&self, port: u16) {
        // What an instance was told in its turn stands behind the facts of that turn.
        if self.untold.load(Ordering::Acquire) {
            self.tell(&mut self.lock(), Some(port), true);
        }
    }
}
