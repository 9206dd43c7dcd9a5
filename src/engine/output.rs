//! What waits to be written, and closing connections.

use super::Engine;
use super::conn::{ConnId, Kind};
use super::effect::Effect;
use super::{replication, steps};
use crate::observe::{Fact, LinkLoss, LinkRef, Now};
use std::io::IoSlice;

impl Engine {
    /// Says that a connection got something to write.
    pub(crate) fn output_grew(&mut self, conn: ConnId) {
        self.grown.push(conn);
    }

    /// Whether something waits to be written to this connection.
    pub fn has_output(&self, conn: ConnId) -> bool {
        self.may_leave(conn) != Some(0)
            && self.clients.get(conn).is_some_and(|c| {
                !c.out.is_empty() || (c.is_replica() && replication::has_stream(self, conn))
            })
    }

    /// The connections that got output since the last call.
    pub fn conns_with_output(&mut self, into: &mut Vec<ConnId>) {
        self.grown.sort_unstable();
        self.grown.dedup();
        into.append(&mut self.grown);
    }

    /// Fills `slices` with what is to be written next, in order; answers how many were filled.
    pub fn write_slices<'a>(&'a self, conn: ConnId, slices: &mut [IoSlice<'a>]) -> usize {
        let Some(c) = self.clients.get(conn) else { return 0 };
        let mut left = self.may_leave(conn).unwrap_or(u64::MAX);
        let mut n = 0;
        let head = up_to(&c.out.head[c.out.head_done..], &mut left);
        if !head.is_empty() && n < slices.len() {
            slices[n] = IoSlice::new(head);
            n += 1;
        }
        for (i, piece) in c.out.pieces.iter().enumerate() {
            if n == slices.len() || left == 0 {
                return n;
            }
            let from = if i == 0 { c.out.piece_done } else { 0 };
            slices[n] = IoSlice::new(up_to(&piece[from..], &mut left));
            n += 1;
        }
        if c.is_replica() && n < slices.len() && left > 0 {
            n += replication::stream_slices(self, conn, &mut slices[n..], left);
        }
        n
    }

    /// The socket took so many bytes of what [`Engine::write_slices`] showed.
    pub fn wrote(&mut self, now: Now, conn: ConnId, n: usize) {
        self.now = now;
        self.stats.total_writes_processed += 1;
        let link = self.clients.get(conn).is_some_and(|c| !matches!(c.kind, Kind::Normal));
        if (link || replication::is_announced(self, conn)) && n > 0 {
            replication::rdb_leaves(self, conn, n);
            if self.tells_bytes() {
                self.tell_written(conn, n);
            }
        }
        let Some(c) = self.clients.get_mut(conn) else { return };
        let replica = c.is_replica();
        let had_own = !c.out.is_empty();
        let of_stream = c.out.wrote(n);
        let empty = c.out.is_empty();
        let closing = c.close_after_reply && empty;
        if replica {
            self.stats.total_net_repl_output_bytes += n as u64;
            if had_own {
                replication::pieces_written(self, conn);
            }
            if of_stream > 0 {
                replication::stream_wrote(self, conn, of_stream);
            }
        } else {
            self.stats.total_net_output_bytes += n as u64;
        }
        if self.steps.on() {
            self.have_left(conn, n as u64);
        }
        if closing {
            self.close_because(conn, LinkLoss::ClosedHere);
        }
    }

    /// The replication link that this connection is, if it is one: the driver's gate holds it.
    pub fn link_of(&self, conn: ConnId) -> Option<LinkRef> {
        replication::link_of(self, conn)
    }

    /// Closes a connection now, because this side decided so.
    pub fn close(&mut self, conn: ConnId) {
        self.close_because(conn, LinkLoss::ClosedHere);
    }

    /// Closes a connection now: the client is forgotten, the driver is told. The connection whose
    /// command is running lives on to the end of that command.
    pub fn close_because(&mut self, conn: ConnId, why: LinkLoss) {
        if self.executing == Some(conn) {
            self.close_running.get_or_insert(why);
            return;
        }
        self.unwatch(conn);
        self.waiting.leave(conn);
        self.drop_subscriptions(conn);
        self.untrack(conn);
        let Some(client) = self.clients.remove(conn) else { return };
        self.monitors -= usize::from(client.monitor);
        self.effect(Effect::Close { conn });
        let link = !matches!(client.kind, Kind::Normal);
        steps::link_gone(self, conn);
        replication::link_closed(self, &client, why);
        if !link {
            self.fact(Fact::ClientGone { id: conn.0 });
        }
    }

    /// Closes a connection at the end of the turn.
    pub fn close_soon(&mut self, conn: ConnId) {
        self.closing.push(conn);
    }
}

/// The beginning of `bytes` that is within `left`, which shrinks by it.
fn up_to<'a>(bytes: &'a [u8], left: &mut u64) -> &'a [u8] {
    let n = bytes.len().min(usize::try_from(*left).unwrap_or(usize::MAX));
    *left -= n as u64;
    &bytes[..n]
}
