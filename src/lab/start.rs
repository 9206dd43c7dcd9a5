//! From a `redis-server` line to an instance that listens, or to the words that say why not.

use super::instances::Request;
use super::port_holder;
use super::workspace::Workspace;
use crate::node::{
    Asked, BindPolicy, ConfError, ListenError, LogTo, NodeSpec, boot, listen, load, parse, stamp,
};
use crate::observe::{LogLevel, Now};
use std::ffi::OsString;
use std::fmt;
use std::io;

/// An instance could not be started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StartError {
    /// What redis-server prints or logs, line by line.
    pub text: String,
    /// The next step, if the lab knows one.
    pub hint: Option<String>,
    /// The port it was about, once that was known.
    pub port: Option<u16>,
}

impl StartError {
    pub fn new(text: impl Into<String>) -> StartError {
        StartError { text: text.into(), hint: None, port: None }
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)?;
        match &self.hint {
            Some(hint) => write!(f, "\n{hint}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for StartError {}

/// Everything that an instance's thread needs; its sockets listen already.
pub(super) struct Prepared {
    pub spec: NodeSpec,
    pub port: u16,
    pub daemonized: bool,
    pub log_file: Option<String>,
    pub warnings: Vec<String>,
}

/// Reads the configuration and listens.
pub(super) fn prepare(
    request: &Request,
    workspace: &Workspace,
    pid: u32,
    now: Now,
    base_port: u16,
) -> Result<Prepared, StartError> {
    let args: Vec<OsString> =
        request.conf.iter().chain(&request.directives).map(OsString::from).collect();
    let asked = match parse(&args) {
        Asked::Run(asked) => asked,
        Asked::Refused(text) => return Err(StartError::new(text)),
        Asked::Version | Asked::Help => {
            return Err(StartError::new("redis-server CONF [--directive value …]"));
        }
    };
    if asked.stdin {
        return Err(StartError::new("redis-server -: the lab's shell has no standard input")
            .with_hint("vim /data/6380/redis.conf writes a conf file."));
    }
    let root = workspace.root();
    let loaded = load(&asked, root, &request.cwd, &mut io::empty())
        .map_err(|e| conf_error(&e, request, workspace, pid, now))?;
    let config = &loaded.config;
    let (daemonized, backlog) = (config.daemonize, config.tcp_backlog);
    let port = u16::try_from(config.port).unwrap_or(0);
    let log_file =
        (!config.logfile.is_empty()).then(|| root.absolute(&config.dir, &config.logfile));
    let boot = boot(&loaded, port, pid);
    let mut spec = NodeSpec {
        boot,
        listeners: Vec::new(),
        warnings: Vec::new(),
        root: root.clone(),
        bind: BindPolicy::LoopbackOnly,
        // The terminal belongs to the front-end; the facts carry every line.
        stdout: LogTo::Nowhere,
        loaded,
    };
    let backlog = i32::try_from(backlog).unwrap_or(i32::MAX);
    let listening = listen(&spec.loaded.config.bind, port, backlog, spec.bind);
    let failed = match listening {
        Ok(listening) if listening.sockets.is_empty() => {
            StartError::new("Configured to not listen anywhere, exiting.")
                .with_hint("In the lab every instance needs a port; `port 0` is none.")
        }
        Ok(listening) => {
            spec.listeners = listening.sockets;
            spec.warnings = listening.warnings.clone();
            let warnings = listening.warnings;
            return Ok(Prepared { spec, port, daemonized, log_file, warnings });
        }
        Err(error) => port_error(&error, port, base_port),
    };
    // A daemon has nowhere else to say it; whoever looks into its log finds it.
    let log = spec.log();
    for line in failed.text.lines() {
        log.line(now, LogLevel::Warning, 'M', line);
    }
    Err(StartError { port: Some(port).filter(|p| *p > 0), ..failed })
}

/// The dumps that such a start would find, by their virtual paths: the one that it would load, and
/// what an earlier life left unfinished.
pub(super) fn dumps(request: &Request, workspace: &Workspace) -> Result<Vec<String>, StartError> {
    let args: Vec<OsString> =
        request.conf.iter().chain(&request.directives).map(OsString::from).collect();
    let Asked::Run(asked) = parse(&args) else { return Ok(Vec::new()) };
    let root = workspace.root();
    let loaded = load(&asked, root, &request.cwd, &mut io::empty())
        .map_err(|e| StartError::new(e.to_string()))?;
    let dir = root.absolute(&request.cwd, &loaded.config.dir);
    let entries = workspace.list(&dir).unwrap_or_default();
    let left = |name: &str| name.starts_with("temp-") && name.ends_with(".rdb");
    let ours = entries.into_iter().filter(|e| e.name == loaded.config.dbfilename || left(&e.name));
    Ok(ours.map(|e| root.absolute(&dir, &e.name)).collect())
}

impl StartError {
    fn with_hint(mut self, hint: impl Into<String>) -> StartError {
        self.hint = Some(hint.into());
        self
    }
}

fn conf_error(
    error: &ConfError,
    request: &Request,
    workspace: &Workspace,
    pid: u32,
    now: Now,
) -> StartError {
    match error {
        ConfError::Unreadable { path, .. } => {
            let line = format!("{pid}:C {} # {error}", stamp(now.wall_us));
            let path = workspace.resolve(&request.cwd, path);
            StartError::new(line).with_hint(near(&path, workspace))
        }
        ConfError::Wrong(_) => {
            let mut e = StartError::new(error.to_string());
            if let Some(conf) = &request.conf {
                e.hint = Some(format!("vim {conf} opens the file."));
            }
            e
        }
    }
}

/// What is there instead of a file that is not: the same letters with other marks between them,
/// else the folder's content.
fn near(path: &str, workspace: &Workspace) -> String {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let folder = if folder.is_empty() { "/" } else { folder };
    let letters = |s: &str| -> String {
        s.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
    };
    let Ok(entries) = workspace.list(folder) else {
        return format!("There is no folder {folder}; mkdir {folder} makes it.");
    };
    match entries.iter().find(|e| letters(&e.name) == letters(name)) {
        Some(entry) => format!("There is {folder}/{}: is that the one?", entry.name),
        None => format!("vim {path} writes it."),
    }
}

fn port_error(error: &ListenError, port: u16, base_port: u16) -> StartError {
    let line = &error.line;
    let text = format!("{line}\nFailed listening on port {port} (TCP), aborting.");
    let e = StartError { text, hint: None, port: Some(port) };
    if error.error.kind() != io::ErrorKind::AddrInUse {
        return e;
    }
    // Far enough away to miss whatever holds these three.
    let other = if base_port < 60_000 { base_port.saturating_add(1_000) } else { 6380 };
    e.with_hint(format!(
        "{} synclab --base-port {other} takes other ports for the lab.",
        port_holder::describe(port)
    ))
}
