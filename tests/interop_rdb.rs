//! The RDB walker against the oracle: files with every type that a real redis-server writes, walked
//! through and compared with what that server says about its keys, and with redis-check-rdb's verdict.

mod real_redis;

use libtest_mimic::{Arguments, Failed};
use real_redis::{Client, RealRedis, trial};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};
use synclab::wire::rdb::walk::{Element, Grain, Item, KeyEnd, WalkError, Walker, What};
use synclab::wire::value::Value;

fn main() {
    let args = Arguments::from_args();
    let trials = vec![
        trial("every_type_is_told_as_the_server_knows_it", every_type),
        trial("lru_and_lfu_are_told", lru_and_lfu),
        trial("inspect_prints_what_redis_saved", inspect_prints),
        trial("verdicts_are_those_of_redis_check_rdb", verdicts),
    ];
    libtest_mimic::run(&args, trials).exit();
}

type Outcome = Result<(), Failed>;

/// The year 2100.
const LATER_MS: &str = "4102444800000";

fn run(client: &mut Client, line: &str) -> Value {
    let words: Vec<&str> = line.split(' ').collect();
    let reply = client.call(&words);
    assert!(reply.error().is_none(), "{line}: {reply:?}");
    reply
}

fn number(client: &mut Client, line: &str) -> i64 {
    match run(client, line) {
        Value::Int(n) => n,
        other => panic!("{line}: {other:?}"),
    }
}

fn text(value: Value) -> Vec<u8> {
    match value {
        Value::Bulk(text) | Value::Simple(text) => text,
        other => panic!("no text: {other:?}"),
    }
}

/// Small and large values of every type, in databases 0 and 3.
fn fill(client: &mut Client) {
    let long = "x".repeat(100);
    let prose = "to be or not to be ".repeat(50).replace(' ', "_");
    for db in ["0", "3"] {
        run(client, &format!("SELECT {db}"));
        for value in ["1", "-129", "40000", "2147483648", "plain", &prose, "007"] {
            run(client, &format!("SET s:{} {value}", &value[..value.len().min(6)]));
        }
        run(client, "SETRANGE s:big 300000 end");
        run(client, &format!("SET s:later v PXAT {LATER_MS}"));
        run(client, "RPUSH l:small 1 a 300 -5000 100000 3000000000 -1");
        run(client, &format!("RPUSH l:words {long} b"));
        run(client, "SADD set:int 1 2 300");
        run(client, "SADD set:wide 1 70000 5000000000");
        run(client, "SADD set:text a b 1");
        run(client, "ZADD z:small -inf c 1 a 1.5 b 100000 d");
        run(client, "HSET h:small f v n 12");
        run(client, &format!("HSET h:large f {long} g w"));
        run(client, &format!("ZADD z:large 1 {long} 2.25 b inf c"));
        run(client, "PFADD hll a b c");
        for n in 0..700 {
            run(client, &format!("RPUSH l:many {long}{n}"));
            run(client, &format!("SADD set:many m{n}"));
            run(client, &format!("HSET h:many f{n} v{n}"));
            run(client, &format!("ZADD z:many {n}.5 m{n}"));
            run(client, &format!("XADD x:many {n}-1 f {n} g w"));
        }
        // A node that is one large element, and nodes that are compressed.
        run(client, &format!("RPUSH l:huge a {} b", "y".repeat(20_000)));
        run(client, "XADD x:small 1-1 f v");
        run(client, "XADD x:small 1-2 f w");
        run(client, "XADD x:small 2-0 g 1 h 2");
        run(client, "XDEL x:small 1-2");
        run(client, "XGROUP CREATE x:small grp 0");
        run(client, "XREADGROUP GROUP grp al COUNT 1 STREAMS x:small >");
        run(client, "XGROUP CREATE x:empty g $ MKSTREAM");
        run(client, "EXPIRE h:small 1000000");
    }
    let library = "#!lua name=lib\nredis.register_function('f', function(keys, args) return 1 end)";
    let reply = client.call(&["FUNCTION", "LOAD", library]);
    assert!(reply.error().is_none(), "{reply:?}");
}

fn walk(bytes: &[u8], grain: Grain) -> Result<Vec<Item>, WalkError> {
    let mut walker = Walker::new(grain);
    let mut items = Vec::new();
    for piece in bytes.chunks(4096) {
        walker.push(piece);
        while let Some(item) = walker.next()? {
            items.push(item);
        }
    }
    walker.end_of_input();
    while let Some(item) = walker.next()? {
        items.push(item);
    }
    Ok(items)
}

fn keys(items: &[Item]) -> BTreeMap<(u64, Vec<u8>), KeyEnd> {
    let keys = items.iter().filter_map(|item| match &item.what {
        What::Key(key) => Some(((key.db, key.key.bytes.clone()), (**key).clone())),
        _ => None,
    });
    keys.collect()
}

/// What the server says about each of its keys is what the file says.
fn compare(client: &mut Client, items: &[Item]) {
    let told = keys(items);
    let mut seen = 0;
    for db in [0, 3] {
        run(client, &format!("SELECT {db}"));
        let Value::Array(names) = run(client, "KEYS *") else { panic!("no list of keys") };
        for name in names {
            let name = String::from_utf8(text(name)).expect("plain names");
            let key = &told[&(db, name.clone().into_bytes())];
            seen += 1;
            let kind = text(run(client, &format!("TYPE {name}")));
            assert_eq!(key.kind.name().as_bytes(), kind, "{name}");
            let count = match key.kind.name() {
                "string" => "STRLEN",
                "list" => "LLEN",
                "set" => "SCARD",
                "zset" => "ZCARD",
                "hash" => "HLEN",
                _ => "XLEN",
            };
            let count = number(client, &format!("{count} {name}"));
            assert_eq!(key.size as i64, count, "{name}");
            let expires = number(client, &format!("PEXPIRETIME {name}"));
            assert_eq!(key.expire_ms.unwrap_or(-1), expires, "{name}");
            first_elements(client, &name, key);
        }
    }
    assert_eq!(seen, told.len());
}

fn first_elements(client: &mut Client, name: &str, key: &KeyEnd) {
    for (n, element) in key.sample.iter().enumerate() {
        let (want, got) = match (key.kind.name(), element) {
            ("string", Element::One(clip)) => {
                let end = clip.bytes.len() as i64 - 1;
                let command = format!("GETRANGE {name} 0 {end}");
                (if end < 0 { Vec::new() } else { text(run(client, &command)) }, &clip.bytes)
            }
            ("list", Element::One(clip)) if !clip.is_cut() => {
                (text(run(client, &format!("LINDEX {name} {n}"))), &clip.bytes)
            }
            ("hash", Element::Pair(field, value)) => {
                let field = String::from_utf8_lossy(&field.bytes).into_owned();
                (text(run(client, &format!("HGET {name} {field}"))), &value.bytes)
            }
            ("set", Element::One(clip)) => {
                let member = String::from_utf8_lossy(&clip.bytes).into_owned();
                assert_eq!(number(client, &format!("SISMEMBER {name} {member}")), 1);
                continue;
            }
            ("zset", Element::Scored(member, score)) => {
                let member = String::from_utf8_lossy(&member.bytes).into_owned();
                let got = text(run(client, &format!("ZSCORE {name} {member}")));
                let got: f64 = String::from_utf8_lossy(&got).parse().expect("a score");
                assert_eq!(got, *score, "{name} {member}");
                continue;
            }
            ("stream", Element::Entry { id, fields, .. }) => {
                let command = format!("XRANGE {name} {0}-{1} {0}-{1}", id.0, id.1);
                let Value::Array(found) = run(client, &command) else { panic!("no entries") };
                let [Value::Array(entry)] = found.as_slice() else { panic!("{name}: {found:?}") };
                let Value::Array(pairs) = &entry[1] else { panic!("no fields") };
                assert_eq!(pairs.len() as u64, fields * 2);
                continue;
            }
            _ => continue,
        };
        assert_eq!(String::from_utf8_lossy(got), String::from_utf8_lossy(&want), "{name}");
    }
}

fn saved(server: &RealRedis, client: &mut Client) -> Vec<u8> {
    run(client, "SAVE");
    std::fs::read(server.dir().join("dump.rdb")).expect("the dump")
}

fn every_type() -> Outcome {
    for compress in ["yes", "no"] {
        let depth = if compress == "yes" { "1" } else { "0" };
        let args = ["--rdbcompression", compress, "--list-compress-depth", depth];
        let server = RealRedis::start(&args);
        let mut client = server.client();
        fill(&mut client);
        let bytes = saved(&server, &mut client);
        for grain in [Grain::Records, Grain::Parts] {
            let items = walk(&bytes, grain)?;
            compare(&mut client, &items);
            let end: u64 = items.iter().filter(|i| i.depth == 0).map(|i| i.len).sum();
            assert_eq!(end, bytes.len() as u64, "records lie end to end");
        }
        let items = walk(&bytes, Grain::Parts)?;
        let has = |what: &dyn Fn(&What) -> bool| items.iter().any(|i| what(&i.what));
        assert!(has(&|w| matches!(w, What::Function { .. })));
        assert!(has(&|w| matches!(w, What::Consumer { .. })));
        let formats = ["listpack", "intset"];
        for format in formats {
            assert!(has(&|w| matches!(w, What::Container { format: f, .. } if *f == format)));
        }
        let unpacked = items.iter().any(|i| i.unpacked);
        assert_eq!(unpacked, compress == "yes", "compressed containers are looked into");
    }
    Ok(())
}

fn lru_and_lfu() -> Outcome {
    for (policy, lfu) in [("allkeys-lru", false), ("allkeys-lfu", true)] {
        let server = RealRedis::start(&["--maxmemory-policy", policy]);
        let mut client = server.client();
        run(&mut client, "SET a 1");
        run(&mut client, "RPUSH l a");
        let bytes = saved(&server, &mut client);
        for key in keys(&walk(&bytes, Grain::Records)?).values() {
            assert_eq!((key.freq.is_some(), key.idle.is_some()), (lfu, !lfu));
        }
    }
    Ok(())
}

fn inspect(args: &[&str]) -> (i32, String, String) {
    let out = Command::new(env!("CARGO_BIN_EXE_synclab"))
        .arg("inspect")
        .args(args)
        .output()
        .expect("synclab runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (out.status.code().unwrap_or(-1), text(&out.stdout), text(&out.stderr))
}

fn inspect_prints() -> Outcome {
    let server = RealRedis::start(&[]);
    let mut client = server.client();
    fill(&mut client);
    let bytes = saved(&server, &mut client);
    let path = server.dir().join("dump.rdb");
    let path = path.to_str().expect("a plain path");
    let (code, out, err) = inspect(&[path]);
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    let keys = number(&mut client, "DBSIZE") * 2;
    let summary = out.lines().last().expect("a summary");
    assert!(summary.starts_with(&format!("{keys} keys in 2 databases: ")), "{summary}");
    assert!(summary.ends_with("checksum right"), "{summary}");
    assert!(!out.contains('\x1b'), "no colours into a pipe");
    let (_, few, _) = inspect(&[path, "--keys", "0"]);
    assert!(few.lines().count() < 40 && few.lines().last() == Some(summary), "{few}");
    // All of a hash of 700, and whoever stops reading is not scolded.
    let (_, all, _) = inspect(&[path, "--all"]);
    assert!(all.contains("f699 = v699") && all.contains("f0 = v0"), "the last of many");
    let mut child = Command::new(env!("CARGO_BIN_EXE_synclab"))
        .args(["inspect", "--all", path])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    drop(child.stdout.take());
    let out = child.wait_with_output()?;
    assert_eq!((out.status.code(), out.stderr.len()), (Some(0), 0), "{out:?}");
    // Cut, and not there.
    let cut = server.dir().join("cut.rdb");
    std::fs::write(&cut, &bytes[..bytes.len() / 2])?;
    let (code, out, err) = inspect(&[cut.to_str().expect("a plain path")]);
    assert!(code == 1 && out.contains("redis-ver") && err.contains("the file ends where"), "{err}");
    let (code, _, err) = inspect(&["/nowhere/dump.rdb"]);
    assert!(code == 2 && err.contains("/nowhere/dump.rdb: No such file"), "{err}");
    Ok(())
}

fn check_rdb(path: &Path) -> bool {
    let check = Command::new("redis-check-rdb").arg(path).output().expect("redis-check-rdb");
    check.status.success() && String::from_utf8_lossy(&check.stdout).contains("RDB looks OK")
}

fn verdicts() -> Outcome {
    let server = RealRedis::start(&[]);
    let mut client = server.client();
    run(&mut client, "RPUSH l:small 1 a 300");
    run(&mut client, "HSET h:small f v n 12");
    run(&mut client, "ZADD z:small 1 a 1.5 b");
    run(&mut client, "XADD x:small 1-1 f v");
    run(&mut client, &format!("SET s {}", "to_be_or_not_to_be".repeat(20)));
    let bytes = saved(&server, &mut client);
    let dir = tempfile::tempdir()?;
    let path = dir.path().join("changed.rdb");
    let agree = |bytes: &[u8], what: String| -> Outcome {
        std::fs::write(&path, bytes)?;
        let (here, there) = (walk(bytes, Grain::Parts), check_rdb(&path));
        assert_eq!(here.is_ok(), there, "{what}: {here:?}");
        Ok(())
    };
    agree(&bytes, "the file itself".into())?;
    let mut unchecked = bytes.clone();
    let end = unchecked.len() - 8;
    unchecked[end..].fill(0);
    agree(&unchecked, "without a checksum".into())?;
    for len in (0..bytes.len()).step_by(7) {
        agree(&bytes[..len], format!("cut at {len}"))?;
    }
    for at in (0..bytes.len()).step_by(5) {
        let mut changed = bytes.clone();
        changed[at] ^= 0x11;
        agree(&changed, format!("changed at {at}"))?;
    }
    Ok(())
}
