//! Settings of one instance: typed fields, the table of directives (name, alias, kind, bounds),
//! the conf file's syntax, CONFIG GET and SET. Nothing here reads a file or the environment.

pub mod directive;
pub mod file;
pub mod rewrite;
mod special;
pub mod table;
mod table_data;
mod table_kept;
mod user;
mod words;

use super::renamed::Renamed;
use std::collections::BTreeMap;

pub use words::{
    AppendFsync, DisklessLoad, Level, MaxmemoryPolicy, PropagationError, Protected, Sanitize, Words,
};

/// repl-backlog-size is never smaller than this.
pub const MIN_BACKLOG: i64 = 16 * 1024;

/// One `save` line: after `seconds` if at least `changes` keys changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SavePoint {
    pub seconds: i64,
    pub changes: i64,
}

/// client-output-buffer-limit of one class of clients; 0 means no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OutputLimit {
    pub hard: u64,
    pub soft: u64,
    /// Seconds for which the soft limit may be passed.
    pub soft_seconds: i64,
}

/// shutdown-on-sigterm, shutdown-on-sigint: what the signal's SHUTDOWN does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ShutdownOn {
    pub save: bool,
    pub nosave: bool,
    pub now: bool,
    pub force: bool,
}

/// Every setting that something in the engine or a driver asks for. Fields bear the directives'
/// names; units are the directives' own (bytes, seconds, milliseconds as redis.conf counts them).
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    // ── replication ────────────────────────────────────────────────────────────────────────────
    /// Master to follow from the start; later the current one, as CONFIG GET prints it.
    pub replicaof: Option<(String, u16)>,
    pub masterauth: Vec<u8>,
    pub masteruser: Vec<u8>,
    pub replica_serve_stale_data: bool,
    pub replica_read_only: bool,
    pub replica_priority: i64,
    pub replica_announced: bool,
    pub replica_announce_ip: String,
    pub replica_announce_port: i64,
    pub replica_lazy_flush: bool,
    pub replica_ignore_maxmemory: bool,
    pub replica_ignore_disk_write_errors: bool,
    /// Seconds.
    pub repl_timeout: i64,
    /// Seconds.
    pub repl_ping_replica_period: i64,
    /// Bytes, at least 16384.
    pub repl_backlog_size: i64,
    /// Seconds; 0: never freed.
    pub repl_backlog_ttl: i64,
    pub repl_diskless_sync: bool,
    /// Seconds.
    pub repl_diskless_sync_delay: i64,
    /// 0: no such bound.
    pub repl_diskless_sync_max_replicas: i64,
    pub repl_diskless_load: DisklessLoad,
    pub repl_disable_tcp_nodelay: bool,
    pub min_replicas_to_write: i64,
    /// Seconds.
    pub min_replicas_max_lag: i64,
    pub propagation_error_behavior: PropagationError,
    pub rdb_del_sync_files: bool,
    pub bind_source_addr: String,

    // ── clients and the network ────────────────────────────────────────────────────────────────
    pub port: i64,
    pub bind: Vec<String>,
    pub protected_mode: bool,
    pub tcp_backlog: i64,
    /// Seconds.
    pub tcp_keepalive: i64,
    /// Seconds of idleness; 0: never closed.
    pub timeout: i64,
    pub maxclients: i64,
    pub requirepass: Vec<u8>,
    pub output_limit_normal: OutputLimit,
    pub output_limit_replica: OutputLimit,
    pub output_limit_pubsub: OutputLimit,
    pub client_query_buffer_limit: i64,
    /// Bytes for all clients together; negative: percent of maxmemory; 0: no limit.
    pub maxmemory_clients: i64,
    /// rename-command.
    pub renamed: Renamed,
    pub proto_max_bulk_len: i64,

    // ── persistence ────────────────────────────────────────────────────────────────────────────
    pub dir: String,
    pub dbfilename: String,
    pub save: Vec<SavePoint>,
    pub rdbcompression: bool,
    pub rdbchecksum: bool,
    pub stop_writes_on_bgsave_error: bool,
    pub sanitize_dump_payload: Sanitize,
    /// Microseconds per key while saving (hidden).
    pub rdb_key_save_delay: i64,
    /// Microseconds per key while loading (hidden).
    pub key_load_delay: i64,
    /// Bytes (hidden).
    pub loading_process_events_interval_bytes: i64,

    // ── the process ────────────────────────────────────────────────────────────────────────────
    pub daemonize: bool,
    pub pidfile: String,
    pub loglevel: Level,
    /// Empty: standard output.
    pub logfile: String,
    pub always_show_logo: bool,
    /// Stored clamped to 1..=500.
    pub hz: i64,
    pub dynamic_hz: bool,
    pub databases: i64,
    pub shutdown_timeout: i64,
    pub shutdown_on_sigterm: ShutdownOn,
    pub shutdown_on_sigint: ShutdownOn,
    pub enable_debug_command: Protected,
    pub enable_protected_configs: Protected,
    pub enable_module_command: Protected,

    // ── keys ───────────────────────────────────────────────────────────────────────────────────
    pub lazyfree_lazy_expire: bool,
    pub lazyfree_lazy_eviction: bool,
    pub lazyfree_lazy_server_del: bool,
    pub lazyfree_lazy_user_del: bool,
    pub lazyfree_lazy_user_flush: bool,
    pub active_expire_effort: i64,
    pub activerehashing: bool,

    // ── memory ─────────────────────────────────────────────────────────────────────────────────
    /// Bytes; 0: no limit.
    pub maxmemory: i64,
    pub maxmemory_policy: MaxmemoryPolicy,
    pub maxmemory_samples: i64,
    pub maxmemory_eviction_tenacity: i64,
    pub lfu_log_factor: i64,
    /// Minutes.
    pub lfu_decay_time: i64,

    // ── how values are kept ────────────────────────────────────────────────────────────────────
    /// Fields, at most, of a hash in a listpack.
    pub hash_max_listpack_entries: i64,
    /// Bytes, at most, of a field or value in a listpack.
    pub hash_max_listpack_value: i64,
    /// A list's node: elements, at most, or for -1 to -5 a size of 4 to 64 KB.
    pub list_max_listpack_size: i64,
    /// Members, at most, of a set of integers in an intset.
    pub set_max_intset_entries: i64,
    /// Members, at most, of a zset in a listpack.
    pub zset_max_listpack_entries: i64,
    /// Bytes, at most, of a member in a listpack.
    pub zset_max_listpack_value: i64,
    /// Bytes, at most, of a node of a stream; 0: no bound.
    pub stream_node_max_bytes: i64,
    /// Entries, at most, of a node of a stream; 0: no bound.
    pub stream_node_max_entries: i64,
    /// Bytes, at most, of a sparse HyperLogLog.
    pub hll_sparse_max_bytes: i64,

    // ── watching ───────────────────────────────────────────────────────────────────────────────
    /// Microseconds; negative: off.
    pub slowlog_log_slower_than: i64,
    pub slowlog_max_len: i64,
    pub latency_tracking: bool,
    /// Milliseconds; 0: off.
    pub latency_monitor_threshold: i64,
    /// Classes of events, as `notify::class` counts them.
    pub notify_keyspace_events: u32,
    /// Keys that client side caching remembers; 0: no bound.
    pub tracking_table_max_keys: i64,

    /// Settings that nothing here depends on, if they differ from their defaults.
    pub kept: BTreeMap<&'static str, String>,
}

impl Config {
    /// latency-tracking-info-percentiles, each as it is printed and as a number.
    pub fn latency_percentiles(&self) -> Vec<(String, f64)> {
        let text = table::lookup(b"latency-tracking-info-percentiles")
            .map(|directive| directive.get(self))
            .unwrap_or_default();
        String::from_utf8_lossy(&text)
            .split_ascii_whitespace()
            .filter_map(|word| Some((word.to_owned(), word.parse().ok()?)))
            .collect()
    }
}

impl Default for Config {
    /// What redis-server 7.0.15 runs with when it is given no conf file.
    fn default() -> Config {
        Config {
            replicaof: None,
            masterauth: Vec::new(),
            masteruser: Vec::new(),
            replica_serve_stale_data: true,
            replica_read_only: true,
            replica_priority: 100,
            replica_announced: true,
            replica_announce_ip: String::new(),
            replica_announce_port: 0,
            replica_lazy_flush: false,
            replica_ignore_maxmemory: true,
            replica_ignore_disk_write_errors: false,
            repl_timeout: 60,
            repl_ping_replica_period: 10,
            repl_backlog_size: 1 << 20,
            repl_backlog_ttl: 3600,
            repl_diskless_sync: true,
            repl_diskless_sync_delay: 5,
            repl_diskless_sync_max_replicas: 0,
            repl_diskless_load: DisklessLoad::Disabled,
            repl_disable_tcp_nodelay: false,
            min_replicas_to_write: 0,
            min_replicas_max_lag: 10,
            propagation_error_behavior: PropagationError::Ignore,
            rdb_del_sync_files: false,
            bind_source_addr: String::new(),
            port: 6379,
            bind: vec!["*".into(), "-::*".into()],
            protected_mode: true,
            tcp_backlog: 511,
            tcp_keepalive: 300,
            timeout: 0,
            maxclients: 10_000,
            requirepass: Vec::new(),
            output_limit_normal: OutputLimit::default(),
            output_limit_replica: OutputLimit { hard: 256 << 20, soft: 64 << 20, soft_seconds: 60 },
            output_limit_pubsub: OutputLimit { hard: 32 << 20, soft: 8 << 20, soft_seconds: 60 },
            client_query_buffer_limit: 1 << 30,
            maxmemory_clients: 0,
            renamed: Renamed::default(),
            proto_max_bulk_len: 512 << 20,
            dir: "./".into(),
            dbfilename: "dump.rdb".into(),
            save: vec![
                SavePoint { seconds: 3600, changes: 1 },
                SavePoint { seconds: 300, changes: 100 },
                SavePoint { seconds: 60, changes: 10_000 },
            ],
            rdbcompression: true,
            rdbchecksum: true,
            stop_writes_on_bgsave_error: true,
            sanitize_dump_payload: Sanitize::No,
            rdb_key_save_delay: 0,
            key_load_delay: 0,
            loading_process_events_interval_bytes: 2 << 20,
            daemonize: false,
            pidfile: String::new(),
            loglevel: Level::Notice,
            logfile: String::new(),
            always_show_logo: false,
            hz: 10,
            dynamic_hz: true,
            databases: 16,
            shutdown_timeout: 10,
            shutdown_on_sigterm: ShutdownOn::default(),
            shutdown_on_sigint: ShutdownOn::default(),
            enable_debug_command: Protected::No,
            enable_protected_configs: Protected::No,
            enable_module_command: Protected::No,
            lazyfree_lazy_expire: false,
            lazyfree_lazy_eviction: false,
            lazyfree_lazy_server_del: false,
            lazyfree_lazy_user_del: false,
            lazyfree_lazy_user_flush: false,
            active_expire_effort: 1,
            activerehashing: true,
            maxmemory: 0,
            maxmemory_policy: MaxmemoryPolicy::NoEviction,
            maxmemory_samples: 5,
            maxmemory_eviction_tenacity: 10,
            lfu_log_factor: 10,
            lfu_decay_time: 1,
            hash_max_listpack_entries: 512,
            hash_max_listpack_value: 64,
            list_max_listpack_size: -2,
            set_max_intset_entries: 512,
            zset_max_listpack_entries: 128,
            zset_max_listpack_value: 64,
            stream_node_max_bytes: 4096,
            stream_node_max_entries: 100,
            hll_sparse_max_bytes: 3000,
            latency_tracking: true,
            latency_monitor_threshold: 0,
            notify_keyspace_events: 0,
            tracking_table_max_keys: 1_000_000,
            slowlog_log_slower_than: 10_000,
            slowlog_max_len: 128,
            kept: BTreeMap::new(),
        }
    }
}
