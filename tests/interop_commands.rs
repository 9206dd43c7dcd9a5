//! The commands about the server, its clients, its settings and its transactions, against the
//! oracle: the same bytes go to a real redis-server and to an engine of ours.

mod real_redis;

use libtest_mimic::{Arguments, Failed};
use real_redis::{Client, RealRedis, trial};
use std::collections::BTreeSet;
use synclab::engine::conn::ConnId;
use synclab::engine::testkit::TestServer;
use synclab::wire::command::encode_command;
use synclab::wire::text::split_args;
use synclab::wire::value::{ReplyParser, Value};

#[path = "interop_commands/lines.rs"]
mod lines;

fn main() {
    let args = Arguments::from_args();
    let trials = vec![
        trial("written_lines_answer_alike", written_lines_answer_alike),
        trial("commands_are_described_alike", commands_are_described_alike),
        trial("settings_have_the_same_names_and_defaults", settings_are_the_same),
        trial("info_has_the_same_fields", info_has_the_same_fields),
        trial("settings_survive_a_rewrite_by_the_oracle", settings_survive_a_rewrite),
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
    fn new() -> Pair {
        let redis = RealRedis::start(&["--enable-debug-command", "yes"]);
        let real = redis.client();
        let mut ours = TestServer::new("save \"\"\nenable-debug-command yes");
        ours.finish_boot();
        let conn = ours.connect();
        Pair { _redis: redis, real, ours, conn }
    }

    fn ours<A: AsRef<[u8]>>(&mut self, words: &[A]) -> Option<Value> {
        let mut bytes = Vec::new();
        encode_command(&mut bytes, words);
        let reply = self.ours.send(self.conn, &bytes);
        let mut parser = ReplyParser::new();
        parser.feed(&reply);
        parser.next().expect("our reply is RESP")
    }

    fn both<A: AsRef<[u8]>>(&mut self, words: &[A]) -> (Value, Value) {
        let real = self.real.call(words);
        let ours = self.ours(words).unwrap_or_else(|| panic!("no reply from ours"));
        (real, ours)
    }
}

fn written_lines_answer_alike() -> Outcome {
    let mut pair = Pair::new();
    let mut wrong = Vec::new();
    for line in lines::ALL.lines().filter(|l| !l.is_empty()) {
        let words = split_args(line.as_bytes()).expect("balanced quotes");
        let (real, ours) = pair.both(&words);
        if real != ours {
            wrong.push(format!("{line}\n  redis: {real:?}\n  ours:  {ours:?}"));
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n").into()) }
}

/// The elements of an array.
fn items(value: &Value) -> &[Value] {
    match value {
        Value::Array(items) => items,
        other => panic!("no array: {other:?}"),
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::Bulk(bytes) | Value::Simple(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        other => panic!("no text: {other:?}"),
    }
}

/// COMMAND INFO's elements up to the tips: key specs of ours leave out remarks and unknown ones.
const COMPARED: [&str; 8] = ["name", "arity", "flags", "first", "last", "step", "acl", "tips"];

fn described_alike(real: &[Value], ours: &[Value], wrong: &mut Vec<String>) {
    for (i, what) in COMPARED.iter().enumerate() {
        if real[i] != ours[i] {
            let name = text(&ours[0]);
            wrong.push(format!("{name} {what}: redis {:?}, ours {:?}", real[i], ours[i]));
        }
    }
    for sub in items(&ours[9]) {
        let twin = items(&real[9]).iter().find(|r| items(r)[0] == items(sub)[0]);
        match twin {
            Some(twin) => described_alike(items(twin), items(sub), wrong),
            None => wrong.push(format!("{:?} is unknown to redis", items(sub)[0])),
        }
    }
}

fn commands_are_described_alike() -> Outcome {
    let mut pair = Pair::new();
    let names = pair.ours(&["COMMAND", "LIST"]).expect("a list");
    let mut wrong = Vec::new();
    for name in items(&names) {
        let (real, ours) = pair.both(&["COMMAND", "INFO", &text(name)]);
        match &items(&real)[0] {
            Value::Array(real) => described_alike(real, items(&items(&ours)[0]), &mut wrong),
            _ => wrong.push(format!("{} is unknown to redis", text(name))),
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n").into()) }
}

fn pairs(value: &Value) -> BTreeSet<(String, String)> {
    items(value).chunks(2).map(|p| (text(&p[0]), text(&p[1]))).collect()
}

fn settings_are_the_same() -> Outcome {
    let mut pair = Pair::new();
    let (real, ours) = pair.both(&["CONFIG", "GET", "*"]);
    let host = ["dir", "port", "bind", "logfile", "pidfile"];
    let keep = |(name, _): &(String, String)| !host.contains(&name.as_str());
    let real: BTreeSet<_> = pairs(&real).into_iter().filter(keep).collect();
    let ours: BTreeSet<_> = pairs(&ours).into_iter().filter(keep).collect();
    let differ: Vec<_> = real.symmetric_difference(&ours).collect();
    if differ.is_empty() { Ok(()) } else { Err(format!("{differ:?}").into()) }
}

fn info_has_the_same_fields() -> Outcome {
    let mut pair = Pair::new();
    for args in [
        &["INFO"][..],
        &["INFO", "everything"],
        &["INFO", "all"],
        &["INFO", "server", "Replication"],
        &["INFO", "default", "commandstats"],
        &["INFO", "nosuch"],
    ] {
        let (real, ours) = pair.both(args);
        let names = |v: &Value| -> Vec<String> {
            text(v)
                .lines()
                .map(|l| l.split(':').next().unwrap_or("").to_string())
                .filter(|n| !n.starts_with("cmdstat_") && !n.starts_with("latency_percentiles"))
                .collect()
        };
        if names(&real) != names(&ours) {
            return Err(format!("{args:?}\n{:?}\n{:?}", names(&real), names(&ours)).into());
        }
    }
    Ok(())
}

/// A conf file that the oracle has rewritten is understood here.
fn settings_survive_a_rewrite() -> Outcome {
    let dir = tempfile::tempdir()?;
    std::fs::write(dir.path().join("redis.conf"), "# mine\ntimeout 3\nmasterauth \"a b\"\n")?;
    let redis = RealRedis::start_with_conf(dir, "redis.conf");
    let mut client = redis.client();
    client.call(&["CONFIG", "SET", "repl-backlog-size", "3mb", "save", "10 1 20 2"]);
    client.call(&["CONFIG", "SET", "requirepass", "pw", "maxmemory-policy", "allkeys-lru"]);
    client.call(&["CONFIG", "REWRITE"]);
    let text = std::fs::read_to_string(redis.dir().join("redis.conf"))?;
    let mut config = synclab::engine::config::Config::default();
    synclab::engine::config::file::apply(&mut config, &text)
        .map_err(|e| format!("{e:?} in\n{text}"))?;
    assert_eq!(config.requirepass, b"pw");
    assert_eq!(config.masterauth, b"a b");
    assert_eq!(config.repl_backlog_size, 3 << 20);
    assert_eq!(config.save.len(), 2);
    Ok(())
}
