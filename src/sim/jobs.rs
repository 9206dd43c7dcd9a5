//! Effects that are work: saves, loads, files. Done inline, a piece at a time, each piece taking a
//! little virtual time.

use super::queue::Action;
use super::{End, Sim};
use crate::engine::effect::{Effect, JobId, SaveTo};
use crate::engine::persist::SaveJob;
use crate::engine::{FileError, JobDone};
use crate::observe::ExitHow;

/// Bytes of one piece of a save or a file.
const PIECE: usize = 64 * 1024;

/// Work that an engine asked for.
pub(super) enum Job {
    /// A snapshot on its way into a file.
    Save { save: Box<SaveJob>, bytes: Vec<u8>, path: String },
    /// A snapshot whose pieces the engine asks for.
    Pieces { save: Box<SaveJob>, bytes: u64 },
    /// A file that is read.
    Read { bytes: Vec<u8>, at: usize },
    /// A file that is being received.
    Write { bytes: Vec<u8> },
}

impl Sim {
    pub(super) fn carry_out(&mut self, port: u16, effect: Effect) {
        let now = self.now();
        let soon = self.now_us + 100 + self.random() % 200;
        let Some(host) = self.hosts.get_mut(&port).filter(|h| h.is_up()) else { return };
        match effect {
            Effect::Dial { dial, port: to, .. } => self.dial(port, dial, to),
            Effect::CancelDial { dial } => {
                if host.dial.as_ref().is_some_and(|d| d.id == dial) {
                    host.dial = None;
                }
            }
            Effect::Close { conn } => self.close_from(End::Host(port, conn)),
            Effect::StartSave { job, save, to: SaveTo::File { path, .. } } => {
                let path = host.absolute(&path);
                host.jobs.insert(job, Job::Save { save, bytes: Vec::new(), path });
                self.queue.push(soon, Action::Job(port, job));
            }
            Effect::StartSave { job, save, to: SaveTo::Pieces } => {
                host.jobs.insert(job, Job::Pieces { save, bytes: 0 });
            }
            Effect::CancelJob { job } => {
                host.jobs.remove(&job);
            }
            Effect::OpenFile { job, path } => {
                let found = host.files.get(&host.absolute(&path)).cloned();
                let answer = match found {
                    Some(bytes) => {
                        let len = bytes.len() as u64;
                        host.jobs.insert(job, Job::Read { bytes, at: 0 });
                        Ok(Some(len))
                    }
                    None => Err(FileError::NotFound),
                };
                host.engine.opened(now, job, answer);
                self.turn(port);
            }
            Effect::Pull { job } => self.queue.push(soon, Action::Job(port, job)),
            Effect::CreateFile { job, .. } => {
                host.jobs.insert(job, Job::Write { bytes: Vec::new() });
            }
            Effect::WriteFile { job, bytes } => {
                if let Some(Job::Write { bytes: file }) = host.jobs.get_mut(&job) {
                    file.extend_from_slice(&bytes);
                }
            }
            Effect::FinishFile { job, path } => {
                if let Some(Job::Write { bytes }) = host.jobs.remove(&job) {
                    let size = bytes.len() as u64;
                    host.files.insert(host.absolute(&path), bytes);
                    let done = JobDone { keys: 0, bytes: size, size: Some(size) };
                    host.engine.job_done(now, job, done);
                    self.turn(port);
                }
            }
            Effect::RemoveFile { path } => {
                host.files.remove(&host.absolute(&path));
            }
            // No virtual instance is reached this way.
            Effect::Exchange { job, .. } => {
                host.engine.job_failed(now, job, "connecting".to_owned());
                self.turn(port);
            }
            // Everything lives in the config, and a virtual instance listens on its port alone.
            Effect::Discard(_) | Effect::Reconfigure(_) => {}
            Effect::Exit { code } => {
                self.write_out(port);
                self.take_facts(port);
                self.leave(port, ExitHow::Shutdown { code });
            }
        }
    }

    /// Does one piece of a job.
    pub(super) fn work(&mut self, port: u16, job: JobId) {
        let now = self.now();
        let soon = self.now_us + 100 + self.random() % 200;
        let Some(host) = self.hosts.get_mut(&port).filter(|h| h.is_up()) else { return };
        if host.frozen {
            host.stalled.push(job);
            return;
        }
        self.moved += 1;
        let Some(work) = host.jobs.get_mut(&job) else { return };
        match work {
            Job::Save { save, bytes, .. } => {
                if let Some(piece) = save.next_piece(PIECE) {
                    bytes.extend_from_slice(&piece);
                    let (keys, bytes) = (save.keys_done(), bytes.len() as u64);
                    host.engine.save_progress(now, job, keys, bytes);
                    self.queue.push(soon, Action::Job(port, job));
                } else if let Some(Job::Save { save, bytes, path }) = host.jobs.remove(&job) {
                    let size = bytes.len() as u64;
                    host.files.insert(path, bytes);
                    let done = JobDone { keys: save.keys_done(), bytes: size, size: Some(size) };
                    host.engine.job_done(now, job, done);
                }
            }
            Job::Pieces { save, bytes } => match save.next_piece(PIECE) {
                Some(piece) => {
                    *bytes += piece.len() as u64;
                    host.engine.save_progress(now, job, save.keys_done(), *bytes);
                    host.engine.piece(now, job, piece);
                }
                None => {
                    let done = JobDone { keys: save.keys_done(), bytes: *bytes, size: None };
                    host.jobs.remove(&job);
                    host.engine.job_done(now, job, done);
                }
            },
            Job::Read { bytes, at } => {
                if *at == bytes.len() {
                    let size = bytes.len() as u64;
                    host.jobs.remove(&job);
                    let done = JobDone { keys: 0, bytes: size, size: Some(size) };
                    host.engine.job_done(now, job, done);
                } else {
                    let end = (*at + PIECE).min(bytes.len());
                    let piece = bytes[*at..end].to_vec();
                    *at = end;
                    host.engine.piece(now, job, piece);
                }
            }
            Job::Write { .. } => {}
        }
        self.turn(port);
    }
}
