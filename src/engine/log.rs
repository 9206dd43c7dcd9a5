//! Log lines: the engine says the text, its level and the role letter; the driver adds pid and
//! time and writes them.

use super::Engine;
use crate::observe::{Fact, LogLevel};

impl Engine {
    /// Logs a line, if `loglevel` lets it through.
    pub fn log(&mut self, level: LogLevel, text: impl Into<String>) {
        let role = if self.is_replica() { 'S' } else { 'M' };
        self.log_as(role, level, text);
    }

    /// Logs a line of a saving child (`C`, also before start-up is done).
    pub fn log_as(&mut self, role: char, level: LogLevel, text: impl Into<String>) {
        if level >= self.config.loglevel.level() {
            self.fact(Fact::Log { level, role, text: text.into() });
        }
    }
}
