//! All connections of the instance, in the order of their ids.

use super::conn::{Client, ConnId};
use std::cell::Cell;
use std::collections::BTreeMap;

/// The connections, by id; ids grow, so this is the order of their arrival.
#[derive(Debug)]
pub struct Clients {
    /// The place of every connection among `places`.
    by_id: BTreeMap<ConnId, usize>,
    places: Vec<Option<Box<Client>>>,
    free: Vec<usize>,
    /// Who was looked up last, and where: a command asks for its own client many times.
    last: Cell<(ConnId, usize)>,
    last_id: u64,
    /// How many keys all clients together watch: a write asks this first.
    pub watching: usize,
    /// Whether any client may be blocked: every turn asks for their deadlines.
    pub(super) may_be_blocked: Cell<bool>,
}

/// Looked up by nobody: there is no such place.
const NOBODY: (ConnId, usize) = (ConnId(u64::MAX), usize::MAX);

impl Default for Clients {
    fn default() -> Clients {
        Clients {
            by_id: BTreeMap::new(),
            places: Vec::new(),
            free: Vec::new(),
            last: Cell::new(NOBODY),
            last_id: 0,
            watching: 0,
            may_be_blocked: Cell::new(false),
        }
    }
}

impl Clients {
    /// An id that was never given before.
    pub fn next_id(&mut self) -> ConnId {
        self.last_id += 1;
        ConnId(self.last_id)
    }

    pub fn insert(&mut self, client: Client) {
        self.remove(client.conn);
        let at = self.free.pop().unwrap_or(self.places.len());
        self.by_id.insert(client.conn, at);
        let client = Some(Box::new(client));
        match self.places.get_mut(at) {
            Some(place) => *place = client,
            None => self.places.push(client),
        }
    }

    #[inline]
    pub fn get(&self, conn: ConnId) -> Option<&Client> {
        self.places.get(self.place_of(conn)?)?.as_deref()
    }

    #[inline]
    pub fn get_mut(&mut self, conn: ConnId) -> Option<&mut Client> {
        let at = self.place_of(conn)?;
        self.places.get_mut(at)?.as_deref_mut()
    }

    #[inline]
    fn place_of(&self, conn: ConnId) -> Option<usize> {
        let (last, at) = self.last.get();
        if last == conn {
            return Some(at);
        }
        let at = *self.by_id.get(&conn)?;
        self.last.set((conn, at));
        Some(at)
    }

    pub fn remove(&mut self, conn: ConnId) -> Option<Box<Client>> {
        let at = self.by_id.remove(&conn)?;
        self.last.set(NOBODY);
        self.free.push(at);
        self.places[at].take()
    }

    pub fn iter(&self) -> impl Iterator<Item = &Client> {
        self.by_id.values().filter_map(|at| self.places[*at].as_deref())
    }

    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Client> {
        let mut all: Vec<&mut Client> =
            self.places.iter_mut().flatten().map(|c| &mut **c).collect();
        all.sort_unstable_by_key(|c| c.conn);
        all.into_iter()
    }

    /// The earliest deadline of a blocked client, in microseconds of the clients' clock.
    pub fn blocked_until(&self) -> Option<u64> {
        if !self.may_be_blocked.get() {
            return None;
        }
        self.may_be_blocked.set(self.iter().any(|c| c.blocked.is_some()));
        self.iter().filter_map(|c| c.blocked.as_ref()?.deadline_us()).min()
    }

    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }
}
