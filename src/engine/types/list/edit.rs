//! Changes of a list. Which node an element goes to follows Redis's quicklist, so that nodes (and
//! with them files, and what DEBUG OBJECT shows) are shaped like there.

use super::chunks::Spot;
use super::{List, Node};
use crate::wire::listpack::Entry;

impl List {
    /// Adds an element at the head (`front`) or the tail. An element of `large` bytes or more
    /// becomes a node of its own (see [`LARGE`](super::LARGE)).
    #[inline]
    pub fn push(&mut self, front: bool, text: &[u8], large: usize) {
        if let Some(spot) = self.chunks.end(front) {
            let fill = self.fill;
            // A full node is not touched: it may be shared, and a large one costs to copy.
            if self.chunks.node(spot).is_some_and(|node| node.admits(text.len(), fill, large)) {
                self.chunks.change(spot, |node| match node {
                    Node::Packed(p) if front => p.push_front(text),
                    Node::Packed(p) => p.push_back(text),
                    Node::Plain(_) => {}
                });
                return;
            }
        }
        let node = Node::of(text, large);
        if front {
            self.chunks.insert(Spot { part: 0, node: 0, at: 0 }, node);
        } else {
            self.chunks.push_back(node);
        }
    }

    /// Shows the element at the head or the tail, and takes it out; `None` if there is none.
    #[inline]
    pub fn pop<R>(&mut self, front: bool, show: impl FnOnce(Entry<'_>) -> R) -> Option<R> {
        let spot = self.chunks.end(front)?;
        let (result, pos) = match self.chunks.node(spot)? {
            Node::Plain(s) => (show(Entry::Str(s)), None),
            Node::Packed(p) => {
                let pos = if front { p.first()? } else { p.last()? };
                (show(p.entry(pos)), Some(pos).filter(|_| p.len() > 1))
            }
        };
        match pos {
            None => self.chunks.discard(spot),
            Some(pos) => {
                self.chunks.change(spot, |node| {
                    if let Node::Packed(p) = node {
                        p.remove(pos);
                    }
                });
            }
        }
        Some(result)
    }

    /// Puts an element in front of number `index`, or behind it (`after`).
    pub fn insert(&mut self, index: usize, after: bool, text: &[u8], large: usize) {
        let Some(spot) = self.chunks.find(index) else {
            return self.push(false, text, large);
        };
        let Some(node) = self.chunks.node(spot) else { return };
        let (fill, len) = (self.fill, node.len());
        let at = spot.at + usize::from(after);
        let admits = |node: Option<Spot>| {
            node.and_then(|s| self.chunks.node(s))
                .is_some_and(|node| node.admits(text.len(), fill, large))
        };
        if admits(Some(spot)) {
            return self.insert_in(spot, at, text);
        }
        let here = Spot { at: 0, ..spot };
        let behind = Spot { node: spot.node + 1, ..here };
        if after && at == len {
            match self.chunks.after(spot).filter(|next| admits(Some(*next))) {
                Some(next) => self.insert_in(next, 0, text),
                None => self.chunks.insert(behind, Node::of(text, large)),
            }
        } else if !after && at == 0 {
            match self.chunks.before(spot).filter(|prev| admits(Some(*prev))) {
                Some(prev) => self.insert_in(prev, usize::MAX, text),
                None => self.chunks.insert(here, Node::of(text, large)),
            }
        } else {
            self.split_and_insert(spot, at, after, text, large);
        }
    }

    /// The node is full: it is parted in front of element `at`, and the new one goes between.
    fn split_and_insert(&mut self, spot: Spot, at: usize, after: bool, text: &[u8], large: usize) {
        let behind = Spot { node: spot.node + 1, at: 0, ..spot };
        let first = self.chunks.index_of(spot);
        let Some(mut right) = self.chunks.change(spot, |node| node.split_off(at)) else { return };
        if text.len() >= large {
            // In this order, both go to the same place: chunks may be parted on the way.
            self.chunks.insert(behind, right);
            if let Some(spot) = self.chunks.find(first) {
                let behind = Spot { node: spot.node + 1, at: 0, ..spot };
                self.chunks.insert(behind, Node::of(text, large));
            }
            return;
        }
        if after {
            right.insert(0, text);
        } else {
            self.insert_in(spot, usize::MAX, text);
        }
        self.chunks.insert(behind, right);
        // The part that holds the neighbour of the new element is the middle of what is tidied up.
        self.join_around(if after { first } else { first + at + 1 });
    }

    /// Joins small nodes around the one that begins with element `center`, as Redis does.
    fn join_around(&mut self, center: usize) {
        let at = |list: &List| list.chunks.find(center).map(|s| Spot { at: 0, ..s });
        if let Some(prev) = at(self).and_then(|s| self.chunks.before(s))
            && let Some(prev_prev) = self.chunks.before(prev)
        {
            self.join(prev_prev);
        }
        if let Some(next) = at(self).and_then(|s| self.chunks.after(s)) {
            self.join(next);
        }
        if let Some(prev) = at(self).and_then(|s| self.chunks.before(s)) {
            self.join(prev);
        }
        if let Some(target) = at(self) {
            self.join(target);
        }
    }

    /// Joins a node and the one behind it, if they fit together.
    fn join(&mut self, left: Spot) {
        let Some(right) = self.chunks.after(left) else { return };
        let (Some(a), Some(b)) = (self.chunks.node(left), self.chunks.node(right)) else { return };
        if a.may_join(b, self.fill)
            && let Some(node) = self.chunks.remove(right)
        {
            self.chunks.change(left, |a| a.join(node));
        }
    }

    /// Puts another element in the place of number `index`; whether there is one.
    pub fn replace(&mut self, index: usize, text: &[u8], large: usize) -> bool {
        let Some(spot) = self.chunks.find(index) else { return false };
        let Some(node) = self.chunks.node(spot) else { return false };
        match node {
            Node::Packed(_) if text.len() < large => {
                self.chunks.change(spot, |node| {
                    if let Node::Packed(p) = node
                        && let Some(pos) = p.seek(spot.at)
                    {
                        p.replace(pos, text);
                    }
                });
            }
            Node::Plain(_) if text.len() >= large => {
                self.chunks.change(spot, |node| *node = Node::Plain(text.into()));
            }
            _ => {
                self.insert(index, true, text, large);
                self.remove_range(index, 1);
            }
        }
        true
    }

    /// Takes `n` elements out from number `index` on, or as many as there are.
    pub fn remove_range(&mut self, index: usize, n: usize) {
        let mut left = n.min(self.len().saturating_sub(index));
        while left > 0 {
            let Some(spot) = self.chunks.find(index) else { return };
            let Some(node) = self.chunks.node(spot) else { return };
            let gone = left.min(node.len() - spot.at);
            if let Some(all) = self.chunks.chunk_from(spot).filter(|all| *all <= left) {
                self.chunks.discard_chunk(spot.part);
                left -= all;
                continue;
            }
            if gone == node.len() {
                self.chunks.discard(spot);
            } else {
                self.chunks.change(spot, |node| node.remove_range(spot.at, gone));
            }
            left -= gone;
        }
    }

    /// Takes out at most `max` elements that are equal to this one, from the head on or from the
    /// tail on; how many it were.
    pub fn remove_equal(&mut self, text: &[u8], from_end: bool, max: usize) -> usize {
        let mut gone = 0;
        let mut at = self.chunks.end(!from_end);
        while let Some(spot) = at.filter(|_| gone < max) {
            let Some(node) = self.chunks.node(spot) else { break };
            if !node.has(text) {
                at = if from_end { self.chunks.before(spot) } else { self.chunks.after(spot) };
                continue;
            }
            let before = self.chunks.before(spot);
            let emptied = match node {
                Node::Plain(_) => {
                    gone += 1;
                    true
                }
                Node::Packed(_) => {
                    let left = max - gone;
                    let n =
                        self.chunks.change(spot, |node| node.remove_equal(text, from_end, left));
                    gone += n.unwrap_or(0);
                    self.chunks.node(spot).is_some_and(Node::is_empty)
                }
            };
            if emptied {
                self.chunks.discard(spot);
            }
            at = match (from_end, emptied, before) {
                (true, _, before) => before,
                (false, false, _) => self.chunks.after(spot),
                (false, true, Some(before)) => self.chunks.after(before),
                (false, true, None) => self.chunks.end(true),
            };
        }
        gone
    }

    /// Puts an element into a node that admits it.
    fn insert_in(&mut self, spot: Spot, at: usize, text: &[u8]) {
        self.chunks.change(spot, |node| node.insert(at, text));
    }
}
