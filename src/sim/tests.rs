//! The virtual world against itself: determinism, both kinds of sync, faults by the hundred.

mod faults;
mod learner;
mod ledger;
mod steps;
mod types;

use super::Sim;
use crate::engine::config::Config;
use crate::observe::{Body, Event, Fact, LabFact, PsyncVerdict};
use crate::wire::value::Value;

const SECOND: u64 = 1_000_000;

/// Settings of an instance in these tests: short delays, DEBUG allowed.
fn config(port: u16, more: &[(&str, &str)]) -> Config {
    let mut conf = format!("port {port}\ndir /data/{port}\nenable-debug-command yes\n");
    conf.push_str("repl-diskless-sync-delay 0\nsave \"\"\n");
    for (name, value) in more {
        conf.push_str(&format!("{name} {value}\n"));
    }
    let mut config = Config::default();
    crate::engine::config::file::apply(&mut config, &conf).expect("a good conf");
    config
}

fn pair(seed: u64, more: &[(&str, &str)]) -> Sim {
    let mut sim = Sim::new(seed);
    sim.start(6380, config(6380, more));
    sim.start(6381, config(6381, more));
    sim
}

fn text(value: Option<Value>) -> String {
    match value {
        Some(Value::Bulk(b)) => String::from_utf8_lossy(&b).into_owned(),
        Some(Value::Simple(s)) => String::from_utf8_lossy(&s).into_owned(),
        other => format!("{other:?}"),
    }
}

fn info(sim: &mut Sim, port: u16, field: &str) -> String {
    let all = text(sim.command(port, "INFO everything"));
    let line = all.lines().find_map(|l| l.strip_prefix(field)?.strip_prefix(':'));
    line.unwrap_or("(absent)").to_owned()
}

fn in_sync(sim: &mut Sim, replica: u16) -> bool {
    let limit = 60 * SECOND;
    let end = sim.now().mono_us + limit;
    while sim.now().mono_us < end {
        if info(sim, replica, "master_link_status") == "up" {
            return true;
        }
        sim.run_for(SECOND / 10);
    }
    false
}

fn same_data(sim: &mut Sim, one: u16, other: u16) -> bool {
    let end = sim.now().mono_us + 30 * SECOND;
    while sim.now().mono_us < end {
        let (a, b) = (sim.command(one, "DEBUG DIGEST"), sim.command(other, "DEBUG DIGEST"));
        if a.is_some() && a == b {
            return true;
        }
        sim.run_for(SECOND / 2);
    }
    false
}

fn facts(sim: &Sim) -> impl Iterator<Item = &Fact> {
    sim.events().iter().filter_map(|e| match &e.body {
        Body::Fact(fact) => Some(fact),
        _ => None,
    })
}

fn decisions(sim: &Sim) -> Vec<PsyncVerdict> {
    let verdict = |f: &Fact| match f {
        Fact::PsyncDecision { decision, .. } => Some(decision.verdict),
        _ => None,
    };
    facts(sim).filter_map(verdict).collect()
}

fn story(seed: u64) -> Vec<Event> {
    let mut sim = pair(seed, &[]);
    sim.command(6380, "SET name xd");
    sim.command(6381, "REPLICAOF 127.0.0.1 6380");
    assert!(in_sync(&mut sim, 6381), "seed {seed}");
    sim.cut(6380, 6381);
    sim.command(6380, "SET again 1");
    sim.run_for(3 * SECOND);
    sim.heal(6380, 6381);
    assert!(in_sync(&mut sim, 6381), "seed {seed}");
    sim.events().to_vec()
}

#[test]
fn the_same_seed_gives_the_same_events() {
    assert_eq!(story(7), story(7));
    assert_ne!(story(7), story(8));
}

#[test]
fn a_lost_link_is_resumed_from_the_backlog() {
    let mut sim = pair(1, &[]);
    sim.command(6381, "REPLICAOF 127.0.0.1 6380");
    assert!(in_sync(&mut sim, 6381));
    sim.cut(6380, 6381);
    assert_eq!(text(sim.command(6380, "SET name xd")), "OK");
    sim.run_for(2 * SECOND);
    sim.heal(6380, 6381);
    assert!(in_sync(&mut sim, 6381));
    assert_eq!(text(sim.command(6381, "GET name")), "xd");
    assert!(matches!(decisions(&sim).last(), Some(PsyncVerdict::Continue { .. })));
    assert_eq!(info(&mut sim, 6380, "sync_partial_ok"), "1");
}

#[test]
fn a_write_typed_into_a_throttled_transfer_is_held_and_arrives() {
    for diskless in ["yes", "no"] {
        let mut sim = pair(2, &[("repl-diskless-sync", diskless)]);
        sim.command(6380, "DEBUG POPULATE 5000 key 100");
        sim.throttle(6380, 6381, 64 * 1024);
        sim.command(6381, "REPLICAOF 127.0.0.1 6380");
        let sending = |s: &mut Sim| facts(s).any(|f| matches!(f, Fact::RdbSent { .. }));
        assert!(sim.run_until(30 * SECOND, sending), "diskless {diskless}");
        sim.command(6380, "SET name xd");
        assert!(facts(&sim).any(|f| matches!(f, Fact::Held { .. })), "diskless {diskless}");
        assert_ne!(info(&mut sim, 6381, "master_link_status"), "up");
        sim.heal(6380, 6381);
        assert!(in_sync(&mut sim, 6381), "diskless {diskless}");
        assert_eq!(text(sim.command(6381, "GET name")), "xd", "diskless {diskless}");
        assert!(same_data(&mut sim, 6380, 6381));
    }
}

#[test]
fn held_bytes_stand_still_and_go_on() {
    let mut sim = pair(3, &[]);
    sim.command(6381, "REPLICAOF 127.0.0.1 6380");
    assert!(in_sync(&mut sim, 6381));
    sim.hold(6380, 6381);
    sim.command(6380, "SET name xd");
    sim.run_for(2 * SECOND);
    assert_eq!(sim.command(6381, "GET name"), Some(Value::Null));
    sim.release(6380, 6381);
    sim.run_for(SECOND);
    assert_eq!(text(sim.command(6381, "GET name")), "xd");
    assert_eq!(decisions(&sim).len(), 1, "the link never broke");
}

#[test]
fn a_bounce_loads_what_was_saved() {
    let mut sim = pair(4, &[]);
    sim.command(6380, "SET kept 1");
    assert_eq!(text(sim.command(6380, "SAVE")), "OK");
    sim.command(6380, "SET lost 1");
    sim.bounce(6380);
    sim.run_for(SECOND);
    assert_eq!(text(sim.command(6380, "GET kept")), "1");
    assert_eq!(sim.command(6380, "GET lost"), Some(Value::Null));
}

#[test]
fn promotion_keeps_the_history_for_the_other_replica() {
    let mut sim = pair(5, &[]);
    sim.start(6382, config(6382, &[]));
    for replica in [6381, 6382] {
        sim.command(replica, "REPLICAOF 127.0.0.1 6380");
        assert!(in_sync(&mut sim, replica));
    }
    sim.command(6380, "SET name xd");
    sim.run_for(3 * SECOND);
    sim.crash(6380);
    sim.run_for(2 * SECOND);
    assert_eq!(info(&mut sim, 6381, "master_link_status"), "down");
    sim.command(6381, "REPLICAOF NO ONE");
    sim.command(6382, "REPLICAOF 127.0.0.1 6381");
    assert!(in_sync(&mut sim, 6382));
    assert!(matches!(decisions(&sim).last(), Some(PsyncVerdict::Continue { .. })));
}

/// Writes, transactions, cuts, holds, crashes, promotions and role changes from a seed; at the end
/// everybody follows 6380 again and must hold the same data. Gives what happened.
fn schedule(seed: u64) -> Vec<Event> {
    let diskless = if seed.is_multiple_of(3) { "no" } else { "yes" };
    let load = if seed.is_multiple_of(2) { "swapdb" } else { "disabled" };
    let more = [
        ("repl-timeout", "5"),
        ("repl-ping-replica-period", "1"),
        ("repl-diskless-sync", diskless),
        ("repl-diskless-load", load),
    ];
    let mut sim = pair(seed, &more);
    sim.start(6382, config(6382, &[("repl-diskless-load", load)]));
    sim.command(6381, "REPLICAOF 127.0.0.1 6380");
    sim.command(6382, "REPLICAOF 127.0.0.1 6381");
    let (mut dice, mut writes) = (seed.wrapping_mul(0x2545_f491_4f6c_dd1d) | 1, 0u32);
    for _ in 0..30 {
        dice ^= dice << 13;
        dice ^= dice >> 7;
        dice ^= dice << 17;
        let pair = [(6380, 6381), (6381, 6382), (6380, 6382)][(dice >> 8) as usize % 3];
        match dice % 14 {
            0 => sim.cut(pair.0, pair.1),
            1 => sim.hold(pair.0, pair.1),
            2 | 3 => sim.heal(pair.0, pair.1),
            4 => sim.throttle(pair.0, pair.1, 20_000),
            5 => sim.bounce(if dice & 0x1_0000 == 0 { 6381 } else { 6382 }),
            6 => {
                sim.command(6382, "REPLICAOF 127.0.0.1 6380");
            }
            7 => {
                sim.command(6382, "REPLICAOF 127.0.0.1 6381");
            }
            8 => {
                sim.command(6381, "REPLICAOF NO ONE");
                sim.command(6381, "SET mine 1");
                sim.command(6381, "REPLICAOF 127.0.0.1 6380");
            }
            9 => {
                sim.command(6380, "MULTI");
                for n in 0..4 {
                    sim.command(6380, &format!("SELECT {n}"));
                    sim.command(6380, &format!("APPEND m{n} {writes}"));
                }
                sim.command(6380, "EXEC");
            }
            10 => {
                sim.command(6380, "DEBUG POPULATE 300 fill 50");
                sim.command(6380, "CLIENT KILL TYPE replica");
                sim.command(6380, "DEBUG CHANGE-REPL-ID");
            }
            11 => {
                sim.command(6381, "SAVE");
                sim.command(6380, if dice & 0x2_0000 == 0 { "BGSAVE" } else { "FLUSHALL" });
            }
            _ => {
                for _ in 0..20 {
                    writes += 1;
                    let key = (dice >> 20) % 40;
                    let line = match writes % 7 {
                        0 => format!("DEL k{key}"),
                        1 => format!("APPEND k{key} {writes}"),
                        2 => format!("SET k{key} {writes} EX 1000"),
                        3 => format!("SELECT {}", writes % 3),
                        4 => format!("RENAME k{key} k{}", key + 1),
                        _ => format!("SET k{key} {writes}"),
                    };
                    sim.command(6380, &line);
                    dice = dice.rotate_left(7).wrapping_mul(31);
                }
            }
        }
        sim.run_for(dice % (2 * SECOND));
    }
    for (a, b) in [(6380, 6381), (6381, 6382), (6380, 6382)] {
        sim.heal(a, b);
    }
    for replica in [6381, 6382] {
        sim.command(replica, "REPLICAOF 127.0.0.1 6380");
        assert!(in_sync(&mut sim, replica), "seed {seed}: {replica} never came back");
        assert!(same_data(&mut sim, 6380, replica), "seed {seed}: {replica} holds other data");
    }
    sim.run_for(2 * SECOND);
    sim.events().to_vec()
}

#[test]
fn a_fault_schedule_told_twice_is_the_same_story() {
    for seed in 1..=50 {
        assert!(schedule(seed) == schedule(seed), "seed {seed} tells two stories");
    }
}

#[test]
fn many_fault_schedules_end_in_the_same_data() {
    // More of them, for a night: SYNCLAB_SEEDS=1000 cargo test --release fault_schedules
    let seeds = std::env::var("SYNCLAB_SEEDS").ok().and_then(|n| n.parse().ok()).unwrap_or(100);
    let mut seen = ledger::Seen::default();
    for seed in 1..=seeds {
        let events = schedule(seed);
        match ledger::audit(&events, true) {
            Ok(more) => {
                seen.propagated += more.propagated;
                seen.applied += more.applied;
                seen.held += more.held;
                seen.sent += more.sent;
                seen.acked += more.acked;
                seen.transfers += more.transfers;
                seen.partial += more.partial;
            }
            Err(wrong) => panic!("seed {seed}: {wrong}"),
        }
    }
    println!("{seen:?}");
    let least = seeds as u64;
    let counts = [seen.propagated, seen.applied, seen.held, seen.sent, seen.acked];
    assert!(counts.iter().all(|n| *n > least), "{seen:?}");
    assert!(seen.transfers > least && seen.partial > least, "{seen:?}");
}

/// Whether the last load ended behind the last sweep of the keys.
fn swept_before_loaded(sim: &Sim) -> bool {
    let matters =
        |f: &&Fact| matches!(f, Fact::LoadEnded { ok: true, .. } | Fact::KeysSwept { .. });
    let told: Vec<&Fact> = facts(sim).filter(matters).collect();
    matches!(told.as_slice(), [.., Fact::KeysSwept { .. }, Fact::LoadEnded { .. }])
}

/// Whoever folds the facts puts the keys that passed in place when the load ends: a sweep told
/// behind it would empty the picture of a full replica.
#[test]
fn the_old_keys_are_swept_before_a_load_ends() {
    for (load, reload) in [("disabled", "DEBUG RELOAD"), ("swapdb", "DEBUG RELOAD NOSAVE")] {
        let mut sim = pair(9, &[("repl-diskless-load", load)]);
        sim.command(6380, "SET name xd");
        sim.command(6381, "SET own 1");
        sim.command(6381, "SAVE");
        sim.command(6381, "REPLICAOF 127.0.0.1 6380");
        assert!(in_sync(&mut sim, 6381), "{load}");
        assert!(swept_before_loaded(&sim), "{load}: swept behind the load from the link");
        sim.command(6381, reload);
        assert!(swept_before_loaded(&sim), "{load}: swept behind {reload}");
    }
}
