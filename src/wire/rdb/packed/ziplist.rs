//! Ziplist, the container before listpack: `u32 total bytes · u32 offset of the last entry · u16
//! entries · entries · FF`, little-endian. Every entry begins with the length of the one before it.

use super::{Damaged, Head, bytes_at, int24};
use crate::wire::listpack::Entry;

/// Bytes in front of the entries.
pub const HEADER: usize = 10;
/// This count means that the entries must be counted.
pub const UNKNOWN: u16 = u16::MAX;
/// The mark behind the last entry.
const END: u8 = 0xff;

/// What the entry that begins with `bytes` is.
pub fn head(bytes: &[u8]) -> Head {
    // The length of the entry before: one byte, or FE and four.
    let at = match bytes.first() {
        None => return Head::Need(1),
        Some(0xff) => return Head::End,
        Some(0xfe) => 5,
        Some(_) => 1,
    };
    let Some(&first) = bytes.get(at) else { return Head::Need(at + 1) };
    let at = at + 1;
    let int = |need: usize, value: Option<i64>| match value {
        Some(value) => Head::Int { value, head: at + need },
        None => Head::Need(at + need),
    };
    match first {
        0x00..=0x3f => Head::Str { len: u64::from(first), head: at },
        0x40..=0x7f => match bytes.get(at) {
            Some(low) => {
                Head::Str { len: u64::from(first & 0x3f) << 8 | u64::from(*low), head: at + 1 }
            }
            None => Head::Need(at + 1),
        },
        // Only the top two bits say that a big-endian length follows.
        0x80..=0xbf => match bytes_at(bytes, at) {
            Some(len) => Head::Str { len: u64::from(u32::from_be_bytes(len)), head: at + 4 },
            None => Head::Need(at + 4),
        },
        0xc0 => int(2, bytes_at(bytes, at).map(|b| i64::from(i16::from_le_bytes(b)))),
        0xd0 => int(4, bytes_at(bytes, at).map(|b| i64::from(i32::from_le_bytes(b)))),
        0xe0 => int(8, bytes_at(bytes, at).map(i64::from_le_bytes)),
        0xf0 => int(3, bytes_at(bytes, at).map(int24)),
        0xfe => int(1, bytes.get(at).map(|b| i64::from(*b as i8))),
        0xf1..=0xfd => Head::Int { value: i64::from(first) - 0xf1, head: at },
        _ => Head::Bad,
    }
}

/// What the entry says about the length of the one before it, once its head is there.
pub fn prevlen(bytes: &[u8]) -> u64 {
    match bytes.first() {
        Some(0xfe) => bytes_at(bytes, 1).map_or(0, |b| u64::from(u32::from_le_bytes(b))),
        Some(len) => u64::from(*len),
        None => 0,
    }
}

/// Shows every entry of a whole ziplist. All that its header and its entries say about each other is
/// compared, as Redis compares it before it converts one.
pub fn read<'a>(blob: &'a [u8], mut each: impl FnMut(Entry<'a>)) -> Result<(), Damaged> {
    let word = |at| bytes_at(blob, at).map(u32::from_le_bytes).ok_or(Damaged);
    let (total, tail) = (word(0)? as usize, word(4)? as usize);
    let said = u16::from_le_bytes(bytes_at(blob, 8).ok_or(Damaged)?);
    if total != blob.len() || total <= HEADER || blob[total - 1] != END {
        return Err(Damaged);
    }
    // Where no entry stands, the end mark is the last one.
    let (mut at, mut last_at, mut last, mut count) = (HEADER, HEADER, 0, 0u64);
    while at < total - 1 {
        let rest = &blob[at..total - 1];
        let (entry, len) = match head(rest) {
            Head::Int { value, head } => (Entry::Int(value), head),
            Head::Str { len, head } => {
                let len = usize::try_from(len).map_err(|_| Damaged)?;
                let end = head.checked_add(len).ok_or(Damaged)?;
                (Entry::Str(rest.get(head..end).ok_or(Damaged)?), end)
            }
            Head::Need(_) | Head::End | Head::Bad => return Err(Damaged),
        };
        if len > rest.len() || prevlen(rest) != last {
            return Err(Damaged);
        }
        each(entry);
        (last_at, last, at, count) = (at, len as u64, at + len, count + 1);
    }
    if tail != last_at || (said != UNKNOWN && u64::from(said) != count) {
        return Err(Damaged);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_as_redis_wrote_them() {
        assert_eq!(head(b"\x00\x01a"), Head::Str { len: 1, head: 2 });
        assert_eq!(head(b"\x03\xf1"), Head::Int { value: 0, head: 2 });
        assert_eq!(head(b"\x03\xfd"), Head::Int { value: 12, head: 2 });
        assert_eq!(head(b"\x03\xfe\x80"), Head::Int { value: -128, head: 3 });
        assert_eq!(head(b"\x03\xf0\xff\xff\xff"), Head::Int { value: -1, head: 5 });
        assert_eq!(head(b"\x03\xc0\x2c\x01"), Head::Int { value: 300, head: 4 });
        assert_eq!(head(b"\x03\x41\x00"), Head::Str { len: 256, head: 3 });
        assert_eq!(
            head(b"\xfe\x00\x01\x00\x00\x80\x00\x01\x00\x00"),
            Head::Str { len: 65_536, head: 10 }
        );
        assert_eq!(prevlen(b"\xfe\x00\x01\x00\x00\x80"), 256);
        assert_eq!((head(b"\xff"), head(b"\x02\xff")), (Head::End, Head::Bad));
        assert_eq!(head(b"\xfe\x00"), Head::Need(6));
    }
    #[test]
    fn a_whole_ziplist_is_read_or_refused() {
        // Of redis-server 6: RPUSH l a 300 -1.
        let good = b"\x14\0\0\0\x11\0\0\0\x03\0\x00\x01a\x03\xc0\x2c\x01\x04\xfe\xff\xff";
        let mut blob = good.to_vec();
        blob[0] = blob.len() as u8;
        let mut seen = Vec::new();
        assert_eq!(read(&blob, |e| seen.push(e.to_vec())), Ok(()));
        assert_eq!(seen, [b"a".to_vec(), b"300".to_vec(), b"-1".to_vec()]);
        for at in 0..blob.len() {
            assert_eq!(read(&blob[..at], |_| {}), Err(Damaged), "cut at {at}");
            for bit in 0..8 {
                let mut bad = blob.clone();
                bad[at] ^= 1 << bit;
                // Whatever it says, it comes back.
                let _ = read(&bad, |_| {});
            }
        }
    }
}
