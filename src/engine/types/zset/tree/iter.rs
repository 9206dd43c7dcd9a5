//! Walking the pairs, up or down, from any rank.

use super::Elem;
use super::node::{Kid, Node};

/// Pairs in order, or in the opposite order.
#[derive(Clone, Debug)]
pub struct Iter<'a> {
    /// The inner nodes above the leaf, with the place of the kid that is being walked.
    above: Vec<(&'a [Kid], usize)>,
    leaf: &'a [Elem],
    /// The next pair: its place in the leaf (one more if it goes down).
    at: usize,
    down: bool,
    left: usize,
}

impl<'a> Iter<'a> {
    pub(super) fn new(root: &'a Node, rank: usize, len: usize, down: bool) -> Iter<'a> {
        let left = match (rank < len, down) {
            (false, _) => 0,
            (true, false) => len - rank,
            (true, true) => rank + 1,
        };
        let mut iter = Iter { above: Vec::new(), leaf: &[], at: 0, down, left };
        if left > 0 {
            iter.descend(root, rank);
        }
        iter
    }

    /// Goes down to the pair at this rank of a subtree that has it.
    fn descend(&mut self, mut node: &'a Node, mut rank: usize) {
        loop {
            match node {
                Node::Leaf(pairs) => {
                    self.leaf = pairs;
                    self.at = rank + usize::from(self.down);
                    return;
                }
                Node::Inner(kids) => {
                    let mut at = 0;
                    while at + 1 < kids.len() && rank >= kids[at].count() {
                        rank -= kids[at].count();
                        at += 1;
                    }
                    self.above.push((kids, at));
                    node = &kids[at].node;
                }
            }
        }
    }

    /// Goes to the next leaf.
    fn turn(&mut self) -> Option<()> {
        loop {
            let (kids, at) = self.above.pop()?;
            let next = if self.down { at.checked_sub(1) } else { Some(at + 1) };
            let Some(next) = next.filter(|n| *n < kids.len()) else { continue };
            self.above.push((kids, next));
            let kid = &kids[next];
            self.descend(&kid.node, if self.down { kid.count().checked_sub(1)? } else { 0 });
            return Some(());
        }
    }
}

impl<'a> Iterator for Iter<'a> {
    type Item = &'a Elem;

    fn next(&mut self) -> Option<&'a Elem> {
        if self.left == 0 {
            return None;
        }
        self.left -= 1;
        if self.down {
            if self.at == 0 {
                self.turn()?;
            }
            self.at -= 1;
            return self.leaf.get(self.at);
        }
        if self.at == self.leaf.len() {
            self.turn()?;
        }
        self.at += 1;
        self.leaf.get(self.at - 1)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for Iter<'_> {}
