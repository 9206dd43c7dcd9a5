//! A stream put together from what a file or payload holds, piece by piece. Every piece is checked:
//! what is built can be read and changed by any command.

use super::Stream;
use super::group::Group;
use super::id::StreamId;
use super::node::{self, Head};
use crate::engine::types::chunk_map::ChunkMap;
use crate::wire::listpack::Listpack;

/// What is wrong with it, in Redis's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadStream(pub &'static str);

/// What the file says of a stream beside its entries and groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Meta {
    pub len: u64,
    pub last_id: StreamId,
    /// What type 15 does not have.
    pub more: Option<MoreMeta>,
}

/// What types 19 and 21 say more than 15.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MoreMeta {
    pub first_id: StreamId,
    pub max_deleted_id: StreamId,
    pub entries_added: u64,
}

/// Takes the pieces in the order of the file: nodes, [`Loader::meta`]; for each group
/// [`Loader::group`], its pending entries, and for each of its consumers [`Loader::consumer`] and
/// the IDs that wait for it.
#[derive(Debug, Default)]
pub struct Loader {
    stream: Stream,
    group: Option<(Vec<u8>, Loading)>,
}

/// The group that is being read.
#[derive(Debug, Default)]
struct Loading {
    group: Group,
    /// Entries whose consumer has not been told yet, with the time and number of deliveries.
    unowned: ChunkMap<StreamId, (i64, u64)>,
    consumer: Vec<u8>,
}

impl Loader {
    pub fn new() -> Loader {
        Loader::default()
    }

    /// A node: its master ID as the file has it, and its listpack.
    pub fn node(&mut self, master: &[u8], pack: Listpack) -> Result<(), BadStream> {
        let Ok(master) = <[u8; 16]>::try_from(master) else {
            return Err(BadStream("Stream node key entry is not the size of a stream ID"));
        };
        let master = StreamId::from_bytes(master);
        if pack.is_empty() {
            return Err(BadStream("Empty listpack inside stream"));
        }
        if !node::is_sound(&pack) {
            return Err(BadStream("Stream listpack integrity check failed."));
        }
        if self.stream.log.nodes.get(&master).is_some() {
            return Err(BadStream("Listpack re-added with existing key"));
        }
        self.stream.log.add_node(master, pack);
        Ok(())
    }

    /// What stands behind the nodes.
    pub fn meta(&mut self, meta: Meta) -> Result<(), BadStream> {
        let log = &mut self.stream.log;
        let heads = log.nodes().filter_map(|(_, pack)| Head::read(pack));
        let live: u64 = heads.map(|head| u64::try_from(head.live).unwrap_or(0)).sum();
        // Redis looks only whether there are nodes at all; a wrong length is its ruin later.
        if meta.len != live {
            return Err(BadStream("Stream length inconsistent with rax entries"));
        }
        log.len = meta.len;
        log.last_id = meta.last_id;
        match meta.more {
            Some(more) => {
                log.first_id = more.first_id;
                log.max_deleted_id = more.max_deleted_id;
                log.entries_added = more.entries_added;
            }
            None => {
                log.entries_added = meta.len;
                log.note_first();
            }
        }
        Ok(())
    }

    /// A group. `entries_read`: as the file says it, -1 for not known; `None` in type 15.
    pub fn group(
        &mut self,
        name: &[u8],
        last_id: StreamId,
        entries_read: Option<i64>,
    ) -> Result<(), BadStream> {
        self.end_group()?;
        if self.stream.group(name).is_some() {
            return Err(BadStream("Duplicated consumer group name"));
        }
        let read = match entries_read {
            Some(read) => u64::try_from(read).ok(),
            None => self.stream.log.entries_up_to(last_id),
        };
        let loading = Loading { group: Group::new(last_id, read), ..Loading::default() };
        self.group = Some((name.to_vec(), loading));
        Ok(())
    }

    /// A pending entry of the group.
    pub fn pending(
        &mut self,
        id: StreamId,
        delivered_ms: i64,
        count: u64,
    ) -> Result<(), BadStream> {
        let Some((_, loading)) = &mut self.group else { return Err(NO_GROUP) };
        match loading.unowned.insert(id, (delivered_ms, count)) {
            None => Ok(()),
            Some(_) => Err(BadStream("Duplicated global PEL entry loading stream consumer group")),
        }
    }

    /// A consumer of the group.
    pub fn consumer(&mut self, name: &[u8], seen_ms: i64) -> Result<(), BadStream> {
        let Some((_, loading)) = &mut self.group else { return Err(NO_GROUP) };
        if !loading.group.create_consumer(name, seen_ms) {
            return Err(BadStream("Duplicate stream consumer detected."));
        }
        loading.consumer = name.to_vec();
        Ok(())
    }

    /// An entry that waits for the consumer that was told last.
    pub fn consumer_pending(&mut self, id: StreamId) -> Result<(), BadStream> {
        let Some((_, loading)) = &mut self.group else { return Err(NO_GROUP) };
        if let Some((delivered_ms, count)) = loading.unowned.remove(&id) {
            loading.group.assign(id, &loading.consumer, delivered_ms, count);
            return Ok(());
        }
        Err(BadStream(match loading.group.pending_entry(id) {
            Some(_) => "Duplicated consumer PEL entry  loading a stream consumer group",
            None => "Consumer entry not found in group global PEL",
        }))
    }

    /// The stream.
    pub fn finish(mut self) -> Result<Stream, BadStream> {
        self.end_group()?;
        Ok(self.stream)
    }

    fn end_group(&mut self) -> Result<(), BadStream> {
        let Some((name, loading)) = self.group.take() else { return Ok(()) };
        if !loading.unowned.is_empty() {
            return Err(BadStream("NACK without a consumer in stream consumer group"));
        }
        self.stream.create_group(&name, loading.group);
        Ok(())
    }
}

const NO_GROUP: BadStream = BadStream("A pending entry outside of a stream consumer group");
