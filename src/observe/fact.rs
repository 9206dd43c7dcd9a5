use super::{
    Addr, Decision, Failover, Flow, KeyType, LinkPhase, LinkRef, LinkState, Message, Offset,
    Passage, PausedBy, Preview, Raw, RdbFraming, RdbWhat, ReplId, ReplicaState, Role, SoftLimit,
};
use serde::{Deserialize, Serialize};

/// Something that happened inside one instance, as the engine (or its driver) saw it.
///
/// At a human's pace every step is told. Under load the per-command facts of one turn are cut off
/// after a bound and summed up in [`Fact::Summary`]; state facts are never dropped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fact {
    // ── the life of an instance ────────────────────────────────────────────────────────────────
    /// The instance exists and has its configuration; it may still be loading.
    Booted {
        port: u16,
        replid: ReplId,
        offset: Offset,
        dir: String,
        config_file: Option<String>,
    },
    /// It accepts commands.
    Ready {
        keys: u64,
    },
    /// A log line, without the time and pid that the driver puts before it.
    Log {
        level: LogLevel,
        role: char,
        text: String,
    },
    /// A setting changed at run time, or (right after `Booted`) one that pictures are measured by
    /// is not the usual one. Secrets come as `***`.
    ConfigSet {
        name: String,
        value: String,
    },
    /// SHUTDOWN or a signal began to end the instance.
    ShuttingDown {
        waits_for_replicas: bool,
    },

    // ── clients ────────────────────────────────────────────────────────────────────────────────
    /// A client (not a replication link) connected or left.
    ClientConnected {
        id: u64,
        addr: String,
    },
    ClientGone {
        id: u64,
    },
    /// A client's command was executed (or refused). Arguments are previews, secrets are `***`.
    Command {
        client: u64,
        db: u32,
        argv: Vec<Preview>,
        error: Option<Preview>,
    },

    /// A client's command was refused by a rule; these are the numbers that decided it. The
    /// [`Fact::Command`] with the error's text comes as well.
    Refused {
        client: u64,
        command: Preview,
        rule: Rule,
    },
    /// Commands of clients wait from now on: all, or those that may write. `for_ms`: for so long
    /// at most. Links to replicas are never paused, the link to a master is.
    Paused {
        by: PausedBy,
        writes_only: bool,
        for_ms: Option<u64>,
    },
    /// That pause is over.
    Resumed {
        by: PausedBy,
    },
    /// How many replicas are online and acknowledged within min-replicas-max-lag: told when that
    /// changes while min-replicas-to-write asks for `wanted`.
    GoodReplicas {
        good: u64,
        wanted: u64,
        max_lag_s: u64,
    },

    // ── who it is ──────────────────────────────────────────────────────────────────────────────
    /// Role or master changed.
    RoleChanged {
        role: Role,
        master: Option<Addr>,
        cause: RoleCause,
    },
    /// A FAILOVER moved on.
    Failover(Failover),
    /// Any of the identifiers changed.
    IdsChanged {
        replid: ReplId,
        replid2: ReplId,
        second_offset: Offset,
        offset: Offset,
        cause: IdCause,
    },

    // ── a replication link: both ends tell what they wrote and read ───────────────────────────
    /// The replica's state moved.
    LinkState {
        master: Addr,
        from: LinkState,
        to: LinkState,
    },
    /// An established or half-established link ended, seen from either side.
    LinkLost {
        link: LinkRef,
        cause: LinkLoss,
    },
    /// This end wrote a message.
    Said {
        link: LinkRef,
        message: Message,
        bytes: u64,
    },
    /// This end read a message.
    Heard {
        link: LinkRef,
        message: Message,
        bytes: u64,
    },

    /// Bytes that passed on this link, as they were, but for passwords, which are stars: only at a
    /// human's pace, and of a long RDB only samples. `at` counts the bytes of this connection that
    /// went the same way before. Both ends tell it: the sender when its socket took them, the
    /// receiver when it looks at them.
    Passed {
        link: LinkRef,
        flow: Flow,
        at: u64,
        part: Passage,
        raw: Raw,
    },
    /// A record of the RDB that passes on this link, decoded; `at` is its place in the RDB. The first
    /// thousand of a transfer are told, then [`RdbWhat::Untold`] stands for the rest up to the end
    /// mark. Both ends tell it.
    RdbItem {
        link: LinkRef,
        at: u64,
        raw: Raw,
        what: RdbWhat,
    },

    // ── a full or partial sync, seen from the master ──────────────────────────────────────────
    /// The state that the master keeps for a replica moved.
    ReplicaState {
        replica: Addr,
        from: Option<ReplicaState>,
        to: ReplicaState,
    },
    /// PSYNC was judged; these are the numbers that decided it.
    PsyncDecision {
        replica: Addr,
        decision: Box<Decision>,
    },
    /// A replica must wait before its snapshot starts.
    FullSyncWaits {
        replica: Addr,
        reason: WaitReason,
    },
    /// A snapshot was frozen at `offset`; its encoding runs beside the commands.
    SnapshotBegan {
        target: SaveTarget,
        offset: Offset,
        keys: u64,
    },
    /// How far the encoding is; at most a few times a second.
    SnapshotProgress {
        keys_done: u64,
        keys_total: u64,
        bytes: u64,
    },
    SnapshotEnded {
        target: SaveTarget,
        ok: bool,
        keys: u64,
        bytes: u64,
        took_us: u64,
    },
    /// RDB bytes handed to the replica's socket so far; at most about ten times a second.
    RdbSent {
        replica: Addr,
        sent: u64,
        framing: RdbFraming,
    },
    /// A write was appended to what is held back for a replica that is not online yet.
    Held {
        replica: Addr,
        from: Offset,
        to: Offset,
        held_bytes: u64,
    },
    /// Stream bytes left for the replica: everything up to `upto` was handed to its socket;
    /// `left` still waits. Told once a turn at most.
    StreamSent {
        replica: Addr,
        upto: Offset,
        left: u64,
    },
    /// What waits for a replica came to the soft limit of its output buffer (`over`: the clock of
    /// `patience_s` runs), or fell below it again.
    SoftLimit {
        replica: Addr,
        over: bool,
        bytes: u64,
        limit: u64,
        patience_s: u64,
    },
    /// A replica acknowledged.
    Acked {
        replica: Addr,
        offset: Offset,
    },
    /// The backlog was created, moved, resized or freed (`size` 0).
    BacklogMoved {
        first: Offset,
        histlen: u64,
        size: u64,
    },

    // ── the same, seen from the replica ───────────────────────────────────────────────────────
    /// RDB bytes received so far; at most about ten times a second.
    RdbReceived {
        master: Addr,
        got: u64,
        framing: RdbFraming,
    },
    /// Loading an RDB began: from the link, or at boot.
    LoadBegan {
        from_link: bool,
        total: Option<u64>,
    },
    /// A key that passed in the RDB: a sample under load, every one at a human's pace.
    /// `expire_at_ms` is Unix time in milliseconds.
    RdbKey {
        db: u32,
        key: Preview,
        #[serde(default, skip_serializing_if = "KeyType::is_string")]
        kind: KeyType,
        value: Preview,
        expire_at_ms: Option<i64>,
        bytes: u64,
    },
    LoadEnded {
        ok: bool,
        keys: u64,
        expired: u64,
        bytes: u64,
        took_us: u64,
    },

    // ── the stream ────────────────────────────────────────────────────────────────────────────
    /// A master appended a command to its stream: what went on the wire and where it lies.
    /// `from` is the offset of the first byte, `to` of the last.
    Propagated {
        db: u32,
        wire: Vec<Preview>,
        from: Offset,
        to: Offset,
    },
    /// A replica executed a command of its master's stream.
    Applied {
        db: u32,
        wire: Vec<Preview>,
        from: Offset,
        to: Offset,
    },

    // ── the keys ──────────────────────────────────────────────────────────────────────────────
    /// A key has this value now: a string's bytes, or what another type holds in a few words
    /// (`3: a b c`). `expire_at_ms` is Unix time in milliseconds.
    KeyWritten {
        db: u32,
        key: Preview,
        #[serde(default, skip_serializing_if = "KeyType::is_string")]
        kind: KeyType,
        value: Preview,
        expire_at_ms: Option<i64>,
    },
    KeyGone {
        db: u32,
        key: Preview,
        why: GoneWhy,
    },
    /// A database (or all) was emptied or replaced at once.
    KeysSwept {
        db: Option<u32>,
    },
    /// Two databases changed places.
    DbsSwapped {
        a: u32,
        b: u32,
    },
    /// How many keys a database holds after a turn that changed the number.
    DbSize {
        db: u32,
        keys: u64,
        expires: u64,
    },

    /// What was left untold in this turn, summed up.
    Summary {
        commands: u64,
        propagated: u64,
        propagated_bytes: u64,
        applied: u64,
        key_changes: u64,
        offset: Offset,
    },
}

/// Redis's four log levels, in the order of their loudness.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogLevel {
    Debug,
    Verbose,
    Notice,
    Warning,
}

impl LogLevel {
    /// The mark that stands for the level in a log line.
    pub fn mark(self) -> char {
        match self {
            LogLevel::Debug => '.',
            LogLevel::Verbose => '-',
            LogLevel::Notice => '*',
            LogLevel::Warning => '#',
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RoleCause {
    /// The conf file says so.
    Boot,
    /// REPLICAOF / SLAVEOF.
    UserRequest,
    /// FAILOVER: the target takes over, the old master follows it.
    Failover,
    /// The target of a FAILOVER refused: the old master takes its role back.
    FailoverAborted,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IdCause {
    /// The first backlog makes a new history.
    BacklogCreated,
    /// The backlog went after repl-backlog-ttl, and the history with it.
    BacklogFreed,
    /// A full sync brought the master's history.
    FullSync,
    /// +CONTINUE named a new id for the same history.
    Continued,
    /// A replica became a master: its old id is the second one now.
    Promoted,
    /// Restored from an RDB's aux fields.
    Restored,
    /// DEBUG CHANGE-REPL-ID.
    Debug,
}

/// Why a link ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkLoss {
    /// The peer closed it (or the process behind it went).
    PeerClosed,
    /// Connecting failed, with the system's reason.
    ConnectFailed(String),
    /// No sign of life for longer than repl-timeout (`after_s`): for `silent_s` whole seconds.
    TimedOut {
        after_s: u64,
        #[serde(default)]
        silent_s: u64,
        /// What the end that waited was doing.
        #[serde(default)]
        during: Option<LinkPhase>,
    },
    /// REPLICAOF, promotion or shutdown ended it here.
    ClosedHere,
    /// CLIENT KILL.
    Killed,
    /// What waited for it came to a limit of its output buffer.
    OutputLimit {
        bytes: u64,
        /// The limit that counted, in bytes.
        limit: u64,
        /// It was the soft limit, passed for too long; `None`: it was the hard one.
        #[serde(default)]
        soft: Option<SoftLimit>,
        /// The hard limit that is configured, if it is smaller than repl-backlog-size: then that
        /// size is the limit that counts.
        #[serde(default)]
        raised_from: Option<u64>,
    },
    /// The peer broke the protocol.
    Protocol(String),
    /// The received RDB could not be kept in a file here, with the system's reason.
    LocalFile(String),
    /// The snapshot for it failed.
    SnapshotFailed,
    /// The peer refused with an error line.
    Refused(String),
}

/// The rule by which a client's command was refused, with what it was compared with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// replica-read-only on a replica.
    ReadOnlyReplica,
    /// min-replicas-to-write: too few replicas acknowledged within min-replicas-max-lag.
    NoReplicas { good: u64, wanted: u64, max_lag_s: u64 },
    /// replica-serve-stale-data no, and the link to the master is down: in this state, and since so
    /// many seconds if it was up before.
    MasterDown { link: LinkState, down_s: Option<u64> },
    /// A data set is being loaded.
    Loading,
    /// stop-writes-on-bgsave-error, and the last save failed.
    SaveFailed,
}

/// The end of the PSYNC decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PsyncVerdict {
    /// Granted: so many bytes of backlog follow.
    Continue {
        bytes: u64,
    },
    Full(FullReason),
}

/// Which comparison failed, so that a full sync is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FullReason {
    /// `PSYNC ? …`, or SYNC: the replica has no history to go on from.
    Asked,
    /// The id is neither replid nor replid2.
    UnknownId,
    /// The id is replid2, but the offset lies behind the point where the histories part.
    BeyondSecondOffset,
    /// The id fits, but there is no backlog at all.
    NoBacklog,
    /// The offset is older than the backlog's first byte.
    BeforeBacklog,
    /// The offset lies ahead of everything that this master ever wrote.
    AheadOfMaster,
}

/// Why a snapshot for a replica does not start at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WaitReason {
    /// repl-diskless-sync-delay: others may join the same transfer.
    DisklessDelay { secs: u64 },
    /// Joined a snapshot that is being made already.
    AttachedToRunning,
    /// Another snapshot must end first.
    OtherSnapshot,
}

/// Where a snapshot goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SaveTarget {
    /// To the dump file, because a user, a save point or a shutdown asked for it.
    File,
    /// To the dump file, to be sent to replicas from there.
    FileForReplicas,
    /// Straight to the replicas' sockets.
    Sockets,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GoneWhy {
    Deleted,
    Expired,
    /// `maxmemory` asked for its room.
    Evicted,
}
