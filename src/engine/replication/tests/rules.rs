//! Time-outs, limits, WAIT, roles and the words of the answers.

use super::pump::World;

fn pair(seed: u8, master: &str, replica: &str) -> (World, usize, usize) {
    let mut w = World::new(seed);
    let m = w.start(&format!("repl-diskless-sync-delay 0\n{master}"));
    let r = w.start(replica);
    w.follow(r, m);
    (w, m, r)
}

#[test]
fn a_silent_master_is_left_and_a_silent_replica_is_dropped() {
    let conf = "repl-timeout 5\nrepl-ping-replica-period 1\n";
    let (mut w, m, r) = pair(1, conf, "repl-timeout 5\n");
    w.advance_ms(8000);
    assert_eq!(w.info(r, "master_link_status"), "up");
    w.frozen = true;
    w.advance_ms(8000);
    assert!(w.logged(r, "MASTER timeout: no data nor PING received..."), "{:#?}", w.log(r));
    assert!(w.logged(m, "Disconnecting timedout replica (streaming sync): 127.0.0.1:6381"));
    w.frozen = false;
    w.until("the link is up", |w| w.info(r, "master_link_status") == "up");
    assert_eq!(w.nodes[m].engine.stats.sync_full, 1);
}

#[test]
fn link_time_that_stands_still_times_nothing_out() {
    let (mut w, _, r) = pair(2, "repl-timeout 5\n", "repl-timeout 5\n");
    w.frozen = true;
    let link_us = w.now.link_us;
    for _ in 0..300 {
        w.now.mono_us += 100_000;
        w.now.wall_us += 100_000;
        w.now.link_us = link_us;
        for at in 0..2 {
            let now = w.now;
            w.nodes[at].engine.timer(now);
            w.turn(at);
        }
    }
    w.frozen = false;
    w.run();
    assert_eq!(w.info(r, "master_link_status"), "up");
}

#[test]
fn a_handshake_that_gets_no_answer_is_given_up() {
    let mut w = World::new(3);
    let _m = w.start("");
    let r = w.start("repl-timeout 3\n");
    w.frozen = true;
    w.tell(r, "REPLICAOF 127.0.0.1 6380");
    assert_eq!(w.ask(r, "ROLE").split("\r\n").nth(7), Some("handshake"));
    w.advance_ms(5500);
    assert!(w.logged(r, "Timeout connecting to the MASTER..."));
    assert!(w.logged(r, "Reconnecting to MASTER 127.0.0.1:6380 after failure"));
}

#[test]
fn a_dead_master_is_dialled_once_a_second() {
    let mut w = World::new(4);
    let r = w.start("");
    w.tell(r, "REPLICAOF 127.0.0.1 7777");
    w.advance_ms(5000);
    let tries = w.log(r).iter().filter(|l| l.contains("Connection refused")).count();
    assert!((5..=7).contains(&tries), "{tries}");
    assert_eq!(w.info(r, "master_link_status"), "down");
    assert_eq!(w.info(r, "master_link_down_since_seconds"), "-1");
}

#[test]
fn wait_counts_acknowledgements_and_asks_for_them() {
    let (mut w, m, _) = pair(5, "", "");
    let conn = w.client(m);
    w.send(m, conn, b"SET a 1\r\n");
    w.received(m, conn);
    w.send(m, conn, b"WAIT 1 1000\r\n");
    assert_eq!(w.received(m, conn), b"");
    w.run();
    assert_eq!(w.received(m, conn), b":1\r\n");
    w.send(m, conn, b"SET a 2\r\n");
    w.received(m, conn);
    w.send(m, conn, b"WAIT 2 500\r\n");
    w.run();
    assert_eq!(w.received(m, conn), b"");
    w.advance_ms(700);
    assert_eq!(w.received(m, conn), b":1\r\n");
    assert_eq!(w.ask(m, "WAIT 0 0"), ":1\r\n");
    assert_eq!(w.ask(m, "WAIT 1 -1"), "-ERR timeout is negative\r\n");
    assert_eq!(w.ask(m, "WAIT 1 x"), "-ERR timeout is not an integer or out of range\r\n");
}

#[test]
fn replicas_acknowledge_once_a_second() {
    let (mut w, m, r) = pair(6, "", "");
    w.tell(m, "SET a 1");
    w.advance_ms(1100);
    let offset = w.info(m, "master_repl_offset");
    assert_eq!(w.info(r, "slave_repl_offset"), offset);
    let line = w.info(m, "slave0");
    assert_eq!(line, format!("ip=127.0.0.1,port=6381,state=online,offset={offset},lag=0"));
}

#[test]
fn replicaof_answers_word_for_word() {
    let (mut w, _, r) = pair(7, "", "");
    assert_eq!(
        w.ask(r, "replicaof 127.0.0.1 6380"),
        "+OK Already connected to specified master\r\n"
    );
    assert_eq!(w.ask(r, "replicaof 127.0.0.1 x"), "-ERR Invalid master port\r\n");
    assert_eq!(w.ask(r, "replicaof 127.0.0.1 65536"), "-ERR Invalid master port\r\n");
    assert_eq!(w.tell(r, "slaveof No oNe"), "+OK\r\n");
    assert_eq!(w.ask(r, "slaveof no one"), "+OK\r\n");
    assert!(w.ask(r, "WAIT 0 0").starts_with(":0"));
}

#[test]
fn min_replicas_guards_writes() {
    let (mut w, m, r) = pair(8, "min-replicas-to-write 1\nmin-replicas-max-lag 3\n", "");
    assert_eq!(w.tell(m, "SET a 1"), "+OK\r\n");
    assert_eq!(w.info(m, "min_slaves_good_slaves"), "1");
    w.cut(m, r);
    w.blocked_ports.push(6380);
    assert!(w.ask(m, "SET a 2").starts_with("-NOREPLICAS Not enough good replicas to write."));
    w.blocked_ports.clear();
    w.until("writes are taken", |w| w.ask(m, "SET a 3") == "+OK\r\n");
}

#[test]
fn a_replica_that_lags_too_far_is_closed() {
    let conf = "client-output-buffer-limit replica 100000 0 0\nrepl-backlog-size 16384\n";
    let (mut w, m, r) = pair(9, conf, "");
    // The socket takes nothing more: the bytes wait in the engine.
    let conn = w.nodes[m].engine.repl.replicas[0];
    let client = w.client(m);
    for _ in 0..30 {
        let text = format!("SET big {}\r\n", "z".repeat(8000));
        let engine = &mut w.nodes[m].engine;
        let mut bytes = text.as_bytes();
        while let Some(space) = engine.read_space(client).filter(|_| !bytes.is_empty()) {
            let n = space.len().min(bytes.len());
            space[..n].copy_from_slice(&bytes[..n]);
            let now = w.now;
            engine.bytes_read(now, client, n);
            bytes = &bytes[n..];
        }
        let now = w.now;
        engine.end_turn(now);
    }
    assert!(w.nodes[m].engine.clients.get(conn).is_none());
    w.turn(m);
    assert!(w.logged(m, "scheduled to be closed ASAP for overcoming of output buffer limits."));
    w.run();
    w.until("the link is up", |w| w.info(r, "master_link_status") == "up");
    w.assert_same(&[m, r]);
}

#[test]
fn a_wrong_password_is_refused_and_a_right_one_lets_in() {
    let mut w = World::new(10);
    let m = w.start("requirepass secret\nrepl-diskless-sync-delay 0\n");
    let r = w.start("masterauth wrong\n");
    w.tell(r, "REPLICAOF 127.0.0.1 6380");
    w.advance_ms(1500);
    assert!(w.logged(r, "Unable to AUTH to MASTER: -WRONGPASS"), "{:#?}", w.log(r));
    w.nodes[r].engine.config.masterauth = b"secret".to_vec();
    w.until("the link is up", |w| w.info(r, "master_link_status") == "up");
    assert_eq!(w.nodes[m].engine.stats.sync_full, 1);
}

#[test]
fn a_command_that_fails_on_the_replica_is_logged_and_counted() {
    let (mut w, m, r) = pair(12, "", "replica-read-only no\n");
    w.tell(r, "SET n words");
    w.tell(m, "INCR n");
    assert!(w.logged(r, "== CRITICAL == This replica is sending an error to its master: '"));
    assert!(w.logged(r, "Latest backlog is: '\"*"));
    assert_eq!(w.nodes[r].engine.stats.unexpected_error_replies, 1);
    assert_eq!(w.info(m, "master_repl_offset"), w.info(r, "slave_repl_offset"));
}

#[test]
fn inline_data_from_the_master_ends_the_link_for_a_full_sync() {
    let mut w = World::new(13);
    let m = w.start("repl-diskless-sync-delay 0\n");
    let r = w.start("");
    w.follow(r, m);
    // The tests' own way into a stream: bytes that no Redis writes.
    super::super::feed::append(&mut w.nodes[m].engine, b"+OK\r\n");
    w.turn(m);
    w.run();
    assert!(
        w.logged(r, "WARNING: Receiving inline protocol from master, master stream corruption?")
    );
    let desync = "Protocol error (Master using the inline protocol. Desync?) from client: id=";
    assert!(w.logged(r, desync), "{:#?}", w.log(r));
    w.until("the link is up", |w| w.info(r, "master_link_status") == "up");
    assert_eq!(w.nodes[m].engine.stats.sync_full, 2);
    w.tell(m, "SET a 1");
    w.assert_same(&[m, r]);
}

#[test]
fn an_empty_line_from_the_master_counts_with_the_command_behind_it() {
    let (mut w, m, r) = pair(14, "", "");
    let before = w.info(r, "slave_repl_offset");
    super::super::feed::append(&mut w.nodes[m].engine, b"\r\n");
    w.turn(m);
    w.run();
    assert_eq!(w.info(r, "slave_repl_offset"), before);
    assert_ne!(w.info(r, "slave_read_repl_offset"), before);
    w.tell(m, "SET a 1");
    assert_eq!(w.info(r, "slave_repl_offset"), w.info(m, "master_repl_offset"));
}

#[test]
fn a_broken_request_and_a_lost_exec_are_errors_of_the_link() {
    let (mut w, m, r) = pair(15, "", "");
    super::super::feed::append(&mut w.nodes[m].engine, b"*1\r\n$4\r\nEXEC\r\n");
    w.turn(m);
    w.run();
    let exec = "is sending an error to its master: 'EXEC without MULTI' after processing the \
                command 'exec'";
    assert!(w.logged(r, exec), "{:#?}", w.log(r));
    super::super::feed::append(&mut w.nodes[m].engine, b"*1\r\n:3\r\n");
    w.turn(m);
    w.run();
    let broken = "is sending an error to its master: 'Protocol error: expected '$', got ':''";
    assert!(w.logged(r, broken), "{:#?}", w.log(r));
    assert_eq!(w.nodes[r].engine.stats.unexpected_error_replies, 2);
    w.until("the link is up", |w| w.info(r, "master_link_status") == "up");
    assert_eq!(w.nodes[m].engine.stats.sync_full, 2);
}

#[test]
fn role_tells_both_sides() {
    let (mut w, m, r) = pair(11, "", "");
    w.advance_ms(1100);
    let offset = w.info(m, "master_repl_offset");
    assert_eq!(
        w.ask(m, "ROLE"),
        format!(
            "*3\r\n$6\r\nmaster\r\n:{offset}\r\n*1\r\n*3\r\n$9\r\n127.0.0.1\r\n$4\r\n6381\r\n${}\r\n{offset}\r\n",
            offset.len()
        )
    );
    assert_eq!(
        w.ask(r, "ROLE"),
        format!(
            "*5\r\n$5\r\nslave\r\n$9\r\n127.0.0.1\r\n:6380\r\n$9\r\nconnected\r\n:{offset}\r\n"
        )
    );
}
