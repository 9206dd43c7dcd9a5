//! Saving and loading the data set.
//!
//! In: requests to save (commands, save points, replication, shutdown), what a driver says about
//! its jobs, the bytes of an RDB. Out: snapshots for a driver to encode, a data set that was
//! loaded whole or not at all, log lines and facts. Never here: files, threads, who the replicas
//! are, what a command replies beyond these.

mod boot;
mod info;
mod load;
mod loader;
mod reload;
mod save;
mod save_job;
mod values;

#[cfg(test)]
mod tests;

pub use boot::boot_load;
pub use info::info_lines;
pub use load::{
    LoadSource, Loading, load_abort, load_begin, load_finish, load_push, loading, loading_progress,
};
pub use loader::{Expired, LoadError, LoadStep, Loaded, Loader, Note};
pub use reload::ReloadOptions;
pub(crate) use reload::reload;
pub use save::{
    SaveRequest, cancel, cancel_for_shutdown, cancel_running, cron, refuses_writes,
    save_for_shutdown, save_progress, saving, start_save,
};
pub(crate) use save::{cancel_for_flush, save_in_background, save_in_foreground, schedule};
pub use save_job::{Head, ReplAux, SaveJob, Uses};
pub use values::{NoPayload, ValueLimits, dump, is_packed, restore, saved_len};

use super::Engine;
use super::effect::JobId;
use super::input::{FileError, JobDone};

/// What is known about saves and loads.
#[derive(Debug)]
pub struct Persist {
    /// [`Engine`]'s count of changes that the dump holds.
    saved_dirty: u64,
    /// Unix seconds of the last good save; at first of the start.
    pub(crate) lastsave_s: i64,
    /// Unix seconds of the last attempt.
    last_try_s: i64,
    /// Whether the last save in the background was good.
    last_ok: bool,
    /// How long it took, in seconds; -1: there was none.
    last_took_s: i64,
    /// Saves begun.
    saves: u64,
    /// Bytes copied on write during the last save.
    last_copied: u64,
    running: Option<save::Save>,
    /// A background save is to begin as soon as it can.
    scheduled: bool,
    load: Option<load::Load>,
    /// The job that reads the dump at boot.
    boot_job: Option<JobId>,
    reload: Option<reload::Reload>,
    last_loaded: u64,
    last_expired: u64,
    /// DEBUG SET-SKIP-CHECKSUM-VALIDATION.
    pub(crate) skip_checksum: bool,
}

impl Default for Persist {
    fn default() -> Persist {
        Persist {
            saved_dirty: 0,
            lastsave_s: 0,
            last_try_s: 0,
            last_ok: true,
            last_took_s: -1,
            saves: 0,
            last_copied: 0,
            running: None,
            scheduled: false,
            load: None,
            boot_job: None,
            reload: None,
            last_loaded: 0,
            last_expired: 0,
            skip_checksum: false,
        }
    }
}

/// Changes since the last good save: INFO's rdb_changes_since_last_save.
pub fn changes(e: &Engine) -> u64 {
    e.dirty.saturating_sub(e.persist.saved_dirty)
}

/// See [`Engine::opened`].
pub fn opened(e: &mut Engine, job: JobId, len: Result<Option<u64>, FileError>) {
    if let (true, Err(error)) = (save::is_running(e, job), &len) {
        save::ended(e, Err(save::Fault::Open(error.to_string())));
    } else if reload::owns(e, job) {
        reload::opened(e, job, len);
    } else {
        boot::opened(e, job, len);
    }
}

/// See [`Engine::piece`].
pub fn piece(e: &mut Engine, job: JobId, bytes: Vec<u8>) {
    if save::is_running(e, job) {
        super::replication::piece(e, job, bytes);
    } else if reload::owns(e, job) {
        reload::piece(e, job, &bytes);
    } else {
        boot::piece(e, job, &bytes);
    }
}

/// See [`Engine::job_done`].
pub fn job_done(e: &mut Engine, job: JobId, done: JobDone) {
    if save::is_running(e, job) {
        save::ended(e, Ok(done));
    } else if reload::owns(e, job) {
        reload::done(e);
    } else {
        boot::done(e, job);
    }
}

/// See [`Engine::job_failed`].
pub fn job_failed(e: &mut Engine, job: JobId, error: String) {
    if save::is_running(e, job) {
        save::ended(e, Err(save::Fault::Write(error)));
    } else if reload::owns(e, job) {
        reload::failed(e);
    } else {
        boot::failed(e, job);
    }
}
