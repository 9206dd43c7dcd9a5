//! What each one knows: the keyspaces side by side, differences marked by a sign and by words.

use super::{plain, table, tree, wanted};
use crate::console::units::{count, plural, span_us};
use crate::lab::model::{Db, Instance, KeyView, Model};
use crate::observe::{AnswerLine, Preview};
use std::collections::BTreeSet;

/// So many keys are listed; the rest is counted.
const LISTED: usize = 40;
/// Columns of a name and of a value.
const NAME: usize = 24;
const VALUE: usize = 20;
/// So many instances stand side by side; the others follow below.
const ABREAST: usize = 5;

pub fn lines(model: &Model, only: &[u16]) -> Vec<AnswerLine> {
    let instances: Vec<&Instance> =
        model.instances.values().filter(|i| wanted(only, &[i.port])).collect();
    if instances.is_empty() {
        return vec![plain("no instance yet")];
    }
    let mut names: BTreeSet<(u32, &Preview)> = BTreeSet::new();
    for i in &instances {
        for (db, d) in &i.dbs {
            names.extend(d.known.keys().map(|k| (*db, k)));
        }
    }
    let now_ms = model.now.wall_us / 1000;
    let differs = |db: u32, key: &Preview| differs(model, &instances, db, key);
    // Keys that differ come first: they are what one looks for.
    let mut ordered: Vec<(bool, u32, &Preview)> =
        names.iter().map(|(db, k)| (differs(*db, k), *db, *k)).collect();
    ordered.sort_by_key(|(d, db, k)| (!*d, *db, *k));
    let mut out: Vec<AnswerLine> = Vec::new();
    for abreast in instances.chunks(ABREAST) {
        let mut rows = vec![head(abreast), totals(abreast)];
        for (differs, db, key) in ordered.iter().take(LISTED) {
            let sign = if *differs { "≠" } else { "=" };
            let db_name = if *db == 0 { String::new() } else { format!("db{db} ") };
            let name = table::clip(&format!("{db_name}{key}"), NAME);
            let mut row = vec![format!("{sign} {name}")];
            row.extend(abreast.iter().map(|i| cell(i, *db, key, now_ms)));
            rows.push(row);
        }
        out.extend(table::rows(&rows).into_iter().map(plain));
    }
    let differing = ordered.iter().filter(|(d, ..)| *d).count() as u64;
    if ordered.is_empty() {
        out.push(plain("no key is known by name"));
    } else if ordered.len() > LISTED {
        let left = (ordered.len() - LISTED) as u64;
        out.push(plain(format!("… and {} more known by name", plural(left, "key"))));
    }
    let most = instances.iter().map(|i| i.keys_total()).max().unwrap_or(0);
    if most > ordered.len() as u64 && !ordered.is_empty() {
        let known = count(ordered.len() as u64);
        out.push(plain(format!("of up to {}, {known} are known by name", plural(most, "key"))));
    }
    if !ordered.is_empty() {
        out.push(plain(match differing {
            0 => "no difference between those that share a history".to_owned(),
            n => format!("{} between those that share a history", plural(n, "difference")),
        }));
    }
    out
}

fn head(instances: &[&Instance]) -> Vec<String> {
    let mut row = vec!["  key".to_owned()];
    row.extend(instances.iter().map(|i| {
        use crate::observe::Role;
        let what = match (i.is_up(), i.role) {
            (false, _) => "down",
            (true, Role::Master) => "master",
            (true, Role::Replica) => "replica",
        };
        format!("{} {what}", i.port)
    }));
    row
}

fn totals(instances: &[&Instance]) -> Vec<String> {
    let mut row = vec!["  in all".to_owned()];
    row.extend(instances.iter().map(|i| plural(i.keys_total(), "key")));
    row
}

/// Value and expiry. A key past its time that still lies there is said to: a replica keeps it
/// until its master's DEL comes, and answers as if it were gone.
fn cell(i: &Instance, db: u32, key: &Preview, now_ms: i64) -> String {
    let Some(view) = view(i, db, key) else {
        let whole = i.dbs.get(&db).is_none_or(Db::is_whole);
        return if whole { "(none)" } else { "(not known)" }.to_owned();
    };
    let value = table::clip(&view.shown(), VALUE);
    match view.expire_at_ms {
        None => value,
        Some(at) if at > now_ms => {
            let us = u64::try_from(at - now_ms).unwrap_or(0).saturating_mul(1000);
            format!("{value} (expires in {})", span_us(us))
        }
        Some(_) => format!("{value} (expired, still kept)"),
    }
}

fn view<'a>(i: &'a Instance, db: u32, key: &Preview) -> Option<&'a KeyView> {
    i.dbs.get(&db)?.known.get(key)
}

/// Whether two instances of one tree disagree about a key, as far as is known.
fn differs(model: &Model, instances: &[&Instance], db: u32, key: &Preview) -> bool {
    /// Value and expiry; none: there is no such key.
    type Held = Option<(String, Option<i64>)>;
    let mut by_root: Vec<(u16, Held)> = Vec::new();
    for i in instances.iter().filter(|i| i.is_up()) {
        let mine = match view(i, db, key) {
            Some(v) => Some((v.shown(), v.expire_at_ms)),
            None if i.dbs.get(&db).is_none_or(Db::is_whole) => None,
            // It may be there: nobody told.
            None => continue,
        };
        by_root.push((tree::root(model, i.port), mine));
    }
    by_root.iter().any(|(root, mine)| by_root.iter().any(|(r, other)| r == root && other != mine))
}
