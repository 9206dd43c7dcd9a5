//! Writer and decoder against each other, against captured bytes, and against garbage.

use super::*;
use proptest::prelude::*;

/// Decodes `bytes` pushed in pieces of `size`; the items in words.
fn decode(bytes: &[u8], size: usize) -> Result<Vec<String>, RdbError> {
    let mut decoder = Decoder::new();
    let mut items = Vec::new();
    for piece in bytes.chunks(size) {
        decoder.push(piece);
        while let Some(item) = decoder.next()? {
            items.push(format!("{item:?}"));
        }
    }
    decoder.end_of_input()?;
    assert_eq!(decoder.consumed() as usize + decoder.leftover().len(), bytes.len());
    Ok(items)
}

fn key<'a>(key: &'a str, value: &'a str, encoded_bytes: u64) -> Item<'a> {
    let (key, value) = (Text::Bytes(key.as_bytes()), Text::Bytes(value.as_bytes()));
    Item::String { key, value, hints: Hints::default(), encoded_bytes }
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
    let want = [
        Item::Version(10),
        Item::Aux { key: Text::Bytes(b"k"), value: Text::Bytes(b"v") },
        Item::SelectDb(3),
        Item::ResizeDb { keys: 2, expires: 1 },
        key("a", "b", 5),
        Item::String {
            key: Text::Int(10),
            value: Text::Bytes(&[b'a'; 63]),
            hints: Hints { expire_ms: Some(1000), idle: Some(5), freq: Some(7) },
            encoded_bytes: 24,
        },
        Item::End { checksum: Checksum::Checked },
    ];
    let want: Vec<String> = want.iter().map(|item| format!("{item:?}")).collect();
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
    let module = error(&file(b"\x07\x01m\x81\0\0\0\0\0\0\0\x01\x00"));
    assert_eq!(module, RdbError::Module("AAAAAAAAA".into()));
    let function = error(&file(&[0xf5, 0]));
    assert_eq!(function.to_string(), "functions are not supported yet");
    assert_eq!(error(&file(&[0xf7, 0])), RdbError::ModuleAux("AAAAAAAAA".into()));
    let node = RdbError::Corrupt("Quicklist integrity check failed.");
    assert_eq!(error(&file(b"\x12\x01l\x01\x03\x01a")), node);
    let good = file(b"\x00\x01a\x01b");
    for len in 0..good.len() {
        assert_eq!(decode(&good[..len], 5).err(), Some(RdbError::ShortRead), "cut at {len}");
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

/// A value of every layout: its type byte and what stands behind it, and the parts that come out.
const LAYOUTS: &[(&[u8], usize)] = &[
    (b"\x01\x02\x01a\xc0\x05", 2),
    (b"\x02\x01\x01a", 1),
    (b"\x03\x03\x01a\x031.5\x01b\xfe\x01c\xff", 3),
    (b"\x04\x02\x01a\x01b\x01c\x01d", 2),
    (b"\x05\x01\x01a\0\0\0\0\0\0\xf0\x3f", 1),
    (b"\x09\x02\x00\xff", 1),
    (b"\x0b\x0a\x02\0\0\0\x01\0\0\0\x07\0", 1),
    (b"\x0e\x02\x01z\x01y", 2),
    (b"\x10\x07\x07\0\0\0\0\0\xff", 1),
    (b"\x12\x02\x01\x01a\x02\x07\x07\0\0\0\0\0\xff", 2),
    // A stream without entries; one with a node, two groups, and what they wait for.
    (b"\x13\0\0\0\0\0\0\0\0\0\0", 1),
    (
        b"\x13\x01\x100123456789abcdef\x02lp\x05\x01\x02\x01\x01\0\0\x07\x02\
          \x01g\x01\x01\x03\x01AAAAAAAABBBBBBBB12345678\x02\
          \x02\x01c12345678\x01AAAAAAAABBBBBBBB\x01d12345678\x00\x01h\0\0\0\0\0",
        8,
    ),
    (b"\x0f\0\0\x05\x06\x01\x01g\x05\x06\x00\x00", 2),
];

#[test]
fn values_come_in_parts_however_the_bytes_are_cut() {
    for (value, parts) in LAYOUTS {
        let record = [&value[..1], b"\x01k", &value[1..]].concat();
        let bytes = file(&record);
        let whole = decode(&bytes, bytes.len()).unwrap();
        let is_part = |item: &&String| item.starts_with("Part(");
        assert_eq!(whole.iter().filter(is_part).count(), *parts, "{whole:#?}");
        let end = format!("ValueEnd {{ encoded_bytes: {} }}", record.len());
        assert!(whole.contains(&end), "{whole:#?}");
        for size in 1..bytes.len() {
            assert_eq!(decode(&bytes, size).unwrap(), whole);
        }
        for len in 0..bytes.len() {
            assert_eq!(decode(&bytes[..len], 7).err(), Some(RdbError::ShortRead), "cut at {len}");
        }
        let mut payload = value.to_vec();
        seal_payload(&mut payload);
        let mut decoder = open_payload(&payload, true).unwrap();
        let mut items = 0;
        while decoder.next().unwrap().is_some() {
            items += 1;
        }
        assert!(decoder.finished());
        assert_eq!(items, parts + 2, "a beginning and an end besides");
    }
}

#[test]
fn a_value_of_a_million_elements_takes_no_memory_here() {
    let mut decoder = Decoder::new();
    decoder.push(b"REDIS0010\x02\x01k\x80\x00\x0f\x42\x40");
    let mut parts = 0;
    let piece = b"\x0asomeone 42".repeat(1000);
    for _ in 0..1000 {
        decoder.push(&piece);
        while let Some(item) = decoder.next().unwrap() {
            parts += u32::from(matches!(item, Item::Part(_)));
        }
    }
    assert_eq!(parts, 1_000_000);
    assert!(decoder.buf_capacity() < 256 * 1024, "{}", decoder.buf_capacity());
}

#[test]
fn payloads() {
    let mut good = b"\x00\xc0\x0a".to_vec();
    seal_payload(&mut good);
    assert_eq!(good[..5], *b"\x00\xc0\x0a\x0a\x00");
    let open = |bytes: &[u8]| open_payload(bytes, true).err();
    assert_eq!(open(&good), None);
    assert_eq!(open(&good[..9]), Some(RdbError::ShortRead));
    let mut bad = good.clone();
    bad[1] ^= 1;
    assert!(matches!(open(&bad), Some(RdbError::ChecksumMismatch { .. })));
    assert!(open_payload(&bad, false).is_ok());
    let mut newer = b"\x00\x01a\x0b\x00".to_vec();
    newer.extend(super::super::crc64::checksum(&newer).to_le_bytes());
    assert_eq!(open(&newer), Some(RdbError::VersionTooNew(11)));
    // What is cut off is missing; what follows the value does not matter.
    let read = |body: &[u8]| {
        let mut payload = body.to_vec();
        seal_payload(&mut payload);
        let mut decoder = open_payload(&payload, true)?;
        while decoder.next()?.is_some() {}
        decoder.end_of_input()
    };
    assert_eq!(read(b"\x00\x09a"), Err(RdbError::ShortRead));
    assert_eq!(read(b""), Err(RdbError::ShortRead));
    assert_eq!(read(b"\x00\x01amore"), Ok(()));
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
        let mut decoder = Decoder::new();
        let mut got = Vec::new();
        for piece in bytes.chunks(size) {
            decoder.push(piece);
            while let Some(item) = decoder.next().unwrap() {
                if let Item::String { key, value, hints, .. } = item {
                    got.push((key.to_vec(), value.to_vec(), hints.expire_ms));
                }
            }
        }
        prop_assert_eq!(got, keys);
    }

    #[test]
    fn garbage_never_panics(records in proptest::collection::vec(any::<u8>(), 0..200), size in 1usize..50) {
        let _ = decode(&file(&records), size);
        let mut payload = records;
        seal_payload(&mut payload);
        let mut decoder = open_payload(&payload, true).unwrap();
        while let Ok(Some(_)) = decoder.next() {}
    }

    #[test]
    fn one_wrong_bit_never_panics(at in 9usize..60, bit in 0u8..8) {
        let mut bytes = file(b"\xfa\x01k\x01v\xfe\x03\xfb\x02\x01\x00\x01a\x01b\xf8\x05\xf9\x07\xfd\x01\x00\x00\x00\x00\xc0\x0a\xc3\x09\x3f\x01\x61\x61\xe0\x32\x00\x01\x61\x61");
        let at = at.min(bytes.len() - 9);
        bytes[at] ^= 1 << bit;
        prop_assert!(decode(&bytes, 7).is_err());
    }
}
