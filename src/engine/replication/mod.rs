//! The replication state machines of both ends.

use super::Engine;

/// The master's view of one replica.
#[derive(Debug, Default)]
pub struct ReplicaLink {}

/// What an instance knows about replication.
#[derive(Debug, Default)]
pub struct Replication {}

/// Appends a command to the stream.
pub fn feed(_e: &mut Engine, _db: usize, _args: &[&[u8]]) {}
