//! The oracle: a real redis-server on a free port of 127.0.0.1, in a folder of its own, and a client
//! for it. Tests that use it belong to a libtest-mimic runner and are made with [`trial`].

// Each test binary uses its own part of this.
#![allow(dead_code)]

pub mod either;
pub mod load;

use std::fs::File;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use libtest_mimic::{Failed, Trial};
use synclab::wire::command::encode_command;
use synclab::wire::value::{ReplyParser, Value};

/// Whether a redis-server can be run here.
pub fn available() -> bool {
    let version = Command::new("redis-server").arg("--version").output();
    version.is_ok_and(|out| out.status.success())
}

/// A test that needs a real redis-server. Without one it is shown as ignored, or, where
/// `SYNCLAB_REQUIRE_REDIS=1` says that there must be one, as failed.
pub fn trial(name: &str, test: impl FnOnce() -> Result<(), Failed> + Send + 'static) -> Trial {
    let found = available();
    let required = std::env::var_os("SYNCLAB_REQUIRE_REDIS").is_some_and(|v| v == "1");
    Trial::test(name, move || {
        if found {
            test()
        } else {
            Err("redis-server is not installed, and SYNCLAB_REQUIRE_REDIS=1 asks for it".into())
        }
    })
    .with_ignored_flag(!found && !required)
}

/// Marks the next argument of a start as the conf file.
const CONF: &str = "(conf)";

/// A running redis-server; killed when dropped.
pub struct RealRedis {
    child: Child,
    dir: tempfile::TempDir,
    pub port: u16,
}

impl RealRedis {
    /// Starts one in an empty folder, with further arguments such as `["--appendonly", "yes"]`.
    pub fn start(args: &[&str]) -> RealRedis {
        RealRedis::start_in(tempfile::tempdir().expect("a temporary folder"), args)
    }

    /// Starts one that finds what is in `dir`, such as a `dump.rdb` to load.
    pub fn start_in(dir: tempfile::TempDir, args: &[&str]) -> RealRedis {
        let mut dir = dir;
        // A free port may be gone before the server binds it: then another is tried.
        for _ in 0..10 {
            match RealRedis::try_start(dir, args) {
                Ok(server) => return server,
                Err(back) => dir = back,
            }
        }
        let log = std::fs::read_to_string(dir.path().join("log")).unwrap_or_default();
        panic!("redis-server does not start:\n{log}");
    }

    /// Starts one with a conf file that lies in `dir`.
    pub fn start_with_conf(dir: tempfile::TempDir, conf: &str) -> RealRedis {
        RealRedis::start_in(dir, &[CONF, conf])
    }

    fn try_start(dir: tempfile::TempDir, args: &[&str]) -> Result<RealRedis, tempfile::TempDir> {
        let port = free_port();
        let log = File::create(dir.path().join("log")).expect("a log file");
        // A conf file comes before every other argument.
        let (conf, args) = match args {
            [CONF, conf, rest @ ..] => (Some(*conf), rest),
            _ => (None, args),
        };
        let child = Command::new("redis-server")
            .args(conf)
            .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", ""])
            .args(args)
            .current_dir(dir.path())
            .stdin(Stdio::null())
            .stderr(log.try_clone().expect("a second handle"))
            .stdout(log)
            .spawn()
            .expect("redis-server runs");
        let mut server = RealRedis { child, dir, port };
        let until = Instant::now() + Duration::from_secs(20);
        while Instant::now() < until {
            // Any answer but "still loading" will do: a password may be asked for.
            if let Ok(stream) = TcpStream::connect(server.addr())
                && let Some(pong) = Client::over(stream).try_call(&["PING"])
                && !pong.error().is_some_and(|text| text.starts_with(b"LOADING"))
            {
                return Ok(server);
            }
            if !matches!(server.child.try_wait(), Ok(None)) {
                break;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        let _ = server.child.kill();
        let _ = server.child.wait();
        Err(std::mem::replace(&mut server.dir, tempfile::tempdir().expect("a temporary folder")))
    }

    pub fn addr(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.port))
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Its working folder.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// Everything it has logged.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.dir().join("log")).unwrap_or_default()
    }

    pub fn client(&self) -> Client {
        Client::over(TcpStream::connect(self.addr()).expect("a connection"))
    }
}

impl Drop for RealRedis {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A port that nobody listens on at this moment.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("its address").port()
}

/// A plain blocking client.
pub struct Client {
    stream: TcpStream,
    parser: ReplyParser,
}

impl Client {
    pub fn over(stream: TcpStream) -> Client {
        stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a time-out");
        Client { stream, parser: ReplyParser::new() }
    }

    /// One command and its reply.
    pub fn call<A: AsRef<[u8]>>(&mut self, args: &[A]) -> Value {
        self.try_call(args).expect("a reply")
    }

    /// One command and its reply, or None if the connection ends.
    pub fn try_call<A: AsRef<[u8]>>(&mut self, args: &[A]) -> Option<Value> {
        let mut bytes = Vec::new();
        encode_command(&mut bytes, args);
        self.send(&bytes).ok()?;
        self.reply()
    }

    /// Bytes as they are. Fails when the server has closed.
    pub fn send(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.stream.write_all(bytes)
    }

    /// The next reply, or None if the connection ends before it.
    pub fn reply(&mut self) -> Option<Value> {
        let mut buf = [0; 16 * 1024];
        loop {
            if let Some(value) = self.parser.next().expect("RESP") {
                return Some(value);
            }
            match self.stream.read(&mut buf) {
                Ok(0) | Err(_) => return None,
                Ok(n) => self.parser.feed(&buf[..n]),
            }
        }
    }
}
