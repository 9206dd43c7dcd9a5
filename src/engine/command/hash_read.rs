//! What is in a hash: single fields, all of them, how many and how long they are.

use super::collection_scan::{self, Scan};
use super::support::elem;
use crate::engine::Engine;
use crate::engine::call::flags::{FAST, READONLY};
use crate::engine::call::{Call, CommandSpec, Group, Handler, KeySpec, acl};
use crate::engine::types::Hash;

const READ: &[KeySpec] = &[KeySpec::range("RO access", 1, 0, 1)];
const ASKED: &[KeySpec] = &[KeySpec::range("RO", 1, 0, 1)];

const fn quick(
    name: &'static str,
    arity: i32,
    handler: Handler,
    keys: &'static [KeySpec],
    since: &'static str,
) -> CommandSpec {
    CommandSpec::new(name, arity, handler, Group::Hash, since)
        .flags(READONLY | FAST)
        .acl(acl::HASH)
        .keys(keys)
}

const fn whole(name: &'static str, handler: Handler) -> CommandSpec {
    CommandSpec::new(name, 2, handler, Group::Hash, "2.0.0")
        .flags(READONLY)
        .acl(acl::HASH)
        .tips(&["nondeterministic_output_order"])
        .keys(READ)
}

pub(super) const SPECS: &[CommandSpec] = &[
    quick("hget", 3, hget, READ, "2.0.0"),
    quick("hmget", -3, hmget, READ, "2.0.0"),
    quick("hexists", 3, hexists, ASKED, "2.0.0"),
    quick("hlen", 2, hlen, ASKED, "2.0.0"),
    quick("hstrlen", 3, hstrlen, ASKED, "3.2.0"),
    whole("hgetall", hgetall),
    whole("hkeys", hkeys),
    whole("hvals", hvals),
    CommandSpec::new("hscan", -3, hscan, Group::Hash, "2.8.0")
        .flags(READONLY)
        .acl(acl::HASH)
        .tips(&["nondeterministic_output"])
        .keys(READ),
];

fn hget(e: &mut Engine, call: &Call<'_>) {
    let _ = e.reading::<Hash, _>(call.arg(1), |hash, reply| {
        match hash.and_then(|hash| hash.get(call.arg(2))) {
            Some(value) => elem(reply, value),
            None => reply.null(),
        }
    });
}

fn hmget(e: &mut Engine, call: &Call<'_>) {
    let fields = &call.args[2..];
    let _ = e.reading::<Hash, _>(call.arg(1), |hash, reply| {
        reply.array(fields.len());
        for field in fields {
            match hash.and_then(|hash| hash.get(field)) {
                Some(value) => elem(reply, value),
                None => reply.null(),
            }
        }
    });
}

fn hexists(e: &mut Engine, call: &Call<'_>) {
    let _ = e.reading::<Hash, _>(call.arg(1), |hash, reply| {
        reply.int(i64::from(hash.is_some_and(|hash| hash.get(call.arg(2)).is_some())));
    });
}

fn hlen(e: &mut Engine, call: &Call<'_>) {
    let _ = e.reading::<Hash, _>(call.arg(1), |hash, reply| {
        reply.int(hash.map_or(0, Hash::len) as i64);
    });
}

fn hstrlen(e: &mut Engine, call: &Call<'_>) {
    let _ = e.reading::<Hash, _>(call.arg(1), |hash, reply| {
        let value = hash.and_then(|hash| hash.get(call.arg(2)));
        reply.int(value.map_or(0, |value| value.text_len()) as i64);
    });
}

fn hgetall(e: &mut Engine, call: &Call<'_>) {
    let _ = e.reading::<Hash, _>(call.arg(1), |hash, reply| {
        let Some(hash) = hash else { return reply.map(0) };
        reply.map(hash.len());
        for (field, value) in hash.iter() {
            elem(reply, field);
            elem(reply, value);
        }
    });
}

fn hkeys(e: &mut Engine, call: &Call<'_>) {
    let _ = e.reading::<Hash, _>(call.arg(1), |hash, reply| {
        let Some(hash) = hash else { return reply.array(0) };
        reply.array(hash.len());
        hash.iter().for_each(|(field, _)| elem(reply, field));
    });
}

fn hvals(e: &mut Engine, call: &Call<'_>) {
    let _ = e.reading::<Hash, _>(call.arg(1), |hash, reply| {
        let Some(hash) = hash else { return reply.array(0) };
        reply.array(hash.len());
        hash.iter().for_each(|(_, value)| elem(reply, value));
    });
}

fn hscan(e: &mut Engine, call: &Call<'_>) {
    let Some(from) = collection_scan::cursor_arg(e, call.arg(2)) else { return };
    let _ = e.reading::<Hash, _>(call.arg(1), |hash, reply| {
        let Some(hash) = hash else { return collection_scan::empty(reply) };
        let Some(scan) = Scan::read(call, reply) else { return };
        let mut met = Vec::new();
        let next = hash.scan(from, scan.count, |field, value| {
            if field.with_text(|text| scan.wants(text)) {
                met.extend([field, value]);
            }
        });
        collection_scan::head(reply, next, met.len());
        for word in met {
            elem(reply, word);
        }
    });
}
