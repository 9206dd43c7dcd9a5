//! Places in a listpack: iteration from both ends, seeking, finding.

use super::entry::{Needle, before, decode};
use super::{Entry, HEADER, Listpack};

/// The place of an entry. It holds until the listpack is changed; the edits say what it means then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pos(pub(super) usize);

impl Listpack {
    /// All entries, from either end.
    #[inline]
    pub fn iter(&self) -> Iter<'_> {
        let mut iter = self.iter_bytes();
        iter.left = self.len();
        iter
    }

    /// Without believing the count.
    pub(super) fn iter_bytes(&self) -> Iter<'_> {
        Iter { bytes: self.as_bytes(), front: HEADER, back: self.end(), left: usize::MAX }
    }

    /// The entries from `pos` to the last one.
    pub fn iter_from(&self, pos: Pos) -> Iter<'_> {
        Iter { front: pos.0, ..self.iter_bytes() }
    }

    /// The entries from the first one to `pos`, that one included: for going back from it.
    pub fn iter_to(&self, pos: Pos) -> Iter<'_> {
        let back = decode(self.as_bytes(), pos.0).map_or(pos.0, |(_, next)| next);
        Iter { back, ..self.iter_bytes() }
    }

    /// The place of the first entry.
    pub fn first(&self) -> Option<Pos> {
        (self.end() > HEADER).then_some(Pos(HEADER))
    }

    /// The place of the last entry.
    pub fn last(&self) -> Option<Pos> {
        before(self.as_bytes(), self.end(), HEADER).map(Pos)
    }

    /// The place behind this one.
    #[inline]
    pub fn next(&self, pos: Pos) -> Option<Pos> {
        let (_, next) = decode(self.as_bytes(), pos.0)?;
        (next < self.end()).then_some(Pos(next))
    }

    /// The place in front of this one.
    #[inline]
    pub fn prev(&self, pos: Pos) -> Option<Pos> {
        before(self.as_bytes(), pos.0, HEADER).map(Pos)
    }

    /// The place of entry `index`, walked to from the nearer end.
    pub fn seek(&self, index: usize) -> Option<Pos> {
        let len = self.len();
        if index >= len {
            return None;
        }
        if index <= len / 2 {
            let mut at = HEADER;
            for _ in 0..index {
                at = decode(self.as_bytes(), at)?.1;
            }
            (at < self.end()).then_some(Pos(at))
        } else {
            let mut at = self.end();
            for _ in index..len {
                at = before(self.as_bytes(), at, HEADER)?;
            }
            Some(Pos(at))
        }
    }

    /// The entry at `pos`. A place that is none reads as the empty string.
    #[inline]
    pub fn entry(&self, pos: Pos) -> Entry<'_> {
        decode(self.as_bytes(), pos.0).map_or(Entry::Str(&[]), |(entry, _)| entry)
    }

    /// Entry `index`.
    pub fn get(&self, index: usize) -> Option<Entry<'_>> {
        self.seek(index).map(|pos| self.entry(pos))
    }

    /// The first entry from `from` on whose text this is. After each entry that is looked at,
    /// `skip` are passed over: 1 looks at the fields of a hash and not at the values.
    #[inline]
    pub fn find(&self, from: Pos, text: &[u8], skip: usize) -> Option<Pos> {
        let (bytes, needle, end) = (self.as_bytes(), Needle::new(text), self.end());
        let mut at = from.0;
        while at < end {
            let (entry, mut next) = decode(bytes, at)?;
            if entry.matches(&needle) {
                return Some(Pos(at));
            }
            for _ in 0..skip {
                next = decode(bytes, next)?.1;
            }
            at = next;
        }
        None
    }
}

/// Entries in order; see [`Listpack::iter`].
#[derive(Clone, Debug)]
pub struct Iter<'a> {
    bytes: &'a [u8],
    front: usize,
    back: usize,
    /// At most so many more: an upper bound alone.
    left: usize,
}

impl Iter<'_> {
    /// Where the entry stands that [`Iterator::next`] gives.
    pub fn pos(&self) -> Pos {
        Pos(self.front)
    }
}

impl<'a> Iterator for Iter<'a> {
    type Item = Entry<'a>;

    #[inline]
    fn next(&mut self) -> Option<Entry<'a>> {
        if self.front >= self.back {
            return None;
        }
        let (entry, next) = decode(self.bytes, self.front)?;
        self.front = next;
        self.left = self.left.saturating_sub(1);
        Some(entry)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (0, (self.left != usize::MAX).then_some(self.left))
    }
}

impl<'a> DoubleEndedIterator for Iter<'a> {
    #[inline]
    fn next_back(&mut self) -> Option<Entry<'a>> {
        if self.front >= self.back {
            return None;
        }
        let at = before(self.bytes, self.back, self.front)?;
        self.back = at;
        self.left = self.left.saturating_sub(1);
        decode(self.bytes, at).map(|(entry, _)| entry)
    }
}

impl<'a> IntoIterator for &'a Listpack {
    type Item = Entry<'a>;
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}
