//! Changes: all of them are one replacement of a run of bytes by another.

use super::entry::{Encoded, decode};
use super::{END, Entry, HEADER, Listpack, Pos, good_size};

impl Listpack {
    /// Adds an element behind the last one.
    #[inline]
    pub fn push_back(&mut self, text: &[u8]) {
        self.put(self.end(), 0, &Encoded::of(text), true);
    }

    /// Adds a number behind the last element.
    pub fn push_back_int(&mut self, n: i64) {
        self.put(self.end(), 0, &Encoded::of_int(n), true);
    }

    /// Adds an element as another listpack stores it.
    pub fn push_back_entry(&mut self, entry: Entry<'_>) {
        self.put(self.end(), 0, &Encoded::of_entry(entry), true);
    }

    /// Adds an element in front of the first one.
    #[inline]
    pub fn push_front(&mut self, text: &[u8]) {
        self.put(HEADER, 0, &Encoded::of(text), true);
    }

    /// Adds an element in front of the one at `pos`, which is the new one's place from now on.
    pub fn insert_before(&mut self, pos: Pos, text: &[u8]) {
        self.put(pos.0.clamp(HEADER, self.end()), 0, &Encoded::of(text), true);
    }

    /// Adds a number in front of the element at `pos`, which is the new one's place from now on.
    pub fn insert_int_before(&mut self, pos: Pos, n: i64) {
        self.put(pos.0.clamp(HEADER, self.end()), 0, &Encoded::of_int(n), true);
    }

    /// Adds an element behind the one at `pos`; the place of the new one.
    pub fn insert_after(&mut self, pos: Pos, text: &[u8]) -> Pos {
        let next = decode(self.as_bytes(), pos.0).map_or(self.end(), |(_, next)| next);
        let at = next.clamp(HEADER, self.end());
        self.put(at, 0, &Encoded::of(text), true);
        Pos(at)
    }

    /// Puts another element in the place of the one at `pos`, which stays its place.
    pub fn replace(&mut self, pos: Pos, text: &[u8]) {
        if let Some(old) = self.size_at(pos) {
            self.put(pos.0, old, &Encoded::of(text), false);
        }
    }

    /// The same with a number.
    pub fn replace_int(&mut self, pos: Pos, n: i64) {
        if let Some(old) = self.size_at(pos) {
            self.put(pos.0, old, &Encoded::of_int(n), false);
        }
    }

    /// Takes out the element at `pos`; that is the place of the one behind it from now on, which
    /// is returned if there is one.
    pub fn remove(&mut self, pos: Pos) -> Option<Pos> {
        self.remove_n(pos, 1);
        (pos.0 < self.end()).then_some(pos)
    }

    /// Takes out at most `n` elements from `pos` on; how many it were.
    pub fn remove_n(&mut self, pos: Pos, n: usize) -> usize {
        let (mut at, mut gone) = (pos.0, 0);
        while gone < n {
            match decode(self.as_bytes(), at) {
                Some((_, next)) if next <= self.end() => at = next,
                _ => break,
            }
            gone += 1;
        }
        self.cut(pos.0, at, gone);
        gone
    }

    /// Takes out at most `n` elements from number `index` on; how many it were.
    pub fn remove_range(&mut self, index: usize, n: usize) -> usize {
        if index == 0 && n >= self.len() {
            let gone = self.len();
            *self = Listpack::new();
            return gone;
        }
        let Some(pos) = self.seek(index).filter(|_| n > 0) else { return 0 };
        let end = index.saturating_add(n);
        match if end < self.len() { self.seek(end) } else { Some(Pos(self.end())) } {
            Some(to) if to > pos => {
                let gone = end.min(self.len()) - index;
                self.cut(pos.0, to.0, gone);
                gone
            }
            _ => 0,
        }
    }

    /// Takes out the first `n` elements, or all of them.
    #[inline]
    pub fn pop_front(&mut self, n: usize) -> usize {
        self.remove_range(0, n)
    }

    /// Takes out the last `n` elements, or all of them.
    #[inline]
    pub fn pop_back(&mut self, n: usize) -> usize {
        self.remove_range(self.len().saturating_sub(n), n)
    }

    /// Moves the elements from number `index` on to a listpack of their own.
    pub fn split_off(&mut self, index: usize) -> Listpack {
        let Some(pos) = self.seek(index) else { return Listpack::new() };
        let moved = &self.as_bytes()[pos.0..];
        let mut right = Listpack::with_capacity(HEADER + moved.len());
        right.buf.truncate(HEADER);
        right.buf.extend_from_slice(moved);
        right.count = (self.len() - index) as u32;
        right.set_header();
        self.cut(pos.0, self.end(), self.len() - index);
        right
    }

    /// Adds all elements of another listpack behind the last one.
    pub fn append(&mut self, other: &Listpack) {
        self.graft(self.end(), other);
    }

    /// Adds all elements of another listpack in front of the first one.
    pub fn prepend(&mut self, other: &Listpack) {
        self.graft(HEADER, other);
    }

    fn graft(&mut self, at: usize, other: &Listpack) {
        let entries = &other.as_bytes()[HEADER..other.end()];
        self.open(at, 0, entries.len());
        let from = self.start as usize + at;
        self.buf[from..from + entries.len()].copy_from_slice(entries);
        self.count += other.count;
        self.set_header();
    }

    /// How many bytes the entry at `pos` takes.
    fn size_at(&self, pos: Pos) -> Option<usize> {
        let (_, next) = decode(self.as_bytes(), pos.0)?;
        (next <= self.end()).then(|| next - pos.0)
    }

    /// Writes an entry over the `old` bytes at `at`.
    #[inline]
    fn put(&mut self, at: usize, old: usize, entry: &Encoded<'_>, added: bool) {
        let size = entry.size();
        self.open(at, old, size);
        let from = self.start as usize + at;
        entry.write(&mut self.buf[from..from + size]);
        self.count += u32::from(added);
        if added || size != old {
            self.set_header();
        }
    }

    /// Takes out the bytes `from..to`, `n` entries.
    fn cut(&mut self, from: usize, to: usize, n: usize) {
        if to > from {
            self.open(from, to - from, 0);
            self.count = self.count.saturating_sub(n as u32);
            self.set_header();
            let (used, has) = (self.byte_len(), self.buf.capacity());
            if has > 128 && has / 4 > used {
                *self = self.clone();
            }
        }
    }

    /// Makes the `old` bytes at `at` `new` bytes long, by moving what stands on the shorter side.
    /// The new bytes are the caller's to write, and so is the header.
    #[inline]
    fn open(&mut self, at: usize, old: usize, new: usize) {
        let start = self.start as usize;
        let tail = self.byte_len() - at - old;
        if new <= old {
            let less = old - new;
            if at < tail {
                self.buf.copy_within(start..start + at, start + less);
                self.start += less as u32;
            } else {
                self.buf.copy_within(start + at + old.., start + at + new);
                self.buf.truncate(self.buf.len() - less);
            }
            return;
        }
        let more = new - old;
        if at < tail && start >= more {
            self.buf.copy_within(start..start + at, start - more);
            self.start -= more as u32;
        } else if self.buf.capacity() - self.buf.len() >= more {
            self.buf.resize(self.buf.len() + more, 0);
            let from = start + at + old;
            self.buf.copy_within(from..from + tail, from + more);
        } else {
            self.reopen(at, old, new);
        }
    }

    /// The same where neither side has room: a larger buffer, or a better place in this one.
    #[cold]
    fn reopen(&mut self, at: usize, old: usize, new: usize) {
        let bytes = self.as_bytes();
        let tail = bytes.len() - at - old;
        let size = bytes.len() - old + new;
        // If an eighth of the buffer stays free its size will do, with that room on both sides;
        // otherwise the room of a larger one goes where something is being added now.
        let has = self.buf.capacity();
        let (room, start) = match has.checked_sub(size) {
            Some(free) if free > has / 8 => (has, free / 2),
            _ => {
                let room = good_size(size + size / 16);
                (room, if at < tail { room - size } else { 0 })
            }
        };
        let mut buf = Vec::with_capacity(room);
        buf.resize(start, 0);
        buf.extend_from_slice(&bytes[..at]);
        buf.resize(start + at + new, 0);
        buf.extend_from_slice(&bytes[at + old..]);
        debug_assert_eq!(buf.last(), Some(&END));
        self.buf = buf;
        self.start = start as u32;
    }
}
