//! The real driver: one instance on one thread, with sockets, timers and files.
//!
//! In: a configuration, a clock, a gate, a control line. Out: a running server; its facts to a
//! sink, its log lines to a file. Never in here: what a command means, what replication decides,
//! words for the screen.
//!
//! The loop ([`instance`]) waits on many sources through one queue ([`ready`]), without a task for
//! each connection: sockets ([`conn`], and [`faulty`] where something is wrong with a link), the dial ([`dial`]), files ([`jobs`]), one timer, and the
//! owner's messages ([`control`]). Between a socket and the engine there is no channel: the driver
//! reads into space that the engine lends and writes slices that it names.

mod argv;
mod clock;
mod conf;
mod conn;
mod control;
mod dial;
mod effects;
mod faulty;
mod gate;
mod host;
mod instance;
mod jobs;
mod limits;
mod listen;
mod log;
mod priority;
mod ready;
mod root;
pub mod server;
mod startup;
mod steps;
mod timer;
mod travel;

pub use argv::{Asked, Invocation, parse};
pub use clock::{Clock, SystemClock};
pub use conf::{ConfError, Loaded, load};
pub use control::{Control, ControlRx, ControlTx, control};
pub use gate::{Gate, GateKey, Grant, LinkRule, OpenGate};
pub use limits::{FileLimit, RESERVED_FDS, os_name, raise_open_files, system_memory};
pub use listen::{BindPolicy, ListenError, Listening, listen};
pub use log::{Log, LogTo, os_text, stamp};
pub use root::Root;
pub use steps::{NoSteps, Steps};

use crate::engine::Engine;
use crate::engine::boot::Boot;
use crate::observe::{ExitHow, Fact, LogLevel, Now};
use host::{NodeHost, Place, SharedPlace};
use instance::{Instance, Parts};
use ready::ReadyQueue;
use std::net::TcpListener;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// Takes the facts of an instance, turn by turn, on the instance's own thread: it must be quick.
pub trait FactSink: Send {
    /// `facts` may be drained; what is left in it is dropped.
    fn take(&mut self, at: Now, facts: &mut Vec<Fact>);
}

/// Facts that nobody wants.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoSink;

impl FactSink for NoSink {
    fn take(&mut self, _at: Now, _facts: &mut Vec<Fact>) {}
}

/// An instance that is about to run.
#[derive(Debug)]
pub struct NodeSpec {
    pub loaded: Loaded,
    /// See [`boot`].
    pub boot: Boot,
    /// Sockets that listen already, see [`listen`]; `boot.port` is their port.
    pub listeners: Vec<TcpListener>,
    /// What [`listen`] remarked.
    pub warnings: Vec<String>,
    pub root: Root,
    /// For a later CONFIG SET port or bind.
    pub bind: BindPolicy,
    /// Where its log goes when `logfile` is empty.
    pub stdout: LogTo,
}

impl NodeSpec {
    /// The log that the instance will write: `logfile` is relative to `dir`.
    pub fn log(&self) -> Log {
        let config = &self.loaded.config;
        let to = match config.logfile.as_str() {
            "" => self.stdout.clone(),
            // `load` has opened it once already.
            path => self.root.resolve(&config.dir, path).map_or(LogTo::Nowhere, LogTo::File),
        };
        Log::new(to, config.loglevel.level(), self.boot.pid)
    }
}

/// What the host tells an instance: its randomness, its pid (or one that only looks like it), the
/// machine.
pub fn boot(loaded: &Loaded, port: u16, pid: u32) -> Boot {
    let mut seed = [0; 32];
    let mut id = [0; 20];
    for bytes in [seed.as_mut_slice(), id.as_mut_slice()] {
        if getrandom::fill(bytes).is_err() {
            // No randomness to be had: ids that differ from start to start are good enough here.
            let now = SystemClock::new().now().wall_us.to_le_bytes();
            bytes[..now.len()].copy_from_slice(&now);
        }
    }
    Boot {
        seed,
        run_id: id.iter().map(|b| format!("{b:02x}")).collect(),
        pid,
        os: os_name(),
        executable: std::env::current_exe()
            .map(|p| p.to_string_lossy().into_owned())
            .unwrap_or_default(),
        program: "redis-server".to_owned(),
        configured: loaded.configured,
        config_file: loaded.file.clone(),
        port,
        system_memory: system_memory(),
    }
}

/// Runs one instance on this thread until it ends. A panic in it ends this instance alone.
pub fn run(
    spec: NodeSpec,
    control: ControlRx,
    sink: Box<dyn FactSink>,
    gate: Arc<dyn Gate>,
    steps: Arc<dyn Steps>,
    clock: Arc<dyn Clock>,
) -> ExitHow {
    priority::serve();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(e) => return ExitHow::Failed { reason: os_text(&e) },
    };
    // The instance is dropped inside: its sockets belong to the runtime's reactor.
    let ended = catch_unwind(AssertUnwindSafe(|| {
        runtime.block_on(tokio::task::unconstrained(drive(spec, control, sink, gate, steps, clock)))
    }));
    // A name that is still being looked up must not hold up the end.
    runtime.shutdown_background();
    ended.unwrap_or_else(|panic| ExitHow::Panicked { message: panic_text(panic.as_ref()) })
}

async fn drive(
    spec: NodeSpec,
    control: ControlRx,
    sink: Box<dyn FactSink>,
    gate: Arc<dyn Gate>,
    steps: Arc<dyn Steps>,
    clock: Arc<dyn Clock>,
) -> ExitHow {
    let log = spec.log();
    let NodeSpec { loaded, boot, listeners, warnings, root, bind, .. } = spec;
    let Loaded { mut config, .. } = loaded;
    let (port, pid, cwd) = (boot.port, boot.pid, config.dir.clone());
    let pidfile = match config.pidfile.as_str() {
        "" => config.daemonize.then(|| DEFAULT_PIDFILE.to_owned()),
        path => Some(path.to_owned()),
    };
    let mut remarks = startup::open_files(&mut config);
    remarks.extend(warnings.into_iter().map(|text| {
        let role = if config.replicaof.is_some() { 'S' } else { 'M' };
        Fact::Log { level: LogLevel::Warning, role, text }
    }));
    let logo = startup::wanted_logo(&config, &log, port);
    let mut engine = Engine::new(boot, config, clock.now());
    let ready = ReadyQueue::new();
    let place = Place { root, cwd, bind, listeners: Vec::new(), port, ready: ready.clone() };
    let place = SharedPlace::new(place);
    let host = NodeHost::new(place.clone(), control.kill_flag(), port, steps.clone());
    engine.set_host(Box::new(host));
    let parts = Parts { engine, control, sink, gate, steps, name: port, clock, log, place, ready };
    let mut instance = Instance::new(parts);
    instance.begin(remarks, logo);
    instance.write_pidfile(pidfile, pid);
    instance.listen_on(listeners);
    instance.run().await
}

/// Where a daemon without `pidfile` leaves its pid.
const DEFAULT_PIDFILE: &str = "/var/run/redis.pid";

fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    panic
        .downcast_ref::<&str>()
        .map(|s| (*s).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without words".to_owned())
}
