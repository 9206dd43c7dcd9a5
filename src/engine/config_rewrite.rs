//! CONFIG REWRITE: the conf file is read, its lines are brought up to date, and the result takes
//! its place. The instance is parked meanwhile, as Redis is.

use super::Engine;
use super::blocked::Blocked;
use super::config::rewrite;
use super::conn::ConnId;
use super::effect::{Effect, JobId, Parked};
use super::input::FileError;
use crate::observe::LogLevel;

/// A rewrite that is under way.
#[derive(Debug)]
pub(crate) struct Rewriting {
    conn: ConnId,
    path: String,
    job: JobId,
    /// The old text as far as it was read.
    old: Vec<u8>,
    writing: bool,
    all: bool,
}

impl Engine {
    /// Begins to rewrite the conf file; the client waits for the outcome.
    /// `all`: directives with their defaults are written as well.
    pub(crate) fn begin_rewrite(&mut self, conn: ConnId, all: bool) {
        let Some(path) = self.boot.config_file.clone() else { return };
        let job = self.next_job();
        self.effect(Effect::OpenFile { job, path: path.clone() });
        self.rewriting = Some(Rewriting { conn, path, job, old: Vec::new(), writing: false, all });
        self.parked = Some(Parked::Job(job));
        self.block(conn, Blocked::Rewrite);
    }

    pub(crate) fn owns_rewrite_job(&self, job: JobId) -> bool {
        self.rewriting.as_ref().is_some_and(|r| r.job == job)
    }

    pub(crate) fn rewrite_opened(&mut self, job: JobId, outcome: Result<Option<u64>, FileError>) {
        match outcome {
            Ok(_) => self.effect(Effect::Pull { job }),
            Err(FileError::NotFound) => self.write_conf(),
            Err(FileError::Other(reason)) => self.end_rewrite(Err(reason)),
        }
    }

    pub(crate) fn rewrite_piece(&mut self, job: JobId, bytes: &[u8]) {
        if let Some(r) = &mut self.rewriting {
            r.old.extend_from_slice(bytes);
            self.effect(Effect::Pull { job });
        }
    }

    pub(crate) fn rewrite_job_done(&mut self) {
        match &self.rewriting {
            Some(r) if r.writing => self.end_rewrite(Ok(())),
            Some(_) => self.write_conf(),
            None => {}
        }
    }

    fn write_conf(&mut self) {
        let job = self.next_job();
        let pid = self.boot.pid;
        let Some(r) = &mut self.rewriting else { return };
        r.job = job;
        r.writing = true;
        let text = rewrite::rewrite(&self.config, &String::from_utf8_lossy(&r.old), r.all);
        let path = r.path.clone();
        self.parked = Some(Parked::Job(job));
        self.effect(Effect::CreateFile { job, path: format!("{path}-{pid}.tmp") });
        self.effect(Effect::WriteFile { job, bytes: text.into_bytes() });
        self.effect(Effect::FinishFile { job, path });
    }

    pub(crate) fn end_rewrite(&mut self, outcome: Result<(), String>) {
        let Some(r) = self.rewriting.take() else { return };
        match outcome {
            Ok(()) => {
                self.log(LogLevel::Warning, "CONFIG REWRITE executed with success.");
                self.unblock(r.conn, |w| w.ok());
            }
            Err(reason) => {
                self.log(LogLevel::Warning, format!("CONFIG REWRITE failed: {reason}"));
                self.count_error(b"ERR");
                self.unblock(r.conn, |w| {
                    w.error(format!("ERR Rewriting config file: {reason}"));
                });
            }
        }
        self.unpark();
    }
}
