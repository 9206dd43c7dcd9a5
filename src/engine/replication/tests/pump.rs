//! The world that the tests of this room play in: instances, pipes between them that split bytes
//! anywhere, a file store for each, and time that stands still unless it is moved.

use crate::engine::boot::Boot;
use crate::engine::config::Config;
use crate::engine::conn::ConnId;
use crate::engine::effect::{DialId, Effect, JobId, SaveTo};
use crate::engine::persist::SaveJob;
use crate::engine::rng::Rng;
use crate::engine::{Dialled, Engine, FileError, JobDone};
use crate::observe::{Fact, Now};
use std::collections::{BTreeMap, VecDeque};
use std::io::IoSlice;

type End = (usize, ConnId);

/// What a driver does for an instance.
enum Work {
    Save { save: Box<SaveJob>, to: SaveTo },
    Read { bytes: Vec<u8>, at: usize },
    Write { bytes: Vec<u8> },
}

pub struct Node {
    pub engine: Engine,
    pub port: u16,
    pub up: bool,
    pub facts: Vec<Fact>,
    pub files: BTreeMap<String, Vec<u8>>,
    /// Saves are not driven on while this is set.
    pub hold_saves: bool,
    /// Its dials get no answer.
    pub hold_dials: bool,
    /// It does nothing, as after SIGSTOP; what is sent to it waits.
    pub stopped: bool,
    work: BTreeMap<JobId, Work>,
    pulls: VecDeque<JobId>,
    dials: VecDeque<(DialId, u16)>,
    clients: BTreeMap<ConnId, Vec<u8>>,
    pub closed: Vec<ConnId>,
}

#[derive(Default)]
struct Pipe {
    bytes: VecDeque<u8>,
    /// The writing end is gone; the rest is still delivered.
    ended: bool,
}

pub struct World {
    pub nodes: Vec<Node>,
    pub now: Now,
    rng: Rng,
    peers: BTreeMap<End, End>,
    /// Bytes on their way to this end.
    pipes: BTreeMap<End, Pipe>,
    /// Link bytes that may still be delivered before every link is cut.
    pub budget: Option<u64>,
    /// Dials to these ports are refused.
    pub blocked_ports: Vec<u16>,
    /// Bytes that a link holds before its sender must wait.
    pub window: usize,
    /// Link bytes are not delivered.
    pub frozen: bool,
}

impl World {
    pub fn new(seed: u8) -> World {
        let now = Now { wall_us: 1_577_836_800_000_000, mono_us: 1_000_000, link_us: 1_000_000 };
        World {
            nodes: Vec::new(),
            now,
            rng: Rng::new([seed; 32]),
            peers: BTreeMap::new(),
            pipes: BTreeMap::new(),
            budget: None,
            blocked_ports: Vec::new(),
            window: 1 << 30,
            frozen: false,
        }
    }

    /// Starts an instance; `conf` holds lines of a redis.conf. Gives its number.
    pub fn start(&mut self, conf: &str) -> usize {
        self.start_with(conf, BTreeMap::new())
    }

    pub fn start_with(&mut self, conf: &str, files: BTreeMap<String, Vec<u8>>) -> usize {
        let mut config = Config::default();
        crate::engine::config::file::apply(&mut config, conf).expect("a good conf");
        let at = self.nodes.len();
        let port = 6380 + at as u16;
        config.port = i64::from(port);
        config.loglevel = crate::engine::config::Level::Debug;
        let boot = Boot {
            seed: [at as u8 + 1; 32],
            run_id: "7".repeat(40),
            pid: 4242 + at as u32,
            os: "Linux".into(),
            executable: "/bin/synclab".into(),
            program: "redis-server".into(),
            configured: true,
            config_file: None,
            port,
            system_memory: 8 << 30,
        };
        let mut engine = Engine::new(boot, config, self.now);
        engine.start(self.now);
        self.nodes.push(Node {
            engine,
            port,
            up: true,
            facts: Vec::new(),
            files,
            hold_saves: false,
            hold_dials: false,
            stopped: false,
            work: BTreeMap::new(),
            pulls: VecDeque::new(),
            dials: VecDeque::new(),
            clients: BTreeMap::new(),
            closed: Vec::new(),
        });
        self.turn(at);
        self.run();
        at
    }

    /// A client of an instance.
    pub fn client(&mut self, node: usize) -> ConnId {
        let addr = format!("127.0.0.1:{}", 50_000 + self.rng.below(9000));
        let conn = self.nodes[node]
            .engine
            .accept(self.now, addr, "127.0.0.1:1".into(), 9)
            .expect("a free place");
        self.nodes[node].clients.insert(conn, Vec::new());
        self.turn(node);
        conn
    }

    /// Sends raw bytes as a client.
    pub fn send(&mut self, node: usize, conn: ConnId, bytes: &[u8]) {
        self.feed(node, conn, bytes);
        self.turn(node);
    }

    /// What came back to a client since the last call.
    pub fn received(&mut self, node: usize, conn: ConnId) -> Vec<u8> {
        self.nodes[node].clients.get_mut(&conn).map(std::mem::take).unwrap_or_default()
    }

    /// One inline command by a client of its own; the links are not moved on.
    pub fn ask(&mut self, node: usize, line: &str) -> String {
        let conn = self.client(node);
        self.send(node, conn, format!("{line}\r\n").as_bytes());
        let reply = self.received(node, conn);
        self.nodes[node].engine.peer_closed(self.now, conn, None);
        self.nodes[node].clients.remove(&conn);
        self.turn(node);
        String::from_utf8_lossy(&reply).into_owned()
    }

    /// [`World::ask`], then everything settles.
    pub fn tell(&mut self, node: usize, line: &str) -> String {
        let reply = self.ask(node, line);
        self.run();
        reply
    }

    /// One field of INFO replication.
    pub fn info(&mut self, node: usize, field: &str) -> String {
        let mut text = String::new();
        super::super::info_lines(&self.nodes[node].engine, &mut text);
        let prefix = format!("{field}:");
        let found = text.lines().find_map(|l| l.strip_prefix(&prefix));
        found.unwrap_or("").to_owned()
    }

    fn feed(&mut self, node: usize, conn: ConnId, mut bytes: &[u8]) -> usize {
        let engine = &mut self.nodes[node].engine;
        let mut took = 0;
        while !bytes.is_empty() {
            let Some(space) = engine.read_space(conn) else { break };
            let n = space.len().min(bytes.len());
            space[..n].copy_from_slice(&bytes[..n]);
            engine.bytes_read(self.now, conn, n);
            bytes = &bytes[n..];
            took += n;
        }
        took
    }

    /// Ends a turn as a driver does: effects, facts, output.
    pub fn turn(&mut self, at: usize) {
        loop {
            self.nodes[at].engine.end_turn(self.now);
            let mut busy = false;
            while let Some(effect) = self.nodes[at].engine.poll_effect() {
                self.act(at, effect);
                busy = true;
            }
            let mut grown = Vec::new();
            self.nodes[at].engine.conns_with_output(&mut grown);
            for conn in grown {
                busy |= self.write_out(at, conn);
            }
            let node = &mut self.nodes[at];
            node.engine.take_facts(&mut node.facts);
            if !busy {
                return;
            }
        }
    }

    fn write_out(&mut self, at: usize, conn: ConnId) -> bool {
        let mut any = false;
        loop {
            let mut out = Vec::new();
            let mut slices = [IoSlice::new(&[]); 8];
            let n = self.nodes[at].engine.write_slices(conn, &mut slices);
            for slice in &slices[..n] {
                out.extend_from_slice(slice);
            }
            if let Some(peer) = self.peers.get(&(at, conn)) {
                // A socket takes what fits, often less than what is offered.
                let waits = self.pipes.get(peer).map_or(0, |p| p.bytes.len());
                out.truncate(self.window.saturating_sub(waits));
                let some = self.rng.below(1 + out.len() as u64) as usize;
                if some > 0 && self.rng.below(3) == 0 {
                    out.truncate(some);
                }
            }
            if out.is_empty() {
                return any;
            }
            any = true;
            if let Some(got) = self.nodes[at].clients.get_mut(&conn) {
                got.extend_from_slice(&out);
            } else if let Some(peer) = self.peers.get(&(at, conn)) {
                self.pipes.entry(*peer).or_default().bytes.extend(&out);
            }
            self.nodes[at].engine.wrote(self.now, conn, out.len());
        }
    }

    fn act(&mut self, at: usize, effect: Effect) {
        let node = &mut self.nodes[at];
        match effect {
            Effect::Dial { dial, port, .. } => node.dials.push_back((dial, port)),
            Effect::CancelDial { dial } => node.dials.retain(|(d, _)| *d != dial),
            Effect::Close { conn } => {
                node.closed.push(conn);
                if let Some(peer) = self.peers.remove(&(at, conn)) {
                    self.peers.remove(&peer);
                    self.pipes.remove(&(at, conn));
                    self.pipes.entry(peer).or_default().ended = true;
                }
            }
            Effect::StartSave { job, save, to } => {
                node.work.insert(job, Work::Save { save, to });
            }
            Effect::CancelJob { job } => {
                node.work.remove(&job);
                node.pulls.retain(|j| *j != job);
            }
            Effect::OpenFile { job, path } => match node.files.get(&path) {
                Some(bytes) => {
                    let len = bytes.len() as u64;
                    node.work.insert(job, Work::Read { bytes: bytes.clone(), at: 0 });
                    node.engine.opened(self.now, job, Ok(Some(len)));
                }
                None => node.engine.opened(self.now, job, Err(FileError::NotFound)),
            },
            Effect::Pull { job } => node.pulls.push_back(job),
            Effect::CreateFile { job, .. } => {
                node.work.insert(job, Work::Write { bytes: Vec::new() });
            }
            Effect::WriteFile { job, bytes: more } => {
                if let Some(Work::Write { bytes }) = node.work.get_mut(&job) {
                    bytes.extend_from_slice(&more);
                }
            }
            Effect::FinishFile { job, path } => {
                if let Some(Work::Write { bytes }) = node.work.remove(&job) {
                    node.files.insert(path, bytes);
                    node.engine.job_done(self.now, job, JobDone::default());
                }
            }
            Effect::RemoveFile { path } => {
                node.files.remove(&path);
            }
            Effect::Exchange { job, .. } => {
                node.engine.job_failed(self.now, job, "connecting".into());
            }
            Effect::Discard(_) | Effect::Reconfigure(_) => {}
            Effect::Exit { .. } => self.kill(at),
        }
    }

    /// `kill -9`.
    pub fn kill(&mut self, at: usize) {
        self.nodes[at].up = false;
        self.cut_where(|(a, _), (b, _)| a == at || b == at, at);
    }

    /// Cuts every link between two instances; what was on its way is lost.
    pub fn cut(&mut self, a: usize, b: usize) {
        self.cut_where(|(x, _), (y, _)| (x, y) == (a, b) || (x, y) == (b, a), usize::MAX);
    }

    fn cut_where(&mut self, hit: impl Fn(End, End) -> bool, dead: usize) {
        let ends: Vec<End> =
            self.peers.iter().filter(|(a, b)| hit(**a, **b)).map(|(a, _)| *a).collect();
        for end in ends {
            self.peers.remove(&end);
            self.pipes.remove(&end);
            if end.0 != dead && self.nodes[end.0].up {
                self.nodes[end.0].engine.peer_closed(self.now, end.1, None);
                self.turn(end.0);
            }
        }
    }

    /// Moves everything on until nothing happens any more, without letting time pass.
    pub fn run(&mut self) {
        for _ in 0..2_000_000 {
            if !self.step() {
                return;
            }
        }
        panic!("the world does not settle");
    }

    /// Does one thing that is due. Whether there was one.
    pub fn step(&mut self) -> bool {
        for at in 0..self.nodes.len() {
            let runs = self.nodes[at].up && !self.nodes[at].stopped;
            if runs && (self.step_dial(at) || self.step_work(at)) {
                self.turn(at);
                return true;
            }
        }
        self.step_pipe()
    }

    fn step_dial(&mut self, at: usize) -> bool {
        if self.nodes[at].hold_dials {
            return false;
        }
        let Some((dial, port)) = self.nodes[at].dials.pop_front() else { return false };
        let to = self.nodes.iter().position(|n| n.port == port && n.up);
        let addr = format!("127.0.0.1:{}", 40_000 + self.rng.below(9000));
        let laddr = format!("127.0.0.1:{port}");
        let blocked = self.blocked_ports.contains(&port);
        let accepted = to.filter(|_| !blocked).and_then(|to| {
            let conn = self.nodes[to].engine.accept(self.now, addr.clone(), laddr.clone(), 7)?;
            Some((to, conn))
        });
        let outcome = match accepted {
            Some(_) => Ok(Dialled { addr: laddr, laddr: addr, fd: 6 }),
            None => Err("Connection refused".to_owned()),
        };
        let mine = self.nodes[at].engine.dialled(self.now, dial, outcome);
        match (mine, accepted) {
            (Some(mine), Some(theirs)) => {
                self.peers.insert((at, mine), theirs);
                self.peers.insert(theirs, (at, mine));
                self.turn(theirs.0);
            }
            (None, Some((to, conn))) => {
                self.nodes[to].engine.peer_closed(self.now, conn, None);
                self.turn(to);
            }
            _ => {}
        }
        true
    }

    fn step_work(&mut self, at: usize) -> bool {
        let node = &mut self.nodes[at];
        let pulled = node.pulls.iter().position(|job| {
            !(node.hold_saves && matches!(node.work.get(job), Some(Work::Save { .. })))
        });
        if let Some(job) = pulled.and_then(|i| node.pulls.remove(i)) {
            let piece = match node.work.get_mut(&job) {
                Some(Work::Save { save, to: SaveTo::Pieces }) => save.next_piece(3000),
                Some(Work::Read { bytes, at }) => {
                    let n = 2000.min(bytes.len() - *at);
                    *at += n;
                    (n > 0).then(|| bytes[*at - n..*at].to_vec())
                }
                _ => return true,
            };
            match piece {
                Some(bytes) => node.engine.piece(self.now, job, bytes),
                None => {
                    node.work.remove(&job);
                    node.engine.job_done(self.now, job, JobDone::default());
                }
            }
            return true;
        }
        if node.hold_saves {
            return false;
        }
        let saving = node.work.iter().find_map(|(job, w)| match w {
            Work::Save { to: SaveTo::File { .. }, .. } => Some(*job),
            _ => None,
        });
        let Some(job) = saving else { return false };
        let Some(Work::Save { mut save, to: SaveTo::File { path, .. } }) = node.work.remove(&job)
        else {
            return false;
        };
        let mut bytes = Vec::new();
        while let Some(piece) = save.next_piece(4096) {
            bytes.extend_from_slice(&piece);
        }
        let done = JobDone {
            keys: save.keys_done(),
            bytes: bytes.len() as u64,
            size: Some(bytes.len() as u64),
        };
        node.files.insert(path, bytes);
        node.engine.job_done(self.now, job, done);
        true
    }

    fn step_pipe(&mut self) -> bool {
        if self.frozen {
            return false;
        }
        let ready: Vec<End> = self
            .pipes
            .iter()
            .filter(|(end, p)| !self.nodes[end.0].stopped && (p.ended || !p.bytes.is_empty()))
            .map(|(end, _)| *end)
            .collect();
        if ready.is_empty() {
            return false;
        }
        // Some ends may not want to read now; one after the other is asked.
        let from = self.rng.below(ready.len() as u64) as usize;
        for i in 0..ready.len() {
            let end = ready[(from + i) % ready.len()];
            if self.deliver(end) {
                return true;
            }
        }
        false
    }

    fn deliver(&mut self, end: End) -> bool {
        let (at, conn) = end;
        let Some(pipe) = self.pipes.get_mut(&end) else { return false };
        if pipe.bytes.is_empty() {
            self.pipes.remove(&end);
            self.nodes[at].engine.peer_closed(self.now, conn, None);
            self.turn(at);
            return true;
        }
        let most = match self.rng.below(4) {
            0 => 1,
            1 => 16,
            2 => 700,
            _ => 20_000,
        };
        let mut n = (1 + self.rng.below(most)).min(pipe.bytes.len() as u64);
        if let Some(budget) = &mut self.budget {
            n = n.min(*budget);
            if n == 0 {
                self.budget = None;
                self.cut_where(|_, _| true, usize::MAX);
                return true;
            }
        }
        let bytes: Vec<u8> = pipe.bytes.iter().take(n as usize).copied().collect();
        let took = self.feed(at, conn, &bytes);
        if let Some(budget) = &mut self.budget {
            *budget -= took as u64;
        }
        if let Some(pipe) = self.pipes.get_mut(&end) {
            pipe.bytes.drain(..took.min(pipe.bytes.len()));
        }
        self.turn(at);
        if let Some(&(peer, back)) = self.peers.get(&end)
            && self.write_out(peer, back)
        {
            self.turn(peer);
        }
        took > 0
    }

    /// Lets time pass in steps of 100 ms; timers run, and what they cause settles.
    pub fn advance_ms(&mut self, ms: u64) {
        for _ in 0..ms.div_ceil(100) {
            self.now = self.now.plus_us(100_000);
            for at in 0..self.nodes.len() {
                if self.nodes[at].up && !self.nodes[at].stopped {
                    self.nodes[at].engine.timer(self.now);
                    self.turn(at);
                }
            }
            self.run();
        }
    }

    /// Lets time pass until this holds.
    pub fn until(&mut self, what: &str, mut good: impl FnMut(&mut World) -> bool) {
        for _ in 0..2000 {
            if good(self) {
                return;
            }
            self.advance_ms(100);
        }
        panic!("never came true: {what}");
    }

    /// Makes `replica` follow `master` and waits for the link.
    pub fn follow(&mut self, replica: usize, master: usize) {
        let port = self.nodes[master].port;
        assert_eq!(self.ask(replica, &format!("REPLICAOF 127.0.0.1 {port}")), "+OK\r\n");
        self.run();
        self.until("the link is up", |w| w.info(replica, "master_link_status") == "up");
    }

    /// Asserts that all these instances hold the same keys.
    pub fn assert_same(&mut self, nodes: &[usize]) {
        self.run();
        let dump = |n: &Node| {
            let mut all = Vec::new();
            for db in 0..n.engine.keyspace.databases() {
                for e in n.engine.keyspace.db(db).iter() {
                    let value = e.value().bytes().to_vec();
                    all.push((db, e.key().to_vec(), value, e.expire_at()));
                }
            }
            all.sort();
            all
        };
        let first = dump(&self.nodes[nodes[0]]);
        for &n in &nodes[1..] {
            let other = dump(&self.nodes[n]);
            assert!(
                first == other,
                "instance {n} differs: {} and {} keys",
                first.len(),
                other.len()
            );
        }
    }

    /// Log lines of an instance.
    pub fn log(&self, node: usize) -> Vec<&str> {
        let text = |f: &'_ Fact| matches!(f, Fact::Log { .. });
        let facts = self.nodes[node].facts.iter().filter(|f| text(f));
        facts
            .filter_map(|f| match f {
                Fact::Log { text, .. } => Some(text.as_str()),
                _ => None,
            })
            .collect()
    }

    /// The log line that contains this, if there is one.
    pub fn logged(&self, node: usize, part: &str) -> bool {
        self.log(node).iter().any(|l| l.contains(part))
    }
}
