//! Topology, charts, backlog, buffer and keys, from seeded simulations: one for every shape that
//! they can have.

use super::simulated::Session;
use super::text;
use crate::observe::*;
use crate::tui::app::{Focus, Pane};
use crossterm::event::KeyCode;

/// A pane at both sizes, and with the whole of the wide screen to itself.
fn golden(s: &mut Session, name: &str, pane: Pane) {
    s.app.notice = None;
    s.app.narrow = pane;
    if crate::tui::app::RIGHT_TABS.contains(&pane) {
        s.app.tab = pane;
    }
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

/// `replicas[i]` is (replica, master); all are in sync at the end.
fn tree(seed: u64, ports: &[u16], replicas: &[(u16, u16)]) -> Session {
    let mut s = Session::with(seed, ports);
    for (replica, master) in replicas {
        s.typed(*replica, &format!("REPLICAOF 127.0.0.1 {master}"));
        s.run(9_000_000);
    }
    s.typed(ports[0], "SET name xd");
    s.run(3_000_000);
    s
}

fn ports(n: u16) -> Vec<u16> {
    (6380..6380 + n).collect()
}

#[test]
fn a_chain_of_three_and_a_second_master() {
    let mut s = tree(21, &ports(5), &[(6381, 6380), (6382, 6381), (6384, 6383)]);
    golden(&mut s, "topology_chain", Pane::Topology);
}

#[test]
fn sixteen_in_a_fan() {
    let replicas: Vec<(u16, u16)> = (6381..6396).map(|r| (r, 6380)).collect();
    let mut s = tree(22, &ports(16), &replicas);
    s.sim.throttle(6380, 6385, 100);
    s.typed(6380, &format!("SET long {}", "x".repeat(2_000)));
    s.run(4_000_000);
    golden(&mut s, "topology_fan", Pane::Topology);
}

#[test]
fn sixteen_in_one_chain() {
    let replicas: Vec<(u16, u16)> = (6381..6396).map(|r| (r, r - 1)).collect();
    let mut s = tree(23, &ports(16), &replicas);
    golden(&mut s, "topology_long_chain", Pane::Topology);
}

#[test]
fn sixteen_in_a_tree() {
    let replicas: Vec<(u16, u16)> = (1..16).map(|n| (6380 + n, 6380 + (n - 1) / 2)).collect();
    let mut s = tree(24, &ports(16), &replicas);
    golden(&mut s, "topology_tree", Pane::Topology);
}

/// Every fault, and every sign of held time, on one picture.
#[test]
fn faults_and_held_steps_are_drawn_where_they_are() {
    let mut s = tree(25, &ports(5), &[(6381, 6380), (6382, 6380), (6383, 6380)]);
    let mut lab = |fact| s.sim.record(Source::Lab, Body::Lab(fact));
    let fault = |b, fault| LabFact::LinkFault { a: 6380, b, fault, on: true };
    lab(fault(6381, Fault::Delay { us: 200_000 }));
    lab(fault(6382, Fault::HalfOpen));
    lab(LabFact::Frozen { port: 6383, on: true });
    lab(LabFact::Slowed { factor: 10 });
    lab(LabFact::StepMode { on: true, hit: None });
    let link = LinkRef { side: Side::Master, peer: Addr::new("127.0.0.1", 6381) };
    let wire = vec![Preview::of(b"SET"), Preview::of(b"name"), Preview::of(b"xd")];
    let what = StepWhat::Command { wire, from: Offset(83), to: Offset(113) };
    let step = Step { kind: StepKind::Command, flow: Flow::Out, link: Some(link), bytes: 31, what };
    lab(LabFact::StepWaits { id: 1, port: 6380, step });
    let save = Step::here(StepKind::SaveBegin, None, StepWhat::Nothing);
    lab(LabFact::StepWaits { id: 2, port: 6384, step: save });
    s.sim.cut(6380, 6383);
    s.sim.record(Source::Lab, Body::Lab(fault(6383, Fault::Cut)));
    s.run(2_000_000);
    golden(&mut s, "topology_faults", Pane::Topology);
}

/// Peers that are none of the lab's: one follows, one is followed, and time is held for them.
#[test]
fn guests_are_drawn_as_guests() {
    let mut s = tree(26, &ports(2), &[]);
    let mut tell = |port, fact| s.sim.record(Source::Instance(port), Body::Fact(fact));
    let guest = Addr::new("127.0.0.1", 7000);
    let (from, to) = (None, ReplicaState::Online);
    tell(6380, Fact::ReplicaState { replica: guest.clone(), from, to });
    tell(6380, Fact::Acked { replica: guest.clone(), offset: Offset(0) });
    let master = Addr::new("10.0.0.5", 6379);
    let (role, cause) = (Role::Replica, RoleCause::UserRequest);
    tell(6381, Fact::RoleChanged { role, master: Some(master.clone()), cause });
    let (from, to) = (LinkState::None, LinkState::Connected);
    tell(6381, Fact::LinkState { master, from, to });
    let waits = LabFact::PeerWaits { port: 6380, peer: guest, bears_ms: Some(60_000) };
    s.sim.record(Source::Lab, Body::Lab(waits));
    s.run(18_000_000);
    golden(&mut s, "topology_guests", Pane::Topology);
}

/// A guest that comes back begins a new conversation: what its first transfer was is not what the
/// second is.
#[test]
fn a_guest_that_comes_back_is_drawn_from_the_beginning() {
    let mut s = tree(40, &ports(1), &[]);
    let (eof, guest) = (RdbFraming::Eof, Addr::new("127.0.0.1", 7000));
    let mut visit = |steps: usize| {
        let link = LinkRef { side: Side::Master, peer: guest.clone() };
        let said = |message| Fact::Said { link: link.clone(), message, bytes: 50 };
        let state = |from, to| Fact::ReplicaState { replica: guest.clone(), from, to };
        let sent = |sent| Fact::RdbSent { replica: guest.clone(), sent, framing: eof };
        let end = ReplicaState::WaitBgsaveEnd;
        let facts = [
            Fact::Heard { link: link.clone(), message: Message::ListeningPort(7000), bytes: 49 },
            state(None, end),
            sent(0),
            said(Message::RdbBegin(eof)),
            sent(50_000),
            said(Message::RdbEnd { bytes: 70_000 }),
            state(Some(end), ReplicaState::Online),
            Fact::LinkLost { link: link.clone(), cause: LinkLoss::PeerClosed },
        ];
        for fact in facts.into_iter().take(steps) {
            s.sim.record(Source::Instance(6380), Body::Fact(fact));
        }
        s.run(1_000_000);
        text(&mut s.app, 120, 40)
    };
    visit(8);
    let shown = visit(3);
    assert!(shown.contains("RDB $EOF 0 B ═╡") && !shown.contains("loads it"), "{shown}");
    let shown = visit(5);
    assert!(shown.contains("48.8 KB so far"), "{shown}");
    assert!(!shown.contains("loads it"), "{shown}");
}

/// What was sent is under way for a moment, and then the picture is at rest and asks for no frame.
#[test]
fn what_travels_is_seen_travelling_and_then_all_is_calm() {
    let mut s = tree(27, &ports(3), &[(6381, 6380), (6382, 6380)]);
    s.app.narrow = Pane::Topology;
    let calm = text(&mut s.app, 120, 40);
    s.typed(6380, "SET name yz");
    s.run(200_000);
    let moving = text(&mut s.app, 120, 40);
    assert_eq!(moving.matches('▸').count(), 2, "{moving}");
    assert!(s.app.next_tick_us().is_some_and(|us| us <= 34_000));
    s.run(300_000);
    let further = text(&mut s.app, 120, 40);
    let column = |screen: &str| screen.lines().find_map(|l| l.find('▸'));
    assert!(column(&further) > column(&moving), "{further}");
    s.run(3_000_000);
    let rest = text(&mut s.app, 120, 40);
    assert_eq!(rest.matches(['▸', '◂']).count(), calm.matches(['▸', '◂']).count(), "{rest}");
    assert!(s.app.next_tick_us().is_none_or(|us| us > 34_000));
}

/// A small backlog that has turned: one replica in sync, one whose bytes are gone, a stranger.
#[test]
fn a_backlog_that_turned_and_what_it_would_grant() {
    let mut s = tree(31, &ports(4), &[(6381, 6380), (6382, 6380)]);
    s.typed(6380, "CONFIG SET repl-backlog-size 16384");
    s.sim.cut(6380, 6382);
    for n in 0..9 {
        s.typed(6380, &format!("SET key:{n} {}", "x".repeat(4_000)));
        s.run(1_000_000);
    }
    golden(&mut s, "backlog", Pane::Backlog);
    s.app.show(Pane::Backlog);
    s.app.zoom = true;
    let shown = text(&mut s.app, 120, 40);
    assert!(shown.contains("╳ full resync: 83 fell out of the backlog"), "{shown}");
    assert!(shown.contains("✓ partial resync: 0 B of backlog"), "{shown}");
}

/// After a promotion the old id still opens the door, up to where the histories part.
#[test]
fn a_backlog_after_a_promotion() {
    let mut s = tree(32, &ports(3), &[(6381, 6380), (6382, 6380)]);
    s.sim.crash(6380);
    s.run(2_000_000);
    s.typed(6381, "REPLICAOF NO ONE");
    s.typed(6381, "SET after promotion");
    s.sim.cut(6381, 6382);
    s.typed(6382, "REPLICAOF 127.0.0.1 6381");
    s.run(2_000_000);
    golden(&mut s, "backlog_promoted", Pane::Backlog);
}

/// Over the soft limit, and on the way to the hard one.
#[test]
fn a_buffer_beyond_its_soft_limit() {
    let mut s = tree(33, &ports(3), &[(6381, 6380), (6382, 6380)]);
    let limit = "replica 60000 20000 60";
    s.typed(6380, &format!("CONFIG SET client-output-buffer-limit \"{limit}\""));
    s.sim.throttle(6380, 6382, 100);
    for n in 0..8 {
        s.typed(6380, &format!("SET key:{n} {}", "x".repeat(4_000)));
        s.run(1_000_000);
    }
    s.run(3_000_000);
    golden(&mut s, "buffer", Pane::Buffer);
}

/// In step mode a write to a replica in sync waits in its buffer, and so does what comes after it.
#[test]
fn writes_behind_a_step_wait_in_the_buffer() {
    let mut s = tree(39, &ports(2), &[(6381, 6380)]);
    s.sim.set_stepping(true);
    s.typed(6380, "SET name xd");
    s.typed(6380, "SET name xe");
    s.run(1_000_000);
    golden(&mut s, "buffer_step", Pane::Buffer);
    let shown = text(&mut s.app, 120, 40);
    assert!(shown.contains("⏸ 62 B wait") && shown.contains("B wait for a step: s"), "{shown}");
    assert!(!shown.contains("end of the RDB") && !shown.contains("on its way"), "{shown}");
    s.sim.step().expect("the first SET goes");
    s.watch();
    let shown = text(&mut s.app, 120, 40);
    assert!(shown.contains("⏸ 31 B wait"), "{shown}");
    s.sim.run_on();
    s.run(1_000_000);
    let shown = text(&mut s.app, 120, 40);
    assert!(!shown.contains("B wait"), "{shown}");
}

/// A key whose time is over: gone at the master, still in a replica's memory that hears nothing.
#[test]
fn keys_that_differ_and_keys_past_their_time() {
    let mut s = tree(34, &ports(4), &[(6381, 6380), (6382, 6380)]);
    s.typed(6380, "SET session abc EX 5");
    s.typed(6380, "SET token 42 EX 3600");
    s.run(2_000_000);
    s.sim.hold(6380, 6382);
    s.typed(6380, "SET name new");
    s.run(6_000_000);
    golden(&mut s, "keys", Pane::Keys);
    let shown = text(&mut s.app, 120, 40);
    assert!(shown.contains("◷ past"), "{shown}");
}

#[test]
fn sixteen_keyspaces_side_by_side() {
    let replicas: Vec<(u16, u16)> = (6381..6396).map(|r| (r, 6380)).collect();
    let mut s = tree(35, &ports(16), &replicas);
    golden(&mut s, "keys_sixteen", Pane::Keys);
    s.app.show(Pane::Keys);
    text(&mut s.app, 80, 24);
    for _ in 0..100 {
        s.app.act(crate::tui::app::Action::LanesRight);
    }
    let shown = text(&mut s.app, 80, 24);
    assert!(shown.contains("6395 r"), "{shown}");
}

/// `?` on each of these panes begins with what it shows, and nothing of it is cut off.
#[test]
fn every_picture_says_what_it_shows() {
    for pane in Pane::NUMBERED {
        let mut s = Session::new(41);
        s.app.show(pane);
        s.app.act(crate::tui::app::Action::Help);
        crate::tui::view::CUT.take();
        let shown = text(&mut s.app, 80, 24);
        let title = format!("{}: {}", pane.name(), pane.question());
        assert!(shown.contains(&title), "{shown}");
        let popup = crate::tui::view::CUT.take();
        assert!(popup.is_empty(), "{popup:#?}");
    }
}

/// Step by step through a full sync: the panes say what is true between two steps, too.
#[test]
fn a_stepped_full_sync_says_what_is_waited_for() {
    let mut s = Session::with(40, &ports(2));
    s.typed(6380, "SET old 1");
    s.sim.set_stepping(true);
    s.typed(6381, "REPLICAOF 127.0.0.1 6380");
    s.run(1_000_000);
    let shown = text(&mut s.app, 120, 40);
    assert!(shown.contains("6380 ┄┄▷ 6381") && !shown.contains('╳'), "{shown}");
    let upto = |s: &mut Session, last: StepKind| {
        while s.sim.step().expect("a step").kind != last {}
        s.watch();
    };
    upto(&mut s, StepKind::Decision);
    s.app.key(KeyCode::F(8).into());
    let told = s.app.notice.take().unwrap_or_default();
    assert!(told.contains("more for others to join: repl-diskless-sync-delay"), "{told}");
    assert!(text(&mut s.app, 120, 40).contains("The BGSAVE has not begun"));
    upto(&mut s, StepKind::SaveBegin);
    let shown = text(&mut s.app, 120, 40);
    assert!(shown.contains("The BGSAVE has begun") && !shown.contains("has not begun"), "{shown}");
    upto(&mut s, StepKind::RdbEnd);
    s.sim.run_for(3_000_000);
    s.watch();
    let shown = text(&mut s.app, 120, 40);
    assert!(shown.contains("⏸ loads the RDB") && shown.contains("the replica loads it"), "{shown}");
    assert!(shown.contains("has the whole RDB"), "{shown}");
    assert!(!shown.contains("for the BGSAVE") && !shown.contains("replica · waits"), "{shown}");
}
