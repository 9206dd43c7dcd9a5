//! Entries added, deleted, trimmed.

use super::id::StreamId;
use super::log::{Log, NodeLimits};
use super::node::{Head, Items, SAME_FIELDS};
use crate::wire::listpack::Listpack;

/// No entry is greater than this, and no node either (bytes).
const MAX_NODE: usize = 1 << 30;
/// A new node has room for so many bytes, unless the limit is lower.
const FIRST_ROOM: usize = 512;

/// Which ID XADD asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NewId {
    /// `*`: of this time (Unix milliseconds), or behind the last one if the clock went back.
    Auto {
        now_ms: u64,
    },
    /// `ms-*`.
    AutoSeq {
        ms: u64,
    },
    Exact(StreamId),
}

/// Why an entry was not added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The ID would not be greater than the last one.
    NotAbove,
    /// The sequence number of `ms-*` has no successor.
    NoSeqLeft,
    /// The entry is too large.
    TooLarge,
}

/// Which entries are trimmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trim {
    /// The first ones, until so many are left.
    MaxLen(u64),
    /// Those below this ID.
    MinId(StreamId),
}

impl Log {
    /// Adds an entry of fields and values in turn; its ID.
    pub fn add(
        &mut self,
        id: NewId,
        words: &[&[u8]],
        limits: NodeLimits,
    ) -> Result<StreamId, Refused> {
        let id = self.choose(id)?;
        let size: usize = words.iter().map(|w| w.len()).sum();
        if size > MAX_NODE {
            return Err(Refused::TooLarge);
        }
        let fields = words.len() / 2;
        let last = self.nodes.last().map(|(master, pack)| (*master, is_full(pack, size, limits)));
        match last {
            Some((master, false)) => {
                self.change_last_node(|pack| append(pack, master, id, words));
            }
            full => {
                if full.is_some() {
                    self.change_last_node(Listpack::shrink_to_fit);
                }
                let room = if limits.max_bytes > 0 { limits.max_bytes } else { FIRST_ROOM };
                let mut pack = Listpack::with_capacity(room.min(FIRST_ROOM));
                pack.push_back_int(0);
                pack.push_back_int(0);
                pack.push_back_int(fields as i64);
                words.iter().step_by(2).for_each(|name| pack.push_back(name));
                pack.push_back_int(0);
                append(&mut pack, id, id, words);
                self.add_node(id, pack);
            }
        }
        self.len += 1;
        self.entries_added = self.entries_added.wrapping_add(1);
        self.last_id = id;
        if self.len == 1 {
            self.first_id = id;
        }
        Ok(id)
    }

    fn change_last_node(&mut self, change: impl FnOnce(&mut Listpack)) {
        if let Some(pack) = self.nodes.last_mut() {
            let before = pack.heap_bytes();
            let pack = std::sync::Arc::make_mut(pack);
            change(pack);
            self.node_bytes = (self.node_bytes + pack.heap_bytes()).saturating_sub(before);
        }
    }

    fn choose(&self, id: NewId) -> Result<StreamId, Refused> {
        let last = self.last_id;
        let id = match id {
            NewId::Exact(id) => id,
            NewId::AutoSeq { ms } if ms == last.ms => {
                let seq = last.seq.checked_add(1).ok_or(Refused::NoSeqLeft)?;
                StreamId { ms, seq }
            }
            NewId::AutoSeq { ms } => StreamId { ms, seq: 0 },
            NewId::Auto { now_ms } if now_ms > last.ms => StreamId { ms: now_ms, seq: 0 },
            NewId::Auto { .. } => last.next().ok_or(Refused::NotAbove)?,
        };
        if id > last { Ok(id) } else { Err(Refused::NotAbove) }
    }

    /// Deletes these entries; how many were there.
    pub fn delete(&mut self, ids: &[StreamId]) -> u64 {
        let (mut deleted, mut first) = (0, false);
        for id in ids {
            if self.delete_one(*id) {
                deleted += 1;
                first |= *id == self.first_id;
                self.max_deleted_id = self.max_deleted_id.max(*id);
            }
        }
        if deleted > 0 && (first || self.len == 0) {
            self.note_first();
        }
        deleted
    }

    fn delete_one(&mut self, id: StreamId) -> bool {
        let Some((&master, pack)) = self.nodes.iter_to(&id).next_back() else { return false };
        let Some(head) = Head::read(pack) else { return false };
        let (live, gone) = (head.live, head.deleted);
        let found = Items::new(master, pack)
            .and_then(|mut items| items.find(|e| e.id == id && !e.is_deleted()));
        let Some((at, flags)) = found.map(|e| (e.at, e.deleted_flags())) else { return false };
        if live <= 1 {
            self.remove_node(master);
        } else {
            self.change_node(master, |pack| {
                pack.replace_int(at, flags);
                set_counts(pack, live - 1, gone.saturating_add(1));
            });
        }
        self.len = self.len.saturating_sub(1);
        true
    }

    /// Takes entries out at the front; how many. `approximately`: whole nodes only. `limit`: stops
    /// before it would be more; 0: no limit.
    pub fn trim(&mut self, what: Trim, approximately: bool, limit: u64) -> u64 {
        let mut trimmed: u64 = 0;
        while let Some((&master, pack)) = self.nodes.first() {
            if matches!(what, Trim::MaxLen(max) if self.len <= max) {
                break;
            }
            let Some(head) = Head::read(pack) else { break };
            let (live, gone) = (head.live, head.deleted);
            let entries = u64::try_from(live).unwrap_or(0);
            if limit > 0 && trimmed.saturating_add(entries) > limit {
                break;
            }
            let whole = match what {
                Trim::MaxLen(max) => self.len.saturating_sub(entries) >= max,
                Trim::MinId(min) => Items::new(master, pack)
                    .and_then(|mut items| items.next_back())
                    .is_some_and(|last| last.id < min),
            };
            if whole {
                self.remove_node(master);
                self.len = self.len.saturating_sub(entries);
                trimmed += entries;
                continue;
            }
            if approximately {
                break;
            }
            let most = match what {
                Trim::MaxLen(max) => self.len - max,
                Trim::MinId(_) => u64::MAX,
            };
            let below = match what {
                Trim::MaxLen(_) => StreamId::MAX,
                Trim::MinId(min) => min,
            };
            let marked = self.change_node(master, |pack| {
                let n = mark_deleted(pack, master, most, below);
                set_counts(pack, live.saturating_sub(n as i64), gone.saturating_add(n as i64));
                n
            });
            let marked = marked.unwrap_or(0);
            self.len = self.len.saturating_sub(marked);
            trimmed += marked;
            break;
        }
        if trimmed > 0 || self.len == 0 {
            self.note_first();
        }
        trimmed
    }
}

/// Whether an entry of `size` bytes needs a new node.
fn is_full(pack: &Listpack, size: usize, limits: NodeLimits) -> bool {
    let max_bytes = match limits.max_bytes {
        0 => MAX_NODE,
        n => n.min(MAX_NODE),
    };
    if pack.byte_len().saturating_add(size) >= max_bytes {
        return true;
    }
    if limits.max_entries == 0 {
        return false;
    }
    let mut counts = pack.iter();
    let mut count = || counts.next().and_then(|n| n.int()).unwrap_or(0);
    count().saturating_add(count()) >= limits.max_entries
}

/// Appends an entry to a node and counts it.
fn append(pack: &mut Listpack, master: StreamId, id: StreamId, words: &[&[u8]]) {
    let fields = words.len() / 2;
    let Some(head) = Head::read(pack) else { return };
    let live = head.live;
    let same = head.fields == fields
        && head.names.clone().zip(words.iter().step_by(2)).all(|(name, word)| name.is(word));
    if let Some(first) = pack.first() {
        pack.replace_int(first, live.saturating_add(1));
    }
    pack.push_back_int(if same { SAME_FIELDS } else { 0 });
    pack.push_back_int(id.ms.wrapping_sub(master.ms) as i64);
    pack.push_back_int(id.seq.wrapping_sub(master.seq) as i64);
    if same {
        words.iter().skip(1).step_by(2).for_each(|value| pack.push_back(value));
        pack.push_back_int(fields as i64 + 3);
    } else {
        pack.push_back_int(fields as i64);
        words.iter().take(fields * 2).for_each(|word| pack.push_back(word));
        pack.push_back_int(fields as i64 * 2 + 4);
    }
}

/// Writes the numbers of entries that are there, and that are deleted.
fn set_counts(pack: &mut Listpack, live: i64, deleted: i64) {
    if let Some(first) = pack.first() {
        pack.replace_int(first, live);
        if let Some(second) = pack.next(first) {
            pack.replace_int(second, deleted);
        }
    }
}

/// Marks up to `most` entries below `below` as deleted; how many that were not before.
fn mark_deleted(pack: &mut Listpack, master: StreamId, most: u64, below: StreamId) -> u64 {
    let marks: Vec<_> = match Items::new(master, pack) {
        None => return 0,
        Some(items) => items
            .take_while(|e| e.id < below)
            .filter(|e| !e.is_deleted())
            .take(usize::try_from(most).unwrap_or(usize::MAX))
            .map(|e| (e.at, e.deleted_flags()))
            .collect(),
    };
    // Flags keep their size, so the places stay.
    marks.iter().for_each(|(at, flags)| pack.replace_int(*at, *flags));
    marks.len() as u64
}
