//! Zipmap, the oldest form of a small hash: `u8 entries (254: count them) · entries · FF`. An entry is
//! a key (length, content) and a value (length, one byte that counts unused bytes behind it,
//! content, those bytes).

use super::{Head, bytes_at};

/// This count means that the entries must be counted.
pub const UNKNOWN: u8 = 254;

/// The length that a key or a value begins with.
pub fn head(bytes: &[u8]) -> Head {
    match bytes.first() {
        None => Head::Need(1),
        Some(0xff) => Head::End,
        // Written in the order of the machine; that is little-endian wherever Redis runs.
        Some(0xfe) => match bytes_at(bytes, 1) {
            Some(len) => Head::Str { len: u64::from(u32::from_le_bytes(len)), head: 5 },
            None => Head::Need(5),
        },
        Some(len) => Head::Str { len: u64::from(*len), head: 1 },
    }
}
