use crate::observe::{Now, Side};

/// Which replication link, and from which end: the key of everything that can be done to a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GateKey {
    /// The port that the sending instance listens on.
    pub local: u16,
    /// The port that the receiving instance listens on: what a replica announced, what a master
    /// was dialled at; 0 before a replica announced it.
    pub peer: u16,
    /// What the sender is on this link: [`Side::Master`] sends the RDB and the stream,
    /// [`Side::Replica`] the handshake and ACKs.
    pub from: Side,
}

/// How much of a link's output may go to the socket now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grant {
    /// At most this many bytes; 0 holds everything.
    pub bytes: usize,
    /// When fewer bytes were granted than wanted: the link time at which to ask again. `None`:
    /// not before a [`Control::Wake`](super::Control::Wake).
    pub again_at_link_us: Option<u64>,
}

impl Grant {
    /// Everything may go.
    pub const ALL: Grant = Grant { bytes: usize::MAX, again_at_link_us: None };
}

/// Stands between an instance's output and the socket, for replication links only and at the
/// sending end only: held bytes stay in the engine's buffers, where its limits and the picture
/// see them.
pub trait Gate: Send + Sync {
    /// How many of `want` bytes may leave on this link now. What is granted counts as spent.
    fn allow(&self, link: &GateKey, now: Now, want: usize) -> Grant;

    /// The socket took `bytes` fewer than were granted.
    fn give_back(&self, _link: &GateKey, _bytes: usize) {}
}

/// A gate that is never shut: what a server outside the lab has.
#[derive(Clone, Copy, Debug, Default)]
pub struct OpenGate;

impl Gate for OpenGate {
    fn allow(&self, _link: &GateKey, _now: Now, _want: usize) -> Grant {
        Grant::ALL
    }
}
