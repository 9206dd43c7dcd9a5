//! The value of a key of type hash.
//!
//! In: fields and values, and the limits that choose the encoding. Out: the same, in the order of the
//! encoding: as they came, or the order of the fields' hashes. Never here: keys, clients,
//! configuration.
//!
//! A small hash is a listpack, in the very bytes that Redis keeps; a long field or value, or one field
//! too many, turns it into a table, and nothing turns it back.

mod pair;
#[cfg(test)]
mod tests;

pub use pair::Pair;

use super::{Container, preview};
use crate::engine::keyspace::{HashSeed, Table, Value};
use crate::wire::listpack::{Entry, Listpack, Pos};
use std::sync::Arc;

/// What decides between the encodings.
#[derive(Clone, Copy, Debug)]
pub struct HashLimits {
    /// hash-max-listpack-entries.
    pub entries: usize,
    /// hash-max-listpack-value.
    pub value_bytes: usize,
    /// Keys the hash function of a table.
    pub seed: HashSeed,
}

/// A hash.
#[derive(Clone, Debug)]
pub struct Hash {
    held: Held,
}

#[derive(Clone, Debug)]
enum Held {
    /// Fields, each with its value behind it.
    Packed(Listpack),
    Table(Box<Fields>),
}

/// Fields of any length and number.
#[derive(Clone, Debug)]
struct Fields {
    table: Table<Pair>,
    /// What the pairs cost, the table's frame not counted.
    bytes: usize,
}

/// How the fields are kept, for those who write them out.
#[derive(Debug)]
pub enum HashRepr<'a> {
    /// Fields, each with its value behind it.
    Packed(&'a Listpack),
    Table(&'a Table<Pair>),
}

impl Default for Hash {
    /// An empty listpack.
    fn default() -> Hash {
        Hash { held: Held::Packed(Listpack::new()) }
    }
}

impl Hash {
    /// An empty hash that is going to hold `len` fields: a table at once if that is too many for a
    /// listpack.
    pub fn for_len(len: usize, limits: &HashLimits) -> Hash {
        let mut hash = Hash::default();
        if len > limits.entries {
            hash.make_table(limits.seed);
        }
        hash
    }

    /// The hash that this listpack is (fields, each with its value behind it, none twice); a table
    /// if it has too many. How long they are is not looked at, as Redis does not when it loads one.
    pub fn from_packed(pack: Listpack, limits: &HashLimits) -> Hash {
        let mut hash = Hash { held: Held::Packed(pack) };
        if hash.len() > limits.entries {
            hash.make_table(limits.seed);
        }
        hash
    }

    /// How it is kept.
    pub fn repr(&self) -> HashRepr<'_> {
        match &self.held {
            Held::Packed(pack) => HashRepr::Packed(pack),
            Held::Table(fields) => HashRepr::Table(&fields.table),
        }
    }

    /// OBJECT ENCODING's word.
    pub fn encoding(&self) -> &'static str {
        match self.held {
            Held::Packed(_) => "listpack",
            Held::Table(_) => "hashtable",
        }
    }

    /// How many fields it has.
    pub fn len(&self) -> usize {
        match &self.held {
            Held::Packed(pack) => pack.len() / 2,
            Held::Table(fields) => fields.table.len(),
        }
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The value of a field.
    pub fn get(&self, field: &[u8]) -> Option<Entry<'_>> {
        match &self.held {
            Held::Packed(pack) => {
                let at = find(pack, field)?;
                pack.next(at).map(|value| pack.entry(value))
            }
            Held::Table(fields) => fields.table.get(field).map(|pair| Entry::Str(pair.value())),
        }
    }

    /// Becomes a table if one of these words is too long for a listpack. A command asks for all its
    /// words before it sets the first.
    pub fn make_room(&mut self, words: &[&[u8]], limits: &HashLimits) {
        if let Held::Packed(pack) = &self.held {
            let long = words.iter().any(|word| word.len() > limits.value_bytes);
            if long || !pack.safe_to_add(words.iter().map(|word| word.len()).sum()) {
                self.make_table(limits.seed);
            }
        }
    }

    /// Gives a field a value; `true` if the field is new.
    pub fn set(&mut self, field: &[u8], value: &[u8], limits: &HashLimits) -> bool {
        self.make_room(&[field, value], limits);
        match &mut self.held {
            Held::Table(fields) => fields.set(field, value),
            Held::Packed(pack) => {
                if let Some(at) = find(pack, field).and_then(|at| pack.next(at)) {
                    pack.replace(at, value);
                    return false;
                }
                pack.push_back(field);
                pack.push_back(value);
                if self.len() > limits.entries {
                    self.make_table(limits.seed);
                }
                true
            }
        }
    }

    /// Takes a field out; whether it was there.
    pub fn remove(&mut self, field: &[u8]) -> bool {
        match &mut self.held {
            Held::Packed(pack) => find(pack, field).is_some_and(|at| pack.remove_n(at, 2) == 2),
            Held::Table(fields) => fields.remove(field),
        }
    }

    /// All fields with their values.
    pub fn iter(&self) -> impl Iterator<Item = (Entry<'_>, Entry<'_>)> {
        let (packed, table) = match &self.held {
            Held::Packed(pack) => {
                let mut entries = pack.iter();
                (Some(std::iter::from_fn(move || Some((entries.next()?, entries.next()?)))), None)
            }
            Held::Table(fields) => (None, Some(fields.table.iter().map(of_pair))),
        };
        packed.into_iter().flatten().chain(table.into_iter().flatten())
    }

    /// A field chosen evenly, with its value; `random` yields 64 even bits.
    pub fn random(&self, random: &mut dyn FnMut() -> u64) -> Option<(Entry<'_>, Entry<'_>)> {
        match &self.held {
            Held::Packed(pack) => {
                let at = (u128::from(random()) * (self.len() as u128)) >> 64;
                let field = pack.seek(at as usize * 2)?;
                Some((pack.entry(field), pack.entry(pack.next(field)?)))
            }
            Held::Table(fields) => fields.table.random(random).map(of_pair),
        }
    }

    /// Shows `count` fields from `cursor` on; the next cursor comes back, 0 at the end. A listpack is
    /// shown as a whole.
    pub fn scan<'a>(
        &'a self,
        cursor: u64,
        count: usize,
        mut show: impl FnMut(Entry<'a>, Entry<'a>),
    ) -> u64 {
        match &self.held {
            Held::Packed(_) => {
                self.iter().for_each(|(field, value)| show(field, value));
                0
            }
            Held::Table(fields) => fields.table.scan(cursor, count, |pair| {
                let (field, value) = of_pair(pair);
                show(field, value);
            }),
        }
    }

    /// A short line for those who look on: `2: field=value other=1`.
    pub fn preview(&self) -> Vec<u8> {
        let pairs = self.iter().map(|(field, value)| {
            let mut text = Vec::new();
            field.with_text(|field| preview::push(&mut text, field));
            text.push(b'=');
            value.with_text(|value| preview::push(&mut text, value));
            text
        });
        preview::unordered(self.len(), "fields", pairs)
    }

    fn make_table(&mut self, seed: HashSeed) {
        if matches!(self.held, Held::Packed(_)) {
            let mut fields = Box::new(Fields { table: Table::new(seed), bytes: 0 });
            for (field, value) in self.iter() {
                field.with_text(|field| value.with_text(|value| fields.set(field, value)));
            }
            self.held = Held::Table(fields);
        }
    }
}

/// Where a field stands; its value is behind it.
fn find(pack: &Listpack, field: &[u8]) -> Option<Pos> {
    pack.find(pack.first()?, field, 1)
}

fn of_pair(pair: &Pair) -> (Entry<'_>, Entry<'_>) {
    (Entry::Str(pair.field()), Entry::Str(pair.value()))
}

impl Fields {
    fn set(&mut self, field: &[u8], value: &[u8]) -> bool {
        let pair = Pair::new(field, value);
        self.bytes += pair.cost();
        let old = match self.table.get_mut(field) {
            Some(place) => Some(std::mem::replace(place, pair)),
            None => self.table.insert(pair),
        };
        self.bytes -= old.as_ref().map_or(0, Pair::cost);
        old.is_none()
    }

    fn remove(&mut self, field: &[u8]) -> bool {
        let old = self.table.remove(field);
        self.bytes -= old.as_ref().map_or(0, Pair::cost);
        old.is_some()
    }
}

impl Container for Hash {
    fn of(value: &Value) -> Option<&Hash> {
        match value {
            Value::Hash(v) => Some(v),
            _ => None,
        }
    }

    fn of_mut(value: &mut Value) -> Option<&mut Hash> {
        match value {
            Value::Hash(v) => Some(Arc::make_mut(v)),
            _ => None,
        }
    }

    fn into_value(self) -> Value {
        Value::Hash(Arc::new(self))
    }

    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn heap_bytes(&self) -> usize {
        let held = match &self.held {
            Held::Packed(pack) => pack.heap_bytes(),
            Held::Table(f) => size_of::<Fields>() + 16 + f.table.frame_bytes() + f.bytes,
        };
        size_of::<Hash>() + 16 + held
    }
}
