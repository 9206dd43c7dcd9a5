//! A replica of a replica.

use super::pump::World;

fn chain(seed: u8) -> (World, usize, usize, usize) {
    let mut w = World::new(seed);
    let a = w.start("repl-diskless-sync-delay 0\n");
    let b = w.start("repl-diskless-sync-delay 0\n");
    let c = w.start("");
    let conn = w.client(a);
    w.send(a, conn, b"SELECT 4\r\nSET four 4\r\n");
    w.follow(b, a);
    // The stream stands in db 4 when the sub-replica comes: only the RDB can tell it so.
    w.send(a, conn, b"SET more 1\r\n");
    w.run();
    w.follow(c, b);
    w.send(a, conn, b"SET last 1\r\n");
    w.run();
    (w, a, b, c)
}

#[test]
fn raw_bytes_are_passed_on() {
    for seed in 0..6 {
        let (mut w, a, b, c) = chain(seed);
        w.assert_same(&[a, b, c]);
        for field in ["master_replid", "master_repl_offset"] {
            assert_eq!(w.info(a, field), w.info(b, field));
            assert_eq!(w.info(b, field), w.info(c, field));
        }
        w.advance_ms(12_000);
        assert_eq!(w.info(a, "master_repl_offset"), w.info(c, "master_repl_offset"));
        w.cut(b, c);
        w.tell(a, "SET while cut");
        w.until("the link is up", |w| w.info(c, "master_link_status") == "up");
        w.assert_same(&[a, b, c]);
        assert_eq!(w.nodes[b].engine.stats.sync_full, 1);
        assert_eq!(w.nodes[b].engine.stats.sync_partial_ok, 1);
    }
}

#[test]
fn a_transaction_is_passed_on_whole() {
    let (mut w, a, b, c) = chain(9);
    let conn = w.client(a);
    w.send(a, conn, b"MULTI\r\nSET x 1\r\nINCR x\r\nEXEC\r\n");
    w.assert_same(&[a, b, c]);
    assert_eq!(w.ask(c, "GET x"), "$1\r\n2\r\n");
}

#[test]
fn when_the_middle_is_promoted_the_end_follows_without_a_full_sync() {
    let (mut w, a, b, c) = chain(3);
    w.tell(b, "REPLICAOF NO ONE");
    w.until("the link is up", |w| w.info(c, "master_link_status") == "up");
    w.tell(b, "SET mine 1");
    w.assert_same(&[b, c]);
    assert_eq!(w.nodes[b].engine.stats.sync_full, 1);
    assert_eq!(w.info(c, "master_replid"), w.info(b, "master_replid"));
    let _ = a;
}

#[test]
fn a_sub_replica_can_move_to_the_top() {
    let (mut w, a, b, c) = chain(4);
    w.follow(c, a);
    assert_eq!(w.nodes[a].engine.stats.sync_full, 1);
    w.tell(a, "SET z 1");
    w.assert_same(&[a, b, c]);
}

#[test]
fn a_replica_whose_link_is_down_serves_nobody() {
    let (mut w, a, b, c) = chain(5);
    w.kill(a);
    w.cut(b, c);
    w.advance_ms(2500);
    assert!(w.logged(
        c,
        "Master is currently unable to PSYNC but should be in the future: -NOMASTERLINK"
    ));
}

#[test]
fn a_writable_replica_keeps_its_writes_to_itself() {
    let mut w = World::new(6);
    let a = w.start("repl-diskless-sync-delay 0\n");
    let b = w.start("repl-diskless-sync-delay 0\nreplica-read-only no\n");
    let c = w.start("");
    w.follow(b, a);
    w.follow(c, b);
    let offset = w.info(b, "master_repl_offset");
    assert_eq!(w.tell(b, "SET local 1"), "+OK\r\n");
    assert_eq!(w.info(b, "master_repl_offset"), offset);
    assert_eq!(w.ask(c, "GET local"), "$-1\r\n");
    assert!(w.ask(c, "SET no way").starts_with("-READONLY"));
}
