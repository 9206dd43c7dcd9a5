use crate::observe::{KeyType, Now, Preview};
use std::collections::BTreeMap;

/// How many keys of one database are known by name and value; the most recently changed ones.
pub const KNOWN_MAX: usize = 512;

/// One database of one instance, as far as the facts told.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Db {
    /// How many keys it holds, and how many of them will expire.
    pub keys: u64,
    pub expires: u64,
    /// A sample of its keys by name: all of them at a human's pace, the latest under load.
    pub known: BTreeMap<Preview, KeyView>,
}

/// What is known about one key.
#[derive(Clone, Debug, PartialEq)]
pub struct KeyView {
    pub kind: KeyType,
    pub value: Preview,
    /// Unix time in milliseconds at which it expires.
    pub expire_at_ms: Option<i64>,
    /// When it got this value here, and how that was seen.
    pub changed: Now,
    /// The event's position, which tells two changes of one turn apart.
    pub seq: u64,
    pub sight: Sight,
}

/// How a key's value became known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sight {
    /// A command wrote it.
    Written,
    /// It passed in an RDB.
    Loaded,
}

impl KeyView {
    /// The value in words, behind its type where that is not a string: `list 3: a b c`.
    pub fn shown(&self) -> String {
        self.kind.shown(&self.value)
    }

    /// Whether another instance's key holds the same, as far as is told.
    pub fn is_same(&self, other: &KeyView) -> bool {
        self.kind == other.kind && self.value == other.value
    }
}

impl Db {
    /// Whether `known` holds every key of this database.
    pub fn is_whole(&self) -> bool {
        self.known.len() as u64 == self.keys
    }

    pub(super) fn put(&mut self, key: Preview, view: KeyView) {
        self.known.insert(key, view);
        // Evicting half at once keeps the cost per key small and the order of ages exact enough.
        if self.known.len() > 2 * KNOWN_MAX {
            let mut ages: Vec<u64> = self.known.values().map(|k| k.seq).collect();
            ages.sort_unstable();
            let cut = ages[ages.len() - KNOWN_MAX];
            self.known.retain(|_, k| k.seq >= cut);
        }
    }

    pub(super) fn sweep(&mut self) {
        *self = Db::default();
    }
}
