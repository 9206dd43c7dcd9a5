//! Steps, one by one: what happens in which order, and that nothing happens before its step.

use super::*;
use crate::observe::{
    BreakOn, Flow, LinkState, Message, ReplicaState, Source, Step, StepKind, StepWhat,
};

/// Lets `n` steps go; gives their names, each with the port that asks.
fn steps(sim: &mut Sim, n: usize) -> Vec<String> {
    let mut names = Vec::new();
    for _ in 0..n {
        sim.run_until(20 * SECOND, |sim| !sim.waiting().is_empty());
        let asks = sim.waiting().first().map(|(port, _)| *port);
        let (Some(port), Some(step)) = (asks, sim.step()) else { break };
        names.push(format!("{port} {}", step.kind.name()));
    }
    names
}

/// Lets steps go until one of this kind waits in front, at most 60.
fn steps_up_to(sim: &mut Sim, kind: StepKind) -> Step {
    for _ in 0..60 {
        sim.run_until(20 * SECOND, |sim| !sim.waiting().is_empty());
        match sim.waiting().first() {
            Some((_, step)) if step.kind == kind => return step.clone(),
            _ => sim.step(),
        };
    }
    panic!("no {} came", kind.name());
}

fn lab_facts(sim: &Sim) -> impl Iterator<Item = &LabFact> {
    sim.events().iter().filter_map(|e| match &e.body {
        Body::Lab(fact) => Some(fact),
        _ => None,
    })
}

fn state_of(sim: &Sim, port: u16) -> Option<LinkState> {
    sim.events().iter().rev().find_map(|e| match &e.body {
        Body::Fact(Fact::LinkState { to, .. }) if e.source == Source::Instance(port) => Some(*to),
        _ => None,
    })
}

const HANDSHAKE: [&str; 9] = [
    "6381 connect",
    "6381 ping",
    "6381 pong",
    "6381 replconf",
    "6381 replconf",
    "6380 reply",
    "6380 reply",
    "6381 psync",
    "6380 decision",
];

/// A full sync from the connect on, with a SET typed while the RDB waits; the steps behind the
/// handshake.
fn stepped_full_sync(seed: u64, more: &[(&str, &str)]) -> (Sim, Vec<String>) {
    let mut sim = pair(seed, more);
    sim.command(6380, "SET before 1");
    sim.set_stepping(true);
    assert_eq!(text(sim.command(6381, "REPLICAOF 127.0.0.1 6380")), "OK");
    assert_eq!(steps(&mut sim, 9), HANDSHAKE);
    let mut rest = Vec::new();
    for _ in 0..3 {
        rest.extend(steps(&mut sim, 1));
    }
    // The snapshot stands: what is written now is held.
    assert_eq!(text(sim.command(6380, "SET name xd")), "OK");
    let held = |f: &Fact| matches!(f, Fact::Held { held_bytes: 54, .. });
    assert!(facts(&sim).any(held), "the SET is seen in the buffer");
    for _ in 0..20 {
        assert_ne!(text(sim.command(6381, "GET name")), "xd", "after {rest:?}");
        let next = steps(&mut sim, 1).pop().expect("a step");
        let replayed = next == "6380 replay" && rest.last() == Some(&next);
        rest.push(next);
        if replayed {
            break;
        }
    }
    assert_eq!(text(sim.command(6381, "GET name")), "xd", "after its step: {rest:?}");
    (sim, rest)
}

#[test]
fn a_full_sync_from_the_dump_goes_step_by_step() {
    let (mut sim, rest) = stepped_full_sync(1, &[("repl-diskless-sync", "no")]);
    assert_eq!(
        rest,
        [
            "6380 save-begin",
            "6380 full-resync",
            "6380 save-end",
            "6380 rdb-begin",
            "6380 rdb-end",
            "6380 online",
            "6381 load",
            "6380 replay",
            "6380 replay"
        ]
    );
    assert_eq!(steps(&mut sim, 9), ["6381 ack"], "and then there is peace");
    sim.run_on();
    assert!(same_data(&mut sim, 6380, 6381));
    ledger::audit(sim.events(), true).expect("the books");
}

#[test]
fn a_full_sync_without_a_disk_goes_step_by_step() {
    let (mut sim, rest) = stepped_full_sync(2, &[]);
    assert_eq!(
        rest,
        [
            "6380 save-begin",
            "6380 full-resync",
            "6380 save-end",
            "6380 rdb-begin",
            "6380 rdb-piece",
            "6380 rdb-end",
            "6380 online",
            "6381 load",
            "6381 ack",
            "6380 replay",
            "6380 replay"
        ]
    );
    assert_eq!(steps(&mut sim, 9), ["6381 ack"]);
    ledger::audit(sim.events(), true).expect("the books");
}

#[test]
fn a_load_from_the_link_is_a_step_before_its_first_byte() {
    let (sim, rest) = stepped_full_sync(3, &[("repl-diskless-load", "swapdb")]);
    assert_eq!(
        rest,
        [
            "6380 save-begin",
            "6380 full-resync",
            "6380 save-end",
            "6380 rdb-begin",
            "6380 rdb-piece",
            "6381 load",
            "6380 rdb-end",
            "6380 online",
            "6381 ack",
            "6380 replay",
            "6380 replay"
        ]
    );
    ledger::audit(sim.events(), true).expect("the books");
}

#[test]
fn a_partial_resync_goes_step_by_step() {
    let mut sim = pair(4, &[]);
    sim.command(6381, "REPLICAOF 127.0.0.1 6380");
    assert!(in_sync(&mut sim, 6381));
    sim.set_stepping(true);
    sim.drop_link(6380, 6381);
    sim.command(6380, "SET name xd");
    let ends = ["6380 link-end", "6381 link-end"];
    let first = steps(&mut sim, 2);
    assert!(first.iter().all(|s| ends.contains(&s.as_str())), "{first:?}");
    assert_eq!(steps(&mut sim, 9), HANDSHAKE);
    assert_eq!(steps(&mut sim, 1), ["6380 continue"]);
    assert_eq!(state_of(&sim, 6381), Some(LinkState::Connected));
    assert_eq!(sim.command(6381, "GET name"), Some(Value::Null));
    let rest = steps(&mut sim, 9);
    assert!(rest.starts_with(&["6380 command".into()]) && rest.ends_with(&["6381 ack".into()]));
    assert_eq!(text(sim.command(6381, "GET name")), "xd");
    assert!(matches!(decisions(&sim).last(), Some(PsyncVerdict::Continue { .. })));
}

#[test]
fn a_breakpoint_holds_before_its_step_happens() {
    let on = |kind| {
        let mut sim = pair(5, &[("repl-diskless-sync", "no")]);
        sim.break_on(BreakOn::Kind(kind));
        sim.command(6380, "SET name xd");
        sim.command(6381, "REPLICAOF 127.0.0.1 6380");
        assert!(sim.run_until(20 * SECOND, |sim| sim.is_stepping()), "{kind:?}");
        sim.settle();
        let first = sim.waiting().first().map(|(_, step)| step.kind);
        assert_eq!(first, Some(kind));
        let hit = Some(BreakOn::Kind(kind));
        assert!(lab_facts(&sim).any(|f| *f == LabFact::StepMode { on: true, hit }));
        sim
    };
    let heard = |sim: &Sim, what: fn(&Message) -> bool| {
        facts(sim).any(|f| matches!(f, Fact::Heard { message, .. } if what(message)))
    };
    let mut sim = on(StepKind::Psync);
    assert!(!heard(&sim, |m| matches!(m, Message::Psync { .. })));
    sim.run_on();
    assert!(in_sync(&mut sim, 6381));

    let mut sim = on(StepKind::Decision);
    assert!(heard(&sim, |m| matches!(m, Message::Psync { .. })) && decisions(&sim).is_empty());
    assert_eq!(info(&mut sim, 6380, "connected_slaves"), "0");
    sim.run_on();
    assert!(in_sync(&mut sim, 6381) && decisions(&sim).len() == 1);

    let mut sim = on(StepKind::RdbEnd);
    assert_eq!(state_of(&sim, 6381), Some(LinkState::Transfer));
    assert!(!heard(&sim, |m| matches!(m, Message::RdbEnd { .. })));
    assert_eq!(sim.command(6381, "GET name"), Some(Value::Null));
    sim.run_on();
    assert!(in_sync(&mut sim, 6381));
    assert_eq!(text(sim.command(6381, "GET name")), "xd");
    // It is met again.
    sim.command(6380, "DEBUG CHANGE-REPL-ID");
    sim.drop_link(6380, 6381);
    assert!(sim.run_until(20 * SECOND, |sim| sim.is_stepping()));
    assert!(sim.clear_break(BreakOn::Kind(StepKind::RdbEnd)));
    sim.run_on();
    assert!(in_sync(&mut sim, 6381));
}

#[test]
fn the_end_of_a_link_is_not_known_before_its_step() {
    let mut sim = pair(6, &[]);
    sim.command(6381, "REPLICAOF 127.0.0.1 6380");
    assert!(in_sync(&mut sim, 6381));
    sim.break_on(BreakOn::Kind(StepKind::LinkEnd));
    sim.crash(6380);
    sim.run_for(SECOND);
    assert_eq!(
        sim.waiting().first().map(|(port, s)| (*port, s.kind)),
        Some((6381, StepKind::LinkEnd))
    );
    assert_eq!(info(&mut sim, 6381, "master_link_status"), "up");
    // Nobody times out, however long that takes, and clients are served.
    sim.run_for(3600 * SECOND);
    assert_eq!(info(&mut sim, 6381, "master_link_status"), "up");
    sim.step();
    assert_eq!(info(&mut sim, 6381, "master_link_status"), "down");
}

#[test]
fn a_promotion_waits_with_its_client() {
    let mut sim = pair(7, &[]);
    sim.command(6381, "REPLICAOF 127.0.0.1 6380");
    assert!(in_sync(&mut sim, 6381));
    sim.break_on(BreakOn::Kind(StepKind::Promotion));
    let client = sim.connect(6381).expect("a client");
    sim.send(client, "REPLICAOF NO ONE");
    assert_eq!(sim.await_reply(client, 10 * SECOND), None, "no reply before the step");
    assert_eq!(info(&mut sim, 6381, "role"), "slave");
    assert_eq!(sim.waiting()[0].1.kind, StepKind::Promotion);
    sim.step();
    assert_eq!(text(sim.await_reply(client, SECOND)), "OK");
    assert_eq!(info(&mut sim, 6381, "role"), "master");
    sim.run_on();

    // A transaction waits as a whole.
    sim.command(6381, "REPLICAOF 127.0.0.1 6380");
    assert!(in_sync(&mut sim, 6381));
    let client = sim.connect(6381).expect("a client");
    for (line, reply) in [("MULTI", "OK"), ("GET none", "QUEUED"), ("SLAVEOF NO ONE", "QUEUED")] {
        sim.send(client, line);
        assert_eq!(text(sim.await_reply(client, SECOND)), reply);
    }
    sim.send(client, "EXEC");
    assert_eq!(sim.await_reply(client, 10 * SECOND), None, "nor in a transaction");
    assert_eq!(sim.waiting()[0].1.kind, StepKind::Promotion);
    sim.step();
    let Some(Value::Array(replies)) = sim.await_reply(client, SECOND) else { panic!("replies") };
    assert_eq!((replies.len(), info(&mut sim, 6381, "role").as_str()), (2, "master"));
    sim.run_on();

    // A client that is killed meanwhile has asked for nothing.
    sim.command(6381, "REPLICAOF 127.0.0.1 6380");
    assert!(in_sync(&mut sim, 6381));
    let client = sim.connect(6381).expect("a client");
    sim.send(client, "CLIENT ID");
    let Some(Value::Int(id)) = sim.await_reply(client, SECOND) else { panic!("an id") };
    sim.send(client, "REPLICAOF NO ONE");
    sim.run_for(SECOND);
    assert!(sim.waiting().iter().any(|(_, s)| s.kind == StepKind::Promotion));
    assert_eq!(sim.command(6381, &format!("CLIENT KILL ID {id}")), Some(Value::Int(1)));
    assert!(!sim.waiting().iter().any(|(_, s)| s.kind == StepKind::Promotion));
    sim.run_on();
    assert_eq!(info(&mut sim, 6381, "role"), "slave");
}

#[test]
fn nobody_times_out_while_steps_wait() {
    let mut sim = pair(8, &[("repl-timeout", "15"), ("repl-diskless-sync", "no")]);
    sim.command(6380, "SET name xd");
    sim.set_stepping(true);
    sim.command(6381, "REPLICAOF 127.0.0.1 6380");
    for kind in [StepKind::Pong, StepKind::FullResync, StepKind::RdbEnd, StepKind::Online] {
        steps_up_to(&mut sim, kind);
        let before = sim.now();
        sim.run_for(3600 * SECOND);
        assert_eq!(sim.now().link_us, before.link_us, "link time stands");
        assert_eq!(sim.now().mono_us, before.mono_us + 3600 * SECOND);
    }
    sim.run_on();
    assert!(in_sync(&mut sim, 6381));
    sim.set_stepping(true);
    sim.command(6380, "SET name again");
    sim.run_for(3600 * SECOND);
    assert_eq!(text(sim.command(6381, "GET name")), "xd");
    let from = sim.now().link_us;
    sim.run_on();
    sim.run_for(20 * SECOND);
    assert_eq!(sim.now().link_us, from + 20 * SECOND);
    assert_eq!(text(sim.command(6381, "GET name")), "again");
    assert!(!facts(&sim).any(|f| matches!(f, Fact::LinkLost { .. })), "nobody timed out");
    let held: Vec<bool> = lab_facts(&sim)
        .filter_map(|f| match f {
            LabFact::LinkTimeHeld { on } => Some(*on),
            _ => None,
        })
        .collect();
    assert!(held.len() > 4 && held.chunks(2).all(|on| on == [true, false]), "{held:?}");
}

#[test]
fn a_chain_goes_step_by_step() {
    let mut sim = pair(9, &[]);
    sim.start(6382, config(6382, &[]));
    sim.command(6381, "REPLICAOF 127.0.0.1 6380");
    assert!(in_sync(&mut sim, 6381));
    sim.command(6382, "REPLICAOF 127.0.0.1 6381");
    assert!(in_sync(&mut sim, 6382));
    sim.run_for(3 * SECOND);
    sim.set_stepping(true);
    sim.command(6380, "SET a 1");
    sim.command(6380, "SET b 2");
    steps_up_to(&mut sim, StepKind::Command);
    // A command comes to the middle by the master's step, and to the end by the sub-master's.
    let mut there = [(6381, 'a'), (6381, 'b'), (6382, 'a'), (6382, 'b')].map(|k| (k, false));
    for _ in 0..20 {
        let asks = sim.waiting().first().map(|(port, s)| (*port, s.kind));
        sim.step();
        for ((port, key), was) in &mut there {
            let is = sim.command(*port, &format!("GET {key}")) != Some(Value::Null);
            let by_its_step = asks == Some((*port - 1, StepKind::Command));
            assert!(is == *was || by_its_step, "{key} came to {port} by {asks:?}");
            *was = is;
        }
    }
    assert!(there.iter().all(|(_, is)| *is), "{there:?}");
    sim.run_on();
    assert!(same_data(&mut sim, 6380, 6382));
    ledger::audit(sim.events(), true).expect("the books");
}

#[test]
fn an_instance_shuts_down_while_its_links_are_held() {
    let mut sim = pair(10, &[]);
    sim.command(6381, "REPLICAOF 127.0.0.1 6380");
    assert!(in_sync(&mut sim, 6381));
    sim.set_stepping(true);
    sim.command(6380, "SET name xd");
    let client = sim.connect(6380).expect("a client");
    sim.send(client, "SHUTDOWN NOSAVE");
    // It waits ten seconds for the replica that is behind.
    sim.run_for(12 * SECOND);
    assert!(!sim.is_up(6380));
    assert!(sim.waiting().iter().all(|(port, _)| *port == 6381));
    let end = steps_up_to(&mut sim, StepKind::LinkEnd);
    assert!(end.link.is_some());
    sim.run_on();
    assert_eq!(sim.command(6381, "GET name"), Some(Value::Null));
    let online = |f: &Fact| matches!(f, Fact::ReplicaState { to: ReplicaState::Online, .. });
    assert!(facts(&sim).any(online));
}

/// How often this instance told that it said this.
fn said(sim: &Sim, port: u16, message: &Message) -> usize {
    let told = |e: &&Event| match &e.body {
        Body::Fact(Fact::Said { message: m, .. }) => {
            e.source == Source::Instance(port) && m == message
        }
        _ => false,
    };
    sim.events().iter().filter(told).count()
}

#[test]
fn a_message_is_told_as_said_when_it_goes_and_not_before() {
    let mut sim = pair(11, &[("repl-diskless-sync", "no")]);
    sim.set_stepping(true);
    sim.command(6381, "REPLICAOF 127.0.0.1 6380");
    let mut checked = 0;
    for _ in 0..30 {
        sim.run_until(20 * SECOND, |sim| !sim.waiting().is_empty());
        let Some((port, step)) = sim.waiting().first().cloned() else { break };
        // The master's replies before it knows the link for one are told by the replica alone.
        let message = match (&step.what, step.flow) {
            (StepWhat::Message(m), Flow::Out) if *m != Message::Ok => Some(m.clone()),
            _ => None,
        };
        let before = message.as_ref().map(|m| said(&sim, port, m));
        sim.step();
        if let (Some(m), Some(before)) = (message, before) {
            assert_eq!((before, said(&sim, port, &m)), (0, 1), "{m:?}");
            checked += 1;
        }
        if step.kind == StepKind::RdbBegin {
            break;
        }
    }
    // PING, two REPLCONF, PSYNC, +FULLRESYNC, the preamble.
    assert_eq!(checked, 6);
}

/// Who lets the RDB go piece by piece sees after each how much of it has passed.
#[test]
fn each_piece_of_the_rdb_is_told_when_it_went() {
    let mut sim = pair(41, &[]);
    sim.command(6380, "DEBUG POPULATE 20000 key 100");
    sim.set_stepping(true);
    assert_eq!(text(sim.command(6381, "REPLICAOF 127.0.0.1 6380")), "OK");
    steps_up_to(&mut sim, StepKind::RdbPiece);
    let told = |sim: &Sim| {
        let all = sim.events().iter().filter_map(|e| match &e.body {
            Body::Fact(Fact::RdbSent { sent, .. }) => Some(*sent),
            _ => None,
        });
        all.max().unwrap_or(0)
    };
    let mut pieces = 0;
    while pieces < 4 {
        assert_eq!(steps_up_to(&mut sim, StepKind::RdbPiece).kind, StepKind::RdbPiece);
        let before = told(&sim);
        let step = sim.step().expect("a piece");
        // As far as it reached the socket: the last bytes may be the end mark of the stream.
        let now = told(&sim);
        assert!(now > before && now + 1024 >= before + step.bytes, "{now}, {before}, {step:?}");
        pieces += 1;
    }
}
