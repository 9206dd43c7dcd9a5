//! Values out and in again, in whole and in portions; and what is refused.

use super::{NoPayload, ValueLimits, Writing, dump, restore};
use crate::engine::config::Config;
use crate::engine::keyspace::{Keyspace, Value};
use crate::engine::types::{Container, Hash, List, Set, ZSet};
use crate::wire::rdb::{Encoder, RdbError, seal_payload};

fn limits() -> ValueLimits {
    ValueLimits::new(&Config::default(), Keyspace::new(1, 3).seed(), false)
}

/// A payload around a type byte and what stands behind it.
fn payload(body: &[u8]) -> Vec<u8> {
    let mut bytes = body.to_vec();
    seal_payload(&mut bytes);
    bytes
}

fn read(body: &[u8]) -> Result<Value, NoPayload> {
    restore(&payload(body), &limits(), true)
}

fn refusal(body: &[u8]) -> &'static str {
    match read(body) {
        Err(NoPayload::Value(RdbError::Corrupt(what))) => what,
        Err(NoPayload::Value(RdbError::ShortRead)) => "short",
        other => panic!("{other:?}"),
    }
}

fn set_of(members: impl IntoIterator<Item = String>) -> Value {
    let mut set = Set::default();
    for member in members {
        set.add(member.as_bytes(), &limits().set);
    }
    set.into_value()
}

fn hash_of(len: usize, value: &str) -> Value {
    let mut hash = Hash::default();
    for n in 0..len {
        hash.set(format!("field {n}").as_bytes(), value.as_bytes(), &limits().hash);
    }
    hash.into_value()
}

fn zset_of(len: i32) -> Value {
    let pairs = (0..len).map(|n| (format!("member {n}"), f64::from(n * 7919 % 1000) / 4.0));
    ZSet::from_pairs(pairs.collect(), &limits().zset).0.into_value()
}

fn list_of(len: usize, element: &str) -> Value {
    let mut list = List::new(-2);
    for n in 0..len {
        list.push(false, format!("{element} {n}").as_bytes(), 2000);
    }
    list.into_value()
}

/// Entries with equal and with other fields, deleted ones, two groups, consumers with and without
/// pending entries: as redis-server 7.0.15 dumped it.
fn stream() -> Value {
    let payload = include_bytes!("stream.dump");
    restore(payload, &limits(), true).expect("a stream")
}

/// A value of every kind of every type, by a name.
fn samples() -> Vec<(&'static str, Value)> {
    vec![
        ("int", Value::Int(12_345)),
        ("long int", Value::Int(i64::MIN)),
        ("string", Value::string(b"hello")),
        ("long string", Value::string(&b"compress me ".repeat(50))),
        ("intset", set_of((0..100).map(|n| (n * 1000).to_string()))),
        ("small table", set_of(["a".into(), "1".into()])),
        ("table", set_of((0..2000).map(|n| format!("member {n}")))),
        ("small hash", hash_of(3, "12")),
        ("hash of long values", hash_of(2, &"long".repeat(30))),
        ("large hash", hash_of(1500, "v")),
        ("small zset", zset_of(20)),
        ("large zset", zset_of(1500)),
        ("short list", list_of(3, "7")),
        ("long list", list_of(2500, "element")),
        ("list of large elements", list_of(4, &"large".repeat(500))),
        ("stream", stream()),
    ]
}

#[test]
fn what_is_dumped_is_restored() {
    for (name, value) in samples() {
        for compression in [false, true] {
            let bytes = dump(&value, compression);
            let back = restore(&bytes, &limits(), true).expect(name);
            assert_eq!(back.type_name(), value.type_name(), "{name}");
            assert_eq!(back.encoding(), value.encoding(), "{name}");
            let again = dump(&back, compression);
            // The order in a table may differ.
            assert_eq!(again.len(), bytes.len(), "{name}");
            assert!(again == bytes || back.encoding() == "hashtable", "{name}");
        }
    }
}

#[test]
fn portions_make_the_whole() {
    for (name, value) in samples() {
        let whole = dump(&value, true);
        let mut writing = Writing::new(value);
        let mut bytes = vec![writing.kind()];
        loop {
            let mut out = Encoder::new(true);
            let done = writing.step(&mut out, 1000);
            assert!(out.len() < 4000 || done && bytes.len() == 1, "{name}: {} bytes", out.len());
            bytes.extend(out.into_bytes());
            if done {
                break;
            }
        }
        assert_eq!(bytes, whole[..whole.len() - 10], "{name}");
    }
}

#[test]
fn every_cut_and_every_wrong_bit_is_refused_or_read() {
    for (name, value) in samples() {
        let bytes = dump(&value, true);
        let body = &bytes[..bytes.len() - 10];
        // Of a long one every place at its ends, and some in between.
        let step = |at: usize| if at < 100 || at + 100 > body.len() { 1 } else { body.len() / 40 };
        let places = std::iter::successors(Some(0), |at| Some(at + step(*at).max(1)));
        for at in places.take_while(|at| *at < body.len()) {
            if let Ok(value) = read(&body[..at]) {
                panic!("{name} cut at {at}: {}", value.type_name());
            }
            for bit in 0..8 {
                let mut bad = body.to_vec();
                bad[at] ^= 1 << bit;
                if let Ok(value) = read(&bad) {
                    // Whatever it became, it can be used.
                    dump(&value, false);
                }
            }
        }
    }
}

#[test]
fn footers_are_checked() {
    let good = dump(&Value::Int(7), true);
    let fails = |bytes: &[u8]| restore(bytes, &limits(), true).err();
    assert_eq!(fails(b"short"), Some(NoPayload::Footer));
    let mut bad = good.clone();
    *bad.last_mut().expect("bytes") ^= 1;
    assert_eq!(fails(&bad), Some(NoPayload::Footer));
    assert!(restore(&bad, &limits(), false).is_ok(), "DEBUG SET-SKIP-CHECKSUM-VALIDATION");
    let mut newer = good;
    let at = newer.len() - 10;
    newer[at] = 11;
    assert_eq!(fails(&newer), Some(NoPayload::Footer));
    assert_eq!(read(&[20, 1, 1, b'a']).err(), Some(NoPayload::Value(RdbError::UnknownType(20))));
}

#[test]
fn sets_are_refused_as_redis_refuses_them() {
    assert_eq!(refusal(b"\x02\x00"), "an empty value");
    assert_eq!(refusal(b"\x02\x02\x01a\x01a"), "Duplicate set members detected");
    assert_eq!(refusal(b"\x02\x02\xc0\x01\x011"), "Duplicate set members detected");
    assert_eq!(refusal(b"\x02\x02\x01a"), "short");
    assert_eq!(refusal(b"\x02\x81\x7f\xff\xff\xff\xff\xff\xff\xff\x01a"), "short");
    let integrity = "Intset integrity check failed.";
    assert_eq!(refusal(b"\x0b\x08\x02\0\0\0\0\0\0\0"), integrity);
    assert_eq!(refusal(b"\x0b\x0c\x02\0\0\0\x02\0\0\0\x02\0\x01\0"), integrity);
    assert_eq!(refusal(b"\x0b\x0c\x02\0\0\0\x03\0\0\0\x01\0\x02\0"), integrity);
    let small = read(b"\x02\x02\xc0\x01\xc0\x02").expect("a set");
    assert_eq!(small.encoding(), "intset", "members that are integers make an intset again");
}
