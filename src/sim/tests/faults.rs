//! Faults of links and instances, and slow motion: what each does, and that each can be undone.

use super::*;
use crate::observe::{Fault, LinkLoss, Source};

fn up(seed: u64, more: &[(&str, &str)]) -> Sim {
    let mut sim = pair(seed, more);
    sim.command(6381, "REPLICAOF 127.0.0.1 6380");
    assert!(in_sync(&mut sim, 6381));
    sim.run_for(3 * SECOND);
    sim
}

fn lab(sim: &Sim) -> Vec<&LabFact> {
    let lab = |e: &'_ Event| matches!(&e.body, Body::Lab(_));
    let all = sim.events().iter().filter(|e| lab(e));
    all.filter_map(|e| if let Body::Lab(fact) = &e.body { Some(fact) } else { None }).collect()
}

fn lost(sim: &Sim, port: u16) -> Vec<LinkLoss> {
    let of = sim.events().iter().filter(|e| e.source == Source::Instance(port));
    of.filter_map(|e| match &e.body {
        Body::Fact(Fact::LinkLost { cause, .. }) => Some(cause.clone()),
        _ => None,
    })
    .collect()
}

/// Microseconds from a SET at 6380 until it is seen at 6381.
fn travel(sim: &mut Sim, value: &str) -> u64 {
    sim.command(6380, &format!("SET name {value}"));
    let from = sim.now().mono_us;
    let limit = from + 10 * SECOND;
    while text(sim.command(6381, "GET name")) != value {
        assert!(sim.now().mono_us < limit, "{value} never came");
    }
    sim.now().mono_us - from
}

#[test]
fn a_delay_makes_every_byte_late_and_breaks_nothing() {
    let mut sim = up(1, &[("repl-timeout", "5"), ("repl-ping-replica-period", "1")]);
    assert!(travel(&mut sim, "soon") < 5_000);
    sim.delay(6380, 6381, Some(700_000));
    let us = travel(&mut sim, "late");
    assert!((700_000..710_000).contains(&us), "{us}");
    sim.run_for(20 * SECOND);
    sim.heal(6380, 6381);
    assert!(travel(&mut sim, "again") < 5_000);
    assert!(lost(&sim, 6380).is_empty() && lost(&sim, 6381).is_empty());
    let fault = Fault::Delay { us: 700_000 };
    let told = |on| LabFact::LinkFault { a: 6380, b: 6381, fault, on };
    assert!(lab(&sim).contains(&&told(true)) && lab(&sim).contains(&&told(false)));
}

#[test]
fn a_half_open_link_is_found_out_by_time_outs_alone() {
    let mut sim = up(2, &[("repl-timeout", "5"), ("repl-ping-replica-period", "1")]);
    sim.half_open(6380, 6381);
    sim.command(6380, "SET name xd");
    sim.run_for(3 * SECOND);
    assert!(lost(&sim, 6380).is_empty() && lost(&sim, 6381).is_empty(), "nobody is told");
    sim.run_for(10 * SECOND);
    for port in [6380, 6381] {
        let why = lost(&sim, port);
        assert!(matches!(why[0], LinkLoss::TimedOut { .. }), "{port}: {why:?}");
    }
    assert_eq!(info(&mut sim, 6381, "master_link_status"), "down", "dials hang");
    sim.heal(6380, 6381);
    assert!(in_sync(&mut sim, 6381));
    assert_eq!(text(sim.command(6381, "GET name")), "xd");
}

#[test]
fn a_crash_behind_a_half_open_link_is_told_when_it_heals() {
    let mut sim = up(3, &[]);
    sim.half_open(6380, 6381);
    sim.bounce(6380);
    sim.run_for(5 * SECOND);
    assert!(lost(&sim, 6381).is_empty());
    assert_eq!(info(&mut sim, 6381, "master_link_status"), "up");
    sim.heal(6380, 6381);
    sim.run_for(10_000);
    assert_eq!(lost(&sim, 6381), [LinkLoss::PeerClosed]);
    assert!(in_sync(&mut sim, 6381) && same_data(&mut sim, 6380, 6381));
}

#[test]
fn a_dropped_link_comes_back_at_once() {
    let mut sim = up(4, &[]);
    let before = sim.now().mono_us;
    sim.drop_link(6380, 6381);
    assert!(in_sync(&mut sim, 6381));
    assert!(sim.now().mono_us - before < SECOND / 2);
    assert!(matches!(decisions(&sim).last(), Some(PsyncVerdict::Continue { .. })));
    assert!(lab(&sim).contains(&&LabFact::LinkDropped { a: 6380, b: 6381 }));
}

#[test]
fn a_frozen_instance_does_nothing_and_goes_on() {
    let mut sim = up(5, &[]);
    sim.freeze(6381);
    sim.command(6380, "SET name xd");
    let client = sim.connect(6381).expect("the connection is made all the same");
    sim.send(client, "GET name");
    let told = sim.events().len();
    sim.run_for(20 * SECOND);
    let spoke = |e: &Event| e.source == Source::Instance(6381);
    assert!(!sim.events()[told..].iter().any(spoke), "it said something");
    sim.thaw(6381);
    assert_eq!(text(sim.await_reply(client, SECOND)), "xd");
    sim.run_for(SECOND);
    assert!(lost(&sim, 6380).is_empty() && lost(&sim, 6381).is_empty());

    // Long enough, and its master takes it for dead.
    sim.freeze(6381);
    sim.run_for(70 * SECOND);
    assert!(matches!(lost(&sim, 6380)[..], [LinkLoss::TimedOut { .. }]));
    assert!(lost(&sim, 6381).is_empty());
    sim.thaw(6381);
    assert!(in_sync(&mut sim, 6381) && !lost(&sim, 6381).is_empty());
    assert!(same_data(&mut sim, 6380, 6381));
}

#[test]
fn in_slow_motion_links_and_their_time_crawl_and_clients_do_not() {
    let mut sim = up(6, &[("repl-timeout", "5"), ("repl-ping-replica-period", "1")]);
    let usual = travel(&mut sim, "usual");
    sim.slow(100);
    let before = sim.now();
    assert!(travel(&mut sim, "slow") > 10 * usual.max(50));
    sim.run_for(300 * SECOND);
    let (now, link) = (sim.now(), sim.now().link_us - before.link_us);
    let passed = now.mono_us - before.mono_us;
    assert!((passed / 100..=passed / 100 + 1).contains(&link), "{link} of {passed}");
    assert!(lost(&sim, 6380).is_empty(), "nobody is late by a clock that crawls");
    let answer = sim.now().mono_us;
    sim.command(6380, "GET name");
    assert!(sim.now().mono_us - answer < 1_000);
    sim.slow(1);
    assert!(travel(&mut sim, "again") < 5_000);
}
