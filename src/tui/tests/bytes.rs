//! The Wire and the RDB pane over seeded simulations: the bytes that really passed.

use super::simulated::{SECOND, Session, online};
use super::text;
use crate::observe::Fact;
use crate::tui::app::Pane;

fn golden(s: &mut Session, name: &str, pane: Pane) {
    s.app.notice = None;
    s.app.narrow = pane;
    s.app.tab = pane;
    insta::assert_snapshot!(format!("{name}_120x40"), text(&mut s.app, 120, 40));
    insta::assert_snapshot!(format!("{name}_80x24"), text(&mut s.app, 80, 24));
}

/// A replica that got a few keys in an RDB, and then a write.
fn synced(seed: u64) -> Session {
    let mut s = Session::new(seed);
    s.typed(6380, "SET greeting hello");
    s.typed(6380, "SET later gone PXAT 4102444800000");
    s.typed(6380, "SET counter 12345");
    s.typed(6381, "SLAVEOF 127.0.0.1 6380");
    s.until_online();
    s.typed(6380, "SET name xd");
    s.run(SECOND);
    s
}

#[test]
fn wire_of_a_sync() {
    let mut s = synced(21);
    golden(&mut s, "sim_wire", Pane::Wire);
    // Back to where it began.
    s.app.scroll.insert(Pane::Wire, 10_000);
    let shown = text(&mut s.app, 80, 24);
    assert!(shown.contains("──▶ PING"), "{shown}");
    assert!(shown.contains("2a 31 0d 0a 24 34 0d 0a"), "{shown}");
    golden(&mut s, "sim_wire_begin", Pane::Wire);
}

#[test]
fn rdb_of_a_sync() {
    let mut s = synced(22);
    golden(&mut s, "sim_rdb", Pane::Rdb);
    let shown = text(&mut s.app, 120, 40);
    assert!(shown.contains("checksum") && shown.contains("right"), "{shown}");
    assert!(shown.contains("string greeting = hello"), "{shown}");
}

#[test]
fn rdb_on_its_way() {
    let mut s = Session::new(23);
    s.typed(6380, "DEBUG POPULATE 20000 key 100");
    s.sim.throttle(6380, 6381, 64 * 1024);
    s.typed(6381, "SLAVEOF 127.0.0.1 6380");
    s.until(|f| matches!(f, Fact::RdbReceived { got, .. } if *got > 50_000));
    golden(&mut s, "sim_rdb_on_its_way", Pane::Rdb);
    let shown = text(&mut s.app, 80, 24);
    assert!(shown.contains("on its way"), "{shown}");
}

#[test]
fn a_selected_row_shows_its_bytes() {
    let mut s = online(24);
    s.app.show(Pane::Sequence);
    for _ in 0..200 {
        s.app.key(crossterm::event::KeyEvent::from(crossterm::event::KeyCode::Up));
        let shown = text(&mut s.app, 120, 40);
        if shown.contains("▶──▶ PSYNC") || shown.contains("▶──▶ psync") {
            return;
        }
    }
    panic!("{}", text(&mut s.app, 120, 40));
}
