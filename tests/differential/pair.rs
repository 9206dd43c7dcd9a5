//! A server of ours and a real one, given the same lines.

use super::compare::{Both, Context};
use super::lines::{CONNS, Family, Line};
use super::real_redis::either::{Kind, Server};
use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;
use synclab::wire::command::encode_command;
use synclab::wire::text::printable;
use synclab::wire::value::Value;

/// The most lines that are on their way at once.
const BATCH: usize = 256;

/// Connections beside those of the lines, for commands that wait.
pub const WAITERS: usize = 4;

pub struct Pair {
    pub real: Side,
    pub ours: Side,
}

pub struct Side {
    pub server: Server,
    /// Those of the lines, then the waiters.
    pub conns: Vec<Conn>,
}

pub struct Conn {
    /// None if the server could not be reached.
    stream: Option<TcpStream>,
    buf: Vec<u8>,
    at: usize,
}

/// Where the two part.
#[derive(Clone)]
pub struct Difference {
    /// The line's index.
    pub at: usize,
    pub real: Vec<u8>,
    pub ours: Vec<u8>,
}

impl Pair {
    pub fn start() -> Pair {
        Pair { real: Side::start(Kind::Real), ours: Side::start(Kind::Ours) }
    }

    /// Nothing left of what came before. False if one of the two does not answer.
    pub fn clear(&mut self, families: &[(u32, &'static dyn Family)]) -> bool {
        let mut lines: Vec<Line> = (0..CONNS).map(|conn| Line::new(conn, &["RESET"])).collect();
        lines.push(Line::new(0, &["FLUSHALL"]));
        for (name, values) in families.iter().flat_map(|(_, f)| f.limits()) {
            lines.push(Line::new(0, &["CONFIG", "SET", name, values[0]]));
        }
        self.run(&lines).is_none()
    }

    /// Ends both and starts two others.
    pub fn renew(&mut self) {
        *self = Pair::start();
    }

    /// Sends the lines to both; where they first differ, if they do. An empty reply is a closed
    /// connection, or 20 seconds of silence.
    pub fn run(&mut self, lines: &[Line]) -> Option<Difference> {
        let mut contexts: [Context; CONNS] = Default::default();
        let mut from = 0;
        while from < lines.len() {
            let conn = lines[from].conn;
            let end =
                lines[from..].iter().take(BATCH).take_while(|l| l.conn == conn).count() + from;
            let mut bytes = Vec::new();
            for line in &lines[from..end] {
                encode_command(&mut bytes, &line.words);
            }
            self.real.conns[conn].send(&bytes);
            self.ours.conns[conn].send(&bytes);
            for (i, line) in lines[from..end].iter().enumerate() {
                let real = self.real.conns[conn].reply();
                let ours = self.ours.conns[conn].reply();
                let both = Both { words: &line.words, real, ours };
                if real.is_empty() || ours.is_empty() || !contexts[conn].same(&both) {
                    let (real, ours) = (real.to_vec(), ours.to_vec());
                    // What else was asked for on these connections is not read any more.
                    self.real.connect();
                    self.ours.connect();
                    return Some(Difference { at: from + i, real, ours });
                }
            }
            from = end;
        }
        None
    }

    /// Keys with unlike values, for when the digests of all differ: a line for each.
    pub fn unlike(&self) -> String {
        let (mut real, mut ours) = (self.real.server.client(), self.ours.server.client());
        let mut told = String::new();
        for db in 0..16 {
            let mut ask = |words: &[&[u8]]| (real.call(words), ours.call(words));
            ask(&[b"SELECT", db.to_string().as_bytes()]);
            let names = |v: Value| -> BTreeSet<Vec<u8>> {
                let Value::Array(keys) = v else { return BTreeSet::new() };
                keys.iter().filter_map(|k| k.as_bytes().map(<[u8]>::to_vec)).collect()
            };
            let (r, o) = ask(&[b"KEYS", b"*"]);
            for key in names(r).union(&names(o)) {
                for look in [&["DEBUG", "DIGEST-VALUE"][..], &["EXPIRETIME"], &["TYPE"], &["GET"]] {
                    let mut words: Vec<&[u8]> = look.iter().map(|w| w.as_bytes()).collect();
                    words.push(key);
                    let (r, o) = ask(&words);
                    if r != o {
                        let (name, look) = (printable(key, 60), look.join(" "));
                        told.push_str(&format!("  db {db}: {look} {name}: {r:?} | {o:?}\n"));
                    }
                }
            }
        }
        told
    }

    /// The end of our server's log.
    pub fn log(&self) -> String {
        let log = self.ours.server.log();
        let tail: Vec<&str> = log.lines().rev().take(12).collect();
        tail.into_iter().rev().collect::<Vec<_>>().join("\n")
    }
}

impl Side {
    fn start(kind: Kind) -> Side {
        let server = Server::start(kind, &[]);
        let mut side = Side { server, conns: Vec::new() };
        side.connect();
        side
    }

    /// New connections in the place of the old. One that cannot be made stays closed.
    pub fn connect(&mut self) {
        self.conns = (0..CONNS + WAITERS).map(|_| Conn::to(&self.server)).collect();
    }
}

impl Conn {
    fn to(server: &Server) -> Conn {
        let stream = TcpStream::connect(("127.0.0.1", server.port)).ok();
        if let Some(stream) = &stream {
            stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a time-out");
            stream.set_nodelay(true).expect("nodelay");
        }
        Conn { stream, buf: Vec::new(), at: 0 }
    }

    pub fn send(&mut self, bytes: &[u8]) {
        self.buf.drain(..self.at);
        self.at = 0;
        // A connection that has ended shows when the reply is asked for.
        let _ = self.stream.as_mut().map(|stream| stream.write_all(bytes));
    }

    /// The bytes of the next reply; none if the connection has ended.
    pub fn reply(&mut self) -> &[u8] {
        loop {
            if let Some(end) = reply_end(&self.buf, self.at) {
                let from = std::mem::replace(&mut self.at, end);
                if of_tracking(&self.buf[from..end]) {
                    continue;
                }
                return &self.buf[from..end];
            }
            let mut more = [0; 64 * 1024];
            let Some(stream) = &mut self.stream else { return &[] };
            match stream.read(&mut more) {
                Ok(0) | Err(_) => return &[],
                Ok(n) => self.buf.extend_from_slice(&more[..n]),
            }
        }
    }
}

impl Conn {
    /// The next reply if it has come. A connection that has ended gives an empty one.
    pub fn reply_so_far(&mut self) -> Option<Vec<u8>> {
        let stream = self.stream.as_mut()?;
        stream.set_nonblocking(true).expect("a mode of the socket");
        let mut more = [0; 16 * 1024];
        let got = stream.read(&mut more);
        stream.set_nonblocking(false).expect("a mode of the socket");
        match got {
            Ok(0) => return Some(Vec::new()),
            Ok(n) => self.buf.extend_from_slice(&more[..n]),
            Err(e) if e.kind() == std::io::ErrorKind::WouldBlock => {}
            Err(_) => return Some(Vec::new()),
        }
        let end = reply_end(&self.buf, self.at)?;
        let from = std::mem::replace(&mut self.at, end);
        Some(self.buf[from..end].to_vec())
    }
}

/// Whether this is no reply but a message to a client that tracks keys. When it comes depends on
/// when keys die and on what other connections do meanwhile.
fn of_tracking(message: &[u8]) -> bool {
    let heads = [&b">2\r\n$10\r\ninvalidate"[..], b">2\r\n$21\r\ntracking-redir-broken"];
    heads.iter().any(|head| message.starts_with(head))
}

/// Where the reply that begins at `at` ends, if it is all there. Looks at lengths only.
fn reply_end(buf: &[u8], at: usize) -> Option<usize> {
    // Values still to come.
    let (mut at, mut left) = (at, 1u64);
    while left > 0 {
        let kind = *buf.get(at)?;
        let end = at + memchr::memchr(b'\n', &buf[at..])? + 1;
        let text = std::str::from_utf8(&buf[at + 1..end - 2]).unwrap_or_default();
        let n: i64 = text.parse().unwrap_or(0);
        at = end;
        match kind {
            b'$' | b'=' | b'!' if n >= 0 => {
                at += usize::try_from(n).ok()? + 2;
                if at > buf.len() {
                    return None;
                }
            }
            b'*' | b'~' | b'>' => left += n.max(0) as u64,
            b'%' => left += 2 * n.max(0) as u64,
            // Attributes stand in front of the value.
            b'|' => left += 2 * n.max(0) as u64 + 1,
            _ => {}
        }
        left -= 1;
    }
    Some(at)
}
