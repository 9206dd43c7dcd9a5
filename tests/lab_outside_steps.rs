//! Step mode and faults when one end of a link is a real redis-server or redis-cli.

mod common;
mod real_redis;

use common::lab::{Client, open, wait_for};
use libtest_mimic::{Arguments, Failed};
use real_redis::{RealRedis, trial};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use synclab::lab::Lab;
use synclab::lab::model::{LinkStatus, Model, MomentKind, Peer};
use synclab::observe::{Addr, Body, BreakOn, Event, Fact, LabFact, StepKind};
use synclab::wire::value::Value;

fn main() {
    let trials = vec![
        trial("outside_replica_is_stepped_through_a_full_sync", replica_is_stepped),
        trial("outside_replica_is_kept_patient_while_psync_waits", replica_is_kept_patient),
        trial("outside_master_is_stepped_through_a_full_sync", master_is_stepped),
        trial("outside_master_is_kept_patient_while_a_command_waits", master_is_kept_patient),
        trial("redis_cli_replica_is_stepped", redis_cli_is_stepped),
        trial("outside_peers_that_hear_nothing_have_a_countdown", countdown),
        trial("cut_keeps_an_outside_replica_out_until_healed", cut_outside_replica),
        trial("cut_refuses_the_way_to_an_outside_master", cut_outside_master),
        trial("half_open_hides_the_end_from_an_outside_replica", half_open_outside),
        trial("delay_and_bound_hold_for_what_an_outside_master_sends", slow_outside_master),
    ];
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

/// A lab of three masters; the port and a client of the first.
fn lab() -> (tempfile::TempDir, Lab, u16, Client) {
    let (lab, tmp) = open(true);
    lab.prepare_free().expect("three masters");
    let a = lab.base_ports()[0];
    let mut on_a = Client::to(a);
    assert_eq!(on_a.ask("config set repl-diskless-sync-delay 0"), "+OK");
    (tmp, lab, a, on_a)
}

fn outside(port: u16) -> Peer {
    Peer::Outside(Addr::new("127.0.0.1", port))
}

fn status(m: &Model, master: &Peer, replica: &Peer) -> Option<LinkStatus> {
    m.links().iter().find(|l| l.master == *master && l.replica == *replica).map(|l| l.status)
}

fn model(lab: &Lab) -> Model {
    lab.journal().model_at(lab.journal().len()).expect("in reach")
}

fn events(lab: &Lab, from: u64) -> Vec<Event> {
    let mut events = Vec::new();
    lab.journal().read_from(from, &mut events, usize::MAX);
    events
}

fn lost(lab: &Lab, from: u64) -> usize {
    let lost = |e: &&Event| matches!(e.body, Body::Fact(Fact::LinkLost { .. }));
    events(lab, from).iter().filter(lost).count()
}

fn full_syncs(m: &Model, mark: u64) -> usize {
    m.history.count(mark, |k| matches!(k, MomentKind::FullSyncGranted { .. }))
}

fn partial_syncs(m: &Model, mark: u64) -> usize {
    m.history.count(mark, |k| matches!(k, MomentKind::PartialSyncGranted { .. }))
}

/// Steps until this kind of step is the one to go next; answers all kinds that waited.
fn step_to(lab: &Lab, wanted: StepKind) -> Vec<StepKind> {
    let mark = lab.journal().len();
    for _ in 0..200 {
        let first = std::cell::Cell::new(None);
        wait_for(lab, "a step waits", |m| {
            first.set(m.time.waiting.first().map(|w| w.step.kind));
            m.time.held && first.get().is_some()
        });
        if first.get() == Some(wanted) {
            let told = events(lab, 0);
            return told.iter().filter_map(waits).collect();
        }
        let taken = model(lab).time.taken;
        lab.step(1);
        wait_for(lab, "one step is taken", |m| m.time.taken > taken);
    }
    let seen: Vec<StepKind> = events(lab, mark).iter().filter_map(waits).collect();
    panic!("{wanted:?} never came: {seen:?}");
}

fn waits(event: &Event) -> Option<StepKind> {
    match &event.body {
        Body::Lab(LabFact::StepWaits { step, .. }) => Some(step.kind),
        _ => None,
    }
}

fn assert_order(kinds: &[StepKind], order: &[StepKind]) {
    let at: Vec<Option<usize>> = order.iter().map(|k| kinds.iter().position(|s| s == k)).collect();
    assert!(at.iter().all(Option::is_some) && at.is_sorted(), "{order:?} in {kinds:?}");
}

/// Lets so much real time pass while the lab goes on as it does.
fn real_time_passes(lab: &Lab, time: Duration) {
    let from = lab.now().mono_us;
    while lab.now().mono_us < from + time.as_micros() as u64 {
        // Nothing tells that nothing happens.
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn get(server: &RealRedis, key: &str) -> Value {
    server.client().call(&["GET", key])
}

fn replica_is_stepped() -> Result<(), Failed> {
    let (_tmp, lab, a, mut on_a) = lab();
    assert_eq!(on_a.ask("set before 1"), "+OK");
    lab.set_stepping(true);
    let guest = RealRedis::start(&["--replicaof", "127.0.0.1", &a.to_string()]);
    let (master, replica) = (Peer::Inside(a), outside(guest.port));
    step_to(&lab, StepKind::RdbEnd);
    assert_eq!(on_a.ask("set name xd"), "+OK", "clients are served as always");
    wait_for(&lab, "the write is in the buffer", |m| {
        m.links().iter().any(|l| l.replica == replica && l.down.is_some_and(|d| d.held_writes > 0))
    });
    let kinds = step_to(&lab, StepKind::Replay);
    assert_order(
        &kinds,
        &[
            StepKind::Psync,
            StepKind::Decision,
            StepKind::SaveBegin,
            StepKind::FullResync,
            StepKind::RdbBegin,
            StepKind::RdbEnd,
            StepKind::Online,
            StepKind::Replay,
        ],
    );
    assert_eq!(get(&guest, "before"), Value::Bulk(b"1".to_vec()), "the RDB is loaded");
    assert_eq!(get(&guest, "name"), Value::Null, "the write is held");
    lab.run();
    wait_for(&lab, "the guest is in sync", |m| {
        status(m, &master, &replica) == Some(LinkStatus::Online)
            && m.links().iter().any(|l| l.replica == replica && l.behind == Some(0))
    });
    assert_eq!(get(&guest, "name"), Value::Bulk(b"xd".to_vec()));
    assert_eq!((lost(&lab, 0), full_syncs(&model(&lab), 0)), (0, 1), "one sync, no link lost");
    Ok(())
}

fn replica_is_kept_patient() -> Result<(), Failed> {
    let (_tmp, lab, a, _) = lab();
    lab.break_on(BreakOn::Kind(StepKind::Decision));
    let guest = RealRedis::start(&["--repl-timeout", "3"]);
    guest.client().call(&["REPLICAOF", "127.0.0.1", &a.to_string()]);
    step_to(&lab, StepKind::Decision);
    real_time_passes(&lab, Duration::from_secs(8));
    assert!(model(&lab).time.patience.is_empty(), "newlines hold its time-out off");
    lab.clear_breaks();
    lab.run();
    wait_for(&lab, "the guest is online", |m| {
        status(m, &Peer::Inside(a), &outside(guest.port)) == Some(LinkStatus::Online)
    });
    assert!(!guest.log().contains("Timeout"), "{}", guest.log());
    assert_eq!((lost(&lab, 0), full_syncs(&model(&lab), 0)), (0, 1));
    Ok(())
}

fn master_is_stepped() -> Result<(), Failed> {
    let (_tmp, lab, a, mut on_a) = lab();
    let host = RealRedis::start(&["--repl-diskless-sync-delay", "0"]);
    let mut on_host = host.client();
    on_host.call(&["SET", "before", "1"]);
    lab.set_stepping(true);
    assert_eq!(on_a.ask(&format!("replicaof 127.0.0.1 {}", host.port)), "+OK");
    step_to(&lab, StepKind::RdbBegin);
    on_host.call(&["SET", "name", "xd"]);
    let kinds = step_to(&lab, StepKind::Load);
    assert_order(
        &kinds,
        &[
            StepKind::Connect,
            StepKind::Ping,
            StepKind::Pong,
            StepKind::Psync,
            StepKind::FullResync,
            StepKind::RdbBegin,
            StepKind::RdbEnd,
            StepKind::Load,
        ],
    );
    assert_eq!(on_a.ask("get before"), "$-1", "nothing is loaded yet");
    lab.run();
    let (master, replica) = (outside(host.port), Peer::Inside(a));
    wait_for(&lab, "in sync with the master outside", |m| {
        status(m, &master, &replica) == Some(LinkStatus::Online)
            && m.key(a, 0, "name").is_some_and(|k| k.value.text() == "xd")
    });
    assert_eq!(on_a.ask("get before"), "$1 1");
    assert_eq!(lost(&lab, 0), 0);
    Ok(())
}

fn master_is_kept_patient() -> Result<(), Failed> {
    let (_tmp, lab, a, mut on_a) = lab();
    let host = RealRedis::start(&["--repl-diskless-sync-delay", "0", "--repl-timeout", "3"]);
    assert_eq!(on_a.ask(&format!("replicaof 127.0.0.1 {}", host.port)), "+OK");
    let (master, replica) = (outside(host.port), Peer::Inside(a));
    wait_for(&lab, "in sync with the master outside", |m| {
        status(m, &master, &replica) == Some(LinkStatus::Online)
            && m.instances[&a].upstream.acked.is_some()
    });
    let mark = lab.journal().len();
    lab.set_stepping(true);
    host.client().call(&["SET", "name", "xd"]);
    step_to(&lab, StepKind::Command);
    real_time_passes(&lab, Duration::from_secs(8));
    assert!(model(&lab).time.patience.is_empty(), "repeated ACKs hold its time-out off");
    assert_eq!(on_a.ask("get name"), "$-1");
    lab.run();
    wait_for(&lab, "the command is applied", |m| m.key(a, 0, "name").is_some());
    assert_eq!(lost(&lab, mark), 0);
    assert!(!host.log().contains("Disconnecting timedout"), "{}", host.log());
    Ok(())
}

/// `redis-cli --replica`, killed when dropped.
struct Cli(Child);

impl Cli {
    fn follow(port: u16) -> Cli {
        let child = Command::new("redis-cli")
            .args(["-p", &port.to_string(), "--replica"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        Cli(child.expect("redis-cli runs"))
    }
}

impl Drop for Cli {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn redis_cli_is_stepped() -> Result<(), Failed> {
    let (_tmp, lab, a, mut on_a) = lab();
    lab.set_stepping(true);
    let cli = Cli::follow(a);
    step_to(&lab, StepKind::RdbEnd);
    assert!(model(&lab).time.patience.is_empty(), "it waits for ever");
    assert_eq!(on_a.ask("set name xd"), "+OK");
    let kinds = step_to(&lab, StepKind::Replay);
    assert_order(&kinds, &[StepKind::Decision, StepKind::SaveBegin, StepKind::RdbEnd]);
    lab.run();
    wait_for(&lab, "everything was sent", |m| {
        m.links().iter().any(|l| {
            l.replica == outside(0)
                && l.down.is_some_and(|d| d.sent_upto == Some(m.instances[&a].offset))
        })
    });
    drop(cli);
    wait_for(&lab, "it has left", |m| m.field(a, "connected_slaves").as_deref() == Some("0"));
    Ok(())
}

fn countdown() -> Result<(), Failed> {
    let (_tmp, lab, a, mut on_a) = lab();
    let guest = RealRedis::start(&["--replicaof", "127.0.0.1", &a.to_string()]);
    let peer = Addr::new("127.0.0.1", guest.port);
    wait_for(&lab, "the guest is in sync", |m| {
        m.links().iter().any(|l| l.replica == outside(guest.port) && l.behind == Some(0))
    });
    lab.set_stepping(true);
    assert_eq!(on_a.ask("set name xd"), "+OK");
    wait_for(&lab, "its patience is counted", |m| {
        m.time.patience.get(&(a, peer.clone())).is_some_and(|(_, ms)| *ms <= 60_000)
    });
    let mark = lab.journal().len();
    lab.run();
    wait_for(&lab, "no patience is needed any more", |m| {
        m.time.patience.is_empty() && !m.time.held
    });
    let cleared = LabFact::PeerWaits { port: a, peer, bears_ms: None };
    assert!(events(&lab, mark).iter().any(|e| e.body == Body::Lab(cleared.clone())));
    Ok(())
}

fn cut_outside_replica() -> Result<(), Failed> {
    let (_tmp, lab, a, mut on_a) = lab();
    let guest = RealRedis::start(&["--replicaof", "127.0.0.1", &a.to_string()]);
    let (master, replica) = (Peer::Inside(a), outside(guest.port));
    wait_for(&lab, "the guest is online", |m| {
        m.links().iter().any(|l| l.replica == replica && l.behind == Some(0))
    });
    let mark = lab.journal().len();
    lab.cut(a, guest.port)?;
    wait_for(&lab, "it is gone", |m| status(m, &master, &replica) == Some(LinkStatus::Down));
    assert_eq!(on_a.ask("set name xd"), "+OK");
    // It tries again and again, and gets no further than to say who it is.
    real_time_passes(&lab, Duration::from_secs(2));
    assert_eq!(get(&guest, "name"), Value::Null);
    assert_eq!(partial_syncs(&model(&lab), mark), 0);
    assert_eq!(lab.heal(None), 1);
    wait_for(&lab, "it came back where it was", |m| {
        status(m, &master, &replica) == Some(LinkStatus::Online) && partial_syncs(m, mark) == 1
    });
    Ok(())
}

fn cut_outside_master() -> Result<(), Failed> {
    let (_tmp, lab, a, mut on_a) = lab();
    let host = RealRedis::start(&["--repl-diskless-sync-delay", "0"]);
    assert_eq!(on_a.ask(&format!("replicaof 127.0.0.1 {}", host.port)), "+OK");
    let (master, replica) = (outside(host.port), Peer::Inside(a));
    let up = |m: &Model| status(m, &master, &replica) == Some(LinkStatus::Online);
    wait_for(&lab, "in sync", up);
    let mark = lab.journal().len();
    lab.cut(host.port, a)?;
    wait_for(&lab, "a dial is refused", |_| {
        events(&lab, mark).iter().any(|e| {
            matches!(&e.body, Body::Fact(Fact::Log { text, .. })
                if text == "Error condition on socket for SYNC: Connection refused")
        })
    });
    assert_eq!(lab.heal(Some((a, host.port))), 1);
    wait_for(&lab, "in sync again", up);
    Ok(())
}

fn half_open_outside() -> Result<(), Failed> {
    let (_tmp, lab, a, mut on_a) = lab();
    let guest = RealRedis::start(&["--replicaof", "127.0.0.1", &a.to_string()]);
    let (master, replica) = (Peer::Inside(a), outside(guest.port));
    wait_for(&lab, "the guest is in sync", |m| {
        m.links().iter().any(|l| l.replica == replica && l.behind == Some(0))
    });
    let mark = lab.journal().len();
    lab.half_open(a, guest.port)?;
    assert_eq!(on_a.ask("set name xd"), "+OK");
    wait_for(&lab, "the master believes it sent it", |m| {
        m.links().iter().any(|l| {
            l.replica == replica
                && l.down.is_some_and(|d| d.sent_upto == Some(m.instances[&a].offset))
        })
    });
    // Our end closes, and even dies; nobody tells the guest.
    assert_eq!(on_a.ask("client kill type replica"), ":1");
    lab.kill(a)?;
    real_time_passes(&lab, Duration::from_secs(1));
    let up = |server: &RealRedis| {
        let Value::Bulk(info) = server.client().call(&["INFO", "replication"]) else {
            return false;
        };
        String::from_utf8_lossy(&info).contains("master_link_status:up")
    };
    assert!(up(&guest), "it believes in its link");
    assert_eq!(get(&guest, "name"), Value::Null);
    lab.restart(a, false).map_err(|e| e.to_string())?;
    assert_eq!(Client::to(a).ask("config set repl-diskless-sync-delay 0"), "+OK");
    assert_eq!(lab.heal(None), 1);
    wait_for(&lab, "it learns the truth and comes back", |m| {
        status(m, &master, &replica) == Some(LinkStatus::Online) && full_syncs(m, mark) == 1
    });
    Ok(())
}

fn slow_outside_master() -> Result<(), Failed> {
    let (_tmp, lab, a, mut on_a) = lab();
    let host = RealRedis::start(&["--repl-diskless-sync-delay", "0"]);
    let mut on_host = host.client();
    on_host.call(&["SET", "big", &"x".repeat(100_000)]);
    on_host.call(&["CONFIG", "SET", "rdbcompression", "no"]);
    lab.delay(a, host.port, Some(Duration::from_millis(200)))?;
    lab.throttle(a, host.port, Some(65_536))?;
    assert_eq!(on_a.ask(&format!("replicaof 127.0.0.1 {}", host.port)), "+OK");
    let (master, replica) = (outside(host.port), Peer::Inside(a));
    wait_for(&lab, "in sync", |m| status(m, &master, &replica) == Some(LinkStatus::Online));
    let told = events(&lab, 0);
    let when = |wanted: &dyn Fn(&Fact) -> bool| {
        told.iter()
            .find(|e| matches!(&e.body, Body::Fact(f) if wanted(f)))
            .map(|e| e.at.mono_us)
            .expect("told")
    };
    use synclab::observe::{LinkState, Message};
    let asked = when(&|f| matches!(f, Fact::LinkState { to: LinkState::ReceivePsyncReply, .. }));
    let answer = when(&|f| matches!(f, Fact::Heard { message: Message::FullResync { .. }, .. }));
    assert!(answer >= asked + 395_000, "there and back: {} µs", answer - asked);
    let loaded = when(&|f| matches!(f, Fact::LoadEnded { .. }));
    assert!(loaded >= answer + 1_300_000, "100 KB at 64 KB a second: {} µs", loaded - answer);
    assert_eq!(lab.heal(None), 1);
    on_host.call(&["SET", "name", "xd"]);
    wait_for(&lab, "it arrives", |m| m.key(a, 0, "name").is_some());
    Ok(())
}
