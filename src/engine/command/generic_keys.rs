//! Keys as such: deleted, counted, looked at, touched.

use crate::engine::Engine;
use crate::engine::call::flags::{FAST, READONLY, WRITE};
use crate::engine::call::{Call, CommandSpec, Group, KeySpec, acl};
use crate::engine::notify::class;

const SUMMED: &[&str] = &["request_policy:multi_shard", "response_policy:agg_sum"];

pub(super) const SPECS: &[CommandSpec] = &[
    CommandSpec::new("del", -2, del, Group::Generic, "1.0.0")
        .flags(WRITE)
        .acl(acl::KEYSPACE)
        .tips(SUMMED)
        .keys(&[KeySpec::range("RM delete", 1, -1, 1)]),
    CommandSpec::new("unlink", -2, del, Group::Generic, "4.0.0")
        .flags(WRITE | FAST)
        .acl(acl::KEYSPACE)
        .tips(SUMMED)
        .keys(&[KeySpec::range("RM delete", 1, -1, 1)]),
    CommandSpec::new("exists", -2, exists, Group::Generic, "1.0.0")
        .flags(READONLY | FAST)
        .acl(acl::KEYSPACE)
        .tips(SUMMED)
        .keys(&[KeySpec::range("RO", 1, -1, 1)]),
    CommandSpec::new("touch", -2, touch, Group::Generic, "3.2.1")
        .flags(READONLY | FAST)
        .acl(acl::KEYSPACE)
        .tips(SUMMED)
        .keys(&[KeySpec::range("RO", 1, -1, 1)]),
    CommandSpec::new("type", 2, type_of, Group::Generic, "1.0.0")
        .flags(READONLY | FAST)
        .acl(acl::KEYSPACE)
        .keys(&[KeySpec::range("RO", 1, 0, 1)]),
    CommandSpec::new("dbsize", 1, dbsize, Group::Server, "1.0.0")
        .flags(READONLY | FAST)
        .acl(acl::KEYSPACE)
        .tips(&["request_policy:all_shards", "response_policy:agg_sum"]),
];

/// DEL, and UNLINK: a string is given back in one step either way.
fn del(e: &mut Engine, call: &Call<'_>) {
    let mut gone = 0;
    for key in &call.args[1..] {
        e.expire_if_due(e.db, key, false);
        if e.delete_key(key) {
            e.notify(class::GENERIC, "del", e.db, key);
            gone += 1;
        }
    }
    e.reply.int(gone);
}

fn exists(e: &mut Engine, call: &Call<'_>) {
    let there = call.args[1..].iter().filter(|key| e.lookup_untouched(key).is_some()).count();
    e.reply.int(there as i64);
}

fn touch(e: &mut Engine, call: &Call<'_>) {
    let there = call.args[1..].iter().filter(|key| e.lookup_read(key).is_some()).count();
    e.reply.int(there as i64);
}

fn type_of(e: &mut Engine, call: &Call<'_>) {
    let name = e.lookup_untouched(call.arg(1)).map_or("none", |entry| entry.value().type_name());
    e.reply.simple(name);
}

fn dbsize(e: &mut Engine, _: &Call<'_>) {
    let len = e.keyspace.db(e.db).len();
    e.reply.int(len as i64);
}
