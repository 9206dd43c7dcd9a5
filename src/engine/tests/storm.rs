//! Everything at once, from a seed: random and broken requests, a master that answers anything,
//! jobs that fail, time that jumps. Nothing may panic, whatever comes in.

use crate::engine::Dialled;
use crate::engine::command::table::table;
use crate::engine::conn::ConnId;
use crate::engine::effect::{Effect, Parked, SaveTo};
use crate::engine::input::{FileError, JobDone};
use crate::engine::persist::SaveJob;
use crate::engine::rng::Rng;
use crate::engine::testkit::TestServer;
use crate::engine::{Signal, config};
use crate::observe::{Fact, LinkState};

const WORDS: &[&[u8]] = &[
    b"",
    b"a",
    b"b",
    b"c",
    b"key:1",
    b"*",
    b"?*[a-",
    b"0",
    b"1",
    b"-1",
    b"2",
    b"10",
    b"100",
    b"3.5",
    b"-0",
    b"1e308",
    b"nan",
    b"inf",
    b"-inf",
    b"9223372036854775807",
    b"-9223372036854775808",
    b"9223372036854775808",
    b"18446744073709551615",
    b"4294967295",
    b"2147483647",
    b"-2147483648",
    b"536870911",
    b"1577836800",
    b"1577836801000",
    b"EX",
    b"PX",
    b"NX",
    b"XX",
    b"GT",
    b"LT",
    b"GET",
    b"KEEPTTL",
    b"EXAT",
    b"PXAT",
    b"PERSIST",
    b"COUNT",
    b"MATCH",
    b"TYPE",
    b"string",
    b"list",
    b"REPLACE",
    b"ABSTTL",
    b"IDLETIME",
    b"FREQ",
    b"DB",
    b"BY",
    b"LIMIT",
    b"ALPHA",
    b"STORE",
    b"DESC",
    b"LEN",
    b"IDX",
    b"MINMATCHLEN",
    b"WITHMATCHLEN",
    b"BYTE",
    b"BIT",
    b"NO",
    b"ONE",
    b"ON",
    b"OFF",
    b"SKIP",
    b"YES",
    b"no",
    b"yes",
    b"ID",
    b"ADDR",
    b"LADDR",
    b"USER",
    b"default",
    b"SKIPME",
    b"normal",
    b"replica",
    b"master",
    b"WRITE",
    b"ALL",
    b"SAVE",
    b"NOSAVE",
    b"NOW",
    b"FORCE",
    b"ABORT",
    b"TO",
    b"127.0.0.1",
    b"6379",
    b"localhost",
    b"7777",
    b"noone",
    b"capa",
    b"eof",
    b"psync2",
    b"listening-port",
    b"ip-address",
    b"ack",
    b"getack",
    b"rdb-only",
    b"rdb-filter-only",
    b"FACK",
    b"\x00\xff\xfe",
    b"\x1b[2J",
    b"\r\n",
    b"maxmemory",
    b"dir",
    b"/data",
    b"port",
    b"save",
    b"3600 1",
    b"slave-read-only",
    b"repl-diskless-load",
    b"swapdb",
    b"disabled",
    b"repl-backlog-size",
    b"1mb",
    b"requirepass",
    b"client-output-buffer-limit",
    b"normal 0 0 0 slave 1 1 1",
    b"replication",
    b"everything",
    b"HELLO",
    b"AUTH",
    b"SETNAME",
    b"repl-diskless-sync",
    b"repl-timeout",
    b"maxclients",
    b"hz",
    b"databases",
    b"loglevel",
    b"7777777777777777777777777777777777777777",
    b"-2",
    b"sync",
    b"ASYNC",
    b"RESET",
    b"HELP",
    b"populate",
    b"digest",
    b"sleep",
    b"0.01",
    b"object",
    b"change-repl-id",
    b"jmap",
    b"reload",
];

/// One run.
struct Storm {
    s: TestServer,
    rng: Rng,
    conns: Vec<ConnId>,
    /// Our connection to the master, as the storm plays it.
    masters: Vec<ConnId>,
    saves: Vec<(crate::engine::effect::JobId, Box<SaveJob>, SaveTo)>,
    dump: Vec<u8>,
    ended: bool,
    /// How often the storm reached what it is about.
    links_up: usize,
    loads: usize,
    parkings: usize,
}

fn conf(rng: &mut Rng) -> &'static str {
    match rng.below(8) {
        0 => "repl-diskless-sync no\n",
        1 => "repl-diskless-load swapdb\nrepl-diskless-sync-delay 0\n",
        2 => "requirepass x\nmasterauth y\n",
        3 => "replicaof 127.0.0.1 7777\n",
        4 => "repl-backlog-size 16kb\nmaxclients 3\nclient-output-buffer-limit normal 1kb 0 0\n",
        5 => "save \"1 1\"\nrepl-timeout 2\nreplica-serve-stale-data no\n",
        6 => "replicaof 127.0.0.1 7777\nrepl-diskless-load swapdb\nenable-debug-command yes\n",
        _ => "enable-debug-command yes\ntimeout 3\nslowlog-log-slower-than 0\n",
    }
}

impl Storm {
    fn new(seed: u64) -> Storm {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        let mut rng = Rng::new(bytes);
        let text = conf(&mut rng);
        let mut config = config::Config::default();
        config::file::apply(&mut config, text).expect("a good conf");
        let mut storm = Storm {
            s: TestServer::with(config),
            rng,
            conns: Vec::new(),
            masters: Vec::new(),
            saves: Vec::new(),
            dump: b"REDIS0010\xfe\x00\x00\x01a\x01b\xff\0\0\0\0\0\0\0\0".to_vec(),
            ended: false,
            links_up: 0,
            loads: 0,
            parkings: 0,
        };
        if storm.chance(2) {
            storm.s.finish_boot();
        }
        storm
    }

    fn chance(&mut self, one_in: u64) -> bool {
        self.rng.below(one_in) == 0
    }

    fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
        from[self.rng.below(from.len() as u64) as usize]
    }

    fn word(&mut self) -> Vec<u8> {
        match self.rng.below(40) {
            0 => {
                let n = self.rng.below(20_000) as usize;
                vec![b'x'; n]
            }
            1 => self.rng.next_u64().to_le_bytes().to_vec(),
            2 => self.rng.next_u64().to_string().into_bytes(),
            _ => self.pick(WORDS).to_vec(),
        }
    }

    /// The words of one request: a command that exists, more often than not.
    fn request(&mut self) -> Vec<Vec<u8>> {
        let entries = &table().entries;
        let mut entry = &entries[self.rng.below(entries.len() as u64) as usize];
        if entry.spec.name == "shutdown" && !self.chance(8) {
            entry = &entries[0];
        }
        let mut words = vec![entry.spec.name.as_bytes().to_vec()];
        let mut arity = entry.spec.arity;
        if !entry.subcommands.is_empty() && !self.chance(6) {
            let at = self.rng.below(entry.subcommands.len() as u64) as usize;
            words.push(entry.subcommands[at].spec.name.as_bytes().to_vec());
            arity = entry.subcommands[at].spec.arity;
        }
        let least = usize::from(arity.unsigned_abs() as u16);
        let mut n = least.saturating_sub(words.len());
        if arity < 0 || self.chance(10) {
            n += self.rng.below(5) as usize;
        }
        for _ in 0..n {
            let word = self.word();
            words.push(word);
        }
        words
    }

    fn bytes(&mut self) -> Vec<u8> {
        let words = match self.rng.below(12) {
            0 => vec![b"MULTI".to_vec()],
            1 => vec![b"EXEC".to_vec()],
            2 => vec![b"SET".to_vec(), self.word(), self.word()],
            3 => {
                let n = self.rng.below(60) as usize;
                return (0..n).map(|_| self.rng.next_u64() as u8).collect();
            }
            _ => self.request(),
        };
        let mut out = format!("*{}\r\n", words.len()).into_bytes();
        for word in words {
            out.extend_from_slice(format!("${}\r\n", word.len()).as_bytes());
            out.extend_from_slice(&word);
            out.extend_from_slice(b"\r\n");
        }
        if self.chance(30) {
            self.bend(&mut out);
        }
        out
    }

    /// Changes a few bytes, or cuts the end off.
    fn bend(&mut self, bytes: &mut Vec<u8>) {
        for _ in 0..=self.rng.below(3) {
            if bytes.is_empty() {
                return;
            }
            let at = self.rng.below(bytes.len() as u64) as usize;
            match self.rng.below(3) {
                0 => bytes[at] = self.rng.next_u64() as u8,
                1 => bytes.truncate(at),
                _ => bytes.insert(at, self.rng.next_u64() as u8),
            }
        }
    }

    /// What a master says, in about the right order or not.
    fn master_bytes(&mut self) -> Vec<u8> {
        let id = "abcdefabcdefabcdefabcdefabcdefabcdefabcd";
        match self.rng.below(16) {
            0..=2 => b"+OK\r\n".to_vec(),
            3 => b"+PONG\r\n".to_vec(),
            4 => b"\n".to_vec(),
            5 => b"-ERR no\r\n".to_vec(),
            6 | 7 => {
                let offset = match self.rng.below(8) {
                    0 => String::from_utf8_lossy(&self.word()).into_owned(),
                    _ => self.rng.below(1000).to_string(),
                };
                format!("+FULLRESYNC {id} {offset}\r\n").into_bytes()
            }
            8 => format!("+CONTINUE {id}\r\n").into_bytes(),
            9 => b"+CONTINUE\r\n".to_vec(),
            10 => {
                let mut out = format!("${}\r\n", self.dump.len()).into_bytes();
                out.extend_from_slice(&self.dump);
                out
            }
            11 => {
                let mark = "m".repeat(40);
                let mut out = format!("$EOF:{mark}\r\n").into_bytes();
                let mut dump = self.dump.clone();
                if self.chance(3) {
                    self.bend(&mut dump);
                }
                out.extend_from_slice(&dump);
                out.extend_from_slice(mark.as_bytes());
                out
            }
            12 => {
                let mut out = b"+FULLRESYNC ".to_vec();
                out.extend_from_slice(&self.word());
                out.extend_from_slice(b" ");
                out.extend_from_slice(&self.word());
                out.extend_from_slice(b"\r\n");
                out
            }
            13 => {
                let mut out = b"$".to_vec();
                out.extend_from_slice(&self.word());
                out.extend_from_slice(b"\r\n");
                out
            }
            _ => self.bytes(),
        }
    }

    /// A master as it should be, up to the end of its dump.
    fn greet(&mut self, conn: ConnId) {
        let auth = usize::from(!self.s.engine.config().masterauth.is_empty());
        let id = "abcdefabcdefabcdefabcdefabcdefabcdefabcd";
        let mut out = b"+PONG\r\n".to_vec();
        out.extend_from_slice(&b"+OK\r\n".repeat(2 + auth));
        out.extend_from_slice(format!("+FULLRESYNC {id} 100\r\n").as_bytes());
        out.extend_from_slice(format!("${}\r\n", self.dump.len()).as_bytes());
        out.extend_from_slice(&self.dump);
        self.s.send(conn, out);
    }

    fn act_on_effect(&mut self) {
        if self.s.effects.is_empty() {
            return;
        }
        let effect = self.s.effects.remove(0);
        let now = self.s.now;
        match effect {
            Effect::Exit { .. } => self.ended = true,
            Effect::Dial { dial, .. } => {
                let outcome = if self.chance(4) {
                    Err("Connection refused".into())
                } else {
                    Ok(Dialled {
                        addr: "127.0.0.1:7777".into(),
                        laddr: "127.0.0.1:1".into(),
                        fd: 9,
                    })
                };
                if let Some(conn) = self.s.engine.dialled(now, dial, outcome) {
                    self.masters.push(conn);
                    if self.chance(2) {
                        self.greet(conn);
                    }
                }
            }
            Effect::StartSave { job, save, to } => self.saves.push((job, save, to)),
            Effect::CancelJob { job } => self.saves.retain(|(j, ..)| *j != job),
            Effect::OpenFile { job, .. } => {
                let outcome = match self.rng.below(3) {
                    0 => Err(FileError::NotFound),
                    1 => Err(FileError::Other("Permission denied".into())),
                    _ => Ok(Some(self.dump.len() as u64)),
                };
                self.s.engine.opened(now, job, outcome);
            }
            Effect::Pull { job } => {
                let at = self.saves.iter().position(|(j, ..)| *j == job);
                let done = JobDone::default();
                match at {
                    Some(at) => match self.saves[at].1.next_piece(3000) {
                        Some(piece) => self.s.engine.piece(now, job, piece),
                        None => {
                            self.saves.remove(at);
                            self.s.engine.job_done(now, job, done);
                        }
                    },
                    None if self.chance(50) => self.s.engine.job_done(now, job, done),
                    None if self.chance(50) => {
                        self.s.engine.job_failed(now, job, "Input/output error".into())
                    }
                    None => {
                        let mut piece = self.dump.clone();
                        if self.chance(10) {
                            self.bend(&mut piece);
                        }
                        self.s.engine.piece(now, job, piece);
                        self.s.turn();
                        let pulls = |e: &Effect| matches!(e, Effect::Pull { job: j } if *j == job);
                        if let Some(at) = self.s.effects.iter().position(pulls) {
                            self.s.effects.remove(at);
                            self.s.engine.job_done(now, job, done);
                        }
                    }
                }
            }
            Effect::FinishFile { job, .. } => {
                if self.chance(4) {
                    self.s.engine.job_failed(now, job, "No space left on device".into());
                } else {
                    self.s.engine.job_done(now, job, JobDone::default());
                }
            }
            _ => {}
        }
        self.s.turn();
    }

    fn finish_save(&mut self) {
        let Some(at) = self.saves.iter().position(|(.., to)| matches!(to, SaveTo::File { .. }))
        else {
            return;
        };
        let (job, mut save, _) = self.saves.remove(at);
        let mut bytes = Vec::new();
        while let Some(piece) = save.next_piece(4096) {
            bytes.extend_from_slice(&piece);
        }
        let done = JobDone { keys: save.keys_done(), bytes: bytes.len() as u64, size: Some(1) };
        if self.chance(5) {
            self.s.engine.job_failed(self.s.now, job, "No space left on device".into());
        } else {
            self.s.engine.job_done(self.s.now, job, done);
            self.dump = bytes;
        }
        self.s.turn();
    }

    fn step(&mut self) {
        match self.s.parked() {
            Some(Parked::UntilMono(us)) => {
                let wait = us.saturating_sub(self.s.now.mono_us).min(1 << 40);
                self.s.now = self.s.now.plus_us(wait);
                self.s.engine.timer(self.s.now);
                self.s.turn();
                return;
            }
            Some(Parked::Job(_)) => {
                self.act_on_effect();
                self.finish_save();
                return;
            }
            None => {}
        }
        let live = |c: &ConnId, s: &TestServer| !s.closed.contains(c);
        self.conns.retain(|c| live(c, &self.s));
        self.masters.retain(|c| live(c, &self.s));
        match self.rng.below(20) {
            0 => {
                let addr = format!("127.0.0.1:{}", self.rng.below(60_000));
                let conn = self.s.engine.accept(self.s.now, addr, "127.0.0.1:6379".into(), 8);
                self.conns.extend(conn);
                self.s.turn();
            }
            1 if self.chance(8) => {
                if let Some(conn) = self.conns.pop() {
                    self.s.engine.peer_closed(self.s.now, conn, None);
                    self.s.turn();
                }
            }
            2 if self.chance(8) => {
                if let Some(conn) = self.masters.pop() {
                    self.s.engine.peer_closed(self.s.now, conn, Some("reset".into()));
                    self.s.turn();
                }
            }
            3..=5 => {
                let us = [1_000, 100_000, 1_100_000, 61_000_000][self.rng.below(4) as usize];
                self.s.now = self.s.now.plus_us(us);
                self.s.engine.timer(self.s.now);
                self.s.turn();
            }
            6 | 7 => self.act_on_effect(),
            8 => self.finish_save(),
            9..=11 => {
                if let Some(&conn) = self.masters.last() {
                    let bytes = self.master_bytes();
                    self.s.send(conn, bytes);
                }
            }
            12 if self.chance(300) => {
                let signal = if self.chance(2) { Signal::Term } else { Signal::Int };
                self.s.signal(signal);
            }
            _ => {
                if self.conns.is_empty() {
                    return;
                }
                let at = self.rng.below(self.conns.len() as u64) as usize;
                let conn = self.conns[at];
                let bytes = self.bytes();
                if self.chance(6) {
                    self.s.feed(conn, &bytes);
                    self.s.turn();
                } else {
                    self.s.send(conn, bytes);
                }
            }
        }
        for fact in self.s.facts.drain(..) {
            match fact {
                Fact::LinkState { to: LinkState::Connected, .. } => self.links_up += 1,
                Fact::LoadBegan { .. } => self.loads += 1,
                _ => {}
            }
        }
        self.parkings += usize::from(self.s.parked().is_some());
    }
}

/// What a storm reached.
#[derive(Debug, Default)]
struct Reached {
    steps: usize,
    links_up: usize,
    loads: usize,
    parkings: usize,
}

fn run(seed: u64, steps: usize, reached: &mut Reached) {
    let mut storm = Storm::new(seed);
    for _ in 0..steps {
        if storm.ended {
            break;
        }
        storm.step();
        reached.steps += 1;
    }
    reached.links_up += storm.links_up;
    reached.loads += storm.loads;
    reached.parkings += storm.parkings;
}

/// More seeds: `SYNCLAB_STORM=from..to`.
#[test]
fn nothing_that_comes_in_panics() {
    let asked = std::env::var("SYNCLAB_STORM").ok();
    let range = asked.as_deref().and_then(|r| r.split_once(".."));
    let range = range.and_then(|(a, b)| Some(a.parse::<u64>().ok()?..b.parse::<u64>().ok()?));
    let mut bad = Vec::new();
    let mut all = Reached::default();
    for seed in range.unwrap_or(0..100) {
        let one = std::panic::catch_unwind(|| {
            let mut one = Reached::default();
            run(seed, 1500, &mut one);
            one
        });
        match one {
            Ok(one) => {
                all.steps += one.steps;
                all.links_up += one.links_up;
                all.loads += one.loads;
                all.parkings += one.parkings;
            }
            Err(_) => bad.push(seed),
        }
    }
    assert!(bad.is_empty(), "seeds {bad:?}");
    assert!(
        all.steps > 20_000 && all.links_up > 20 && all.loads > 20 && all.parkings > 20,
        "{all:?}"
    );
}
