//! The elements of a list from any place on, either way.

use super::chunks::{Chunks, Spot};
use super::node::Node;
use crate::wire::listpack::{self, Entry};

/// Elements in order; see [`List::iter_from`](super::List::iter_from).
#[derive(Clone, Debug)]
pub struct Elements<'a> {
    chunks: &'a Chunks,
    /// The node that is being read.
    spot: Option<Spot>,
    now: Now<'a>,
    backward: bool,
}

#[derive(Clone, Debug)]
enum Now<'a> {
    Packed(listpack::Iter<'a>),
    Plain(Option<&'a [u8]>),
}

impl<'a> Elements<'a> {
    pub(super) fn forward(chunks: &'a Chunks, index: usize) -> Elements<'a> {
        Elements::begin(chunks, chunks.find(index), false)
    }

    pub(super) fn backward(chunks: &'a Chunks, index: usize) -> Elements<'a> {
        Elements::begin(chunks, chunks.find(index), true)
    }

    fn begin(chunks: &'a Chunks, spot: Option<Spot>, backward: bool) -> Elements<'a> {
        let now = match spot.and_then(|s| chunks.node(s).map(|n| (s, n))) {
            Some((s, Node::Packed(p))) => match p.seek(s.at) {
                Some(pos) if backward => Now::Packed(p.iter_to(pos)),
                Some(pos) => Now::Packed(p.iter_from(pos)),
                None => Now::Plain(None),
            },
            Some((_, Node::Plain(s))) => Now::Plain(Some(s)),
            None => Now::Plain(None),
        };
        Elements { chunks, spot, now, backward }
    }

    /// Goes on to the next node.
    #[cold]
    fn turn_over(&mut self) -> bool {
        let Some(spot) = self.spot else { return false };
        self.spot = if self.backward { self.chunks.before(spot) } else { self.chunks.after(spot) };
        match self.spot.and_then(|s| self.chunks.node(s)) {
            Some(Node::Packed(p)) => self.now = Now::Packed(p.iter()),
            Some(Node::Plain(s)) => self.now = Now::Plain(Some(s)),
            None => return false,
        }
        true
    }
}

impl<'a> Iterator for Elements<'a> {
    type Item = Entry<'a>;

    #[inline]
    fn next(&mut self) -> Option<Entry<'a>> {
        loop {
            let entry = match &mut self.now {
                Now::Packed(iter) if self.backward => iter.next_back(),
                Now::Packed(iter) => iter.next(),
                Now::Plain(s) => s.take().map(Entry::Str),
            };
            if entry.is_some() || !self.turn_over() {
                return entry;
            }
        }
    }
}
