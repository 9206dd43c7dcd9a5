//! What being watched costs a server: redis-benchmark against one that nobody watches and against
//! one of a lab (journal, record on disk, the screens' fold following), in turn, and the ratio.
//!
//! `cargo bench --bench observer`; `-- 9` runs nine rounds. It needs redis-benchmark on the path.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio, exit};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use synclab::lab::{Lab, LabOptions};
use synclab::tui::reduce::World;

/// Kinds of load: a name, and what redis-benchmark is told.
const LOADS: [(&str, &[&str]); 2] = [
    ("one command at a time", &["-n", "100000", "-c", "50"]),
    ("sixteen in flight", &["-n", "600000", "-c", "50", "-P", "16"]),
];
const ROUNDS: usize = 5;
/// More than this may not be lost.
const MOST_LOST: f64 = 5.0;

fn main() {
    if Command::new("redis-benchmark").arg("--version").stdout(Stdio::null()).status().is_err() {
        eprintln!(
            "redis-benchmark is not on the path (Debian: apt install redis-tools): nothing measured"
        );
        exit(2);
    }
    let asked = std::env::args().skip(1).find_map(|a| a.parse().ok());
    let rounds = asked.unwrap_or(ROUNDS).max(ROUNDS);
    let folder = tempfile::tempdir().expect("a folder");
    let base = free_ports();
    let alone = Alone::start(base + 3, folder.path());
    let watched = Watched::start(base, folder.path());
    println!("{:<24}{:>6}{:>14}{:>14}{:>10}", "", "", "unwatched/s", "watched/s", "lost");
    let mut worst = f64::MIN;
    for (name, args) in LOADS {
        let mut ratios: [Vec<(f64, f64)>; 2] = Default::default();
        for round in 0..=rounds {
            // In turn, and who comes first takes turns as well.
            let [(a, first), (b, second)] = match round % 2 {
                0 => [(0, alone.port), (1, watched.port)],
                _ => [(1, watched.port), (0, alone.port)],
            };
            let mut rates = [Vec::new(), Vec::new()];
            rates[a] = benchmark(first, args);
            rates[b] = benchmark(second, args);
            // The first round warms up.
            if round > 0 {
                for (test, pair) in ratios.iter_mut().enumerate() {
                    pair.push((rates[0][test], rates[1][test]));
                }
            }
        }
        for (test, pairs) in ["SET", "GET"].iter().zip(&ratios) {
            let lost = median(pairs.iter().map(|(off, on)| (1.0 - on / off) * 100.0));
            worst = worst.max(lost);
            println!(
                "{name:<24}{test:>6}{:>14.0}{:>14.0}{lost:>8.1} %",
                median(pairs.iter().map(|p| p.0)),
                median(pairs.iter().map(|p| p.1)),
            );
        }
    }
    let (told, dropped, bytes) = watched.end();
    alone.end();
    println!("the journal was told {told} events, holds {bytes} bytes, dropped {dropped}");
    println!("median of {rounds} rounds; worst loss {worst:.1} % (bound: {MOST_LOST} %)");
    exit(i32::from(worst > MOST_LOST));
}

/// A server of its own, in a process of its own, as `synclab server` starts it.
struct Alone {
    child: Child,
    port: u16,
}

impl Alone {
    fn start(port: u16, folder: &std::path::Path) -> Alone {
        let dir = folder.join("alone");
        std::fs::create_dir_all(&dir).expect("a folder");
        let child = Command::new(env!("CARGO_BIN_EXE_synclab"))
            .args(["server", "--save", "", "--port", &port.to_string(), "--dir"])
            .arg(dir)
            .stdout(Stdio::null())
            .spawn()
            .expect("the program");
        wait_for(port);
        Alone { child, port }
    }

    fn end(mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The same in a lab, followed as the screens follow it.
struct Watched {
    lab: Lab,
    port: u16,
    over: Arc<AtomicBool>,
    follower: std::thread::JoinHandle<u64>,
}

impl Watched {
    fn start(port: u16, folder: &std::path::Path) -> Watched {
        let options = LabOptions {
            workspace: Some(folder.join("lab")),
            base_port: port,
            ..LabOptions::default()
        };
        let lab = Lab::open(options).expect("a lab");
        lab.prepare_free().expect("three servers");
        // As the one beside it: no save under way.
        let silent = Command::new("redis-cli")
            .args(["-p", &port.to_string(), "config", "set", "save", ""])
            .stdout(Stdio::null())
            .status();
        assert!(silent.is_ok_and(|s| s.success()), "redis-cli reaches the lab");
        let over = Arc::new(AtomicBool::new(false));
        let (journal, flag) = (lab.journal().clone(), over.clone());
        let follower = std::thread::spawn(move || {
            let (mut world, mut cursor, mut events) = (World::default(), 0, Vec::new());
            while !flag.load(Ordering::Relaxed) {
                journal.wait_beyond(cursor, Duration::from_millis(200));
                cursor = journal.read_from(cursor, &mut events, 5_000);
                events.drain(..).for_each(|event| world.apply(&event));
            }
            cursor
        });
        Watched { lab, port, over, follower }
    }

    /// Events that were told, that were dropped, and the bytes of those that are held.
    fn end(self) -> (u64, u64, u64) {
        self.over.store(true, Ordering::Relaxed);
        let told = self.follower.join().expect("the follower");
        let journal = self.lab.journal();
        let numbers = (told, journal.first(), journal.memory().0);
        self.lab.close();
        numbers
    }
}

/// Requests per second of SET and GET.
fn benchmark(port: u16, args: &[&str]) -> Vec<f64> {
    let mut child = Command::new("redis-benchmark")
        .args(["-p", &port.to_string(), "-t", "set,get", "-r", "10000", "--csv"])
        .args(args)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("redis-benchmark");
    let out = BufReader::new(child.stdout.take().expect("a pipe"));
    let rates: Vec<f64> = out
        .lines()
        .map_while(Result::ok)
        .filter_map(|line| line.split(',').nth(1)?.trim_matches('"').parse().ok())
        .collect();
    assert!(child.wait().is_ok_and(|s| s.success()) && rates.len() == 2, "redis-benchmark failed");
    rates
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// The first of four free ports in a row.
fn free_ports() -> u16 {
    let free = |port| std::net::TcpListener::bind(("127.0.0.1", port)).is_ok();
    let mut bases = (21_000..60_000u16).step_by(37);
    bases.find(|base| (0..4).all(|n| free(base + n))).expect("four free ports")
}

fn wait_for(port: u16) {
    let until = Instant::now() + Duration::from_secs(20);
    while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(Instant::now() < until, "the server does not listen");
        std::thread::sleep(Duration::from_millis(20));
    }
}
