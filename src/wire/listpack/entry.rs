//! One element: a number where the text is one in canonical form, a string otherwise.

use crate::wire::num::parse_i64;
use crate::wire::rdb::packed::Head;
use crate::wire::rdb::packed::listpack::{backlen, backlen_size, head};

/// An element as it is stored. The order is any total one, for sets of elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Entry<'a> {
    Int(i64),
    Str(&'a [u8]),
}

impl<'a> Entry<'a> {
    /// The element's text; a number is printed into `room`.
    #[inline]
    pub fn text<'b>(self, room: &'b mut itoa::Buffer) -> &'b [u8]
    where
        'a: 'b,
    {
        match self {
            Entry::Int(n) => room.format(n).as_bytes(),
            Entry::Str(s) => s,
        }
    }

    /// Shows the element's text.
    #[inline]
    pub fn with_text<R>(self, show: impl FnOnce(&[u8]) -> R) -> R {
        show(self.text(&mut itoa::Buffer::new()))
    }

    /// The element's text, owned.
    pub fn to_vec(self) -> Vec<u8> {
        self.text(&mut itoa::Buffer::new()).to_vec()
    }

    /// How long the element's text is.
    pub fn text_len(self) -> usize {
        self.text(&mut itoa::Buffer::new()).len()
    }

    /// The number that the element is, however it is stored.
    pub fn int(self) -> Option<i64> {
        match self {
            Entry::Int(n) => Some(n),
            Entry::Str(s) => parse_i64(s),
        }
    }

    /// Whether this is the element's text.
    pub fn is(self, text: &[u8]) -> bool {
        self.matches(&Needle::new(text))
    }

    /// Whether the element is what is looked for.
    #[inline]
    pub fn matches(self, needle: &Needle<'_>) -> bool {
        match self {
            Entry::Int(n) => needle.int == Some(n),
            Entry::Str(s) => s == needle.text,
        }
    }
}

/// An element that is looked for, or about to be written.
#[derive(Clone, Copy, Debug)]
pub struct Needle<'a> {
    text: &'a [u8],
    int: Option<i64>,
}

impl<'a> Needle<'a> {
    /// Prepares it: whether it is a number is found out only once.
    pub fn new(text: &'a [u8]) -> Needle<'a> {
        Needle { text, int: parse_i64(text) }
    }
}

/// The bytes that an element takes in a listpack.
pub fn entry_size(text: &[u8]) -> usize {
    Encoded::of(text).size()
}

/// The bytes that a number takes in a listpack.
pub fn int_entry_size(n: i64) -> usize {
    Encoded::of_int(n).size()
}

/// An element about to be written.
pub(super) struct Encoded<'a> {
    head: [u8; 9],
    head_len: usize,
    body: &'a [u8],
}

impl<'a> Encoded<'a> {
    pub fn of(text: &'a [u8]) -> Encoded<'a> {
        match parse_i64(text) {
            Some(n) => Encoded::of_int(n),
            None => Encoded::of_str(text),
        }
    }

    pub fn of_entry(entry: Entry<'a>) -> Encoded<'a> {
        match entry {
            Entry::Int(n) => Encoded::of_int(n),
            Entry::Str(s) => Encoded::of_str(s),
        }
    }

    /// As a string, even if it is a number's text.
    fn of_str(body: &'a [u8]) -> Encoded<'a> {
        let mut head = [0; 9];
        let len = body.len();
        let head_len = if len < 64 {
            head[0] = 0x80 | len as u8;
            1
        } else if len < 4096 {
            head[0] = 0xe0 | (len >> 8) as u8;
            head[1] = len as u8;
            2
        } else {
            head[0] = 0xf0;
            head[1..5].copy_from_slice(&(len as u32).to_le_bytes());
            5
        };
        Encoded { head, head_len, body }
    }

    pub fn of_int(n: i64) -> Encoded<'a> {
        let mut head = [0; 9];
        let bytes = n.to_le_bytes();
        let head_len = match n {
            0..=127 => {
                head[0] = n as u8;
                1
            }
            -4096..=4095 => {
                head[0] = 0xc0 | (n >> 8) as u8 & 0x1f;
                head[1] = n as u8;
                2
            }
            -0x8000..=0x7fff => wide(&mut head, 0xf1, &bytes[..2]),
            -0x80_0000..=0x7f_ffff => wide(&mut head, 0xf2, &bytes[..3]),
            -0x8000_0000..=0x7fff_ffff => wide(&mut head, 0xf3, &bytes[..4]),
            _ => wide(&mut head, 0xf4, &bytes),
        };
        Encoded { head, head_len, body: &[] }
    }

    /// Bytes in the listpack, the length behind the entry included.
    #[inline]
    pub fn size(&self) -> usize {
        let len = self.head_len + self.body.len();
        len + backlen_size(len as u64)
    }

    /// Writes the entry; `out` is exactly [`Encoded::size`] long.
    #[inline]
    pub fn write(&self, out: &mut [u8]) {
        let len = self.head_len + self.body.len();
        out[..self.head_len].copy_from_slice(&self.head[..self.head_len]);
        out[self.head_len..len].copy_from_slice(self.body);
        if len <= 127 {
            out[len] = len as u8;
        } else {
            let (back, n) = backlen(len as u64);
            out[len..].copy_from_slice(&back[..n]);
        }
    }
}

/// A marker and the number's bytes behind it.
fn wide(head: &mut [u8; 9], marker: u8, bytes: &[u8]) -> usize {
    head[0] = marker;
    head[1..=bytes.len()].copy_from_slice(bytes);
    bytes.len() + 1
}

/// The entry at `at` and where the next one begins; `None` at the end mark, and where there is
/// nothing that makes sense.
#[inline]
pub(super) fn decode(bytes: &[u8], at: usize) -> Option<(Entry<'_>, usize)> {
    let rest = bytes.get(at..)?;
    let (entry, len) = match head(rest) {
        Head::Int { value, head } => (Entry::Int(value), head),
        Head::Str { len, head } => {
            let len = usize::try_from(len).ok()?;
            (Entry::Str(rest.get(head..head.checked_add(len)?)?), head + len)
        }
        Head::Need(_) | Head::End | Head::Bad => return None,
    };
    Some((entry, at + len + backlen_size(len as u64)))
}

/// Where the entry begins that ends in front of `at`; `None` if there is none.
#[inline]
pub(super) fn before(bytes: &[u8], at: usize, first: usize) -> Option<usize> {
    let mut len = 0u64;
    for i in 0..5 {
        let byte = *bytes.get(at.checked_sub(i + 1)?)?;
        len |= u64::from(byte & 0x7f) << (7 * i);
        if byte & 0x80 == 0 {
            let begin = at.checked_sub(i + 1)?.checked_sub(usize::try_from(len).ok()?)?;
            return (begin >= first).then_some(begin);
        }
    }
    None
}
