use super::*;
use crate::wire::num::fmt_f64_17g;
use proptest::prelude::*;
use std::collections::BTreeMap;

fn limits(entries: usize) -> ZSetLimits {
    ZSetLimits { entries, value: 8, seed: HashSeed::new(5) }
}

fn add(zset: &mut ZSet, member: &str, score: f64, limits: &ZSetLimits) -> Added {
    zset.add(member.as_bytes(), score, Add::default(), limits).unwrap()
}

fn shown(zset: &ZSet, ranks: Range<usize>, down: bool) -> String {
    let words = zset
        .pairs(ranks, down)
        .map(|(m, s)| format!("{}={}", String::from_utf8(m.to_vec()).unwrap(), fmt_f64_17g(s)));
    words.collect::<Vec<_>>().join(" ")
}

/// Both encodings, one after the other.
fn both() -> [ZSetLimits; 2] {
    [limits(100), limits(0)]
}

fn empty(limits: &ZSetLimits) -> ZSet {
    ZSet::for_member(0, limits)
}

#[test]
fn the_encoding_follows_number_and_length_and_stays() {
    let l = limits(3);
    let mut zset = empty(&l);
    for m in ["a", "b", "c"] {
        add(&mut zset, m, 1.0, &l);
    }
    assert_eq!(zset.encoding(), "listpack");
    add(&mut zset, "a", 2.0, &l);
    assert_eq!(zset.encoding(), "listpack");
    add(&mut zset, "d", 1.0, &l);
    assert_eq!(zset.encoding(), "skiplist");
    zset.remove_ranks(0..3);
    assert_eq!((zset.encoding(), zset.len()), ("skiplist", 1));
    assert_eq!(ZSet::for_member(9, &l).encoding(), "skiplist");
    let mut zset = empty(&l);
    add(&mut zset, "123456789", 1.0, &l);
    assert_eq!(zset.encoding(), "skiplist");
}

#[test]
fn a_listpack_has_the_very_bytes_of_redis() {
    let l = limits(10);
    let mut zset = empty(&l);
    add(&mut zset, "one", 1.0, &l);
    add(&mut zset, "2", 2.5, &l);
    let ZSetRepr::Packed(pack) = zset.repr() else { panic!("packed") };
    let want = b"\x15\0\0\0\x04\0\x83one\x04\x01\x01\x02\x01\x832.5\x04\xff";
    assert_eq!(pack.as_bytes(), want);
    // A whole score is an integer, and so minus zero is zero here and stays in the other encoding.
    for (l, zero) in [(limits(10), "0"), (limits(0), "-0")] {
        let mut zset = empty(&l);
        add(&mut zset, "z", -0.0, &l);
        assert_eq!(shown(&zset, 0..1, false), format!("z={zero}"));
        add(&mut zset, "z", 1e17, &l);
        assert_eq!(shown(&zset, 0..1, false), "z=1e+17");
        if let ZSetRepr::Packed(pack) = zset.repr() {
            assert_eq!(pack.get(1), Some(Entry::Int(100_000_000_000_000_000)));
        }
    }
}

#[test]
fn the_flags_of_zadd() {
    for l in both() {
        let mut zset = empty(&l);
        let put = |zset: &mut ZSet, score: f64, how: Add| zset.add(b"m", score, how, &l);
        let [nx, xx, gt, lt, incr] = [
            Add { nx: true, ..Add::default() },
            Add { xx: true, ..Add::default() },
            Add { gt: true, ..Add::default() },
            Add { lt: true, ..Add::default() },
            Add { incr: true, ..Add::default() },
        ];
        assert_eq!(put(&mut zset, 1.0, xx), Ok(Added::Nothing));
        assert_eq!(put(&mut zset, 1.0, gt), Ok(Added::New(1.0)));
        assert_eq!(put(&mut zset, 5.0, nx), Ok(Added::Nothing));
        assert_eq!(put(&mut zset, 1.0, xx), Ok(Added::Same(1.0)));
        assert_eq!(put(&mut zset, 1.0, gt), Ok(Added::Nothing));
        assert_eq!(put(&mut zset, 2.0, gt), Ok(Added::Changed(2.0)));
        assert_eq!(put(&mut zset, 3.0, lt), Ok(Added::Nothing));
        assert_eq!(put(&mut zset, -1.0, lt), Ok(Added::Changed(-1.0)));
        assert_eq!(put(&mut zset, 1.5, incr), Ok(Added::Changed(0.5)));
        assert_eq!(put(&mut zset, f64::INFINITY, incr), Ok(Added::Changed(f64::INFINITY)));
        assert_eq!(put(&mut zset, f64::NEG_INFINITY, incr), Err(NotANumber));
        assert_eq!(zset.score(b"m"), Some(f64::INFINITY));
    }
}

#[test]
fn made_from_pairs_in_any_order() {
    for l in both() {
        let (zset, whole) =
            ZSet::from_pairs(vec![("b", 2.0), ("a", 2.0), ("c", -1.0), ("a", 9.0)], &l);
        assert!(!whole);
        assert_eq!(shown(&zset, 0..9, false), "c=-1 a=2 b=2");
        let (zset, whole) = ZSet::from_pairs(vec![("b", 2.0), ("a", 3.0)], &l);
        assert!(whole);
        assert_eq!(shown(&zset, 0..9, true), "a=3 b=2");
        assert_eq!(String::from_utf8(zset.preview()).unwrap(), "2: b=2 a=3");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn does_what_a_map_does(
        steps in proptest::collection::vec((0u8..12, 0u16..60, -8i8..8), 0..400),
        entries in prop_oneof![Just(0usize), Just(20), Just(1000)],
    ) {
        let l = limits(entries);
        let mut zset = empty(&l);
        let mut model: BTreeMap<String, f64> = BTreeMap::new();
        let mut frozen = None;
        for (at, (what, member, score)) in steps.into_iter().enumerate() {
            let score = f64::from(score) / 2.0;
            let member = if member % 3 == 0 { member.to_string() } else { format!("m{member}") };
            let mut order: Vec<(f64, String)> = model.iter().map(|(m, s)| (*s, m.clone())).collect();
            order.sort_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.1.cmp(&b.1)));
            match what {
                0..=5 => {
                    let got = add(&mut zset, &member, score, &l);
                    let want = match model.insert(member, score) {
                        None => Added::New(score),
                        Some(old) if old == score => Added::Same(score),
                        Some(_) => Added::Changed(score),
                    };
                    prop_assert_eq!(got, want);
                }
                6 | 7 => prop_assert_eq!(zset.remove(member.as_bytes()), model.remove(&member).is_some()),
                8 => {
                    let greatest = score > 0.0;
                    let want = if greatest { order.last() } else { order.first() };
                    let got = zset.pop(greatest, |m, s| (s, String::from_utf8(m.to_vec()).unwrap()));
                    prop_assert_eq!(got.as_ref(), want);
                    if let Some((_, m)) = got { model.remove(&m); }
                }
                9 => {
                    let range = ScoreRange { min: score, min_open: at % 2 == 0, max: score + 1.5, max_open: at % 3 == 0 };
                    let ranks = zset.ranks_by_score(&range);
                    let want: Vec<&(f64, String)> = order.iter().filter(|(s, _)| range.above_min(*s) && range.below_max(*s)).collect();
                    prop_assert_eq!(ranks.len(), want.len());
                    prop_assert!(want.is_empty() || order[ranks.start] == *want[0]);
                }
                10 if at % 4 == 0 => {
                    let start = (score.abs() as usize).min(order.len());
                    let end = (start + 3).min(order.len());
                    prop_assert_eq!(zset.remove_ranks(start..start + 3), end - start);
                    for (_, m) in &order[start..end] { model.remove(m); }
                }
                _ => {
                    let want = order.iter().position(|(_, m)| *m == member);
                    prop_assert_eq!(zset.rank(member.as_bytes()), want);
                    frozen = Some((zset.clone(), model.clone()));
                }
            }
            prop_assert_eq!(zset.len(), model.len());
        }
        for (zset, model) in frozen.into_iter().chain([(zset, model)]) {
            let mut want: Vec<(f64, String)> = model.iter().map(|(m, s)| (*s, m.clone())).collect();
            want.sort_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.1.cmp(&b.1)));
            let text = |mut all: Vec<(f64, String)>, down: bool| {
                if down { all.reverse(); }
                all.iter().map(|(s, m)| format!("{m}={}", fmt_f64_17g(*s))).collect::<Vec<_>>().join(" ")
            };
            prop_assert_eq!(shown(&zset, 0..zset.len(), false), text(want.clone(), false));
            prop_assert_eq!(shown(&zset, 0..zset.len(), true), text(want, true));
            if let ZSetRepr::Sorted(sorted) = zset.repr() { sorted.check(); }
            let mut met = 0;
            let mut cursor = 0;
            loop {
                cursor = zset.scan(cursor, 7, |_, _| met += 1);
                if cursor == 0 { break; }
            }
            prop_assert_eq!(met, zset.len());
        }
    }
}
