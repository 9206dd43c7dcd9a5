//! How a value goes on, type by type: a state that reads one part at a time.
//!
//! A part is read whole or not at all, so a value of a million elements takes no more memory here
//! than one of them, and no byte is read twice but those of the part that was cut off.

use super::RdbError;
use super::format::{NODE_PACKED, NODE_PLAIN, kind, module_name};
use super::part::{Packed, Part, StreamInfo, StreamMore};
use super::reader::{Reader, Stop};
use super::text::Span;

/// What comes next in a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    /// Nothing: it is complete.
    End,
    /// One container.
    Blob(Packed),
    /// So many of one shape.
    Ones(u64),
    Pairs(u64),
    Scored {
        left: u64,
        text: bool,
    },
    Ziplists(u64),
    Nodes(u64),
    Stream {
        next: StreamNext,
        new: bool,
    },
}

/// What comes next in a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StreamNext {
    Nodes(u64),
    Info,
    /// The number of groups.
    GroupCount,
    Group {
        groups: u64,
    },
    PendingCount {
        groups: u64,
    },
    Pending {
        groups: u64,
        left: u64,
    },
    ConsumerCount {
        groups: u64,
    },
    Consumer {
        groups: u64,
        consumers: u64,
    },
    OwnedCount {
        groups: u64,
        consumers: u64,
    },
    Owned {
        groups: u64,
        consumers: u64,
        left: u64,
    },
}

type Read<T> = Result<T, Stop>;

impl Layout {
    /// Reads what stands behind the type byte and the key: how many parts a value has (1: a single
    /// container). The string is no such value.
    pub(super) fn begin(of: u8, reader: &mut Reader<'_>) -> Read<(Layout, u64)> {
        let blob = |packed| Ok((Layout::Blob(packed), 1));
        let count = match of {
            kind::HASH_ZIPMAP => return blob(Packed::Zipmap),
            kind::SET_INTSET => return blob(Packed::Intset),
            kind::LIST_ZIPLIST | kind::ZSET_ZIPLIST | kind::HASH_ZIPLIST => {
                return blob(Packed::Ziplist);
            }
            kind::HASH_LISTPACK | kind::ZSET_LISTPACK => return blob(Packed::Listpack),
            kind::MODULE | kind::MODULE_2 => {
                return Err(RdbError::Module(module_name(reader.length()?)).into());
            }
            _ => reader.length()?,
        };
        let layout = match of {
            kind::LIST | kind::SET => Layout::Ones(count),
            kind::HASH => Layout::Pairs(count),
            kind::ZSET | kind::ZSET_2 => Layout::Scored { left: count, text: of == kind::ZSET },
            kind::LIST_QUICKLIST => Layout::Ziplists(count),
            kind::LIST_QUICKLIST_2 => Layout::Nodes(count),
            kind::STREAM | kind::STREAM_2 => {
                let new = of == kind::STREAM_2;
                return Ok((Layout::Stream { next: StreamNext::Nodes(count), new }, count));
            }
            _ => return Err(RdbError::UnknownType(of).into()),
        };
        Ok((if count == 0 { Layout::End } else { layout }, count))
    }

    /// Reads the next part, and moves on behind it. `None`: that was a count, which is no part.
    /// Not to be called at the end.
    pub(super) fn part(self, reader: &mut Reader<'_>) -> Read<(Layout, Option<Part<Span>>)> {
        let more = |left: u64, layout: Layout| if left > 0 { layout } else { Layout::End };
        let (layout, part) = match self {
            Layout::End => return Ok((Layout::End, None)),
            Layout::Blob(packed) => (Layout::End, Part::Packed(packed, reader.text()?)),
            Layout::Ones(n) => (more(n - 1, Layout::Ones(n - 1)), Part::Element(reader.text()?)),
            Layout::Pairs(n) => {
                let pair = Part::Pair(reader.text()?, reader.text()?);
                (more(n - 1, Layout::Pairs(n - 1)), pair)
            }
            Layout::Scored { left, text } => {
                let member = reader.text()?;
                let score = if text { reader.f64_text()? } else { reader.f64_le()? };
                let layout = Layout::Scored { left: left - 1, text };
                (more(left - 1, layout), Part::Scored(member, score))
            }
            Layout::Ziplists(n) => {
                let node = Part::Packed(Packed::Ziplist, reader.text()?);
                (more(n - 1, Layout::Ziplists(n - 1)), node)
            }
            Layout::Nodes(n) => {
                let node = match reader.length()? {
                    NODE_PLAIN => Part::Plain(reader.text()?),
                    NODE_PACKED => Part::Packed(Packed::Listpack, reader.text()?),
                    _ => {
                        return Err(RdbError::Corrupt("Quicklist integrity check failed.").into());
                    }
                };
                (more(n - 1, Layout::Nodes(n - 1)), node)
            }
            Layout::Stream { next, new } => {
                let (next, part) = next.part(new, reader)?;
                return Ok((next.map_or(Layout::End, |next| Layout::Stream { next, new }), part));
            }
        };
        Ok((layout, Some(part)))
    }
}

type Step = (Option<StreamNext>, Option<Part<Span>>);

impl StreamNext {
    fn part(self, new: bool, reader: &mut Reader<'_>) -> Read<Step> {
        // Behind the last entry of a group's last consumer comes the next group, if there is one.
        let group = |groups: u64| (groups > 0).then_some(StreamNext::Group { groups });
        let consumer = |groups: u64, consumers: u64| match consumers {
            0 => group(groups),
            _ => Some(StreamNext::Consumer { groups, consumers }),
        };
        Ok(match self {
            StreamNext::Nodes(0) => (Some(StreamNext::Info), None),
            StreamNext::Nodes(n) => {
                let node = Part::StreamNode(reader.text()?, reader.text()?);
                (Some(StreamNext::Nodes(n - 1)), Some(node))
            }
            StreamNext::Info => {
                let (length, last) = (reader.length()?, (reader.length()?, reader.length()?));
                let more = match new {
                    true => Some(StreamMore {
                        first: (reader.length()?, reader.length()?),
                        max_deleted: (reader.length()?, reader.length()?),
                        added: reader.length()?,
                    }),
                    false => None,
                };
                let info = Part::StreamInfo(StreamInfo { length, last, more });
                (Some(StreamNext::GroupCount), Some(info))
            }
            StreamNext::GroupCount => (group(reader.length()?), None),
            StreamNext::Group { groups } => {
                let name = reader.text()?;
                let last = (reader.length()?, reader.length()?);
                let read = if new { Some(reader.length()?) } else { None };
                let part = Part::Group { name, last, read };
                (Some(StreamNext::PendingCount { groups: groups - 1 }), Some(part))
            }
            StreamNext::PendingCount { groups } => {
                (Some(StreamNext::Pending { groups, left: reader.length()? }), None)
            }
            StreamNext::Pending { groups, left: 0 } => {
                (Some(StreamNext::ConsumerCount { groups }), None)
            }
            StreamNext::Pending { groups, left } => {
                let (id, delivered_ms) = (reader.id()?, reader.i64_le()?);
                let part = Part::Pending { id, delivered_ms, count: reader.length()? };
                (Some(StreamNext::Pending { groups, left: left - 1 }), Some(part))
            }
            StreamNext::ConsumerCount { groups } => (consumer(groups, reader.length()?), None),
            StreamNext::Consumer { groups, consumers } => {
                let part = Part::Consumer { name: reader.text()?, seen_ms: reader.i64_le()? };
                (Some(StreamNext::OwnedCount { groups, consumers: consumers - 1 }), Some(part))
            }
            StreamNext::OwnedCount { groups, consumers } => {
                (Some(StreamNext::Owned { groups, consumers, left: reader.length()? }), None)
            }
            StreamNext::Owned { groups, consumers, left: 0 } => (consumer(groups, consumers), None),
            StreamNext::Owned { groups, consumers, left } => {
                let part = Part::Owned(reader.id()?);
                let next = StreamNext::Owned { groups, consumers, left: left - 1 };
                (Some(next), Some(part))
            }
        })
    }
}
