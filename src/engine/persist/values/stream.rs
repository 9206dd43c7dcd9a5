//! Streams: nodes, what the stream remembers, groups and what waits for them.

use super::{Bad, FOREIGN};
use crate::engine::keyspace::Value;
use crate::engine::types::Container;
use crate::engine::types::stream::{BadStream, Loader, Meta, MoreMeta, StreamId};
use crate::wire::listpack::Listpack;
use crate::wire::rdb::{self, Part, Text};

/// A stream that is being loaded.
#[derive(Debug, Default)]
pub struct StreamBuilder(Loader);

impl From<BadStream> for Bad {
    fn from(bad: BadStream) -> Bad {
        Bad(bad.0)
    }
}

fn id((ms, seq): rdb::StreamId) -> StreamId {
    StreamId { ms, seq }
}

impl StreamBuilder {
    pub(super) fn part(&mut self, part: Part<Text<'_>>) -> Result<(), Bad> {
        let stream = &mut self.0;
        match part {
            Part::StreamNode(master, blob) => {
                let bad = Bad("Stream listpack integrity check failed.");
                let pack = Listpack::from_bytes(blob.to_vec()).map_err(|_| bad)?;
                master.with(|master| stream.node(master, pack))?;
            }
            Part::StreamInfo(info) => stream.meta(Meta {
                len: info.length,
                last_id: id(info.last),
                more: info.more.map(|more| MoreMeta {
                    first_id: id(more.first),
                    max_deleted_id: id(more.max_deleted),
                    entries_added: more.added,
                }),
            })?,
            Part::Group { name, last, read } => {
                name.with(|name| stream.group(name, id(last), read.map(|read| read as i64)))?;
            }
            Part::Pending { id: of, delivered_ms, count } => {
                stream.pending(id(of), delivered_ms, count)?;
            }
            Part::Consumer { name, seen_ms } => name.with(|name| stream.consumer(name, seen_ms))?,
            Part::Owned(of) => stream.consumer_pending(id(of))?,
            _ => return Err(FOREIGN),
        }
        Ok(())
    }

    /// A stream may well be empty.
    pub(super) fn end(self) -> Result<Option<Value>, Bad> {
        Ok(Some(self.0.finish()?.into_value()))
    }
}
