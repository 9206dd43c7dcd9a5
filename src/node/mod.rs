//! The real driver: one instance on one thread, with sockets, timers and files.
//!
//! In: a configuration, a clock, a gate, a control line. Out: a running server; its facts to a
//! sink, its log lines to a file. Never in here: what a command means, what replication decides,
//! words for the screen.

mod clock;
mod gate;
mod limits;
mod listen;
mod log;
mod root;

pub use clock::{Clock, SystemClock};
pub use gate::{Gate, GateKey, Grant, OpenGate};
pub use limits::{FileLimit, RESERVED_FDS, os_name, raise_open_files, system_memory};
pub use listen::{BindPolicy, ListenError, Listening, listen};
pub use log::{Log, LogTo, os_text, stamp};
pub use root::Root;

use crate::observe::{Fact, Now};

/// Takes the facts of an instance, turn by turn, on the instance's own thread: it must be quick.
pub trait FactSink: Send {
    /// `facts` may be drained; what is left in it is dropped.
    fn take(&mut self, at: Now, facts: &mut Vec<Fact>);
}

/// Facts that nobody wants.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoSink;

impl FactSink for NoSink {
    fn take(&mut self, _at: Now, _facts: &mut Vec<Fact>) {}
}
