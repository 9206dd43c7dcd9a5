//! Step mode over TCP: a full sync between two instances, one step at a time.

mod common;

use common::lab::{Client, open, wait_for};
use std::time::Duration;
use synclab::lab::Lab;
use synclab::lab::model::{LinkStatus, Model, MomentKind};
use synclab::observe::{Body, BreakOn, Event, Fact, LabFact, Source, StepKind};

fn lab() -> (Lab, tempfile::TempDir, u16, u16) {
    let (lab, tmp) = open(true);
    lab.prepare_free().expect("three masters");
    let [a, b, _] = lab.base_ports();
    assert_eq!(Client::to(a).ask("config set repl-diskless-sync-delay 0"), "+OK");
    (lab, tmp, a, b)
}

fn online(m: &Model, replica: u16) -> bool {
    m.link_of(replica).is_some_and(|l| l.status == LinkStatus::Online)
}

fn model(lab: &Lab) -> Model {
    lab.journal().model_at(lab.journal().len()).expect("in reach")
}

/// Waits until something waits, and says what: the kind of the oldest, and who asks for it.
fn next(lab: &Lab) -> (StepKind, u16) {
    let seen = std::cell::Cell::new(None);
    wait_for(lab, "a step waits", |m| {
        seen.set(m.time.waiting.first().map(|w| (w.step.kind, w.port)));
        m.time.held && seen.get().is_some()
    });
    seen.get().expect("it waited")
}

fn events(lab: &Lab, from: u64) -> Vec<Event> {
    let mut events = Vec::new();
    lab.journal().read_from(from, &mut events, usize::MAX);
    events
}

/// The kind of a step that began to wait.
fn waits(event: &Event) -> Option<StepKind> {
    match &event.body {
        Body::Lab(LabFact::StepWaits { step, .. }) => Some(step.kind),
        _ => None,
    }
}

#[test]
fn a_full_sync_is_stepped_from_connect_to_online() {
    let (lab, _tmp, a, b) = lab();
    let (mut on_a, mut on_b) = (Client::to(a), Client::to(b));
    assert_eq!(on_a.ask("set before 1"), "+OK");
    lab.set_stepping(true);
    let mark = lab.journal().len();
    assert_eq!(on_b.ask(&format!("replicaof 127.0.0.1 {a}")), "+OK");
    let mut kinds = Vec::new();
    let mut typed = false;
    loop {
        let (kind, port) = next(&lab);
        kinds.push(kind);
        assert!(kinds.len() < 60, "{kinds:?}");
        if kind == StepKind::RdbPiece || kind == StepKind::RdbEnd {
            assert_eq!(port, a);
            if !std::mem::replace(&mut typed, true) {
                assert_eq!(on_a.ask("set name xd"), "+OK", "clients are served as always");
                wait_for(&lab, "the write is in the buffer", |m| {
                    m.link_of(b).and_then(|l| l.down).is_some_and(|d| d.held_writes > 0)
                });
                assert_eq!(on_b.ask("get name"), "$-1");
            }
        }
        if kind == StepKind::Replay {
            break;
        }
        let taken = model(&lab).time.taken;
        lab.step(1);
        wait_for(&lab, "one step is taken", |m| m.time.taken == taken + 1);
    }
    assert!(typed, "{kinds:?}");
    let order = [
        StepKind::Connect,
        StepKind::Ping,
        StepKind::Pong,
        StepKind::Psync,
        StepKind::Decision,
        StepKind::SaveBegin,
        StepKind::FullResync,
        StepKind::RdbBegin,
        StepKind::RdbEnd,
        StepKind::Load,
        StepKind::Replay,
    ];
    // Two may wait at once: what each of them was comes from the journal.
    let told = events(&lab, mark);
    let kinds: Vec<StepKind> = told.iter().filter_map(waits).collect();
    let at: Vec<usize> = order
        .iter()
        .map(|k| kinds.iter().position(|s| s == k).unwrap_or_else(|| panic!("{k:?}: {kinds:?}")))
        .collect();
    assert!(at.is_sorted(), "{kinds:?}");
    assert!(kinds.contains(&StepKind::Online), "{kinds:?}");
    assert_eq!(on_b.ask("get name"), "$-1", "held to the last");
    lab.run();
    wait_for(&lab, "the write is on the replica", |m| {
        online(m, b) && m.key(b, 0, "name").is_some_and(|k| k.value.text() == "xd")
    });
    assert_eq!(on_b.ask("get name"), "$2 xd");
    assert_eq!(on_b.ask("get before"), "$1 1");
    let told = events(&lab, mark);
    let lost = |e: &&Event| matches!(e.body, Body::Fact(Fact::LinkLost { .. }));
    assert_eq!(told.iter().filter(lost).count(), 0, "nobody timed out");
}

#[test]
fn link_time_stands_while_a_step_waits() {
    let (lab, _tmp, a, b) = lab();
    assert_eq!(Client::to(a).ask("config set repl-timeout 1"), "+OK");
    assert_eq!(Client::to(b).ask("config set repl-timeout 1"), "+OK");
    lab.break_on(BreakOn::Kind(StepKind::Psync));
    assert_eq!(lab.breaks(), [BreakOn::Kind(StepKind::Psync)]);
    assert_eq!(Client::to(b).ask(&format!("replicaof 127.0.0.1 {a}")), "+OK");
    assert_eq!(next(&lab), (StepKind::Psync, b));
    assert!(lab.stepping(), "a breakpoint turns step mode on");
    let held = lab.now();
    // Real time far beyond the time-out.
    wait_for(&lab, "real time passes", |_| {
        std::thread::sleep(Duration::from_millis(20));
        assert_eq!(Client::to(a).ask("incr n").chars().next(), Some(':'));
        lab.now().mono_us > held.mono_us + 2_500_000
    });
    assert_eq!(lab.now().link_us, held.link_us);
    let mark = lab.journal().len();
    assert_eq!(lab.clear_breaks(), 1);
    lab.run();
    wait_for(&lab, "in sync", |m| online(m, b) && !m.time.held);
    let lost = |e: &&Event| matches!(e.body, Body::Fact(Fact::LinkLost { .. }));
    assert_eq!(events(&lab, mark).iter().filter(lost).count(), 0, "nobody timed out");
    let m = model(&lab);
    assert!(m.time.waiting.is_empty() && !m.time.stepping && m.time.breaks.is_empty());
    assert_eq!(m.history.count(0, |k| matches!(k, MomentKind::FullSyncGranted { .. })), 1);
}

#[test]
fn steps_of_an_instance_that_dies_are_gone() {
    let (lab, _tmp, a, b) = lab();
    lab.set_stepping(true);
    assert_eq!(Client::to(b).ask(&format!("replicaof 127.0.0.1 {a}")), "+OK");
    assert_eq!(next(&lab), (StepKind::Connect, b));
    lab.kill(b).expect("killed");
    wait_for(&lab, "nothing waits", |m| m.time.waiting.is_empty() && !m.time.held);
    let gone = |e: &&Event| matches!(e.body, Body::Lab(LabFact::StepGone { .. }));
    assert_eq!(events(&lab, 0).iter().filter(gone).count(), 1);
    let (one, two) = (lab.now(), lab.now());
    assert!(two.link_us >= one.link_us);
}

#[test]
fn waits_are_told_behind_the_facts_that_led_to_them() {
    let (lab, _tmp, a, b) = lab();
    assert_eq!(Client::to(b).ask(&format!("replicaof 127.0.0.1 {a}")), "+OK");
    wait_for(&lab, "in sync", |m| {
        online(m, b) && m.link_of(b).is_some_and(|l| l.behind == Some(0))
    });
    lab.set_stepping(true);
    let mark = lab.journal().len();
    assert_eq!(Client::to(a).ask("set name xd"), "+OK");
    assert_eq!(next(&lab), (StepKind::Command, a));
    let told = events(&lab, mark);
    let written = told.iter().position(|e| {
        e.source == Source::Instance(a) && matches!(e.body, Body::Fact(Fact::Propagated { .. }))
    });
    let waits = told.iter().position(|e| matches!(e.body, Body::Lab(LabFact::StepWaits { .. })));
    assert!(written.is_some() && written < waits, "{told:#?}");
    assert_eq!(Client::to(b).ask("get name"), "$-1");
    lab.step(10);
    wait_for(&lab, "it arrived", |m| m.key(b, 0, "name").is_some());
}
