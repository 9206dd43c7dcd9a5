//! The execution unit: what a command (or a whole EXEC) wants to send down the replication
//! stream, collected until its end. One command goes out bare, more go out inside MULTI/EXEC.

use super::Engine;

/// How the running command itself is propagated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Verbatim {
    /// If `dirty` grew.
    #[default]
    IfDirty,
    /// In any case.
    Always,
    /// The handler said what to send instead, or that nothing is to be sent.
    Never,
}

/// Commands waiting for the end of the unit. Their words lie in one buffer that is kept from unit
/// to unit, so that nothing is allocated in the long run.
#[derive(Debug, Default)]
pub struct Unit {
    pub(crate) verbatim: Verbatim,
    /// Greater than 0 inside EXEC: the unit ends with the outermost command.
    pub(crate) depth: u32,
    bytes: Vec<u8>,
    /// End of every word in `bytes`.
    word_ends: Vec<usize>,
    /// For every command its database and the end of its words in `word_ends`.
    commands: Vec<(usize, usize)>,
}

impl Unit {
    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.commands.is_empty()
    }

    pub(crate) fn push(&mut self, db: usize, args: &[&[u8]]) {
        for arg in args {
            self.bytes.extend_from_slice(arg);
            self.word_ends.push(self.bytes.len());
        }
        self.commands.push((db, self.word_ends.len()));
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.word_ends.clear();
        self.commands.clear();
    }
}

impl Engine {
    /// Propagates these words instead of the running command; may be called several times.
    pub fn propagate_as(&mut self, args: &[&[u8]]) {
        self.unit.verbatim = Verbatim::Never;
        let db = self.db;
        self.unit.push(db, args);
    }

    /// Propagates these words too, before the running command (e.g. the DEL of an expired key).
    pub fn propagate_also(&mut self, db: usize, args: &[&[u8]]) {
        self.unit.push(db, args);
    }

    /// The running command is not propagated, whatever it changed.
    pub fn propagate_nothing(&mut self) {
        self.unit.verbatim = Verbatim::Never;
    }

    /// The running command is propagated as it was sent, whether or not it changed something.
    pub fn propagate_verbatim(&mut self) {
        self.unit.verbatim = Verbatim::Always;
    }

    /// Ends the unit: hands what was collected, and `last` (the running command, if it goes out as
    /// it came), to replication. Outside of a command (expiry in cron) call it with `None`.
    pub(crate) fn end_unit(&mut self, last: Option<(usize, &[&[u8]])>) {
        if self.unit.is_empty() {
            if let Some((db, args)) = last {
                super::replication::feed(self, db, args);
            }
            return;
        }
        if let Some((db, args)) = last {
            self.unit.push(db, args);
        }
        let mut unit = std::mem::take(&mut self.unit);
        let many = unit.commands.len() > 1;
        if many {
            super::replication::feed(self, unit.commands[0].0, &[b"MULTI"]);
        }
        self.feed_each(&unit);
        if many {
            let db = unit.commands.last().map_or(0, |c| c.0);
            super::replication::feed(self, db, &[b"EXEC"]);
        }
        unit.clear();
        self.unit.bytes = unit.bytes;
        self.unit.word_ends = unit.word_ends;
        self.unit.commands = unit.commands;
        self.unit.verbatim = unit.verbatim;
        self.unit.depth = unit.depth;
    }

    /// Sends every collected command on its own, without MULTI: expiry and SCAN do so.
    pub fn propagate_each_alone(&mut self) {
        let mut unit = std::mem::take(&mut self.unit);
        self.feed_each(&unit);
        unit.clear();
        self.unit = unit;
    }

    fn feed_each(&mut self, unit: &Unit) {
        let mut args: Vec<&[u8]> = Vec::new();
        let (mut word, mut at) = (0, 0);
        for &(db, end) in &unit.commands {
            args.clear();
            while word < end {
                args.push(&unit.bytes[at..unit.word_ends[word]]);
                at = unit.word_ends[word];
                word += 1;
            }
            super::replication::feed(self, db, &args);
        }
    }
}
