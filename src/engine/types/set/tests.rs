use super::*;
use proptest::prelude::*;
use std::collections::BTreeSet;

fn limits(entries: usize) -> SetLimits {
    SetLimits { intset_entries: entries, seed: HashSeed::new(7) }
}

fn members(set: &Set) -> Vec<Vec<u8>> {
    set.iter().map(Elem::to_vec).collect()
}

#[test]
fn encoding_goes_one_way() {
    let limits = limits(3);
    let mut set = Set::default();
    for n in ["3", "-1", "2"] {
        assert!(set.add(n.as_bytes(), &limits));
    }
    assert!(!set.add(b"2", &limits));
    assert_eq!(
        (set.encoding(), members(&set)),
        ("intset", vec![b"-1".into(), b"2".into(), b"3".into()])
    );
    // No canonical number.
    assert!(!set.contains(b"02") && set.contains(b"2"));
    assert!(set.add(b"4", &limits));
    assert_eq!((set.encoding(), set.len()), ("hashtable", 4));
    assert!(set.remove(b"4") && set.remove(b"3") && set.remove(b"2") && !set.remove(b"2"));
    assert_eq!((set.encoding(), members(&set)), ("hashtable", vec![b"-1".to_vec()]));
    let mut words = Set::default();
    assert!(words.add(b"1", &limits) && words.add(b"one", &limits) && words.contains(b"1"));
    assert_eq!(words.encoding(), "hashtable");
    assert_eq!(Set::for_len(4, &limits).encoding(), "hashtable");
    let ints = Intset::from_bytes(b"\x02\0\0\0\x02\0\0\0\x01\0\x02\0".to_vec()).unwrap();
    assert_eq!(Set::from_ints(ints.clone(), &limits).encoding(), "intset");
    assert_eq!(Set::from_ints(ints, &super::tests::limits(1)).encoding(), "hashtable");
}

#[test]
fn a_clone_stands_still() {
    let limits = limits(2);
    let mut set = Set::default();
    for n in 0..1000 {
        set.add(format!("m{n}").as_bytes(), &limits);
    }
    let before = set.clone();
    for n in 0..500 {
        assert!(set.remove(format!("m{n}").as_bytes()));
    }
    assert_eq!((before.len(), set.len()), (1000, 500));
    assert!(before.contains(b"m3") && !set.contains(b"m3"));
}

#[test]
fn every_member_is_met_by_chance() {
    for word in ["", "m"] {
        let limits = limits(512);
        let mut set = Set::default();
        for n in 0..50 {
            set.add(format!("{word}{n}").as_bytes(), &limits);
        }
        let mut rng = crate::engine::rng::Rng::new([1; 32]);
        let mut met = BTreeSet::new();
        for _ in 0..2000 {
            met.insert(set.random(&mut || rng.next_u64()).unwrap().to_vec());
        }
        assert_eq!(met.len(), 50);
    }
    assert_eq!(Set::default().random(&mut || 5), None);
}

proptest! {
    #[test]
    fn behaves_as_a_set(steps in prop::collection::vec((any::<bool>(), "[0-9]{1,2}|-?[1-9]{1,12}|[a-c]{0,2}"), 0..120)) {
        let limits = limits(16);
        let (mut set, mut model) = (Set::default(), BTreeSet::new());
        for (add, member) in steps {
            let member = member.into_bytes();
            match add {
                true => prop_assert_eq!(set.add(&member, &limits), model.insert(member)),
                false => prop_assert_eq!(set.remove(&member), model.remove(&member)),
            }
        }
        let mut all = members(&set);
        all.sort();
        prop_assert!(all.iter().eq(model.iter()));
        let mut scanned = BTreeSet::new();
        let mut cursor = 0;
        loop {
            cursor = set.scan(cursor, 3, |m| { scanned.insert(m.to_vec()); });
            if cursor == 0 { break }
        }
        prop_assert_eq!(scanned, model);
    }
}
