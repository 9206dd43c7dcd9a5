//! Snapshots, loads, the stream and the keys of one instance.

use super::Here;
use crate::lab::model::history::{History, MomentKind};
use crate::lab::model::{Db, Instance, KeyView, Loading, Sight, Snapshot};
use crate::observe::{Fact, Now, Preview};

pub(super) fn apply(i: &mut Instance, history: &mut History, here: Here, fact: &Fact) {
    let Here { at, seq, port } = here;
    match fact {
        Fact::SnapshotBegan { target, offset, keys } => {
            i.snapshot = Some(Snapshot {
                target: *target,
                offset: *offset,
                keys_total: *keys,
                keys_done: 0,
                bytes: 0,
                since: at,
                ended: None,
            });
        }
        Fact::SnapshotProgress { keys_done, keys_total, bytes } => {
            if let Some(s) = &mut i.snapshot {
                (s.keys_done, s.keys_total, s.bytes) = (*keys_done, *keys_total, *bytes);
            }
        }
        Fact::SnapshotEnded { target, ok, keys, bytes, .. } => {
            if let Some(s) = &mut i.snapshot {
                (s.keys_done, s.bytes) = (*keys, *bytes);
                s.ended = Some((at, *ok));
            }
            i.counters.snapshots += u64::from(*ok);
            history.push(
                seq,
                at,
                MomentKind::SnapshotEnded {
                    port,
                    target: *target,
                    ok: *ok,
                    keys: *keys,
                    bytes: *bytes,
                },
            );
        }
        Fact::LoadBegan { from_link, total } => {
            i.loading = Some(Loading {
                from_link: *from_link,
                total: *total,
                keys: 0,
                since: at,
                ended: None,
                staged: Default::default(),
            });
        }
        Fact::RdbKey { db, key, kind, value, expire_at_ms, .. } => {
            if let Some(l) = i.loading.as_mut().filter(|l| l.ended.is_none()) {
                l.keys += 1;
                let mut view = view(value, *expire_at_ms, at, seq, Sight::Loaded);
                view.kind = *kind;
                l.staged.entry(*db).or_default().put(key.clone(), view);
            }
        }
        Fact::LoadEnded { ok, keys, .. } => load_ended(i, at, *ok, *keys),
        Fact::Propagated { from, to, .. } => {
            i.offset = *to;
            i.counters.propagated += 1;
            i.counters.propagated_bytes += (*to - *from + 1).max(0) as u64;
        }
        Fact::Applied { to, .. } => {
            i.offset = *to;
            i.counters.applied += 1;
            i.upstream.last_io = Some(at);
        }
        Fact::BacklogMoved { first, histlen, size } => {
            i.backlog.first = *first;
            i.backlog.histlen = *histlen;
            i.backlog.size = *size;
            // Pings and GETACKs move the stream as well; the window's end knows of them.
            if *size > 0 {
                i.offset = i.backlog.last();
            }
        }
        Fact::KeyWritten { db, key, kind, value, expire_at_ms } => {
            let mut view = view(value, *expire_at_ms, at, seq, Sight::Written);
            view.kind = *kind;
            i.dbs.entry(*db).or_default().put(key.clone(), view);
        }
        Fact::KeyGone { db, key, .. } => {
            if let Some(db) = i.dbs.get_mut(db) {
                db.known.remove(key);
            }
        }
        Fact::KeysSwept { db } => match db {
            Some(db) => i.dbs.entry(*db).or_default().sweep(),
            None => {
                i.dbs.values_mut().for_each(Db::sweep);
                i.keys_untold = None;
            }
        },
        Fact::DbsSwapped { a, b } => {
            let was_a = i.dbs.remove(a).unwrap_or_default();
            let was_b = i.dbs.remove(b).unwrap_or_default();
            i.dbs.insert(*a, was_b);
            i.dbs.insert(*b, was_a);
        }
        Fact::DbSize { db, keys, expires } => {
            let db = i.dbs.entry(*db).or_default();
            (db.keys, db.expires) = (*keys, *expires);
        }
        Fact::Summary { commands, propagated, propagated_bytes, applied, key_changes, offset } => {
            if *key_changes > 0 {
                i.keys_untold = Some(at);
            }
            i.counters.commands += commands;
            i.counters.propagated += propagated;
            i.counters.propagated_bytes += propagated_bytes;
            i.counters.applied += applied;
            i.offset = *offset;
        }
        _ => {}
    }
}

fn view(value: &Preview, expire_at_ms: Option<i64>, at: Now, seq: u64, sight: Sight) -> KeyView {
    KeyView {
        kind: Default::default(),
        value: value.clone(),
        expire_at_ms,
        changed: at,
        seq,
        sight,
    }
}

/// The loaded keys take the place of the old ones at once; the sizes are told by `DbSize`.
fn load_ended(i: &mut Instance, at: Now, ok: bool, keys: u64) {
    let Some(l) = &mut i.loading else { return };
    l.ended = Some((at, ok));
    l.keys = keys;
    let staged = std::mem::take(&mut l.staged);
    if !ok {
        return;
    }
    for db in i.dbs.values_mut() {
        db.known.clear();
    }
    i.keys_untold = None;
    for (n, db) in staged {
        i.dbs.entry(n).or_default().known = db.known;
    }
}
