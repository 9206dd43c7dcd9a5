//! MIGRATE under way: the request is with the driver, everybody waits, the answers decide which
//! keys go.

use super::Engine;
use super::blocked::Blocked;
use super::conn::ConnId;
use super::effect::{Effect, JobId, Parked};
use crate::observe::GoneWhy;

/// What MIGRATE asks the target, and what is done with its answers.
#[derive(Debug, Default)]
pub(crate) struct Migration {
    pub host: String,
    pub port: u16,
    pub timeout_ms: u64,
    /// AUTH, SELECT and a RESTORE for each key, as they go on the wire.
    pub request: Vec<u8>,
    /// Answers that come before the keys' own.
    pub heads: usize,
    pub keys: Vec<Vec<u8>>,
    /// The keys stay.
    pub copy: bool,
}

/// A migration whose answers are awaited.
#[derive(Debug)]
pub(crate) struct Migrating {
    conn: ConnId,
    job: JobId,
    db: usize,
    heads: usize,
    keys: Vec<Vec<u8>>,
    copy: bool,
    /// What the target has answered so far, line by line.
    answers: Vec<u8>,
}

impl Engine {
    /// Hands the request to the driver; the client's reply comes with the answers. Like Redis this
    /// serves nobody meanwhile, so no key can change between being sent and being deleted.
    pub(crate) fn begin_migration(&mut self, conn: ConnId, m: Migration) {
        let job = self.next_job();
        let replies = m.heads + m.keys.len();
        let Migration { host, port, timeout_ms, request, heads, keys, copy } = m;
        self.effect(Effect::Exchange { job, host, port, request, replies, timeout_ms });
        self.effect(Effect::Pull { job });
        let (db, answers) = (self.db, Vec::new());
        self.migrating = Some(Migrating { conn, job, db, heads, keys, copy, answers });
        self.parked = Some(Parked::Job(job));
        self.block(conn, Blocked::Migrate);
    }

    pub(crate) fn owns_migration_job(&self, job: JobId) -> bool {
        self.migrating.as_ref().is_some_and(|m| m.job == job)
    }

    pub(crate) fn migration_piece(&mut self, bytes: &[u8]) {
        if let Some(m) = &mut self.migrating {
            m.answers.extend_from_slice(bytes);
        }
    }

    /// The exchange is over. `broke`: what the driver was doing when it failed.
    pub(crate) fn end_migration(&mut self, broke: Option<&str>) {
        let Some(m) = self.migrating.take() else { return };
        self.unpark();
        let mut lines =
            m.answers.split(|b| *b == b'\n').map(|l| l.strip_suffix(b"\r").unwrap_or(l));
        let heads: Vec<&[u8]> = lines.by_ref().take(m.heads).collect();
        let head_error = heads.iter().find(|l| l.starts_with(b"-")).copied();
        let mut refused: Option<&[u8]> = None;
        let mut gone: Vec<&[u8]> = Vec::new();
        // The text ends with a line's end: what is behind it is no answer.
        for (key, line) in m.keys.iter().zip(lines.filter(|l| !l.is_empty())) {
            let error = head_error.or_else(|| line.starts_with(b"-").then_some(line));
            match error {
                Some(error) => refused = refused.or(Some(error)),
                None if m.copy => {}
                None => {
                    if self.drop_key_in(m.db, key, GoneWhy::Deleted) {
                        self.dirty += 1;
                    }
                    gone.push(key);
                }
            }
        }
        if !gone.is_empty() {
            // Only what the target has confirmed; replicas know it as a DEL.
            let mut words: Vec<&[u8]> = vec![b"DEL"];
            words.extend(&gone);
            self.end_unit(Some((m.db, &words)));
        }
        let error = match (refused, broke) {
            (Some(line), _) => {
                let mut text = b"ERR Target instance replied with error: ".to_vec();
                text.extend_from_slice(&line[1..]);
                Some(text)
            }
            (None, Some("connecting")) => {
                Some(b"IOERR error or timeout connecting to the client".to_vec())
            }
            (None, Some(doing)) => {
                Some(format!("IOERR error or timeout {doing} to target instance").into_bytes())
            }
            (None, None) => None,
        };
        if let Some(text) = &error {
            let code = text.split(|b| *b == b' ').next().unwrap_or(b"ERR").to_vec();
            self.count_error(&code);
        }
        self.unblock(m.conn, |reply| match &error {
            None => reply.ok(),
            Some(text) => reply.error(text),
        });
    }
}
