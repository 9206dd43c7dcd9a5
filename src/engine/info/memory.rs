//! INFO's memory section. One process may hold several instances, so the numbers are this
//! instance's own account and not the process's.

use super::field;
use super::numbers::human;
use crate::engine::Engine;
use crate::engine::config::Words;
use crate::engine::conn::Client;
use std::cell::Cell;
use std::fmt::Write;

/// What an empty instance is charged with.
const BASE: u64 = 860 * 1024;

/// The most that was ever used, as far as anybody looked.
#[derive(Debug, Default)]
pub(crate) struct MemoryPeak(Cell<u64>);

/// Where the memory is.
struct Account {
    data: u64,
    normal: u64,
    replicas: u64,
    backlog: u64,
}

impl Engine {
    fn account(&self) -> Account {
        let of = |c: &Client| {
            (std::mem::size_of::<Client>() + c.query.buf.capacity() + c.out.head.capacity()) as u64
                + c.out.pieces.iter().map(|p| p.len() as u64).sum::<u64>()
                + c.multi.as_ref().map_or(0, |m| m.memory() as u64)
        };
        let (stream, share) = self.stream_memory();
        Account {
            data: self.keyspace.used_bytes() as u64,
            normal: self.clients.iter().filter(|c| !c.is_replica()).map(of).sum(),
            replicas: self.clients.iter().filter(|c| c.is_replica()).map(of).sum::<u64>() + share,
            backlog: stream - share,
        }
    }

    /// What the blocks of the stream take, and how much of that is beyond the backlog's size: held
    /// for replicas that are behind, if there are any.
    fn stream_memory(&self) -> (u64, u64) {
        let all = self.repl.stream.memory() as u64;
        let behind = self.clients.iter().any(Client::is_replica);
        let beyond = all.saturating_sub(self.config.repl_backlog_size.unsigned_abs());
        (all, if behind { beyond } else { 0 })
    }

    /// What the buffers of clients take that are no replicas.
    pub(crate) fn clients_memory(&self) -> u64 {
        self.account().normal
    }

    /// Bytes that count against `maxmemory`, `clients` of them in buffers of clients. What waits for
    /// replicas does not count: evicting would only make more of it.
    pub(crate) fn memory_for_evict(&self, clients: u64) -> u64 {
        let (stream, share) = self.stream_memory();
        BASE + self.keyspace.used_bytes() as u64 + clients + stream - share
    }

    /// Bytes in use by this instance, and the peak so far.
    pub(crate) fn used_memory(&self) -> (u64, u64) {
        let a = self.account();
        let used = BASE + a.data + a.normal + a.replicas + a.backlog;
        let peak = self.memory_peak.0.get().max(used);
        self.memory_peak.0.set(peak);
        (used, peak)
    }
}

/// Where an instance's memory is, in bytes.
pub(crate) struct MemoryUse {
    pub used: u64,
    pub peak: u64,
    pub startup: u64,
    /// Keys and values, with their tables.
    pub data: u64,
    pub clients: u64,
    pub replicas: u64,
    pub backlog: u64,
}

/// The account behind INFO and MEMORY.
pub(crate) fn memory(e: &Engine) -> MemoryUse {
    let (a, (used, peak)) = (e.account(), e.used_memory());
    let (data, clients, replicas, backlog) = (a.data, a.normal, a.replicas, a.backlog);
    MemoryUse { used, peak, startup: BASE, data, clients, replicas, backlog }
}

pub(super) fn lines(e: &Engine, out: &mut String) {
    let a = e.account();
    let (used, peak) = e.used_memory();
    let overhead = used - a.data;
    let percent = |part: u64, of: u64| {
        if of == 0 {
            "0.00%".to_string()
        } else {
            format!("{:.2}%", part as f64 * 100.0 / of as f64)
        }
    };
    let total = e.boot.system_memory;
    field!(out, "used_memory", used);
    field!(out, "used_memory_human", human(used));
    field!(out, "used_memory_rss", used);
    field!(out, "used_memory_rss_human", human(used));
    field!(out, "used_memory_peak", peak);
    field!(out, "used_memory_peak_human", human(peak));
    field!(out, "used_memory_peak_perc", percent(used, peak));
    field!(out, "used_memory_overhead", overhead);
    field!(out, "used_memory_startup", BASE);
    field!(out, "used_memory_dataset", a.data);
    field!(out, "used_memory_dataset_perc", percent(a.data, used - BASE));
    field!(out, "allocator_allocated", used);
    field!(out, "allocator_active", used);
    field!(out, "allocator_resident", used);
    field!(out, "total_system_memory", total);
    field!(out, "total_system_memory_human", human(total));
    field!(out, "used_memory_lua", 0);
    field!(out, "used_memory_vm_eval", 0);
    field!(out, "used_memory_lua_human", human(0));
    field!(out, "used_memory_scripts_eval", 0);
    field!(out, "number_of_cached_scripts", 0);
    field!(out, "number_of_functions", 0);
    field!(out, "number_of_libraries", 0);
    field!(out, "used_memory_vm_functions", 0);
    field!(out, "used_memory_vm_total", 0);
    field!(out, "used_memory_vm_total_human", human(0));
    field!(out, "used_memory_functions", 0);
    field!(out, "used_memory_scripts", 0);
    field!(out, "used_memory_scripts_human", human(0));
    let limit = e.config.maxmemory.unsigned_abs();
    field!(out, "maxmemory", limit);
    field!(out, "maxmemory_human", human(limit));
    field!(out, "maxmemory_policy", e.config.maxmemory_policy.word());
    field!(out, "allocator_frag_ratio", "1.00");
    field!(out, "allocator_frag_bytes", 0);
    field!(out, "allocator_rss_ratio", "1.00");
    field!(out, "allocator_rss_bytes", 0);
    field!(out, "rss_overhead_ratio", "1.00");
    field!(out, "rss_overhead_bytes", 0);
    field!(out, "mem_fragmentation_ratio", "1.00");
    field!(out, "mem_fragmentation_bytes", 0);
    field!(out, "mem_not_counted_for_evict", a.replicas);
    field!(out, "mem_replication_backlog", a.backlog);
    field!(out, "mem_total_replication_buffers", e.stream_memory().0);
    field!(out, "mem_clients_slaves", a.replicas);
    field!(out, "mem_clients_normal", a.normal);
    field!(out, "mem_cluster_links", 0);
    field!(out, "mem_aof_buffer", 0);
    field!(out, "mem_allocator", "libc");
    field!(out, "active_defrag_running", 0);
    field!(out, "lazyfree_pending_objects", e.lazyfree_pending());
    field!(out, "lazyfreed_objects", 0);
}
