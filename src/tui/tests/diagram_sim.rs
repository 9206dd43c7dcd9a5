//! The sequence diagram over seeded simulations: a full sync step by step, and every fault.

use super::simulated::{SECOND, Session};
use super::text;
use crate::observe::{BreakOn, StepKind};
use crate::tui::app::Pane;

/// The diagram alone, everything played.
fn look(s: &mut Session) {
    s.watch();
    s.app.show(Pane::Sequence);
    s.app.zoom = true;
    s.app.notice = None;
    let keys: Vec<_> = s.app.world.links.keys().cloned().collect();
    for key in keys {
        let end = s.app.world.links.get(&key).map_or(0, |seq| seq.end());
        s.app.play.catch_up(&key, end, s.app.now.mono_us);
    }
}

/// The same as goldens, at both sizes.
fn golden(s: &mut Session, name: &str) {
    look(s);
    insta::assert_snapshot!(format!("{name}_120x40"), text(&mut s.app, 120, 40));
    insta::assert_snapshot!(format!("{name}_80x24"), text(&mut s.app, 80, 24));
}

/// Steps until this kind is the next to go.
fn step_to(s: &mut Session, kind: StepKind) {
    for _ in 0..60 {
        if s.sim.waiting().first().is_some_and(|(_, step)| step.kind == kind) {
            return s.watch();
        }
        s.sim.step().expect("a step");
    }
    panic!("no {} in 60 steps: {:?}", kind.name(), s.sim.waiting());
}

#[test]
fn a_breakpoint_holds_psync_before_it_leaves() {
    let mut s = Session::new(11);
    s.sim.break_on(BreakOn::Kind(StepKind::Psync));
    s.typed(6381, "SLAVEOF 127.0.0.1 6380");
    s.run(2 * SECOND);
    golden(&mut s, "sim_break_psync");
    let shown = text(&mut s.app, 120, 40);
    assert!(shown.contains("⏸ PSYNC") && shown.contains("▸psync"), "{shown}");
    assert!(!shown.contains("├─ PSYNC"), "it has not left: {shown}");
    s.sim.run_on();
    s.run(20 * SECOND);
    look(&mut s);
    let shown = text(&mut s.app, 120, 40);
    assert!(shown.contains("●┊├─ PSYNC") && !shown.contains("⏸ PSYNC"), "{shown}");
}

#[test]
fn a_full_sync_is_stepped_with_a_set_typed_into_it() {
    let mut s = Session::new(12);
    s.typed(6380, "SET colour red");
    s.sim.set_stepping(true);
    s.typed(6381, "SLAVEOF 127.0.0.1 6380");
    step_to(&mut s, StepKind::Decision);
    golden(&mut s, "sim_step_decision");
    step_to(&mut s, StepKind::RdbEnd);
    s.typed(6380, "SET name xd");
    golden(&mut s, "sim_step_rdb_end");
    let shown = text(&mut s.app, 120, 40);
    assert!(shown.contains("⏸ SET name xd"), "it waits in the buffer: {shown}");
    step_to(&mut s, StepKind::Replay);
    golden(&mut s, "sim_step_replay");
    s.sim.run_on();
    s.run(3 * SECOND);
    golden(&mut s, "sim_step_done");
    let shown = text(&mut s.app, 120, 40);
    assert!(shown.contains("✓ replayed"), "{shown}");
    // All of it at once, with a life line for each server.
    s.app.diagram.all = true;
    golden(&mut s, "sim_step_done_all");
}

#[test]
fn two_replicas_and_a_chain_on_life_lines_of_their_own() {
    let mut s = Session::new(13);
    s.typed(6380, "CONFIG SET repl-diskless-sync-delay 0");
    s.typed(6381, "CONFIG SET repl-diskless-sync-delay 0");
    s.typed(6381, "SLAVEOF 127.0.0.1 6380");
    s.until_online();
    s.typed(6382, "SLAVEOF 127.0.0.1 6381");
    s.run(3 * SECOND);
    s.typed(6380, "SET name xd");
    s.run(2 * SECOND);
    s.app.diagram.all = true;
    golden(&mut s, "sim_chain_all");
}

#[test]
fn faults_of_a_simulated_link_and_what_comes_of_them() {
    let mut s = Session::new(14);
    s.typed(6380, "CONFIG SET repl-diskless-sync-delay 0");
    s.typed(6381, "SLAVEOF 127.0.0.1 6380");
    s.until_online();
    s.sim.delay(6380, 6381, Some(200_000));
    s.typed(6380, "SET name xd");
    s.run(2 * SECOND);
    s.sim.slow(10);
    s.sim.freeze(6381);
    s.run(5 * SECOND);
    s.sim.thaw(6381);
    s.sim.slow(1);
    s.sim.drop_link(6380, 6381);
    s.run(5 * SECOND);
    s.sim.cut(6380, 6381);
    s.run(8 * SECOND);
    golden(&mut s, "sim_faults");
    let shown = text(&mut s.app, 120, 40);
    for what in ["dropped", "slow motion: link time at 1/10", "6381 is frozen", " cut · +200 ms"] {
        assert!(shown.contains(what), "{what}\n{shown}");
    }
}

#[test]
fn a_half_open_link_times_out_and_the_why_names_the_setting() {
    let mut s = Session::new(15);
    s.typed(6380, "CONFIG SET repl-diskless-sync-delay 0");
    s.typed(6380, "CONFIG SET repl-timeout 7");
    s.typed(6381, "CONFIG SET repl-timeout 7");
    s.typed(6381, "SLAVEOF 127.0.0.1 6380");
    s.until_online();
    s.sim.half_open(6380, 6381);
    s.run(20 * SECOND);
    golden(&mut s, "sim_half_open");
    let shown = text(&mut s.app, 120, 40);
    assert!(shown.contains("repl-timeout"), "{shown}");
    s.app.act(crate::tui::app::Action::Whys);
    let shown = text(&mut s.app, 120, 40);
    assert!(shown.contains("no sign of life"), "{shown}");
}
