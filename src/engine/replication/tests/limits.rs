//! Limits that settings draw: a replica's output buffer, the backlog's size and life, good replicas.

use super::pump::World;
use crate::observe::{Fact, IdCause, LinkLoss, Side, SoftLimit};

fn pair(seed: u8, master: &str, replica: &str) -> (World, usize, usize) {
    let mut w = World::new(seed);
    let m = w.start(&format!("repl-diskless-sync-delay 0\n{master}"));
    let r = w.start(replica);
    w.follow(r, m);
    // A small socket: what does not fit waits in the master.
    w.window = 1000;
    (w, m, r)
}

fn number(w: &mut World, node: usize, field: &str) -> i64 {
    w.info(node, field).parse().expect("a number")
}

/// Writes `n` values of 1000 bytes.
fn write(w: &mut World, m: usize, n: usize) {
    let line = format!("SET big {}", "z".repeat(1000));
    for _ in 0..n {
        assert_eq!(w.ask(m, &line), "+OK\r\n");
    }
    w.run();
}

fn losses(w: &World, node: usize, side: Side) -> Vec<LinkLoss> {
    let told = w.nodes[node].facts.iter();
    told.filter_map(|f| match f {
        Fact::LinkLost { link, cause } if link.side == side => Some(cause.clone()),
        _ => None,
    })
    .collect()
}

#[test]
fn a_soft_limit_gives_its_seconds_and_then_none() {
    let conf = "client-output-buffer-limit replica 0 100kb 3\nrepl-backlog-size 16384\n";
    let (mut w, m, r) = pair(1, conf, "");
    w.nodes[r].stopped = true;
    write(&mut w, m, 150);
    let over = |w: &World| {
        let told = w.nodes[m].facts.iter().filter_map(|f| match f {
            Fact::SoftLimit { over, limit: 102_400, patience_s: 3, bytes, .. } => {
                Some((*over, *bytes >= 102_400))
            }
            _ => None,
        });
        told.collect::<Vec<_>>()
    };
    assert_eq!(over(&w), [(true, true)]);
    w.advance_ms(2000);
    assert_eq!(w.info(m, "connected_slaves"), "1");
    // It reads on in time: the clock stops.
    w.nodes[r].stopped = false;
    w.advance_ms(1100);
    assert_eq!(over(&w), [(true, true), (false, false)]);
    w.nodes[r].stopped = true;
    write(&mut w, m, 150);
    w.advance_ms(5100);
    assert_eq!(w.info(m, "connected_slaves"), "0");
    let Some(LinkLoss::OutputLimit { bytes, limit: 102_400, soft, raised_from: None }) =
        losses(&w, m, Side::Master).pop()
    else {
        panic!("{:?}", losses(&w, m, Side::Master))
    };
    assert!(bytes >= 102_400);
    assert_eq!(soft, Some(SoftLimit { over_s: 4, patience_s: 3 }), "strictly more than 3 s");
    // Found by cron, not by a write: Redis has another word for that.
    assert!(w.logged(m, " closed for overcoming of output buffer limits."), "{:#?}", w.log(m));
    w.nodes[r].stopped = false;
    w.until("the link is up", |w| w.info(r, "master_link_status") == "up");
    w.assert_same(&[m, r]);
}

#[test]
fn held_link_time_stops_the_clock_of_the_soft_limit() {
    let conf = "client-output-buffer-limit replica 0 100kb 3\n";
    let (mut w, m, r) = pair(2, conf, "");
    w.nodes[r].stopped = true;
    write(&mut w, m, 150);
    for _ in 0..100 {
        w.now.mono_us += 100_000;
        w.now.wall_us += 100_000;
        let now = w.now;
        w.nodes[m].engine.timer(now);
        w.turn(m);
    }
    write(&mut w, m, 1);
    assert_eq!(w.info(m, "connected_slaves"), "1");
}

#[test]
fn a_hard_limit_below_the_backlogs_size_is_that_size() {
    let conf = "client-output-buffer-limit slave 50kb 0 0\nrepl-backlog-size 300kb\n";
    let (mut w, m, r) = pair(3, conf, "");
    w.nodes[r].stopped = true;
    write(&mut w, m, 200);
    assert_eq!(w.info(m, "connected_slaves"), "1", "200 KB wait, which the backlog would hold");
    write(&mut w, m, 150);
    assert_eq!(w.info(m, "connected_slaves"), "0");
    let cause = losses(&w, m, Side::Master).pop();
    let Some(LinkLoss::OutputLimit { bytes, limit, soft: None, raised_from }) = cause else {
        panic!("{cause:?}")
    };
    assert_eq!((limit, raised_from), (300 << 10, Some(50 << 10)));
    assert!((limit..limit + 40_000).contains(&bytes), "{bytes}");
    assert!(w.logged(m, "scheduled to be closed ASAP for overcoming of output buffer limits."));
}

#[test]
fn a_smaller_limit_counts_from_the_next_look_on() {
    let (mut w, m, r) = pair(4, "repl-backlog-size 16384\n", "");
    w.nodes[r].stopped = true;
    write(&mut w, m, 200);
    assert_eq!(w.ask(m, "CONFIG SET client-output-buffer-limit \"replica 100kb 0 0\""), "+OK\r\n");
    assert_eq!(
        w.ask(m, "CONFIG GET client-output-buffer-limit").lines().nth(4),
        Some("normal 0 0 0 slave 102400 0 0 pubsub 33554432 8388608 60")
    );
    w.advance_ms(1000);
    assert_eq!(w.info(m, "connected_slaves"), "0");
}

#[test]
fn buffer_limits_are_read_class_by_class() {
    let mut w = World::new(5);
    let m = w.start("");
    for (value, reply) in [
        ("normal 1mb 2mb 60 replica 3kb 2000 10 pubsub 3000 2000 10", "+OK\r\n"),
        ("REPLICA 1gb 0 5", "+OK\r\n"),
        ("slave 7 8 9 replica 10 11 12", "+OK\r\n"),
        ("master 10 10 10", "Invalid client class specified in buffer limit configuration."),
        ("replica 10 10", "Wrong number of arguments in buffer limit configuration."),
        (
            "replica 10 x 10",
            "Error in hard, soft or soft_seconds setting in buffer limit configuration.",
        ),
        (
            "replica 10 10 -1",
            "Error in hard, soft or soft_seconds setting in buffer limit configuration.",
        ),
    ] {
        let got = w.ask(m, &format!("CONFIG SET client-output-buffer-limit \"{value}\""));
        assert!(got.trim_end().ends_with(reply.trim_end()), "{value}: {got}");
    }
    assert_eq!(
        w.ask(m, "CONFIG GET client-output-buffer-limit").lines().nth(4),
        Some("normal 1048576 2097152 60 slave 10 11 12 pubsub 3000 2000 10")
    );
}

#[test]
fn the_backlog_grows_and_shrinks_and_keeps_what_is_newest() {
    let (mut w, m, r) = pair(6, "repl-backlog-size 100kb\n", "");
    write(&mut w, m, 300);
    let (end, held) =
        (number(&mut w, m, "master_repl_offset"), number(&mut w, m, "repl_backlog_histlen"));
    assert!((102_400..102_400 + 16_500).contains(&held), "{held}");
    let first = number(&mut w, m, "repl_backlog_first_byte_offset");
    assert_eq!(first, end - held + 1);
    // Larger: nothing that is held goes, and more stays from now on.
    w.tell(m, "CONFIG SET repl-backlog-size 200kb");
    assert_eq!(number(&mut w, m, "repl_backlog_first_byte_offset"), first);
    write(&mut w, m, 90);
    assert_eq!(number(&mut w, m, "repl_backlog_first_byte_offset"), first);
    assert_eq!(w.info(m, "repl_backlog_size"), "204800");
    // Smaller: at once, and the end of it stays.
    w.tell(m, "CONFIG SET repl-backlog-size 20000");
    let held = number(&mut w, m, "repl_backlog_histlen");
    assert!((20_000..20_000 + 16_500).contains(&held), "{held}");
    assert_eq!(w.info(m, "repl_backlog_size"), "20000");
    let window = w.nodes[m].facts.iter().rev().find_map(|f| match f {
        Fact::BacklogMoved { first, histlen, size } => Some((first.0, *histlen, *size)),
        _ => None,
    });
    let first = number(&mut w, m, "repl_backlog_first_byte_offset");
    assert_eq!(window, Some((first, held as u64, 20_000)));
    // Below the least: the least.
    assert_eq!(w.tell(m, "CONFIG SET repl-backlog-size 1"), "+OK\r\n");
    assert_eq!(w.info(m, "repl_backlog_size"), "16384");
    assert!(w.ask(m, "CONFIG GET repl-backlog-size").contains("16384"));
    assert!(w.ask(m, "CONFIG SET repl-backlog-size 0").contains("argument must be between 1 and"));
    // What is left serves a replica that was away for a moment.
    w.cut(m, r);
    write(&mut w, m, 5);
    w.until("the link is up", |w| w.info(r, "master_link_status") == "up");
    assert_eq!(w.nodes[m].engine.stats.sync_partial_ok, 1);
    w.assert_same(&[m, r]);
}

#[test]
fn a_slow_replica_keeps_more_than_the_backlogs_size() {
    let (mut w, m, r) = pair(7, "repl-backlog-size 16384\n", "");
    w.nodes[r].stopped = true;
    write(&mut w, m, 200);
    assert!(number(&mut w, m, "repl_backlog_histlen") > 190_000);
    w.nodes[r].stopped = false;
    w.advance_ms(1000);
    assert!(number(&mut w, m, "repl_backlog_histlen") < 40_000);
    w.assert_same(&[m, r]);
}

#[test]
fn a_backlog_without_replicas_lives_for_its_ttl() {
    let (mut w, m, r) = pair(8, "repl-backlog-ttl 3\n", "repl-backlog-ttl 3\n");
    write(&mut w, m, 3);
    w.advance_ms(10_000);
    assert_eq!(w.info(m, "repl_backlog_active"), "1", "a replica is there");
    let id = w.info(m, "master_replid");
    w.kill(r);
    w.advance_ms(3000);
    assert_eq!(w.info(m, "repl_backlog_active"), "1", "not before strictly more than 3 s");
    w.advance_ms(2000);
    let offset = w.info(m, "master_repl_offset");
    assert_eq!(w.info(m, "repl_backlog_active"), "0");
    assert_eq!(w.info(m, "repl_backlog_histlen"), "0");
    assert_eq!(w.info(m, "repl_backlog_first_byte_offset"), "0");
    assert!(w.logged(m, "Replication backlog freed after 3 seconds without connected replicas."));
    assert_ne!(w.info(m, "master_replid"), id);
    assert_eq!(w.info(m, "master_replid2"), "0".repeat(40));
    assert!(
        w.nodes[m]
            .facts
            .iter()
            .any(|f| { matches!(f, Fact::IdsChanged { cause: IdCause::BacklogFreed, .. }) })
    );
    write(&mut w, m, 3);
    assert_eq!(w.info(m, "master_repl_offset"), offset, "nothing is counted without a backlog");
}

#[test]
fn a_ttl_of_zero_and_a_replica_keep_the_backlog() {
    let (mut w, m, r) = pair(9, "repl-backlog-ttl 0\n", "repl-backlog-ttl 1\n");
    // The replica has no replicas of its own, and keeps its backlog: it may be promoted.
    w.advance_ms(5000);
    assert_eq!(w.info(r, "repl_backlog_active"), "1");
    w.kill(r);
    w.advance_ms(20_000);
    assert_eq!(w.info(m, "repl_backlog_active"), "1");
    // Set at run time, the time that passed already counts.
    w.tell(m, "CONFIG SET repl-backlog-ttl 5");
    w.advance_ms(1000);
    assert_eq!(w.info(m, "repl_backlog_active"), "0");
}

#[test]
fn good_replicas_come_and_go_by_their_lag() {
    let conf = "min-replicas-to-write 1\nmin-replicas-max-lag 3\n";
    let (mut w, m, r) = pair(10, conf, "");
    let told = |w: &World| {
        let counts = w.nodes[m].facts.iter().filter_map(|f| match f {
            Fact::GoodReplicas { good, wanted, .. } => Some((*good, *wanted)),
            _ => None,
        });
        counts.collect::<Vec<_>>()
    };
    assert_eq!(told(&w), [(0, 1), (1, 1)]);
    w.nodes[r].stopped = true;
    w.advance_ms(3000);
    assert_eq!(w.ask(m, "SET a 1"), "+OK\r\n");
    w.advance_ms(2000);
    let refusal = "-NOREPLICAS Not enough good replicas to write.\r\n";
    assert_eq!(w.ask(m, "SET a 1"), refusal);
    assert_eq!(w.ask(m, "GET a"), "$1\r\n1\r\n", "reading goes on");
    assert_eq!(w.info(m, "min_slaves_good_slaves"), "0");
    let rule = w.nodes[m].facts.iter().rev().find_map(|f| match f {
        Fact::Refused { rule, .. } => Some(rule.clone()),
        _ => None,
    });
    use crate::observe::Rule::NoReplicas;
    assert_eq!(rule, Some(NoReplicas { good: 0, wanted: 1, max_lag_s: 3 }));
    // A setting counts at once, both ways.
    w.ask(m, "CONFIG SET min-replicas-max-lag 60");
    assert_eq!(w.ask(m, "SET a 2"), "+OK\r\n");
    w.ask(m, "CONFIG SET min-replicas-max-lag 3");
    assert_eq!(w.ask(m, "SET a 3"), refusal);
    w.ask(m, "CONFIG SET min-replicas-max-lag 0");
    assert_eq!(w.ask(m, "SET a 3"), "+OK\r\n", "either setting at 0 turns the rule off");
    assert_eq!(told(&w).last(), Some(&(0, 0)));
    w.ask(m, "CONFIG SET min-replicas-max-lag 3");
    w.nodes[r].stopped = false;
    w.until("writes are taken", |w| w.ask(m, "SET a 4") == "+OK\r\n");
    // A replica refuses by its own rule, whatever min-replicas says.
    w.ask(r, "CONFIG SET min-replicas-to-write 5");
    assert!(w.ask(r, "SET a 5").starts_with("-READONLY "));
    w.assert_same(&[m, r]);
}
