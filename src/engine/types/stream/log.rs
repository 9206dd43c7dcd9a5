//! The entries of a stream, in nodes, with what the stream remembers about those that are gone.

use super::id::StreamId;
use super::node::{Entry, Items};
use crate::engine::types::chunk_map::{self, ChunkMap};
use crate::wire::listpack::Listpack;
use std::sync::Arc;

/// What opens a new node: `stream-node-max-bytes` and `stream-node-max-entries`; 0: no bound.
#[derive(Clone, Copy, Debug)]
pub struct NodeLimits {
    pub max_bytes: usize,
    pub max_entries: i64,
}

/// The entries, without the groups that read them.
#[derive(Clone, Debug, Default)]
pub struct Log {
    pub(super) nodes: ChunkMap<StreamId, Arc<Listpack>>,
    /// Bytes of all listpacks.
    pub(super) node_bytes: usize,
    pub(super) len: u64,
    pub(super) first_id: StreamId,
    pub(super) last_id: StreamId,
    pub(super) max_deleted_id: StreamId,
    pub(super) entries_added: u64,
}

impl Log {
    /// How many entries it holds (XLEN).
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The first entry's ID; 0-0 if there is none.
    pub fn first_id(&self) -> StreamId {
        self.first_id
    }

    /// The ID that the next entry's must be greater than.
    pub fn last_id(&self) -> StreamId {
        self.last_id
    }

    /// The greatest ID that XDEL took out.
    pub fn max_deleted_id(&self) -> StreamId {
        self.max_deleted_id
    }

    /// How many entries were ever added.
    pub fn entries_added(&self) -> u64 {
        self.entries_added
    }

    /// The nodes in order, each with its master ID.
    pub fn nodes(&self) -> Nodes<'_> {
        Nodes { nodes: self.nodes.iter() }
    }

    /// The nodes whose master IDs are not below `id`: to go on where one stopped.
    pub fn nodes_from(&self, id: StreamId) -> Nodes<'_> {
        Nodes { nodes: self.nodes.iter_from(&id) }
    }

    /// How many nodes there are.
    pub fn node_count(&self) -> usize {
        self.nodes.len()
    }

    /// The entries with IDs from `start` to `end` (both included), from either end.
    pub fn range(&self, start: StreamId, end: StreamId) -> Range<'_> {
        Range {
            nodes: self.nodes.iter_from_floor(&start),
            back_nodes: self.nodes.iter_to(&end),
            front: None,
            back: None,
            start,
            end,
            deleted_too: false,
        }
    }

    /// All entries.
    pub fn iter(&self) -> Range<'_> {
        self.range(StreamId::MIN, StreamId::MAX)
    }

    /// Whether there is an entry with this ID that was not deleted.
    pub fn contains(&self, id: StreamId) -> bool {
        self.range(id, id).next().is_some()
    }

    /// The last entry's ID; 0-0 if there is none.
    pub fn last_valid_id(&self) -> StreamId {
        self.iter().next_back().map_or(StreamId::MIN, |e| e.id)
    }

    /// The first ID that has a place, a deleted entry's too; the greatest of all if there is none.
    /// That is what a trimming is propagated with.
    pub fn first_place(&self) -> StreamId {
        let mut all = self.iter();
        all.deleted_too = true;
        all.next().map_or(StreamId::MAX, |e| e.id)
    }

    pub(super) fn note_first(&mut self) {
        self.first_id = match self.len {
            0 => StreamId::MIN,
            _ => self.iter().next().map_or(StreamId::MAX, |e| e.id),
        };
    }

    /// Changes the node with this master ID, and says what that means for the bytes.
    pub(super) fn change_node<R>(
        &mut self,
        master: StreamId,
        change: impl FnOnce(&mut Listpack) -> R,
    ) -> Option<R> {
        let pack = self.nodes.get_mut(&master)?;
        // A copy of a shared node may take other room: what counts is what was there before it.
        let before = pack.heap_bytes();
        let pack = Arc::make_mut(pack);
        let result = change(pack);
        self.node_bytes = (self.node_bytes + pack.heap_bytes()).saturating_sub(before);
        Some(result)
    }

    pub(super) fn add_node(&mut self, master: StreamId, pack: Listpack) {
        self.node_bytes += pack.heap_bytes() + size_of::<Listpack>() + 24;
        self.nodes.insert(master, Arc::new(pack));
    }

    pub(super) fn remove_node(&mut self, master: StreamId) {
        if let Some(pack) = self.nodes.remove(&master) {
            let bytes = pack.heap_bytes() + size_of::<Listpack>() + 24;
            self.node_bytes = self.node_bytes.saturating_sub(bytes);
        }
    }

    pub(super) fn heap_bytes(&self) -> usize {
        self.node_bytes + self.nodes.heap_bytes()
    }
}

/// Nodes in order; see [`Log::nodes`].
#[derive(Clone, Debug)]
pub struct Nodes<'a> {
    nodes: chunk_map::Iter<'a, StreamId, Arc<Listpack>>,
}

impl<'a> Iterator for Nodes<'a> {
    type Item = (StreamId, &'a Listpack);

    fn next(&mut self) -> Option<(StreamId, &'a Listpack)> {
        self.nodes.next().map(|(id, pack)| (*id, &**pack))
    }
}

/// Entries of a range, in order. Taken from one end only: the two ends do not meet.
#[derive(Clone, Debug)]
pub struct Range<'a> {
    nodes: chunk_map::Iter<'a, StreamId, Arc<Listpack>>,
    back_nodes: chunk_map::Iter<'a, StreamId, Arc<Listpack>>,
    front: Option<Items<'a>>,
    back: Option<Items<'a>>,
    start: StreamId,
    end: StreamId,
    deleted_too: bool,
}

impl<'a> Iterator for Range<'a> {
    type Item = Entry<'a>;

    fn next(&mut self) -> Option<Entry<'a>> {
        loop {
            if let Some(items) = &mut self.front {
                for entry in items.by_ref() {
                    if entry.id > self.end {
                        return None;
                    }
                    if entry.id >= self.start && (self.deleted_too || !entry.is_deleted()) {
                        return Some(entry);
                    }
                }
            }
            let (master, pack) = self.nodes.next()?;
            self.front = Items::new(*master, pack);
        }
    }
}

impl DoubleEndedIterator for Range<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(items) = &mut self.back {
                while let Some(entry) = items.next_back() {
                    if entry.id < self.start {
                        return None;
                    }
                    if entry.id <= self.end && (self.deleted_too || !entry.is_deleted()) {
                        return Some(entry);
                    }
                }
            }
            let (master, pack) = self.back_nodes.next_back()?;
            self.back = Items::new(*master, pack);
        }
    }
}
