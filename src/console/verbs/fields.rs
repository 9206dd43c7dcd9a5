//! Fields of INFO that are listed at some times only: a `:wait` for one of them is no typing error.

/// Single fields that come and go with the role, a transfer, loading, or a setting.
pub(super) const SOMETIMES: &[&str] = &[
    "aof_base_size",
    "aof_buffer_length",
    "aof_current_size",
    "aof_delayed_fsync",
    "aof_pending_bio_fsync",
    "aof_pending_rewrite",
    "async_loading",
    "executable",
    "loading_eta_seconds",
    "loading_loaded_bytes",
    "loading_loaded_perc",
    "loading_rdb_used_mem",
    "loading_start_time",
    "loading_total_bytes",
    "master_host",
    "master_last_io_seconds_ago",
    "master_link_down_since_seconds",
    "master_link_status",
    "master_port",
    "master_sync_in_progress",
    "master_sync_last_io_seconds_ago",
    "master_sync_left_bytes",
    "master_sync_perc",
    "master_sync_read_bytes",
    "master_sync_total_bytes",
    "min_slaves_good_slaves",
    "replica_announced",
    "shutdown_in_milliseconds",
    "slave_priority",
    "slave_read_only",
    "slave_read_repl_offset",
    "slave_repl_offset",
    "used_cpu_sys_main_thread",
    "used_cpu_user_main_thread",
];

/// Names that carry a number or a word: `slave0`, `db3`, `cmdstat_get`.
const FAMILIES: &[&str] = &["cmdstat_", "errorstat_", "latency_percentiles_usec_", "module"];

/// Whether INFO may list such a field at another time.
pub(super) fn may_come(name: &str) -> bool {
    let numbered = |family: &str| {
        name.strip_prefix(family)
            .is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
    };
    SOMETIMES.contains(&name)
        || numbered("slave")
        || numbered("db")
        || FAMILIES.iter().any(|f| name.starts_with(f))
}

#[cfg(test)]
mod tests {
    use super::may_come;

    #[test]
    fn fields_that_come_and_go_are_known() {
        for name in ["master_link_status", "slave0", "db3", "cmdstat_get", "master_sync_perc"] {
            assert!(may_come(name), "{name}");
        }
        for name in ["nonsense", "slaves", "db", "rol", "master_link_statu"] {
            assert!(!may_come(name), "{name}");
        }
    }
}
