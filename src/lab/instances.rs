//! The instances of a session: started as redis-server would, each on a thread of its own, ended by
//! a command, a signal, a kill or a panic, and started again.

use super::clock::LabClock;
use super::journal::Journal;
use super::links::Links;
use super::pids::Pids;
use super::sink::{Lane, Late, Sink};
use super::start::{Prepared, StartError, prepare};
use super::steps::LabSteps;
use super::wakes::Wakes;
use super::workspace::Workspace;
use crate::node::{Clock, Control, ControlTx, Gate, control, run};
use crate::observe::{ExitHow, LabFact, Now};
use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// So many instances may run in one lab.
pub const MAX_INSTANCES: usize = 16;

/// An instance was started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Started {
    pub port: u16,
    pub shown_pid: u32,
    /// `daemonize yes`: redis-server says nothing more. Otherwise its log would run over the
    /// terminal; in the lab it is told as facts, and the prompt is back all the same.
    pub daemonized: bool,
    /// Virtual path of its log file; `None`: its log goes nowhere but into the facts.
    pub log_file: Option<String>,
    /// Lines that redis-server would print before it is up.
    pub warnings: Vec<String>,
}

/// One instance, as a process list shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstanceInfo {
    pub port: u16,
    /// Never the pid of a process of this machine, so that no `kill` typed outside hits a stranger.
    pub shown_pid: u32,
    /// Virtual path of the conf file it was started with.
    pub conf: Option<String>,
    /// Directives of its command line, as typed.
    pub directives: Vec<String>,
    pub daemonized: bool,
    pub up: bool,
    /// Stopped as SIGSTOP would.
    pub frozen: bool,
    /// `127.0.0.1:6380`
    pub addr: String,
    pub started: Now,
}

/// How an instance was asked for, so that it can be asked for again.
#[derive(Clone, Debug)]
pub(super) struct Request {
    /// The virtual folder in which the line was typed.
    pub cwd: String,
    pub conf: Option<String>,
    pub directives: Vec<String>,
}

/// What the instances share with the rest of the session.
pub(super) struct Instances {
    journal: Arc<Journal>,
    clock: Arc<LabClock>,
    links: Arc<Links>,
    steps: Arc<LabSteps>,
    wakes: Arc<Wakes>,
    workspace: Arc<Workspace>,
    late: Arc<Late>,
    pids: Pids,
    /// The lab's first port: errors about a taken port name the way out.
    base_port: u16,
    state: Mutex<State>,
    /// Told whenever an instance has ended.
    ended: Condvar,
}

#[derive(Default)]
struct State {
    slots: BTreeMap<u16, Slot>,
    closed: bool,
}

struct Slot {
    info: InstanceInfo,
    request: Request,
    control: ControlTx,
}

impl Instances {
    pub(super) fn new(
        journal: Arc<Journal>,
        clock: Arc<LabClock>,
        links: Arc<Links>,
        steps: Arc<LabSteps>,
        wakes: Arc<Wakes>,
        workspace: Arc<Workspace>,
        base_port: u16,
    ) -> io::Result<Instances> {
        let late = Late::start(clock.clone())?;
        Ok(Instances {
            journal,
            clock,
            links,
            steps,
            wakes,
            workspace,
            late,
            pids: Pids::new(),
            base_port,
            state: Mutex::default(),
            ended: Condvar::new(),
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts an instance. It listens when this comes back.
    pub(super) fn start(self: &Arc<Self>, request: Request) -> Result<Started, StartError> {
        {
            let state = self.lock();
            if state.closed {
                return Err(StartError::new("the session is closed"));
            }
            if state.slots.values().filter(|s| s.info.up).count() >= MAX_INSTANCES {
                let text = format!("{MAX_INSTANCES} instances run: the lab has room for no more");
                let mut e = StartError::new(text);
                e.hint = Some("SHUTDOWN at one of them, or :kill PORT, makes room.".to_owned());
                return Err(e);
            }
        }
        let pid = self.pids.next();
        let prepared = prepare(&request, &self.workspace, pid, self.clock.now(), self.base_port);
        let Prepared { spec, port, daemonized, log_file, warnings } = match prepared {
            Ok(prepared) => prepared,
            Err(error) => {
                if let Some(port) = error.port {
                    let reason = error.text.lines().last().unwrap_or_default().to_string();
                    self.tell(LabFact::InstanceFailed { port, reason });
                }
                return Err(error);
            }
        };
        let info = InstanceInfo {
            port,
            shown_pid: pid,
            conf: spec.loaded.file.clone(),
            directives: request.directives.clone(),
            daemonized,
            up: true,
            frozen: false,
            addr: format!("127.0.0.1:{port}"),
            started: self.clock.now(),
        };
        let (tx, rx) = control();
        let conf = info.conf.clone();
        {
            let mut state = self.lock();
            // Closed meanwhile: the sockets of `spec` go with it.
            if state.closed {
                return Err(StartError::new("the session is closed"));
            }
            self.links.instance_up(port);
            self.wakes.add(port, tx.clone());
            state.slots.insert(port, Slot { info, request, control: tx });
        }
        self.tell(LabFact::InstanceUp { port, conf });
        let mine = self.clone();
        let spawned = std::thread::Builder::new().name(format!("redis-{port}")).spawn(move || {
            let lane = Arc::new(Lane::new(mine.journal.clone(), port));
            let sink = Box::new(Sink {
                workspace: mine.workspace.clone(),
                lane: lane.clone(),
                late: mine.late.clone(),
            });
            let (gate, clock): (Arc<dyn Gate>, Arc<dyn Clock>) =
                (mine.links.clone(), mine.clock.clone());
            let how = run(spec, rx, sink, gate, mine.steps.clone(), clock);
            lane.flush(mine.clock.now());
            mine.end(port, how);
        });
        if let Err(e) = spawned {
            let reason = format!("no thread for the instance: {e}");
            self.end(port, ExitHow::Failed { reason: reason.clone() });
            return Err(StartError::new(reason));
        }
        Ok(Started { port, shown_pid: pid, daemonized, log_file, warnings })
    }

    /// Told by an instance's own thread, as the last thing it does.
    fn end(&self, port: u16, how: ExitHow) {
        self.workspace.rescan();
        self.links.instance_down(port, self.clock.now());
        self.wakes.remove(port);
        self.steps.with(|s| s.instance_gone(port));
        self.tell(LabFact::InstanceDown { port, how });
        if let Some(slot) = self.lock().slots.get_mut(&port) {
            slot.info.up = false;
            slot.info.frozen = false;
        }
        self.ended.notify_all();
    }

    fn tell(&self, fact: LabFact) {
        self.journal.append_lab(self.clock.now(), fact);
    }

    /// Sends to an instance that is up; says whether there is one.
    pub(super) fn send(&self, port: u16, what: Control) -> bool {
        match self.lock().slots.get(&port) {
            Some(slot) if slot.info.up => {
                slot.control.send(what);
                true
            }
            _ => false,
        }
    }

    /// Has an instance that is up end the connections of a link; see [`ControlTx::drop_links`].
    /// Says whether there is such an instance.
    pub(super) fn drop_links(
        &self,
        port: u16,
        peer: u16,
        tell: impl FnOnce(bool) + Send + 'static,
    ) -> bool {
        let line = self.lock().slots.get(&port).filter(|s| s.info.up).map(|s| s.control.clone());
        line.map(|line| line.drop_links(peer, tell)).is_some()
    }

    /// Sends to all that are up.
    pub(super) fn send_all(&self, what: Control) {
        for slot in self.lock().slots.values().filter(|s| s.info.up) {
            slot.control.send(what);
        }
    }

    /// Stops an instance where it stands, or lets it go on; says whether it did so within
    /// `at_most` (a long command is not interrupted). `None`: there is no such instance, or it is
    /// in that state already.
    pub(super) fn freeze(&self, port: u16, on: bool, at_most: Duration) -> Option<bool> {
        let line = {
            let mut state = self.lock();
            let slot = state.slots.get_mut(&port).filter(|s| s.info.up && s.info.frozen != on)?;
            slot.info.frozen = on;
            slot.control.clone()
        };
        line.send(if on { Control::Freeze } else { Control::Thaw });
        Some(line.wait_frozen(on, at_most))
    }

    /// Lets everybody go on.
    pub(super) fn thaw_all(&self) {
        for slot in self.lock().slots.values_mut().filter(|s| s.info.frozen) {
            slot.info.frozen = false;
            slot.control.send(Control::Thaw);
        }
    }

    /// Forgets an instance that is down.
    pub(super) fn forget(&self, port: u16) {
        self.lock().slots.retain(|p, slot| *p != port || slot.info.up);
    }

    /// Waits until none of these ports has a running instance (`None`: none at all). Says whether
    /// it came to that.
    pub(super) fn wait_down(&self, port: Option<u16>, at_most: Duration) -> bool {
        let up = |state: &mut State| {
            state.slots.values().any(|s| s.info.up && port.is_none_or(|p| p == s.info.port))
        };
        let (mut state, _) = self
            .ended
            .wait_timeout_while(self.lock(), at_most, up)
            .unwrap_or_else(PoisonError::into_inner);
        !up(&mut state)
    }

    /// What is needed to start the instance on `port` again, and whether it is up.
    pub(super) fn request(&self, port: u16) -> Option<(Request, bool)> {
        self.lock().slots.get(&port).map(|slot| (slot.request.clone(), slot.info.up))
    }

    /// All of them, by port.
    pub(super) fn list(&self) -> Vec<InstanceInfo> {
        self.lock().slots.values().map(|slot| slot.info.clone()).collect()
    }

    /// Nothing can be started any more.
    pub(super) fn shut_the_door(&self) {
        self.lock().closed = true;
    }
}

impl Drop for Instances {
    fn drop(&mut self) {
        self.late.close();
    }
}
