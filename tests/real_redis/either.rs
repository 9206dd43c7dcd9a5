//! A server of either kind, ours or the oracle, and what two of them are asked together.

use super::{Client, free_port};
use libtest_mimic::Failed;
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use synclab::wire::value::Value;

pub type Outcome = Result<(), Failed>;

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    Ours,
    Real,
}

/// A server of either kind; killed when dropped.
pub struct Server {
    child: Child,
    dir: tempfile::TempDir,
    pub port: u16,
}

impl Server {
    pub fn start(kind: Kind, args: &[&str]) -> Server {
        Server::start_with(kind, None, args)
    }

    /// Starts one that finds a copy of this file as its `dump.rdb`.
    pub fn start_with(kind: Kind, dump: Option<&std::path::Path>, args: &[&str]) -> Server {
        for _ in 0..10 {
            if let Some(server) = Server::try_start(kind, dump, args) {
                return server;
            }
        }
        panic!("a {kind:?} server does not start");
    }

    fn try_start(kind: Kind, dump: Option<&std::path::Path>, args: &[&str]) -> Option<Server> {
        let dir = tempfile::tempdir().expect("a temporary folder");
        if let Some(dump) = dump {
            std::fs::copy(dump, dir.path().join("dump.rdb")).expect("the file is there");
        }
        let port = free_port();
        let log = std::fs::File::create(dir.path().join("log")).expect("a log file");
        let mut command = match kind {
            Kind::Real => Command::new("redis-server"),
            Kind::Ours => {
                let mut ours = Command::new(env!("CARGO_BIN_EXE_synclab"));
                ours.arg("server");
                ours
            }
        };
        let child = command
            .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", ""])
            .args(["--enable-debug-command", "yes", "--repl-diskless-sync-delay", "0"])
            .args(args)
            .current_dir(dir.path())
            .stdin(Stdio::null())
            .stderr(log.try_clone().expect("a second handle"))
            .stdout(log)
            .spawn()
            .expect("the program runs");
        let mut server = Server { child, dir, port };
        let until = Instant::now() + Duration::from_secs(20);
        while Instant::now() < until {
            if let Ok(stream) = TcpStream::connect(("127.0.0.1", port))
                && Client::over(stream).try_call(&["PING"]).is_some()
            {
                return Some(server);
            }
            if !matches!(server.child.try_wait(), Ok(None)) {
                return None;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        None
    }

    pub fn client(&self) -> Client {
        Client::over(TcpStream::connect(("127.0.0.1", self.port)).expect("a connection"))
    }

    pub fn ask(&self, words: &str) -> Value {
        let words: Vec<&str> = words.split(' ').collect();
        self.client().call(&words)
    }

    pub fn text(&self, words: &str) -> String {
        match self.ask(words) {
            Value::Bulk(b) | Value::Simple(b) => String::from_utf8_lossy(&b).into_owned(),
            Value::Verbatim { text, .. } => String::from_utf8_lossy(&text).into_owned(),
            other => match other.error() {
                Some(text) => String::from_utf8_lossy(text).into_owned(),
                None => format!("{other:?}"),
            },
        }
    }

    /// Bytes of memory that the process has, by the system's account where it keeps one (a server's
    /// own account knows nothing of what it forgot to count).
    pub fn resident(&self) -> usize {
        let statm = std::fs::read_to_string(format!("/proc/{}/statm", self.child.id()));
        let pages = statm.ok().and_then(|s| s.split(' ').nth(1)?.parse::<usize>().ok());
        match pages {
            Some(pages) => pages * 4096,
            None => self.info("memory", "used_memory_rss").parse().unwrap_or(0),
        }
    }

    pub fn info(&self, section: &str, field: &str) -> String {
        let text = self.text(&format!("INFO {section}"));
        let prefix = format!("{field}:");
        text.lines().find_map(|l| l.strip_prefix(&prefix)).unwrap_or("").to_owned()
    }

    pub fn follow(&self, master: &Server) -> Outcome {
        let reply = self.text(&format!("REPLICAOF 127.0.0.1 {}", master.port));
        if !reply.starts_with("OK") {
            return Err(format!("REPLICAOF: {reply}").into());
        }
        self.wait_up(master)
    }

    pub fn wait_up(&self, master: &Server) -> Outcome {
        eventually("the link is up", &[self, master], || {
            self.info("replication", "master_link_status") == "up"
        })
    }

    /// SIGSTOP: it does nothing until [`Server::thaw`]; what is sent to it waits.
    pub fn freeze(&self) {
        self.signal(libc::SIGSTOP);
    }

    pub fn thaw(&self) {
        self.signal(libc::SIGCONT);
    }

    fn signal(&self, signal: i32) {
        let pid = i32::try_from(self.child.id()).expect("a pid");
        // SAFETY: the child is ours and was not waited for, so the pid is still its own.
        let sent = unsafe { libc::kill(pid, signal) };
        assert_eq!(sent, 0, "the server is there");
    }

    /// The path of a file in its folder.
    pub fn file(&self, name: &str) -> std::path::PathBuf {
        self.dir.path().join(name)
    }

    /// What it has logged behind the first line that contains `from`, without times, pids,
    /// numbers and names that differ from run to run.
    pub fn told_since(&self, from: &str, peers: &[&Server]) -> Vec<String> {
        let log = self.log();
        let lines = log.lines().skip_while(|l| !l.contains(from));
        lines.filter_map(|l| plain(l, peers)).collect()
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(self.dir.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Polls until it holds; the servers' logs come with the failure. The limit is one of a busy machine.
pub fn eventually(what: &str, servers: &[&Server], mut holds: impl FnMut() -> bool) -> Outcome {
    let until = Instant::now() + Duration::from_secs(60);
    while !holds() {
        if Instant::now() > until {
            let logs: String =
                servers.iter().map(|s| format!("\n── {} ──\n{}", s.port, s.log())).collect();
            return Err(format!("never came true: {what}{logs}").into());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

/// All hold the same keys at the same offset.
pub fn same(servers: &[&Server]) -> Outcome {
    let state = |s: &Server| (s.info("replication", "master_repl_offset"), s.text("DEBUG DIGEST"));
    eventually("the digests are equal", servers, || {
        let first = state(servers[0]);
        servers[1..].iter().all(|s| state(s) == first)
    })
}

pub fn check(what: &str, holds: bool, servers: &[&Server]) -> Outcome {
    if holds {
        return Ok(());
    }
    let logs: String = servers.iter().map(|s| format!("\n── {} ──\n{}", s.port, s.log())).collect();
    Err(format!("{what}{logs}").into())
}

/// A log line without what differs from run to run.
fn plain(line: &str, peers: &[&Server]) -> Option<String> {
    // "pid:role day month year time mark text"
    let (head, rest) = line.split_once(' ')?;
    let role = head.split_once(':')?.1;
    let text = rest.splitn(5, ' ').skip(4).collect::<String>();
    let mut text = match text.split_once('\'') {
        Some((front, client)) if client.starts_with("id=") => front.to_owned(),
        _ => text,
    };
    for (i, peer) in peers.iter().enumerate() {
        text = text.replace(&peer.port.to_string(), &format!("<{i}>"));
    }
    let words = text.split_inclusive(|c: char| !c.is_ascii_alphanumeric());
    let hidden: String = words
        .map(|w| {
            let bare = w.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
            let id = bare.len() == 40 && bare.bytes().all(|b| b.is_ascii_hexdigit());
            let number = bare.len() > 1 && bare.bytes().all(|b| b.is_ascii_digit());
            if id || number { w.replace(bare, "_") } else { w.to_owned() }
        })
        .collect();
    Some(format!("{role} {hidden}"))
}
