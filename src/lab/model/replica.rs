use crate::observe::{Addr, LinkLoss, Now, Offset, RdbFraming, ReplicaState, WaitReason};

/// A replica as its master sees it. It stays after the link was lost, with `gone` set, so that a
/// picture can show what was; the next connection from the same address takes its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Downstream {
    /// Announced host and port.
    pub addr: Addr,
    /// `None` until the master keeps a state for it (after PSYNC was judged).
    pub state: Option<ReplicaState>,
    pub state_since: Now,
    /// What it waits for before its snapshot moves, and since when.
    pub wait: Option<Wait>,
    /// The numbers that decided its last PSYNC.
    pub decision: Option<Decision>,
    /// The last acknowledged offset and when the ACK came.
    pub acked: Option<(Offset, Now)>,
    /// The stream was handed to its socket up to here, and so many bytes still wait.
    pub sent_upto: Option<Offset>,
    pub left: u64,
    /// Writes held back for it while its snapshot travels: bytes waiting now, and how many writes
    /// and which stretch of the stream they were in this transfer.
    pub held_bytes: u64,
    pub held_writes: u64,
    pub held_span: Option<(Offset, Offset)>,
    /// The RDB on its way to it, or the last one.
    pub rdb: Option<Transfer>,
    /// What waits for it came to the soft limit of its output buffer, and is there still.
    pub over_soft: Option<Over>,
    /// When and why the link ended.
    pub gone: Option<(Now, LinkLoss)>,
}

impl Downstream {
    pub(super) fn new(addr: Addr, at: Now) -> Downstream {
        Downstream {
            addr,
            state: None,
            state_since: at,
            wait: None,
            decision: None,
            acked: None,
            sent_upto: None,
            left: 0,
            held_bytes: 0,
            held_writes: 0,
            held_span: None,
            rdb: None,
            over_soft: None,
            gone: None,
        }
    }

    /// Whether the master counts it among its replicas now.
    pub fn is_attached(&self) -> bool {
        self.gone.is_none() && self.state.is_some()
    }
}

/// The clock of a soft output limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Over {
    pub since: Now,
    pub limit: u64,
    /// The link is closed when more than so many seconds have passed.
    pub patience_s: u64,
}

/// What a replica waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    pub reason: WaitReason,
    pub since: Now,
}

/// One judged PSYNC, with everything that decided it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    pub at: Now,
    /// The event's position in the journal.
    pub seq: u64,
    pub replica: Addr,
    pub numbers: crate::observe::Decision,
}

/// An RDB on its way over a link, from one end's view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transfer {
    pub framing: RdbFraming,
    /// Bytes that passed so far.
    pub moved: u64,
    pub since: Now,
    /// When the last byte passed.
    pub ended: Option<Now>,
}

impl Transfer {
    pub(super) fn new(framing: RdbFraming, at: Now) -> Transfer {
        Transfer { framing, moved: 0, since: at, ended: None }
    }

    /// The size, when it was told in advance or the end is known.
    pub fn total(&self) -> Option<u64> {
        match (self.framing, self.ended) {
            (RdbFraming::Length(n), _) => Some(n),
            (RdbFraming::Eof, Some(_)) => Some(self.moved),
            (RdbFraming::Eof, None) => None,
        }
    }

    /// Whether bytes are still to come.
    pub fn is_running(&self) -> bool {
        self.ended.is_none()
    }
}
