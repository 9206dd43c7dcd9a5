//! The value of a key of type set.
//!
//! In: members, and the limits that choose the encoding. Out: members, in the order of the encoding:
//! ascending integers, or the order of their hashes. Never here: keys, clients, configuration.
//!
//! A set of integers only is an intset, in the very bytes that Redis keeps; the first other member,
//! or one too many, turns it into a table, and nothing turns it back.

mod member;
#[cfg(test)]
mod tests;

pub use crate::wire::listpack::Entry as Elem;
pub use member::Member;

use super::{Container, preview};
use crate::engine::keyspace::{HashSeed, Table, Value};
use crate::wire::intset::{Intset, MOST};
use crate::wire::num::parse_i64;
use std::sync::Arc;

/// What decides between the encodings.
#[derive(Clone, Copy, Debug)]
pub struct SetLimits {
    /// set-max-intset-entries.
    pub intset_entries: usize,
    /// Keys the hash function of a table.
    pub seed: HashSeed,
}

/// A set.
#[derive(Clone, Debug)]
pub struct Set {
    held: Held,
}

#[derive(Clone, Debug)]
enum Held {
    Ints(Intset),
    Table(Box<Members>),
}

/// Members of any kind.
#[derive(Clone, Debug)]
struct Members {
    table: Table<Member>,
    /// What the members cost, the table's frame not counted.
    bytes: usize,
}

/// How the members are kept, for those who write them out.
#[derive(Debug)]
pub enum SetRepr<'a> {
    Ints(&'a Intset),
    Table(&'a Table<Member>),
}

impl Default for Set {
    /// An empty intset.
    fn default() -> Set {
        Set { held: Held::Ints(Intset::new()) }
    }
}

impl Set {
    /// An empty set that is going to hold `len` members: a table at once if that is too many for an
    /// intset.
    pub fn for_len(len: usize, limits: &SetLimits) -> Set {
        match len > limits.intset_entries {
            true => Set { held: Held::Table(Box::new(Members::new(limits.seed))) },
            false => Set::default(),
        }
    }

    /// The set that these integers are; a table if they are too many for an intset.
    pub fn from_ints(ints: Intset, limits: &SetLimits) -> Set {
        let mut set = Set { held: Held::Ints(ints) };
        set.leave_intset_if_full(limits);
        set
    }

    /// How it is kept.
    pub fn repr(&self) -> SetRepr<'_> {
        match &self.held {
            Held::Ints(ints) => SetRepr::Ints(ints),
            Held::Table(members) => SetRepr::Table(&members.table),
        }
    }

    /// OBJECT ENCODING's word.
    pub fn encoding(&self) -> &'static str {
        match self.held {
            Held::Ints(_) => "intset",
            Held::Table(_) => "hashtable",
        }
    }

    /// How many members it has.
    pub fn len(&self) -> usize {
        match &self.held {
            Held::Ints(ints) => ints.len(),
            Held::Table(members) => members.table.len(),
        }
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether `member` is in it.
    pub fn contains(&self, member: &[u8]) -> bool {
        match &self.held {
            Held::Ints(ints) => parse_i64(member).is_some_and(|n| ints.contains(n)),
            Held::Table(members) => members.table.get(member).is_some(),
        }
    }

    /// The same for a member of another set.
    pub fn has(&self, elem: Elem<'_>) -> bool {
        match (&self.held, elem) {
            (Held::Ints(ints), Elem::Int(n)) => ints.contains(n),
            _ => elem.with_text(|bytes| self.contains(bytes)),
        }
    }

    /// Puts `member` in; `false` if it was there.
    pub fn add(&mut self, member: &[u8], limits: &SetLimits) -> bool {
        if let Held::Ints(ints) = &mut self.held {
            if let Some(n) = parse_i64(member) {
                let new = ints.insert(n);
                if new {
                    self.leave_intset_if_full(limits);
                }
                return new;
            }
            self.make_table(limits.seed);
        }
        match &mut self.held {
            Held::Table(members) => members.add(member),
            Held::Ints(_) => unreachable!("made a table above"),
        }
    }

    /// Takes `member` out; whether it was there.
    pub fn remove(&mut self, member: &[u8]) -> bool {
        match &mut self.held {
            Held::Ints(ints) => parse_i64(member).is_some_and(|n| ints.remove(n)),
            Held::Table(members) => members.remove(member),
        }
    }

    /// All members.
    pub fn iter(&self) -> impl Iterator<Item = Elem<'_>> {
        let (ints, table) = match &self.held {
            Held::Ints(ints) => (Some(ints.iter().map(Elem::Int)), None),
            Held::Table(members) => (None, Some(members.table.iter().map(Member::elem))),
        };
        ints.into_iter().flatten().chain(table.into_iter().flatten())
    }

    /// A member chosen evenly; `random` yields 64 even bits.
    pub fn random(&self, random: &mut dyn FnMut() -> u64) -> Option<Elem<'_>> {
        match &self.held {
            Held::Ints(ints) => {
                let len = ints.len() as u128;
                // The top half of the product: even to within 2^-32 for any length an intset has.
                let at = (u128::from(random()) * len) >> 64;
                ints.get(at as usize).map(Elem::Int)
            }
            Held::Table(members) => members.table.random(random).map(Member::elem),
        }
    }

    /// Shows `count` members from `cursor` on; the next cursor comes back, 0 at the end. An intset
    /// is shown as a whole.
    pub fn scan<'a>(&'a self, cursor: u64, count: usize, mut show: impl FnMut(Elem<'a>)) -> u64 {
        match &self.held {
            Held::Ints(ints) => {
                ints.iter().for_each(|n| show(Elem::Int(n)));
                0
            }
            Held::Table(members) => members.table.scan(cursor, count, |m| show(m.elem())),
        }
    }

    /// A short line for those who look on: `3: a b c`.
    pub fn preview(&self) -> Vec<u8> {
        let members = self.iter().map(|member| {
            let mut text = Vec::new();
            member.with_text(|bytes| preview::push(&mut text, bytes));
            text
        });
        preview::unordered(self.len(), "members", members)
    }

    fn leave_intset_if_full(&mut self, limits: &SetLimits) {
        if let Held::Ints(ints) = &self.held
            && ints.len() > limits.intset_entries.min(MOST)
        {
            self.make_table(limits.seed);
        }
    }

    fn make_table(&mut self, seed: HashSeed) {
        if let Held::Ints(ints) = &self.held {
            let mut members = Box::new(Members::new(seed));
            for n in ints.iter() {
                Elem::Int(n).with_text(|bytes| members.add(bytes));
            }
            self.held = Held::Table(members);
        }
    }
}

impl Members {
    fn new(seed: HashSeed) -> Members {
        Members { table: Table::new(seed), bytes: 0 }
    }

    fn add(&mut self, member: &[u8]) -> bool {
        if self.table.get(member).is_some() {
            return false;
        }
        let member = Member::new(member);
        self.bytes += member.cost();
        self.table.insert(member);
        true
    }

    fn remove(&mut self, member: &[u8]) -> bool {
        let gone = self.table.remove(member);
        if let Some(member) = &gone {
            self.bytes -= member.cost();
        }
        gone.is_some()
    }
}

impl Container for Set {
    fn of(value: &Value) -> Option<&Set> {
        match value {
            Value::Set(v) => Some(v),
            _ => None,
        }
    }

    fn of_mut(value: &mut Value) -> Option<&mut Set> {
        match value {
            Value::Set(v) => Some(Arc::make_mut(v)),
            _ => None,
        }
    }

    fn into_value(self) -> Value {
        Value::Set(Arc::new(self))
    }

    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn heap_bytes(&self) -> usize {
        let held = match &self.held {
            Held::Ints(ints) => ints.capacity() + 16,
            Held::Table(m) => size_of::<Members>() + 16 + m.table.frame_bytes() + m.bytes,
        };
        size_of::<Set>() + 32 + held
    }
}
