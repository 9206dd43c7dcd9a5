//! Ours against redis-server: redis-benchmark on one core, the server on another, both servers in
//! turn in every round, and the median of the ratios. Then what a million small keys take.
//!
//! `cargo bench --bench versus` measures every row; words after `--` choose among them:
//!
//! - names of tests: `get set incr lpush rpop sadd hset zadd zpopmin lrange mset`,
//! - `P1`, `P16`, `P64`: how many requests are in flight on each connection,
//! - `same`, `random`: one key, or keys from a range of a million,
//! - `memory`: the memory of a million keys (alone, unless tests are named as well),
//! - a number: how many rounds (at least five, which is the default).
//!
//! It needs redis-server and redis-benchmark on the path (Debian: redis-server, redis-tools).
//! `cpu` is the processor time that the server itself took for a request: on a busy machine it
//! says more than the rates.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio, exit};
use std::time::{Duration, Instant};

/// A test of redis-benchmark, and what has to be there before it.
struct Test {
    name: &'static str,
    /// The name that redis-benchmark has for it.
    flag: &'static str,
    /// A test that fills what this one reads, with as many requests.
    fill: Option<&'static str>,
    /// Requests at one in flight; sixteen and more take more of them.
    requests: u32,
}

const fn test(name: &'static str, flag: &'static str, fill: Option<&'static str>) -> Test {
    Test { name, flag, fill, requests: 100_000 }
}

const TESTS: [Test; 11] = [
    test("get", "get", Some("set")),
    test("set", "set", None),
    test("incr", "incr", None),
    test("lpush", "lpush", None),
    test("rpop", "rpop", Some("lpush")),
    test("sadd", "sadd", None),
    test("hset", "hset", None),
    test("zadd", "zadd", None),
    test("zpopmin", "zpopmin", Some("zadd")),
    Test { requests: 25_000, ..test("lrange", "lrange_100", None) },
    Test { requests: 50_000, ..test("mset", "mset", None) },
];

const DEPTHS: [u32; 3] = [1, 16, 64];
const ROUNDS: usize = 5;
const RANGE: &str = "1000000";
const KEYS: usize = 1_000_000;

/// What is asked for on the command line.
struct Plan {
    tests: Vec<&'static Test>,
    depths: Vec<u32>,
    /// With keys from a range?
    random: Vec<bool>,
    rounds: usize,
    memory: bool,
}

impl Plan {
    fn parse() -> Plan {
        let words: Vec<String> = std::env::args().skip(1).filter(|w| w != "--bench").collect();
        let has = |name: &str| words.iter().any(|w| w.eq_ignore_ascii_case(name));
        let known = |w: &String| {
            w.parse::<usize>().is_ok()
                || ["same", "random", "memory"].contains(&w.as_str())
                || DEPTHS.iter().any(|p| w.eq_ignore_ascii_case(&format!("P{p}")))
                || TESTS.iter().any(|t| t.name.eq_ignore_ascii_case(w))
        };
        if let Some(word) = words.iter().find(|w| !known(w)) {
            let names: Vec<&str> = TESTS.iter().map(|t| t.name).collect();
            eprintln!(
                "`{word}` is no row. There are: {}, P1 P16 P64, same, random, memory, and a number \
                 of rounds",
                names.join(" ")
            );
            exit(2);
        }
        let named: Vec<&Test> = TESTS.iter().filter(|t| has(t.name)).collect();
        let depths: Vec<u32> = DEPTHS.into_iter().filter(|p| has(&format!("P{p}"))).collect();
        let random: Vec<bool> = match (has("same"), has("random")) {
            (true, false) => vec![false],
            (false, true) => vec![true],
            _ => vec![false, true],
        };
        let tests = match (named.is_empty(), has("memory")) {
            (false, _) => named,
            (true, true) => Vec::new(),
            (true, false) => TESTS.iter().collect(),
        };
        let rounds = words.iter().find_map(|w| w.parse().ok()).unwrap_or(ROUNDS).max(ROUNDS);
        let memory = has("memory") || words.is_empty();
        let depths = if depths.is_empty() { DEPTHS.to_vec() } else { depths };
        Plan { tests, depths, random, rounds, memory }
    }
}

fn main() {
    for program in ["redis-server", "redis-benchmark"] {
        let there = Command::new(program).arg("--version").stdout(Stdio::null()).status();
        if there.is_err() {
            eprintln!(
                "{program} is not on the path (Debian: apt install redis-server redis-tools): \
                 nothing measured"
            );
            exit(2);
        }
    }
    let plan = Plan::parse();
    let folder = tempfile::tempdir().expect("a folder");
    let base = free_ports();
    if !plan.tests.is_empty() {
        speed(&plan, folder.path(), base);
    }
    if plan.memory {
        memory(folder.path(), base);
    }
}

fn speed(plan: &Plan, folder: &std::path::Path, base: u16) {
    let sides = [Server::theirs(base, folder), Server::ours(base + 1, folder)];
    println!(
        "{:<24}{:>12}{:>12}{:>8}{:>12}{:>12}{:>8}",
        "", "theirs/s", "ours/s", "ratio", "their cpu", "our cpu", "ratio"
    );
    for &depth in &plan.depths {
        for test in &plan.tests {
            for &random in &plan.random {
                let mut rounds = Vec::new();
                for round in 0..plan.rounds {
                    // Who comes first takes turns.
                    let first = round % 2;
                    let mut got = [Figures::default(); 2];
                    for side in [first, 1 - first] {
                        got[side] = sides[side].measure(test, depth, random);
                    }
                    rounds.push(got);
                }
                row(test, depth, random, &rounds);
            }
        }
    }
    sides.into_iter().for_each(Server::end);
}

fn row(test: &Test, depth: u32, random: bool, rounds: &[[Figures; 2]]) {
    let of = |side: usize, what: fn(&Figures) -> f64| median(rounds.iter().map(|r| what(&r[side])));
    let ratio = median(rounds.iter().map(|r| r[1].rate / r[0].rate));
    let cpu = median(rounds.iter().map(|r| r[0].cpu_us / r[1].cpu_us));
    let name = format!("{} -P {depth}{}", test.name, if random { " -r 1000000" } else { "" });
    println!(
        "{name:<24}{:>12.0}{:>12.0}{ratio:>8.2}{:>9.2} us{:>9.2} us{cpu:>8.2}",
        of(0, |f| f.rate),
        of(1, |f| f.rate),
        of(0, |f| f.cpu_us),
        of(1, |f| f.cpu_us),
    );
}

/// What one run brought.
#[derive(Clone, Copy, Default)]
struct Figures {
    /// Requests per second.
    rate: f64,
    /// Processor time of the server for a request, in microseconds.
    cpu_us: f64,
}

struct Server {
    child: Child,
    port: u16,
}

impl Server {
    fn theirs(port: u16, folder: &std::path::Path) -> Server {
        Server::start(&["redis-server"], port, &folder.join("theirs"))
    }

    fn ours(port: u16, folder: &std::path::Path) -> Server {
        let program = std::env::var("SYNCLAB_BIN");
        let program = program.as_deref().unwrap_or(env!("CARGO_BIN_EXE_synclab"));
        Server::start(&[program, "server"], port, &folder.join("ours"))
    }

    /// Pinned to the first core where that can be done; redis-benchmark gets the second one.
    fn start(program: &[&str], port: u16, dir: &std::path::Path) -> Server {
        std::fs::create_dir_all(dir).expect("a folder");
        let mut words = pinned(0);
        words.extend(program.iter().map(|w| w.to_string()));
        let child = Command::new(&words[0])
            .args(&words[1..])
            .args(["--save", "", "--appendonly", "no", "--port", &port.to_string(), "--dir"])
            .arg(dir)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program");
        wait_for(port);
        Server { child, port }
    }

    fn end(mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    fn measure(&self, test: &Test, depth: u32, random: bool) -> Figures {
        let requests = test.requests * depth.min(8);
        self.ask(b"*1\r\n$8\r\nFLUSHALL\r\n");
        if let Some(fill) = test.fill {
            self.benchmark(fill, requests, 64, random);
        }
        let before = self.cpu_us();
        let rate = self.benchmark(test.flag, requests, depth, random);
        // LRANGE's test fills its list by as many LPUSHes; they are few beside what it reads.
        Figures { rate, cpu_us: (self.cpu_us() - before) / f64::from(requests) }
    }

    /// Requests per second of one test.
    fn benchmark(&self, test: &str, requests: u32, depth: u32, random: bool) -> f64 {
        let mut words = pinned(1);
        let port = self.port.to_string();
        let (n, p) = (requests.to_string(), depth.to_string());
        words.push("redis-benchmark".into());
        words.extend(["-p", &port, "-t", test, "-n", &n, "-P", &p, "--csv"].map(String::from));
        if random {
            words.extend(["-r", RANGE].map(String::from));
        }
        let out = Command::new(&words[0]).args(&words[1..]).output().expect("redis-benchmark");
        let text = String::from_utf8_lossy(&out.stdout).into_owned();
        // What is needed before the test itself comes first.
        let rate = text.lines().last().and_then(|line| line.split(',').nth(1));
        rate.and_then(|r| r.trim_matches('"').parse().ok()).unwrap_or_else(|| {
            eprintln!("redis-benchmark -t {test} failed: {text}");
            exit(1)
        })
    }

    /// Sends a request that is answered by one line.
    fn ask(&self, request: &[u8]) {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).expect("a connection");
        stream.write_all(request).expect("written");
        let mut reply = [0; 64];
        let n = stream.read(&mut reply).expect("a reply");
        assert!(reply[..n].starts_with(b"+"), "{}", String::from_utf8_lossy(&reply[..n]));
    }

    /// Processor time of all threads, in microseconds (Linux; 0 elsewhere).
    fn cpu_us(&self) -> f64 {
        let Ok(tasks) = std::fs::read_dir(format!("/proc/{}/task", self.child.id())) else {
            return 0.0;
        };
        let ns = tasks.filter_map(|task| {
            let text = std::fs::read_to_string(task.ok()?.path().join("schedstat")).ok()?;
            text.split(' ').next()?.parse::<f64>().ok()
        });
        ns.sum::<f64>() / 1000.0
    }

    /// Resident memory in bytes (Linux; 0 elsewhere).
    fn resident(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()));
        let status = status.unwrap_or_default();
        let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:"));
        line.and_then(|l| l.trim().split(' ').next()?.parse::<u64>().ok()).unwrap_or(0) * 1024
    }
}

/// The value of the key of this number.
type Value = fn(usize) -> String;

/// How much a million keys take, by kinds of value.
fn memory(folder: &std::path::Path, base: u16) {
    println!("\n{:<24}{:>12}{:>12}{:>8}", "bytes a key", "theirs", "ours", "ours/theirs");
    let kinds: [(&str, Value); 4] = [
        ("3 bytes", |_| "xxx".into()),
        ("numbers", |i| i.to_string()),
        ("20 bytes", |i| format!("value:{i:014}")),
        ("100 bytes", |i| format!("value:{i:094}")),
    ];
    for (name, value) in kinds {
        let [theirs, ours] = [0, 1].map(|side| {
            let server = match side {
                0 => Server::theirs(base + 2, folder),
                _ => Server::ours(base + 3, folder),
            };
            let before = server.resident();
            server.fill(value);
            let grown = server.resident().saturating_sub(before) as f64 / KEYS as f64;
            server.end();
            grown
        });
        println!("{name:<24}{theirs:>12.1}{ours:>12.1}{:>8.2}", ours / theirs);
    }
}

impl Server {
    /// Sets a million keys, so many in flight that it takes seconds.
    fn fill(&self, value: fn(usize) -> String) {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).expect("a connection");
        let mut replies = vec![0; 5 * 1000];
        for chunk in 0..KEYS / 1000 {
            let mut lines = Vec::new();
            for i in chunk * 1000..(chunk + 1) * 1000 {
                let (key, value) = (format!("key:{i:012}"), value(i));
                let (k, v) = (key.len(), value.len());
                write!(lines, "*3\r\n$3\r\nSET\r\n${k}\r\n{key}\r\n${v}\r\n{value}\r\n")
                    .expect("a vector takes it");
            }
            stream.write_all(&lines).expect("written");
            stream.read_exact(&mut replies).expect("replies");
        }
    }
}

fn pinned(core: usize) -> Vec<String> {
    let cores = std::thread::available_parallelism().map_or(1, |n| n.get());
    let taskset = Command::new("taskset").arg("--version").stdout(Stdio::null()).status();
    match taskset {
        Ok(_) if cores > 1 => vec!["taskset".into(), "-c".into(), core.to_string()],
        _ => Vec::new(),
    }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// The first of four free ports in a row.
fn free_ports() -> u16 {
    let free = |port| std::net::TcpListener::bind(("127.0.0.1", port)).is_ok();
    let mut bases = (22_000..60_000u16).step_by(37);
    bases.find(|base| (0..4).all(|n| free(base + n))).expect("four free ports")
}

fn wait_for(port: u16) {
    let until = Instant::now() + Duration::from_secs(20);
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(Instant::now() < until, "the server does not listen");
        std::thread::sleep(Duration::from_millis(20));
    }
}
