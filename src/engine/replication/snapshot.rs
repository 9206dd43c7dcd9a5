//! Snapshots for replicas: when one starts, and how its bytes reach them.
//!
//! To disk: the dump is saved as BGSAVE does, then each replica is sent the file. To the sockets:
//! the encoder's pieces go to all replicas of the group as they come, the slowest sets the pace.

use super::attached::{self, link, link_mut, queue_piece, queued, set_state};
use super::held::{self, Held};
use super::link::{Announced, ReplicaLink};
use super::{close_because, role, say, serve};
use crate::engine::Engine;
use crate::engine::conn::ConnId;
use crate::engine::effect::{Effect, JobId};
use crate::engine::input::FileError;
use crate::engine::persist::{self, SaveRequest};
use crate::observe::{
    Fact, LinkLoss, LogLevel, Message, Offset, RdbFraming, ReplicaState, SaveTarget, WaitReason,
};
use std::sync::Arc;

/// While no socket of the group has more than this waiting, the next piece is pulled.
const AHEAD: usize = 128 * 1024;

/// The snapshot that is being made for replicas.
#[derive(Debug)]
pub(super) struct Running {
    pub(super) job: JobId,
    sockets: bool,
    /// Closes the transfer on every socket.
    mark: [u8; 40],
    /// A piece was asked for and has not come.
    pulling: bool,
    /// The encoder is done; its last bytes may still wait in queues.
    encoded: bool,
}

/// Whether the running snapshot goes to the sockets.
pub(super) fn feeds_sockets(e: &Engine) -> bool {
    e.repl.snapshot.as_ref().is_some_and(|s| s.sockets)
}

/// A replica that was just attached needs an RDB.
pub(super) fn wanted(e: &mut Engine, conn: ConnId) {
    let Some(me) = link(e, conn) else { return };
    let said = me.announced.clone();
    let replica = serve::addr(e, conn);
    if feeds_sockets(e) {
        e.log(
            LogLevel::Notice,
            "Current BGSAVE has socket target. Waiting for next BGSAVE for SYNC",
        );
        e.fact(Fact::FullSyncWaits { replica, reason: WaitReason::OtherSnapshot });
    } else if persist::saving(e) {
        // A dump is being saved. It serves if another replica's differences are recorded since it
        // began, and that one asked for no more than this one understands.
        let other = e.repl.replicas.iter().copied().find(|&c| {
            link(e, c).is_some_and(|l| {
                l.state == ReplicaState::WaitBgsaveEnd
                    && (!l.announced.rdb_only || said.rdb_only)
                    && l.job.is_some_and(|job| runs(e, job))
            })
        });
        let fits = other
            .and_then(|c| link(e, c))
            .filter(|l| said.covers(&l.announced) && said.same_rdb(&l.announced));
        match fits.map(|l| (l.job, l.initial_offset)) {
            Some((job, offset)) => {
                set_up(e, conn, job, offset);
                e.log(LogLevel::Notice, "Waiting for end of BGSAVE for SYNC");
                e.fact(Fact::FullSyncWaits { replica, reason: WaitReason::AttachedToRunning });
            }
            None => {
                e.log(
                    LogLevel::Notice,
                    "Can't attach the replica to the current BGSAVE. Waiting for next BGSAVE for \
                     SYNC",
                );
                e.fact(Fact::FullSyncWaits { replica, reason: WaitReason::OtherSnapshot });
            }
        }
    } else if e.config.repl_diskless_sync && said.eof && e.config.repl_diskless_sync_delay > 0 {
        e.log(LogLevel::Notice, "Delay next BGSAVE for diskless SYNC");
        let secs = e.config.repl_diskless_sync_delay as u64;
        e.fact(Fact::FullSyncWaits { replica, reason: WaitReason::DisklessDelay { secs } });
    } else {
        start(e, conn);
    }
}

/// Starts the snapshot that waiting replicas need, if the time has come.
pub(super) fn start_pending(e: &mut Engine) {
    if persist::saving(e) || e.repl.snapshot.is_some() {
        return;
    }
    let waits = |c: &ConnId| {
        link(e, *c).filter(|l| l.state == ReplicaState::WaitBgsaveStart).map(|l| (*c, l))
    };
    let Some((first, model)) = e.repl.replicas.iter().find_map(waits) else { return };
    let group: Vec<&ReplicaLink> = e
        .repl
        .replicas
        .iter()
        .filter_map(waits)
        .map(|(_, l)| l)
        .filter(|l| l.announced.same_rdb(&model.announced))
        .collect();
    let oldest = group
        .iter()
        .map(|l| attached::lag_s(e.now.link_us, l.waits_since_us))
        .max()
        .unwrap_or_default();
    let max = e.config.repl_diskless_sync_max_replicas;
    if !e.config.repl_diskless_sync
        || (max > 0 && group.len() as i64 >= max)
        || oldest >= e.config.repl_diskless_sync_delay
    {
        start(e, first);
    }
}

/// The first replica that waits for a snapshot to begin.
pub(super) fn first_waiting(e: &Engine) -> Option<ConnId> {
    let waits = |c: &ConnId| link(e, *c).is_some_and(|l| l.state == ReplicaState::WaitBgsaveStart);
    e.repl.replicas.iter().copied().find(waits)
}

/// Whether the snapshot of this job is not through.
pub(super) fn runs(e: &Engine, job: JobId) -> bool {
    e.repl.snapshot.as_ref().is_some_and(|s| s.job == job)
}

/// Begins a snapshot for `first` and all that wait for the same RDB, unless that waits for its step.
fn start(e: &mut Engine, first: ConnId) {
    // The end of another one may wait for its step.
    if e.repl.snapshot.is_none() {
        let target = plan(e, first).2;
        if held::may_begin_save(e, first, target) {
            start_now(e, first);
        }
    }
}

/// [`start`], when it waited for its step: `first` may have left, and another save may run.
pub(super) fn start_late(e: &mut Engine, first: ConnId) {
    let waits = link(e, first).is_some_and(|l| l.state == ReplicaState::WaitBgsaveStart);
    let first = if waits { Some(first) } else { first_waiting(e) };
    if let Some(first) = first
        && e.repl.snapshot.is_none()
        && !persist::saving(e)
    {
        start_now(e, first);
    }
}

/// Who shares a snapshot with `first`, what it must hold, and where it goes.
fn plan(e: &Engine, first: ConnId) -> (Vec<ConnId>, Announced, SaveTarget) {
    let model = link(e, first).map(|l| l.announced.clone()).unwrap_or_default();
    let group: Vec<ConnId> = e
        .repl
        .replicas
        .iter()
        .copied()
        .filter(|&c| {
            link(e, c).is_some_and(|l| {
                l.state == ReplicaState::WaitBgsaveStart && l.announced.same_rdb(&model)
            })
        })
        .collect();
    let all_eof = group.iter().all(|&c| link(e, c).is_some_and(|l| l.announced.eof));
    let sockets = (e.config.repl_diskless_sync || model.is_filtered()) && all_eof;
    let target = if sockets { SaveTarget::Sockets } else { SaveTarget::FileForReplicas };
    (group, model, target)
}

fn start_now(e: &mut Engine, first: ConnId) {
    let (group, model, target) = plan(e, first);
    let sockets = target == SaveTarget::Sockets;
    let place = if sockets { "replicas sockets" } else { "disk" };
    e.log(LogLevel::Notice, format!("Starting BGSAVE for SYNC with target: {place}"));
    let offset = e.repl.stream.end();
    let request = SaveRequest { target, aux: role::repl_aux(e), no_data: model.no_data };
    match persist::start_save(e, request) {
        Ok(job) => {
            let mark = e.rng.hex();
            let run = Running { job, sockets, mark, pulling: false, encoded: false };
            e.repl.snapshot = Some(run);
            for &conn in &group {
                set_up(e, conn, Some(job), offset);
            }
            if sockets {
                let preamble = [b"$EOF:".as_slice(), &mark, b"\r\n"].concat();
                for &conn in &group {
                    set_framing(e, conn, RdbFraming::Eof, &preamble);
                }
                pull(e);
            }
        }
        Err(error) => {
            e.log(LogLevel::Warning, format!("BGSAVE for replication failed: {error}"));
            for conn in group {
                let text = "-ERR BGSAVE failed, replication can't continue\r\n";
                super::write(e, conn, text.as_bytes());
                if let Some(c) = e.clients.get_mut(conn) {
                    c.close_after_reply = true;
                }
                e.repl.causes.insert(conn, LinkLoss::SnapshotFailed);
            }
        }
    }
}

/// The snapshot for this replica stands at `offset`: what is written from now on is held for it.
fn set_up(e: &mut Engine, conn: ConnId, job: Option<JobId>, offset: i64) {
    // The RDB says nothing about the stream's database, so the stream begins with a SELECT.
    e.repl.stream_db = None;
    let replid = e.repl.ids.replid;
    let now = e.now.link_us;
    let Some(l) = link_mut(e, conn) else { return };
    l.initial_offset = offset;
    l.cursor = (!l.announced.rdb_only).then_some(offset + 1);
    l.told.held_to = offset;
    l.job = job;
    l.rdb_progress_us = now;
    let pre_psync = l.pre_psync;
    set_state(e, conn, ReplicaState::WaitBgsaveEnd);
    if !pre_psync {
        let line = format!("+FULLRESYNC {replid} {offset}\r\n");
        let message = Message::FullResync { replid, offset: Offset(offset) };
        say(e, conn, message, line.as_bytes());
    }
}

fn set_framing(e: &mut Engine, conn: ConnId, framing: RdbFraming, preamble: &[u8]) {
    if let Some(l) = link_mut(e, conn) {
        l.framing = Some(framing);
    }
    e.repl.items.insert(conn, Default::default());
    say(e, conn, Message::RdbBegin(framing), preamble);
    // Where the preamble waits for its step, nothing is on its way yet.
    if !e.steps.on() {
        attached::tell_rdb_sent(e, conn, true);
    }
}

// ── to the sockets ─────────────────────────────────────────────────────────────────────────────

fn fed(e: &Engine, job: JobId) -> Vec<ConnId> {
    let of_job = |c: &ConnId| {
        link(e, *c).is_some_and(|l| l.state == ReplicaState::WaitBgsaveEnd && l.job == Some(job))
    };
    e.repl.replicas.iter().copied().filter(of_job).collect()
}

/// Asks for the next piece, unless one is on its way or a socket is behind.
fn pull(e: &mut Engine) {
    let Some(s) = &e.repl.snapshot else { return };
    if !s.sockets || s.pulling || s.encoded {
        return;
    }
    let job = s.job;
    if fed(e, job).iter().any(|&c| queued(e, c) > AHEAD) {
        return;
    }
    if let Some(s) = &mut e.repl.snapshot {
        s.pulling = true;
    }
    e.effect(Effect::Pull { job });
}

/// A piece of the snapshot for the sockets.
pub(super) fn piece(e: &mut Engine, job: JobId, bytes: Vec<u8>) {
    let Some(s) = &mut e.repl.snapshot else { return };
    s.pulling = false;
    let piece: Arc<[u8]> = bytes.into();
    for conn in fed(e, job) {
        if queued(e, conn) == 0 {
            // Its time to take something begins now, not when it last had nothing to take.
            let now = e.now.link_us;
            if let Some(l) = link_mut(e, conn) {
                l.rdb_progress_us = now;
            }
        }
        queue_piece(e, conn, &piece);
    }
    pull(e);
}

/// A save that replication asked for (or that replicas wait for) came to its end.
pub fn save_ended(e: &mut Engine, job: JobId, ok: bool) {
    if !runs(e, job) {
        return start_pending(e);
    }
    if ok && !feeds_sockets(e) {
        e.repl.snapshot = None;
        open_files(e, job);
        return start_pending(e);
    }
    let target = if feeds_sockets(e) { SaveTarget::Sockets } else { SaveTarget::FileForReplicas };
    if held::may_end_save(e, target, Held::EndSave { job, ok }) {
        end_save(e, job, ok);
    }
}

/// What follows from the end of a save, other than files to send.
pub(super) fn end_save(e: &mut Engine, job: JobId, ok: bool) {
    let Some(s) = e.repl.snapshot.take_if(|s| s.job == job) else { return };
    let group = fed(e, job);
    if !ok {
        for conn in group {
            e.log(LogLevel::Warning, "SYNC failed. BGSAVE child returned an error");
            close_because(e, conn, LinkLoss::SnapshotFailed);
        }
    } else if s.sockets {
        let mark: Arc<[u8]> = s.mark.to_vec().into();
        for &conn in &group {
            queue_piece(e, conn, &mark);
            if let Some(l) = link_mut(e, conn) {
                l.rdb_queued = true;
                // The mark is no part of the RDB.
                l.rdb_given = l.rdb_given.saturating_sub(mark.len() as u64);
            }
        }
        e.repl.snapshot = Some(Running { encoded: true, ..s });
        finish_sockets(e);
        return;
    }
    start_pending(e);
}

/// Opens the saved dump once for every replica that waits for it. That cannot wait for a step: a
/// client's next save takes the dump's place.
fn open_files(e: &mut Engine, saved: JobId) {
    let path = e.config.dbfilename.clone();
    let mut jobs = Vec::new();
    for conn in fed(e, saved) {
        let job = e.next_job();
        e.repl.files.insert(job, conn);
        if let Some(l) = link_mut(e, conn) {
            l.job = Some(job);
        }
        e.effect(Effect::OpenFile { job, path: path.clone() });
        jobs.push(job);
    }
    if !jobs.is_empty() {
        // If not now, the files wait as they are opened.
        held::may_end_save(e, SaveTarget::FileForReplicas, Held::SendFiles { jobs });
    }
}

/// The files that were opened meanwhile are sent.
pub(super) fn send_files(e: &mut Engine, jobs: &[JobId]) {
    let (mine, others) =
        std::mem::take(&mut e.repl.opened).into_iter().partition(|(job, _)| jobs.contains(job));
    e.repl.opened = others;
    let mine: Vec<_> = mine;
    for (job, len) in mine {
        file_opened(e, job, len);
    }
}

/// Ends a transfer to the sockets once every one of them took its last byte.
fn finish_sockets(e: &mut Engine) {
    let Some(s) = &e.repl.snapshot else { return };
    if !s.encoded {
        return;
    }
    let job = s.job;
    let group = fed(e, job);
    if group.iter().any(|&c| queued(e, c) > 0) {
        return;
    }
    e.repl.snapshot = None;
    if !group.is_empty() {
        let up = group.len();
        e.log(
            LogLevel::Warning,
            format!("Diskless rdb transfer, done reading from pipe, {up} replicas still up."),
        );
    }
    e.log(LogLevel::Notice, "Background RDB transfer terminated with success");
    for conn in group {
        let name = attached::name(e, conn);
        e.log(
            LogLevel::Notice,
            format!(
                "Streamed RDB transfer with replica {name} succeeded (socket). Waiting for \
                 REPLCONF ACK from slave to enable streaming"
            ),
        );
        attached::put_online(e, conn, true);
    }
    start_pending(e);
}

/// A replica's socket took bytes: more can come, or its transfer is through.
pub(super) fn drained(e: &mut Engine, conn: ConnId) {
    let Some(l) = link(e, conn) else { return };
    match (l.state, l.job) {
        (ReplicaState::WaitBgsaveEnd, Some(job)) => {
            let Some(s) = &e.repl.snapshot else { return };
            if s.job != job || !s.sockets {
                return;
            }
            attached::tell_rdb_sent(e, conn, false);
            pull(e);
            finish_sockets(e);
        }
        (ReplicaState::SendBulk, Some(job)) => {
            let all = l.rdb_queued;
            attached::tell_rdb_sent(e, conn, false);
            if queued(e, conn) > 0 {
                return;
            }
            if all {
                e.repl.files.remove(&job);
                e.effect(Effect::CancelJob { job });
                attached::put_online(e, conn, false);
                remove_sync_file(e);
            } else {
                e.effect(Effect::Pull { job });
            }
        }
        _ => {}
    }
}

/// A replica left; a snapshot that nobody waits for any more is given up.
pub(super) fn replica_gone(e: &mut Engine, link: &ReplicaLink) {
    let Some(job) = link.job else { return };
    if e.repl.files.remove(&job).is_some() {
        e.effect(Effect::CancelJob { job });
        return;
    }
    let Some(s) = &e.repl.snapshot else { return };
    let (sockets, encoded) = (s.sockets, s.encoded);
    if s.job != job {
        return;
    }
    if !fed(e, job).is_empty() {
        // The slowest may just have left.
        pull(e);
        finish_sockets(e);
        return;
    }
    if encoded {
        finish_sockets(e);
    } else if sockets {
        e.repl.snapshot = None;
        e.log(
            LogLevel::Warning,
            "Diskless rdb transfer, last replica dropped, killing fork child.",
        );
        persist::cancel(e, job);
        start_pending(e);
    } else if e.config.save.is_empty() {
        // The dump was for replicas only.
        e.repl.snapshot = None;
        persist::cancel(e, job);
        start_pending(e);
    }
}

// ── from the file ──────────────────────────────────────────────────────────────────────────────

/// The saved dump was opened for one replica.
pub(super) fn file_opened(e: &mut Engine, job: JobId, len: Result<Option<u64>, FileError>) {
    let Some(&conn) = e.repl.files.get(&job) else { return };
    if held::file_waits(e, job) {
        e.repl.opened.push((job, len));
        return;
    }
    let len = match len {
        Ok(Some(len)) => len,
        Ok(None) => return file_failed(e, job, "the size is not known"),
        Err(FileError::NotFound) => return file_failed(e, job, "No such file or directory"),
        Err(FileError::Other(error)) => return file_failed(e, job, &error),
    };
    set_state(e, conn, ReplicaState::SendBulk);
    set_framing(e, conn, RdbFraming::Length(len), format!("${len}\r\n").as_bytes());
    e.effect(Effect::Pull { job });
}

/// A piece of that file.
pub(super) fn file_piece(e: &mut Engine, job: JobId, bytes: Vec<u8>) {
    let Some(&conn) = e.repl.files.get(&job) else { return };
    let Some(l) = link_mut(e, conn) else { return };
    let Some(RdbFraming::Length(len)) = l.framing else { return };
    let given = l.rdb_given + bytes.len() as u64;
    l.rdb_queued = given >= len;
    if given > len {
        return file_failed(e, job, "the file grew");
    }
    if bytes.is_empty() {
        return;
    }
    queue_piece(e, conn, &bytes.into());
}

/// With rdb-del-sync-files, and nothing that persists, the dump made for replicas goes when the last
/// of them has it.
fn remove_sync_file(e: &mut Engine) {
    if e.config.rdb_del_sync_files
        && e.config.save.is_empty()
        && e.repl.files.is_empty()
        && e.repl.snapshot.is_none()
    {
        e.log(
            LogLevel::Notice,
            "Removing the RDB file used to feed replicas in a persistence-less instance",
        );
        let path = e.config.dbfilename.clone();
        e.effect(Effect::RemoveFile { path });
    }
}

/// The file's end was reached.
pub(super) fn file_done(e: &mut Engine, job: JobId) {
    let Some(&conn) = e.repl.files.get(&job) else { return };
    let Some(l) = link(e, conn) else { return };
    if !l.rdb_queued && l.framing != Some(RdbFraming::Length(0)) {
        file_failed(e, job, "the file shrank");
    }
}

/// The file could not be read.
pub(super) fn file_failed(e: &mut Engine, job: JobId, error: &str) {
    let Some(conn) = e.repl.files.remove(&job) else { return };
    e.log(LogLevel::Warning, format!("SYNC failed. Can't open/stat DB after BGSAVE: {error}"));
    close_because(e, conn, LinkLoss::SnapshotFailed);
}
