//! The free lab: the state after the author's mkdir, vim and redis-server lines.

use super::error::{LabError, LabErrorKind};
use super::journal::Journal;
use super::session::Lab;
use super::start::StartError;
use super::workspace::DATA;
use crate::observe::{Body, Event, ExitHow, Fact, LabFact, Source};
use std::collections::BTreeSet;
use std::time::Duration;

/// How long three empty servers may take; a dump of an earlier session may have to be loaded.
const PATIENCE: Duration = Duration::from_secs(60);

/// The conf file of the page, for any port.
pub fn conf(port: u16) -> String {
    let dir = format!("{DATA}/{port}");
    format!(
        "port {port}\n\
         daemonize yes\n\
         pidfile {dir}/redis.pid\n\
         loglevel notice\n\
         logfile \"{dir}/redis.log\"\n\
         dbfilename dump.rdb\n\
         dir {dir}\n\
         protected-mode no\n"
    )
}

/// Where the page puts the conf file of a port.
pub fn conf_path(port: u16) -> String {
    format!("{DATA}/{port}/redis.conf")
}

pub(super) fn prepare(lab: &Lab) -> Result<(), LabError> {
    let cursor = lab.journal().len();
    let workspace = lab.workspace();
    for port in lab.ports() {
        workspace.mkdir(&format!("{DATA}/{port}"), true)?;
        let path = conf_path(port);
        if !workspace.exists(&path) {
            workspace.write(&path, conf(port).as_bytes())?;
        }
    }
    let mut waits = BTreeSet::new();
    for port in lab.ports() {
        match lab.start_server(DATA, Some(&conf_path(port)), &[]) {
            Ok(started) => {
                waits.insert(started.port);
            }
            Err(e) => {
                // Half a lab is none: what was started goes again.
                for port in waits {
                    let _ = lab.kill(port);
                }
                return Err(as_lab_error(e));
            }
        }
    }
    wait_ready(lab.journal(), cursor, waits, PATIENCE)
}

/// A failed start as an error of the lab.
pub(super) fn as_lab_error(e: StartError) -> LabError {
    let kind = if e.port.is_some() { LabErrorKind::Port } else { LabErrorKind::Config };
    LabError { kind, cause: e.text, hint: e.hint }
}

/// Waits until each of these ports told that it accepts commands, and gives up when nothing at all
/// was told for `patience`.
pub(super) fn wait_ready(
    journal: &Journal,
    mut cursor: u64,
    mut waits: BTreeSet<u16>,
    patience: Duration,
) -> Result<(), LabError> {
    let mut events = Vec::new();
    while !waits.is_empty() {
        if !journal.wait_beyond(cursor, patience) {
            let ports: Vec<String> = waits.iter().map(u16::to_string).collect();
            let cause = format!("no sign of life from {}", ports.join(", "));
            return Err(LabError::new(LabErrorKind::Instance, cause));
        }
        cursor = journal.read_from(cursor, &mut events, 1024);
        for Event { source, body, .. } in events.drain(..) {
            match (source, body) {
                (Source::Instance(port), Body::Fact(Fact::Ready { .. })) => {
                    waits.remove(&port);
                }
                (_, Body::Lab(LabFact::InstanceDown { port, how })) if waits.contains(&port) => {
                    let how = match how {
                        ExitHow::Shutdown { code } => format!("with exit code {code}"),
                        ExitHow::Killed => "killed".to_owned(),
                        ExitHow::Panicked { message } => format!("it panicked ({message})"),
                        ExitHow::Failed { reason } => reason,
                    };
                    let cause = format!("the instance on port {port} ended at once: {how}");
                    // There is no shell to look around with before the lab is open.
                    return Err(LabError::new(LabErrorKind::Instance, cause).hint(format!(
                        "synclab repl --bare, with the same --workspace, starts nothing: there cat \
                         {DATA}/{port}/redis.log shows why."
                    )));
                }
                _ => {}
            }
        }
    }
    Ok(())
}
