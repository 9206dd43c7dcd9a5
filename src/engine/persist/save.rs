//! Saves: when they begin, and what their end means.

use super::save_job::{Head, ReplAux, SaveJob, Uses};
use crate::engine::Engine;
use crate::engine::blocked::Blocked;
use crate::engine::config::MaxmemoryPolicy;
use crate::engine::conn::ConnId;
use crate::engine::effect::{Effect, JobId, Parked, SaveTo};
use crate::engine::input::JobDone;
use crate::engine::keyspace::Snapshot;
use crate::engine::replication;
use crate::observe::{Fact, LogLevel, Now, Offset, SaveTarget};
use crate::wire::rdb::Options;

/// After a failed save, save points wait so many seconds before the next attempt.
const RETRY_S: i64 = 5;

/// Facts about progress are told no more often than this.
const TELL_EVERY_US: u64 = 250_000;

/// A snapshot that replication asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SaveRequest {
    pub target: SaveTarget,
    pub aux: Option<ReplAux>,
    /// The RDB of a filter that lets no key through.
    pub no_data: bool,
}

/// Who waits for a save.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Nobody: commands go on.
    Background,
    /// This client, for SAVE's reply, and with it everybody.
    Client(ConnId),
    /// Everybody, until the emptied data set is on disk (FLUSHALL).
    Flush,
    /// The shutdown.
    Shutdown,
    /// DEBUG RELOAD, which goes on with the load.
    Reload,
}

/// A save that is being made.
#[derive(Debug)]
pub(super) struct Save {
    pub(super) job: JobId,
    target: SaveTarget,
    kind: Kind,
    pub(super) began: Now,
    /// The count of changes that it holds.
    dirty: u64,
    pub(super) keys_total: u64,
    pub(super) keys_done: u64,
    bytes: u64,
    told_us: u64,
    /// The keyspace's count of copied bytes when it began.
    pub(super) copied_before: u64,
    temp: Option<String>,
}

impl Save {
    pub(super) fn in_background(&self) -> bool {
        self.kind == Kind::Background
    }
}

/// Whether a snapshot is being encoded, for whomever.
pub fn saving(e: &Engine) -> bool {
    e.persist.running.is_some()
}

pub(super) fn is_running(e: &Engine, job: JobId) -> bool {
    e.persist.running.as_ref().is_some_and(|s| s.job == job)
}

/// Begins a save in the background. The snapshot is taken now; what is written from now on is not
/// in it. Its end comes to `replication::save_ended`, pieces for sockets to `replication::piece`.
pub fn start_save(e: &mut Engine, request: SaveRequest) -> Result<JobId, String> {
    let job = begin(e, request, Kind::Background)?;
    let pid = e.boot.pid;
    e.stats.total_forks += 1;
    match request.target {
        SaveTarget::Sockets => {
            e.log(LogLevel::Notice, format!("Background RDB transfer started by pid {pid}"));
        }
        SaveTarget::File | SaveTarget::FileForReplicas => {
            e.persist.last_try_s = e.now.wall_s();
            e.log(LogLevel::Notice, format!("Background saving started by pid {pid}"));
        }
    }
    Ok(job)
}

/// BGSAVE, save points: a dump in the background.
pub(crate) fn save_in_background(e: &mut Engine) -> Result<JobId, String> {
    let aux = replication::repl_aux(e);
    start_save(e, SaveRequest { target: SaveTarget::File, aux, no_data: false })
}

/// SAVE: everybody waits; the client's reply comes with the end.
pub(crate) fn save_in_foreground(e: &mut Engine, conn: ConnId) -> Result<(), String> {
    let job = begin_parked(e, Kind::Client(conn))?;
    e.block(conn, Blocked::Save);
    e.parked = Some(Parked::Job(job));
    Ok(())
}

/// The save of a shutdown; its end comes to [`Engine::shutdown_saved`].
pub fn save_for_shutdown(e: &mut Engine) -> Result<JobId, String> {
    begin_parked(e, Kind::Shutdown)
}

/// The save of DEBUG RELOAD; its end comes to `reload::saved`.
pub(super) fn save_for_reload(e: &mut Engine) -> Result<JobId, String> {
    begin_parked(e, Kind::Reload)
}

fn begin_parked(e: &mut Engine, kind: Kind) -> Result<JobId, String> {
    let aux = replication::repl_aux(e);
    begin(e, SaveRequest { target: SaveTarget::File, aux, no_data: false }, kind)
}

fn begin(e: &mut Engine, request: SaveRequest, kind: Kind) -> Result<JobId, String> {
    if saving(e) {
        return Err("Background save already in progress".into());
    }
    if replication::replaces_dump(e) {
        return Err("The RDB of the master is taking the dump's place".into());
    }
    let job = e.next_job();
    let snapshot = if request.no_data { Snapshot::default() } else { e.keyspace.snapshot() };
    let keys_total = snapshot.keys_total();
    let head =
        Head { ctime: e.now.wall_s(), used_mem: e.keyspace.used_bytes() as u64, repl: request.aux };
    let options = Options { compression: e.config.rdbcompression, checksum: e.config.rdbchecksum };
    let delay = u64::try_from(e.config.rdb_key_save_delay).unwrap_or(0);
    let save = SaveJob::new(snapshot, head, options, delay).with_uses(uses(e));
    let save = Box::new(save);
    let (to, temp) = match request.target {
        SaveTarget::Sockets => (SaveTo::Pieces, None),
        SaveTarget::File | SaveTarget::FileForReplicas => {
            e.persist.saves += 1;
            let temp = format!("temp-{}.rdb", e.boot.pid);
            let path = e.config.dbfilename.clone();
            (SaveTo::File { temp: temp.clone(), path }, Some(temp))
        }
    };
    e.effect(Effect::StartSave { job, save, to });
    e.persist.running = Some(Save {
        job,
        target: request.target,
        kind,
        began: e.now,
        dirty: e.dirty,
        keys_total,
        keys_done: 0,
        bytes: 0,
        told_us: e.now.mono_us,
        copied_before: e.keyspace.copied_bytes(),
        temp,
    });
    let offset = Offset(replication::offset(e));
    e.fact(Fact::SnapshotBegan { target: request.target, offset, keys: keys_total });
    Ok(job)
}

/// What is told of the keys' uses.
fn uses(e: &Engine) -> Uses {
    let clock_s = e.clock_s();
    match (e.counting(), e.config.maxmemory_policy) {
        (Some(counting), _) => Uses::Freq { clock_s, decay_min: counting.decay_min },
        (None, MaxmemoryPolicy::AllkeysLru | MaxmemoryPolicy::VolatileLru) => {
            Uses::Idle { clock_s }
        }
        (None, _) => Uses::Nothing,
    }
}

/// See [`Engine::save_progress`].
pub fn save_progress(e: &mut Engine, job: JobId, keys_done: u64, bytes: u64) {
    let now_us = e.now.mono_us;
    let Some(save) = e.persist.running.as_mut().filter(|s| s.job == job) else { return };
    save.keys_done = keys_done;
    save.bytes = bytes;
    if now_us >= save.told_us + TELL_EVERY_US {
        save.told_us = now_us;
        let keys_total = save.keys_total;
        e.fact(Fact::SnapshotProgress { keys_done, keys_total, bytes });
    }
}

/// What a save failed of, with the system's reason.
pub(super) enum Fault {
    /// The temporary file could not be opened: nothing was written.
    Open(String),
    Write(String),
}

impl Fault {
    /// The line in the log.
    fn line(&self, save: &Save, dir: &str) -> String {
        match self {
            Fault::Open(reason) => format!(
                "Failed opening the temp RDB file {} (in server root dir {dir}) for saving: {reason}",
                save.temp.as_deref().unwrap_or_default()
            ),
            Fault::Write(reason) => format!("Write error saving DB on disk(rdbSaveRio): {reason}"),
        }
    }
}

/// The running save came to its end.
pub(super) fn ended(e: &mut Engine, outcome: Result<JobDone, Fault>) {
    let Some(save) = e.persist.running.take() else { return };
    tell_end(e, &save, outcome.as_ref().ok());
    if save.target == SaveTarget::Sockets {
        match outcome {
            Ok(_) => tell_copied(e, &save),
            Err(_) => e.log(LogLevel::Warning, "Background transfer error"),
        }
        replication::save_ended(e, save.job, outcome.is_ok());
        return;
    }
    let child = if save.in_background() { Some('C') } else { None };
    match &outcome {
        Ok(_) => {
            log_of(e, child, LogLevel::Notice, "DB saved on disk".into());
            e.persist.saved_dirty = save.dirty;
            e.persist.lastsave_s = e.now.wall_s();
            e.persist.last_ok = true;
        }
        Err(fault) => {
            let text = fault.line(&save, &e.config.dir);
            log_of(e, child, LogLevel::Warning, text);
        }
    }
    match save.kind {
        Kind::Background => background_ended(e, &save, outcome.is_ok()),
        Kind::Flush => e.unpark(),
        Kind::Client(conn) => {
            e.unpark();
            e.unblock(conn, |reply| match outcome {
                Ok(_) => reply.ok(),
                Err(_) => reply.error("ERR"),
            });
        }
        Kind::Reload => super::reload::saved(e, outcome.is_ok()),
        Kind::Shutdown => {
            let outcome = outcome.map(|_| ()).map_err(|fault| fault.line(&save, &e.config.dir));
            e.shutdown_saved(outcome);
        }
    }
}

fn log_of(e: &mut Engine, child: Option<char>, level: LogLevel, text: String) {
    match child {
        Some(role) => e.log_as(role, level, text),
        None => e.log(level, text),
    }
}

/// The child's last line: what was copied on write while it ran.
fn tell_copied(e: &mut Engine, save: &Save) {
    let mb = copied(e, save) >> 20;
    let text = format!("Fork CoW for RDB: current {mb} MB, peak {mb} MB, average {} MB", mb / 2);
    e.log_as('C', LogLevel::Notice, text);
}

fn copied(e: &Engine, save: &Save) -> u64 {
    e.keyspace.copied_bytes().saturating_sub(save.copied_before)
}

fn background_ended(e: &mut Engine, save: &Save, ok: bool) {
    if ok {
        tell_copied(e, save);
        e.log(LogLevel::Notice, "Background saving terminated with success");
    } else {
        e.log(LogLevel::Warning, "Background saving error");
        e.persist.last_ok = false;
    }
    e.persist.last_copied = copied(e, save);
    e.persist.last_took_s = e.now.wall_s() - save.began.wall_s();
    replication::save_ended(e, save.job, ok);
}

fn tell_end(e: &mut Engine, save: &Save, done: Option<&JobDone>) {
    e.fact(Fact::SnapshotEnded {
        target: save.target,
        ok: done.is_some(),
        keys: done.map_or(save.keys_done, |d| d.keys),
        bytes: done.map_or(save.bytes, |d| d.bytes),
        took_us: e.now.mono_us.saturating_sub(save.began.mono_us),
    });
}

/// Ends a save without blame: no status changes. The asker is not told, it knows.
pub fn cancel(e: &mut Engine, job: JobId) {
    if let Some(save) = e.persist.running.take_if(|s| s.job == job) {
        let what = match save.target {
            SaveTarget::Sockets => "transfer",
            SaveTarget::File | SaveTarget::FileForReplicas => "saving",
        };
        // The signal with which Redis ends a child on purpose.
        e.log(LogLevel::Warning, format!("Background {what} terminated by signal 10"));
        drop_job(e, &save);
    }
}

/// The same for whatever runs; replicas that waited for it are told.
pub fn cancel_running(e: &mut Engine) {
    if let Some(job) = e.persist.running.as_ref().map(|s| s.job) {
        cancel(e, job);
        replication::save_ended(e, job, false);
    }
}

fn drop_job(e: &mut Engine, save: &Save) {
    e.effect(Effect::CancelJob { job: save.job });
    if let Some(path) = save.temp.clone() {
        e.effect(Effect::RemoveFile { path });
    }
    tell_end(e, save, None);
}

/// At shutdown: ends a running background save.
pub fn cancel_for_shutdown(e: &mut Engine) {
    if let Some(save) = e.persist.running.take() {
        e.log(LogLevel::Warning, "There is a child saving an .rdb. Killing it!");
        drop_job(e, &save);
    }
}

/// FLUSHALL: a running save is in vain, and with save points the empty data set is saved before
/// anything else happens.
pub(crate) fn cancel_for_flush(e: &mut Engine) {
    cancel_running(e);
    if !e.config.save.is_empty()
        && let Ok(job) = begin_parked(e, Kind::Flush)
    {
        e.parked = Some(Parked::Job(job));
    }
}

/// BGSAVE SCHEDULE, or BGSAVE inside of EXEC: cron begins it.
pub(crate) fn schedule(e: &mut Engine) {
    e.persist.scheduled = true;
}

/// Whether writes must be refused with MISCONF: the last save in the background failed, and the
/// user relies on save points.
pub fn refuses_writes(e: &Engine) -> bool {
    e.config.stop_writes_on_bgsave_error && !e.config.save.is_empty() && !e.persist.last_ok
}

/// Every cron run: save points, scheduled saves.
pub fn cron(e: &mut Engine) {
    if saving(e) || super::loading(e) != super::Loading::No {
        return;
    }
    let now_s = e.now.wall_s();
    let may = e.persist.last_ok || now_s - e.persist.last_try_s > RETRY_S;
    let changes = i64::try_from(super::changes(e)).unwrap_or(i64::MAX);
    let age = now_s - e.persist.lastsave_s;
    let due = e.config.save.iter().find(|p| changes >= p.changes && age > p.seconds).copied();
    if let Some(point) = due
        && may
    {
        let (changes, seconds) = (point.changes, point.seconds);
        e.log(LogLevel::Notice, format!("{changes} changes in {seconds} seconds. Saving..."));
        e.persist.scheduled &= save_in_background(e).is_err();
    } else if e.persist.scheduled && may {
        e.persist.scheduled = save_in_background(e).is_err();
    }
}
