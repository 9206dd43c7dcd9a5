//! What a driver hands in.

use super::Engine;
use crate::observe::Now;

/// The other end of a connection that was dialled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dialled {
    /// `ip:port` of the peer.
    pub addr: String,
    /// `ip:port` of our end.
    pub laddr: String,
    pub fd: i32,
}

/// What a driver says at the end of a job.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct JobDone {
    pub keys: u64,
    pub bytes: u64,
    /// Size of the file, where there is one.
    pub size: Option<u64>,
}

/// Why a file could not be opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileError {
    NotFound,
    /// The system's reason.
    Other(String),
}

/// When a driver has to call [`Engine::timer`] again, unless something else happens before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wake {
    /// On the clients' clock, in microseconds.
    pub mono_us: Option<u64>,
    /// On link time, in microseconds.
    pub link_us: Option<u64>,
}

/// A signal that asks an instance to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    Term,
    Int,
}

impl Engine {
    /// After the driver listens: begins to load the data set, or is ready at once.
    pub fn start(&mut self, now: Now) {
        self.now = now;
    }

    /// When the timer is due next.
    pub fn next_wake(&self) -> Wake {
        Wake::default()
    }
}
