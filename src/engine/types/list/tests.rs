//! Against a plain vector.

use super::*;
use proptest::prelude::*;

/// From here on an element is large in these tests.
const BIG: usize = 40;

fn texts(list: &List) -> Vec<Vec<u8>> {
    list.iter().map(Entry::to_vec).collect()
}

/// The sums that are kept must be those of a walk.
fn check(list: &List, want: &[Vec<u8>]) {
    list.chunks.check();
    assert_eq!(texts(list), want);
    assert_eq!(list.len(), want.len());
    assert_eq!(list.nodes().count(), list.node_count());
    assert!(list.nodes().all(|n| !n.is_empty()), "no node is empty");
    let again = List::from_nodes(-2, list.nodes().cloned());
    assert_eq!(texts(&again), want);
    if let Some(last) = want.len().checked_sub(1) {
        let back: Vec<_> = list.iter_back_from(last).map(Entry::to_vec).collect();
        assert!(back.iter().eq(want.iter().rev()));
    }
}

#[derive(Clone, Debug)]
enum Op {
    Push(bool, Vec<u8>),
    Pop(bool),
    Insert(usize, bool, Vec<u8>),
    Replace(usize, Vec<u8>),
    Remove(usize, usize),
    RemoveEqual(usize, bool, usize),
    Snapshot,
}

fn text() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        5 => (0i64..20).prop_map(|n| n.to_string().into_bytes()),
        3 => prop::collection::vec(b'a'..b'c', 0..30),
        1 => prop::collection::vec(b'x'..b'z', BIG..60),
    ]
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        8 => (any::<bool>(), text()).prop_map(|(f, t)| Op::Push(f, t)),
        2 => any::<bool>().prop_map(Op::Pop),
        4 => (any::<usize>(), any::<bool>(), text()).prop_map(|(i, a, t)| Op::Insert(i, a, t)),
        2 => (any::<usize>(), text()).prop_map(|(i, t)| Op::Replace(i, t)),
        1 => (any::<usize>(), 0usize..20).prop_map(|(i, n)| Op::Remove(i, n)),
        1 => (any::<usize>(), any::<bool>(), 1usize..4).prop_map(|(i, b, n)| Op::RemoveEqual(i, b, n)),
        1 => Just(Op::Snapshot),
    ]
}

proptest! {
    #[test]
    fn does_what_a_vector_does(
        fill in prop_oneof![Just(-2i64), Just(-1), 1i64..6],
        ops in prop::collection::vec(op(), 0..200),
    ) {
        let (mut list, mut v) = (List::new(fill), Vec::<Vec<u8>>::new());
        let mut snapshot = None;
        for op in ops {
            match op {
                Op::Push(front, t) => {
                    list.push(front, &t, BIG);
                    v.insert(if front { 0 } else { v.len() }, t);
                }
                Op::Pop(front) => {
                    let got = list.pop(front, |e| e.to_vec());
                    let at = if front { 0 } else { v.len().saturating_sub(1) };
                    prop_assert_eq!(got, (at < v.len()).then(|| v.remove(at)));
                }
                Op::Insert(i, after, t) if !v.is_empty() => {
                    let i = i % v.len();
                    list.insert(i, after, &t, BIG);
                    v.insert(i + usize::from(after), t);
                }
                Op::Replace(i, t) if !v.is_empty() => {
                    let i = i % v.len();
                    prop_assert!(list.replace(i, &t, BIG));
                    v[i] = t;
                }
                Op::Remove(i, n) => {
                    let i = i % (v.len() + 1);
                    list.remove_range(i, n);
                    v.drain(i..(i + n).min(v.len()));
                }
                Op::RemoveEqual(i, back, n) if !v.is_empty() => {
                    let t = v[i % v.len()].clone();
                    let mut left = n;
                    let mut keep = |x: &Vec<u8>| {
                        let goes = *x == t && left > 0;
                        left -= usize::from(goes);
                        !goes
                    };
                    let before = v.len();
                    if back {
                        v.reverse();
                        v.retain(&mut keep);
                        v.reverse();
                    } else {
                        v.retain(&mut keep);
                    }
                    prop_assert_eq!(list.remove_equal(&t, back, n), before - v.len());
                }
                Op::Snapshot => snapshot = Some((list.clone(), v.clone())),
                _ => {}
            }
            check(&list, &v);
            for (i, t) in v.iter().enumerate().step_by(7) {
                prop_assert!(list.get(i).is_some_and(|e| e.is(t)));
                prop_assert_eq!(list.iter_from(i).count(), v.len() - i);
            }
        }
        if let Some((list, v)) = snapshot {
            check(&list, &v);
        }
    }
}

#[test]
fn what_a_copy_costs_is_accounted_for() {
    let exact = |n: usize| {
        let mut pack = crate::wire::listpack::Listpack::new();
        (0..n).for_each(|_| pack.push_back(b"something"));
        let bytes = pack.as_bytes().to_vec();
        Node::Packed(crate::wire::listpack::Listpack::from_bytes(bytes).expect("sound"))
    };
    let mut list = List::from_nodes(-2, (0..500).map(|i| exact(1 + i % 40)));
    let snapshot = list.clone();
    for step in 0.. {
        list.chunks.check();
        match step % 3 {
            0 => list.push(step % 2 == 0, b"new", LARGE),
            1 => list.remove_range(list.len() / 2, 7),
            _ => list.remove_range(0, 190),
        }
        if list.is_empty() {
            break;
        }
    }
    list.chunks.check();
    snapshot.chunks.check();
    assert_eq!(list.node_count(), 0);
}

#[test]
fn nodes_hold_what_the_setting_says() {
    let push = |fill, n: usize, text: &[u8]| {
        let mut list = List::new(fill);
        (0..n).for_each(|_| list.push(false, text, LARGE));
        list.nodes().map(Node::len).collect::<Vec<_>>()
    };
    assert_eq!(push(3, 7, b"x"), [3, 3, 1]);
    assert_eq!(push(0, 3, b"x"), [1, 1, 1]);
    // Beyond 8 KB a setting that counts elements does not count.
    assert_eq!(push(100, 3, &[b'x'; 5000]), [1, 1, 1]);
    // 4 KB less the frame, 103 bytes each; Redis reckons with 8 bytes beside the text.
    assert_eq!(push(-1, 50, &[b'x'; 100])[0], 39);
    let mut list = List::new(-2);
    list.push(false, b"small", 10);
    list.push(false, b"large enough", 10);
    list.push(false, b"small", 10);
    let plain: Vec<bool> = list.nodes().map(|n| matches!(n, Node::Plain(_))).collect();
    assert_eq!(plain, [false, true, false]);
}

#[test]
fn a_million_elements_are_found_and_shared() {
    let mut list = List::new(1);
    (0..200_000u32).for_each(|n| list.push(false, n.to_string().as_bytes(), LARGE));
    for i in [0, 1, 99_999, 100_000, 100_001, 199_999] {
        assert_eq!(list.get(i), Some(Entry::Int(i as i64)));
    }
    let before = list.clone();
    list.insert(100_000, false, b"new", LARGE);
    assert_eq!((before.len(), list.len()), (200_000, 200_001));
    assert_eq!(list.get(100_001), Some(Entry::Int(100_000)));
    assert_eq!(before.get(100_000), Some(Entry::Int(100_000)));
}
