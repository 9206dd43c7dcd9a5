//! Saving and loading the data set.
//!
//! These are the calls that the rest of the engine makes.

use super::Engine;
use super::effect::JobId;
use super::input::{FileError, JobDone};

/// A snapshot being encoded, pulled piece by piece on a thread of the driver's.
#[derive(Debug)]
pub struct SaveJob {}

impl SaveJob {
    /// The next piece of about `max` bytes; `None` after the last one.
    pub fn next_piece(&mut self, _max: usize) -> Option<Vec<u8>> {
        None
    }

    /// How many keys were encoded so far.
    pub fn keys_done(&self) -> u64 {
        0
    }

    /// Microseconds to wait after every piece, which then holds one key.
    pub fn key_delay_us(&self) -> u64 {
        0
    }
}

/// What is known about saves.
#[derive(Debug, Default)]
pub struct Persist {}

/// Whether a data set is being loaded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Loading {
    #[default]
    No,
    /// Most commands answer -LOADING.
    Yes,
    /// Into a second keyspace, while the old one is served.
    Async,
}

/// Begins to load the dump. When it is done (or there is none) it calls [`Engine::ready`].
pub fn boot_load(e: &mut Engine) {
    e.ready();
}

/// Every cron run: save points, scheduled saves.
pub fn cron(_e: &mut Engine) {}

/// Whether a data set is being loaded now.
pub fn loading(_e: &Engine) -> Loading {
    Loading::No
}

/// Whether the last background save failed while save points are set and
/// stop-writes-on-bgsave-error is on: writes are refused.
pub fn refuses_writes(_e: &Engine) -> bool {
    false
}

/// INFO's persistence section, lines with their ends, without the header.
pub fn info_lines(_e: &Engine, _out: &mut String) {}

/// At shutdown: stops a running background save (with its log line).
pub fn cancel_for_shutdown(_e: &mut Engine) {}

/// At shutdown: begins the last save; its end comes to [`Engine::shutdown_saved`].
pub fn save_for_shutdown(_e: &mut Engine) -> Result<JobId, String> {
    Err("not possible yet".into())
}

/// See [`Engine::opened`].
pub fn opened(_e: &mut Engine, _job: JobId, _len: Result<Option<u64>, FileError>) {}

/// See [`Engine::piece`].
pub fn piece(_e: &mut Engine, _job: JobId, _bytes: Vec<u8>) {}

/// See [`Engine::save_progress`].
pub fn save_progress(_e: &mut Engine, _job: JobId, _keys: u64, _bytes: u64) {}

/// See [`Engine::job_done`].
pub fn job_done(_e: &mut Engine, _job: JobId, _done: JobDone) {}

/// See [`Engine::job_failed`].
pub fn job_failed(_e: &mut Engine, _job: JobId, _error: String) {}
