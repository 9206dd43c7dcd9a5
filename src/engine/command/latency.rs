//! LATENCY: how long commands took, and the events that the latency monitor kept.

use super::table::{self, Entry};
use crate::engine::Engine;
use crate::engine::call::{Call, CommandSpec, flags::*};
use crate::engine::latency::Histogram;

const PLAIN: u32 = ADMIN | NOSCRIPT | LOADING | STALE;

pub(super) const SPECS: &[CommandSpec] =
    &[CommandSpec::server("latency", -2, help, "2.8.13", 0).subcommands(LATENCY)];

const LATENCY: &[CommandSpec] = &[
    CommandSpec::server("doctor", 2, doctor, "2.8.13", PLAIN).tips(NODES),
    CommandSpec::server("graph", 3, graph, "2.8.13", PLAIN).tips(NODES),
    CommandSpec::server("help", 2, help, "2.8.13", LOADING | STALE),
    CommandSpec::server("history", 3, history, "2.8.13", PLAIN).tips(NODES),
    CommandSpec::server("histogram", -2, histogram, "7.0.0", PLAIN).tips(NODES),
    CommandSpec::server("latest", 2, latest, "2.8.13", PLAIN).tips(NODES),
    CommandSpec::server("reset", -2, reset, "2.8.13", PLAIN)
        .tips(&["request_policy:all_nodes", "response_policy:all_succeeded"]),
];

const NODES: &[&str] =
    &["nondeterministic_output", "request_policy:all_nodes", "response_policy:special"];

fn latest(e: &mut Engine, _call: &Call<'_>) {
    let events = &e.latency_events.by_name;
    e.reply.array(events.len());
    for (name, series) in events {
        let (at_s, ms) = series.samples.back().copied().unwrap_or_default();
        e.reply.array(4);
        e.reply.bulk_str(name);
        e.reply.int(at_s);
        e.reply.int(ms as i64);
        e.reply.int(series.worst_ms as i64);
    }
}

fn history(e: &mut Engine, call: &Call<'_>) {
    let series = event(call.arg(2)).and_then(|name| e.latency_events.by_name.get(name));
    let Some(series) = series else { return e.reply.array(0) };
    e.reply.array(series.samples.len());
    for (at_s, ms) in &series.samples {
        e.reply.array(2);
        e.reply.int(*at_s);
        e.reply.int(*ms as i64);
    }
}

/// An event's name; Redis looks these up in their own case only.
fn event(name: &[u8]) -> Option<&str> {
    std::str::from_utf8(name).ok()
}

fn reset(e: &mut Engine, call: &Call<'_>) {
    let events = &mut e.latency_events;
    let n = if call.args.len() == 2 {
        let n = events.by_name.len();
        events.by_name.clear();
        n
    } else {
        call.args[2..].iter().filter(|name| events.reset(name)).count()
    };
    e.reply.int(n as i64);
}

fn doctor(e: &mut Engine, _call: &Call<'_>) {
    let report = super::latency_doctor::report(e);
    e.reply.verbatim("txt", report.as_bytes());
}

fn graph(e: &mut Engine, call: &Call<'_>) {
    let name = event(call.arg(2));
    let found = name.and_then(|name| e.latency_events.by_name.get_key_value(name));
    if let Some((name, series)) = found {
        let graph = super::latency_graph::graph(name, series, e.now.wall_s());
        return e.reply.verbatim("txt", graph.as_bytes());
    }
    let mut text = b"ERR No samples available for event '".to_vec();
    text.extend_from_slice(call.arg(2));
    text.push(b'\'');
    e.reply.error(text);
}

fn help(e: &mut Engine, _call: &Call<'_>) {
    e.help(
        "LATENCY",
        &[
            "DOCTOR",
            "    Return a human readable latency analysis report.",
            "GRAPH <event>",
            "    Return an ASCII latency graph for the <event> class.",
            "HISTORY <event>",
            "    Return time-latency samples for the <event> class.",
            "LATEST",
            "    Return the latest latency samples for all events.",
            "RESET [<event> ...]",
            "    Reset latency data of one or more <event> classes.",
            "    (default: reset all data for all event classes)",
            "HISTOGRAM [COMMAND ...]",
            "    Return a cumulative distribution of latencies in the format of a histogram for the \
             specified command names.",
            "    If no commands are specified then all histograms are replied.",
        ],
    );
}

/// The histograms of the named commands and of all their subcommands, or of all commands.
fn histogram(e: &mut Engine, call: &Call<'_>) {
    let named: Vec<&'static Entry> = match call.args.get(2..) {
        None | Some([]) => table::table().entries.iter().collect(),
        Some(names) => names.iter().filter_map(|name| named(name)).collect(),
    };
    let found: Vec<(&str, Histogram)> = named
        .into_iter()
        .flat_map(|entry| std::iter::once(entry).chain(&entry.subcommands))
        .filter_map(|entry| {
            let histogram = e.stats.latencies.get(entry.index)?.as_deref()?;
            Some((entry.full_name.as_str(), histogram.clone()))
        })
        .collect();
    e.reply.map(found.len());
    for (name, histogram) in found {
        e.reply.bulk_str(name);
        e.reply.map(2);
        e.reply.bulk_str("calls");
        e.reply.int(histogram.total() as i64);
        e.reply.bulk_str("histogram_usec");
        let steps = histogram.cumulative();
        e.reply.map(steps.len());
        for (us, calls) in steps {
            e.reply.int(us as i64);
            e.reply.int(calls as i64);
        }
    }
}

/// The command `get`, or the subcommand `config|get`.
fn named(name: &[u8]) -> Option<&'static Entry> {
    let mut words = name.splitn(2, |b| *b == b'|');
    let entry = table::lookup(words.next()?)?;
    words.next().map_or(Some(entry), |sub| entry.sub(sub))
}
