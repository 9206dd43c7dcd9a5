//! A stream on its way into an RDB, in portions.

use crate::engine::types::Stream;
use crate::engine::types::stream::{Group, StreamId};
use crate::wire::rdb::Encoder;

/// What of a stream comes next. Groups and consumers by their number: they are few, and what holds this
/// never changes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Part {
    Start,
    /// Nodes from this master ID on.
    Nodes(StreamId),
    /// What stands behind the nodes, and the number of groups.
    Info,
    Group(usize),
    /// Pending entries of the group from this ID on.
    Pending(usize, StreamId),
    ConsumerCount(usize),
    Consumer(usize, usize),
    /// Pending entries of the group's consumer from this ID on.
    Owned(usize, usize, StreamId),
}

/// Writes on from `part` until `out` holds `max` bytes or a little more; where to go on, `None` at the
/// end.
pub(super) fn step(stream: &Stream, mut part: Part, out: &mut Encoder, max: usize) -> Option<Part> {
    loop {
        part = next(stream, part, out, max)?;
        if out.len() >= max {
            return Some(part);
        }
    }
}

fn next(stream: &Stream, part: Part, out: &mut Encoder, max: usize) -> Option<Part> {
    Some(match part {
        Part::Start => {
            out.length(stream.log().node_count() as u64);
            Part::Nodes(StreamId::MIN)
        }
        Part::Nodes(from) => {
            let nodes = stream.log().nodes_from(from);
            let stopped = write(nodes, out, max, |(master, pack), out| {
                out.string(&master.to_bytes());
                out.string(pack.as_bytes());
                master
            });
            stopped.map_or(Part::Info, Part::Nodes)
        }
        Part::Info => {
            info(stream, out);
            out.length(stream.groups_len() as u64);
            Part::Group(0)
        }
        Part::Group(at) => {
            let (name, group) = stream.groups().nth(at)?;
            out.string(name);
            out.id(pair(group.last_id));
            // -1 stands for a number that is not known.
            out.length(group.entries_read.unwrap_or(u64::MAX));
            out.length(group.pending_len() as u64);
            Part::Pending(at, StreamId::MIN)
        }
        Part::Pending(at, from) => {
            let pending = group_at(stream, at)?.pending_from(from);
            let stopped = write(pending, out, max, |(id, pending), out| {
                out.raw_id(pair(*id));
                out.time(pending.delivered_ms);
                out.length(pending.count);
                *id
            });
            stopped.map_or(Part::ConsumerCount(at), |from| Part::Pending(at, from))
        }
        Part::ConsumerCount(at) => {
            out.length(group_at(stream, at)?.consumers_len() as u64);
            Part::Consumer(at, 0)
        }
        Part::Consumer(group, at) => match group_at(stream, group)?.consumers().nth(at) {
            None => Part::Group(group + 1),
            Some((name, consumer)) => {
                out.string(name);
                out.time(consumer.seen_ms);
                out.length(consumer.pending_len() as u64);
                Part::Owned(group, at, StreamId::MIN)
            }
        },
        Part::Owned(group, at, from) => {
            let (_, consumer) = group_at(stream, group)?.consumers().nth(at)?;
            let stopped = write(consumer.pending_ids_from(from), out, max, |id, out| {
                out.raw_id(pair(id));
                id
            });
            stopped.map_or(Part::Consumer(group, at + 1), |from| Part::Owned(group, at, from))
        }
    })
}

/// Writes items until there is enough. The ID to go on from, if some may be left.
fn write<T>(
    items: impl Iterator<Item = T>,
    out: &mut Encoder,
    max: usize,
    one: impl Fn(T, &mut Encoder) -> StreamId,
) -> Option<StreamId> {
    for item in items {
        let id = one(item, out);
        if out.len() >= max {
            return id.next();
        }
    }
    None
}

fn info(stream: &Stream, out: &mut Encoder) {
    let log = stream.log();
    out.length(log.len());
    out.id(pair(log.last_id()));
    out.id(pair(log.first_id()));
    out.id(pair(log.max_deleted_id()));
    out.length(log.entries_added());
}

fn group_at(stream: &Stream, at: usize) -> Option<&Group> {
    stream.groups().nth(at).map(|(_, group)| group)
}

fn pair(id: StreamId) -> (u64, u64) {
    (id.ms, id.seq)
}
