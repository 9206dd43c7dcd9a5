//! The sequence diagram: all links at once, steps that wait, faults, scales of time, selection,
//! and the whys behind its rows.

use super::story::{ID0, ID1, Story};
use super::text;
use crate::observe::*;
use crate::tui::app::{Action, App, Ask, Focus, Pane, Popup};
use crate::tui::reduce::row::RowKind;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};

fn press(app: &mut App, code: KeyCode) {
    app.key(KeyEvent::new(code, KeyModifiers::NONE));
}

fn keys(app: &mut App, keys: &str) {
    keys.chars().for_each(|c| press(app, KeyCode::Char(c)));
}

/// The diagram alone on the screen, at both sizes.
fn golden(name: &str, app: &mut App) {
    app.show(Pane::Sequence);
    app.zoom = true;
    app.notice = None;
    insta::assert_snapshot!(format!("{name}_120x40"), text(app, 120, 40));
    insta::assert_snapshot!(format!("{name}_80x24"), text(app, 80, 24));
}

fn addr(port: u16) -> Addr {
    Addr::new("127.0.0.1", port)
}

fn link(side: Side, port: u16) -> Option<LinkRef> {
    Some(LinkRef { side, peer: addr(port) })
}

fn waits(s: &mut Story, id: u64, port: u16, step: Step) {
    s.lab(LabFact::StepWaits { id, port, step });
}

/// Two replicas of one master, one after the other, and a write.
fn two() -> Story {
    let mut s = Story::online();
    s.later(5_000_000);
    s
}

#[test]
fn all_links_have_life_lines_of_their_own() {
    let mut s = two();
    s.app.diagram.all = true;
    golden("all_links", &mut s.app);
    let shown = text(&mut s.app, 120, 40);
    for port in ["6380 master", "6381 replica", "6382 replica"] {
        assert!(shown.contains(port), "{port}\n{shown}");
    }
    // A write goes to both of them, each along an arrow of its own.
    assert!(shown.matches("SET name xd").count() >= 2, "{shown}");
}

#[test]
fn a_chain_and_a_promotion_side_by_side() {
    let mut s = Story::online();
    s.master_down(6380, &[6381, 6382]);
    s.later(20_000_000);
    s.promote(6381);
    s.later(1_000_000);
    s.resume(6382, 6381);
    s.settle();
    s.app.diagram.all = true;
    golden("all_promoted", &mut s.app);
}

#[test]
fn sixteen_servers_are_scrolled_sideways() {
    let mut s = Story::free();
    for port in 6381..6396 {
        s.handshake(port, 6380, ID1);
    }
    s.settle();
    s.app.diagram.all = true;
    golden("sixteen", &mut s.app);
    let first = text(&mut s.app, 120, 40);
    let head = |shown: &str| shown.lines().nth(2).unwrap_or_default().to_owned();
    assert!(head(&first).contains("6380 master") && !head(&first).contains("6395"), "{first}");
    for _ in 0..20 {
        press(&mut s.app, KeyCode::Char('>'));
    }
    let last = text(&mut s.app, 120, 40);
    assert!(head(&last).contains("6395") && !head(&last).contains("6380"), "{last}");
    press(&mut s.app, KeyCode::Char('<'));
    assert_ne!(text(&mut s.app, 120, 40), last);
}

/// A full sync that waits in front of PSYNC: step mode, a breakpoint, and what is to come.
fn stepped() -> Story {
    let mut s = Story::free();
    s.lab(LabFact::BreakSet { on: BreakOn::Kind(StepKind::Psync) });
    s.handshake(6381, 6380, ID1);
    s.lab(LabFact::StepMode { on: true, hit: Some(BreakOn::Kind(StepKind::Psync)) });
    s.lab(LabFact::LinkTimeHeld { on: true });
    let what = StepWhat::Message(Message::Psync {
        replid: ID1.to_string(),
        offset: Offset(1),
        failover: false,
    });
    let of_master = link(Side::Replica, 6380);
    let step = Step { kind: StepKind::Psync, flow: Flow::Out, link: of_master, bytes: 67, what };
    waits(&mut s, 1, 6381, step);
    s.hold(12_000_000);
    s
}

#[test]
fn a_step_that_waits_is_named_where_it_will_happen() {
    let mut s = stepped();
    golden("held_psync", &mut s.app);
    let shown = text(&mut s.app, 120, 40);
    assert!(shown.contains("⏸ PSYNC 5c1e… 1"), "{shown}");
    assert!(shown.contains("● stops at psync"), "{shown}");
    s.lab(LabFact::StepTaken { id: 1 });
    let step = |kind| Step::here(kind, link(Side::Master, 6381), StepWhat::Nothing);
    waits(&mut s, 2, 6380, step(StepKind::Decision));
    s.hold(4_000_000);
    let shown = text(&mut s.app, 120, 40);
    assert!(shown.contains("⏸ judges PSYNC: full or partial?"), "{shown}");
    assert!(!shown.contains("⏸ PSYNC"), "{shown}");
}

#[test]
fn steps_inside_an_instance_wait_at_its_life_line() {
    let mut s = Story::held();
    let (target, offset) = (SaveTarget::Sockets, Offset(0));
    let snapshot = StepWhat::Snapshot { target, offset };
    waits(&mut s, 1, 6380, Step::here(StepKind::SaveEnd, None, snapshot));
    let what = StepWhat::Rdb { from: 1_990_000, of: Some(3_250_000) };
    let of_replica = link(Side::Master, 6381);
    let step =
        Step { kind: StepKind::RdbPiece, flow: Flow::Out, link: of_replica, bytes: 65_536, what };
    waits(&mut s, 2, 6380, step);
    waits(&mut s, 3, 6381, Step::here(StepKind::Promotion, None, StepWhat::Nothing));
    let step = Step::here(StepKind::Load, link(Side::Replica, 6380), StepWhat::Nothing);
    waits(&mut s, 4, 6381, step);
    golden("held_inside", &mut s.app);
    s.app.diagram.all = true;
    let shown = text(&mut s.app, 80, 24);
    for what in ["BGSAVE", "RDB: 64 KB", "becomes a master", "loads the RDB"] {
        assert!(shown.contains(what), "{what}\n{shown}");
    }
}

#[test]
fn faults_and_slow_motion_are_rows_and_stand_above_while_they_last() {
    let mut s = Story::online();
    s.lab(LabFact::Slowed { factor: 10 });
    let fault = |fault, on| LabFact::LinkFault { a: 6380, b: 6382, fault, on };
    s.lab(fault(Fault::Delay { us: 200_000 }, true));
    s.lab(fault(Fault::HalfOpen, true));
    s.lab(LabFact::LinkThrottled { a: 6380, b: 6382, bytes_per_second: Some(65_536) });
    s.later(3_000_000);
    s.lab(LabFact::Frozen { port: 6382, on: true });
    s.later(3_000_000);
    s.lab(LabFact::Frozen { port: 6382, on: false });
    s.lab(fault(Fault::HalfOpen, false));
    s.lab(LabFact::LinkDropped { a: 6380, b: 6382 });
    s.lab(fault(Fault::Cut, true));
    s.settle();
    golden("faults", &mut s.app);
    let shown = text(&mut s.app, 120, 40);
    assert!(shown.contains(" cut · +200 ms · 64 KB/s at most · link time at 1/10"), "{shown}");
}

#[test]
fn a_held_write_is_told_where_it_was_typed_and_where_it_travelled() {
    let mut s = Story::replayed();
    s.settle();
    golden("both_times", &mut s.app);
    let key = s.app.link().expect("a link");
    let seq = s.app.world.links.get(&key).expect("its rows");
    let at = |wanted: fn(&RowKind) -> bool| {
        seq.rows.iter().find(|r| wanted(&r.kind)).map(|r| r.since_start_us).expect("a row")
    };
    let typed = at(|k| matches!(k, RowKind::Write(_)));
    let left = at(|k| matches!(k, RowKind::Replay { .. }));
    assert!(left > typed, "{typed} {left}");
}

#[test]
fn time_is_drawn_to_scale_or_folded() {
    let mut s = Story::online();
    s.later(12_000_000);
    s.write(6380, &["SET", "late", "1"], &[], &[6381, 6382]);
    s.settle();
    s.app.show(Pane::Sequence);
    let close = text(&mut s.app, 120, 40);
    assert!(close.contains("⋮ 12 s"), "{close}");
    keys(&mut s.app, "+");
    golden("scale_1s", &mut s.app);
    let spread = text(&mut s.app, 120, 40);
    assert!(spread.contains("a line is 1 s") && spread.contains("folded"), "{spread}");
    for _ in 0..10 {
        keys(&mut s.app, "+");
    }
    assert!(text(&mut s.app, 120, 40).contains("a line is 1 ms"));
    for _ in 0..10 {
        keys(&mut s.app, "-");
    }
    assert!(!text(&mut s.app, 120, 40).contains("a line is"));
}

#[test]
fn a_row_is_selected_in_either_view_and_explained() {
    let mut s = two();
    for all in [false, true] {
        s.app.diagram.all = all;
        s.app.cursor = None;
        s.app.show(Pane::Sequence);
        text(&mut s.app, 120, 40);
        keys(&mut s.app, "k");
        let newest = s.app.cursor.clone().expect("selected");
        keys(&mut s.app, "kkkkk");
        let up = s.app.cursor.clone().expect("selected");
        assert_ne!(newest, up);
        let shown = text(&mut s.app, 80, 24);
        assert!(shown.contains('▸'), "{shown}");
        press(&mut s.app, KeyCode::Enter);
        assert!(matches!(s.app.popup, Some(Popup::Why(_))));
        keys(&mut s.app, "q");
        keys(&mut s.app, "jjjjj");
        assert_eq!(s.app.cursor.as_ref(), Some(&newest));
        keys(&mut s.app, "j");
        assert_eq!(s.app.cursor, None, "below the newest row the diagram follows again");
    }
}

/// A session with something to ask about: judged, refused, timed out, cut off by a limit.
fn asked() -> Story {
    let mut s = Story::online();
    let command = Preview::of(b"SET");
    let rule = Rule::NoReplicas { good: 1, wanted: 2, max_lag_s: 10 };
    s.fact(6380, Fact::Refused { client: 7, command, rule });
    s.later(60_000_000);
    let during = Some(LinkPhase::Master(ReplicaState::Online));
    let cause = LinkLoss::TimedOut { after_s: 60, silent_s: 61, during };
    let of = |port| LinkRef { side: Side::Master, peer: addr(port) };
    s.fact(6380, Fact::LinkLost { link: of(6381), cause });
    let (bytes, limit) = (70_000, 65_536);
    let cause = LinkLoss::OutputLimit { bytes, limit, soft: None, raised_from: None };
    s.fact(6380, Fact::LinkLost { link: of(6382), cause });
    s.settle();
    s
}

#[test]
fn the_whys_of_the_session_are_listed_and_walked_through() {
    let mut s = asked();
    s.app.show(Pane::Sequence);
    keys(&mut s.app, "W");
    s.app.notice = None;
    insta::assert_snapshot!("whys_120x40", text(&mut s.app, 120, 40));
    insta::assert_snapshot!("whys_80x24", text(&mut s.app, 80, 24));
    press(&mut s.app, KeyCode::Enter);
    let shown = text(&mut s.app, 80, 24);
    assert!(shown.contains("client-output-buffer-limit"), "{shown}");
    keys(&mut s.app, "j");
    insta::assert_snapshot!("why_timed_out_80x24", text(&mut s.app, 80, 24));
    keys(&mut s.app, "j");
    insta::assert_snapshot!("why_refused_80x24", text(&mut s.app, 80, 24));
    press(&mut s.app, KeyCode::Esc);
    assert!(matches!(s.app.popup, Some(Popup::Whys(2))));
}

#[test]
fn clicks_select_rows_and_open_whys_and_the_wheel_scrolls() {
    let mut s = asked();
    s.app.show(Pane::Sequence);
    let place = |app: &mut App, needle: &str| {
        let shown = text(app, 120, 40);
        let (y, line) = shown.lines().enumerate().find(|(_, l)| l.contains(needle)).expect(needle);
        (line[..line.find(needle).expect(needle)].chars().count() as u16, y as u16)
    };
    let mouse = |app: &mut App, kind, (column, row): (u16, u16)| {
        app.mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE });
    };
    let click = MouseEventKind::Down(MouseButton::Left);
    let at = place(&mut s.app, "refused: 1 of 2");
    mouse(&mut s.app, click, at);
    assert!(s.app.cursor.is_some() && s.app.popup.is_none());
    mouse(&mut s.app, click, at);
    assert!(matches!(s.app.popup, Some(Popup::Why(_))), "a second click asks why");
    press(&mut s.app, KeyCode::Char('q'));
    mouse(&mut s.app, MouseEventKind::ScrollUp, at);
    let up = s.app.cursor.clone();
    assert!(up.is_some());
    // A server of the picture brings its link up.
    s.app.chosen = None;
    let at = place(&mut s.app, "─ 6381 ─");
    mouse(&mut s.app, click, at);
    assert_eq!(s.app.chosen.as_ref().map(|k| k.replica.port), Some(6381));
    keys(&mut s.app, "W");
    let at = place(&mut s.app, "judged the PSYNC of 6381");
    mouse(&mut s.app, click, at);
    mouse(&mut s.app, click, at);
    assert!(matches!(s.app.popup, Some(Popup::Why(_))));
}

#[test]
fn y_copies_the_row_the_pane_or_the_explanation() {
    let mut s = asked();
    s.app.show(Pane::Sequence);
    let copied = |app: &mut App| match app.take_asks().pop() {
        Some(Ask::Copy(text)) => text,
        other => panic!("{other:?}"),
    };
    text(&mut s.app, 120, 40);
    keys(&mut s.app, "y");
    let all = copied(&mut s.app);
    assert!(all.contains("PSYNC") && all.contains("link lost"), "{all}");
    assert!(s.app.notice.as_deref().is_some_and(|n| n.starts_with("copied: Sequence")));
    keys(&mut s.app, "k");
    text(&mut s.app, 120, 40);
    keys(&mut s.app, "y");
    let row = copied(&mut s.app);
    assert!(row.contains("link lost") && row.lines().count() == 1, "{row}");
    keys(&mut s.app, "wy");
    let why = copied(&mut s.app);
    assert!(why.contains("client-output-buffer-limit"), "{why}");
    press(&mut s.app, KeyCode::Char('q'));
    for pane in Pane::NUMBERED {
        if pane == Pane::Lesson {
            continue;
        }
        s.app.show(pane);
        s.app.cursor = None;
        keys(&mut s.app, "y");
        let text = copied(&mut s.app);
        assert!(!text.trim().is_empty(), "{pane:?}");
        assert!(!text.contains('\x1b'), "{pane:?}");
    }
    s.app.focus = Focus::Console;
    s.app.key(KeyEvent::new(KeyCode::Char('y'), KeyModifiers::ALT));
    assert!(copied(&mut s.app).contains("SET name xd"));
}

#[test]
fn every_view_of_the_diagram_is_safe_at_every_size() {
    let mut s = asked();
    s.handshake(6381, 6380, ID0);
    let step = Step::here(StepKind::Decision, link(Side::Master, 6381), StepWhat::Nothing);
    waits(&mut s, 1, 6380, step);
    s.app.show(Pane::Sequence);
    for all in [false, true] {
        s.app.diagram.all = all;
        for scale in 0..5 {
            s.app.diagram.scale = scale;
            for zoom in [false, true] {
                s.app.zoom = zoom;
                for (w, h) in [(1, 1), (44, 12), (61, 14), (80, 24), (100, 30), (250, 80)] {
                    text(&mut s.app, w, h);
                }
            }
        }
    }
    for action in [Action::Whys, Action::Why] {
        s.app.act(action);
        for (w, h) in [(44, 12), (60, 15), (120, 40)] {
            text(&mut s.app, w, h);
        }
    }
}
