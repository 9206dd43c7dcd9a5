//! The slow log: commands that took long, by the host's clock (in the simulation time stands still
//! within a command, so there it is DEBUG SLEEP, or every command when the threshold is 0).

use super::Engine;
use super::conn::ConnId;
use std::collections::VecDeque;

/// Words kept of a command, and bytes of each, as Redis cuts them.
const MAX_WORDS: usize = 32;
const MAX_BYTES: usize = 128;

/// One entry.
#[derive(Clone, Debug)]
pub(crate) struct SlowEntry {
    pub id: i64,
    /// Unix time.
    pub at_s: i64,
    pub took_us: u64,
    pub words: Vec<Vec<u8>>,
    pub addr: String,
    pub name: Vec<u8>,
}

/// The entries, newest first.
#[derive(Debug, Default)]
pub(crate) struct SlowLog {
    pub entries: VecDeque<SlowEntry>,
    next_id: i64,
}

impl Engine {
    /// Enters a command that took this long.
    pub(crate) fn slow(&mut self, conn: ConnId, words: &[&[u8]], took_us: u64) {
        let Some(c) = self.clients.get(conn) else { return };
        let mut kept: Vec<Vec<u8>> = words
            .iter()
            .take(MAX_WORDS)
            .enumerate()
            .map(|(i, w)| {
                if super::secrets::is_secret(words, i) {
                    b"(redacted)".to_vec()
                } else if w.len() > MAX_BYTES {
                    let mut cut = w[..MAX_BYTES].to_vec();
                    cut.extend(format!("... ({} more bytes)", w.len() - MAX_BYTES).bytes());
                    cut
                } else {
                    w.to_vec()
                }
            })
            .collect();
        if words.len() > MAX_WORDS
            && let Some(last) = kept.last_mut()
        {
            *last = format!("... ({} more arguments)", words.len() - MAX_WORDS + 1).into_bytes();
        }
        let entry = SlowEntry {
            id: self.slowlog.next_id,
            at_s: self.now.wall_s(),
            took_us,
            words: kept,
            addr: c.addr.clone(),
            name: c.name.clone(),
        };
        self.slowlog.next_id += 1;
        self.slowlog.entries.push_front(entry);
        let max = usize::try_from(self.config.slowlog_max_len).unwrap_or(0);
        self.slowlog.entries.truncate(max);
    }
}
