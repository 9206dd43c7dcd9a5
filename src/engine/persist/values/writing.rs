//! A value on its way into an RDB, in portions.

use super::writing_stream::{self, Part};
use crate::engine::keyspace::{Item, Table, Value};
use crate::engine::types::List;
use crate::engine::types::hash::HashRepr;
use crate::engine::types::list::Node;
use crate::engine::types::set::SetRepr;
use crate::engine::types::zset::{Sorted, ZSetRepr};
use crate::wire::rdb::{Encoder, kind};

/// A value that is being written. It holds the value, so the portions may come as late as they like;
/// whatever is written to the key meanwhile is not in it.
#[derive(Debug)]
pub struct Writing {
    value: Value,
    place: Place,
}

/// How far it is.
#[derive(Clone, Copy, Debug)]
enum Place {
    /// At its beginning.
    Start,
    /// In a list: the node.
    Node(usize),
    Stream(Part),
    /// In a table: the segment, and the item in it.
    Table(usize, usize),
    /// In a sorted set: so many pairs are left, from the smallest on.
    Left(usize),
}

/// Items of a table that are written between two looks at the size.
const STRIDE: usize = 64;

impl Writing {
    /// For the part of the value that stands behind its key.
    pub fn new(value: Value) -> Writing {
        Writing { value, place: Place::Start }
    }

    /// The type byte in front of the key.
    pub fn kind(&self) -> u8 {
        kind_of(&self.value)
    }

    /// Writes on until `out` holds `max` bytes or a little more; whether that was the end. One element
    /// is never cut.
    pub fn step(&mut self, out: &mut Encoder, max: usize) -> bool {
        match &self.value {
            Value::Int(n) => out.number(*n),
            Value::Str(text) => out.string(text),
            Value::Raw(text) => out.string(text),
            Value::Set(set) => match set.repr() {
                SetRepr::Ints(ints) => out.string(ints.as_bytes()),
                SetRepr::Table(table) => {
                    return table_step(&mut self.place, table, out, max, |member, out| {
                        out.string(member.bytes());
                    });
                }
            },
            Value::Hash(hash) => match hash.repr() {
                HashRepr::Packed(pack) => out.string(pack.as_bytes()),
                HashRepr::Table(table) => {
                    return table_step(&mut self.place, table, out, max, |pair, out| {
                        out.string(pair.field());
                        out.string(pair.value());
                    });
                }
            },
            Value::ZSet(zset) => match zset.repr() {
                ZSetRepr::Packed(pack) => out.string(pack.as_bytes()),
                ZSetRepr::Sorted(sorted) => return sorted_step(&mut self.place, sorted, out, max),
            },
            Value::List(list) => return list_step(&mut self.place, list, out, max),
            Value::Stream(stream) => {
                let part = match self.place {
                    Place::Stream(part) => part,
                    _ => Part::Start,
                };
                let next = writing_stream::step(stream, part, out, max);
                self.place = next.map_or(Place::Start, Place::Stream);
                return next.is_none();
            }
        }
        true
    }
}

/// The type byte that 7.0.15 would write for this value.
pub fn kind_of(value: &Value) -> u8 {
    match value {
        Value::Int(_) | Value::Str(_) | Value::Raw(_) => kind::STRING,
        Value::List(_) => kind::LIST_QUICKLIST_2,
        Value::Set(set) => match set.repr() {
            SetRepr::Ints(_) => kind::SET_INTSET,
            SetRepr::Table(_) => kind::SET,
        },
        Value::Hash(hash) => match hash.repr() {
            HashRepr::Packed(_) => kind::HASH_LISTPACK,
            HashRepr::Table(_) => kind::HASH,
        },
        Value::ZSet(zset) => match zset.repr() {
            ZSetRepr::Packed(_) => kind::ZSET_LISTPACK,
            ZSetRepr::Sorted(_) => kind::ZSET_2,
        },
        Value::Stream(_) => kind::STREAM_2,
    }
}

/// Writes a table on: its length first, then its items.
fn table_step<T: Item>(
    place: &mut Place,
    table: &Table<T>,
    out: &mut Encoder,
    max: usize,
    write: impl Fn(&T, &mut Encoder),
) -> bool {
    let (mut segment, mut item) = match *place {
        Place::Table(segment, item) => (segment, item),
        _ => {
            out.length(table.len() as u64);
            (0, 0)
        }
    };
    while let Some(items) = table.segments().get(segment) {
        items.entries().skip(item).take(STRIDE).for_each(|item| write(item, out));
        item += STRIDE;
        (segment, item) = if item >= items.len() { (segment + 1, 0) } else { (segment, item) };
        if out.len() >= max {
            *place = Place::Table(segment, item);
            return segment == table.segments().len();
        }
    }
    true
}

/// Writes a sorted set on: its length, then the pairs from the greatest down, as Redis does: whoever loads
/// it puts every pair in front of all others.
fn sorted_step(place: &mut Place, sorted: &Sorted, out: &mut Encoder, max: usize) -> bool {
    let mut left = match *place {
        Place::Left(left) => left,
        _ => {
            out.length(sorted.len() as u64);
            sorted.len()
        }
    };
    let Some(rank) = left.checked_sub(1) else { return true };
    for pair in sorted.iter_down_from(rank) {
        out.string(pair.member.bytes());
        out.score(pair.score);
        left = left.saturating_sub(1);
        if out.len() >= max {
            *place = Place::Left(left);
            return left == 0;
        }
    }
    true
}

/// Writes a list on: the number of its nodes, then the nodes.
fn list_step(place: &mut Place, list: &List, out: &mut Encoder, max: usize) -> bool {
    let mut at = match *place {
        Place::Node(at) => at,
        _ => {
            out.length(list.node_count() as u64);
            0
        }
    };
    for node in list.nodes_from(at) {
        match node {
            Node::Packed(pack) => out.packed_node(pack.as_bytes()),
            Node::Plain(text) => out.plain_node(text),
        }
        at += 1;
        if out.len() >= max {
            *place = Place::Node(at);
            return at == list.node_count();
        }
    }
    true
}
