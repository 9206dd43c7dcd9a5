//! From bytes to executed commands: the batch that one read brings.
//!
//! The query buffer and the output are taken out of the client while its batch runs, so that
//! arguments are slices of the one and handlers append to the other while they borrow the engine.

use super::Engine;
use super::conn::{Client, ConnId, Kind, QueryBuffer, ReplyMode};
use super::{replication, steps};
use crate::observe::{LinkLoss, LogLevel, Passage};
use crate::wire::request::{Limits, Parsed, ProtocolError};
use std::ops::Range;

/// Commands with more words than this need a list on the heap.
const WORDS_ON_STACK: usize = 8;

impl Engine {
    /// Executes what is complete in the query buffer of `conn`.
    pub(crate) fn process_input(&mut self, conn: ConnId) {
        if self.executing.is_some() {
            // Another connection's command runs; the turn's end comes back to this one.
            self.resume.push(conn);
            return;
        }
        if replication::owns_input(self, conn) {
            replication::accept_bytes(self, conn);
            if replication::owns_input(self, conn) {
                return;
            }
        }
        let Some(c) = self.clients.get_mut(conn) else { return };
        if !may_run(c) || self.parked.is_some() || c.query.waiting().is_empty() {
            return;
        }
        let before = c.out.len();
        let mut query = std::mem::take(&mut c.query);
        self.reply.buf = std::mem::take(&mut c.out.head);
        self.reply.resp = c.resp;
        let mut argv = std::mem::take(&mut self.argv);
        self.executing = Some(conn);
        self.clock_us = self.host.micros();
        self.run_batch(conn, &mut query, &mut argv);
        self.executing = None;
        self.argv = argv;
        let head = std::mem::take(&mut self.reply.buf);
        let Some(c) = self.clients.get_mut(conn) else { return };
        c.query = query;
        c.out.head = head;
        if c.out.len() > before {
            self.output_grew(conn);
        }
        if let Some(why) = self.close_running.take() {
            self.close_because(conn, why);
        } else if self.clients.get(conn).is_some_and(|c| c.close_after_reply && c.out.is_empty()) {
            // Nothing is left to be said (CLIENT REPLY OFF).
            self.close(conn);
        } else {
            self.check_limits(conn);
        }
        if replication::owns_input(self, conn) {
            replication::accept_bytes(self, conn);
        }
    }

    fn run_batch(&mut self, conn: ConnId, query: &mut QueryBuffer, argv: &mut Vec<Range<usize>>) {
        // Requests that were looked at already.
        let mut ahead = 1;
        loop {
            let Some(c) = self.clients.get(conn) else { return };
            if !may_run(c)
                || self.parked.is_some()
                || self.close_running.is_some()
                || self.has_exited()
                || (self.steps.on() && self.is_broken(conn))
            {
                return;
            }
            let master = c.is_master_link();
            let limits = if master {
                Limits::master()
            } else {
                Limits {
                    max_bulk_len: self.config.proto_max_bulk_len as u64,
                    authenticated: c.authenticated || self.config.requirepass.is_empty(),
                    ..Limits::default()
                }
            };
            let from = master.then(|| replication::next_of_stream(self));
            if ahead == 0 {
                ahead = self.look_ahead(c.db, &query.buf[query.done..query.filled]);
            }
            ahead -= 1;
            let parsed = query.parser.parse(&query.buf[query.done..query.filled], &limits, argv);
            let consumed = match parsed {
                Ok(Parsed::Incomplete { need }) => {
                    query.need = need;
                    return;
                }
                Ok(Parsed::Empty { consumed }) => {
                    if master {
                        let raw = &query.buf[query.done..query.done + consumed];
                        replication::applied(self, &[], raw);
                    } else if let Some(c) = self.clients.get_mut(conn)
                        && c.is_replica()
                    {
                        replication::heard_newline(self, conn);
                    }
                    consumed
                }
                Ok(Parsed::Request { consumed }) => {
                    let bytes = &query.buf[query.done..];
                    self.running_query = query_sizes(query, words_len(argv));
                    let n = argv.len();
                    if n <= WORDS_ON_STACK {
                        let mut words: [&[u8]; WORDS_ON_STACK] = [&[]; WORDS_ON_STACK];
                        for (word, range) in words.iter_mut().zip(argv.iter()) {
                            *word = &bytes[range.clone()];
                        }
                        if !self.run_one(conn, &words[..n], &bytes[..consumed]) {
                            return;
                        }
                    } else {
                        let words: Vec<&[u8]> =
                            argv.iter().map(|range| &bytes[range.clone()]).collect();
                        if !self.run_one(conn, &words, &bytes[..consumed]) {
                            return;
                        }
                    }
                    consumed
                }
                Ok(Parsed::Inline { consumed, args }) => {
                    if master {
                        self.inline_from_master(conn, query);
                        return;
                    }
                    let len = args.iter().map(Vec::len).sum();
                    self.running_query = query_sizes(query, len);
                    let words: Vec<&[u8]> = args.iter().map(|a| &a[..]).collect();
                    if !self.run_one(conn, &words, &[]) {
                        return;
                    }
                    consumed
                }
                Err(error) => {
                    self.protocol_error(conn, query, &error);
                    return;
                }
            };
            if self.clients.get(conn).is_some_and(|c| c.paused_here()) {
                // The command waits for the end of a pause and will be parsed again.
                return;
            }
            let link = master || replication::may_be_link(self, conn);
            if link && self.tells_bytes() {
                let part = from.map_or(Passage::Talk, |from| Passage::Stream { from });
                let raw = &query.buf[query.done..query.done + consumed];
                self.message_passed(conn, query.total, part, raw);
            }
            query.consume(consumed);
        }
    }

    /// Executes one command and settles what its kind of connection is owed. `raw` is what it was on
    /// the wire (nothing for an inline command). Whether it was executed: it may have to wait for
    /// its step, and is parsed again then.
    fn run_one(&mut self, conn: ConnId, words: &[&[u8]], raw: &[u8]) -> bool {
        if self.steps.on()
            && !(steps::may_take(self, conn, words, raw) && replication::may_run(self, conn, words))
        {
            return false;
        }
        let Some(c) = self.clients.get(conn) else { return true };
        let before = self.reply.buf.len();
        let mode = c.reply_mode;
        match c.kind {
            Kind::MasterLink => {
                self.execute(conn, words);
                self.reply.buf.truncate(before);
                if self.clients.get(conn).is_some_and(|c| c.paused_here()) {
                    return true;
                }
                replication::applied(self, words, raw);
            }
            Kind::Replica(_) => {
                self.execute(conn, words);
                if self.reply.buf.len() > before {
                    self.replica_got_reply(conn, words, before);
                }
            }
            Kind::Normal => {
                self.execute(conn, words);
                self.settle_reply_mode(conn, mode, before);
            }
        }
        true
    }

    /// CLIENT REPLY: drops the reply that was just written, if the client does not want it.
    fn settle_reply_mode(&mut self, conn: ConnId, before_mode: ReplyMode, before: usize) {
        let Some(c) = self.clients.get_mut(conn) else { return };
        match c.reply_mode {
            ReplyMode::On => {}
            ReplyMode::Off => self.reply.buf.truncate(before),
            ReplyMode::SkipNext => {
                c.reply_mode = ReplyMode::Skip;
                self.reply.buf.truncate(before);
            }
            ReplyMode::Skip => {
                if before_mode == ReplyMode::Skip {
                    c.reply_mode = ReplyMode::On;
                }
                self.reply.buf.truncate(before);
            }
        }
        self.reply.buf.append(&mut self.pushed);
    }

    /// A replica must not cause replies: it is dropped without seeing one.
    fn replica_got_reply(&mut self, conn: ConnId, words: &[&[u8]], before: usize) {
        let reply = self.reply.buf.split_off(before);
        let name = words.first().copied().unwrap_or_default();
        let entry = self.command(name);
        let found = entry.and_then(|e| match words.get(1) {
            Some(word) if !e.subcommands.is_empty() => e.sub(word),
            _ => Some(e),
        });
        let full = found.map_or_else(|| "<unknown>".to_owned(), |e| e.full_name.clone());
        let info = self.client_line(conn);
        self.log(
            LogLevel::Warning,
            format!("Replica generated a reply to command '{full}', disconnecting it: {info}"),
        );
        if let Some(error) = reply.strip_prefix(b"-") {
            self.tell_link_error(conn, &full, error);
        }
        self.break_link(conn, format!("a reply to '{full}'"));
    }

    fn inline_from_master(&mut self, conn: ConnId, query: &QueryBuffer) {
        self.log(
            LogLevel::Warning,
            "WARNING: Receiving inline protocol from master, master stream corruption? Closing the \
             master connection and discarding the cached master.",
        );
        self.log_protocol_error(conn, query, "Master using the inline protocol. Desync?");
        self.break_link(conn, "inline data from the master".into());
    }

    /// Answers a broken request, logs it, and closes once the answer is out.
    fn protocol_error(&mut self, conn: ConnId, query: &mut QueryBuffer, error: &ProtocolError) {
        let Some(c) = self.clients.get(conn) else { return };
        let (master, critical) = (c.is_master_link(), !matches!(c.kind, Kind::Normal));
        if master {
            // Nobody reads this reply, but it is one: the error is told and counted.
            let text = error.reply_text();
            let name = c.last_cmd.unwrap_or("<unknown>");
            self.count_error(b"ERR");
            self.tell_link_error(conn, name, text.as_ref());
        } else if !critical {
            self.count_error(b"ERR");
            self.reply.error(error.reply_text());
        }
        self.log_protocol_error(conn, query, error.log_reason());
        query.consume(usize::MAX / 2);
        query.parser = Default::default();
        if critical {
            self.break_link(conn, error.log_reason().into());
        } else if let Some(c) = self.clients.get_mut(conn) {
            c.close_after_reply = true;
        }
    }

    /// What came in on a link makes no sense: it ends after this command, or when that step goes.
    fn break_link(&mut self, conn: ConnId, what: String) {
        let why = LinkLoss::Protocol(what);
        if !self.keeps_broken(conn, &why) {
            self.close_running = Some(why);
        }
    }

    /// Tells why a connection's bytes are no requests: loudly if the stream itself is broken.
    fn log_protocol_error(&mut self, conn: ConnId, query: &QueryBuffer, reason: &str) {
        let link = self.clients.get(conn).is_some_and(|c| !matches!(c.kind, Kind::Normal));
        let seen = query.waiting();
        let start = crate::observe::Preview::of(&seen[..seen.len().min(128)]);
        let line = format!(
            "Protocol error ({reason}) from client: {}. Query buffer during protocol error: '{}'",
            self.client_line(conn),
            start.text(),
        );
        self.log(if link { LogLevel::Warning } else { LogLevel::Verbose }, line);
    }

    /// Goes on with the input of clients that were blocked, until none is left.
    pub(crate) fn resume_unblocked(&mut self) {
        while self.executing.is_none() && !self.resume.is_empty() {
            for conn in std::mem::take(&mut self.resume) {
                self.process_input(conn);
            }
        }
    }
}

/// Whether the next command of this client may be executed now.
fn may_run(c: &Client) -> bool {
    c.blocked.is_none() && !c.close_after_reply
}

/// Bytes that wait, bytes that are free, bytes of the words.
fn query_sizes(query: &QueryBuffer, words: usize) -> (usize, usize, usize) {
    let waits = query.filled - query.done;
    (waits, query.buf.len() - waits, words)
}

fn words_len(argv: &[Range<usize>]) -> usize {
    argv.iter().map(|r| r.len()).sum()
}
