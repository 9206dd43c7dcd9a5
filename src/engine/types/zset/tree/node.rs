//! The nodes of the tree: search, insertion with splits, removal with joins.

use super::Elem;
use std::sync::Arc;

/// Most pairs of a leaf, and most kids of an inner node: what one write copies of a shared level.
pub(super) const MOST: usize = 64;
/// A node of fewer is joined with a neighbour if both together fill at most three quarters.
const FEW: usize = MOST / 4;
const JOINED_MOST: usize = MOST * 3 / 4;
/// Room that a full vector grows by: small, so that what is allocated is used.
const ROOM: usize = 8;

/// A node, shared by all trees that hold it.
#[derive(Clone, Debug)]
pub(super) enum Node {
    Leaf(Vec<Elem>),
    Inner(Vec<Kid>),
}

/// A subtree.
#[derive(Clone, Debug)]
pub(super) struct Kid {
    /// Not above any pair of this subtree, and above all pairs of the one before. Means nothing in
    /// the first kid of a node.
    low: Elem,
    /// Pairs in it.
    count: usize,
    pub(super) node: Arc<Node>,
}

impl Kid {
    pub(super) fn count(&self) -> usize {
        self.count
    }
}

/// What to take out.
#[derive(Clone, Copy)]
pub(super) enum Find<'a> {
    Rank(usize),
    Pair(f64, &'a [u8]),
}

/// Inserts into a vector that grows in small steps.
fn put<T>(v: &mut Vec<T>, at: usize, item: T) {
    if v.len() == v.capacity() {
        v.reserve_exact(ROOM);
    }
    v.insert(at, item);
}

/// Splits a full vector where `item` goes in, and puts that in as well. At either end the item is
/// split off alone: who inserts in order leaves full nodes behind.
fn split<T>(v: &mut Vec<T>, at: usize, item: T) -> Vec<T> {
    if at == v.len() {
        return vec![item];
    }
    if at == 0 {
        return std::mem::replace(v, vec![item]);
    }
    let middle = v.len() / 2;
    let mut right = Vec::with_capacity(v.len() - middle + ROOM);
    right.extend(v.drain(middle..));
    v.shrink_to(middle + ROOM);
    match at <= middle {
        true => put(v, at, item),
        false => put(&mut right, at - middle, item),
    }
    right
}

impl Node {
    /// The root above two subtrees.
    pub(super) fn above(left: Arc<Node>, right: Kid) -> Node {
        let count = left.count();
        Node::Inner(vec![Kid { low: right.low.clone(), count, node: left }, right])
    }

    /// How many pairs or kids it has.
    fn len(&self) -> usize {
        match self {
            Node::Leaf(pairs) => pairs.len(),
            Node::Inner(kids) => kids.len(),
        }
    }

    /// How many pairs are in and under it.
    fn count(&self) -> usize {
        match self {
            Node::Leaf(pairs) => pairs.len(),
            Node::Inner(kids) => kids.iter().map(|k| k.count).sum(),
        }
    }

    /// The kid that is all there is.
    pub(super) fn only_kid(&self) -> Option<Arc<Node>> {
        match self {
            Node::Inner(kids) if kids.len() == 1 => Some(Arc::clone(&kids[0].node)),
            _ => None,
        }
    }

    pub(super) fn partition_point(&self, before: &impl Fn(&Elem) -> bool) -> usize {
        let mut node = self;
        let mut rank = 0;
        loop {
            match node {
                Node::Leaf(pairs) => return rank + pairs.partition_point(before),
                Node::Inner(kids) => {
                    // What is not before is not in the kids whose lower bound is not.
                    let at = kids[1..].partition_point(|k| before(&k.low));
                    rank += kids[..at].iter().map(|k| k.count).sum::<usize>();
                    node = &kids[at].node;
                }
            }
        }
    }

    /// Puts a pair in. If the node was full, its right half comes back.
    pub(super) fn insert(node: &mut Arc<Node>, elem: Elem) -> Option<Kid> {
        match Arc::make_mut(node) {
            Node::Leaf(pairs) => {
                let member = elem.member.bytes();
                let at = pairs.partition_point(|e| e.order(elem.score, member).is_lt());
                if pairs.len() < MOST {
                    put(pairs, at, elem);
                    return None;
                }
                let right = split(pairs, at, elem);
                let low = right[0].clone();
                Some(Kid { low, count: right.len(), node: Arc::new(Node::Leaf(right)) })
            }
            Node::Inner(kids) => {
                let at = kid_of(kids, elem.score, elem.member.bytes());
                let kid = &mut kids[at];
                kid.count += 1;
                let new = Node::insert(&mut kid.node, elem)?;
                kid.count -= new.count;
                if kids.len() < MOST {
                    put(kids, at + 1, new);
                    return None;
                }
                let right = split(kids, at + 1, new);
                let count = right.iter().map(|k| k.count).sum();
                let low = right[0].low.clone();
                Some(Kid { low, count, node: Arc::new(Node::Inner(right)) })
            }
        }
    }

    /// Takes a pair out. The node may be left empty.
    pub(super) fn take(node: &mut Arc<Node>, what: Find<'_>) -> Option<Elem> {
        match Arc::make_mut(node) {
            Node::Leaf(pairs) => {
                let at = match what {
                    Find::Rank(rank) => rank,
                    Find::Pair(score, member) => {
                        pairs.binary_search_by(|e| e.order(score, member)).ok()?
                    }
                };
                (at < pairs.len()).then(|| pairs.remove(at))
            }
            Node::Inner(kids) => {
                let (at, inside) = match what {
                    Find::Pair(score, member) => (kid_of(kids, score, member), what),
                    Find::Rank(mut rank) => {
                        let mut at = 0;
                        while at + 1 < kids.len() && rank >= kids[at].count {
                            rank -= kids[at].count;
                            at += 1;
                        }
                        (at, Find::Rank(rank))
                    }
                };
                let kid = &mut kids[at];
                let taken = Node::take(&mut kid.node, inside)?;
                kid.count -= 1;
                match kid.node.len() {
                    0 => {
                        kids.remove(at);
                    }
                    few if few < FEW => join(kids, at),
                    _ => {}
                }
                Some(taken)
            }
        }
    }

    /// Checks what is under it; how many pairs these are.
    #[cfg(test)]
    pub(super) fn check(&self) -> usize {
        match self {
            Node::Leaf(pairs) => {
                assert!(pairs.len() <= MOST);
                pairs.len()
            }
            Node::Inner(kids) => {
                assert!(!kids.is_empty() && kids.len() <= MOST);
                for (at, kid) in kids.iter().enumerate() {
                    assert_eq!(kid.node.check(), kid.count);
                    assert!(kid.count > 0);
                    let (first, last) = (kid.node.end(false), kid.node.end(true));
                    let low = (kid.low.score, kid.low.member.bytes());
                    assert!(at == 0 || first.order(low.0, low.1).is_ge());
                    let next = kids.get(at + 1).map(|k| &k.low);
                    assert!(next.is_none_or(|n| last.order(n.score, n.member.bytes()).is_lt()));
                }
                kids.iter().map(|k| k.count).sum()
            }
        }
    }

    #[cfg(test)]
    fn end(&self, last: bool) -> &Elem {
        match self {
            Node::Leaf(pairs) => &pairs[if last { pairs.len() - 1 } else { 0 }],
            Node::Inner(kids) => kids[if last { kids.len() - 1 } else { 0 }].node.end(last),
        }
    }
}

/// The kid that a pair lies in, or belongs to.
fn kid_of(kids: &[Kid], score: f64, member: &[u8]) -> usize {
    kids[1..].partition_point(|k| k.low.order(score, member).is_le())
}

/// Joins a small kid with a neighbour, if one is small enough.
fn join(kids: &mut Vec<Kid>, at: usize) {
    let len = kids[at].node.len();
    let fits = |other: usize| kids.get(other).is_some_and(|k| k.node.len() + len <= JOINED_MOST);
    let left = match at {
        _ if at > 0 && fits(at - 1) => at - 1,
        _ if fits(at + 1) => at,
        _ => return,
    };
    let right = kids.remove(left + 1);
    kids[left].count += right.count;
    match (Arc::make_mut(&mut kids[left].node), Arc::unwrap_or_clone(right.node)) {
        (Node::Leaf(pairs), Node::Leaf(more)) => {
            pairs.reserve_exact(more.len() + ROOM);
            pairs.extend(more);
        }
        (Node::Inner(pairs), Node::Inner(mut more)) => {
            // The first kid's own bound may be stale; that of the node it comes from is not.
            if let Some(first) = more.first_mut() {
                first.low = right.low;
            }
            pairs.reserve_exact(more.len() + ROOM);
            pairs.extend(more);
        }
        _ => unreachable!("all leaves lie at the same depth"),
    }
}
