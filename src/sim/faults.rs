//! What can be done to links and instances, short of ending the latter.

use super::net::PipeId;
use super::queue::Action;
use super::{End, Sim};
use crate::observe::{Body, Fault, LabFact, Source};

impl Sim {
    /// Bytes between these two instances stay where they are, both ways; dials do not finish.
    pub fn hold(&mut self, a: u16, b: u16) {
        self.net.rule(a, b).held = true;
    }

    /// Ends a `hold`: everything that waited travels on, in order.
    pub fn release(&mut self, a: u16, b: u16) {
        self.net.rule(a, b).held = false;
        self.wake_links(a, b);
    }

    /// Ends all connections between these two, and refuses new ones until `heal`.
    pub fn cut(&mut self, a: u16, b: u16) {
        self.net.rule(a, b).cut = true;
        self.fault(a, b, Fault::Cut, true);
        self.reset_all(a, b);
    }

    /// Every byte between these two arrives so much later (microseconds of link time); `None`: no
    /// later than usual.
    pub fn delay(&mut self, a: u16, b: u16, us: Option<u64>) {
        let before = std::mem::replace(&mut self.net.rule(a, b).delay_us, us);
        match (before, us) {
            (_, Some(us)) => self.fault(a, b, Fault::Delay { us }, true),
            (Some(us), None) => self.fault(a, b, Fault::Delay { us }, false),
            (None, None) => {}
        }
    }

    /// Bytes between these two are swallowed, and neither learns that the other closed; dials hang.
    pub fn half_open(&mut self, a: u16, b: u16) {
        self.net.rule(a, b).half_open = true;
        for pipe in self.net.between(a, b) {
            self.net.swallow(pipe);
        }
        self.fault(a, b, Fault::HalfOpen, true);
    }

    /// Bounds the bytes a second between these two, each way.
    pub fn throttle(&mut self, a: u16, b: u16, bytes_per_second: u64) {
        self.net.rule(a, b).bytes_per_second = Some(bytes_per_second.max(1));
        let fact = LabFact::LinkThrottled { a, b, bytes_per_second: Some(bytes_per_second) };
        self.record(Source::Lab, Body::Lab(fact));
    }

    /// Ends everything that was done to the link between these two; connections that were half
    /// open are reset.
    pub fn heal(&mut self, a: u16, b: u16) {
        let rule = self.net.heal(a, b);
        let lifted = LabFact::LinkThrottled { a, b, bytes_per_second: None };
        self.record(Source::Lab, Body::Lab(lifted));
        if rule.cut {
            self.fault(a, b, Fault::Cut, false);
        }
        if let Some(us) = rule.delay_us {
            self.fault(a, b, Fault::Delay { us }, false);
        }
        if rule.half_open {
            self.fault(a, b, Fault::HalfOpen, false);
            for pipe in self.net.swallowing(a, b) {
                self.reset_pipe(pipe);
            }
        }
        self.wake_links(a, b);
    }

    /// Ends the present connections between these two; new ones may be made at once.
    pub fn drop_link(&mut self, a: u16, b: u16) {
        self.record(Source::Lab, Body::Lab(LabFact::LinkDropped { a, b }));
        self.reset_all(a, b);
    }

    /// Stops an instance as SIGSTOP does: it reads, writes and decides nothing; its connections
    /// stay.
    pub fn freeze(&mut self, port: u16) {
        if let Some(host) = self.hosts.get_mut(&port).filter(|h| h.runs()) {
            host.frozen = true;
            self.record(Source::Lab, Body::Lab(LabFact::Frozen { port, on: true }));
        }
    }

    pub(super) fn is_frozen(&self, port: u16) -> bool {
        self.hosts.get(&port).is_some_and(|h| h.frozen)
    }

    /// Lets a frozen instance go on.
    pub fn thaw(&mut self, port: u16) {
        let now = self.now();
        let Some(host) = self.hosts.get_mut(&port).filter(|h| h.is_up() && h.frozen) else {
            return;
        };
        host.frozen = false;
        host.alarm = None;
        let jobs = std::mem::take(&mut host.stalled);
        let ended = std::mem::take(&mut host.ended);
        host.engine.timer(now);
        self.record(Source::Lab, Body::Lab(LabFact::Frozen { port, on: false }));
        for (conn, error) in ended {
            self.end_closed(End::Host(port, conn), error);
        }
        for job in jobs {
            self.queue.push(self.now_us, Action::Job(port, job));
        }
        self.poke(port);
        for pipe in self.net.of(port) {
            self.wake_pipe(pipe);
        }
        self.retry_dials();
    }

    fn fault(&mut self, a: u16, b: u16, fault: Fault, on: bool) {
        self.record(Source::Lab, Body::Lab(LabFact::LinkFault { a, b, fault, on }));
    }

    fn reset_all(&mut self, a: u16, b: u16) {
        for pipe in self.net.between(a, b) {
            self.reset_pipe(pipe);
        }
    }

    fn wake_links(&mut self, a: u16, b: u16) {
        for pipe in self.net.between(a, b) {
            self.wake_pipe(pipe);
        }
        self.retry_dials();
    }

    /// Both ends of a pipe learn that it is gone; whatever was under way is lost.
    pub(super) fn reset_pipe(&mut self, pipe: PipeId) {
        for end in self.net.remove(pipe) {
            self.end_closed(end, Some("Connection reset by peer".to_owned()));
        }
    }

    pub(super) fn end_closed(&mut self, end: End, error: Option<String>) {
        let now = self.now();
        match end {
            End::Host(port, conn) => {
                let Some(host) = self.hosts.get_mut(&port).filter(|h| h.is_up()) else { return };
                if host.frozen {
                    host.ended.push((conn, error));
                    return;
                }
                host.engine.peer_closed(now, conn, error);
                self.turn(port);
            }
            End::Client(id) => {
                if let Some(client) = self.clients.get_mut(&id) {
                    client.closed = true;
                }
            }
            End::Nobody => {}
        }
    }
}
