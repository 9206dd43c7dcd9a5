//! The load at boot: the dump, if there is one.

use super::load::{LoadSource, load_abort, load_begin, load_finish, load_push};
use super::loader::LoadError;
use crate::engine::Engine;
use crate::engine::effect::{Effect, JobId, Parked};
use crate::engine::input::FileError;
use crate::engine::replication;
use crate::observe::LogLevel;
use crate::wire::rdb::RdbError;

/// Begins to load the dump. When it is done (or there is none) it calls [`Engine::ready`].
pub fn boot_load(e: &mut Engine) {
    e.persist.lastsave_s = e.now.wall_s();
    let job = e.next_job();
    e.persist.boot_job = Some(job);
    // Redis opens the dump before it hears anybody: where there is none, nobody is ever told LOADING.
    e.parked = Some(Parked::Job(job));
    let path = e.config.dbfilename.clone();
    e.effect(Effect::OpenFile { job, path });
}

fn is_boot(e: &Engine, job: JobId) -> bool {
    e.persist.boot_job == Some(job)
}

pub(super) fn opened(e: &mut Engine, job: JobId, len: Result<Option<u64>, FileError>) {
    if !is_boot(e, job) {
        return;
    }
    e.unpark();
    match len {
        Ok(total) => {
            load_begin(e, LoadSource::Dump, total);
            e.effect(Effect::Pull { job });
        }
        Err(FileError::NotFound) => {
            e.persist.boot_job = None;
            e.ready();
        }
        Err(FileError::Other(reason)) => give_up(e, Some(&reason)),
    }
}

pub(super) fn piece(e: &mut Engine, job: JobId, bytes: &[u8]) {
    if !is_boot(e, job) {
        return;
    }
    match load_push(e, bytes) {
        Ok(_) => e.effect(Effect::Pull { job }),
        Err(error) => {
            e.effect(Effect::CancelJob { job });
            refused(e, &error);
        }
    }
}

pub(super) fn done(e: &mut Engine, job: JobId) {
    if !is_boot(e, job) {
        return;
    }
    let began = super::loading_progress(e).map_or(e.now, |(began, ..)| began);
    let loaded = match load_finish(e) {
        Ok(loaded) => loaded,
        Err(error) => return refused(e, &error),
    };
    e.persist.boot_job = None;
    let seconds = e.now.mono_us.saturating_sub(began.mono_us) as f64 / 1e6;
    e.log(LogLevel::Notice, format!("DB loaded from disk: {seconds:.3} seconds"));
    if let Some(aux) = loaded.repl {
        replication::restored(e, aux);
        // Replicas of that history still hold what has expired meanwhile.
        if !e.is_replica() {
            let word: &[u8] = if e.config.lazyfree_lazy_expire { b"UNLINK" } else { b"DEL" };
            for (db, key) in loaded.dropped {
                replication::feed(e, db, &[word, &key]);
            }
        }
    }
    e.ready();
}

/// The dump opens but cannot be read on (a directory is the usual case): to Redis it ends too early.
pub(super) fn failed(e: &mut Engine, job: JobId) {
    if is_boot(e, job) {
        refused(e, &RdbError::ShortRead.into());
    }
}

/// A dump that cannot be loaded ends the instance: to go on without it would let the next save
/// overwrite it.
fn refused(e: &mut Engine, error: &LoadError) {
    load_abort(e, Some(error));
    if matches!(error, LoadError::Rdb(RdbError::Corrupt(_))) {
        e.log(LogLevel::Warning, "Terminating server after rdb file reading failure.");
    }
    let soft =
        matches!(error, LoadError::Rdb(RdbError::WrongSignature | RdbError::VersionTooNew(_)));
    give_up(e, soft.then_some("Invalid argument"));
}

fn give_up(e: &mut Engine, reason: Option<&str>) {
    e.persist.boot_job = None;
    if let Some(reason) = reason {
        e.log(LogLevel::Warning, format!("Fatal error loading the DB: {reason}. Exiting."));
    }
    e.effect(Effect::Exit { code: 1 });
}
