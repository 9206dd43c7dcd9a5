//! The order of a large zset: a counted B+tree whose nodes are copied on write.
//!
//! In: pairs of score and member, each once. Out: the same in the order of scores, and of bytes
//! among equal scores; by rank, and the rank of each, in O(log n). Never here: a look at what a
//! member's score is (the table beside it knows), replies, encodings.
//!
//! A clone shares every node. A write copies those on its way that are shared: one for each level.

mod iter;
mod node;
#[cfg(test)]
mod tests;

pub use iter::Iter;

use super::member::Member;
use node::{Find, Node};
use std::cmp::Ordering;
use std::sync::Arc;

/// One member with its score, which is no NaN.
#[derive(Clone, Debug)]
pub struct Elem {
    pub score: f64,
    pub member: Member,
}

impl Elem {
    /// How it stands to another pair: by score, among equals by bytes. Both zeros are equal.
    #[inline]
    pub fn order(&self, score: f64, member: &[u8]) -> Ordering {
        match self.score.partial_cmp(&score) {
            Some(Ordering::Equal) | None => self.member.bytes().cmp(member),
            Some(other) => other,
        }
    }
}

/// Pairs in order.
#[derive(Clone, Debug)]
pub struct Tree {
    root: Arc<Node>,
    len: usize,
}

impl Default for Tree {
    fn default() -> Tree {
        Tree { root: Arc::new(Node::Leaf(Vec::new())), len: 0 }
    }
}

impl Tree {
    /// How many pairs it holds.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// What the nodes cost: an estimate from the number of pairs.
    pub fn heap_bytes(&self) -> usize {
        64 + self.len * (size_of::<Elem>() * 9 / 8 + 2)
    }

    /// Puts a pair in, which must not be there.
    pub fn insert(&mut self, elem: Elem) {
        if let Some(right) = Node::insert(&mut self.root, elem) {
            let left = std::mem::replace(&mut self.root, Arc::new(Node::Leaf(Vec::new())));
            self.root = Arc::new(Node::above(left, right));
        }
        self.len += 1;
    }

    /// Takes a pair out; whether it was there.
    pub fn remove(&mut self, score: f64, member: &[u8]) -> bool {
        self.take(Find::Pair(score, member)).is_some()
    }

    /// Takes out the pair at this rank.
    pub fn remove_at(&mut self, rank: usize) -> Option<Elem> {
        if rank >= self.len {
            return None;
        }
        self.take(Find::Rank(rank))
    }

    fn take(&mut self, what: Find<'_>) -> Option<Elem> {
        let taken = Node::take(&mut self.root, what)?;
        self.len -= 1;
        while let Some(only) = self.root.only_kid() {
            self.root = only;
        }
        Some(taken)
    }

    /// How many pairs `before` is true for: it must be so for a part from the start on, and for
    /// none behind it.
    pub fn partition_point(&self, before: impl Fn(&Elem) -> bool) -> usize {
        self.root.partition_point(&before)
    }

    /// How many pairs stand before this one.
    pub fn rank(&self, score: f64, member: &[u8]) -> usize {
        self.partition_point(|e| e.order(score, member).is_lt())
    }

    /// The pairs from this rank on.
    pub fn iter_from(&self, rank: usize) -> Iter<'_> {
        Iter::new(&self.root, rank, self.len, false)
    }

    /// The pairs from this rank down to the first one.
    pub fn iter_down_from(&self, rank: usize) -> Iter<'_> {
        Iter::new(&self.root, rank, self.len, true)
    }

    /// The rules that every operation keeps.
    #[cfg(test)]
    pub fn check(&self) {
        assert_eq!(self.root.check(), self.len);
        let all: Vec<&Elem> = self.iter_from(0).collect();
        assert_eq!(all.len(), self.len);
        assert!(all.windows(2).all(|w| w[0].order(w[1].score, w[1].member.bytes()).is_lt()));
    }
}
