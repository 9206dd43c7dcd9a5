//! The same phases from seeded simulations: real engines on a virtual network tell the facts, and
//! the screens are what a user would see. Same seed, same screen, to the cell.

use super::{app, text};
use crate::engine::config::Config;
use crate::lab::journal::Journal;
use crate::observe::{Answer, Body, ConsoleFact, Fact, LabFact, Label, ReplicaState, Source};
use crate::sim::Sim;
use crate::tui::app::{App, Mode, Pane};
use crate::wire::value::Value;
use std::sync::Arc;

pub const SECOND: u64 = 1_000_000;

/// A simulated session in the free lab, and the app that watches it.
pub struct Session {
    pub sim: Sim,
    pub app: App,
    /// What the app can look back into.
    journal: Arc<Journal>,
    seen: usize,
    lines: u64,
}

impl Session {
    pub fn new(seed: u64) -> Session {
        Session::with(seed, &[6380, 6381, 6382])
    }

    /// The same with these ports.
    pub fn with(seed: u64, ports: &[u16]) -> Session {
        let mut sim = Sim::new(seed);
        let ports = ports.to_vec();
        let began = LabFact::SessionBegan {
            version: "0.1.0".into(),
            ports: ports.clone(),
            bare: false,
            lesson: None,
        };
        sim.record(Source::Lab, Body::Lab(began));
        for port in ports {
            let conf = format!("port {port}\ndir /data/{port}\nenable-debug-command yes\n");
            let mut config = Config::default();
            crate::engine::config::file::apply(&mut config, &conf).expect("a good conf");
            sim.start(port, config);
        }
        let mut app = app();
        let journal = Arc::new(Journal::default());
        app.travel.set_journal(journal.clone());
        app.begun(&Mode::Free, "127.0.0.1:6380> ".into());
        let mut session = Session { sim, app, journal, seen: 0, lines: 0 };
        session.run(SECOND);
        session
    }

    /// Types a line at an instance's prompt.
    pub fn typed(&mut self, port: u16, line: &str) {
        self.lines += 1;
        let (id, prompt) = (self.lines, format!("127.0.0.1:{port}> "));
        let typed = ConsoleFact::Typed { id, prompt: prompt.clone(), line: line.into() };
        self.sim.record(Source::Console, Body::Console(typed));
        let answer = match self.sim.command(port, line) {
            Some(Value::Simple(s)) => String::from_utf8_lossy(&s).into_owned(),
            Some(Value::Bulk(b)) => format!("{:?}", String::from_utf8_lossy(&b)),
            // SHUTDOWN never answers.
            None => String::new(),
            Some(other) => panic!("{line}: {other:?}"),
        };
        let answer = Answer::text(Label::Reply, &answer);
        self.sim.record(Source::Console, Body::Console(ConsoleFact::Answered { id, answer }));
        let done = ConsoleFact::Done { id, failed: false, prompt: prompt.clone() };
        self.sim.record(Source::Console, Body::Console(done));
        self.app.prompt = prompt;
        self.watch();
    }

    pub fn run(&mut self, us: u64) {
        self.sim.run_for(us);
        self.watch();
    }

    /// Runs until a fact like this is told.
    pub fn until(&mut self, wanted: impl Fn(&Fact) -> bool) {
        let from = self.sim.events().len();
        let told = |sim: &mut Sim| {
            let new = &sim.events()[from..];
            new.iter().any(|e| matches!(&e.body, Body::Fact(f) if wanted(f)))
        };
        assert!(self.sim.run_until(60 * SECOND, told), "seed {}: never told", self.sim.seed());
        self.watch();
    }

    pub fn watch(&mut self) {
        for event in &self.sim.events()[self.seen..] {
            self.journal.append(event.at, event.source, event.body.clone());
            self.app.event(event);
        }
        self.seen = self.sim.events().len();
        self.app.tick(self.sim.now());
    }

    /// The screen at both sizes; narrow, one pane is up.
    fn golden(&mut self, name: &str, narrow: Pane, tab: Pane) {
        self.app.notice = None;
        self.app.narrow = narrow;
        self.app.tab = tab;
        insta::assert_snapshot!(format!("{name}_120x40"), text(&mut self.app, 120, 40));
        insta::assert_snapshot!(format!("{name}_80x24"), text(&mut self.app, 80, 24));
    }

    pub fn until_online(&mut self) {
        self.until(|f| matches!(f, Fact::ReplicaState { to: ReplicaState::Online, .. }));
        self.run(4 * SECOND);
    }
}

#[test]
fn simulated_before() {
    Session::new(1).golden("sim_before", Pane::Topology, Pane::Keys);
}

#[test]
fn simulated_handshake() {
    let mut s = Session::new(2);
    s.typed(6381, "SLAVEOF 127.0.0.1 6380");
    // Asked, and judged: the transfer waits for repl-diskless-sync-delay.
    s.run(3 * SECOND);
    s.golden("sim_handshake", Pane::Sequence, Pane::Backlog);
}

/// 20,000 keys on a link of 64 KB/s; a SET is typed while they travel.
pub fn held() -> Session {
    let mut s = Session::new(3);
    s.typed(6380, "DEBUG POPULATE 20000 key 100");
    s.sim.throttle(6380, 6381, 64 * 1024);
    s.typed(6381, "SLAVEOF 127.0.0.1 6380");
    s.until(|f| matches!(f, Fact::RdbSent { sent, .. } if *sent > 200_000));
    s.typed(6380, "SET name xd");
    s.run(2 * SECOND);
    s
}

#[test]
fn simulated_transfer_held_with_a_set_typed_into_it() {
    let mut s = held();
    let shown = text(&mut s.app, 120, 40);
    assert!(shown.contains("SET name xd"), "{shown}");
    assert!(shown.contains("64 KB/s"), "{shown}");
    s.golden("sim_held", Pane::Sequence, Pane::Buffer);
}

#[test]
fn simulated_replay() {
    let mut s = held();
    s.until(|f| matches!(f, Fact::StreamSent { left: 0, .. }));
    s.run(2 * SECOND);
    s.golden("sim_replay", Pane::Buffer, Pane::Buffer);
}

/// Both replicas in sync, and a write that reached them.
pub fn online(seed: u64) -> Session {
    let mut s = Session::new(seed);
    s.typed(6381, "SLAVEOF 127.0.0.1 6380");
    s.typed(6382, "SLAVEOF 127.0.0.1 6380");
    s.until_online();
    s.typed(6380, "SET name xd");
    s.run(2 * SECOND);
    s
}

#[test]
fn simulated_online() {
    online(4).golden("sim_online", Pane::Topology, Pane::Keys);
}

#[test]
fn simulated_master_down() {
    let mut s = online(5);
    s.typed(6380, "SHUTDOWN");
    s.run(20 * SECOND);
    s.golden("sim_master_down", Pane::Topology, Pane::Logs);
}

#[test]
fn simulated_promoted() {
    let mut s = online(6);
    s.typed(6380, "SHUTDOWN");
    s.run(5 * SECOND);
    s.typed(6381, "SLAVEOF NO ONE");
    s.typed(6382, "SLAVEOF 127.0.0.1 6381");
    s.run(10 * SECOND);
    let shown = text(&mut s.app, 120, 40);
    assert!(shown.contains("+CONTINUE"), "{shown}");
    s.golden("sim_promoted", Pane::Sequence, Pane::Backlog);
}
