//! Whole databases: FLUSHDB, FLUSHALL, SWAPDB.

use super::support::{DB_OUT_OF_RANGE, SYNTAX};
use crate::engine::Engine;
use crate::engine::call::flags::{FAST, WRITE};
use crate::engine::call::{Call, CommandSpec, Group, acl};
use crate::engine::persist;
use crate::observe::Fact;
use crate::wire::num::parse_i64;

const ALL: &[&str] = &["request_policy:all_shards", "response_policy:all_succeeded"];

pub(super) const SPECS: &[CommandSpec] = &[
    CommandSpec::new("flushdb", -1, flushdb, Group::Server, "1.0.0")
        .flags(WRITE)
        .acl(acl::KEYSPACE | acl::DANGEROUS)
        .tips(ALL),
    CommandSpec::new("flushall", -1, flushall, Group::Server, "1.0.0")
        .flags(WRITE)
        .acl(acl::KEYSPACE | acl::DANGEROUS)
        .tips(ALL),
    CommandSpec::new("swapdb", 3, swapdb, Group::Server, "4.0.0")
        .flags(WRITE | FAST)
        .acl(acl::KEYSPACE | acl::DANGEROUS),
];

/// Whether the data may go bit by bit; `None` after the error was replied.
fn lazily(e: &mut Engine, call: &Call<'_>) -> Option<bool> {
    match call.args.len() {
        1 => Some(e.config.lazyfree_lazy_user_flush),
        2 if call.is(1, "SYNC") => Some(false),
        2 if call.is(1, "ASYNC") => Some(true),
        _ => {
            e.reply.error(SYNTAX);
            None
        }
    }
}

fn flushdb(e: &mut Engine, call: &Call<'_>) {
    let Some(lazily) = lazily(e, call) else { return };
    e.flush_db(e.db, lazily);
    e.invalidate_all();
    e.fact(Fact::KeysSwept { db: Some(e.db as u32) });
    // Also if there was nothing: a replica may hold what we do not.
    e.propagate_verbatim();
    e.reply.ok();
}

fn flushall(e: &mut Engine, call: &Call<'_>) {
    let Some(lazily) = lazily(e, call) else { return };
    e.flush_all(lazily);
    persist::cancel_for_flush(e);
    e.propagate_verbatim();
    e.reply.ok();
}

fn swapdb(e: &mut Engine, call: &Call<'_>) {
    let mut indices = [0; 2];
    for (i, which) in ["first", "second"].into_iter().enumerate() {
        match parse_i64(call.arg(i + 1)).and_then(|n| i32::try_from(n).ok()) {
            Some(n) => indices[i] = n,
            None => return e.reply.error(format!("ERR invalid {which} DB index")),
        }
    }
    let databases = e.keyspace.databases();
    let [a, b] = indices.map(|n| usize::try_from(n).ok().filter(|n| *n < databases));
    let (Some(a), Some(b)) = (a, b) else { return e.reply.error(DB_OUT_OF_RANGE) };
    if a != b {
        e.keyspace.swap(a, b);
        e.spoil_watchers_of_swap(a, b);
        e.dbs_swapped(a, b);
        e.fact(Fact::DbsSwapped { a: a as u32, b: b as u32 });
    }
    e.dirty += 1;
    e.reply.ok();
}
