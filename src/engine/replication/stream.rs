//! The command stream to replicas, which is also the backlog.
//!
//! In: bytes to append, the configured backlog size, the lowest position that a replica still
//! needs. Out: slices from any position held. It knows no replica, no command and no clock.

use std::collections::VecDeque;
use std::io::IoSlice;

/// The smallest block; a backlog is never configured below this either.
pub const MIN_BLOCK: usize = 16 * 1024;

/// An offset of a peer or a file beyond this is not believed: counting on from it must not wrap.
pub const MAX_OFFSET: i64 = i64::MAX / 2;

/// One run of the stream. Its capacity is fixed at birth, so bytes never move once written.
#[derive(Debug)]
struct Block {
    /// Offset of the first byte (the stream's first byte ever is number 1).
    first: i64,
    bytes: Vec<u8>,
    /// What the block may hold; `Vec::capacity` may promise more and is not used.
    size: usize,
    /// Offset of the first byte in here that begins a command.
    mark: Option<i64>,
}

impl Block {
    fn end(&self) -> i64 {
        self.first + self.bytes.len() as i64
    }
}

/// One shared run of blocks: the newest part of the history, addressed by absolute offsets. A
/// replica is a cursor into it (the offset of the next byte it needs) and keeps nothing else.
#[derive(Debug, Default)]
pub struct Stream {
    blocks: VecDeque<Block>,
    /// Offset of the last byte appended: master_repl_offset.
    end: i64,
    /// Whether bytes are kept: without a backlog nothing is appended and the offset stands still.
    active: bool,
    /// Bytes in all blocks.
    len: usize,
    /// Sum of the blocks' sizes, for the memory figures.
    held_size: usize,
}

impl Stream {
    /// An inactive stream that stands at `offset`.
    pub fn at(offset: i64) -> Stream {
        Stream { end: offset, ..Stream::default() }
    }

    /// Begins to keep bytes; the first will have the offset `end + 1`. Nothing if it does already.
    pub fn activate(&mut self) {
        self.active = true;
    }

    /// Drops everything held and stops keeping bytes; the offset stays.
    pub fn free(&mut self) {
        *self = Stream::at(self.end);
    }

    /// Drops everything held and stands at another offset; active or not as before.
    pub fn restart_at(&mut self, offset: i64) {
        let active = self.active;
        *self = Stream::at(offset);
        self.active = active;
    }

    /// Whether there is a backlog.
    pub fn is_active(&self) -> bool {
        self.active
    }

    /// master_repl_offset.
    pub fn end(&self) -> i64 {
        self.end
    }

    /// repl_backlog_first_byte_offset (`end + 1` while nothing is held).
    pub fn first(&self) -> i64 {
        self.end - self.len as i64 + 1
    }

    /// repl_backlog_histlen: bytes held.
    pub fn histlen(&self) -> usize {
        self.len
    }

    /// mem_total_replication_buffers: what all blocks occupy.
    pub fn memory(&self) -> usize {
        self.held_size + self.blocks.len() * size_of::<Block>()
    }

    /// Appends whole commands. `backlog_size` decides how large a new block may be. Returns whether a block
    /// was begun: the moment to look at limits and to [`trim`](Stream::trim).
    pub fn append(&mut self, mut bytes: &[u8], backlog_size: usize) -> bool {
        if !self.active || bytes.is_empty() {
            return false;
        }
        let mut began = false;
        let mut begins = Some(self.end + 1);
        while !bytes.is_empty() {
            let room = self.blocks.back().map_or(0, |b| b.size - b.bytes.len());
            if room == 0 {
                let size = bytes.len().clamp(MIN_BLOCK, (backlog_size / 16).max(MIN_BLOCK));
                self.blocks.push_back(Block {
                    first: self.end + 1,
                    bytes: Vec::with_capacity(size),
                    size,
                    mark: None,
                });
                self.held_size += size;
                began = true;
                continue;
            }
            let n = room.min(bytes.len());
            if let Some(block) = self.blocks.back_mut() {
                block.bytes.extend_from_slice(&bytes[..n]);
                block.mark = block.mark.or(begins.take());
            }
            bytes = &bytes[n..];
            self.end += n as i64;
            self.len += n;
        }
        began
    }

    /// Drops old blocks: one at a time, and only while what is left is still more than
    /// `backlog_size`. A block that a replica needs (`pinned`: the lowest cursor of all) stays, so
    /// the backlog can outgrow its size. Returns whether anything went.
    pub fn trim(&mut self, backlog_size: usize, pinned: Option<i64>) -> bool {
        let mut gone = false;
        while self.blocks.len() > 1 {
            let Some(oldest) = self.blocks.front() else { break };
            let used = oldest.bytes.len();
            if self.len - used <= backlog_size || pinned.is_some_and(|p| p < oldest.end()) {
                break;
            }
            self.len -= used;
            self.held_size -= oldest.size;
            self.blocks.pop_front();
            gone = true;
        }
        gone
    }

    /// Whether the byte with this offset can be served next (`end + 1` included: nothing yet).
    pub fn holds(&self, offset: i64) -> bool {
        self.active && self.first() <= offset && offset <= self.end + 1
    }

    /// Fills `slices` with the bytes from `cursor` on, `most` of them; returns how many were filled.
    pub fn slices<'a>(&'a self, cursor: i64, slices: &mut [IoSlice<'a>], most: u64) -> usize {
        let mut left = usize::try_from(most).unwrap_or(usize::MAX);
        let mut n = 0;
        for block in self.blocks.range(self.block_of(cursor)..) {
            if n == slices.len() || left == 0 {
                break;
            }
            let skip = (cursor - block.first).max(0) as usize;
            if skip < block.bytes.len() {
                let take = left.min(block.bytes.len() - skip);
                left -= take;
                slices[n] = IoSlice::new(&block.bytes[skip..skip + take]);
                n += 1;
            }
        }
        n
    }

    /// Bytes that wait behind a cursor.
    pub fn behind(&self, cursor: i64) -> u64 {
        (self.end + 1 - cursor).max(0) as u64
    }

    /// What a replica at `cursor` is charged for: from the beginning of the block that it stands
    /// in to the end of the last block. One that has read everything pays for one block at most.
    pub fn charged(&self, cursor: i64) -> usize {
        let at = self.block_of(cursor).min(self.blocks.len().saturating_sub(1));
        self.blocks.range(at..).map(|b| b.size + size_of::<Block>()).sum()
    }

    /// The last `max` bytes, for a log line.
    pub fn tail(&self, max: usize) -> Vec<u8> {
        let from = (self.end + 1 - max as i64).max(self.first());
        let mut out = Vec::new();
        for block in self.blocks.range(self.block_of(from)..) {
            let skip = (from - block.first).max(0) as usize;
            out.extend_from_slice(block.bytes.get(skip..).unwrap_or_default());
        }
        out
    }

    /// Copies bytes from `at` on: at most `max`, fewer at the end.
    pub fn copy(&self, at: i64, max: usize) -> Vec<u8> {
        let mut out = Vec::new();
        for block in self.blocks.range(self.block_of(at)..) {
            let skip = (at - block.first).max(0) as usize;
            let bytes = block.bytes.get(skip..).unwrap_or_default();
            out.extend_from_slice(&bytes[..bytes.len().min(max - out.len())]);
            if out.len() == max {
                break;
            }
        }
        out
    }

    /// The place at or before `at` from which on the stream can be read command by command; if none
    /// is held any more, the next one behind `at` (`end + 1` at last).
    pub fn mark_near(&self, at: i64) -> i64 {
        let here = self.block_of(at);
        let before = self.blocks.range(..(here + 1).min(self.blocks.len())).rev();
        let behind = self.blocks.range(here.min(self.blocks.len())..);
        before
            .filter_map(|b| b.mark)
            .find(|m| *m <= at)
            .or_else(|| behind.filter_map(|b| b.mark).find(|m| *m > at))
            .unwrap_or(self.end + 1)
    }

    /// Index of the block that holds `cursor`, or of the end.
    fn block_of(&self, cursor: i64) -> usize {
        self.blocks.partition_point(|b| b.end() <= cursor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(s: &Stream, cursor: i64) -> Vec<u8> {
        let mut slices = [IoSlice::new(&[]); 64];
        let n = s.slices(cursor, &mut slices, u64::MAX);
        slices[..n].iter().flat_map(|s| s.iter().copied()).collect()
    }

    fn pattern(from: usize, n: usize) -> Vec<u8> {
        (from..from + n).map(|i| (i % 251) as u8).collect()
    }

    #[test]
    fn nothing_is_kept_without_a_backlog() {
        let mut s = Stream::at(7);
        assert!(!s.append(b"abc", 1 << 20));
        assert_eq!((s.end(), s.histlen(), s.first()), (7, 0, 8));
        assert!(!s.holds(8));
        s.activate();
        assert!(s.holds(8));
        assert!(s.append(b"abc", 1 << 20));
        assert_eq!((s.end(), s.histlen(), s.first()), (10, 3, 8));
        assert_eq!(read(&s, 9), b"bc");
    }

    #[test]
    fn every_position_held_can_be_read() {
        let mut s = Stream::at(100);
        s.activate();
        let mut sent = 0;
        for n in [1, 5000, 16384, 40000, 3, 70000] {
            s.append(&pattern(sent, n), 16384);
            sent += n;
        }
        for at in [0, 1, 5001, 16383, 16384, 16385, sent - 1, sent] {
            assert_eq!(read(&s, 101 + at as i64), pattern(at, sent - at));
        }
    }

    #[test]
    fn trimming_keeps_more_than_the_size_and_never_a_pinned_block() {
        let mut s = Stream::at(0);
        s.activate();
        for i in 0..20 {
            s.append(&pattern(i * 10_000, 10_000), 16384);
            s.trim(16384, None);
        }
        assert!(s.histlen() > 16384 && s.histlen() <= 16384 + 2 * MIN_BLOCK, "{}", s.histlen());
        let pinned = s.first();
        for i in 20..60 {
            s.append(&pattern(i * 10_000, 10_000), 16384);
            s.trim(16384, Some(pinned));
        }
        assert_eq!(s.first(), pinned);
        assert_eq!(read(&s, pinned).len(), s.histlen());
        assert!(s.trim(16384, Some(s.end() + 1)));
        assert!(s.histlen() <= 16384 + MIN_BLOCK);
        assert!(!s.holds(pinned));
    }

    #[test]
    fn a_replica_that_has_read_everything_is_charged_for_one_block_only() {
        let mut s = Stream::at(0);
        s.activate();
        s.append(&pattern(0, 1_000_000), 1 << 20);
        assert!(s.charged(1) >= 1_000_000);
        assert!(s.charged(s.end() + 1) <= (1 << 16) + 64);
    }
}
