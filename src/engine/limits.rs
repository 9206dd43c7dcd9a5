//! Limits of a connection: its query buffer, its output, its idleness.

use super::Engine;
use super::conn::{ConnId, Kind};
use crate::observe::{LinkLoss, LogLevel, SoftLimit};

/// Redis keeps so much of a reply in the client itself; only what overflows is counted, by blocks.
const OWN_BUFFER: usize = 16 * 1024;

/// What a client's waiting output counts for against its limit.
fn counted(waits: usize) -> u64 {
    match waits.saturating_sub(OWN_BUFFER) {
        0 => 0,
        over => over.max(OWN_BUFFER) as u64,
    }
}

/// A reply that a small command can make as long as it likes ends here, if no limit of the output
/// ends it before.
const LONGEST_REPLY: usize = 1 << 30;

impl Engine {
    /// How long the output of the running command may become. Only commands that repeat elements at
    /// will need to ask.
    pub(crate) fn longest_reply(&self) -> usize {
        match usize::try_from(self.config.output_limit_normal.hard) {
            Ok(hard @ 1..) => hard.saturating_add(OWN_BUFFER),
            _ => self.reply.buf.len().saturating_add(LONGEST_REPLY),
        }
    }

    /// The reply stopped at [`Engine::longest_reply`]: it will never be whole, so the client goes.
    pub(crate) fn reply_too_long(&mut self) {
        let (bytes, limit) = (self.reply.buf.len() as u64, self.longest_reply() as u64);
        let (soft, raised_from) = (None, None);
        self.close_running = Some(LinkLoss::OutputLimit { bytes, limit, soft, raised_from });
    }

    /// After something was read or written: closes a client that is beyond a limit.
    pub(crate) fn check_limits(&mut self, conn: ConnId) {
        let Some(c) = self.clients.get(conn) else { return };
        if !matches!(c.kind, Kind::Normal) {
            return;
        }
        let waits = c.query.waiting().len() as i64;
        if waits > self.config.client_query_buffer_limit {
            let start = crate::observe::Preview::of(&c.query.waiting()[..64]);
            let line = format!(
                "Closing client that reached max query buffer length: {} (qbuf initial bytes: \
                 \"{}\")",
                self.client_line(conn),
                start.text()
            );
            self.log(LogLevel::Warning, line);
            self.close_because(conn, LinkLoss::Protocol("query buffer limit".into()));
            return;
        }
        self.check_output_limit(conn);
    }

    /// Whether the output of a normal client is beyond client-output-buffer-limit; then it is
    /// closed. Replicas are judged by replication.
    pub(crate) fn check_output_limit(&mut self, conn: ConnId) {
        let now = self.now.mono_us;
        let Some(c) = self.clients.get_mut(conn) else { return };
        if !matches!(c.kind, Kind::Normal) {
            return;
        }
        let limit = match c.subscriptions {
            Some(_) => self.config.output_limit_pubsub,
            None => self.config.output_limit_normal,
        };
        if limit.hard == 0 && limit.soft == 0 {
            return;
        }
        let used = counted(c.out.len());
        let hard = limit.hard > 0 && used >= limit.hard;
        let soft = limit.soft > 0 && used >= limit.soft;
        if !soft {
            c.soft_limit_since_us = None;
        }
        let since = soft.then(|| *c.soft_limit_since_us.get_or_insert(now));
        let patience = limit.soft_seconds.unsigned_abs().saturating_mul(1_000_000);
        if hard || since.is_some_and(|s| now.saturating_sub(s) > patience) {
            let line = format!(
                "Client {} closed for overcoming of output buffer limits.",
                self.client_line(conn)
            );
            self.log(LogLevel::Warning, line);
            let over = if hard { limit.hard } else { limit.soft };
            let soft = (!hard).then(|| SoftLimit {
                over_s: since.map_or(0, |s| now.saturating_sub(s) / 1_000_000),
                patience_s: limit.soft_seconds.unsigned_abs(),
            });
            let raised_from = None;
            let cause = LinkLoss::OutputLimit { bytes: used, limit: over, soft, raised_from };
            self.close_because(conn, cause);
        }
    }

    /// Once in a while, for every client: `timeout`, and the soft output limit.
    pub(crate) fn clients_cron(&mut self) {
        let timeout = self.config.timeout.unsigned_abs() * 1_000_000;
        let now = self.now.mono_us;
        let idle: Vec<ConnId> = self
            .clients
            .iter()
            .filter(|c| matches!(c.kind, Kind::Normal) && !c.monitor && c.blocked.is_none())
            .filter(|c| c.subscriptions.is_none())
            .filter(|c| timeout > 0 && now.saturating_sub(c.last_interaction_us) > timeout)
            .map(|c| c.conn)
            .collect();
        for conn in idle {
            self.log(LogLevel::Verbose, "Closing idle client");
            self.close(conn);
        }
        let waiting = self.clients.iter().filter(|c| c.out.len() > OWN_BUFFER);
        let waiting: Vec<ConnId> = waiting.map(|c| c.conn).collect();
        for conn in waiting {
            self.check_output_limit(conn);
        }
    }
}
