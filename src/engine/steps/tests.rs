//! Steps of one instance against a peer that is played by hand, from outside of its world.

use crate::engine::conn::ConnId;
use crate::engine::effect::{Effect, JobId, SaveTo};
use crate::engine::host::{Host, Ticket};
use crate::engine::persist::SaveJob;
use crate::engine::stepper::Stepper;
use crate::engine::testkit::TestServer;
use crate::engine::{Dialled, FileError, JobDone};
use crate::observe::{Fact, LinkLoss, LinkRef, Message, Step, StepKind, StepWhat};
use std::cell::RefCell;
use std::io::IoSlice;
use std::rc::Rc;

const SECOND: u64 = 1_000_000;

/// Asks one judge, and knows no peer of its own.
struct Outside(Rc<RefCell<Stepper>>);

impl Host for Outside {
    fn stepping(&self) -> bool {
        self.0.borrow().active()
    }

    fn may(&mut self, ticket: Ticket, step: &Step) -> bool {
        self.0.borrow_mut().ask(1, ticket, false, step)
    }

    fn forget(&mut self, ticket: Ticket) {
        self.0.borrow_mut().forget(1, ticket);
    }

    fn outside(&self, _link: &LinkRef) -> bool {
        true
    }
}

struct Bench {
    s: TestServer,
    judge: Rc<RefCell<Stepper>>,
}

impl Bench {
    fn new(conf: &str) -> Bench {
        let mut s = TestServer::new(conf);
        s.finish_boot();
        let judge = Rc::new(RefCell::new(Stepper::default()));
        s.engine.set_host(Box::new(Outside(judge.clone())));
        Bench { s, judge }
    }

    fn poke(&mut self) {
        self.s.engine.poke(self.s.now);
        self.s.turn();
    }

    fn stepping(&mut self, on: bool) {
        self.judge.borrow_mut().set_stepping(on);
        self.poke();
    }

    fn waiting(&self) -> Vec<StepKind> {
        self.judge.borrow().waiting().map(|(.., step)| step.kind).collect()
    }

    /// Lets one step go, which must be of this kind.
    fn step(&mut self, kind: StepKind) -> Step {
        let step = self.judge.borrow().waiting().next().map(|(.., step)| step.clone());
        let step = step.unwrap_or_else(|| panic!("nothing waits, least of all {}", kind.name()));
        assert_eq!(step.kind, kind);
        self.judge.borrow_mut().permit(1);
        self.poke();
        step
    }

    /// The clients' clock goes on, link time stands; what this connection is sent meanwhile.
    fn wait(&mut self, seconds: u64, conn: ConnId) -> String {
        let mut heard = String::new();
        for _ in 0..seconds * 10 {
            self.s.now.mono_us += SECOND / 10;
            self.s.now.wall_us += (SECOND / 10) as i64;
            self.s.engine.timer(self.s.now);
            self.s.turn();
            heard += &self.hear(conn);
        }
        heard
    }

    fn hear(&mut self, conn: ConnId) -> String {
        String::from_utf8_lossy(&self.s.receive(conn)).into_owned()
    }

    fn job(&mut self, which: fn(&Effect) -> Option<JobId>) -> JobId {
        let at = self.s.effects.iter().position(|e| which(e).is_some()).expect("the effect");
        which(&self.s.effects.remove(at)).expect("its job")
    }

    fn save(&mut self) -> (JobId, Box<SaveJob>, SaveTo) {
        let is = |e: &Effect| matches!(e, Effect::StartSave { .. });
        let at = self.s.effects.iter().position(is).expect("a save");
        match self.s.effects.remove(at) {
            Effect::StartSave { job, save, to } => (job, save, to),
            other => panic!("{other:?}"),
        }
    }
}

const DISK: &str = "repl-diskless-sync no\nsave \"\"";

/// An outside replica that got as far as to have asked for PSYNC, with everything stepped.
fn asked(b: &mut Bench) -> ConnId {
    b.stepping(true);
    let conn = b.s.connect();
    assert_eq!(b.s.send(conn, "PING\r\n"), b"+PONG\r\n", "nobody knows yet what it is");
    assert_eq!(b.s.send(conn, "REPLCONF listening-port 7000\r\n"), b"");
    let step = b.step(StepKind::Replconf);
    assert_eq!(step.link.map(|l| l.peer.port), Some(7000));
    assert_eq!(b.hear(conn), "", "its answer is a step of its own");
    b.step(StepKind::Reply);
    assert_eq!(b.hear(conn), "+OK\r\n");
    b.s.feed(conn, b"REPLCONF capa eof capa psync2\r\nPS");
    b.s.turn();
    b.step(StepKind::Replconf);
    b.step(StepKind::Reply);
    assert_eq!(b.hear(conn), "+OK\r\n");
    b.s.send(conn, "YNC ? -1\r\n");
    conn
}

fn newlines(text: &str) -> usize {
    assert!(text.bytes().all(|b| b == b'\n'), "more than newlines: {text:?}");
    text.len()
}

#[test]
fn an_outside_replica_is_kept_alive_by_newlines_until_its_rdb_begins() {
    let mut b = Bench::new(DISK);
    let conn = asked(&mut b);
    // Its request waits to be looked at, then to be judged, then the snapshot waits.
    let link_us = b.s.now.link_us;
    for kind in [StepKind::Psync, StepKind::Decision, StepKind::SaveBegin] {
        assert_eq!(b.waiting(), [kind]);
        assert!(newlines(&b.wait(30, conn)) >= 25, "{}", kind.name());
        b.step(kind);
    }
    let (job, mut save, _) = b.save();
    let mut rdb = Vec::new();
    while let Some(piece) = save.next_piece(1 << 16) {
        rdb.extend(piece);
    }
    assert!(newlines(&b.wait(30, conn)) >= 25, "in front of +FULLRESYNC");
    assert!(b.step(StepKind::FullResync).bytes > 50);
    assert!(b.hear(conn).starts_with("+FULLRESYNC "));
    let size = rdb.len() as u64;
    b.s.engine.job_done(b.s.now, job, JobDone { keys: 0, bytes: size, size: Some(size) });
    b.s.turn();
    let open = |e: &Effect| match e {
        Effect::OpenFile { job, .. } => Some(*job),
        _ => None,
    };
    let file = b.job(open);
    b.s.engine.opened(b.s.now, file, Ok(Some(size)));
    b.s.turn();
    assert!(newlines(&b.wait(30, conn)) >= 25, "in front of the file");
    b.step(StepKind::SaveEnd);
    assert!(newlines(&b.wait(30, conn)) >= 25, "in front of the preamble");
    b.step(StepKind::RdbBegin);
    assert_eq!(b.hear(conn), format!("${size}\r\n"));
    b.s.engine.piece(b.s.now, file, rdb.clone());
    b.s.turn();
    assert_eq!(b.wait(30, conn), "", "never once the preamble was sent");
    b.step(StepKind::RdbEnd);
    assert_eq!(b.s.receive(conn), rdb);
    b.step(StepKind::Online);
    assert_eq!(b.s.now.link_us, link_us);
    // Its acknowledgement is a step; the same one again is a sign of life.
    b.s.send(conn, "REPLCONF ACK 0\r\n");
    assert!(b.waiting().is_empty(), "no news");
    let client = b.s.connect();
    assert_eq!(b.s.send(client, "SET name xd\r\n"), b"+OK\r\n");
    b.step(StepKind::Command);
    b.step(StepKind::Command);
    let stream = b.hear(conn);
    b.s.send(conn, format!("REPLCONF ACK {}\r\n", stream.len()));
    assert!(!b.s.facts.iter().any(|f| matches!(f, Fact::Acked { offset, .. } if offset.0 > 0)));
    b.step(StepKind::Ack);
    assert!(b.s.facts.iter().any(|f| matches!(f, Fact::Acked { offset, .. } if offset.0 > 0)));
}

/// A replica of an outside master, up to PSYNC, nobody looking; the link.
fn following(b: &mut Bench) -> ConnId {
    let client = b.s.connect();
    b.s.send(client, "REPLICAOF 127.0.0.1 7000\r\n");
    dialled(b)
}

fn dialled(b: &mut Bench) -> ConnId {
    let dial = b.s.effects.iter().rev().find_map(|e| match e {
        Effect::Dial { dial, .. } => Some(*dial),
        _ => None,
    });
    let to = Dialled { addr: "127.0.0.1:7000".into(), laddr: "127.0.0.1:9".into(), fd: 9 };
    let conn = b.s.engine.dialled(b.s.now, dial.expect("a dial"), Ok(to));
    b.s.turn();
    conn.expect("a connection")
}

/// An RDB with one key.
fn rdb() -> Vec<u8> {
    let mut s = TestServer::new(DISK);
    s.finish_boot();
    let client = s.connect();
    s.send(client, "SET name xd\r\nBGSAVE\r\n");
    let mut b = Bench { s, judge: Rc::default() };
    let (_, mut save, _) = b.save();
    let mut rdb = Vec::new();
    while let Some(piece) = save.next_piece(1 << 16) {
        rdb.extend(piece);
    }
    rdb
}

#[test]
fn an_outside_master_is_heard_one_message_at_a_time() {
    let mut b = Bench::new("repl-diskless-load swapdb\nsave \"\"");
    b.stepping(true);
    let client = b.s.connect();
    assert_eq!(b.s.send(client, "REPLICAOF 127.0.0.1 7000\r\n"), b"+OK\r\n");
    assert!(!b.s.effects.iter().any(|e| matches!(e, Effect::Dial { .. })));
    b.step(StepKind::Connect);
    let conn = dialled(&mut b);
    assert_eq!(b.hear(conn), "");
    b.step(StepKind::Ping);
    assert!(b.hear(conn).contains("PING"));
    b.s.send(conn, "+PO");
    assert!(b.waiting().is_empty(), "half a line is nothing yet");
    b.s.send(conn, "NG\r\n");
    b.step(StepKind::Pong);
    b.step(StepKind::Replconf);
    b.step(StepKind::Replconf);
    assert!(b.hear(conn).contains("psync2"));
    b.s.send(conn, "+OK\r\n+OK\r\n");
    b.step(StepKind::Reply);
    b.step(StepKind::Reply);
    b.step(StepKind::Psync);
    b.hear(conn);
    let id = "a".repeat(40);
    let rdb = rdb();
    b.s.send(conn, format!("\n\n+FULLRESYNC {id} 100\r\n\n${}\r\n", rdb.len()));
    b.step(StepKind::FullResync);
    assert_eq!(b.waiting(), [StepKind::RdbBegin]);
    assert!(newlines(&b.wait(20, conn)) >= 15, "the master takes newlines while we are silent");
    b.step(StepKind::RdbBegin);
    b.step(StepKind::Load);
    let half = rdb.len() / 2;
    b.s.send(conn, &rdb[..half]);
    let rest = [
        &rdb[half..],
        b"*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\n1\r\n",
    ];
    b.s.send(conn, rest.concat());
    let piece = b.step(StepKind::RdbPiece);
    let of = Some(rdb.len() as u64);
    assert_eq!((piece.bytes, piece.what), (half as u64, StepWhat::Rdb { from: 0, of }));
    let end = b.step(StepKind::RdbEnd);
    assert_eq!(end.what, StepWhat::Rdb { from: half as u64, of });
    assert_eq!(b.s.ask(client, "GET name"), "$2\r\nxd\r\n");
    assert_eq!(b.waiting()[0], StepKind::Command);
    b.step(StepKind::Command);
    assert_eq!(b.s.ask(client, "GET a"), "$-1\r\n");
    let set = b.step(StepKind::Command);
    let StepWhat::Command { from, to, .. } = set.what else { panic!("{:?}", set.what) };
    assert_eq!((from.0, to.0), (124, 150));
    assert_eq!(b.s.ask(client, "GET a"), "$1\r\n1\r\n");
    // The periodic ping is no step, and neither is an acknowledgement without news.
    b.s.send(conn, "*1\r\n$4\r\nPING\r\n");
    assert!(b.waiting().is_empty());
}

#[test]
fn an_outside_master_gets_the_old_acknowledgement_again_while_time_stands() {
    let mut b = Bench::new("repl-diskless-load swapdb\nsave \"\"");
    let conn = following(&mut b);
    let id = "a".repeat(40);
    b.s.send(conn, "+PONG\r\n+OK\r\n+OK\r\n");
    let mut all = format!("+FULLRESYNC {id} 100\r\n${}\r\n", rdb().len()).into_bytes();
    all.extend(rdb());
    b.s.send(conn, all);
    b.s.advance(2 * SECOND);
    assert!(b.hear(conn).ends_with("ACK\r\n$3\r\n100\r\n"));
    b.stepping(true);
    b.s.send(conn, "*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\n1\r\n");
    assert_eq!(b.waiting(), [StepKind::Command]);
    let said = b.wait(20, conn);
    let acks = said.matches("$3\r\n100\r\n").count();
    assert!(acks >= 15 && said.len() == acks * 36, "{said:?}");
    b.step(StepKind::Command);
    // A new one that waits for its own step is not said early by repeating it.
    b.s.send(conn, "*3\r\n$8\r\nREPLCONF\r\n$6\r\nGETACK\r\n$1\r\n*\r\n");
    b.step(StepKind::GetAck);
    assert_eq!(b.waiting(), [StepKind::Ack]);
    let said = b.wait(20, conn);
    assert!(said.matches("$3\r\n100\r\n").count() >= 15 && !said.contains("127"), "{said:?}");
    assert!(b.s.engine.impatient_peers().is_empty());
    b.step(StepKind::Ack);
    assert!(b.hear(conn).ends_with("ACK\r\n$3\r\n127\r\n"));
    b.stepping(false);
    b.s.advance(2 * SECOND);
    assert!(b.hear(conn).ends_with("ACK\r\n$3\r\n164\r\n"));
}

#[test]
fn what_never_left_is_not_told_as_said() {
    let mut b = with_history("");
    let conn = online(&mut b);
    let said = |b: &Bench, what: &Message| {
        let is = |f: &&Fact| matches!(f, Fact::Said { message, .. } if message == what);
        b.s.facts.iter().filter(is).count()
    };
    b.stepping(true);
    let client = b.s.connect();
    b.s.send(client, "SET a 1\r\nWAIT 1 0\r\n");
    b.step(StepKind::Command);
    assert_eq!((b.waiting(), said(&b, &Message::GetAck)), (vec![StepKind::GetAck], 0));
    b.step(StepKind::GetAck);
    assert_eq!(said(&b, &Message::GetAck), 1, "when its step goes");
    b.s.send(client, "SET a 2\r\nWAIT 1 0\r\n");
    let end = offset(&mut b);
    b.s.send(conn, format!("REPLCONF ACK {end}\r\n"));
    b.s.engine.peer_closed(b.s.now, conn, None);
    b.s.turn();
    b.stepping(false);
    assert_eq!(said(&b, &Message::GetAck), 1, "its reader was gone");
}

#[test]
fn a_held_step_shows_no_password() {
    let mut b = with_history("");
    let conn = online(&mut b);
    b.stepping(true);
    b.s.send(conn, "CONFIG SET requirepass hunter2\r\n");
    assert_eq!(b.waiting(), [StepKind::Other]);
    let told = format!("{:?}", b.judge.borrow().waiting().next());
    assert!(told.contains("requirepass") && !told.contains("hunter2"), "{told}");
}

/// Takes exactly so many bytes of what may be written.
fn take(b: &mut Bench, conn: ConnId, n: usize) -> Vec<u8> {
    let mut slices = [IoSlice::new(&[]); 16];
    let filled = b.s.engine.write_slices(conn, &mut slices);
    let mut bytes: Vec<u8> = slices[..filled].iter().flat_map(|s| s.to_vec()).collect();
    bytes.truncate(n);
    b.s.engine.wrote(b.s.now, conn, bytes.len());
    b.s.turn();
    bytes
}

/// An online replica of ours, nobody looking.
fn online(b: &mut Bench) -> ConnId {
    let (id, conn) = (replid(b), b.s.connect());
    b.s.send(conn, "REPLCONF listening-port 7000 capa psync2\r\n");
    let end = offset(b);
    let granted = b.s.send(conn, format!("PSYNC {id} {}\r\n", end + 1));
    assert!(granted.starts_with(b"+CONTINUE"), "{}", String::from_utf8_lossy(&granted));
    conn
}

/// A master with a history: a first replica came and went.
fn with_history(conf: &str) -> Bench {
    let mut b = Bench::new(conf);
    let conn = b.s.connect();
    b.s.send(conn, "SYNC\r\n");
    let client = b.s.connect();
    b.s.ask(client, "SET first 1");
    b.s.engine.peer_closed(b.s.now, conn, None);
    b.s.turn();
    b
}

fn info(b: &mut Bench, field: &str) -> String {
    let client = b.s.connect();
    let all = b.s.ask(client, "INFO replication");
    let found = all.lines().find_map(|l| l.strip_prefix(field)?.strip_prefix(':'));
    found.unwrap_or_default().to_owned()
}

fn replid(b: &mut Bench) -> String {
    info(b, "master_replid")
}

fn offset(b: &mut Bench) -> i64 {
    info(b, "master_repl_offset").parse().expect("a number")
}

#[test]
fn what_is_half_written_is_written_to_its_end() {
    let mut b = with_history(DISK);
    let conn = online(&mut b);
    let client = b.s.connect();
    b.s.ask(client, "SET one 1");
    b.s.ask(client, "SET two 2");
    let one = "*3\r\n$3\r\nSET\r\n$3\r\none\r\n$1\r\n1\r\n";
    let begun = take(&mut b, conn, 10);
    assert_eq!(begun, &one.as_bytes()[..10]);
    b.stepping(true);
    assert_eq!(b.hear(conn), one[10..], "the rest of the command, and no more");
    let step = b.step(StepKind::Command);
    assert_eq!(step.bytes as usize, one.len());
    assert_eq!(b.hear(conn), one.replace("one", "two").replace("\n1\r", "\n2\r"));
    // The same for a line: off and on in the middle of it.
    b.s.ask(client, "SET one 1");
    b.stepping(false);
    assert_eq!(take(&mut b, conn, 3), b"*3\r");
    b.stepping(true);
    assert_eq!(b.hear(conn), one[3..]);
    assert!(b.waiting().is_empty() && !b.s.engine.has_output(conn));
}

#[test]
fn a_limit_asks_before_it_closes_and_counts_what_is_held() {
    let conf = "client-output-buffer-limit replica 100kb 0 0\nrepl-backlog-size 16kb\nsave \"\"";
    let mut b = with_history(conf);
    let conn = online(&mut b);
    b.stepping(true);
    let client = b.s.connect();
    for _ in 0..20 {
        b.s.ask(client, &format!("SET big {}", "x".repeat(20_000)));
    }
    let ends = || {
        b.judge.borrow().waiting().find_map(|(.., s)| match &s.what {
            StepWhat::End(why) => Some(why.clone()),
            _ => None,
        })
    };
    assert!(matches!(ends(), Some(LinkLoss::OutputLimit { .. })), "{:?}", b.waiting());
    assert!(b.waiting().contains(&StepKind::Command) && b.waiting().len() == 2);
    assert_eq!(info(&mut b, "connected_slaves"), "1");
    assert!(!b.s.closed.contains(&conn));
    b.step(StepKind::Command);
    while b.waiting()[0] != StepKind::LinkEnd {
        b.step(StepKind::Command);
    }
    b.step(StepKind::LinkEnd);
    assert!(b.s.closed.contains(&conn) && b.waiting().is_empty());
}

#[test]
fn an_end_is_kept_and_what_is_killed_asks_no_more() {
    let mut b = with_history(DISK);
    let (one, two) = (online(&mut b), online(&mut b));
    b.stepping(true);
    for conn in [one, two] {
        b.s.engine.peer_closed(b.s.now, conn, None);
        b.s.engine.peer_closed(b.s.now, conn, Some("again".into()));
        assert!(b.s.engine.read_space(conn).is_none());
    }
    b.s.turn();
    assert_eq!(b.waiting(), [StepKind::LinkEnd, StepKind::LinkEnd]);
    let client = b.s.connect();
    b.s.ask(client, "SET name xd");
    assert_eq!(b.waiting().len(), 2, "nothing is sent to those who are gone");
    assert_eq!(info(&mut b, "connected_slaves"), "2");
    b.step(StepKind::LinkEnd);
    assert!(b.s.closed.contains(&one) && !b.s.closed.contains(&two));
    assert_eq!(b.s.ask(client, &format!("CLIENT KILL ID {}", two.0)), ":1\r\n");
    assert!(b.waiting().is_empty() && b.s.closed.contains(&two));
}

#[test]
fn a_save_of_a_client_does_not_get_into_a_held_transfer() {
    let mut b = Bench::new(DISK);
    let conn = asked(&mut b);
    b.judge.borrow_mut().permit(4);
    b.poke();
    assert!(b.hear(conn).starts_with("+FULLRESYNC"));
    let (job, ..) = b.save();
    b.s.engine.job_done(b.s.now, job, JobDone { keys: 0, bytes: 9, size: Some(9) });
    b.s.turn();
    assert_eq!(b.waiting(), [StepKind::SaveEnd]);
    // The dump is opened at once: a later save takes its name, but not its bytes.
    let open = |e: &Effect| match e {
        Effect::OpenFile { job, .. } => Some(*job),
        _ => None,
    };
    let file = b.job(open);
    let client = b.s.connect();
    assert!(b.s.ask(client, "BGSAVE").starts_with('+'));
    b.s.engine.opened(b.s.now, file, Err(FileError::NotFound));
    b.s.turn();
    assert!(!b.s.closed.contains(&conn), "what became of it is known after the step");
    b.step(StepKind::SaveEnd);
    assert!(b.s.closed.contains(&conn));
}

#[test]
fn what_breaks_a_link_ends_it_by_a_step() {
    let mut b = with_history("");
    // What is no request, and a request that is answered: a replica may send neither.
    for (broken, first) in [("*x\r\n", None), ("PING\r\n", Some(StepKind::Ping))] {
        let conn = online(&mut b);
        b.stepping(true);
        b.s.send(conn, broken);
        first.into_iter().for_each(|kind| drop(b.step(kind)));
        assert_eq!(b.waiting(), [StepKind::LinkEnd]);
        b.s.send(conn, "REPLCONF ACK 1\r\nPING\r\n");
        assert_eq!(b.waiting(), [StepKind::LinkEnd], "nothing more is taken");
        assert_eq!(info(&mut b, "connected_slaves"), "1");
        let end = b.step(StepKind::LinkEnd);
        assert!(matches!(end.what, StepWhat::End(LinkLoss::Protocol(_))), "{end:?}");
        assert_eq!(info(&mut b, "connected_slaves"), "0");
        b.stepping(false);
    }
}

#[test]
fn outside_peers_are_kept_alive_in_slow_motion() {
    // So many seconds at 1/100.
    let crawl = |b: &mut Bench, seconds: u64, conn: ConnId| {
        let mut heard = String::new();
        for _ in 0..seconds * 10 {
            b.s.now.mono_us += SECOND / 10;
            b.s.now.wall_us += (SECOND / 10) as i64;
            b.s.now.link_us += SECOND / 1000;
            b.s.engine.timer(b.s.now);
            b.s.turn();
            heard += &b.hear(conn);
        }
        heard
    };
    let mut b = with_history("");
    let replica = online(&mut b);
    let pings = crawl(&mut b, 60, replica).matches("ping").count();
    assert!((5..=7).contains(&pings), "{pings} pings in a minute");

    let mut b = Bench::new("repl-diskless-load swapdb\nsave \"\"");
    let master = following(&mut b);
    b.s.send(master, "+PONG\r\n+OK\r\n+OK\r\n");
    let grant = format!("+FULLRESYNC {} 100\r\n${}\r\n", "a".repeat(40), rdb().len());
    let mut all = grant.into_bytes();
    all.extend(rdb());
    b.s.send(master, all);
    b.s.advance(2 * SECOND);
    b.hear(master);
    let acks = crawl(&mut b, 30, master).matches("$3\r\n100\r\n").count();
    assert!(acks >= 25, "{acks} acknowledgements in half a minute");
}
