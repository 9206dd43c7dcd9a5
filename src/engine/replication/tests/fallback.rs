//! A replica whose master is played by hand: the legacy SYNC, refusals, broken transfers.

use crate::engine::conn::ConnId;
use crate::engine::effect::{DialId, Effect};
use crate::engine::testkit::TestServer;
use crate::engine::{Dialled, Engine};
use crate::observe::LinkState;
use crate::wire::rdb::{Options, Writer};

struct Replica {
    server: TestServer,
    conn: ConnId,
}

fn take_dial(server: &mut TestServer) -> Option<DialId> {
    let at = server.effects.iter().position(|e| matches!(e, Effect::Dial { .. }))?;
    match server.effects.remove(at) {
        Effect::Dial { dial, .. } => Some(dial),
        _ => None,
    }
}

fn dialled(server: &mut TestServer) -> ConnId {
    let dial = take_dial(server).expect("a dial");
    let ends = Dialled { addr: "127.0.0.1:7000".into(), laddr: "127.0.0.1:4000".into(), fd: 5 };
    let conn = server.engine.dialled(server.now, dial, Ok(ends)).expect("a connection");
    server.turn();
    conn
}

impl Replica {
    /// Follows 127.0.0.1:7000 and has written PSYNC.
    fn asking(conf: &str) -> Replica {
        let mut server = TestServer::new(conf);
        server.finish_boot();
        let client = server.connect();
        assert_eq!(server.ask(client, "REPLICAOF 127.0.0.1 7000"), "+OK\r\n");
        let conn = dialled(&mut server);
        let mut replica = Replica { server, conn };
        replica.shake_hands();
        replica
    }

    fn shake_hands(&mut self) {
        let (server, conn) = (&mut self.server, self.conn);
        assert_eq!(server.receive(conn), b"*1\r\n$4\r\nPING\r\n");
        server.send(conn, "+PONG\r\n");
        server.send(conn, "+OK\r\n+OK\r\n");
        assert_eq!(self.state(), LinkState::ReceivePsyncReply);
    }

    fn state(&self) -> LinkState {
        let engine: &Engine = &self.server.engine;
        engine.repl.follow.state
    }

    /// The log from the newest line on that begins so.
    fn log_from(&self, start: &str) -> Vec<String> {
        let lines = self.server.log();
        let at = lines.iter().rposition(|l| l.starts_with(start));
        let at = at.unwrap_or_else(|| panic!("no line '{start}' in {lines:#?}"));
        lines[at..].iter().map(|l| l.to_string()).collect()
    }

    fn get(&mut self, key: &str) -> String {
        let client = self.server.connect();
        self.server.ask(client, &format!("GET {key}"))
    }
}

fn rdb(key: &[u8], value: &[u8]) -> Vec<u8> {
    let mut w = Writer::new(Options::default());
    w.header();
    w.select_db(0);
    w.string_key(key, value, None);
    w.eof();
    w.take()
}

#[test]
fn a_master_without_psync_is_asked_with_sync() {
    let mut r = Replica::asking("repl-diskless-load swapdb\n");
    let out = r.server.send(r.conn, "-ERR unknown command 'PSYNC'\r\n");
    assert_eq!(out, b"SYNC\r\n");
    assert_eq!(r.state(), LinkState::Transfer);
    let body = rdb(b"name", b"xd");
    let mut bytes = format!("\n${}\r\n", body.len()).into_bytes();
    bytes.extend_from_slice(&body);
    bytes.extend_from_slice(b"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\n1\r\n");
    r.server.send(r.conn, bytes);
    assert_eq!(r.state(), LinkState::Connected);
    assert_eq!(r.get("name"), "$2\r\nxd\r\n");
    assert_eq!(r.get("a"), "$1\r\n1\r\n");
    // Such a master knows no offsets: nothing is acknowledged.
    r.server.advance(2_500_000);
    assert_eq!(r.server.receive(r.conn), b"");
}

#[test]
fn a_marked_transfer_is_acknowledged_at_once() {
    let mut r = Replica::asking("repl-diskless-load swapdb\n");
    let id = "a".repeat(40);
    let mark = "b".repeat(40);
    r.server.send(r.conn, format!("+FULLRESYNC {id} 1000\r\n$EOF:{mark}\r\n"));
    let mut bytes = rdb(b"k", b"v");
    bytes.extend_from_slice(mark.as_bytes());
    let out = r.server.send(r.conn, bytes);
    assert_eq!(out, b"*3\r\n$8\r\nREPLCONF\r\n$3\r\nACK\r\n$4\r\n1000\r\n");
    // GETACK is answered with the offset before it.
    let out = r.server.send(r.conn, "*3\r\n$8\r\nREPLCONF\r\n$6\r\nGETACK\r\n$1\r\n*\r\n");
    assert_eq!(out, b"*3\r\n$8\r\nREPLCONF\r\n$3\r\nACK\r\n$4\r\n1000\r\n");
    r.server.advance(1_100_000);
    let out = r.server.receive(r.conn);
    assert!(out.ends_with(b"$4\r\n1037\r\n"), "{}", String::from_utf8_lossy(&out));
}

#[test]
fn a_master_that_refuses_at_once_is_not_hammered() {
    let mut r = Replica::asking("repl-diskless-load swapdb\n");
    let id = "a".repeat(40);
    let mut tries = 0;
    for _ in 0..60 {
        r.server.send(r.conn, format!("+FULLRESYNC {id} 1\r\n-ERR not today\r\n"));
        assert!(r.server.closed.contains(&r.conn));
        tries += 1;
        let began = r.server.now.mono_us;
        while !r.server.effects.iter().any(|e| matches!(e, Effect::Dial { .. })) {
            r.server.advance(50_000);
            assert!(r.server.now.mono_us - began < 1_200_000, "a retry within a second");
        }
        r.conn = dialled(&mut r.server);
        r.shake_hands();
        if r.server.now.mono_us > 6_000_000 {
            break;
        }
    }
    assert!((4..=14).contains(&tries), "{tries} tries in five seconds");
    let log = r.server.log();
    assert!(log.contains(&"MASTER aborted replication with an error: ERR not today"));
}

#[test]
fn a_bad_rdb_from_the_socket_keeps_the_old_data_with_swapdb() {
    let mut r = Replica::asking("repl-diskless-load swapdb\nreplica-read-only no\n");
    let client = r.server.connect();
    r.server.ask(client, "SET mine 1");
    let id = "a".repeat(40);
    let mut body = rdb(b"k", b"v");
    let n = body.len();
    let at = body.windows(3).position(|w| w == b"\0\x01k").expect("the key's type");
    body[at] = 99;
    r.server.send(r.conn, format!("+FULLRESYNC {id} 5\r\n${n}\r\n"));
    r.server.send(r.conn, body);
    assert!(r.server.closed.contains(&r.conn));
    assert_eq!(r.get("mine"), "$1\r\n1\r\n");
    assert_eq!(r.get("k"), "$-1\r\n");
    let lines = r.log_from("Internal error in RDB");
    assert!(
        lines[1].starts_with("Failed trying to load the MASTER synchronization DB from socket")
    );
    assert_eq!(
        lines[2..],
        [
            "Reconnecting to MASTER 127.0.0.1:7000 after failure",
            "MASTER <-> REPLICA sync started",
            "MASTER <-> REPLICA sync: Discarding temporary DB in background",
        ]
    );
}

#[test]
fn an_rdb_with_a_wrong_checksum_ends_the_process_also_from_the_socket() {
    for load in ["swapdb", "on-empty-db"] {
        let mut r = Replica::asking(&format!("repl-diskless-load {load}\n"));
        let id = "a".repeat(40);
        let mut body = rdb(b"k", b"v");
        let n = body.len();
        body[n - 1] ^= 1;
        r.server.send(r.conn, format!("+FULLRESYNC {id} 5\r\n${n}\r\n"));
        r.server.send(r.conn, body);
        let exits = |e: &Effect| matches!(e, Effect::Exit { code: 1 });
        assert!(r.server.effects.iter().any(exits), "{:?}", r.server.effects);
        r.log_from("Terminating server after rdb file reading failure.");
    }
}

#[test]
fn an_rdb_of_no_bytes_is_a_link_that_ended_too_early() {
    let mut r = Replica::asking("");
    let id = "a".repeat(40);
    r.server.send(r.conn, format!("+FULLRESYNC {id} 5\r\n$0\r\n"));
    assert_eq!(r.state(), LinkState::Transfer);
    r.server.send(r.conn, "*1\r\n");
    r.log_from("I/O error trying to sync with MASTER: connection lost");
    assert!(r.server.closed.contains(&r.conn));
}

#[test]
fn only_a_data_set_that_is_emptied_costs_a_newline() {
    for (key, expected) in [(None, &b""[..]), (Some("mine"), b"\n")] {
        let mut r = Replica::asking("repl-diskless-load on-empty-db\nreplica-read-only no\n");
        let client = r.server.connect();
        if let Some(key) = key {
            r.server.ask(client, "CONFIG SET repl-diskless-load disabled");
            r.server.ask(client, &format!("SET {key} 1"));
        }
        let id = "a".repeat(40);
        let body = rdb(b"k", b"v");
        let head = format!("+FULLRESYNC {id} 5\r\n${}\r\n", body.len());
        let mut out = r.server.send(r.conn, head);
        out.extend(r.server.send(r.conn, body));
        if key.is_none() {
            assert_eq!(r.state(), LinkState::Connected);
            assert_eq!(out, expected, "nothing was emptied");
            continue;
        }
        // The temporary file takes the dump's place; then the old data goes.
        let job = |e: &Effect| match e {
            Effect::FinishFile { job, .. } => Some(*job),
            _ => None,
        };
        let job = r.server.effects.iter().find_map(job).expect("a rename");
        let done = crate::engine::JobDone { keys: 0, bytes: 0, size: None };
        r.server.engine.job_done(r.server.now, job, done);
        r.server.turn();
        out.extend(r.server.receive(r.conn));
        assert_eq!(out, expected, "with old data");
    }
}
