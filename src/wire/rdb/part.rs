//! What a value that is no string consists of, as it comes out of the decoder bit by bit.

use super::text::{Span, Text};

/// An entry's id: milliseconds and sequence.
pub type StreamId = (u64, u64);

/// As it stands in a file: both numbers big-endian.
pub(super) fn stream_id(bytes: [u8; 16]) -> StreamId {
    let n = u128::from_be_bytes(bytes);
    ((n >> 64) as u64, n as u64)
}

/// A container that stands in the file as one string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packed {
    Intset,
    Listpack,
    Ziplist,
    Zipmap,
}

/// What a stream tells about itself behind its nodes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StreamInfo {
    /// Entries that are there.
    pub length: u64,
    pub last: StreamId,
    /// These three are not there in a stream of Redis 5.
    pub more: Option<StreamMore>,
}

/// What streams tell since Redis 7.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StreamMore {
    pub first: StreamId,
    /// The greatest id that was ever deleted.
    pub max_deleted: StreamId,
    /// Entries ever added.
    pub added: u64,
}

/// A part of a value. `S` is how a string is held: [`Text`] for those who read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Part<S> {
    /// An element of a list, a member of a set.
    Element(S),
    /// A field of a hash with its value.
    Pair(S, S),
    /// A member of a sorted set with its score.
    Scored(S, f64),
    /// A whole small collection, or a node of a list.
    Packed(Packed, S),
    /// A node of a list that is one large element.
    Plain(S),
    /// A node of a stream: what its entries' ids are counted from, and a listpack.
    StreamNode(S, S),
    /// Once, behind the nodes of a stream.
    StreamInfo(StreamInfo),
    /// A consumer group: the last id that it was given, and how many entries it has read (not there in
    /// a stream of Redis 5; `u64::MAX`: not known).
    Group { name: S, last: StreamId, read: Option<u64> },
    /// An entry that the group waits to see acknowledged, by whomever: Unix milliseconds of its last
    /// delivery, and how often that was.
    Pending { id: StreamId, delivered_ms: i64, count: u64 },
    /// A consumer of the group, and when it was last seen in Unix milliseconds.
    Consumer { name: S, seen_ms: i64 },
    /// One of the group's pending entries that is this consumer's.
    Owned(StreamId),
}

impl Part<Span> {
    /// The same with strings instead of their places.
    pub(super) fn map<'a>(self, text: impl Fn(Span) -> Text<'a>) -> Part<Text<'a>> {
        match self {
            Part::Element(a) => Part::Element(text(a)),
            Part::Pair(a, b) => Part::Pair(text(a), text(b)),
            Part::Scored(a, score) => Part::Scored(text(a), score),
            Part::Packed(how, a) => Part::Packed(how, text(a)),
            Part::Plain(a) => Part::Plain(text(a)),
            Part::StreamNode(a, b) => Part::StreamNode(text(a), text(b)),
            Part::StreamInfo(info) => Part::StreamInfo(info),
            Part::Group { name, last, read } => Part::Group { name: text(name), last, read },
            Part::Pending { id, delivered_ms, count } => Part::Pending { id, delivered_ms, count },
            Part::Consumer { name, seen_ms } => Part::Consumer { name: text(name), seen_ms },
            Part::Owned(id) => Part::Owned(id),
        }
    }
}
