//! A data set on its way in: at boot from the dump, later from a master.

use super::loader::{Expired, LoadError, LoadStep, Loaded, Loader, Note};
use super::values::ValueLimits;
use crate::engine::Engine;
use crate::observe::{Fact, LogLevel, Now};
use crate::wire::rdb::RdbError;

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

/// Where the bytes come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoadSource {
    /// The dump, at boot.
    Dump,
    /// The master, be it over a file in between. `serve_old`: commands go on against the data set
    /// that is there (swapdb with the same history).
    Link { serve_old: bool },
}

/// A load in progress.
#[derive(Debug)]
pub(super) struct Load {
    loader: Loader,
    source: LoadSource,
    began: Now,
    total: Option<u64>,
}

/// Whether a data set is being loaded now, and how.
pub fn loading(e: &Engine) -> Loading {
    match e.persist.load.as_ref().map(|l| l.source) {
        // Between the start and the dump's first bytes nothing is served either.
        None if e.persist.boot_job.is_some() => Loading::Yes,
        None => Loading::No,
        Some(LoadSource::Link { serve_old: true }) => Loading::Async,
        Some(_) => Loading::Yes,
    }
}

/// How far the load is: when it began, bytes loaded, bytes in all if known, the memory that the
/// file says its data took.
pub fn loading_progress(e: &Engine) -> Option<(Now, u64, Option<u64>, u64)> {
    let load = e.persist.load.as_ref()?;
    Some((load.began, load.loader.loaded_bytes(), load.total, load.loader.used_mem()))
}

/// Begins a load into a keyspace of its own. The old data stays until [`load_finish`]; whoever
/// wants it gone before flushes it first. `total` is the length of the RDB, if it is known.
pub fn load_begin(e: &mut Engine, source: LoadSource, total: Option<u64>) {
    // A replica keeps what has expired until its master says DEL.
    let expired = match e.is_replica() {
        true => Expired::Keep,
        false => Expired::Drop { now_ms: e.now.wall_ms() },
    };
    let into = e.keyspace.empty_like();
    let limits = ValueLimits::new(&e.config, into.seed(), false);
    let verify = e.config.rdbchecksum && !e.persist.skip_checksum;
    let loader = Loader::new(into, limits, expired, verify, e.now.wall_s(), e.clock_s());
    e.persist.load = Some(Load { loader, source, began: e.now, total });
    e.fact(Fact::LoadBegan { from_link: source != LoadSource::Dump, total });
}

/// Loads the next bytes. After an error nothing but [`load_abort`] is left to do. What follows a
/// whole RDB is ignored.
pub fn load_push(e: &mut Engine, bytes: &[u8]) -> Result<LoadStep, LoadError> {
    let Some(load) = e.persist.load.as_mut() else { return Ok(LoadStep::More) };
    let step = load.loader.push(bytes);
    let notes = load.loader.take_notes();
    for note in notes {
        match note {
            Note::Log(level, text) => e.log(level, text),
            Note::Key { db, key, kind, value, bytes, expire_at_ms } => {
                e.fact(Fact::RdbKey { db, key, kind, value, bytes, expire_at_ms });
            }
        }
    }
    step
}

/// Ends the load when all bytes were pushed: the loaded data set takes the old one's place, or
/// nothing changes and the error comes back (call [`load_abort`] with it then).
///
/// The keyspace in the answer is empty; the rest of it is what the caller goes on with.
pub fn load_finish(e: &mut Engine) -> Result<Loaded, LoadError> {
    let (mut loaded, took_us) = load_take(e)?;
    let fresh = std::mem::replace(&mut loaded.keyspace, e.keyspace.empty_like());
    e.replace_keyspace(fresh);
    e.persist.saved_dirty = e.dirty;
    tell_loaded(e, &loaded, took_us);
    Ok(loaded)
}

/// Tells that a load ended well. Behind the sweep of the old keys: whoever folds the facts puts
/// the keys that passed into the empty place.
pub(super) fn tell_loaded(e: &mut Engine, loaded: &Loaded, took_us: u64) {
    let (keys, expired, bytes) = (loaded.keys_loaded, loaded.keys_expired, loaded.bytes);
    e.fact(Fact::LoadEnded { ok: true, keys, expired, bytes, took_us });
}

/// The same, but what becomes of the loaded data set is the caller's business, and so is
/// [`tell_loaded`], with the microseconds that the load took.
pub(super) fn load_take(e: &mut Engine) -> Result<(Loaded, u64), LoadError> {
    let Some(load) = e.persist.load.as_ref() else { return Err(RdbError::ShortRead.into()) };
    load.loader.check_whole()?;
    let Some(load) = e.persist.load.take() else { return Err(RdbError::ShortRead.into()) };
    let began = load.began;
    let loaded = load.loader.finish()?;
    let (keys, expired) = (loaded.keys_loaded, loaded.keys_expired);
    let done = format!("Done loading RDB, keys loaded: {keys}, keys expired: {expired}");
    match loaded.keys_empty {
        0 => e.log(LogLevel::Notice, format!("{done}.")),
        n => e.log(LogLevel::Warning, format!("{done}, empty keys skipped: {n}.")),
    }
    e.persist.last_loaded = keys;
    e.persist.last_expired = expired;
    Ok((loaded, e.now.mono_us.saturating_sub(began.mono_us)))
}

/// Gives a load up; what was loaded is dropped. With an error, its log lines are written; without
/// one (the link was lost) there are none.
pub fn load_abort(e: &mut Engine, error: Option<&LoadError>) {
    let Some(load) = e.persist.load.take() else { return };
    let bytes = load.loader.loaded_bytes();
    for line in error.map(|error| failure_lines(error, bytes)).unwrap_or_default() {
        e.log(LogLevel::Warning, line);
    }
    let (keys, expired) = load.loader.counts();
    let took_us = e.now.mono_us.saturating_sub(load.began.mono_us);
    e.fact(Fact::LoadEnded { ok: false, keys, expired, bytes, took_us });
}

/// What the log says about an RDB that cannot be loaded.
fn failure_lines(error: &LoadError, at: u64) -> Vec<String> {
    let internal = |what: String| format!("Internal error in RDB reading offset {at} -> {what}");
    match error {
        LoadError::Rdb(RdbError::WrongSignature) => {
            vec!["Wrong signature trying to load DB from file".into()]
        }
        LoadError::Rdb(RdbError::VersionTooNew(version)) => {
            vec![format!("Can't handle RDB format version {version}")]
        }
        LoadError::Rdb(RdbError::ShortRead) => vec![
            "Short read or OOM loading DB. Unrecoverable error, aborting now.".into(),
            internal("Unexpected EOF reading RDB file".into()),
        ],
        LoadError::Rdb(RdbError::ChecksumMismatch { expected, got }) => vec![
            format!("Wrong RDB checksum expected: ({expected:x}) but got ({got:x}). Aborting now."),
            internal("RDB CRC error".into()),
        ],
        LoadError::Rdb(RdbError::Corrupt(what)) => vec![internal((*what).into())],
        LoadError::Rdb(other) => vec![internal(other.to_string())],
        LoadError::Duplicate { .. } | LoadError::DbOutOfRange { .. } => vec![error.to_string()],
    }
}
