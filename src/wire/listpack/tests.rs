//! Against a plain vector of strings, and against bytes that Redis wrote.

use super::*;
use proptest::prelude::*;

fn pack(items: &[&[u8]]) -> Listpack {
    let mut p = Listpack::new();
    items.iter().for_each(|i| p.push_back(i));
    p
}

fn texts(p: &Listpack) -> Vec<Vec<u8>> {
    p.iter().map(Entry::to_vec).collect()
}

#[test]
fn bytes_as_redis_writes_them() {
    assert_eq!(Listpack::new().as_bytes(), b"\x07\0\0\0\0\0\xff");
    assert_eq!(
        pack(&[b"a", b"1", b"-5", b"300", b"40000"]).as_bytes(),
        b"\x17\0\0\0\x05\0\x81a\x02\x01\x01\xdf\xfb\x02\xc1\x2c\x02\xf2\x40\x9c\x00\x04\xff"
    );
    for (n, size) in [
        (0, 2),
        (127, 2),
        (128, 3),
        (-1, 3),
        (-4096, 3),
        (4096, 4),
        (-32_768, 4),
        (32_768, 5),
        (8_388_607, 5),
        (8_388_608, 6),
        (i64::from(i32::MIN), 6),
        (i64::from(i32::MIN) - 1, 10),
        (i64::MAX, 10),
        (i64::MIN, 10),
    ] {
        assert_eq!(int_entry_size(n), size, "{n}");
        let p = pack(&[n.to_string().as_bytes()]);
        assert_eq!(p.get(0), Some(Entry::Int(n)));
        assert_eq!(p.byte_len(), EMPTY_SIZE + size);
    }
    for (len, size) in [(0, 2), (63, 65), (64, 67), (4095, 4099), (4096, 4103), (20_000, 20_008)] {
        assert_eq!(entry_size(&vec![b'x'; len]), size, "{len}");
    }
}

#[test]
fn more_entries_than_the_header_can_say() {
    let mut p = Listpack::new();
    (0..70_000).for_each(|_| p.push_back(b"x"));
    assert_eq!((p.len(), &p.as_bytes()[4..6]), (70_000, &b"\xff\xff"[..]));
    let mut again = Listpack::from_bytes(p.as_bytes().to_vec()).expect("sound");
    assert_eq!(again.len(), 70_000);
    assert_eq!(Listpack::from_bytes_shallow(p.as_bytes().to_vec()).expect("sound").len(), 70_000);
    again.remove_range(10, 69_000);
    assert_eq!((again.len(), &again.as_bytes()[4..6]), (1000, &1000u16.to_le_bytes()[..]));
}

#[test]
fn unsound_blobs_are_refused() {
    let good = pack(&[b"a", b"bc", b"12"]).as_bytes().to_vec();
    assert!(Listpack::from_bytes(good.clone()).is_ok());
    assert_eq!(validate(b"\x06\0\0\0\0\0"), Err(Malformed::Short));
    assert_eq!(validate(b"\x08\0\0\0\0\0\xff"), Err(Malformed::Size));
    assert_eq!(validate(b"\x07\0\0\0\0\0\xfe"), Err(Malformed::NoEnd));
    assert_eq!(validate(b"\x07\0\0\0\x01\0\xff"), Err(Malformed::Count));
    for at in 0..good.len() {
        for bit in 0..8 {
            let mut bad = good.clone();
            bad[at] ^= 1 << bit;
            // Only the content of a string or of a number may differ unnoticed.
            if let Ok(p) = Listpack::from_bytes(bad.clone()) {
                assert_eq!(p.iter().count(), p.len());
            }
            // And a shallow look must never lead to a panic.
            if let Ok(mut p) = Listpack::from_bytes_shallow(bad) {
                let _ = (p.iter().count(), p.iter().rev().count(), p.get(2));
                p.push_front(b"x");
                p.remove_range(1, 2);
                p.push_back(b"y");
                p.remove_range(0, 1);
            }
        }
    }
}

#[test]
fn find_compares_texts() {
    let p = pack(&[b"f1", b"v", b"7", b"f1", b"v", b"7"]);
    let first = p.first().expect("not empty");
    assert_eq!(p.find(first, b"7", 1).map(|at| p.entry(at)), Some(Entry::Int(7)));
    assert_eq!(p.find(first, b"v", 1), p.seek(4));
    assert_eq!(p.find(first, b"v", 0), p.seek(1));
    assert_eq!(p.find(first, b"07", 0), None);
    // A number that is stored as a string is found by its text as well.
    let odd = Listpack::from_bytes(b"\x0a\0\0\0\x01\0\x817\x02\xff".to_vec()).expect("sound");
    assert!(odd.find(odd.first().expect("one"), b"7", 0).is_some());
}

#[derive(Clone, Debug)]
enum Op {
    PushBack(Vec<u8>),
    PushFront(Vec<u8>),
    Insert(usize, bool, Vec<u8>),
    Replace(usize, Vec<u8>),
    Remove(usize, usize),
    RemoveAt(usize),
    Pop(bool, usize),
    SplitJoin(usize, bool),
}

fn text() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => any::<i64>().prop_map(|n| n.to_string().into_bytes()),
        4 => (-5000i64..5000).prop_map(|n| n.to_string().into_bytes()),
        6 => prop::collection::vec(any::<u8>(), 0..20),
        1 => (50usize..5000).prop_map(|n| vec![b'z'; n]),
    ]
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        4 => text().prop_map(Op::PushBack),
        4 => text().prop_map(Op::PushFront),
        2 => (any::<usize>(), any::<bool>(), text()).prop_map(|(i, b, t)| Op::Insert(i, b, t)),
        2 => (any::<usize>(), text()).prop_map(|(i, t)| Op::Replace(i, t)),
        1 => (any::<usize>(), 0usize..8).prop_map(|(i, n)| Op::Remove(i, n)),
        1 => any::<usize>().prop_map(Op::RemoveAt),
        1 => (any::<bool>(), 0usize..6).prop_map(|(b, n)| Op::Pop(b, n)),
        1 => (any::<usize>(), any::<bool>()).prop_map(|(i, b)| Op::SplitJoin(i, b)),
    ]
}

proptest! {
    #[test]
    fn does_what_a_vector_does(ops in prop::collection::vec(op(), 0..60)) {
        let (mut p, mut v) = (Listpack::new(), Vec::<Vec<u8>>::new());
        for op in ops {
            match op {
                Op::PushBack(t) => { p.push_back(&t); v.push(t); }
                Op::PushFront(t) => { p.push_front(&t); v.insert(0, t); }
                Op::Insert(i, before, t) if !v.is_empty() => {
                    let i = i % v.len();
                    let pos = p.seek(i).expect("within");
                    if before {
                        p.insert_before(pos, &t);
                        prop_assert!(p.entry(pos).is(&t));
                        v.insert(i, t);
                    } else {
                        let pos = p.insert_after(pos, &t);
                        prop_assert!(p.entry(pos).is(&t));
                        v.insert(i + 1, t);
                    }
                }
                Op::Replace(i, t) if !v.is_empty() => {
                    let i = i % v.len();
                    p.replace(p.seek(i).expect("within"), &t);
                    v[i] = t;
                }
                Op::Remove(i, n) => {
                    let i = i % (v.len() + 1);
                    let n_real = n.min(v.len() - i);
                    prop_assert_eq!(p.remove_range(i, n), n_real);
                    v.drain(i..i + n_real);
                }
                Op::RemoveAt(i) if !v.is_empty() => {
                    let i = i % v.len();
                    let next = p.remove(p.seek(i).expect("within"));
                    v.remove(i);
                    prop_assert_eq!(next.map(|n| p.entry(n).to_vec()), v.get(i).cloned());
                }
                Op::Pop(front, n) => {
                    let real = n.min(v.len());
                    if front {
                        prop_assert_eq!(p.pop_front(n), real);
                        v.drain(..real);
                    } else {
                        prop_assert_eq!(p.pop_back(n), real);
                        v.truncate(v.len() - real);
                    }
                }
                Op::SplitJoin(i, swap) => {
                    let i = i % (v.len() + 1);
                    let mut right = p.split_off(i);
                    prop_assert_eq!((p.len(), right.len()), (i, v.len() - i));
                    if swap {
                        right.prepend(&p);
                        p = right;
                    } else {
                        p.append(&right);
                    }
                }
                _ => {}
            }
            prop_assert_eq!(validate(p.as_bytes()), Ok(p.len() as u32));
            prop_assert_eq!(&texts(&p), &v);
            let fresh = pack(&v.iter().map(|t| &t[..]).collect::<Vec<_>>());
            prop_assert_eq!(fresh.as_bytes(), p.as_bytes());
        }
        let back: Vec<_> = p.iter().rev().map(Entry::to_vec).collect();
        v.reverse();
        prop_assert_eq!(back, v);
    }

    #[test]
    fn no_blob_leads_to_a_panic(mut blob in prop::collection::vec(any::<u8>(), 7..60), n in 0u16..9) {
        let len = blob.len();
        blob[..4].copy_from_slice(&(len as u32).to_le_bytes());
        blob[4..6].copy_from_slice(&n.to_le_bytes());
        blob[len - 1] = 0xff;
        let mut p = Listpack::from_bytes_shallow(blob).expect("framed");
        let _ = (p.iter().count(), p.iter().rev().count());
        for i in 0..usize::from(n) {
            if let Some(pos) = p.seek(i) {
                let _ = (p.entry(pos), p.next(pos), p.prev(pos), p.find(pos, b"1", 1));
                p.replace(pos, b"12345");
                p.insert_after(pos, b"x");
                p.remove(pos);
            }
        }
        p.push_front(b"a");
        p.push_back(b"b");
        let right = p.split_off(2);
        p.append(&right);
        p.pop_front(1);
        p.pop_back(1);
    }
}
