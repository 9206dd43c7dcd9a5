//! Active expiry: keys whose time has come are taken out even if nobody asks for them.

use super::Engine;

/// Keys taken out in one cron run at most: a few milliseconds' work. What is left waits for the
/// next run; to whoever asks, it is gone already.
const KEYS_PER_RUN: usize = 2_000;

/// Segments of discarded data dropped in one cron run.
const SEGMENTS_PER_RUN: usize = 64;

/// Every cron run.
pub(super) fn cron(e: &mut Engine) {
    e.drop_garbage(SEGMENTS_PER_RUN);
    if e.is_replica() {
        expire_own(e);
    } else if e.keys.active_expire && e.pause_type().is_none() {
        expire_due(e);
    }
}

/// Takes out what is due, database by database; every key's DEL goes out on its own.
fn expire_due(e: &mut Engine) {
    let now_ms = e.now.wall_ms();
    let databases = e.keyspace.databases();
    let mut left = KEYS_PER_RUN;
    let began = e.host.micros();
    for step in 0..databases {
        let db = (e.keys.expire_db + step) % databases;
        let due = e.keyspace.db(db).expired_until(now_ms, left);
        for key in &due {
            e.expire_now(db, key);
        }
        left -= due.len();
        if left == 0 {
            // The next run begins here, so that one full database does not starve the others.
            e.keys.expire_db = (db + 1) % databases;
            e.stats.expired_time_cap_reached += 1;
            break;
        }
    }
    let took = e.host.micros().saturating_sub(began);
    e.latency_event("expire-cycle", took);
    e.propagate_each_alone();
}

/// A replica takes nothing out of what its master wrote. Keys whose expiry was set here (while
/// replica-read-only is no) are its own, though: no DEL will ever come for them.
fn expire_own(e: &mut Engine) {
    if e.keys.own_expires.is_empty() {
        return;
    }
    let now_ms = e.now.wall_ms();
    let mut keys = std::mem::take(&mut e.keys.own_expires);
    keys.retain(|(db, key)| {
        let Some(entry) = e.keyspace.db(*db).get(key) else { return false };
        if entry.is_expired(now_ms) {
            e.expire_now(*db, key);
            return false;
        }
        entry.expire_at().is_some()
    });
    e.keys.own_expires = keys;
    e.propagate_each_alone();
}
