//! The walker: every item of any RDB file that Redis 7.0 writes or loads, with its place, its bytes
//! and its meaning.
//!
//! In: bytes, cut anywhere. Out: [`Item`]s, one at a time, in the order of the file; or a
//! [`WalkError`] that says where, what was expected there, and what to do next. It loads nothing: of a
//! string it keeps the beginning, of a container what one entry needs, so its state is bounded
//! however large the file is and whatever its lengths claim.
//!
//! The format nests (a key in a file, a node in a list, an entry in a node, a field in an entry),
//! so the walk is written as plain sequential code that waits for bytes where it needs them: an
//! `async fn` that nothing but [`Walker::next`] polls. There is no runtime and no waker behind it.

mod container;
mod entries;
mod error;
mod feed;
mod file;
mod item;
mod module;
mod scalar;
mod stream;
mod tape;
mod value;

pub use error::{WalkError, Why};
pub use item::{Clip, Element, Item, KeyEnd, Kind, TextForm, What};

use super::Checksum;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use tape::Tape;

/// How finely the file is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grain {
    /// One item for each record: header, aux field, key with its value, checksum.
    Records,
    /// The parts of keys and values as well, down to each element: they come before the record's
    /// [`What::Key`], with a greater [`Item::depth`].
    Parts,
}

type Walk = Pin<Box<dyn Future<Output = Result<(), WalkError>> + Send>>;

/// Walks through an RDB that is pushed in pieces.
///
/// [`Walker::push`] bytes, then call [`Walker::next`] until it gives None; when the input has ended,
/// call [`Walker::end_of_input`] and [`Walker::next`] once more until None. What follows the RDB is
/// counted and not looked at: [`Walker::beyond`].
pub struct Walker {
    tape: Tape,
    walk: Option<Walk>,
    failed: Option<WalkError>,
}

impl Walker {
    pub fn new(grain: Grain) -> Walker {
        let tape = Tape::default();
        let walk = Box::pin(file::walk(tape.clone(), grain));
        Walker { tape, walk: Some(walk), failed: None }
    }

    /// Adds bytes as they came.
    pub fn push(&mut self, bytes: &[u8]) {
        self.tape.push(bytes, self.walk.is_some());
    }

    /// No more bytes will come.
    pub fn end_of_input(&mut self) {
        self.tape.end();
    }

    /// The next item; None when more bytes are needed, and after the last. An error stays.
    // Not an Iterator: None means "not yet".
    #[allow(clippy::should_implement_trait)]
    pub fn next(&mut self) -> Result<Option<Item>, WalkError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        let Some(walk) = &mut self.walk else { return Ok(None) };
        match walk.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Pending => Ok(self.tape.take_item()),
            Poll::Ready(end) => {
                self.walk = None;
                self.tape.finish();
                end.map(|()| None).inspect_err(|error| self.failed = Some(error.clone()))
            }
        }
    }

    /// Whether the RDB was walked to its end.
    pub fn finished(&self) -> bool {
        self.walk.is_none() && self.failed.is_none()
    }

    /// The offset of the next byte to be looked at.
    pub fn at(&self) -> u64 {
        self.tape.at()
    }

    /// Bytes that were pushed behind the end of the RDB. Redis ignores them.
    pub fn beyond(&self) -> u64 {
        self.tape.beyond()
    }
}

impl fmt::Debug for Walker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Walker").field("at", &self.at()).field("failed", &self.failed).finish()
    }
}

#[cfg(test)]
mod tests;
