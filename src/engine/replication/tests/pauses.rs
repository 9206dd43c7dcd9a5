//! CLIENT PAUSE, and what replication does under it.

use super::pump::World;
use crate::observe::{Fact, PausedBy};

fn pair(seed: u8) -> (World, usize, usize) {
    let mut w = World::new(seed);
    let m = w.start("repl-diskless-sync-delay 0\nrepl-ping-replica-period 1\n");
    let r = w.start("");
    w.follow(r, m);
    (w, m, r)
}

fn info(w: &mut World, node: usize, field: &str) -> String {
    let text = w.ask(node, "INFO everything");
    let found = text.lines().find_map(|l| l.strip_prefix(&format!("{field}:")));
    found.unwrap_or_default().to_owned()
}

#[test]
fn a_pause_of_writes_stills_the_stream_but_for_its_pings() {
    let (mut w, m, r) = pair(1);
    w.tell(m, "SET short 1 PX 500");
    w.tell(m, "SET other 1 PX 500");
    let (writer, waiter) = (w.client(m), w.client(m));
    assert_eq!(w.ask(m, "CLIENT PAUSE 60000 WRITE"), "+OK\r\n");
    w.send(m, writer, b"SET a 1\r\nSET a 2\r\n");
    assert_eq!(info(&mut w, m, "blocked_clients"), "1");
    let applied = w.nodes[r].facts.len();
    w.advance_ms(2000);
    // Reads see the key gone, but nobody deletes it: no DEL enters the stream.
    assert_eq!(w.ask(m, "GET short"), "$-1\r\n");
    assert_eq!(w.ask(m, "DBSIZE"), ":2\r\n");
    // WAIT is no write. It waits for its ACKs without asking for them.
    w.send(m, waiter, b"WAIT 1 5000\r\n");
    w.run();
    let heard: Vec<String> = w.nodes[r].facts[applied..]
        .iter()
        .filter_map(|f| match f {
            Fact::Applied { wire, .. } => Some(wire[0].text().to_owned()),
            _ => None,
        })
        .collect();
    assert!(heard.len() >= 2 && heard.iter().all(|c| c == "ping"), "{heard:?}");
    assert_eq!(w.received(m, writer), b"");
    assert_eq!(w.info(r, "master_link_status"), "up");
    assert_eq!(w.ask(m, "CLIENT UNPAUSE"), "+OK\r\n");
    assert_eq!(w.received(m, writer), b"+OK\r\n+OK\r\n", "in their order");
    w.advance_ms(1500);
    assert_eq!(w.ask(m, "DBSIZE"), ":1\r\n");
    w.assert_same(&[m, r]);
}

#[test]
fn a_paused_replica_keeps_what_its_master_sends_for_later() {
    for mode in ["WRITE", "ALL"] {
        let (mut w, m, r) = pair(2);
        w.nodes[r].engine.config.repl_timeout = 3;
        w.nodes[m].engine.config.repl_timeout = 3;
        w.tell(m, "SET a 1");
        assert_eq!(w.ask(r, &format!("CLIENT PAUSE 20000 {mode}")), "+OK\r\n");
        w.tell(m, "SET a 2");
        let before = w.info(r, "slave_repl_offset");
        w.advance_ms(8000);
        // It acknowledges what it has, so that nobody calls it dead; and it hears its master.
        assert_eq!(
            (w.info(m, "connected_slaves"), w.info(r, "master_link_status")),
            ("1".into(), "up".into())
        );
        assert_eq!(w.info(r, "slave_repl_offset"), before, "{mode}");
        let read: i64 = w.info(r, "slave_read_repl_offset").parse().expect("a number");
        assert!(read > before.parse().expect("a number"));
        assert!(w.info(m, "slave0").contains(&format!("offset={before},lag=")));
        w.advance_ms(13_000);
        w.assert_same(&[m, r]);
        assert_eq!(w.info(r, "slave_repl_offset"), w.info(m, "master_repl_offset"));
        assert_eq!(w.nodes[m].engine.stats.sync_full, 1);
    }
}

#[test]
fn a_link_that_breaks_while_its_commands_wait_asks_for_them_again() {
    let (mut w, m, r) = pair(3);
    w.ask(r, "CLIENT PAUSE 3000");
    w.tell(m, "SET a 1");
    w.tell(m, "SET b 2");
    w.cut(m, r);
    w.until("the link is up", |w| w.info(r, "master_link_status") == "up");
    w.advance_ms(3000);
    w.assert_same(&[m, r]);
    assert_eq!(w.nodes[m].engine.stats.sync_partial_ok, 1);
}

#[test]
fn links_to_replicas_are_never_paused() {
    let (mut w, m, r) = pair(4);
    w.tell(m, "SET a 1");
    w.ask(m, "CLIENT PAUSE 20000 ALL");
    w.advance_ms(3000);
    let offset = w.info(m, "master_repl_offset");
    assert!(w.info(m, "slave0").contains("state=online"));
    assert_eq!(w.info(r, "slave_repl_offset"), offset);
    // Who asks for a synchronization is a client until it is a replica: it waits.
    let late = w.start("");
    w.tell(late, "REPLICAOF 127.0.0.1 6380");
    assert_eq!(w.ask(late, "ROLE").lines().nth(7), Some("handshake"));
    w.advance_ms(18_000);
    w.until("it is served", |w| w.info(late, "master_link_status") == "up");
}

#[test]
fn each_purpose_has_a_pause_of_its_own() {
    let (mut w, m, r) = pair(5);
    w.nodes[r].stopped = true;
    w.tell(m, "SET more 1");
    let writer = w.client(m);
    w.ask(m, "FAILOVER TO 127.0.0.1 6381 TIMEOUT 60000");
    w.ask(m, "CLIENT PAUSE 60000 WRITE");
    w.send(m, writer, b"SET a 1\r\n");
    assert_eq!(w.ask(m, "CLIENT UNPAUSE"), "+OK\r\n");
    assert_eq!(w.received(m, writer), b"", "the failover still pauses");
    w.ask(m, "FAILOVER ABORT");
    assert_eq!(w.received(m, writer), b"+OK\r\n");
    let told: Vec<(PausedBy, bool)> = w.nodes[m]
        .facts
        .iter()
        .filter_map(|f| match f {
            Fact::Paused { by, .. } => Some((*by, true)),
            Fact::Resumed { by } => Some((*by, false)),
            _ => None,
        })
        .collect();
    use PausedBy::{Client, Failover};
    assert_eq!(told, [(Failover, true), (Client, true), (Client, false), (Failover, false)]);
}

#[test]
fn a_stricter_or_longer_pause_stays() {
    let (mut w, m, _) = pair(6);
    let reader = w.client(m);
    // The command that lifts a pause must come from one that is not paused: there is none.
    w.ask(m, "CLIENT PAUSE 1000 ALL");
    w.send(m, reader, b"GET a\r\n");
    w.advance_ms(900);
    assert_eq!(w.received(m, reader), b"");
    w.advance_ms(200);
    assert_eq!(w.received(m, reader), b"$-1\r\n");
    w.ask(m, "CLIENT PAUSE 2000 WRITE");
    w.ask(m, "CLIENT PAUSE 100 WRITE");
    w.send(m, reader, b"SET a 1\r\n");
    w.advance_ms(1500);
    assert_eq!(w.received(m, reader), b"");
    w.advance_ms(600);
    assert_eq!(w.received(m, reader), b"+OK\r\n");
}

#[test]
fn no_ping_enters_the_stream_during_a_failover_with_a_timeout() {
    for (words, pings) in [("TIMEOUT 60000", false), ("", true)] {
        let (mut w, m, r) = pair(7);
        w.nodes[r].stopped = true;
        w.tell(m, "SET more 1");
        w.ask(m, &format!("FAILOVER TO 127.0.0.1 6381 {words}"));
        let before = w.info(m, "master_repl_offset");
        w.advance_ms(3000);
        assert_eq!(w.info(m, "master_repl_offset") != before, pings, "{words}");
    }
}
