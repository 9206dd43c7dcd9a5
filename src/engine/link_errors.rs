//! Errors on replication links. Nobody reads the replies there, so an error means that two data
//! sets part: it is logged loudly.

use super::Engine;
use super::conn::{ConnId, Kind};
use crate::observe::LogLevel;
use crate::wire::text;

/// Bytes of the stream that the log shows beside an error.
const BACKLOG_SHOWN: usize = 256;

impl Engine {
    /// A command of a replication link ended with this error (without the dash in front).
    pub(crate) fn tell_link_error(&mut self, conn: ConnId, command: &str, error: &[u8]) {
        let (from, to) = match self.clients.get(conn).map(|c| &c.kind) {
            Some(Kind::MasterLink) => ("replica", "master"),
            Some(Kind::Replica(_)) => ("master", "replica"),
            _ => return,
        };
        let end = error.iter().position(|b| *b == b'\r').unwrap_or(error.len());
        let error = String::from_utf8_lossy(&error[..end]);
        // Redis shows a plain error without its code, any other with code and dash.
        let shown = match error.strip_prefix("ERR ") {
            Some(plain) => plain.to_string(),
            None => format!("-{error}"),
        };
        self.stats.unexpected_error_replies += 1;
        self.log(
            LogLevel::Warning,
            format!(
                "== CRITICAL == This {from} is sending an error to its {to}: '{shown}' after \
                 processing the command '{command}'"
            ),
        );
        if to == "master" && self.repl.stream.histlen() > 0 {
            let tail = text::repr(&self.repl.stream.tail(BACKLOG_SHOWN));
            self.log(LogLevel::Warning, format!("Latest backlog is: '{tail}'"));
        }
    }

    /// Whether this connection is a replication link whose errors are told with
    /// [`Engine::tell_link_error`] as they come up.
    pub(crate) fn is_master_link(&self, conn: ConnId) -> bool {
        self.clients.get(conn).is_some_and(|c| c.is_master_link())
    }
}
