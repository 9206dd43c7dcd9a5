//! The rules around a link, ours beside the oracle's: time-outs in every state, output-buffer
//! limits, the backlog's life, pauses, min-replicas, stale data.

mod real_redis;

use libtest_mimic::{Arguments, Failed, Trial};
use real_redis::either::{Kind, Outcome, Server, check, eventually, same};
use real_redis::trial;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;
use synclab::wire::value::Value;

const KINDS: [Kind; 2] = [Kind::Ours, Kind::Real];

fn main() {
    let args = Arguments::from_args();
    let mut trials: Vec<Trial> = Vec::new();
    for silence in Silence::ALL {
        let name = format!("silent_master::{silence:?}").to_lowercase();
        trials.push(trial(&name, move || silent_master(silence)));
    }
    for (master, replica) in [(Kind::Ours, Kind::Real), (Kind::Real, Kind::Ours)] {
        let name = |what: &str| format!("{what}::{master:?}_to_{replica:?}").to_lowercase();
        trials.push(trial(&name("hard_limit"), move || hard_limit(master, replica)));
        trials.push(trial(&name("soft_limit"), move || soft_limit(master, replica)));
        trials.push(trial(&name("late_replica"), move || late_replica(master, replica)));
        trials.push(trial(&name("good_replicas"), move || good_replicas(master, replica)));
        trials.push(trial(&name("pauses"), move || pauses(master, replica)));
    }
    trials.push(trial("backlogs_end_the_same_way", backlog_ttl));
    trials.push(trial("stale_data_is_kept_back_alike", stale_data));
    libtest_mimic::run(&args, trials).exit();
}

fn pair(master: Kind, replica: Kind, conf: &[&str]) -> Result<[Server; 2], Failed> {
    let both = [Server::start(master, conf), Server::start(replica, conf)];
    both[1].follow(&both[0])?;
    both[0].ask("SET before 1");
    same(&[&both[0], &both[1]])?;
    Ok(both)
}

fn slaves(s: &Server) -> String {
    s.info("replication", "connected_slaves")
}

fn is_up(s: &Server) -> bool {
    s.info("replication", "master_link_status") == "up"
}

// ── a master that falls silent ─────────────────────────────────────────────────────────────────

/// What a hand-made master says before it falls silent.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Silence {
    AtOnce,
    AfterPong,
    AfterOnePlusOk,
    AfterPsync,
    AfterFullResync,
    InTheFile,
    InTheStreamedRdb,
    AfterTheRdb,
}

impl Silence {
    const ALL: [Silence; 8] = [
        Silence::AtOnce,
        Silence::AfterPong,
        Silence::AfterOnePlusOk,
        Silence::AfterPsync,
        Silence::AfterFullResync,
        Silence::InTheFile,
        Silence::InTheStreamedRdb,
        Silence::AfterTheRdb,
    ];

    /// What it says to each command of the handshake: PING, the two REPLCONFs, PSYNC.
    fn replies(self, rdb: &[u8]) -> Vec<Vec<u8>> {
        let id = "f".repeat(40);
        let full = format!("+FULLRESYNC {id} 100\r\n");
        let sized = format!("{full}${}\r\n", rdb.len());
        let marked = format!("{full}$EOF:{}\r\n", "a".repeat(40));
        let with = |head: &str, body: &[u8]| [head.as_bytes(), body].concat();
        let (last, n) = match self {
            Silence::AtOnce => (Vec::new(), 0),
            Silence::AfterPong => (Vec::new(), 1),
            Silence::AfterOnePlusOk => (Vec::new(), 2),
            Silence::AfterPsync => (Vec::new(), 3),
            Silence::AfterFullResync => (full.into_bytes(), 4),
            Silence::InTheFile => (with(&sized, &rdb[..20]), 4),
            Silence::InTheStreamedRdb => (with(&marked, &rdb[..20]), 4),
            Silence::AfterTheRdb => (with(&sized, rdb), 4),
        };
        let all = [b"+PONG\r\n".to_vec(), b"+OK\r\n".to_vec(), b"+OK\r\n".to_vec(), last];
        all.into_iter().take(n).collect()
    }
}

/// Answers every connection so far, and then never again. The connections stay open.
fn play_master(listener: TcpListener, replies: Vec<Vec<u8>>) {
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let replies = replies.clone();
            std::thread::spawn(move || {
                let mut reader = BufReader::new(&stream);
                for reply in replies {
                    if read_command(&mut reader).is_none() || (&stream).write_all(&reply).is_err() {
                        return;
                    }
                }
                // What else comes is read, and the end is waited for.
                let _ = reader.read_to_end(&mut Vec::new());
            });
        }
    });
}

fn read_command(reader: &mut BufReader<&TcpStream>) -> Option<()> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|n| *n > 0)?;
    let words: usize = line.trim_end().strip_prefix('*')?.parse().ok()?;
    for _ in 0..2 * words {
        line.clear();
        reader.read_line(&mut line).ok().filter(|n| *n > 0)?;
    }
    Some(())
}

/// An RDB of a few bytes, as the oracle saves it.
fn an_rdb() -> Result<Vec<u8>, Failed> {
    let real = Server::start(Kind::Real, &["--dbfilename", "dump.rdb"]);
    real.ask("SET a 1");
    check("it saves", real.text("SAVE") == "OK", &[&real])?;
    Ok(std::fs::read(real.file("dump.rdb"))?)
}

fn silent_master(silence: Silence) -> Outcome {
    let replies = silence.replies(&an_rdb()?);
    let mut told = Vec::new();
    for kind in KINDS {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let port = listener.local_addr()?.port();
        play_master(listener, replies.clone());
        let replica = Server::start(kind, &["--repl-timeout", "1"]);
        replica.ask(&format!("REPLICAOF 127.0.0.1 {port}"));
        let late = |l: &str| l.contains("Timeout ") || l.contains("MASTER timeout");
        eventually("it gives up", &[&replica], || replica.log().lines().any(late))?;
        let lines = replica.told_since("Before turning into a replica", &[&replica]);
        // The age of the RDB is how long the trial took to come here.
        let lines = lines.iter().filter(|l| !l.contains("RDB age"));
        let lines: Vec<String> = lines.map(|l| l.replace(&port.to_string(), "<m>")).collect();
        let end = lines.iter().position(|l| late(l)).map_or(lines.len(), |i| i + 1);
        told.push(lines[..end].to_vec());
    }
    if told[0] == told[1] { Ok(()) } else { Err(format!("{told:#?}").into()) }
}

// ── a replica that falls behind, or silent ─────────────────────────────────────────────────────

fn fill(m: &Server, megabytes: usize) {
    let mut client = m.client();
    let value = "x".repeat(100_000);
    for i in 0..megabytes * 10 {
        client.call(&["SET", &format!("big:{}", i % 20), &value]);
    }
}

fn hard_limit(master: Kind, replica: Kind) -> Outcome {
    let [m, r] = &pair(master, replica, &["--repl-backlog-size", "16kb"])?;
    m.ask("CONFIG SET repl-timeout 3600");
    let reply =
        m.client().call(&["CONFIG", "SET", "client-output-buffer-limit", "replica 1mb 0 0"]);
    check(&format!("{reply:?}"), reply.error().is_none(), &[])?;
    r.freeze();
    // More than every socket buffer between them holds.
    fill(m, 40);
    let gone = eventually("the replica is dropped", &[m], || slaves(m) == "0");
    r.thaw();
    gone?;
    let line = "scheduled to be closed ASAP for overcoming of output buffer limits.";
    check(line, m.log().contains(line), &[m])?;
    r.wait_up(m)?;
    same(&[m, r])
}

fn soft_limit(master: Kind, replica: Kind) -> Outcome {
    let [m, r] = &pair(master, replica, &["--repl-backlog-size", "16kb"])?;
    let reply = m.client().call(&["CONFIG", "SET", "client-output-buffer-limit", "slave 0 1mb 1"]);
    check(&format!("{reply:?}"), reply.error().is_none(), &[])?;
    r.freeze();
    fill(m, 20);
    // No write any more: it is the cron that finds it.
    let gone = eventually("the replica is dropped", &[m], || slaves(m) == "0");
    r.thaw();
    gone?;
    let words = ["closed for overcoming of output buffer limits.", "closed ASAP for overcoming"];
    check("it says so", words.iter().any(|w| m.log().contains(w)), &[m])?;
    r.wait_up(m)?;
    same(&[m, r])
}

fn late_replica(master: Kind, replica: Kind) -> Outcome {
    let [m, r] = &pair(master, replica, &[])?;
    m.ask("CONFIG SET repl-timeout 1");
    r.freeze();
    let gone = eventually("the replica is dropped", &[m], || slaves(m) == "0");
    r.thaw();
    gone?;
    let line = format!("Disconnecting timedout replica (streaming sync): 127.0.0.1:{}", r.port);
    check(&line, m.log().contains(&line), &[m])?;
    m.ask("CONFIG SET repl-timeout 60");
    m.ask("SET after 1");
    r.wait_up(m)?;
    same(&[m, r])?;
    check("it resumed", m.info("stats", "sync_full") == "1", &[m, r])
}

fn good_replicas(master: Kind, replica: Kind) -> Outcome {
    let conf = ["--min-replicas-to-write", "1", "--min-replicas-max-lag", "1"];
    // The pair's first write may come before its first ACK.
    let both = [Server::start(master, &conf), Server::start(replica, &[])];
    let [m, r] = &both;
    let refused = "NOREPLICAS Not enough good replicas to write.";
    check("none is there", m.text("SET a 1") == refused, &[m])?;
    r.follow(m)?;
    eventually("a write is taken", &[m, r], || m.text("SET a 1") == "OK")?;
    let mut queued = m.client();
    queued.call(&["MULTI"]);
    queued.call(&["SET", "a", "2"]);
    r.freeze();
    let late = eventually("the replica is late", &[m], || m.text("SET a 1") == refused);
    let exec = queued.call(&["EXEC"]);
    let read = m.text("GET a");
    let good = m.info("replication", "min_slaves_good_slaves");
    r.thaw();
    late?;
    let because = format!("EXECABORT Transaction discarded because of: {refused}");
    check("EXEC is refused", exec.error() == Some(because.as_bytes()), &[m])?;
    check("reads go on", read == "1" && good == "0", &[m])?;
    eventually("writes are taken again", &[m, r], || m.text("SET a 3") == "OK")?;
    same(&[m, r])
}

fn pauses(master: Kind, replica: Kind) -> Outcome {
    let [m, r] =
        &pair(master, replica, &["--repl-timeout", "2", "--repl-ping-replica-period", "1"])?;
    let blocked = |s: &Server| s.info("clients", "blocked_clients");
    // On the master: the writer waits, the link lives.
    m.ask("CLIENT PAUSE 100000 WRITE");
    let mut writer = m.client();
    let mut bytes = Vec::new();
    synclab::wire::command::encode_command(&mut bytes, &["SET", "late", "1"]);
    writer.send(&bytes)?;
    eventually("it waits", &[m], || blocked(m) == "1")?;
    std::thread::sleep(Duration::from_millis(3500));
    check("the link lives", is_up(r) && slaves(m) == "1", &[m, r])?;
    check("nothing was written", r.text("EXISTS late") == "Int(0)", &[m, r])?;
    m.ask("CLIENT UNPAUSE");
    let reply = writer.reply().ok_or("no reply")?;
    check(&format!("{reply:?}"), reply.error().is_none(), &[m])?;
    same(&[m, r])?;
    // On the replica: what its master sends waits, the link lives.
    r.ask("CLIENT PAUSE 3500 WRITE");
    m.ask("SET later 1");
    eventually("the link's command waits", &[r], || blocked(r) == "1")?;
    std::thread::sleep(Duration::from_millis(2500));
    check("the link lives", is_up(r) && slaves(m) == "1", &[m, r])?;
    same(&[m, r])?;
    check("by the same link", m.info("stats", "sync_partial_ok") == "0", &[m, r])
}

// ── what both do, side by side ─────────────────────────────────────────────────────────────────

fn backlog_ttl() -> Outcome {
    for kind in KINDS {
        let [m, r] = &pair(kind, Kind::Real, &["--repl-backlog-ttl", "1"])?;
        let id = m.info("replication", "master_replid");
        let fields = |s: &Server| {
            let names = ["active", "size", "first_byte_offset", "histlen"];
            names.map(|f| s.info("replication", &format!("repl_backlog_{f}")))
        };
        for (words, size) in [("20kb", "20480"), ("1", "16384"), ("1mb", "1048576")] {
            let reply = m.text(&format!("CONFIG SET repl-backlog-size {words}"));
            check(&format!("{words}: {reply}"), reply == "OK" && fields(m)[1] == size, &[m])?;
        }
        r.ask("REPLICAOF NO ONE");
        let line = "Replication backlog freed after 1 seconds without connected replicas.";
        eventually(line, &[m], || m.log().contains(line))?;
        check("it is gone", fields(m) == ["0", "1048576", "0", "0"], &[m])?;
        let ids = ["master_replid", "master_replid2"].map(|f| m.info("replication", f));
        check("a new history", ids[0] != id && ids[1] == "0".repeat(40), &[m])?;
        let offset = m.info("replication", "master_repl_offset");
        m.ask("SET uncounted 1");
        check("not counted", m.info("replication", "master_repl_offset") == offset, &[m])?;
    }
    Ok(())
}

/// Every command that we have, asked of two replicas that lost their master.
fn stale_data() -> Outcome {
    let conf = ["--replica-serve-stale-data", "no", "--replica-read-only", "no"];
    let both = KINDS.map(|kind| {
        let s = Server::start(kind, &conf);
        s.ask("REPLICAOF 127.0.0.1 1");
        s
    });
    let [ours, real] = &both;
    // These end the server, its connection or its role.
    let out = ["shutdown", "debug", "monitor", "quit", "replicaof", "slaveof", "reset", "command"];
    let Value::Array(commands) = ours.ask("COMMAND") else { return Err("no list".into()) };
    let mut tried = 0;
    for command in commands {
        let Value::Array(about) = command else { return Err("no description".into()) };
        let (Some(name), Value::Int(arity)) = (about[0].as_bytes(), &about[1]) else {
            return Err(format!("{about:?}").into());
        };
        let name = String::from_utf8_lossy(name).into_owned();
        if out.contains(&name.as_str()) {
            continue;
        }
        let words = arity.unsigned_abs() as usize - 1;
        let line = [vec![name], vec!["x".to_owned(); words]].concat().join(" ");
        let down = |s: &Server| s.text(&line).starts_with("MASTERDOWN");
        check(&line, down(ours) == down(real), &[])?;
        tried += 1;
    }
    check(&format!("{tried} commands"), tried > 50, &[])
}
