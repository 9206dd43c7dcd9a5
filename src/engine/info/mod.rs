//! INFO: what an instance tells about itself, in Redis 7.0's sections, order and field names.

mod memory;
mod numbers;
mod stats;

pub(crate) use memory::{MemoryPeak, memory};

use super::life::REDIS_VERSION;
use super::{Engine, persist, replication};
use std::fmt::Write;

/// A part of INFO: its names, its title, its lines, and whether `INFO` alone shows it.
struct Section {
    names: &'static [&'static str],
    title: &'static str,
    by_default: bool,
    lines: fn(&Engine, &mut String),
}

const SECTIONS: &[Section] = &[
    section(&["server"], "Server", true, server),
    section(&["clients"], "Clients", true, clients),
    section(&["memory"], "Memory", true, memory::lines),
    section(&["persistence"], "Persistence", true, persist::info_lines),
    section(&["stats"], "Stats", true, stats::lines),
    section(&["replication"], "Replication", true, replication::info_lines),
    section(&["cpu"], "CPU", true, cpu),
    section(&["module_list", "modules"], "Modules", true, |_, _| {}),
    section(&["commandstats"], "Commandstats", false, stats::commands),
    section(&["errorstats"], "Errorstats", true, stats::errors),
    section(&["latencystats"], "Latencystats", false, stats::latencies),
    section(&["cluster"], "Cluster", true, |_, out| out.push_str("cluster_enabled:0\r\n")),
    section(&["keyspace"], "Keyspace", true, keyspace),
];

const fn section(
    names: &'static [&'static str],
    title: &'static str,
    by_default: bool,
    lines: fn(&Engine, &mut String),
) -> Section {
    Section { names, title, by_default, lines }
}

/// INFO's text for these section names (none: the default ones).
pub(crate) fn text(e: &Engine, names: &[&[u8]]) -> String {
    let asked = |name: &str| names.iter().any(|n| n.eq_ignore_ascii_case(name.as_bytes()));
    let all = asked("all") || asked("everything");
    let default = names.is_empty() || asked("default");
    let mut out = String::with_capacity(4096);
    for s in SECTIONS {
        if all || (default && s.by_default) || s.names.iter().any(|n| asked(n)) {
            if !out.is_empty() {
                out.push_str("\r\n");
            }
            let _ = write!(out, "# {}\r\n", s.title);
            (s.lines)(e, &mut out);
        }
    }
    out
}

/// Writes `name:value` and the line's end.
macro_rules! field {
    ($out:expr, $name:literal, $($value:tt)+) => {
        let _ = write!($out, concat!($name, ":{}\r\n"), $($value)+);
    };
}
pub(crate) use field;

fn server(e: &Engine, out: &mut String) {
    let up = (e.now.mono_us - e.started.mono_us.min(e.now.mono_us)) / 1_000_000;
    field!(out, "redis_version", REDIS_VERSION);
    field!(out, "redis_git_sha1", "00000000");
    field!(out, "redis_git_dirty", 0);
    field!(out, "redis_build_id", "0");
    field!(out, "redis_mode", "standalone");
    field!(out, "os", e.boot.os);
    field!(out, "arch_bits", 64);
    field!(out, "monotonic_clock", "POSIX clock_gettime");
    field!(out, "multiplexing_api", "epoll");
    field!(out, "atomicvar_api", "c11-builtin");
    field!(out, "gcc_version", "0.0.0");
    field!(out, "process_id", e.boot.pid);
    field!(out, "process_supervised", "no");
    field!(out, "run_id", e.boot.run_id);
    field!(out, "tcp_port", e.boot.port);
    field!(out, "server_time_usec", e.now.wall_us);
    field!(out, "uptime_in_seconds", up);
    field!(out, "uptime_in_days", up / 86400);
    field!(out, "hz", e.config.hz);
    field!(out, "configured_hz", e.config.hz);
    field!(out, "lru_clock", e.now.wall_s() & 0xff_ffff);
    field!(out, "executable", e.boot.executable);
    field!(out, "config_file", e.boot.config_file.as_deref().unwrap_or(""));
    field!(out, "io_threads_active", 0);
    if let Some(ms) = e.shutdown_in_ms() {
        field!(out, "shutdown_in_milliseconds", ms);
    }
}

fn clients(e: &Engine, out: &mut String) {
    let connected = e.clients.iter().filter(|c| !c.is_replica()).count();
    let blocked = e.clients.iter().filter(|c| c.blocked.is_some()).count();
    let timed =
        e.clients.iter().filter(|c| c.blocked.as_ref().is_some_and(|b| b.deadline_us().is_some()));
    let input = e.clients.iter().map(|c| c.query.waiting().len()).max().unwrap_or(0);
    let output = e.clients.iter().filter(|c| !c.is_replica()).map(|c| c.out.len()).max();
    field!(out, "connected_clients", connected);
    field!(out, "cluster_connections", 0);
    field!(out, "maxclients", e.config.maxclients);
    field!(out, "client_recent_max_input_buffer", input);
    field!(out, "client_recent_max_output_buffer", output.unwrap_or(0));
    field!(out, "blocked_clients", blocked);
    field!(out, "tracking_clients", e.tracking.clients());
    field!(out, "clients_in_timeout_table", timed.count());
}

fn cpu(e: &Engine, out: &mut String) {
    let (sys, user) = (e.cpu_us.0 as f64 / 1e6, e.cpu_us.1 as f64 / 1e6);
    field!(out, "used_cpu_sys", format_args!("{sys:.6}"));
    field!(out, "used_cpu_user", format_args!("{user:.6}"));
    field!(out, "used_cpu_sys_children", "0.000000");
    field!(out, "used_cpu_user_children", "0.000000");
    field!(out, "used_cpu_sys_main_thread", format_args!("{sys:.6}"));
    field!(out, "used_cpu_user_main_thread", format_args!("{user:.6}"));
}

fn keyspace(e: &Engine, out: &mut String) {
    for index in 0..e.keyspace.databases() {
        let db = e.keyspace.db(index);
        if !db.is_empty() {
            let _ = write!(
                out,
                "db{index}:keys={},expires={},avg_ttl={}\r\n",
                db.len(),
                db.expires_len(),
                db.avg_ttl_ms(e.now.wall_ms()),
            );
        }
    }
}
