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
fn a_corrupt_rdb_from_the_socket_keeps_the_old_data_with_swapdb() {
    let mut r = Replica::asking("repl-diskless-load swapdb\nreplica-read-only no\n");
    let client = r.server.connect();
    r.server.ask(client, "SET mine 1");
    let id = "a".repeat(40);
    let mut body = rdb(b"k", b"v");
    let n = body.len();
    body[n - 1] ^= 1;
    r.server.send(r.conn, format!("+FULLRESYNC {id} 5\r\n${n}\r\n"));
    r.server.send(r.conn, body);
    assert!(r.server.closed.contains(&r.conn));
    assert_eq!(r.get("mine"), "$1\r\n1\r\n");
    assert_eq!(r.get("k"), "$-1\r\n");
}
