//! How to reach the instances that run, without anybody else's lock.

use crate::node::{Control, ControlTx};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The control lines of the running instances, by port.
#[derive(Debug, Default)]
pub(super) struct Wakes(Mutex<BTreeMap<u16, ControlTx>>);

impl Wakes {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<u16, ControlTx>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn add(&self, port: u16, line: ControlTx) {
        self.lock().insert(port, line);
    }

    pub(super) fn remove(&self, port: u16) {
        self.lock().remove(&port);
    }

    /// Has one instance ask again.
    pub(super) fn one(&self, port: u16) {
        if let Some(line) = self.lock().get(&port) {
            line.send(Control::Wake);
        }
    }

    /// Has all of them ask again.
    pub(super) fn all(&self) {
        for line in self.lock().values() {
            line.send(Control::Wake);
        }
    }
}
