//! The value of a key of type list: nodes of packed elements, as Redis's quicklist.
//!
//! Nodes are kept in chunks behind `Arc`s, a few tens of kilobytes each: a snapshot shares them, and
//! a write copies the one chunk that it touches. Nothing is compressed in memory, whatever
//! `list-compress-depth` says: the setting is kept and has no effect.
//!
//! | File | Holds |
//! |---|---|
//! | `node` | one node, and which elements may share one |
//! | `chunks` | the nodes in order, found by an element's number |
//! | `edit` | push, pop, insert, replace, remove |
//! | `iter` | elements from any place, either way |

mod chunks;
mod edit;
mod iter;
mod node;
#[cfg(test)]
mod tests;

pub use iter::Elements;
pub use node::Node;

use super::{Container, preview};
use crate::engine::keyspace::Value;
use crate::wire::listpack::Entry;
use chunks::Chunks;
use std::sync::Arc;

/// From this size on an element is a node of its own (bytes), unless DEBUG
/// QUICKLIST-PACKED-THRESHOLD says otherwise.
pub const LARGE: usize = 1 << 30;

/// A list.
#[derive(Clone, Debug)]
pub struct List {
    chunks: Chunks,
    /// `list-max-listpack-size` when the list began.
    fill: i32,
}

impl List {
    /// An empty list whose nodes grow as `list-max-listpack-size` says (`fill`).
    pub fn new(fill: i64) -> List {
        let fill = fill.clamp(-5, (1 << 15) - 1) as i32;
        List { chunks: Chunks::default(), fill }
    }

    /// A list of these nodes, as an RDB file brings them. Nodes without elements are left out.
    pub fn from_nodes(fill: i64, nodes: impl IntoIterator<Item = Node>) -> List {
        let mut list = List::new(fill);
        for node in nodes {
            if !node.is_empty() {
                list.push_node(node);
            }
        }
        list
    }

    /// Adds a node behind the last one: for those who read a file node by node.
    pub fn push_node(&mut self, node: Node) {
        self.chunks.push_back(node);
    }

    /// The nodes in order, as an RDB file holds them.
    pub fn nodes(&self) -> impl Iterator<Item = &Node> {
        self.chunks.iter()
    }

    /// The same from a node's number on: to go on where one stopped.
    pub fn nodes_from(&self, node: usize) -> impl Iterator<Item = &Node> {
        self.chunks.iter_from(node)
    }

    /// How many nodes there are.
    pub fn node_count(&self) -> usize {
        self.chunks.node_count()
    }

    /// OBJECT ENCODING's word.
    pub fn encoding(&self) -> &'static str {
        "quicklist"
    }

    /// A short line for those who look on: `3: a b c`.
    pub fn preview(&self) -> Vec<u8> {
        let elements = self.iter().map(|element| {
            let mut room = itoa::Buffer::new();
            let mut text = Vec::new();
            preview::push(&mut text, element.text(&mut room));
            text
        });
        preview::line(self.len(), elements)
    }

    /// How many elements it holds.
    #[inline]
    pub fn len(&self) -> usize {
        self.chunks.len()
    }

    /// Whether it holds none. No key's list does.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Element `index` from the head.
    pub fn get(&self, index: usize) -> Option<Entry<'_>> {
        let spot = self.chunks.find(index)?;
        self.chunks.node(spot)?.get(spot.at)
    }

    /// The elements from number `index` on, towards the tail.
    pub fn iter_from(&self, index: usize) -> Elements<'_> {
        Elements::forward(&self.chunks, index)
    }

    /// The elements from number `index` on, towards the head.
    pub fn iter_back_from(&self, index: usize) -> Elements<'_> {
        Elements::backward(&self.chunks, index)
    }

    /// All elements.
    pub fn iter(&self) -> Elements<'_> {
        self.iter_from(0)
    }
}

impl Default for List {
    fn default() -> List {
        List::new(-2)
    }
}

impl Container for List {
    fn of(value: &Value) -> Option<&List> {
        match value {
            Value::List(v) => Some(v),
            _ => None,
        }
    }

    fn of_mut(value: &mut Value) -> Option<&mut List> {
        match value {
            Value::List(v) => Some(Arc::make_mut(v)),
            _ => None,
        }
    }

    fn into_value(self) -> Value {
        Value::List(Arc::new(self))
    }

    fn is_empty(&self) -> bool {
        List::is_empty(self)
    }

    fn heap_bytes(&self) -> usize {
        size_of::<List>() + 24 + self.chunks.heap_bytes()
    }
}
