//! The simulated driver: the same engines on a virtual network, in virtual time, from a seed.
//!
//! In: a seed, instances, commands of virtual clients, faults as plain verbs (`hold`, `release`,
//! `cut`, `heal`, `throttle`, `delay`, `half_open`, `drop_link`, `freeze`, `thaw`, `crash`, `bounce`), and
//! what a learner does to time (`set_stepping`, `step`, `run_on`, `break_on`, `slow`). Out: replies, and the same events that the lab's
//! journal holds. The same seed and the same verbs give the same events, to the byte.
//! Never in here: threads, sockets, files, or the system's time and randomness.

mod client;
mod clock;
mod faults;
mod host;
mod jobs;
mod net;
mod queue;
mod time;

pub use client::ClientId;

use crate::engine::config::Config;
use crate::observe::{Body, Event, ExitHow, LabFact, Now, Source};
use crate::wire::value::Value;
use client::VirtualClient;
use clock::LinkClock;
use host::Host;
use net::{End, Net};
use queue::{Action, Queue};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use time::{Judge, SimHost};

/// The virtual wall clock starts here: a fixed moment, so that goldens never age.
const EPOCH_US: i64 = 1_700_000_000_000_000;

/// A virtual world: instances by port, a network, one clock.
pub struct Sim {
    seed: u64,
    rng: u64,
    now_us: u64,
    queue: Queue,
    hosts: BTreeMap<u16, Host>,
    clients: BTreeMap<ClientId, VirtualClient>,
    net: Net,
    events: Vec<Event>,
    boots: u64,
    links: LinkClock,
    judge: Rc<RefCell<Judge>>,
    /// Counts what came of the things that were due.
    moved: u64,
}

impl Sim {
    /// An empty world. Everything random in it comes from `seed`.
    pub fn new(seed: u64) -> Sim {
        Sim {
            seed,
            rng: seed ^ 0x9e37_79b9_7f4a_7c15,
            now_us: 0,
            queue: Queue::default(),
            hosts: BTreeMap::new(),
            clients: BTreeMap::new(),
            net: Net::default(),
            events: Vec::new(),
            boots: 0,
            links: LinkClock::default(),
            judge: Rc::default(),
            moved: 0,
        }
    }

    /// The virtual moment. Link time stands while steps wait, and crawls in slow motion.
    pub fn now(&self) -> Now {
        Now {
            wall_us: EPOCH_US + i64::try_from(self.now_us).unwrap_or(i64::MAX - EPOCH_US),
            mono_us: self.now_us,
            link_us: self.links.at(self.now_us),
        }
    }

    /// All that happened so far, as the lab's journal would hold it.
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// Adds an entry of the lab's own (a session's beginning, a typed line) at this moment.
    pub fn record(&mut self, source: Source, body: Body) {
        let event = Event { seq: self.events.len() as u64, at: self.now(), source, body };
        self.events.push(event);
    }

    /// Starts an instance with this configuration on a port that nobody holds; its files from an
    /// earlier life are still there.
    ///
    /// # Panics
    /// If an instance runs on that port already: that is a mistake of the test.
    pub fn start(&mut self, port: u16, config: Config) {
        let files = match self.hosts.remove(&port) {
            Some(old) => {
                assert!(!old.is_up(), "an instance runs on port {port} already");
                old.into_files()
            }
            None => BTreeMap::new(),
        };
        self.boots += 1;
        let seed = self.random();
        let mut host = Host::boot(port, config, files, seed, self.boots, self.now());
        self.judge.borrow_mut().ports.insert(port);
        host.engine.set_host(Box::new(SimHost { port, judge: self.judge.clone() }));
        self.hosts.insert(port, host);
        let up = LabFact::InstanceUp { port, conf: None };
        self.record(Source::Lab, Body::Lab(up));
        let now = self.now();
        if let Some(host) = self.hosts.get_mut(&port) {
            host.engine.start(now);
        }
        self.turn(port);
    }

    /// `kill -9`: nothing is flushed, nothing is saved; peers see their connections reset.
    pub fn crash(&mut self, port: u16) {
        self.take_down(port, ExitHow::Killed);
    }

    /// Crash and start again with the same configuration, from the files that were there.
    pub fn bounce(&mut self, port: u16) {
        self.crash(port);
        if let Some(config) = self.hosts.get(&port).map(|h| h.config().clone()) {
            self.start(port, config);
        }
    }

    /// Whether the instance on that port runs.
    pub fn is_up(&self, port: u16) -> bool {
        self.hosts.get(&port).is_some_and(Host::is_up)
    }

    /// A file of an instance, by the path that the instance would use.
    pub fn file(&self, port: u16, path: &str) -> Option<&[u8]> {
        self.hosts.get(&port)?.file(path)
    }

    /// Sends one redis-cli line to an instance over a connection kept for it, and runs the world
    /// until the answer is there. `None`: no answer within ten virtual seconds, or nobody listens.
    pub fn command(&mut self, port: u16, line: &str) -> Option<Value> {
        let client = match self.clients.iter().find(|(_, c)| c.is_console_of(port)) {
            Some((id, _)) => *id,
            None => self.connect(port)?,
        };
        self.send(client, line);
        self.await_reply(client, 10_000_000)
    }

    /// Runs for `us` microseconds of virtual time.
    pub fn run_for(&mut self, us: u64) {
        let end = self.now_us.saturating_add(us);
        while self.step_before(end) {}
        self.now_us = end;
    }

    /// Runs until `done` holds, at most `limit_us`; tells whether it came to hold.
    pub fn run_until(&mut self, limit_us: u64, mut done: impl FnMut(&mut Sim) -> bool) -> bool {
        let end = self.now_us.saturating_add(limit_us);
        loop {
            if done(self) {
                return true;
            }
            if !self.step_before(end) {
                self.now_us = end;
                return done(self);
            }
        }
    }

    /// The seed that this world came from, to be named in a failing test.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// Does the next due thing, if one is due at or before `end`.
    fn step_before(&mut self, end: u64) -> bool {
        let Some((at, action)) = self.queue.pop_before(end) else { return false };
        self.now_us = self.now_us.max(at);
        match action {
            Action::Wake(port) => self.wake(port, at),
            Action::Deliver(pipe) => self.deliver(pipe),
            Action::Dial(port) => self.finish_dial(port),
            Action::Job(port, job) => self.work(port, job),
        }
        true
    }

    fn wake(&mut self, port: u16, at: u64) {
        let now = self.now();
        let Some(host) = self.hosts.get_mut(&port).filter(|h| h.runs()) else { return };
        // Only the newest alarm counts; an older one in the queue is a leftover.
        if host.alarm != Some(at) {
            return;
        }
        host.alarm = None;
        host.engine.timer(now);
        self.turn(port);
    }

    /// The end of a turn: effects, facts, output, and the next alarm.
    fn turn(&mut self, port: u16) {
        let now = self.now();
        let Some(host) = self.hosts.get_mut(&port).filter(|h| h.runs()) else { return };
        host.engine.end_turn(now);
        let mut effects = Vec::new();
        while let Some(effect) = host.engine.poll_effect() {
            effects.push(effect);
        }
        self.take_facts(port);
        for effect in effects {
            self.carry_out(port, effect);
        }
        self.write_out(port);
        self.take_facts(port);
        self.tell_steps();
        self.set_alarm(port);
    }

    fn take_facts(&mut self, port: u16) {
        let mut facts = Vec::new();
        if let Some(host) = self.hosts.get_mut(&port) {
            host.engine.take_facts(&mut facts);
        }
        for fact in facts {
            self.record(Source::Instance(port), Body::Fact(fact));
        }
    }

    fn set_alarm(&mut self, port: u16) {
        let now_us = self.now_us;
        let links = self.links;
        let Some(host) = self.hosts.get_mut(&port).filter(|h| h.runs()) else { return };
        let Some(at) = host.next_alarm(&links) else { return };
        let at = at.max(now_us + 1);
        if host.alarm.is_none_or(|set| at < set || set <= now_us) {
            host.alarm = Some(at);
            self.queue.push(at, Action::Wake(port));
        }
    }

    fn take_down(&mut self, port: u16, how: ExitHow) {
        let Some(host) = self.hosts.get_mut(&port).filter(|h| h.is_up()) else { return };
        host.down();
        self.judge.borrow_mut().stepper.instance_gone(port);
        for pipe in self.net.of(port) {
            if !self.net.abandon(pipe, port) {
                self.reset_pipe(pipe);
            }
        }
        self.tell_steps();
        self.record(Source::Lab, Body::Lab(LabFact::InstanceDown { port, how }));
    }

    /// The next number of the world's own generator (splitmix64).
    fn random(&mut self) -> u64 {
        self.rng = self.rng.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.rng;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A latency between 50 and 250 microseconds.
    fn latency(&mut self) -> u64 {
        50 + self.random() % 200
    }
}

#[cfg(test)]
mod tests;
