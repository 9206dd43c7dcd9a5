//! Goldens at 80×24 and at 120×40, one for every phase.

use super::story::{ID0, ID1, Story};
use super::{app, colours, draw, text};
use crate::observe::{Answer, LabFact, Label};
use crate::tui::app::{Action, App, Mode, Pane, Screen};
use crate::tui::theme::{Palette, Theme};

fn golden(name: &str, app: &mut App) {
    app.notice = None;
    insta::assert_snapshot!(format!("{name}_120x40"), text(app, 120, 40));
    insta::assert_snapshot!(format!("{name}_80x24"), text(app, 80, 24));
}

#[test]
fn start() {
    golden("start", &mut app());
}

#[test]
fn start_says_why_a_server_did_not_start() {
    let mut app = app();
    app.start_entry = 1;
    let why = "6380: the port is taken (Address already in use)\n\
               A redis-server of yours? synclab --base-port 7380 takes other ports.";
    app.failed(&Mode::Free, why.into());
    golden("start_failed", &mut app);
}

#[test]
fn start_while_servers_start() {
    let mut app = app();
    app.screen = Screen::Starting(Mode::Free);
    let shown = text(&mut app, 80, 24);
    assert!(shown.contains("starting three servers on 6380, 6381 and 6382"), "{shown}");
}

/// Every type: what is not a string says so, and master and replica are compared by type and value.
#[test]
fn keys_of_all_types() {
    use crate::observe::{Fact, KeyType, Preview};
    let mut s = Story::online();
    let keys = [
        ("basket", KeyType::Set, "3: apple pear plum"),
        ("board", KeyType::Zset, "2: ann=1.5 bob=7"),
        ("jobs", KeyType::List, "12: a b c d e f g h …"),
        ("log", KeyType::Stream, "1: 1700000000000-0 what=login"),
        ("user:1", KeyType::Hash, "2: mail=ann@example.org name=ann"),
        ("visits", KeyType::Hash, "5000 fields"),
    ];
    let written = |(key, kind, value): (&str, KeyType, &str)| Fact::KeyWritten {
        db: 0,
        key: Preview::of(key.as_bytes()),
        kind,
        value: Preview::of(value.as_bytes()),
        expire_at_ms: None,
    };
    for port in [6380, 6381, 6382] {
        let before = s.app.world.model.instance(port).expect("up").keys_total();
        for key in keys {
            s.fact(port, written(key));
        }
        let all = before + keys.len() as u64;
        s.fact(port, Fact::DbSize { db: 0, keys: all, expires: 0 });
    }
    // Behind the replica's back: the same text, another type.
    s.fact(6382, written(("board", KeyType::Hash, "2: ann=1.5 bob=7")));
    s.settle();
    s.app.show(Pane::Keys);
    golden("keys_types", &mut s.app);
}

#[test]
fn before_any_sync() {
    golden("before", &mut Story::free().app);
}

#[test]
fn handshake() {
    let mut s = Story::free();
    s.handshake(6381, 6380, ID1);
    s.settle();
    s.app.narrow = Pane::Sequence;
    golden("handshake", &mut s.app);
}

#[test]
fn waiting_for_the_diskless_delay() {
    let mut s = Story::waiting();
    s.app.narrow = Pane::Topology;
    golden("waiting", &mut s.app);
    let shown = text(&mut s.app, 120, 40);
    assert!(shown.contains("waits 3 of 5 s: repl-diskless-sync-delay"), "{shown}");
}

#[test]
fn transfer_held_with_a_set_typed_into_it() {
    let mut s = Story::held();
    s.app.narrow = Pane::Sequence;
    golden("held", &mut s.app);
}

#[test]
fn replay() {
    let mut s = Story::replayed();
    s.settle();
    s.app.narrow = Pane::Buffer;
    golden("replay", &mut s.app);
    assert!(text(&mut s.app, 120, 40).contains("✓ replayed"));
}

#[test]
fn online() {
    let mut s = Story::online();
    s.app.tab = Pane::Keys;
    s.app.narrow = Pane::Keys;
    golden("online", &mut s.app);
}

#[test]
fn online_wire_and_backlog_and_logs() {
    let mut s = Story::online();
    for (pane, name) in [(Pane::Wire, "wire"), (Pane::Backlog, "backlog"), (Pane::Logs, "logs")] {
        s.app.show(pane);
        insta::assert_snapshot!(format!("{name}_120x40"), text(&mut s.app, 120, 40));
        insta::assert_snapshot!(format!("{name}_80x24"), text(&mut s.app, 80, 24));
    }
}

#[test]
fn master_down() {
    let mut s = Story::online();
    s.master_down(6380, &[6381, 6382]);
    s.later(41_000_000);
    s.app.narrow = Pane::Topology;
    golden("master_down", &mut s.app);
}

#[test]
fn promoted_and_resumed() {
    let mut s = Story::online();
    s.master_down(6380, &[6381, 6382]);
    s.later(41_000_000);
    s.promote(6381);
    s.later(2_000_000);
    s.app.narrow = Pane::Topology;
    golden("promoted", &mut s.app);
    s.resume(6382, 6381);
    s.settle();
    s.app.narrow = Pane::Sequence;
    golden("resumed", &mut s.app);
    s.app.act(Action::Why);
    golden("why", &mut s.app);
}

#[test]
fn lesson() {
    let mut s = Story::bare(Some("walk-through"));
    s.app.act(Action::Hint);
    let hint = "A folder for each port; braces spare typing.";
    s.typed("[synclab /data]# ", ":hint", Answer::text(Label::Hint, hint));
    s.app.line_done("[synclab /data]# ".into(), false, false, None);
    golden("lesson", &mut s.app);
    for port in [6380, 6381, 6382] {
        s.lab(crate::observe::LabFact::DirMade { path: format!("/data/{port}") });
    }
    s.typed("[synclab /data]# ", "mkdir /data/638{0..2}", Answer::default());
    let shown = text(&mut s.app, 120, 40);
    assert!(shown.contains("[✓] Three folders"), "{shown}");
}

#[test]
fn help_and_palette_and_quit() {
    let mut s = Story::online();
    s.app.act(Action::Help);
    golden("help", &mut s.app);
    s.app.popup = None;
    s.app.act(Action::Palette);
    golden("palette", &mut s.app);
    s.app.popup = None;
    s.app.act(Action::Quit);
    golden("quit", &mut s.app);
}

#[test]
fn editor() {
    let mut s = Story::free();
    let text = "port 6380\ndaemonize yes\nlogfile \"/data/6380/redis.log\"\n";
    let edit =
        crate::console::EditRequest { path: "/data/6380/redis.conf".into(), text: text.into() };
    s.app.line_done("[synclab /data]# ".into(), false, false, Some(edit));
    golden("editor", &mut s.app);
}

/// What the lesson says to write stays in sight while it is written.
#[test]
fn editor_beside_the_lesson() {
    let mut s = Story::bare(Some("walk-through"));
    for port in [6380, 6381, 6382] {
        s.lab(LabFact::DirMade { path: format!("/data/{port}") });
    }
    let path = "/data/6380/redis.conf".to_owned();
    let edit = crate::console::EditRequest { path, text: String::new() };
    s.app.line_done("[synclab /data]# ".into(), false, false, Some(edit));
    golden("lesson_editor", &mut s.app);
    for (width, height) in [(120, 40), (80, 24)] {
        let shown = text(&mut s.app, width, height);
        for line in ["port 6380", "dbfilename dump.rdb", "protected-mode no"] {
            assert!(shown.contains(line), "{line} at {width}x{height}\n{shown}");
        }
    }
}

#[test]
fn without_colour_nothing_is_lost() {
    let mut s = Story::held();
    let coloured = text(&mut s.app, 120, 40);
    s.app.theme = Theme { palette: Palette::Plain };
    let (cells, _) = colours(&draw(&mut s.app, 120, 40));
    assert_eq!(cells, 0);
    assert_eq!(text(&mut s.app, 120, 40), coloured);
    s.app.theme = Theme { palette: Palette::ColourBlind };
    assert!(colours(&draw(&mut s.app, 120, 40)).0 > 100);
}

#[test]
fn a_change_is_marked_for_a_second_and_then_calm() {
    let mut s = Story::online();
    s.write(6380, &["SET", "name", "new"], &[], &[6381, 6382]);
    let (_, marked) = colours(&draw(&mut s.app, 120, 40));
    s.later(1_500_000);
    let (_, calm) = colours(&draw(&mut s.app, 120, 40));
    assert!(marked > calm, "{marked} cells marked, {calm} left");
}

#[test]
fn every_size_is_safe() {
    let mut s = Story::online();
    s.master_down(6380, &[6381, 6382]);
    s.promote(6381);
    s.typed("127.0.0.1:6381> ", "get 名前", Answer::text(Label::Reply, "\"同步\""));
    let mut app = s.app;
    for pane in Pane::NUMBERED {
        app.show(pane);
        for (w, h) in [(1, 1), (2, 40), (20, 5), (44, 12), (45, 13), (79, 23), (100, 30), (250, 80)]
        {
            for zoom in [false, true] {
                app.zoom = zoom;
                draw(&mut app, w, h);
            }
        }
    }
    for action in [Action::Help, Action::Palette, Action::Quit, Action::Why] {
        app.popup = None;
        app.act(action);
        for (w, h) in [(44, 12), (60, 15), (120, 40)] {
            draw(&mut app, w, h);
        }
    }
}

#[test]
fn chains_and_circles_are_drawn() {
    let mut s = Story::free();
    s.handshake(6381, 6380, ID1);
    s.handshake(6382, 6381, ID0);
    s.later(2_000_000);
    s.app.narrow = Pane::Topology;
    golden("chain", &mut s.app);
    // Everybody follows everybody: nobody may vanish, nothing may spin.
    s.handshake(6380, 6382, ID0);
    let shown = text(&mut s.app, 120, 40);
    for port in ["6380", "6381", "6382"] {
        assert!(shown.contains(port), "{shown}");
    }
}
