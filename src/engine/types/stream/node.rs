//! One node: a listpack of some hundred entries that share the master ID and mostly the fields.
//!
//! ```text
//! count  deleted  fields  field…  0                      the master entry
//! flags  ms  seq  value…                      n+3        an entry with the master's fields
//! flags  ms  seq  fields  field value …       2n+4       an entry with fields of its own
//! ```
//!
//! `ms` and `seq` are differences to the master ID. The last element of an entry says how many
//! elements it has before it: the way backwards. A deleted entry stays, with a flag.

use super::id::StreamId;
use crate::wire::listpack::{Entry as Elem, Iter, Listpack, Pos};

/// The entry was deleted.
pub(super) const DELETED: i64 = 1;
/// The entry has the fields of the master entry, which are not repeated.
pub(super) const SAME_FIELDS: i64 = 2;

/// The master entry.
#[derive(Clone, Debug)]
pub(super) struct Head<'a> {
    /// Entries that are not deleted.
    pub live: i64,
    /// Entries that are.
    pub deleted: i64,
    pub fields: usize,
    /// At the first field's name.
    pub names: Iter<'a>,
    /// At the first entry.
    pub entries: Iter<'a>,
}

impl<'a> Head<'a> {
    /// Reads it; `None` if this is no node.
    pub fn read(pack: &'a Listpack) -> Option<Head<'a>> {
        let mut at = pack.iter();
        let live = at.next()?.int()?;
        let deleted = at.next()?.int()?;
        let fields = usize::try_from(at.next()?.int()?).ok()?;
        let names = at.clone();
        skip(&mut at, fields)?;
        at.next()?;
        Some(Head { live, deleted, fields, names, entries: at })
    }
}

/// An entry of a stream, with what is needed to change its flags.
#[derive(Clone, Debug)]
pub struct Entry<'a> {
    pub id: StreamId,
    flags: i64,
    fields: usize,
    names: Iter<'a>,
    body: Iter<'a>,
    pub(super) at: Pos,
}

impl<'a> Entry<'a> {
    /// Reads the entry at the front of `at`, and moves on to behind its ID (and number of fields).
    fn read(master: StreamId, head: &Head<'a>, at: &mut Iter<'a>) -> Option<Entry<'a>> {
        let pos = at.pos();
        let flags = at.next()?.int()?;
        let ms = at.next()?.int()?;
        let seq = at.next()?.int()?;
        let fields = match flags & SAME_FIELDS {
            0 => usize::try_from(at.next()?.int()?).ok()?,
            _ => head.fields,
        };
        let id = StreamId {
            ms: master.ms.wrapping_add(ms as u64),
            seq: master.seq.wrapping_add(seq as u64),
        };
        Some(Entry { id, flags, fields, names: head.names.clone(), body: at.clone(), at: pos })
    }

    /// Whether it was deleted, and only its place is left.
    pub fn is_deleted(&self) -> bool {
        self.flags & DELETED != 0
    }

    pub(super) fn deleted_flags(&self) -> i64 {
        self.flags | DELETED
    }

    /// How many fields it has.
    pub fn len(&self) -> usize {
        self.fields
    }

    /// Whether it has no fields (no command makes such an entry).
    pub fn is_empty(&self) -> bool {
        self.fields == 0
    }

    /// Its fields with their values, in the order in which they were given: [`Entry::len`] pairs.
    pub fn pairs(&self) -> impl Iterator<Item = (Elem<'a>, Elem<'a>)> + use<'a> {
        let (same, mut names, mut body) =
            (self.flags & SAME_FIELDS != 0, self.names.clone(), self.body.clone());
        (0..self.fields).map(move |_| {
            let name = if same { names.next() } else { body.next() };
            (name.unwrap_or(Elem::Str(b"")), body.next().unwrap_or(Elem::Str(b"")))
        })
    }

    /// Elements from the body's first to the next entry.
    fn body_len(&self) -> usize {
        let values = match self.flags & SAME_FIELDS {
            0 => self.fields.saturating_mul(2),
            _ => self.fields,
        };
        values.saturating_add(1)
    }
}

/// The entries of a node, deleted ones included, in either direction.
#[derive(Clone, Debug)]
pub(super) struct Items<'a> {
    pack: &'a Listpack,
    master: StreamId,
    head: Head<'a>,
    at: Iter<'a>,
    /// Elements of the last entry that are still to be passed over.
    left: usize,
    /// Backwards: the last element of the entry to come.
    tail: Option<Pos>,
}

impl<'a> Items<'a> {
    pub fn new(master: StreamId, pack: &'a Listpack) -> Option<Items<'a>> {
        let head = Head::read(pack)?;
        let at = head.entries.clone();
        Some(Items { pack, master, head, at, left: 0, tail: pack.last() })
    }
}

impl<'a> Iterator for Items<'a> {
    type Item = Entry<'a>;

    fn next(&mut self) -> Option<Entry<'a>> {
        skip(&mut self.at, std::mem::take(&mut self.left))?;
        let entry = Entry::read(self.master, &self.head, &mut self.at)?;
        self.left = entry.body_len();
        Some(entry)
    }
}

impl DoubleEndedIterator for Items<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        let tail = self.tail.take()?;
        let mut count = self.pack.entry(tail).int().filter(|n| *n > 0)?;
        let mut pos = tail;
        while count > 0 {
            pos = self.pack.prev(pos)?;
            count -= 1;
        }
        self.tail = self.pack.prev(pos);
        Entry::read(self.master, &self.head, &mut self.pack.iter_from(pos))
    }
}

/// Passes over `n` elements; `None` if there are not so many.
fn skip(at: &mut Iter<'_>, n: usize) -> Option<()> {
    for _ in 0..n {
        at.next()?;
    }
    Some(())
}

/// Whether a listpack is a sound node: every number is one, and every count is true.
pub(super) fn is_sound(pack: &Listpack) -> bool {
    fn check(pack: &Listpack) -> Option<()> {
        let mut at = pack.iter();
        let live = u64::try_from(at.next()?.int()?).ok()?;
        let deleted = u64::try_from(at.next()?.int()?).ok()?;
        let master = usize::try_from(at.next()?.int()?).ok()?;
        skip(&mut at, master)?;
        (at.next()?.int()? == 0).then_some(())?;
        for _ in 0..live.checked_add(deleted)? {
            let flags = at.next()?.int()?;
            at.next()?.int()?;
            at.next()?.int()?;
            let (values, count) = match flags & SAME_FIELDS {
                0 => {
                    let n = usize::try_from(at.next()?.int()?).ok()?;
                    (n.checked_mul(2)?, n.checked_mul(2)?.checked_add(4)?)
                }
                _ => (master, master.checked_add(3)?),
            };
            skip(&mut at, values)?;
            (usize::try_from(at.next()?.int()?).ok()? == count).then_some(())?;
        }
        at.next().is_none().then_some(())
    }
    check(pack).is_some()
}
