//! All commands, looked up by name in any case.

use crate::engine::call::CommandSpec;
use hashbrown::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::LazyLock;

/// What every file of this folder exports.
const GROUPS: &[&[CommandSpec]] = &[
    crate::engine::replication::SPECS,
    super::bitmap::SPECS,
    super::bitmap_field::SPECS,
    super::bitmap_range::SPECS,
    super::client::SPECS,
    super::server::SPECS,
    super::debug::SPECS,
    super::config::SPECS,
    super::command_cmd::SPECS,
    super::connection::SPECS,
    super::generic_dump::SPECS,
    super::generic_expire::SPECS,
    super::generic_flush::SPECS,
    super::generic_keys::SPECS,
    super::generic_move::SPECS,
    super::generic_object::SPECS,
    super::generic_scan::SPECS,
    super::generic_sort::SPECS,
    super::hash_change::SPECS,
    super::hash_count::SPECS,
    super::hash_random::SPECS,
    super::hash_read::SPECS,
    super::geo_add::SPECS,
    super::geo_get::SPECS,
    super::geo_search::SPECS,
    super::hyperloglog::SPECS,
    super::hyperloglog_debug::SPECS,
    super::latency::SPECS,
    super::list_block::SPECS,
    super::list_change::SPECS,
    super::list_move::SPECS,
    super::list_pop::SPECS,
    super::list_push::SPECS,
    super::list_read::SPECS,
    super::lolwut::SPECS,
    super::memory::SPECS,
    super::migrate::SPECS,
    super::pubsub::SPECS,
    super::save::SPECS,
    super::set_algebra::SPECS,
    super::set_change::SPECS,
    super::set_random::SPECS,
    super::set_read::SPECS,
    super::stream_add::SPECS,
    super::stream_claim::SPECS,
    super::stream_group::SPECS,
    super::stream_info::SPECS,
    super::stream_pending::SPECS,
    super::stream_range::SPECS,
    super::stream_read::SPECS,
    super::string_change::SPECS,
    super::string_get::SPECS,
    super::string_lcs::SPECS,
    super::string_set::SPECS,
    super::transaction::SPECS,
    super::zset_add::SPECS,
    super::zset_block::SPECS,
    super::zset_combine::SPECS,
    super::zset_get::SPECS,
    super::zset_pop::SPECS,
    super::zset_random::SPECS,
    super::zset_range::SPECS,
    super::zset_remove::SPECS,
    super::zset_scan::SPECS,
];

/// A command of the table, or a subcommand.
#[derive(Debug)]
pub struct Entry {
    pub spec: &'static CommandSpec,
    /// `get`, or `config|get`.
    pub full_name: String,
    /// Position among all entries: the index into the per-command counts.
    pub index: usize,
    pub subcommands: Vec<Entry>,
}

impl Entry {
    /// The subcommand of this name.
    pub fn sub(&self, name: &[u8]) -> Option<&Entry> {
        self.subcommands.iter().find(|e| name.eq_ignore_ascii_case(e.spec.name.as_bytes()))
    }
}

/// The joined table.
pub struct Table {
    /// Sorted by name.
    pub entries: Vec<Entry>,
    by_name: HashMap<&'static [u8], usize, BuildHasherDefault<NameHasher>>,
    /// Entries and subcommands together.
    pub count: usize,
}

/// The longest command name, with some room.
const LONGEST: usize = 32;

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let mut specs: Vec<&'static CommandSpec> = GROUPS.iter().copied().flatten().collect();
    specs.sort_by_key(|s| s.name);
    let mut count = 0;
    let mut number = || {
        count += 1;
        count - 1
    };
    let entries: Vec<Entry> = specs
        .into_iter()
        .map(|spec| Entry {
            spec,
            full_name: spec.name.to_string(),
            index: number(),
            subcommands: spec
                .subcommands
                .iter()
                .map(|sub| Entry {
                    spec: sub,
                    full_name: format!("{}|{}", spec.name, sub.name),
                    index: number(),
                    subcommands: Vec::new(),
                })
                .collect(),
        })
        .collect();
    let by_name = entries.iter().enumerate().map(|(i, e)| (e.spec.name.as_bytes(), i)).collect();
    Table { entries, by_name, count }
});

/// The table of all commands.
pub fn table() -> &'static Table {
    &TABLE
}

/// The command of this name, in any case.
pub fn lookup(name: &[u8]) -> Option<&'static Entry> {
    let mut lower = [0u8; LONGEST];
    let lower = lower.get_mut(..name.len())?;
    lower.copy_from_slice(name);
    lower.make_ascii_lowercase();
    let table = table();
    table.by_name.get(&*lower).map(|&i| &table.entries[i])
}

/// Commands found lately, by their names as they were sent: a client sends the same few again and
/// again, and in the same case.
#[derive(Debug)]
pub struct Known {
    /// A name's bytes as a number, its length, what it names.
    places: [(u64, usize, Option<&'static Entry>); KNOWN],
}

/// Names that are kept: a power of two.
const KNOWN: usize = 64;

impl Default for Known {
    fn default() -> Known {
        Known { places: [(0, 0, None); KNOWN] }
    }
}

impl Known {
    /// The command of this name; `find` knows it for certain, and answers always the same.
    #[inline]
    pub fn lookup(
        &mut self,
        name: &[u8],
        find: impl FnOnce(&[u8]) -> Option<&'static Entry>,
    ) -> Option<&'static Entry> {
        let mut word = [0; 8];
        let Some(front) = word.get_mut(..name.len()) else { return find(name) };
        front.copy_from_slice(name);
        let word = u64::from_le_bytes(word);
        let at = (word.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 58) as usize % KNOWN;
        let (known, len, entry) = self.places[at];
        if known == word && len == name.len() && entry.is_some() {
            return entry;
        }
        let entry = find(name);
        if entry.is_some() {
            self.places[at] = (word, name.len(), entry);
        }
        entry
    }
}

/// FNV-1a: names are short, and the order must not depend on the process.
#[derive(Default)]
pub struct NameHasher(u64);

impl Hasher for NameHasher {
    fn finish(&self) -> u64 {
        self.0 ^ (self.0 >> 32)
    }

    fn write(&mut self, bytes: &[u8]) {
        for b in bytes {
            self.0 = (self.0 ^ u64::from(*b)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}
