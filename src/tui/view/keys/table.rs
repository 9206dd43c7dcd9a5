//! All keys that are known by name anywhere, in the order in which they are shown: one pass over
//! every keyspace, because there may be thousands of them and sixteen of those.

use super::left_ms;
use crate::lab::model::{Instance, KeyView, Sight};
use crate::observe::{Now, Preview};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, btree_map};
use std::iter::Peekable;

/// A key of some instance.
pub struct Key<'a> {
    pub db: u32,
    pub name: &'a Preview,
    /// Its value is not the same in the whole tree.
    pub differs: bool,
    /// The second in which it was last written anywhere. Keys of a burst share it, and so they
    /// stand in the order of their names.
    written: u64,
}

/// The keys, and for each instance how many of its own are past their time.
pub struct Table<'a> {
    pub keys: Vec<Key<'a>>,
    pub over: Vec<usize>,
}

/// One instance's keys of one database, in order.
struct Head<'a> {
    keys: Peekable<btree_map::Iter<'a, Preview, KeyView>>,
    /// Its place among the instances; `None`: keys of a load that still runs.
    of: Option<usize>,
}

impl<'a> Table<'a> {
    /// `tree` tells of each instance whether it is compared with the others.
    pub fn of(instances: &[&'a Instance], tree: &[bool], now: Now) -> Table<'a> {
        let loads = |i: &&'a Instance| i.loading.as_ref().filter(|l| l.ended.is_none());
        let mut dbs: BTreeSet<u32> = instances.iter().flat_map(|i| i.dbs.keys().copied()).collect();
        dbs.extend(instances.iter().filter_map(loads).flat_map(|l| l.passed().keys().copied()));
        let mut table = Table { keys: Vec::new(), over: vec![0; instances.len()] };
        for db in dbs {
            let mut heads = Vec::new();
            for (n, i) in instances.iter().enumerate() {
                if let Some(db) = i.dbs.get(&db) {
                    heads.push(Head { keys: db.known.iter().peekable(), of: Some(n) });
                }
                if let Some(db) = loads(i).and_then(|l| l.passed().get(&db)) {
                    heads.push(Head { keys: db.known.iter().peekable(), of: None });
                }
            }
            // Only those that are up are compared; what is not known by name is no difference.
            let compared: Vec<(usize, bool)> = (0..instances.len())
                .filter(|n| tree[*n] && instances[*n].is_up())
                .map(|n| (n, is_whole(instances[n], db)))
                .collect();
            table.merge(db, heads, instances, &compared, now);
        }
        // Keys that differ come first, then those written last: they are what one looks for.
        table.keys.sort_by_cached_key(|k| (!k.differs, Reverse(k.written), k.db, k.name));
        table
    }

    fn merge(
        &mut self,
        db: u32,
        mut heads: Vec<Head<'a>>,
        instances: &[&'a Instance],
        compared: &[(usize, bool)],
        now: Now,
    ) {
        let mut values: Vec<Option<&'a KeyView>> = vec![None; instances.len()];
        while let Some(name) = heads.iter_mut().filter_map(|h| h.keys.peek().map(|(k, _)| *k)).min()
        {
            values.fill(None);
            let mut written = 0;
            for head in &mut heads {
                let Some((_, v)) = head.keys.next_if(|(k, _)| *k == name) else { continue };
                let Some(n) = head.of else { continue };
                values[n] = Some(v);
                if v.sight == Sight::Written {
                    written = written.max(v.changed.mono_us / 1_000_000);
                }
                if instances[n].is_up() && left_ms(now, v) == Some(0) {
                    self.over[n] += 1;
                }
            }
            let mut told = compared.iter().filter_map(|(n, whole)| match values[*n] {
                Some(v) => Some(Some((v.kind, &v.value))),
                None => whole.then_some(None),
            });
            let differs = told.next().is_some_and(|first| told.any(|v| v != first));
            self.keys.push(Key { db, name, differs, written });
        }
    }
}

/// Whether every key of a database is known by name, so that a missing one is missing.
pub fn is_whole(i: &Instance, db: u32) -> bool {
    i.dbs.get(&db).is_none_or(|d| d.is_whole())
}

/// The tree that each instance belongs to, by the master at its top.
pub fn roots(masters: &BTreeMap<u16, u16>, ports: impl Iterator<Item = u16>) -> Vec<u16> {
    ports
        .map(|port| {
            let mut at = port;
            // No chain is longer than the lab; a circle ends here, too.
            for _ in 0..masters.len() {
                match masters.get(&at) {
                    Some(master) => at = *master,
                    None => break,
                }
            }
            at
        })
        .collect()
}
