use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;

fn limits(entries: usize, value_bytes: usize) -> HashLimits {
    HashLimits { entries, value_bytes, seed: HashSeed::new(3) }
}

fn pairs(hash: &Hash) -> Vec<(Vec<u8>, Vec<u8>)> {
    hash.iter().map(|(f, v)| (f.to_vec(), v.to_vec())).collect()
}

#[test]
fn encoding_goes_one_way() {
    let limits = limits(2, 5);
    let mut hash = Hash::default();
    assert!(hash.set(b"b", b"1", &limits) && hash.set(b"a", b"xyz", &limits));
    assert!(!hash.set(b"b", b"23", &limits));
    // In a listpack fields stay where they came.
    assert_eq!(pairs(&hash), [(b"b".to_vec(), b"23".to_vec()), (b"a".to_vec(), b"xyz".to_vec())]);
    assert_eq!((hash.encoding(), hash.get(b"b")), ("listpack", Some(Entry::Int(23))));
    assert!(hash.set(b"c", b"", &limits));
    assert_eq!((hash.encoding(), hash.len()), ("hashtable", 3));
    assert!(hash.remove(b"c") && hash.remove(b"b") && !hash.remove(b"b"));
    assert_eq!(
        (hash.encoding(), pairs(&hash)),
        ("hashtable", vec![(b"a".to_vec(), b"xyz".to_vec())])
    );
    for (field, value) in [(&b"123456"[..], &b"1"[..]), (b"1", b"123456")] {
        let mut hash = Hash::default();
        hash.set(b"k", b"v", &limits);
        hash.set(field, value, &limits);
        assert_eq!((hash.encoding(), hash.get(b"k")), ("hashtable", Some(Entry::Str(b"v"))));
    }
    assert_eq!(Hash::for_len(3, &limits).encoding(), "hashtable");
}

#[test]
fn a_clone_stands_still() {
    let limits = limits(0, 0);
    let mut hash = Hash::default();
    for n in 0..1000 {
        hash.set(format!("f{n}").as_bytes(), b"old", &limits);
    }
    let before = hash.clone();
    for n in 0..1000 {
        assert!(!hash.set(format!("f{n}").as_bytes(), b"new", &limits));
    }
    assert_eq!(before.get(b"f7"), Some(Entry::Str(b"old")));
    assert_eq!(hash.get(b"f7"), Some(Entry::Str(b"new")));
}

proptest! {
    #[test]
    fn behaves_as_a_map(
        few in any::<bool>(),
        steps in prop::collection::vec((any::<bool>(), "[0-9]{1,2}|[a-c]{0,2}", "[0-9]{0,5}|[x-z]{0,9}"), 0..120),
    ) {
        let limits = if few { limits(8, 7) } else { limits(512, 64) };
        let (mut hash, mut model) = (Hash::default(), BTreeMap::new());
        for (put, field, value) in steps {
            let (field, value) = (field.into_bytes(), value.into_bytes());
            match put {
                true => prop_assert_eq!(hash.set(&field, &value, &limits), model.insert(field.clone(), value).is_none()),
                false => prop_assert_eq!(hash.remove(&field), model.remove(&field).is_some()),
            }
            let found = hash.get(&field).map(Entry::to_vec);
            prop_assert_eq!(found.as_ref(), model.get(&field));
        }
        let mut all = pairs(&hash);
        all.sort();
        prop_assert!(all.iter().map(|(f, v)| (f, v)).eq(model.iter()));
        let (mut scanned, mut cursor) = (BTreeMap::new(), 0);
        loop {
            cursor = hash.scan(cursor, 3, |f, v| { scanned.insert(f.to_vec(), v.to_vec()); });
            if cursor == 0 { break }
        }
        prop_assert_eq!(scanned, model);
        if let Held::Table(fields) = &hash.held {
            prop_assert_eq!(fields.bytes, fields.table.iter().map(Pair::cost).sum::<usize>());
        }
    }
}
