//! Replication, in both roles.
//!
//! In: commands to propagate, requests and acknowledgements of replicas, the bytes of the own
//! master, link time. Out: the shared stream with a cursor for every replica, snapshots asked for,
//! the handshake's lines, and facts about every step.
//! Never in here: sockets, files, the format of an RDB, and what a key holds.

mod handshake;
mod hooks;
mod ids;
mod lines;
mod link;
mod psync;
mod stream;
mod transfer;

pub use hooks::*;
pub use ids::Ids;
pub use link::{Announced, ReplicaLink};
pub use stream::Stream;

use super::Engine;
use super::conn::ConnId;
use super::rng::Rng;
use crate::observe::ReplId;
use std::collections::BTreeMap;

/// What an instance knows about replication.
#[derive(Debug)]
pub struct Replication {
    pub ids: Ids,
    pub stream: Stream,
    /// The database last selected in the stream; `None` forces a SELECT before the next command.
    pub(crate) stream_db: Option<usize>,
    /// Replicas in the order of their arrival: INFO's slave0, slave1, …
    pub(crate) replicas: Vec<ConnId>,
    /// What connections said with REPLCONF that are no replicas (yet).
    pub(crate) announced: BTreeMap<ConnId, Announced>,
}

impl Replication {
    /// A fresh master with an id of its own.
    pub fn new(rng: &mut Rng) -> Replication {
        Replication {
            ids: Ids::new(ReplId(rng.hex())),
            stream: Stream::default(),
            stream_db: None,
            replicas: Vec::new(),
            announced: BTreeMap::new(),
        }
    }
}

/// Appends a command to the stream.
pub fn feed(_e: &mut Engine, _db: usize, _args: &[&[u8]]) {}
