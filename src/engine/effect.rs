//! What the engine wants done: the vocabulary between it and a driver.

use super::conn::ConnId;
use super::keyspace::Value;
use super::persist::SaveJob;

/// Names one piece of work that a driver does for the engine: a save, a load, a file to send or to
/// receive. Never reused within an instance's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobId(pub u64);

/// Names one attempt to connect to a master.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DialId(pub u64);

/// What the engine wants done. A driver takes effects with [`Engine::poll_effect`] after every
/// input, in order, until there is none.
///
/// [`Engine::poll_effect`]: super::Engine::poll_effect
#[derive(Debug)]
pub enum Effect {
    /// Connect; answer with `Engine::dialled`. Only one dial is open at a time.
    Dial { dial: DialId, host: String, port: u16 },
    /// Give up that dial; no answer is expected any more.
    CancelDial { dial: DialId },
    /// The engine has forgotten this connection already: close the socket now, send nothing more.
    Close { conn: ConnId },

    /// Encode a snapshot beside the commands. With `SaveTo::File` the driver writes `temp`, syncs
    /// it and renames it to `path`, telling `Engine::save_progress` now and then and
    /// `Engine::save_done` at the end. With `SaveTo::Pieces` it produces one piece for every
    /// `Effect::Pull`, tells `Engine::save_progress`, hands it in with `Engine::piece`, and after the last one `Engine::job_done`.
    StartSave { job: JobId, save: Box<SaveJob>, to: SaveTo },
    /// Drop that work: no rename, no further input about it.
    CancelJob { job: JobId },
    /// Open a file for reading. Answer `Engine::opened`; then one `Engine::piece` for every
    /// `Effect::Pull`, then `Engine::job_done`.
    OpenFile { job: JobId, path: String },
    /// The engine has room for the next piece (64 KiB or so) of that save or file.
    Pull { job: JobId },
    /// Create a file to receive an RDB into; failures are told by `Engine::job_failed`.
    CreateFile { job: JobId, path: String },
    /// Append to it.
    WriteFile { job: JobId, bytes: Vec<u8> },
    /// Close it and rename it to `path`; answer `Engine::job_done` or `Engine::job_failed`.
    FinishFile { job: JobId, path: String },
    /// Remove a file if it is there; nothing is answered.
    RemoveFile { path: String },

    /// Talk to another server: connect to it, write `request`, read `replies` lines. Then one
    /// `Engine::piece` for the `Effect::Pull` that follows, with the lines as they came, and
    /// `Engine::job_done`; or, after what lines there were, `Engine::job_failed` with what was being
    /// done: `connecting`, `writing` or `reading`. Each of these may last `timeout_ms`.
    Exchange {
        job: JobId,
        host: String,
        port: u16,
        request: Vec<u8>,
        replies: usize,
        timeout_ms: u64,
    },

    /// Drop this value beside the commands: nobody looks at it any more, and it is so large that a
    /// client would have to wait for its end. Nothing is answered.
    Discard(Value),

    /// CONFIG SET changed something that the driver keeps too. The values are in the config.
    Reconfigure(Reconfigure),
    /// The process (in the lab: this instance) ends with this code, after the output that is
    /// still queued was offered to the sockets once. The pidfile goes too.
    Exit { code: i32 },
}

/// Where a save goes. Paths are as the instance sees them, relative to its `dir` if not absolute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SaveTo {
    File { temp: String, path: String },
    Pieces,
}

/// Settings that live in the driver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reconfigure {
    /// `logfile`-related: the level.
    LogLevel,
}

/// While the engine is parked, the driver feeds it nothing but what ends the parking: no socket is
/// read or written, no timer runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parked {
    /// DEBUG SLEEP: call `Engine::timer` when the clients' clock reaches this (microseconds).
    UntilMono(u64),
    /// SAVE, the save of a shutdown, MIGRATE: until that job is done or failed. At boot: until the dump
    /// was opened or is known to be missing.
    Job(JobId),
}
