//! A large zset: the tree that holds the order, and the table that knows each member's score.

use super::member::Member;
use super::tree::{Elem, Iter, Tree};
use crate::engine::keyspace::{HashSeed, Item, Table};

/// A member in the table, with its score.
#[derive(Clone, Debug)]
pub struct Scored {
    member: Member,
    score: f64,
}

impl Scored {
    /// The member.
    pub fn member(&self) -> &Member {
        &self.member
    }

    /// Its score.
    pub fn score(&self) -> f64 {
        self.score
    }
}

impl Item for Scored {
    fn name(&self) -> &[u8] {
        self.member.bytes()
    }
}

/// Pairs in order, and by member.
#[derive(Clone, Debug)]
pub struct Sorted {
    tree: Tree,
    table: Table<Scored>,
    /// What the members' allocations cost.
    member_bytes: usize,
}

impl Sorted {
    /// Without pairs; `seed` keys the table's hash function.
    pub fn new(seed: HashSeed) -> Sorted {
        Sorted { tree: Tree::default(), table: Table::new(seed), member_bytes: 0 }
    }

    /// How many pairs it holds.
    pub fn len(&self) -> usize {
        self.tree.len()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.tree.is_empty()
    }

    /// The pairs upwards from this rank.
    pub fn iter_from(&self, rank: usize) -> Iter<'_> {
        self.tree.iter_from(rank)
    }

    /// The pairs downwards from this rank: the order that Redis saves them in.
    pub fn iter_down_from(&self, rank: usize) -> Iter<'_> {
        self.tree.iter_down_from(rank)
    }

    /// The table that knows each member's score.
    pub fn members(&self) -> &Table<Scored> {
        &self.table
    }

    pub(super) fn tree(&self) -> &Tree {
        &self.tree
    }

    pub(super) fn table(&self) -> &Table<Scored> {
        &self.table
    }

    /// The score of a member.
    pub fn score(&self, member: &[u8]) -> Option<f64> {
        self.table.get(member).map(|s| s.score)
    }

    /// How many pairs stand before this member's.
    pub fn rank(&self, member: &[u8]) -> Option<usize> {
        self.score(member).map(|score| self.tree.rank(score, member))
    }

    /// Puts a pair in; `false`, and nothing else, if the member is there.
    pub fn insert(&mut self, member: &[u8], score: f64) -> bool {
        if self.table.get(member).is_some() {
            return false;
        }
        self.insert_new(member, score);
        true
    }

    /// Puts a pair in whose member is not there.
    pub(super) fn insert_new(&mut self, bytes: &[u8], score: f64) {
        let member = Member::new(bytes);
        self.member_bytes += Member::heap_bytes(bytes.len());
        self.tree.insert(Elem { score, member: member.clone() });
        self.table.insert(Scored { member, score });
    }

    /// Gives a member that is there another score.
    pub(super) fn change_score(&mut self, bytes: &[u8], to: f64) {
        let Some(scored) = self.table.get_mut(bytes) else { return };
        let from = std::mem::replace(&mut scored.score, to);
        let member = scored.member.clone();
        self.tree.remove(from, bytes);
        self.tree.insert(Elem { score: to, member });
    }

    /// Takes a member out; whether it was there.
    pub fn remove(&mut self, member: &[u8]) -> bool {
        let Some(gone) = self.table.remove(member) else { return false };
        self.tree.remove(gone.score, member);
        self.member_bytes -= Member::heap_bytes(member.len());
        true
    }

    /// Takes out the pair at this rank.
    pub(super) fn remove_at(&mut self, rank: usize) -> Option<Elem> {
        let gone = self.tree.remove_at(rank)?;
        let bytes = gone.member.bytes();
        self.table.remove(bytes);
        self.member_bytes -= Member::heap_bytes(bytes.len());
        Some(gone)
    }

    /// Empties it.
    pub(super) fn clear(&mut self) {
        *self = Sorted::new(self.table.seed());
    }

    /// Bytes on the heap: an estimate, never a walk.
    pub fn heap_bytes(&self) -> usize {
        let table = self.len() * (size_of::<Scored>() + size_of::<u64>());
        let frames = size_of::<Sorted>() + 16 + self.table.frame_bytes();
        frames + table + table / 8 + self.tree.heap_bytes() + self.member_bytes
    }

    #[cfg(test)]
    pub(super) fn check(&self) {
        self.tree.check();
        self.table.check();
        assert_eq!(self.tree.len(), self.table.len());
        let mut bytes = 0;
        for pair in self.tree.iter_from(0) {
            let member = pair.member.bytes();
            let known = self.score(member).expect("in the table");
            assert_eq!(known.to_bits(), pair.score.to_bits());
            bytes += Member::heap_bytes(member.len());
        }
        assert_eq!(bytes, self.member_bytes);
    }
}
