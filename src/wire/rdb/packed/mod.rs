//! The containers that Redis keeps small collections in, and that stand in RDB files as one string:
//! how an entry begins, so that a reader knows what follows.
//!
//! Each `head` is given the first bytes of an entry, as many as there are, and says what they are, or
//! how many it must see to say it. No entry needs more than [`HEAD_MAX`]. The content of a string is not
//! looked at here, so the same readers serve a whole blob in memory and one that comes in pieces.

pub mod listpack;
pub mod ziplist;
pub mod zipmap;

pub use crate::wire::intset;

/// The longest beginning of an entry: a long `prevlen` of a ziplist, an encoding byte, eight bytes.
pub const HEAD_MAX: usize = 14;

/// What the beginning of an entry says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Head {
    /// So many bytes of the entry must be seen to tell.
    Need(usize),
    /// The mark at the end of the container, one byte.
    End,
    /// A whole number, complete in the first `head` bytes.
    Int { value: i64, head: usize },
    /// A string: its content is the `len` bytes behind the first `head`.
    Str { len: u64, head: usize },
    /// A byte that begins nothing.
    Bad,
}

/// A container contradicts itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a damaged container")]
pub struct Damaged;

/// The `N` bytes at `at`, if they are there.
fn bytes_at<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at + N)?.try_into().ok()
}

/// A little-endian number of three bytes, with its sign.
fn int24(bytes: [u8; 3]) -> i64 {
    i64::from(i32::from_le_bytes([0, bytes[0], bytes[1], bytes[2]]) >> 8)
}
