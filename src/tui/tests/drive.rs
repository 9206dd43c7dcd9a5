//! The app as its user drives it: keys, pastes, clicks.

use super::story::Story;
use super::{app, draw, text};
use crate::console::{Candidate, Completion, EditRequest};
use crate::observe::{Answer, Label};
use crate::tui::app::{App, Ask, Focus, Mode, Pane, Popup, Screen};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};

fn press(app: &mut App, code: KeyCode) {
    app.key(KeyEvent::new(code, KeyModifiers::NONE));
}

fn ctrl(app: &mut App, c: char) {
    app.key(KeyEvent::new(KeyCode::Char(c), KeyModifiers::CONTROL));
}

fn type_in(app: &mut App, text: &str) {
    text.chars().for_each(|c| press(app, KeyCode::Char(c)));
}

fn runs(app: &mut App) -> Vec<String> {
    app.take_asks()
        .into_iter()
        .filter_map(|a| if let Ask::Run(line) = a { Some(line) } else { None })
        .collect()
}

/// Every line that is asked for runs and is done at once.
fn run_all(app: &mut App) -> Vec<String> {
    let mut all = Vec::new();
    loop {
        let lines = runs(app);
        if lines.is_empty() {
            return all;
        }
        for line in lines {
            all.push(line);
            app.line_done("127.0.0.1:6380> ".into(), false, false, None);
        }
    }
}

#[test]
fn the_start_screen_begins_a_mode_and_nothing_before() {
    let mut app = app();
    assert_eq!(app.take_asks(), []);
    let lesson = app.lessons[0].id.clone();
    press(&mut app, KeyCode::Enter);
    assert_eq!(app.take_asks(), [Ask::Begin(Mode::Lesson(lesson))]);
    assert!(matches!(app.screen, Screen::Starting(_)));
    app.failed(&Mode::Free, "port taken".into());
    press(&mut app, KeyCode::Char('f'));
    assert_eq!(app.take_asks(), [Ask::Begin(Mode::Free)]);
}

#[test]
fn letters_are_text_in_the_console_and_commands_outside() {
    let mut app = Story::free().app;
    type_in(&mut app, "q12z?");
    assert_eq!(app.input.text(), "q12z?");
    ctrl(&mut app, 'u');
    press(&mut app, KeyCode::Esc);
    assert_eq!(app.focus, Focus::Pane(Pane::Sequence));
    press(&mut app, KeyCode::Char('7'));
    assert_eq!(app.tab, Pane::Keys);
    press(&mut app, KeyCode::Char('?'));
    assert!(matches!(app.popup, Some(Popup::Help(_))));
    press(&mut app, KeyCode::Esc);
    press(&mut app, KeyCode::Char(':'));
    assert_eq!((app.focus, app.input.text()), (Focus::Console, ":".into()));
}

#[test]
fn tab_leaves_an_empty_prompt_and_completes_a_line() {
    let mut app = Story::free().app;
    press(&mut app, KeyCode::Tab);
    assert_ne!(app.focus, Focus::Console);
    press(&mut app, KeyCode::Char('i'));
    type_in(&mut app, "in");
    press(&mut app, KeyCode::Tab);
    let asks = app.take_asks();
    assert_eq!(asks, [Ask::Complete { line: "in".into(), at: 2 }]);
    let candidate = |text: &str| Candidate { text: text.into(), about: "key".into() };
    let candidates = vec![candidate("INCR"), candidate("INCRBY"), candidate("INFO")];
    app.completed("in", 2, Completion { start: 0, candidates });
    let shown = text(&mut app, 80, 24);
    assert!(shown.contains("INCRBY"), "{shown}");
    press(&mut app, KeyCode::Down);
    press(&mut app, KeyCode::Enter);
    assert_eq!(app.input.text(), "INCRBY ");
}

#[test]
fn a_completion_for_another_line_is_dropped() {
    let mut app = Story::free().app;
    type_in(&mut app, "in");
    press(&mut app, KeyCode::Tab);
    type_in(&mut app, "fo");
    let candidates = vec![Candidate { text: "INCR".into(), about: String::new() }];
    app.completed("in", 2, Completion { start: 0, candidates });
    assert_eq!(app.input.text(), "info");
}

#[test]
fn a_paste_runs_line_by_line_and_keeps_its_last_half_line() {
    let mut app = Story::free().app;
    app.paste("redis-cli -p 6381\r\nSLAVEOF 127.0.0.1 6380\nget na");
    assert_eq!(runs(&mut app), ["redis-cli -p 6381"]);
    assert!(app.running && app.queue.len() == 1);
    app.line_done("127.0.0.1:6381> ".into(), false, false, None);
    assert_eq!(runs(&mut app), ["SLAVEOF 127.0.0.1 6380"]);
    app.line_done("127.0.0.1:6381> ".into(), false, false, None);
    assert_eq!(runs(&mut app), Vec::<String>::new());
    assert_eq!(app.input.text(), "get na");
}

#[test]
fn what_follows_a_pasted_vim_goes_into_the_file() {
    let mut app = Story::free().app;
    app.paste("vim /data/6380/redis.conf\nport 6380\n\ndir /data/6380\n:wq\nls\nps\n");
    assert_eq!(runs(&mut app), ["vim /data/6380/redis.conf"]);
    let path = "/data/6380/redis.conf".to_owned();
    let edit = EditRequest { path: path.clone(), text: "old\n".into() };
    app.line_done("# ".into(), false, false, Some(edit));
    let asks = app.take_asks();
    let text = "port 6380\n\ndir /data/6380\n".to_owned();
    assert_eq!(asks, [Ask::Write { path: path.clone(), text }]);
    app.file_written(&path, Ok(()));
    assert!(app.popup.is_none());
    assert_eq!(run_all(&mut app), ["ls", "ps"]);
}

#[test]
fn a_file_that_cannot_be_written_is_kept_in_the_editor() {
    let mut app = Story::free().app;
    let edit = EditRequest { path: "/data/x/y".into(), text: String::new() };
    app.line_done("# ".into(), false, false, Some(edit));
    type_in(&mut app, "precious");
    press(&mut app, KeyCode::Esc);
    type_in(&mut app, ":wq");
    press(&mut app, KeyCode::Enter);
    assert!(matches!(app.take_asks().as_slice(), [Ask::Write { .. }]));
    app.file_written("/data/x/y", Err("no such folder".into()));
    let shown = text(&mut app, 80, 24);
    assert!(shown.contains("precious") && shown.contains("no such folder"), "{shown}");
    type_in(&mut app, ":q");
    press(&mut app, KeyCode::Enter);
    assert!(matches!(app.popup, Some(Popup::Editor(_))), "unsaved text is not dropped by :q");
    type_in(&mut app, ":q!");
    press(&mut app, KeyCode::Enter);
    assert!(app.popup.is_none());
}

#[test]
fn ctrl_c_ends_the_line_then_offers_to_leave() {
    let mut app = Story::free().app;
    type_in(&mut app, "BLPOP q 0");
    press(&mut app, KeyCode::Enter);
    assert_eq!(runs(&mut app), ["BLPOP q 0"]);
    ctrl(&mut app, 'c');
    assert_eq!(app.take_asks(), [Ask::Interrupt]);
    app.line_done("127.0.0.1:6380> ".into(), false, false, None);
    type_in(&mut app, "half");
    ctrl(&mut app, 'c');
    assert!(app.input.is_empty() && app.popup.is_none());
    ctrl(&mut app, 'c');
    assert!(matches!(app.popup, Some(Popup::Quit)));
    press(&mut app, KeyCode::Esc);
    assert!(!app.quit);
    ctrl(&mut app, 'c');
    press(&mut app, KeyCode::Enter);
    assert!(app.quit);
}

#[test]
fn clicks_choose_tabs_links_and_rows() {
    let mut app = Story::online().app;
    let buffer = draw(&mut app, 120, 40);
    let find = |needle: &str| {
        for y in 0..40u16 {
            let line: String = (0..120).map(|x| buffer[(x, y)].symbol()).collect();
            if let Some(at) = line.find(needle) {
                return (line[..at].chars().count() as u16, y);
            }
        }
        panic!("{needle} is not on the screen");
    };
    let click = |app: &mut App, (column, row): (u16, u16)| {
        app.mouse(MouseEvent {
            kind: MouseEventKind::Down(MouseButton::Left),
            column,
            row,
            modifiers: KeyModifiers::NONE,
        });
    };
    click(&mut app, find("Backlog"));
    assert_eq!(app.tab, Pane::Backlog);
    click(&mut app, find("─ stream ─"));
    assert!(app.chosen.is_some());
    draw(&mut app, 120, 40);
    click(&mut app, find("PSYNC"));
    assert!(app.cursor.is_some());
    click(&mut app, find("Console"));
    assert_eq!(app.focus, Focus::Console);
}

#[test]
fn links_are_followed_until_one_is_chosen() {
    let mut s = Story::free();
    s.handshake(6381, 6380, super::story::ID1);
    assert_eq!(s.app.link().map(|k| k.replica.port), Some(6381));
    s.handshake(6382, 6380, super::story::ID0);
    assert_eq!(s.app.link().map(|k| k.replica.port), Some(6382));
    press(&mut s.app, KeyCode::Esc);
    press(&mut s.app, KeyCode::Char('p'));
    assert_eq!(s.app.link().map(|k| k.replica.port), Some(6381));
    s.master_down(6380, &[6382]);
    assert_eq!(s.app.link().map(|k| k.replica.port), Some(6381));
    press(&mut s.app, KeyCode::Char('f'));
    assert_eq!(s.app.link().map(|k| k.replica.port), Some(6382));
}

#[test]
fn messages_are_told_once_although_both_ends_report_them() {
    let s = Story::online();
    let key = s.app.link().expect("a link");
    let seq = s.app.world.links.get(&key).expect("its rows");
    let count = |text: &str| {
        seq.rows
            .iter()
            .filter(|r| match &r.kind {
                crate::tui::reduce::row::RowKind::Message { message, .. } => {
                    format!("{message:?}").contains(text)
                }
                _ => false,
            })
            .count()
    };
    for text in ["Ping", "Pong", "ListeningPort", "Capa", "Psync", "FullResync", "Ok"] {
        assert_eq!(count(text), 1, "{text}");
    }
}

#[test]
fn an_idle_screen_asks_for_no_tick() {
    let mut s = Story::online();
    s.later(10_000_000);
    draw(&mut s.app, 120, 40);
    assert_eq!(s.app.next_tick_us(), None);
    let mut s = Story::waiting();
    s.later(10_000_000);
    assert!(s.app.next_tick_us().is_some_and(|us| us <= 1_002_000), "a wait is counted");
}

#[test]
fn no_escape_sequence_reaches_the_screen() {
    let mut s = Story::free();
    let evil = "\x1b]0;owned\x07\x1b[2J\u{202e}";
    s.log(6380, 'M', evil);
    s.typed("x> ", "get k", Answer::text(Label::Reply, evil));
    s.app.input.insert_text(evil);
    s.app.failed(&Mode::Free, evil.into());
    for screen in [s.app.screen.clone(), Screen::Lab] {
        s.app.screen = screen;
        for pane in [Pane::Logs, Pane::Keys] {
            s.app.tab = pane;
            let shown = text(&mut s.app, 120, 40);
            assert!(
                shown.chars().all(|c| c == '\n' || !(c.is_control() || c == '\u{202e}')),
                "{shown:?}"
            );
        }
    }
}
