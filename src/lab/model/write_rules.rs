use super::Instance;
use crate::observe::{Fact, Failover, Now, PausedBy};

/// What an instance's own rules make clients wait for, or refuse.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WriteRules {
    /// The last thing that a FAILOVER told here.
    pub failover: Option<(Now, Failover)>,
    /// The pauses that run, one per purpose, in that order.
    pub pauses: Vec<Pause>,
    /// What min-replicas-to-write counts, while it is on.
    pub good_replicas: Option<GoodReplicas>,
}

/// Clients wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pause {
    pub by: PausedBy,
    /// Commands that only read go on.
    pub writes_only: bool,
    pub since: Now,
    /// For so many milliseconds at most.
    pub for_ms: Option<u64>,
}

/// Replicas that acknowledged lately enough, and how many it takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GoodReplicas {
    pub good: u64,
    pub wanted: u64,
    pub max_lag_s: u64,
}

impl GoodReplicas {
    /// Whether writes are refused with NOREPLICAS.
    pub fn refuses(&self) -> bool {
        self.good < self.wanted
    }
}

impl WriteRules {
    /// INFO's `master_failover_state`.
    pub fn failover_state(&self) -> &'static str {
        match &self.failover {
            Some((_, Failover::Asked { .. })) => "waiting-for-sync",
            Some((_, Failover::HandsOver { .. })) => "failover-in-progress",
            _ => "no-failover",
        }
    }
}

/// Folds the fact if it is about these rules, and says so.
pub(super) fn apply(i: &mut Instance, at: Now, fact: &Fact) -> bool {
    let rules = &mut i.rules;
    match fact {
        Fact::Failover(step) => rules.failover = Some((at, step.clone())),
        Fact::Paused { by, writes_only, for_ms } => {
            rules.pauses.retain(|p| p.by != *by);
            let pause = Pause { by: *by, writes_only: *writes_only, since: at, for_ms: *for_ms };
            rules.pauses.push(pause);
            rules.pauses.sort_by_key(|p| p.by);
        }
        Fact::Resumed { by } => rules.pauses.retain(|p| p.by != *by),
        Fact::GoodReplicas { good, wanted, max_lag_s } => {
            let now = GoodReplicas { good: *good, wanted: *wanted, max_lag_s: *max_lag_s };
            rules.good_replicas = (*wanted > 0 && *max_lag_s > 0).then_some(now);
        }
        _ => return false,
    }
    true
}
