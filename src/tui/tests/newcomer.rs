//! What somebody who sees the screens for the first time must not be misled by.

use super::story::{ID1, Story};
use super::text;
use crate::observe::{Addr, Fact, LabFact, Offset, Preview};
use crate::tui::app::{Ask, Focus, Pane, Popup};
use crate::tui::reduce::row::RowKind;
use crate::tui::view::CUT;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

fn press(s: &mut Story, code: KeyCode, modifiers: KeyModifiers) {
    s.app.key(KeyEvent::new(code, modifiers));
}

#[test]
fn the_backlog_judges_by_the_id_as_well_as_by_the_window() {
    let mut s = Story::online();
    s.app.show(Pane::Backlog);
    assert!(text(&mut s.app, 120, 40).contains("✓ partial resync"));
    // The same offset under another id: not the same bytes.
    s.promote(6381);
    let screen = text(&mut s.app, 80, 24);
    assert!(screen.contains("6381 would ask c07d… 32"), "{screen}");
    assert!(screen.contains("╳ full resync: c07d… is not my history"), "{screen}");
}

#[test]
fn a_server_that_is_down_grants_nothing() {
    let mut s = Story::online();
    s.master_down(6380, &[6381, 6382]);
    s.app.show(Pane::Backlog);
    let screen = text(&mut s.app, 80, 24);
    assert!(screen.contains("6380 ╳  replid 8f3a…") && !screen.contains("✓"), "{screen}");
}

#[test]
fn a_replica_in_a_transfer_would_ask_for_everything() {
    let mut s = Story::held();
    s.app.show(Pane::Backlog);
    let screen = text(&mut s.app, 80, 24);
    assert!(screen.contains("6381 asks ? -1"), "{screen}");
    assert!(screen.contains("╳ full resync: asked for"), "{screen}");
}

#[test]
fn the_keys_stay_where_they_are_until_they_are_sent_elsewhere() {
    let mut s = Story::online();
    press(&mut s, KeyCode::Char('7'), KeyModifiers::ALT);
    assert_eq!((s.app.focus, s.app.tab), (Focus::Console, Pane::Keys));
    press(&mut s, KeyCode::Esc, KeyModifiers::NONE);
    let there = s.app.focus;
    assert_ne!(there, Focus::Console);
    press(&mut s, KeyCode::Esc, KeyModifiers::NONE);
    press(&mut s, KeyCode::Char('?'), KeyModifiers::NONE);
    press(&mut s, KeyCode::Esc, KeyModifiers::NONE);
    assert_eq!(s.app.focus, there);
    assert!(text(&mut s.app, 80, 24).contains("Console · i types here"));
    press(&mut s, KeyCode::Char('i'), KeyModifiers::NONE);
    press(&mut s, KeyCode::Char('x'), KeyModifiers::NONE);
    assert!(text(&mut s.app, 80, 24).contains("Console · typing here"));
}

#[test]
fn the_end_of_input_leaves_redis_cli_then_offers_to_leave() {
    let mut s = Story::free();
    press(&mut s, KeyCode::Char('d'), KeyModifiers::CONTROL);
    assert_eq!(s.app.take_asks(), [Ask::Run("exit".into())]);
    s.app.line_done("[synclab /data]# ".into(), false, false, None);
    press(&mut s, KeyCode::Char('d'), KeyModifiers::CONTROL);
    assert!(matches!(s.app.popup, Some(Popup::Quit)));
    assert_eq!(s.app.focus, Focus::Console);
}

fn folders(s: &mut Story) {
    for port in [6380, 6381, 6382] {
        s.lab(LabFact::DirMade { path: format!("/data/{port}") });
    }
}

#[test]
fn a_lesson_shows_what_to_type_first_and_keeps_what_was_read() {
    let mut s = Story::bare(Some("walk-through"));
    let screen = text(&mut s.app, 80, 24);
    assert!(screen.contains("goal 1 of 9: Three folders under /data"), "{screen}");
    assert!(screen.contains("mkdir /data/638{0..2}"), "{screen}");
    folders(&mut s);
    let screen = text(&mut s.app, 80, 24);
    assert!(screen.contains("Three conf files") && !screen.contains("mkdir"), "{screen}");
    for line in ["vim /data/6380/redis.conf", "port 6380", "logfile \"/data/6380/redis.log\""] {
        assert!(screen.contains(line), "{line} is out of sight\n{screen}");
    }
    // The keys work while the prompt has the focus.
    assert_eq!(s.app.focus, Focus::Console);
    press(&mut s, KeyCode::PageUp, KeyModifiers::NONE);
    let screen = text(&mut s.app, 80, 24);
    assert!(screen.contains("mkdir /data/638{0..2}"), "{screen}");
    assert!(screen.contains("✓ goal reached: Three folders under /data"), "{screen}");
}

#[test]
fn no_line_of_a_lesson_is_cut() {
    let mut s = Story::bare(Some("walk-through"));
    for size in [(80, 24), (100, 30), (120, 40), (60, 20)] {
        let screen = text(&mut s.app, size.0, size.1);
        // The first line is the status, which has other things to tell.
        assert!(screen.lines().skip(1).all(|l| !l.contains('…')), "{screen}");
        folders(&mut s);
    }
}

#[test]
fn a_low_screen_says_where_the_diagram_is() {
    let mut s = Story::bare(Some("walk-through"));
    folders(&mut s);
    for port in [6380, 6381, 6382] {
        let path = format!("/data/{port}/redis.conf");
        s.lab(LabFact::FileWritten { path, bytes: 10, text: None });
        s.up(port, ID1);
    }
    let screen = text(&mut s.app, 80, 24);
    assert!(screen.contains("SLAVEOF 127.0.0.1 6380"), "{screen}");
    assert!(screen.contains("Alt-3 shows the diagram, Alt-1 comes back"), "{screen}");
}

#[test]
fn keys_of_strangers_are_no_difference() {
    let mut s = Story::free();
    let written = |value: &str| Fact::KeyWritten {
        kind: Default::default(),
        db: 0,
        key: Preview::of(b"k"),
        value: Preview::of(value.as_bytes()),
        expire_at_ms: None,
    };
    for (port, value) in [(6380, "a"), (6381, "b")] {
        s.fact(port, written(value));
        s.fact(port, Fact::DbSize { db: 0, keys: 1, expires: 0 });
    }
    s.app.show(Pane::Keys);
    let screen = text(&mut s.app, 80, 24);
    assert!(screen.contains("nobody follows anybody") && !screen.contains('≠'), "{screen}");
    let mut s = Story::online();
    s.promote(6382);
    s.fact(6382, written("mine"));
    s.fact(6382, Fact::DbSize { db: 0, keys: 3, expires: 0 });
    s.app.show(Pane::Keys);
    let screen = text(&mut s.app, 80, 24);
    assert!(screen.contains("6382: own data, not compared"), "{screen}");
}

#[test]
fn nothing_is_all_the_same_while_something_is_untold() {
    let mut s = Story::online();
    for port in [6380, 6381, 6382] {
        s.fact(port, Fact::DbSize { db: 0, keys: 20_001, expires: 0 });
    }
    s.app.show(Pane::Keys);
    let screen = text(&mut s.app, 80, 24);
    assert!(!screen.contains("all the same"), "{screen}");
    assert!(screen.contains("names of 2 of 20,001 keys are known: the rest came in bulk"));
}

#[test]
fn a_zoomed_pane_has_the_whole_screen_and_says_how_to_come_back() {
    let mut s = Story::online();
    press(&mut s, KeyCode::Esc, KeyModifiers::NONE);
    press(&mut s, KeyCode::Char('z'), KeyModifiers::NONE);
    let screen = text(&mut s.app, 80, 24);
    assert!(!screen.contains("Console") && screen.contains("z brings the console back"));
    press(&mut s, KeyCode::Char('z'), KeyModifiers::NONE);
    assert!(text(&mut s.app, 80, 24).contains("Console"));
}

#[test]
fn the_palette_fills_the_prompt_with_a_verb() {
    let mut s = Story::free();
    press(&mut s, KeyCode::Esc, KeyModifiers::NONE);
    press(&mut s, KeyCode::Char('/'), KeyModifiers::NONE);
    for c in "throttle A".chars() {
        press(&mut s, KeyCode::Char(c), KeyModifiers::NONE);
    }
    press(&mut s, KeyCode::Enter, KeyModifiers::NONE);
    assert_eq!(s.app.input.text(), ":throttle ");
    assert_eq!((s.app.focus, s.app.take_asks()), (Focus::Console, vec![]));
}

#[test]
fn a_history_that_begins_is_called_new_for_a_while() {
    let mut s = Story::free();
    s.handshake(6381, 6380, ID1);
    s.delay(6381, 6380);
    s.app.narrow = Pane::Topology;
    assert!(text(&mut s.app, 80, 24).contains("8f3a… new history"));
    s.later(7_000_000);
    assert!(!text(&mut s.app, 80, 24).contains("new history"));
}

#[test]
fn a_burst_is_one_row_although_some_of_it_waited() {
    let mut s = Story::online();
    let count = |s: &Story| {
        let key = s.app.link().expect("a link");
        let rows = &s.app.world.links.get(&key).expect("its rows").rows;
        rows.iter().filter(|r| matches!(r.kind, RowKind::Write(_))).count()
    };
    for i in 0..200 {
        let held: &[u16] = if i % 7 < 3 { &[6381, 6382] } else { &[] };
        s.write(6380, &["SET", "name", "xd"], held, &[]);
    }
    assert!(count(&s) < 30, "{} rows", count(&s));
}

#[test]
fn no_pane_ends_in_half_a_word() {
    let stories: [fn() -> Story; 7] = [
        Story::free,
        || {
            let mut s = Story::free();
            s.handshake(6381, 6380, ID1);
            s.handshake(6382, 6381, ID1);
            s
        },
        Story::waiting,
        Story::held,
        Story::replayed,
        Story::online,
        || {
            let mut s = Story::online();
            s.master_down(6380, &[6381, 6382]);
            s.promote(6381);
            s.resume(6382, 6381);
            s
        },
    ];
    let mut cuts = std::collections::BTreeSet::new();
    for story in stories {
        let mut s = story();
        s.settle();
        for pane in Pane::NUMBERED {
            s.app.show(pane);
            s.app.notice = None;
            for (width, height) in [(80, 24), (120, 40)] {
                text(&mut s.app, width, height);
                cuts.extend(CUT.take().into_iter().map(|line| (width, line)));
            }
        }
        s.app.act(crate::tui::app::Action::Why);
        text(&mut s.app, 80, 24);
        cuts.extend(CUT.take().into_iter().map(|line| (80, line)));
    }
    let mut start = super::app();
    text(&mut start, 80, 24);
    cuts.extend(CUT.take().into_iter().map(|line| (80, line)));
    assert!(cuts.is_empty(), "{cuts:#?}");
}

#[test]
fn a_replica_that_bytes_wait_for_is_not_called_in_sync() {
    let mut s = Story::online();
    s.app.show(Pane::Topology);
    assert!(text(&mut s.app, 80, 24).contains("replica · in sync"));
    s.lab(LabFact::LinkThrottled { a: 6380, b: 6381, bytes_per_second: Some(65_536) });
    let replica = Addr::new("127.0.0.1", 6381);
    let (upto, left) = (Offset(31), 2_300_000);
    s.fact(6380, Fact::StreamSent { replica, upto, left });
    let (first, histlen, size) = (Offset(1), 2_300_031, 1 << 20);
    s.fact(6380, Fact::BacklogMoved { first, histlen, size });
    s.ack(6382, 6380, Offset(2_300_031));
    for (width, height) in [(80, 24), (120, 40)] {
        let screen = text(&mut s.app, width, height);
        assert!(screen.contains("behind") && screen.contains("⏸ 2.2 MB wait"), "{screen}");
        assert!(screen.contains("throttled to 64 KB/s"), "{screen}");
        assert_eq!(screen.matches("in sync").count(), 1, "only 6382 is\n{screen}");
    }
    s.app.show(Pane::Backlog);
    let screen = text(&mut s.app, 80, 24);
    assert!(screen.contains("more than its size: bytes go by whole blocks"), "{screen}");
}
