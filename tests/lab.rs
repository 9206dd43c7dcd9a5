//! Real instances inside the lab, spoken to over TCP as anybody would.

mod common;

use common::lab::{Client, free_base_port, open};
use std::net::TcpListener;
use synclab::lab::model::Life;
use synclab::lab::{Lab, LabErrorKind, LabOptions};
use synclab::observe::{Body, Event, LabFact};

#[test]
fn free_lab_has_three_masters_and_the_pages_files() {
    let (lab, _tmp) = open(true);
    lab.prepare_free().expect("three masters");
    let model = lab.journal().model_at(lab.journal().len()).expect("in reach");
    for port in lab.ports() {
        assert_eq!(model.field(port, "role").as_deref(), Some("master"));
        assert!(matches!(model.instances[&port].life, Life::Up { .. }));
        for file in ["redis.conf", "redis.pid", "redis.log"] {
            let path = format!("/data/{port}/{file}");
            assert!(model.file_exists(&path), "{path}");
        }
        let pid = lab.workspace().read(&format!("/data/{port}/redis.pid")).expect("pid file");
        let shown = lab.instance(port).expect("listed").shown_pid;
        assert_eq!(String::from_utf8_lossy(&pid).trim(), shown.to_string());
        assert_eq!(Client::to(port).ask("PING"), "+PONG");
    }
}

#[test]
fn taken_port_names_port_error_holder_and_the_way_out() {
    let (lab, _tmp) = open(true);
    let [_, second, _] = lab.base_ports();
    let _taken = TcpListener::bind(("127.0.0.1", second)).expect("free a moment ago");
    let error = lab.prepare_free().expect_err("the port is taken");
    assert_eq!(error.kind, LabErrorKind::Port);
    let line = format!(
        "Warning: Could not create server TCP listening socket 127.0.0.1:{second}: \
         bind: Address already in use\nFailed listening on port {second} (TCP), aborting."
    );
    assert_eq!(error.cause, line);
    let hint = error.hint.expect("a way out");
    assert!(hint.contains(&second.to_string()) && hint.contains("--base-port"), "{hint}");
    assert!(lab.instances().iter().all(|i| !i.up), "half a lab is none");
    let log = lab.workspace().read(&format!("/data/{second}/redis.log")).expect("its log");
    assert!(String::from_utf8_lossy(&log).contains("aborting."));
}

#[test]
fn wrong_lines_are_answered_as_redis_server_does() {
    let (lab, _tmp) = open(true);
    let [a, ..] = lab.base_ports();
    let none = lab.start_server("/data", Some("/data/6380/redis.conf"), &[]).expect_err("none");
    assert!(
        none.text.ends_with(
            "# Fatal error, can't open config file '/data/6380/redis.conf': \
             No such file or directory"
        ),
        "{none}"
    );
    lab.workspace().mkdir("/data/6382", false).expect("mkdir");
    lab.workspace().write("/data/6382/redisconf", b"port 1\n").expect("write");
    let near = lab.start_server("/data", Some("6382/redis.conf"), &[]).expect_err("another name");
    assert_eq!(near.hint.as_deref(), Some("There is /data/6382/redisconf: is that the one?"));
    let outside = lab.start_server("/data", Some("/etc/redis.conf"), &[]).expect_err("outside");
    assert!(outside.text.contains("No such file or directory"), "{outside}");
    lab.workspace().write("/data/bad.conf", b"port 1\nnonsense 1\n").expect("write");
    let bad = lab.start_server("/data", Some("bad.conf"), &[]).expect_err("a bad directive");
    assert_eq!(
        bad.text,
        "\n*** FATAL CONFIG FILE ERROR (Redis 7.0.15) ***\nReading the configuration file, at \
         line 2\n>>> 'nonsense 1'\nBad directive or wrong number of arguments"
    );
    let dir = ["--port".to_string(), a.to_string(), "--dir".to_string(), "/etc".to_string()];
    assert!(lab.start_server("/data", None, &dir).is_err(), "dir leads out of /data");
    assert!(lab.instances().is_empty());
    lab.start_server("/data", None, &dir[..2]).expect("no conf file is needed");
    assert_eq!(Client::to(a).ask("PING"), "+PONG");
}

#[test]
fn the_record_is_whole_when_the_session_is_closed() {
    let (lab, tmp) = open(true);
    lab.prepare_free().expect("three masters");
    lab.close();
    assert!(lab.instances().iter().all(|i| !i.up));
    assert!(lab.start_server("/data", None, &[]).is_err(), "closed");
    let text = std::fs::read_to_string(tmp.path().join("session.jsonl")).expect("the record");
    let events: Vec<Event> =
        text.lines().map(|line| serde_json::from_str(line).expect("an event")).collect();
    assert!(events.iter().enumerate().all(|(n, e)| e.seq == n as u64), "from the start, no gap");
    assert!(matches!(events[0].body, Body::Lab(LabFact::SessionBegan { .. })));
    let downs = events.iter().filter(|e| matches!(e.body, Body::Lab(LabFact::InstanceDown { .. })));
    assert_eq!(downs.count(), 3);
}

#[test]
fn a_folder_serves_one_session_at_a_time() {
    let (lab, tmp) = open(true);
    let options = LabOptions {
        workspace: Some(tmp.path().to_path_buf()),
        base_port: free_base_port(),
        ..LabOptions::default()
    };
    let second = Lab::open(options.clone()).err().expect("in use");
    assert_eq!(second.kind, LabErrorKind::Workspace);
    lab.workspace().mkdir("/data/kept", false).expect("mkdir");
    drop(lab);
    let again = Lab::open(options).expect("free again");
    assert!(again.workspace().exists("/data/kept"));
    let model = again.journal().model_at(again.journal().len()).expect("in reach");
    assert!(model.file_exists("/data/kept"), "what was there is told");
}

#[test]
fn whoever_has_a_reply_finds_in_the_journal_what_led_to_it() {
    let (lab, _tmp) = open(true);
    lab.prepare_free().expect("three masters");
    let [a, ..] = lab.base_ports();
    let mut client = Client::to(a);
    for i in 0..300 {
        let mark = lab.journal().len();
        assert_eq!(client.ask(&format!("set k {i}")), "+OK");
        let mut told = Vec::new();
        lab.journal().read_from(mark, &mut told, usize::MAX);
        let is = |e: &synclab::observe::Event| {
            matches!(&e.body, synclab::observe::Body::Fact(synclab::observe::Fact::Command { .. }))
        };
        assert!(told.iter().any(is), "reply {i} came before its facts: {told:?}");
    }
}
