//! A learner at random: step mode on and off in the middle of anything, breakpoints, slow motion,
//! every fault. What was written must come out the same.

use super::*;
use crate::observe::{BreakOn, StepKind};

const PAIRS: [(u16, u16); 3] = [(6380, 6381), (6381, 6382), (6380, 6382)];

/// Numbers from a seed (xorshift).
struct Dice(u64);

impl Dice {
    fn next(&mut self, below: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 8) % below
    }
}

/// Writes to 6380 by the writer's dice; whatever the learner does, these are the same.
fn write(sim: &mut Sim, dice: &mut Dice, n: &mut u64) {
    let transaction = dice.next(5) == 0;
    if transaction {
        sim.command(6380, "MULTI");
    }
    for _ in 0..1 + dice.next(12) {
        *n += 1;
        let key = dice.next(30);
        let line = match dice.next(9) {
            0 => format!("DEL k{key}"),
            1 => format!("APPEND k{key} {n}"),
            2 => format!("SET k{key} {n} EX 10000"),
            3 => format!("SELECT {}", n.wrapping_mul(7) % 3),
            4 => format!("SET big{key} {}", "x".repeat(dice.next(3000) as usize)),
            5 => format!("RPUSH l{key} {n} {n}"),
            _ => format!("SET k{key} {n}"),
        };
        sim.command(6380, &line);
    }
    if transaction {
        sim.command(6380, "EXEC");
    }
}

/// Something that a learner might do.
fn meddle(sim: &mut Sim, dice: &mut Dice) {
    let (a, b) = PAIRS[dice.next(3) as usize];
    let replica = 6381 + dice.next(2) as u16;
    match dice.next(24) {
        0..=3 => sim.set_stepping(true),
        4..=6 => sim.run_on(),
        7..=10 => {
            for _ in 0..dice.next(15) {
                sim.run_until(SECOND, |sim| !sim.waiting().is_empty());
                if sim.waiting().is_empty() {
                    break;
                }
                sim.step();
            }
        }
        11 => sim.break_on(BreakOn::Kind(StepKind::ALL[dice.next(24) as usize])),
        12 => sim.break_on(BreakOn::Port(replica)),
        13 => lift_breaks(sim),
        14 => sim.slow(1 + dice.next(5) as u32),
        15 => sim.delay(a, b, (dice.next(2) == 0).then(|| dice.next(300_000))),
        16 => sim.half_open(a, b),
        17 => sim.drop_link(a, b),
        18 => sim.freeze(replica),
        19 => sim.thaw(replica),
        20 => sim.cut(a, b),
        21 => sim.throttle(a, b, 5_000 + dice.next(50_000)),
        22 => {
            let master = if dice.next(2) == 0 { 6380 } else { 6381 };
            sim.tell(6382, &format!("REPLICAOF 127.0.0.1 {master}"));
        }
        _ => sim.bounce(replica),
    }
    if dice.next(3) == 0 {
        sim.heal(a, b);
    }
    if dice.next(20) == 0 {
        sim.tell(6381, "REPLICAOF NO ONE");
        sim.run_for(dice.next(SECOND));
        sim.tell(6381, "REPLICAOF 127.0.0.1 6380");
    }
}

fn lift_breaks(sim: &mut Sim) {
    for kind in StepKind::ALL {
        sim.clear_break(BreakOn::Kind(kind));
    }
    for port in [6381, 6382] {
        sim.clear_break(BreakOn::Port(port));
    }
}

/// The digest that all instances share at the end, and what happened.
fn session(seed: u64, learner: bool) -> (String, Vec<Event>) {
    let more = [
        ("repl-timeout", "5"),
        ("repl-ping-replica-period", "1"),
        ("repl-diskless-sync", if seed.is_multiple_of(3) { "no" } else { "yes" }),
        ("repl-diskless-load", if seed.is_multiple_of(2) { "swapdb" } else { "disabled" }),
    ];
    let mut sim = pair(seed, &more);
    sim.start(6382, config(6382, &more));
    if seed.is_multiple_of(5) {
        // An RDB of several pieces.
        sim.command(6380, "DEBUG POPULATE 1500 fill 100");
    }
    sim.tell(6381, "REPLICAOF 127.0.0.1 6380");
    sim.tell(6382, "REPLICAOF 127.0.0.1 6381");
    let mut writer = Dice(seed.wrapping_mul(0x2545_f491_4f6c_dd1d) | 1);
    let (mut hand, mut n) = (Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1), 0);
    for _ in 0..20 {
        write(&mut sim, &mut writer, &mut n);
        if learner {
            meddle(&mut sim, &mut hand);
            sim.run_for(hand.next(SECOND));
        }
    }
    lift_breaks(&mut sim);
    sim.run_on();
    sim.slow(1);
    for replica in [6381, 6382] {
        sim.thaw(replica);
    }
    for (a, b) in PAIRS {
        sim.heal(a, b);
    }
    assert!(sim.waiting().is_empty(), "seed {seed}: {:?}", sim.waiting());
    let stood = sim.now().link_us;
    sim.run_for(SECOND);
    assert_eq!(sim.now().link_us, stood + SECOND, "seed {seed}: link time does not run");
    for replica in [6381, 6382] {
        sim.tell(replica, "REPLICAOF 127.0.0.1 6380");
        assert!(in_sync(&mut sim, replica), "seed {seed}: {replica} never came back");
        assert!(same_data(&mut sim, 6380, replica), "seed {seed}: {replica} holds other data");
    }
    sim.run_for(2 * SECOND);
    (text(sim.command(6380, "DEBUG DIGEST")), sim.events().to_vec())
}

#[test]
fn a_learner_changes_when_but_never_what() {
    let seeds = std::env::var("SYNCLAB_SEEDS").ok().and_then(|n| n.parse().ok()).unwrap_or(220);
    let (mut taken, mut gone, mut seen) = (0, 0, ledger::Seen::default());
    for seed in 1..=seeds {
        let (digest, _) = session(seed, false);
        let (held, events) = session(seed, true);
        assert_eq!(digest, held, "seed {seed}: stepping changed the data");
        match ledger::audit(&events, true) {
            Ok(more) => {
                seen.transfers += more.transfers;
                seen.partial += more.partial;
                seen.held += more.held;
            }
            Err(wrong) => panic!("seed {seed}: {wrong}"),
        }
        let count = |f: fn(&LabFact) -> bool| {
            events.iter().filter(|e| matches!(&e.body, Body::Lab(fact) if f(fact))).count()
        };
        taken += count(|f| matches!(f, LabFact::StepTaken { .. }));
        gone += count(|f| matches!(f, LabFact::StepGone { .. }));
        // Every step that waited was taken, or is gone.
        let waited = count(|f| matches!(f, LabFact::StepWaits { .. }));
        let ended = count(|f| matches!(f, LabFact::StepTaken { .. } | LabFact::StepGone { .. }));
        assert_eq!(waited, ended, "seed {seed}");
    }
    println!("{taken} steps taken, {gone} gone, {seen:?}");
    let least = seeds as usize;
    assert!(taken > 5 * least && gone > least / 4, "{taken} steps taken, {gone} gone");
    assert!(seen.transfers > seeds && seen.partial > seeds / 4 && seen.held > 0, "{seen:?}");
}

#[test]
fn a_learners_session_told_twice_is_the_same_story() {
    for seed in 1..=15 {
        assert!(session(seed, true) == session(seed, true), "seed {seed} tells two stories");
    }
}
