use super::{Addr, LinkState, Offset, ReplicaState};
use serde::{Deserialize, Serialize};

/// How far a FAILOVER is, as one of the two instances that it is about tells it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Failover {
    /// FAILOVER was accepted: writes wait until a replica (`target`, or whichever is first) has
    /// acknowledged `offset`. `timeout_ms`: how long it waits; with `force` it hands over even
    /// then, otherwise it gives up.
    Asked { target: Option<Addr>, offset: Offset, timeout_ms: Option<u64>, force: bool },
    /// The roles change: this instance becomes the target's replica and will ask it with
    /// `PSYNC … FAILOVER`. `acked` is what the target had acknowledged of `offset`; `forced`: time
    /// ran out before they were equal.
    HandsOver { target: Addr, offset: Offset, acked: Option<Offset>, forced: bool },
    /// The target took over; what waited here meets a replica now.
    Done { target: Addr },
    /// Nothing came of it; this instance is a master, and writes go on.
    Aborted { target: Option<Addr>, why: FailoverAbort },
    /// Seen from the target: its master asks it with `PSYNC … FAILOVER` to take over.
    Requested { by: Addr },
}

/// Why a FAILOVER came to nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailoverAbort {
    /// Its TIMEOUT passed, and no replica (or not the target) had acknowledged `offset`. `best` is
    /// the highest offset that one had acknowledged.
    NeverCaughtUp { offset: Offset, best: Option<Offset>, timeout_ms: u64 },
    /// FAILOVER ABORT.
    ByHand,
    /// The target answered PSYNC with this line. This instance's history has a new id since.
    Rejected(String),
}

/// Why clients are paused. Each purpose pauses and ends for itself; the strictest counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PausedBy {
    /// CLIENT PAUSE.
    Client,
    /// A SHUTDOWN that waits for its replicas.
    Shutdown,
    /// A FAILOVER.
    Failover,
}

/// Which end of a link waited for a sign of life, and in what state it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkPhase {
    /// The replica's end: it waited for its master.
    Replica(LinkState),
    /// The master's end: it waited for its replica.
    Master(ReplicaState),
}

/// The clock of a soft output limit: for how long it was passed, and how long that may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SoftLimit {
    pub over_s: u64,
    pub patience_s: u64,
}
