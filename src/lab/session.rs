//! The session: one handle for everything that a front-end may ask of the lab.

use super::clock::LabClock;
use super::error::{LabError, LabErrorKind};
use super::free;
use super::instances::{InstanceInfo, Instances, Request, Started};
use super::journal::{BYTES, Journal};
use super::links::Links;
use super::recorder::Recorder;
use super::secrets::{mask_answer, mask_line};
use super::start::StartError;
use super::steps::LabSteps;
use super::wakes::Wakes;
use super::workspace::Workspace;
use crate::engine::Signal;
use crate::node::{Clock, Control, RESERVED_FDS, raise_open_files};
use crate::observe::{ConsoleFact, LabFact, Now};
use etcetera::BaseStrategy;
use std::collections::BTreeSet;
use std::fs::File;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A start waits no longer than this for the data set to be loaded.
const LOADS_WITHIN: Duration = Duration::from_millis(500);

/// How a session begins.
#[derive(Clone, Debug)]
pub struct LabOptions {
    /// The session's folder; `None`: a new one under `$XDG_STATE_HOME/synclab`.
    pub workspace: Option<PathBuf>,
    /// The first of three ports in a row.
    pub base_port: u16,
    /// Begins with an empty `/data` and nothing started.
    pub bare: bool,
    /// The lesson that is taken, by id.
    pub lesson: Option<String>,
    /// How much memory the journal takes, in bytes; `None`: [`BYTES`](super::journal::BYTES).
    pub journal_bytes: Option<u64>,
}

impl Default for LabOptions {
    fn default() -> LabOptions {
        LabOptions {
            workspace: None,
            base_port: 6380,
            bare: false,
            lesson: None,
            journal_bytes: None,
        }
    }
}

/// How long a killed instance may take to notice.
pub(super) const KILL_PATIENCE: Duration = Duration::from_secs(10);

/// How long the instances may take to leave in order when the session is closed.
pub(super) const CLOSE_PATIENCE: Duration = Duration::from_secs(3);

/// A handle on a session; clones share it. Every method may be called from any thread.
#[derive(Clone)]
pub struct Lab(pub(super) Arc<Inner>);

pub(super) struct Inner {
    options: LabOptions,
    folder: PathBuf,
    /// Held as long as the session lives, so that no other one uses the folder.
    _lock: File,
    recorder: Recorder,
    pub(super) workspace: Arc<Workspace>,
    journal: Arc<Journal>,
    pub(super) clock: Arc<LabClock>,
    pub(super) links: Arc<Links>,
    pub(super) steps: Arc<LabSteps>,
    pub(super) wakes: Arc<Wakes>,
    pub(super) instances: Arc<Instances>,
    /// The lab's own ports: those it began with, and those that were added.
    pub(super) ports: Mutex<Vec<u16>>,
}

impl Lab {
    /// Makes the session's folder and begins its record. Nothing listens yet.
    pub fn open(options: LabOptions) -> Result<Lab, LabError> {
        let ports = three_ports(options.base_port)?;
        let clock = Arc::new(LabClock::new());
        let journal = Arc::new(Journal::with_bytes(options.journal_bytes.unwrap_or(BYTES)));
        let folder = session_folder(options.workspace.as_deref(), clock.now())?;
        journal.append_lab(
            clock.now(),
            LabFact::SessionBegan {
                version: env!("CARGO_PKG_VERSION").to_string(),
                ports: ports.to_vec(),
                bare: options.bare,
                lesson: options.lesson.clone(),
            },
        );
        let lock = lock_folder(&folder)?;
        let recorder =
            Recorder::start(&folder, journal.clone()).map_err(|e| folder_error(&folder, &e))?;
        let workspace = Workspace::open(&folder, journal.clone(), clock.clone())
            .map_err(|e| folder_error(&folder, &e))?;
        let workspace = Arc::new(workspace);
        let links = Arc::new(Links::default());
        let wakes = Arc::new(Wakes::default());
        let steps = LabSteps::new(journal.clone(), clock.clone(), links.clone(), wakes.clone());
        let steps = Arc::new(steps);
        let instances = Instances::new(
            journal.clone(),
            clock.clone(),
            links.clone(),
            steps.clone(),
            wakes.clone(),
            workspace.clone(),
            options.base_port,
        );
        let instances = Arc::new(instances.map_err(|e| folder_error(&folder, &e))?);
        make_room(ports.len());
        Ok(Lab(Arc::new(Inner {
            options,
            folder,
            _lock: lock,
            recorder,
            workspace,
            journal,
            clock,
            links,
            steps,
            wakes,
            instances,
            ports: Mutex::new(ports.to_vec()),
        })))
    }

    /// The state after the author's mkdir, vim and redis-server lines: files written, three masters
    /// up. Comes back when all three accept commands. A conf file that is there already stays.
    pub fn prepare_free(&self) -> Result<(), LabError> {
        free::prepare(self)
    }

    /// Starts an instance as `redis-server CONF DIRECTIVES…` typed in the folder `cwd` would
    /// (directives as typed, word by word: `--port`, `6390`). Comes back when it listens or has
    /// failed; it may still be loading its dump.
    pub fn start_server(
        &self,
        cwd: &str,
        conf: Option<&str>,
        directives: &[String],
    ) -> Result<Started, StartError> {
        let cwd = self.0.workspace.resolve("/", cwd);
        let conf = conf.map(str::to_string);
        self.start(Request { cwd, conf, directives: directives.to_vec() })
    }

    /// Starts, and lets a data set of ordinary size load: a line that was typed ahead would meet
    /// `-LOADING` otherwise, which at a shell's pace nobody ever sees.
    pub(super) fn start(&self, request: Request) -> Result<Started, StartError> {
        let journal = self.journal();
        let cursor = journal.len();
        let started = self.0.instances.start(request)?;
        let one = BTreeSet::from([started.port]);
        // Whoever ends at once, or loads for long, says so himself in the journal and the log.
        let _ = free::wait_ready(journal, cursor, one, LOADS_WITHIN);
        Ok(started)
    }

    /// SIGTERM: the instance saves if its save points say so, and leaves in its own time.
    pub fn terminate(&self, port: u16) -> Result<(), LabError> {
        if self.0.instances.send(port, Control::Shutdown(Signal::Term)) {
            Ok(())
        } else {
            Err(self.no_instance(port))
        }
    }

    /// Waits until the instance on `port` is down; says whether it is.
    pub fn wait_down(&self, port: u16, at_most: Duration) -> bool {
        self.0.instances.wait_down(Some(port), at_most)
    }

    /// Every instance that was started in this session, by port.
    pub fn instances(&self) -> Vec<InstanceInfo> {
        self.0.instances.list()
    }

    /// The instance on `port`, up or down.
    pub fn instance(&self, port: u16) -> Option<InstanceInfo> {
        self.instances().into_iter().find(|i| i.port == port)
    }

    /// The options that the session began with.
    pub fn options(&self) -> &LabOptions {
        &self.0.options
    }

    /// The session's folder on this machine: `data/` and `session.jsonl`.
    pub fn folder(&self) -> &Path {
        &self.0.folder
    }

    /// The session's record on this machine; at most a moment behind the journal.
    pub fn record_path(&self) -> &Path {
        self.0.recorder.path()
    }

    /// The files under `/data`.
    pub fn workspace(&self) -> &Workspace {
        &self.0.workspace
    }

    /// Everything that was told.
    pub fn journal(&self) -> &Arc<Journal> {
        &self.0.journal
    }

    /// This moment.
    pub fn now(&self) -> Now {
        self.0.clock.now()
    }

    /// Tells the journal what the lab did.
    pub fn record_lab(&self, fact: LabFact) {
        self.0.journal.append_lab(self.now(), fact);
    }

    /// Tells the journal what was typed or answered. Passwords are masked here.
    pub fn record_console(&self, fact: ConsoleFact) {
        let fact = match fact {
            ConsoleFact::Typed { id, prompt, line } => {
                ConsoleFact::Typed { id, prompt, line: mask_line(&line) }
            }
            ConsoleFact::Answered { id, mut answer } => {
                mask_answer(&mut answer);
                ConsoleFact::Answered { id, answer }
            }
            done => done,
        };
        self.0.journal.append_console(self.now(), fact);
    }

    /// Ends every instance (each may save as on SIGTERM, but nobody waits long) and writes the
    /// record out. Nothing can be started afterwards. The last handle that goes does the same.
    pub fn close(&self) {
        self.0.close();
    }

    pub(super) fn no_instance(&self, port: u16) -> LabError {
        LabError::new(LabErrorKind::Instance, format!("there is no instance on port {port}"))
            .hint(format!("The lab's ports are {}; ps shows what runs.", join(&self.ports())))
    }
}

impl Inner {
    fn close(&self) {
        let instances = &self.instances;
        instances.shut_the_door();
        // Whatever holds the instances up lets them go.
        self.steps.close();
        self.links.heal(None);
        self.links.set_slow(false);
        self.clock.set_slow(1);
        self.wakes.all();
        instances.thaw_all();
        instances.send_all(Control::Shutdown(Signal::Term));
        if !instances.wait_down(None, CLOSE_PATIENCE) {
            instances.send_all(Control::Kill);
            instances.wait_down(None, KILL_PATIENCE);
        }
        // A record that could not be written is no reason not to leave.
        let _ = self.recorder.close();
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.close();
    }
}

/// One process, many servers: their clients share its bound on open files.
pub(super) fn make_room(instances: usize) {
    raise_open_files(instances as u64 * (10_000 + RESERVED_FDS));
}

pub(super) fn join(ports: &[u16]) -> String {
    ports.iter().map(u16::to_string).collect::<Vec<_>>().join(", ")
}

fn three_ports(base: u16) -> Result<[u16; 3], LabError> {
    match (base, base.checked_add(2)) {
        (1.., Some(last)) => Ok([base, base + 1, last]),
        _ => Err(LabError::new(LabErrorKind::Port, format!("--base-port {base}: no three ports"))
            .hint("Ports go from 1 to 65535, and the lab needs three in a row.")),
    }
}

/// The folder that was asked for, or a new one named after the time.
fn session_folder(asked: Option<&Path>, now: Now) -> Result<PathBuf, LabError> {
    let folder = match asked {
        Some(dir) => dir.to_path_buf(),
        None => {
            let dirs = etcetera::base_strategy::Xdg::new().map_err(|_| {
                LabError::new(LabErrorKind::Workspace, "no home directory is known")
                    .hint("--workspace DIR names a folder for the session.")
            })?;
            let state = dirs.state_dir().unwrap_or_else(|| dirs.data_dir());
            // The pid tells sessions of one second apart.
            let name = format!("{}-{}", stamp(now.wall_s()), std::process::id());
            state.join("synclab").join(name)
        }
    };
    std::fs::create_dir_all(&folder).map_err(|e| folder_error(&folder, &e))?;
    folder.canonicalize().map_err(|e| folder_error(&folder, &e))
}

/// Two sessions in one folder would write over each other's record and dumps.
fn lock_folder(folder: &Path) -> Result<File, LabError> {
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(folder.join(".lock"))
        .map_err(|e| folder_error(folder, &e))?;
    // SAFETY: the descriptor is open for the whole call.
    if unsafe { libc::flock(file.as_raw_fd(), libc::LOCK_EX | libc::LOCK_NB) } == 0 {
        return Ok(file);
    }
    let error = std::io::Error::last_os_error();
    match error.kind() {
        std::io::ErrorKind::WouldBlock => Err(LabError::new(
            LabErrorKind::Workspace,
            format!("{}: another session uses this folder", folder.display()),
        )
        .hint("--workspace DIR names another folder for the session.")),
        // Some network file systems know no locks; two sessions there are the user's affair.
        _ => Ok(file),
    }
}

fn folder_error(folder: &Path, error: &std::io::Error) -> LabError {
    LabError::new(LabErrorKind::Workspace, format!("{}: {error}", folder.display()))
        .hint("--workspace DIR names another folder for the session.")
}

/// `20261122-115301`, in UTC: sorts by age.
fn stamp(unix_s: i64) -> String {
    let (days, second) = (unix_s.div_euclid(86_400), unix_s.rem_euclid(86_400));
    // Days since 1 March of year 0, in eras of 400 years (146097 days): leap days come last.
    let z = days + 719_468;
    let (era, doe) = (z.div_euclid(146_097), z.rem_euclid(146_097));
    let yoe = (doe - doe / 1_460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let day = doy - (153 * mp + 2) / 5 + 1;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    let year = yoe + era * 400 + i64::from(month <= 2);
    let (h, m, s) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}{month:02}{day:02}-{h:02}{m:02}{s:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_are_dates() {
        assert_eq!(stamp(0), "19700101-000000");
        assert_eq!(stamp(951_782_399), "20000228-235959");
        assert_eq!(stamp(951_782_400), "20000229-000000");
        assert_eq!(stamp(1_795_348_381), "20261122-115301");
    }

    #[test]
    fn ports_fit() {
        assert_eq!(three_ports(6380).expect("fits"), [6380, 6381, 6382]);
        assert!(three_ports(65_534).is_err() && three_ports(0).is_err());
    }
}
