//! Ours against redis-server in what replication asks of a server: full syncs, files, the stream,
//! partial resyncs, the waits of clients meanwhile, and memory. Both in turn in every round; medians.
//!
//! `cargo bench --bench sync` measures every row; words after `--` choose rows whose names contain
//! one of them (`full`, `full-100-disk`, `file`, `stream`, `partial`, `wait`, `memory`, `peak`), and a
//! number sets the rounds (at least five, which is the default; `once` makes it one, to try a row).
//! `SYNCLAB_KEYS=10000` makes everything small.
//!
//! It needs redis-server and redis-benchmark on the path. Ratios are ours to theirs: below 1 is less
//! time or memory, except for rates, where above 1 is more.

use server::{Kind, Server};
use std::process::{Command, Stdio, exit};
use std::time::{Duration, Instant};
use waits::Data;

#[path = "sync/data.rs"]
mod data;
#[path = "sync/server.rs"]
mod server;
#[path = "sync/waits.rs"]
mod waits;

const ROUNDS: usize = 5;

/// What one run brought: named figures, always the same names in the same order.
type Figures = Vec<(&'static str, f64)>;

/// A row that is measured on two servers which stay up from round to round.
type Measure = Box<dyn Fn(&mut Option<Server>, Kind) -> Figures>;

struct Row {
    name: String,
    measure: Measure,
}

fn row(name: &str, measure: impl Fn(&mut Option<Server>, Kind) -> Figures + 'static) -> Row {
    Row { name: name.to_owned(), measure: Box::new(measure) }
}

fn main() {
    for program in ["redis-server", "redis-benchmark"] {
        if Command::new(program).arg("--version").stdout(Stdio::null()).status().is_err() {
            eprintln!("{program} is not on the path (Debian: redis-server, redis-tools)");
            exit(2);
        }
    }
    let words: Vec<String> = std::env::args().skip(1).filter(|w| w != "--bench").collect();
    let mut rounds = words.iter().find_map(|w| w.parse().ok()).unwrap_or(ROUNDS).max(ROUNDS);
    if words.iter().any(|w| w == "once") {
        rounds = 1;
    }
    let named: Vec<&String> =
        words.iter().filter(|w| w.parse::<usize>().is_err() && *w != "once").collect();
    let rows = rows();
    if let Some(word) = named.iter().find(|w| !rows.iter().any(|r| r.name.contains(w.as_str()))) {
        let names: Vec<&str> = rows.iter().map(|r| r.name.as_str()).collect();
        eprintln!("`{word}` is in no row's name. There are: {}", names.join(" "));
        exit(2);
    }
    println!("{} keys, {rounds} rounds", data::keys());
    println!("{:<36}{:>14}{:>14}{:>8}", "", "theirs", "ours", "ratio");
    for row in rows {
        if named.is_empty() || named.iter().any(|w| row.name.contains(w.as_str())) {
            measure(&row, rounds);
        }
    }
}

fn measure(row: &Row, rounds: usize) {
    let mut servers = [None, None];
    let mut all: Vec<[Figures; 2]> = Vec::new();
    for round in 0..rounds {
        let mut got = [Figures::new(), Figures::new()];
        // Who comes first takes turns.
        for side in [round % 2, 1 - round % 2] {
            let kind = [Kind::Theirs, Kind::Ours][side];
            got[side] = (row.measure)(&mut servers[side], kind);
        }
        all.push(got);
    }
    for i in 0..all[0][0].len() {
        let of = |side: usize| median(all.iter().map(|got| got[side][i].1));
        let ratio = median(all.iter().map(|got| got[1][i].1 / got[0][i].1));
        let name = format!("{}: {}", row.name, all[0][0][i].0);
        println!("{name:<36}{:>14.2}{:>14.2}{ratio:>8.2}", of(0), of(1));
    }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    for bytes in [100, 1000] {
        for (name, diskless, load) in [
            ("disk", "no", "disabled"),
            ("diskless", "yes", "disabled"),
            ("swapdb", "yes", "swapdb"),
        ] {
            rows.push(row(&format!("full-{bytes}-{name}"), move |server, kind| {
                full_sync(server, kind, bytes, diskless, load)
            }));
        }
    }
    for bytes in [100, 1000] {
        rows.push(row(&format!("file-{bytes}"), move |server, kind| file(server, kind, bytes)));
    }
    rows.push(row("stream-1", |_, kind| stream(kind, 1)));
    rows.push(row("stream-2", |_, kind| stream(kind, 2)));
    rows.push(row("partial", |_, kind| partial(kind)));
    let keys = data::keys();
    for (name, data) in [("keys", Data::Keys(keys)), ("list", Data::List(keys))] {
        rows.push(row(&format!("wait-{name}-bgsave"), move |s, kind| wait_save(s, kind, data)));
        rows.push(row(&format!("wait-{name}-full"), move |s, kind| wait_full(s, kind, data)));
    }
    rows.push(row("memory-keys", |_, kind| memory(kind, |s, n| data::strings(s, n, 20))));
    rows.push(row("memory-hashes", |_, kind| memory(kind, data::hashes)));
    rows.push(row("memory-zset", |_, kind| memory(kind, data::zset)));
    rows.push(row("peak", peak));
    rows
}

/// The server of a row, with strings of so many bytes; made at the first round.
fn with_strings(server: &mut Option<Server>, kind: Kind, bytes: usize) -> &Server {
    server.get_or_insert_with(|| {
        let server = Server::start(kind, &[]);
        data::strings(&server, data::keys(), bytes);
        server
    })
}

/// Makes it follow; how long until the link is up, in seconds.
fn follow(replica: &Server, master: &Server) -> f64 {
    let mut client = replica.client();
    let begun = Instant::now();
    client.ok(&["REPLICAOF", "127.0.0.1", &master.port.to_string()]);
    while client.info("replication", "master_link_status") != "up" {
        assert!(begun.elapsed() < Duration::from_secs(300), "no sync: {}", replica.log());
        std::thread::sleep(Duration::from_millis(1));
    }
    begun.elapsed().as_secs_f64()
}

fn full_sync(
    server: &mut Option<Server>,
    kind: Kind,
    bytes: usize,
    diskless: &str,
    load: &str,
) -> Figures {
    let master = with_strings(server, kind, bytes);
    master.client().ok(&["CONFIG", "SET", "repl-diskless-sync", diskless]);
    let replica = Server::start(kind, &["--repl-diskless-load", load]);
    let seconds = follow(&replica, master);
    let size = replica.client().call(&["DBSIZE"]);
    assert_eq!(size, synclab::wire::value::Value::Int(data::keys() as i64), "not everything came");
    vec![("seconds", seconds)]
}

/// Saves, and loads what redis-server saved.
fn file(server: &mut Option<Server>, kind: Kind, bytes: usize) -> Figures {
    let server = with_strings(server, kind, bytes);
    let begun = Instant::now();
    server.client().ok(&["SAVE"]);
    let save = begun.elapsed().as_secs_f64();
    let dir = tempfile::tempdir().expect("a folder");
    std::fs::rename(server.file("dump.rdb"), dir.path().join("dump.rdb")).expect("the file");
    let loaded = Server::start_in(kind, dir, &[]);
    let log = loaded.log();
    let told = log.lines().find_map(|l| l.split_once("DB loaded from disk: ")?.1.split(' ').next());
    let load = told.and_then(|s| s.parse().ok()).expect("the log tells how long loading took");
    vec![("save, seconds", save), ("load, seconds", load)]
}

/// SETs with so many replicas attached.
fn stream(kind: Kind, replicas: usize) -> Figures {
    let master = Server::start(kind, &["--repl-backlog-size", "64mb"]);
    let replicas: Vec<Server> = (0..replicas).map(|_| Server::start(kind, &[])).collect();
    for replica in &replicas {
        follow(replica, &master);
    }
    let n = 2 * data::keys();
    let begun = Instant::now();
    let out = Command::new("redis-benchmark")
        .args(["-p", &master.port.to_string(), "-t", "set", "-P", "16", "-d", "100"])
        .args(["-r", "1000000", "-n", &n.to_string(), "-q"])
        .stdout(Stdio::null())
        .status();
    assert!(out.is_ok_and(|status| status.success()), "redis-benchmark fails");
    let rate = n as f64 / begun.elapsed().as_secs_f64();
    let behind = Instant::now();
    let end = master.info("replication", "master_repl_offset");
    for replica in &replicas {
        while replica.info("replication", "slave_repl_offset") < end {
            assert!(behind.elapsed() < Duration::from_secs(120), "it never catches up");
        }
    }
    let all = n as f64 / begun.elapsed().as_secs_f64();
    let behind = behind.elapsed().as_secs_f64();
    vec![("SETs a second", rate), ("until all have them", all), ("behind, seconds", behind)]
}

/// A megabyte that a replica has missed.
fn partial(kind: Kind) -> Figures {
    let master = Server::start(kind, &["--repl-backlog-size", "16mb"]);
    let replica = Server::start(kind, &[]);
    follow(&replica, &master);
    replica.client().ok(&["REPLICAOF", "127.0.0.1", "1"]);
    data::strings(&master, 1024, 1000);
    let seconds = follow(&replica, &master);
    let end = master.info("replication", "master_repl_offset");
    let begun = Instant::now();
    while replica.info("replication", "slave_repl_offset") < end {
        assert!(begun.elapsed() < Duration::from_secs(60), "it never catches up");
    }
    assert_eq!(master.info("stats", "sync_partial_ok"), 1, "that was no partial resync");
    vec![("milliseconds", (seconds + begun.elapsed().as_secs_f64()) * 1000.0)]
}

fn with_data(server: &mut Option<Server>, kind: Kind, data: Data) -> &Server {
    server.get_or_insert_with(|| {
        let server = Server::start(kind, &[]);
        match data {
            Data::Keys(n) => data::strings(&server, n, 100),
            Data::List(n) => data::list(&server, n),
        }
        server
    })
}

fn told(waits: waits::Waits) -> Figures {
    vec![("longest, ms", waits.longest), ("p99.9, ms", waits.p999)]
}

fn wait_save(server: &mut Option<Server>, kind: Kind, data: Data) -> Figures {
    let server = with_data(server, kind, data);
    let mut other = server.client();
    let saved = other.info("persistence", "rdb_saves");
    let (mut asked, begun) = (false, Instant::now());
    told(waits::measure(server, data, || {
        if !asked {
            other.ok(&["BGSAVE"]);
            asked = true;
            return false;
        }
        assert!(begun.elapsed() < Duration::from_secs(300), "BGSAVE does not end");
        other.info("persistence", "rdb_bgsave_in_progress") == "0"
            && (other.info("persistence", "rdb_saves") != saved
                || begun.elapsed() > Duration::from_secs(2))
    }))
}

fn wait_full(server: &mut Option<Server>, kind: Kind, data: Data) -> Figures {
    let master = with_data(server, kind, data);
    let replica = Server::start(kind, &[]);
    let (mut client, begun) = (replica.client(), Instant::now());
    client.ok(&["REPLICAOF", "127.0.0.1", &master.port.to_string()]);
    told(waits::measure(master, data, || {
        assert!(begun.elapsed() < Duration::from_secs(300), "no sync: {}", replica.log());
        client.info("replication", "master_link_status") == "up"
    }))
}

/// What so much data takes.
fn memory(kind: Kind, fill: fn(&Server, usize)) -> Figures {
    const MB: f64 = 1024.0 * 1024.0;
    let server = Server::start(kind, &[]);
    let (before, used) = (server.memory(), server.info("memory", "used_memory"));
    fill(&server, data::keys());
    let resident = server.memory().saturating_sub(before) as f64 / MB;
    let used = server.info("memory", "used_memory").saturating_sub(used) as f64 / MB;
    vec![("resident, MB", resident), ("used_memory, MB", used)]
}

/// The most that a master and its children take while one follows and a client writes.
fn peak(server: &mut Option<Server>, kind: Kind) -> Figures {
    const MB: f64 = 1024.0 * 1024.0;
    let master = with_strings(server, kind, 100);
    let replica = Server::start(kind, &[]);
    let before = master.memory();
    let mut most = before;
    let mut client = replica.client();
    let _writer = waits::Writer::start(master, Data::Keys(data::keys()));
    client.ok(&["REPLICAOF", "127.0.0.1", &master.port.to_string()]);
    let begun = Instant::now();
    while client.info("replication", "master_link_status") != "up" {
        assert!(begun.elapsed() < Duration::from_secs(300), "no sync: {}", replica.log());
        most = most.max(master.memory());
        std::thread::sleep(Duration::from_millis(5));
    }
    vec![("most, MB", most as f64 / MB), ("above rest, MB", (most - before) as f64 / MB)]
}
