//! XINFO: what a stream, its groups and their consumers are like.

use super::stream_args::{bulk_id, counted, entries, entry, error_with};
use super::support::NO_SUCH_KEY;
use crate::engine::Engine;
use crate::engine::call::flags::{LOADING, READONLY, STALE};
use crate::engine::call::{Call, CommandSpec, Group as Kind, KeySpec, acl};
use crate::engine::types::Stream;
use crate::engine::types::stream::{Consumer, Group, Log};
use crate::wire::reply::ReplyWriter;

const READ: &[KeySpec] = &[KeySpec::range("RO access", 2, 0, 1)];

pub(super) const SPECS: &[CommandSpec] =
    &[CommandSpec::new("xinfo", -2, help, Kind::Stream, "5.0.0").subcommands(&[
        CommandSpec::new("consumers", 4, consumers, Kind::Stream, "5.0.0")
            .flags(READONLY)
            .acl(acl::STREAM)
            .tips(&["nondeterministic_output"])
            .keys(READ),
        CommandSpec::new("groups", 3, groups, Kind::Stream, "5.0.0")
            .flags(READONLY)
            .acl(acl::STREAM)
            .keys(READ),
        CommandSpec::new("stream", -3, stream, Kind::Stream, "5.0.0")
            .flags(READONLY)
            .acl(acl::STREAM)
            .keys(READ),
        CommandSpec::new("help", 2, help, Kind::Stream, "5.0.0")
            .flags(LOADING | STALE)
            .acl(acl::STREAM),
    ])];

fn help(e: &mut Engine, _: &Call<'_>) {
    e.help(
        "XINFO",
        &[
            "CONSUMERS <key> <groupname>",
            "    Show consumers of <groupname>.",
            "GROUPS <key>",
            "    Show the stream consumer groups.",
            "STREAM <key> [FULL [COUNT <count>]",
            "    Show information about the stream.",
        ],
    );
}

/// Shows the stream to `show`; an error is replied if there is none.
fn with_stream(e: &mut Engine, key: &[u8], show: impl FnOnce(&Stream, &mut ReplyWriter)) {
    let _ = e.reading::<Stream, _>(key, |s, reply| match s {
        Some(s) => show(s, reply),
        None => reply.error(NO_SUCH_KEY),
    });
}

fn consumers(e: &mut Engine, call: &Call<'_>) {
    let (key, name, now_ms) = (call.arg(2), call.arg(3), e.now.wall_ms());
    let mut found = true;
    with_stream(e, key, |s, reply| {
        let Some(group) = s.group(name) else {
            found = false;
            return;
        };
        reply.array(group.consumers_len());
        for (name, consumer) in group.consumers() {
            reply.map(3);
            reply.bulk_str("name");
            reply.bulk(name);
            reply.bulk_str("pending");
            reply.int(consumer.pending_len() as i64);
            reply.bulk_str("idle");
            reply.int(now_ms.wrapping_sub(consumer.seen_ms).max(0));
        }
    });
    if !found {
        error_with(e, "NOGROUP No such consumer group '%' for key name '%'", &[name, key]);
    }
}

fn groups(e: &mut Engine, call: &Call<'_>) {
    with_stream(e, call.arg(2), |s, reply| {
        reply.array(s.groups_len());
        for (name, group) in s.groups() {
            reply.map(6);
            reply.bulk_str("name");
            reply.bulk(name);
            reply.bulk_str("consumers");
            reply.int(group.consumers_len() as i64);
            reply.bulk_str("pending");
            reply.int(group.pending_len() as i64);
            position(reply, s.log(), group);
        }
    });
}

/// How far a group has read: three pairs.
fn position(reply: &mut ReplyWriter, log: &Log, group: &Group) {
    let int_or_null = |reply: &mut ReplyWriter, n: Option<i64>| match n {
        Some(n) => reply.int(n),
        None => reply.null(),
    };
    reply.bulk_str("last-delivered-id");
    bulk_id(reply, group.last_id);
    reply.bulk_str("entries-read");
    int_or_null(reply, group.entries_read.map(|n| n as i64));
    reply.bulk_str("lag");
    int_or_null(reply, log.lag(group));
}

fn stream(e: &mut Engine, call: &Call<'_>) {
    let words = call.args.len();
    let full = call.is(3, "full") && (words == 4 || words == 6 && call.is(4, "count"));
    let mut wrong = false;
    with_stream(e, call.arg(2), |s, reply| {
        if words == 3 {
            head(reply, s.log(), 10);
            return brief(reply, s);
        }
        if !full {
            wrong = true;
            return;
        }
        let mut count = 10;
        if words == 6 {
            match crate::wire::num::parse_i64(call.arg(5)) {
                Some(n) => count = usize::try_from(n).unwrap_or(10),
                None => return reply.error(super::args::NOT_AN_INTEGER),
            }
        }
        head(reply, s.log(), 9);
        reply.bulk_str("entries");
        entries(reply, s.log().iter(), count);
        reply.bulk_str("groups");
        reply.array(s.groups_len());
        for (name, group) in s.groups() {
            full_group(reply, s.log(), name, group, count);
        }
    });
    if wrong {
        e.wrong_subcommand(call);
    }
}

/// What both forms begin with.
fn head(reply: &mut ReplyWriter, log: &Log, pairs: usize) {
    reply.map(pairs);
    reply.bulk_str("length");
    reply.int(log.len() as i64);
    reply.bulk_str("radix-tree-keys");
    reply.int(log.node_count() as i64);
    reply.bulk_str("radix-tree-nodes");
    reply.int(log.radix_nodes() as i64);
    reply.bulk_str("last-generated-id");
    bulk_id(reply, log.last_id());
    reply.bulk_str("max-deleted-entry-id");
    bulk_id(reply, log.max_deleted_id());
    reply.bulk_str("entries-added");
    reply.int(log.entries_added() as i64);
    reply.bulk_str("recorded-first-entry-id");
    bulk_id(reply, log.first_id());
}

fn brief(reply: &mut ReplyWriter, s: &Stream) {
    reply.bulk_str("groups");
    reply.int(s.groups_len() as i64);
    let edges =
        [("first-entry", s.log().iter().next()), ("last-entry", s.log().iter().next_back())];
    for (name, found) in edges {
        reply.bulk_str(name);
        match found {
            Some(found) => entry(reply, &found),
            None => reply.null(),
        }
    }
}

fn full_group(reply: &mut ReplyWriter, log: &Log, name: &[u8], group: &Group, count: usize) {
    let most = if count == 0 { usize::MAX } else { count };
    reply.map(7);
    reply.bulk_str("name");
    reply.bulk(name);
    position(reply, log, group);
    reply.bulk_str("pel-count");
    reply.int(group.pending_len() as i64);
    reply.bulk_str("pending");
    counted(reply, |reply| {
        let mut n = 0;
        for (id, pending) in group.pending().take(most) {
            reply.array(4);
            bulk_id(reply, *id);
            reply.bulk(&pending.consumer);
            reply.int(pending.delivered_ms);
            reply.int(pending.count as i64);
            n += 1;
        }
        n
    });
    reply.bulk_str("consumers");
    reply.array(group.consumers_len());
    for (name, consumer) in group.consumers() {
        full_consumer(reply, group, name, consumer, most);
    }
}

fn full_consumer(
    reply: &mut ReplyWriter,
    group: &Group,
    name: &[u8],
    consumer: &Consumer,
    most: usize,
) {
    reply.map(4);
    reply.bulk_str("name");
    reply.bulk(name);
    reply.bulk_str("seen-time");
    reply.int(consumer.seen_ms);
    reply.bulk_str("pel-count");
    reply.int(consumer.pending_len() as i64);
    reply.bulk_str("pending");
    counted(reply, |reply| {
        let mut n = 0;
        for id in consumer.pending_ids().take(most) {
            let Some(pending) = group.pending_entry(id) else { continue };
            reply.array(3);
            bulk_id(reply, id);
            reply.int(pending.delivered_ms);
            reply.int(pending.count as i64);
            n += 1;
        }
        n
    });
}
