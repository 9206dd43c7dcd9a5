//! A lab on free ports in a folder of its own, and a small client.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};
use synclab::lab::journal::Follower;
use synclab::lab::model::Model;
use synclab::lab::{Lab, LabOptions};

/// The first of three ports in a row that were free a moment ago. Different for every call in one
/// test program; the pid keeps programs that run at the same time apart.
pub fn free_base_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    // Below the range from which Linux takes ports for outgoing connections.
    let (low, span) = (10_000_u32, 22_000_u32);
    loop {
        let n = u32::from(NEXT.fetch_add(3, Ordering::Relaxed));
        let base = low + (std::process::id() * 97 + n) % span;
        let base = u16::try_from(base).expect("below 32,000");
        let free = |port| TcpListener::bind(("127.0.0.1", port)).is_ok();
        if (base..base + 3).all(free) {
            return base;
        }
    }
}

/// A session in a temporary folder; the folder goes when the second value does.
pub fn open(bare: bool) -> (Lab, tempfile::TempDir) {
    let tmp = tempfile::tempdir().expect("temp dir");
    let options = LabOptions {
        workspace: Some(tmp.path().to_path_buf()),
        base_port: free_base_port(),
        bare,
        lesson: None,
        ..LabOptions::default()
    };
    (Lab::open(options).expect("opens"), tmp)
}

/// Follows the journal until the model is as wanted; no longer than half a minute.
pub fn wait_for(lab: &Lab, what: &str, wanted: impl Fn(&Model) -> bool) {
    let mut follower = Follower::new(lab.journal().clone());
    let until = Instant::now() + Duration::from_secs(30);
    loop {
        follower.catch_up(|_, _| ());
        if wanted(follower.model()) {
            return;
        }
        let left = until.saturating_duration_since(Instant::now());
        // Something else may be told for ever.
        if left.is_zero() || !lab.journal().wait_beyond(follower.cursor(), left) {
            let links = follower.model().links();
            let time = &follower.model().time;
            panic!("waited in vain until {what}\n{links:#?}\n{time:#?}");
        }
    }
}

/// Sends inline commands and reads one reply each.
pub struct Client {
    read: BufReader<TcpStream>,
}

impl Client {
    pub fn to(port: u16) -> Client {
        let stream = TcpStream::connect(("127.0.0.1", port)).expect("it listens");
        stream.set_read_timeout(Some(Duration::from_secs(30))).expect("set");
        Client { read: BufReader::new(stream) }
    }

    /// Sends a command that may not be answered any more.
    pub fn send(&mut self, line: &str) {
        let sent = self.read.get_mut().write_all(format!("{line}\r\n").as_bytes());
        sent.expect("the connection is up");
    }

    /// Writes `n` keys with values of a hundred bytes.
    pub fn fill(&mut self, n: usize) {
        for from in (0..n).step_by(1_000) {
            let upto = n.min(from + 1_000);
            let lines: String = (from..upto).map(|i| format!("SET key:{i} {i:0100}\r\n")).collect();
            self.read.get_mut().write_all(lines.as_bytes()).expect("the connection is up");
            for _ in from..upto {
                assert_eq!(self.line(), "+OK");
            }
        }
    }

    /// The reply in one line: `+OK`, `-ERR …`, `:1`, `$2 xd`, `$-1`; empty when the connection is
    /// gone.
    pub fn ask(&mut self, line: &str) -> String {
        if self.read.get_mut().write_all(format!("{line}\r\n").as_bytes()).is_err() {
            return String::new();
        }
        let head = self.line();
        match head.strip_prefix('$').and_then(|n| n.parse::<usize>().ok()) {
            Some(len) => {
                let mut bulk = vec![0; len + 2];
                self.read.read_exact(&mut bulk).expect("the bulk's bytes");
                format!("{head} {}", String::from_utf8_lossy(&bulk[..len]))
            }
            None => head,
        }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        match self.read.read_line(&mut line) {
            Ok(_) => line.trim_end().to_string(),
            Err(e) if e.kind() == std::io::ErrorKind::ConnectionReset => String::new(),
            Err(e) => panic!("no reply: {e}"),
        }
    }
}
