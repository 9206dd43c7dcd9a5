//! What waits to be written, and closing connections.

use super::Engine;
use super::conn::ConnId;
use super::effect::Effect;
use crate::observe::Fact;
use std::io::IoSlice;

impl Engine {
    /// Says that a connection got something to write.
    pub(crate) fn output_grew(&mut self, conn: ConnId) {
        self.grown.push(conn);
    }

    /// Whether something waits to be written to this connection.
    pub fn has_output(&self, conn: ConnId) -> bool {
        self.clients.get(conn).is_some_and(|c| !c.out.is_empty())
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
        let mut n = 0;
        let head = &c.out.head[c.out.head_done..];
        if !head.is_empty() && n < slices.len() {
            slices[n] = IoSlice::new(head);
            n += 1;
        }
        for (i, piece) in c.out.pieces.iter().enumerate() {
            if n == slices.len() {
                return n;
            }
            let from = if i == 0 { c.out.piece_done } else { 0 };
            slices[n] = IoSlice::new(&piece[from..]);
            n += 1;
        }
        n
    }

    /// Closes a connection now: the client is forgotten, the driver is told. The connection whose
    /// command is running lives on to the end of that command.
    pub fn close(&mut self, conn: ConnId) {
        if self.executing == Some(conn) {
            self.closing.push(conn);
            return;
        }
        if self.clients.remove(conn).is_some() {
            self.effect(Effect::Close { conn });
            self.fact(Fact::ClientGone { id: conn.0 });
        }
    }

    /// Closes a connection at the end of the turn.
    pub fn close_soon(&mut self, conn: ConnId) {
        self.closing.push(conn);
    }
}
