//! What the learner may do to links and instances, and undo again. A link is named by the two ports at
//! its ends; one of them may be that of a server outside (0: a replica that announced none).

use super::error::{LabError, LabErrorKind};
use super::links::{Faults, pair};
use super::session::{KILL_PATIENCE, Lab, join};
use crate::node::{Clock, Control};
use crate::observe::{Fault, LabFact};
use std::time::Duration;

/// How long a freeze waits for the instance to come to a stand: a long command is not interrupted.
const FREEZE_PATIENCE: Duration = Duration::from_secs(2);

/// How long dropping a connection waits to hear whether there is one.
const DROP_PATIENCE: Duration = Duration::from_secs(2);

/// Nobody waits longer for a byte.
const LONGEST_DELAY: Duration = Duration::from_secs(3_600);

impl Lab {
    /// Ends the connections of a link and refuses new ones, until it is healed.
    pub fn cut(&self, a: u16, b: u16) -> Result<(), LabError> {
        self.fault(a, b, |f| f.cut = true)
    }

    /// Swallows all bytes of a link, both ways, and tells nobody: connections stay, also when an end
    /// closes them, and dials hang. When it is healed, connections that lost bytes end.
    pub fn half_open(&self, a: u16, b: u16) -> Result<(), LabError> {
        self.fault(a, b, |f| f.half_open = true)
    }

    /// Lets every byte of a link arrive so much later (of link time; it travels on while steps
    /// wait). `None` lifts it.
    pub fn delay(&self, a: u16, b: u16, latency: Option<Duration>) -> Result<(), LabError> {
        if latency.is_some_and(|d| d > LONGEST_DELAY) {
            return Err(LabError::new(LabErrorKind::Link, "a delay of more than an hour")
                .hint("Replication gives up after a minute; :halfopen swallows everything."));
        }
        let latency = latency.filter(|d| !d.is_zero());
        self.fault(a, b, |f| f.delay = latency)
    }

    /// Bounds what a link carries, in both directions; `None` lifts it.
    pub fn throttle(&self, a: u16, b: u16, bytes_per_second: Option<u64>) -> Result<(), LabError> {
        if bytes_per_second == Some(0) {
            return Err(LabError::new(LabErrorKind::Link, "a bound of 0 bytes a second")
                .hint("The smallest bound is 1 byte a second."));
        }
        self.fault(a, b, |f| f.bytes_per_second = bytes_per_second)
    }

    fn fault(&self, a: u16, b: u16, change: impl Fn(&mut Faults)) -> Result<(), LabError> {
        self.check_link(a, b)?;
        let before = self.0.links.of(a, b);
        let mut after = before;
        change(&mut after);
        // Told first: what the instances tell of it comes after its cause.
        self.tell_faults(a, b, before, after);
        self.0.links.set(a, b, change)?;
        // Whoever waits by the old rule asks again.
        self.0.wakes.all();
        Ok(())
    }

    fn tell_faults(&self, a: u16, b: u16, before: Faults, after: Faults) {
        let tell = |fault, on| self.record_lab(LabFact::LinkFault { a, b, fault, on });
        if before.cut != after.cut {
            tell(Fault::Cut, after.cut);
        }
        if before.half_open != after.half_open {
            tell(Fault::HalfOpen, after.half_open);
        }
        let us = |d: Duration| u64::try_from(d.as_micros()).unwrap_or(u64::MAX);
        match (before.delay, after.delay) {
            (old, Some(new)) if old != Some(new) => tell(Fault::Delay { us: us(new) }, true),
            (Some(old), None) => tell(Fault::Delay { us: us(old) }, false),
            _ => {}
        }
        if before.bytes_per_second != after.bytes_per_second {
            let bytes_per_second = after.bytes_per_second;
            self.record_lab(LabFact::LinkThrottled { a, b, bytes_per_second });
        }
    }

    /// Undoes everything that was done to one link, or to all of them. Says to how many.
    pub fn heal(&self, link: Option<(u16, u16)>) -> usize {
        let wanted = link.map(|(a, b)| pair(a, b));
        let links = &self.0.links;
        let faulty = links.faulty().into_iter().filter(|(p, _)| wanted.is_none_or(|w| w == *p));
        let faulty: Vec<_> = faulty.collect();
        for ((a, b), faults) in &faulty {
            self.tell_faults(*a, *b, *faults, Faults::default());
            links.heal(Some((*a, *b)));
        }
        self.0.wakes.all();
        faulty.len()
    }

    /// Ends the present connection between two ports. The replica may come back at once.
    pub fn drop_link(&self, a: u16, b: u16) -> Result<(), LabError> {
        self.check_link(a, b)?;
        let able = |port| self.instance(port).is_some_and(|i| i.up && !i.frozen);
        if !able(a) && !able(b) {
            let cause = format!("neither {a} nor {b} is an instance that runs");
            return Err(LabError::new(LabErrorKind::Link, cause)
                .hint("A frozen instance lets nothing go before :thaw."));
        }
        // One end is told: the other one learns of it as it learns of every end. Were both told, the
        // second could hit the connection that follows.
        for (at, peer) in [(a, b), (b, a)] {
            if able(at) && self.drop_at(at, peer, (a, b)) {
                return Ok(());
            }
        }
        let cause = format!("{a} and {b} have no connection at the moment");
        Err(LabError::new(LabErrorKind::Link, cause)
            .hint(":show topology shows the links that stand."))
    }

    /// Whether this end of the link had a connection, or is too busy to say so: then it drops what
    /// it finds.
    fn drop_at(&self, at: u16, peer: u16, (a, b): (u16, u16)) -> bool {
        let (tell, told) = std::sync::mpsc::channel();
        let (journal, clock) = (self.journal().clone(), self.0.clock.clone());
        let sent = self.0.instances.drop_links(at, peer, move |any| {
            if any {
                // Told first: what the instances tell of it comes after its cause.
                journal.append_lab(clock.now(), LabFact::LinkDropped { a, b });
            }
            let _ = tell.send(any);
        });
        match told.recv_timeout(DROP_PATIENCE) {
            Ok(any) => any,
            Err(error) => sent && error == std::sync::mpsc::RecvTimeoutError::Timeout,
        }
    }

    /// Stops an instance as SIGSTOP would: its sockets stay open and the system goes on accepting
    /// for it, but nothing is answered. Comes back when it stands (a long command ends first).
    pub fn freeze(&self, port: u16) -> Result<(), LabError> {
        match self.0.instances.freeze(port, true, FREEZE_PATIENCE) {
            Some(_) => {
                self.record_lab(LabFact::Frozen { port, on: true });
                Ok(())
            }
            None => Err(self.not_up(port, "is frozen already", ":thaw", "lets it go on")),
        }
    }

    /// Lets a frozen instance go on, as SIGCONT would.
    pub fn thaw(&self, port: u16) -> Result<(), LabError> {
        if self.instance(port).is_some_and(|i| i.up && i.frozen) {
            // Told first: what it tells comes after.
            self.record_lab(LabFact::Frozen { port, on: false });
        }
        match self.0.instances.freeze(port, false, FREEZE_PATIENCE) {
            Some(_) => Ok(()),
            None => Err(self.not_up(port, "is not frozen", ":freeze", "stops it")),
        }
    }

    /// `kill -9`: nothing is saved. Comes back when the instance is gone.
    pub fn kill(&self, port: u16) -> Result<(), LabError> {
        if !self.0.instances.send(port, Control::Kill) {
            return Err(self.not_up(port, "is down already", ":restart", "starts it again"));
        }
        if self.wait_down(port, KILL_PATIENCE) {
            Ok(())
        } else {
            let cause = format!("the instance on port {port} was killed, but has not ended yet");
            Err(LabError::new(LabErrorKind::Instance, cause)
                .hint("It ends as soon as the command that it runs does."))
        }
    }

    /// Why something cannot be done to an instance: it is in that state already, it is down, or
    /// there is none.
    fn not_up(&self, port: u16, already: &str, verb: &str, does: &str) -> LabError {
        match self.instance(port) {
            Some(i) if i.up => LabError::new(LabErrorKind::Instance, format!("{port} {already}"))
                .hint(format!("{verb} {port} {does}.")),
            Some(_) => LabError::new(LabErrorKind::Instance, format!("{port} is down"))
                .hint(format!(":restart {port} starts it again.")),
            None => self.no_instance(port),
        }
    }

    /// A link has two ends, and one of them at least is ours.
    fn check_link(&self, a: u16, b: u16) -> Result<(), LabError> {
        let ports = self.ports();
        let ours = |port| ports.contains(&port) || self.instance(port).is_some();
        if a == b {
            return Err(LabError::new(LabErrorKind::Link, format!("{a} has no link to itself"))
                .hint("Name the two ends: the port of the master and the port of the replica."));
        }
        if ours(a) || ours(b) {
            return Ok(());
        }
        let cause = format!("neither {a} nor {b} is an instance of this lab");
        Err(LabError::new(LabErrorKind::Link, cause)
            .hint(format!("Its ports are {}.", join(&ports))))
    }
}
