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
    pub evicted_clients: u64,
    /// Packed payloads that were looked at as sanitize-dump-payload asks.
    pub sanitizations: u64,
    pub keyspace_hits: u64,
    pub keyspace_misses: u64,
    pub total_error_replies: u64,
    /// Errors that went to a master or came up for a replica link.
    pub unexpected_error_replies: u64,
    pub total_reads_processed: u64,
    pub total_writes_processed: u64,
    pub total_forks: u64,
    pub rates: Rates,
    /// Indexed like the command table.
    pub commands: Vec<CommandStats>,
    /// How long calls took, indexed likewise. Only commands that were called while
    /// latency-tracking was on have a histogram.
    pub latencies: Vec<Option<Box<super::latency::Histogram>>>,
    /// Error prefixes (`ERR`, `WRONGTYPE`) and how often each was sent.
    pub errors: std::collections::BTreeMap<Vec<u8>, u64>,
}

/// How many samples a rate is averaged over.
const SAMPLES: usize = 16;

/// Samples of one counter: INFO's `instantaneous_...` fields.
#[derive(Clone, Copy, Debug, Default)]
struct Rate {
    last: u64,
    at_us: u64,
    /// Per second.
    samples: [u64; SAMPLES],
    next: usize,
}

impl Rate {
    fn sample(&mut self, value: u64, now_us: u64) {
        let us = now_us.saturating_sub(self.at_us);
        let grown = value.saturating_sub(self.last).saturating_mul(1_000_000);
        if let Some(rate) = grown.checked_div(us) {
            self.samples[self.next % SAMPLES] = rate;
            self.next += 1;
        }
        self.last = value;
        self.at_us = now_us;
    }

    fn per_second(&self) -> u64 {
        self.samples.iter().sum::<u64>() / SAMPLES as u64
    }
}

/// The rates that INFO shows.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rates {
    of: [Rate; 5],
    next_us: u64,
}

/// Index of a rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RateOf {
    Commands,
    Input,
    Output,
    ReplInput,
    ReplOutput,
}

impl Stats {
    /// Nothing counted yet, for a table of so many commands.
    pub fn new(commands: usize) -> Stats {
        Stats {
            commands: vec![CommandStats::default(); commands],
            latencies: vec![None; commands],
            ..Stats::default()
        }
    }

    /// Takes a sample of every rate, ten times a second at most.
    pub fn sample_rates(&mut self, now_us: u64) {
        if now_us < self.rates.next_us {
            return;
        }
        self.rates.next_us = now_us + 100_000;
        let values = [
            self.total_commands_processed,
            self.total_net_input_bytes + self.total_net_repl_input_bytes,
            self.total_net_output_bytes + self.total_net_repl_output_bytes,
            self.total_net_repl_input_bytes,
            self.total_net_repl_output_bytes,
        ];
        for (rate, value) in self.rates.of.iter_mut().zip(values) {
            rate.sample(value, now_us);
        }
    }

    /// A rate per second, averaged over the last samples.
    pub fn rate(&self, of: RateOf) -> u64 {
        self.rates.of[of as usize].per_second()
    }

    /// CONFIG RESETSTAT.
    pub fn reset(&mut self) {
        *self = Stats::new(self.commands.len());
    }
}

/// One line of `Commandstats`.
#[derive(Clone, Copy, Debug, Default)]
pub struct CommandStats {
    pub calls: u64,
    pub usec: u64,
    pub rejected: u64,
    pub failed: u64,
}
