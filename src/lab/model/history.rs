use crate::observe::{
    Addr, ExitHow, FullReason, IdCause, LinkLoss, Now, Offset, RdbFraming, ReplId, SaveTarget, Side,
};
use std::collections::VecDeque;

/// How many moments are kept with their details; counts go on beyond that.
const KEPT: usize = 4096;

/// The notable moments of a session, in order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    moments: VecDeque<Moment>,
    dropped: u64,
}

/// Something worth remembering.
#[derive(Clone, Debug, PartialEq)]
pub struct Moment {
    /// The event that told it.
    pub seq: u64,
    pub at: Now,
    pub kind: MomentKind,
}

/// What happened. Ports name instances of the lab; an [`Addr`] may be an outside peer.
#[derive(Clone, Debug, PartialEq)]
pub enum MomentKind {
    Up {
        port: u16,
    },
    StartFailed {
        port: u16,
        reason: String,
    },
    Down {
        port: u16,
        how: ExitHow,
    },
    /// REPLICAOF named a master (again, or another one).
    Follows {
        port: u16,
        master: Addr,
    },
    /// A replica became a master.
    Promoted {
        port: u16,
        was_replica_of: Option<Addr>,
    },
    IdsChanged {
        port: u16,
        cause: IdCause,
        replid: ReplId,
        replid2: ReplId,
        second_offset: Offset,
    },
    FullSyncGranted {
        master: u16,
        replica: Addr,
        reason: FullReason,
    },
    PartialSyncGranted {
        master: u16,
        replica: Addr,
        bytes: u64,
    },
    /// The first write held back for a replica whose snapshot is under way.
    WriteHeld {
        master: u16,
        replica: Addr,
        from: Offset,
    },
    /// The first byte of an RDB left for a replica.
    RdbBegan {
        master: u16,
        replica: Addr,
        framing: RdbFraming,
    },
    /// The master sends the stream to this replica now.
    ReplicaOnline {
        master: u16,
        replica: Addr,
    },
    /// A replica is in sync; `framing` tells of the RDB if there was one.
    LinkUp {
        port: u16,
        master: Addr,
        framing: Option<RdbFraming>,
    },
    LinkLost {
        port: u16,
        side: Side,
        peer: Addr,
        cause: LinkLoss,
    },
    SnapshotEnded {
        port: u16,
        target: SaveTarget,
        ok: bool,
        keys: u64,
        bytes: u64,
    },
    Throttled {
        a: u16,
        b: u16,
        bytes_per_second: Option<u64>,
    },
    GoalTicked {
        lesson: String,
        goal: usize,
    },
    LessonDone {
        lesson: String,
    },
}

impl History {
    pub(super) fn push(&mut self, seq: u64, at: Now, kind: MomentKind) {
        if self.moments.len() >= KEPT {
            self.moments.pop_front();
            self.dropped += 1;
        }
        self.moments.push_back(Moment { seq, at, kind });
    }

    /// All moments that are kept, oldest first.
    pub fn moments(&self) -> impl DoubleEndedIterator<Item = &Moment> {
        self.moments.iter()
    }

    /// The moments told at or after the event `seq`.
    pub fn since(&self, seq: u64) -> impl DoubleEndedIterator<Item = &Moment> {
        let from = self.moments.partition_point(|m| m.seq < seq);
        self.moments.range(from..)
    }

    /// How many of the moments from `seq` on fit. A negative goal ("no full sync happened") asks
    /// for 0.
    pub fn count(&self, seq: u64, fits: impl Fn(&MomentKind) -> bool) -> usize {
        self.since(seq).filter(|m| fits(&m.kind)).count()
    }

    /// The last moment that fits.
    pub fn last(&self, fits: impl Fn(&MomentKind) -> bool) -> Option<&Moment> {
        self.moments.iter().rev().find(|m| fits(&m.kind))
    }

    /// How many moments were forgotten at the front.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }
}
