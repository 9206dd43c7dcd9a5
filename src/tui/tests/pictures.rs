//! Topology, charts, backlog, buffer and keys, from seeded simulations: one for every shape that
//! they can have.

use super::simulated::Session;
use super::text;
use crate::tui::app::{Focus, Pane};

/// A pane at both sizes, and with the whole of the wide screen to itself.
fn golden(s: &mut Session, name: &str, pane: Pane) {
    s.app.notice = None;
    s.app.narrow = pane;
    s.app.tab = pane;
    insta::assert_snapshot!(format!("{name}_120x40"), text(&mut s.app, 120, 40));
    insta::assert_snapshot!(format!("{name}_80x24"), text(&mut s.app, 80, 24));
    s.app.zoom = true;
    s.app.focus = Focus::Pane(pane);
    insta::assert_snapshot!(format!("{name}_zoomed"), text(&mut s.app, 120, 40));
    s.app.zoom = false;
    s.app.focus = Focus::Console;
}

/// Two replicas, writes in bursts, and a link that is slow for a while.
#[test]
fn charts_of_writes_and_a_slow_link() {
    let mut s = Session::new(11);
    s.typed(6381, "SLAVEOF 127.0.0.1 6380");
    s.typed(6382, "SLAVEOF 127.0.0.1 6380");
    s.until_online();
    for n in 0..6 {
        s.typed(6380, &format!("SET key:{n} {}", "x".repeat(400)));
        s.run(2_000_000);
    }
    s.sim.throttle(6380, 6382, 200);
    for n in 0..10 {
        s.typed(6380, &format!("SET slow:{n} {}", "y".repeat(400)));
        s.run(700_000);
    }
    golden(&mut s, "charts", Pane::Charts);
}
