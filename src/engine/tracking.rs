//! Client side caching: which clients may hold which keys, and the word to them that a key is no
//! longer what they saw.
//!
//! In: keys that a tracking client read, keys that changed. Out: `invalidate` pushes, or messages
//! on `__redis__:invalidate` to the client that another one redirects to. Keys are known by name
//! alone: databases are not told apart, as in Redis.

use super::Engine;
use super::call::flags;
use super::command::{command_keys, table::Entry};
use super::conn::{Client, ConnId};
use std::collections::{BTreeMap, BTreeSet};

type Name = Box<[u8]>;

/// What CLIENT TRACKING ON asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wishes {
    /// The client that gets the messages; 0: this one.
    pub redirect: u64,
    pub bcast: bool,
    pub optin: bool,
    pub optout: bool,
    pub noloop: bool,
}

/// What a tracking client is kept by.
#[derive(Clone, Debug, Default)]
pub struct TrackingClient {
    pub wishes: Wishes,
    /// CLIENT CACHING was given for the next command.
    pub caching: bool,
    /// The client that gets the messages is gone.
    pub broken_redirect: bool,
    /// In broadcasting mode: the beginnings of the names that count.
    pub prefixes: BTreeSet<Name>,
}

/// Of one prefix in broadcasting mode: who listens, and what changed in this turn, with the last
/// client that did it.
#[derive(Debug, Default)]
struct Broadcast {
    clients: BTreeSet<ConnId>,
    changed: BTreeMap<Name, Option<ConnId>>,
}

/// What is known of all clients.
#[derive(Debug, Default)]
pub struct Tracking {
    /// How many clients track.
    clients: usize,
    /// Who may hold a key. Clients that are gone are forgotten with the key.
    table: BTreeMap<Name, BTreeSet<ConnId>>,
    /// Pairs in `table`.
    items: usize,
    prefixes: BTreeMap<Name, Broadcast>,
    /// Keys (`None`: all) that clients shall forget once the reply is complete that they get now.
    pending: Vec<(ConnId, Option<Name>)>,
    /// How often in turn the table was found to be too large.
    overflows: usize,
}

impl Tracking {
    /// How many clients track.
    pub fn clients(&self) -> usize {
        self.clients
    }

    /// INFO's tracking_total_keys, tracking_total_items, tracking_total_prefixes.
    pub fn totals(&self) -> [usize; 3] {
        [self.table.len(), self.items, self.prefixes.len()]
    }

    fn is_idle(&self) -> bool {
        self.clients == 0 && self.table.is_empty()
    }
}

/// What a message says to be invalid.
enum Invalid<'a> {
    /// Everything, said by this null.
    All(&'static [u8]),
    Keys(&'a [&'a [u8]]),
}

impl Engine {
    /// CLIENT TRACKING ON. The wishes suit each other and the client's state.
    pub(crate) fn track(&mut self, conn: ConnId, wishes: Wishes, prefixes: &[&[u8]]) {
        let Some(c) = self.clients.get_mut(conn) else { return };
        self.tracking.clients += usize::from(c.tracking.is_none());
        let t = c.tracking.get_or_insert_default();
        t.broken_redirect = false;
        if wishes.bcast {
            let all: &[&[u8]] = if prefixes.is_empty() { &[b""] } else { prefixes };
            for prefix in all {
                t.prefixes.insert((*prefix).into());
                let broadcast = self.tracking.prefixes.entry((*prefix).into()).or_default();
                broadcast.clients.insert(conn);
            }
        }
        t.wishes = wishes;
    }

    /// CLIENT TRACKING OFF, RESET, or the client leaves.
    pub(crate) fn untrack(&mut self, conn: ConnId) {
        let Some(t) = self.clients.get_mut(conn).and_then(|c| c.tracking.take()) else { return };
        self.tracking.clients -= 1;
        for prefix in t.prefixes {
            if let Some(broadcast) = self.tracking.prefixes.get_mut(&prefix) {
                broadcast.clients.remove(&conn);
                if broadcast.clients.is_empty() {
                    self.tracking.prefixes.remove(&prefix);
                }
            }
        }
    }

    /// A command was called: if it read keys for a tracking client, they are remembered.
    #[inline]
    pub(crate) fn remember_keys(&mut self, conn: ConnId, entry: &Entry, words: &[&[u8]]) {
        if self.tracking.clients > 0 && entry.spec.has(flags::READONLY) {
            self.remember_keys_of(conn, entry, words);
        }
    }

    #[cold]
    fn remember_keys_of(&mut self, conn: ConnId, entry: &Entry, words: &[&[u8]]) {
        let Some(t) = self.clients.get(conn).and_then(|c| c.tracking.as_ref()) else { return };
        let w = &t.wishes;
        if w.bcast || (w.optin && !t.caching) || (w.optout && t.caching) {
            return;
        }
        for (at, _) in command_keys::keys_of(entry, words) {
            let Some(key) = words.get(at) else { continue };
            let holders = match self.tracking.table.get_mut(*key) {
                Some(holders) => holders,
                None => self.tracking.table.entry((*key).into()).or_default(),
            };
            self.tracking.items += usize::from(holders.insert(conn));
        }
    }

    /// A key changed or went: those who may hold it are told.
    #[inline]
    pub(crate) fn invalidate(&mut self, key: &[u8]) {
        if !self.tracking.is_idle() {
            self.invalidate_key(key, true);
        }
    }

    #[cold]
    fn invalidate_key(&mut self, key: &[u8], changed: bool) {
        if changed {
            let by = self.executing;
            for (prefix, broadcast) in &mut self.tracking.prefixes {
                if key.starts_with(prefix) {
                    broadcast.changed.insert(key.into(), by);
                }
            }
        }
        let Some(holders) = self.tracking.table.remove(key) else { return };
        self.tracking.items -= holders.len();
        for conn in holders {
            let Some(c) = self.clients.get(conn) else { continue };
            let Some(t) = &c.tracking else { continue };
            let own = self.executing == Some(conn);
            if t.wishes.bcast || (own && t.wishes.noloop) {
                continue;
            }
            // Not into the middle of its reply, nor before the one that a waiting client gets now.
            if (own && changed) || c.blocked.is_some() {
                self.tracking.pending.push((conn, Some(key.into())));
            } else {
                self.send_invalid(conn, &Invalid::Keys(&[key]));
            }
        }
    }

    /// The running command is done, or has not begun: clients are told of the keys that they changed
    /// themselves.
    #[inline]
    pub(crate) fn send_own_invalidations(&mut self) {
        if self.tracking.pending.is_empty() {
            return;
        }
        for (conn, key) in std::mem::take(&mut self.tracking.pending) {
            match key {
                Some(key) => self.send_invalid(conn, &Invalid::Keys(&[&key])),
                None => self.send_all_invalid(conn),
            }
        }
    }

    /// Databases were emptied or replaced: nothing that anybody holds is valid.
    pub(crate) fn invalidate_all(&mut self) {
        if self.tracking.is_idle() {
            return;
        }
        let tracking = self.clients.iter().filter(|c| c.tracking.is_some());
        let conns: Vec<ConnId> = tracking.map(|c| c.conn).collect();
        for conn in conns {
            if self.executing == Some(conn) {
                self.tracking.pending.push((conn, None));
            } else {
                self.send_all_invalid(conn);
            }
        }
        self.tracking.table.clear();
        self.tracking.items = 0;
    }

    fn send_all_invalid(&mut self, conn: ConnId) {
        let resp = self.clients.get(conn).map_or(2, |c| c.resp);
        let null: &[u8] = if resp > 2 { b"_\r\n" } else { b"$-1\r\n" };
        self.send_invalid(conn, &Invalid::All(null));
    }

    /// The end of the turn: broadcasting clients are told what changed in it.
    pub(crate) fn broadcast_invalidations(&mut self) {
        if self.tracking.prefixes.values().all(|b| b.changed.is_empty()) {
            return;
        }
        let mut turns = Vec::new();
        for broadcast in self.tracking.prefixes.values_mut() {
            let changed = std::mem::take(&mut broadcast.changed);
            if !changed.is_empty() {
                turns.push((broadcast.clients.clone(), changed));
            }
        }
        for (conns, changed) in turns {
            let all: Vec<&[u8]> = changed.keys().map(|k| &**k).collect();
            for conn in conns {
                let tracking = self.clients.get(conn).and_then(|c| c.tracking.as_ref());
                if !tracking.is_some_and(|t| t.wishes.noloop) {
                    self.send_invalid(conn, &Invalid::Keys(&all));
                    continue;
                }
                let others = changed.iter().filter(|(_, by)| **by != Some(conn));
                let others: Vec<&[u8]> = others.map(|(k, _)| &**k).collect();
                if !others.is_empty() {
                    self.send_invalid(conn, &Invalid::Keys(&others));
                }
            }
        }
    }

    /// Sends a message for a tracking client, to it or to where it redirects.
    fn send_invalid(&mut self, conn: ConnId, invalid: &Invalid<'_>) {
        let redirect = match self.clients.get(conn).and_then(|c| c.tracking.as_ref()) {
            Some(t) => t.wishes.redirect,
            None => return,
        };
        if redirect != 0 && self.clients.get(ConnId(redirect)).is_none() {
            self.tell_broken_redirect(conn, redirect);
            return;
        }
        let to = if redirect == 0 { conn } else { ConnId(redirect) };
        let Some(target) = self.clients.get(to) else { return };
        let (resp3, subscriber) = (target.resp > 2, target.subscriptions.is_some());
        let by_channel = redirect != 0 && subscriber;
        if !resp3 && !by_channel {
            return; // RESP2 has no place for it.
        }
        self.push_to(to, |w| {
            if resp3 {
                w.push(2);
                w.bulk_str("invalidate");
            } else {
                w.push(3);
                w.bulk_str("message");
                w.bulk_str("__redis__:invalidate");
            }
            match invalid {
                Invalid::All(null) => w.raw(null),
                Invalid::Keys(keys) => {
                    w.array(keys.len());
                    for key in *keys {
                        w.bulk(key);
                    }
                }
            }
        });
    }

    fn tell_broken_redirect(&mut self, conn: ConnId, redirect: u64) {
        let Some(c) = self.clients.get_mut(conn) else { return };
        if let Some(t) = &mut c.tracking {
            t.broken_redirect = true;
        }
        if c.resp > 2 {
            self.push_to(conn, |w| {
                w.push(2);
                w.bulk_str("tracking-redir-broken");
                w.int(redirect as i64);
            });
        }
    }

    /// Holds the table at tracking-table-max-keys: some keys are forgotten, as if they had changed.
    pub(crate) fn limit_tracking(&mut self) {
        let max = usize::try_from(self.config.tracking_table_max_keys).unwrap_or(usize::MAX);
        if max == 0 || self.tracking.table.len() <= max {
            self.tracking.overflows = 0;
            return;
        }
        // The longer it has been too large, the more is done at a time.
        let effort = 100 * (self.tracking.overflows + 1);
        for _ in 0..effort {
            let Some(key) = self.tracking.table.keys().next().cloned() else { break };
            self.invalidate_key(&key, false);
            if self.tracking.table.len() <= max {
                self.tracking.overflows = 0;
                return;
            }
        }
        self.tracking.overflows += 1;
    }
}

impl Client {
    /// CLIENT CACHING counts for one command only, or one transaction.
    pub(crate) fn end_caching(&mut self, entry: &Entry) {
        if self.multi.is_none()
            && !entry.full_name.starts_with("client")
            && let Some(t) = &mut self.tracking
        {
            t.caching = false;
        }
    }
}
