//! The wire room against the oracle: what it writes, a real redis-server reads; what a real
//! redis-server writes, it reads; where both judge the same text, they agree.

mod real_redis;

use std::process::Command;

use libtest_mimic::{Arguments, Failed};
use real_redis::{Client, RealRedis, trial};
use synclab::engine::config::Config;
use synclab::engine::keyspace::{HashSeed, Value as Held};
use synclab::engine::persist::{ValueLimits, dump, restore};
use synclab::wire::num::{fmt_f64_17g, fmt_human_long_double, parse_f64, parse_long_double};
use synclab::wire::rdb::{Checksum, Decoder, Item, Options, RdbError, Writer};
use synclab::wire::request::{Limits, Parsed, RequestParser};
use synclab::wire::text::{glob_match, repr};
use synclab::wire::value::Value;

fn main() {
    let args = Arguments::from_args();
    let trials = vec![
        trial("rdb_written_here_loads_there", rdb_written_here_loads_there),
        trial("rdb_written_there_decodes_here", rdb_written_there_decodes_here),
        trial("functions_are_refused", functions_are_refused),
        trial("dump_payloads_are_the_same", dump_payloads_are_the_same),
        trial("long_doubles_agree", long_doubles_agree),
        trial("doubles_agree", doubles_agree),
        trial("random_sums_agree", random_sums_agree),
        trial("globs_agree", globs_agree),
        trial("escapes_agree", escapes_agree),
        trial("requests_are_judged_alike", requests_are_judged_alike),
        trial("strangers_are_judged_alike", strangers_are_judged_alike),
    ];
    libtest_mimic::run(&args, trials).exit();
}

type Outcome = Result<(), Failed>;

fn bulk(text: impl AsRef<[u8]>) -> Value {
    Value::Bulk(text.as_ref().to_vec())
}

/// Far in the future, so that nothing expires under the test: the year 2100.
const LATER_MS: i64 = 4_102_444_800_000;

/// Keys and values that take every encoding of a string.
fn samples() -> Vec<(Vec<u8>, Vec<u8>, Option<i64>)> {
    let noise: Vec<u8> =
        (0..20_000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let prose = b"the replica asks, the master answers; ".repeat(2000);
    let mut samples: Vec<(Vec<u8>, Vec<u8>, Option<i64>)> = [
        "",
        "0",
        "-1",
        "127",
        "128",
        "-128",
        "-129",
        "32767",
        "32768",
        "-32769",
        "2147483647",
        "2147483648",
        "-2147483648",
        "-2147483649",
        "007",
        "+1",
        "9223372036854775807",
        "1.5",
        "hello world",
    ]
    .iter()
    .enumerate()
    .map(|(n, value)| (format!("s:{n}").into_bytes(), value.as_bytes().to_vec(), None))
    .collect();
    for len in [20usize, 21, 22, 63, 64, 263, 264, 265, 16_383, 16_384, 100_000] {
        samples.push((format!("run:{len}").into_bytes(), vec![b'a'; len], None));
    }
    for len in [63usize, 64, 16_383, 16_384] {
        samples.push((format!("noise:{len}").into_bytes(), noise[..len].to_vec(), Some(LATER_MS)));
    }
    samples.push((b"prose".to_vec(), prose, Some(LATER_MS + 1)));
    samples.push((b"12345".to_vec(), b"\x00\xff\r\n".to_vec(), Some(LATER_MS + 999)));
    samples.push((vec![b'k'; 300], b"long key".to_vec(), None));
    samples
}

fn rdb_written_here_loads_there() -> Outcome {
    for compression in [true, false] {
        for checksum in [true, false] {
            let samples = samples();
            let mut w = Writer::new(Options { compression, checksum });
            w.header();
            w.aux("redis-ver", "7.0.15");
            w.aux("redis-bits", "64");
            let expires = samples.iter().filter(|s| s.2.is_some()).count() as u64;
            for db in [0, 9] {
                w.select_db(db);
                w.resize_db(samples.len() as u64, expires);
                for (key, value, expire) in &samples {
                    w.string_key(key, value, *expire);
                }
            }
            w.eof();
            let dir = tempfile::tempdir()?;
            let path = dir.path().join("dump.rdb");
            std::fs::write(&path, w.take())?;
            let check = Command::new("redis-check-rdb").arg(&path).output()?;
            let said = String::from_utf8_lossy(&check.stdout).into_owned();
            assert!(check.status.success() && said.contains("RDB looks OK"), "{said}");

            let server = RealRedis::start_in(dir, &[]);
            let mut client = server.client();
            for db in ["0", "9"] {
                client.call(&["SELECT", db]);
                assert_eq!(client.call(&["DBSIZE"]), Value::Int(samples.len() as i64));
                for (key, value, expire) in &samples {
                    let name = String::from_utf8_lossy(key);
                    assert_eq!(client.call(&[&b"GET"[..], key]), bulk(value), "{name}");
                    let at = Value::Int(expire.unwrap_or(-1));
                    assert_eq!(client.call(&[&b"PEXPIRETIME"[..], key]), at, "{name}");
                }
            }
        }
    }
    Ok(())
}

fn fill(client: &mut Client) {
    for (key, value, expire) in samples() {
        assert_eq!(client.call(&[&b"SET"[..], &key, &value]), Value::Simple(b"OK".to_vec()));
        if let Some(at) = expire {
            client.call(&[&b"PEXPIREAT"[..], &key, at.to_string().as_bytes()]);
        }
    }
}

fn rdb_written_there_decodes_here() -> Outcome {
    for (args, hint) in [
        (&[][..], ""),
        (&["--maxmemory-policy", "allkeys-lru"], "idle"),
        (&["--maxmemory-policy", "allkeys-lfu"], "freq"),
        (&["--rdbchecksum", "no", "--rdbcompression", "no"], ""),
    ] {
        let server = RealRedis::start(args);
        let mut client = server.client();
        client.call(&["SELECT", "3"]);
        fill(&mut client);
        assert_eq!(client.call(&["SAVE"]), Value::Simple(b"OK".to_vec()));
        let bytes = std::fs::read(server.dir().join("dump.rdb"))?;
        let mut want = samples();
        want.sort();
        for size in [1, 7, 4096, bytes.len()] {
            let mut decoder = Decoder::new();
            let (mut got, mut aux, mut end, mut encoded) = (Vec::new(), Vec::new(), None, 0);
            for piece in bytes.chunks(size) {
                decoder.push(piece);
                while let Some(item) = decoder.next().map_err(|e| e.to_string())? {
                    match item {
                        Item::Version(version) => assert_eq!(version, 10),
                        Item::Aux { key, .. } => {
                            aux.push(String::from_utf8_lossy(&key.to_vec()).into_owned())
                        }
                        Item::SelectDb(db) => assert_eq!(db, 3),
                        Item::ResizeDb { keys, expires } => {
                            let expiring = want.iter().filter(|s| s.2.is_some()).count();
                            assert_eq!((keys, expires), (want.len() as u64, expiring as u64));
                        }
                        Item::String { key, value, hints: h, encoded_bytes } => {
                            assert_eq!(
                                (h.idle.is_some(), h.freq.is_some()),
                                (hint == "idle", hint == "freq")
                            );
                            encoded += encoded_bytes;
                            got.push((key.to_vec(), value.to_vec(), h.expire_ms));
                        }
                        Item::Value { .. } | Item::Part(_) | Item::ValueEnd { .. } => {
                            return Err("a value that is no string".into());
                        }
                        Item::End { checksum } => end = Some(checksum),
                    }
                }
            }
            got.sort();
            assert_eq!(got, want);
            assert_eq!(aux[..2], ["redis-ver", "redis-bits"]);
            let absent = args.contains(&"--rdbchecksum");
            assert_eq!(end, Some(if absent { Checksum::Absent } else { Checksum::Checked }));
            assert_eq!(decoder.consumed(), bytes.len() as u64);
            assert!(
                decoder.finished() && decoder.leftover().is_empty() && encoded < bytes.len() as u64
            );
        }
    }
    Ok(())
}

fn functions_are_refused() -> Outcome {
    let server = RealRedis::start(&[]);
    let mut client = server.client();
    let library = "#!lua name=lib\nredis.register_function('f', function() return 1 end)";
    assert_eq!(client.call(&["FUNCTION", "LOAD", library]).error(), None);
    client.call(&["SAVE"]);
    let mut decoder = Decoder::new();
    decoder.push(&std::fs::read(server.dir().join("dump.rdb"))?);
    let error = loop {
        match decoder.next() {
            Ok(Some(Item::End { .. }) | None) => return Err("a function was taken".into()),
            Ok(Some(_)) => {}
            Err(error) => break error,
        }
    };
    assert_eq!(error, RdbError::Unsupported { what: "functions" });
    Ok(())
}

fn dump_payloads_are_the_same() -> Outcome {
    let server = RealRedis::start(&[]);
    let mut client = server.client();
    fill(&mut client);
    let limits = ValueLimits::new(&Config::default(), HashSeed::new(1), false);
    for (key, value, _) in samples() {
        let name = String::from_utf8_lossy(&key).into_owned();
        let ours = dump(&Held::string(&value), true);
        let Value::Bulk(theirs) = client.call(&[&b"DUMP"[..], &key]) else {
            return Err(format!("DUMP {name}").into());
        };
        let held = restore(&theirs, &limits, true).map_err(|e| format!("{name}: {e:?}"))?;
        assert_eq!(held.bytes(), value, "{name}");
        // Compressors may differ in their choices; without compression the bytes are the same.
        if value.len() <= 20 {
            assert_eq!(ours, theirs, "{name}");
        }
        let restored = client.call(&[&b"RESTORE"[..], b"copy", b"0", &ours, b"REPLACE"]);
        assert_eq!(restored, Value::Simple(b"OK".to_vec()), "{name}");
        assert_eq!(client.call(&["GET", "copy"]), bulk(&value), "{name}");
    }
    Ok(())
}

const NUMBERS: &[&str] = &[
    "0",
    "-0",
    "1",
    "-1",
    "3.0",
    "5.0e3",
    "2.0e2",
    "10.5",
    "0.1",
    "0.2",
    "0.3",
    "10.6",
    "-5",
    "1e20",
    "1e19",
    "1e18",
    "1e17",
    "1e16",
    "1e-5",
    "1e-17",
    "1.5e-17",
    "5e-18",
    "4e-18",
    "1e-18",
    "1e-30",
    "3.14159265358979",
    "123456789.123456789",
    "99999999999999999999999",
    "0.00000000000000001",
    "1e4000",
    "1e4932",
    "1e4933",
    "1e-4000",
    "1e-4950",
    "1e-4951",
    "1e-4952",
    "1e308",
    "1.7976931348623157e308",
    "1.8e308",
    "1e309",
    "1e-308",
    "5e-324",
    "3e-324",
    "2e-324",
    "1e-400",
    "inf",
    "-inf",
    "+inf",
    "INFINITY",
    "nan",
    "-nan",
    "nan(1)",
    "0x10",
    "0x1p4",
    "0x1.8p1",
    "0x.8",
    "0x",
    "0x1p",
    "0x1p-1080",
    "0x1.fffffffffffff8p0",
    "0x1.00000000000008p0",
    "0x1.000000000000000180000000001p0",
    "0xffffffffffffffffffffffffffffffffffff",
    " 1",
    "1 ",
    "1\n",
    "+1",
    "++1",
    "+-1",
    "1.",
    ".5",
    ".",
    "-.",
    "e5",
    "1e",
    "1e+",
    "1e+5",
    "1E5",
    "1.2.3",
    "1,5",
    "abc",
    "",
    "1e99999999999999999999",
    "-1e-99999999999999999999",
    "00012.500",
    "9007199254740993",
    "9223372036854775807",
    "18446744073709551615",
    "18446744073709551616",
    "36893488147419103233",
    "0.5",
    "0.25",
    "0.125",
    "12345678901234.0625",
    "12345678901234.1875",
    "2.5",
    "1e22",
    "1e23",
    "8.5e-15",
    "184.00000000000000001",
    "255.99999999999999999",
    "0e99999",
    "0.0e-99999",
    "1_000",
    "1e5x",
    "١",
];

fn long_doubles_agree() -> Outcome {
    let server = RealRedis::start(&[]);
    let mut client = server.client();
    for a in NUMBERS {
        for b in NUMBERS {
            client.call(&["SET", "k", a]);
            let reply = client.call(&["INCRBYFLOAT", "k", b]);
            let sum = match (parse_long_double(a.as_bytes()), parse_long_double(b.as_bytes())) {
                (Some(x), Some(y)) => match x.checked_add(y).filter(|sum| sum.is_finite()) {
                    Some(sum) => bulk(fmt_human_long_double(&sum)),
                    None => Value::Error(b"ERR increment would produce NaN or Infinity".to_vec()),
                },
                _ => Value::Error(b"ERR value is not a valid float".to_vec()),
            };
            assert_eq!(reply, sum, "{a:?} + {b:?}");
        }
    }
    Ok(())
}

/// Numbers of every size, always the same ones.
fn random_numbers(n: usize) -> Vec<String> {
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    let mut random = |below: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % below
    };
    let mut number = || {
        let sign = ["", "-"][random(2) as usize];
        let mut digits = || {
            let most = 10u64.pow(random(19) as u32 + 1);
            random(most)
        };
        let (whole, fraction) = (digits(), digits());
        match random(3) {
            0 => format!("{sign}{whole}.{fraction}"),
            1 => format!("{sign}{}.{fraction}", whole % 100),
            _ => format!("{sign}{whole}.{fraction}e{}", random(60) as i64 - 30),
        }
    };
    (0..n).map(|_| number()).collect()
}

fn random_sums_agree() -> Outcome {
    let server = RealRedis::start(&[]);
    let mut client = server.client();
    for pair in random_numbers(10_000).chunks(2) {
        client.call(&["SET", "k", &pair[0]]);
        let sum = parse_long_double(pair[0].as_bytes())
            .zip(parse_long_double(pair[1].as_bytes()))
            .and_then(|(a, b)| a.checked_add(b))
            .map(|sum| bulk(fmt_human_long_double(&sum)));
        assert_eq!(Some(client.call(&["INCRBYFLOAT", "k", &pair[1]])), sum, "{pair:?}");
        client.call(&["DEL", "z"]);
        client.call(&["ZADD", "z", &pair[0], "m"]);
        let score = parse_f64(pair[0].as_bytes()).map(|d| bulk(fmt_f64_17g(d)));
        assert_eq!(Some(client.call(&["ZSCORE", "z", "m"])), score, "{}", pair[0]);
    }
    Ok(())
}

fn escapes_agree() -> Outcome {
    let server = RealRedis::start(&[]);
    let mut monitor = server.client();
    assert_eq!(monitor.call(&["MONITOR"]), Value::Simple(b"OK".to_vec()));
    let mut client = server.client();
    let bytes: Vec<u8> = (0..=255).collect();
    client.call(&[&b"ECHO"[..], &bytes]);
    let line = monitor.reply().ok_or("MONITOR says nothing")?;
    let line = String::from_utf8_lossy(line.as_bytes().unwrap_or_default()).into_owned();
    let (_, shown) = line.split_once("] ").ok_or("no client in front")?;
    assert_eq!(shown, format!("\"ECHO\" {}", repr(&bytes)));
    Ok(())
}

fn doubles_agree() -> Outcome {
    let server = RealRedis::start(&[]);
    let mut client = server.client();
    for text in NUMBERS {
        client.call(&["DEL", "z"]);
        let added = client.call(&["ZADD", "z", text, "m"]);
        match parse_f64(text.as_bytes()) {
            Some(value) => {
                assert_eq!(added, Value::Int(1), "{text:?}");
                let score = client.call(&["ZSCORE", "z", "m"]);
                // A score of a small sorted set went through its text form, which has no minus zero.
                let want = if value == 0.0 { "0".to_owned() } else { fmt_f64_17g(value) };
                let score = if score == bulk("-0") { bulk("0") } else { score };
                assert_eq!(score, bulk(want), "{text:?}");
            }
            None => {
                let refused = Value::Error(b"ERR value is not a valid float".to_vec());
                assert_eq!(added, refused, "{text:?}");
            }
        }
    }
    Ok(())
}

fn globs_agree() -> Outcome {
    let server = RealRedis::start(&[]);
    let mut client = server.client();
    let texts: Vec<&[u8]> = vec![
        b"a", b"b", b"ab", b"ba", b"abc", b"abcabc", b"-", b"]", b"[", b"^", b"\\", b"*", b"?",
        b"a-c", b"a]", b"[a]", b"\xff", b"\x80", b"\x7f", b"A", b"aB", b"a\\b",
    ];
    for text in &texts {
        client.call(&[&b"SET"[..], text, b"1"]);
    }
    let patterns: Vec<&[u8]> = vec![
        b"?",
        b"a*",
        b"*a",
        b"*b*",
        b"a**",
        b"**c",
        b"a*c*",
        b"[ab]",
        b"[^ab]",
        b"[a-c]",
        b"[c-a]",
        b"[a",
        b"[^a",
        b"[",
        b"[^",
        b"[]",
        b"[]a]",
        b"[^]",
        b"[a-]",
        b"[-a]",
        b"[a-c",
        b"[a-",
        b"[\\]]",
        b"[\\a-c]",
        b"[a\\-c]",
        b"[\\",
        b"\\",
        b"\\a",
        b"\\*",
        b"\\?",
        b"a\\",
        b"a\\\\b",
        b"[A-a]",
        b"[\x7f-\xff]",
        b"[\x80-\xff]",
        b"[\xff-\x80]",
        b"[a-\xff]",
        b"*?",
        b"?*?",
        b"*[ab]*",
        b"a]",
        b"*]",
        b"",
        b"[*]",
        b"[?]",
        b"*\\",
        b"a?c",
        b"ab*abc",
        b"[a-bc]",
        b"a[",
        b"*[",
        b"**",
        b"[a]]",
    ];
    for pattern in patterns {
        let Value::Array(got) = client.call(&[&b"KEYS"[..], pattern]) else {
            return Err("KEYS".into());
        };
        for text in &texts {
            let theirs = got.contains(&bulk(text));
            let ours = glob_match(pattern, text, false);
            let shown = (String::from_utf8_lossy(pattern), String::from_utf8_lossy(text));
            assert_eq!(ours, theirs, "{shown:?}");
        }
    }
    Ok(())
}

/// What a server that uses our parser would answer to `bytes`, if it knew only ECHO and PING.
fn judge(bytes: &[u8], limits: &Limits) -> Vec<Value> {
    let mut parser = RequestParser::new();
    let (mut argv, mut rest, mut replies) = (Vec::new(), bytes, Vec::new());
    loop {
        let (consumed, args) = match parser.parse(rest, limits, &mut argv) {
            Ok(Parsed::Incomplete { .. }) => return replies,
            Ok(Parsed::Empty { consumed }) => (consumed, vec![]),
            Ok(Parsed::Inline { consumed, args }) => (consumed, args),
            Ok(Parsed::Request { consumed }) => {
                (consumed, argv.iter().map(|r| rest[r.clone()].to_vec()).collect())
            }
            Err(error) => {
                let text = error.reply_text();
                let text = text.iter().map(|b| if matches!(b, b'\r' | b'\n') { b' ' } else { *b });
                replies.push(Value::Error(text.collect()));
                return replies;
            }
        };
        match &args[..] {
            [] => {}
            [name] if name.eq_ignore_ascii_case(b"ping") => {
                replies.push(Value::Simple(b"PONG".to_vec()));
            }
            [_, text] => replies.push(bulk(text)),
            other => panic!("the samples hold PING and ECHO only, not {other:?}"),
        }
        rest = &rest[consumed..];
    }
}

fn compare(server: &RealRedis, bytes: &[u8], limits: &Limits, prefix: &[u8]) {
    let ours = judge(bytes, limits);
    let mut client = server.client();
    // A server that closes early may reset the connection: then the replies before that count.
    let _ = client.send(prefix);
    let _ = client.send(bytes);
    let mut theirs = Vec::new();
    while theirs.len() < ours.len() {
        match client.reply() {
            Some(reply) => theirs.push(reply),
            None => break,
        }
    }
    let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(60)]);
    assert_eq!(ours, theirs, "{shown:?}");
    assert!(!ours.is_empty(), "{shown:?} compares nothing");
}

fn requests_are_judged_alike() -> Outcome {
    let server = RealRedis::start(&[]);
    let long = |head: &str| [head.as_bytes(), &[b'1'; 66_000]].concat();
    let mut samples: Vec<Vec<u8>> = [
        &b"PING\r\n"[..],
        b"\r\n\nPING\n",
        b"*0\r\n*-1\r\n*-5\r\nping\r\n",
        b"*1\r\n$4\r\nPINGxxPING\r\n",
        b"*1\rx$4\rxPINGxx",
        b"*1\r\n$4\r\nPING\r\n*x\r\n",
        b"*\r\n",
        b"*01\r\n",
        b"*+1\r\n",
        b"* 1\r\n",
        b"*2147483648\r\n",
        b"*99999999999999999999\r\n",
        b"*1\r\n$04\r\n",
        b"*1\r\n$-1\r\n",
        b"*1\r\n$\r\n",
        b"*1\r\n$536870913\r\n",
        b"*1\r\nPING\r\n",
        b"*1\r\n\r\n",
        b"*1\r\n\n\r\n",
        b"*1\r\n:1\r\n",
        b"*1\r\n\xff\r\n",
        b"*1\r\n\t\r\n",
        b"echo \"a\\x41\\n\\r\\t\\b\\a\\q\\\"\"\r\n",
        b"echo 'it\\'s \\n'\r\n",
        b"echo \"\"\r\n",
        b"echo a\"b c\"\r\n",
        b"echo \"a\"b\r\n",
        b"echo 'a'b\r\n",
        b"echo \"a\r\n",
        b"echo 'a\r\n",
        b"echo \"\\\r\n",
        b"echo \"\\x4g\"\r\n",
        b"  echo\t\x0b\x0c a\x0bb \r\r\n",
        b"echo \xff\xfe\r\n",
    ]
    .iter()
    .map(|s| s.to_vec())
    .collect();
    samples.extend([
        long(""),
        long("*"),
        long("*1\r\n$"),
        [b"\0", &b"A\n".repeat(33_000)[..]].concat(),
    ]);
    for bytes in samples {
        compare(&server, &bytes, &Limits::default(), b"");
    }
    Ok(())
}

fn strangers_are_judged_alike() -> Outcome {
    let server = RealRedis::start(&["--requirepass", "secret"]);
    let stranger = Limits { authenticated: false, ..Limits::default() };
    for bytes in [&b"*11\r\n"[..], b"*1\r\n$16385\r\n", b"*2147483648\r\n"] {
        compare(&server, bytes, &stranger, b"");
    }
    Ok(())
}
