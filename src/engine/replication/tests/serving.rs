//! A master against hand-made peers: what it must accept, and what it answers.

use super::pump::World;

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn replconf_answers_word_for_word() {
    let mut w = World::new(1);
    let m = w.start("");
    for (line, reply) in [
        ("REPLCONF", "+OK\r\n"),
        ("REPLCONF listening-port", "-ERR syntax error\r\n"),
        ("REPLCONF listening-port 7000 CAPA psync2 capa new", "+OK\r\n"),
        ("REPLCONF listening-port x", "-ERR value is not an integer or out of range\r\n"),
        ("REPLCONF ACK 5", ""),
        ("REPLCONF GETACK *", ""),
        ("REPLCONF rdb-only 2", "-ERR value is out of range, value must between 0 and 1\r\n"),
        ("REPLCONF rdb-filter-only foo", "-ERR Unsupported rdb-filter-only option: foo\r\n"),
        ("REPLCONF rdb-filter-only functions", "+OK\r\n"),
        ("REPLCONF version 7.2.0", "-ERR Unrecognized REPLCONF option: version\r\n"),
        ("PSYNC ? x", "-ERR value is not an integer or out of range\r\n"),
    ] {
        assert_eq!(w.ask(m, line), reply, "{line}");
    }
    let long = "1".repeat(300);
    assert_eq!(
        w.ask(m, &format!("REPLCONF ip-address {long}")),
        "-ERR REPLCONF ip-address provided by replica instance is too long: 300 bytes\r\n"
    );
}

#[test]
fn sync_never_gets_a_status_line_and_streams_at_once() {
    let mut w = World::new(2);
    let m = w.start("repl-diskless-sync-delay 0\n");
    w.ask(m, "SET a 1");
    let conn = w.client(m);
    w.send(m, conn, b"SYNC\r\n");
    w.run();
    let got = text(&w.received(m, conn));
    let rest = got.strip_prefix('$').expect("a length");
    let (len, rdb) = rest.split_once("\r\n").expect("a line");
    assert!(len.parse::<usize>().is_ok(), "{len}");
    assert!(rdb.starts_with("REDIS0010"));
    w.tell(m, "SET b 2");
    let stream = text(&w.received(m, conn));
    assert!(stream.starts_with("*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n*3\r\n$3\r\nSET\r\n"), "{stream}");
}

#[test]
fn after_a_marked_transfer_nothing_is_sent_before_the_first_ack() {
    let mut w = World::new(3);
    let m = w.start("repl-diskless-sync-delay 0\n");
    let conn = w.client(m);
    w.send(m, conn, b"REPLCONF capa eof capa psync2\r\n");
    w.received(m, conn);
    w.send(m, conn, b"PSYNC ? -1\r\n");
    w.run();
    let got = text(&w.received(m, conn));
    assert!(got.starts_with("+FULLRESYNC "), "{got}");
    let mark = &got[got.find("$EOF:").expect("a mark") + 5..][..40];
    assert!(got.ends_with(mark));
    w.tell(m, "SET b 2");
    assert_eq!(text(&w.received(m, conn)), "");
    w.send(m, conn, b"REPLCONF ACK 0\r\n");
    let stream = text(&w.received(m, conn));
    assert!(stream.starts_with("*2\r\n$6\r\nSELECT"), "{stream}");
}

#[test]
fn newlines_keep_a_waiting_replica_alive() {
    let mut w = World::new(4);
    let m = w.start("repl-diskless-sync-delay 5\n");
    let conn = w.client(m);
    w.send(m, conn, b"REPLCONF capa eof\r\n");
    w.received(m, conn);
    w.send(m, conn, b"PSYNC ? -1\r\n");
    w.advance_ms(3000);
    let got = text(&w.received(m, conn));
    assert!(got.len() >= 2 && got.bytes().all(|b| b == b'\n'), "{got:?}");
    w.advance_ms(4000);
    assert!(text(&w.received(m, conn)).trim_start().starts_with("+FULLRESYNC "));
}

#[test]
fn rdb_only_clients_leave_with_the_rdb() {
    let mut w = World::new(5);
    let m = w.start("repl-diskless-sync-delay 0\n");
    w.ask(m, "SET a 1");
    let conn = w.client(m);
    w.send(m, conn, b"REPLCONF capa eof\r\n");
    w.send(m, conn, b"REPLCONF rdb-only 1\r\n");
    assert_eq!(w.received(m, conn), b"+OK\r\n+OK\r\n");
    w.send(m, conn, b"SYNC\r\n");
    w.run();
    assert!(text(&w.received(m, conn)).starts_with("$EOF:"));
    assert!(w.nodes[m].closed.contains(&conn));
    assert!(w.logged(m, "RDB transfer completed, rdb only replica ("));
}

#[test]
fn a_filter_without_data_brings_an_empty_rdb() {
    let mut w = World::new(6);
    let m = w.start("repl-diskless-sync no\n");
    w.ask(m, "SET secretkey 1");
    let conn = w.client(m);
    w.send(m, conn, b"REPLCONF rdb-filter-only \"\"\r\n");
    w.received(m, conn);
    w.send(m, conn, b"SYNC\r\n");
    assert_eq!(w.received(m, conn), b"-ERR Filtered replica requires EOF capability\r\n");
    w.send(m, conn, b"REPLCONF capa eof\r\n");
    w.received(m, conn);
    w.send(m, conn, b"SYNC\r\n");
    w.run();
    let got = text(&w.received(m, conn));
    assert!(got.starts_with("$EOF:") && got.contains("REDIS0010") && !got.contains("secretkey"));
    assert!(w.nodes[m].files.is_empty(), "a filtered RDB is never the dump");
}

#[test]
fn a_replica_must_not_cause_replies() {
    let mut w = World::new(7);
    let m = w.start("repl-diskless-sync-delay 0\n");
    let conn = w.client(m);
    w.send(m, conn, b"SYNC\r\n");
    w.run();
    w.received(m, conn);
    w.send(m, conn, b"\r\nREPLCONF ACK 0\r\nPSYNC ? -1\r\n");
    assert!(!w.nodes[m].closed.contains(&conn));
    w.send(m, conn, b"PING\r\n");
    assert_eq!(w.received(m, conn), b"");
    assert!(w.nodes[m].closed.contains(&conn));
    assert!(w.logged(m, "Replica generated a reply to command 'ping', disconnecting it: "));
}

#[test]
fn a_user_save_is_not_joined_but_waited_for() {
    let mut w = World::new(8);
    let m = w.start("repl-diskless-sync no\n");
    let r = w.start("");
    w.ask(m, "SET a 1");
    w.nodes[m].hold_saves = true;
    assert!(w.ask(m, "BGSAVE").starts_with("+Background saving started"));
    w.tell(r, "REPLICAOF 127.0.0.1 6380");
    assert!(w.logged(
        m,
        "Can't attach the replica to the current BGSAVE. Waiting for next BGSAVE for SYNC"
    ));
    w.nodes[m].hold_saves = false;
    w.until("the link is up", |w| w.info(r, "master_link_status") == "up");
    w.assert_same(&[m, r]);
}

#[test]
fn a_second_replica_joins_a_running_save() {
    let mut w = World::new(9);
    let m = w.start("repl-diskless-sync no\n");
    let (a, b) = (w.start(""), w.start(""));
    w.ask(m, "SET a 1");
    w.nodes[m].hold_saves = true;
    w.tell(a, "REPLICAOF 127.0.0.1 6380");
    w.tell(m, "SET between 1");
    w.tell(b, "REPLICAOF 127.0.0.1 6380");
    assert!(w.logged(m, "Waiting for end of BGSAVE for SYNC"));
    w.nodes[m].hold_saves = false;
    for r in [a, b] {
        w.until("the link is up", |w| w.info(r, "master_link_status") == "up");
    }
    w.assert_same(&[m, a, b]);
}

#[test]
fn plain_sync_is_what_a_replica_falls_back_to() {
    // A master that does not know PSYNC is played by hand on an instance's own connection.
    let mut w = World::new(10);
    let m = w.start("repl-diskless-sync-delay 0\n");
    let conn = w.client(m);
    w.send(m, conn, b"PSYNC 8888888888888888888888888888888888888888 1\r\n");
    w.run();
    // No psync2, no eof: a length, and a full sync all the same.
    let got = text(&w.received(m, conn));
    assert!(got.starts_with("+FULLRESYNC ") && got.contains("\r\n$"), "{got}");
    assert_eq!(w.nodes[m].engine.stats.sync_partial_err, 1);
}
