//! Seeded simulations for what the other screens leave out: the logs, the boxes over the panes, and
//! the lesson beside them.

use super::simulated::{SECOND, Session, online};
use super::text;
use crate::observe::{Body, BreakOn, LabFact, Source, StepKind};
use crate::tui::app::{Action, Ask, Mode, Pane};
use crossterm::event::{KeyCode, KeyEvent};

fn golden(s: &mut Session, name: &str) {
    s.app.notice = None;
    insta::assert_snapshot!(format!("{name}_120x40"), text(&mut s.app, 120, 40));
    insta::assert_snapshot!(format!("{name}_80x24"), text(&mut s.app, 80, 24));
}

fn press(s: &mut Session, key: char) {
    s.app.key(KeyEvent::from(KeyCode::Char(key)));
}

/// What `y` puts into the clipboard.
fn copied(s: &mut Session) -> String {
    press(s, 'y');
    let asks = s.app.take_asks();
    let text = asks.into_iter().find_map(|ask| match ask {
        Ask::Copy(text) => Some(text),
        _ => None,
    });
    text.expect("something copied")
}

#[test]
fn logs_of_a_lost_master() {
    let mut s = online(51);
    s.typed(6380, "SHUTDOWN");
    s.run(5 * SECOND);
    s.app.show(Pane::Logs);
    golden(&mut s, "sim_logs");
    let shown = text(&mut s.app, 120, 40);
    assert!(shown.contains("Error condition on socket for SYNC"), "{shown}");
}

/// A PSYNC that was judged, a write that was refused, a link that timed out.
#[test]
fn whys_of_a_decision_a_refusal_and_a_time_out() {
    let mut s = Session::new(52);
    s.typed(6381, "CONFIG SET repl-timeout 7");
    s.typed(6381, "SLAVEOF 127.0.0.1 6380");
    s.until_online();
    s.sim.command(6381, "SET name no");
    s.sim.half_open(6380, 6381);
    s.run(20 * SECOND);
    s.app.show(Pane::Sequence);
    s.app.act(Action::Whys);
    golden(&mut s, "sim_whys");
    press(&mut s, 'G');
    s.app.key(KeyEvent::from(KeyCode::Enter));
    golden(&mut s, "sim_why_decision");
    let shown = text(&mut s.app, 80, 24);
    assert!(shown.contains("my replid"), "{shown}");
    assert!(copied(&mut s).contains("+FULLRESYNC"));
}

#[test]
fn steps_that_wait_and_the_breakpoints() {
    let mut s = Session::new(53);
    s.sim.break_on(BreakOn::Kind(StepKind::Psync));
    s.typed(6381, "SLAVEOF 127.0.0.1 6380");
    s.typed(6382, "SLAVEOF 127.0.0.1 6380");
    s.run(2 * SECOND);
    s.app.show(Pane::Topology);
    s.app.act(Action::Steps);
    golden(&mut s, "sim_steps");
    let steps = copied(&mut s);
    assert!(steps.contains("PSYNC") && steps.contains("stopped at psync"), "{steps}");
    s.app.popup = None;
    s.app.act(Action::Help);
    assert!(copied(&mut s).contains("Topology: who follows whom"));
}

/// A goal is ticked by what the lab tells; the page goes on to the next.
#[test]
fn a_lesson_beside_the_servers() {
    let mut s = Session::new(54);
    s.app.begun(&Mode::Lesson("walk-through".into()), "127.0.0.1:6380> ".into());
    s.typed(6381, "SLAVEOF 127.0.0.1 6380");
    s.until_online();
    for port in [6380, 6381, 6382] {
        let made = LabFact::DirMade { path: format!("/data/{port}") };
        s.sim.record(Source::Lab, Body::Lab(made));
    }
    s.run(SECOND);
    s.app.show(Pane::Lesson);
    golden(&mut s, "sim_lesson");
    let shown = text(&mut s.app, 120, 40);
    assert!(shown.contains("[✓] Three folders"), "{shown}");
}
