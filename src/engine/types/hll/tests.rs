use super::*;

const SPARSE_MAX: usize = 3000;

fn of(elements: impl Iterator<Item = String>) -> Vec<u8> {
    let mut bytes = empty();
    elements.for_each(|e| assert!(add(&mut bytes, e.as_bytes(), SPARSE_MAX).is_ok()));
    bytes
}

#[test]
fn the_first_bytes_are_redis_own() {
    // GET after PFADD of nothing, and of `a`, at redis-server 7.0.15.
    assert_eq!(empty(), b"HYLL\x01\0\0\0\0\0\0\0\0\0\0\0\x7f\xff");
    let a = of(["a".to_string()].into_iter());
    assert_eq!(encoding(&a), Some(Encoding::Sparse));
    assert_eq!((a[15], count(&a), cached(&a)), (0x80, Ok(1), None));
    assert_eq!(runs(&a).map(|r| r.len).sum::<usize>(), REGISTERS);
}

#[test]
fn sparse_and_dense_agree_and_are_about_right() {
    for n in [0u64, 1, 10, 100, 1000, 5000, 100_000] {
        let names = || (0..n).map(|i| format!("element-{i}"));
        let sparse = of(names());
        let mut dense = empty();
        make_dense(&mut dense).unwrap();
        names().for_each(|e| assert!(add(&mut dense, e.as_bytes(), SPARSE_MAX).is_ok()));
        let mut converted = sparse.clone();
        make_dense(&mut converted).unwrap();
        assert_eq!(converted[16..], dense[16..]);
        let card = count(&sparse).unwrap();
        assert_eq!(count(&dense), Ok(card));
        assert!(card.abs_diff(n) <= n / 20, "{n}: {card}");
        let mut registers = vec![0; REGISTERS];
        merge_into(&mut registers, &sparse).unwrap();
        assert_eq!(estimate(&histogram_of(&registers)), card);
    }
}

#[test]
fn it_becomes_dense_when_it_is_too_long() {
    let names = |n: u64| (0..n).map(|i| i.to_string());
    assert_eq!(encoding(&of(names(500))), Some(Encoding::Sparse));
    assert_eq!(encoding(&of(names(20_000))), Some(Encoding::Dense));
    let mut bytes = empty();
    raise(&mut bytes, 7, 33, SPARSE_MAX).unwrap();
    assert_eq!((encoding(&bytes), register(&bytes, 7)), (Some(Encoding::Dense), 33));
}

#[test]
fn what_is_remembered() {
    let mut bytes = empty();
    assert_eq!(cached(&bytes), Some(0));
    remember(&mut bytes, 77);
    assert_eq!(cached(&bytes), Some(77));
    forget(&mut bytes);
    assert_eq!(cached(&bytes), None);
}

#[test]
fn bytes_of_any_origin_are_survived() {
    let sparse = of((0..300).map(|i| i.to_string()));
    for at in 16..sparse.len() {
        for cut in [false, true] {
            let mut bad = sparse.clone();
            bad[at] ^= 0x55;
            if cut {
                bad.truncate(at + 1);
            }
            let _ = count(&bad);
            let _ = merge_into(&mut vec![0; REGISTERS], &bad);
            for i in (0..REGISTERS).step_by(997) {
                let _ = raise(&mut bad.clone(), i, 9, SPARSE_MAX);
            }
            let _ = make_dense(&mut bad);
        }
    }
    let mut endless = empty();
    endless.extend(b"\x7f\xff".repeat(1 << 18));
    assert_eq!(count(&endless), Err(Corrupt));
    assert_eq!(encoding(b"HYLL\x02\0\0\0\0\0\0\0\0\0\0\0"), None);
    assert_eq!(encoding(b"HYLL\0\0\0\0\0\0\0\0\0\0\0\0"), None, "too short for dense");
    assert_eq!(count(b"HYLL\x01\0\0\0\0\0\0\0\0\0\0\0"), Err(Corrupt));
}
