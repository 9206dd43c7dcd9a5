//! Writer and decoder against each other, against captured bytes, and against garbage.

use super::*;
use proptest::prelude::*;

/// Decodes `bytes` pushed in pieces of `size`.
fn decode(bytes: &[u8], size: usize) -> Result<Vec<Item>, RdbError> {
    let mut decoder = Decoder::new();
    let mut items = Vec::new();
    for piece in bytes.chunks(size) {
        decoder.push(piece);
        while let Some(item) = decoder.next()? {
            items.push(item);
        }
    }
    decoder.end_of_input()?;
    assert_eq!(decoder.consumed() as usize + decoder.leftover().len(), bytes.len());
    Ok(items)
}

fn key(key: &str, value: &str, encoded_bytes: u64) -> Item {
    Item::Key {
        key: key.into(),
        value: RdbValue::String(value.into()),
        expire_ms: None,
        idle: None,
        freq: None,
        encoded_bytes,
    }
}

/// A file around `records`, with the right checksum.
fn file(records: &[u8]) -> Vec<u8> {
    let mut bytes = [b"REDIS0010", records, &[0xff]].concat();
    let sum = super::super::crc64::checksum(&bytes);
    bytes.extend_from_slice(&sum.to_le_bytes());
    bytes
}

#[test]
fn bytes_as_redis_writes_them() {
    let mut w = Writer::new(Options::default());
    w.header();
    w.aux("redis-ver", "7.0.15");
    w.aux("redis-bits", "64");
    w.select_db(0);
    w.resize_db(1, 1);
    w.string_key(b"a", b"1", Some(4_102_444_800_000));
    w.eof();
    let mut want =
        b"REDIS0010\xfa\x09redis-ver\x067.0.15\xfa\x0aredis-bits\xc0\x40\xfe\x00\xfb\x01\x01"
            .to_vec();
    want.extend_from_slice(b"\xfc\x00\xd8\xc3\x2c\xbb\x03\x00\x00\x00\x01a\xc0\x01\xff");
    let sum = super::super::crc64::checksum(&want);
    want.extend_from_slice(&sum.to_le_bytes());
    assert_eq!(w.written() as usize, want.len());
    assert_eq!(w.take(), want);
}

#[test]
fn strings_take_their_shortest_form() {
    let bytes_of = |text: &[u8]| {
        let mut w = Writer::new(Options::default());
        w.string_key(text, b"", None);
        let bytes = w.take();
        bytes[1..bytes.len() - 1].to_vec()
    };
    assert_eq!(bytes_of(b"12345"), b"\xc1\x39\x30");
    assert_eq!(bytes_of(b"-1"), b"\xc0\xff");
    assert_eq!(bytes_of(b"-2147483648"), b"\xc2\x00\x00\x00\x80");
    assert_eq!(bytes_of(b"007"), b"\x03007");
    assert_eq!(bytes_of(b"3000000000"), b"\x0a3000000000");
    assert_eq!(bytes_of(&[b'a'; 20])[0], 20);
    assert_eq!(bytes_of(&[b'a'; 63])[0], 0xc3);
    let noise: Vec<u8> = (0..=255).collect();
    assert_eq!(bytes_of(&noise)[..2], [0x41, 0x00]);
}

#[test]
fn records_come_out_the_same_however_the_bytes_are_cut() {
    let records = b"\xfa\x01k\x01v\xfe\x03\xfb\x02\x01\x00\x01a\x01b\xf8\x05\xf9\x07\xfd\x01\x00\x00\x00\x00\xc0\x0a\xc3\x09\x3f\x01\x61\x61\xe0\x32\x00\x01\x61\x61";
    let bytes = file(records);
    let want = vec![
        Item::Version(10),
        Item::Aux { key: b"k".to_vec(), value: b"v".to_vec() },
        Item::SelectDb(3),
        Item::ResizeDb { keys: 2, expires: 1 },
        key("a", "b", 5),
        Item::Key {
            key: b"10".to_vec(),
            value: RdbValue::String(vec![b'a'; 63]),
            expire_ms: Some(1000),
            idle: Some(5),
            freq: Some(7),
            encoded_bytes: 24,
        },
        Item::End { checksum: Checksum::Checked },
    ];
    for size in 1..=bytes.len() {
        assert_eq!(decode(&bytes, size).unwrap(), want, "pieces of {size}");
    }
}

#[test]
fn what_follows_the_end_is_left_alone() {
    let mut bytes = file(b"");
    bytes.extend_from_slice(b"*1\r\n$4\r\nPING\r\n");
    let mut decoder = Decoder::new();
    decoder.push(&bytes);
    while decoder.next().unwrap().is_some() {}
    assert!(decoder.finished());
    assert_eq!(decoder.take_leftover(), b"*1\r\n$4\r\nPING\r\n");
    assert_eq!(decoder.next(), Ok(None));
}

#[test]
fn checksums_are_checked_absent_or_skipped() {
    let end = |bytes: &[u8], verify| {
        let mut decoder = Decoder::new().verify_checksum(verify);
        decoder.push(bytes);
        loop {
            match decoder.next() {
                Ok(Some(Item::End { checksum })) => return Ok(checksum),
                Ok(Some(_)) => {}
                Ok(None) => panic!("no end"),
                Err(error) => return Err(error),
            }
        }
    };
    let good = file(b"\x00\x01a\x01b");
    assert_eq!(end(&good, true), Ok(Checksum::Checked));
    assert_eq!(end(&good, false), Ok(Checksum::Skipped));
    let mut zero = good.clone();
    let len = zero.len();
    zero[len - 8..].fill(0);
    assert_eq!(end(&zero, true), Ok(Checksum::Absent));
    let mut bad = good.clone();
    bad[len - 10] ^= 1;
    assert!(matches!(end(&bad, true), Err(RdbError::ChecksumMismatch { .. })));
    assert_eq!(end(&bad, false), Ok(Checksum::Skipped));
    assert_eq!(end(b"REDIS0004\xff", true), Ok(Checksum::Absent));

    let mut w = Writer::new(Options { checksum: false, ..Options::default() });
    w.header();
    w.eof();
    assert_eq!(end(&w.take(), true), Ok(Checksum::Absent));
}

#[test]
fn every_kind_of_error() {
    let error = |bytes: &[u8]| decode(bytes, 3).unwrap_err();
    assert_eq!(error(b"RADIS0010\xff"), RdbError::WrongSignature);
    assert_eq!(error(b"REDIS0011\xff"), RdbError::VersionTooNew(11));
    assert_eq!(error(b"REDISabcd\xff"), RdbError::VersionTooNew(0));
    assert_eq!(RdbError::VersionTooNew(11).to_string(), "Can't handle RDB format version 11");
    assert_eq!(error(&file(b"\x14\x01a\x00")), RdbError::UnknownType(20));
    assert_eq!(RdbError::UnknownType(20).to_string(), "Unknown RDB encoding type 20");
    assert_eq!(error(&file(b"\xf4\x00\x00\x00")), RdbError::UnknownType(0xf4));
    assert_eq!(error(&file(b"\x00\x01a\x90")), RdbError::Corrupt("unknown length encoding"));
    assert_eq!(error(&file(b"\x00\x01a\xc4")), RdbError::Corrupt("Unknown RDB string encoding"));
    assert!(matches!(error(&file(b"\xfe\xc0\x01")), RdbError::Corrupt(_)));
    assert!(matches!(error(&file(b"\x00\x01a\xc3\x01\x05\x00")), RdbError::Corrupt(_)));
    let list = error(&file(b"\x12\x01l\x01\x02\x07\x07\x00\x00\x00\x00\x00\xff"));
    assert_eq!(list, RdbError::Unsupported { kind: "list", key: Some(b"l".to_vec()) });
    assert_eq!(list.to_string(), "values of type list are not supported yet (key 'l')");
    for (kind, name) in [(2, "set"), (4, "hash"), (5, "zset"), (7, "module"), (19, "stream")] {
        let want = RdbError::Unsupported { kind: name, key: Some(b"k".to_vec()) };
        assert_eq!(error(&file(&[kind, 1, b'k', 0])), want);
    }
    for (opcode, name) in [(0xf5, "function"), (0xf7, "module")] {
        let want = RdbError::Unsupported { kind: name, key: None };
        assert_eq!(error(&file(&[opcode, 0])), want);
    }
    let good = file(b"\x00\x01a\x01b");
    for len in 0..good.len() {
        assert_eq!(decode(&good[..len], 5), Err(RdbError::ShortRead), "cut at {len}");
    }
}

#[test]
fn an_error_stays() {
    let mut decoder = Decoder::new();
    decoder.push(b"REDIS0099");
    assert_eq!(decoder.next(), Err(RdbError::VersionTooNew(99)));
    decoder.push(b"more");
    assert_eq!(decoder.next(), Err(RdbError::VersionTooNew(99)));
    assert_eq!(decoder.end_of_input(), Err(RdbError::VersionTooNew(99)));
}

#[test]
fn a_huge_announcement_takes_no_memory_before_its_bytes() {
    let mut decoder = Decoder::new();
    decoder.push(b"REDIS0010\x00\x01a\x81\x00\xff\xff\xff\xff\xff\xff\xff");
    assert_eq!(decoder.next(), Ok(Some(Item::Version(10))));
    assert_eq!(decoder.next(), Ok(None));
    assert!(decoder.buf_capacity() < 1024);
    let mut decoder = Decoder::new();
    decoder.push(b"REDIS0010\x00\x01a\x81\xff\xff\xff\xff\xff\xff\xff\xff");
    assert_eq!(decoder.next(), Ok(Some(Item::Version(10))));
    assert!(matches!(decoder.next(), Err(RdbError::Corrupt(_))));
    // An LZF string cannot claim more than its bytes could ever expand to.
    let records = b"\x00\x01a\xc3\x02\x80\x7f\xff\xff\xff\x00a";
    assert!(matches!(decode(&file(records), 7), Err(RdbError::Corrupt(_))));
}

#[test]
fn the_buffer_does_not_grow_with_the_file() {
    let mut w = Writer::new(Options { compression: false, checksum: true });
    let mut decoder = Decoder::new();
    let mut keys = 0;
    w.header();
    for n in 0..20_000 {
        w.string_key(format!("key:{n}").as_bytes(), &[b'v'; 100], None);
        if w.pending().len() > 16 * 1024 {
            decoder.push(&w.take());
            while decoder.next().unwrap().is_some() {
                keys += 1;
            }
        }
    }
    w.eof();
    decoder.push(&w.take());
    while decoder.next().unwrap().is_some() {
        keys += 1;
    }
    // Version and end are records too.
    assert_eq!(keys, 20_002);
    assert!(decoder.buf_capacity() < 256 * 1024, "{}", decoder.buf_capacity());
}

#[test]
fn payloads() {
    let payload = dump_payload(b"10");
    assert_eq!(payload[..5], *b"\x00\xc0\x0a\x0a\x00");
    for value in [&b""[..], b"10", b"hello", &b"ab".repeat(500)] {
        let payload = dump_payload(value);
        assert_eq!(load_payload(&payload), Ok(RdbValue::String(value.to_vec())));
        assert_eq!(load_payload(&payload[..9]), Err(RdbError::ShortRead));
        let mut bad = payload.clone();
        bad[1] ^= 1;
        assert!(matches!(load_payload(&bad), Err(RdbError::ChecksumMismatch { .. })));
    }
    let signed = |body: &[u8], version: u16| {
        let mut bytes = [body, &version.to_le_bytes()].concat();
        let sum = super::super::crc64::checksum(&bytes);
        bytes.extend_from_slice(&sum.to_le_bytes());
        bytes
    };
    assert_eq!(load_payload(&signed(b"\x00\x01a", 11)), Err(RdbError::VersionTooNew(11)));
    assert!(matches!(load_payload(&signed(b"\x00\x09a", 10)), Err(RdbError::Corrupt(_))));
    assert!(matches!(load_payload(&signed(b"", 10)), Err(RdbError::Corrupt(_))));
    let list = RdbError::Unsupported { kind: "list", key: None };
    assert_eq!(load_payload(&signed(b"\x12\x00", 10)), Err(list));
}

/// Keys and values of every form: integers, short, compressible, noise.
fn text() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        any::<i64>().prop_map(|n| n.to_string().into_bytes()),
        (any::<i64>(), 0u32..64).prop_map(|(n, by)| (n >> by).to_string().into_bytes()),
        proptest::collection::vec(any::<u8>(), 0..100),
        (any::<u8>(), 0usize..40_000).prop_map(|(b, n)| vec![b; n]),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_written_is_read(
        keys in proptest::collection::vec((text(), text(), any::<Option<i64>>()), 0..12),
        compression: bool, size in 1usize..5000,
    ) {
        let mut w = Writer::new(Options { compression, checksum: true });
        let mut bytes = Vec::new();
        w.header();
        for (key, value, expire) in &keys {
            let before = w.written();
            w.string_key(key, value, *expire);
            prop_assert!(w.written() > before);
            w.drain_into(&mut bytes);
        }
        w.eof();
        w.drain_into(&mut bytes);
        let got: Vec<_> = decode(&bytes, size).unwrap().into_iter().filter_map(|item| match item {
            Item::Key { key, value: RdbValue::String(value), expire_ms, .. } => Some((key, value, expire_ms)),
            _ => None,
        }).collect();
        prop_assert_eq!(got, keys);
    }

    #[test]
    fn garbage_never_panics(records in proptest::collection::vec(any::<u8>(), 0..200), size in 1usize..50) {
        let _ = decode(&file(&records), size);
        let _ = load_payload(&records);
    }

    #[test]
    fn one_wrong_bit_never_panics(at in 9usize..60, bit in 0u8..8) {
        let mut bytes = file(b"\xfa\x01k\x01v\xfe\x03\xfb\x02\x01\x00\x01a\x01b\xf8\x05\xf9\x07\xfd\x01\x00\x00\x00\x00\xc0\x0a\xc3\x09\x3f\x01\x61\x61\xe0\x32\x00\x01\x61\x61");
        let at = at.min(bytes.len() - 9);
        bytes[at] ^= 1 << bit;
        prop_assert!(decode(&bytes, 7).is_err());
    }
}
