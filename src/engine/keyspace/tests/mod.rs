//! The table against a plain map, and what SCAN and snapshots promise.

use super::{Db, Keyspace, Snapshot, Text, Value};
use proptest::prelude::*;
use std::collections::BTreeMap;

const SEED: u64 = 0x5eed_face;

type Plain = BTreeMap<Vec<u8>, (Value, Option<i64>)>;

#[derive(Clone, Debug)]
enum Op {
    Insert(u16, i64, Option<i64>),
    Remove(u16),
    Expire(u16, Option<i64>),
    Append(u16),
    RemoveMany(u16, u16),
    InsertMany(u16, u16),
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    let time = || prop::option::of(-5i64..50);
    let op = prop_oneof![
        4 => (0..2000u16, any::<i64>(), time()).prop_map(|(k, v, t)| Op::Insert(k, v, t)),
        4 => (0..2000u16).prop_map(Op::Remove),
        2 => (0..2000u16, time()).prop_map(|(k, t)| Op::Expire(k, t)),
        2 => (0..2000u16).prop_map(Op::Append),
        1 => (0..2000u16, 0..900u16).prop_map(|(k, n)| Op::RemoveMany(k, n)),
        1 => (0..2000u16, 0..900u16).prop_map(|(k, n)| Op::InsertMany(k, n)),
    ];
    prop::collection::vec(op, 1..60)
}

fn name(k: u16) -> Vec<u8> {
    format!("key:{}", k % 2000).into_bytes()
}

fn apply(op: &Op, db: &mut Db, plain: &mut Plain) {
    match *op {
        Op::Insert(k, v, t) => {
            let old_at = db.get(&name(k)).and_then(|e| e.expire_at());
            let old = db.insert(&name(k), Value::Int(v), t, 0);
            let was = plain.insert(name(k), (Value::Int(v), t));
            assert_eq!(old.map(|v| (v, old_at)), was);
        }
        Op::Remove(k) => {
            let old = db.remove(&name(k)).map(|e| (e.value().clone(), e.expire_at()));
            assert_eq!(old, plain.remove(&name(k)));
        }
        Op::Expire(k, t) => {
            let known = plain.get_mut(&name(k)).map(|e| e.1 = t).is_some();
            assert_eq!(db.set_expire(&name(k), t), known);
        }
        Op::Append(k) => {
            let grow = |v: &mut Value| v.make_raw().push(b'!');
            let known = plain.get_mut(&name(k)).map(|e| grow(&mut e.0)).is_some();
            assert_eq!(db.update(&name(k), grow).is_some(), known);
        }
        Op::RemoveMany(k, n) => {
            for i in 0..n {
                apply(&Op::Remove(k.wrapping_add(i)), db, plain);
            }
        }
        Op::InsertMany(k, n) => {
            for i in 0..n {
                apply(&Op::Insert(k.wrapping_add(i), i.into(), None), db, plain);
            }
        }
    }
}

fn as_plain(db: &Db) -> Plain {
    db.iter().map(|e| (e.key().to_vec(), (e.value().clone(), e.expire_at()))).collect()
}

fn frozen(snapshot: &Snapshot) -> Plain {
    let segments = snapshot.dbs().iter().flat_map(|db| &db.segments);
    segments
        .flat_map(|s| s.entries())
        .map(|e| (e.key().to_vec(), (e.value().clone(), e.expire_at())))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn db_behaves_like_a_map(ops in ops(), now in -5i64..50) {
        let mut keyspace = Keyspace::new(1, SEED);
        let mut plain = Plain::new();
        for op in &ops {
            apply(op, keyspace.db_mut(0), &mut plain);
        }
        let db = keyspace.db(0);
        db.check();
        prop_assert_eq!(db.len(), plain.len());
        let mut due: Vec<_> = db.expired_until(now, usize::MAX).iter().map(|k| k.to_vec()).collect();
        due.sort();
        let past = plain.iter().filter(|(_, (_, t))| t.is_some_and(|t| t < now));
        prop_assert_eq!(due, past.map(|(k, _)| k.clone()).collect::<Vec<_>>());
        prop_assert_eq!(as_plain(db), plain);
    }

    #[test]
    fn scan_shows_every_key_that_stays_exactly_once(
        stays in 0..1200u16,
        ops in ops(),
        counts in prop::collection::vec(1usize..300, 60),
    ) {
        let mut keyspace = Keyspace::new(1, SEED);
        let db = keyspace.db_mut(0);
        for i in 0..stays {
            db.insert(format!("stay:{i}").as_bytes(), Value::Int(0), None, 0);
        }
        let mut seen: BTreeMap<Vec<u8>, u32> = BTreeMap::new();
        let (mut cursor, mut calls) = (0, 0);
        let mut plain = Plain::new();
        loop {
            let count = counts[calls % counts.len()];
            let mut shown = 0;
            cursor = db.scan(cursor, count, |e| {
                shown += 1;
                if e.key().starts_with(b"stay:") {
                    *seen.entry(e.key().to_vec()).or_default() += 1;
                }
            });
            prop_assert!(shown <= count, "no two of these keys have one hash");
            if cursor == 0 {
                break;
            }
            apply(&ops[calls % ops.len()], db, &mut plain);
            calls += 1;
        }
        prop_assert_eq!(seen.len(), usize::from(stays));
        prop_assert!(seen.values().all(|&n| n == 1));
    }

    #[test]
    fn snapshot_stays_frozen(before in ops(), after in ops()) {
        let mut keyspace = Keyspace::new(1, SEED);
        let mut plain = Plain::new();
        for op in &before {
            apply(op, keyspace.db_mut(0), &mut plain);
        }
        let snapshot = keyspace.snapshot();
        prop_assert_eq!(snapshot.keys_total(), plain.len() as u64);
        let then = plain.clone();
        for op in &after {
            apply(op, keyspace.db_mut(0), &mut plain);
        }
        prop_assert_eq!(frozen(&snapshot), then);
        prop_assert_eq!(as_plain(keyspace.db(0)), plain);
        keyspace.db(0).check();
        drop(snapshot);
        prop_assert_eq!(keyspace.shared_segments().0, 0);
    }
}

fn filled(keys: u32) -> Keyspace {
    let mut keyspace = Keyspace::new(2, SEED);
    for i in 0..keys {
        keyspace.db_mut(0).insert(format!("k{i}").as_bytes(), Value::Int(1), None, 0);
    }
    keyspace
}

#[test]
fn snapshot_shares_until_a_write_copies_one_segment() {
    let mut keyspace = filled(10_000);
    let snapshot = keyspace.snapshot();
    let (shared, all) = keyspace.shared_segments();
    assert!(shared > 100 && shared + 1 >= all, "{shared} of {all}");
    keyspace.db_mut(0).insert(b"k77", Value::Int(2), None, 0);
    assert_eq!(keyspace.shared_segments().0, shared - 1);
    assert!(keyspace.db(0).get(b"k78").is_some());
    keyspace.db(0).get(b"k78").unwrap().touch(9);
    assert_eq!(keyspace.shared_segments().0, shared - 1, "a read copies nothing");
    drop(snapshot);
    assert_eq!(keyspace.shared_segments().0, 0);
}

#[test]
fn emptied_table_gives_its_frame_back() {
    let mut keyspace = filled(20_000);
    let full = keyspace.used_bytes();
    for i in 0..20_000 {
        keyspace.db_mut(0).remove(format!("k{i}").as_bytes());
    }
    keyspace.db(0).check();
    let empty = Keyspace::new(2, SEED).used_bytes();
    assert_eq!(keyspace.used_bytes(), empty);
    assert!(full > 20_000 * 40, "{full}");
}

#[test]
fn random_reaches_every_key_about_equally() {
    let keyspace = filled(500);
    let mut state = 7u64;
    let mut next = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state ^ (state >> 29).wrapping_mul(0xbf58_476d_1ce4_e5b9)
    };
    let mut hits: BTreeMap<Vec<u8>, u32> = BTreeMap::new();
    for _ in 0..50_000 {
        let entry = keyspace.db(0).random(&mut next).expect("there are keys");
        *hits.entry(entry.key().to_vec()).or_default() += 1;
    }
    assert_eq!(hits.len(), 500);
    assert!(hits.values().all(|n| (40..=180).contains(n)), "{hits:?}");
    assert!(keyspace.db(1).random(&mut next).is_none());
}

#[test]
fn random_finds_the_last_keys_of_a_large_table() {
    let mut keyspace = filled(20_000);
    for i in 1..20_000 {
        keyspace.db_mut(0).remove(format!("k{i}").as_bytes());
    }
    let mut n = 0u64;
    let entry = keyspace.db(0).random(&mut || {
        n = n.wrapping_add(0x9e37_79b9_7f4a_7c15);
        n
    });
    assert_eq!(entry.expect("one key is left").key(), b"k0");
}

#[test]
fn taking_a_db_leaves_it_empty_and_usable() {
    let mut keyspace = filled(1_000);
    let old = keyspace.db_mut(0).take();
    assert_eq!((old.len(), keyspace.db(0).len()), (1_000, 0));
    keyspace.db_mut(0).insert(b"a", Value::Int(1), Some(5), 0);
    keyspace.swap(0, 1);
    assert_eq!((keyspace.db(0).len(), keyspace.db(1).expires_len()), (0, 1));
    assert_eq!(keyspace.db(1).avg_ttl_ms(2), 3);
}

#[test]
fn texts_are_shared_between_threads() {
    let text = Text::new(&[7; 100]);
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let text = text.clone();
            std::thread::spawn(move || (0..1000).map(|_| text.clone()).all(|t| *t == [7; 100]))
        })
        .collect();
    drop(text);
    assert!(threads.into_iter().all(|t| t.join().expect("no panic")));
}
