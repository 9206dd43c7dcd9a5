//! The screens in a real terminal: the walk-through pasted at both sizes, and the terminal given
//! back on every way out.

mod common;

use pty_process::Size;
use pty_process::blocking::{Command, Pty, open};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::num::NonZero;
use std::process::Child;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// A diskless delay is five seconds, and a busy machine is slow.
const PATIENCE: Duration = Duration::from_secs(60);

struct Screen {
    pty: Arc<Pty>,
    child: Child,
    parser: Arc<Mutex<vt100::Parser>>,
    raw: Arc<Mutex<Vec<u8>>>,
    _workspace: tempfile::TempDir,
    port: u16,
}

fn cells(n: u16) -> NonZero<u16> {
    NonZero::new(n).expect("a screen has cells")
}

impl Screen {
    fn start(columns: u16, rows: u16, args: &[&str]) -> Screen {
        let (pty, pts) = open().expect("a pseudo-terminal");
        pty.resize(Size::new(rows, columns)).expect("a size");
        let workspace = tempfile::tempdir().expect("a folder");
        let port = common::lab::free_base_port();
        let child = Command::new(env!("CARGO_BIN_EXE_synclab"))
            .args(["--base-port", &port.to_string()])
            .arg("--workspace")
            .arg(workspace.path().join("session"))
            .args(args)
            .env("TERM", "xterm-256color")
            .env_remove("NO_COLOR")
            .spawn(pts)
            .expect("the program");
        let pty = Arc::new(pty);
        let parser = Arc::new(Mutex::new(vt100::Parser::new(cells(rows), cells(columns), 0)));
        let raw = Arc::new(Mutex::new(Vec::new()));
        let (from, screen, bytes) = (pty.clone(), parser.clone(), raw.clone());
        std::thread::spawn(move || {
            let mut chunk = [0; 8192];
            while let Ok(n) = (&*from).read(&mut chunk) {
                if n == 0 {
                    return;
                }
                screen.lock().expect("the screen").process(&chunk[..n]);
                bytes.lock().expect("the bytes").extend_from_slice(&chunk[..n]);
            }
        });
        Screen { pty, child, parser, raw, _workspace: workspace, port }
    }

    fn text(&self) -> String {
        self.parser.lock().expect("the screen").screen().contents()
    }

    /// The line at the top.
    fn status(&self) -> String {
        self.text().lines().next().unwrap_or_default().to_owned()
    }

    /// Waits until something holds of the whole screen; `what` says it when it never does.
    fn wait_until(&self, what: &str, holds: impl Fn(&str) -> bool) {
        let until = Instant::now() + PATIENCE;
        while !holds(&self.text()) {
            assert!(Instant::now() < until, "{what}: never on\n{}", self.text());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Types a line at the prompt and waits for its echo and the next prompt.
    fn line(&self, line: &str, answered: &str) {
        self.send(line);
        self.wait_for(line);
        self.send("\r");
        self.wait_for(answered);
    }

    fn wait_for(&self, what: &str) {
        let until = Instant::now() + PATIENCE;
        while !self.text().contains(what) {
            assert!(Instant::now() < until, "no {what:?} on\n{}", self.text());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn send(&self, keys: &str) {
        (&*self.pty).write_all(keys.as_bytes()).expect("keys");
    }

    /// As a terminal sends what was pasted.
    fn paste(&self, text: &str) {
        self.send(&format!("\x1b[200~{}\x1b[201~", text.replace('\n', "\r")));
    }

    /// The exit code, and that the terminal is as it was.
    fn ends(mut self) -> i32 {
        let until = Instant::now() + PATIENCE;
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("the child") {
                break status;
            }
            assert!(Instant::now() < until, "it does not end:\n{}", self.text());
            std::thread::sleep(Duration::from_millis(20));
        };
        // What was written last may still be on its way.
        let restored = |raw: &[u8]| raw.windows(8).any(|w| w == b"\x1b[?1049l");
        while !restored(&self.raw.lock().expect("the bytes")) {
            assert!(Instant::now() < until, "the alternate screen was not left");
            std::thread::sleep(Duration::from_millis(10));
        }
        let raw = String::from_utf8_lossy(&self.raw.lock().expect("the bytes")).into_owned();
        for (on, off) in [("\x1b[?2004h", "\x1b[?2004l"), ("\x1b[?1000h", "\x1b[?1000l")] {
            assert!(raw.contains(on), "{on:?} was never asked for");
            assert!(raw.rfind(off) > raw.rfind(on), "{off:?} is missing");
        }
        status.code().expect("an exit code")
    }

    fn signal(&self, signal: i32) {
        let pid = i32::try_from(self.child.id()).expect("a pid");
        // SAFETY: a signal to our own child, which was not waited for yet.
        assert_eq!(unsafe { libc::kill(pid, signal) }, 0);
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn walk_through(columns: u16, rows: u16) {
    let screen = Screen::start(columns, rows, &[]);
    screen.wait_for("Nothing listens yet");
    screen.send("\r");
    screen.wait_for("0/");
    let ports = [screen.port, screen.port + 1, screen.port + 2];
    let lesson = synclab::lesson::find("walk-through", ports).expect("the lesson");
    screen.paste(&lesson.solution());
    let all = lesson.goals.len();
    screen.wait_for(&format!("{all}/{all} goals"));
    // The failover of the page's end, on every size of screen.
    screen.wait_for(&format!("{} ──▶ {}", ports[1], ports[2]));
    screen.send("\x1b3");
    // Of the handshake before it, how much is in sight depends on the keep-alives that came.
    screen.wait_for("+FULLRESYNC");
    // The keys stayed at the prompt.
    screen.wait_for("typing here");
    screen.send("\x03");
    screen.wait_for("Leave synclab?");
    screen.send("\r");
    assert_eq!(screen.ends(), 0);
}

#[test]
fn the_walk_through_at_80x24() {
    walk_through(80, 24);
}

#[test]
fn the_walk_through_at_120x40() {
    walk_through(120, 40);
}

#[test]
fn resizing_and_unfinished_keys_are_safe() {
    let screen = Screen::start(120, 40, &["--bare"]);
    screen.wait_for("Nothing listens yet");
    screen.send("f");
    screen.wait_for("Console");
    for (rows, columns) in [(10, 20), (1, 1), (24, 80), (50, 200), (24, 80)] {
        screen
            .parser
            .lock()
            .expect("the screen")
            .screen_mut()
            .set_size(cells(rows), cells(columns));
        screen.pty.resize(Size::new(rows, columns)).expect("a size");
        std::thread::sleep(Duration::from_millis(50));
    }
    screen.send("ls /data\r");
    screen.wait_for("ls /data");
    screen.wait_for("2 Topology");
    screen.send("\x03");
    screen.wait_for("Leave synclab?");
    screen.send("\r");
    assert_eq!(screen.ends(), 0);
}

#[test]
fn signals_give_the_terminal_back() {
    for signal in [libc::SIGTERM, libc::SIGHUP, libc::SIGINT] {
        let screen = Screen::start(80, 24, &[]);
        screen.wait_for("Nothing listens yet");
        screen.send("f");
        screen.wait_for("master");
        screen.signal(signal);
        assert_eq!(screen.ends(), 128 + signal);
    }
}

#[test]
fn a_taken_port_is_said_on_the_start_screen() {
    let screen = Screen::start(120, 40, &[]);
    screen.wait_for("Nothing listens yet");
    let _holder = TcpListener::bind(("127.0.0.1", screen.port + 1)).expect("still free");
    screen.send("f");
    screen.wait_for("it did not start");
    screen.wait_for("--base-port");
    // The start screen is still there, and so is the way out.
    screen.wait_for("Free lab");
    screen.send("qq");
    assert_eq!(screen.ends(), 0);
}

#[test]
fn without_a_terminal_there_is_a_hint() {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_synclab"))
        .stdin(std::process::Stdio::null())
        .output()
        .expect("the program");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("synclab repl"));
}

const F5: &str = "\x1b[15~";
const F6: &str = "\x1b[17~";
const F8: &str = "\x1b[19~";

/// The number of the step that waits next, if one does.
fn waits(text: &str) -> Option<u64> {
    let status = text.lines().next()?;
    let (_, rest) = status.split_once('⏸')?;
    rest.split(' ').next()?.parse().ok()
}

/// Waits for a step and lets it go; returns the status line that named it.
fn step(screen: &Screen) -> String {
    screen.wait_until("a step that waits", |text| waits(text).is_some());
    let here = screen.status();
    screen.send(F8);
    screen.wait_until("that step gone", |text| waits(text) != waits(&here));
    here
}

/// A full sync by keys, from PING to online, with a SET typed in between.
fn stepped(columns: u16, rows: u16) {
    let screen = Screen::start(columns, rows, &[]);
    let (master, replica) = (screen.port, screen.port + 1);
    screen.wait_for("Nothing listens yet");
    screen.send("f");
    screen.wait_for("typing here");
    screen.send(F6);
    screen.wait_for("step mode");
    screen.line(&format!("redis-cli -p {replica}"), &format!("127.0.0.1:{replica}>"));
    screen.line(&format!("SLAVEOF 127.0.0.1 {master}"), "OK");
    // The handshake, message by message, in its order.
    let mut met: Vec<String> = Vec::new();
    let handshake = ["connects to", "PING", "+PONG", "listening-port", "capa", "PSYNC", "judges"];
    while !screen.status().contains("RDB piece")
        && !screen.status().contains("last bytes of the RDB")
    {
        met.push(step(&screen));
        assert!(met.len() < 60, "no RDB comes: {met:#?}");
        // Between two steps link time runs: the diskless delay is five seconds.
        screen.wait_until("a step that waits", |text| waits(text).is_some());
    }
    let mut from = 0;
    for what in handshake {
        let at = met[from..].iter().position(|status| status.contains(what));
        from += at.unwrap_or_else(|| panic!("no {what} behind step {from}: {met:#?}"));
    }
    // Clients are served while the RDB is held: the write falls into the buffer.
    screen.line(&format!("redis-cli -p {master}"), &format!("127.0.0.1:{master}>"));
    screen.line("SET name xd", "OK");
    screen.send("\x1b4");
    screen.wait_until("the write held back", |text| {
        text.lines().skip(1).any(|l| l.contains('⏸') && l.contains("SET name xd"))
    });
    // On, until nothing is left to step.
    let mut left = 0;
    while !met.iter().any(|status| status.contains("SET name xd")) {
        met.push(step(&screen));
        left += 1;
        assert!(left < 60, "the write never comes: {met:#?}");
    }
    assert!(met.iter().any(|status| status.contains("online")), "{met:#?}");
    screen.send(F5);
    screen.send("\x1b7");
    // The Keys pane knows it on both.
    screen.wait_until("name on both", |text| {
        text.lines().any(|l| l.contains("name") && l.matches("xd").count() >= 2)
    });
    screen.line(&format!("redis-cli -p {replica}"), &format!("127.0.0.1:{replica}>"));
    screen.line("GET name", "\"xd\"");
    screen.send("\x03");
    screen.wait_for("Leave synclab?");
    screen.send("\r");
    assert_eq!(screen.ends(), 0);
}

#[test]
fn a_full_sync_is_stepped_by_keys_at_80x24() {
    stepped(80, 24);
}

#[test]
fn a_full_sync_is_stepped_by_keys_at_120x40() {
    stepped(120, 40);
}
