//! MEMORY: what keys cost, and where the memory of the instance is.

use super::args::SYNTAX;
use crate::engine::call::{Call, CommandSpec, KeySpec, flags::*};
use crate::engine::{Engine, info};

pub(super) const SPECS: &[CommandSpec] =
    &[CommandSpec::server("memory", -2, help, "4.0.0", 0).subcommands(SUBCOMMANDS)];

const SPECIAL: &[&str] =
    &["nondeterministic_output", "request_policy:all_shards", "response_policy:special"];

const SUBCOMMANDS: &[CommandSpec] = &[
    CommandSpec::server("doctor", 2, doctor, "4.0.0", 0).tips(SPECIAL),
    CommandSpec::server("help", 2, help, "4.0.0", LOADING | STALE),
    CommandSpec::server("malloc-stats", 2, malloc_stats, "4.0.0", 0).tips(SPECIAL),
    CommandSpec::server("purge", 2, |e, _| e.reply.ok(), "4.0.0", 0)
        .tips(&["request_policy:all_shards", "response_policy:all_succeeded"]),
    CommandSpec::server("stats", 2, stats, "4.0.0", 0).tips(SPECIAL),
    CommandSpec::server("usage", -3, usage, "4.0.0", READONLY)
        .keys(&[KeySpec::range("RO", 2, 0, 1)]),
];

/// The account of a key is kept as it changes, so nothing has to be sampled: SAMPLES is read and
/// changes nothing.
fn usage(e: &mut Engine, call: &Call<'_>) {
    let mut i = 3;
    while i < call.args.len() {
        if !call.is(i, "samples") || i + 1 >= call.args.len() {
            return e.reply.error(SYNTAX);
        }
        let Some(samples) = e.int_arg(call.arg(i + 1)) else { return };
        if samples < 0 {
            return e.reply.error(SYNTAX);
        }
        i += 2;
    }
    match e.keyspace.db(e.db).get(call.arg(2)).map(|entry| entry.cost()) {
        Some(bytes) => e.reply.int(bytes as i64),
        None => e.reply.null(),
    }
}

fn stats(e: &mut Engine, _call: &Call<'_>) {
    let m = info::memory(e);
    let dbs: Vec<(usize, usize, usize)> = (0..e.keyspace.databases())
        .map(|i| (i, e.keyspace.db(i).frame_bytes()))
        .filter(|(i, _)| !e.keyspace.db(*i).is_empty())
        .map(|(i, (keys, expires))| (i, keys, expires))
        .collect();
    let frames: u64 = dbs.iter().map(|(_, keys, expires)| (keys + expires) as u64).sum();
    let keys: u64 = (0..e.keyspace.databases()).map(|i| e.keyspace.db(i).len() as u64).sum();
    let overhead = (m.used - m.data + frames).min(m.used);
    let dataset = m.used - overhead;
    let net = m.used - m.startup;
    let percent = |part: u64, of: u64| if of == 0 { 0.0 } else { part as f64 * 100.0 / of as f64 };
    let r = &mut e.reply;
    r.map(27 + dbs.len());
    for (name, n) in [
        ("peak.allocated", m.peak),
        ("total.allocated", m.used),
        ("startup.allocated", m.startup),
        ("replication.backlog", m.backlog),
        ("clients.slaves", m.replicas),
        ("clients.normal", m.clients),
        ("cluster.links", 0),
        ("aof.buffer", 0),
        ("lua.caches", 0),
        ("functions.caches", 0),
    ] {
        r.bulk_str(name);
        r.int(n as i64);
    }
    for (db, keys, expires) in dbs {
        r.bulk_str(&format!("db.{db}"));
        r.map(3);
        for (name, n) in [
            ("overhead.hashtable.main", keys),
            ("overhead.hashtable.expires", expires),
            ("overhead.hashtable.slot-to-keys", 0),
        ] {
            r.bulk_str(name);
            r.int(n as i64);
        }
    }
    for (name, n) in [
        ("overhead.total", overhead),
        ("keys.count", keys),
        ("keys.bytes-per-key", net.checked_div(keys).unwrap_or(0)),
        ("dataset.bytes", dataset),
    ] {
        r.bulk_str(name);
        r.int(n as i64);
    }
    for (name, d) in [
        ("dataset.percentage", percent(dataset, net)),
        ("peak.percentage", percent(m.used, m.peak)),
    ] {
        r.bulk_str(name);
        r.double(d);
    }
    for name in ["allocator.allocated", "allocator.active", "allocator.resident"] {
        r.bulk_str(name);
        r.int(m.used as i64);
    }
    // An instance is charged with what it uses: what the process has beyond that is not its own.
    for (ratio, bytes) in [
        ("allocator-fragmentation.ratio", "allocator-fragmentation.bytes"),
        ("allocator-rss.ratio", "allocator-rss.bytes"),
        ("rss-overhead.ratio", "rss-overhead.bytes"),
        ("fragmentation", "fragmentation.bytes"),
    ] {
        r.bulk_str(ratio);
        r.double(1.0);
        r.bulk_str(bytes);
        r.int(0);
    }
}

/// Below this Redis's doctor finds nothing to look at.
const ALMOST_EMPTY: u64 = 5 << 20;

fn doctor(e: &mut Engine, _call: &Call<'_>) {
    let m = info::memory(e);
    let replicas = e.clients.iter().filter(|c| c.is_replica()).count() as u64;
    let others = (e.clients.len() as u64 - replicas).max(1);
    let mut found = Vec::new();
    if m.peak > m.used + m.used / 2 {
        found.push(
            "Peak memory: this instance once used more than 150% of what it uses now. That is \
             harmless; the memory is used again when the data grows.",
        );
    }
    if replicas > 0 && m.replicas > 10 << 20 {
        found.push(
            "Big replica buffers: more than 10MB wait for the replicas. One of them reads too \
             slowly: INFO replication tells its lag, CLIENT LIST its buffer.",
        );
    }
    if m.clients / others > 200 * 1024 {
        found.push(
            "Big client buffers: more than 200K wait for a client on average. CLIENT LIST tells \
             which clients do not read their replies or messages.",
        );
    }
    let text = if m.used < ALMOST_EMPTY {
        "Hi Sam, this instance is empty or is using very little memory, my issues detector can't be \
         used in these conditions. Please, leave for your mission on Earth and fill it with some \
         data. The new Sam and I will be back to our programming as soon as I finished rebooting.\n"
            .to_owned()
    } else if found.is_empty() {
        "Hi Sam, I can't find any memory issue in your instance. I can only account for what occurs \
         on this base.\n"
            .to_owned()
    } else {
        let lines: String = found.iter().map(|line| format!(" * {line}\n\n")).collect();
        format!(
            "Sam, I detected a few issues in this Redis instance memory implants:\n\n{lines}I'm here \
             to keep you safe, Sam. I want to help you.\n"
        )
    };
    e.reply.verbatim("txt", text.as_bytes());
}

/// What redis-server says where its allocator keeps no statistics.
fn malloc_stats(e: &mut Engine, _call: &Call<'_>) {
    e.reply.bulk_str("Stats not supported for the current allocator");
}

fn help(e: &mut Engine, _call: &Call<'_>) {
    e.help(
        "MEMORY",
        &[
            "DOCTOR",
            "    Return memory problems reports.",
            "MALLOC-STATS",
            "    Return internal statistics report from the memory allocator.",
            "PURGE",
            "    Attempt to purge dirty pages for reclamation by the allocator.",
            "STATS",
            "    Return information about the memory usage of the server.",
            "USAGE <key> [SAMPLES <count>]",
            "    Return memory in bytes used by <key> and its value. Nested values are",
            "    sampled up to <count> times (default: 5, 0 means sample all).",
        ],
    );
}
