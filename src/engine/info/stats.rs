//! INFO's counters: stats, commandstats, errorstats.

use super::field;
use super::numbers::kbps;
use crate::engine::Engine;
use crate::engine::command::table::{self, Entry};
use crate::engine::pubsub::Sphere;
use crate::engine::stats::RateOf;
use std::fmt::Write;

pub(super) fn lines(e: &Engine, out: &mut String) {
    let s = &e.stats;
    field!(out, "total_connections_received", s.total_connections_received);
    field!(out, "total_commands_processed", s.total_commands_processed);
    field!(out, "instantaneous_ops_per_sec", s.rate(RateOf::Commands));
    field!(out, "total_net_input_bytes", s.total_net_input_bytes + s.total_net_repl_input_bytes);
    field!(out, "total_net_output_bytes", s.total_net_output_bytes + s.total_net_repl_output_bytes);
    field!(out, "total_net_repl_input_bytes", s.total_net_repl_input_bytes);
    field!(out, "total_net_repl_output_bytes", s.total_net_repl_output_bytes);
    field!(out, "instantaneous_input_kbps", kbps(s.rate(RateOf::Input)));
    field!(out, "instantaneous_output_kbps", kbps(s.rate(RateOf::Output)));
    field!(out, "instantaneous_input_repl_kbps", kbps(s.rate(RateOf::ReplInput)));
    field!(out, "instantaneous_output_repl_kbps", kbps(s.rate(RateOf::ReplOutput)));
    field!(out, "rejected_connections", s.rejected_connections);
    field!(out, "sync_full", s.sync_full);
    field!(out, "sync_partial_ok", s.sync_partial_ok);
    field!(out, "sync_partial_err", s.sync_partial_err);
    field!(out, "expired_keys", s.expired_keys);
    field!(out, "expired_stale_perc", "0.00");
    field!(out, "expired_time_cap_reached_count", s.expired_time_cap_reached);
    field!(out, "expire_cycle_cpu_milliseconds", 0);
    field!(out, "evicted_keys", s.evicted_keys);
    field!(out, "evicted_clients", s.evicted_clients);
    let (exceeded, current) = e.eviction_exceeded_ms();
    field!(out, "total_eviction_exceeded_time", exceeded);
    field!(out, "current_eviction_exceeded_time", current);
    field!(out, "keyspace_hits", s.keyspace_hits);
    field!(out, "keyspace_misses", s.keyspace_misses);
    field!(out, "pubsub_channels", e.pubsub.channels_len(Sphere::Global));
    field!(out, "pubsub_patterns", e.pubsub.patterns_len());
    field!(out, "pubsubshard_channels", e.pubsub.channels_len(Sphere::Shard));
    field!(out, "latest_fork_usec", 0);
    field!(out, "total_forks", s.total_forks);
    field!(out, "migrate_cached_sockets", 0);
    field!(out, "slave_expires_tracked_keys", 0);
    field!(out, "active_defrag_hits", 0);
    field!(out, "active_defrag_misses", 0);
    field!(out, "active_defrag_key_hits", 0);
    field!(out, "active_defrag_key_misses", 0);
    field!(out, "total_active_defrag_time", 0);
    field!(out, "current_active_defrag_time", 0);
    let [keys, items, prefixes] = e.tracking.totals();
    field!(out, "tracking_total_keys", keys);
    field!(out, "tracking_total_items", items);
    field!(out, "tracking_total_prefixes", prefixes);
    field!(out, "unexpected_error_replies", s.unexpected_error_replies);
    field!(out, "total_error_replies", s.total_error_replies);
    field!(out, "dump_payload_sanitizations", e.stats.sanitizations);
    field!(out, "total_reads_processed", s.total_reads_processed);
    field!(out, "total_writes_processed", s.total_writes_processed);
    field!(out, "io_threaded_reads_processed", 0);
    field!(out, "io_threaded_writes_processed", 0);
    field!(out, "reply_buffer_shrinks", 0);
    field!(out, "reply_buffer_expands", 0);
}

pub(super) fn commands(e: &Engine, out: &mut String) {
    for entry in &table::table().entries {
        command(e, entry, out);
        for sub in &entry.subcommands {
            command(e, sub, out);
        }
    }
}

fn command(e: &Engine, entry: &Entry, out: &mut String) {
    let Some(s) = e.stats.commands.get(entry.index) else { return };
    if s.calls + s.rejected + s.failed == 0 {
        return;
    }
    let each = if s.calls == 0 { 0.0 } else { s.usec as f64 / s.calls as f64 };
    let _ = write!(
        out,
        "cmdstat_{}:calls={},usec={},usec_per_call={each:.2},rejected_calls={},failed_calls={}\r\n",
        entry.full_name, s.calls, s.usec, s.rejected, s.failed
    );
}

pub(super) fn latencies(e: &Engine, out: &mut String) {
    if !e.config.latency_tracking {
        return;
    }
    let percentiles = e.config.latency_percentiles();
    for entry in &table::table().entries {
        for entry in std::iter::once(entry).chain(&entry.subcommands) {
            let Some(histogram) = e.stats.latencies.get(entry.index).and_then(Option::as_ref)
            else {
                continue;
            };
            let fields: Vec<String> = percentiles
                .iter()
                .map(|(word, percentile)| {
                    let ns = histogram.at_percentile(*percentile).unwrap_or(0);
                    format!("p{word}={:.3}", ns as f64 / 1000.0)
                })
                .collect();
            let _ = write!(
                out,
                "latency_percentiles_usec_{}:{}\r\n",
                entry.full_name,
                fields.join(",")
            );
        }
    }
}

pub(super) fn errors(e: &Engine, out: &mut String) {
    for (code, count) in &e.stats.errors {
        let _ = write!(out, "errorstat_{}:count={count}\r\n", String::from_utf8_lossy(code));
    }
}
