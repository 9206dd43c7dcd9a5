//! What a master knows about one replica.

use crate::engine::effect::JobId;
use crate::observe::{RdbFraming, ReplicaState};

/// What a connection said about itself with REPLCONF, before it asks for a synchronization.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Announced {
    /// `listening-port`; 0 until it is told.
    pub port: i64,
    /// `ip-address`, if it is not the one it connects from.
    pub ip: Option<String>,
    /// `capa eof`: understands a transfer that ends with a mark.
    pub eof: bool,
    /// `capa psync2`: wants the id with +CONTINUE.
    pub psync2: bool,
    /// `rdb-only 1`: leaves after the RDB.
    pub rdb_only: bool,
    /// `rdb-filter-only`: the RDB leaves out the keys.
    pub no_data: bool,
    /// `rdb-filter-only` without `functions`.
    pub no_functions: bool,
}

impl Announced {
    /// Whether it wants less than a whole RDB; that is never written to the dump file.
    pub fn is_filtered(&self) -> bool {
        self.no_data || self.no_functions
    }

    /// Whether one RDB can serve both.
    pub fn same_rdb(&self, other: &Announced) -> bool {
        self.no_data == other.no_data && self.no_functions == other.no_functions
    }

    /// Whether it understands at least what `other` understands.
    pub fn covers(&self, other: &Announced) -> bool {
        (self.eof || !other.eof) && (self.psync2 || !other.psync2)
    }
}

/// The master's view of one replica: where it stands in the stream, and what it told.
#[derive(Clone, Debug)]
pub struct ReplicaLink {
    pub announced: Announced,
    pub state: ReplicaState,
    /// Attached by plain SYNC: it never acknowledges, so it is never timed out.
    pub pre_psync: bool,
    /// Offset of the next byte of the stream that it needs; `None` before a snapshot was begun for
    /// it, and for good if it wants the RDB only.
    pub cursor: Option<i64>,
    /// The offset that its full sync began at.
    pub initial_offset: i64,
    /// Highest offset acknowledged, and when (link time, microseconds).
    pub ack_offset: i64,
    pub ack_at_us: u64,
    /// After a transfer with a closing mark nothing is sent until an ACK came.
    pub hold_for_ack: bool,
    /// The snapshot made for it, then the file sent to it.
    pub job: Option<JobId>,
    /// Since when it waits for a snapshot (link time, microseconds).
    pub waits_since_us: u64,
    /// How its RDB is framed, once that is known.
    pub framing: Option<RdbFraming>,
    /// RDB bytes queued for its socket so far.
    pub rdb_given: u64,
    /// Everything of the RDB was queued; with an empty queue it is through.
    pub rdb_queued: bool,
    /// When its socket last took RDB bytes (link time, microseconds).
    pub rdb_progress_us: u64,
    /// Since when the soft output limit is passed (link time, microseconds).
    pub soft_since_us: Option<u64>,
    pub(super) told: Told,
}

/// What the facts told about a replica so far, so that they need not repeat it.
#[derive(Clone, Debug, Default)]
pub(super) struct Told {
    /// Last byte told as held back.
    pub held_to: i64,
    /// Last byte told as sent.
    pub sent_to: i64,
    /// When an RdbSent was told (microseconds of the clients' clock), and its count.
    pub rdb_at_us: Option<u64>,
    pub rdb_sent: u64,
}

impl ReplicaLink {
    /// A replica that needs a full sync.
    pub fn waiting(announced: Announced, pre_psync: bool, link_us: u64) -> ReplicaLink {
        ReplicaLink {
            announced,
            state: ReplicaState::WaitBgsaveStart,
            pre_psync,
            cursor: None,
            initial_offset: 0,
            ack_offset: 0,
            ack_at_us: link_us,
            hold_for_ack: false,
            job: None,
            waits_since_us: link_us,
            framing: None,
            rdb_given: 0,
            rdb_queued: false,
            rdb_progress_us: link_us,
            soft_since_us: None,
            told: Told::default(),
        }
    }

    /// A replica that goes on from `next` without a transfer.
    pub fn resumed(announced: Announced, next: i64, link_us: u64) -> ReplicaLink {
        let mut link = ReplicaLink::waiting(announced, false, link_us);
        link.state = ReplicaState::Online;
        link.cursor = Some(next);
        link.told.sent_to = next - 1;
        link
    }

    /// Last byte that was told as held back for it.
    pub(crate) fn held_to(&self) -> i64 {
        self.told.held_to
    }

    /// Whether the stream may flow to it now.
    pub fn streams(&self) -> bool {
        self.state == ReplicaState::Online && !self.hold_for_ack
    }
}
