//! The walk-through over TCP, in a lab with real instances.

mod common;

use common::lab::{Client, open, wait_for};
use std::time::Duration;
use synclab::lab::LabErrorKind;
use synclab::lab::model::{Life, LinkStatus, Model, MomentKind, Peer};
use synclab::observe::{ExitHow, PsyncVerdict, RdbFraming};

const LONG: Duration = Duration::from_secs(30);

#[test]
fn values_live_until_the_kill_and_a_restart_begins_again() {
    let (lab, _tmp) = open(true);
    lab.prepare_free().expect("three masters");
    let port = lab.ports()[0];
    let mut client = Client::to(port);
    assert_eq!(client.ask("SET name xd"), "+OK");
    assert_eq!(client.ask("GET name"), "$2 xd");
    let old_pid = lab.instance(port).expect("listed").shown_pid;
    assert!(lab.restart(port, false).is_err(), "it is up");
    lab.kill(port).expect("killed");
    assert!(!lab.instance(port).expect("still listed").up);
    assert_eq!(client.ask("GET name"), "", "the connection is gone");
    assert_eq!(lab.kill(port).expect_err("twice").kind, LabErrorKind::Instance);
    let path = format!("/data/{port}/redis.pid");
    assert!(lab.workspace().exists(&path), "kill -9 leaves the pid file");

    let started = lab.restart(port, false).expect("again");
    assert!(started.daemonized && started.shown_pid != old_pid);
    assert_eq!(started.log_file, Some(format!("/data/{port}/redis.log")));
    assert_eq!(Client::to(port).ask("GET name"), "$-1", "kill -9 saves nothing");
    lab.terminate(port).expect("SIGTERM");
    assert!(lab.wait_down(port, LONG));
    let model = lab.journal().model_at(lab.journal().len()).expect("in reach");
    let left = ExitHow::Shutdown { code: 0 };
    assert!(
        matches!(&model.instances[&port].life, Life::Down { how, .. } if *how == left),
        "{:?}",
        model.instances[&port].life
    );
    assert!(!lab.workspace().exists(&path), "an orderly end takes the pid file away");
}

/// SLAVEOF on both, a write on the master, the master's shutdown, promotion, re-pointing: the
/// seed's page from its first redis-cli line to its last.
#[test]
fn the_walk_through() {
    let (lab, _tmp) = open(true);
    lab.prepare_free().expect("three masters");
    let [a, b, c] = lab.base_ports();
    let (mut on_a, mut on_b, mut on_c) = (Client::to(a), Client::to(b), Client::to(c));
    assert_eq!(on_b.ask(&format!("SLAVEOF 127.0.0.1 {a}")), "+OK");
    assert_eq!(on_c.ask(&format!("SLAVEOF 127.0.0.1 {a}")), "+OK");
    for port in [b, c] {
        wait_for(&lab, "its link is up", |m| {
            m.field(port, "master_link_status").as_deref() == Some("up")
        });
    }
    wait_for(&lab, "the master counts two", |m| {
        m.field(a, "connected_slaves").as_deref() == Some("2")
    });
    assert_eq!(on_a.ask("set name xd"), "+OK");
    for port in [b, c] {
        wait_for(&lab, "the write arrived", |m| {
            m.key(port, 0, "name").is_some_and(|k| k.value.text() == "xd")
        });
    }
    assert_eq!(on_b.ask("get name"), "$2 xd");
    assert!(on_b.ask("set name other").starts_with("-READONLY"));
    wait_for(&lab, "both acknowledged everything", |m| {
        m.links().iter().filter(|l| l.status == LinkStatus::Online && l.behind == Some(0)).count()
            == 2
    });
    let model = lab.journal().model_at(lab.journal().len()).expect("in reach");
    same_as_info(&model, a, &mut on_a);
    same_as_info(&model, b, &mut on_b);
    let diskless =
        |k: &MomentKind| matches!(k, MomentKind::LinkUp { framing: Some(RdbFraming::Eof), .. });
    assert_eq!(model.history.count(0, diskless), 2, "7.0's default");
    let old_id = model.field(a, "master_replid").expect("has one");

    on_a.send("shutdown");
    assert!(lab.wait_down(a, LONG));
    for port in [b, c] {
        wait_for(&lab, "it saw the loss", |m| {
            m.field(port, "master_link_status").as_deref() == Some("down")
        });
    }
    assert!(on_b.ask("info replication").contains("master_link_status:down"));
    let mark = lab.journal().len();
    assert_eq!(on_b.ask("slaveof no one"), "+OK");
    wait_for(&lab, "promoted, with the old history behind it", |m| {
        m.field(b, "role").as_deref() == Some("master")
            && m.field(b, "master_replid2") == Some(old_id.clone())
    });
    assert_eq!(on_c.ask("SLAVEOF no one"), "+OK");
    assert_eq!(on_c.ask(&format!("SLAVEOF 127.0.0.1 {b}")), "+OK");
    wait_for(&lab, "the new pair is in sync", |m| {
        m.link_of(c).is_some_and(|l| l.master == Peer::Inside(b) && l.status == LinkStatus::Online)
    });
    let model = lab.journal().model_at(lab.journal().len()).expect("in reach");
    let promoted = |k: &MomentKind| matches!(k, MomentKind::Promoted { .. });
    assert_eq!(model.history.count(mark, promoted), 2);
    assert!(matches!(model.instances[&a].life, Life::Down { .. }));
    assert_eq!(on_b.ask("set name new"), "+OK");
    wait_for(&lab, "the stream flows", |m| {
        m.key(c, 0, "name").is_some_and(|k| k.value.text() == "new")
    });
    same_as_info(&lab.journal().model_at(lab.journal().len()).expect("in reach"), b, &mut on_b);
}

/// A master that comes back within reach of the backlog grants a partial resync.
#[test]
fn killed_link_is_resumed_and_says_with_which_numbers() {
    let (lab, _tmp) = open(true);
    lab.prepare_free().expect("three masters");
    let [a, b, _] = lab.base_ports();
    let (mut on_a, mut on_b) = (Client::to(a), Client::to(b));
    assert_eq!(on_a.ask("config set repl-diskless-sync-delay 0"), "+OK");
    assert_eq!(on_b.ask(&format!("SLAVEOF 127.0.0.1 {a}")), "+OK");
    let online = |m: &Model| m.link_of(b).is_some_and(|l| l.status == LinkStatus::Online);
    wait_for(&lab, "in sync", online);
    let mark = lab.journal().len();
    assert_eq!(on_a.ask("client kill type replica"), ":1");
    wait_for(&lab, "resumed", |m| {
        online(m)
            && m.history.count(mark, |k| matches!(k, MomentKind::PartialSyncGranted { .. })) == 1
    });
    let model = lab.journal().model_at(lab.journal().len()).expect("in reach");
    let granted = model.instances[&a].last_decision().expect("judged");
    assert!(matches!(granted.numbers.verdict, PsyncVerdict::Continue { .. }));
    assert_eq!(granted.numbers.asked_id, granted.numbers.replid.to_string());
    assert_eq!(model.history.count(mark, |k| matches!(k, MomentKind::FullSyncGranted { .. })), 0);
    assert_eq!(model.field(a, "sync_partial_ok").as_deref(), Some("1"));
}

/// The issue's own case: a slowed link, a write typed into the transfer.
#[test]
fn throttled_transfer_holds_writes_back_until_it_is_healed() {
    let (lab, _tmp) = open(true);
    lab.prepare_free().expect("three masters");
    let [a, b, _] = lab.base_ports();
    let (mut on_a, mut on_b) = (Client::to(a), Client::to(b));
    assert_eq!(on_a.ask("config set repl-diskless-sync-delay 0"), "+OK");
    on_a.fill(10_000);
    lab.throttle(a, b, Some(65_536)).expect("throttled");
    assert_eq!(on_b.ask(&format!("SLAVEOF 127.0.0.1 {a}")), "+OK");
    wait_for(&lab, "the transfer is under way", |m| {
        m.link_of(b).is_some_and(|l| {
            l.status == LinkStatus::Transfer
                && l.down.and_then(|d| d.rdb).is_some_and(|r| r.is_running() && r.moved > 0)
        })
    });
    assert_eq!(on_a.ask("set name xd"), "+OK");
    wait_for(&lab, "the write is held back", |m| {
        m.link_of(b).and_then(|l| l.down).is_some_and(|d| d.held_bytes > 0)
    });
    assert_eq!(on_b.ask("get name"), "$-1", "not yet");
    assert_eq!(lab.heal(None), 1);
    wait_for(&lab, "in sync", |m| {
        m.link_of(b).is_some_and(|l| l.status == LinkStatus::Online && l.behind == Some(0))
    });
    assert_eq!(on_b.ask("get name"), "$2 xd");
    assert_eq!(on_b.ask("dbsize"), ":10001");
    let model = lab.journal().model_at(lab.journal().len()).expect("in reach");
    assert_eq!(model.field(b, "db0.keys").as_deref(), Some("10001"));
    assert_eq!(model.link_of(b).and_then(|l| l.down).map(|d| d.held_bytes), Some(0));
}

/// What the model folded is what the instance itself says.
fn same_as_info(model: &Model, port: u16, client: &mut Client) {
    let info = client.ask("info replication");
    for field in [
        "role",
        "master_link_status",
        "master_host",
        "master_port",
        "connected_slaves",
        "master_replid",
        "master_replid2",
        "second_repl_offset",
        "repl_backlog_active",
    ] {
        let said = info
            .lines()
            .find_map(|l| l.strip_prefix(field)?.strip_prefix(':'))
            .map(|v| v.trim().to_string());
        assert_eq!(model.field(port, field), said, "{field} of {port}");
    }
}
