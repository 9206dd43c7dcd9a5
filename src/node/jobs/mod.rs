//! Files, saves and loads: work that may wait for the disk, so each has a thread and a bounded
//! channel back to the loop. Whatever must not happen late (the rename) is done by the loop itself.

mod exchange;
mod work;

pub(super) use exchange::Exchange;

use super::log::os_text;
use super::priority;
use super::ready::{ReadyQueue, Token};
use crate::engine::effect::JobId;
use crate::engine::persist::SaveJob;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker};
use tokio::sync::mpsc;

/// Bytes that a piece of an RDB has, about.
pub(super) const PIECE: usize = 64 * 1024;

/// Reports that may wait in a job's channel: a save or a file is read ahead of the loop by no more
/// than this.
const AHEAD: usize = 2;

/// What a job's thread tells.
#[derive(Debug)]
pub(super) enum Report {
    /// The file is open and has this many bytes.
    Opened(u64),
    /// The file cannot be opened.
    OpenFailed(std::io::Error),
    Piece(Piece),
    Progress {
        keys: u64,
        bytes: u64,
    },
    /// All was done; the rename is still to come if there is one.
    Done {
        keys: u64,
        bytes: u64,
    },
    Failed(String),
}

/// A part of a save or a file.
#[derive(Debug)]
pub(super) struct Piece {
    pub(super) bytes: Vec<u8>,
    /// How far a save is with it: keys and bytes, this piece included. `None` for a file's piece.
    pub(super) done: Option<(u64, u64)>,
}

/// A file that is being received piece by piece.
#[derive(Debug)]
struct Receiving {
    file: File,
    temp: PathBuf,
    bytes: u64,
}

#[derive(Debug)]
struct Job {
    /// `None` for a file that is being received: nothing is reported until it is finished.
    reports: Option<mpsc::Receiver<Report>>,
    waker: Waker,
    /// Asked by the thread between its steps.
    cancelled: Arc<AtomicBool>,
    /// Pieces that the engine has room for.
    pulls: usize,
    /// A piece that came before it was pulled.
    early: Option<Piece>,
    /// From where to where the finished file goes.
    rename: Option<(PathBuf, PathBuf)>,
    receiving: Option<Receiving>,
}

/// The jobs of one instance. Dropping it cancels them all; a temporary file is then left behind,
/// as a killed process leaves it.
#[derive(Debug)]
pub(super) struct Jobs {
    ready: Arc<ReadyQueue>,
    jobs: BTreeMap<JobId, Job>,
}

impl Drop for Jobs {
    fn drop(&mut self) {
        for job in self.jobs.values() {
            job.cancelled.store(true, Ordering::Release);
        }
    }
}

impl Jobs {
    pub(super) fn new(ready: Arc<ReadyQueue>) -> Jobs {
        Jobs { ready, jobs: BTreeMap::new() }
    }

    fn add(&mut self, id: JobId) -> (mpsc::Sender<Report>, Arc<AtomicBool>) {
        let (tx, rx) = mpsc::channel(AHEAD);
        let cancelled = Arc::new(AtomicBool::new(false));
        let job = Job {
            reports: Some(rx),
            waker: self.ready.waker(Token::Job(id)),
            cancelled: cancelled.clone(),
            pulls: 0,
            early: None,
            rename: None,
            receiving: None,
        };
        job.waker.wake_by_ref();
        self.jobs.insert(id, job);
        (tx, cancelled)
    }

    /// Encodes `save` into `temp`; [`Jobs::commit`] renames it to `path`.
    pub(super) fn save_to_file(
        &mut self,
        id: JobId,
        save: Box<SaveJob>,
        temp: PathBuf,
        path: PathBuf,
    ) {
        let (tx, cancelled) = self.add(id);
        if let Some(job) = self.jobs.get_mut(&id) {
            job.rename = Some((temp.clone(), path));
        }
        self.spawn(id, tx, move |tx| work::save_to_file(*save, &temp, &cancelled, tx));
    }

    /// Encodes `save` into pieces, one for each pull.
    pub(super) fn save_to_pieces(&mut self, id: JobId, save: Box<SaveJob>) {
        let (tx, cancelled) = self.add(id);
        self.spawn(id, tx, move |tx| work::save_to_pieces(*save, &cancelled, tx));
    }

    /// Reads a file in pieces, one for each pull.
    pub(super) fn open(&mut self, id: JobId, path: PathBuf) {
        let (tx, cancelled) = self.add(id);
        self.spawn(id, tx, move |tx| work::read_file(&path, &cancelled, tx));
    }

    /// Asks another server; the answers are one piece.
    pub(super) fn exchange(&mut self, id: JobId, what: Exchange) {
        let (tx, _) = self.add(id);
        self.spawn(id, tx, move |tx| exchange::run(&what, tx));
    }

    /// A job that failed before it began.
    pub(super) fn failed(&mut self, id: JobId, report: Report) {
        let (tx, _) = self.add(id);
        // The channel is new: there is room for one report.
        let _ = tx.try_send(report);
    }

    fn spawn(
        &self,
        id: JobId,
        tx: mpsc::Sender<Report>,
        work: impl FnOnce(&mpsc::Sender<Report>) + Send + 'static,
    ) {
        let spare = tx.clone();
        let thread = std::thread::Builder::new().name(format!("job-{}", id.0));
        let run = move || {
            priority::work();
            work(&tx);
        };
        if let Err(error) = thread.spawn(run) {
            let _ = spare.try_send(Report::Failed(os_text(&error)));
        }
    }

    /// Room for one more piece.
    pub(super) fn pull(&mut self, id: JobId) {
        if let Some(job) = self.jobs.get_mut(&id) {
            job.pulls += 1;
            job.waker.wake_by_ref();
        }
    }

    /// Creates `temp` to receive a file into.
    pub(super) fn create(&mut self, id: JobId, temp: PathBuf) -> std::io::Result<()> {
        let file = File::create(&temp)?;
        self.jobs.insert(
            id,
            Job {
                reports: None,
                waker: self.ready.waker(Token::Job(id)),
                cancelled: Arc::new(AtomicBool::new(false)),
                pulls: 0,
                early: None,
                rename: None,
                receiving: Some(Receiving { file, temp, bytes: 0 }),
            },
        );
        Ok(())
    }

    /// Appends to a file that is being received. Straight from the loop, as Redis does: the page
    /// cache takes it, and a channel in between would only hide how much waits.
    pub(super) fn write(&mut self, id: JobId, bytes: &[u8]) -> std::io::Result<()> {
        let Some(receiving) = self.jobs.get_mut(&id).and_then(|j| j.receiving.as_mut()) else {
            return Ok(());
        };
        receiving.bytes += bytes.len() as u64;
        receiving.file.write_all(bytes)
    }

    /// Syncs a received file on a thread; [`Jobs::commit`] renames it to `path`.
    pub(super) fn finish(&mut self, id: JobId, path: PathBuf) {
        let Some(receiving) = self.jobs.get_mut(&id).and_then(|j| j.receiving.take()) else {
            return;
        };
        let (tx, _) = self.add(id);
        if let Some(job) = self.jobs.get_mut(&id) {
            job.rename = Some((receiving.temp, path));
        }
        let Receiving { file, bytes, .. } = receiving;
        self.spawn(id, tx, move |tx| work::sync_file(&file, bytes, tx));
    }

    /// Forgets a job. Its temporary file goes; its thread ends at its next step.
    pub(super) fn cancel(&mut self, id: JobId) {
        let Some(job) = self.jobs.remove(&id) else { return };
        job.cancelled.store(true, Ordering::Release);
        let temp = job.rename.map(|(temp, _)| temp).or(job.receiving.map(|r| r.temp));
        if let Some(temp) = temp {
            let _ = std::fs::remove_file(temp);
        }
    }

    /// The next report of a job; a piece only if it was pulled. Otherwise its token is noted later.
    pub(super) fn next(&mut self, id: JobId) -> Option<Report> {
        let job = self.jobs.get_mut(&id)?;
        if job.early.is_none() {
            let reports = job.reports.as_mut()?;
            match reports.poll_recv(&mut Context::from_waker(&job.waker)) {
                Poll::Pending => return None,
                Poll::Ready(Some(Report::Piece(piece))) => job.early = Some(piece),
                Poll::Ready(Some(report)) => {
                    // There may be more: ask again in the next turn, the others come first.
                    job.waker.wake_by_ref();
                    return Some(report);
                }
                // The thread went without a last word: it panicked.
                Poll::Ready(None) => {
                    return Some(Report::Failed("the work ended unexpectedly".to_owned()));
                }
            }
        }
        if job.pulls == 0 {
            return None;
        }
        job.pulls -= 1;
        job.waker.wake_by_ref();
        job.early.take().map(Report::Piece)
    }

    /// Puts a finished file in its place and forgets the job.
    pub(super) fn commit(&mut self, id: JobId) -> Result<(), String> {
        let Some(job) = self.jobs.remove(&id) else { return Ok(()) };
        match job.rename {
            Some((temp, path)) => match std::fs::rename(&temp, &path) {
                Ok(()) => {
                    sync_folder(path);
                    Ok(())
                }
                Err(error) => {
                    let _ = std::fs::remove_file(temp);
                    Err(os_text(&error))
                }
            },
            None => Ok(()),
        }
    }
}

/// Has the new name of a file written to the disk as well. On a thread: it may take long, and before it is
/// done a crash leaves the old file in its place, which is whole too.
fn sync_folder(path: PathBuf) {
    let sync = move || {
        let folder = path.parent().filter(|p| !p.as_os_str().is_empty());
        if let Ok(folder) = File::open(folder.unwrap_or(Path::new("."))) {
            let _ = folder.sync_all();
        }
    };
    let _ = std::thread::Builder::new().name("sync-folder".to_owned()).spawn(sync);
}
