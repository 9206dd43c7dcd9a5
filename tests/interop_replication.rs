//! Replication with the oracle at the other end: a real redis-server as our replica and as our
//! master, in chains, over cut links and promotions; and redis-cli as a peer.

mod real_redis;

use libtest_mimic::{Arguments, Trial};
use real_redis::either::{Kind, Outcome, Server, check, eventually, same};
use real_redis::load::{Beside, Load};
use real_redis::trial;
use std::process::{Command, Stdio};
use std::time::Duration;

fn main() {
    let args = Arguments::from_args();
    let mut trials = Vec::new();
    for (master, replica) in [(Kind::Ours, Kind::Real), (Kind::Real, Kind::Ours)] {
        for diskless in ["yes", "no"] {
            for load in ["disabled", "swapdb"] {
                let name = format!("full_sync::{master:?}_to_{replica:?}::{diskless}_{load}");
                trials.push(trial(&name.to_lowercase(), move || {
                    full_sync_under_load(master, replica, diskless, load)
                }));
            }
        }
        let name = |what: &str| format!("{what}::{master:?}_to_{replica:?}").to_lowercase();
        trials.push(trial(&name("cut_links"), move || cut_links(master, replica)));
        trials.push(trial(&name("promotion"), move || promotion(master, replica)));
        trials.push(trial(&name("chain"), move || chain(master, replica)));
        trials.push(trial(&name("small_backlog"), move || small_backlog(master, replica)));
        trials.push(trial(&name("password"), move || password(master, replica)));
    }
    trials.push(trial("redis_cli_fetches_an_rdb", redis_cli_rdb));
    trials.push(trial("redis_cli_plays_a_replica", redis_cli_replica));
    trials.push(trial("info_fields_are_the_same", info_fields));
    let trials: Vec<Trial> = trials;
    libtest_mimic::run(&args, trials).exit();
}

fn full_sync_under_load(master: Kind, replica: Kind, diskless: &str, load: &str) -> Outcome {
    let m = Server::start(master, &["--repl-diskless-sync", diskless]);
    let r = Server::start(replica, &["--repl-diskless-load", load]);
    Load { state: 11, brief: false }.send(&mut m.client(), 2000);
    Load { state: 12, brief: false }.send(&mut r.client(), 50);
    let writes = Beside::start(&m, 77);
    r.follow(&m)?;
    std::thread::sleep(Duration::from_millis(300));
    drop(writes);
    same(&[&m, &r])?;
    check("one full sync", m.info("stats", "sync_full") == "1", &[&m, &r])
}

fn cut_links(master: Kind, replica: Kind) -> Outcome {
    let m = Server::start(master, &["--repl-backlog-size", "64mb"]);
    let r = Server::start(replica, &[]);
    Load { state: 21, brief: false }.send(&mut m.client(), 300);
    r.follow(&m)?;
    let writes = Beside::start(&m, 78);
    for i in 0..12 {
        // From either end.
        match i % 2 {
            0 => r.ask("CLIENT KILL TYPE master"),
            _ => m.ask("CLIENT KILL TYPE replica"),
        };
        r.wait_up(&m)?;
        std::thread::sleep(Duration::from_millis(30));
    }
    drop(writes);
    r.wait_up(&m)?;
    same(&[&m, &r])?;
    check("only the first was a full sync", m.info("stats", "sync_full") == "1", &[&m, &r])?;
    let ok: u64 = m.info("stats", "sync_partial_ok").parse().unwrap_or(0);
    check("every cut was resumed", ok >= 6, &[&m, &r])
}

/// `a` and `b` follow `m`; `a` becomes the master, `b` and then `m` follow it.
fn promotion(old: Kind, new: Kind) -> Outcome {
    // Nothing may enter the old master's stream by itself (pings, expired keys) once another one
    // is promoted: their histories part there.
    let args = ["--repl-ping-replica-period", "3600"];
    let (m, a) = (Server::start(old, &args), Server::start(new, &args));
    let b = Server::start(old, &args);
    Load { state: 31, brief: false }.send(&mut m.client(), 300);
    a.follow(&m)?;
    b.follow(&m)?;
    Load { state: 32, brief: false }.send(&mut m.client(), 300);
    same(&[&m, &a, &b])?;
    let id = a.info("replication", "master_replid");
    a.ask("REPLICAOF NO ONE");
    check("replid2", a.info("replication", "master_replid2") == id, &[&a])?;
    Load { state: 33, brief: false }.send(&mut a.client(), 100);
    b.follow(&a)?;
    m.follow(&a)?;
    Load { state: 34, brief: false }.send(&mut a.client(), 100);
    same(&[&a, &b, &m])?;
    let full = a.info("stats", "sync_full");
    let ok = a.info("stats", "sync_partial_ok");
    check("no full sync at the new master", full == "0" && ok == "2", &[&a, &b, &m])?;
    check(
        "one id for all",
        [&b, &m].iter().all(|s| {
            s.info("replication", "master_replid") == a.info("replication", "master_replid")
        }),
        &[&a, &b, &m],
    )
}

/// outer → inner → outer.
fn chain(outer: Kind, inner: Kind) -> Outcome {
    // A refused sub-replica comes back a second later; the load must fit in between.
    let args = ["--repl-backlog-size", "256mb"];
    let (top, middle) = (Server::start(outer, &args), Server::start(inner, &args));
    let end = Server::start(outer, &args);
    Load { state: 41, brief: false }.send(&mut top.client(), 300);
    middle.follow(&top)?;
    // The stream stands in another database when the end joins.
    let mut client = top.client();
    for words in [["SELECT", "3", ""], ["SET", "in", "three"]] {
        let words: Vec<&str> = words.into_iter().filter(|w| !w.is_empty()).collect();
        client.call(&words);
    }
    end.follow(&middle)?;
    client.call(&["SET", "also", "in3"]);
    let writes = Beside::start(&top, 79);
    for _ in 0..4 {
        end.ask("CLIENT KILL TYPE master");
        middle.ask("CLIENT KILL TYPE master");
        std::thread::sleep(Duration::from_millis(60));
        middle.wait_up(&top)?;
        end.wait_up(&middle)?;
    }
    drop(writes);
    same(&[&top, &middle, &end])?;
    check("one full sync each", middle.info("stats", "sync_full") == "1", &[&top, &middle, &end])?;
    check("one full sync at the top", top.info("stats", "sync_full") == "1", &[&top, &middle])
}

fn small_backlog(master: Kind, replica: Kind) -> Outcome {
    let m = Server::start(master, &["--repl-backlog-size", "16384"]);
    let r = Server::start(replica, &[]);
    r.follow(&m)?;
    r.ask("REPLICAOF 127.0.0.1 1");
    let mut client = m.client();
    for i in 0..200 {
        client.call(&["SET", &format!("k{i}"), &"y".repeat(1000)]);
    }
    r.follow(&m)?;
    same(&[&m, &r])?;
    check("a second full sync", m.info("stats", "sync_full") == "2", &[&m, &r])?;
    check("said so", m.log().contains("for lack of backlog (Replica request was:"), &[&m])
}

fn password(master: Kind, replica: Kind) -> Outcome {
    let m = Server::start(master, &["--requirepass", "secret"]);
    let r = Server::start(replica, &["--masterauth", "wrong"]);
    r.ask(&format!("REPLICAOF 127.0.0.1 {}", m.port));
    eventually("AUTH is refused", &[&r], || {
        r.log().contains("Unable to AUTH to MASTER: -WRONGPASS")
    })?;
    r.ask("CONFIG SET masterauth secret");
    r.wait_up(&m)
}

fn redis_cli(server: &Server, args: &[&str]) -> std::process::Output {
    Command::new("redis-cli")
        .args(["-p", &server.port.to_string()])
        .args(args)
        .output()
        .expect("redis-cli runs")
}

fn redis_cli_rdb() -> Outcome {
    let m = Server::start(Kind::Ours, &[]);
    Load { state: 51, brief: false }.send(&mut m.client(), 500);
    m.ask("SET sure 1");
    let dir = tempfile::tempdir()?;
    let path = dir.path().join("dump.rdb");
    let out = redis_cli(&m, &["--rdb", &path.to_string_lossy()]);
    let said = String::from_utf8_lossy(&out.stderr).into_owned();
    check(&format!("redis-cli --rdb: {said}"), out.status.success(), &[&m])?;
    let loaded = real_redis::RealRedis::start_in(dir, &["--enable-debug-command", "yes"]);
    let theirs = loaded.client().call(&["DEBUG", "DIGEST"]);
    check("the same keys", theirs == m.client().call(&["DEBUG", "DIGEST"]), &[&m])
}

fn redis_cli_replica() -> Outcome {
    let m = Server::start(Kind::Ours, &[]);
    let dir = tempfile::tempdir()?;
    let path = dir.path().join("out");
    let out = std::fs::File::create(&path)?;
    let mut child = Command::new("redis-cli")
        .args(["-p", &m.port.to_string(), "--replica"])
        .stdout(out)
        .stderr(Stdio::null())
        .spawn()?;
    let seen = || std::fs::read_to_string(&path).unwrap_or_default();
    let result = eventually("it is online", &[&m], || {
        m.info("replication", "slave0").contains("state=online")
    })
    .and_then(|()| {
        m.ask("SET name xd");
        eventually("the command is printed", &[&m], || seen().contains(r#""SET","name","xd""#))
    });
    let _ = child.kill();
    let _ = child.wait();
    result
}

/// INFO replication has the same fields in the same order, on both sides of a link.
fn info_fields() -> Outcome {
    let fields = |s: &Server| -> Vec<String> {
        let text = s.text("INFO replication");
        text.lines().map(|l| l.split(':').next().unwrap_or("").to_owned()).collect()
    };
    let args = ["--min-replicas-to-write", "1"];
    let (om, or) = (Server::start(Kind::Ours, &args), Server::start(Kind::Ours, &[]));
    let (rm, rr) = (Server::start(Kind::Real, &args), Server::start(Kind::Real, &[]));
    check("alone", fields(&om) == fields(&rm), &[])?;
    or.follow(&om)?;
    rr.follow(&rm)?;
    for (ours, real) in [(&om, &rm), (&or, &rr)] {
        let (a, b) = (fields(ours), fields(real));
        check(&format!("{a:?}\n{b:?}"), a == b, &[])?;
    }
    for (r, m) in [(&or, &om), (&rr, &rm)] {
        r.ask("REPLICAOF 127.0.0.1 1");
        let _ = m;
    }
    let (a, b) = (fields(&or), fields(&rr));
    check(&format!("{a:?}\n{b:?}"), a == b, &[])
}
