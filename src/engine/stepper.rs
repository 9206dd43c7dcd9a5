//! Who may take the next step of replication: one judge for a whole world of instances.
//!
//! In: the steps that engines ask for, and what the learner wants (step mode, permits,
//! breakpoints). Out: yes or no for each, the facts for the journal, and which instances to ask
//! again. Never in here: clocks, sockets, threads, and what a step does.

use super::host::Ticket;
use crate::observe::{BreakOn, Flow, LabFact, Side, Step, StepKind};
use std::collections::BTreeSet;

/// Lets steps through one by one, or all of them until a breakpoint is met.
#[derive(Debug, Default)]
pub struct Stepper {
    stepping: bool,
    breaks: BTreeSet<BreakOn>,
    /// Steps that go through although step mode is on, before the next one waits.
    permits: u32,
    /// Refused so far, in the order of asking.
    waiting: Vec<Waiting>,
    /// Let through, but the engine has not asked again yet.
    granted: BTreeSet<(u16, Ticket)>,
    last_id: u64,
    told: Vec<LabFact>,
    wakes: BTreeSet<u16>,
}

#[derive(Debug)]
struct Waiting {
    id: u64,
    port: u16,
    ticket: Ticket,
    step: Step,
}

impl Stepper {
    /// Whether engines have to ask at all: step mode is on, a breakpoint is set, or a step waits.
    pub fn active(&self) -> bool {
        self.stepping || !self.breaks.is_empty() || self.holds()
    }

    /// Whether step mode is on.
    pub fn stepping(&self) -> bool {
        self.stepping
    }

    /// The breakpoints that are set.
    pub fn breaks(&self) -> impl Iterator<Item = BreakOn> {
        self.breaks.iter().copied()
    }

    /// Whether something waits: then link time stands.
    pub fn holds(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// The instance on `port` asks for a step. What an instance of the same world sent
    /// (`inside_peer`) was asked for by its sender already, so taking it in is no step of its own.
    pub fn ask(&mut self, port: u16, ticket: Ticket, inside_peer: bool, step: &Step) -> bool {
        if self.granted.remove(&(port, ticket)) {
            return true;
        }
        if inside_peer && step.flow == Flow::In && !only_here(step) {
            return true;
        }
        if self.waiting.iter().any(|w| w.port == port && w.ticket == ticket) {
            return false;
        }
        let hit = self.breaks.iter().copied().find(|b| matches(*b, port, step));
        if !self.stepping && hit.is_none() {
            return true;
        }
        if hit.is_some() && (!self.stepping || self.permits > 0) {
            // A breakpoint stops a run of many steps as well.
            self.permits = 0;
            self.stepping = true;
            self.told.push(LabFact::StepMode { on: true, hit });
        }
        self.last_id += 1;
        let id = self.last_id;
        self.told.push(LabFact::StepWaits { id, port, step: step.clone() });
        if self.permits > 0 {
            self.permits -= 1;
            self.told.push(LabFact::StepTaken { id });
            return true;
        }
        self.waiting.push(Waiting { id, port, ticket, step: step.clone() });
        false
    }

    /// An engine will not ask for this step again.
    pub fn forget(&mut self, port: u16, ticket: Ticket) {
        self.granted.remove(&(port, ticket));
        self.drop_where(|w| w.port == port && w.ticket == ticket);
    }

    /// The instance on `port` ended, and its steps with it.
    pub fn instance_gone(&mut self, port: u16) {
        self.granted.retain(|(p, _)| *p != port);
        self.wakes.remove(&port);
        self.drop_where(|w| w.port == port);
    }

    /// Turns step mode on: from now on every step waits. Off is the same as [`Stepper::run`].
    pub fn set_stepping(&mut self, on: bool) {
        if !on {
            return self.run();
        }
        if !self.stepping {
            self.stepping = true;
            self.told.push(LabFact::StepMode { on: true, hit: None });
        }
    }

    /// Lets the next `n` steps through: those that wait, oldest first, then those that are asked
    /// for. Without step mode nothing waits, and this means nothing.
    pub fn permit(&mut self, n: u32) {
        if !self.stepping {
            return;
        }
        self.permits = self.permits.saturating_add(n);
        let now = self.waiting.len().min(self.permits as usize);
        self.permits -= now as u32;
        self.grant(now);
    }

    /// Ends step mode: all that waits goes, unspent permits are void, breakpoints stay.
    pub fn run(&mut self) {
        self.permits = 0;
        self.grant(self.waiting.len());
        if std::mem::take(&mut self.stepping) {
            self.told.push(LabFact::StepMode { on: false, hit: None });
        }
    }

    /// Sets a breakpoint.
    pub fn break_on(&mut self, on: BreakOn) {
        if self.breaks.insert(on) {
            self.told.push(LabFact::BreakSet { on });
        }
    }

    /// Takes a breakpoint away; whether it was set.
    pub fn clear_break(&mut self, on: BreakOn) -> bool {
        let was = self.breaks.remove(&on);
        if was {
            self.told.push(LabFact::BreakCleared { on });
        }
        was
    }

    /// The steps that wait, oldest first: id, port of the instance that asks, step.
    pub fn waiting(&self) -> impl Iterator<Item = (u64, u16, &Step)> {
        self.waiting.iter().map(|w| (w.id, w.port, &w.step))
    }

    /// What the journal is to be told, in order. Whether link time stands is not among it: the
    /// clock is the driver's (see [`Stepper::holds`]).
    pub fn take_told(&mut self) -> Vec<LabFact> {
        std::mem::take(&mut self.told)
    }

    /// The instances that must ask again ([`Engine::poke`](super::Engine::poke)).
    pub fn take_wakes(&mut self) -> Vec<u16> {
        std::mem::take(&mut self.wakes).into_iter().collect()
    }

    /// The oldest `n` that wait may go.
    fn grant(&mut self, n: usize) {
        for w in self.waiting.drain(..n) {
            self.told.push(LabFact::StepTaken { id: w.id });
            self.granted.insert((w.port, w.ticket));
            self.wakes.insert(w.port);
        }
    }

    fn drop_where(&mut self, gone: impl Fn(&Waiting) -> bool) {
        let told = &mut self.told;
        self.waiting.retain(|w| {
            let gone = gone(w);
            if gone {
                told.push(LabFact::StepGone { id: w.id });
            }
            !gone
        });
    }
}

/// Whether only the receiver can hold this message: a master cannot know that PING and AUTH come
/// from a replica, so it answers at once.
fn only_here(step: &Step) -> bool {
    let answers = matches!(step.kind, StepKind::Pong | StepKind::Auth);
    answers && step.link.as_ref().is_some_and(|l| l.side == Side::Replica)
}

/// Whether a breakpoint means this step of the instance on `port`.
fn matches(on: BreakOn, port: u16, step: &Step) -> bool {
    match on {
        BreakOn::Kind(kind) => step.kind == kind,
        BreakOn::Port(p) => p == port || step.link.as_ref().is_some_and(|l| l.peer.port == p),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::{Addr, LinkRef, StepWhat};

    fn step(kind: StepKind) -> Step {
        Step::here(kind, None, StepWhat::Nothing)
    }

    fn ids(s: &Stepper) -> Vec<u64> {
        s.waiting().map(|(id, ..)| id).collect()
    }

    #[test]
    fn live_says_yes_and_tells_nothing() {
        let mut s = Stepper::default();
        assert!(!s.active());
        assert!(s.ask(1, Ticket(1), false, &step(StepKind::Ping)));
        s.permit(3);
        assert!(s.take_told().is_empty() && !s.active());
    }

    #[test]
    fn steps_wait_in_the_order_of_asking_and_go_oldest_first() {
        let mut s = Stepper::default();
        s.set_stepping(true);
        assert!(!s.ask(2, Ticket(5), false, &step(StepKind::Ping)));
        assert!(!s.ask(1, Ticket(5), false, &step(StepKind::Ack)));
        assert!(!s.ask(1, Ticket(5), false, &step(StepKind::Ack)), "asked again: no news");
        assert_eq!((ids(&s), s.holds()), (vec![1, 2], true));
        s.take_told();
        s.permit(1);
        assert_eq!(s.take_told(), [LabFact::StepTaken { id: 1 }]);
        assert_eq!(s.take_wakes(), [2]);
        assert!(!s.ask(1, Ticket(5), false, &step(StepKind::Ack)));
        assert!(s.ask(2, Ticket(5), false, &step(StepKind::Ping)));
        // What is left of a permit is spent on what is asked for later.
        s.permit(2);
        assert!(s.ask(1, Ticket(5), false, &step(StepKind::Ack)));
        assert!(!s.holds());
        s.take_told();
        let ping = step(StepKind::Ping);
        assert!(s.ask(2, Ticket(6), false, &ping));
        let told =
            [LabFact::StepWaits { id: 3, port: 2, step: ping }, LabFact::StepTaken { id: 3 }];
        assert_eq!(s.take_told(), told);
        assert!(!s.ask(2, Ticket(7), false, &step(StepKind::Ping)));
    }

    #[test]
    fn run_lets_all_go_and_voids_permits() {
        let mut s = Stepper::default();
        s.set_stepping(true);
        s.permit(4);
        s.run();
        s.set_stepping(true);
        for ticket in 1..=3 {
            assert!(!s.ask(7, Ticket(ticket), false, &step(StepKind::Command)));
        }
        s.take_told();
        s.set_stepping(false);
        let mut told: Vec<_> = (1..=3).map(|id| LabFact::StepTaken { id }).collect();
        told.push(LabFact::StepMode { on: false, hit: None });
        assert_eq!(s.take_told(), told);
        assert_eq!((s.take_wakes(), s.active()), (vec![7], false));
        // Step mode again, before the engine came to ask: what was granted stays granted.
        s.set_stepping(true);
        assert!(s.ask(7, Ticket(2), false, &step(StepKind::Command)));
        assert!(!s.ask(7, Ticket(2), false, &step(StepKind::Command)));
    }

    #[test]
    fn a_breakpoint_holds_its_step_and_what_comes_behind() {
        let mut s = Stepper::default();
        let on = BreakOn::Kind(StepKind::Psync);
        s.break_on(on);
        s.break_on(on);
        assert_eq!(s.take_told(), [LabFact::BreakSet { on }]);
        assert!(s.active() && !s.stepping());
        assert!(s.ask(1, Ticket(1), false, &step(StepKind::Ping)));
        assert!(!s.ask(1, Ticket(2), false, &step(StepKind::Psync)));
        assert!(!s.ask(2, Ticket(1), false, &step(StepKind::Ping)));
        assert_eq!(s.take_told()[0], LabFact::StepMode { on: true, hit: Some(on) });
        s.run();
        assert!(s.ask(1, Ticket(2), false, &step(StepKind::Psync)), "the held one is through");
        assert!(!s.ask(1, Ticket(3), false, &step(StepKind::Psync)), "the next one is held");
        s.permit(5);
        assert!(s.ask(1, Ticket(3), false, &step(StepKind::Psync)));
        assert!(s.ask(1, Ticket(4), false, &step(StepKind::Ping)));
        assert!(!s.ask(1, Ticket(5), false, &step(StepKind::Psync)), "many steps stop there too");
        s.run();
        assert!(s.clear_break(on) && !s.clear_break(on) && !s.active());
    }

    #[test]
    fn a_port_means_its_links_too() {
        let mut s = Stepper::default();
        s.break_on(BreakOn::Port(6381));
        let link = LinkRef { side: Side::Master, peer: Addr::new("127.0.0.1", 6381) };
        let other = LinkRef { side: Side::Master, peer: Addr::new("127.0.0.1", 6382) };
        let of = |link| Step { link: Some(link), ..step(StepKind::Command) };
        assert!(s.ask(6380, Ticket(1), true, &of(other)));
        assert!(!s.ask(6380, Ticket(2), true, &of(link)));
        s.run();
        assert!(!s.ask(6381, Ticket(1), true, &step(StepKind::Load)));
    }

    #[test]
    fn what_an_inside_peer_sent_is_no_step() {
        let mut s = Stepper::default();
        s.set_stepping(true);
        s.take_told();
        let arrives = Step { flow: Flow::In, ..step(StepKind::Command) };
        assert!(s.ask(1, Ticket(1), true, &arrives));
        assert!(s.take_told().is_empty());
        assert!(!s.ask(1, Ticket(2), false, &arrives));
        let link = Some(LinkRef { side: Side::Replica, peer: Addr::new("127.0.0.1", 6380) });
        let pong = Step { kind: StepKind::Pong, flow: Flow::In, link, ..step(StepKind::Pong) };
        assert!(!s.ask(1, Ticket(3), true, &pong), "its sender did not know that it is one");
    }

    #[test]
    fn what_is_gone_waits_no_more() {
        let mut s = Stepper::default();
        s.set_stepping(true);
        for (port, ticket) in [(1, 1), (1, 2), (2, 1), (2, 2)] {
            s.ask(port, Ticket(ticket), false, &step(StepKind::Ping));
        }
        s.take_told();
        s.forget(1, Ticket(2));
        s.forget(1, Ticket(9));
        assert_eq!(s.take_told(), [LabFact::StepGone { id: 2 }]);
        s.permit(1);
        s.instance_gone(1);
        assert!(!s.ask(1, Ticket(1), false, &step(StepKind::Ping)), "another life");
        s.take_told();
        s.instance_gone(2);
        assert_eq!(s.take_told(), [LabFact::StepGone { id: 3 }, LabFact::StepGone { id: 4 }]);
        assert_eq!(ids(&s), [5]);
    }
}
