//! What clients cost, and maxmemory-clients: when all together cost too much, the dearest go.

use super::Engine;
use super::conn::{Client, ConnId, Kind};
use super::replication;
use crate::observe::{LinkLoss, LogLevel};

/// Redis's static reply buffer: what it has room for is never charged to `omem`.
pub(super) const STATIC_REPLY: usize = 16 * 1024;

/// What one client's memory is used for, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct ClientMemory {
    pub qbuf: usize,
    pub qbuf_free: usize,
    pub argv: usize,
    pub multi: usize,
    /// Output beyond the static buffer, the shared stream behind a replica's cursor included.
    pub output: usize,
    pub total: usize,
}

impl Engine {
    /// What a client costs.
    pub(super) fn memory_of(&self, c: &Client) -> ClientMemory {
        let running = self.executing == Some(c.conn);
        let (qbuf, qbuf_free, argv) = if running {
            self.running_query
        } else {
            let waits = c.query.waiting().len();
            // Redis drops what stands before a large argument while it reads it.
            let dropped = c.query.parser.before_large_argument();
            (waits.saturating_sub(dropped), c.query.buf.len() - waits, 0)
        };
        let waits = if running { self.reply.buf.len() - c.out.head_done } else { c.out.len() };
        let output = if waits > STATIC_REPLY { waits } else { 0 };
        let output = output + replication::behind(self, c.conn) as usize;
        let multi = c.multi.as_ref().map_or(0, |m| m.memory());
        let listens = c.subscriptions.as_ref().map_or(0, |s| s.memory())
            + c.tracking.as_ref().map_or(0, |t| t.prefixes.len() * 64);
        let watched: usize = c.watched.iter().map(|w| w.key.len() + 64).sum();
        let own = std::mem::size_of::<Client>() + STATIC_REPLY;
        let total = own + qbuf + qbuf_free + argv + output + multi + listens + watched;
        ClientMemory { qbuf, qbuf_free, argv, multi, output, total }
    }

    /// maxmemory-clients in bytes; a percentage counts of maxmemory. 0: no limit.
    fn clients_limit(&self) -> usize {
        let limit = self.config.maxmemory_clients;
        if limit >= 0 {
            return usize::try_from(limit).unwrap_or(usize::MAX);
        }
        let bytes = i128::from(self.config.maxmemory) * -i128::from(limit) / 100;
        usize::try_from(bytes).unwrap_or(usize::MAX)
    }

    /// Closes the dearest clients until the rest is within maxmemory-clients. Only normal ones and
    /// subscribers count, without those that CLIENT NO-EVICT protects.
    pub(crate) fn evict_clients(&mut self) {
        if self.config.maxmemory_clients == 0 {
            return;
        }
        let limit = self.clients_limit();
        if limit == 0 {
            return;
        }
        let counts = |c: &&Client| matches!(c.kind, Kind::Normal) && !c.monitor && !c.no_evict;
        let mut all: Vec<(usize, ConnId)> =
            self.clients.iter().filter(counts).map(|c| (self.memory_of(c).total, c.conn)).collect();
        let mut sum: usize = all.iter().map(|(bytes, _)| bytes).sum();
        if sum <= limit {
            return;
        }
        all.sort_unstable();
        while sum > limit
            && let Some((bytes, conn)) = all.pop()
        {
            sum -= bytes;
            let line = format!("Evicting client: {}", self.client_line(conn));
            self.log(LogLevel::Notice, line);
            self.stats.evicted_clients += 1;
            self.close_because(conn, LinkLoss::ClosedHere);
        }
    }

    /// Once in a while: gives back what query buffers hold beyond their use, as Redis does. A client
    /// that is idle keeps nothing.
    pub(crate) fn shrink_query_buffers(&mut self) {
        const WASTE: usize = 4 * 1024;
        const LARGE: usize = 32 * 1024;
        let now = self.now.mono_us;
        for c in self.clients.iter_mut() {
            let idle = now.saturating_sub(c.last_interaction_us) > 2_000_000;
            let waits = c.query.waiting().len();
            let size = c.query.buf.len();
            if size - waits > WASTE {
                if idle {
                    c.query.shrink(waits);
                } else if size > LARGE && size / 2 > c.query.peak {
                    c.query.shrink(waits.max(c.query.peak));
                }
            }
            c.query.peak = waits;
        }
    }
}
