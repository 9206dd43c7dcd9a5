//! All connections of the instance, in the order of their ids.

use super::conn::{Client, ConnId};
use std::collections::BTreeMap;

/// The connections, by id; ids grow, so this is the order of their arrival.
#[derive(Debug, Default)]
pub struct Clients {
    map: BTreeMap<ConnId, Box<Client>>,
    last_id: u64,
    /// How many keys all clients together watch: a write asks this first.
    pub watching: usize,
}

impl Clients {
    /// An id that was never given before.
    pub fn next_id(&mut self) -> ConnId {
        self.last_id += 1;
        ConnId(self.last_id)
    }

    pub fn insert(&mut self, client: Client) {
        self.map.insert(client.conn, Box::new(client));
    }

    pub fn get(&self, conn: ConnId) -> Option<&Client> {
        self.map.get(&conn).map(|c| &**c)
    }

    pub fn get_mut(&mut self, conn: ConnId) -> Option<&mut Client> {
        self.map.get_mut(&conn).map(|c| &mut **c)
    }

    pub fn remove(&mut self, conn: ConnId) -> Option<Box<Client>> {
        self.map.remove(&conn)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Client> {
        self.map.values().map(|c| &**c)
    }

    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Client> {
        self.map.values_mut().map(|c| &mut **c)
    }

    /// The earliest deadline of a blocked client, in microseconds of the clients' clock.
    pub fn blocked_until(&self) -> Option<u64> {
        self.iter().filter_map(|c| c.blocked.as_ref()?.deadline_us()).min()
    }

    pub fn len(&self) -> usize {
        self.map.len()
    }

    pub fn is_empty(&self) -> bool {
        self.map.is_empty()
    }
}
