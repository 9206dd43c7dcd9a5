//! A server of either kind in a folder of its own, and a client for it.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use synclab::wire::command::encode_command;
use synclab::wire::value::{ReplyParser, Value};

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    Theirs,
    Ours,
}

/// A running server; killed when dropped.
pub struct Server {
    child: Child,
    dir: tempfile::TempDir,
    pub port: u16,
}

impl Server {
    pub fn start(kind: Kind, args: &[&str]) -> Server {
        Server::start_in(kind, tempfile::tempdir().expect("a folder"), args)
    }

    /// Starts one that finds what lies in `dir`; back when it answers and has loaded.
    pub fn start_in(kind: Kind, dir: tempfile::TempDir, args: &[&str]) -> Server {
        let port = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a port");
        let port = port.port();
        let mut command = match kind {
            Kind::Theirs => Command::new("redis-server"),
            Kind::Ours => {
                let program = std::env::var("SYNCLAB_BIN");
                let program = program.as_deref().unwrap_or(env!("CARGO_BIN_EXE_synclab"));
                let mut ours = Command::new(program);
                ours.arg("server");
                ours
            }
        };
        let log = std::fs::File::create(dir.path().join("log")).expect("a log");
        let child = command
            .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", ""])
            .args(["--enable-debug-command", "yes", "--repl-diskless-sync-delay", "0"])
            .args(["--client-output-buffer-limit", "replica 0 0 0"])
            .args(args)
            .current_dir(dir.path())
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(Stdio::null())
            .spawn()
            .expect("the program");
        let server = Server { child, dir, port };
        let until = Instant::now() + Duration::from_secs(300);
        loop {
            let client = TcpStream::connect(("127.0.0.1", port)).ok().map(Client::over);
            let ready =
                client.is_some_and(|mut c| c.call(&["PING"]) == Value::Simple(b"PONG".into()));
            if ready {
                return server;
            }
            assert!(Instant::now() < until, "{kind:?} is not ready: {}", server.log());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    pub fn client(&self) -> Client {
        Client::over(TcpStream::connect(("127.0.0.1", self.port)).expect("a connection"))
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(self.file("log")).unwrap_or_default()
    }

    /// Memory that the server and its children take, each shared page once (Linux; 0 elsewhere).
    pub fn memory(&self) -> u64 {
        let me = self.child.id();
        let children = format!("/proc/{me}/task/{me}/children");
        let children = std::fs::read_to_string(children).unwrap_or_default();
        let pids = children.split_whitespace().filter_map(|w| w.parse().ok()).chain([me]);
        pids.map(|pid| {
            let text = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup"));
            let text = text.unwrap_or_default();
            let line = text.lines().find_map(|l| l.strip_prefix("Pss:"));
            line.and_then(|l| l.trim().split(' ').next()?.parse::<u64>().ok()).unwrap_or(0) * 1024
        })
        .sum()
    }

    /// A number of INFO; 0 if there is no such field.
    pub fn info(&self, section: &str, field: &str) -> u64 {
        self.client().info(section, field).parse().unwrap_or(0)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub struct Client {
    stream: TcpStream,
    parser: ReplyParser,
    out: Vec<u8>,
}

impl Client {
    fn over(stream: TcpStream) -> Client {
        stream.set_nodelay(true).expect("nodelay");
        Client { stream, parser: ReplyParser::new(), out: Vec::new() }
    }

    /// One command and its reply; [`Value::Null`] if the connection has ended.
    pub fn call<A: AsRef<[u8]>>(&mut self, words: &[A]) -> Value {
        self.out.clear();
        encode_command(&mut self.out, words);
        if self.stream.write_all(&self.out).is_err() {
            return Value::Null;
        }
        self.reply()
    }

    /// A command that must succeed.
    pub fn ok(&mut self, words: &[&str]) {
        let reply = self.call(words);
        assert!(reply.error().is_none() && reply != Value::Null, "{words:?}: {reply:?}");
    }

    /// Sends lines and takes as many replies.
    pub fn all(&mut self, bytes: &[u8], replies: usize) {
        self.stream.write_all(bytes).expect("written");
        for _ in 0..replies {
            let reply = self.reply();
            assert!(reply.error().is_none(), "{reply:?}");
        }
    }

    pub fn info(&mut self, section: &str, field: &str) -> String {
        let text = self.call(&["INFO", section]);
        let text = String::from_utf8_lossy(text.as_bytes().unwrap_or_default()).into_owned();
        let value = text.lines().find_map(|l| l.strip_prefix(field)?.strip_prefix(':'));
        value.unwrap_or_default().to_owned()
    }

    fn reply(&mut self) -> Value {
        let mut buf = [0; 16 * 1024];
        loop {
            if let Some(value) = self.parser.next().expect("RESP") {
                return value;
            }
            match self.stream.read(&mut buf) {
                Ok(0) | Err(_) => return Value::Null,
                Ok(n) => self.parser.feed(&buf[..n]),
            }
        }
    }
}
