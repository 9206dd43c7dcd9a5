//! Listpack, the container of small collections: kept and changed as the very bytes that Redis
//! keeps, so that saving, loading and DUMP copy memory and nothing else.
//!
//! In: elements as strings or numbers; blobs from files and payloads, validated. Out: the same
//! elements from either end or any position, and the bytes. Never here: keys, types, configuration.
//!
//! | File | Holds |
//! |---|---|
//! | [`entry`](Entry) | one element: how it is told apart, written and compared |
//! | `cursor` | places, iteration from both ends, seeking, finding |
//! | `edit` | push, insert, replace, remove, split, join |
//! | `check` | is a blob sound? |
//!
//! The bytes lie anywhere within one buffer: room in front of them makes pushing and popping at
//! the front as cheap as at the back. No method panics on a blob that is not sound (one that was
//! only validated shallowly): it reads as if it ended where it makes no sense.

mod check;
mod cursor;
mod edit;
mod entry;
#[cfg(test)]
mod tests;

pub use check::{Malformed, validate};
pub use cursor::{Iter, Pos};
pub use entry::{Entry, Needle, entry_size, int_entry_size};

use crate::wire::rdb::packed::listpack::{HEADER, UNKNOWN};

/// The mark behind the last entry.
const END: u8 = 0xff;
/// Bytes of a listpack without entries.
pub const EMPTY_SIZE: usize = HEADER + 1;
/// Redis lets no listpack grow beyond this (bytes).
pub const SAFE_SIZE: usize = 1 << 30;

/// Elements, packed.
#[derive(Debug)]
pub struct Listpack {
    /// The listpack is `buf[start..]`.
    buf: Vec<u8>,
    start: u32,
    /// The number of entries; the header cannot say more than 65,534.
    count: u32,
}

impl Listpack {
    /// One without entries.
    pub fn new() -> Listpack {
        Listpack::with_capacity(EMPTY_SIZE)
    }

    /// One without entries, with room for so many bytes in all.
    pub fn with_capacity(bytes: usize) -> Listpack {
        let mut buf = Vec::with_capacity(good_size(bytes.max(EMPTY_SIZE)));
        buf.extend_from_slice(&[EMPTY_SIZE as u8, 0, 0, 0, 0, 0, END]);
        Listpack { buf, start: 0, count: 0 }
    }

    /// Takes a blob over after looking at every entry.
    pub fn from_bytes(blob: Vec<u8>) -> Result<Listpack, Malformed> {
        let count = validate(&blob)?;
        Ok(Listpack { buf: blob, start: 0, count })
    }

    /// Takes a blob over after looking at its header and its end mark, as Redis does unless
    /// `sanitize-dump-payload` says more. If the header knows the number of entries it is believed.
    pub fn from_bytes_shallow(blob: Vec<u8>) -> Result<Listpack, Malformed> {
        let said = check::frame(&blob)?;
        let mut pack = Listpack { buf: blob, start: 0, count: 0 };
        pack.count = match said {
            UNKNOWN => pack.iter_bytes().count() as u32,
            count => u32::from(count),
        };
        Ok(pack)
    }

    /// The listpack as it stands in files.
    #[inline]
    pub fn as_bytes(&self) -> &[u8] {
        &self.buf[self.start as usize..]
    }

    /// How many bytes it takes.
    #[inline]
    pub fn byte_len(&self) -> usize {
        self.buf.len() - self.start as usize
    }

    /// How many entries it has.
    #[inline]
    pub fn len(&self) -> usize {
        self.count as usize
    }

    /// Whether it has no entries.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Whether `more` bytes can be added without it growing beyond what Redis allows.
    pub fn safe_to_add(&self, more: usize) -> bool {
        more <= SAFE_SIZE && self.byte_len() + more <= SAFE_SIZE
    }

    /// Bytes on the heap, with what an allocator adds.
    #[inline]
    pub fn heap_bytes(&self) -> usize {
        self.buf.capacity() + 8
    }

    /// Gives back room that no entry uses.
    pub fn shrink_to_fit(&mut self) {
        if self.start > 0 {
            *self = self.clone();
        }
        self.buf.shrink_to_fit();
    }

    /// Where the end mark stands.
    #[inline]
    fn end(&self) -> usize {
        self.byte_len() - 1
    }

    /// Writes the header anew after a change.
    #[inline]
    fn set_header(&mut self) {
        let (at, total) = (self.start as usize, self.byte_len() as u32);
        let count = u16::try_from(self.count).unwrap_or(UNKNOWN);
        self.buf[at..at + 4].copy_from_slice(&total.to_le_bytes());
        self.buf[at + 4..at + HEADER].copy_from_slice(&count.to_le_bytes());
    }
}

impl Default for Listpack {
    fn default() -> Listpack {
        Listpack::new()
    }
}

/// The copy has a little room to grow: it is mostly made in order to be changed.
impl Clone for Listpack {
    fn clone(&self) -> Listpack {
        let bytes = self.as_bytes();
        let mut buf = Vec::with_capacity(good_size(bytes.len()));
        buf.extend_from_slice(bytes);
        Listpack { buf, start: 0, count: self.count }
    }
}

impl PartialEq for Listpack {
    fn eq(&self, other: &Listpack) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl Eq for Listpack {}

/// The size of the smallest block in which an allocator would hand out so many bytes: four sizes
/// for every doubling. Growing in such steps copies each byte a bounded number of times.
fn good_size(bytes: usize) -> usize {
    let step = match bytes {
        0..=128 => 16,
        _ => 1 << (bytes - 1).ilog2().saturating_sub(2),
    };
    bytes.next_multiple_of(step)
}
