//! Going on after a lost link.

use super::pump::World;
use crate::observe::{Fact, FullReason, PsyncVerdict};

fn pair(seed: u8) -> (World, usize, usize) {
    let mut w = World::new(seed);
    let m = w.start("repl-diskless-sync-delay 0\n");
    let r = w.start("");
    w.ask(m, "SET first 1");
    w.follow(r, m);
    (w, m, r)
}

/// Some traffic with everything that makes offsets hard: databases, transactions, large values.
fn traffic(w: &mut World, m: usize) {
    let conn = w.client(m);
    let long = "x".repeat(400);
    let text = format!(
        "SELECT 3\r\nSET three {long}\r\nINCR n\r\nMULTI\r\nSET a 1\r\nINCR n\r\nSELECT 0\r\n\
         APPEND log abc\r\nEXEC\r\nAPPEND log def\r\nSELECT 9\r\nINCR n\r\nSET gone 1 PX 1\r\n"
    );
    w.send(m, conn, text.as_bytes());
}

#[test]
fn a_cut_at_every_byte_is_resumed_without_a_gap() {
    let total = {
        let (mut w, m, _) = pair(1);
        let before = w.nodes[m].engine.repl.stream.end();
        traffic(&mut w, m);
        (w.nodes[m].engine.repl.stream.end() - before) as u64
    };
    assert!(total > 500, "{total}");
    for at in 0..=total + 60 {
        let (mut w, m, r) = pair(at as u8);
        w.budget = Some(at);
        traffic(&mut w, m);
        w.run();
        w.budget = None;
        // ACKs and pings keep flowing, so a cut that has not come yet comes now.
        w.cut(m, r);
        w.until("the link is up", |w| w.info(r, "master_link_status") == "up");
        w.assert_same(&[m, r]);
        assert_eq!(w.info(m, "master_repl_offset"), w.info(r, "slave_repl_offset"), "cut at {at}");
        assert_eq!(w.nodes[m].engine.stats.sync_full, 1, "cut at {at}");
        assert!(w.nodes[m].engine.stats.sync_partial_ok >= 1);
        assert_eq!(w.ask(r, "GET log"), "$6\r\nabcdef\r\n");
    }
}

#[test]
fn the_applied_offset_stands_still_inside_a_transaction() {
    let (mut w, m, r) = pair(2);
    // Whatever must come before the first write (a SELECT) comes now.
    w.tell(m, "SET z 1");
    let before = w.info(r, "slave_repl_offset");
    let conn = w.client(m);
    w.send(m, conn, b"MULTI\r\nSET a 1\r\nSET b 2\r\nEXEC\r\n");
    // MULTI and a part of the first SET arrive.
    w.budget = Some(60);
    while w.budget.is_some_and(|b| b > 0) && w.step() {}
    assert_eq!(w.info(r, "slave_repl_offset"), before);
    assert_ne!(w.info(r, "slave_read_repl_offset"), before);
    assert_eq!(w.ask(r, "GET a"), "$-1\r\n");
    w.run();
    w.until("the link is up", |w| w.info(r, "master_link_status") == "up");
    w.assert_same(&[m, r]);
    assert_eq!(w.nodes[m].engine.stats.sync_full, 1);
}

#[test]
fn a_backlog_that_is_too_small_means_a_full_sync() {
    let (mut w, m, r) = pair(3);
    w.nodes[m].engine.config.repl_backlog_size = 16384;
    w.blocked_ports.push(6380);
    w.cut(m, r);
    for i in 0..40 {
        w.ask(m, &format!("SET k{i} {}", "y".repeat(2000)));
    }
    w.blocked_ports.clear();
    w.until("the link is up", |w| w.info(r, "master_link_status") == "up");
    assert_eq!(w.nodes[m].engine.stats.sync_full, 2);
    assert!(
        w.logged(m, "Unable to partial resync with replica 127.0.0.1:6381 for lack of backlog")
    );
    assert!(w.nodes[m].facts.iter().any(|f| matches!(
        f,
        Fact::PsyncDecision { decision, .. }
            if decision.verdict == PsyncVerdict::Full(FullReason::BeforeBacklog)
    )));
    w.assert_same(&[m, r]);
}

#[test]
fn promotion_and_pointing_elsewhere_needs_no_full_sync() {
    let mut w = World::new(4);
    let m = w.start("repl-diskless-sync-delay 0\n");
    let (a, b) = (w.start("repl-diskless-sync-delay 0\n"), w.start(""));
    w.ask(m, "SET name xd");
    w.follow(a, m);
    w.follow(b, m);
    w.tell(m, "SET more 1");
    w.kill(m);
    w.advance_ms(3000);
    assert_eq!(w.info(a, "master_link_status"), "down");
    let old = w.info(a, "master_replid");
    assert_eq!(w.tell(a, "REPLICAOF NO ONE"), "+OK\r\n");
    assert_eq!(w.info(a, "role"), "master");
    assert_eq!(w.info(a, "master_replid2"), old);
    w.tell(a, "SET new 1");
    w.follow(b, a);
    assert_eq!(w.nodes[a].engine.stats.sync_full, 0, "{:#?}", w.log(a));
    assert_eq!(w.nodes[a].engine.stats.sync_partial_ok, 1);
    w.assert_same(&[a, b]);
    assert!(w.logged(b, "Successful partial resynchronization with master."));
    assert!(w.logged(b, "Master replication ID changed to "));
    assert_eq!(w.info(b, "master_replid"), w.info(a, "master_replid"));
}

#[test]
fn the_old_master_comes_back_as_a_replica_without_a_full_sync() {
    let (mut w, m, r) = pair(5);
    w.tell(m, "SET x 1");
    w.tell(r, "REPLICAOF NO ONE");
    assert_eq!(w.tell(m, "REPLICAOF 127.0.0.1 6381"), "+OK\r\n");
    w.until("the link is up", |w| w.info(m, "master_link_status") == "up");
    assert_eq!(w.nodes[r].engine.stats.sync_full, 0);
    w.tell(r, "SET y 2");
    w.assert_same(&[m, r]);
}

#[test]
fn a_master_without_replicas_frees_its_backlog_after_the_ttl() {
    let mut w = World::new(6);
    let m = w.start("repl-diskless-sync-delay 0\nrepl-backlog-ttl 3\n");
    let r = w.start("");
    w.follow(r, m);
    let id = w.info(m, "master_replid");
    w.tell(r, "REPLICAOF NO ONE");
    w.advance_ms(2500);
    assert_eq!(w.info(m, "repl_backlog_active"), "1");
    w.advance_ms(3000);
    assert_eq!(w.info(m, "repl_backlog_active"), "0");
    assert_ne!(w.info(m, "master_replid"), id);
    assert!(w.logged(m, "Replication backlog freed after 3 seconds without connected replicas."));
    let offset = w.info(m, "master_repl_offset");
    w.tell(m, "SET uncounted 1");
    assert_eq!(w.info(m, "master_repl_offset"), offset);
    w.follow(r, m);
    assert_eq!(w.nodes[m].engine.stats.sync_full, 2);
    w.assert_same(&[m, r]);
}

#[test]
fn a_replica_that_was_restarted_goes_on_from_its_dump() {
    let (mut w, m, r) = pair(8);
    let conn = w.client(m);
    w.send(m, conn, b"SELECT 6\r\nSET six 6\r\n");
    w.run();
    assert_eq!(w.tell(r, "BGSAVE"), "+Background saving started\r\n");
    let files = w.nodes[r].files.clone();
    w.kill(r);
    w.send(m, conn, b"SET again 6\r\n");
    let again = w.start_with("replicaof 127.0.0.1 6380\n", files);
    w.until("the link is up", |w| w.info(again, "master_link_status") == "up");
    assert_eq!(w.nodes[m].engine.stats.sync_full, 1);
    assert_eq!(w.nodes[m].engine.stats.sync_partial_ok, 1);
    w.send(m, conn, b"SET more 6\r\n");
    w.assert_same(&[m, again]);
}

#[test]
fn a_master_that_was_restarted_goes_on_from_its_dump() {
    let (mut w, m, r) = pair(9);
    w.tell(m, "SET brief 1 PX 300");
    w.tell(m, "SET long 1");
    assert_eq!(w.tell(m, "BGSAVE"), "+Background saving started\r\n");
    let files = w.nodes[m].files.clone();
    w.kill(m);
    w.now = w.now.plus_us(2_000_000);
    let again = w.start_with("", files);
    w.follow(r, again);
    assert_eq!(w.nodes[again].engine.stats.sync_partial_ok, 1, "{:#?}", w.log(again));
    w.tell(again, "SET new 1");
    w.assert_same(&[again, r]);
    assert_eq!(w.ask(r, "EXISTS brief"), ":0\r\n");
}

#[test]
fn changing_the_master_twice_before_the_rdb_is_there_keeps_the_history() {
    let mut w = World::new(7);
    let a = w.start("repl-diskless-sync-delay 0\n");
    let b = w.start("repl-diskless-sync-delay 30\n");
    let r = w.start("");
    w.ask(a, "SET of a");
    w.follow(r, a);
    w.tell(r, "REPLICAOF 127.0.0.1 6381");
    w.advance_ms(1000);
    assert_eq!(w.info(r, "master_link_status"), "down");
    w.follow(r, a);
    assert_eq!(w.nodes[a].engine.stats.sync_full, 1);
    assert_eq!(w.nodes[a].engine.stats.sync_partial_ok, 1);
    let _ = b;
}
