//! Listpack: `u32 total bytes · u16 entries · entries · FF`, all little-endian. Behind every entry
//! stands its own length, to be read from the right.

use super::{Head, bytes_at, int24};

/// Bytes in front of the entries.
pub const HEADER: usize = 6;
/// This count means that there are more than can be said: they must be counted.
pub const UNKNOWN: u16 = u16::MAX;

/// What the entry that begins with `bytes` is.
#[inline]
pub fn head(bytes: &[u8]) -> Head {
    let Some(&first) = bytes.first() else { return Head::Need(1) };
    let second = bytes.get(1).copied();
    let int = |need: usize, value: Option<i64>| match value {
        Some(value) => Head::Int { value, head: need },
        None => Head::Need(need),
    };
    match first {
        0x00..=0x7f => Head::Int { value: i64::from(first), head: 1 },
        0x80..=0xbf => Head::Str { len: u64::from(first & 0x3f), head: 1 },
        0xc0..=0xdf => int(
            2,
            second.map(|low| {
                let n = i64::from(first & 0x1f) << 8 | i64::from(low);
                if n >= 1 << 12 { n - (1 << 13) } else { n }
            }),
        ),
        0xe0..=0xef => match second {
            Some(low) => Head::Str { len: u64::from(first & 0x0f) << 8 | u64::from(low), head: 2 },
            None => Head::Need(2),
        },
        0xf0 => match bytes_at(bytes, 1) {
            Some(len) => Head::Str { len: u64::from(u32::from_le_bytes(len)), head: 5 },
            None => Head::Need(5),
        },
        0xf1 => int(3, bytes_at(bytes, 1).map(|b| i64::from(i16::from_le_bytes(b)))),
        0xf2 => int(4, bytes_at(bytes, 1).map(int24)),
        0xf3 => int(5, bytes_at(bytes, 1).map(|b| i64::from(i32::from_le_bytes(b)))),
        0xf4 => int(9, bytes_at(bytes, 1).map(i64::from_le_bytes)),
        0xff => Head::End,
        _ => Head::Bad,
    }
}

/// The length that stands behind an entry of `len` bytes: groups of seven bits, the highest first,
/// all but the first byte with their top bit set. The bytes are the first ones of the array.
pub fn backlen(len: u64) -> ([u8; 5], usize) {
    let n = backlen_size(len);
    let mut out = [0; 5];
    for (i, byte) in out[..n].iter_mut().enumerate() {
        let group = (len >> (7 * (n - 1 - i))) as u8 & 0x7f;
        *byte = if i == 0 { group } else { group | 0x80 };
    }
    (out, n)
}

/// How many bytes that length takes.
#[inline]
pub fn backlen_size(len: u64) -> usize {
    match len {
        0..=127 => 1,
        128..=16_382 => 2,
        16_383..=2_097_150 => 3,
        2_097_151..=268_435_454 => 4,
        _ => 5,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_as_redis_writes_them() {
        assert_eq!(head(b"\x05"), Head::Int { value: 5, head: 1 });
        assert_eq!(head(b"\x81a"), Head::Str { len: 1, head: 1 });
        assert_eq!(head(b"\xdf\xfb"), Head::Int { value: -5, head: 2 });
        assert_eq!(head(b"\xd0\x00"), Head::Int { value: -4096, head: 2 });
        assert_eq!(head(b"\xc1\x2c"), Head::Int { value: 300, head: 2 });
        assert_eq!(head(b"\xf2\xa0\x86\x01"), Head::Int { value: 100_000, head: 4 });
        assert_eq!(head(b"\xf2\xff\xff\xff"), Head::Int { value: -1, head: 4 });
        assert_eq!(head(b"\xf1\xff\x7f"), Head::Int { value: 32_767, head: 3 });
        assert_eq!(head(b"\xf3\x00"), Head::Need(5));
        assert_eq!(head(b"\xe1\x00"), Head::Str { len: 256, head: 2 });
        assert_eq!(
            (head(b"\xff"), head(b"\xf5"), head(b"")),
            (Head::End, Head::Bad, Head::Need(1))
        );
    }

    #[test]
    fn lengths_behind_entries() {
        assert_eq!(backlen(2), ([2, 0, 0, 0, 0], 1));
        assert_eq!(backlen(128), ([1, 0x80, 0, 0, 0], 2));
        assert_eq!(backlen(300), ([2, 0x80 | 44, 0, 0, 0], 2));
        assert_eq!(backlen(16_383).1, 3);
    }
}
