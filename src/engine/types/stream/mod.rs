//! The value of a key of type stream: entries in order of their IDs, and groups that read them.
//!
//! In: IDs, fields and values, names, the time; the limits of a node. Out: entries, positions,
//! counts. Never here: keys, clients, replies, propagation, configuration, the clock.
//!
//! | File | Holds |
//! |---|---|
//! | `id` | entry IDs: read, written, compared |
//! | `node` | one listpack of entries, in Redis's very format |
//! | `log` | all nodes; ranges of entries |
//! | `change` | adding, deleting, trimming |
//! | `group` | consumer groups, what waits for acknowledgement |
//! | `lag` | how far a group is behind |
//! | `load` | a stream out of a file or payload |
//! | `radix` | what XINFO tells of a tree that is not there |
//!
//! Nodes, groups and consumers lie behind `Arc`s in [maps](super::chunk_map) that share what they
//! have in common with their copies.

mod change;
mod group;
mod id;
mod lag;
mod load;
mod log;
mod node;
mod radix;
#[cfg(test)]
mod tests;

pub use change::{NewId, Refused, Trim};
pub use group::{Consumer, Group, Name, Pending};
pub use id::{Given, StreamId};
pub use load::{BadStream, Loader, Meta, MoreMeta};
pub use log::{Log, NodeLimits, Nodes, Range};
pub use node::Entry;

use super::chunk_map::ChunkMap;
use super::{Container, preview};
use crate::engine::keyspace::Value;
use std::sync::Arc;

/// How many fields of an entry a preview shows.
const PREVIEWED: usize = 3;

/// A stream.
#[derive(Clone, Debug, Default)]
pub struct Stream {
    log: Log,
    groups: ChunkMap<Name, Arc<Group>>,
    /// Bytes of all groups.
    group_bytes: usize,
}

impl Stream {
    pub fn new() -> Stream {
        Stream::default()
    }

    /// OBJECT ENCODING's word.
    pub fn encoding(&self) -> &'static str {
        "stream"
    }

    /// The entries: [`Log::nodes`] for those who write them out, [`Log::range`] to read them.
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// The entries, to be changed.
    pub fn log_mut(&mut self) -> &mut Log {
        &mut self.log
    }

    /// XSETID: what the stream remembers is set by hand; what is `None` stays.
    pub fn set_ids(&mut self, last: StreamId, added: Option<u64>, max_deleted: Option<StreamId>) {
        self.log.last_id = last;
        self.log.entries_added = added.unwrap_or(self.log.entries_added);
        self.log.max_deleted_id = max_deleted.unwrap_or(self.log.max_deleted_id);
    }

    /// The groups, ordered by name.
    pub fn groups(&self) -> impl Iterator<Item = (&Name, &Group)> {
        self.groups.iter().map(|(name, group)| (name, &**group))
    }

    /// How many groups there are.
    pub fn groups_len(&self) -> usize {
        self.groups.len()
    }

    /// The group of this name.
    pub fn group(&self, name: &[u8]) -> Option<&Group> {
        self.groups.get(name).map(|group| &**group)
    }

    /// Changes a group while the entries can be looked at; `None` if there is none of this name.
    pub fn change_group<R>(
        &mut self,
        name: &[u8],
        change: impl FnOnce(&mut Group, &Log) -> R,
    ) -> Option<R> {
        let group = Arc::make_mut(self.groups.get_mut(name)?);
        let before = group.heap_bytes();
        let result = change(group, &self.log);
        self.group_bytes = (self.group_bytes + group.heap_bytes()).saturating_sub(before);
        Some(result)
    }

    /// Makes a group; `false` if there is one of this name.
    pub fn create_group(&mut self, name: &[u8], group: Group) -> bool {
        if self.groups.get(name).is_some() {
            return false;
        }
        self.group_bytes += group.heap_bytes() + name.len();
        self.groups.insert(name.into(), Arc::new(group));
        true
    }

    /// Takes a group out; whether it was there.
    pub fn destroy_group(&mut self, name: &[u8]) -> bool {
        let gone = self.groups.remove(name);
        if let Some(group) = &gone {
            let bytes = group.heap_bytes() + name.len();
            self.group_bytes = self.group_bytes.saturating_sub(bytes);
        }
        gone.is_some()
    }

    /// A short line for those who look on: `1: 1-1 field=value`.
    pub fn preview(&self) -> Vec<u8> {
        let entries = self.log.iter().map(|entry| {
            let mut line = Vec::new();
            entry.id.push_text(&mut line);
            for (name, value) in entry.pairs().take(PREVIEWED) {
                let (mut a, mut b) = (itoa::Buffer::new(), itoa::Buffer::new());
                line.push(b' ');
                preview::push(&mut line, name.text(&mut a));
                line.push(b'=');
                preview::push(&mut line, value.text(&mut b));
            }
            line
        });
        preview::line(self.log.len() as usize, entries)
    }
}

impl Container for Stream {
    fn of(value: &Value) -> Option<&Stream> {
        match value {
            Value::Stream(v) => Some(v),
            _ => None,
        }
    }

    fn of_mut(value: &mut Value) -> Option<&mut Stream> {
        match value {
            Value::Stream(v) => Some(Arc::make_mut(v)),
            _ => None,
        }
    }

    fn into_value(self) -> Value {
        Value::Stream(Arc::new(self))
    }

    fn is_empty(&self) -> bool {
        self.log.is_empty()
    }

    fn heap_bytes(&self) -> usize {
        let group = size_of::<Group>() + 16 + 24;
        size_of::<Stream>()
            + 16
            + self.log.heap_bytes()
            + self.groups.heap_bytes()
            + self.groups.len() * group
            + self.group_bytes
    }
}
