//! Driving an engine without a driver: for tests of this crate.
//!
//! Time is virtual and stands still unless [`TestServer::advance`] moves it. Replies come back as
//! bytes. Saves and loads are left to the test (take them from [`TestServer::effects`]).

use super::boot::Boot;
use super::config::Config;
use super::conn::ConnId;
use super::effect::{Effect, Parked};
use super::input::FileError;
use super::{Engine, Signal};
use crate::observe::{Fact, Now};
use std::io::IoSlice;

/// One instance under virtual time.
pub struct TestServer {
    pub engine: Engine,
    pub now: Now,
    /// Facts told so far.
    pub facts: Vec<Fact>,
    /// Effects asked for so far, closes apart.
    pub effects: Vec<Effect>,
    /// Connections that the engine closed.
    pub closed: Vec<ConnId>,
}

/// 2020-01-01 00:00:00 UTC: where a test's wall clock begins.
const WALL_US: i64 = 1_577_836_800_000_000;

impl TestServer {
    /// A started instance. `conf` holds lines of a redis.conf.
    ///
    /// # Panics
    /// If a line is not understood.
    pub fn new(conf: &str) -> TestServer {
        let mut config = Config::default();
        if let Err(e) = super::config::file::apply(&mut config, conf) {
            panic!("conf: {e:?}");
        }
        TestServer::with(config)
    }

    /// A started instance whose conf file has this path.
    ///
    /// # Panics
    /// If a line of `conf` is not understood.
    pub fn with_file(conf: &str, path: &str) -> TestServer {
        let mut config = Config::default();
        if let Err(e) = super::config::file::apply(&mut config, conf) {
            panic!("conf: {e:?}");
        }
        TestServer::begin(config, Some(path.to_string()))
    }

    /// A started instance with this configuration.
    pub fn with(config: Config) -> TestServer {
        TestServer::begin(config, None)
    }

    fn begin(config: Config, config_file: Option<String>) -> TestServer {
        let boot = Boot {
            seed: [7; 32],
            run_id: "7".repeat(40),
            pid: 4242,
            os: "Linux".into(),
            executable: "/bin/synclab".into(),
            program: "redis-server".into(),
            configured: true,
            config_file,
            port: config.port as u16,
            system_memory: 8 << 30,
        };
        let now = Now { wall_us: WALL_US, mono_us: 1_000_000, link_us: 1_000_000 };
        let mut server = TestServer {
            engine: Engine::new(boot, config, now),
            now,
            facts: Vec::new(),
            effects: Vec::new(),
            closed: Vec::new(),
        };
        server.engine.start(now);
        server.turn();
        server
    }

    /// Answers the boot load: there is no dump.
    pub fn finish_boot(&mut self) {
        let open = self.effects.iter().position(|e| matches!(e, Effect::OpenFile { .. }));
        if let Some(Effect::OpenFile { job, .. }) = open.map(|at| self.effects.remove(at)) {
            self.engine.opened(self.now, job, Err(FileError::NotFound));
            self.turn();
        }
    }

    /// A new client from 127.0.0.1.
    ///
    /// # Panics
    /// If maxclients is reached.
    pub fn connect(&mut self) -> ConnId {
        let port = 40_000 + self.engine.clients.len();
        let addr = format!("127.0.0.1:{port}");
        let conn = self.engine.accept(self.now, addr, "127.0.0.1:6379".into(), 8);
        self.turn();
        conn.expect("a free place")
    }

    /// Sends bytes, ends the turn and takes what is to be written back.
    pub fn send(&mut self, conn: ConnId, bytes: impl AsRef<[u8]>) -> Vec<u8> {
        self.feed(conn, bytes.as_ref());
        self.turn();
        self.receive(conn)
    }

    /// Sends an inline command and reads the reply as text.
    pub fn ask(&mut self, conn: ConnId, line: &str) -> String {
        String::from_utf8_lossy(&self.send(conn, format!("{line}\r\n"))).into_owned()
    }

    /// Hands bytes in without ending the turn.
    pub fn feed(&mut self, conn: ConnId, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let Some(space) = self.engine.read_space(conn) else { return };
            let n = space.len().min(bytes.len());
            space[..n].copy_from_slice(&bytes[..n]);
            self.engine.bytes_read(self.now, conn, n);
            bytes = &bytes[n..];
        }
    }

    /// Everything that waits to be written to this connection, as if a socket had taken it.
    pub fn receive(&mut self, conn: ConnId) -> Vec<u8> {
        let mut out = Vec::new();
        loop {
            let before = out.len();
            let mut slices = [IoSlice::new(&[]); 16];
            let n = self.engine.write_slices(conn, &mut slices);
            for slice in &slices[..n] {
                out.extend_from_slice(slice);
            }
            if out.len() == before {
                break;
            }
            let wrote = out.len() - before;
            self.engine.wrote(self.now, conn, wrote);
        }
        self.turn();
        out
    }

    /// Ends the turn and takes facts and effects.
    pub fn turn(&mut self) {
        self.engine.end_turn(self.now);
        self.engine.take_facts(&mut self.facts);
        while let Some(effect) = self.engine.poll_effect() {
            match effect {
                Effect::Close { conn } => self.closed.push(conn),
                other => self.effects.push(other),
            }
        }
    }

    /// Lets time pass on all three clocks, calling the timer whenever it is due.
    pub fn advance(&mut self, us: u64) {
        let end = self.now.plus_us(us);
        loop {
            let wake = self.engine.next_wake();
            let mono = wake.mono_us.unwrap_or(u64::MAX).max(self.now.mono_us);
            let link = wake.link_us.unwrap_or(u64::MAX).max(self.now.link_us);
            let step = (mono - self.now.mono_us).min(link - self.now.link_us);
            if step > end.mono_us - self.now.mono_us {
                break;
            }
            self.now = self.now.plus_us(step.max(1));
            self.engine.timer(self.now);
            self.turn();
            if self.now.mono_us >= end.mono_us {
                break;
            }
        }
        if self.now.mono_us < end.mono_us {
            self.now = end;
            self.turn();
        }
    }

    /// Sends a signal.
    pub fn signal(&mut self, signal: Signal) {
        self.engine.signal_shutdown(self.now, signal);
        self.turn();
    }

    /// Whether the engine is asleep.
    pub fn parked(&self) -> Option<Parked> {
        self.engine.parked()
    }

    /// Texts of the log lines so far.
    pub fn log(&self) -> Vec<&str> {
        self.facts
            .iter()
            .filter_map(|f| match f {
                Fact::Log { text, .. } => Some(text.as_str()),
                _ => None,
            })
            .collect()
    }
}
