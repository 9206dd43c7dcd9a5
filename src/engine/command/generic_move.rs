//! Keys that go elsewhere: RENAME, RENAMENX, COPY, MOVE.

use super::support::{NO_SUCH_KEY, SAME_OBJECT, SYNTAX, db_index};
use crate::engine::Engine;
use crate::engine::call::flags::{DENYOOM, FAST, WRITE};
use crate::engine::call::{Call, CommandSpec, Group, KeySpec, acl};
use crate::engine::notify::class;
use crate::observe::GoneWhy;

pub(super) const SPECS: &[CommandSpec] = &[
    CommandSpec::new("rename", 3, rename, Group::Generic, "1.0.0")
        .flags(WRITE)
        .acl(acl::KEYSPACE)
        .keys(&[KeySpec::range("RW access delete", 1, 0, 1), KeySpec::range("OW update", 2, 0, 1)]),
    CommandSpec::new("renamenx", 3, renamenx, Group::Generic, "1.0.0")
        .flags(WRITE | FAST)
        .acl(acl::KEYSPACE)
        .keys(&[KeySpec::range("RW access delete", 1, 0, 1), KeySpec::range("OW insert", 2, 0, 1)]),
    CommandSpec::new("copy", -3, copy, Group::Generic, "6.2.0")
        .flags(WRITE | DENYOOM)
        .acl(acl::KEYSPACE)
        .keys(&[KeySpec::range("RO access", 1, 0, 1), KeySpec::range("OW update", 2, 0, 1)]),
    CommandSpec::new("move", 3, move_key, Group::Generic, "1.0.0")
        .flags(WRITE | FAST)
        .acl(acl::KEYSPACE)
        .keys(&[KeySpec::range("RW access update", 1, 0, 1)]),
];

fn rename(e: &mut Engine, call: &Call<'_>) {
    if rename_key(e, call, false).is_some() {
        e.reply.ok();
    }
}

fn renamenx(e: &mut Engine, call: &Call<'_>) {
    if let Some(renamed) = rename_key(e, call, true) {
        e.reply.int(i64::from(renamed));
    }
}

/// Whether the key has the new name now; `None` after an error was replied.
fn rename_key(e: &mut Engine, call: &Call<'_>, only_free: bool) -> Option<bool> {
    let (from, to) = (call.arg(1), call.arg(2));
    if e.lookup_write(from).is_none() {
        e.reply.error(NO_SUCH_KEY);
        return None;
    }
    if from == to || (e.lookup_write(to).is_some() && only_free) {
        return Some(false);
    }
    carry(e, (e.db, from), (e.db, to));
    e.notify(class::GENERIC, "rename_from", e.db, from);
    e.notify(class::GENERIC, "rename_to", e.db, to);
    Some(true)
}

fn move_key(e: &mut Engine, call: &Call<'_>) {
    let key = call.arg(1);
    let Some(to) = db_index(e, call.arg(2)) else { return };
    if to == e.db {
        return e.reply.error(SAME_OBJECT);
    }
    if e.lookup_write(key).is_none() || e.lookup_write_in(to, key).is_some() {
        return e.reply.int(0);
    }
    carry(e, (e.db, key), (to, key));
    e.notify(class::GENERIC, "move_from", e.db, key);
    e.notify(class::GENERIC, "move_to", to, key);
    e.reply.int(1);
}

/// Takes a key from one place, and puts it, value and expiry, to another; one change.
fn carry(e: &mut Engine, from: (usize, &[u8]), to: (usize, &[u8])) {
    let Some(entry) = e.remove_key_in(from.0, from.1, GoneWhy::Deleted) else { return };
    let (at, clock_s) = (entry.expire_at(), entry.accessed_s());
    e.place_key(to.0, to.1, entry.into_value(), clock_s);
    if at.is_some() {
        e.set_expire(to.0, to.1, at);
    }
    e.key_written(to.0, to.1);
    e.dirty += 1;
}

fn copy(e: &mut Engine, call: &Call<'_>) {
    let (from, to) = (call.arg(1), call.arg(2));
    let (mut to_db, mut replace) = (e.db, false);
    let mut at = 3;
    while at < call.args.len() {
        if call.is(at, "REPLACE") {
            replace = true;
        } else if call.is(at, "DB") && at + 1 < call.args.len() {
            let Some(index) = db_index(e, call.arg(at + 1)) else { return };
            to_db = index;
            at += 1;
        } else {
            return e.reply.error(SYNTAX);
        }
        at += 1;
    }
    if to_db == e.db && from == to {
        return e.reply.error(SAME_OBJECT);
    }
    let Some(value) = e.lookup_read(from) else { return e.reply.int(0) };
    let expire_at = e.keyspace.db(e.db).get(from).and_then(|entry| entry.expire_at());
    if e.lookup_write_in(to_db, to).is_some() && !replace {
        return e.reply.int(0);
    }
    let clock_s = e.clock_s();
    e.place_key(to_db, to, value, clock_s);
    if expire_at.is_some() {
        e.set_expire(to_db, to, expire_at);
    }
    e.key_written(to_db, to);
    e.notify(class::GENERIC, "copy_to", to_db, to);
    e.dirty += 1;
    e.reply.int(1);
}
