//! The lab's verbs as a script runs them: `synclab repl --script -`, the real program.

use std::io::Write;
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};

/// A base port with five free ones behind it.
fn free_base() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let from = 20_000 + (std::process::id() % 160) as u16 * 60;
    loop {
        let base = from + NEXT.fetch_add(6, Ordering::SeqCst);
        if (base..base + 6).all(|port| TcpListener::bind(("127.0.0.1", port)).is_ok()) {
            return base;
        }
    }
}

/// Runs the lines, in which 6380 … 6385 stand for the lab's ports; what was printed, with them in
/// it and single spaces, and the exit code.
fn run(script: &str) -> (String, Option<i32>) {
    let base = free_base();
    let folder = tempfile::tempdir().expect("a folder");
    let mut lines = script.to_owned();
    for i in 0..6 {
        lines = lines.replace(&(6380 + i).to_string(), &(base + i).to_string());
    }
    let mut child = Command::new(env!("CARGO_BIN_EXE_synclab"))
        .args(["--base-port", &base.to_string(), "repl", "--script", "-"])
        .env("XDG_STATE_HOME", folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("synclab starts");
    let mut input = child.stdin.take().expect("its input");
    input.write_all(lines.as_bytes()).expect("it reads");
    drop(input);
    let out = child.wait_with_output().expect("it ends");
    let mut text = String::from_utf8_lossy(&out.stdout).into_owned();
    text += &String::from_utf8_lossy(&out.stderr);
    assert!(!text.contains("panicked"), "{text}");
    for i in 0..6 {
        text = text.replace(&(base + i).to_string(), &(6380 + i).to_string());
    }
    // Columns are as wide as the ports are long.
    let lines = text.lines().map(|l| l.split_whitespace().collect::<Vec<_>>().join(" "));
    (lines.collect::<Vec<_>>().join("\n"), out.status.code())
}

/// Asserts that the texts stand there one behind the other.
#[track_caller]
fn in_order(said: &str, texts: &[&str]) {
    let mut rest = said;
    for text in texts {
        let Some(at) = rest.find(text) else { panic!("no {text:?} behind the others in\n{said}") };
        rest = &rest[at + text.len()..];
    }
}

#[test]
fn a_step_waits_for_what_is_known_to_come() {
    let (said, code) = run("\
:step on
:step
127.0.0.1:6380> CONFIG SET repl-diskless-sync-delay 2
127.0.0.1:6381> REPLICAOF 127.0.0.1 6380
:step 9
:run
:wait 6381.master_link_status == up for 20
");
    in_order(
        &said,
        &[
            "no step waits at this moment: the next one goes when it comes",
            "OK",
            ":step 9",
            "went 6380 judges PSYNC",
            "no step waits yet: waiting for the next one",
            "more for others to join: repl-diskless-sync-delay 2",
            "went 6380 freezes a snapshot",
            "next 6380 → 6381 +FULLRESYNC",
            ":run",
            "6381.master_link_status is up",
        ],
    );
    assert_eq!(code, Some(0), "{said}");
}

#[test]
fn a_step_waits_for_a_replica_that_dials_again() {
    let (said, code) = run("\
127.0.0.1:6380> CONFIG SET repl-diskless-sync-delay 0
127.0.0.1:6381> REPLICAOF 127.0.0.1 6380
:wait 6381.master_link_status == up for 20
:kill 6380
:wait 6381.master_link_status == down for 20
:step on
:step
:step 3
:run
:restart 6380
:wait 6381.master_link_status == up for 20
");
    in_order(
        &said,
        &[
            "step mode is on",
            "went 6381 connects to 6380",
            ":step 3",
            "6381 dials 6380 once a second",
            "went 6381 connects to 6380",
            "went 6381 connects to 6380",
            "went 6381 connects to 6380",
            "6381.master_link_status is up",
        ],
    );
    assert_eq!(code, Some(0), "{said}");
}

#[test]
fn a_scenario_adds_instances_without_the_data_of_an_earlier_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("mine.txt");
    std::fs::write(&file, "# Mine\n:add 6383\n127.0.0.1:6383> DBSIZE\n").expect("a file");
    let (said, code) =
        run(&format!(":add 6383\n:fill 5 on 6383\n:remove 6383\n:scenario {}\n", file.display()));
    let keys = ["5 keys on 6383", "6383 is out of the lab", "6383> DBSIZE", "(integer) 0"];
    in_order(&said, &keys);
    assert_eq!(code, Some(0), "{said}");
}

#[test]
fn a_script_is_told_what_was_wrong_with_a_line() {
    let (said, code) = run("\
:add
:slow 1000000000
:cut 6380
:restart 6380 --emtpy
:scenario /etc/services
:nonsense
");
    in_order(
        &said,
        &[
            ":add: which port? 6383 would be the next",
            "such as :add 6383",
            "no link runs 1000000000 times slower",
            ":cut: it takes the two ports at the ends of a link",
            ":restart: one port, and --empty to lose its data",
            ":scenario /etc/services",
            ":nonsense is no verb of the lab",
        ],
    );
    assert_eq!(code, Some(1), "{said}");
}

#[test]
fn a_script_meets_its_breakpoint() {
    let (said, code) = run(":break psync\nredis-cli -p 6381 replicaof 127.0.0.1 6380\n\
         :wait step psync for 20\n:step\n:wait step decision for 20\n:unbreak all\n:run\n\
         :wait 6381.master_link_status == up for 30\n");
    in_order(
        &said,
        &["a step waits", "next 6381 → 6380 PSYNC", "went 6381 → 6380 PSYNC", "a step waits"],
    );
    assert_eq!(code, Some(0), "{said}");
}

#[test]
fn a_wait_that_fails_says_what_is_held() {
    let (said, code) = run(":step on\nredis-cli -p 6381 replicaof 127.0.0.1 6380\n\
         :wait 6381.master_link_status == up for 1\n:wait step promotion for 0.2\n:wait step psnc\n");
    in_order(
        &said,
        &["last seen: down", "next 6381 connects to 6380", "no promotion waits", "mean psync?"],
    );
    assert_ne!(code, Some(0), "{said}");
}
