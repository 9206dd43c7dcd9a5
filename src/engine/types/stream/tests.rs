use super::*;
use crate::wire::listpack::Listpack;
use std::collections::BTreeMap;

const LIMITS: NodeLimits = NodeLimits { max_bytes: 4096, max_entries: 100 };

fn id(text: &str) -> StreamId {
    StreamId::parse_bound(text.as_bytes(), 0).unwrap()
}

fn add(log: &mut Log, at: &str, words: &str) -> Result<StreamId, Refused> {
    let words: Vec<&[u8]> = words.split(' ').map(str::as_bytes).collect();
    log.add(NewId::Exact(id(at)), &words, LIMITS)
}

fn ids(log: &Log, start: &str, end: &str) -> Vec<String> {
    log.range(id(start), id(end)).map(|e| e.id.to_string()).collect()
}

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    digits.chunks(2).map(|d| u8::from_str_radix(str::from_utf8(d).unwrap(), 16).unwrap()).collect()
}

/// What redis-server 7.0.15 wrote for the same commands.
const CAPTURED: &str = "3d000000 1800 | 02 01 01 01 01 01 81 66 02 00 01 \
    | 02 01 00 01 00 01 81 76 02 04 01 | 03 01 00 01 01 01 81 77 02 04 01 \
    | 00 01 01 01 df ff 02 02 01 81 67 02 01 01 81 68 02 02 01 08 01 | ff";

fn captured() -> Log {
    let mut log = Log::default();
    add(&mut log, "1-1", "f v").unwrap();
    add(&mut log, "1-2", "f w").unwrap();
    add(&mut log, "2-0", "g 1 h 2").unwrap();
    assert_eq!(log.delete(&[id("1-2")]), 1);
    log
}

#[test]
fn nodes_have_redis_bytes() {
    let log = captured();
    let nodes: Vec<_> = log.nodes().collect();
    assert_eq!(nodes[0].0, id("1-1"));
    assert_eq!(nodes[0].1.as_bytes(), hex(CAPTURED));
    assert_eq!((nodes.len(), log.len(), log.entries_added()), (1, 2, 3));
    assert_eq!((log.first_id(), log.last_id()), (id("1-1"), id("2-0")));
    assert_eq!(log.max_deleted_id(), id("1-2"));
}

#[test]
fn ranges_go_both_ways_and_skip_the_deleted() {
    let log = captured();
    assert_eq!(ids(&log, "-", "+"), ["1-1", "2-0"]);
    assert_eq!(ids(&log, "1-2", "2"), ["2-0"]);
    assert_eq!(ids(&log, "3", "+"), [""; 0]);
    let back: Vec<_> = log.iter().rev().map(|e| e.id.to_string()).collect();
    assert_eq!(back, ["2-0", "1-1"]);
    let last = log.iter().next_back().unwrap();
    let pairs: Vec<_> = last.pairs().map(|(a, b)| (a.to_vec(), b.to_vec())).collect();
    assert_eq!(pairs, [(b"g".to_vec(), b"1".to_vec()), (b"h".to_vec(), b"2".to_vec())]);
}

#[test]
fn ids_must_rise() {
    let mut log = captured();
    assert_eq!(add(&mut log, "2-0", "a b"), Err(Refused::NotAbove));
    let words: [&[u8]; 2] = [b"a", b"b"];
    assert_eq!(log.add(NewId::AutoSeq { ms: 2 }, &words, LIMITS), Ok(id("2-1")));
    assert_eq!(log.add(NewId::AutoSeq { ms: 1 }, &words, LIMITS), Err(Refused::NotAbove));
    assert_eq!(log.add(NewId::Auto { now_ms: 1 }, &words, LIMITS), Ok(id("2-2")));
    assert_eq!(log.add(NewId::Auto { now_ms: 9 }, &words, LIMITS), Ok(id("9-0")));
    let last = StreamId::new(9, u64::MAX);
    assert_eq!(log.add(NewId::Exact(last), &words, LIMITS), Ok(last));
    assert_eq!(log.add(NewId::AutoSeq { ms: 9 }, &words, LIMITS), Err(Refused::NoSeqLeft));
}

/// Random changes on a stream and on a plain map, with small nodes.
#[test]
fn it_is_an_ordered_map_of_entries() {
    let limits = NodeLimits { max_bytes: 200, max_entries: 7 };
    let mut state = 88_172_645_463_325_252u64;
    let mut random = move |below: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % below
    };
    let (mut log, mut model, mut copies) = (Log::default(), BTreeMap::new(), Vec::new());
    let mut ms = 0;
    for step in 0..6_000 {
        match random(10) {
            0..=5 => {
                ms += random(3);
                let value = step.to_string();
                let name = format!("f{}", random(2));
                let words: [&[u8]; 2] = [name.as_bytes(), value.as_bytes()];
                let at = log.add(NewId::AutoSeq { ms: ms + 1 }, &words, limits).unwrap();
                model.insert(at, value.clone().into_bytes());
            }
            6..=7 => {
                let at = StreamId::new(random(ms + 2), random(3));
                assert_eq!(log.delete(&[at]), u64::from(model.remove(&at).is_some()));
            }
            8 => {
                let max = random(40) + 100;
                let before = model.len() as u64;
                let approximately = random(2) == 0;
                let n = log.trim(Trim::MaxLen(max), approximately, 0);
                assert!(approximately || before - n == before.min(max));
                (0..n).for_each(|_| drop(model.pop_first()));
            }
            _ => {
                let min = StreamId::new(ms.saturating_sub(random(200)), random(3));
                let n = log.trim(Trim::MinId(min), false, 0);
                let kept = model.split_off(&min);
                assert_eq!(n, std::mem::replace(&mut model, kept).len() as u64);
            }
        }
        assert_eq!(log.len(), model.len() as u64);
        assert_eq!(log.first_id(), model.keys().next().copied().unwrap_or_default());
        if step % 50 == 0 {
            let (a, b) = (StreamId::new(random(ms + 1), 0), StreamId::new(random(ms + 1), 1));
            let got: Vec<_> = log.range(a, b).map(|e| e.id).collect();
            let want: Vec<_> = model.keys().copied().filter(|k| (a..=b).contains(k)).collect();
            assert_eq!(got, want);
            let got: Vec<_> = log.range(a, b).rev().map(|e| e.id).collect();
            assert_eq!(got, want.into_iter().rev().collect::<Vec<_>>());
            let values: Vec<_> = log.iter().map(|e| e.pairs().next().unwrap().1.to_vec()).collect();
            assert_eq!(values, model.values().cloned().collect::<Vec<_>>());
            copies.push((log.clone(), model.clone()));
        }
    }
    for (log, model) in &copies {
        let ids: Vec<_> = log.iter().map(|e| e.id).collect();
        assert_eq!(ids, model.keys().copied().collect::<Vec<_>>(), "a copy stays as it was");
        assert!(log.nodes().all(|(_, pack)| node::is_sound(pack)));
    }
}

#[test]
fn a_trim_by_whole_nodes_stops_at_its_limit() {
    let limits = NodeLimits { max_bytes: 0, max_entries: 10 };
    let mut log = Log::default();
    for ms in 1..=100 {
        log.add(NewId::Exact(StreamId::new(ms, 0)), &[b"f", b"v"], limits).unwrap();
    }
    assert_eq!(log.trim(Trim::MaxLen(55), true, 0), 40);
    assert_eq!(log.trim(Trim::MaxLen(0), true, 25), 20);
    assert_eq!(log.trim(Trim::MinId(StreamId::new(75, 0)), true, 0), 10);
    assert_eq!(log.trim(Trim::MinId(StreamId::new(75, 0)), false, 0), 4);
    assert_eq!((log.len(), log.first_place()), (26, StreamId::new(71, 0)));
}

#[test]
fn pending_entries_have_one_owner() {
    let mut group = Group::new(StreamId::MIN, Some(0));
    assert!(group.create_consumer(b"a", 1) && group.create_consumer(b"b", 1));
    assert!(!group.create_consumer(b"a", 2));
    let at = StreamId::new(5, 0);
    group.assign(at, b"a", 10, 1);
    group.assign(at, b"b", 11, 2);
    group.assign(StreamId::new(6, 0), b"nobody", 11, 2);
    let waiting = |g: &Group, name: &[u8]| g.consumer(name).unwrap().pending_len();
    assert_eq!((waiting(&group, b"a"), waiting(&group, b"b"), group.pending_len()), (0, 1, 1));
    group.deliver_again(at, 12);
    let pending = group.pending_entry(at).unwrap();
    assert_eq!((pending.delivered_ms, pending.count, &*pending.consumer), (12, 3, &b"b"[..]));
    assert!(group.acknowledge(at) && !group.acknowledge(at));
    assert_eq!(waiting(&group, b"b"), 0);
    group.assign(at, b"a", 10, 1);
    assert_eq!(group.delete_consumer(b"a"), Some(1));
    assert_eq!((group.delete_consumer(b"a"), group.pending_len()), (None, 0));
}

#[test]
fn the_lag_is_told_where_it_is_certain() {
    let mut s = Stream::new();
    for at in ["1-0", "2-0", "3-0", "4-0"] {
        add(s.log_mut(), at, "f v").unwrap();
    }
    s.create_group(b"g", Group::new(StreamId::MIN, None));
    let lag = |s: &Stream| s.log().lag(s.group(b"g").unwrap());
    assert_eq!(lag(&s), Some(4));
    s.change_group(b"g", |g, log| log.group_reads(g, id("1-0")));
    assert_eq!((lag(&s), s.group(b"g").unwrap().entries_read), (Some(3), Some(1)));
    s.log_mut().delete(&[id("3-0")]);
    assert_eq!(lag(&s), None);
    s.change_group(b"g", |g, log| log.group_reads(g, id("2-0")));
    assert_eq!((lag(&s), s.group(b"g").unwrap().entries_read), (None, None));
    s.change_group(b"g", |g, log| log.group_reads(g, id("4-0")));
    assert_eq!((lag(&s), s.group(b"g").unwrap().entries_read), (Some(0), Some(4)));
}

/// Figures that `XINFO STREAM` of redis-server 7.0.15 told for such keys.
#[test]
fn radix_nodes_are_counted_as_redis_has_them() {
    let count = |ids: &[&str]| {
        let limits = NodeLimits { max_bytes: 0, max_entries: 1 };
        let mut log = Log::default();
        for at in ids {
            log.add(NewId::Exact(id(at)), &[b"f", b"v"], limits).unwrap();
        }
        log.radix_nodes()
    };
    assert_eq!(count(&[]), 1);
    assert_eq!(count(&["1-1"]), 2);
    assert_eq!(count(&["1-1", "1-2"]), 4);
    assert_eq!(count(&["1-1", "1-2", "1-3"]), 5);
}

fn loaded(pack: Listpack) -> Result<Stream, BadStream> {
    let mut loader = Loader::new();
    loader.node(&id("1-1").to_bytes(), pack)?;
    loader.meta(Meta {
        len: 2,
        last_id: id("2-0"),
        more: Some(MoreMeta { first_id: id("1-1"), max_deleted_id: id("1-2"), entries_added: 3 }),
    })?;
    loader.group(b"g", id("1-1"), Some(-1))?;
    loader.pending(id("1-1"), 7, 1)?;
    loader.consumer(b"al", 6)?;
    loader.consumer_pending(id("1-1"))?;
    loader.group(b"h", id("0-0"), None)?;
    loader.finish()
}

#[test]
fn a_loaded_stream_is_whole() {
    let s = loaded(Listpack::from_bytes(hex(CAPTURED)).unwrap()).unwrap();
    assert_eq!(ids(s.log(), "-", "+"), ["1-1", "2-0"]);
    let g = s.group(b"g").unwrap();
    assert_eq!((g.entries_read, g.pending_len(), g.consumers_len()), (None, 1, 1));
    assert_eq!(s.preview(), b"2: 1-1 f=v 2-0 g=1 h=2");
    assert_eq!(s.groups().count(), 2);
}

#[test]
fn what_is_not_sound_is_not_loaded() {
    let blob = hex(CAPTURED);
    let mut bad = 0;
    for at in 6..blob.len() - 1 {
        let mut blob = blob.clone();
        blob[at] ^= 1;
        // Some changes make another sound stream; all must be survived.
        match Listpack::from_bytes(blob).map(loaded) {
            Ok(Ok(s)) => drop(s.log().iter().map(|e| e.pairs().count()).sum::<usize>()),
            _ => bad += 1,
        }
    }
    assert!(bad > 30, "{bad}");
    let mut loader = Loader::new();
    assert!(loader.node(b"short", Listpack::new()).is_err());
    assert!(loader.pending(id("1"), 0, 0).is_err());
    loader.group(b"g", id("0"), None).unwrap();
    loader.pending(id("1"), 0, 0).unwrap();
    assert!(loader.pending(id("1"), 0, 0).is_err());
    loader.consumer(b"c", 0).unwrap();
    assert!(loader.consumer(b"c", 0).is_err());
    assert!(loader.consumer_pending(id("2")).is_err());
    assert!(loader.finish().is_err(), "an entry without a consumer");
}
