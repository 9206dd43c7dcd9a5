//! FAILOVER between ours and the oracle, in every pairing: a real redis-server hands over to ours,
//! ours hands over to a real one, and what goes wrong goes wrong in the same words.

mod real_redis;

use libtest_mimic::{Arguments, Trial};
use real_redis::either::{Kind, Outcome, Server, check, eventually, same};
use real_redis::trial;
use synclab::wire::value::Value;

fn main() {
    let args = Arguments::from_args();
    let mut trials: Vec<Trial> = Vec::new();
    use Kind::{Ours, Real};
    for (old, new) in [(Ours, Real), (Real, Ours), (Ours, Ours)] {
        let name = |what: &str| format!("{what}::{old:?}_to_{new:?}").to_lowercase();
        trials.push(trial(&name("and_back"), move || and_back(old, new)));
        trials.push(trial(&name("no_write_is_lost"), move || no_write_is_lost(old, new)));
        trials.push(trial(&name("force"), move || force(old, new)));
        trials.push(trial(&name("time_out"), move || time_out(old, new)));
        trials.push(trial(&name("abort"), move || abort(old, new)));
        trials.push(trial(&name("rejected"), move || rejected(old, new)));
    }
    trials.push(trial("log_lines_are_the_same", log_lines));
    trials.push(trial("refusals_are_the_same", refusals));
    libtest_mimic::run(&args, trials).exit();
}

/// A master, a replica that is to take over, and a bystander of the other kind.
fn trio(old: Kind, new: Kind) -> Result<[Server; 3], libtest_mimic::Failed> {
    let third = if old == Kind::Ours { Kind::Real } else { Kind::Ours };
    let all = [Server::start(old, &[]), Server::start(new, &[]), Server::start(third, &[])];
    all[1].follow(&all[0])?;
    all[2].follow(&all[0])?;
    all[0].ask("SET before 1");
    same(&[&all[0], &all[1], &all[2]])?;
    Ok(all)
}

fn state(s: &Server) -> String {
    s.info("replication", "master_failover_state")
}

fn is_master(s: &Server) -> bool {
    s.info("replication", "role") == "master"
}

fn link(s: &Server) -> String {
    s.info("replication", "master_link_status")
}

/// `m` has become `t`'s replica, and everybody is in sync.
fn handed_over(m: &Server, t: &Server, o: &Server) -> Outcome {
    eventually("the role went over", &[m, t, o], || {
        is_master(t) && state(m) == "no-failover" && link(m) == "up" && link(o) == "up"
    })
}

fn start(m: &Server, words: &str) -> Outcome {
    let reply = m.text(words);
    check(&format!("{words}: {reply}"), reply == "OK", &[m])
}

fn syncs(s: &Server) -> [String; 3] {
    ["sync_full", "sync_partial_ok", "sync_partial_err"].map(|f| s.info("stats", f))
}

fn and_back(old: Kind, new: Kind) -> Outcome {
    let [m, t, o] = &trio(old, new)?;
    let id = m.info("replication", "master_replid");
    start(m, &format!("FAILOVER TO 127.0.0.1 {}", t.port))?;
    handed_over(m, t, o)?;
    check("the old id is the second one", t.info("replication", "master_replid2") == id, &[m, t])?;
    check("no full sync", [syncs(t), syncs(m)] == [["0", "1", "0"], ["2", "1", "2"]], &[m, t, o])?;
    t.ask("SET after 1");
    same(&[m, t, o])?;
    // And back again, to whichever replica is in sync: there is but one.
    start(t, "FAILOVER TIMEOUT 15000")?;
    eventually("the role came back", &[m, t, o], || {
        is_master(m) && state(t) == "no-failover" && link(t) == "up" && link(o) == "up"
    })?;
    m.ask("SET again 1");
    same(&[m, t, o])?;
    check("still no full sync", syncs(t)[0] == "0" && syncs(m)[0] == "2", &[m, t, o])
}

/// Writes 1, 2, 3 … to a key until it is refused; answers how many writes were taken.
fn count_up(server: &Server, key: &'static str) -> std::thread::JoinHandle<u64> {
    let mut client = server.client();
    std::thread::spawn(move || {
        let mut good: u64 = 0;
        while let Some(Value::Simple(_)) = client.try_call(&["SET", key, &(good + 1).to_string()]) {
            good += 1;
        }
        good
    })
}

/// Every write that was answered with OK is on the new master.
fn no_write_is_lost(old: Kind, new: Kind) -> Outcome {
    let [m, t, o] = &trio(old, new)?;
    let keys = ["first", "second"];
    let writers = keys.map(|key| count_up(m, key));
    eventually("both write", &[m], || {
        keys.iter().all(|k| m.text(&format!("GET {k}")).parse().unwrap_or(0) > 100)
    })?;
    start(m, &format!("FAILOVER TO 127.0.0.1 {} TIMEOUT 15000", t.port))?;
    let outcome = handed_over(m, t, o);
    if outcome.is_err() {
        // The writers end when somebody refuses them.
        m.ask("REPLICAOF 127.0.0.1 1");
    }
    let counts = writers.map(|w| w.join().expect("a writer ends"));
    outcome?;
    same(&[m, t, o])?;
    for (key, good) in keys.iter().zip(counts) {
        let kept = t.text(&format!("GET {key}"));
        let what = format!("{good} were taken, {kept} are kept");
        check(&what, kept == good.to_string(), &[m, t])?;
    }
    Ok(())
}

fn force(old: Kind, new: Kind) -> Outcome {
    let [m, t, o] = &trio(old, new)?;
    t.freeze();
    m.ask("SET more 1");
    start(m, &format!("FAILOVER TO 127.0.0.1 {} TIMEOUT 300 FORCE", t.port))?;
    let waits = eventually("it asks the target", &[m, o], || state(m) == "failover-in-progress");
    let refusal = m.text("SET no way");
    t.thaw();
    waits?;
    check(&refusal, refusal.contains("READONLY"), &[m])?;
    handed_over(m, t, o)?;
    same(&[m, t, o])?;
    check("nothing was lost", t.text("GET more") == "1", &[m, t, o])
}

fn time_out(old: Kind, new: Kind) -> Outcome {
    let [m, t, o] = &trio(old, new)?;
    let id = m.info("replication", "master_replid");
    t.freeze();
    m.ask("SET more 1");
    start(m, &format!("FAILOVER TO 127.0.0.1 {} TIMEOUT 300", t.port))?;
    // A write waits for the end of it.
    let late = m.text("SET late 1");
    t.thaw();
    check(&late, late == "OK", &[m])?;
    check("it is the master", is_master(m) && state(m) == "no-failover", &[m])?;
    check("with its id", m.info("replication", "master_replid") == id, &[m])?;
    let line = "aborted: Replica never caught up before timeout";
    check(line, m.log().contains(line), &[m])?;
    same(&[m, t, o])
}

fn abort(old: Kind, new: Kind) -> Outcome {
    let [m, t, o] = &trio(old, new)?;
    let id = m.info("replication", "master_replid");
    t.freeze();
    m.ask("SET more 1");
    start(m, &format!("FAILOVER TO 127.0.0.1 {} TIMEOUT 300 FORCE", t.port))?;
    let waits = eventually("it asks the target", &[m, o], || state(m) == "failover-in-progress");
    let reply = m.text("FAILOVER ABORT");
    let (master, id2) = (is_master(m), m.info("replication", "master_replid2"));
    t.thaw();
    waits?;
    check(&reply, reply == "OK" && master, &[m])?;
    check("its old id is the second one", id2 == id, &[m])?;
    eventually("both are back", &[m, t, o], || link(t) == "up" && link(o) == "up")?;
    m.ask("SET more 2");
    same(&[m, t, o])
}

/// The target does not let its master in.
fn rejected(old: Kind, new: Kind) -> Outcome {
    let [m, t, o] = &trio(old, new)?;
    let id = m.info("replication", "master_replid");
    match new {
        Kind::Real => t.ask("ACL SETUSER default -psync"),
        Kind::Ours => t.ask("CONFIG SET requirepass secret"),
    };
    start(m, &format!("FAILOVER TO 127.0.0.1 {}", t.port))?;
    let line = "aborted: Failover target rejected psync request";
    eventually(line, &[m, t, o], || m.log().contains(line))?;
    check("it is the master", is_master(m) && state(m) == "no-failover", &[m, t])?;
    check("with a new id", m.info("replication", "master_replid2") == id, &[m, t])?;
    check("and takes writes", m.text("SET on 1") == "OK", &[m, t])?;
    eventually("the bystander is back", &[m, o], || link(o) == "up")?;
    same(&[m, o])
}

/// What both ends log from the request on, ours beside the oracle's.
fn log_lines() -> Outcome {
    let told = |kind: Kind| -> Result<[Vec<String>; 2], libtest_mimic::Failed> {
        let all = [Server::start(kind, &[]), Server::start(kind, &[])];
        let [m, t] = &all;
        t.follow(m)?;
        m.ask("SET a 1");
        same(&[m, t])?;
        start(m, &format!("FAILOVER TO 127.0.0.1 {}", t.port))?;
        eventually("the role went over", &[m, t], || is_master(t) && link(m) == "up")?;
        let mut old = m.told_since("FAILOVER requested", &[m, t]);
        // Two sockets are read in any order: the link's end, and the answer on the new link.
        let end = old.iter().position(|l| l.contains("Connection with replica"));
        let end = end.map(|i| old.remove(i));
        old.extend(end);
        Ok([old, t.told_since("Failover request received", &[m, t])])
    };
    let (ours, real) = (told(Kind::Ours)?, told(Kind::Real)?);
    if ours == real { Ok(()) } else { Err(format!("{ours:#?}\n{real:#?}").into()) }
}

/// Each request that cannot be, asked of both.
fn refusals() -> Outcome {
    let ours = trio(Kind::Ours, Kind::Real)?;
    let real = trio(Kind::Real, Kind::Ours)?;
    let both = |who: usize, words: &str| -> Outcome {
        let fill = |all: &[Server; 3]| {
            let filled = words.replace("<port>", &all[1].port.to_string());
            all[who].text(&filled)
        };
        let (a, b) = (fill(&ours), fill(&real));
        check(&format!("{words}: {a} / {b}"), a == b, &[])
    };
    for words in [
        "FAILOVER ABORT",
        "FAILOVER abort now",
        "FAILOVER TO 127.0.0.1",
        "FAILOVER TO localhost 1 FORCE",
        "FAILOVER TO 127.0.0.1 x",
        "FAILOVER TO 127.0.0.1 99999999999999999999",
        "FAILOVER TO 127.0.0.1 1",
        "FAILOVER TO 127.0.0.1 <port> TO 127.0.0.1 <port>",
        "FAILOVER TO 127.0.0.1 <port> FORCE",
        "FAILOVER FORCE",
        "FAILOVER FORCE FORCE TIMEOUT 5",
        "FAILOVER FORCE TIMEOUT 5",
        "FAILOVER TIMEOUT",
        "FAILOVER TIMEOUT 0",
        "FAILOVER TIMEOUT -3",
        "FAILOVER TIMEOUT 5 TIMEOUT 6",
        "FAILOVER TIMEOUT x",
        "FAILOVER nothing",
        "PSYNC 0123456789012345678901234567890123456789 1 FAILOVER",
        "CLIENT PAUSE x",
        "CLIENT PAUSE -1",
        "CLIENT PAUSE 1 some",
        "CLIENT PAUSE 1 write now",
        "CLIENT UNPAUSE",
    ] {
        both(0, words)?;
    }
    for words in ["FAILOVER", "FAILOVER ABORT", "FAILOVER TO 127.0.0.1 <port> FORCE"] {
        both(1, words)?;
    }
    for all in [&ours, &real] {
        all[1].freeze();
        all[0].ask("SET more 1");
        start(&all[0], &format!("FAILOVER TO 127.0.0.1 {}", all[1].port))?;
    }
    let mut outcome = Ok(());
    for words in [
        "FAILOVER",
        "FAILOVER FORCE",
        "REPLICAOF 127.0.0.1 1",
        "REPLICAOF NO ONE",
        "SLAVEOF 127.0.0.1 x",
        "PSYNC ? -1",
        "SYNC",
        "GET before",
        "FAILOVER ABORT",
        "SET after 1",
    ] {
        outcome = outcome.and_then(|()| both(0, words));
    }
    ours[1].thaw();
    real[1].thaw();
    outcome
}
