//! The lab's own ports: three at first, more when the learner adds them.

use super::error::{LabError, LabErrorKind};
use super::free;
use super::instances::{MAX_INSTANCES, Started};
use super::session::{CLOSE_PATIENCE, Lab, join, make_room};
use super::start::StartError;
use super::workspace::DATA;
use crate::node::Control;
use crate::observe::LabFact;
use std::sync::PoisonError;

impl Lab {
    /// The lab's own ports, in the order in which they came.
    pub fn ports(&self) -> Vec<u16> {
        self.0.ports.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The three ports that the session began with, whatever became of them: texts that name the
    /// usual ones mean these.
    pub fn base_ports(&self) -> [u16; 3] {
        let base = self.options().base_port;
        [base, base.saturating_add(1), base.saturating_add(2)]
    }

    /// A new port with its folder, its conf file (one that is there stays) and a server.
    ///
    /// # Errors
    /// The lab is full, the port is taken, or the server does not start.
    pub fn add(&self, port: u16) -> Result<Started, LabError> {
        let ports = self.ports();
        if port == 0 {
            return Err(
                LabError::new(LabErrorKind::Port, "0 is no port").hint("Ports go from 1 to 65535.")
            );
        }
        if ports.contains(&port) || self.instance(port).is_some_and(|i| i.up) {
            return Err(LabError::new(LabErrorKind::Port, format!("{port} is in the lab already"))
                .hint(format!(":restart {port} starts it again if it is down.")));
        }
        if ports.len() >= MAX_INSTANCES {
            let cause = format!("the lab has {MAX_INSTANCES} ports, and room for no more");
            return Err(LabError::new(LabErrorKind::Port, cause)
                .hint(format!(":remove PORT makes room: {}.", join(&ports))));
        }
        make_room(ports.len() + 1);
        let workspace = self.workspace();
        workspace.mkdir(&format!("{DATA}/{port}"), true)?;
        let conf = free::conf_path(port);
        if !workspace.exists(&conf) {
            workspace.write(&conf, free::conf(port).as_bytes())?;
        }
        let started = self.start_server(DATA, Some(&conf), &[]).map_err(free::as_lab_error)?;
        self.0.ports.lock().unwrap_or_else(PoisonError::into_inner).push(port);
        self.record_lab(LabFact::PortAdded { port });
        Ok(started)
    }

    /// Takes a port out of the lab: its instance ends as on SIGTERM (killed if that takes too long
    /// or it is frozen), faults of its links are undone. Its files stay.
    ///
    /// # Errors
    /// There is no such port, or it is the last one.
    pub fn remove(&self, port: u16) -> Result<(), LabError> {
        let ports = self.ports();
        let info = self.instance(port);
        if !ports.contains(&port) && info.is_none() {
            return Err(self.no_instance(port));
        }
        if ports == [port] {
            return Err(LabError::new(LabErrorKind::Port, format!("{port} is the last port"))
                .hint(":add PORT brings another one first."));
        }
        if let Some(info) = info.filter(|i| i.up) {
            let gently = !info.frozen && self.terminate(port).is_ok();
            if !gently || !self.wait_down(port, CLOSE_PATIENCE) {
                self.0.instances.send(port, Control::Kill);
                self.wait_down(port, super::session::KILL_PATIENCE);
            }
        }
        for (pair, _) in self.0.links.faulty() {
            if pair.0 == port || pair.1 == port {
                self.heal(Some(pair));
            }
        }
        self.0.instances.forget(port);
        self.0.ports.lock().unwrap_or_else(PoisonError::into_inner).retain(|p| *p != port);
        self.record_lab(LabFact::PortRemoved { port });
        Ok(())
    }

    /// Starts an instance that is down again, with the conf file and directives that it had. `empty`:
    /// without its data; the dump that it would load is removed first.
    ///
    /// # Errors
    /// It is up, was never started, or does not start.
    pub fn restart(&self, port: u16, empty: bool) -> Result<Started, StartError> {
        match self.0.instances.request(port) {
            Some((request, false)) => {
                if empty {
                    for path in super::start::dumps(&request, self.workspace())? {
                        self.workspace().remove(&path, false).map_err(|e| {
                            let mut error = StartError::new(e.cause);
                            (error.hint, error.port) = (e.hint, Some(port));
                            error
                        })?;
                    }
                }
                self.start(request)
            }
            Some((_, true)) => {
                let mut e = StartError::new(format!("the instance on port {port} is up"));
                e.hint = Some(format!(":kill {port} ends it first."));
                Err(e)
            }
            None => {
                let none = self.no_instance(port);
                Err(StartError { text: none.cause, hint: none.hint, port: Some(port) })
            }
        }
    }
}
