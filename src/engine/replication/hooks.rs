//! The calls that the rest of the engine makes.

use crate::engine::Engine;
use crate::engine::conn::{Client, ConnId};
use crate::engine::effect::{DialId, JobId};
use crate::engine::input::{Dialled, FileError, JobDone};
use crate::engine::persist::ReplAux;
use crate::observe::{LinkLoss, LinkRef};
use std::io::IoSlice;

/// At start, before the boot load: ids, and the role that the configuration asks for.
pub fn boot(_e: &mut Engine) {}

/// Called by the timer; looks at link time itself.
pub fn cron(_e: &mut Engine) {}

/// When [`cron`] is due, in microseconds of link time.
pub fn next_wake(_e: &Engine) -> Option<u64> {
    None
}

/// Before the turn ends: GETACK for WAIT and the like.
pub fn end_turn(_e: &mut Engine) {}

/// Whether bytes of this connection are not commands (the master link before it is connected).
pub fn owns_input(_e: &Engine, _conn: ConnId) -> bool {
    false
}

/// There are new bytes in the query buffer of such a connection; it takes what it can.
pub fn accept_bytes(_e: &mut Engine, _conn: ConnId) {}

/// A connection that was a replication link was closed and is forgotten already.
pub fn link_closed(_e: &mut Engine, _client: &Client, _why: LinkLoss) {}

/// The outcome of a dial; the id if it became a connection.
pub fn dialled(
    _e: &mut Engine,
    _dial: DialId,
    _outcome: Result<Dialled, String>,
) -> Option<ConnId> {
    None
}

/// Whether the shared stream holds bytes that this replica may be sent now.
pub fn has_stream(_e: &Engine, _conn: ConnId) -> bool {
    false
}

/// Fills `slices` with the stream from this replica's cursor on.
pub fn stream_slices<'a>(_e: &'a Engine, _conn: ConnId, _slices: &mut [IoSlice<'a>]) -> usize {
    0
}

/// Bytes of the stream that wait for this replica.
pub fn behind(_e: &Engine, _conn: ConnId) -> u64 {
    0
}

/// How many online replicas have acknowledged this offset.
pub fn acked_by(_e: &Engine, _offset: i64) -> i64 {
    0
}

/// So many bytes of the stream were taken by the socket.
pub fn stream_wrote(_e: &mut Engine, _conn: ConnId, _n: usize) {}

/// The socket took bytes of the head or of the pieces of this link: see what is left there, pull
/// the next piece.
pub fn pieces_written(_e: &mut Engine, _conn: ConnId) {}

/// A replica sent an empty line: a sign of life.
pub fn heard_newline(_e: &mut Engine, _conn: ConnId) {}

/// After each command of the master's stream: so many bytes were applied.
pub fn applied(_e: &mut Engine, _args: &[&[u8]], _bytes: usize) {}

/// master_repl_offset.
pub fn offset(e: &Engine) -> i64 {
    e.repl.stream.end()
}

/// The link that this connection is, if it is one: the driver's gate applies to it.
pub fn link_of(_e: &Engine, _conn: ConnId) -> Option<LinkRef> {
    None
}

/// INFO's replication section, lines with their ends, without the header.
pub fn info_lines(_e: &Engine, _out: &mut String) {}

/// Whether a write must be refused with NOREPLICAS.
pub fn lacks_good_replicas(_e: &Engine) -> bool {
    false
}

/// Whether this replica's link is in sync (true on a master).
pub fn link_is_up(_e: &Engine) -> bool {
    true
}

/// A replica as SHUTDOWN sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lagging {
    /// `host:port` as log lines show it.
    pub name: String,
    /// Bytes that it has not acknowledged.
    pub behind: i64,
    /// Seconds since its last ACK.
    pub lag: i64,
    /// INFO's word for its state.
    pub state: &'static str,
}

/// The attached replicas whose acknowledged offset differs from ours, and how many are attached.
pub fn lagging_replicas(_e: &Engine) -> (Vec<Lagging>, usize) {
    (Vec::new(), 0)
}

/// Asks all replicas for an acknowledgement: one GETACK into the stream.
pub fn ask_for_acks(_e: &mut Engine) {}

/// Whether this job's events go to replication.
pub fn owns_job(_e: &Engine, _job: JobId) -> bool {
    false
}

/// See [`Engine::opened`].
pub fn opened(_e: &mut Engine, _job: JobId, _len: Result<Option<u64>, FileError>) {}

/// See [`Engine::piece`].
pub fn piece(_e: &mut Engine, _job: JobId, _bytes: Vec<u8>) {}

/// See [`Engine::job_done`].
pub fn job_done(_e: &mut Engine, _job: JobId, _done: JobDone) {}

/// See [`Engine::job_failed`].
pub fn job_failed(_e: &mut Engine, _job: JobId, _error: String) {}

/// CONFIG SET changed this setting (its modern name).
pub fn config_set(_e: &mut Engine, _name: &str) {}

/// DEBUG CHANGE-REPL-ID.
pub fn change_id(_e: &mut Engine) {}
/// What any save writes about the history, if there is one.
pub fn repl_aux(_e: &Engine) -> Option<ReplAux> {
    None
}

/// The dump that was loaded at boot names its history.
pub fn restored(_e: &mut Engine, _aux: ReplAux) {}

/// A save in the background, or for replicas, came to its end.
pub fn save_ended(_e: &mut Engine, _job: JobId, _ok: bool) {}
