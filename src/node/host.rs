//! What the engine asks in the middle of a command: the working directory, the listening sockets,
//! the bound on open files, the kill flag, a clock, who lets steps through.

use super::control::Killed;
use super::limits::{RESERVED_FDS, raise_open_files};
use super::listen::listen;
use super::log::os_text;
use super::ready::{ReadyQueue, Token};
use super::steps::Steps;
use super::{BindPolicy, Root};
use crate::engine::config::Config;
use crate::engine::host::{Host, Ticket};
use crate::observe::{LinkRef, Step};
use std::cell::{Ref, RefCell, RefMut};
use std::rc::Rc;
use std::sync::Arc;
use std::task::Waker;
use std::time::Instant;
use tokio::net::TcpListener;

/// A listening socket and the waker that notes its token.
pub(super) struct Listener {
    pub(super) socket: TcpListener,
    pub(super) waker: Waker,
}

/// The part of an instance's surroundings that commands can change.
pub(super) struct Place {
    pub(super) root: Root,
    /// The working directory, absolute, as the instance sees it.
    pub(super) cwd: String,
    pub(super) bind: BindPolicy,
    pub(super) listeners: Vec<Listener>,
    /// The listening port; the local half of every gate's key.
    pub(super) port: u16,
    pub(super) ready: Arc<ReadyQueue>,
}

/// The place of one instance, shared between its loop and its engine on the same thread. Nobody
/// keeps a borrow across a call of the engine.
#[derive(Clone)]
pub(super) struct SharedPlace(Rc<RefCell<Place>>);

impl SharedPlace {
    pub(super) fn new(place: Place) -> SharedPlace {
        SharedPlace(Rc::new(RefCell::new(place)))
    }

    pub(super) fn get(&self) -> Ref<'_, Place> {
        self.0.borrow()
    }

    pub(super) fn get_mut(&self) -> RefMut<'_, Place> {
        self.0.borrow_mut()
    }
}

impl Place {
    /// Listens on these sockets from now on, and on no others. Answers what went wrong.
    pub(super) fn listen_on(&mut self, sockets: Vec<std::net::TcpListener>) -> Vec<String> {
        self.listeners.clear();
        let mut lines = Vec::new();
        for (i, socket) in sockets.into_iter().enumerate() {
            let registered =
                socket.set_nonblocking(true).and_then(|()| TcpListener::from_std(socket));
            match registered {
                Ok(socket) => {
                    let waker = self.ready.waker(Token::Listener(i));
                    waker.wake_by_ref();
                    self.listeners.push(Listener { socket, waker });
                }
                Err(e) => lines.push(format!("Accepting connections: {}", os_text(&e))),
            }
        }
        lines
    }
}

/// Answers the engine's questions.
pub(super) struct NodeHost {
    place: SharedPlace,
    killed: Killed,
    /// The port that the instance was started on: its name among the steps.
    name: u16,
    steps: Arc<dyn Steps>,
    born: Instant,
}

impl NodeHost {
    pub(super) fn new(
        place: SharedPlace,
        killed: Killed,
        name: u16,
        steps: Arc<dyn Steps>,
    ) -> NodeHost {
        NodeHost { place, killed, name, steps, born: Instant::now() }
    }
}

impl Host for NodeHost {
    fn enter(&mut self, dir: &str) -> Result<String, String> {
        let mut place = self.place.get_mut();
        let entered = match dir {
            // To chdir an empty path is none; joined to another it would mean that one.
            "" => Err(std::io::Error::from_raw_os_error(libc::ENOENT)),
            dir => place.root.enter(&place.cwd, dir),
        };
        place.cwd = entered.map_err(|e| os_text(&e))?;
        Ok(place.cwd.clone())
    }

    fn listen(&mut self, config: &Config) -> Result<Vec<String>, Vec<String>> {
        let mut place = self.place.get_mut();
        let port = u16::try_from(config.port).unwrap_or(0);
        let backlog = i32::try_from(config.tcp_backlog).unwrap_or(i32::MAX);
        // The old sockets go first: the new addresses may overlap with theirs.
        place.listeners.clear();
        match listen(&config.bind, port, backlog, place.bind) {
            Ok(listening) => {
                let mut lines = listening.warnings;
                place.port = port;
                lines.extend(place.listen_on(listening.sockets));
                Ok(lines)
            }
            Err(e) => Err(vec![e.line]),
        }
    }

    fn make_room(&mut self, maxclients: i64) -> Result<(), i64> {
        let wanted = u64::try_from(maxclients).unwrap_or(0).saturating_add(RESERVED_FDS);
        match raise_open_files(wanted) {
            Some(limit) if limit.now < wanted => {
                let fits = limit.now.saturating_sub(RESERVED_FDS).max(1);
                Err(i64::try_from(fits).unwrap_or(i64::MAX))
            }
            _ => Ok(()),
        }
    }

    fn killed(&self) -> bool {
        self.killed.get()
    }

    fn micros(&self) -> u64 {
        u64::try_from(self.born.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    fn stepping(&self) -> bool {
        self.steps.stepping()
    }

    fn may(&mut self, ticket: Ticket, step: &Step) -> bool {
        self.steps.may(self.name, ticket, step)
    }

    fn outside(&self, link: &LinkRef) -> bool {
        self.steps.outside(link)
    }

    fn forget(&mut self, ticket: Ticket) {
        self.steps.forget(self.name, ticket);
    }
}
