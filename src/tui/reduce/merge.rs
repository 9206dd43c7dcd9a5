//! The rows of one link, or of all links together, in the order of time.

use super::link::{LinkKey, Peer};
use super::links::Links;
use super::row::{LabDid, Row, RowKind};
use super::sequence::Sequence;
use std::collections::{BTreeMap, VecDeque};

/// Names a row: its link, and its index there, dropped rows counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowRef {
    pub link: LinkKey,
    pub row: u64,
}

/// A row at its place.
#[derive(Clone, Copy, Debug)]
pub struct Item<'a> {
    pub seq: &'a Sequence,
    pub index: u64,
    pub row: &'a Row,
    /// The row above it on the same link.
    pub before: Option<&'a Row>,
}

impl Item<'_> {
    pub fn name(&self) -> RowRef {
        RowRef { link: self.seq.key.clone(), row: self.index }
    }

    /// Whether this is the row with that name.
    pub fn is(&self, name: &RowRef) -> bool {
        self.index == name.row && self.seq.key == name.link
    }
}

/// Which links are merged, and one past the last row of each that is to be seen.
pub type Ends = BTreeMap<LinkKey, u64>;

/// Rows from the newest to the oldest.
pub struct NewestFirst<'a> {
    /// What is left of each link: one past the next row.
    left: Vec<(&'a Sequence, u64)>,
    /// Rows that were told lately, so that what concerns several links is told once.
    told: VecDeque<&'a Row>,
}

impl<'a> NewestFirst<'a> {
    pub fn new(links: &'a Links, ends: &Ends) -> NewestFirst<'a> {
        let left = ends
            .iter()
            .filter_map(|(key, end)| links.get(key).map(|seq| (seq, (*end).min(seq.end()))))
            .collect();
        NewestFirst { left, told: VecDeque::new() }
    }
}

impl<'a> Iterator for NewestFirst<'a> {
    type Item = Item<'a>;

    fn next(&mut self) -> Option<Item<'a>> {
        loop {
            let (_, at) = self
                .left
                .iter()
                .enumerate()
                .filter_map(|(i, (seq, end))| Some((row_at(seq, end.checked_sub(1)?)?.at, i)))
                .max_by_key(|(at, i)| (at.mono_us, *i))?;
            let (seq, end) = &mut self.left[at];
            *end -= 1;
            let (seq, index) = (*seq, *end);
            let Some(row) = row_at(seq, index) else { continue };
            if self.left.len() > 1 && is_shared(&row.kind) {
                if self.told.iter().any(|t| t.at == row.at && t.kind == row.kind) {
                    continue;
                }
                self.told.push_back(row);
                if self.told.len() > 32 {
                    self.told.pop_front();
                }
            }
            let before = index.checked_sub(1).and_then(|i| row_at(seq, i));
            return Some(Item { seq, index, row, before });
        }
    }
}

fn row_at(seq: &Sequence, index: u64) -> Option<&Row> {
    let i = usize::try_from(index.checked_sub(seq.dropped)?).ok()?;
    seq.rows.get(i)
}

/// Whether such a row is told on every link that it concerns.
fn is_shared(kind: &RowKind) -> bool {
    matches!(
        kind,
        RowKind::Role { .. }
            | RowKind::Ids { .. }
            | RowKind::Instance { .. }
            | RowKind::Snapshot { .. }
            | RowKind::Refused { .. }
            | RowKind::Failover { .. }
            | RowKind::Lab(LabDid::Frozen { .. } | LabDid::Slowed { .. } | LabDid::Stepping { .. })
    )
}

/// Everybody who takes part in these links: instances by port, then outside peers.
pub fn cast<'a>(keys: impl Iterator<Item = &'a LinkKey>) -> Vec<Peer> {
    let mut all: Vec<Peer> = keys.flat_map(|k| [k.master.clone(), k.replica.clone()]).collect();
    all.sort_by_key(|p| (p.host.clone(), p.port == 0, p.port));
    all.dedup();
    all
}
