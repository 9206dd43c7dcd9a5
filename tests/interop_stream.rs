//! What goes down the replication stream: the same lines go to a real redis-server and to ours,
//! and a replica of each must be sent the same commands.

mod real_redis;

use libtest_mimic::{Arguments, Failed};
use real_redis::{Client, RealRedis, free_port, trial};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use synclab::wire::text::{printable, split_args};
use synclab::wire::value::{ReplyParser, Value};

#[path = "interop_strings/random.rs"]
mod random;

fn main() {
    let args = Arguments::from_args();
    let trials = vec![
        trial("rewrites_are_the_same", || compare(REWRITES)),
        trial("lazy_expiry_is_the_same", || compare(LAZY_EXPIRY)),
        trial("random_lines_make_the_same_stream", random_lines_make_the_same_stream),
        trial("active_expiry_deletes_key_by_key", active_expiry_deletes_key_by_key),
    ];
    libtest_mimic::run(&args, trials).exit();
}

type Outcome = Result<(), Failed>;
type Words = Vec<Vec<u8>>;

/// One of ours, as a process; killed when dropped.
struct OurServer {
    child: Child,
    port: u16,
    _dir: tempfile::TempDir,
}

impl OurServer {
    fn start(args: &[&str]) -> OurServer {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let port = free_port();
        let child = Command::new(env!("CARGO_BIN_EXE_synclab"))
            .args(["server", "--port", &port.to_string(), "--save", ""])
            .arg("--dir")
            .arg(dir.path())
            .args(args)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("synclab runs");
        let server = OurServer { child, port, _dir: dir };
        let until = Instant::now() + Duration::from_secs(20);
        while Instant::now() < until {
            if let Ok(stream) = TcpStream::connect(("127.0.0.1", port))
                && Client::over(stream).try_call(&["PING"]).is_some_and(|v| v.error().is_none())
            {
                return server;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("synclab server does not start");
    }
}

impl Drop for OurServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A client of a server, and a replica of it that only listens.
struct Side {
    client: Client,
    stream: BufReader<TcpStream>,
    parser: ReplyParser,
}

impl Side {
    fn new(port: u16) -> Side {
        let connect = || TcpStream::connect(("127.0.0.1", port)).expect("it listens");
        let mut stream = BufReader::new(connect());
        stream.get_ref().set_read_timeout(Some(Duration::from_secs(20))).expect("a time-out");
        stream.get_mut().write_all(b"SYNC\r\n").expect("it reads");
        let mut line = String::new();
        while line.trim().is_empty() {
            line.clear();
            stream.read_line(&mut line).expect("a line");
        }
        let len = line.trim().strip_prefix('$').and_then(|n| n.parse().ok());
        let mut rdb = vec![0; len.unwrap_or_else(|| panic!("not a length: {line:?}"))];
        stream.read_exact(&mut rdb).expect("an RDB");
        Side { client: Client::over(connect()), stream, parser: ReplyParser::new() }
    }

    /// Commands of the stream up to the marker's SET; the master's own pings are left out.
    fn upto(&mut self, marker: &str) -> Vec<Words> {
        let mut commands = Vec::new();
        loop {
            while let Some(value) = self.parser.next().expect("RESP") {
                let Value::Array(words) = value else { panic!("a command, not {value:?}") };
                let words: Words =
                    words.iter().map(|w| w.as_bytes().expect("a word").to_vec()).collect();
                if words.get(1).is_some_and(|w| w == marker.as_bytes()) {
                    return commands;
                }
                if words[0] != b"ping" && !words[0].eq_ignore_ascii_case(b"REPLCONF") {
                    commands.push(words);
                }
            }
            let mut buf = [0; 16 * 1024];
            let n = self.stream.read(&mut buf).expect("stream bytes");
            assert!(n > 0, "the stream ended");
            self.parser.feed(&buf[..n]);
        }
    }
}

/// The oracle and ours, each with a replica attached.
struct Pair {
    _redis: RealRedis,
    _server: OurServer,
    real: Side,
    ours: Side,
    markers: u32,
}

const ARGS: &[&str] = &["--repl-diskless-sync-delay", "0", "--enable-debug-command", "yes"];

impl Pair {
    fn new() -> Pair {
        let redis = RealRedis::start(ARGS);
        let server = OurServer::start(ARGS);
        let (real, ours) = (Side::new(redis.port), Side::new(server.port));
        let mut pair = Pair { _redis: redis, _server: server, real, ours, markers: 0 };
        // Keys expire when they are met, and not when a timer comes round.
        pair.both(&words("DEBUG SET-ACTIVE-EXPIRE 0"));
        pair
    }

    fn both(&mut self, args: &Words) {
        self.real.client.call(args);
        self.ours.client.call(args);
    }

    /// Compares what both replicas were sent since the last time; `what` was sent to the masters.
    fn same(&mut self, what: &str) -> Outcome {
        self.markers += 1;
        let marker = format!("marker:{}", self.markers);
        self.both(&words(&format!("SET {marker} 1")));
        let (mut real, mut ours) = (self.real.upto(&marker), self.ours.upto(&marker));
        if what.starts_with('~') {
            real.sort();
            ours.sort();
        }
        if real.len() == ours.len() && real.iter().zip(&ours).all(|(a, b)| alike(a, b)) {
            return Ok(());
        }
        Err(format!("{what}\n  redis: {}\n  ours:  {}", show(&real), show(&ours)).into())
    }
}

fn words(line: &str) -> Words {
    split_args(line.as_bytes()).expect("balanced quotes")
}

fn show(commands: &[Words]) -> String {
    let command = |c: &Words| c.iter().map(|w| printable(w, 40)).collect::<Vec<_>>().join(" ");
    commands.iter().map(command).collect::<Vec<_>>().join(" | ")
}

/// The same words; moments may differ by what passes between the two servers' turns.
fn alike(a: &Words, b: &Words) -> bool {
    let moment = |w: &[u8]| {
        let n = std::str::from_utf8(w).ok()?.parse::<i64>().ok()?;
        (n > 1_000_000_000_000).then_some(n)
    };
    let word = |(a, b): (&Vec<u8>, &Vec<u8>)| {
        a == b || matches!((moment(a), moment(b)), (Some(a), Some(b)) if a.abs_diff(b) < 2_000)
    };
    a.len() == b.len() && a.iter().zip(b).all(word)
}

/// Sends the lines of a script; after every one the streams must be the same. A line of several
/// commands, separated by ` ; `, is compared as a whole; `wait` lets short expiries pass. After `~`
/// the order does not count: it depends on where the keys lie.
fn compare(script: &str) -> Outcome {
    let mut pair = Pair::new();
    for line in script.lines().map(str::trim).filter(|l| !l.is_empty()) {
        for command in line.trim_start_matches("~ ").split(" ; ") {
            if command == "wait" {
                std::thread::sleep(Duration::from_millis(15));
            } else {
                pair.both(&words(command));
            }
        }
        pair.same(line)?;
    }
    Ok(())
}

const REWRITES: &str = r#"
SET a 1
set a 1 XX
SET a 2 NX
SET b 2 nx
SET a 1 EX 100
SET a 1 px 100000 XX GET
SET a 1 EXAT 4102444800 NX
SET a 1 EXAT 4102444800
SET a 1 PXAT 4102444800123
SET a 1 PXAT 5
SET c 1 GET
SET c 2 GET XX
SET c 2 get get KEEPTTL
SET c 3 KEEPTTL
SET nothing 1 XX GET
SETNX a 1 ; SETNX a 1
SETEX a 100 v
PSETEX a 100000 v
GETSET a v
GETDEL a ; GETDEL a
SET g 1 ; GETEX g ; GETEX g EX 100 ; GETEX g PX 100000 ; GETEX g PERSIST ; GETEX g PERSIST
GETEX g EXAT 4102444800 ; GETEX g PXAT 4102444800123 ; GETEX g EXAT 1
MSET a 1 b 2 ; MSETNX a 1 z 2 ; MSETNX y 1 z 2
APPEND a x ; APPEND a "" ; SETRANGE a 1 y ; SETRANGE a 1 "" ; SETRANGE nosuch 1 ""
SET n 5 ; INCR n ; DECRBY n 2 ; INCRBY n x ; INCRBYFLOAT n 1.5 ; incrbyfloat n 1e1
DEL n ; INCRBYFLOAT n 0.1 ; INCRBYFLOAT n 0.2 ; INCRBYFLOAT n x
DEL a nosuch ; DEL nosuch ; UNLINK b
SET e 1 ; EXPIRE e 100 ; EXPIRE e 100 NX ; EXPIRE e 200 XX ; pexpire e 300000 gt
EXPIREAT e 4102444800 ; PEXPIREAT e 4102444800123 ; pexpireat e 4102444800123 xx ; PERSIST e ; PERSIST e
EXPIRE e 0 ; EXPIRE e 10
SET e 1 ; PEXPIREAT e 5
SET e 1 ; EXPIRE e -1 NX
SET r 1 ; RENAME r r ; RENAME r q ; RENAMENX q q ; RENAMENX q p ; RENAME nosuch x
COPY p o ; COPY p o ; COPY p o REPLACE ; COPY p p DB 1 ; COPY nosuch o
MOVE p 2 ; MOVE p 2 ; MOVE nosuch 1
SELECT 1 ; SET s 1 ; SELECT 0 ; SET s 1
SWAPDB 0 1 ; SWAPDB 1 1 ; SWAPDB 0 1
SET d 12 ; RESTORE d2 0 "\x00\xc0\x0c\x0a\x00\x3c\x2a\xf8\x51\x5c\x04\xbc\xd5" ; RESTORE d2 0 "\x00\xc0\x0c\x0a\x00\x3c\x2a\xf8\x51\x5c\x04\xbc\xd5" ; RESTORE d3 100000 "\x00\xc0\x0c\x0a\x00\x3c\x2a\xf8\x51\x5c\x04\xbc\xd5" ; restore d3 100000 "\x00\xc0\x0c\x0a\x00\x3c\x2a\xf8\x51\x5c\x04\xbc\xd5" replace
RESTORE d4 4102444800000 "\x00\xc0\x0c\x0a\x00\x3c\x2a\xf8\x51\x5c\x04\xbc\xd5" ABSTTL ; RESTORE d4 5 "\x00\xc0\x0c\x0a\x00\x3c\x2a\xf8\x51\x5c\x04\xbc\xd5" ABSTTL RE\x00\xc0\x0c\x0a\x00\x3c\x2a\xf8\x51\x5c\x04\xbc\xd5LACE ; RESTORE d5 5 "\x00\xc0\x0c\x0a\x00\x3c\x2a\xf8\x51\x5c\x04\xbc\xd5" ABSTTL RE\x00\xc0\x0c\x0a\x00\x3c\x2a\xf8\x51\x5c\x04\xbc\xd5LACE
SORT nosuch STORE nosuch2 ; SORT nosuch STORE d
FLUSHDB ; flushdb async ; FLUSHALL ; FLUSHALL SYNC ; FLUSHDB foo
TOUCH a ; EXISTS a ; TTL a ; SELECT 3 ; SELECT 0
MULTI ; SET a 1 ; INCR c ; GET a ; EXEC
MULTI ; SET a 1 ; EXEC
MULTI ; GET a ; EXEC
MULTI ; EXEC
MULTI ; SET a 1 ; DISCARD
MULTI ; SET a 1 ; SELECT 3 ; SET b 2 ; SELECT 0 ; SET z 1 ; EXEC
MULTI ; SET a x ; INCR a ; SET b 1 EX 100 ; EXEC
MULTI ; SETEX a 100 v ; GETDEL a ; GETSET b 2 ; EXPIRE b 0 ; EXEC
MULTI ; FLUSHALL ; EXEC
SELECT 5
SET only 5
MULTI ; SELECT 6 ; SET only 6 ; EXEC
SET only 7
SELECT 0
"#;

const LAZY_EXPIRY: &str = r#"
SET k 5 PX 1 ; wait ; GET k
SET k 5 PX 1 ; wait ; INCR k
SET k 5 PX 1 ; wait ; DEL k
SET k 5 PX 1 ; wait ; UNLINK k
SET k 5 PX 1 ; wait ; SET k 6
SET k 5 PX 1 ; wait ; SET k 6 XX
SET k 5 PX 1 ; wait ; SET k 6 GET
SET k 5 PX 1 ; wait ; SETEX k 100 6
SET k 5 PX 1 ; wait ; GETSET k 6
SET k 5 PX 1 ; wait ; GETDEL k
SET k 5 PX 1 ; wait ; GETEX k PERSIST
SET k 5 PX 1 ; wait ; APPEND k x
SET k 5 PX 1 ; wait ; SETRANGE k 0 x
SET k 5 PX 1 ; SET l 5 PX 1 ; wait ; MGET k l
SET k 5 PX 1 ; SET l 5 PX 1 ; wait ; MSET k 1 l 2
SET k 5 PX 1 ; SET l 5 PX 1 ; wait ; MSETNX k 1 l 2
SET k 5 PX 1 ; SET l 5 PX 1 ; wait ; EXISTS k l
SET k 5 PX 1 ; SET l 5 PX 1 ; wait ; DEL k l
SET k 5 PX 1 ; wait ; TTL k
SET k 5 PX 1 ; wait ; TYPE k
SET k 5 PX 1 ; wait ; TOUCH k
SET k 5 PX 1 ; wait ; PERSIST k
SET k 5 PX 1 ; wait ; EXPIRE k 100
SET k 5 PX 1 ; wait ; STRLEN k
SET k 5 PX 1 ; wait ; OBJECT ENCODING k
SET k 5 PX 1 ; wait ; DUMP k
SET k 5 PX 1 ; wait ; RENAME k l
SET k 5 PX 1 ; SET l 1 ; wait ; RENAME l k
SET k 5 PX 1 ; SET l 1 ; wait ; RENAMENX l k
SET k 5 PX 1 ; SET l 1 ; wait ; COPY l k
SET k 5 PX 1 ; wait ; MOVE k 1
SET k 5 PX 1 ; wait ; LCS k l
SET k 5 PX 1 ; wait ; SORT k
SET k 5 PX 1 ; wait ; KEYS *
GET k
FLUSHDB
~ SET k 5 PX 1 ; SET l 5 PX 1 ; wait ; RANDOMKEY ; RANDOMKEY ; RANDOMKEY ; RANDOMKEY ; RANDOMKEY ; RANDOMKEY ; RANDOMKEY ; RANDOMKEY ; RANDOMKEY ; RANDOMKEY ; RANDOMKEY ; RANDOMKEY ; RANDOMKEY ; RANDOMKEY ; RANDOMKEY ; RANDOMKEY ; RANDOMKEY ; RANDOMKEY ; RANDOMKEY ; RANDOMKEY ; RANDOMKEY ; RANDOMKEY ; RANDOMKEY ; RANDOMKEY
~ SET k 5 PX 1 ; SET l 5 PX 1 ; wait ; SCAN 0 COUNT 1000
SET k 5 PX 1 ; wait ; SCAN 0 COUNT 1000
SET k 5 PX 1 ; wait ; SCAN 0 COUNT 1000 TYPE string
SET k 5 PX 1 ; wait ; SCAN 0 COUNT 1000 MATCH x*
GET k
SET k 5 PX 1 ; wait ; MULTI ; GET k ; SET k 1 ; EXEC
SET k 5 PX 1 ; wait ; MULTI ; GET k ; EXEC
SET k 5 PX 1 ; wait ; WATCH k ; GET k ; MULTI ; SET k 1 ; EXEC
SET k 5 PX 80 ; WATCH k ; wait ; wait ; wait ; wait ; wait ; wait ; wait ; wait ; MULTI ; SET k 1 ; EXEC ; UNWATCH
SET k 5 PX 1 ; wait ; RESTORE k 0 bad
SET k 5 PX 1 ; wait ; SET k 6 PXAT 7 ; GET k
"#;

fn random_lines_make_the_same_stream() -> Outcome {
    let mut pair = Pair::new();
    for seed in 0..4 {
        let mut script = random::Script::new(seed + 1000);
        let mut sent = Vec::new();
        for _ in 0..600 {
            let args = script.command();
            // A key that has expired already goes when it is met by chance.
            if args.iter().any(|w| w.eq_ignore_ascii_case(b"PXAT")) && args.contains(&b"5".to_vec())
            {
                continue;
            }
            pair.both(&args);
            sent.push(args);
            if sent.len() % 50 == 0 {
                // Whatever transaction is open ends here.
                pair.both(&words("MULTI"));
                pair.both(&words("DISCARD"));
                pair.same(&format!("seed {seed}: {}", show(&sent[sent.len() - 50..])))?;
            }
        }
    }
    Ok(())
}

fn active_expiry_deletes_key_by_key() -> Outcome {
    let mut pair = Pair::new();
    for i in 0..30 {
        pair.both(&words(&format!("SET short:{i} 1 PX 20")));
    }
    pair.same("thirty keys")?;
    pair.both(&words("DEBUG SET-ACTIVE-EXPIRE 1"));
    for side in [&mut pair.real, &mut pair.ours] {
        let until = Instant::now() + Duration::from_secs(10);
        while side.client.call(&["DBSIZE"]) != Value::Int(1) {
            if Instant::now() > until {
                return Err("the keys do not go".into());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        side.client.call(&["SET", "marker:end", "1"]);
        let mut sent = side.upto("marker:end");
        sent.sort();
        let mut wanted: Vec<Words> = (0..30).map(|i| words(&format!("DEL short:{i}"))).collect();
        wanted.sort();
        if sent != wanted {
            return Err(format!("sent: {}", show(&sent)).into());
        }
    }
    Ok(())
}
