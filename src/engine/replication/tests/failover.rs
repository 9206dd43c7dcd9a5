//! FAILOVER: both ends of it, its time-outs, its errors, what comes of the writers that waited.

use super::pump::World;
use crate::engine::host::{Host, Ticket};
use crate::observe::{Fact, Failover, FailoverAbort, RoleCause, Step, StepKind};
use std::cell::Cell;
use std::rc::Rc;

/// A master, and two replicas of it.
fn trio(seed: u8) -> World {
    let mut w = World::new(seed);
    for _ in 0..3 {
        w.start("repl-diskless-sync-delay 0\n");
    }
    w.follow(1, 0);
    w.follow(2, 0);
    w.tell(0, "SET before 1");
    w
}

fn steps(w: &World, node: usize) -> Vec<Failover> {
    let told = w.nodes[node].facts.iter();
    told.filter_map(|f| match f {
        Fact::Failover(step) => Some(step.clone()),
        _ => None,
    })
    .collect()
}

/// Syncs (full, partial granted, partial refused) that an instance has served.
fn syncs(w: &World, node: usize) -> [u64; 3] {
    let s = &w.nodes[node].engine.stats;
    [s.sync_full, s.sync_partial_ok, s.sync_partial_err]
}

fn settled(w: &mut World, master: usize) -> bool {
    let port = w.nodes[master].port.to_string();
    (0..3).all(|n| {
        w.info(n, "master_failover_state") == "no-failover"
            && (n == master || w.info(n, "master_link_status") == "up")
    }) && w.info(0, "master_port") == port
}

#[test]
fn a_master_hands_over_and_nothing_is_lost() {
    let mut w = trio(1);
    let old = w.info(0, "master_replid");
    assert_eq!(w.ask(0, "FAILOVER TO 127.0.0.1 6381"), "+OK\r\n");
    assert_eq!(w.info(0, "master_failover_state"), "waiting-for-sync");
    let (writer, reader) = (w.client(0), w.client(0));
    w.send(0, writer, b"SET late 1\r\n");
    w.send(0, reader, b"GET before\r\n");
    assert_eq!(w.received(0, reader), b"$1\r\n1\r\n");
    assert_eq!(w.received(0, writer), b"", "a write waits");
    w.until("6381 is the master", |w| settled(w, 1));
    assert_eq!(
        w.received(0, writer),
        b"-READONLY You can't write against a read only replica.\r\n"
    );
    assert_eq!((w.info(1, "role"), w.info(0, "role")), ("master".into(), "slave".into()));
    assert_eq!(w.info(1, "master_replid2"), old);
    assert_eq!(w.info(0, "master_replid"), w.info(1, "master_replid"));
    // The other replica comes along behind the old master, which is the new one's only replica.
    assert_eq!(w.info(2, "master_port"), "6380");
    assert_eq!(w.info(2, "master_replid"), w.info(1, "master_replid"));
    assert_eq!((syncs(&w, 1), syncs(&w, 0)), ([0, 1, 0], [2, 1, 2]));
    w.tell(1, "SET after 1");
    w.assert_same(&[0, 1, 2]);
    for line in [
        "FAILOVER requested to 127.0.0.1:6381.",
        "Failover target 127.0.0.1:6381 is synced, failing over.",
        "Before turning into a replica, using my own master parameters to synthesize",
        "Connecting to MASTER 127.0.0.1:6381",
        "Successful partial resynchronization with master.",
        "Master replication ID changed to ",
        "MASTER <-> REPLICA sync: Master accepted a Partial Resynchronization.",
    ] {
        assert!(w.logged(0, line), "{line}: {:#?}", w.log(0));
    }
    for line in [
        &*format!("Failover request received for replid {old}."),
        "Connection with master lost.",
        "Discarding previously cached master state.",
        "Setting secondary replication ID to ",
        "MASTER MODE enabled (failover request from 'id=",
    ] {
        assert!(w.logged(1, line), "{line}: {:#?}", w.log(1));
    }
    let told = steps(&w, 0);
    assert!(matches!(told[0], Failover::Asked { target: Some(_), timeout_ms: None, .. }));
    assert!(matches!(told[1], Failover::HandsOver { forced: false, .. }));
    assert!(matches!(told[2], Failover::Done { .. }), "{told:?}");
    assert!(matches!(&steps(&w, 1)[..], [Failover::Requested { by }] if by.port == 6380));
    let mut causes = w.nodes[1].facts.iter().filter_map(|f| match f {
        Fact::RoleChanged { cause, .. } => Some(*cause),
        _ => None,
    });
    assert_eq!(causes.next_back(), Some(RoleCause::Failover));
}

#[test]
fn without_a_target_whoever_has_everything_takes_over() {
    let mut w = trio(2);
    // The first in the list stands still, so it is the second that acknowledges.
    w.nodes[1].stopped = true;
    w.tell(0, "SET more 1");
    assert_eq!(w.ask(0, "failover"), "+OK\r\n");
    assert!(w.logged(0, "FAILOVER requested to any replica."));
    w.until("6382 is asked", |w| w.info(0, "role") == "slave");
    assert!(w.logged(0, "Failover target 127.0.0.1:6382 is synced, failing over."));
    w.nodes[1].stopped = false;
    w.until("6382 is the master", |w| settled(w, 2));
    w.assert_same(&[0, 1, 2]);
}

#[test]
fn a_target_that_never_catches_up_ends_it() {
    let mut w = trio(3);
    let id = w.info(0, "master_replid");
    w.nodes[1].stopped = true;
    w.tell(0, "SET more 1");
    assert_eq!(w.ask(0, "FAILOVER TO 127.0.0.1 6381 TIMEOUT 500"), "+OK\r\n");
    let writer = w.client(0);
    w.send(0, writer, b"SET late 1\r\n");
    w.advance_ms(400);
    assert_eq!(w.info(0, "master_failover_state"), "waiting-for-sync");
    w.advance_ms(200);
    assert_eq!(w.info(0, "master_failover_state"), "no-failover");
    assert_eq!(w.received(0, writer), b"+OK\r\n", "writes go on");
    assert_eq!((w.info(0, "role"), w.info(0, "master_replid")), ("master".into(), id));
    let line = "FAILOVER to 127.0.0.1:6381 aborted: Replica never caught up before timeout";
    assert!(w.logged(0, line), "{:#?}", w.log(0));
    let told = steps(&w, 0);
    let Some(Failover::Aborted { why, .. }) = told.last() else { panic!("{told:?}") };
    let FailoverAbort::NeverCaughtUp { offset, best: Some(best), timeout_ms: 500 } = why else {
        panic!("{why:?}")
    };
    assert!(best < offset);
    w.nodes[1].stopped = false;
    w.advance_ms(2000);
    w.assert_same(&[0, 1, 2]);
    assert_eq!(syncs(&w, 0), [2, 0, 2]);
}

#[test]
fn force_hands_over_all_the_same() {
    let mut w = trio(4);
    w.nodes[1].stopped = true;
    w.tell(0, "SET lost 1");
    assert_eq!(w.ask(0, "FAILOVER TO 127.0.0.1 6381 TIMEOUT 300 FORCE"), "+OK\r\n");
    w.advance_ms(500);
    assert_eq!(w.info(0, "master_failover_state"), "failover-in-progress");
    assert_eq!(w.ask(0, "ROLE").split("\r\n").nth(2), Some("slave"));
    assert!(w.logged(0, "FAILOVER to 127.0.0.1:6381 time out exceeded, failing over."));
    w.nodes[1].stopped = false;
    w.until("6381 is the master", |w| settled(w, 1));
    w.assert_same(&[0, 1, 2]);
    let forced = steps(&w, 0)
        .iter()
        .any(|s| matches!(s, Failover::HandsOver { forced: true, acked: Some(a), offset, .. } if a < offset));
    assert!(forced);
}

#[test]
fn what_a_cut_off_target_never_got_is_lost_when_it_is_forced() {
    let mut w = trio(5);
    w.cut(0, 1);
    w.blocked_ports.push(6380);
    w.tell(0, "SET lost 1");
    // The target is gone from the list, so force does not begin.
    let error = "-ERR FAILOVER target HOST and PORT is not a replica.\r\n";
    assert_eq!(w.ask(0, "FAILOVER TO 127.0.0.1 6381 FORCE TIMEOUT 300"), error);
    w.blocked_ports.clear();
    w.until("it is back", |w| w.info(1, "master_link_status") == "up");
    w.advance_ms(1500);
    w.nodes[1].stopped = true;
    w.tell(0, "SET lost 2");
    assert_eq!(w.ask(0, "FAILOVER TO 127.0.0.1 6381 FORCE TIMEOUT 300"), "+OK\r\n");
    // Its link breaks while it stands still: the write never arrives.
    w.cut(0, 1);
    w.advance_ms(500);
    w.nodes[1].stopped = false;
    w.until("6381 is the master", |w| settled(w, 1));
    w.assert_same(&[0, 1, 2]);
    assert_eq!(w.ask(1, "GET lost"), "$1\r\n1\r\n");
    // Bytes that only the old master wrote: it cannot go on from there.
    assert_eq!(syncs(&w, 1), [1, 0, 1]);
}

#[test]
fn abort_gives_the_role_back() {
    let mut w = trio(6);
    w.nodes[1].stopped = true;
    w.tell(0, "SET more 1");
    w.ask(0, "FAILOVER TO 127.0.0.1 6381");
    assert_eq!(w.ask(0, "FAILOVER ABORT"), "+OK\r\n");
    assert!(w.logged(0, "FAILOVER to 127.0.0.1:6381 aborted: Failover manually aborted"));
    assert_eq!(w.tell(0, "SET more 2"), "+OK\r\n");
    let id = w.info(0, "master_replid");
    w.ask(0, "FAILOVER TO 127.0.0.1 6381 FORCE TIMEOUT 100");
    w.advance_ms(300);
    assert_eq!(w.info(0, "role"), "slave");
    assert_eq!(
        w.ask(0, "SET no way"),
        "-READONLY You can't write against a read only replica.\r\n"
    );
    assert_eq!(w.tell(0, "FAILOVER ABORT"), "+OK\r\n");
    assert_eq!((w.info(0, "role"), w.info(0, "master_replid2")), ("master".into(), id));
    w.nodes[1].stopped = false;
    w.until("both follow again", |w| {
        w.info(1, "master_link_status") == "up" && w.info(2, "master_link_status") == "up"
    });
    assert_eq!(w.tell(0, "SET more 3"), "+OK\r\n");
    w.assert_same(&[0, 1, 2]);
}

#[test]
fn a_target_that_refuses_leaves_the_master_with_a_new_id() {
    let mut w = trio(7);
    let id = w.info(0, "master_replid");
    w.nodes[1].stopped = true;
    w.ask(0, "FAILOVER TO 127.0.0.1 6381 FORCE TIMEOUT 100");
    w.advance_ms(300);
    // Meanwhile somebody made it a master: PSYNC ... FAILOVER is not for masters.
    w.nodes[1].stopped = false;
    assert_eq!(w.ask(1, "REPLICAOF NO ONE"), "+OK\r\n");
    w.run();
    let line = "FAILOVER to 127.0.0.1:6381 aborted: Failover target rejected psync request";
    assert!(w.logged(0, line), "{:#?}", w.log(0));
    let reply = "(reply: -ERR PSYNC FAILOVER can't be sent to a master.)";
    assert!(w.logged(0, reply), "{:#?}", w.log(0));
    assert!(!w.logged(0, "Retrying with SYNC..."));
    assert_eq!((w.info(0, "role"), w.info(0, "master_replid2")), ("master".into(), id.clone()));
    assert_ne!(w.info(0, "master_replid"), id);
    assert_eq!(w.tell(0, "SET on 1"), "+OK\r\n");
}

#[test]
fn everything_that_cannot_be_is_said_so() {
    let mut w = trio(8);
    let mut asks = |node: usize, line: &str, reply: &str| {
        assert_eq!(w.ask(node, line), format!("-ERR {reply}\r\n"), "{line}");
    };
    asks(0, "FAILOVER ABORT", "No failover in progress.");
    asks(0, "FAILOVER ABORT now", "syntax error");
    asks(0, "FAILOVER TO 127.0.0.1", "syntax error");
    asks(0, "FAILOVER FORCE FORCE", "syntax error");
    asks(0, "FAILOVER TIMEOUT 1 TIMEOUT 1", "syntax error");
    asks(0, "FAILOVER TO a 1 TO b 2", "syntax error");
    asks(0, "FAILOVER TO 127.0.0.1 x", "value is not an integer or out of range");
    asks(0, "FAILOVER TIMEOUT x", "value is not an integer or out of range");
    asks(0, "FAILOVER TIMEOUT 0", "FAILOVER timeout must be greater than 0");
    asks(0, "FAILOVER TIMEOUT -1", "FAILOVER timeout must be greater than 0");
    let force = "FAILOVER with force option requires both a timeout and target HOST and IP.";
    asks(0, "FAILOVER FORCE", force);
    asks(0, "FAILOVER FORCE TIMEOUT 10", force);
    asks(0, "FAILOVER TO 127.0.0.1 6381 FORCE", force);
    let no_replica = "FAILOVER target HOST and PORT is not a replica.";
    asks(0, "FAILOVER TO 127.0.0.1 6380", no_replica);
    asks(0, "FAILOVER TO 10.0.0.1 6381", no_replica);
    asks(0, "FAILOVER TO 127.0.0.1 99999999999", no_replica);
    asks(1, "FAILOVER", "FAILOVER is not valid when server is a replica.");
    asks(1, "FAILOVER TO 127.0.0.1 6380 FORCE", "FAILOVER is not valid when server is a replica.");
    let lone = w.start("");
    assert_eq!(w.ask(lone, "FAILOVER"), "-ERR FAILOVER requires connected replicas.\r\n");
    w.nodes[1].stopped = true;
    w.tell(0, "SET more 1");
    w.ask(0, "FAILOVER TO 127.0.0.1 6381");
    assert_eq!(w.ask(0, "FAILOVER"), "-ERR FAILOVER already in progress.\r\n");
    for line in ["REPLICAOF 127.0.0.1 6381", "REPLICAOF NO ONE", "SLAVEOF NO ONE"] {
        let error = "-ERR REPLICAOF not allowed while failing over.\r\n";
        assert_eq!(w.ask(0, line), error, "{line}");
    }
    let error = "-NOMASTERLINK Can't SYNC while failing over\r\n";
    assert_eq!(w.ask(0, "PSYNC ? -1"), error);
    assert_eq!(w.ask(0, "SYNC"), error);
}

#[test]
fn psync_failover_is_answered_by_replicas_of_the_same_history_only() {
    let mut w = trio(9);
    let id = w.info(0, "master_replid");
    let to_master = "-ERR PSYNC FAILOVER can't be sent to a master.\r\n";
    assert_eq!(w.ask(0, &format!("PSYNC {id} 1 FAILOVER")), to_master);
    let other = "-ERR PSYNC FAILOVER replid must match my replid.\r\n";
    assert_eq!(w.ask(1, &format!("PSYNC {} 1 failover", "f".repeat(40))), other);
    assert_eq!(w.info(1, "role"), "slave");
    // By hand, as any client may: the replica takes over, and grants what its backlog holds.
    let next = w.info(1, "slave_repl_offset").parse::<i64>().map(|n| n + 1).expect("a number");
    let client = w.client(1);
    w.send(1, client, format!("PSYNC {id} {next} FAILOVER\r\n").as_bytes());
    assert_eq!(w.info(1, "role"), "master");
    assert_eq!(w.received(1, client), b"+CONTINUE\r\n");
}

#[test]
fn a_target_that_is_not_online_yet_is_refused() {
    let mut w = World::new(10);
    for _ in 0..2 {
        w.start("repl-diskless-sync-delay 0\n");
    }
    w.nodes[0].hold_saves = true;
    w.tell(1, "REPLICAOF 127.0.0.1 6380");
    assert!(w.info(0, "slave0").contains("state=wait_bgsave"));
    let error = "-ERR FAILOVER target replica is not online.\r\n";
    assert_eq!(w.ask(0, "FAILOVER TO 127.0.0.1 6381"), error);
    assert_eq!(w.ask(0, "FAILOVER TIMEOUT 300"), "+OK\r\n", "any replica, once it is online");
    w.advance_ms(500);
    let line = "FAILOVER to any replica aborted: Replica never caught up before timeout";
    assert!(w.logged(0, line), "{:#?}", w.log(0));
}

#[test]
fn held_link_time_ends_no_failover() {
    let mut w = trio(11);
    w.nodes[1].stopped = true;
    w.tell(0, "SET more 1");
    w.ask(0, "FAILOVER TO 127.0.0.1 6381 TIMEOUT 500");
    for _ in 0..50 {
        w.now.mono_us += 100_000;
        w.now.wall_us += 100_000;
        let now = w.now;
        w.nodes[0].engine.timer(now);
        w.turn(0);
    }
    assert_eq!(w.info(0, "master_failover_state"), "waiting-for-sync");
}

#[test]
fn waiting_clients_are_let_go_when_the_role_goes() {
    let mut w = trio(12);
    let waiter = w.client(0);
    w.send(0, waiter, b"WAIT 5 0\r\n");
    w.ask(0, "FAILOVER TO 127.0.0.1 6381");
    w.until("6381 is the master", |w| settled(w, 1));
    let got = String::from_utf8_lossy(&w.received(0, waiter)).into_owned();
    assert!(got.starts_with("-UNBLOCKED force unblock from blocking operation"), "{got}");
    assert!(w.nodes[0].closed.contains(&waiter));
}

/// A host that holds promotions back until it is told to let them go, and all others not.
#[derive(Clone, Default)]
struct HoldsPromotions {
    go: Rc<Cell<bool>>,
    asked: Rc<Cell<bool>>,
}

impl Host for HoldsPromotions {
    fn stepping(&self) -> bool {
        true
    }

    fn may(&mut self, _ticket: Ticket, step: &Step) -> bool {
        let promotion = step.kind == StepKind::Promotion;
        self.asked.set(self.asked.get() || promotion);
        !promotion || self.go.get()
    }
}

fn hold_promotions(w: &mut World, node: usize) -> HoldsPromotions {
    let host = HoldsPromotions::default();
    w.nodes[node].engine.set_host(Box::new(host.clone()));
    w.turn(node);
    host
}

fn let_go(w: &mut World, node: usize, host: &HoldsPromotions) {
    host.go.set(true);
    let now = w.now;
    w.nodes[node].engine.poke(now);
    w.turn(node);
    w.run();
}

#[test]
fn the_targets_promotion_is_a_step() {
    let mut w = trio(13);
    let host = hold_promotions(&mut w, 1);
    w.ask(0, "FAILOVER TO 127.0.0.1 6381");
    w.until("the target is asked", |_| host.asked.get());
    w.run();
    assert_eq!(w.info(0, "master_failover_state"), "failover-in-progress");
    assert_eq!((w.info(0, "role"), w.info(1, "role")), ("slave".into(), "slave".into()));
    let_go(&mut w, 1, &host);
    assert_eq!(w.info(1, "role"), "master");
    assert_eq!(w.info(0, "master_failover_state"), "no-failover");
    w.until("6381 is the master", |w| settled(w, 1));
    w.assert_same(&[0, 1, 2]);
}

#[test]
fn taking_the_role_back_is_a_step_too() {
    let mut w = trio(14);
    w.nodes[1].stopped = true;
    w.tell(0, "SET more 1");
    w.ask(0, "FAILOVER TO 127.0.0.1 6381 FORCE TIMEOUT 100");
    w.advance_ms(300);
    let host = hold_promotions(&mut w, 0);
    let client = w.client(0);
    w.send(0, client, b"FAILOVER ABORT\r\n");
    assert_eq!((w.received(0, client), w.info(0, "role")), (Vec::new(), "slave".into()));
    let_go(&mut w, 0, &host);
    assert_eq!(w.received(0, client), b"+OK\r\n");
    assert_eq!(w.info(0, "role"), "master");
    assert_eq!(w.info(0, "master_failover_state"), "no-failover");
}

#[test]
fn a_target_that_refuses_gives_the_role_back_when_the_step_goes() {
    let mut w = trio(15);
    w.nodes[1].stopped = true;
    w.ask(0, "FAILOVER TO 127.0.0.1 6381 FORCE TIMEOUT 100");
    w.advance_ms(300);
    let host = hold_promotions(&mut w, 0);
    w.nodes[1].stopped = false;
    w.ask(1, "REPLICAOF NO ONE");
    w.run();
    assert!(host.asked.get());
    w.advance_ms(1000);
    assert_eq!(w.info(0, "master_failover_state"), "failover-in-progress");
    let_go(&mut w, 0, &host);
    assert_eq!(w.info(0, "role"), "master");
    assert!(w.logged(0, "aborted: Failover target rejected psync request"));
    assert_eq!(w.tell(0, "SET on 1"), "+OK\r\n");
}
