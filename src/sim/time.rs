//! What the learner does to time: steps, breakpoints, slow motion.

use super::Sim;
use crate::engine::host::{Host, Ticket};
use crate::engine::stepper::Stepper;
use crate::observe::{Body, BreakOn, Flow, LabFact, LinkRef, Source, Step};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;

/// The world's judge of steps, and who belongs to the world.
#[derive(Debug, Default)]
pub(super) struct Judge {
    pub(super) stepper: Stepper,
    pub(super) ports: BTreeSet<u16>,
}

/// What an engine of this world asks.
pub(super) struct SimHost {
    pub(super) port: u16,
    pub(super) judge: Rc<RefCell<Judge>>,
}

impl Host for SimHost {
    fn stepping(&self) -> bool {
        self.judge.borrow().stepper.active()
    }

    fn may(&mut self, ticket: Ticket, step: &Step) -> bool {
        let mut judge = self.judge.borrow_mut();
        let peer = step.link.as_ref().map(|l| l.peer.port);
        let inside = peer.is_some_and(|p| judge.ports.contains(&p));
        judge.stepper.ask(self.port, ticket, inside && step.flow == Flow::In, step)
    }

    fn forget(&mut self, ticket: Ticket) {
        self.judge.borrow_mut().stepper.forget(self.port, ticket);
    }

    fn outside(&self, link: &LinkRef) -> bool {
        !self.judge.borrow().ports.contains(&link.peer.port)
    }
}

/// How long [`Sim::step`] lets the world run until a step is asked for, and until it settles.
const PATIENCE_US: u64 = 60_000_000;

impl Sim {
    /// Turns step mode on or off; off lets everything go that waits.
    pub fn set_stepping(&mut self, on: bool) {
        self.judge.borrow_mut().stepper.set_stepping(on);
        self.poke_all();
    }

    /// Lets one step go, the oldest that waits, and runs the world until it settles: no bytes under
    /// way, no job due. If none waits, the world runs until one does, for a minute of its time at
    /// most. `None`: there was no step to let go.
    pub fn step(&mut self) -> Option<Step> {
        if !self.run_until(PATIENCE_US, |sim| sim.judge.borrow().stepper.holds()) {
            return None;
        }
        let step = self.judge.borrow().stepper.waiting().next().map(|(.., step)| step.clone());
        self.judge.borrow_mut().stepper.permit(1);
        self.after_stepper();
        self.settle();
        step
    }

    /// Ends step mode: all that waits goes; breakpoints stay.
    pub fn run_on(&mut self) {
        self.set_stepping(false);
    }

    /// Sets a breakpoint: the next step that it means is held, and all behind it.
    pub fn break_on(&mut self, on: BreakOn) {
        self.judge.borrow_mut().stepper.break_on(on);
        self.poke_all();
    }

    /// Takes a breakpoint away; whether it was set.
    pub fn clear_break(&mut self, on: BreakOn) -> bool {
        let was = self.judge.borrow_mut().stepper.clear_break(on);
        self.poke_all();
        was
    }

    /// Whether step mode is on, by hand or by a breakpoint.
    pub fn is_stepping(&self) -> bool {
        self.judge.borrow().stepper.stepping()
    }

    /// The steps that wait, oldest first, with the instances that ask for them.
    pub fn waiting(&self) -> Vec<(u16, Step)> {
        let judge = self.judge.borrow();
        judge.stepper.waiting().map(|(_, port, step)| (port, step.clone())).collect()
    }

    /// Link time and the links run at 1/`factor` from now on; 1 is the usual speed.
    pub fn slow(&mut self, factor: u32) {
        let factor = factor.max(1);
        self.links.slow(self.now_us, factor);
        self.net.slow(factor);
        self.record(Source::Lab, Body::Lab(LabFact::Slowed { factor }));
        self.set_alarms();
    }

    /// Runs the world until nothing is under way on the network and no job is due.
    pub fn settle(&mut self) {
        let end = self.now_us.saturating_add(PATIENCE_US);
        // What is offered again and again to somebody who takes nothing is no work.
        let mut idle = 0;
        while idle < 100 && self.queue.has_work() {
            let before = self.moved;
            if !self.step_before(end) {
                return;
            }
            idle = if self.moved == before { idle + 1 } else { 0 };
        }
    }

    /// What the judge has decided becomes known: to the journal, to the clock, to the instances.
    pub(super) fn after_stepper(&mut self) {
        self.tell_steps();
        loop {
            let wakes = self.judge.borrow_mut().stepper.take_wakes();
            if wakes.is_empty() {
                return;
            }
            for port in wakes {
                self.poke(port);
            }
        }
    }

    /// Tells what the judge decided, and lets link time stand or run.
    pub(super) fn tell_steps(&mut self) {
        let told = self.judge.borrow_mut().stepper.take_told();
        for fact in told {
            self.record(Source::Lab, Body::Lab(fact));
        }
        let holds = self.judge.borrow().stepper.holds();
        if holds != self.links.stands() {
            self.links.stand(self.now_us, holds);
            self.record(Source::Lab, Body::Lab(LabFact::LinkTimeHeld { on: holds }));
            self.set_alarms();
        }
    }

    fn poke_all(&mut self) {
        self.tell_steps();
        for port in self.hosts.keys().copied().collect::<Vec<_>>() {
            self.poke(port);
        }
        self.after_stepper();
    }

    pub(super) fn poke(&mut self, port: u16) {
        let now = self.now();
        if let Some(host) = self.hosts.get_mut(&port).filter(|h| h.runs()) {
            host.engine.poke(now);
            self.turn(port);
        }
    }

    fn set_alarms(&mut self) {
        for port in self.hosts.keys().copied().collect::<Vec<_>>() {
            self.set_alarm(port);
        }
    }
}
