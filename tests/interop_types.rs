//! Values of every type across the wire and the file: servers of both kinds follow each other under
//! random load, links are cut, another one is promoted, files go from one to the other; at the
//! end all hold the same.
//!
//! `SYNCLAB_ROUNDS=100 cargo test --test interop_types` plays a hundred of each;
//! `SYNCLAB_SEED=7` begins at another seed.

mod real_redis;

use libtest_mimic::Arguments;
use lines::Script;
use lines::dice::Dice;
use real_redis::Client;
use real_redis::either::{Kind, Outcome, Server, eventually, same};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use synclab::wire::command::encode_command;
use synclab::wire::text::printable;

#[path = "differential/lines.rs"]
mod lines;

fn main() {
    let args = Arguments::from_args();
    let trials = vec![
        real_redis::trial("all_follow_one", || rounds("all_follow_one", all_follow_one)),
        real_redis::trial("files_go_both_ways", || rounds("files_go_both_ways", files)),
    ];
    libtest_mimic::run(&args, trials).exit();
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

fn rounds(name: &str, play: impl Fn(u64) -> Outcome) -> Outcome {
    let first = number("SYNCLAB_SEED").unwrap_or(1);
    let last = first + number("SYNCLAB_ROUNDS").unwrap_or(6) - 1;
    for seed in first..=last {
        play(seed).map_err(|e| format!("seed {seed}: {}", e.message().unwrap_or_default()))?;
    }
    eprintln!("{name}: seeds {first} to {last}");
    Ok(())
}

/// Lines of all types that a master can be given one after the other.
fn script(seed: u64) -> Script {
    Script::new(seed, &lines::told_to_replicas())
}

/// Sends so many lines, some of them with a short time to live.
fn send(script: &mut Script, client: &mut Client, lines: usize) {
    let (mut bytes, mut sent) = (Vec::new(), 0);
    while sent < lines {
        for words in script.group() {
            let dice = script.dice();
            // A transaction left open would hold back all that follows.
            let multi = words[0].eq_ignore_ascii_case(b"MULTI");
            // A line that waits would keep the rest waiting: it has a connection of its own.
            if multi && dice.one_in(2) || lines::waits(&words) || lines::is_untold(&words) {
                continue;
            }
            encode_command(&mut bytes, &words);
            sent += 1;
            if dice.one_in(30) {
                let key = format!("count{}", dice.below(3)).into_bytes();
                let element = dice.next().to_le_bytes().to_vec();
                let name = dice.pick(&["PFADD", "PFADD", "PFCOUNT", "PFMERGE"]);
                let last = if name == "PFMERGE" { b"count0".to_vec() } else { element };
                let mut words = vec![name.as_bytes().to_vec(), key, last];
                words.truncate(if name == "PFCOUNT" { 2 } else { 3 });
                encode_command(&mut bytes, &words);
                sent += 1;
            }
            if words.len() > 1 && dice.one_in(40) {
                let soon = dice.below(300).to_string().into_bytes();
                encode_command(&mut bytes, &[b"PEXPIRE".to_vec(), words[1].clone(), soon]);
                sent += 1;
            }
        }
    }
    encode_command(&mut bytes, &["DISCARD"]);
    encode_command(&mut bytes, &["SELECT", "0"]);
    // Whatever the connection's end, the test sees it in the data.
    let _ = client.send(&bytes);
    for _ in 0..sent + 2 {
        if client.reply().is_none() {
            return;
        }
    }
}

/// A load that goes on beside the test until it is dropped: one client that writes, and some
/// that wait for what it writes.
struct Beside {
    stop: Arc<AtomicBool>,
    sent: Arc<AtomicU64>,
    thread: Option<JoinHandle<()>>,
}

impl Beside {
    fn start(server: &Server, seed: u64) -> Beside {
        let (stop, sent) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let (flag, count) = (Arc::clone(&stop), Arc::clone(&sent));
        let mut client = server.client();
        let mut waiters: Vec<Client> = (0..3).map(|_| server.client()).collect();
        let thread = std::thread::spawn(move || {
            let mut script = script(seed);
            while !flag.load(Ordering::Relaxed) {
                if let Some(words) = script.waiting() {
                    let mut bytes = Vec::new();
                    encode_command(&mut bytes, &words);
                    let which = script.dice().below(waiters.len());
                    // Its replies are few, and nobody reads them.
                    let _ = waiters[which].send(&bytes);
                }
                send(&mut script, &mut client, 60);
                count.fetch_add(60, Ordering::Relaxed);
            }
        });
        Beside { stop, sent, thread: Some(thread) }
    }

    /// Waits until so many more lines were answered.
    fn goes_on(&self, lines: u64, servers: &[&Server]) -> Outcome {
        let until = self.sent.load(Ordering::Relaxed) + lines;
        eventually("the load goes on", servers, || self.sent.load(Ordering::Relaxed) >= until)
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The limits of encodings at this seed. Not that of a HyperLogLog: its encoding is part of its
/// value, and servers with unlike limits come to unlike ones, in Redis as well.
fn limits(dice: &mut Dice) -> Vec<String> {
    let mut args = Vec::new();
    for (_, family) in lines::told_to_replicas() {
        for (name, values) in family.limits() {
            args.push(format!("--{name}"));
            args.push(dice.pick(values).to_owned());
        }
    }
    args
}

fn start(kind: Kind, dice: &mut Dice) -> Server {
    let mut args = limits(dice);
    for (name, values) in [
        ("--repl-diskless-sync", &["yes", "no"][..]),
        ("--repl-diskless-load", &["disabled", "swapdb"]),
        ("--repl-ping-replica-period", &["1", "10"]),
        ("--repl-backlog-size", &["1mb", "16mb", "64kb"]),
        ("--rdbcompression", &["yes", "yes", "no"]),
    ] {
        args.push(name.to_owned());
        args.push(dice.pick(values).to_owned());
    }
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    Server::start(kind, &args)
}

/// A master and two others behind it, of both kinds, in a row or side by side.
fn all_follow_one(seed: u64) -> Outcome {
    let dice = &mut Dice::new(seed ^ 0xa11);
    let mut kinds = [Kind::Ours, Kind::Real, dice.pick(&[Kind::Ours, Kind::Real])];
    let first = dice.below(3);
    kinds.swap(0, first);
    let servers: Vec<Server> = kinds.iter().map(|kind| start(*kind, dice)).collect();
    let all: Vec<&Server> = servers.iter().collect();
    let [m, a, b] = all[..] else { return Err("three servers".into()) };
    send(&mut script(seed), &mut m.client(), 3000);
    // What a replica held before must go.
    send(&mut script(seed + 1), &mut a.client(), 300);
    let writes = Beside::start(m, seed + 2);
    a.follow(m)?;
    let row = dice.one_in(2);
    b.follow(if row { a } else { m })?;
    for _ in 0..3 {
        writes.goes_on(200 + dice.below(1000) as u64, &all)?;
        match dice.below(5) {
            0 => a.ask("CLIENT KILL TYPE master"),
            1 => b.ask("CLIENT KILL TYPE master"),
            2 => m.ask("CLIENT KILL TYPE replica"),
            3 => a.ask("CLIENT KILL TYPE replica"),
            // Another history: everybody begins anew.
            _ => m.ask("DEBUG CHANGE-REPL-ID"),
        };
        if dice.one_in(3) {
            b.ask("REPLICAOF NO ONE");
            send(&mut script(seed + 3), &mut b.client(), 50);
            b.follow(m)?;
        }
    }
    writes.goes_on(300, &all)?;
    drop(writes);
    a.wait_up(m)?;
    without_zeros(m);
    same(&all).map_err(|e| parted(&all, e))?;
    // Another one is promoted; who was the master follows it, with what it has got meanwhile.
    a.ask("REPLICAOF NO ONE");
    let writes = Beside::start(a, seed + 4);
    b.follow(a)?;
    if dice.one_in(2) {
        send(&mut script(seed + 5), &mut m.client(), 100);
    }
    m.follow(if dice.one_in(2) { a } else { b })?;
    writes.goes_on(300, &all)?;
    drop(writes);
    without_zeros(a);
    same(&all).map_err(|e| parted(&all, e))
}

/// Takes members of score 0 out of all sorted sets. It may be a negative zero, which becomes a
/// positive one when its set becomes a listpack, and that happens on one side only, in Redis too.
fn without_zeros(server: &Server) {
    let mut client = server.client();
    for db in 0..16 {
        client.call(&[b"SELECT".as_slice(), db.to_string().as_bytes()]);
        if let synclab::wire::value::Value::Array(names) = client.call(&[b"KEYS".as_slice(), b"*"])
        {
            for name in names.iter().filter_map(|name| name.as_bytes()) {
                // Keys of other types refuse it.
                client.call(&[b"ZREMRANGEBYSCORE".as_slice(), name, b"0", b"0"]);
            }
        }
    }
}

/// Which keys differ, in front of the logs.
fn parted(servers: &[&Server], e: libtest_mimic::Failed) -> libtest_mimic::Failed {
    let mut told = String::new();
    let mut clients: Vec<Client> = servers.iter().map(|s| s.client()).collect();
    for db in 0..16 {
        let mut ask =
            |words: &[&[u8]]| -> Vec<_> { clients.iter_mut().map(|c| c.call(words)).collect() };
        ask(&[b"SELECT", db.to_string().as_bytes()]);
        let mut keys = std::collections::BTreeSet::new();
        for reply in ask(&[b"KEYS", b"*"]) {
            if let synclab::wire::value::Value::Array(names) = reply {
                keys.extend(names.iter().filter_map(|k| k.as_bytes().map(<[u8]>::to_vec)));
            }
        }
        for key in keys {
            for look in ["DEBUG DIGEST-VALUE", "TYPE", "PEXPIRETIME"] {
                let mut words: Vec<&[u8]> = look.split(' ').map(str::as_bytes).collect();
                words.push(&key);
                let replies = ask(&words);
                if replies.iter().any(|r| r != &replies[0]) {
                    for show in [&[&b"DUMP"[..]][..], &[b"OBJECT", b"ENCODING"]] {
                        let words: Vec<&[u8]> = show.iter().copied().chain([&key[..]]).collect();
                        for reply in ask(&words) {
                            let bytes = reply.as_bytes().unwrap_or_default();
                            told.push_str(&format!("  {}\n", printable(bytes, 2000)));
                        }
                    }
                    let key = String::from_utf8_lossy(&key);
                    told.push_str(&format!("db {db}: {look} {key}: {replies:?}\n"));
                }
            }
        }
    }
    format!("{told}{}", e.message().unwrap_or_default()).into()
}

/// What one saves the other loads, with every payload looked through; redis-check-rdb is content
/// with it.
fn files(seed: u64) -> Outcome {
    let dice = &mut Dice::new(seed ^ 0xf11e);
    for (from, to) in [(Kind::Ours, Kind::Real), (Kind::Real, Kind::Ours)] {
        let server = start(from, dice);
        send(&mut script(seed), &mut server.client(), 6000);
        without_zeros(&server);
        let saved = server.text(dice.pick(&["SAVE", "DEBUG RELOAD"]));
        if saved != "OK" {
            return Err(format!("{from:?} does not save: {saved}\n{}", server.log()).into());
        }
        let dump = server.file("dump.rdb");
        let out = Command::new("redis-check-rdb").arg(&dump).output()?;
        let said = String::from_utf8_lossy(&out.stdout).into_owned();
        if !out.status.success() || !said.contains("Checksum OK") {
            return Err(format!("redis-check-rdb of {from:?}'s file:\n{said}").into());
        }
        let limits = limits(dice);
        let mut args = vec!["--sanitize-dump-payload", "yes"];
        args.extend(limits.iter().map(String::as_str));
        let loaded = Server::start_with(to, Some(&dump), &args);
        eventually(&format!("{to:?} holds what {from:?} saved"), &[&server, &loaded], || {
            // Keys that had little time left go one after the other, on both.
            server.text("DEBUG DIGEST") == loaded.text("DEBUG DIGEST")
        })
        .map_err(|e| parted(&[&server, &loaded], e))?;
    }
    Ok(())
}
