//! OBJECT: how a value is kept.

use crate::engine::Engine;
use crate::engine::call::flags::{LOADING, READONLY, STALE};
use crate::engine::call::{Call, CommandSpec, Group, Handler, KeySpec, acl};

const KEY: &[KeySpec] = &[KeySpec::range("RO", 2, 0, 1)];

const fn asker(name: &'static str, handler: Handler, since: &'static str) -> CommandSpec {
    CommandSpec::new(name, 3, handler, Group::Generic, since)
        .flags(READONLY)
        .acl(acl::KEYSPACE)
        .tips(&["nondeterministic_output"])
        .keys(KEY)
}

pub(super) const SPECS: &[CommandSpec] =
    &[CommandSpec::new("object", -2, help, Group::Generic, "2.2.3").subcommands(&[
        asker("encoding", encoding, "2.2.3"),
        asker("freq", freq, "4.0.0"),
        CommandSpec::new("help", 2, help, Group::Generic, "6.2.0")
            .flags(LOADING | STALE)
            .acl(acl::KEYSPACE),
        asker("idletime", idletime, "2.2.3"),
        asker("refcount", refcount, "2.2.3"),
    ])];

fn encoding(e: &mut Engine, call: &Call<'_>) {
    match e.lookup_untouched(call.arg(2)).map(|entry| entry.value().encoding()) {
        Some(name) => e.reply.bulk_str(name),
        None => e.reply.null(),
    }
}

fn refcount(e: &mut Engine, call: &Call<'_>) {
    // Shared numbers have one clock for all keys, so Redis shares none where a policy looks at it.
    let policy = e.config.maxmemory_policy;
    let alone = e.config.maxmemory > 0 && (policy.counts_uses() || policy.counts_idleness());
    match e.lookup_untouched(call.arg(2)).map(|entry| entry.value().refcount()) {
        Some(_) if alone => e.reply.int(1),
        Some(n) => e.reply.int(n),
        None => e.reply.null(),
    }
}

fn idletime(e: &mut Engine, call: &Call<'_>) {
    let clock_s = e.clock_s();
    let idle_s = e.lookup_untouched(call.arg(2)).map(|entry| entry.idle_s(clock_s));
    match idle_s {
        None => e.reply.null(),
        Some(_) if e.counting().is_some() => e.reply.error(
            "ERR An LFU maxmemory policy is selected, idle time not tracked. Please note that when \
             switching between policies at runtime LRU and LFU data will take some time to adjust.",
        ),
        Some(idle_s) => e.reply.int(i64::from(idle_s)),
    }
}

fn freq(e: &mut Engine, call: &Call<'_>) {
    let (clock_s, counting) = (e.clock_s(), e.counting());
    let Some(entry) = e.lookup_untouched(call.arg(2)) else { return e.reply.null() };
    match counting.map(|counting| counting.counter(entry, clock_s)) {
        Some(counter) => e.reply.int(i64::from(counter)),
        None => e.reply.error(
            "ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please \
             note that when switching between policies at runtime LRU and LFU data will take some \
             time to adjust.",
        ),
    }
}

fn help(e: &mut Engine, _: &Call<'_>) {
    e.help(
        "OBJECT",
        &[
            "ENCODING <key>",
            "    Return the kind of internal representation used in order to store the value",
            "    associated with a <key>.",
            "FREQ <key>",
            "    Return the access frequency index of the <key>. The returned integer is",
            "    proportional to the logarithm of the recent access frequency of the key.",
            "IDLETIME <key>",
            "    Return the idle time of the <key>, that is the approximated number of",
            "    seconds elapsed since the last access to the key.",
            "REFCOUNT <key>",
            "    Return the number of references of the value associated with the specified",
            "    <key>.",
        ],
    );
}
