//! The real driver over real sockets.

mod nodekit;

use nodekit::{Client, Node, PATIENCE, Reply, encode, until};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Instant;
use synclab::engine::Signal;
use synclab::node::{
    Control, FactSink, Gate, GateKey, Grant, LinkRule, NoSink, OpenGate, raise_open_files,
};
use synclab::observe::{Addr, ExitHow, Fact, Now, Side};

fn temp() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temp dir")
}

#[test]
fn node_answers_a_pipeline_in_order() {
    let dir = temp();
    let node = Node::start(dir.path(), "");
    let mut client = node.client();
    let mut writer = client.stream.try_clone().expect("a second handle");
    let writing = std::thread::spawn(move || {
        let mut batch = Vec::new();
        for i in 0..20_000 {
            let (key, value) = (format!("k{i}"), format!("v{i}"));
            batch.extend(encode(&[b"SET", key.as_bytes(), value.as_bytes()]));
            batch.extend(encode(&[b"GET", key.as_bytes()]));
        }
        writer.write_all(&batch).expect("the server reads");
    });
    for i in 0..20_000 {
        assert_eq!(client.reply(), Reply::ok());
        assert_eq!(client.reply(), Reply::bulk(&format!("v{i}")));
    }
    writing.join().expect("written");
    assert_eq!(client.call("DBSIZE"), Reply::Int(20_000));
    assert_eq!(node.kill(), ExitHow::Killed);
}

#[test]
fn node_takes_and_gives_fifty_megabytes() {
    let dir = temp();
    let node = Node::start(dir.path(), "");
    let mut client = node.client();
    let value: Vec<u8> = (0..50_000_000_u32).map(|i| (i.wrapping_mul(31) >> 3) as u8).collect();
    client.send(&[b"SET", b"big", &value]);
    assert_eq!(client.reply(), Reply::ok());
    client.send(&[b"GET", b"big"]);
    assert!(client.reply() == Reply::Bulk(Some(value)), "the value came back changed");
    node.kill();
}

#[test]
fn node_serves_others_while_one_client_does_not_read() {
    let dir = temp();
    let node = Node::start(dir.path(), "");
    let mut slow = node.client();
    let value = vec![b'x'; 4 << 20];
    slow.send(&[b"SET", b"big", &value]);
    assert_eq!(slow.reply(), Reply::ok());
    for _ in 0..16 {
        slow.send(&[b"GET", b"big"]);
    }
    let mut quick = node.client();
    for _ in 0..200 {
        let begun = Instant::now();
        assert_eq!(quick.call("PING"), Reply::Simple("PONG".to_owned()));
        assert!(begun.elapsed() < PATIENCE);
    }
    for _ in 0..16 {
        assert!(slow.reply() == Reply::Bulk(Some(value.clone())), "a byte is wrong");
    }
    node.kill();
}

#[test]
fn node_holds_a_thousand_connections() {
    let room = raise_open_files(4096).expect("the system tells");
    let dir = temp();
    let node = Node::start(dir.path(), "");
    // Both ends are in this process. A small machine gets as many as it can hold.
    let count = usize::try_from((room.now - 200) / 3).expect("a count").min(1000);
    let mut clients: Vec<Client> = (0..count).map(|_| node.client()).collect();
    for client in &mut clients {
        client.send(&[b"INCR", b"n"]);
    }
    let mut seen: Vec<i64> = clients
        .iter_mut()
        .map(|c| match c.reply() {
            Reply::Int(n) => n,
            other => panic!("{other:?}"),
        })
        .collect();
    seen.sort_unstable();
    assert_eq!(seen, (1..=i64::try_from(count).expect("a count")).collect::<Vec<_>>());
    drop(clients);
    let mut last = node.client();
    until("the server notices that they left", || match last.call("INFO clients") {
        Reply::Bulk(Some(text)) => String::from_utf8_lossy(&text).contains("connected_clients:1\r"),
        _ => false,
    });
    node.kill();
}

#[test]
fn node_killed_in_the_middle_of_a_write_saves_nothing() {
    let dir = temp();
    let node = Node::start(dir.path(), "save 1 1");
    let mut client = node.client();
    assert_eq!(client.call("SET a 1"), Reply::ok());
    let half = encode(&[b"SET", b"b", &vec![b'x'; 1 << 20]]);
    client.stream.write_all(&half[..half.len() / 2]).expect("the server reads");
    assert_eq!(node.kill(), ExitHow::Killed);
    assert!(client.is_closed());
    assert!(!dir.path().join("dump.rdb").exists());
}

#[test]
fn node_killed_during_a_save_renames_nothing_late() {
    let dir = temp();
    let node = Node::start(dir.path(), "rdb-key-save-delay 20000");
    let mut client = node.client();
    for i in 0..100 {
        assert_eq!(client.call(&format!("SET k{i} v")), Reply::ok());
    }
    client.call("BGSAVE");
    until("the save has begun", || {
        std::fs::read_dir(dir.path())
            .expect("the dir")
            .flatten()
            .any(|e| e.file_name().to_string_lossy().starts_with("temp-"))
    });
    assert_eq!(node.kill(), ExitHow::Killed);
    // The rename is the loop's, and the loop is gone: there is nobody left to do it.
    assert!(!dir.path().join("dump.rdb").exists());
}

#[test]
fn node_interrupts_a_sleep_to_be_killed() {
    let dir = temp();
    let node = Node::start(dir.path(), "");
    let mut client = node.client();
    client.send(&[b"DEBUG", b"SLEEP", b"1000"]);
    let mut other = node.client();
    other.send(&[b"PING"]);
    let begun = Instant::now();
    assert_eq!(node.kill(), ExitHow::Killed);
    assert!(begun.elapsed() < PATIENCE);
    assert!(client.is_closed() && other.is_closed());
}

#[test]
fn node_sleeping_answers_nobody_until_it_wakes() {
    let dir = temp();
    let node = Node::start(dir.path(), "");
    let mut sleeper = node.client();
    let mut other = node.client();
    assert_eq!(other.call("PING"), Reply::Simple("PONG".to_owned()));
    let begun = Instant::now();
    sleeper.send(&[b"DEBUG", b"SLEEP", b"0.3"]);
    assert_eq!(sleeper.reply(), Reply::ok());
    assert!(begun.elapsed().as_millis() >= 300, "it did not sleep");
    assert_eq!(other.call("PING"), Reply::Simple("PONG".to_owned()));
    node.kill();
}

#[test]
fn node_saves_when_told_to_leave_and_loads_when_it_comes_back() {
    let dir = temp();
    let node = Node::start(dir.path(), "save 900 1");
    let mut client = node.client();
    for i in 0..1000 {
        assert_eq!(client.call(&format!("SET key:{i} value:{i}")), Reply::ok());
    }
    node.control.send(Control::Shutdown(Signal::Term));
    assert_eq!(node.wait(), ExitHow::Shutdown { code: 0 });
    assert!(client.is_closed());
    assert!(dir.path().join("dump.rdb").exists());

    let node = Node::start(dir.path(), "save 900 1");
    let mut client = node.client();
    until("the dump is loaded", || client.call("DBSIZE") == Reply::Int(1000));
    assert_eq!(client.call("GET key:999"), Reply::bulk("value:999"));
    client.send(&[b"SHUTDOWN", b"NOSAVE"]);
    assert_eq!(node.wait(), ExitHow::Shutdown { code: 0 });
}

#[test]
fn node_saves_where_the_conf_says() {
    let dir = temp();
    let node = Node::start(dir.path(), "dbfilename x.rdb");
    let mut client = node.client();
    assert_eq!(client.call("SET a 1"), Reply::ok());
    assert_eq!(client.call("SAVE"), Reply::ok());
    assert!(dir.path().join("x.rdb").exists());
    node.kill();
}

/// Panics when a client shows itself.
struct Trap;

impl FactSink for Trap {
    fn take(&mut self, _at: Now, facts: &mut Vec<Fact>) {
        if facts.iter().any(|f| matches!(f, Fact::ClientConnected { .. })) {
            panic!("the trap was sprung");
        }
    }
}

#[test]
fn node_that_panics_ends_alone_and_says_how() {
    let dir = temp();
    let node = Node::start_with(dir.path(), "", Box::new(Trap), Arc::new(OpenGate));
    let mut client = node.client();
    match node.wait() {
        ExitHow::Panicked { message } => assert_eq!(message, "the trap was sprung"),
        other => panic!("{other:?}"),
    }
    assert!(client.is_closed());
}

/// Shut until it is opened; tells who asked.
struct Sluice {
    open: AtomicBool,
    asked: Mutex<Sender<GateKey>>,
    granted: AtomicUsize,
}

impl Gate for Sluice {
    fn is_open(&self) -> bool {
        false
    }

    fn rule(&self, _link: &GateKey) -> LinkRule {
        LinkRule { bounded: true, ..LinkRule::default() }
    }

    fn is_inside(&self, _now: Now, _peer: &Addr) -> bool {
        true
    }

    fn allow(&self, link: &GateKey, travel_us: u64, want: usize) -> Grant {
        if link.from == Side::Master && link.peer == 7777 && !self.open.load(Ordering::SeqCst) {
            let _ = self.asked.lock().expect("the lock").send(*link);
            return Grant { bytes: 0, again_at_us: None };
        }
        // Small portions, a little time apart: the retry at the named time must work as well.
        let bytes = want.min(50_000);
        self.granted.fetch_add(bytes, Ordering::SeqCst);
        Grant { bytes, again_at_us: Some(travel_us + 1_000) }
    }

    fn give_back(&self, _link: &GateKey, bytes: usize) {
        self.granted.fetch_sub(bytes, Ordering::SeqCst);
    }
}

#[test]
fn node_holds_a_link_at_the_gate_and_nothing_else() {
    let dir = temp();
    let (tx, asked) = channel();
    let gate = Arc::new(Sluice {
        open: AtomicBool::new(true),
        asked: Mutex::new(tx),
        granted: AtomicUsize::new(0),
    });
    let conf = "repl-diskless-sync yes\nrepl-diskless-sync-delay 0";
    let node = Node::start_with(dir.path(), conf, Box::new(NoSink), gate.clone());
    let mut client = node.client();
    let value = vec![b'x'; 300_000];
    for key in ["a", "b", "c"] {
        client.send(&[b"SET", key.as_bytes(), &value]);
        assert_eq!(client.reply(), Reply::ok());
    }
    let mut replica = node.client();
    // It is a link from here on: even the answer to this passes the gate.
    assert_eq!(replica.call("REPLCONF listening-port 7777"), Reply::ok());
    gate.open.store(false, Ordering::SeqCst);
    let before = gate.granted.load(Ordering::SeqCst);
    replica.send(&[b"PSYNC", b"?", b"-1"]);
    let key = asked.recv_timeout(PATIENCE).expect("the gate is asked");
    assert_eq!((key.local, key.peer, key.from), (node.port, 7777, Side::Master));
    assert_eq!(gate.granted.load(Ordering::SeqCst), before);
    // Clients are none of the gate's business.
    assert_eq!(client.call("SET d 1"), Reply::ok());

    gate.open.store(true, Ordering::SeqCst);
    node.control.send(Control::Wake);
    // Empty lines keep the link alive while the snapshot is made.
    let mut told = || {
        loop {
            let line = replica.line();
            if !line.is_empty() {
                return line;
            }
        }
    };
    let answer = told();
    assert!(answer.starts_with("+FULLRESYNC "), "{answer}");
    let preamble = told();
    assert!(preamble.starts_with('$'), "{preamble}");
    let magic = replica.bytes(9);
    assert_eq!(&magic[..5], b"REDIS");
    node.kill();
}

#[test]
fn node_turns_strangers_away_in_protected_mode() {
    if !cfg!(target_os = "linux") {
        return; // Only Linux answers on all of 127/8.
    }
    let from: SocketAddr = "127.0.0.2:0".parse().expect("an address");
    let connect = |port: u16| {
        let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None)
            .expect("a socket");
        socket.bind(&from.into()).expect("bound");
        let to: SocketAddr = format!("127.0.0.1:{port}").parse().expect("an address");
        socket.connect(&to.into()).expect("connected");
        TcpStream::from(socket)
    };
    let dir = temp();
    let node = Node::start(dir.path(), "");
    let mut said = String::new();
    connect(node.port).read_to_string(&mut said).expect("an answer and the end");
    assert!(said.starts_with("-DENIED Redis is running in protected mode"), "{said}");
    assert!(said.ends_with("start accepting connections from the outside.\r\n"));
    assert_eq!(node.client().call("CONFIG SET protected-mode no"), Reply::ok());
    assert_eq!(Client::over(connect(node.port)).call("PING"), Reply::Simple("PONG".to_owned()));
    node.kill();
}

#[test]
fn node_speaks_with_a_client_library() {
    let dir = temp();
    let node = Node::start(dir.path(), "");
    let client = redis::Client::open(format!("redis://127.0.0.1:{}/", node.port)).expect("a url");
    let mut con = client.get_connection().expect("connected");
    let () = redis::cmd("SET").arg("name").arg("xd").query(&mut con).expect("SET");
    let got: String = redis::cmd("GET").arg("name").query(&mut con).expect("GET");
    assert_eq!(got, "xd");
    let (a, b): (i64, i64) = redis::pipe()
        .atomic()
        .cmd("INCRBY")
        .arg("n")
        .arg(5)
        .cmd("INCR")
        .arg("n")
        .query(&mut con)
        .expect("MULTI");
    assert_eq!((a, b), (5, 6));
    let keys: std::collections::BTreeSet<String> =
        redis::cmd("KEYS").arg("*").query(&mut con).expect("KEYS");
    assert_eq!(keys.into_iter().collect::<Vec<_>>(), ["n", "name"]);
    node.kill();
}
