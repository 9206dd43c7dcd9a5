//! MONITOR: every command, as it was sent, to those who asked for it.

use super::Engine;
use super::conn::ConnId;
use crate::wire::text;

impl Engine {
    /// Sends a command of `conn` to all monitors.
    pub(crate) fn feed_monitors(&mut self, conn: ConnId, words: &[&[u8]]) {
        let Some(sender) = self.clients.get(conn) else { return };
        let us = self.now.wall_us;
        let mut line = format!(
            "+{}.{:06} [{} {}]",
            us.div_euclid(1_000_000),
            us.rem_euclid(1_000_000),
            self.db,
            sender.addr
        )
        .into_bytes();
        for (i, word) in words.iter().enumerate() {
            line.push(b' ');
            if super::secrets::is_secret(words, i) {
                line.extend_from_slice(b"\"(redacted)\"");
            } else {
                line.extend_from_slice(text::repr(word).as_bytes());
            }
        }
        line.extend_from_slice(b"\r\n");
        let executing = self.executing;
        for c in self.clients.iter_mut().filter(|c| c.monitor && !c.close_after_reply) {
            if executing == Some(c.conn) {
                self.reply.raw(&line);
            } else {
                c.out.head.extend_from_slice(&line);
                self.grown.push(c.conn);
            }
        }
    }
}
