//! Whether a command may run now: Redis 7.0's order of refusals.

use super::Engine;
use super::call::flags;
use super::command::pubsub::suits_subscriber;
use super::command::table::Entry;
use super::config::Protected;
use super::conn::{ConnId, Kind};
use super::evict::Eviction;
use super::execute::{Judgement, NOT_QUEUED};
use super::pause::PauseType;
use super::persist::{self, Loading};
use super::replication;
use crate::observe::Rule;

const OOM: &[u8] = b"OOM command not allowed when used memory > 'maxmemory'.";
const NOAUTH: &[u8] = b"NOAUTH Authentication required.";
const MISCONF: &[u8] = b"MISCONF Redis is configured to save RDB snapshots, but it's currently \
    unable to persist to disk. Commands that may modify the data set are disabled, because this \
    instance is configured to report errors during writes if RDB snapshotting fails \
    (stop-writes-on-bgsave-error option). Please check the Redis logs for details about the RDB \
    error.";
const NOREPLICAS: &[u8] = b"NOREPLICAS Not enough good replicas to write.";
const READONLY: &[u8] = b"READONLY You can't write against a read only replica.";
const MASTERDOWN: &[u8] =
    b"MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.";
const LOADING: &[u8] = b"LOADING Redis is loading the dataset in memory";

impl Engine {
    /// Judges a command by the state of the instance and of its sender.
    pub(crate) fn judge(
        &mut self,
        conn: ConnId,
        entry: &'static Entry,
        _words: &[&[u8]],
    ) -> Judgement {
        let refuse = |text: &[u8]| Judgement::Refuse(text.to_vec(), None);
        let by = |rule: Rule, text: &[u8]| Judgement::Refuse(text.to_vec(), Some(rule));
        let Some(c) = self.clients.get(conn) else { return Judgement::Run };
        let spec = entry.spec;
        let exec = spec.name == "exec";
        let queued = c.multi.as_ref().filter(|_| exec);
        // For EXEC what its queue holds counts; a flag that must be there counts if any lacks it.
        let any = spec.flags | queued.map_or(0, |m| m.flags);
        let lacking = !spec.flags | queued.map_or(0, |m| m.lacking);
        let write = any & flags::WRITE != 0;
        let obeyed = matches!(c.kind, Kind::MasterLink);
        // To Redis a monitor is a kind of replica.
        let replica = matches!(c.kind, Kind::Replica(_)) || c.monitor;

        if spec.has(flags::PROTECTED) && !self.protected_allowed(conn) {
            return refuse(
                b"ERR DEBUG command not allowed. If the enable-debug-command option is set to \
                  \"local\", you can run it from a local connection, otherwise you need to set this \
                  option in the configuration file, and then restart the server.",
            );
        }
        let asked = !self.config.requirepass.is_empty();
        if asked && !c.authenticated && !obeyed && !spec.has(flags::NO_AUTH) {
            return refuse(NOAUTH);
        }
        if c.multi.is_some() && spec.has(flags::NO_MULTI) {
            return refuse(b"ERR Command not allowed inside a transaction");
        }
        let in_multi = c.multi.is_some() && !NOT_QUEUED.contains(&entry.full_name.as_str());
        let subscribed = c.subscriptions.is_some() && c.resp == 2;
        let evicted = self.evict_if_needed();
        self.send_own_invalidations();
        if evicted == Eviction::Failed && !obeyed && (any & flags::DENYOOM != 0 || in_multi) {
            return refuse(OOM);
        }
        if (write || spec.name == "ping") && !obeyed && persist::refuses_writes(self) {
            return by(Rule::SaveFailed, MISCONF);
        }
        if write && !obeyed && !self.is_replica() && replication::lacks_good_replicas(self) {
            return by(replication::good_replicas_rule(self), NOREPLICAS);
        }
        if write && !obeyed && self.is_replica() && self.config.replica_read_only {
            return by(Rule::ReadOnlyReplica, READONLY);
        }
        if subscribed && !suits_subscriber(&entry.full_name) {
            let name = &entry.full_name;
            return refuse(
                format!(
                    "ERR Can't execute '{name}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / \
                     QUIT / RESET are allowed in this context"
                )
                .as_bytes(),
            );
        }
        if self.is_replica()
            && !self.config.replica_serve_stale_data
            && lacking & flags::STALE != 0
            && !replication::link_is_up(self)
        {
            return by(replication::master_down_rule(self), MASTERDOWN);
        }
        match persist::loading(self) {
            Loading::Yes if lacking & flags::LOADING != 0 => return by(Rule::Loading, LOADING),
            Loading::Async if any & flags::NO_ASYNC_LOADING != 0 => {
                return by(Rule::Loading, LOADING);
            }
            _ => {}
        }
        let may_replicate = any & (flags::WRITE | flags::MAY_REPLICATE) != 0;
        if replica && (may_replicate || any & flags::READONLY != 0) {
            return refuse(b"ERR Replica can't interact with the keyspace");
        }
        if !replica {
            match self.pause_type() {
                Some(PauseType::All) => return Judgement::Wait,
                Some(PauseType::Write) if may_replicate => return Judgement::Wait,
                _ => {}
            }
        }
        Judgement::Run
    }

    /// Whether `enable-debug-command` lets this client run DEBUG.
    fn protected_allowed(&self, conn: ConnId) -> bool {
        match self.config.enable_debug_command {
            Protected::Yes => true,
            Protected::No => false,
            Protected::Local => self
                .clients
                .get(conn)
                .is_some_and(|c| c.addr.starts_with("127.0.0.1:") || c.addr.starts_with("[::1]:")),
        }
    }
}
