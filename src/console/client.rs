//! A redis-cli's connection: a blocking socket that never blocks for long, so that an
//! [`Interrupt`] ends what runs.

use super::Interrupt;
use super::reply;
use crate::wire::command::encode_command;
use crate::wire::value::{ReplyParser, Value};
use std::io::{ErrorKind, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

/// How often a waiting read looks at the interrupt.
const POLL: Duration = Duration::from_millis(40);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Where a client goes, and what it says first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    pub host: String,
    pub port: u16,
    pub db: u32,
    /// User (if any) and password for AUTH.
    pub auth: Option<(Option<String>, String)>,
    /// `-3`: HELLO 3 first.
    pub resp3: bool,
}

impl Target {
    pub fn new(host: impl Into<String>, port: u16) -> Target {
        Target { host: host.into(), port, db: 0, auth: None, resp3: false }
    }
}

/// Why there is no reply.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClientError {
    /// The text is redis-cli's.
    #[error("Could not connect to Redis at {host}:{port}: {reason}")]
    Connect { host: String, port: u16, reason: String },
    #[error("Error: Server closed the connection")]
    Closed,
    #[error("Error: {0}")]
    Io(String),
    #[error("Error: Protocol error, {0}")]
    Protocol(String),
    #[error("interrupted")]
    Interrupted,
    #[error("no answer in time")]
    TimedOut,
    /// AUTH, SELECT or HELLO right after connecting was refused.
    #[error("{0}")]
    Refused(String),
}

/// One connection, made when it is first needed and again after it was lost.
pub struct Client {
    pub target: Target,
    /// The database that the connection is in; differs from the target's inside MULTI only.
    pub in_multi: bool,
    before_multi: u32,
    link: Option<Link>,
    interrupt: Interrupt,
}

struct Link {
    stream: TcpStream,
    parser: ReplyParser,
}

impl Link {
    /// Whether the other side has closed it, and nothing is left to read.
    fn is_closed(&self) -> bool {
        if self.stream.set_nonblocking(true).is_err() {
            return true;
        }
        let closed = match self.stream.peek(&mut [0]) {
            Ok(n) => n == 0,
            Err(e) => !is_wait(&e),
        };
        self.stream.set_nonblocking(false).is_err() || closed
    }
}

impl Client {
    pub fn new(target: Target, interrupt: Interrupt) -> Client {
        Client { target, in_multi: false, before_multi: 0, link: None, interrupt }
    }

    pub fn is_connected(&self) -> bool {
        self.link.is_some()
    }

    /// redis-cli's prompt: `127.0.0.1:6380[3]> `, `not connected> `.
    pub fn prompt(&self) -> String {
        if self.link.is_none() {
            return "not connected> ".to_owned();
        }
        let Target { host, port, db, .. } = &self.target;
        // redis-cli puts an IPv6 address in brackets.
        let host = if host.contains(':') { format!("[{host}]") } else { host.clone() };
        let db = if *db == 0 { String::new() } else { format!("[{db}]") };
        let tx = if self.in_multi { "(TX)" } else { "" };
        format!("{host}:{port}{db}{tx}> ")
    }

    /// Connects if there is no connection, or if the server closed it meanwhile: AUTH, SELECT and
    /// HELLO follow as the target says. So the first line after a restart reaches the new server,
    /// as redis-cli's does.
    pub fn connect(&mut self) -> Result<(), ClientError> {
        if self.link.as_ref().is_some_and(|link| !link.is_closed()) {
            return Ok(());
        }
        self.link = None;
        let stream = self.dial()?;
        let timeout = |e: std::io::Error| ClientError::Io(e.to_string());
        stream.set_read_timeout(Some(POLL)).map_err(timeout)?;
        stream.set_write_timeout(Some(POLL)).map_err(timeout)?;
        let _ = stream.set_nodelay(true);
        self.link = Some(Link { stream, parser: ReplyParser::new() });
        self.in_multi = false;
        if let Err(e) = self.greet() {
            // A refusal is told, and the connection stays, as redis-cli's does.
            if !matches!(e, ClientError::Refused(_)) {
                self.link = None;
            }
            return Err(e);
        }
        Ok(())
    }

    fn dial(&self) -> Result<TcpStream, ClientError> {
        let Target { host, port, .. } = &self.target;
        let failed =
            |reason: String| ClientError::Connect { host: host.clone(), port: *port, reason };
        let addrs: Vec<_> = (host.as_str(), *port)
            .to_socket_addrs()
            .map_err(|_| failed("Name or service not known".into()))?
            .collect();
        let mut reason = "Name or service not known".to_owned();
        for addr in addrs {
            match TcpStream::connect_timeout(&addr, CONNECT_TIMEOUT) {
                // A free port of this machine's own range may connect to itself.
                Ok(s) if s.local_addr().ok() == s.peer_addr().ok() => {
                    reason = "Connection refused".into();
                }
                Ok(stream) => return Ok(stream),
                Err(e) => reason = io_reason(&e),
            }
        }
        Err(failed(reason))
    }

    fn greet(&mut self) -> Result<(), ClientError> {
        let Target { db, auth, resp3, .. } = self.target.clone();
        if resp3 {
            self.expect_ok(&["HELLO", "3"], "HELLO 3 failed")?;
        }
        if let Some((user, password)) = auth {
            match user {
                Some(user) => self.expect_ok(&["AUTH", &user, &password], "AUTH failed")?,
                None => self.expect_ok(&["AUTH", &password], "AUTH failed")?,
            }
        }
        if db != 0 {
            let index = db.to_string();
            if let Err(e) = self.expect_ok(&["SELECT", &index], &format!("SELECT {db} failed")) {
                self.target.db = 0;
                return Err(e);
            }
        }
        Ok(())
    }

    fn expect_ok(&mut self, words: &[&str], failed: &str) -> Result<(), ClientError> {
        self.send(words)?;
        match self.read(Some(Duration::from_secs(10)))? {
            Value::Error(text) => {
                Err(ClientError::Refused(format!("{failed}: {}", reply::shown(&text))))
            }
            _ => Ok(()),
        }
    }

    /// Writes one command.
    pub fn send<A: AsRef<[u8]>>(&mut self, argv: &[A]) -> Result<(), ClientError> {
        let mut out = Vec::new();
        encode_command(&mut out, argv);
        self.send_bytes(&out)
    }

    /// Writes ready-made bytes: several commands at once.
    pub fn send_bytes(&mut self, mut bytes: &[u8]) -> Result<(), ClientError> {
        while !bytes.is_empty() {
            let Some(link) = &mut self.link else { return Err(ClientError::Closed) };
            match link.stream.write(bytes) {
                Ok(0) => return self.lost(ClientError::Closed),
                Ok(n) => bytes = &bytes[n..],
                Err(e) if is_wait(&e) => {
                    if self.interrupt.is_raised() {
                        return self.lost(ClientError::Interrupted);
                    }
                }
                Err(e) => return self.lost(broken(&e)),
            }
        }
        Ok(())
    }

    /// The next reply. An interrupt or a time-out leaves a reply owed, so it ends the connection.
    pub fn read(&mut self, at_most: Option<Duration>) -> Result<Value, ClientError> {
        match self.poll(at_most)? {
            Some(value) => Ok(value),
            None => self.lost(ClientError::TimedOut),
        }
    }

    /// The next reply if it comes in time; the connection goes on waiting for it otherwise.
    pub fn poll(&mut self, at_most: Option<Duration>) -> Result<Option<Value>, ClientError> {
        let until = at_most.and_then(|d| Instant::now().checked_add(d));
        let mut buf = [0u8; 16 * 1024];
        loop {
            let Some(link) = &mut self.link else { return Err(ClientError::Closed) };
            match link.parser.next() {
                Ok(Some(value)) => return Ok(Some(value)),
                Ok(None) => {}
                Err(e) => return self.lost(ClientError::Protocol(e.to_string())),
            }
            match link.stream.read(&mut buf) {
                Ok(0) => return self.lost(ClientError::Closed),
                Ok(n) => link.parser.feed(&buf[..n]),
                Err(e) if is_wait(&e) => {}
                Err(e) => return self.lost(broken(&e)),
            }
            if self.interrupt.is_raised() {
                return self.lost(ClientError::Interrupted);
            }
            if until.is_some_and(|u| Instant::now() >= u) {
                return Ok(None);
            }
        }
    }

    /// Sends one command and reads its reply.
    pub fn ask<A: AsRef<[u8]>>(
        &mut self,
        argv: &[A],
        at_most: Option<Duration>,
    ) -> Result<Value, ClientError> {
        self.send(argv)?;
        self.read(at_most)
    }

    /// Makes a new connection in place of one that an interrupt ended: the interrupt, which still
    /// stands, does not count for it. A failure is told by the next command.
    pub fn reconnect(&mut self) {
        let raised = std::mem::take(&mut self.interrupt);
        let _ = self.connect();
        self.interrupt = raised;
    }

    /// This client with the reply that it is owed, apart from whoever may interrupt it; in its place
    /// stands a new one for the same server.
    pub fn leave(&mut self) -> Client {
        let fresh = Client::new(self.target.clone(), self.interrupt.clone());
        let mut owed = std::mem::replace(self, fresh);
        owed.interrupt = Interrupt::new();
        owed
    }

    /// Forgets the connection; the next command makes a new one.
    pub fn disconnect(&mut self) {
        self.link = None;
        self.in_multi = false;
    }

    /// Follows what a successful command does to the prompt: SELECT, MULTI, EXEC, DISCARD, RESET.
    pub fn note(&mut self, argv: &[Vec<u8>], reply: &Value) {
        let Some(first) = argv.first() else { return };
        let failed = reply.error().is_some();
        match (first.to_ascii_lowercase().as_slice(), argv.len()) {
            (b"select", 2) if !failed => {
                let index = std::str::from_utf8(&argv[1]).ok().and_then(|t| t.parse().ok());
                self.target.db = index.unwrap_or(self.target.db);
            }
            (b"multi", 1) if !failed => {
                self.in_multi = true;
                self.before_multi = self.target.db;
            }
            (b"exec", 1) if self.in_multi => {
                self.in_multi = false;
                if failed || reply.is_null() {
                    self.target.db = self.before_multi;
                }
            }
            (b"discard", 1) if !failed => {
                if self.in_multi {
                    self.target.db = self.before_multi;
                }
                self.in_multi = false;
            }
            (b"reset", 1) if !failed => {
                self.in_multi = false;
                self.target.db = 0;
                self.target.resp3 = false;
                self.target.auth = None;
            }
            _ => {}
        }
    }

    fn lost<T>(&mut self, error: ClientError) -> Result<T, ClientError> {
        self.disconnect();
        Err(error)
    }
}

fn is_wait(e: &std::io::Error) -> bool {
    matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted)
}

fn broken(e: &std::io::Error) -> ClientError {
    match e.kind() {
        ErrorKind::ConnectionReset | ErrorKind::BrokenPipe => ClientError::Closed,
        _ => ClientError::Io(io_reason(e)),
    }
}

/// The system's words without Rust's `(os error 111)`.
fn io_reason(e: &std::io::Error) -> String {
    if e.kind() == ErrorKind::TimedOut {
        return "Connection timed out".into();
    }
    let text = e.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    fn client(port: u16) -> (Client, Interrupt) {
        let interrupt = Interrupt::new();
        (Client::new(Target::new("127.0.0.1", port), interrupt.clone()), interrupt)
    }

    /// A server that answers each connection's first bytes with `reply`, and then holds it open.
    fn serve(reply: &'static [u8]) -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut buf = [0; 1024];
            let _ = stream.read(&mut buf);
            let _ = stream.write_all(reply);
            // Until the other side hangs up.
            while stream.read(&mut buf).is_ok_and(|n| n > 0) {}
        });
        port
    }

    #[test]
    fn client_says_what_redis_cli_says_without_a_server() {
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let (mut c, _) = client(free);
        let error = c.connect().unwrap_err().to_string();
        let expected =
            format!("Could not connect to Redis at 127.0.0.1:{free}: Connection refused");
        assert_eq!(error, expected);
        assert_eq!(c.prompt(), "not connected> ");
    }

    #[test]
    fn client_asks_and_follows_select() {
        let port = serve(b"+OK\r\n");
        let (mut c, _) = client(port);
        c.connect().unwrap();
        assert_eq!(c.prompt(), format!("127.0.0.1:{port}> "));
        let argv = vec![b"select".to_vec(), b"3".to_vec()];
        let value = c.ask(&argv, None).unwrap();
        c.note(&argv, &value);
        assert_eq!(c.prompt(), format!("127.0.0.1:{port}[3]> "));
        let multi = vec![b"MULTI".to_vec()];
        c.note(&multi, &Value::Simple(b"OK".to_vec()));
        assert_eq!(c.prompt(), format!("127.0.0.1:{port}[3](TX)> "));
    }

    /// The first server goes after its first reply, as one that is killed does; the next is there.
    #[test]
    fn client_comes_back_to_a_server_that_was_restarted() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (mut c, _) = client(port);
        let server = std::thread::spawn(move || {
            for reply in [b"+OLD\r\n", b"+NEW\r\n"] {
                let (mut stream, _) = listener.accept().unwrap();
                assert!(stream.read(&mut [0; 1024]).unwrap() > 0);
                stream.write_all(reply).unwrap();
            }
        });
        c.connect().unwrap();
        assert_eq!(c.ask(&["PING"], None), Ok(Value::Simple(b"OLD".to_vec())));
        // The end of the connection is not told at once: wait until it has come.
        while !c.link.as_ref().unwrap().is_closed() {
            std::thread::yield_now();
        }
        c.connect().unwrap();
        assert_eq!(c.ask(&["PING"], None), Ok(Value::Simple(b"NEW".to_vec())));
        server.join().unwrap();
    }

    #[test]
    fn client_is_interrupted() {
        let (mut c, interrupt) = client(serve(b""));
        c.connect().unwrap();
        c.send(&["BLPOP", "x", "0"]).unwrap();
        interrupt.raise();
        assert_eq!(c.read(None), Err(ClientError::Interrupted));
        assert!(!c.is_connected());
    }

    #[test]
    fn client_times_out() {
        let (mut c, _) = client(serve(b"$5\r\nab"));
        c.connect().unwrap();
        let asked = c.ask(&["GET", "x"], Some(Duration::from_millis(50)));
        assert_eq!(asked, Err(ClientError::TimedOut));
    }
}
