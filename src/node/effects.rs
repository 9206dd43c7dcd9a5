//! Carrying out what the engine wants done, and handing in what came of it.

use super::dial::{Dialling, Way};
use super::instance::Instance;
use super::jobs::{Exchange, Report};
use super::log::os_text;
use super::priority;
use crate::engine::effect::{DialId, Effect, JobId, Reconfigure, SaveTo};
use crate::engine::keyspace::Value;
use crate::engine::{Dialled, FileError, JobDone};
use std::io;
use std::os::fd::AsRawFd;
use std::path::PathBuf;
use std::sync::LazyLock;
use std::sync::mpsc::{Sender, channel};
use std::task::Poll;
use std::time::Duration;

impl Instance {
    /// Carries out everything that the engine has asked for.
    pub(super) fn carry_out(&mut self) {
        while let Some(effect) = self.engine.poll_effect() {
            self.carry_out_one(effect);
        }
    }

    fn carry_out_one(&mut self, effect: Effect) {
        match effect {
            Effect::Dial { dial, host, port } => {
                let way = self.way_to(port);
                self.begin_dial(dial, host, port, way);
            }
            Effect::CancelDial { dial } => {
                if self.dialling.as_ref().is_some_and(|d| d.dial == dial) {
                    self.dialling = None;
                }
            }
            Effect::Close { conn } => {
                if let Some(sock) = self.socks.remove(&conn) {
                    self.put_away(sock);
                }
                // A descriptor is free again.
                self.accept_again_us = self.accept_again_us.map(|_| 0);
            }
            Effect::StartSave { job, save, to: SaveTo::Pieces } => {
                self.jobs.save_to_pieces(job, save);
            }
            Effect::StartSave { job, save, to: SaveTo::File { temp, path } } => {
                match self.real(&temp).and_then(|temp| Ok((temp, self.real(&path)?))) {
                    Ok((temp, path)) => self.jobs.save_to_file(job, save, temp, path),
                    Err(e) => self.jobs.failed(job, Report::OpenFailed(e)),
                }
            }
            Effect::CancelJob { job } => self.jobs.cancel(job),
            Effect::OpenFile { job, path } => match self.real(&path) {
                Ok(path) => self.jobs.open(job, path),
                Err(e) => self.jobs.failed(job, Report::OpenFailed(e)),
            },
            Effect::Pull { job } => self.jobs.pull(job),
            Effect::CreateFile { job, path } => {
                if let Err(e) = self.real(&path).and_then(|path| self.jobs.create(job, path)) {
                    self.jobs.failed(job, Report::Failed(os_text(&e)));
                }
            }
            Effect::WriteFile { job, bytes } => {
                if let Err(e) = self.jobs.write(job, &bytes) {
                    self.jobs.cancel(job);
                    self.jobs.failed(job, Report::Failed(os_text(&e)));
                }
            }
            Effect::FinishFile { job, path } => match self.real(&path) {
                Ok(path) => self.jobs.finish(job, path),
                Err(e) => {
                    self.jobs.cancel(job);
                    self.jobs.failed(job, Report::Failed(os_text(&e)));
                }
            },
            Effect::RemoveFile { path } => {
                if let Ok(path) = self.real(&path) {
                    let _ = std::fs::remove_file(path);
                }
            }
            Effect::Exchange { job, host, port, request, replies, timeout_ms } => {
                let timeout = Duration::from_millis(timeout_ms);
                self.jobs.exchange(job, Exchange { host, port, request, replies, timeout });
            }
            Effect::Discard(value) => discard(value),
            Effect::Reconfigure(what) => self.reconfigure(what),
            Effect::Exit { code } => self.exit = Some(code),
        }
    }

    /// The real path of a path that the instance uses.
    pub(super) fn real(&self, path: &str) -> io::Result<PathBuf> {
        let place = self.place.get();
        place.root.resolve(&place.cwd, path)
    }

    fn reconfigure(&mut self, what: Reconfigure) {
        match what {
            Reconfigure::LogLevel => self.log.level = self.engine.config().loglevel.level(),
        }
    }

    fn begin_dial(&mut self, dial: DialId, host: String, port: u16, way: Way) {
        let source = &self.engine.config().bind_source_addr;
        self.dialling = Some(Dialling::begin(&self.ready, dial, host, port, source, way));
    }

    /// The rules of links changed: a dial may go another way now.
    pub(super) fn review_dial(&mut self) {
        let Some(dialling) = &self.dialling else { return };
        let way = self.way_to(dialling.port);
        let stuck = dialling.way == Way::Nowhere && way != Way::Nowhere
            || match (dialling.way, way) {
                (Way::After(_), Way::Free) => true,
                // The link is faster by now.
                (Way::After(old), Way::After(new)) => new < old,
                _ => false,
            };
        if (stuck || matches!(way, Way::Refused | Way::Nowhere) && way != dialling.way)
            && let Some(old) = self.dialling.take()
        {
            self.begin_dial(old.dial, old.host, old.port, way);
        }
    }

    /// What became of the dial, if it is known by now.
    pub(super) fn hear_dial(&mut self) {
        let Some(dialling) = &mut self.dialling else { return };
        let Poll::Ready(outcome) = dialling.poll() else { return };
        let dial = dialling.dial;
        self.dialling = None;
        let now = self.clock.now();
        match outcome {
            Ok(stream) => {
                let addr = |a: io::Result<std::net::SocketAddr>| {
                    a.map(|a| a.to_string()).unwrap_or_default()
                };
                let dialled = Dialled {
                    addr: addr(stream.peer_addr()),
                    laddr: addr(stream.local_addr()),
                    fd: stream.as_raw_fd(),
                };
                if let Some(conn) = self.engine.dialled(now, dial, Ok(dialled)) {
                    self.adopt(conn, stream);
                }
            }
            Err(text) => {
                self.engine.dialled(now, dial, Err(text));
            }
        }
    }

    /// The next report of a job.
    pub(super) fn hear_job(&mut self, job: JobId) {
        let Some(report) = self.jobs.next(job) else { return };
        let now = self.clock.now();
        match report {
            Report::Opened(len) => self.engine.opened(now, job, Ok(Some(len))),
            Report::OpenFailed(e) => {
                self.jobs.cancel(job);
                let error = match e.kind() {
                    io::ErrorKind::NotFound => FileError::NotFound,
                    _ => FileError::Other(os_text(&e)),
                };
                self.engine.opened(now, job, Err(error));
            }
            Report::Piece(piece) => {
                if let Some((keys, bytes)) = piece.done {
                    self.engine.save_progress(now, job, keys, bytes);
                }
                self.engine.piece(now, job, piece.bytes);
            }
            Report::Progress { keys, bytes } => self.engine.save_progress(now, job, keys, bytes),
            Report::Done { keys, bytes } => match self.jobs.commit(job) {
                Ok(()) => {
                    let done = JobDone { keys, bytes, size: Some(bytes) };
                    self.engine.job_done(now, job, done);
                }
                Err(text) => self.engine.job_failed(now, job, text),
            },
            Report::Failed(text) => {
                self.jobs.cancel(job);
                self.engine.job_failed(now, job, text);
            }
        }
    }
}

/// Drops a large value on a thread that all instances share: one for each value would be thousands
/// when a command deletes or evicts as many. If there can be no thread it is dropped here and now.
fn discard(value: Value) {
    static THREAD: LazyLock<Option<Sender<Value>>> = LazyLock::new(|| {
        let (to, values) = channel::<Value>();
        let thread = std::thread::Builder::new().name("discard".into());
        let work = move || {
            priority::work();
            values.into_iter().for_each(drop);
        };
        thread.spawn(work).ok().map(|_| to)
    });
    match &*THREAD {
        // What cannot be sent comes back, and is dropped with the error.
        Some(thread) => drop(thread.send(value)),
        None => drop(value),
    }
}
