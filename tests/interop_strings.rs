//! Strings and generic keys against the oracle: the same lines go to a real redis-server and to an
//! engine of ours, and the replies must be the same, to the byte.

mod real_redis;

use libtest_mimic::{Arguments, Failed};
use real_redis::{Client, RealRedis, trial};
use std::time::{SystemTime, UNIX_EPOCH};
use synclab::engine::config::Config;
use synclab::engine::conn::ConnId;
use synclab::engine::keyspace::HashSeed;
use synclab::engine::persist::{ValueLimits, restore};
use synclab::engine::testkit::TestServer;
use synclab::wire::command::encode_command;
use synclab::wire::text::{printable, split_args};
use synclab::wire::value::{ReplyParser, Value};

#[path = "interop_strings/lines.rs"]
mod lines;
#[path = "interop_strings/random.rs"]
mod random;

fn main() {
    let args = Arguments::from_args();
    let trials = vec![
        trial("written_lines_answer_alike", written_lines_answer_alike),
        trial("written_lines_answer_alike_in_resp3", written_lines_answer_alike_in_resp3),
        trial("limits_answer_alike", limits_answer_alike),
        trial("random_lines_answer_alike", random_lines_answer_alike),
        trial("scans_meet_the_same_keys", scans_meet_the_same_keys),
        trial("dumps_go_both_ways", dumps_go_both_ways),
    ];
    libtest_mimic::run(&args, trials).exit();
}

type Outcome = Result<(), Failed>;

/// The oracle and ours, fed alike.
struct Pair {
    _redis: RealRedis,
    real: Client,
    ours: TestServer,
    conn: ConnId,
}

impl Pair {
    fn new(args: &[&str], conf: &str) -> Pair {
        let redis = RealRedis::start(args);
        let real = redis.client();
        let mut ours = TestServer::new(&format!("save \"\"\n{conf}"));
        ours.finish_boot();
        let conn = ours.connect();
        Pair { _redis: redis, real, ours, conn }
    }

    fn ours(&mut self, bytes: &[u8]) -> Vec<u8> {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock after 1970");
        self.ours.now.wall_us = wall.as_micros() as i64;
        self.ours.send(self.conn, bytes)
    }

    fn real(&mut self, bytes: &[u8]) -> Value {
        self.real.send(bytes).expect("redis reads");
        self.real.reply().expect("redis answers")
    }

    /// Both answers to one command.
    fn both(&mut self, args: &[Vec<u8>]) -> (Value, Value) {
        let mut bytes = Vec::new();
        encode_command(&mut bytes, args);
        let real = self.real(&bytes);
        let ours = parse_one(&self.ours(&bytes), args);
        (real, ours)
    }

    fn same(&mut self, args: &[Vec<u8>]) -> Outcome {
        let (real, ours) = self.both(args);
        if args[0].eq_ignore_ascii_case(b"TTL")
            && let (Value::Int(real), Value::Int(ours)) = (&real, &ours)
            && real.abs_diff(*ours) <= 1
        {
            // The two were not asked in the same millisecond.
            return Ok(());
        }
        let Some((real, ours)) = difference(&real, &ours) else { return Ok(()) };
        let words: Vec<String> = args.iter().map(|a| printable(a, 60)).collect();
        let (real, ours) = (show(real), show(ours));
        let text = format!("{}\n  redis: {real}\n  ours:  {ours}", words.join(" "));
        Err(text.chars().take(2000).collect::<String>().into())
    }

    fn lines(&mut self, lines: &str) -> Outcome {
        for line in lines.lines() {
            let line = line.split("  # ").next().unwrap_or_default().trim();
            if !line.is_empty() {
                self.same(&split_args(line.as_bytes()).map_err(|_| line.to_string())?)?;
            }
        }
        Ok(())
    }

    /// Every key of every database: value, encoding, whether it expires.
    fn same_state(&mut self) -> Outcome {
        for db in 0..3 {
            self.lines(&format!("SELECT {db}"))?;
            let (real, ours) = self.both(&[b"KEYS".to_vec(), b"*".to_vec()]);
            let (real, ours) = (sorted(real), sorted(ours));
            if real != ours {
                return Err(format!("keys of {db}\n  redis: {real:?}\n  ours:  {ours:?}").into());
            }
            for key in real {
                for command in ["GET", "OBJECT ENCODING", "TTL", "DUMP"] {
                    let mut args: Vec<Vec<u8>> =
                        command.split(' ').map(|w| w.as_bytes().to_vec()).collect();
                    args.push(key.clone());
                    self.same(&args)?;
                }
            }
        }
        self.lines("SELECT 0")
    }
}

/// The first parts of two replies that are not alike.
fn difference<'a>(a: &'a Value, b: &'a Value) -> Option<(&'a Value, &'a Value)> {
    match (a, b) {
        (Value::Array(x), Value::Array(y)) if x.len() == y.len() => {
            x.iter().zip(y).find_map(|(x, y)| difference(x, y))
        }
        _ => (a != b && !same_payload(a, b)).then_some((a, b)),
    }
}

/// Compressed strings in a dump need not be packed alike to be the same.
fn same_payload(a: &Value, b: &Value) -> bool {
    let limits = ValueLimits::new(&Config::default(), HashSeed::new(1), false);
    let read = |v: &Value| {
        let held = v.as_bytes().and_then(|bytes| restore(bytes, &limits, true).ok());
        held.map(|held| held.bytes().into_owned())
    };
    read(a).is_some() && read(a) == read(b)
}

fn show(value: &Value) -> String {
    match value.as_bytes().or(value.error()) {
        Some(text) => printable(text, 300),
        None => format!("{value:?}"),
    }
}

fn parse_one(bytes: &[u8], args: &[Vec<u8>]) -> Value {
    let mut parser = ReplyParser::new();
    parser.feed(bytes);
    let name = printable(&args[0], 40);
    let value = parser.next().expect("RESP").unwrap_or_else(|| panic!("no reply to {name}"));
    assert!(parser.remaining().is_empty(), "more than one reply to {name}");
    value
}

fn sorted(array: Value) -> Vec<Vec<u8>> {
    let Value::Array(items) = array else { panic!("an array, not {array:?}") };
    let mut items: Vec<Vec<u8>> =
        items.iter().map(|v| v.as_bytes().expect("a bulk").to_vec()).collect();
    items.sort();
    items
}

fn written_lines_answer_alike() -> Outcome {
    let mut pair = Pair::new(&[], "");
    pair.lines(lines::ALL)?;
    pair.same_state()
}

fn written_lines_answer_alike_in_resp3() -> Outcome {
    let mut pair = Pair::new(&[], "");
    pair.both(&[b"HELLO".to_vec(), b"3".to_vec()]);
    pair.lines(lines::ALL)?;
    pair.same_state()
}

fn limits_answer_alike() -> Outcome {
    let limit = ["--proto-max-bulk-len", "1048576"];
    let mut pair = Pair::new(&limit, "proto-max-bulk-len 1048576");
    pair.lines(lines::LIMITS)
}

fn random_lines_answer_alike() -> Outcome {
    let rounds = std::env::var("SYNCLAB_ROUNDS").ok().and_then(|n| n.parse().ok()).unwrap_or(12);
    let mut pair = Pair::new(&[], "");
    for seed in 0..rounds {
        let mut script = random::Script::new(seed);
        for n in 0..1500 {
            let args = script.command();
            pair.same(&args).map_err(|e| {
                Failed::from(format!("seed {seed}, command {n}: {}", e.message().unwrap_or("")))
            })?;
        }
        // Whatever transaction is open ends here.
        pair.lines("MULTI\nDISCARD")?;
        pair.same_state()?;
    }
    Ok(())
}

/// Runs a whole SCAN on one side.
fn scan_all(mut ask: impl FnMut(&[Vec<u8>]) -> Value, options: &[&str]) -> Vec<Vec<u8>> {
    let (mut cursor, mut met) = (b"0".to_vec(), Vec::new());
    loop {
        let mut args = vec![b"SCAN".to_vec(), cursor];
        args.extend(options.iter().map(|o| o.as_bytes().to_vec()));
        let Value::Array(mut reply) = ask(&args) else { panic!("SCAN answers an array") };
        let keys = reply.pop().expect("keys");
        cursor = reply[0].as_bytes().expect("a cursor").to_vec();
        met.extend(sorted(keys));
        if cursor == b"0" {
            met.sort();
            return met;
        }
    }
}

fn scans_meet_the_same_keys() -> Outcome {
    let mut pair = Pair::new(&[], "");
    for i in 0..3000 {
        pair.lines(&format!("SET key:{i} {i}"))?;
    }
    for options in [
        &[][..],
        &["COUNT", "1"],
        &["COUNT", "10000"],
        &["MATCH", "*7*"],
        &["TYPE", "string", "MATCH", "key:1?", "COUNT", "500"],
        &["TYPE", "list"],
    ] {
        let real = scan_all(|args| pair.real.call(args), options);
        let ours = scan_all(|args| pair.both_ours(args), options);
        if real != ours {
            let (r, o) = (real.len(), ours.len());
            return Err(format!("{options:?}: redis met {r}, ours {o}").into());
        }
    }
    Ok(())
}

impl Pair {
    fn both_ours(&mut self, args: &[Vec<u8>]) -> Value {
        let mut bytes = Vec::new();
        encode_command(&mut bytes, args);
        parse_one(&self.ours(&bytes), args)
    }
}

fn dumps_go_both_ways() -> Outcome {
    let mut pair = Pair::new(&[], "");
    for (i, value) in random::values().into_iter().enumerate() {
        let key = format!("k{i}").into_bytes();
        let call = |words: &[&[u8]]| words.iter().map(|w| w.to_vec()).collect::<Vec<_>>();
        pair.same(&call(&[b"SET", &key, &value]))?;
        let (real, ours) = pair.both(&call(&[b"DUMP", &key]));
        let (real, ours) = (real.as_bytes().unwrap().to_vec(), ours.as_bytes().unwrap().to_vec());
        // Each side restores what the other one dumped.
        let mut bytes = Vec::new();
        encode_command(&mut bytes, &call(&[b"RESTORE", b"there", b"0", &ours, b"REPLACE"]));
        if pair.real(&bytes).error().is_some() {
            return Err(format!("redis does not restore {value:?}").into());
        }
        let back = pair.both_ours(&call(&[b"RESTORE", b"there", b"0", &real, b"REPLACE"]));
        if back.error().is_some() {
            return Err(format!("ours does not restore {value:?}").into());
        }
        pair.lines("GET there\nOBJECT ENCODING there")?;
        // A damaged payload is refused alike.
        for at in [0, real.len() / 2, real.len() - 1] {
            let mut bad = real.clone();
            bad[at] ^= 0x10;
            pair.same(&call(&[b"RESTORE", b"bad", b"0", &bad]))?;
        }
    }
    Ok(())
}
