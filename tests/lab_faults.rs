//! What can be done to links and instances, over TCP: each fault is seen in its effects, and undone.

mod common;

use common::lab::{Client, free_base_port, open, wait_for};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};
use synclab::lab::model::{Life, LinkStatus, Model, MomentKind};
use synclab::lab::{Lab, LabErrorKind, LabOptions, MAX_INSTANCES};
use synclab::observe::{Body, Event, ExitHow, Fact, Fault, LabFact, Source};

/// Two of three instances, the second a replica of the first and in sync.
fn linked() -> (Lab, tempfile::TempDir, u16, u16) {
    let (lab, tmp) = open(true);
    lab.prepare_free().expect("three masters");
    let [a, b, _] = lab.base_ports();
    assert_eq!(Client::to(a).ask("config set repl-diskless-sync-delay 0"), "+OK");
    assert_eq!(Client::to(b).ask(&format!("replicaof 127.0.0.1 {a}")), "+OK");
    wait_for(&lab, "in sync", |m| {
        online(m, b) && m.link_of(b).is_some_and(|l| l.behind == Some(0))
    });
    (lab, tmp, a, b)
}

fn online(m: &Model, replica: u16) -> bool {
    m.link_of(replica).is_some_and(|l| l.status == LinkStatus::Online)
}

fn events(lab: &Lab, from: u64) -> Vec<Event> {
    let mut events = Vec::new();
    lab.journal().read_from(from, &mut events, usize::MAX);
    events
}

/// The moment (of the clients' clock) of the first fact of this instance that is as wanted.
fn when(lab: &Lab, from: u64, port: u16, wanted: impl Fn(&Fact) -> bool) -> Option<u64> {
    events(lab, from).iter().find_map(|e| match &e.body {
        Body::Fact(fact) if e.source == Source::Instance(port) && wanted(fact) => {
            Some(e.at.mono_us)
        }
        _ => None,
    })
}

fn lab_facts(lab: &Lab, from: u64) -> Vec<LabFact> {
    events(lab, from)
        .into_iter()
        .filter_map(|e| match e.body {
            Body::Lab(fact) => Some(fact),
            _ => None,
        })
        .collect()
}

fn partial_syncs(m: &Model, mark: u64) -> usize {
    m.history.count(mark, |k| matches!(k, MomentKind::PartialSyncGranted { .. }))
}

fn full_syncs(m: &Model, mark: u64) -> usize {
    m.history.count(mark, |k| matches!(k, MomentKind::FullSyncGranted { .. }))
}

#[test]
fn cut_ends_the_link_refuses_new_ones_and_heals() {
    let (lab, _tmp, a, b) = linked();
    let mark = lab.journal().len();
    lab.cut(a, b).expect("cut");
    wait_for(&lab, "both ends know", |m| {
        m.link_of(b).is_some_and(|l| l.status == LinkStatus::Down)
            && m.field(a, "connected_slaves").as_deref() == Some("0")
    });
    let refused = |f: &Fact| {
        matches!(f, Fact::Log { text, .. }
            if text == "Error condition on socket for SYNC: Connection refused")
    };
    wait_for(&lab, "a dial is refused", |_| when(&lab, mark, b, refused).is_some());
    assert_eq!(Client::to(a).ask("set name xd"), "+OK", "clients are served");
    assert_eq!(Client::to(b).ask("get name"), "$-1");
    lab.cut(b, a).expect("cut already: no news");
    assert_eq!(lab.heal(Some((b, a))), 1);
    wait_for(&lab, "it came back where it was", |m| online(m, b) && partial_syncs(m, mark) == 1);
    assert_eq!(Client::to(b).ask("get name"), "$2 xd");
    let told: Vec<LabFact> = lab_facts(&lab, mark);
    let fault = |on| LabFact::LinkFault { a, b, fault: Fault::Cut, on };
    assert_eq!(told, [fault(true), fault(false)]);
    assert_eq!(lab.heal(None), 0, "nothing is left to heal");
}

#[test]
fn delay_brings_every_byte_later_and_in_order() {
    let (lab, _tmp, a, b) = linked();
    lab.delay(a, b, Some(Duration::from_millis(300))).expect("delayed");
    let mark = lab.journal().len();
    let mut on_a = Client::to(a);
    // Few enough to be told one by one, should they all arrive at once.
    for n in 0..25 {
        assert_eq!(on_a.ask(&format!("set key {n}")), "+OK");
    }
    wait_for(&lab, "all of it arrived", |m| {
        m.key(b, 0, "key").is_some_and(|k| k.value.text() == "24")
    });
    let sent = when(&lab, mark, a, |f| matches!(f, Fact::Propagated { .. })).expect("told");
    let came = when(&lab, mark, b, |f| matches!(f, Fact::Applied { .. })).expect("told");
    assert!(came - sent >= 295_000, "{} µs on the way", came - sent);
    // A new link feels it as well: connect, five questions, five answers.
    let mark = lab.journal().len();
    assert_eq!(Client::to(b).ask("client kill type master"), ":1");
    wait_for(&lab, "resumed", |m| online(m, b) && partial_syncs(m, mark) == 1);
    let lost = when(&lab, mark, b, |f| matches!(f, Fact::LinkLost { .. })).expect("told");
    let judged = when(&lab, mark, a, |f| matches!(f, Fact::PsyncDecision { .. })).expect("told");
    assert!(judged - lost >= 1_500_000, "{} µs to the decision", judged - lost);
    lab.delay(a, b, None).expect("lifted");
    let mark = lab.journal().len();
    assert_eq!(on_a.ask("set key last"), "+OK");
    wait_for(&lab, "it arrived", |m| m.key(b, 0, "key").is_some_and(|k| k.value.text() == "last"));
    let sent = when(&lab, mark, a, |f| matches!(f, Fact::Propagated { .. })).expect("told");
    let came = when(&lab, mark, b, |f| matches!(f, Fact::Applied { .. })).expect("told");
    assert!(came < sent + 200_000, "no delay is left: {} µs", came - sent);
}

#[test]
fn half_open_swallows_bytes_and_hides_the_end() {
    let (lab, _tmp, a, b) = linked();
    let mark = lab.journal().len();
    lab.half_open(a, b).expect("half-open");
    assert_eq!(Client::to(a).ask("set name xd"), "+OK");
    wait_for(&lab, "the master believes it sent it", |m| {
        m.link_of(b)
            .and_then(|l| l.down)
            .is_some_and(|d| d.is_attached() && d.sent_upto == Some(m.instances[&a].offset))
    });
    assert_eq!(Client::to(b).ask("get name"), "$-1", "swallowed");
    // The master's end closes, and even dies: the replica does not learn of it.
    assert_eq!(Client::to(a).ask("client kill type replica"), ":1");
    wait_for(&lab, "the master let go", |m| m.field(a, "connected_slaves").as_deref() == Some("0"));
    lab.kill(a).expect("killed");
    lab.restart(a, false).expect("up again");
    assert!(Client::to(b).ask("role").starts_with('*'));
    wait_for(&lab, "a second has passed for the replica", |m| {
        m.now.link_us > m.instances[&a].life.since().link_us + 1_200_000
    });
    let lost = |f: &Fact| matches!(f, Fact::LinkLost { .. });
    assert_eq!(when(&lab, mark, b, lost), None, "it still believes in its link");
    assert!(Client::to(b).ask("info replication").contains("master_link_status:up"));
    assert_eq!(lab.heal(None), 1);
    wait_for(&lab, "the truth is out, and the link comes back", |m| {
        when(&lab, mark, b, lost).is_some() && online(m, b)
    });
}

#[test]
fn half_open_lets_dials_hang_until_healed() {
    let (lab, _tmp) = open(true);
    lab.prepare_free().expect("three masters");
    let [a, b, _] = lab.base_ports();
    assert_eq!(Client::to(a).ask("config set repl-diskless-sync-delay 0"), "+OK");
    lab.half_open(a, b).expect("half-open");
    assert_eq!(Client::to(b).ask(&format!("replicaof 127.0.0.1 {a}")), "+OK");
    wait_for(&lab, "it dials", |m| {
        m.link_of(b).is_some_and(|l| l.status == LinkStatus::Connecting)
    });
    let mark = lab.journal().len();
    assert!(Client::to(b).ask("info replication").contains("master_link_status:down"));
    assert_eq!(lab.heal(None), 1);
    wait_for(&lab, "in sync", |m| online(m, b));
    let lost = |f: &Fact| matches!(f, Fact::LinkLost { .. });
    assert_eq!(when(&lab, mark, b, lost), None, "the same dial went through");
}

#[test]
fn dropped_link_comes_back_at_once() {
    let (lab, _tmp, a, b) = linked();
    for (from, to) in [(a, b), (b, a)] {
        let mark = lab.journal().len();
        lab.drop_link(from, to).expect("dropped");
        wait_for(&lab, "resumed", |m| online(m, b) && partial_syncs(m, mark) == 1);
        let model = lab.journal().model_at(lab.journal().len()).expect("in reach");
        assert_eq!(full_syncs(&model, mark), 0);
        assert_eq!(lab_facts(&lab, mark), [LabFact::LinkDropped { a: from, b: to }]);
    }
}

#[test]
fn slow_motion_slows_links_and_nothing_else() {
    let (lab, _tmp, a, b) = linked();
    assert_eq!(lab.slow(0).expect_err("no factor").kind, LabErrorKind::Time);
    lab.slow(20).expect("slow");
    let mark = lab.journal().len();
    let begun = Instant::now();
    assert_eq!(Client::to(a).ask("set name xd"), "+OK");
    assert!(begun.elapsed() < Duration::from_millis(150), "clients are served as always");
    wait_for(&lab, "it arrived", |m| m.key(b, 0, "name").is_some());
    let sent = when(&lab, mark, a, |f| matches!(f, Fact::Propagated { .. })).expect("told");
    let came = when(&lab, mark, b, |f| matches!(f, Fact::Applied { .. })).expect("told");
    assert!(came - sent >= 195_000, "ten milliseconds became a fifth of a second: {}", came - sent);
    let (one, two) = (lab.now(), lab.now());
    assert!((two.link_us - one.link_us) * 10 <= two.mono_us - one.mono_us + 10);
    lab.slow(1).expect("real time");
    let factors = |f: &LabFact| matches!(f, LabFact::Slowed { .. });
    let all = lab_facts(&lab, 0);
    assert_eq!(all.iter().filter(|f| factors(f)).count(), 2);
}

#[test]
fn frozen_instance_answers_after_the_thaw() {
    let (lab, _tmp, a, b) = linked();
    let mut on_a = Client::to(a);
    assert_eq!(on_a.ask("ping"), "+PONG");
    lab.freeze(a).expect("frozen");
    assert!(lab.instance(a).expect("listed").frozen);
    assert_eq!(lab.freeze(a).expect_err("twice").kind, LabErrorKind::Instance);
    // The system accepts and takes bytes; nobody answers.
    let mut stream = TcpStream::connect(("127.0.0.1", a)).expect("the system accepts");
    stream.write_all(b"ping\r\n").expect("the system takes it");
    stream.set_read_timeout(Some(Duration::from_millis(300))).expect("set");
    let silent = stream.read(&mut [0; 16]).expect_err("nobody answers");
    assert!(matches!(silent.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut));
    assert_eq!(Client::to(b).ask("ping"), "+PONG", "the others are well");
    let mark = lab.journal().len();
    lab.thaw(a).expect("thawed");
    assert!(lab.thaw(a).is_err(), "twice");
    let mut answer = [0; 7];
    stream.set_read_timeout(Some(Duration::from_secs(30))).expect("set");
    stream.read_exact(&mut answer).expect("what was asked is answered now");
    assert_eq!(&answer, b"+PONG\r\n");
    assert_eq!(on_a.ask("set name xd"), "+OK");
    wait_for(&lab, "the stream flows", |m| m.key(b, 0, "name").is_some());
    assert_eq!(lab_facts(&lab, mark)[0], LabFact::Frozen { port: a, on: false });
}

#[test]
fn frozen_instance_can_be_killed_and_a_signal_waits() {
    let (lab, _tmp) = open(true);
    lab.prepare_free().expect("three masters");
    let [a, b, _] = lab.base_ports();
    lab.freeze(a).expect("frozen");
    lab.terminate(a).expect("SIGTERM is sent");
    assert!(!lab.wait_down(a, Duration::from_millis(300)), "a stopped process does not hear it");
    lab.thaw(a).expect("thawed");
    assert!(lab.wait_down(a, Duration::from_secs(30)), "now it does");
    lab.freeze(b).expect("frozen");
    lab.kill(b).expect("SIGKILL is always heard");
    let model = lab.journal().model_at(lab.journal().len()).expect("in reach");
    assert!(matches!(model.instances[&b].life, Life::Down { .. }) && model.frozen.is_empty());
    assert!(lab.freeze(b).is_err() && lab.thaw(b).is_err(), "it is down");
    lab.restart(b, false).expect("up again");
    assert_eq!(Client::to(b).ask("ping"), "+PONG");
}

#[test]
fn restart_with_empty_hands_loads_nothing() {
    let (lab, _tmp) = open(true);
    lab.prepare_free().expect("three masters");
    let [a, ..] = lab.base_ports();
    let mut client = Client::to(a);
    assert_eq!(client.ask("set name xd"), "+OK");
    assert_eq!(client.ask("save"), "+OK");
    lab.kill(a).expect("killed");
    lab.restart(a, false).expect("with its files");
    assert_eq!(Client::to(a).ask("get name"), "$2 xd");
    lab.kill(a).expect("killed");
    let mark = lab.journal().len();
    lab.restart(a, true).expect("without");
    assert_eq!(Client::to(a).ask("get name"), "$-1");
    let gone = LabFact::FileRemoved { path: format!("/data/{a}/dump.rdb") };
    assert!(lab_facts(&lab, mark).contains(&gone));
}

#[test]
fn the_lab_grows_to_sixteen_and_shrinks_again() {
    let tmp = tempfile::tempdir().expect("temp dir");
    let base_port = free_base_port();
    let options = LabOptions {
        workspace: Some(tmp.path().to_path_buf()),
        base_port,
        ..LabOptions::default()
    };
    let lab = Lab::open(options).expect("opens");
    lab.prepare_free().expect("three masters");
    let mut next = base_port + 3;
    while lab.ports().len() < MAX_INSTANCES {
        if std::net::TcpListener::bind(("127.0.0.1", next)).is_ok() {
            let started = lab.add(next).expect("there is room");
            assert_eq!(started.port, next);
            assert!(lab.workspace().exists(&format!("/data/{next}/redis.conf")));
        }
        next += 1;
    }
    let ports = lab.ports();
    let first = ports[0];
    assert_eq!(Client::to(first).ask("config set repl-diskless-sync-delay 0"), "+OK");
    for port in &ports[1..] {
        assert_eq!(Client::to(*port).ask(&format!("replicaof 127.0.0.1 {first}")), "+OK");
    }
    assert_eq!(Client::to(first).ask("set name xd"), "+OK");
    wait_for(&lab, "fifteen replicas have it", |m| {
        ports[1..].iter().all(|p| online(m, *p) && m.key(*p, 0, "name").is_some())
    });
    let full = lab.add(next).expect_err("the lab is full");
    assert!(full.cause.contains("16") && full.hint.is_some(), "{full}");
    assert!(lab.add(first).is_err(), "it is there already");
    let directives = ["--port".to_owned(), next.to_string()];
    assert!(lab.start_server("/data", None, &directives).is_err(), "redis-server neither");

    let last = ports[15];
    lab.throttle(first, last, Some(1_000)).expect("throttled");
    lab.remove(last).expect("removed");
    assert!(!lab.ports().contains(&last) && lab.instance(last).is_none());
    let model = lab.journal().model_at(lab.journal().len()).expect("in reach");
    assert!(!model.session.ports.contains(&last) && !model.instances.contains_key(&last));
    assert!(model.throttles.is_empty(), "its faults are gone with it");
    assert_eq!(lab.remove(last).expect_err("twice").kind, LabErrorKind::Instance);
    lab.add(last).expect("there is room again");
}

#[test]
fn errors_name_the_next_step() {
    let (lab, _tmp) = open(true);
    lab.prepare_free().expect("three masters");
    let [a, b, _] = lab.base_ports();
    let free = free_base_port();
    for error in [
        lab.cut(a, a).expect_err("one port"),
        lab.delay(free, free + 1, None).expect_err("no port of ours"),
        lab.throttle(a, b, Some(0)).expect_err("nothing at all"),
        lab.delay(a, b, Some(Duration::from_secs(7_200))).expect_err("hours"),
        lab.freeze(free).expect_err("nobody is there"),
        lab.kill(free).expect_err("nobody is there"),
        lab.thaw(a).expect_err("it runs"),
        lab.add(0).expect_err("no port"),
        lab.remove(free).expect_err("not ours"),
    ] {
        assert!(error.hint.is_some(), "{error}");
    }
    lab.kill(a).expect("killed");
    let twice = lab.kill(a).expect_err("twice");
    assert!(twice.hint.is_some_and(|h| h.contains(":restart")), "{}", twice.cause);
    assert_eq!(
        lab_facts(&lab, 0).iter().filter(|f| matches!(f, LabFact::LinkFault { .. })).count(),
        0
    );
}

#[test]
fn closing_is_quick_whatever_is_wrong() {
    let (lab, _tmp, a, b) = linked();
    let c = lab.base_ports()[2];
    assert_eq!(Client::to(c).ask(&format!("replicaof 127.0.0.1 {a}")), "+OK");
    wait_for(&lab, "in sync", |m| online(m, c));
    lab.half_open(a, b).expect("half-open");
    lab.cut(a, c).expect("cut");
    lab.slow(100).expect("slow");
    lab.set_stepping(true);
    lab.freeze(c).expect("frozen");
    assert_eq!(Client::to(a).ask("set name xd"), "+OK");
    let begun = Instant::now();
    lab.close();
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    assert!(lab.instances().iter().all(|i| !i.up));
}

#[test]
fn what_is_not_connected_cannot_be_dropped() {
    let (lab, _tmp) = open(true);
    lab.prepare_free().expect("three masters");
    let [a, b, _] = lab.base_ports();
    let mark = lab.journal().len();
    let error = lab.drop_link(a, b).expect_err("two strangers");
    assert_eq!(error.kind, LabErrorKind::Link);
    assert!(lab_facts(&lab, mark).is_empty(), "nothing was dropped");
}

#[test]
fn dial_that_travels_slowly_goes_on_by_a_new_delay() {
    let (lab, _tmp) = open(true);
    lab.prepare_free().expect("three masters");
    let [a, b, _] = lab.base_ports();
    lab.delay(a, b, Some(Duration::from_secs(25))).expect("delayed");
    assert_eq!(Client::to(b).ask(&format!("replicaof 127.0.0.1 {a}")), "+OK");
    lab.delay(a, b, Some(Duration::from_millis(5))).expect("delayed less");
    let begun = Instant::now();
    wait_for(&lab, "in sync", |m| online(m, b));
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
}

#[test]
fn session_that_closes_waits_for_no_slow_link() {
    let (lab, _tmp, a, b) = linked();
    lab.slow(1_000).expect("slow");
    lab.throttle(a, b, Some(100)).expect("bounded");
    assert_eq!(Client::to(a).ask("set name xd"), "+OK");
    let mark = lab.journal().len();
    lab.close();
    let down = lab_facts(&lab, mark).into_iter().filter_map(|f| match f {
        LabFact::InstanceDown { how, .. } => Some(how),
        _ => None,
    });
    let down: Vec<_> = down.collect();
    assert_eq!(down, vec![ExitHow::Shutdown { code: 0 }; 3]);
}
