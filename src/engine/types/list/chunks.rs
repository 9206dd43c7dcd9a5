//! The nodes of a list in order, in chunks that snapshots share.

use super::node::Node;
use std::collections::VecDeque;
use std::sync::Arc;

/// A chunk with more nodes than this is parted.
const MAX_NODES: usize = 64;
/// One with several nodes and more bytes than this is, too: so much is copied at once at most by a
/// write under a snapshot (unless a single node is larger).
const MAX_BYTES: usize = 32 * 1024;

/// Neighbouring nodes.
#[derive(Clone, Debug)]
struct Chunk {
    /// Elements in all of them. It stands here, not in the nodes, so that walking to an element
    /// reads memory in order.
    len: usize,
    nodes: Arc<Vec<Node>>,
}

/// All nodes.
#[derive(Clone, Debug, Default)]
pub(super) struct Chunks {
    parts: VecDeque<Chunk>,
    nodes: usize,
    len: usize,
    /// What the nodes hold on the heap.
    node_bytes: usize,
}

/// Where an element is: chunk, node in it, element in that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Spot {
    pub part: usize,
    pub node: usize,
    pub at: usize,
}

impl Chunks {
    pub fn node_count(&self) -> usize {
        self.nodes
    }

    /// How many elements there are.
    #[inline]
    pub fn len(&self) -> usize {
        self.len
    }

    pub fn iter(&self) -> impl Iterator<Item = &Node> {
        self.parts.iter().flat_map(|p| p.nodes.iter())
    }

    /// The nodes from this number on.
    pub fn iter_from(&self, node: usize) -> impl Iterator<Item = &Node> {
        let (mut part, mut skip) = (0, node);
        while let Some(chunk) = self.parts.get(part).filter(|c| c.nodes.len() <= skip) {
            skip -= chunk.nodes.len();
            part += 1;
        }
        self.parts.range(part.min(self.parts.len())..).flat_map(|p| p.nodes.iter()).skip(skip)
    }

    /// Bytes on the heap.
    pub fn heap_bytes(&self) -> usize {
        self.parts.capacity() * size_of::<Chunk>()
            + self.parts.len() * (size_of::<Vec<Node>>() + 40)
            + self.nodes * size_of::<Node>()
            + self.node_bytes
    }

    /// Where element `index` is, walked to from the nearer end.
    pub fn find(&self, index: usize) -> Option<Spot> {
        if index >= self.len {
            return None;
        }
        let (mut part, mut left) = (0, index);
        if index <= self.len / 2 {
            while left >= self.parts.get(part)?.len {
                left -= self.parts[part].len;
                part += 1;
            }
        } else {
            // `ahead`: elements in front of the chunk that is looked at.
            let mut ahead = self.len;
            part = self.parts.len();
            while ahead > index {
                part = part.checked_sub(1)?;
                ahead -= self.parts[part].len;
            }
            left = index - ahead;
        }
        for (node, n) in self.parts.get(part)?.nodes.iter().enumerate() {
            if left < n.len() {
                return Some(Spot { part, node, at: left });
            }
            left -= n.len();
        }
        None
    }

    /// The number of the first element of a node.
    pub fn index_of(&self, spot: Spot) -> usize {
        let ahead = self.parts.iter().take(spot.part).map(|p| p.len).sum::<usize>();
        let nodes = self.parts.get(spot.part).map_or(&[][..], |p| &p.nodes[..]);
        ahead + nodes.iter().take(spot.node).map(Node::len).sum::<usize>()
    }

    pub fn node(&self, spot: Spot) -> Option<&Node> {
        self.parts.get(spot.part)?.nodes.get(spot.node)
    }

    /// Where the first node is, or the last one.
    pub fn end(&self, front: bool) -> Option<Spot> {
        let part = if front { 0 } else { self.parts.len().checked_sub(1)? };
        let nodes = &self.parts.get(part)?.nodes;
        let node = if front { 0 } else { nodes.len().checked_sub(1)? };
        Some(Spot { part, node, at: 0 })
    }

    /// Where the node behind this one is.
    pub fn after(&self, spot: Spot) -> Option<Spot> {
        if spot.node + 1 < self.parts.get(spot.part)?.nodes.len() {
            return Some(Spot { node: spot.node + 1, at: 0, ..spot });
        }
        let part = spot.part + 1;
        (part < self.parts.len()).then_some(Spot { part, node: 0, at: 0 })
    }

    /// Where the node in front of this one is.
    pub fn before(&self, spot: Spot) -> Option<Spot> {
        if spot.node > 0 {
            return Some(Spot { node: spot.node - 1, at: 0, ..spot });
        }
        let part = spot.part.checked_sub(1)?;
        let node = self.parts.get(part)?.nodes.len().checked_sub(1)?;
        Some(Spot { part, node, at: 0 })
    }

    /// Changes one node, which is unshared first. The number of elements in it may change.
    #[inline]
    pub fn change<R>(&mut self, spot: Spot, change: impl FnOnce(&mut Node) -> R) -> Option<R> {
        let part = self.parts.get_mut(spot.part)?;
        let node = own(&mut part.nodes, &mut self.node_bytes).get_mut(spot.node)?;
        let (len, bytes) = (node.len(), node.heap_bytes());
        let result = change(node);
        part.len = part.len + node.len() - len;
        self.len = self.len + node.len() - len;
        self.node_bytes = self.node_bytes + node.heap_bytes() - bytes;
        Some(result)
    }

    pub fn push_back(&mut self, node: Node) {
        match self.end(false) {
            Some(last) => self.insert(Spot { node: last.node + 1, ..last }, node),
            None => self.insert(Spot { part: 0, node: 0, at: 0 }, node),
        }
    }

    /// Puts a node in at this place: the one that is there comes behind it.
    pub fn insert(&mut self, spot: Spot, node: Node) {
        let len = node.len();
        self.nodes += 1;
        self.len += len;
        self.node_bytes += node.heap_bytes();
        let Some(part) = self.parts.get_mut(spot.part) else {
            self.parts.push_back(Chunk { len, nodes: Arc::new(vec![node]) });
            return;
        };
        let bytes = part.nodes.iter().map(Node::size).sum::<usize>() + node.size();
        if spot.node == 0 || spot.node >= part.nodes.len() {
            // At an edge a full chunk is left as it is.
            if part.nodes.len() >= MAX_NODES || bytes > MAX_BYTES {
                let at = spot.part + usize::from(spot.node > 0);
                self.parts.insert(at, Chunk { len, nodes: Arc::new(vec![node]) });
                return;
            }
        }
        part.len += len;
        let nodes = own(&mut part.nodes, &mut self.node_bytes);
        nodes.insert(spot.node.min(nodes.len()), node);
        if nodes.len() > MAX_NODES || (nodes.len() > 1 && bytes > MAX_BYTES) {
            let right = nodes.split_off(nodes.len() / 2);
            let len = right.iter().map(Node::len).sum();
            part.len -= len;
            self.parts.insert(spot.part + 1, Chunk { len, nodes: Arc::new(right) });
        }
    }

    /// Takes a node out.
    pub fn remove(&mut self, spot: Spot) -> Option<Node> {
        let part = self.parts.get_mut(spot.part)?;
        let nodes = own(&mut part.nodes, &mut self.node_bytes);
        if spot.node >= nodes.len() {
            return None;
        }
        let node = nodes.remove(spot.node);
        part.len -= node.len();
        self.nodes -= 1;
        self.len -= node.len();
        self.node_bytes -= node.heap_bytes();
        if nodes.is_empty() {
            self.parts.remove(spot.part);
        }
        Some(node)
    }

    /// Drops a node. Nothing is copied if it is alone in its chunk, as large ones are.
    pub fn discard(&mut self, spot: Spot) {
        match self.parts.get(spot.part) {
            Some(part) if part.nodes.len() == 1 && spot.node == 0 => self.discard_chunk(spot.part),
            _ => drop(self.remove(spot)),
        }
    }

    /// How many elements the chunk of this place has, if the place is its very first.
    pub fn chunk_from(&self, spot: Spot) -> Option<usize> {
        let begins = spot.node == 0 && spot.at == 0;
        self.parts.get(spot.part).filter(|_| begins).map(|part| part.len)
    }

    /// Drops a chunk as a whole, whoever shares it.
    pub fn discard_chunk(&mut self, part: usize) {
        if let Some(gone) = self.parts.remove(part) {
            self.nodes -= gone.nodes.len();
            self.len -= gone.len;
            self.node_bytes -= bytes(&gone.nodes);
        }
    }

    /// The sums that are kept must be those of a walk.
    #[cfg(test)]
    pub fn check(&self) {
        assert!(self.parts.iter().all(|p| p.len == p.nodes.iter().map(Node::len).sum::<usize>()));
        assert_eq!(self.len, self.parts.iter().map(|p| p.len).sum::<usize>());
        assert_eq!(self.nodes, self.iter().count());
        assert_eq!(self.node_bytes, self.parts.iter().map(|p| bytes(&p.nodes)).sum::<usize>());
    }
}

/// The nodes of a chunk, to be changed: copied first if they are shared. A copy may take other room
/// on the heap than what it is of, and that is accounted for here.
#[inline]
fn own<'a>(nodes: &'a mut Arc<Vec<Node>>, node_bytes: &mut usize) -> &'a mut Vec<Node> {
    if Arc::strong_count(nodes) > 1 {
        copy(nodes, node_bytes);
    }
    Arc::make_mut(nodes)
}

#[cold]
fn copy(nodes: &mut Arc<Vec<Node>>, node_bytes: &mut usize) {
    let copied = nodes.to_vec();
    *node_bytes = *node_bytes + bytes(&copied) - bytes(nodes);
    *nodes = Arc::new(copied);
}

fn bytes(nodes: &[Node]) -> usize {
    nodes.iter().map(Node::heap_bytes).sum()
}
