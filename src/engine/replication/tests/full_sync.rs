//! The whole way from PSYNC to the stream, in every form of transfer.

use super::pump::World;
use crate::observe::{Fact, LinkState, Message, RdbFraming, ReplicaState};

/// Every combination of transfer and load, under a few seeds.
fn forms() -> impl Iterator<Item = (u8, String, String)> {
    let loads = ["disabled", "swapdb", "on-empty-db"];
    (0..4u8).flat_map(move |seed| {
        ["yes", "no"].into_iter().flat_map(move |diskless| {
            loads.into_iter().map(move |load| {
                let master = format!("repl-diskless-sync {diskless}\nrepl-diskless-sync-delay 0\n");
                (seed, master, format!("repl-diskless-load {load}\n"))
            })
        })
    })
}

fn fill(w: &mut World, node: usize, keys: usize) {
    for i in 0..keys {
        let db = i % 3;
        let value = "v".repeat(i * 7 % 300);
        let conn = w.client(node);
        w.send(node, conn, format!("SELECT {db}\r\nSET key:{i} {value}.{i}\r\n").as_bytes());
    }
}

#[test]
fn a_replica_has_the_same_keys_and_follows() {
    for (seed, master, replica) in forms() {
        let mut w = World::new(seed);
        let m = w.start(&master);
        let r = w.start(&replica);
        fill(&mut w, m, 60);
        w.ask(r, "SET old gone");
        w.follow(r, m);
        w.assert_same(&[m, r]);
        w.tell(m, "SET after 1");
        let conn = w.client(m);
        w.send(m, conn, b"SELECT 5\r\nSET five 5 EX 100\r\nSELECT 0\r\nINCR n\r\n");
        w.assert_same(&[m, r]);
        assert_eq!(w.info(m, "master_repl_offset"), w.info(r, "slave_repl_offset"));
        assert_eq!(w.info(m, "master_replid"), w.info(r, "master_replid"));
        w.advance_ms(1500);
        assert!(w.info(m, "slave0").contains("port=6381,state=online"), "{}", w.info(m, "slave0"));
        assert_eq!(w.nodes[m].engine.stats.sync_full, 1);
    }
}

#[test]
fn writes_made_while_the_snapshot_is_encoded_are_held_and_then_sent() {
    for (seed, master, replica) in forms() {
        let mut w = World::new(seed);
        let m = w.start(&master);
        let r = w.start(&replica);
        fill(&mut w, m, 40);
        w.nodes[m].hold_saves = true;
        assert_eq!(w.tell(r, "REPLICAOF 127.0.0.1 6380"), "+OK\r\n");
        w.until("the snapshot runs", |w| w.info(m, "slave0").contains("wait_bgsave"));
        w.advance_ms(200);
        let frozen = w.info(m, "master_repl_offset");
        w.tell(m, "SET while held");
        w.tell(m, "SET key:1 other");
        let held = w.nodes[m].facts.iter().filter(|f| matches!(f, Fact::Held { .. })).count();
        assert!(held >= 2, "{held}");
        assert!(!w.nodes[m].facts.iter().any(|f| matches!(f, Fact::StreamSent { .. })));
        w.nodes[m].hold_saves = false;
        w.until("the link is up", |w| w.info(r, "master_link_status") == "up");
        w.assert_same(&[m, r]);
        assert_ne!(w.info(m, "master_repl_offset"), frozen);
        assert_eq!(w.ask(r, "GET while"), "$4\r\nheld\r\n");
    }
}

#[test]
fn the_facts_of_a_full_sync_come_in_order() {
    let mut w = World::new(1);
    let m = w.start("repl-diskless-sync-delay 0\n");
    let r = w.start("");
    fill(&mut w, m, 5);
    w.follow(r, m);
    w.tell(m, "SET a 1");
    let states: Vec<LinkState> = w.nodes[r]
        .facts
        .iter()
        .filter_map(|f| match f {
            Fact::LinkState { to, .. } => Some(*to),
            _ => None,
        })
        .collect();
    assert_eq!(
        states,
        [
            LinkState::Connect,
            LinkState::Connecting,
            LinkState::ReceivePingReply,
            LinkState::SendHandshake,
            LinkState::ReceivePortReply,
            LinkState::ReceiveCapaReply,
            LinkState::SendPsync,
            LinkState::ReceivePsyncReply,
            LinkState::Transfer,
            LinkState::Connected
        ]
    );
    let said = |node: usize| -> Vec<Message> {
        w.nodes[node]
            .facts
            .iter()
            .filter_map(|f| match f {
                Fact::Said { message, .. } => Some(message.clone()),
                _ => None,
            })
            .collect()
    };
    let replica = said(r);
    assert!(matches!(replica[0], Message::Ping));
    assert!(matches!(replica[1], Message::ListeningPort(6381)));
    assert!(matches!(&replica[2], Message::Capa(c) if c == &["eof", "psync2"]));
    assert!(matches!(replica[3], Message::Psync { .. }));
    assert!(replica.iter().any(|m| matches!(m, Message::Ack { .. })));
    let master = said(m);
    let at = |want: fn(&Message) -> bool| master.iter().position(want).expect("said");
    let full = at(|m| matches!(m, Message::FullResync { .. }));
    let begin = at(|m| matches!(m, Message::RdbBegin(RdbFraming::Eof)));
    let end = at(|m| matches!(m, Message::RdbEnd { .. }));
    assert!(full < begin && begin < end);
    let states: Vec<ReplicaState> = w.nodes[m]
        .facts
        .iter()
        .filter_map(|f| match f {
            Fact::ReplicaState { to, .. } => Some(*to),
            _ => None,
        })
        .collect();
    assert_eq!(
        states,
        [ReplicaState::WaitBgsaveStart, ReplicaState::WaitBgsaveEnd, ReplicaState::Online]
    );
    assert!(w.nodes[m].facts.iter().any(|f| matches!(f, Fact::StreamSent { left: 0, .. })));
}

#[test]
fn the_log_tells_the_story_as_redis_does() {
    let mut w = World::new(3);
    let m = w.start("repl-diskless-sync no\n");
    let r = w.start("");
    w.ask(m, "SET a 1");
    w.follow(r, m);
    let expect = |w: &World, node: usize, parts: &[&str]| {
        let log = w.log(node);
        let mut at = 0;
        for part in parts {
            let found = log[at..].iter().position(|l| l.contains(part));
            at += found.unwrap_or_else(|| panic!("{part} not in {:#?}", &log[at..])) + 1;
        }
    };
    expect(
        &w,
        m,
        &[
            "Replica 127.0.0.1:6381 asks for synchronization",
            "Partial resynchronization not accepted: Replication ID mismatch",
            "Replication backlog created, my new replication IDs are",
            "Starting BGSAVE for SYNC with target: disk",
            "Background saving started by pid",
            "DB saved on disk",
            "Background saving terminated with success",
            "Synchronization with replica 127.0.0.1:6381 succeeded",
        ],
    );
    expect(
        &w,
        r,
        &[
            "Before turning into a replica, using my own master parameters",
            "Connecting to MASTER 127.0.0.1:6380",
            "MASTER <-> REPLICA sync started",
            "REPLICAOF 127.0.0.1:6380 enabled (user request from '",
            "Non blocking connect for SYNC fired the event.",
            "Master replied to PING, replication can continue...",
            "Trying a partial resynchronization (request ",
            "Full resync from master: ",
            "MASTER <-> REPLICA sync: receiving ",
            "Discarding previously cached master state.",
            "MASTER <-> REPLICA sync: Flushing old data",
            "MASTER <-> REPLICA sync: Loading DB in memory",
            "Loading RDB produced by version 7.0.15",
            "Done loading RDB, keys loaded: 1, keys expired: 0.",
            "MASTER <-> REPLICA sync: Finished with success",
        ],
    );
}

#[test]
fn several_replicas_share_one_snapshot() {
    let mut w = World::new(5);
    let m = w.start("repl-diskless-sync-delay 2\n");
    let (a, b) = (w.start(""), w.start("repl-diskless-load swapdb\n"));
    fill(&mut w, m, 30);
    for r in [a, b] {
        w.tell(r, "REPLICAOF 127.0.0.1 6380");
        assert_eq!(w.ask(r, "ROLE").split("\r\n").nth(7), Some("handshake"));
    }
    w.until("both are up", |w| [a, b].iter().all(|r| w.info(*r, "master_link_status") == "up"));
    let began = w.nodes[m].facts.iter().filter(|f| matches!(f, Fact::SnapshotBegan { .. }));
    assert_eq!(began.count(), 1);
    w.tell(m, "SET x y");
    w.assert_same(&[m, a, b]);
}

#[test]
fn keys_that_expired_are_loaded_and_wait_for_del() {
    let mut w = World::new(6);
    let m = w.start("repl-diskless-sync-delay 0\n");
    let r = w.start("");
    w.ask(m, "SET short 1 PX 400");
    w.ask(m, "SET long 1");
    w.follow(r, m);
    assert_eq!(w.nodes[r].engine.keyspace.keys_total(), 2);
    // Lost to the master's DEL: the replica hides the key by itself, but keeps it.
    w.frozen = true;
    w.now = w.now.plus_us(500_000);
    assert_eq!(w.ask(r, "GET short"), "$-1\r\n");
    assert_eq!(w.nodes[r].engine.keyspace.keys_total(), 2);
    w.frozen = false;
    assert_eq!(w.tell(m, "GET short"), "$-1\r\n");
    assert_eq!(w.nodes[r].engine.keyspace.keys_total(), 1);
    w.assert_same(&[m, r]);
}

#[test]
fn a_failed_save_drops_the_replicas_and_a_new_one_follows() {
    let mut w = World::new(7);
    let m = w.start("repl-diskless-sync-delay 0\nsave \"\"\n");
    let r = w.start("");
    fill(&mut w, m, 20);
    w.nodes[m].hold_saves = true;
    w.tell(r, "REPLICAOF 127.0.0.1 6380");
    w.until("the snapshot runs", |w| w.info(m, "slave0").contains("wait_bgsave"));
    w.tell(m, "FLUSHALL");
    assert!(w.logged(m, "SYNC failed. BGSAVE child returned an error"));
    w.nodes[m].hold_saves = false;
    w.until("the link is up", |w| w.info(r, "master_link_status") == "up");
    w.assert_same(&[m, r]);
}

#[test]
fn a_slow_socket_sets_the_pace_and_progress_is_told() {
    for (seed, master, replica) in forms() {
        let mut w = World::new(seed);
        w.window = 1500;
        let m = w.start(&master);
        let r = w.start(&replica);
        for i in 0..400 {
            // Digits that do not compress.
            let value: String = (0..40u64).map(|j| format!("{:x}", (i + j) * 2654435761)).collect();
            w.ask(m, &format!("SET big:{i} {value}"));
        }
        w.tell(r, "REPLICAOF 127.0.0.1 6380");
        let mut most = 0;
        w.until("the link is up", |w| {
            let waiting = w.nodes[0].engine.clients.iter().filter(|c| c.is_replica());
            most = most.max(waiting.map(|c| c.out.len()).max().unwrap_or(0));
            w.info(r, "master_link_status") == "up"
        });
        w.tell(m, "SET after 1");
        w.assert_same(&[m, r]);
        let sent: Vec<u64> = w.nodes[m]
            .facts
            .iter()
            .filter_map(|f| match f {
                Fact::RdbSent { sent, .. } => Some(*sent),
                _ => None,
            })
            .collect();
        assert!(sent.len() >= 2 && sent.is_sorted() && sent[0] == 0, "{sent:?}");
        let end = w.nodes[m].facts.iter().find_map(|f| match f {
            Fact::Said { message: Message::RdbEnd { bytes }, .. } => Some(*bytes),
            _ => None,
        });
        assert_eq!(end, sent.last().copied());
    }
}

#[test]
fn a_broken_rdb_from_the_socket_leaves_the_old_data_with_swapdb() {
    let mut w = World::new(8);
    let m = w.start("repl-diskless-sync-delay 0\n");
    let r = w.start("repl-diskless-load swapdb\n");
    fill(&mut w, m, 200);
    w.ask(r, "SET mine 1");
    // The link breaks in the middle of the RDB, again and again.
    w.budget = Some(2000);
    w.tell(r, "REPLICAOF 127.0.0.1 6380");
    w.advance_ms(1000);
    assert!(w.logged(r, "Discarding temporary DB in background"), "{:#?}", w.log(r));
    w.until("the link is up", |w| w.info(r, "master_link_status") == "up");
    w.assert_same(&[m, r]);
}
