//! Time in the user's hands: keys that step, pause and slow down, and what the screen says of it.

use super::story::{ID1, Story};
use super::text;
use crate::observe::{
    Addr, BreakOn, Fault, Flow, LabFact, LinkRef, Message, Offset, Side, Step, StepKind, StepWhat,
};
use crate::tui::app::{App, Ask, Pane, Popup, TimeAsk};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

fn press(app: &mut App, code: KeyCode) {
    app.key(KeyEvent::new(code, KeyModifiers::NONE));
}

fn asked(app: &mut App) -> Vec<TimeAsk> {
    let asks = app.take_asks().into_iter();
    asks.filter_map(|a| if let Ask::Time(t) = a { Some(t) } else { None }).collect()
}

fn golden(name: &str, app: &mut App) {
    app.notice = None;
    insta::assert_snapshot!(format!("{name}_120x40"), text(app, 120, 40));
    insta::assert_snapshot!(format!("{name}_80x24"), text(app, 80, 24));
}

fn waits(s: &mut Story, id: u64, port: u16, step: Step) {
    s.lab(LabFact::StepWaits { id, port, step });
}

fn psync() -> Step {
    let link = LinkRef { side: Side::Replica, peer: Addr::new("127.0.0.1", 6380) };
    let message = Message::Psync { replid: "?".into(), offset: Offset(-1), failover: false };
    let what = StepWhat::Message(message);
    Step { kind: StepKind::Psync, flow: Flow::Out, link: Some(link), bytes: 30, what }
}

fn decision() -> Step {
    let link = LinkRef { side: Side::Master, peer: Addr::new("127.0.0.1", 6382) };
    Step::here(StepKind::Decision, Some(link), StepWhat::Nothing)
}

/// Two steps wait, a breakpoint was hit, a link has a fault, an outside peer loses patience.
fn stopped() -> Story {
    let mut s = Story::free();
    s.handshake(6381, 6380, ID1);
    s.lab(LabFact::LinkFault { a: 6380, b: 6382, fault: Fault::Delay { us: 200_000 }, on: true });
    s.lab(LabFact::BreakSet { on: BreakOn::Kind(StepKind::Psync) });
    s.lab(LabFact::StepMode { on: true, hit: Some(BreakOn::Kind(StepKind::Psync)) });
    waits(&mut s, 1, 6381, psync());
    s.lab(LabFact::LinkTimeHeld { on: true });
    waits(&mut s, 2, 6380, decision());
    let peer = Addr::new("127.0.0.1", 7000);
    s.lab(LabFact::PeerWaits { port: 6380, peer, bears_ms: Some(60_000) });
    s.later(19_000_000);
    s
}

#[test]
fn what_waits_is_on_the_screen_in_words() {
    let mut s = stopped();
    s.app.narrow = Pane::Topology;
    golden("stopped", &mut s.app);
    let shown = text(&mut s.app, 80, 24);
    let status = shown.lines().next().unwrap_or_default();
    for part in ["6381 → 6380 PSYNC ? -1", "2 wait", "●1", "╳1", "7000 41 s", "⏸"] {
        assert!(status.contains(part), "{part} in {status}");
    }
    assert!(s.app.next_tick_us().is_some_and(|us| us <= 1_002_000), "patience is counted");
}

#[test]
fn the_box_of_steps_lists_what_waits_and_the_breakpoints() {
    let mut s = stopped();
    press(&mut s.app, KeyCode::F(9));
    for _ in 0..6 {
        press(&mut s.app, KeyCode::Down);
    }
    golden("steps", &mut s.app);
    // PSYNC is set and goes; the next kind is not and comes.
    press(&mut s.app, KeyCode::Enter);
    press(&mut s.app, KeyCode::Down);
    press(&mut s.app, KeyCode::Enter);
    let kind = BreakOn::Kind;
    assert_eq!(
        asked(&mut s.app),
        [TimeAsk::Clear(kind(StepKind::Psync)), TimeAsk::Break(kind(StepKind::Decision))]
    );
    press(&mut s.app, KeyCode::Char('s'));
    assert_eq!(asked(&mut s.app), [TimeAsk::Step(1)]);
    assert!(matches!(s.app.popup, Some(Popup::Steps(_))), "it stays open to step on");
    press(&mut s.app, KeyCode::Esc);
    assert!(s.app.popup.is_none());
}

#[test]
fn the_same_keys_step_at_the_prompt_and_outside_of_it() {
    let mut s = stopped();
    s.app.input.insert_text("SET na");
    for (key, expected) in [
        (KeyCode::F(8), TimeAsk::Step(1)),
        (KeyCode::F(5), TimeAsk::Run),
        (KeyCode::F(6), TimeAsk::Run),
    ] {
        press(&mut s.app, key);
        assert_eq!(asked(&mut s.app), [expected]);
    }
    s.app.key(KeyEvent::new(KeyCode::Char('s'), KeyModifiers::ALT));
    assert_eq!(asked(&mut s.app), [TimeAsk::Step(1)]);
    assert_eq!(s.app.input.text(), "SET na", "what was typed stays");
    s.app.input.clear();
    press(&mut s.app, KeyCode::Esc);
    for (key, expected) in [
        ('s', TimeAsk::Step(1)),
        ('S', TimeAsk::Step(5)),
        ('r', TimeAsk::Run),
        (' ', TimeAsk::Run),
        (',', TimeAsk::Slow(2)),
    ] {
        press(&mut s.app, KeyCode::Char(key));
        assert_eq!(asked(&mut s.app), [expected], "{key}");
    }
}

#[test]
fn the_first_press_holds_and_nothing_slips_through() {
    let mut s = Story::free();
    press(&mut s.app, KeyCode::F(8));
    assert_eq!(asked(&mut s.app), [TimeAsk::Stepping(true)]);
    s.lab(LabFact::StepMode { on: true, hit: None });
    press(&mut s.app, KeyCode::F(8));
    assert_eq!(asked(&mut s.app), [], "nothing waits, and no permit is left behind");
    assert!(s.app.notice.as_deref().is_some_and(|n| n.contains("nothing waits")));
    let shown = text(&mut s.app, 120, 40);
    assert!(shown.contains("⏸ held"), "{shown}");
}

#[test]
fn slow_motion_goes_by_steps_and_is_on_the_screen() {
    let mut s = Story::free();
    s.lab(LabFact::Slowed { factor: 10 });
    s.app.notice = None;
    assert!(text(&mut s.app, 80, 24).contains("×1/10"));
    press(&mut s.app, KeyCode::Esc);
    for (key, expected) in [(',', 20), ('.', 5)] {
        press(&mut s.app, KeyCode::Char(key));
        assert_eq!(asked(&mut s.app), [TimeAsk::Slow(expected)]);
    }
}

/// `REPLICAOF NO ONE` answers when its promotion was let through: the verb must not wait for it.
#[test]
fn a_step_typed_while_a_line_runs_goes_at_once() {
    let mut s = stopped();
    for line in ["REPLICAOF NO ONE", ":step 2", "GET name", ":run"] {
        s.app.input.insert_text(line);
        press(&mut s.app, KeyCode::Enter);
    }
    let asks = s.app.take_asks();
    assert_eq!(asks[0], Ask::Run("REPLICAOF NO ONE".into()));
    assert_eq!(asks[1..], [Ask::Time(TimeAsk::Step(2)), Ask::Time(TimeAsk::Run)]);
    assert_eq!(s.app.queue.len(), 1, "other lines wait as always");
}

#[test]
fn no_key_means_two_things() {
    let mut keys: Vec<&str> = crate::tui::app::ACTIONS.iter().map(|d| d.key).collect();
    keys.sort_unstable();
    let all = keys.len();
    keys.dedup();
    assert_eq!(keys.len(), all, "{keys:?}");
}
