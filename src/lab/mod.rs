//! The lab: real instances, a workspace of files, links that can be hurt, time that can be held, and
//! the record of everything that happened.
//!
//! In: what a front-end asks for (start, kill, cut, step), and the facts of the instances.
//! Out: the [`journal::Journal`] of events and the [`model::Model`] that they fold into.
//! It never knows how a line is typed, how a fact is worded or what a screen looks like.

mod bucket;
pub mod clock;
mod error;
mod faults;
pub mod free;
mod instances;
pub mod journal;
pub mod links;
pub mod model;
mod pace;
mod pids;
mod port_holder;
mod ports;
pub mod recorder;
pub mod secrets;
mod session;
mod sink;
mod start;
mod steps;
mod time;
mod wakes;
pub mod workspace;

pub use error::{LabError, LabErrorKind};
pub use instances::{InstanceInfo, MAX_INSTANCES, Started};
pub use session::{Lab, LabOptions};
pub use start::StartError;
pub use workspace::{Entry, Workspace};
