//! The file's bytes as they come by, and the one place where the walk waits for them.

use super::{Clip, Item, WalkError, Why};
use crate::wire::crc64::Digest;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;

/// A handle: the walk holds one, the walker the other. Never locked by two threads at once; the
/// lock is what lets the walk move between threads.
#[derive(Clone, Default)]
pub(super) struct Tape(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    buf: Vec<u8>,
    pos: usize,
    /// Bytes of `buf` that are part of the checksum already.
    digested: usize,
    /// Offset of `pos` in the file.
    at: u64,
    beyond: u64,
    ended: bool,
    digest: Digest,
    record: Recorded,
    part: Recorded,
    item: Option<Item>,
}

/// Bytes since a mark.
#[derive(Default)]
pub(super) struct Recorded {
    pub at: u64,
    pub raw: Clip,
}

impl Recorded {
    pub fn begin(&mut self, at: u64) {
        self.at = at;
        self.raw.bytes.clear();
        self.raw.len = 0;
    }
}

impl State {
    fn consume(&mut self, n: usize) {
        let bytes = &self.buf[self.pos..self.pos + n];
        self.record.raw.add(bytes, Clip::RAW);
        self.part.raw.add(bytes, Clip::RAW);
        self.pos += n;
        self.at += n as u64;
    }

    fn digest(&mut self) {
        self.digest.update(&self.buf[self.digested..self.pos]);
        self.digested = self.pos;
    }
}

pub(super) type Walked<T> = Result<T, WalkError>;

impl Tape {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    // ── the walker's side ─────────────────────────────────────────────────────────────────────

    pub fn push(&self, bytes: &[u8], wanted: bool) {
        let mut s = self.lock();
        if !wanted {
            s.beyond += bytes.len() as u64;
            return;
        }
        if s.pos == s.buf.len() || s.pos >= 64 * 1024 {
            s.digest();
            let pos = s.pos;
            s.buf.drain(..pos);
            (s.pos, s.digested) = (0, 0);
        }
        s.buf.extend_from_slice(bytes);
    }

    pub fn end(&self) {
        self.lock().ended = true;
    }

    /// Nothing more is looked at: what is left is counted and dropped.
    pub fn finish(&self) {
        let mut s = self.lock();
        s.beyond = (s.buf.len() - s.pos) as u64;
        s.buf = Vec::new();
        (s.pos, s.digested) = (0, 0);
    }

    pub fn take_item(&self) -> Option<Item> {
        self.lock().item.take()
    }

    pub fn beyond(&self) -> u64 {
        self.lock().beyond
    }

    #[cfg(test)]
    pub fn held(&self) -> usize {
        self.lock().buf.capacity()
    }

    // ── the walk's side ───────────────────────────────────────────────────────────────────────

    /// Offset of the next byte.
    pub fn at(&self) -> u64 {
        self.lock().at
    }

    /// Tells an item: the walk goes on when it was taken.
    pub async fn emit(&self, item: Item) {
        self.lock().item = Some(item);
        poll_fn(|_| if self.lock().item.is_some() { Poll::Pending } else { Poll::Ready(()) }).await;
    }

    /// The next `N` bytes; the error says what was expected instead of the file's end.
    pub async fn array<const N: usize>(&self, expected: &'static str) -> Walked<[u8; N]> {
        poll_fn(|_| {
            let mut s = self.lock();
            match s.buf[s.pos..].first_chunk::<N>().copied() {
                Some(bytes) => {
                    s.consume(N);
                    Poll::Ready(Ok(bytes))
                }
                None if s.ended => {
                    let at = s.at + (s.buf.len() - s.pos) as u64;
                    Poll::Ready(Err(WalkError { at, why: Why::Cut { expected } }))
                }
                None => Poll::Pending,
            }
        })
        .await
    }

    pub async fn byte(&self, expected: &'static str) -> Walked<u8> {
        Ok(self.array::<1>(expected).await?[0])
    }

    /// Some of the next `max` bytes, at least one: as many as lie there. `max` is not 0.
    pub async fn some(
        &self,
        max: u64,
        expected: &'static str,
        mut each: impl FnMut(&[u8]),
    ) -> Walked<u64> {
        poll_fn(|_| {
            let mut s = self.lock();
            let n = (s.buf.len() - s.pos).min(usize::try_from(max).unwrap_or(usize::MAX));
            if n > 0 {
                each(&s.buf[s.pos..s.pos + n]);
                s.consume(n);
                Poll::Ready(Ok(n as u64))
            } else if s.ended {
                Poll::Ready(Err(WalkError { at: s.at, why: Why::Cut { expected } }))
            } else {
                Poll::Pending
            }
        })
        .await
    }

    /// The checksum of all that was read so far.
    pub fn sum(&self) -> u64 {
        let mut s = self.lock();
        s.digest();
        s.digest.value()
    }

    /// A record begins here.
    pub fn begin_record(&self) {
        let mut s = self.lock();
        let at = s.at;
        s.record.begin(at);
    }

    /// A part of a record begins here.
    pub fn begin_part(&self) {
        let mut s = self.lock();
        let at = s.at;
        s.part.begin(at);
    }

    /// The record since [`Tape::begin_record`]: its place and its bytes.
    pub fn record(&self) -> (u64, Clip) {
        let s = self.lock();
        (s.record.at, s.record.raw.clone())
    }

    /// The part since [`Tape::begin_part`].
    pub fn part(&self) -> (u64, Clip) {
        let s = self.lock();
        (s.part.at, s.part.raw.clone())
    }
}
