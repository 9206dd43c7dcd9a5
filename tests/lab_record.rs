//! The record of a session survives a kill -9 of the whole program, but for the last second.

mod common;

use common::lab::free_base_port;
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use synclab::observe::{Body, ConsoleFact, Event, LabFact};

#[test]
fn kill_9_of_the_program_leaves_a_readable_record_without_secrets() {
    let tmp = tempfile::tempdir().expect("temp dir");
    let folder = tmp.path().join("session");
    let port = free_base_port();
    let mut program = Command::new(env!("CARGO_BIN_EXE_synclab"))
        .args(["repl", "--script", "-", "--base-port", &port.to_string()])
        .arg("--workspace")
        .arg(&folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("it runs");
    let mut stdin = program.stdin.take().expect("piped");
    let lines = format!("mkdir /data/seen\nredis-cli -p {port}\nAUTH hunter2\n");
    stdin.write_all(lines.as_bytes()).expect("it reads");
    let stdout = BufReader::new(program.stdout.take().expect("piped"));
    let answered = stdout.lines().map_while(Result::ok).any(|line| line.contains("ERR AUTH"));
    assert!(answered, "the last line was answered");

    let record = folder.join("session.jsonl");
    let answered_at = Instant::now();
    // Half a minute only for a machine under load; the recorder pauses for 250 ms.
    while !std::fs::read_to_string(&record).is_ok_and(|text| text.contains("ERR AUTH")) {
        assert!(answered_at.elapsed() < Duration::from_secs(30), "not written");
        std::thread::yield_now();
    }
    program.kill().expect("SIGKILL");
    program.wait().expect("gone");

    let text = std::fs::read_to_string(&record).expect("the record");
    assert!(!text.contains("hunter2"), "a password was recorded");
    let events: Vec<Event> =
        text.lines().map(|line| serde_json::from_str(line).expect("an event")).collect();
    assert!(matches!(events[0].body, Body::Lab(LabFact::SessionBegan { .. })));
    assert!(events.iter().enumerate().all(|(n, e)| e.seq == n as u64));
    let typed = |wanted: &str| {
        events.iter().any(
            |e| matches!(&e.body, Body::Console(ConsoleFact::Typed { line, .. }) if line == wanted),
        )
    };
    assert!(typed("mkdir /data/seen") && typed("AUTH ***"), "what was typed is there");
}
