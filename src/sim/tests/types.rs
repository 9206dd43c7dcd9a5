//! Values of every type through the virtual world: random lines of all families to whoever is the
//! master, some clients waiting for what others write, links cut, held and slowed, instances lost,
//! another one promoted; at the end all hold the same.

use super::*;
use crate::sim::client::ClientId;
use lines::Script;

#[path = "../../../tests/differential/lines.rs"]
mod lines;

const PORTS: [u16; 3] = [6380, 6381, 6382];

/// Clients of one instance: one writes, some wait.
struct Load {
    port: u16,
    writes: Option<ClientId>,
    waits: [Option<ClientId>; 2],
    script: Script,
    sent: usize,
}

impl Load {
    fn new(port: u16, seed: u64) -> Load {
        let script = Script::new(seed, &lines::told_to_replicas());
        Load { port, writes: None, waits: [None; 2], script, sent: 0 }
    }

    /// Sends some lines; a client whose connection has ended makes a new one.
    fn send(&mut self, sim: &mut Sim, lines: usize) {
        let port = self.port;
        for client in self.waits.iter_mut().chain([&mut self.writes]) {
            let ended = client.is_none_or(|id| sim.clients.get(&id).is_none_or(|c| c.closed));
            if ended {
                *client = sim.connect(port);
                // What the test itself asks is not to stand behind a command that waits.
                if let Some(c) = client.and_then(|id| sim.clients.get_mut(&id)) {
                    c.console = false;
                }
            }
        }
        let Some(writes) = self.writes else { return };
        if let (Some(waits), Some(words)) = (self.waits[self.sent % 2], self.script.waiting()) {
            sim.send_words(waits, &words);
        }
        let mut left = lines;
        while left > 0 {
            for words in self.script.group() {
                left = left.saturating_sub(1);
                // What waits has a connection of its own.
                if !lines::waits(&words) && !lines::is_untold(&words) {
                    sim.send_words(writes, &words);
                    self.sent += 1;
                }
                if self.script.dice().one_in(40) && words.len() > 1 {
                    let soon = self.script.dice().below(3000).to_string().into_bytes();
                    sim.send_words(writes, &[b"PEXPIRE".to_vec(), words[1].clone(), soon]);
                }
            }
        }
        sim.send(writes, "DISCARD");
        sim.send(writes, "SELECT 0");
        // Its replies are taken, so that its pipe does not fill.
        sim.run_for(SECOND / 20);
        if let Some(c) = sim.clients.get_mut(&writes) {
            c.replies.clear();
        }
    }
}

/// Everybody's data, for the message of a failure: keys of `one` that differ from the other's.
fn unlike(sim: &mut Sim, one: u16, other: u16) -> String {
    let mut told = String::new();
    for db in 0..3 {
        let ask = |sim: &mut Sim, port: u16, line: &str| {
            let client = sim.connect(port)?;
            sim.send(client, &format!("SELECT {db}"));
            sim.send(client, line);
            sim.await_reply(client, SECOND)?;
            sim.await_reply(client, SECOND)
        };
        let Some(Value::Array(keys)) = ask(sim, one, "KEYS *") else { continue };
        for key in keys.iter().filter_map(|k| k.as_bytes()) {
            for look in ["DEBUG DIGEST-VALUE", "PEXPIRETIME", "TYPE"] {
                let line = format!("{look} \"{}\"", String::from_utf8_lossy(key));
                let (a, b) = (ask(sim, one, &line), ask(sim, other, &line));
                if a != b {
                    told.push_str(&format!("\n  db {db}: {line}: {a:?} | {b:?}"));
                }
            }
        }
    }
    told
}

/// One story: gives how many lines were sent, and the events.
fn story_of_types(seed: u64) -> (usize, Vec<Event>) {
    let mut load = Load::new(6380, seed);
    let limits: Vec<(String, String)> = lines::all()
        .iter()
        .flat_map(|f| f.limits())
        .map(|(name, values)| (name.to_string(), load.script.dice().pick(values).to_owned()))
        .collect();
    let mut more: Vec<(&str, &str)> =
        limits.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    let dice = load.script.dice();
    more.extend([
        ("repl-timeout", "5"),
        ("repl-ping-replica-period", "1"),
        ("repl-backlog-size", dice.pick(&["1mb", "16kb"])),
        ("repl-diskless-sync", dice.pick(&["yes", "no"])),
        ("repl-diskless-load", dice.pick(&["swapdb", "disabled"])),
    ]);
    let mut sim = pair(seed, &more);
    sim.start(6382, config(6382, &more));
    load.send(&mut sim, 150);
    sim.command(6381, "REPLICAOF 127.0.0.1 6380");
    sim.command(6382, "REPLICAOF 127.0.0.1 6381");
    for _ in 0..10 {
        load.send(&mut sim, 60);
        let dice = load.script.dice();
        let (a, b) = dice.pick(&[(6380, 6381), (6381, 6382), (6380, 6382)]);
        let replica = dice.pick(&[6381, 6382]);
        let time = dice.next() % (2 * SECOND);
        match dice.below(12) {
            0 => sim.cut(a, b),
            1 => sim.hold(a, b),
            2 | 3 => sim.heal(a, b),
            4 => sim.throttle(a, b, 30_000),
            5 => sim.bounce(replica),
            6 => {
                sim.command(6382, &format!("REPLICAOF 127.0.0.1 {}", dice.pick(&[6380, 6381])));
            }
            7 => {
                sim.command(6380, "CLIENT KILL TYPE replica");
            }
            8 => {
                sim.command(replica, "SAVE");
                sim.command(6380, dice.pick(&["BGSAVE", "DEBUG RELOAD", "DEBUG CHANGE-REPL-ID"]));
            }
            _ => {}
        }
        sim.run_for(time);
    }
    for (a, b) in [(6380, 6381), (6381, 6382), (6380, 6382)] {
        sim.heal(a, b);
    }
    // Another one is promoted, takes writes, and is left again.
    sim.command(6381, "REPLICAOF NO ONE");
    sim.command(6382, "REPLICAOF 127.0.0.1 6381");
    let mut other = Load::new(6381, !seed);
    other.send(&mut sim, 60);
    sim.command(6380, "REPLICAOF 127.0.0.1 6382");
    sim.run_for(3 * SECOND);
    other.send(&mut sim, 60);
    for replica in [6382, 6380] {
        if !in_sync(&mut sim, replica) {
            let about = sim.command(replica, "INFO replication");
            let events = sim.events().iter().rev().take(60).map(|e| format!("\n{e:?}"));
            let events: Vec<String> = events.collect();
            panic!("seed {seed}: {replica} never came back: {about:?}{}", events.concat());
        }
    }
    for replica in [6382, 6380] {
        let same = same_data(&mut sim, 6381, replica);
        assert!(same, "seed {seed}: {replica} holds other data{}", unlike(&mut sim, 6381, replica));
    }
    assert!(PORTS.iter().all(|port| sim.is_up(*port)), "seed {seed}: one is gone");
    (load.sent + other.sent, sim.events().to_vec())
}

#[test]
fn many_stories_of_all_types_end_in_the_same_data() {
    // More of them, on demand: SYNCLAB_SEEDS=3000 cargo test --release stories_of_all_types
    let seeds = std::env::var("SYNCLAB_SEEDS").ok().and_then(|n| n.parse().ok()).unwrap_or(40);
    let mut sent = 0;
    for seed in 1..=seeds {
        sent += story_of_types(seed).0;
    }
    println!("{sent} lines");
    assert!(sent as u64 > 500 * seeds);
}

#[test]
fn a_story_of_all_types_told_twice_is_the_same() {
    for seed in 1..=3 {
        assert!(story_of_types(seed) == story_of_types(seed), "seed {seed} tells two stories");
    }
}
