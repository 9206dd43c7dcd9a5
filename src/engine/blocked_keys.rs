//! Clients that wait for keys: who they are, in which order they came, and how they are served.
//!
//! A command that finds nothing to take calls [`Engine::block_on_keys`] with a [`Waiter`]: what its
//! client wants, and how to give it. Keys that come into being while somebody waits for them are
//! noted ([`Engine::key_ready`]), and at the end of the command, or of the whole EXEC, each such key
//! serves those who wait for it, the longest waiting first ([`Engine::serve_ready`]). What serving
//! changes is propagated for each client alone, behind the command that brought the key.

use super::Engine;
use super::blocked::Blocked;
use super::call::Call;
use super::command::table;
use super::conn::{ConnId, Kind};
use super::execute::error_code;
use super::keyspace::{Db, Value};
use crate::wire::reply::ReplyWriter;
use std::collections::{BTreeMap, VecDeque};

/// A type of value that clients can wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitKind {
    List,
    ZSet,
    Stream,
}

impl WaitKind {
    /// Whom a value can serve.
    pub fn of(value: &Value) -> Option<WaitKind> {
        match value {
            Value::List(_) => Some(WaitKind::List),
            Value::ZSet(_) => Some(WaitKind::ZSet),
            Value::Stream(_) => Some(WaitKind::Stream),
            _ => None,
        }
    }
}

/// Whether a client got what it waited for (an error, too, ends the wait).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Served {
    Yes,
    /// It goes on waiting; no reply was written.
    No,
}

/// What a client waits for, beside the keys.
pub trait Waiter: std::fmt::Debug + Send {
    /// The type of value that it can take from.
    fn kind(&self) -> WaitKind;

    /// `key` of the running database (`e.db`) holds a value of that type (a list or a sorted set
    /// that is not empty). Takes from it, notifies, removes the key if it is empty then, writes the
    /// reply to `e.reply` (in the client's protocol) and says with
    /// [`propagate_also`](Engine::propagate_also) what goes to the replicas.
    fn serve(&mut self, e: &mut Engine, conn: ConnId, key: &[u8]) -> Served;

    /// The key that it waits for was a stream and is none any more: the error that ends its wait,
    /// if that does.
    fn gone(&self) -> Option<&'static str> {
        None
    }
}

/// One client that waits.
#[derive(Debug)]
struct Waiting {
    db: usize,
    keys: Vec<Vec<u8>>,
    /// Where it stands in the order of all.
    turn: u64,
    /// Taken out while it is being served.
    waiter: Option<Box<dyn Waiter>>,
    kind: WaitKind,
    /// Its command, for the slow log.
    words: Vec<Vec<u8>>,
    /// What the command took until it waited.
    spent_us: u64,
}

/// All clients that wait for keys.
#[derive(Debug, Default)]
pub(crate) struct WaitingRoom {
    clients: BTreeMap<ConnId, Waiting>,
    /// By database and key: who waits, in order.
    keys: BTreeMap<usize, BTreeMap<Vec<u8>, BTreeMap<u64, ConnId>>>,
    /// Keys that may serve somebody, in the order in which they came.
    ready: VecDeque<(usize, Vec<u8>)>,
    /// How many clients wait for each kind.
    of_kind: [usize; 3],
    last_turn: u64,
}

impl WaitingRoom {
    fn waits_for(&self, db: usize, key: &[u8]) -> bool {
        self.keys.get(&db).is_some_and(|keys| keys.contains_key(key))
    }

    /// Puts a key on the list of those that may serve somebody.
    fn note(&mut self, db: usize, key: &[u8], kind: WaitKind) {
        if self.of_kind[kind as usize] > 0
            && self.waits_for(db, key)
            && !self.ready.iter().any(|(d, k)| *d == db && k == key)
        {
            self.ready.push_back((db, key.to_vec()));
        }
    }

    /// Forgets a client that waits no more, for whatever reason.
    pub fn leave(&mut self, conn: ConnId) {
        let Some(w) = self.clients.remove(&conn) else { return };
        self.of_kind[w.kind as usize] -= 1;
        let Some(keys) = self.keys.get_mut(&w.db) else { return };
        for key in &w.keys {
            if let Some(line) = keys.get_mut(key) {
                line.remove(&w.turn);
                if line.is_empty() {
                    keys.remove(key);
                }
            }
        }
        if keys.is_empty() {
            self.keys.remove(&w.db);
        }
    }

    /// Who waits for this key, the first one first.
    fn line(&self, db: usize, key: &[u8]) -> Vec<ConnId> {
        let line = self.keys.get(&db).and_then(|keys| keys.get(key));
        line.map(|line| line.values().copied().collect()).unwrap_or_default()
    }
}

impl Engine {
    /// Whether the running command of this client may wait: not inside a transaction, and not if it
    /// came from the master. What cannot wait answers as if its time had run out.
    pub fn may_wait(&self, conn: ConnId) -> bool {
        self.unit.depth == 0
            && self.clients.get(conn).is_some_and(|c| matches!(c.kind, Kind::Normal))
    }

    /// Lets the client of the running command wait for these keys (of the running database), until
    /// the deadline at most ([`Engine::deadline_arg`]). The handler writes no reply. Ask
    /// [`Engine::may_wait`] first.
    pub fn block_on_keys(
        &mut self,
        call: &Call<'_>,
        keys: &[&[u8]],
        deadline_us: Option<u64>,
        waiter: Box<dyn Waiter>,
    ) {
        let room = &mut self.waiting;
        room.last_turn += 1;
        let (db, turn, kind) = (self.db, room.last_turn, waiter.kind());
        let mut own: Vec<Vec<u8>> = Vec::with_capacity(keys.len());
        let lines = room.keys.entry(db).or_default();
        for key in keys {
            // A key that is named twice counts once.
            if lines.entry(key.to_vec()).or_default().insert(turn, call.conn).is_none() {
                own.push(key.to_vec());
            }
        }
        room.of_kind[kind as usize] += 1;
        let words = call.args.iter().map(|w| w.to_vec()).collect();
        let waiting =
            Waiting { db, keys: own, turn, waiter: Some(waiter), kind, words, spent_us: 0 };
        room.clients.insert(call.conn, waiting);
        self.block(call.conn, Blocked::Keys { deadline_us });
    }

    /// The command that made the client wait took so long: it counts when the wait is over.
    pub(crate) fn waited_after(&mut self, conn: ConnId, spent_us: u64) {
        if let Some(w) = self.waiting.clients.get_mut(&conn) {
            w.spent_us = spent_us;
        }
    }

    /// A key came into being, or a stream got an entry: whoever waits for it is served at the end
    /// of the running command.
    #[inline]
    pub(crate) fn key_ready(&mut self, db: usize, key: &[u8]) {
        if !self.waiting.clients.is_empty() {
            let kind = self.keyspace.db(db).get(key).and_then(|e| WaitKind::of(e.value()));
            if let Some(kind) = kind {
                self.waiting.note(db, key, kind);
            }
        }
    }

    /// A value is no longer under its key. Those who read a stream as a group must know: the group
    /// went with it.
    #[inline]
    pub(crate) fn value_gone(&mut self, db: usize, key: &[u8], was: &Value) {
        if !self.waiting.clients.is_empty() && matches!(was, Value::Stream(_)) {
            self.waiting.note(db, key, WaitKind::Stream);
        }
    }

    /// A database has other content now (emptied, swapped, loaded): what that means for those who
    /// wait for keys in it.
    pub(crate) fn db_replaced(&mut self, db: usize, before: &Db) {
        let Some(keys) = self.waiting.keys.get(&db) else { return };
        let names: Vec<Vec<u8>> = keys.keys().cloned().collect();
        for key in &names {
            let was = before.get(key).and_then(|e| WaitKind::of(e.value()));
            let is = self.keyspace.db(db).get(key).and_then(|e| WaitKind::of(e.value()));
            if was == Some(WaitKind::Stream) && is != was {
                self.waiting.note(db, key, WaitKind::Stream);
            }
            if let Some(kind) = is {
                self.waiting.note(db, key, kind);
            }
        }
    }

    /// The same after two databases changed places.
    pub(crate) fn dbs_swapped(&mut self, a: usize, b: usize) {
        for (db, other) in [(a, b), (b, a)] {
            let Some(keys) = self.waiting.keys.get(&db) else { continue };
            let names: Vec<Vec<u8>> = keys.keys().cloned().collect();
            for key in &names {
                // What was here is there now.
                let was = self.keyspace.db(other).get(key).map(|e| e.value().clone());
                if let Some(was) = was
                    && self
                        .keyspace
                        .db(db)
                        .get(key)
                        .is_none_or(|e| !matches!(e.value(), Value::Stream(_)))
                {
                    self.value_gone(db, key, &was);
                }
            }
        }
        for db in [a, b] {
            let Some(keys) = self.waiting.keys.get(&db) else { continue };
            let names: Vec<Vec<u8>> = keys.keys().cloned().collect();
            for key in &names {
                self.key_ready(db, key);
            }
        }
    }

    /// Serves whoever waits for keys that came into being. Serving may bring further keys (BLMOVE
    /// pushes): they are served as well. While a command is parked, this waits for its end.
    #[inline]
    pub(crate) fn serve_ready(&mut self) {
        if !self.waiting.ready.is_empty() && self.unit.depth == 0 && self.parked.is_none() {
            self.serve_all_ready();
        }
    }

    #[cold]
    fn serve_all_ready(&mut self) {
        let (db, verbatim) = (self.db, std::mem::take(&mut self.unit.verbatim));
        // The client whose batch runs gets its output back meanwhile: it may be told something too.
        let (running, resp) = (self.executing.take(), self.reply.resp);
        if let Some(c) = running.and_then(|conn| self.clients.get_mut(conn)) {
            c.out.head = std::mem::take(&mut self.reply.buf);
        }
        while let Some((db, key)) = self.waiting.ready.pop_front() {
            self.db = db;
            self.serve_key(&key);
        }
        self.db = db;
        self.unit.verbatim = verbatim;
        self.executing = running;
        self.reply = ReplyWriter::new(resp);
        if let Some(c) = running.and_then(|conn| self.clients.get_mut(conn)) {
            self.reply.buf = std::mem::take(&mut c.out.head);
        }
    }

    fn serve_key(&mut self, key: &[u8]) {
        let db = self.db;
        let expired = self.expire_if_due(db, key, false);
        let line = self.waiting.line(db, key);
        for conn in line {
            let Some(w) = self.waiting.clients.get_mut(&conn) else { continue };
            let entry = self.keyspace.db(db).get(key).filter(|_| !expired);
            let kind = entry.and_then(|e| WaitKind::of(e.value()));
            let Some(mut waiter) = w.waiter.take() else { continue };
            let Some(c) = self.clients.get(conn) else { continue };
            self.reply = ReplyWriter::new(c.resp);
            let began = self.host.micros();
            let served = if kind == Some(w.kind) {
                waiter.serve(self, conn, key)
            } else if let Some(error) = waiter.gone().filter(|_| kind != Some(WaitKind::Stream)) {
                self.reply.error(error);
                Served::Yes
            } else {
                Served::No
            };
            match served {
                Served::No => {
                    if let Some(w) = self.waiting.clients.get_mut(&conn) {
                        w.waiter = Some(waiter);
                    }
                }
                Served::Yes => self.served(conn, began),
            }
            self.db = db;
        }
        // An expired key's DEL, if nobody was served.
        self.end_unit(None);
    }

    /// A client was served: counts, the slow log, its reply, what to propagate.
    fn served(&mut self, conn: ConnId, began_us: u64) {
        let took = self.host.micros().saturating_sub(began_us);
        let buf = std::mem::take(&mut self.reply.buf);
        if let Some(error) = buf.strip_prefix(b"-") {
            self.count_error(error_code(error));
        }
        let name = self.clients.get(conn).and_then(|c| c.last_cmd).unwrap_or_default();
        if let Some(entry) = table::lookup(name.as_bytes())
            && let Some(w) = self.waiting.clients.get_mut(&conn)
        {
            let (spent, words) = (w.spent_us + took, std::mem::take(&mut w.words));
            let stats = &mut self.stats.commands[entry.index];
            stats.usec += took;
            stats.failed += u64::from(buf.first() == Some(&b'-'));
            if self.config.latency_tracking {
                self.stats.latencies[entry.index].get_or_insert_default().record(spent);
            }
            let slow = self.config.slowlog_log_slower_than;
            if slow >= 0 && spent >= slow as u64 {
                let words: Vec<&[u8]> = words.iter().map(|w| &w[..]).collect();
                self.slow(conn, &words, spent);
            }
        }
        self.unblock(conn, |reply| reply.raw(&buf));
        self.end_unit(None);
    }
}
