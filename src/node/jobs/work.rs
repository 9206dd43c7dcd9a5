//! What the threads of the jobs do. They know neither the engine nor the loop, only their channel.

use super::{PIECE, Piece, Report};
use crate::engine::persist::SaveJob;
use crate::node::log::os_text;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::mpsc::Sender;

/// Bytes of a file that are read at once. More than a piece that is encoded: loading them takes less time
/// than being woken for them.
const READ: usize = 2 * PIECE;

/// At most this often progress is told.
const PROGRESS_EVERY: Duration = Duration::from_millis(100);

/// Written data is handed to the disk in portions of this size, so that the sync at the end has
/// little left to do.
const SYNC_EVERY: u64 = 4 << 20;

pub(super) fn save_to_file(
    mut save: SaveJob,
    temp: &Path,
    cancelled: &AtomicBool,
    tx: &Sender<Report>,
) {
    let mut file = match File::create(temp) {
        Ok(file) => file,
        Err(error) => {
            let _ = tx.blocking_send(Report::OpenFailed(error));
            return;
        }
    };
    let mut write = || -> io::Result<Option<u64>> {
        let (mut bytes, mut synced, mut told) = (0, 0, Instant::now());
        while let Some(piece) = save.next_piece(PIECE) {
            if cancelled.load(Ordering::Acquire) {
                return Ok(None);
            }
            file.write_all(&piece)?;
            bytes += piece.len() as u64;
            if bytes - synced >= SYNC_EVERY {
                file.sync_data()?;
                synced = bytes;
            }
            linger(&save);
            if told.elapsed() >= PROGRESS_EVERY {
                // A full channel means that the loop is busy: this progress is old news then.
                let _ = tx.try_send(Report::Progress { keys: save.keys_done(), bytes });
                told = Instant::now();
            }
        }
        file.sync_all()?;
        Ok(Some(bytes))
    };
    let report = match write() {
        Ok(Some(bytes)) => Report::Done { keys: save.keys_done(), bytes },
        Ok(None) => return,
        Err(error) => {
            let _ = std::fs::remove_file(temp);
            Report::Failed(os_text(&error))
        }
    };
    let _ = tx.blocking_send(report);
}

pub(super) fn save_to_pieces(mut save: SaveJob, cancelled: &AtomicBool, tx: &Sender<Report>) {
    let (mut bytes, mut told) = (0, Instant::now());
    while let Some(piece) = save.next_piece(PIECE) {
        bytes += piece.len() as u64;
        let piece = Piece { bytes: piece, done: Some((save.keys_done(), bytes)) };
        // The receiver is gone as soon as the job was cancelled.
        if cancelled.load(Ordering::Acquire) || tx.blocking_send(Report::Piece(piece)).is_err() {
            return;
        }
        if told.elapsed() >= PROGRESS_EVERY {
            // Behind its piece, so that what is told to be done is on its way too.
            let progress = Report::Progress { keys: save.keys_done(), bytes };
            if tx.blocking_send(progress).is_err() {
                return;
            }
            told = Instant::now();
        }
        linger(&save);
    }
    let _ = tx.blocking_send(Report::Done { keys: save.keys_done(), bytes });
}

/// rdb-key-save-delay: a piece holds one key then.
fn linger(save: &SaveJob) {
    if save.key_delay_us() > 0 {
        std::thread::sleep(Duration::from_micros(save.key_delay_us()));
    }
}

pub(super) fn read_file(path: &Path, cancelled: &AtomicBool, tx: &Sender<Report>) {
    let opened = File::open(path).and_then(|file| {
        // A directory opens too, as it does for Redis; reading it fails then.
        let len = file.metadata()?.len();
        Ok((file, len))
    });
    let mut file = match opened {
        Ok((file, len)) => {
            if tx.blocking_send(Report::Opened(len)).is_err() {
                return;
            }
            file
        }
        Err(error) => {
            let _ = tx.blocking_send(Report::OpenFailed(error));
            return;
        }
    };
    let mut bytes = 0;
    loop {
        let mut piece = vec![0; READ];
        let n = match file.read(&mut piece) {
            Ok(n) => n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => {
                let _ = tx.blocking_send(Report::Failed(os_text(&error)));
                return;
            }
        };
        if n == 0 {
            break;
        }
        piece.truncate(n);
        bytes += n as u64;
        let piece = Piece { bytes: piece, done: None };
        if cancelled.load(Ordering::Acquire) || tx.blocking_send(Report::Piece(piece)).is_err() {
            return;
        }
    }
    let _ = tx.blocking_send(Report::Done { keys: 0, bytes });
}

pub(super) fn sync_file(file: &File, bytes: u64, tx: &Sender<Report>) {
    let report = match file.sync_all() {
        Ok(()) => Report::Done { keys: 0, bytes },
        Err(error) => Report::Failed(os_text(&error)),
    };
    let _ = tx.blocking_send(report);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::keyspace::{Keyspace, Value};
    use crate::engine::persist::Head;
    use crate::wire::rdb::Options;

    fn saved_to(temp: &Path) -> Report {
        let mut keys = Keyspace::new(1, 7);
        for n in 0..20_000 {
            keys.db_mut(0).insert(format!("key:{n}").as_bytes(), Value::Int(n), None, 0);
        }
        let head = Head { ctime: 0, used_mem: 0, repl: None };
        let job = SaveJob::new(keys.snapshot(), head, Options::default(), 0);
        let (tx, mut rx) = tokio::sync::mpsc::channel(64);
        save_to_file(job, temp, &AtomicBool::new(false), &tx);
        drop(tx);
        std::iter::from_fn(|| rx.blocking_recv()).last().expect("a last word")
    }

    #[test]
    fn a_full_disk_ends_a_save_and_leaves_nothing() {
        let dir = tempfile::tempdir().expect("a folder");
        let temp = dir.path().join("temp-1.rdb");
        assert!(matches!(saved_to(&temp), Report::Done { keys: 20_000, .. }));
        std::fs::remove_file(&temp).expect("a saved file");
        // A file on a disk that takes not one byte more.
        std::os::unix::fs::symlink("/dev/full", &temp).expect("a link");
        let Report::Failed(reason) = saved_to(&temp) else { panic!("it was saved") };
        assert_eq!(reason, "No space left on device");
        assert!(temp.symlink_metadata().is_err(), "the temporary file is gone");
        assert!(matches!(saved_to(&dir.path().join("none/temp")), Report::OpenFailed(_)));
    }
}
