//! What the screen brings before the eye by itself, and what it leaves where the user put it.

use super::story::{ID1, Story};
use super::{draw, text};
use crate::observe::{Answer, Fact, LabFact, Label};
use crate::tui::app::{Ask, Focus, Pane};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

fn press(story: &mut Story, code: KeyCode) {
    story.app.key(KeyEvent::new(code, KeyModifiers::NONE));
}

#[test]
fn a_link_that_begins_turns_a_narrow_screen_to_its_conversation() {
    let mut s = Story::free();
    draw(&mut s.app, 80, 24);
    assert_eq!(s.app.narrow, Pane::Topology);
    s.handshake(6381, 6380, ID1);
    assert_eq!(s.app.narrow, Pane::Sequence);
    assert_eq!(s.app.focus, Focus::Console, "the keys stay where they are");
}

#[test]
fn a_pane_that_the_user_chose_stays() {
    let mut s = Story::free();
    draw(&mut s.app, 80, 24);
    press(&mut s, KeyCode::Esc);
    press(&mut s, KeyCode::Char('7'));
    press(&mut s, KeyCode::Char('i'));
    s.handshake(6381, 6380, ID1);
    assert_eq!(s.app.narrow, Pane::Keys);
}

#[test]
fn a_lesson_stays_before_the_eye() {
    let mut s = Story::bare(Some("walk-through"));
    draw(&mut s.app, 80, 24);
    s.up(6380, super::story::ID0);
    s.up(6381, ID1);
    s.handshake(6381, 6380, ID1);
    assert_eq!(s.app.narrow, Pane::Lesson);
}

#[test]
fn hints_are_counted_once_whoever_asks() {
    let mut s = Story::bare(Some("walk-through"));
    press(&mut s, KeyCode::Esc);
    press(&mut s, KeyCode::Char('h'));
    assert_eq!(s.app.take_asks(), [Ask::Run(":hint".into())]);
    let shown = |s: &Story| s.app.progress.as_ref().map_or(0, |p| p.hints_of(0).len());
    assert_eq!(shown(&s), 0, "the desk has not answered yet");
    s.typed("[synclab /data]# ", ":hint", Answer::text(Label::Hint, "mkdir"));
    assert_eq!(shown(&s), 1);
}

#[test]
fn a_goal_that_is_ticked_is_told_at_80_by_24_whatever_pane_is_up() {
    let mut s = Story::bare(Some("walk-through"));
    s.app.show(Pane::Logs);
    for port in [6380, 6381, 6382] {
        s.lab(LabFact::DirMade { path: format!("/data/{port}") });
    }
    let screen = text(&mut s.app, 80, 24);
    assert!(screen.lines().next().is_some_and(|l| l.contains("✓ goal 1/")), "{screen}");
    s.later(6_000_000);
    let screen = text(&mut s.app, 80, 24);
    assert!(screen.lines().next().is_some_and(|l| l.contains("1/9 goals")), "{screen}");
}

#[test]
fn the_buffers_limit_is_the_masters_own() {
    let mut s = Story::free();
    let value = "normal 0 0 0 slave 65536 32768 10 pubsub 33554432 8388608 60".to_owned();
    s.fact(6380, Fact::ConfigSet { name: "client-output-buffer-limit".into(), value });
    s.handshake(6381, 6380, ID1);
    s.app.show(Pane::Buffer);
    let screen = text(&mut s.app, 80, 24);
    assert!(screen.contains("hard 64 KB: the link is closed"), "{screen}");
}

#[test]
fn beside_a_lesson_at_100_columns_the_diagram_has_room_and_the_tabs_take_turns() {
    let mut s = Story::bare(Some("walk-through"));
    s.up(6380, super::story::ID0);
    s.up(6381, ID1);
    s.handshake(6381, 6380, ID1);
    s.later(3_000_000);
    let screen = text(&mut s.app, 100, 30);
    assert!(screen.contains("REPLCONF listening-port 6381"), "{screen}");
    s.app.show(Pane::Logs);
    let screen = text(&mut s.app, 100, 30);
    assert!(screen.contains("Connecting to MASTER 127.0.0.1:6380"), "{screen}");
}

#[test]
fn a_server_that_did_not_start_says_why_and_ticks_nothing() {
    let mut s = Story::bare(Some("walk-through"));
    for port in [6380, 6381, 6382] {
        s.lab(LabFact::DirMade { path: format!("/data/{port}") });
        let path = format!("/data/{port}/redis.conf");
        s.lab(LabFact::FileWritten { path, bytes: 9, text: None });
        let reason = format!("Failed listening on port {port} (TCP), aborting.");
        s.lab(LabFact::InstanceFailed { port, reason });
    }
    let ticked = s.app.progress.as_ref().map(|p| p.goals().iter().filter(|g| g.ticked).count());
    assert_eq!(ticked, Some(2), "three servers are not up");
    s.app.show(Pane::Topology);
    let screen = text(&mut s.app, 80, 24);
    assert!(screen.contains("did not start"), "{screen}");
    assert!(screen.contains("Failed listening"), "{screen}");
}
