//! Where the journal's events lie: in chunks, so that growing never copies what is there already,
//! and what was dropped in front is given back.

use super::weigh::weigh;
use crate::observe::Event;
use std::collections::VecDeque;

/// Events of one chunk.
const CHUNK: usize = 512;

/// Events in order, dropped in front and added at the end.
#[derive(Default)]
pub struct Shelf {
    /// What is left of the oldest chunk.
    front: std::vec::IntoIter<Event>,
    chunks: VecDeque<Vec<Event>>,
    len: usize,
    bytes: usize,
}

impl Shelf {
    pub fn push(&mut self, event: Event) {
        self.bytes += weigh(&event);
        self.len += 1;
        match self.chunks.back_mut() {
            Some(chunk) if chunk.len() < CHUNK => chunk.push(event),
            _ => {
                let mut chunk = Vec::with_capacity(CHUNK);
                chunk.push(event);
                self.chunks.push_back(chunk);
            }
        }
    }

    /// Takes the oldest event out.
    pub fn pop(&mut self) -> Option<Event> {
        if self.front.len() == 0 {
            self.front = self.chunks.pop_front()?.into_iter();
        }
        let event = self.front.next()?;
        self.len -= 1;
        self.bytes -= weigh(&event);
        Some(event)
    }

    pub fn len(&self) -> usize {
        self.len
    }

    /// What the events take, as far as one can tell.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    pub fn first(&self) -> Option<&Event> {
        self.front.as_slice().first().or_else(|| self.chunks.front()?.first())
    }

    /// The events from the `skip`th on, oldest first.
    pub fn from(&self, skip: usize) -> impl Iterator<Item = &Event> {
        let front = self.front.as_slice();
        let head = &front[skip.min(front.len())..];
        let left = skip.saturating_sub(front.len());
        // All chunks but the last are full, and one that is being emptied is the front.
        let whole = if self.chunks.is_empty() { 0 } else { left / CHUNK };
        let rest = self.chunks.iter().skip(whole).flatten();
        head.iter().chain(rest.skip(left - whole * CHUNK))
    }
}
