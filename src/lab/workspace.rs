//! The session's files: virtual paths under `/data`, confined to one folder of this machine.
//!
//! A path is resolved by its text first (`.` and `..` never leave `/`), and whatever exists on the
//! way must lie inside the folder once symbolic links are followed, so that neither a typed path
//! nor a planted link leads out. Every change is told to the journal.

use super::clock::LabClock;
use super::error::{LabError, LabErrorKind};
use super::journal::Journal;
use crate::node::{Clock, Root, os_text};
use crate::observe::LabFact;
use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// The virtual folder that holds everything.
pub const DATA: &str = "/data";

/// How deep and how much [`Workspace::rescan`] looks.
const SCAN_DEPTH: usize = 6;
const SCAN_MAX: usize = 2000;

/// The files under `/data`.
pub struct Workspace {
    /// What `/data` is on this machine, canonical.
    base: PathBuf,
    root: Root,
    journal: Arc<Journal>,
    clock: Arc<LabClock>,
    /// What the journal was told to exist.
    known: Mutex<BTreeSet<String>>,
}

/// One entry of a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub name: String,
    pub is_dir: bool,
    pub bytes: u64,
}

impl Workspace {
    /// Opens `session/data`, creating it, and tells what lies there already.
    pub(super) fn open(
        session: &Path,
        journal: Arc<Journal>,
        clock: Arc<LabClock>,
    ) -> io::Result<Workspace> {
        let base = session.join("data");
        fs::create_dir_all(&base)?;
        let base = base.canonicalize()?;
        let known = Mutex::new(BTreeSet::new());
        let root = Root::confined(DATA, &base)?;
        let workspace = Workspace { base, root, journal, clock, known };
        workspace.rescan();
        Ok(workspace)
    }

    /// Where `/data` lies on this machine.
    pub fn host_folder(&self) -> &Path {
        &self.base
    }

    /// The absolute virtual path that `path` means in the folder `cwd`: `.` and `..` taken out,
    /// no slash at the end. It may name anything, also something outside of `/data`.
    pub fn resolve(&self, cwd: &str, path: &str) -> String {
        let mut parts: Vec<&str> = Vec::new();
        let start = if path.starts_with('/') { "" } else { cwd };
        for part in start.split('/').chain(path.split('/')) {
            match part {
                "" | "." => {}
                ".." => {
                    parts.pop();
                }
                name => parts.push(name),
            }
        }
        format!("/{}", parts.join("/"))
    }

    /// The place on this machine of an absolute virtual path.
    ///
    /// # Errors
    /// The path is outside of `/data`, or a symbolic link leads out of it.
    pub fn host_path(&self, path: &str) -> Result<PathBuf, LabError> {
        let path = self.resolve("/", path);
        let error = match self.root.resolve("/", &path) {
            Ok(real) => return Ok(real),
            Err(error) => error,
        };
        let hint = match error.kind() {
            io::ErrorKind::PermissionDenied => {
                format!("A symbolic link leads out of {DATA}; the lab does not follow it.")
            }
            _ => format!("The lab's files live under {DATA}; nothing else exists here."),
        };
        let cause = format!("{path}: {}", os_text(&error));
        Err(LabError::new(LabErrorKind::Path, cause).hint(hint))
    }

    /// The confinement that the instances get as well.
    pub fn root(&self) -> &Root {
        &self.root
    }

    /// Creates one folder; with `parents` (mkdir -p) also those above it, and none is an error.
    pub fn mkdir(&self, path: &str, parents: bool) -> Result<(), LabError> {
        let path = self.resolve("/", path);
        let real = self.host_path(&path)?;
        if parents {
            fs::create_dir_all(&real).map_err(|e| io_error(&path, &e))?;
            let mut at = String::from(DATA);
            for part in path[DATA.len()..].split('/').filter(|p| !p.is_empty()) {
                at = format!("{at}/{part}");
                self.tell_made(&at);
            }
        } else {
            fs::create_dir(&real).map_err(|e| io_error(&path, &e))?;
            self.tell_made(&path);
        }
        Ok(())
    }

    /// Replaces the content of a file, or creates it. The folder must exist.
    pub fn write(&self, path: &str, content: &[u8]) -> Result<(), LabError> {
        let path = self.resolve("/", path);
        let real = self.host_path(&path)?;
        fs::write(&real, content).map_err(|e| io_error(&path, &e))?;
        self.known().insert(path.clone());
        let text = recorded(content);
        self.tell(LabFact::FileWritten { path, bytes: content.len() as u64, text });
        Ok(())
    }

    /// The content of a file.
    pub fn read(&self, path: &str) -> Result<Vec<u8>, LabError> {
        let path = self.resolve("/", path);
        let real = self.host_path(&path)?;
        fs::read(&real).map_err(|e| io_error(&path, &e))
    }

    /// The entries of a folder by name; a file lists itself. `/` holds `data` alone.
    pub fn list(&self, path: &str) -> Result<Vec<Entry>, LabError> {
        let path = self.resolve("/", path);
        if path == "/" {
            return Ok(vec![Entry { name: "data".into(), is_dir: true, bytes: 0 }]);
        }
        let real = self.host_path(&path)?;
        let about = fs::metadata(&real).map_err(|e| io_error(&path, &e))?;
        if !about.is_dir() {
            return Ok(vec![Entry { name: path, is_dir: false, bytes: about.len() }]);
        }
        let mut entries = Vec::new();
        for entry in fs::read_dir(&real).map_err(|e| io_error(&path, &e))? {
            let entry = entry.map_err(|e| io_error(&path, &e))?;
            // What vanishes meanwhile is not there.
            let Ok(about) = entry.metadata() else { continue };
            entries.push(Entry {
                name: entry.file_name().to_string_lossy().into_owned(),
                is_dir: about.is_dir(),
                bytes: about.len(),
            });
        }
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(entries)
    }

    /// Removes a file; with `recursive` also a folder and all in it. `/data` itself stays.
    pub fn remove(&self, path: &str, recursive: bool) -> Result<(), LabError> {
        let path = self.resolve("/", path);
        // The link itself may go, wherever it leads: its folder decides.
        let parent = self.host_path(&path[..path.rfind('/').unwrap_or(0)]);
        let real = match (parent, path.rsplit('/').next()) {
            (Ok(parent), Some(name)) if path.len() > DATA.len() => parent.join(name),
            _ => self.host_path(&path)?,
        };
        let about = fs::symlink_metadata(&real).map_err(|e| io_error(&path, &e))?;
        if about.is_dir() {
            if !recursive {
                return Err(LabError::new(LabErrorKind::Path, format!("{path}: Is a directory"))
                    .hint("rm -r removes a folder and all that is in it."));
            }
            if path == DATA {
                return Err(LabError::new(
                    LabErrorKind::Path,
                    format!("{path}: Permission denied"),
                )
                .hint(format!("{DATA} is the lab's own folder; what is in it may go.")));
            }
            fs::remove_dir_all(&real).map_err(|e| io_error(&path, &e))?;
        } else {
            fs::remove_file(&real).map_err(|e| io_error(&path, &e))?;
        }
        let inside = format!("{path}/");
        self.known().retain(|k| *k != path && !k.starts_with(&inside));
        self.tell(LabFact::FileRemoved { path });
        Ok(())
    }

    /// Whether something is there.
    pub fn exists(&self, path: &str) -> bool {
        self.resolve("/", path) == "/" || self.host_path(path).is_ok_and(|real| real.exists())
    }

    /// Whether a folder is there.
    pub fn is_dir(&self, path: &str) -> bool {
        self.resolve("/", path) == "/" || self.host_path(path).is_ok_and(|real| real.is_dir())
    }

    /// Looks for files that came or went without the lab's doing (an instance's dump, log and pid
    /// file), and tells the journal.
    pub fn rescan(&self) {
        let mut found = Vec::new();
        scan(&self.base, DATA, 0, &mut found);
        let mut known = self.known();
        let now: BTreeSet<String> = found.iter().map(|(path, _)| path.clone()).collect();
        let gone: Vec<String> = known.difference(&now).cloned().collect();
        let came: Vec<_> = found.into_iter().filter(|(path, _)| !known.contains(path)).collect();
        *known = now;
        drop(known);
        for path in gone {
            self.tell(LabFact::FileRemoved { path });
        }
        for (path, bytes) in came {
            match bytes {
                None => self.tell(LabFact::DirMade { path }),
                Some(bytes) => self.tell(LabFact::FileWritten { path, bytes, text: None }),
            }
        }
    }

    fn known(&self) -> std::sync::MutexGuard<'_, BTreeSet<String>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell_made(&self, path: &str) {
        if self.known().insert(path.to_string()) {
            self.tell(LabFact::DirMade { path: path.to_string() });
        }
    }

    fn tell(&self, fact: LabFact) {
        self.journal.append_lab(self.clock.now(), fact);
    }
}

/// Folders (no size) and files below `dir`, parents first; links are not followed.
fn scan(dir: &Path, virt: &str, depth: usize, found: &mut Vec<(String, Option<u64>)>) {
    let Ok(entries) = fs::read_dir(dir) else { return };
    let mut entries: Vec<_> = entries.flatten().collect();
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        if found.len() >= SCAN_MAX {
            return;
        }
        let name = entry.file_name();
        let name = name.to_string_lossy();
        // A dump in the making is gone or renamed the next moment.
        if name.starts_with("temp-") && name.ends_with(".rdb") {
            continue;
        }
        let Ok(about) = entry.metadata() else { continue };
        let path = format!("{virt}/{name}");
        if about.is_dir() {
            found.push((path.clone(), None));
            if depth < SCAN_DEPTH {
                scan(&entry.path(), &path, depth + 1, found);
            }
        } else {
            found.push((path, Some(about.len())));
        }
    }
}

/// A file this long is not kept in the record.
const RECORDED: usize = 16 * 1024;

/// What of a file's content goes into the record.
fn recorded(content: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(content).ok().filter(|t| t.len() <= RECORDED)?;
    Some(super::secrets::mask_text(text))
}

/// The system's reason in a shell's words.
fn io_error(path: &str, error: &io::Error) -> LabError {
    let e = LabError::new(LabErrorKind::Path, format!("{path}: {}", os_text(error)));
    match error.kind() {
        io::ErrorKind::NotFound if path.starts_with(DATA) => {
            let folder = path.rfind('/').map_or(DATA, |at| &path[..at]);
            e.hint(format!("ls {folder} shows what is there; mkdir -p makes a folder."))
        }
        _ => e,
    }
}

#[cfg(test)]
#[path = "workspace_tests.rs"]
mod tests;
