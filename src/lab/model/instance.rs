use super::{Db, Decision, Downstream, Transfer, WriteRules};
use crate::observe::{Addr, ExitHow, LinkLoss, LinkState, Now, Offset, ReplId, Role, SaveTarget};
use std::collections::BTreeMap;

/// One instance of the lab, as its own facts tell it. After it went down, role, ids, offset and
/// keys stay as they last were.
#[derive(Clone, Debug, PartialEq)]
pub struct Instance {
    pub port: u16,
    pub life: Life,
    /// Virtual path of its conf file.
    pub conf: Option<String>,
    /// Virtual path of its working directory.
    pub dir: String,
    pub role: Role,
    /// When the role last changed (or the boot).
    pub role_since: Now,
    /// Its master, as it was named to it.
    pub master: Option<Addr>,
    /// The master that it followed before its last change of role or master.
    pub former_master: Option<Addr>,
    pub ids: Ids,
    /// It gave up its history for a snapshot that did not arrive yet, or began without one: its
    /// next PSYNC asks for everything.
    pub asks_anew: bool,
    /// Its place in the stream: the last byte written (master) or applied (replica).
    pub offset: Offset,
    pub backlog: Backlog,
    /// Its own link to its master.
    pub upstream: Upstream,
    /// Its replicas, those that are gone included, by announced address.
    pub replicas: BTreeMap<Addr, Downstream>,
    pub dbs: BTreeMap<u32, Db>,
    /// When changes of keys were last summed up instead of told: since then a value that is known
    /// by name may be an older one, until it is told again.
    pub keys_untold: Option<Now>,
    pub counters: Counters,
    /// Pauses, a failover, min-replicas-to-write.
    pub rules: WriteRules,
    /// The snapshot that is being made, or the last one.
    pub snapshot: Option<Snapshot>,
    /// The RDB that is being loaded, or the last one.
    pub loading: Option<Loading>,
    /// Connected clients: id and address.
    pub clients: BTreeMap<u64, String>,
    /// CONFIG SET's changes since the boot, and what the boot told of its conf.
    pub settings: BTreeMap<String, String>,
}

/// Whether an instance runs.
#[derive(Clone, Debug, PartialEq)]
pub enum Life {
    /// Its thread runs; commands may still be refused because it loads.
    Starting {
        since: Now,
    },
    Up {
        since: Now,
    },
    /// SHUTDOWN began, and waits for replicas to catch up.
    Leaving {
        since: Now,
    },
    Down {
        since: Now,
        how: ExitHow,
    },
    /// It never came up.
    Failed {
        since: Now,
        reason: String,
    },
}

impl Life {
    /// Whether it accepts connections.
    pub fn is_up(&self) -> bool {
        matches!(self, Life::Starting { .. } | Life::Up { .. } | Life::Leaving { .. })
    }

    /// When this state began.
    pub fn since(&self) -> Now {
        match self {
            Life::Starting { since }
            | Life::Up { since }
            | Life::Leaving { since }
            | Life::Down { since, .. }
            | Life::Failed { since, .. } => *since,
        }
    }
}

/// The replication identifiers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ids {
    pub replid: ReplId,
    pub replid2: ReplId,
    pub second_offset: Offset,
    /// When one of them last changed.
    pub since: Now,
}

/// The window of the stream that an instance can still replay. `size` 0: there is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backlog {
    pub first: Offset,
    pub histlen: u64,
    pub size: u64,
}

impl Backlog {
    /// Whether there is one.
    pub fn is_active(&self) -> bool {
        self.size > 0
    }

    /// The last byte held (one before `first` when it is empty).
    pub fn last(&self) -> Offset {
        self.first + (self.histlen as i64 - 1)
    }
}

/// An instance's own link to its master.
#[derive(Clone, Debug, PartialEq)]
pub struct Upstream {
    pub state: LinkState,
    pub since: Now,
    /// When anything was last heard from the master.
    pub last_io: Option<Now>,
    /// When it last was in sync, if it is not now.
    pub down_since: Option<Now>,
    /// How the last link ended.
    pub lost: Option<(Now, LinkLoss)>,
    /// The last acknowledgement that was sent.
    pub acked: Option<(Offset, Now)>,
    /// The RDB on its way in, or the last one.
    pub rdb: Option<Transfer>,
}

impl Upstream {
    pub(super) fn new(at: Now) -> Upstream {
        Upstream {
            state: LinkState::None,
            since: at,
            last_io: None,
            down_since: None,
            lost: None,
            acked: None,
            rdb: None,
        }
    }
}

/// What INFO counts since the boot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    pub sync_full: u64,
    pub sync_partial_ok: u64,
    pub sync_partial_err: u64,
    /// Commands of clients, told one by one or summed up.
    pub commands: u64,
    /// Commands and bytes appended to the stream.
    pub propagated: u64,
    pub propagated_bytes: u64,
    /// Commands of the master's stream that were executed.
    pub applied: u64,
    /// Snapshots that ended well.
    pub snapshots: u64,
}

/// A snapshot being encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Snapshot {
    pub target: SaveTarget,
    /// The offset at which it was frozen.
    pub offset: Offset,
    pub keys_total: u64,
    pub keys_done: u64,
    pub bytes: u64,
    pub since: Now,
    /// When it ended, and whether well.
    pub ended: Option<(Now, bool)>,
}

/// An RDB being loaded.
#[derive(Clone, Debug, PartialEq)]
pub struct Loading {
    pub from_link: bool,
    /// Bytes to come, when known.
    pub total: Option<u64>,
    /// Keys that passed by name so far; at the end the number of all.
    pub keys: u64,
    pub since: Now,
    pub ended: Option<(Now, bool)>,
    /// What passed, until the load ends well and takes the place of the old keys.
    pub(super) staged: BTreeMap<u32, Db>,
}

impl Loading {
    /// The keys that passed so far in a load that still runs.
    pub fn passed(&self) -> &BTreeMap<u32, Db> {
        &self.staged
    }
}

impl Instance {
    pub(super) fn new(port: u16, at: Now) -> Instance {
        Instance {
            port,
            life: Life::Starting { since: at },
            conf: None,
            dir: String::new(),
            role: Role::Master,
            role_since: at,
            master: None,
            former_master: None,
            ids: Ids {
                replid: ReplId::ZERO,
                replid2: ReplId::ZERO,
                second_offset: Offset(-1),
                since: at,
            },
            asks_anew: false,
            offset: Offset(0),
            backlog: Backlog::default(),
            upstream: Upstream::new(at),
            replicas: BTreeMap::new(),
            dbs: BTreeMap::new(),
            keys_untold: None,
            counters: Counters::default(),
            rules: WriteRules::default(),
            snapshot: None,
            loading: None,
            clients: BTreeMap::new(),
            settings: BTreeMap::new(),
        }
    }

    /// Whether it runs.
    pub fn is_up(&self) -> bool {
        self.life.is_up()
    }

    /// The hard limit of a replica's output buffer in bytes (`client-output-buffer-limit`);
    /// `None`: there is no limit.
    pub fn replica_buffer_limit(&self) -> Option<u64> {
        let [hard, _, _] = self.replica_limits();
        (hard > 0).then_some(hard)
    }

    /// The soft limit of a replica's output buffer in bytes, and for how many seconds it may be
    /// passed; `None`: there is none.
    pub fn replica_soft_limit(&self) -> Option<(u64, u64)> {
        let [_, soft, seconds] = self.replica_limits();
        (soft > 0).then_some((soft, seconds))
    }

    fn replica_limits(&self) -> [u64; 3] {
        /// What a conf that says nothing gets.
        const USUAL: [u64; 3] = [256 << 20, 64 << 20, 60];
        let Some(value) = self.settings.get("client-output-buffer-limit") else { return USUAL };
        let words: Vec<&str> = value.split_whitespace().collect();
        let Some(w) = words.windows(4).find(|w| matches!(w[0], "slave" | "replica")) else {
            return USUAL;
        };
        [1, 2, 3].map(|n| w[n].parse().unwrap_or(USUAL[n - 1]))
    }

    /// Whether its link to its master is in sync (INFO's `master_link_status:up`).
    pub fn link_is_up(&self) -> bool {
        self.role == Role::Replica && self.upstream.state == LinkState::Connected
    }

    /// Keys in all databases together.
    pub fn keys_total(&self) -> u64 {
        self.dbs.values().map(|db| db.keys).sum()
    }

    /// The replicas that it counts now (INFO's `connected_slaves`).
    pub fn attached(&self) -> impl Iterator<Item = &Downstream> {
        self.replicas.values().filter(|r| r.is_attached())
    }

    /// The last PSYNC that this instance judged.
    pub fn last_decision(&self) -> Option<&Decision> {
        self.replicas.values().filter_map(|r| r.decision.as_ref()).max_by_key(|d| d.seq)
    }
}
