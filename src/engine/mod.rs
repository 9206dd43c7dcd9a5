//! One instance as a plain synchronous library.
//!
//! In: the time with every input (bytes of a connection, a dial's outcome, pieces of a file, a
//! timer, the end of a turn). Out: effects to carry out, slices to write, facts that tell what
//! happened. Never in here: sockets, files, threads, tokio, the operating system's clock or random
//! numbers, and words for the screen.
//!
//! One turn goes: any number of inputs, then [`Engine::end_turn`], then the driver takes effects,
//! facts and output.

mod ahead;
pub mod blocked;
pub mod blocked_keys;
pub mod boot;
pub mod call;
mod client_line;
mod client_memory;
pub mod clients;
pub mod command;
pub mod config;
mod config_rewrite;
pub mod conn;
pub mod digest;
mod dispatch;
pub mod effect;
mod encodings;
pub(crate) mod evict;
mod execute;
mod expire;
pub mod facts;
pub mod geo;
pub mod host;
mod info;
mod input;
mod judge;
pub mod key_spec;
pub mod keys;
pub(crate) mod keys_typed;
pub mod keyspace;
pub(crate) mod latency;
pub(crate) mod latency_events;
pub mod life;
mod limits;
mod link_errors;
mod log;
mod migrate;
mod monitor;
pub mod multi;
pub mod notify;
mod output;
pub mod pause;
pub mod persist;
pub mod pubsub;
pub mod renamed;
pub mod replication;
pub mod rng;
mod secrets;
pub mod shutdown;
mod slowlog;
pub mod stats;
pub mod stepper;
mod steps;
#[doc(hidden)]
pub mod testkit;
#[cfg(test)]
mod tests;
mod timer;
pub mod tracking;
pub mod types;
pub mod unit;
mod uses;
mod wiretap;

pub use client_line::ClientType;
pub use input::{Dialled, FileError, JobDone, Signal, Wake};

use crate::observe::{LinkLoss, Now};
use crate::wire::reply::ReplyWriter;
use boot::Boot;
use clients::Clients;
use config::Config;
use conn::{ConnId, Kind};
use effect::{DialId, Effect, JobId, Parked};
use facts::FactBuffer;
use host::Host;
use keys::Keys;
use keyspace::Keyspace;
use pause::Pauses;
use persist::Persist;
use replication::Replication;
use rng::Rng;
use shutdown::Shutdown;
use stats::Stats;
use std::collections::VecDeque;
use std::ops::Range;
use unit::Unit;

/// One instance. See the module's head for how a driver uses it.
pub struct Engine {
    pub(crate) boot: Boot,
    pub(crate) host: Box<dyn Host>,
    pub(crate) config: Config,
    /// The time of the running input.
    pub(crate) now: Now,
    pub(crate) started: Now,
    pub(crate) rng: Rng,
    pub(crate) keyspace: Keyspace,
    pub(crate) keys: Keys,
    pub(crate) clients: Clients,
    /// Clients that wait for keys.
    pub(crate) waiting: blocked_keys::WaitingRoom,
    /// The reply of the running command. It holds the client's output while its batch runs.
    pub(crate) reply: ReplyWriter,
    /// The database of the running command.
    pub(crate) db: usize,
    /// Changes since the start; a command that makes it grow is propagated.
    pub(crate) dirty: u64,
    pub(crate) unit: Unit,
    pub(crate) repl: Replication,
    pub(crate) persist: Persist,
    pub(crate) stats: Stats,
    pub(crate) facts: FactBuffer,
    pub(crate) effects: VecDeque<Effect>,
    /// The connection whose command is being executed.
    pub(crate) executing: Option<ConnId>,
    /// Unblocked connections whose input waits to be executed.
    pub(crate) resume: Vec<ConnId>,
    /// Connections to be closed at the end of the turn.
    pub(crate) closing: Vec<ConnId>,
    /// Connections that got output since the driver last asked.
    pub(crate) grown: Vec<ConnId>,
    pub(crate) parked: Option<Parked>,
    pub(crate) pauses: Pauses,
    pub(crate) shutdown: Shutdown,
    pub(crate) steps: steps::Steps,
    pub(crate) rewriting: Option<config_rewrite::Rewriting>,
    pub(crate) migrating: Option<migrate::Migrating>,
    pub(crate) slowlog: slowlog::SlowLog,
    pub(crate) latency_events: latency_events::LatencyEvents,
    pub(crate) pubsub: pubsub::PubSub,
    /// DEBUG PAUSE-CRON.
    pub(crate) cron_paused: bool,
    pub(crate) tracking: tracking::Tracking,
    /// Messages to the running client that its CLIENT REPLY mode does not silence.
    pub(crate) pushed: Vec<u8>,
    pub(crate) memory_peak: info::MemoryPeak,
    pub(crate) evict: evict::Evict,
    /// Microseconds of processor time, system and user, as the driver last told.
    pub(crate) cpu_us: (u64, u64),
    /// The host's clock at the end of the last command, or at the beginning of the batch.
    pub(crate) clock_us: u64,
    /// Commands found lately.
    known: command::table::Known,
    /// Microseconds that the running command takes beyond the turn.
    pub(crate) spent_us: u64,
    /// How many clients are monitors.
    pub(crate) monitors: usize,
    /// The running client is to be closed at the end of its command.
    pub(crate) close_running: Option<LinkLoss>,
    /// Of the running client: bytes in its query buffer, free bytes there, bytes of the words.
    pub(crate) running_query: (usize, usize, usize),
    /// Ranges of the running command's words, kept from command to command.
    argv: Vec<Range<usize>>,
    /// When cron runs next (microseconds of the clients' clock).
    next_cron_us: u64,
    last_job: u64,
    last_dial: u64,
}

impl Engine {
    /// An instance with this configuration; call [`Engine::start`] once
    /// the driver listens.
    pub fn new(boot: Boot, config: Config, now: Now) -> Engine {
        let mut rng = Rng::new(boot.seed);
        let databases = usize::try_from(config.databases).unwrap_or(16);
        let keyspace = Keyspace::new(databases, rng.next_u64());
        let mut engine = Engine {
            boot,
            host: Box::new(host::Agreeable),
            config,
            now,
            started: now,
            keyspace,
            keys: Keys::default(),
            clients: Clients::default(),
            waiting: Default::default(),
            reply: ReplyWriter::default(),
            db: 0,
            dirty: 0,
            unit: Unit::default(),
            repl: Replication::new(&mut rng),
            rng,
            persist: Persist::default(),
            stats: Stats::new(command::table::table().count),
            facts: FactBuffer::default(),
            effects: VecDeque::new(),
            executing: None,
            resume: Vec::new(),
            closing: Vec::new(),
            grown: Vec::new(),
            parked: None,
            pauses: Pauses::default(),
            shutdown: Shutdown::default(),
            steps: steps::Steps::default(),
            rewriting: None,
            migrating: None,
            slowlog: Default::default(),
            latency_events: Default::default(),
            pubsub: Default::default(),
            cron_paused: false,
            tracking: Default::default(),
            pushed: Vec::new(),
            memory_peak: Default::default(),
            evict: Default::default(),
            cpu_us: (0, 0),
            clock_us: 0,
            known: Default::default(),
            spent_us: 0,
            monitors: 0,
            close_running: None,
            running_query: (0, 0, 0),
            argv: Vec::new(),
            next_cron_us: now.mono_us,
            last_job: 0,
            last_dial: 0,
        };
        engine.tell_birth();
        engine
    }

    /// The instance's settings as they are now.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// What the host said at birth.
    pub fn boot_facts(&self) -> &Boot {
        &self.boot
    }

    /// The moment of the input that is being worked on.
    pub fn now(&self) -> Now {
        self.now
    }

    /// Whether the running command came from the master: it is applied whatever the rules for
    /// clients say.
    pub fn from_master(&self) -> bool {
        self.executing
            .and_then(|c| self.clients.get(c))
            .is_some_and(|c| matches!(c.kind, Kind::MasterLink))
    }

    /// Processor time that this instance's thread has used, in microseconds: a host fact for INFO.
    pub fn tell_cpu(&mut self, system_us: u64, user_us: u64) {
        self.cpu_us = (system_us, user_us);
    }

    /// Whether this instance follows a master.
    pub fn is_replica(&self) -> bool {
        self.config.replicaof.is_some()
    }

    /// Queues an effect for the driver.
    pub fn effect(&mut self, effect: Effect) {
        self.effects.push_back(effect);
    }

    /// The next thing to be done, oldest first.
    pub fn poll_effect(&mut self) -> Option<Effect> {
        self.effects.pop_front()
    }

    /// A name for a new job.
    pub fn next_job(&mut self) -> JobId {
        self.last_job += 1;
        JobId(self.last_job)
    }

    /// A name for a new dial.
    pub fn next_dial(&mut self) -> DialId {
        self.last_dial += 1;
        DialId(self.last_dial)
    }

    /// Set while the driver must feed nothing but what ends it.
    pub fn parked(&self) -> Option<Parked> {
        self.parked
    }
}
