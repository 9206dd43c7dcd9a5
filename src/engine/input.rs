//! What a driver hands in.

use super::Engine;
use super::conn::{Client, ConnId};
use super::effect::{DialId, JobId};
use super::{persist, replication};
use crate::observe::{Fact, LinkLoss, Now};

/// The other end of a connection that was dialled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dialled {
    /// `ip:port` of the peer.
    pub addr: String,
    /// `ip:port` of our end.
    pub laddr: String,
    pub fd: i32,
}

/// What a driver says at the end of a job.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct JobDone {
    pub keys: u64,
    pub bytes: u64,
    /// Size of the file, where there is one.
    pub size: Option<u64>,
}

/// Why a file could not be opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileError {
    NotFound,
    /// The system's reason.
    Other(String),
}

impl std::fmt::Display for FileError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            FileError::NotFound => "No such file or directory",
            FileError::Other(reason) => reason,
        })
    }
}

/// When a driver has to call [`Engine::timer`] again, unless something else happens before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wake {
    /// On the clients' clock, in microseconds.
    pub mono_us: Option<u64>,
    /// On link time, in microseconds.
    pub link_us: Option<u64>,
}

/// A signal that asks an instance to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    Term,
    Int,
}

impl Engine {
    /// A client connected. `None`: too many clients; the driver writes [`Engine::refusal`] to the
    /// socket and closes it.
    pub fn accept(&mut self, now: Now, addr: String, laddr: String, fd: i32) -> Option<ConnId> {
        self.now = now;
        if self.clients.len() as i64 >= self.config.maxclients {
            self.stats.rejected_connections += 1;
            return None;
        }
        self.stats.total_connections_received += 1;
        let conn = self.clients.next_id();
        self.fact(Fact::ClientConnected { id: conn.0, addr: addr.clone() });
        let mut client = Client::new(conn, addr, laddr, fd, now);
        client.authenticated = self.config.requirepass.is_empty();
        self.clients.insert(client);
        Some(conn)
    }

    /// What a client is told that cannot be accepted.
    pub fn refusal(&self) -> &'static [u8] {
        b"-ERR max number of clients reached\r\n"
    }

    /// Space to read into. `None`: read nothing from this connection now.
    pub fn read_space(&mut self, conn: ConnId) -> Option<&mut [u8]> {
        if self.parked.is_some()
            || replication::pauses_reading(self, conn)
            || self.steps_pause_reading(conn)
        {
            return None;
        }
        let c = self.clients.get_mut(conn)?;
        // A blocked client may send on (its input waits), but not without bound.
        let waits = c.query.filled - c.query.done;
        if c.close_after_reply || (c.blocked.is_some() && waits >= 64 * 1024) {
            return None;
        }
        Some(c.query.space())
    }

    /// So many bytes of the lent space were filled. Executes the commands that are complete.
    pub fn bytes_read(&mut self, now: Now, conn: ConnId, n: usize) {
        self.now = now;
        let Some(c) = self.clients.get_mut(conn) else { return };
        c.query.filled = (c.query.filled + n).min(c.query.buf.len());
        c.query.peak = c.query.peak.max(c.query.waiting().len());
        c.last_interaction_us = now.mono_us;
        let master = c.is_master_link();
        self.stats.total_reads_processed += 1;
        if master {
            self.stats.total_net_repl_input_bytes += n as u64;
            replication::master_spoke(self, conn);
        } else {
            self.stats.total_net_input_bytes += n as u64;
        }
        self.process_input(conn);
        self.resume_unblocked();
    }

    /// The peer closed the connection, or it broke.
    pub fn peer_closed(&mut self, now: Now, conn: ConnId, error: Option<String>) {
        self.now = now;
        let _ = error;
        let why = LinkLoss::PeerClosed;
        if !self.keeps_end(conn, &why) {
            self.close_because(conn, why);
        }
    }

    /// The outcome of [`Effect::Dial`](super::effect::Effect::Dial); the id of the new connection.
    pub fn dialled(
        &mut self,
        now: Now,
        dial: DialId,
        outcome: Result<Dialled, String>,
    ) -> Option<ConnId> {
        self.now = now;
        replication::dialled(self, dial, outcome)
    }

    /// A file was opened for reading, or not; its size if it is known. Also: the temporary file of a
    /// save could not be opened.
    pub fn opened(&mut self, now: Now, job: JobId, len: Result<Option<u64>, FileError>) {
        self.now = now;
        if self.owns_rewrite_job(job) {
            self.rewrite_opened(job, len);
        } else if replication::owns_job(self, job) {
            replication::opened(self, job, len);
        } else {
            persist::opened(self, job, len);
        }
        self.resume_unblocked();
    }

    /// The next piece of a save or of a file.
    pub fn piece(&mut self, now: Now, job: JobId, bytes: Vec<u8>) {
        self.now = now;
        if self.owns_rewrite_job(job) {
            self.rewrite_piece(job, &bytes);
        } else if self.owns_migration_job(job) {
            self.migration_piece(&bytes);
        } else if replication::owns_job(self, job) {
            replication::piece(self, job, bytes);
        } else {
            persist::piece(self, job, bytes);
        }
        self.resume_unblocked();
    }

    /// How far a save is.
    pub fn save_progress(&mut self, now: Now, job: JobId, keys_done: u64, bytes: u64) {
        self.now = now;
        persist::save_progress(self, job, keys_done, bytes);
    }

    /// A job came to its good end.
    pub fn job_done(&mut self, now: Now, job: JobId, done: JobDone) {
        self.now = now;
        if self.owns_rewrite_job(job) {
            self.rewrite_job_done();
        } else if self.owns_migration_job(job) {
            self.end_migration(None);
        } else if replication::owns_job(self, job) {
            replication::job_done(self, job, done);
        } else {
            persist::job_done(self, job, done);
        }
        self.resume_unblocked();
    }

    /// A job failed.
    pub fn job_failed(&mut self, now: Now, job: JobId, error: String) {
        self.now = now;
        if self.owns_rewrite_job(job) {
            self.end_rewrite(Err(error));
        } else if self.owns_migration_job(job) {
            self.end_migration(Some(&error));
        } else if replication::owns_job(self, job) {
            replication::job_failed(self, job, error);
        } else {
            persist::job_failed(self, job, error);
        }
        self.resume_unblocked();
    }
}
