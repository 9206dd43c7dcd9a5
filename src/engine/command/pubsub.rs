//! SUBSCRIBE and its kin, PUBLISH, PUBSUB.

use crate::engine::Engine;
use crate::engine::call::{Call, CommandSpec, Group, Handler, KeySpec, flags::*};
use crate::engine::pubsub::Sphere;

const SUBSCRIBER: u32 = PUBSUB | NOSCRIPT | LOADING | STALE;
const PUBLISHER: u32 = PUBSUB | LOADING | STALE | FAST | MAY_REPLICATE;
const SHARD_CHANNELS: &[KeySpec] = &[KeySpec::range("not_key", 1, -1, 1)];

pub(super) const SPECS: &[CommandSpec] = &[
    spec("subscribe", -2, subscribe, "2.0.0", SUBSCRIBER | SENTINEL),
    spec("unsubscribe", -1, unsubscribe, "2.0.0", SUBSCRIBER | SENTINEL),
    spec("psubscribe", -2, psubscribe, "2.0.0", SUBSCRIBER | SENTINEL),
    spec("punsubscribe", -1, punsubscribe, "2.0.0", SUBSCRIBER | SENTINEL),
    spec("ssubscribe", -2, ssubscribe, "7.0.0", SUBSCRIBER).keys(SHARD_CHANNELS),
    spec("sunsubscribe", -1, sunsubscribe, "7.0.0", SUBSCRIBER).keys(SHARD_CHANNELS),
    spec("publish", 3, publish, "2.0.0", PUBLISHER | SENTINEL),
    spec("spublish", 3, spublish, "7.0.0", PUBLISHER).keys(&[KeySpec::range("not_key", 1, 0, 1)]),
    spec("pubsub", -2, help, "2.8.0", 0).subcommands(SUBCOMMANDS),
];

const ASKING: u32 = PUBSUB | LOADING | STALE;

const SUBCOMMANDS: &[CommandSpec] = &[
    spec("channels", -2, |e, call| channels(e, call, Sphere::Global), "2.8.0", ASKING),
    spec("help", 2, help, "6.2.0", LOADING | STALE),
    spec("numpat", 2, numpat, "2.8.0", ASKING),
    spec("numsub", -2, |e, call| numsub(e, call, Sphere::Global), "2.8.0", ASKING),
    spec("shardchannels", -2, |e, call| channels(e, call, Sphere::Shard), "7.0.0", ASKING),
    spec("shardnumsub", -2, |e, call| numsub(e, call, Sphere::Shard), "7.0.0", ASKING),
];

const fn spec(
    name: &'static str,
    arity: i32,
    handler: Handler,
    since: &'static str,
    flags: u32,
) -> CommandSpec {
    CommandSpec::new(name, arity, handler, Group::PubSub, since).flags(flags)
}

/// Commands that a subscriber may still send in RESP2, where every answer could be a message. By
/// full name: SLOWLOG RESET is not RESET.
pub(crate) fn suits_subscriber(name: &str) -> bool {
    matches!(
        name,
        "subscribe"
            | "unsubscribe"
            | "psubscribe"
            | "punsubscribe"
            | "ssubscribe"
            | "sunsubscribe"
            | "ping"
            | "quit"
            | "reset"
    )
}

fn subscribe(e: &mut Engine, call: &Call<'_>) {
    for channel in &call.args[1..] {
        e.subscribe(call.conn, Sphere::Global, channel);
    }
}

fn ssubscribe(e: &mut Engine, call: &Call<'_>) {
    for channel in &call.args[1..] {
        e.subscribe(call.conn, Sphere::Shard, channel);
    }
}

fn psubscribe(e: &mut Engine, call: &Call<'_>) {
    for pattern in &call.args[1..] {
        e.psubscribe(call.conn, pattern);
    }
}

fn unsubscribe(e: &mut Engine, call: &Call<'_>) {
    end(e, call, Sphere::Global);
}

fn sunsubscribe(e: &mut Engine, call: &Call<'_>) {
    end(e, call, Sphere::Shard);
}

fn end(e: &mut Engine, call: &Call<'_>, sphere: Sphere) {
    if call.args.len() == 1 {
        e.unsubscribe_all(call.conn, sphere);
    }
    for channel in &call.args[1..] {
        e.unsubscribe(call.conn, sphere, channel);
    }
    e.settle_subscriptions(call.conn);
}

fn punsubscribe(e: &mut Engine, call: &Call<'_>) {
    if call.args.len() == 1 {
        e.punsubscribe_all(call.conn);
    }
    for pattern in &call.args[1..] {
        e.punsubscribe(call.conn, pattern);
    }
    e.settle_subscriptions(call.conn);
}

fn publish(e: &mut Engine, call: &Call<'_>) {
    send(e, call, Sphere::Global);
}

fn spublish(e: &mut Engine, call: &Call<'_>) {
    send(e, call, Sphere::Shard);
}

/// Replicas get it too: their own clients listen there.
fn send(e: &mut Engine, call: &Call<'_>, sphere: Sphere) {
    let receivers = e.publish(sphere, call.arg(1), call.arg(2));
    e.propagate_verbatim();
    e.reply.int(receivers as i64);
}

fn channels(e: &mut Engine, call: &Call<'_>, sphere: Sphere) {
    if call.args.len() > 3 {
        return e.wrong_subcommand(call);
    }
    let active = e.pubsub.active(sphere, call.args.get(2).copied());
    e.reply.array(active.len());
    for channel in active {
        e.reply.bulk(channel);
    }
}

fn numpat(e: &mut Engine, _call: &Call<'_>) {
    e.reply.int(e.pubsub.patterns_len() as i64);
}

fn numsub(e: &mut Engine, call: &Call<'_>, sphere: Sphere) {
    let names = &call.args[2..];
    // Redis announces an array of twice as many here, not a map.
    e.reply.array(names.len() * 2);
    for name in names {
        e.reply.bulk(name);
        e.reply.int(e.pubsub.listeners(sphere, name) as i64);
    }
}

fn help(e: &mut Engine, _call: &Call<'_>) {
    e.help(
        "PUBSUB",
        &[
            "CHANNELS [<pattern>]",
            "    Return the currently active channels matching a <pattern> (default: '*').",
            "NUMPAT",
            "    Return number of subscriptions to patterns.",
            "NUMSUB [<channel> ...]",
            "    Return the number of subscribers for the specified channels, excluding",
            "    pattern subscriptions(default: no channels).",
            "SHARDCHANNELS [<pattern>]",
            "    Return the currently active shard level channels matching a <pattern> (default: '*').",
            "SHARDNUMSUB [<shardchannel> ...]",
            "    Return the number of subscribers for the specified shard level channel(s)",
        ],
    );
}
