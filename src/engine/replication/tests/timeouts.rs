//! repl-timeout in every state, at both ends of a link, with the numbers that decided.

use super::pump::World;
use crate::observe::{Fact, LinkLoss, LinkPhase, LinkState, ReplicaState, Side};

/// The last time-out that an instance told of links on this side.
fn timed_out(w: &World, node: usize, side: Side) -> Option<(u64, u64, LinkPhase)> {
    w.nodes[node].facts.iter().rev().find_map(|f| match f {
        Fact::LinkLost { link, cause: LinkLoss::TimedOut { after_s, silent_s, during } }
            if link.side == side =>
        {
            Some((*after_s, *silent_s, (*during)?))
        }
        _ => None,
    })
}

#[test]
fn a_connect_that_is_never_answered_times_out() {
    let mut w = World::new(1);
    let _m = w.start("");
    let r = w.start("repl-timeout 3\n");
    // The dial stays on its way.
    w.ask(r, "REPLICAOF 127.0.0.1 6380");
    w.nodes[r].hold_dials = true;
    w.advance_ms(4500);
    assert!(w.logged(r, "Timeout connecting to the MASTER..."), "{:#?}", w.log(r));
    let phase = LinkPhase::Replica(LinkState::Connecting);
    assert_eq!(timed_out(&w, r, Side::Replica), Some((3, 4, phase)));
}

#[test]
fn a_master_that_says_nothing_after_psync_times_out() {
    let mut w = World::new(2);
    let m = w.start("repl-diskless-sync-delay 60\n");
    let r = w.start("repl-timeout 3\n");
    w.tell(r, "REPLICAOF 127.0.0.1 6380");
    // Its newlines keep the link alive while it delays the snapshot.
    w.advance_ms(10_000);
    assert_eq!(timed_out(&w, r, Side::Replica), None);
    assert_eq!(w.ask(r, "ROLE").lines().nth(7), Some("handshake"));
    w.nodes[m].stopped = true;
    w.advance_ms(5000);
    assert!(w.logged(r, "Timeout connecting to the MASTER..."), "{:#?}", w.log(r));
    let phase = LinkPhase::Replica(LinkState::ReceivePsyncReply);
    assert_eq!(timed_out(&w, r, Side::Replica), Some((3, 4, phase)));
}

#[test]
fn a_transfer_that_stands_still_times_out_at_the_replica() {
    for diskless in ["yes", "no"] {
        let mut w = World::new(3);
        let m = w.start(&format!("repl-diskless-sync-delay 0\nrepl-diskless-sync {diskless}\n"));
        let r = w.start("repl-timeout 3\n");
        w.nodes[m].hold_saves = true;
        w.tell(r, "REPLICAOF 127.0.0.1 6380");
        assert_eq!(w.ask(r, "ROLE").lines().nth(7), Some("sync"));
        w.advance_ms(8000);
        if diskless == "no" {
            // Until the preamble is sent, the master's newlines say that it lives.
            assert_eq!(timed_out(&w, r, Side::Replica), None);
            w.nodes[m].stopped = true;
            w.advance_ms(5000);
        }
        let line = "Timeout receiving bulk data from MASTER... If the problem persists try to set \
                    the 'repl-timeout' parameter in redis.conf to a larger value.";
        assert!(w.logged(r, line), "{diskless}: {:#?}", w.log(r));
        let phase = LinkPhase::Replica(LinkState::Transfer);
        assert_eq!(timed_out(&w, r, Side::Replica), Some((3, 4, phase)));
        w.nodes[m].stopped = false;
        w.nodes[m].hold_saves = false;
        w.until("the link is up", |w| w.info(r, "master_link_status") == "up");
        w.assert_same(&[m, r]);
    }
}

#[test]
fn a_replica_whose_socket_takes_nothing_of_the_rdb_is_dropped() {
    let mut w = World::new(4);
    let m = w.start("repl-diskless-sync-delay 0\nrepl-timeout 3\n");
    let r = w.start("repl-timeout 60\n");
    for i in 0..300 {
        w.ask(m, &format!("SET key:{i} {}", "z".repeat(1000)));
    }
    w.ask(m, "CONFIG SET rdbcompression no");
    w.window = 1000;
    w.nodes[m].hold_saves = true;
    w.tell(r, "REPLICAOF 127.0.0.1 6380");
    w.until("the transfer began", |w| w.info(m, "slave0").contains("wait_bgsave"));
    w.nodes[r].stopped = true;
    w.nodes[m].hold_saves = false;
    w.advance_ms(6000);
    let line = "Disconnecting timedout replica (full sync): 127.0.0.1:6381";
    assert!(w.logged(m, line), "{:#?}", w.log(m));
    assert!(w.logged(m, "Diskless rdb transfer, last replica dropped, killing fork child."));
    let phase = LinkPhase::Master(ReplicaState::WaitBgsaveEnd);
    assert_eq!(timed_out(&w, m, Side::Master), Some((3, 4, phase)));
    w.nodes[r].stopped = false;
    w.window = 1 << 20;
    w.until("the link is up", |w| w.info(r, "master_link_status") == "up");
    w.assert_same(&[m, r]);
}

#[test]
fn a_replica_that_acknowledges_nothing_is_dropped_and_a_silent_master_left() {
    let mut w = World::new(5);
    let m = w.start("repl-diskless-sync-delay 0\nrepl-timeout 4\nrepl-ping-replica-period 1\n");
    let r = w.start("repl-timeout 4\n");
    w.follow(r, m);
    w.advance_ms(1000);
    w.nodes[r].stopped = true;
    w.advance_ms(4000);
    assert_eq!(w.info(m, "connected_slaves"), "1", "not before strictly more than 4 s");
    w.advance_ms(1500);
    let phase = LinkPhase::Master(ReplicaState::Online);
    assert_eq!(timed_out(&w, m, Side::Master), Some((4, 5, phase)));
    assert!(w.logged(m, "Disconnecting timedout replica (streaming sync): 127.0.0.1:6381"));
    w.nodes[r].stopped = false;
    w.until("the link is up", |w| w.info(r, "master_link_status") == "up");
    w.nodes[m].stopped = true;
    w.advance_ms(6000);
    assert!(w.logged(r, "MASTER timeout: no data nor PING received..."), "{:#?}", w.log(r));
    let found = w.nodes[r].facts.iter().find_map(|f| match f {
        Fact::LinkLost { cause: LinkLoss::TimedOut { after_s: 4, silent_s, during }, .. } => {
            (*during == Some(LinkPhase::Replica(LinkState::Connected))).then_some(*silent_s)
        }
        _ => None,
    });
    assert!(found.is_some_and(|s| (5..=6).contains(&s)), "{found:?}");
}

#[test]
fn peers_that_came_by_sync_are_never_late() {
    let mut w = World::new(6);
    let m = w.start("repl-timeout 2\n");
    let conn = w.client(m);
    w.send(m, conn, b"SYNC\r\n");
    w.run();
    w.advance_ms(10_000);
    assert_eq!(w.info(m, "connected_slaves"), "1");
}

#[test]
fn a_new_repl_timeout_counts_at_once() {
    let mut w = World::new(7);
    let m = w.start("repl-diskless-sync-delay 0\n");
    let r = w.start("");
    w.follow(r, m);
    w.nodes[r].stopped = true;
    w.advance_ms(10_000);
    assert_eq!(w.info(m, "connected_slaves"), "1");
    w.ask(m, "CONFIG SET repl-timeout 5");
    w.advance_ms(1000);
    assert_eq!(w.info(m, "connected_slaves"), "0");
    assert!(w.ask(m, "CONFIG SET repl-timeout 0").contains("argument must be between 1 and"));
}
