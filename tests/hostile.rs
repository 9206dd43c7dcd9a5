//! What strangers send to the port: half commands, deep nesting, lengths that nobody means, noise,
//! and ten thousand connections that say nothing. A real redis-server is asked the same; both must
//! answer alike, close alike, and go on serving.

mod real_redis;

use libtest_mimic::{Arguments, Failed};
use real_redis::either::{Kind, Server};
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;
use synclab::wire::text::printable;

type Outcome = Result<(), Failed>;

fn main() {
    let args = Arguments::from_args();
    let trials = vec![
        real_redis::trial("broken_requests", broken_requests),
        real_redis::trial("noise", noise),
        real_redis::trial("every_half_of_a_command", every_half_of_a_command),
        real_redis::trial("long_lines_and_lengths", long_lines_and_lengths),
        real_redis::trial("lengths_cost_no_memory", lengths_cost_no_memory),
        real_redis::trial("idle_connections", idle_connections),
    ];
    libtest_mimic::run(&args, trials).exit();
}

/// A server of each kind.
struct Both {
    real: Server,
    ours: Server,
}

/// What came back, and whether the server closed the connection by itself.
#[derive(Debug, PartialEq)]
struct Heard {
    bytes: Vec<u8>,
    closed: bool,
}

impl Both {
    fn start(args: &[&str]) -> Both {
        Both { real: Server::start(Kind::Real, args), ours: Server::start(Kind::Ours, args) }
    }

    /// Sends the same to both, and a question behind it.
    fn compare(&self, what: &str, sent: &[u8]) -> Outcome {
        self.compare_with(what, sent, QUESTION)
    }

    /// Sends the same to both, and nothing more: they must close by themselves.
    fn compare_alone(&self, what: &str, sent: &[u8]) -> Outcome {
        self.compare_with(what, sent, b"")
    }

    fn compare_with(&self, what: &str, sent: &[u8], question: &[u8]) -> Outcome {
        let (real, ours) = (hear(&self.real, sent, question)?, hear(&self.ours, sent, question)?);
        if real == ours {
            return Ok(());
        }
        let show = |h: &Heard| format!("{} closed: {}", printable(&h.bytes, 300), h.closed);
        let (real, ours) = (show(&real), show(&ours));
        Err(format!("{what}: {}\n  redis: {real}\n  ours:  {ours}", printable(sent, 200)).into())
    }

    fn both_live(&self) -> Outcome {
        for server in [&self.real, &self.ours] {
            let pong = server.text("PING");
            if pong != "PONG" {
                return Err(format!("after that a server says {pong:?}").into());
            }
        }
        Ok(())
    }
}

/// What is asked behind the bytes that are tried, and its answer.
const QUESTION: &[u8] = b"\r\nECHO end-of-test\r\n";
const ANSWER: &[u8] = b"$11\r\nend-of-test\r\n";

/// Sends bytes and a question; reads until the server closes. With a question it closes at the
/// latest when we have said that nothing more comes.
fn hear(server: &Server, sent: &[u8], question: &[u8]) -> Result<Heard, Failed> {
    let mut stream = TcpStream::connect(("127.0.0.1", server.port))?;
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    let mut reader = stream.try_clone()?;
    // The server may close while it is still being written to, or wait for us to read.
    let writer = std::thread::spawn({
        let (sent, question) = (sent.to_vec(), question.to_vec());
        move || {
            let _ = stream.write_all(&sent);
            if !question.is_empty() {
                let _ = stream.write_all(&question);
                let _ = stream.shutdown(Shutdown::Write);
            }
        }
    });
    let mut bytes = Vec::new();
    let mut buf = [0; 64 * 1024];
    loop {
        match reader.read(&mut buf) {
            Ok(0) => break,
            Ok(n) => bytes.extend_from_slice(&buf[..n]),
            // It closed with bytes of ours unread.
            Err(e) if e.kind() == std::io::ErrorKind::ConnectionReset => break,
            Err(e) => return Err(format!("{}: {e}", printable(sent, 100)).into()),
        }
    }
    let _ = writer.join();
    let closed = !bytes.ends_with(ANSWER);
    Ok(Heard { bytes, closed })
}

fn broken_requests() -> Outcome {
    let both = Both::start(&[]);
    let deep = |n: usize| "*1\r\n".repeat(n).into_bytes();
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("an array in an array", b"*1\r\n*1\r\n$4\r\nPING\r\n".to_vec()),
        ("deep nesting", deep(100_000)),
        ("deep nesting of two", "*2\r\n$4\r\nPING\r\n".repeat(5_000).into_bytes()),
        ("no length", b"*\r\n".to_vec()),
        ("a length in letters", b"*abc\r\n".to_vec()),
        ("a negative length", b"*-1\r\nPING\r\n".to_vec()),
        ("a length of zero", b"*0\r\nPING\r\n".to_vec()),
        ("a million and more", b"*1048577\r\n".to_vec()),
        ("more than an integer", b"*99999999999999999999\r\n".to_vec()),
        ("a plus sign", b"*+1\r\n$4\r\nPING\r\n".to_vec()),
        ("a blank", b"* 1\r\n$4\r\nPING\r\n".to_vec()),
        ("an integer as a word", b"*1\r\n:1\r\n".to_vec()),
        ("a simple string as a word", b"*1\r\n+PING\r\n".to_vec()),
        ("a null as a word", b"*1\r\n$-1\r\n".to_vec()),
        ("a negative word", b"*1\r\n$-5\r\n".to_vec()),
        ("a word's length in letters", b"*1\r\n$x\r\n".to_vec()),
        ("a word without a length", b"*1\r\n$\r\n".to_vec()),
        ("600 MB", b"*1\r\n$629145600\r\n".to_vec()),
        ("one byte too many", b"*1\r\n$536870913\r\n".to_vec()),
        ("a word too long for its length", b"*1\r\n$2\r\nPING\r\n".to_vec()),
        ("a word too short for its length", b"*1\r\n$6\r\nPING\r\n*1\r\n$4\r\nPING\r\n".to_vec()),
        ("an empty word", b"*1\r\n$0\r\n\r\n".to_vec()),
        ("line feeds alone", b"\n\n\r\n\r\nPING\nPING\n".to_vec()),
        ("quotes that do not close", b"SET k \"abc\r\nPING\r\n".to_vec()),
        ("quotes that close too early", b"SET k \"abc\"d\r\nPING\r\n".to_vec()),
        ("a single quote", b"GET 'a\r\n".to_vec()),
        ("a NUL in a line", b"PI\0NG\r\n".to_vec()),
        ("hypertext", b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".to_vec()),
        ("posted hypertext", b"POST / HTTP/1.1\r\nHost: localhost\r\n\r\n{}".to_vec()),
        ("a handshake of TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec()),
        ("a reply", b"+OK\r\n-ERR\r\n:1\r\n$2\r\nab\r\n".to_vec()),
        ("a map of RESP3", b"%1\r\n+a\r\n+b\r\n".to_vec()),
    ];
    for (what, sent) in &cases {
        both.compare(what, sent)?;
    }
    both.both_live()
}

/// Bytes from a seed, on their own and behind a head that makes sense.
fn noise() -> Outcome {
    let both = Both::start(&[]);
    let mut state = 0x2545_f491_4f6c_dd1du64;
    let mut next = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    for round in 0..300 {
        let mut sent = match round % 3 {
            0 => Vec::new(),
            1 => b"*2\r\n$4\r\nECHO\r\n".to_vec(),
            _ => format!("*{}\r\n$", next() % 5).into_bytes(),
        };
        for _ in 0..next() % 60 {
            // Bytes that mean something to the protocol, and any others.
            let byte = match next() % 3 {
                0 => next() as u8,
                1 => b"*$+-:\r\n\"' 0123456789"[(next() % 20) as usize],
                _ => b'a' + (next() % 26) as u8,
            };
            sent.push(byte);
        }
        both.compare(&format!("noise {round}"), &sent)?;
    }
    both.both_live()
}

/// A connection that ends anywhere within a command leaves nothing behind.
fn every_half_of_a_command() -> Outcome {
    let both = Both::start(&[]);
    let whole = b"*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$5\r\nvalue\r\n";
    for server in [&both.real, &both.ours] {
        for end in 0..whole.len() {
            let mut stream = TcpStream::connect(("127.0.0.1", server.port))?;
            stream.set_read_timeout(Some(Duration::from_secs(20)))?;
            stream.write_all(&whole[..end])?;
            stream.shutdown(Shutdown::Write)?;
            let mut heard = Vec::new();
            stream.read_to_end(&mut heard)?;
            if !heard.is_empty() {
                return Err(format!("{end} bytes: {}", printable(&heard, 100)).into());
            }
        }
        let left = server.text("DBSIZE");
        if left != "Int(0)" {
            return Err(format!("keys came of halves: {left}").into());
        }
    }
    both.both_live()
}

fn long_lines_and_lengths() -> Outcome {
    let both = Both::start(&["--client-query-buffer-limit", "1mb", "--proto-max-bulk-len", "1mb"]);
    // Without an end: a server that has more than 64 KB and no line has seen enough.
    let long = |head: &[u8], byte: u8| [head, &vec![byte; 70_000]].concat();
    both.compare_alone("a line without an end", &long(b"", b'a'))?;
    both.compare_alone("a head without an end", &long(b"*", b'1'))?;
    both.compare_alone("a length without an end", &long(b"*1\r\n$", b'1'))?;
    both.compare("a bulk above the limit", b"*1\r\n$1048577\r\n")?;
    let words = "*2\r\n$4\r\nECHO\r\n$3\r\nabc\r\n".repeat(20_000);
    both.compare("many commands at once", words.as_bytes())?;
    both.both_live()
}

/// A length is a promise, not a reason to allocate.
fn lengths_cost_no_memory() -> Outcome {
    let server = Server::start(Kind::Ours, &[]);
    let before = server.resident();
    let mut open = Vec::new();
    for head in [&b"*1048576\r\n"[..], b"*1\r\n$536870912\r\n", b"*3\r\n$536870912\r\nabc"] {
        for _ in 0..50 {
            let mut stream = TcpStream::connect(("127.0.0.1", server.port))?;
            stream.write_all(head)?;
            open.push(stream);
        }
    }
    // All that was sent before this answer was read before it.
    let clients = server.text("CLIENT LIST");
    let heard = clients.lines().filter(|l| !l.contains(" qbuf=0 ")).count();
    let grown = server.resident().saturating_sub(before);
    if grown > 64 << 20 {
        return Err(format!("{} promises ({heard} heard) took {grown} bytes", open.len()).into());
    }
    drop(open);
    match server.text("PING").as_str() {
        "PONG" => Ok(()),
        other => Err(format!("then it says {other:?}").into()),
    }
}

/// As many connections as the system lets this process and the server have, at most ten thousand:
/// all are accepted, cost little, and one more client is served at once.
fn idle_connections() -> Outcome {
    let wanted = usize::try_from(descriptors().saturating_sub(200)).unwrap_or(0).min(10_000);
    if wanted < 500 {
        return Err("fewer than 700 file descriptors: raise ulimit -n".into());
    }
    for kind in [Kind::Real, Kind::Ours] {
        let server = Server::start(kind, &["--maxclients", &(wanted + 10).to_string()]);
        let before = server.resident();
        let mut open = Vec::with_capacity(wanted);
        for _ in 0..wanted {
            open.push(TcpStream::connect(("127.0.0.1", server.port))?);
        }
        let counted = || server.info("clients", "connected_clients").parse::<usize>().unwrap_or(0);
        real_redis::either::eventually("all are accepted", &[&server], || counted() > wanted)?;
        let each = server.resident().saturating_sub(before) / wanted;
        if each > 32 << 10 {
            return Err(format!("{kind:?}: {each} bytes for each idle connection").into());
        }
        // One of them speaks, and then all go at once.
        let mut one = open.swap_remove(wanted / 2);
        one.set_read_timeout(Some(Duration::from_secs(20)))?;
        one.write_all(b"PING\r\n")?;
        let mut pong = [0; 7];
        one.read_exact(&mut pong)?;
        drop(open);
        real_redis::either::eventually("they are gone", &[&server], || counted() < 10)?;
        if server.text("PING") != "PONG" {
            return Err(format!("{kind:?} does not answer").into());
        }
    }
    Ok(())
}

/// How many files this process may open, after asking for as many as it may ask for.
fn descriptors() -> u64 {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: both calls get a valid place for one limit.
    unsafe {
        if libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) != 0 {
            return 0;
        }
        limit.rlim_cur = limit.rlim_max;
        libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit);
        libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit);
    }
    limit.rlim_cur
}
