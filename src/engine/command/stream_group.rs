//! XGROUP: consumer groups and their consumers.

use super::stream_args::{bound_arg, error_with, id_arg};
use crate::engine::Engine;
use crate::engine::call::flags::{DENYOOM, LOADING, STALE, WRITE};
use crate::engine::call::{Call, CommandSpec, Group as Kind, Handler, KeySpec, acl};
use crate::engine::notify::class;
use crate::engine::types::Stream;
use crate::engine::types::stream::{Group, StreamId};

const INSERTED: &[KeySpec] = &[KeySpec::range("RW insert", 2, 0, 1)];
const UPDATED: &[KeySpec] = &[KeySpec::range("RW update", 2, 0, 1)];
const DELETED: &[KeySpec] = &[KeySpec::range("RW delete", 2, 0, 1)];

pub(super) const SPECS: &[CommandSpec] =
    &[CommandSpec::new("xgroup", -2, help, Kind::Stream, "5.0.0").subcommands(&[
        sub("create", -5, create, "5.0.0", DENYOOM, INSERTED),
        sub("setid", -5, setid, "5.0.0", 0, UPDATED),
        sub("destroy", 4, destroy, "5.0.0", 0, DELETED),
        sub("createconsumer", 5, createconsumer, "6.2.0", DENYOOM, INSERTED),
        sub("delconsumer", 5, delconsumer, "5.0.0", 0, DELETED),
        CommandSpec::new("help", 2, help, Kind::Stream, "5.0.0")
            .flags(LOADING | STALE)
            .acl(acl::STREAM),
    ])];

const fn sub(
    name: &'static str,
    arity: i32,
    handler: Handler,
    since: &'static str,
    flags: u32,
    keys: &'static [KeySpec],
) -> CommandSpec {
    CommandSpec::new(name, arity, handler, Kind::Stream, since)
        .flags(WRITE | flags)
        .acl(acl::STREAM)
        .keys(keys)
}

fn help(e: &mut Engine, _: &Call<'_>) {
    e.help(
        "XGROUP",
        &[
            "CREATE <key> <groupname> <id|$> [option]",
            "    Create a new consumer group. Options are:",
            "    * MKSTREAM",
            "      Create the empty stream if it does not exist.",
            "    * ENTRIESREAD entries_read",
            "      Set the group's entries_read counter (internal use).",
            "CREATECONSUMER <key> <groupname> <consumer>",
            "    Create a new consumer in the specified group.",
            "DELCONSUMER <key> <groupname> <consumer>",
            "    Remove the specified consumer.",
            "DESTROY <key> <groupname>",
            "    Remove the specified group.",
            "SETID <key> <groupname> <id|$> [ENTRIESREAD entries_read]",
            "    Set the current group ID and entries_read counter.",
        ],
    );
}

/// The options behind the ID.
#[derive(Clone, Copy, Debug, Default)]
struct Options {
    mkstream: bool,
    entries_read: Option<u64>,
}

/// Reads them, or replies an error.
fn options(e: &mut Engine, call: &Call<'_>, creates: bool) -> Option<Options> {
    let mut o = Options::default();
    let mut at = 5;
    while at < call.args.len() {
        if creates && call.is(at, "mkstream") {
            o.mkstream = true;
            at += 1;
        } else if call.is(at, "entriesread") && at + 1 < call.args.len() {
            let n = e.int_arg(call.arg(at + 1))?;
            if n < -1 {
                e.reply.error("ERR value for ENTRIESREAD must be positive or -1");
                return None;
            }
            o.entries_read = u64::try_from(n).ok();
            at += 2;
        } else {
            e.wrong_subcommand(call);
            return None;
        }
    }
    Some(o)
}

/// Whether the key holds a stream; where it must, an error was replied if it does not.
fn stream_there(e: &mut Engine, call: &Call<'_>, must: bool) -> Option<bool> {
    let there = e.holds::<Stream>(call.arg(2)).ok()?;
    if must && !there {
        e.reply.error(
            "ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may \
             want to use the MKSTREAM option to create an empty stream automatically.",
        );
        return None;
    }
    Some(there)
}

/// Whether the group is there; the error was replied if not.
fn group_there(e: &mut Engine, call: &Call<'_>) -> bool {
    let (key, name) = (call.arg(2), call.arg(3));
    let there = e.changing::<Stream, _>(key, |s| s.group(name).is_some()).unwrap_or(false);
    if !there {
        error_with(e, "NOGROUP No such consumer group '%' for key name '%'", &[name, key]);
    }
    there
}

fn last_id(e: &mut Engine, key: &[u8]) -> StreamId {
    e.changing::<Stream, _>(key, |s| s.log().last_id()).unwrap_or_default()
}

fn create(e: &mut Engine, call: &Call<'_>) {
    let (key, name) = (call.arg(2), call.arg(3));
    let Some(o) = options(e, call, true) else { return };
    let Some(there) = stream_there(e, call, !o.mkstream) else { return };
    if call.args.len() > 8 {
        return e.wrong_subcommand(call);
    }
    let id = match call.arg(4) {
        b"$" => last_id(e, key),
        word => match id_arg(e, word, 0) {
            Some(id) => id,
            None => return,
        },
    };
    let group = Group::new(id, o.entries_read);
    if there {
        if e.changing::<Stream, _>(key, |s| s.create_group(name, group)) != Some(true) {
            return e.reply.error("BUSYGROUP Consumer Group name already exists");
        }
        e.dirty += 1;
    } else {
        let mut stream = Stream::new();
        stream.create_group(name, group);
        e.create(key, stream);
        e.touched(key);
    }
    e.reply.ok();
    e.notify(class::STREAM, "xgroup-create", e.db, key);
}

fn setid(e: &mut Engine, call: &Call<'_>) {
    let (key, name) = (call.arg(2), call.arg(3));
    let Some(o) = options(e, call, false) else { return };
    if stream_there(e, call, true).is_none() || !group_there(e, call) {
        return;
    }
    if !matches!(call.args.len(), 5 | 7) {
        return e.wrong_subcommand(call);
    }
    let id = match call.arg(4) {
        b"$" => last_id(e, key),
        word => match bound_arg(e, word, 0) {
            Some(id) => id,
            None => return,
        },
    };
    e.changing::<Stream, _>(key, |s| {
        s.change_group(name, |group, _| {
            group.last_id = id;
            group.entries_read = o.entries_read;
        })
    });
    e.reply.ok();
    e.dirty += 1;
    e.notify(class::STREAM, "xgroup-setid", e.db, key);
}

fn destroy(e: &mut Engine, call: &Call<'_>) {
    let (key, name) = (call.arg(2), call.arg(3));
    if stream_there(e, call, true).is_none() {
        return;
    }
    let gone = e.changing::<Stream, _>(key, |s| s.destroy_group(name)).unwrap_or(false);
    if gone {
        e.dirty += 1;
        e.notify(class::STREAM, "xgroup-destroy", e.db, key);
        // Those who wait as members of the group learn of it.
        e.key_ready(e.db, key);
    }
    e.reply.int(gone.into());
}

fn createconsumer(e: &mut Engine, call: &Call<'_>) {
    let (key, name, consumer) = (call.arg(2), call.arg(3), call.arg(4));
    if stream_there(e, call, true).is_none() || !group_there(e, call) {
        return;
    }
    let now_ms = e.now.wall_ms();
    let created = e.changing::<Stream, _>(key, |s| {
        s.change_group(name, |group, _| group.create_consumer(consumer, now_ms))
    });
    let created = created.flatten() == Some(true);
    if created {
        e.dirty += 1;
        e.notify(class::STREAM, "xgroup-createconsumer", e.db, key);
    }
    e.reply.int(created.into());
}

fn delconsumer(e: &mut Engine, call: &Call<'_>) {
    let (key, name, consumer) = (call.arg(2), call.arg(3), call.arg(4));
    if stream_there(e, call, true).is_none() || !group_there(e, call) {
        return;
    }
    let gone = e.changing::<Stream, _>(key, |s| {
        s.change_group(name, |group, _| group.delete_consumer(consumer))
    });
    let pending = gone.flatten().flatten();
    if pending.is_some() {
        e.dirty += 1;
        e.notify(class::STREAM, "xgroup-delconsumer", e.db, key);
    }
    e.reply.int(pending.unwrap_or(0) as i64);
}
