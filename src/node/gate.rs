//! What stands between an instance and the sockets of its replication links.
//!
//! At the sending end it holds bytes back, so that they stay in the engine's buffers, where limits
//! and the picture see them. What an instance of the same owner sends passes one gate, at its
//! sender; what comes from outside passes the receiver's.

use crate::observe::{Addr, Now, Side};
use std::net::TcpStream;

/// One direction of a replication link: the key of everything that can be done to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GateKey {
    /// The port that the sending instance listens on.
    pub local: u16,
    /// The port that the receiving instance listens on: what a replica announced, what a master
    /// was dialled at; 0 before a replica announced it (`redis-cli --replica` never does).
    pub peer: u16,
    /// What the sender is on this link: [`Side::Master`] sends the RDB and the stream,
    /// [`Side::Replica`] the handshake and ACKs.
    pub from: Side,
}

impl GateKey {
    /// The other direction of the same link.
    pub fn back(self) -> GateKey {
        let from = match self.from {
            Side::Master => Side::Replica,
            Side::Replica => Side::Master,
        };
        GateKey { local: self.peer, peer: self.local, from }
    }
}

/// What is wrong with a link.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LinkRule {
    /// Connections end, dials are refused.
    pub cut: bool,
    /// Bytes are swallowed, dials hang, nobody learns of a close.
    pub half_open: bool,
    /// Every byte travels so long (microseconds of travel time).
    pub latency_us: u64,
    /// [`Gate::allow`] is asked for every portion.
    pub bounded: bool,
}

/// How many bytes may pass in one direction now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grant {
    /// At most this many bytes; 0 holds everything.
    pub bytes: usize,
    /// When fewer bytes were granted than wanted: the travel time at which to ask again. `None`:
    /// not before a [`Control::Wake`](super::Control::Wake).
    pub again_at_us: Option<u64>,
}

impl Grant {
    /// Everything may go.
    pub const ALL: Grant = Grant { bytes: usize::MAX, again_at_us: None };
}

/// The rules of all links. Asked on the threads of the instances: every answer must be quick.
pub trait Gate: Send + Sync {
    /// Nothing is wrong with any link: nothing else is asked. One atomic load.
    fn is_open(&self) -> bool;

    /// What is wrong with this direction of a link.
    fn rule(&self, link: &GateKey) -> LinkRule;

    /// How many of `want` bytes may pass in this direction now. What is granted counts as spent.
    fn allow(&self, link: &GateKey, travel_us: u64, want: usize) -> Grant;

    /// So many bytes fewer than granted did pass.
    fn give_back(&self, _link: &GateKey, _bytes: usize) {}

    /// Whether this peer stands behind the same gate, so that what it sends has passed already.
    fn is_inside(&self, _now: Now, _peer: &Addr) -> bool {
        false
    }

    /// A connection was closed at this end while its link was half-open: the peer must not learn
    /// of it before the link is healed.
    fn keep(&self, _link: &GateKey, _socket: TcpStream) {}
}

/// A gate that is never shut: what a server outside the lab has.
#[derive(Clone, Copy, Debug, Default)]
pub struct OpenGate;

impl Gate for OpenGate {
    fn is_open(&self) -> bool {
        true
    }

    fn rule(&self, _link: &GateKey) -> LinkRule {
        LinkRule::default()
    }

    fn allow(&self, _link: &GateKey, _travel_us: u64, _want: usize) -> Grant {
        Grant::ALL
    }
}
