//! MULTI's queue and WATCH's keys, as a client keeps them.

use super::Engine;
use super::command::table::Entry;
use super::conn::ConnId;
use super::keyspace::Db;

/// A transaction that is being queued.
#[derive(Debug, Default)]
pub struct Multi {
    /// The words of each queued command.
    pub queue: Vec<Vec<Vec<u8>>>,
    /// Flags of the queued commands, OR-ed.
    pub flags: u32,
    /// The flags that some queued command lacks.
    pub lacking: u32,
    /// A command was refused while queueing: EXEC answers EXECABORT.
    pub aborted: bool,
    /// The step went that it waits for because it makes this instance a master.
    pub may_change_role: bool,
}

impl Multi {
    /// Bytes that the queued words take: CLIENT LIST's multi-mem.
    pub fn memory(&self) -> usize {
        self.queue.iter().flatten().map(|w| w.len() + std::mem::size_of::<Vec<u8>>()).sum()
    }
}

/// A key under WATCH.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watched {
    pub db: usize,
    pub key: Vec<u8>,
    /// It was logically expired already when WATCH ran; then its removal is no change.
    pub expired: bool,
    /// Somebody changed it since.
    pub changed: bool,
}

impl Engine {
    /// Queues a command of a transaction. Nothing is kept of one that fails anyway.
    pub(crate) fn queue(&mut self, conn: ConnId, entry: &Entry, words: &[&[u8]]) {
        let Some(client) = self.clients.get_mut(conn) else { return };
        let spoiled = client.watched.iter().any(|w| w.changed);
        let Some(multi) = client.multi.as_mut() else { return };
        if multi.aborted || spoiled {
            return;
        }
        multi.flags |= entry.spec.flags;
        multi.lacking |= !entry.spec.flags;
        multi.queue.push(words.iter().map(|w| w.to_vec()).collect());
    }

    /// Forgets a transaction and all watches.
    pub(crate) fn discard_transaction(&mut self, conn: ConnId) {
        if let Some(client) = self.clients.get_mut(conn) {
            client.multi = None;
        }
        self.unwatch(conn);
    }

    /// Puts a key of the running database under watch for a client.
    pub(crate) fn watch(&mut self, conn: ConnId, key: &[u8]) {
        let now_ms = self.now.wall_ms();
        let expired = self.keyspace.db(self.db).get(key).is_some_and(|e| e.is_expired(now_ms));
        let db = self.db;
        let Some(client) = self.clients.get_mut(conn) else { return };
        if client.watched.iter().any(|w| w.db == db && w.key == key) {
            return;
        }
        client.watched.push(Watched { db, key: key.to_vec(), expired, changed: false });
        self.clients.watching += 1;
    }

    /// Ends all of a client's watches: EXEC, DISCARD, UNWATCH, and when it leaves.
    pub(crate) fn unwatch(&mut self, conn: ConnId) {
        if let Some(client) = self.clients.get_mut(conn) {
            let ended = std::mem::take(&mut client.watched).len();
            self.clients.watching = self.clients.watching.saturating_sub(ended);
        }
    }

    /// Whether a key that the client watches was changed, or has expired meanwhile: EXEC must fail.
    pub(crate) fn watch_spoiled(&self, conn: ConnId) -> bool {
        let now_ms = self.now.wall_ms();
        let Some(client) = self.clients.get(conn) else { return false };
        client.watched.iter().any(|w| {
            let entry = self.keyspace.db(w.db).get(&w.key);
            w.changed || (!w.expired && entry.is_some_and(|e| e.is_expired(now_ms)))
        })
    }

    /// A key changed or went: marks it for everybody who watches it.
    #[inline]
    pub(crate) fn spoil_watchers(&mut self, db: usize, key: &[u8]) {
        if self.clients.watching > 0 {
            self.spoil(|w| w.db == db && w.key == key);
        }
    }

    /// A database was emptied, or another one took its place: marks what is watched in it, if the
    /// key is there now or was there `before`.
    pub(crate) fn spoil_watchers_of_db(&mut self, db: usize, before: &Db) {
        if self.clients.watching > 0 {
            self.spoil(|w| w.db == db && before.get(&w.key).is_some());
            let now = self.keyspace.db(db);
            for client in self.clients.iter_mut() {
                for w in client.watched.iter_mut().filter(|w| w.db == db) {
                    w.changed |= now.get(&w.key).is_some();
                }
            }
        }
    }

    /// Two databases changed places: marks what is watched in either and is there in one of them.
    /// A key that had expired counts as absent, on both sides of the change.
    pub(crate) fn spoil_watchers_of_swap(&mut self, a: usize, b: usize) {
        if self.clients.watching == 0 {
            return;
        }
        let now_ms = self.now.wall_ms();
        let keyspace = &self.keyspace;
        for client in self.clients.iter_mut() {
            for w in client.watched.iter_mut().filter(|w| w.db == a || w.db == b) {
                // They are swapped already: what the watcher's number held lies under the other now.
                let before = keyspace.db(if w.db == a { b } else { a }).get(&w.key);
                let after = keyspace.db(w.db).get(&w.key);
                if before.is_none() && after.is_none() {
                    continue;
                }
                let stale_now = after.is_some_and(|e| e.is_expired(now_ms));
                match (w.expired, after) {
                    (true, None) => w.expired = false,
                    (true, Some(_)) if stale_now => {}
                    (false, Some(_)) if before.is_none() && stale_now => w.expired = true,
                    _ => w.changed = true,
                }
            }
        }
    }

    fn spoil(&mut self, hit: impl Fn(&Watched) -> bool) {
        let now_ms = self.now.wall_ms();
        let keyspace = &self.keyspace;
        for client in self.clients.iter_mut() {
            for w in client.watched.iter_mut().filter(|w| hit(w)) {
                // It had expired before WATCH, and is taken out now: to the client nothing changed.
                if w.expired && keyspace.db(w.db).get(&w.key).is_none_or(|e| e.is_expired(now_ms)) {
                    w.expired = false;
                } else {
                    w.changed = true;
                }
            }
        }
    }
}
