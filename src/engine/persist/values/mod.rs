//! Values on their way in from an RDB and out into one, type by type, part by part.
//!
//! In: the parts that `wire::rdb` reads, and the limits that choose encodings. Out: a [`Value`], converted
//! as Redis converts what it loads, or the reason why it is none; the other way round the bytes that
//! Redis 7.0.15 would write. Never here: files, keys, databases.

mod hash;
mod list;
mod packed;
mod set;
mod stream;
#[cfg(test)]
mod tests;
mod writing;
mod writing_stream;
mod zset;

pub use writing::Writing;

use crate::engine::config::{Config, Sanitize};
use crate::engine::encodings::count;
use crate::engine::keyspace::{HashSeed, Value};
use crate::engine::types::list::LARGE;
use crate::engine::types::{HashLimits, SetLimits, ZSetLimits};
use crate::wire::rdb::{Encoder, Item, Part, RdbError, Text, kind, open_payload, seal_payload};
use hash::HashBuilder;
use list::{ListBuilder, ListLimits};
use set::SetBuilder;
use stream::StreamBuilder;
use zset::ZSetBuilder;

/// What decides how a loaded value is kept.
#[derive(Clone, Copy, Debug)]
pub struct ValueLimits {
    pub hash: HashLimits,
    pub list: ListLimits,
    pub set: SetLimits,
    pub zset: ZSetLimits,
    /// `sanitize-dump-payload`: packed data is compared with all that its type demands.
    pub sanitize: bool,
    /// The policy of maxmemory asks how often keys are used.
    pub counts_uses: bool,
}

impl ValueLimits {
    /// As the configuration has them; `seed` keys the hash functions of tables. `from_client`: a
    /// client's payload, and not a file or the master's.
    pub fn new(config: &Config, seed: HashSeed, from_client: bool) -> ValueLimits {
        ValueLimits {
            hash: HashLimits {
                entries: count(config.hash_max_listpack_entries),
                value_bytes: count(config.hash_max_listpack_value),
                seed,
            },
            list: ListLimits { fill: config.list_max_listpack_size, large: LARGE },
            set: SetLimits { intset_entries: count(config.set_max_intset_entries), seed },
            zset: ZSetLimits {
                entries: count(config.zset_max_listpack_entries),
                value: count(config.zset_max_listpack_value),
                seed,
            },
            counts_uses: config.maxmemory_policy.counts_uses(),
            sanitize: match config.sanitize_dump_payload {
                Sanitize::Yes => true,
                Sanitize::Clients => from_client,
                Sanitize::No => false,
            },
        }
    }
}

/// Why a value cannot be loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bad(pub &'static str);

impl From<Bad> for RdbError {
    fn from(bad: Bad) -> RdbError {
        RdbError::Corrupt(bad.0)
    }
}

/// A part that does not belong to a value of this type; the decoder gives none such.
const FOREIGN: Bad = Bad("a part of another type");

/// A value that is being put together. Memory: what has come so far.
#[derive(Debug)]
pub enum Building {
    Hash(HashBuilder),
    List(ListBuilder),
    Set(SetBuilder),
    Stream(Box<StreamBuilder>),
    ZSet(ZSetBuilder),
}

impl Building {
    /// Begins a value of this type byte, of which so many parts are announced.
    pub fn begin(of: u8, count: u64, limits: &ValueLimits) -> Result<Building, RdbError> {
        Ok(match of {
            kind::SET | kind::SET_INTSET => Building::Set(SetBuilder::new(count, limits.set)),
            kind::HASH | kind::HASH_LISTPACK | kind::HASH_ZIPLIST | kind::HASH_ZIPMAP => {
                Building::Hash(HashBuilder::new(count, limits.hash, limits.sanitize))
            }
            kind::ZSET | kind::ZSET_2 | kind::ZSET_LISTPACK | kind::ZSET_ZIPLIST => {
                Building::ZSet(ZSetBuilder::new(count, limits.zset, limits.sanitize))
            }
            kind::LIST | kind::LIST_ZIPLIST | kind::LIST_QUICKLIST | kind::LIST_QUICKLIST_2 => {
                Building::List(ListBuilder::new(of, limits.list))
            }
            kind::STREAM | kind::STREAM_2 => Building::Stream(Box::default()),
            _ => return Err(RdbError::UnknownType(of)),
        })
    }

    /// Takes the next part.
    pub fn part(&mut self, part: Part<Text<'_>>) -> Result<(), RdbError> {
        let taken = match self {
            Building::Hash(hash) => hash.part(part),
            Building::List(list) => return list.part(part),
            Building::Set(set) => set.part(part),
            Building::Stream(stream) => stream.part(part),
            Building::ZSet(zset) => zset.part(part),
        };
        Ok(taken?)
    }

    /// The value, when all parts have come; `None` if it is empty, which no key can be (but a
    /// stream's).
    pub fn end(self) -> Result<Option<Value>, RdbError> {
        let built = match self {
            Building::Hash(hash) => hash.end(),
            Building::List(list) => list.end(),
            Building::Set(set) => set.end(),
            Building::Stream(stream) => stream.end(),
            Building::ZSet(zset) => zset.end(),
        };
        Ok(built?)
    }
}

/// The value of a string.
pub fn string(text: Text<'_>) -> Value {
    match text {
        Text::Int(n) => Value::Int(n),
        Text::Bytes(bytes) => Value::string(bytes),
    }
}

/// What DUMP answers. `compression` is rdbcompression.
pub fn dump(value: &Value, compression: bool) -> Vec<u8> {
    let mut out = Encoder::new(compression);
    let mut writing = Writing::new(value.clone());
    out.byte(writing.kind());
    while !writing.step(&mut out, usize::MAX) {}
    let mut bytes = out.into_bytes();
    seal_payload(&mut bytes);
    bytes
}

/// How many bytes the value takes in a file, behind its key: DEBUG OBJECT's serializedlength.
pub fn saved_len(value: &Value, compression: bool) -> usize {
    let mut out = Encoder::new(compression);
    let mut writing = Writing::new(value.clone());
    while !writing.step(&mut out, usize::MAX) {}
    out.len()
}

/// Whether the value of a payload has packed bytes that `sanitize-dump-payload` looks at.
pub fn is_packed(payload: &[u8]) -> bool {
    let packed = [kind::SET_INTSET, kind::HASH_LISTPACK, kind::ZSET_LISTPACK];
    let nodes = [kind::LIST_QUICKLIST_2, kind::STREAM, kind::STREAM_2];
    payload.first().is_some_and(|of| packed.contains(of) || nodes.contains(of))
}

/// Why RESTORE refuses a payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoPayload {
    /// No such footer as DUMP writes.
    Footer,
    /// The value in it.
    Value(RdbError),
}

/// What RESTORE reads. `verify`: the checksum counts.
pub fn restore(payload: &[u8], limits: &ValueLimits, verify: bool) -> Result<Value, NoPayload> {
    let mut decoder = open_payload(payload, verify).map_err(|_| NoPayload::Footer)?;
    let mut read = || -> Result<Option<Value>, RdbError> {
        let mut building = None;
        while let Some(item) = decoder.next()? {
            match item {
                Item::String { value, .. } => return Ok(Some(string(value))),
                Item::Value { kind, count, .. } => {
                    building = Some(Building::begin(kind, count, limits)?);
                }
                Item::Part(part) => match &mut building {
                    Some(building) => building.part(part)?,
                    None => return Err(FOREIGN.into()),
                },
                Item::ValueEnd { .. } => match building {
                    Some(building) => return building.end(),
                    None => return Err(FOREIGN.into()),
                },
                _ => {}
            }
        }
        Err(RdbError::ShortRead)
    };
    let empty = || NoPayload::Value(RdbError::Corrupt("an empty value"));
    read().map_err(NoPayload::Value)?.ok_or_else(empty)
}
