//! The RDB of a full sync on its way in: to a file first, or straight into a keyspace.

use super::attached::RDB_FACT_EVERY_US;
use super::held::{self, Held};
use super::rdb_items::RdbItems;
use super::transfer::{Ahead, Part, Transfer};
use super::{attached, follow, heard, link_of, replconf, role};
use crate::engine::Engine;
use crate::engine::config::DisklessLoad;
use crate::engine::conn::ConnId;
use crate::engine::effect::{Effect, JobId};
use crate::engine::input::{FileError, JobDone};
use crate::engine::persist::{self, LoadError, LoadSource};
use crate::engine::steps;
use crate::observe::{
    Fact, Flow, IdCause, LinkLoss, LinkRef, LinkState, LogLevel, Message, Passage, RdbFraming,
};
use crate::wire::rdb::RdbError;

/// Where the bytes go.
#[derive(Debug)]
enum Into {
    /// The preamble has not come.
    Nowhere,
    /// repl-diskless-load disabled: a temporary file.
    File { job: JobId, temp: String },
    /// That file is whole, and waits for its step.
    Whole { job: JobId, temp: String },
    /// The file is whole and takes the dump's place.
    Renaming { job: JobId },
    /// The dump is read back.
    Dump { job: JobId },
    /// Straight into a keyspace of its own; `swap`: beside the old data.
    Keyspace { swap: bool },
}

/// One full sync, from +FULLRESYNC to the loaded data set.
#[derive(Debug)]
pub struct Receive {
    transfer: Transfer,
    framing: Option<RdbFraming>,
    into: Into,
    /// RDB bytes read so far.
    got: u64,
    told_at_us: Option<u64>,
    /// Bytes behind the preamble that were read, the closing mark among them.
    taken: u64,
    items: RdbItems,
}

impl Receive {
    /// Whether it still reads the RDB from the link.
    pub(super) fn reads(&self) -> bool {
        matches!(self.into, Into::Nowhere | Into::File { .. } | Into::Keyspace { .. })
    }

    /// Whether a data set is being loaded, be it while it comes in.
    pub(super) fn loads(&self) -> bool {
        matches!(self.into, Into::Dump { .. } | Into::Keyspace { .. })
    }

    /// Whether the RDB goes straight into a keyspace.
    pub(super) fn loads_from_socket(&self) -> bool {
        matches!(self.into, Into::Keyspace { .. })
    }

    pub(super) fn has_begun(&self) -> bool {
        self.transfer.has_begun()
    }

    pub(super) fn owns(&self, job: JobId) -> bool {
        match &self.into {
            Into::File { job: j, .. }
            | Into::Whole { job: j, .. }
            | Into::Renaming { job: j }
            | Into::Dump { job: j } => *j == job,
            Into::Nowhere | Into::Keyspace { .. } => false,
        }
    }

    /// INFO's figures: the total (-1 before the preamble, 0 if it is not known) and what was read.
    pub(super) fn figures(&self) -> (i64, i64) {
        let total = match self.framing {
            None => -1,
            Some(RdbFraming::Length(n)) => i64::try_from(n).unwrap_or(i64::MAX),
            Some(RdbFraming::Eof) => 0,
        };
        (total, i64::try_from(self.got).unwrap_or(i64::MAX))
    }
}

/// A full sync was granted: the preamble comes next.
pub(super) fn begin(e: &mut Engine) {
    e.repl.follow.receive = Some(Receive {
        transfer: Transfer::default(),
        framing: None,
        into: Into::Nowhere,
        got: 0,
        told_at_us: None,
        taken: 0,
        items: RdbItems::default(),
    });
    follow::set_state(e, LinkState::Transfer);
}

/// What happened while bytes were cut up; acted upon afterwards.
enum Stop {
    End,
    Refused(String),
    Garbage(String),
    NotEmpty,
    Broken(LoadError),
}

/// Bytes of the link while the RDB comes in.
pub(super) fn bytes(e: &mut Engine, conn: ConnId) {
    loop {
        if has_no_place(e) && !found_place(e, conn) {
            return;
        }
        if !e.steps.on() {
            return take(e, conn, usize::MAX);
        }
        let Some(part) = steps::part_of_rdb(e, conn) else { return };
        take(e, conn, part);
    }
}

/// What the waiting bytes begin with (no more of them than `most`), how many bytes of the RDB came
/// before it, and of how many, if that is known.
pub(crate) fn ahead(e: &Engine, conn: ConnId, most: usize) -> Option<(Ahead, u64, Option<u64>)> {
    let r = e.repl.follow.receive.as_ref().filter(|r| r.reads())?;
    let waiting = e.clients.get(conn)?.query.waiting();
    let of = match r.framing {
        Some(RdbFraming::Length(n)) => Some(n),
        _ => None,
    };
    Some((r.transfer.ahead(&waiting[..waiting.len().min(most)])?, r.got, of))
}

/// Takes so many of the waiting bytes at most.
fn take(e: &mut Engine, conn: ConnId, most: usize) {
    let Some(mut r) = e.repl.follow.receive.take_if(|r| r.reads()) else { return };
    let Some(c) = e.clients.get_mut(conn) else { return };
    // The buffer is taken out while its bytes are looked at, so nothing is copied.
    let query = std::mem::take(&mut c.query);
    let mut stop = None;
    let waiting = query.waiting();
    let link = link_of(e, conn);
    let begun = r.transfer.has_begun();
    let took = r.transfer.push(&waiting[..waiting.len().min(most)], |part| match part {
        Part::Newline => heard(e, conn, Message::Newline, 1),
        Part::Begin(framing) => begin_rdb(e, conn, framing, &mut r.into, &mut r.framing),
        Part::Data(data) => {
            r.got += data.len() as u64;
            if let Some(link) = &link {
                r.items.push(link, data, |fact| e.fact(fact));
            }
            match &mut r.into {
                Into::File { job, .. } => {
                    let effect = Effect::WriteFile { job: *job, bytes: data.to_vec() };
                    e.effect(effect);
                }
                Into::Keyspace { .. } if stop.is_none() => {
                    if let Err(error) = persist::load_push(e, data) {
                        stop = Some(Stop::Broken(error));
                    }
                }
                _ => {}
            }
        }
        Part::End => {
            stop.get_or_insert(Stop::End);
        }
        Part::Refused(text) => stop = Some(Stop::Refused(text)),
        Part::NotEmpty => stop = Some(Stop::NotEmpty),
        Part::Garbage(text) => stop = Some(Stop::Garbage(text)),
    });
    if let Some(link) = &link {
        let whole = matches!(stop, Some(Stop::End));
        tell_bytes(e, link, &mut r, begun, whole, query.total, &query.waiting()[..took]);
    }
    if let Some(c) = e.clients.get_mut(conn) {
        c.query = query;
        c.query.consume(took);
    }
    tell_received(e, &mut r, matches!(stop, Some(Stop::End)));
    if let Some(Stop::End) = stop {
        if let Some(link) = &link {
            r.items.end(link, |fact| e.fact(fact));
        }
        heard(e, conn, Message::RdbEnd { bytes: r.got }, r.got);
    }
    e.repl.follow.receive = Some(r);
    match stop {
        None => {}
        Some(Stop::End) => ended(e),
        Some(Stop::Refused(text)) => {
            e.log(LogLevel::Warning, format!("MASTER aborted replication with an error: {text}"));
            heard(e, conn, Message::Error(text.clone()), took as u64);
            follow::cancel_and_retry(e, LinkLoss::Refused(text));
        }
        Some(Stop::Garbage(text)) => {
            e.log(
                LogLevel::Warning,
                format!(
                    "Bad protocol from MASTER, the first byte is not '$' (we received '{text}'), \
                     are you sure the host and port are right?"
                ),
            );
            heard(e, conn, Message::Unexpected(text.clone()), took as u64);
            follow::cancel_and_retry(e, LinkLoss::Protocol(text));
        }
        Some(Stop::NotEmpty) => {
            e.log(LogLevel::Warning, "I/O error trying to sync with MASTER: connection lost");
            follow::cancel_and_retry(e, LinkLoss::Protocol("bytes behind an empty RDB".into()));
        }
        Some(Stop::Broken(error)) => socket_load_failed(e, &error),
    }
}

/// Tells bytes of the transfer that were just read; the first of them began at `at`. `begun`: the
/// preamble had been read before; `whole`: the RDB ends with them.
fn tell_bytes(
    e: &mut Engine,
    link: &LinkRef,
    r: &mut Receive,
    begun: bool,
    whole: bool,
    at: u64,
    bytes: &[u8],
) {
    let talk = match begun {
        true => 0,
        // Newlines, then the preamble up to its line's end.
        false if r.framing.is_some() => {
            let first = bytes.iter().position(|b| !matches!(b, b'\r' | b'\n')).unwrap_or(0);
            let line = bytes[first..].iter().position(|b| *b == b'\n').map_or(0, |n| n + 1);
            first + line
        }
        false => bytes.len(),
    };
    let (talk, rdb) = bytes.split_at(talk);
    if !talk.is_empty() && e.tells_bytes() {
        e.tell_bytes(link, Flow::In, at, Passage::Talk, talk, talk.len() as u64);
    }
    let mark = if whole && r.framing == Some(RdbFraming::Eof) { rdb.len().min(40) } else { 0 };
    let (rdb, mark) = rdb.split_at(rdb.len() - mark);
    let at = at + talk.len() as u64;
    if !rdb.is_empty() {
        e.rdb_passed(link, Flow::In, at, r.taken, rdb);
    }
    if !mark.is_empty() && e.tells_bytes() {
        let at = at + rdb.len() as u64;
        e.tell_bytes(link, Flow::In, at, Passage::Mark, mark, mark.len() as u64);
    }
    r.taken += (rdb.len() + mark.len()) as u64;
}

fn begin_rdb(
    e: &mut Engine,
    conn: ConnId,
    framing: RdbFraming,
    into: &mut Into,
    told: &mut Option<RdbFraming>,
) {
    *told = Some(framing);
    let preamble = match framing {
        RdbFraming::Length(n) => format!("${n}\r\n").len() as u64,
        RdbFraming::Eof => 47,
    };
    heard(e, conn, Message::RdbBegin(framing), preamble);
    // One step at a time: the load may have to wait for its own.
    if !e.steps.on() {
        *into = place(e, framing);
    }
}

/// Whether the preamble was read, and nobody has decided where the RDB goes.
pub(super) fn has_no_place(e: &Engine) -> bool {
    let r = e.repl.follow.receive.as_ref();
    r.is_some_and(|r| r.framing.is_some() && matches!(r.into, Into::Nowhere))
}

/// Decides it, unless the load waits for its step.
fn found_place(e: &mut Engine, conn: ConnId) -> bool {
    if held::load_waits(e) || (goes_direct(e).0 && !held::may_load(e, Held::LoadFromLink { conn }))
    {
        return false;
    }
    find_place(e, conn);
    true
}

/// Decides where the RDB goes; its bytes are taken before the turn ends.
pub(super) fn find_place(e: &mut Engine, conn: ConnId) {
    let Some(framing) = e.repl.follow.receive.as_ref().and_then(|r| r.framing) else { return };
    let into = place(e, framing);
    if let Some(r) = &mut e.repl.follow.receive {
        r.into = into;
    }
    e.resume.push(conn);
}

/// Whether the RDB goes straight into a keyspace, and if so, beside the old data.
fn goes_direct(e: &Engine) -> (bool, bool) {
    match e.config.repl_diskless_load {
        DisklessLoad::Disabled => (false, false),
        DisklessLoad::OnEmptyDb => (e.keyspace.keys_total() == 0, false),
        DisklessLoad::Swapdb => (true, true),
    }
}

fn place(e: &mut Engine, framing: RdbFraming) -> Into {
    let (direct, swap) = goes_direct(e);
    let place = if direct { "to parser" } else { "to disk" };
    let text = match framing {
        RdbFraming::Length(n) => format!("receiving {n} bytes from master {place}"),
        RdbFraming::Eof => format!("receiving streamed RDB from master with EOF {place}"),
    };
    e.log(LogLevel::Notice, format!("MASTER <-> REPLICA sync: {text}"));
    if !direct {
        let job = e.next_job();
        let temp = format!("temp-{}.{}.rdb", e.now.wall_s(), e.boot.pid);
        e.effect(Effect::CreateFile { job, path: temp.clone() });
        return Into::File { job, temp };
    }
    stop_saves(e, false);
    if !swap {
        new_history(e);
        flush(e);
    }
    e.log(LogLevel::Notice, "MASTER <-> REPLICA sync: Loading DB in memory");
    let total = match framing {
        RdbFraming::Length(n) => Some(n),
        RdbFraming::Eof => None,
    };
    // Beside data of the same history the old keys are an older state of the same thing, and are
    // served meanwhile.
    let beside = swap && e.repl.follow.target.0 == e.repl.ids.replid;
    persist::load_begin(e, LoadSource::Link { serve_old: beside }, total);
    Into::Keyspace { swap }
}

/// A save of the old data would overwrite the new dump, or tell of what is gone.
fn stop_saves(e: &mut Engine, log: bool) {
    if persist::saving(e) {
        if log {
            let pid = e.boot.pid;
            e.log(
                LogLevel::Notice,
                format!(
                    "Replica is about to load the RDB file received from the master, but there is \
                     a pending RDB child running. Killing process {pid} and removing its temp file \
                     to avoid any race"
                ),
            );
        }
        persist::cancel_running(e);
    }
}

fn tell_received(e: &mut Engine, r: &mut Receive, last: bool) {
    let Some(framing) = r.framing else { return };
    let now = e.now.mono_us;
    if last || e.host.stepping() || r.told_at_us.is_none_or(|at| now >= at + RDB_FACT_EVERY_US) {
        r.told_at_us = Some(now);
        if let Some(master) = follow::peer(e) {
            e.fact(Fact::RdbReceived { master, got: r.got, framing });
        }
    }
}

/// The last byte was read.
fn ended(e: &mut Engine) {
    let Some(r) = &mut e.repl.follow.receive else { return };
    match std::mem::replace(&mut r.into, Into::Nowhere) {
        Into::File { job, temp } => {
            r.into = Into::Whole { job, temp };
            if held::may_load(e, Held::LoadFile) {
                load_file(e);
            }
        }
        Into::Keyspace { swap } => {
            r.into = Into::Keyspace { swap };
            load_whole(e, Some(swap));
        }
        other => r.into = other,
    }
}

/// Whether the whole RDB is in its file, and nothing was done with it.
pub(super) fn has_whole_file(e: &Engine) -> bool {
    e.repl.follow.receive.as_ref().is_some_and(|r| matches!(r.into, Into::Whole { .. }))
}

/// The file that was received takes the dump's place, and is loaded from there.
pub(super) fn load_file(e: &mut Engine) {
    let Some(r) = &mut e.repl.follow.receive else { return };
    let Into::Whole { job, .. } = r.into else { return };
    r.into = Into::Renaming { job };
    // A save of the old data that ended after the rename would take the dump's place.
    stop_saves(e, true);
    let path = e.config.dbfilename.clone();
    e.effect(Effect::FinishFile { job, path });
}

/// Whether a received RDB is about to take the dump's place: no save may begin.
pub(super) fn replaces_dump(e: &Engine) -> bool {
    let r = e.repl.follow.receive.as_ref();
    r.is_some_and(|r| matches!(r.into, Into::Renaming { .. } | Into::Dump { .. }))
}

/// From here on our data is another history's: nobody may go on from the old one.
fn new_history(e: &mut Engine) {
    follow::discard_cached(e);
    attached::disconnect_all(e);
    e.repl.stream.free();
    e.repl.turn.grew = true;
}

fn flush(e: &mut Engine) {
    e.log(LogLevel::Notice, "MASTER <-> REPLICA sync: Flushing old data");
    if e.keyspace.keys_total() > 0 {
        follow::tell_alive(e);
    }
    let empty = e.keyspace.empty_like();
    e.replace_keyspace(empty);
}

/// The dump was renamed, or the receiving file is closed.
pub(super) fn job_done(e: &mut Engine, job: JobId, _done: JobDone) {
    let Some(r) = &mut e.repl.follow.receive else { return };
    match &mut r.into {
        Into::Renaming { job: j } if *j == job => {
            let job = e.next_job();
            if let Some(r) = &mut e.repl.follow.receive {
                r.into = Into::Dump { job };
            }
            new_history(e);
            flush(e);
            e.log(LogLevel::Notice, "MASTER <-> REPLICA sync: Loading DB in memory");
            let total = e.repl.follow.receive.as_ref().map(|r| r.got);
            persist::load_begin(e, LoadSource::Link { serve_old: false }, total);
            let path = e.config.dbfilename.clone();
            e.effect(Effect::OpenFile { job, path });
        }
        Into::Dump { job: j } if *j == job => load_whole(e, None),
        _ => {}
    }
}

/// The dump was opened to be loaded.
pub(super) fn file_opened(e: &mut Engine, job: JobId, len: Result<Option<u64>, FileError>) {
    match len {
        Ok(_) => e.effect(Effect::Pull { job }),
        Err(FileError::NotFound) => job_failed(e, job, "No such file or directory"),
        Err(FileError::Other(error)) => job_failed(e, job, &error),
    }
}

/// A piece of the dump.
pub(super) fn file_piece(e: &mut Engine, job: JobId, bytes: Vec<u8>) {
    match persist::load_push(e, &bytes) {
        Ok(_) => e.effect(Effect::Pull { job }),
        Err(error) => {
            e.effect(Effect::CancelJob { job });
            corrupt(e, &error);
        }
    }
}

/// A file could not be written, renamed or read.
pub(super) fn job_failed(e: &mut Engine, job: JobId, error: &str) {
    let Some(r) = &mut e.repl.follow.receive else { return };
    let text = match &r.into {
        Into::File { .. } | Into::Whole { .. } => {
            "Opening the temp file needed for MASTER <-> REPLICA synchronization".to_owned()
        }
        Into::Renaming { .. } => format!(
            "Failed trying to rename the temp DB into {} in MASTER <-> REPLICA synchronization",
            e.config.dbfilename
        ),
        Into::Dump { .. } => {
            "Failed trying to load the MASTER synchronization DB from disk".to_owned()
        }
        _ => return,
    };
    e.effect(Effect::CancelJob { job });
    e.log(LogLevel::Warning, format!("{text}: {error}"));
    follow::cancel_and_retry(e, LinkLoss::LocalFile(error.to_owned()));
}

/// The file is no whole RDB. The old data is gone already, so there is nothing to go on with: the
/// process ends, as a real replica's does.
fn corrupt(e: &mut Engine, error: &LoadError) {
    persist::load_abort(e, Some(error));
    if matches!(error, LoadError::Rdb(RdbError::WrongSignature | RdbError::VersionTooNew(_))) {
        let text = "Failed trying to load the MASTER synchronization DB from disk";
        e.log(LogLevel::Warning, format!("{text}: Invalid argument"));
        follow::cancel_and_retry(e, LinkLoss::Protocol(error.to_string()));
    } else {
        e.log(LogLevel::Warning, "Terminating server after rdb file reading failure.");
        abort(e);
        e.effect(Effect::Exit { code: 1 });
    }
}

/// The RDB from the socket cannot be loaded: with swapdb nothing was lost.
fn socket_load_failed(e: &mut Engine, error: &LoadError) {
    let swap = give_up_load(e, error);
    if matches!(error, LoadError::Rdb(RdbError::ChecksumMismatch { .. })) {
        // All the bytes came, and they are wrong: another attempt would not be better.
        e.log(LogLevel::Warning, "Terminating server after rdb file reading failure.");
        abort(e);
        e.effect(Effect::Exit { code: 1 });
        return;
    }
    follow::cancel_and_retry(e, LinkLoss::Protocol(error.to_string()));
    tell_discarded(e, swap);
}

/// The link ended in the middle of a load from the socket, if there was one. What comes back is for
/// [`tell_discarded`].
pub(super) fn socket_broke(e: &mut Engine) -> Option<bool> {
    give_up_load(e, &LoadError::Rdb(RdbError::ShortRead))
}

/// Drops what a load from the socket brought so far. Whether old data lies beside it; `None`: there
/// was no such load.
fn give_up_load(e: &mut Engine, error: &LoadError) -> Option<bool> {
    let r = e.repl.follow.receive.as_mut()?;
    let Into::Keyspace { swap } = r.into else { return None };
    r.into = Into::Nowhere;
    persist::load_abort(e, Some(error));
    let reason = match error {
        LoadError::Rdb(RdbError::ChecksumMismatch { .. }) => return Some(swap),
        LoadError::Rdb(RdbError::WrongSignature | RdbError::VersionTooNew(_)) => {
            "Invalid argument".to_owned()
        }
        other => other.to_string(),
    };
    let text = "Failed trying to load the MASTER synchronization DB from socket";
    e.log(LogLevel::Warning, format!("{text}: {reason}"));
    Some(swap)
}

/// After the next attempt began: the second data set of a failed swapdb load goes.
pub(super) fn tell_discarded(e: &mut Engine, swap: Option<bool>) {
    if swap == Some(true) {
        let text = "MASTER <-> REPLICA sync: Discarding temporary DB in background";
        e.log(LogLevel::Notice, text);
    }
}

/// Gives the transfer up; files that were begun go away.
pub(super) fn abort(e: &mut Engine) {
    let Some(r) = e.repl.follow.receive.take() else { return };
    match r.into {
        Into::File { job, temp } | Into::Whole { job, temp } => {
            e.effect(Effect::CancelJob { job });
            e.effect(Effect::RemoveFile { path: temp });
        }
        Into::Renaming { job } => e.effect(Effect::CancelJob { job }),
        Into::Dump { job } => {
            e.effect(Effect::CancelJob { job });
            persist::load_abort(e, None);
        }
        Into::Keyspace { .. } => persist::load_abort(e, None),
        Into::Nowhere => {}
    }
}

/// The data set is here: it takes the old one's place, and the stream begins. `socket`: it came
/// straight from the link, with the old data beside it or not.
fn load_whole(e: &mut Engine, socket: Option<bool>) {
    let loaded = match (persist::load_finish(e), socket) {
        (Ok(loaded), _) => loaded,
        (Err(error), Some(_)) => return socket_load_failed(e, &error),
        (Err(error), None) => return corrupt(e, &error),
    };
    let swapped = socket == Some(true);
    if swapped {
        new_history(e);
        let text = "MASTER <-> REPLICA sync: Swapping active DB with loaded DB";
        e.log(LogLevel::Notice, text);
    }
    let Some(r) = e.repl.follow.receive.take() else { return };
    if socket.is_none() && e.config.rdb_del_sync_files && e.config.save.is_empty() {
        e.log(
            LogLevel::Notice,
            "Removing the RDB file obtained from the master. This replica has persistence disabled",
        );
        let path = e.config.dbfilename.clone();
        e.effect(Effect::RemoveFile { path });
    }
    let db = loaded.repl.as_ref().and_then(|aux| usize::try_from(aux.stream_db).ok());
    if swapped {
        e.log(LogLevel::Notice, "MASTER <-> REPLICA sync: Discarding old DB in background");
    }
    let (replid, offset) = e.repl.follow.target;
    e.repl.ids = super::Ids::new(replid);
    e.repl.stream.restart_at(offset);
    e.repl.stream.activate();
    e.repl.turn.grew = true;
    let db = db.filter(|db| *db < e.keyspace.databases()).unwrap_or(0);
    let conn = e.repl.follow.conn;
    follow::connected(e, conn, db);
    role::tell_ids(e, IdCause::FullSync);
    e.log(LogLevel::Notice, "MASTER <-> REPLICA sync: Finished with success");
    if r.framing == Some(RdbFraming::Eof) {
        // The master waits for this before it sends the stream.
        replconf::send_ack(e);
    }
    if conn.is_none() {
        // The link broke while we loaded; what we hold is whole, so the stream can go on from it.
        follow::disconnected(e, LinkLoss::PeerClosed, db);
    }
}
