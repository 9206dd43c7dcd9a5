//! The record of a session: every event of the journal as one JSON line, from the first one on.
//!
//! A thread of its own writes and flushes a few times a second, so that no instance and no screen
//! ever waits for the disk, and a `kill -9` of the whole program costs less than a second of it.

use super::journal::Journal;
use crate::observe::Event;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// The record's name in the session's folder.
pub const FILE_NAME: &str = "session.jsonl";

/// Pause between two portions. Events of one pause are written and flushed together.
const PAUSE: Duration = Duration::from_millis(250);

/// Events copied out of the journal at a time.
const PORTION: usize = 2048;

/// Writes until it is closed or dropped.
pub struct Recorder {
    journal: Arc<Journal>,
    watcher: u64,
    bell: Arc<Bell>,
    thread: Mutex<Option<JoinHandle<io::Result<()>>>>,
    path: PathBuf,
}

/// Tells the thread that there is something to write. Ringing twice costs one atomic.
#[derive(Default)]
struct Bell {
    rung: AtomicBool,
    closing: AtomicBool,
    lock: Mutex<()>,
    heard: Condvar,
}

impl Bell {
    fn ring(&self) {
        if !self.rung.swap(true, Ordering::AcqRel) {
            self.notify();
        }
    }

    fn notify(&self) {
        // Taken so that the bell cannot ring between a listener's look and its sleep.
        drop(self.lock.lock().unwrap_or_else(PoisonError::into_inner));
        self.heard.notify_all();
    }

    fn wait_rung(&self) {
        let mut guard = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        while !self.rung.swap(false, Ordering::AcqRel) && !self.closing.load(Ordering::Acquire) {
            guard = self.heard.wait(guard).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Sleeps for the pause, or until closing.
    fn pause(&self) {
        let guard = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        let open = |_: &mut ()| !self.closing.load(Ordering::Acquire);
        drop(self.heard.wait_timeout_while(guard, PAUSE, open));
    }
}

impl Recorder {
    /// Begins a record in `folder`. One of an earlier session there is kept under another name.
    pub fn start(folder: &Path, journal: Arc<Journal>) -> io::Result<Recorder> {
        let path = folder.join(FILE_NAME);
        keep_earlier(folder, &path)?;
        let file = File::options().write(true).create_new(true).open(&path)?;
        let bell = Arc::new(Bell::default());
        let ringer = bell.clone();
        let watcher = journal.on_change(Box::new(move || ringer.ring()));
        bell.ring();
        let (reader, hearer) = (journal.clone(), bell.clone());
        let thread = std::thread::Builder::new()
            .name("recorder".into())
            .spawn(move || write_all(&reader, &hearer, BufWriter::new(file)))?;
        Ok(Recorder { journal, watcher, bell, thread: Mutex::new(Some(thread)), path })
    }

    /// Where the record is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes what is left and ends. Says why the record is not whole, if it is not.
    pub fn close(&self) -> io::Result<()> {
        self.bell.closing.store(true, Ordering::Release);
        self.bell.notify();
        self.journal.forget(self.watcher);
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        match thread.map(JoinHandle::join) {
            Some(Ok(result)) => result,
            Some(Err(_)) => Err(io::Error::other("the recorder's thread panicked")),
            None => Ok(()),
        }
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        // Nobody is left to be told.
        let _ = self.close();
    }
}

fn write_all(journal: &Journal, bell: &Bell, mut to: BufWriter<File>) -> io::Result<()> {
    let mut cursor = 0;
    let mut portion = Vec::new();
    loop {
        bell.wait_rung();
        // Read before the journal is: what is told after it is written by nobody.
        let closing = bell.closing.load(Ordering::Acquire);
        loop {
            cursor = journal.read_from(cursor, &mut portion, PORTION);
            if portion.is_empty() {
                break;
            }
            for event in portion.drain(..) {
                write_line(&mut to, &event)?;
            }
        }
        to.flush()?;
        if closing {
            return to.get_ref().sync_all();
        }
        bell.pause();
    }
}

fn write_line(to: &mut impl Write, event: &Event) -> io::Result<()> {
    serde_json::to_writer(&mut *to, event)?;
    to.write_all(b"\n")
}

/// Moves an earlier record out of the way: `session.1.jsonl`, `session.2.jsonl`, …
fn keep_earlier(folder: &Path, path: &Path) -> io::Result<()> {
    if !path.try_exists()? {
        return Ok(());
    }
    for n in 1..10_000 {
        let kept = folder.join(format!("session.{n}.jsonl"));
        if !kept.try_exists()? {
            return fs::rename(path, kept);
        }
    }
    Err(io::Error::other("too many earlier records in this folder"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::{LabFact, Now};
    use std::time::Instant;

    fn made(n: usize) -> LabFact {
        LabFact::DirMade { path: format!("/data/{n}") }
    }

    fn lines(path: &Path) -> Vec<Event> {
        let text = fs::read_to_string(path).expect("readable");
        text.lines().map(|l| serde_json::from_str(l).expect("an event")).collect()
    }

    #[test]
    fn the_record_is_whole_from_the_first_event_on() {
        let tmp = tempfile::tempdir().expect("temp dir");
        let journal = Arc::new(Journal::default());
        journal.append_lab(Now::default(), made(0));
        let recorder = Recorder::start(tmp.path(), journal.clone()).expect("starts");
        for n in 1..5_000 {
            journal.append_lab(Now::default(), made(n));
        }
        recorder.close().expect("written");
        let read = lines(recorder.path());
        assert_eq!(read.len(), 5_000);
        assert!(read.iter().enumerate().all(|(n, e)| e.seq == n as u64));
    }

    #[test]
    fn events_reach_the_file_within_a_second_without_closing() {
        let tmp = tempfile::tempdir().expect("temp dir");
        let journal = Arc::new(Journal::default());
        let recorder = Recorder::start(tmp.path(), journal.clone()).expect("starts");
        journal.append_lab(Now::default(), made(1));
        let told = Instant::now();
        while !fs::read_to_string(recorder.path()).expect("readable").ends_with('\n') {
            // Twenty seconds only for a machine under a heavy load; a pause is 250 ms.
            assert!(told.elapsed() < Duration::from_secs(20), "nothing was flushed");
            std::thread::yield_now();
        }
        assert_eq!(lines(recorder.path()).len(), 1);
    }

    #[test]
    fn an_earlier_record_is_kept() {
        let tmp = tempfile::tempdir().expect("temp dir");
        for n in 0..3 {
            let journal = Arc::new(Journal::default());
            journal.append_lab(Now::default(), made(n));
            Recorder::start(tmp.path(), journal).expect("starts").close().expect("written");
        }
        for (name, n) in [("session.1.jsonl", 0), ("session.2.jsonl", 1), (FILE_NAME, 2)] {
            let read = lines(&tmp.path().join(name));
            assert_eq!(read[0].body, crate::observe::Body::Lab(made(n)), "{name}");
        }
    }
}
