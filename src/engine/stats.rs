//! Counters that INFO shows and CONFIG RESETSTAT clears. Handlers add to them directly.

/// INFO's `Stats` section, and the per-command counts of `Commandstats`.
#[derive(Clone, Debug, Default)]
pub struct Stats {
    pub total_connections_received: u64,
    pub total_commands_processed: u64,
    pub total_net_input_bytes: u64,
    pub total_net_output_bytes: u64,
    /// Bytes read from the master link.
    pub total_net_repl_input_bytes: u64,
    /// Bytes written to replicas.
    pub total_net_repl_output_bytes: u64,
    pub rejected_connections: u64,
    pub sync_full: u64,
    pub sync_partial_ok: u64,
    pub sync_partial_err: u64,
    pub expired_keys: u64,
    pub expired_time_cap_reached: u64,
    pub evicted_keys: u64,
    pub keyspace_hits: u64,
    pub keyspace_misses: u64,
    pub total_error_replies: u64,
    /// Errors that went to a master or came up for a replica link.
    pub unexpected_error_replies: u64,
    pub total_reads_processed: u64,
    pub total_writes_processed: u64,
    pub total_forks: u64,
    /// Indexed like the command table.
    pub commands: Vec<CommandStats>,
    /// Error prefixes (`ERR`, `WRONGTYPE`) and how often each was sent.
    pub errors: std::collections::BTreeMap<Vec<u8>, u64>,
}

/// One line of `Commandstats`.
#[derive(Clone, Copy, Debug, Default)]
pub struct CommandStats {
    pub calls: u64,
    pub usec: u64,
    pub rejected: u64,
    pub failed: u64,
}
