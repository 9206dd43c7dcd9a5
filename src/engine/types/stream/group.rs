//! Consumer groups: how far a group has read, what was delivered and not acknowledged, and to whom.

use super::id::StreamId;
use crate::engine::types::chunk_map::{ChunkMap, Iter};
use std::sync::Arc;

/// A group's or consumer's name.
pub type Name = Arc<[u8]>;

/// A consumer group.
#[derive(Clone, Debug, Default)]
pub struct Group {
    /// The last ID that was delivered.
    pub last_id: StreamId,
    /// How many entries were read up to there, ever; `None`: not known.
    pub entries_read: Option<u64>,
    pending: ChunkMap<StreamId, Pending>,
    consumers: ChunkMap<Name, Arc<Consumer>>,
    /// Bytes of the consumers' names.
    name_bytes: usize,
}

/// An entry that was delivered and is not acknowledged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    /// Whom it was delivered to.
    pub consumer: Name,
    /// When, at last (Unix milliseconds).
    pub delivered_ms: i64,
    /// How often.
    pub count: u64,
}

/// One who reads in a group.
#[derive(Clone, Debug, Default)]
pub struct Consumer {
    /// When it last asked for something (Unix milliseconds).
    pub seen_ms: i64,
    pending: ChunkMap<StreamId, ()>,
}

impl Consumer {
    /// How many entries wait for its acknowledgement.
    pub fn pending_len(&self) -> usize {
        self.pending.len()
    }

    /// Their IDs in order.
    pub fn pending_ids(&self) -> impl Iterator<Item = StreamId> + '_ {
        self.pending.iter().map(|(id, ())| *id)
    }

    /// The same from `id` on.
    pub fn pending_ids_from(&self, id: StreamId) -> impl Iterator<Item = StreamId> + use<'_> {
        self.pending.iter_from(&id).map(|(id, ())| *id)
    }
}

impl Group {
    /// A group that has read up to `last_id`.
    pub fn new(last_id: StreamId, entries_read: Option<u64>) -> Group {
        Group { last_id, entries_read, ..Group::default() }
    }

    /// The entries that wait for an acknowledgement, by ID.
    pub fn pending(&self) -> Iter<'_, StreamId, Pending> {
        self.pending.iter()
    }

    /// The same from `id` on.
    pub fn pending_from(&self, id: StreamId) -> Iter<'_, StreamId, Pending> {
        self.pending.iter_from(&id)
    }

    /// How many they are.
    pub fn pending_len(&self) -> usize {
        self.pending.len()
    }

    /// One of them.
    pub fn pending_entry(&self, id: StreamId) -> Option<&Pending> {
        self.pending.get(&id)
    }

    /// The consumers, ordered by name.
    pub fn consumers(&self) -> impl Iterator<Item = (&Name, &Consumer)> {
        self.consumers.iter().map(|(name, consumer)| (name, &**consumer))
    }

    /// How many consumers there are.
    pub fn consumers_len(&self) -> usize {
        self.consumers.len()
    }

    /// The consumer of this name.
    pub fn consumer(&self, name: &[u8]) -> Option<&Consumer> {
        self.consumers.get(name).map(|consumer| &**consumer)
    }

    /// A consumer says something: notes the time; `false` if there is none of this name.
    pub fn see(&mut self, name: &[u8], now_ms: i64) -> bool {
        match self.consumer_mut(name) {
            Some(consumer) => {
                consumer.seen_ms = now_ms;
                true
            }
            None => false,
        }
    }

    /// Makes a consumer; `false` if there is one of this name.
    pub fn create_consumer(&mut self, name: &[u8], now_ms: i64) -> bool {
        if self.consumers.get(name).is_some() {
            return false;
        }
        self.name_bytes += name.len();
        let consumer = Consumer { seen_ms: now_ms, ..Consumer::default() };
        self.consumers.insert(name.into(), Arc::new(consumer));
        true
    }

    /// Takes a consumer out with all that waits for it; how many entries that were.
    pub fn delete_consumer(&mut self, name: &[u8]) -> Option<usize> {
        let consumer = self.consumers.remove(name)?;
        self.name_bytes = self.name_bytes.saturating_sub(name.len());
        consumer.pending.iter().for_each(|(id, ())| {
            self.pending.remove(id);
        });
        Some(consumer.pending.len())
    }

    /// Gives an entry to a consumer, whoever had it before. Nothing happens if there is no such
    /// consumer.
    pub fn assign(&mut self, id: StreamId, name: &[u8], delivered_ms: i64, count: u64) {
        let Some(name) = self.consumers.key(name).cloned() else { return };
        let pending = Pending { consumer: Arc::clone(&name), delivered_ms, count };
        let before = self.pending.insert(id, pending).map(|p| p.consumer);
        if before.as_ref() == Some(&name) {
            return;
        }
        if let Some(consumer) = before.and_then(|old| self.consumer_mut(&old)) {
            consumer.pending.remove(&id);
        }
        if let Some(consumer) = self.consumer_mut(&name) {
            consumer.pending.insert(id, ());
        }
    }

    /// The entry no longer waits; `false` if it did not.
    pub fn acknowledge(&mut self, id: StreamId) -> bool {
        let Some(gone) = self.pending.remove(&id) else { return false };
        if let Some(consumer) = self.consumer_mut(&gone.consumer) {
            consumer.pending.remove(&id);
        }
        true
    }

    /// The entry is shown once more to the consumer that has it.
    pub fn deliver_again(&mut self, id: StreamId, now_ms: i64) {
        if let Some(pending) = self.pending.get_mut(&id) {
            pending.delivered_ms = now_ms;
            pending.count = pending.count.wrapping_add(1);
        }
    }

    fn consumer_mut(&mut self, name: &[u8]) -> Option<&mut Consumer> {
        self.consumers.get_mut(name).map(Arc::make_mut)
    }

    /// Bytes on the heap: an estimate from what is counted anyway.
    pub fn heap_bytes(&self) -> usize {
        let consumer = size_of::<Consumer>() + 16 + 40;
        self.pending.heap_bytes()
            + self.pending.len() * size_of::<StreamId>()
            + self.consumers.heap_bytes()
            + self.consumers.len() * consumer
            + self.name_bytes
    }
}
