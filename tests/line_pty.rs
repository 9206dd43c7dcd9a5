//! Line mode on a real terminal: prompts, events above the prompt, Ctrl-C, Ctrl-D, `NO_COLOR`.

use pty_process::blocking::{Command, open};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::Child;
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// A session of `synclab repl` that a test types into.
struct Session {
    child: Child,
    keys: pty_process::blocking::Pty,
    output: Receiver<Vec<u8>>,
    seen: Vec<u8>,
    /// Everything, as it was sent.
    raw: Vec<u8>,
    base: u16,
    _folder: tempfile::TempDir,
}

fn free_base() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let from = 31_000 + (std::process::id() % 1000) as u16 * 3;
    loop {
        let base = from + NEXT.fetch_add(3, Ordering::SeqCst);
        if (0..3).all(|i| TcpListener::bind(("127.0.0.1", base + i)).is_ok()) {
            return base;
        }
    }
}

impl Session {
    fn start(args: &[&str], no_color: bool) -> Session {
        let base = free_base();
        let folder = tempfile::tempdir().expect("a folder");
        let (pty, pts) = open().expect("a pty");
        pty.resize(pty_process::Size::new(40, 120)).expect("a size");
        let mut command = Command::new(env!("CARGO_BIN_EXE_synclab"))
            .arg("repl")
            .args(args)
            .args(["--base-port", &base.to_string(), "--workspace"])
            .arg(folder.path().join("session"))
            .env("XDG_STATE_HOME", folder.path())
            .env("TERM", "xterm-256color")
            .env_remove("NO_COLOR");
        if no_color {
            command = command.env("NO_COLOR", "1");
        }
        let child = command.spawn(pts).expect("synclab starts");
        let (send, output) = channel();
        use std::os::fd::AsFd;
        let mut reader =
            std::fs::File::from(pty.as_fd().try_clone_to_owned().expect("a second handle"));
        std::thread::spawn(move || {
            let mut buf = [0; 4096];
            while let Ok(n @ 1..) = reader.read(&mut buf) {
                if send.send(buf[..n].to_vec()).is_err() {
                    break;
                }
            }
        });
        Session {
            child,
            keys: pty,
            output,
            seen: Vec::new(),
            raw: Vec::new(),
            base,
            _folder: folder,
        }
    }

    fn keys(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).expect("it reads");
    }

    /// Waits until the terminal was sent this text, behind what was waited for before.
    fn wait(&mut self, text: &str) {
        let until = Instant::now() + Duration::from_secs(30);
        loop {
            if let Some(at) = self.plain().find(text) {
                let behind = self.plain()[at + text.len()..].to_owned();
                self.seen = behind.into_bytes();
                return;
            }
            let left = until.saturating_duration_since(Instant::now());
            match self.output.recv_timeout(left) {
                Ok(bytes) => {
                    self.raw.extend(&bytes);
                    self.seen.extend(bytes);
                }
                Err(_) => panic!("no {text:?} in:\n{}", self.plain()),
            }
        }
    }

    /// What was sent, without escape sequences (a sequence cut in two is whole at the next look).
    fn plain(&self) -> String {
        let text = String::from_utf8_lossy(&self.seen);
        let mut out = String::new();
        let mut chars = text.chars();
        while let Some(c) = chars.next() {
            if c == '\u{1b}' {
                if chars.next() == Some('[') {
                    chars.by_ref().find(|c| c.is_ascii_alphabetic());
                }
            } else if c != '\r' {
                out.push(c);
            }
        }
        out
    }

    /// Whether a colour or bold type was asked for: a sequence that ends with `m` and is no reset.
    fn has_colour(&self) -> bool {
        let text = String::from_utf8_lossy(&self.raw).into_owned();
        text.split("\u{1b}[").skip(1).any(|rest| {
            let end = rest.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(0);
            rest[end..].starts_with('m') && !matches!(&rest[..end], "" | "0")
        })
    }

    fn exit_code(mut self) -> i32 {
        let until = Instant::now() + Duration::from_secs(20);
        loop {
            if let Some(status) = self.child.try_wait().expect("a child") {
                return status.code().unwrap_or(-1);
            }
            if Instant::now() > until {
                let _ = self.child.kill();
                panic!("it does not end:\n{}", self.plain());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

#[test]
fn line_mode_lives_on_a_terminal() {
    let mut s = Session::start(&[], false);
    let (a, b) = (s.base, s.base + 1);
    s.wait("Three real servers are up");
    s.wait("[synclab /data]# ");
    assert!(s.has_colour());
    s.keys(&format!("redis-cli -p {b}\r"));
    s.wait(&format!("127.0.0.1:{b}> "));
    s.keys(&format!("slaveof 127.0.0.1 {a}\r"));
    s.wait("\nOK");
    s.wait(&format!("{b} → {a}  PSYNC"));
    // Nobody types: what happens comes above the prompt.
    s.wait(&format!("in sync with {a}"));
    s.keys("monitor\r");
    s.wait("\nOK");
    s.keys("\u{3}");
    s.wait(&format!("127.0.0.1:{b}> "));
    s.keys("ping\r");
    s.wait("\nPONG");
    s.keys("exit\r");
    s.wait("[synclab /data]# ");
    s.keys(&format!("redis-cli -p {b}\r"));
    s.wait(&format!("127.0.0.1:{b}> "));
    // Ctrl-D leaves redis-cli, and only then the lab.
    s.keys("\u{4}");
    s.wait("[synclab /data]# ");
    s.keys("pwd\r");
    s.wait("\n/data\n");
    s.keys("exit\r");
    assert_eq!(s.exit_code(), 0);
}

#[test]
fn line_mode_ends_with_ctrl_d_and_forgives_a_typo() {
    let mut s = Session::start(&["--bare"], true);
    s.wait("[synclab /data]# ");
    s.keys("frobnicate\r");
    s.wait("frobnicate: command not found");
    s.wait("[synclab /data]# ");
    assert!(!s.has_colour(), "NO_COLOR is set");
    s.keys("\u{4}");
    assert_eq!(s.exit_code(), 0);
}

#[test]
fn ctrl_c_drops_what_is_typed_before_it_leaves() {
    let mut s = Session::start(&["--bare"], true);
    s.wait("[synclab /data]# ");
    s.keys("\u{3}");
    s.wait("(Ctrl-C again");
    s.wait("[synclab /data]# ");
    s.keys("pw");
    s.wait("pw");
    // The offer is a thing of the past: this one takes the typed line away.
    s.keys("\u{3}");
    s.wait("[synclab /data]# ");
    s.keys("pwd\r");
    s.wait("\n/data\n");
    s.wait("[synclab /data]# ");
    s.keys("\u{3}");
    s.wait("(Ctrl-C again");
    s.wait("[synclab /data]# ");
    s.keys("\u{3}");
    assert_eq!(s.exit_code(), 0);
}

#[test]
fn line_mode_keeps_what_is_typed_ahead() {
    let mut s = Session::start(&["--bare"], true);
    s.wait("[synclab /data]# ");
    // One write, no bracketed paste: all of it is in the terminal's buffer before the first line runs.
    s.keys("mkdir /data/ahead\rls /data\rpwd\r");
    s.wait("\nahead/\n");
    s.wait("\n/data\n");
    s.wait("[synclab /data]# ");
    s.keys("\u{4}");
    assert_eq!(s.exit_code(), 0);
}
