//! The walk-through over TCP, in a lab with real instances.

mod common;

use common::lab::{Client, open};
use std::time::Duration;
use synclab::lab::LabErrorKind;
use synclab::lab::model::Life;
use synclab::observe::ExitHow;

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
    assert!(lab.restart(port).is_err(), "it is up");
    lab.kill(port).expect("killed");
    assert!(!lab.instance(port).expect("still listed").up);
    assert_eq!(client.ask("GET name"), "", "the connection is gone");
    assert_eq!(lab.kill(port).expect_err("twice").kind, LabErrorKind::Instance);
    let path = format!("/data/{port}/redis.pid");
    assert!(lab.workspace().exists(&path), "kill -9 leaves the pid file");

    let started = lab.restart(port).expect("again");
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
