//! Captured and hand-made bytes, cut and changed at every place.

use super::*;
use crate::wire::{crc64, lzf};
use proptest::prelude::*;

/// A file around `records`, with the right checksum.
fn file(records: &[u8]) -> Vec<u8> {
    let mut bytes = [b"REDIS0010", records, b"\xff"].concat();
    let sum = crc64::checksum(&bytes);
    bytes.extend_from_slice(&sum.to_le_bytes());
    bytes
}

fn walk(bytes: &[u8], step: usize, grain: Grain) -> (Vec<Item>, Result<u64, WalkError>) {
    let mut walker = Walker::new(grain);
    let mut items = Vec::new();
    for piece in bytes.chunks(step) {
        walker.push(piece);
        loop {
            match walker.next() {
                Ok(Some(item)) => items.push(item),
                Ok(None) => break,
                Err(error) => return (items, Err(error)),
            }
        }
    }
    walker.end_of_input();
    loop {
        match walker.next() {
            Ok(Some(item)) => items.push(item),
            Ok(None) => break,
            Err(error) => return (items, Err(error)),
        }
    }
    assert!(walker.finished(), "neither an error nor an end");
    (items, Ok(walker.beyond()))
}

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> =
        text.chars().filter_map(|c| c.to_digit(16)).map(|digit| digit as u8).collect();
    digits.chunks(2).map(|pair| pair[0] * 16 + pair[1]).collect()
}

/// The key of a file that holds one.
fn only_key(record: &[u8]) -> KeyEnd {
    let bytes = file(record);
    let (items, end) = walk(&bytes, bytes.len(), Grain::Records);
    end.expect("walked through");
    let mut keys = items.into_iter().filter_map(|item| match item.what {
        What::Key(key) => Some(*key),
        _ => None,
    });
    let key = keys.next().expect("a key");
    assert!(keys.next().is_none());
    key
}

fn one(text: &str) -> Element {
    Element::One(Clip::of(text.as_bytes()))
}

fn pair(a: &str, b: &str) -> Element {
    Element::Pair(Clip::of(a.as_bytes()), Clip::of(b.as_bytes()))
}

fn scored(member: &str, score: f64) -> Element {
    Element::Scored(Clip::of(member.as_bytes()), score)
}

#[test]
fn values_as_redis_writes_them() {
    let cases: [(&str, &str, u64, Vec<Element>); 6] = [
        ("01 01 6c 02 01 61 c0 07", "plain list", 2, vec![one("a"), one("7")]),
        (
            "12 01 6c 01 02 0f 0f000000 0300 01 01 81 61 02 c1 2c 02 ff",
            "quicklist",
            3,
            vec![one("1"), one("a"), one("300")],
        ),
        (
            "0b 01 73 0e 02000000 03000000 0100 0200 2c01",
            "intset",
            3,
            vec![one("1"), one("2"), one("300")],
        ),
        ("02 01 73 02 01 61 c0 01", "plain set", 2, vec![one("a"), one("1")]),
        (
            "11 01 7a 1d 1d000000 0600 81 63 02 84 2d 69 6e 66 05 81 61 02 01 01 81 62 02 83 31 2e \
             35 04 ff",
            "listpack",
            3,
            vec![scored("c", f64::NEG_INFINITY), scored("a", 1.0), scored("b", 1.5)],
        ),
        ("04 01 68 01 01 66 c1 39 30", "plain hash", 1, vec![pair("f", "12345")]),
    ];
    for (bytes, layout, size, sample) in cases {
        let key = only_key(&hex(bytes));
        assert_eq!((key.kind.layout(), key.size), (layout, size));
        assert_eq!(key.sample, sample, "{layout}");
    }
}

#[test]
fn old_layouts_are_read() {
    // The zset of the first versions: scores as text, or one byte for what is no number.
    let key = only_key(b"\x03\x01z\x03\x01a\x031.5\x01b\xfe\x01c\xff");
    let want = [scored("a", 1.5), scored("b", f64::INFINITY), scored("c", f64::NEG_INFINITY)];
    assert_eq!(key.sample, want);
}

#[test]
fn zipmaps_are_read() {
    // The second value has two unused bytes behind it.
    let blob = b"\x02\x01a\x01\x001\x01b\x02\x02xyqq\xff";
    let record = [&b"\x09\x01h"[..], &[blob.len() as u8], blob].concat();
    let key = only_key(&record);
    assert_eq!((key.kind.name(), key.kind.layout()), ("hash", "zipmap"));
    assert_eq!(key.sample, [pair("a", "1"), pair("b", "xy")]);
}

/// A ziplist of these entries: text, or a number below thirteen as it is stored at once.
fn ziplist(entries: &[&str]) -> Vec<u8> {
    let mut body = Vec::new();
    let (mut last, mut tail) = (0, 10);
    for entry in entries {
        tail = 10 + body.len();
        body.push(last as u8);
        match entry.parse::<u8>() {
            Ok(n) if n < 13 => body.push(0xf1 + n),
            _ => {
                body.push(entry.len() as u8);
                body.extend_from_slice(entry.as_bytes());
            }
        }
        last = 10 + body.len() - tail;
    }
    let total = body.len() + 11;
    let mut out = Vec::from((total as u32).to_le_bytes());
    out.extend((tail as u32).to_le_bytes());
    out.extend((entries.len() as u16).to_le_bytes());
    out.extend(body);
    out.push(0xff);
    out
}

fn blob(head: &[u8], blob: &[u8]) -> Vec<u8> {
    [head, &[0x40 | (blob.len() >> 8) as u8, blob.len() as u8], blob].concat()
}

/// The same, compressed.
fn packed(head: &[u8], blob: &[u8]) -> Vec<u8> {
    let small = lzf::compress(blob, usize::MAX).expect("compressed");
    let mut out = [head, b"\xc3"].concat();
    for len in [small.len(), blob.len()] {
        out.extend([0x80, 0, 0, (len >> 8) as u8, len as u8]);
    }
    out.extend(small);
    out
}

#[test]
fn ziplists_are_read_also_where_they_are_compressed() {
    let list = ziplist(&["a", "12", "much longer text"]);
    let want = [one("a"), one("12"), one("much longer text")];
    for record in [blob(b"\x0a\x01l", &list), packed(b"\x0a\x01l", &list)] {
        assert_eq!(only_key(&record).sample, want);
    }
    let key = only_key(&blob(b"\x0c\x01z", &ziplist(&["m", "2", "n", "2.5"])));
    assert_eq!(key.sample, [scored("m", 2.0), scored("n", 2.5)]);
    let key = only_key(&blob(b"\x0d\x01h", &ziplist(&["f", "1"])));
    assert_eq!(key.sample, [pair("f", "1")]);
    let nodes = [blob(b"", &list), packed(b"", &list)].concat();
    let key = only_key(&[b"\x0e\x01q\x02", nodes.as_slice()].concat());
    assert_eq!((key.size, key.kind.layout()), (6, "quicklist of ziplists"));
}

/// XADD 1-1 f v; 1-2 f w; 2-0 g 1 h 2; XDEL 1-2; a group of which `al` read one entry.
const STREAM: &str = "13 01 78 01 10 0000000000000001 0000000000000001 3d 3d000000 1800 \
    02 01 01 01 01 01 81 66 02 00 01 02 01 00 01 00 01 81 76 02 04 01 \
    03 01 00 01 01 01 81 77 02 04 01 00 01 01 01 df ff 02 02 01 81 67 02 01 01 81 68 02 02 01 08 01 \
    ff 02 02 00 01 01 01 02 03 01 03 67 72 70 01 01 81 ffffffffffffffff \
    01 00000000000000010000000000000001 01728702a2010000 01 01 02 61 6c 01728702a2010000 \
    01 00000000000000010000000000000001";

#[test]
fn a_stream_with_a_group_is_read() {
    let key = only_key(&hex(STREAM));
    assert_eq!((key.size, key.groups), (2, 1));
    let ids: Vec<_> = key
        .sample
        .iter()
        .filter_map(|e| match e {
            Element::Entry { id, fields, .. } => Some((*id, *fields)),
            _ => None,
        })
        .collect();
    assert_eq!(ids, [((1, 1), 1), ((2, 0), 2)]);
    let bytes = file(&hex(STREAM));
    let (items, _) = walk(&bytes, 1, Grain::Parts);
    let has = |what: &dyn Fn(&What) -> bool| items.iter().any(|item| what(&item.what));
    assert!(has(&|w| matches!(w, What::NodeHead { entries: 2, deleted: 1, fields: 1, .. })));
    assert!(has(&|w| matches!(w, What::Element(Element::Entry { deleted: true, .. }))));
    assert!(has(&|w| matches!(w, What::Group { last: (1, 1), read: None, .. })));
    assert!(has(&|w| matches!(w, What::Pending { id: (1, 1), deliveries: 1, .. })));
    assert!(has(&|w| matches!(w, What::Consumer { .. })));
}

#[test]
fn modules_are_walked_through() {
    // "test-type", version 1: a number, a double, a string, the end.
    let mut id = 0u64;
    for letter in *b"test-type" {
        let letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        id = id << 6 | letters.iter().position(|l| *l == letter).expect("a letter") as u64;
    }
    let id = (id << 10 | 1).to_be_bytes();
    let data = [&b"\x81"[..], &id, b"\x01\x05\x04", &1.5f64.to_le_bytes(), b"\x05\x02hi\x00"];
    let key = only_key(&[&b"\x07\x01m"[..], &data.concat()].concat());
    assert_eq!((key.kind.name(), key.size), ("module", 3));
    let aux = [&b"\xf7\x81"[..], &id, b"\x02\x01\x05\x02hi\x00"].concat();
    let (items, end) = walk(&file(&aux), 3, Grain::Records);
    end.expect("walked through");
    assert_eq!(items[1].what, What::ModuleAux { module: "test-type".into() });
}

/// A file with something of everything.
fn rich() -> Vec<u8> {
    let list = ziplist(&["a", "12", "much longer text"]);
    let mut records = Vec::new();
    records.extend_from_slice(b"\xfa\x09redis-ver\x067.0.15\xfa\x0aredis-bits\xc0\x40");
    records.extend_from_slice(b"\xf5\x10#!lua name=x\nxyz\xfe\x00\xfb\x03\x01");
    records.extend_from_slice(b"\xfc\x00\xd8\xc3\x2c\xbb\x03\x00\x00\x00\x01a\xc0\x01");
    records.extend_from_slice(b"\xfd\x00\x00\x00\x10\xf8\x05\x00\x01b\xc3\x09\x3f");
    records.extend_from_slice(b"\x01aa\xe0\x32\x00\x01aa\xf9\x07\x00\x01c\x00");
    records.extend_from_slice(&hex(STREAM));
    records.extend_from_slice(&packed(b"\x0a\x01l", &list));
    records.extend_from_slice(&blob(b"\x0d\x02hh", &ziplist(&["f", "1"])));
    records.extend_from_slice(b"\x03\x01z\x03\x01a\x031.5\x01b\xfe\x01c\xff");
    records.extend_from_slice(b"\x05\x01y\x01\x01a\x00\x00\x00\x00\x00\x00\xf8\x3f");
    records.extend_from_slice(&hex("0b 01 73 0e 02000000 03000000 0100 0200 2c01"));
    records.extend_from_slice(&hex(
        "12 01 6c 02 02 0f 0f000000 0300 01 01 81 61 02 c1 2c 02 ff 01 02 78 79",
    ));
    file(&records)
}

#[test]
fn records_lie_end_to_end_and_cuts_change_nothing() {
    let bytes = rich();
    for grain in [Grain::Records, Grain::Parts] {
        let (whole, end) = walk(&bytes, bytes.len(), grain);
        assert_eq!(end, Ok(0));
        let mut at = 0;
        for item in whole.iter().filter(|item| item.depth == 0) {
            assert_eq!(item.at, at, "{item:?}");
            assert_eq!(item.raw.bytes, bytes[at as usize..][..item.raw.bytes.len()]);
            at += item.len;
        }
        assert_eq!(at, bytes.len() as u64);
        for step in 1..40 {
            assert_eq!(walk(&bytes, step, grain).0, whole, "in pieces of {step}");
        }
        // Parts say where they lie, too.
        for item in whole.iter().filter(|item| !item.unpacked) {
            let from = item.at as usize;
            assert_eq!(item.raw.bytes, bytes[from..from + item.raw.bytes.len()], "{item:?}");
        }
    }
    assert_eq!(walk(&[&bytes[..], b"more"].concat(), 7, Grain::Records).1, Ok(4));
}

#[test]
fn every_byte_is_part_of_something() {
    // The key of a compressed container is left out: its bytes are told unpacked.
    let whole = rich();
    let (items, _) = walk(&whole, 64, Grain::Parts);
    let compressed = items.iter().find_map(|item| match item.what {
        What::Blob { packed: Some(packed), .. } => Some((item.at + item.len, packed)),
        _ => None,
    });
    let (gap, packed) = compressed.expect("a compressed container");
    let mut at = 0;
    for item in items.iter().filter(|i| !i.unpacked && !matches!(i.what, What::Key(_))) {
        if at == gap {
            at += packed;
        }
        assert_eq!(item.at, at, "{item:?}");
        at += item.len;
    }
    assert_eq!(at, whole.len() as u64);
}

#[test]
fn a_file_cut_anywhere_says_where() {
    let bytes = rich();
    for len in 0..bytes.len() {
        for grain in [Grain::Records, Grain::Parts] {
            let (_, end) = walk(&bytes[..len], 16, grain);
            let error = end.expect_err("cut");
            let cut = matches!(error.why, Why::Cut { .. }) || (len == 0 && error.at == 0);
            assert!(cut, "{len}: {error}");
            assert_eq!(error.at, len as u64, "{error}");
        }
    }
}

#[test]
fn no_changed_byte_goes_unnoticed() {
    let bytes = rich();
    // A damaged version can be an old one, and those have no checksum: Redis takes it for that, too.
    for at in (0..5).chain(9..bytes.len()) {
        for change in [0x01, 0x80, 0xff] {
            let mut changed = bytes.clone();
            changed[at] ^= change;
            let (_, end) = walk(&changed, 64, Grain::Parts);
            assert!(end.is_err(), "byte {at} ^ {change:02x}");
        }
    }
}

#[test]
fn errors_say_what_was_expected_and_what_to_do() {
    let error = |bytes: &[u8]| walk(bytes, 5, Grain::Parts).1.expect_err("an error");
    assert_eq!(error(b"").to_string(), "this is no RDB file: it is empty");
    let text = "this is no RDB file: it begins with '*', not with 'REDIS'";
    assert_eq!(error(b"*3\r\n").to_string(), text);
    assert!(error(b"*3\r\n").hint().contains("append-only"));
    let text = "at offset 5: expected a version from 0001 to 0010, found '0011'";
    assert_eq!(error(b"REDIS0011\xff").to_string(), text);
    let text = "at offset 9: the file ends where the next record was expected";
    assert_eq!(error(b"REDIS0010").to_string(), text);
    let text = "at offset 9: expected an opcode or the type of a value, found 0x15";
    assert_eq!(error(b"REDIS0010\x15").to_string(), text);
    let mut bytes = file(b"");
    bytes[12] ^= 1;
    assert!(error(&bytes).to_string().starts_with("at offset 10: wrong checksum: the bytes add"));
    let zero = [b"REDIS0010\xff".as_slice(), &[0; 8]].concat();
    let (items, end) = walk(&zero, 100, Grain::Records);
    assert_eq!(end, Ok(0));
    assert_eq!(items.last().map(|i| &i.what), Some(&What::Checksum(Checksum::Absent, 0)));
    assert_eq!(walk(b"REDIS0004\xff", 3, Grain::Records).1, Ok(0), "the old ones have none");
}

#[test]
fn memory_does_not_follow_the_file() {
    // One string of 64 MB, and one that claims more than there is.
    let mut walker = Walker::new(Grain::Parts);
    walker.push(b"REDIS0010\x00\x01k\x80\x04\x00\x00\x00");
    let piece = vec![b'x'; 1 << 16];
    let mut keys = 0;
    let mut count = |walker: &mut Walker| {
        while let Some(item) = walker.next().expect("fine") {
            keys += usize::from(matches!(item.what, What::Key(_)));
        }
    };
    for _ in 0..1 << 10 {
        walker.push(&piece);
        count(&mut walker);
        assert!(walker.tape.held() <= 1 << 18, "{} bytes held", walker.tape.held());
    }
    walker.push(b"\x00\x01l\x81\xff\xff\xff\xff\xff\xff\xff\xff");
    count(&mut walker);
    assert_eq!(keys, 1);
    walker.end_of_input();
    assert!(matches!(walker.next(), Err(WalkError { why: Why::Cut { .. }, .. })));
}

proptest! {
    #[test]
    fn garbage_never_panics(records in proptest::collection::vec(any::<u8>(), 0..300), step in 1usize..50) {
        let bytes = [b"REDIS0010".as_slice(), &records].concat();
        let _ = walk(&bytes, step, Grain::Parts);
    }

    #[test]
    fn damage_never_panics(changes in proptest::collection::vec((any::<usize>(), any::<u8>()), 1..6)) {
        let mut bytes = rich();
        for (at, byte) in changes {
            let len = bytes.len();
            bytes[at % len] = byte;
        }
        let fine = walk(&bytes, 64, Grain::Parts);
        prop_assert_eq!(fine.1.is_ok(), walk(&bytes, 1, Grain::Records).1.is_ok());
    }
}
