//! Every directive of redis.conf 7.0: the settings that this server acts on.

use super::directive::{Bounds, Directive, Kept, Kind, Place, Special, Unit, When, words_of};
use super::{Config, Words, table_data, table_kept};
use std::sync::LazyLock;

pub(super) const IMMUTABLE: u8 = 1;
pub(super) const PROTECTED: u8 = 2;
pub(super) const DENY_LOADING: u8 = 4;
pub(super) const HIDDEN: u8 = 8;
pub(super) const SECRET: u8 = 16;

pub(super) const INT: i128 = i32::MAX as i128;
pub(super) const INT_MIN: i128 = i32::MIN as i128;
pub(super) const UINT: i128 = u32::MAX as i128;
pub(super) const LONG: i128 = i64::MAX as i128;
pub(super) const ULONG: i128 = u64::MAX as i128;

/// A field of the configuration as a place.
macro_rules! at {
    ($field:ident) => {
        Place { get: |c: &Config| &c.$field, set: |c: &mut Config| &mut c.$field }
    };
}
pub(super) use at;

/// A field whose type is a list of words.
macro_rules! word {
    ($field:ident) => {{
        fn set(c: &mut Config, word: &[u8]) -> bool {
            $crate::engine::config::table::read_word(&mut c.$field, word)
        }
        Kind::Word {
            get: |c: &Config| $crate::engine::config::Words::word(c.$field),
            set,
            words: || $crate::engine::config::table::words_like(|c| c.$field),
        }
    }};
}
pub(super) use word;

pub(super) fn read_word<T: Words>(place: &mut T, word: &[u8]) -> bool {
    match T::from_word(word) {
        Some(value) => {
            *place = value;
            true
        }
        None => false,
    }
}

/// The words of the type that this field has.
pub(super) fn words_like<T: Words>(_field: fn(&Config) -> T) -> String {
    words_of::<T>()
}

const fn boolean(place: Place<bool>) -> Kind {
    Kind::Bool(place)
}

pub(super) const fn kept(kept: Kept, default: &'static str) -> Kind {
    Kind::Kept(kept, default)
}

pub(super) const fn absent(kept: Kept, default: &'static str, missing: &'static str) -> Kind {
    Kind::Absent(kept, default, missing)
}

pub(super) const fn number(min: i128, max: i128) -> Bounds {
    Bounds { min, max, unit: Unit::Plain }
}

pub(super) const fn memory(min: i128, max: i128) -> Bounds {
    Bounds { min, max, unit: Unit::Memory }
}

pub(super) const fn percent(min: i128, max: i128) -> Bounds {
    Bounds { min, max, unit: Unit::MemoryOrPercent }
}

pub(super) const fn octal(min: i128, max: i128) -> Bounds {
    Bounds { min, max, unit: Unit::Octal }
}

pub(super) const fn entry(
    name: &'static str,
    alias: Option<&'static str>,
    when: u8,
    kind: Kind,
) -> Directive {
    let when = When {
        immutable: when & IMMUTABLE != 0,
        protected: when & PROTECTED != 0,
        deny_loading: when & DENY_LOADING != 0,
        hidden: when & HIDDEN != 0,
        secret: when & SECRET != 0,
    };
    Directive { name, alias, when, kind }
}

/// All directives, sorted by name.
static ALL: LazyLock<Vec<&'static Directive>> = LazyLock::new(|| {
    let mut all: Vec<&Directive> =
        OWN.iter().chain(table_data::DATA).chain(table_kept::KEPT).collect();
    all.sort_by_key(|d| d.name);
    all
});

/// All directives, sorted by name.
pub fn all() -> &'static [&'static Directive] {
    &ALL
}

/// The directive of this name or alias, in any case.
pub fn lookup(name: &[u8]) -> Option<&'static Directive> {
    let is = |n: &str| name.eq_ignore_ascii_case(n.as_bytes());
    all().iter().copied().find(|d| is(d.name) || d.alias.is_some_and(is))
}

static OWN: &[Directive] = &[
    entry("active-expire-effort", None, 0, Kind::Number(at!(active_expire_effort), number(1, 10))),
    entry("activerehashing", None, 0, boolean(at!(activerehashing))),
    entry("always-show-logo", None, IMMUTABLE, boolean(at!(always_show_logo))),
    entry("bind", None, 0, Kind::Special(Special::Bind)),
    entry("bind-source-addr", None, 0, Kind::Text(at!(bind_source_addr))),
    entry("client-output-buffer-limit", None, 0, Kind::Special(Special::ClientOutputBufferLimit)),
    entry(
        "client-query-buffer-limit",
        None,
        0,
        Kind::Number(at!(client_query_buffer_limit), memory(1 << 20, LONG)),
    ),
    entry("daemonize", None, IMMUTABLE, boolean(at!(daemonize))),
    // Redis takes any number and lets the system hand out memory that nobody touches; here each
    // database costs something at once, and one instance must not take the lab's memory.
    entry("databases", None, IMMUTABLE, Kind::Number(at!(databases), number(1, 1 << 16))),
    entry("dbfilename", None, PROTECTED, Kind::Special(Special::DbFilename)),
    entry("dir", None, PROTECTED | DENY_LOADING, Kind::Special(Special::Dir)),
    entry("dynamic-hz", None, 0, boolean(at!(dynamic_hz))),
    entry("enable-debug-command", None, IMMUTABLE, word!(enable_debug_command)),
    entry("enable-protected-configs", None, IMMUTABLE, word!(enable_protected_configs)),
    entry("hz", None, 0, Kind::Number(at!(hz), number(0, INT))),
    entry("key-load-delay", None, HIDDEN, Kind::Number(at!(key_load_delay), number(INT_MIN, INT))),
    entry(
        "latency-monitor-threshold",
        None,
        0,
        Kind::Number(at!(latency_monitor_threshold), number(0, LONG)),
    ),
    entry("latency-tracking", None, 0, boolean(at!(latency_tracking))),
    entry("lazyfree-lazy-eviction", None, 0, boolean(at!(lazyfree_lazy_eviction))),
    entry("lazyfree-lazy-expire", None, 0, boolean(at!(lazyfree_lazy_expire))),
    entry("lazyfree-lazy-server-del", None, 0, boolean(at!(lazyfree_lazy_server_del))),
    entry("lazyfree-lazy-user-del", None, 0, boolean(at!(lazyfree_lazy_user_del))),
    entry("lazyfree-lazy-user-flush", None, 0, boolean(at!(lazyfree_lazy_user_flush))),
    entry(
        "loading-process-events-interval-bytes",
        None,
        HIDDEN,
        Kind::Number(at!(loading_process_events_interval_bytes), number(1024, INT)),
    ),
    entry("logfile", None, IMMUTABLE, Kind::Text(at!(logfile))),
    entry("loglevel", None, 0, word!(loglevel)),
    entry("masterauth", None, SECRET, Kind::Bytes(at!(masterauth))),
    entry("masteruser", None, SECRET, Kind::Bytes(at!(masteruser))),
    entry("maxclients", None, 0, Kind::Number(at!(maxclients), number(1, UINT))),
    entry("maxmemory-clients", None, 0, Kind::Number(at!(maxmemory_clients), percent(-100, LONG))),
    entry(
        "min-replicas-max-lag",
        Some("min-slaves-max-lag"),
        0,
        Kind::Number(at!(min_replicas_max_lag), number(0, INT)),
    ),
    entry(
        "min-replicas-to-write",
        Some("min-slaves-to-write"),
        0,
        Kind::Number(at!(min_replicas_to_write), number(0, INT)),
    ),
    entry("notify-keyspace-events", None, 0, Kind::Special(Special::NotifyKeyspaceEvents)),
    entry("pidfile", None, IMMUTABLE, Kind::Text(at!(pidfile))),
    entry("port", None, 0, Kind::Number(at!(port), number(0, 65535))),
    entry("propagation-error-behavior", None, 0, word!(propagation_error_behavior)),
    entry("protected-mode", None, 0, boolean(at!(protected_mode))),
    entry(
        "proto-max-bulk-len",
        None,
        0,
        Kind::Number(at!(proto_max_bulk_len), memory(1 << 20, LONG)),
    ),
    entry("rdb-del-sync-files", None, 0, boolean(at!(rdb_del_sync_files))),
    entry(
        "rdb-key-save-delay",
        None,
        HIDDEN,
        Kind::Number(at!(rdb_key_save_delay), number(INT_MIN, INT)),
    ),
    entry("rdbchecksum", None, IMMUTABLE, boolean(at!(rdbchecksum))),
    entry("rdbcompression", None, 0, boolean(at!(rdbcompression))),
    entry("repl-backlog-size", None, 0, Kind::Number(at!(repl_backlog_size), memory(1, LONG))),
    entry("repl-backlog-ttl", None, 0, Kind::Number(at!(repl_backlog_ttl), number(0, LONG))),
    entry("repl-disable-tcp-nodelay", None, 0, boolean(at!(repl_disable_tcp_nodelay))),
    entry("repl-diskless-load", None, DENY_LOADING, word!(repl_diskless_load)),
    entry("repl-diskless-sync", None, 0, boolean(at!(repl_diskless_sync))),
    entry(
        "repl-diskless-sync-delay",
        None,
        0,
        Kind::Number(at!(repl_diskless_sync_delay), number(0, INT)),
    ),
    entry(
        "repl-diskless-sync-max-replicas",
        None,
        0,
        Kind::Number(at!(repl_diskless_sync_max_replicas), number(0, INT)),
    ),
    entry(
        "repl-ping-replica-period",
        Some("repl-ping-slave-period"),
        0,
        Kind::Number(at!(repl_ping_replica_period), number(1, INT)),
    ),
    entry("repl-timeout", None, 0, Kind::Number(at!(repl_timeout), number(1, INT))),
    entry(
        "replica-announce-ip",
        Some("slave-announce-ip"),
        0,
        Kind::Text(at!(replica_announce_ip)),
    ),
    entry(
        "replica-announce-port",
        Some("slave-announce-port"),
        0,
        Kind::Number(at!(replica_announce_port), number(0, 65535)),
    ),
    entry("replica-announced", None, 0, boolean(at!(replica_announced))),
    entry(
        "replica-ignore-disk-write-errors",
        None,
        0,
        boolean(at!(replica_ignore_disk_write_errors)),
    ),
    entry(
        "replica-ignore-maxmemory",
        Some("slave-ignore-maxmemory"),
        0,
        boolean(at!(replica_ignore_maxmemory)),
    ),
    entry("replica-lazy-flush", Some("slave-lazy-flush"), 0, boolean(at!(replica_lazy_flush))),
    entry(
        "replica-priority",
        Some("slave-priority"),
        0,
        Kind::Number(at!(replica_priority), number(0, INT)),
    ),
    entry("replica-read-only", Some("slave-read-only"), 0, boolean(at!(replica_read_only))),
    entry(
        "replica-serve-stale-data",
        Some("slave-serve-stale-data"),
        0,
        boolean(at!(replica_serve_stale_data)),
    ),
    entry("replicaof", Some("slaveof"), IMMUTABLE, Kind::Special(Special::ReplicaOf)),
    entry("requirepass", None, SECRET, Kind::Bytes(at!(requirepass))),
    entry("sanitize-dump-payload", None, 0, word!(sanitize_dump_payload)),
    entry("save", None, 0, Kind::Special(Special::Save)),
    entry("shutdown-on-sigint", None, 0, Kind::Special(Special::ShutdownOnSigint)),
    entry("shutdown-on-sigterm", None, 0, Kind::Special(Special::ShutdownOnSigterm)),
    entry("shutdown-timeout", None, 0, Kind::Number(at!(shutdown_timeout), number(0, INT))),
    entry(
        "slowlog-log-slower-than",
        None,
        0,
        Kind::Number(at!(slowlog_log_slower_than), number(-1, LONG)),
    ),
    entry("slowlog-max-len", None, 0, Kind::Number(at!(slowlog_max_len), number(0, LONG))),
    entry("stop-writes-on-bgsave-error", None, 0, boolean(at!(stop_writes_on_bgsave_error))),
    entry("tcp-backlog", None, IMMUTABLE, Kind::Number(at!(tcp_backlog), number(0, INT))),
    entry("tcp-keepalive", None, 0, Kind::Number(at!(tcp_keepalive), number(0, INT))),
    entry("timeout", None, 0, Kind::Number(at!(timeout), number(0, INT))),
    entry(
        "tracking-table-max-keys",
        None,
        0,
        Kind::Number(at!(tracking_table_max_keys), number(0, LONG)),
    ),
];
