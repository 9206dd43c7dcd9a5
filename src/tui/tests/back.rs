//! Looking back, as a user does it: an earlier moment is up, the servers go on.

use super::simulated::{SECOND, Session, held, online};
use super::text;
use crate::console::Back as Asked;
use crate::observe::{Body, LabFact, Source};
use crate::tui::app::{App, Ask, Focus, Pane, Popup};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

fn press(app: &mut App, code: KeyCode) {
    app.key(KeyEvent::new(code, KeyModifiers::NONE));
}

fn type_in(app: &mut App, text: &str) {
    text.chars().for_each(|c| press(app, KeyCode::Char(c)));
}

fn golden(name: &str, app: &mut App, narrow: Pane, tab: Pane) {
    app.notice = None;
    app.narrow = narrow;
    app.tab = tab;
    insta::assert_snapshot!(format!("{name}_120x40"), text(app, 120, 40));
    insta::assert_snapshot!(format!("{name}_80x24"), text(app, 80, 24));
}

fn bookmark(s: &mut Session, name: &str) {
    s.sim.record(Source::Lab, Body::Lab(LabFact::Bookmark { name: name.into() }));
    s.watch();
}

/// A write is held back, has a name, is replayed, and another follows it.
fn past() -> Session {
    let mut s = held();
    bookmark(&mut s, "held");
    s.until_online();
    s.run(60 * SECOND);
    s.typed(6380, "SET name later");
    s.run(SECOND);
    s
}

#[test]
fn an_earlier_moment_is_up_while_the_servers_go_on() {
    let mut s = past();
    s.app.asked_back(&Asked::To("held".into()));
    golden("back_held", &mut s.app, Pane::Topology, Pane::Buffer);
    let then = text(&mut s.app, 120, 40);
    assert!(then.contains("⏸ SET name xd"), "{then}");
    // What differs is marked, with the present value beside it.
    for mark in ["offset 68⇢200", "keys 0⇢20,001"] {
        assert!(then.contains(mark), "{mark}: {then}");
    }
    s.app.tab = Pane::Keys;
    s.app.narrow = Pane::Keys;
    let keys = text(&mut s.app, 80, 24);
    assert!(keys.contains("xd⇢later"), "{keys}");
    // What happens meanwhile changes nothing but the count.
    s.typed(6380, "SET other 1");
    s.run(SECOND);
    let still = text(&mut s.app, 120, 40);
    assert!(still.contains("meanwhile") && !still.contains("SET other"), "{still}");
    press(&mut s.app, KeyCode::Char('n'));
    let now = text(&mut s.app, 120, 40);
    assert!(s.app.back.is_none() && now.contains("SET other"), "{now}");
}

#[test]
fn what_differs_is_listed_then_beside_now() {
    let mut s = past();
    s.app.asked_back(&Asked::To("held".into()));
    press(&mut s.app, KeyCode::Char('d'));
    golden("differences", &mut s.app, Pane::Topology, Pane::Keys);
    press(&mut s.app, KeyCode::Esc);
    assert!(s.app.popup.is_none() && s.app.back.is_some(), "one Esc closes one thing");
}

#[test]
fn arrows_move_by_event_by_mark_and_to_the_ends() {
    let mut s = past();
    press(&mut s.app, KeyCode::Esc);
    press(&mut s.app, KeyCode::Char('b'));
    let end = s.app.travel.end();
    let at = |s: &Session| s.app.back.as_ref().expect("back").at;
    let typed = at(&s);
    let shown = text(&mut s.app, 120, 40);
    assert!(typed < end && shown.contains("SET name later"), "the last mark: {shown}");
    press(&mut s.app, KeyCode::Left);
    assert_eq!(at(&s), typed - 1);
    press(&mut s.app, KeyCode::Right);
    assert_eq!(at(&s), typed);
    press(&mut s.app, KeyCode::Char('['));
    let mark = s.app.travel.marks.bookmark("held").expect("made");
    assert_eq!(at(&s), mark + 1);
    press(&mut s.app, KeyCode::Home);
    assert_eq!(at(&s), 0);
    golden("back_to_the_first_moment", &mut s.app, Pane::Topology, Pane::Keys);
    press(&mut s.app, KeyCode::Left);
    assert_eq!(at(&s), 0);
    press(&mut s.app, KeyCode::End);
    assert_eq!(at(&s), end);
    press(&mut s.app, KeyCode::Right);
    assert_eq!(at(&s), end);
    press(&mut s.app, KeyCode::Esc);
    assert!(s.app.back.is_none());
}

#[test]
fn a_time_an_event_or_a_bookmark_can_be_typed() {
    let mut s = past();
    let end = s.app.travel.end();
    for (place, expected) in [("0:00", None), ("12", Some(12)), ("HELD", None), ("9999999", None)] {
        s.app.asked_back(&Asked::Last);
        press(&mut s.app, KeyCode::Char('g'));
        type_in(&mut s.app, place);
        assert!(matches!(s.app.popup, Some(Popup::GoTo(_))), "typed into the box");
        press(&mut s.app, KeyCode::Enter);
        let at = s.app.back.as_ref().expect("back").at;
        assert!(at <= end && expected.is_none_or(|e| e == at), "{place}: {at}");
    }
    let before = s.app.back.as_ref().expect("back").at;
    s.app.asked_back(&Asked::To("nowhere".into()));
    assert_eq!(s.app.back.as_ref().expect("back").at, before);
    let said = s.app.notice.clone().expect("said so");
    assert!(said.contains("nowhere") && said.contains("held"), "{said}");
}

#[test]
fn a_line_typed_while_looking_back_runs_now_and_says_so() {
    let mut s = past();
    s.app.asked_back(&Asked::To("held".into()));
    let at = s.app.back.as_ref().expect("back").at;
    press(&mut s.app, KeyCode::Char('i'));
    assert_eq!(s.app.focus, Focus::Console);
    type_in(&mut s.app, "GET name");
    press(&mut s.app, KeyCode::Enter);
    assert!(s.app.take_asks().contains(&Ask::Run("GET name".into())));
    assert!(s.app.notice.as_deref().is_some_and(|n| n.contains("live")));
    let shown = text(&mut s.app, 120, 40);
    assert!(shown.contains("live servers"), "{shown}");
    assert_eq!(s.app.back.as_ref().expect("still back").at, at);
    // Two Escs: to the timeline, and to now.
    press(&mut s.app, KeyCode::Esc);
    press(&mut s.app, KeyCode::Esc);
    assert!(s.app.back.is_none());
}

#[test]
fn looking_back_draws_nothing_by_itself() {
    let mut s = online(4);
    s.app.asked_back(&Asked::Last);
    s.app.notice = None;
    text(&mut s.app, 120, 40);
    assert_eq!(s.app.next_tick_us(), None, "a moment stands still");
}

#[test]
fn every_moment_of_a_session_can_be_drawn() {
    let mut s = online(7);
    s.typed(6380, "SHUTDOWN");
    s.run(5 * SECOND);
    s.app.look_back();
    for at in (0..s.app.travel.end()).step_by(7) {
        s.app.go_to(at);
        assert_eq!(s.app.world.model.seq, at);
        for (pane, (w, h)) in
            Pane::NUMBERED.into_iter().zip([(80, 24), (120, 40)].into_iter().cycle())
        {
            s.app.narrow = pane;
            text(&mut s.app, w, h);
        }
    }
}
