//! replica-serve-stale-data no: what a replica still answers while its link is down.

use super::pump::World;
use crate::observe::{Fact, LinkState, Rule};

#[test]
fn a_replica_without_its_master_refuses_what_could_be_stale() {
    let mut w = World::new(1);
    let m = w.start("repl-diskless-sync-delay 0\n");
    let r = w.start("replica-serve-stale-data no\nreplica-read-only no\n");
    w.follow(r, m);
    w.tell(m, "SET a 1");
    assert_eq!(w.ask(r, "GET a"), "$1\r\n1\r\n", "in sync, everything is served");
    w.kill(m);
    w.run();
    let down = "-MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to \
                'no'.\r\n";
    for line in [
        "PING",
        "GET a",
        "SET a 2",
        "DBSIZE",
        "BGSAVE",
        "WAIT 0 0",
        "PSYNC ? -1",
        "SYNC",
        "KEYS *",
        "TTL a",
        "DUMP a",
        "OBJECT ENCODING a",
        "EXISTS a",
        "SCAN 0",
        "RANDOMKEY",
        "TYPE a",
        "SAVE",
        "FLUSHALL",
    ] {
        assert_eq!(w.ask(r, line), down, "{line}");
    }
    for line in [
        "INFO replication",
        "ROLE",
        "CONFIG GET port",
        "SELECT 1",
        "CLIENT ID",
        "AUTH x",
        "DEBUG SLEEP 0",
        "TIME",
        "COMMAND COUNT",
        "SLOWLOG LEN",
        "LATENCY LATEST",
        "ECHO x",
        "HELLO 2",
        "RESET",
        "WATCH a",
        "REPLCONF capa eof",
        "FAILOVER ABORT",
        "MULTI",
        "DISCARD",
        "LASTSAVE",
        "CLIENT PAUSE 0",
        "MONITOR",
        "SHUTDOWN ABORT",
    ] {
        let reply = w.ask(r, line);
        assert!(!reply.contains("MASTERDOWN") && !reply.is_empty(), "{line}: {reply}");
    }
    let told = w.nodes[r].facts.iter().find_map(|f| match f {
        Fact::Refused { rule, command, .. } => Some((rule.clone(), command.text().to_owned())),
        _ => None,
    });
    let Some((Rule::MasterDown { link, down_s: Some(0) }, name)) = told else { panic!("{told:?}") };
    assert!(matches!(link, LinkState::Connect | LinkState::Connecting), "{link:?}");
    assert_eq!(name, "PING");
    // In a transaction the reads are refused as they are queued.
    let conn = w.client(r);
    w.send(r, conn, b"MULTI\r\nGET a\r\nEXEC\r\n");
    let got = String::from_utf8_lossy(&w.received(r, conn)).into_owned();
    assert!(got.starts_with("+OK\r\n-MASTERDOWN "), "{got}");
    assert!(got.ends_with("-EXECABORT Transaction discarded because of previous errors.\r\n"));
    // Read-only comes first.
    w.ask(r, "CONFIG SET replica-read-only yes");
    assert!(w.ask(r, "SET a 2").starts_with("-READONLY "));
    w.ask(r, "CONFIG SET replica-serve-stale-data yes");
    assert_eq!(w.ask(r, "GET a"), "$1\r\n1\r\n", "old data is better than none");
}

#[test]
fn an_exec_that_was_queued_in_time_is_refused_too() {
    let mut w = World::new(2);
    let m = w.start("repl-diskless-sync-delay 0\n");
    let r = w.start("replica-serve-stale-data no\n");
    w.follow(r, m);
    let conn = w.client(r);
    w.send(r, conn, b"MULTI\r\nGET a\r\n");
    w.kill(m);
    w.run();
    w.received(r, conn);
    w.send(r, conn, b"EXEC\r\n");
    let got = String::from_utf8_lossy(&w.received(r, conn)).into_owned();
    let start = "-EXECABORT Transaction discarded because of: MASTERDOWN Link with MASTER is down";
    assert!(got.starts_with(start), "{got}");
}

#[test]
fn a_handshake_under_way_is_no_link() {
    let mut w = World::new(3);
    let m = w.start("repl-diskless-sync-delay 5\n");
    let r = w.start("replica-serve-stale-data no\n");
    w.tell(r, "REPLICAOF 127.0.0.1 6380");
    assert!(w.ask(r, "GET a").starts_with("-MASTERDOWN "));
    w.until("the link is up", |w| w.info(r, "master_link_status") == "up");
    assert_eq!(w.ask(r, "GET a"), "$-1\r\n");
    w.assert_same(&[m, r]);
}
