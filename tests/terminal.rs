//! The terminal where the screens cannot be, and where they are ended from outside.

use pty_process::blocking::{Command, open};
use std::io::Read;
use std::process::Child;
use std::time::{Duration, Instant};

struct Run {
    child: Child,
    pty: pty_process::blocking::Pty,
    _folder: tempfile::TempDir,
}

fn start(term: &str) -> Run {
    let folder = tempfile::tempdir().expect("a folder");
    let (pty, pts) = open().expect("a pty");
    pty.resize(pty_process::Size::new(24, 80)).expect("a size");
    let child = Command::new(env!("CARGO_BIN_EXE_synclab"))
        .env("XDG_STATE_HOME", folder.path())
        .env("TERM", term)
        .spawn(pts)
        .expect("synclab starts");
    Run { child, pty, _folder: folder }
}

impl Run {
    /// Reads until this text came.
    fn wait(&mut self, text: &str) -> String {
        let mut all = Vec::new();
        let mut buf = [0; 4096];
        while !String::from_utf8_lossy(&all).contains(text) {
            match self.pty.read(&mut buf) {
                Ok(n @ 1..) => all.extend_from_slice(&buf[..n]),
                _ => panic!("no {text:?} in {:?}", String::from_utf8_lossy(&all)),
            }
        }
        String::from_utf8_lossy(&all).into_owned()
    }

    fn exit_code(&mut self) -> Option<i32> {
        let until = Instant::now() + Duration::from_secs(20);
        while Instant::now() < until {
            if let Some(status) = self.child.try_wait().expect("a child") {
                return status.code();
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        let _ = self.child.kill();
        panic!("it does not end");
    }
}

#[test]
fn a_dumb_terminal_is_told_of_line_mode() {
    let mut run = start("dumb");
    let said = run.wait("synclab repl");
    assert!(!said.contains('\u{1b}'), "{said:?}");
    assert_eq!(run.exit_code(), Some(2));
}

#[test]
fn sigquit_gives_the_terminal_back() {
    let mut run = start("xterm-256color");
    run.wait("\u{1b}[?1049h");
    let pid = run.child.id() as i32;
    // SAFETY: a signal to the child that this test started and has not waited for.
    unsafe { libc::kill(pid, libc::SIGQUIT) };
    run.wait("\u{1b}[?1049l");
    assert_eq!(run.exit_code(), Some(128 + libc::SIGQUIT));
}
