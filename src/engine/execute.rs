//! One command: found in the table, judged, run (or queued by MULTI), counted, propagated.

use super::Engine;
use super::blocked::Blocked;
use super::call::{Call, flags};
use super::command::table::Entry;
use super::conn::{ConnId, Kind};
use super::facts::Detail;
use super::replication;
use super::unit::Verbatim;
use crate::observe::{Fact, Preview, Rule};

/// Why words are no command: the error, and the command that they fail to be, if one is named.
type Unfit = (Option<&'static Entry>, Vec<u8>);

/// Commands that run at once inside MULTI instead of being queued.
pub(super) const NOT_QUEUED: [&str; 6] = ["exec", "discard", "multi", "watch", "quit", "reset"];

impl Engine {
    /// Executes the words as a command of `conn`; its reply goes to `self.reply`.
    pub(crate) fn execute(&mut self, conn: ConnId, words: &[&[u8]]) {
        let Some(&name) = words.first() else { return };
        let before = self.reply.buf.len();
        let entry = match self.find(name, words) {
            Ok(entry) => entry,
            Err((entry, error)) => {
                if name.eq_ignore_ascii_case(b"host:") || name.eq_ignore_ascii_case(b"post") {
                    self.http_is_no_redis();
                    return;
                }
                if let Some(c) = self.clients.get_mut(conn) {
                    c.last_cmd = entry.map(|e| e.full_name.as_str());
                }
                self.refuse(conn, entry, &error);
                self.tell_command(conn, words, before);
                return;
            }
        };
        let Some(c) = self.clients.get_mut(conn) else { return };
        c.last_cmd = Some(&entry.full_name);
        self.db = c.db;
        let in_multi = c.multi.is_some();
        if self.tracking.clients() > 0 {
            self.limit_tracking();
        }
        match self.judge(conn, entry, words) {
            Judgement::Run => {}
            Judgement::Wait => {
                self.block(conn, Blocked::Paused);
                return;
            }
            Judgement::Refuse(error, rule) => {
                if let Some(rule) = rule {
                    self.tell_rule(conn, name, rule);
                }
                self.refuse(conn, Some(entry), &error);
                self.tell_command(conn, words, before);
                return;
            }
        }
        if in_multi && !NOT_QUEUED.contains(&entry.full_name.as_str()) {
            self.queue(conn, entry, words);
            self.reply.simple("QUEUED");
        } else {
            self.call(conn, entry, words);
            self.finish_unit(words);
            self.send_own_invalidations();
            let offset = replication::offset(self);
            if let Some(c) = self.clients.get_mut(conn) {
                c.woff = offset;
                if c.tracking.is_some() {
                    c.end_caching(entry);
                }
            }
        }
        self.tell_command(conn, words, before);
        self.serve_ready();
        self.send_own_invalidations();
    }

    /// Finds the command and checks the number of words.
    fn find(&mut self, name: &[u8], words: &[&[u8]]) -> Result<&'static Entry, Unfit> {
        // Renamed commands keep their names while the instance runs.
        let renamed = &self.config.renamed;
        let Some(mut entry) = self.known.lookup(name, |name| renamed.lookup(name)) else {
            return Err((None, unknown_command(words)));
        };
        if !entry.subcommands.is_empty()
            && let Some(word) = words.get(1)
        {
            entry = match entry.sub(word) {
                Some(sub) => sub,
                None => return Err((None, unknown_subcommand(name, word))),
            };
        }
        if !entry.spec.suits(words.len()) {
            let name = &entry.full_name;
            let text = format!("ERR wrong number of arguments for '{name}' command");
            return Err((Some(entry), text.into_bytes()));
        }
        Ok(entry)
    }

    /// Refuses a command: the reply, the counts, and the mark on a transaction.
    fn refuse(&mut self, conn: ConnId, entry: Option<&'static Entry>, error: &[u8]) {
        if let Some(e) = entry {
            self.stats.commands[e.index].rejected += 1;
        }
        // An EXEC that is refused answers EXECABORT, and that is what counts.
        let exec = entry.is_some_and(|e| e.spec.name == "exec");
        self.count_error(if exec { b"EXECABORT" } else { error_code(error) });
        if self.is_master_link(conn) {
            let name = entry.map_or("<unknown>", |e| &e.full_name);
            self.tell_link_error(conn, name, error);
        }
        if exec {
            self.discard_transaction(conn);
            let mut text = b"EXECABORT Transaction discarded because of: ".to_vec();
            // Like Redis: the usual code goes without saying, the others are named.
            text.extend_from_slice(error.strip_prefix(b"ERR ").unwrap_or(error));
            self.reply.error(text);
            return;
        }
        if let Some(multi) = self.clients.get_mut(conn).and_then(|c| c.multi.as_mut()) {
            multi.aborted = true;
        }
        self.reply.error(error);
    }

    /// Runs a command that was judged already: handler, counts, MONITOR, what to propagate.
    pub(crate) fn call(&mut self, conn: ConnId, entry: &'static Entry, words: &[&[u8]]) {
        let before = self.reply.buf.len();
        let dirty = self.dirty;
        let outer = std::mem::take(&mut self.unit.verbatim);
        // The end of one command is the beginning of the next: a clock read less for each.
        let began = self.clock_us;
        (entry.spec.handler)(self, &Call { conn, args: words, spec: entry.spec });
        self.clock_us = self.host.micros();
        let took = self.clock_us.saturating_sub(began);
        let verbatim = std::mem::replace(&mut self.unit.verbatim, outer);
        let failed = self.reply.buf.get(before) == Some(&b'-');
        if failed {
            let code = error_code(&self.reply.buf[before + 1..]).to_vec();
            // EXEC counts its own refusals.
            if code != b"EXECABORT" {
                self.count_error(&code);
            }
            if self.is_master_link(conn) {
                let error = self.reply.buf[before + 1..].to_vec();
                self.tell_link_error(conn, &entry.full_name, &error);
            }
        }
        let stats = &mut self.stats.commands[entry.index];
        stats.calls += 1;
        stats.failed += u64::from(failed);
        let spent = std::mem::take(&mut self.spent_us) + took;
        stats.usec += spent;
        let waits = self.waits(conn);
        if waits {
            self.waited_after(conn, spent);
        }
        let event = if entry.spec.has(flags::FAST) { "fast-command" } else { "command" };
        self.latency_event(event, spent);
        if self.config.latency_tracking && !waits {
            self.stats.latencies[entry.index].get_or_insert_default().record(spent);
        }
        let slow = self.config.slowlog_log_slower_than;
        if slow >= 0 && spent >= slow as u64 && !waits && !entry.spec.has(flags::SKIP_SLOWLOG) {
            self.slow(conn, words, spent);
        }
        self.stats.total_commands_processed += 1;
        if self.monitors > 0
            && !entry.spec.has(flags::ADMIN)
            && !entry.spec.has(flags::SKIP_MONITOR)
        {
            self.feed_monitors(conn, words);
        }
        self.remember_keys(conn, entry, words);
        let propagate = match verbatim {
            Verbatim::IfDirty => self.dirty > dirty,
            Verbatim::Always => true,
            Verbatim::Never => false,
        };
        if propagate && entry.spec.name != "exec" {
            if self.unit.depth == 0 {
                self.unit.verbatim = Verbatim::Always;
            } else {
                let db = self.db;
                self.unit.push(db, words);
            }
        }
    }

    /// Whether the command that just ran waits for others: what such a call takes is nobody's work,
    /// and Redis leaves it out of the latencies and the slow log (until it is served).
    fn waits(&self, conn: ConnId) -> bool {
        let blocked = self.clients.get(conn).and_then(|c| c.blocked.as_ref());
        matches!(blocked, Some(Blocked::Wait { .. } | Blocked::Keys { .. } | Blocked::Shutdown))
    }

    /// Ends the unit of a top-level command.
    fn finish_unit(&mut self, words: &[&[u8]]) {
        let last = std::mem::take(&mut self.unit.verbatim) == Verbatim::Always;
        let db = self.db;
        self.end_unit(last.then_some((db, words)));
    }

    /// A browser was tricked into talking to us: its request lines end the connection.
    fn http_is_no_redis(&mut self) {
        self.log(
            crate::observe::LogLevel::Warning,
            "Possible SECURITY ATTACK detected. It looks like somebody is sending POST or Host: \
             commands to Redis. This is likely due to an attacker attempting to use Cross Protocol \
             Scripting to compromise your Redis instance. Connection aborted.",
        );
        self.close_running = Some(crate::observe::LinkLoss::Protocol("an HTTP request".into()));
    }

    /// Counts an error reply for INFO.
    pub(crate) fn count_error(&mut self, code: &[u8]) {
        self.stats.total_error_replies += 1;
        match self.stats.errors.get_mut(code) {
            Some(n) => *n += 1,
            None => {
                self.stats.errors.insert(code.to_vec(), 1);
            }
        }
    }

    /// Tells by which rule a client's command is refused. The command itself is told as well, and
    /// bounds how many of these a turn tells.
    pub(crate) fn tell_rule(&mut self, conn: ConnId, name: &[u8], rule: Rule) {
        let client = self.clients.get(conn).is_some_and(|c| matches!(c.kind, Kind::Normal));
        if client && self.tells_details() {
            self.fact(Fact::Refused { client: conn.0, command: Preview::of(name), rule });
        }
    }

    /// Tells what a client's command was and whether it failed.
    fn tell_command(&mut self, conn: ConnId, words: &[&[u8]], before: usize) {
        let Some(c) = self.clients.get(conn) else { return };
        if !matches!(c.kind, Kind::Normal) {
            return;
        }
        let db = c.db as u32;
        self.detail(Detail::Command, |e| {
            let reply = e.reply.buf.get(before..).unwrap_or_default();
            let error = reply.strip_prefix(b"-").map(|rest| {
                let end = rest.iter().position(|b| *b == b'\r').unwrap_or(rest.len());
                Preview::of(&rest[..end])
            });
            Fact::Command { client: conn.0, db, argv: super::secrets::previews(words), error }
        });
    }
}

/// What the rules say to a command.
pub(crate) enum Judgement {
    Run,
    /// The server is paused.
    Wait,
    /// With this error, and by this rule if it is one that a setting or the state of replication
    /// makes.
    Refuse(Vec<u8>, Option<Rule>),
}

/// The first word of an error reply's text.
pub(super) fn error_code(text: &[u8]) -> &[u8] {
    let end = text.iter().position(|b| matches!(b, b' ' | b'\r')).unwrap_or(text.len());
    &text[..end]
}

fn cut(bytes: &[u8], max: usize) -> &[u8] {
    // Redis formats these with %s: a NUL ends them.
    let end = bytes.iter().position(|b| *b == 0).unwrap_or(bytes.len());
    &bytes[..end.min(max)]
}

fn unknown_command(words: &[&[u8]]) -> Vec<u8> {
    let mut args: Vec<u8> = Vec::new();
    for word in &words[1..] {
        if args.len() >= 128 {
            break;
        }
        let room = 128 - args.len();
        args.push(b'\'');
        args.extend_from_slice(cut(word, room));
        args.extend_from_slice(b"' ");
    }
    let mut text = b"ERR unknown command '".to_vec();
    text.extend_from_slice(cut(words[0], 128));
    text.extend_from_slice(b"', with args beginning with: ");
    text.extend_from_slice(&args);
    text
}

fn unknown_subcommand(name: &[u8], word: &[u8]) -> Vec<u8> {
    let mut text = b"ERR unknown subcommand '".to_vec();
    text.extend_from_slice(cut(word, 128));
    text.extend_from_slice(b"'. Try ");
    text.extend(name.to_ascii_uppercase());
    text.extend_from_slice(b" HELP.");
    text
}
