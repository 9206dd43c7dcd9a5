//! DEBUG RELOAD: the data set goes to disk and comes back, while everybody waits.

use super::load::{LoadSource, load_abort, load_begin, load_push, load_take, tell_loaded};
use super::loader::Loaded;
use super::save::save_for_reload;
use crate::engine::Engine;
use crate::engine::blocked::Blocked;
use crate::engine::conn::ConnId;
use crate::engine::effect::{Effect, JobId, Parked};
use crate::engine::input::FileError;
use crate::observe::LogLevel;

/// DEBUG RELOAD's options.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReloadOptions {
    /// The dump is written first (not NOSAVE).
    pub save: bool,
    /// The data set is emptied before the load (not NOFLUSH).
    pub flush: bool,
    /// MERGE: keys of the dump replace those that are there.
    pub merge: bool,
}

/// A reload that is under way.
#[derive(Debug)]
pub(super) struct Reload {
    conn: ConnId,
    options: ReloadOptions,
    /// The job that reads the dump.
    job: Option<JobId>,
}

/// Begins; the client's reply comes at the end.
///
/// # Errors
/// A save is being made already.
pub(crate) fn reload(e: &mut Engine, conn: ConnId, options: ReloadOptions) -> Result<(), String> {
    if options.save {
        let job = save_for_reload(e)?;
        e.parked = Some(Parked::Job(job));
    }
    e.block(conn, Blocked::Save);
    e.persist.reload = Some(Reload { conn, options, job: None });
    if !options.save {
        open(e);
    }
    Ok(())
}

/// The save came to its end.
pub(super) fn saved(e: &mut Engine, ok: bool) {
    if ok {
        open(e);
    } else {
        end(e, Some("ERR"));
    }
}

fn open(e: &mut Engine) {
    let job = e.next_job();
    let path = e.config.dbfilename.clone();
    let Some(reload) = e.persist.reload.as_mut() else { return };
    reload.job = Some(job);
    let flush = reload.options.flush;
    e.effect(Effect::OpenFile { job, path });
    e.parked = Some(Parked::Job(job));
    if flush {
        // Nothing is propagated, and nothing counts as changed.
        let dirty = e.dirty;
        e.flush_all(true);
        e.dirty = dirty;
    }
}

/// Whether this job reads the dump for a reload.
pub(super) fn owns(e: &Engine, job: JobId) -> bool {
    e.persist.reload.as_ref().is_some_and(|r| r.job == Some(job))
}

pub(super) fn opened(e: &mut Engine, job: JobId, len: Result<Option<u64>, FileError>) {
    match len {
        Ok(total) => {
            load_begin(e, LoadSource::Dump, total);
            e.effect(Effect::Pull { job });
        }
        Err(FileError::NotFound) => failed(e),
        Err(FileError::Other(reason)) => {
            let path = &e.config.dbfilename;
            let text = format!("Fatal error: can't open the RDB file {path} for reading: {reason}");
            e.log(LogLevel::Warning, text);
            failed(e);
        }
    }
}

pub(super) fn piece(e: &mut Engine, job: JobId, bytes: &[u8]) {
    match load_push(e, bytes) {
        Ok(_) => e.effect(Effect::Pull { job }),
        Err(error) => {
            e.effect(Effect::CancelJob { job });
            load_abort(e, Some(&error));
            failed(e);
        }
    }
}

pub(super) fn done(e: &mut Engine) {
    let (mut loaded, took_us) = match load_take(e) {
        Ok(taken) => taken,
        Err(error) => {
            load_abort(e, Some(&error));
            return failed(e);
        }
    };
    let Some(options) = e.persist.reload.as_ref().map(|r| r.options) else { return };
    if options.flush {
        let fresh = std::mem::replace(&mut loaded.keyspace, e.keyspace.empty_like());
        e.replace_keyspace(fresh);
        tell_loaded(e, &loaded, took_us);
    } else {
        tell_loaded(e, &loaded, took_us);
        if !add(e, loaded, options.merge) {
            return failed(e);
        }
    }
    e.log(LogLevel::Warning, "DB reloaded by DEBUG RELOAD");
    end(e, None);
}

/// Adds what was loaded to what is there; nothing is added if a key is there already and may not
/// be replaced. (Redis dies of it.)
fn add(e: &mut Engine, loaded: Loaded, replace: bool) -> bool {
    let databases = loaded.keyspace.databases().min(e.keyspace.databases());
    if !replace {
        for db in 0..databases {
            let known = e.keyspace.db(db);
            let twice = loaded.keyspace.db(db).iter().find(|new| known.get(new.key()).is_some());
            if let Some(new) = twice {
                let key = crate::wire::text::printable(new.key(), 60);
                e.log(LogLevel::Warning, format!("RDB has duplicated key '{key}' in DB {db}"));
                return false;
            }
        }
    }
    let clock_s = e.clock_s();
    for db in 0..databases {
        for new in loaded.keyspace.db(db).iter() {
            let (key, value) = (new.key(), new.value().clone());
            e.keyspace.db_mut(db).insert(key, value, new.expire_at(), clock_s);
            e.key_written(db, key);
        }
    }
    true
}

pub(super) fn failed(e: &mut Engine) {
    if e.persist.load.is_some() {
        load_abort(e, None);
    }
    end(e, Some("ERR Error trying to load the RDB dump"));
}

fn end(e: &mut Engine, error: Option<&str>) {
    let Some(reload) = e.persist.reload.take() else { return };
    e.unpark();
    e.unblock(reload.conn, |reply| match error {
        None => reply.ok(),
        Some(error) => reply.error(error),
    });
}
