//! Redis's own log lines, per instance.

use crate::observe::{Body, Event, Fact, LogLevel, Now, Source};
use std::collections::{BTreeMap, VecDeque};

/// Lines kept for an instance.
pub const LINES: usize = 1000;

/// One line, without the pid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    pub port: u16,
    pub at: Now,
    pub level: LogLevel,
    pub role: char,
    pub text: String,
}

/// The log lines of all instances.
#[derive(Clone, Debug, Default)]
pub struct Logs {
    by_port: BTreeMap<u16, VecDeque<LogLine>>,
    all: VecDeque<LogLine>,
}

impl Logs {
    /// Folds one event.
    pub fn apply(&mut self, event: &Event) {
        let (Source::Instance(port), Body::Fact(Fact::Log { level, role, text })) =
            (event.source, &event.body)
        else {
            return;
        };
        // A log line may quote what a client sent.
        let text = crate::tui::text::safe(text);
        let line = LogLine { port, at: event.at, level: *level, role: *role, text };
        push(self.by_port.entry(port).or_default(), line.clone());
        push(&mut self.all, line);
    }

    /// The lines of one instance, or of all in the order of time.
    pub fn of(&self, port: Option<u16>) -> &VecDeque<LogLine> {
        static NONE: VecDeque<LogLine> = VecDeque::new();
        match port {
            None => &self.all,
            Some(port) => self.by_port.get(&port).unwrap_or(&NONE),
        }
    }
}

fn push(lines: &mut VecDeque<LogLine>, line: LogLine) {
    lines.push_back(line);
    if lines.len() > LINES {
        lines.pop_front();
    }
}
