//! The lessons are tested code: unsolved nothing is ticked, the solutions reach every goal, and an
//! outside client counts as much as the console.

mod common;

use common::lab::{Client, free_base_port, wait_for};
use std::io::Write;
use std::process::{Command, Output, Stdio};
use synclab::lab::free::{conf, conf_path};
use synclab::lab::{Lab, LabOptions};
use synclab::lesson::{Begin, Lesson, Tutor, library};

fn three(base: u16) -> [u16; 3] {
    [base, base + 1, base + 2]
}

/// Runs lines through line mode with that lesson.
fn play(lesson: &str, base: u16, lines: &str) -> Output {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut child = Command::new(env!("CARGO_BIN_EXE_synclab"))
        .args(["repl", "--script", "-", "--lesson", lesson, "--base-port", &base.to_string()])
        .arg("--workspace")
        .arg(folder.path())
        .env("NO_COLOR", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin.write_all(lines.as_bytes()).expect("the program reads");
    drop(stdin);
    child.wait_with_output().expect("the program ends")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn a_lesson_without_its_solution_is_not_done() {
    for lesson in library([6380, 6381, 6382]).expect("the lessons that we ship") {
        let output = play(&lesson.id, free_base_port(), ":goals\n");
        let said = said(&output);
        assert!(said.contains("[▸]"), "{}: the goals are not listed\n{said}", lesson.id);
        assert!(!said.contains("[✓]"), "{}: ticked by itself\n{said}", lesson.id);
        assert!(!said.contains("is done"), "{}\n{said}", lesson.id);
    }
}

#[test]
fn the_solution_reaches_every_goal() {
    let ids = library([6380, 6381, 6382]).expect("the lessons that we ship");
    for id in ids.into_iter().map(|l| l.id) {
        let base = free_base_port();
        let lesson = synclab::lesson::find(&id, three(base)).expect("it is there");
        let output = play(&id, base, &(lesson.solution() + ":goals\n"));
        let said = said(&output);
        assert_eq!(output.status.code(), Some(0), "{id}\n{said}");
        for goal in &lesson.goals {
            let ticked = format!("[✓] {}", goal.text);
            assert!(said.contains(&ticked), "{id}: '{}' is not ticked\n{said}", goal.id);
        }
    }
}

/// The walk-through on these ports.
fn walk_through(base: u16) -> Lesson {
    synclab::lesson::find("walk-through", three(base)).expect("it is there")
}

fn bare_lab(base: u16) -> (Lab, tempfile::TempDir) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let options = LabOptions {
        workspace: Some(folder.path().to_path_buf()),
        base_port: base,
        bare: true,
        lesson: Some("walk-through".into()),
        ..LabOptions::default()
    };
    (Lab::open(options).expect("a lab"), folder)
}

#[test]
fn an_outside_client_ticks_the_goals() {
    let base = free_base_port();
    let lesson = walk_through(base);
    assert_eq!(lesson.begin, Begin::Bare);
    let goals: Vec<String> = lesson.goals.iter().map(|g| g.id.clone()).collect();
    let (lab, _folder) = bare_lab(base);
    let tutor = Tutor::start(&lab, lesson);
    let ticked = |id: &str| {
        let goal = goals.iter().position(|g| g == id).expect("a goal of the lesson");
        wait_for(&lab, id, |model| model.goal_ticked("walk-through", goal));
    };
    let [first, second, third] = three(base);
    for port in three(base) {
        lab.workspace().mkdir(&format!("/data/{port}"), true).expect("a folder");
    }
    ticked("folders");
    for port in three(base) {
        lab.workspace().write(&conf_path(port), conf(port).as_bytes()).expect("a file");
    }
    ticked("confs");
    for port in three(base) {
        lab.start_server("/data", Some(&conf_path(port)), &[]).expect("a server");
    }
    ticked("masters");
    // From here on nothing but plain TCP clients.
    let (mut a, mut b) = (Client::to(first), Client::to(second));
    let mut c = Client::to(third);
    assert_eq!(b.ask(&format!("SLAVEOF 127.0.0.1 {first}")), "+OK");
    ticked("diskless");
    assert_eq!(a.ask("CONFIG SET repl-diskless-sync no"), "+OK");
    assert_eq!(c.ask(&format!("SLAVEOF 127.0.0.1 {first}")), "+OK");
    ticked("by-file");
    assert_eq!(a.ask("SET name xd"), "+OK");
    ticked("replicated");
    a.send("SHUTDOWN");
    ticked("master-down");
    assert_eq!(b.ask("SLAVEOF NO ONE"), "+OK");
    ticked("promoted");
    assert_eq!(c.ask(&format!("SLAVEOF 127.0.0.1 {second}")), "+OK");
    ticked("re-pointed");
    drop(tutor);
    lab.close();
}

#[test]
fn another_value_is_no_solution() {
    let base = free_base_port();
    let solution = walk_through(base).solution();
    let wrong = solution.replace("set name xd", "set name dx").replace("== \"xd\"", "== \"dx\"");
    let said = said(&play("walk-through", base, &(wrong + ":goals\n")));
    assert!(said.contains("[✓] ") && !said.contains("is done"), "{said}");
    assert!(said.contains("[▸] name is xd"), "the goal that waits is the write\n{said}");
}
