//! The lab: three real instances, a workspace of files, links that can be slowed, and the record of
//! everything that happened.
//!
//! In: what a front-end asks for (start, kill, throttle), and the facts of the instances.
//! Out: the [`journal::Journal`] of events and the [`model::Model`] that they fold into.
//! It never knows how a line is typed, how a fact is worded or what a screen looks like.

pub mod clock;
mod error;
pub mod free;
mod instances;
pub mod journal;
pub mod links;
pub mod model;
mod pace;
mod pids;
mod port_holder;
pub mod recorder;
pub mod secrets;
mod session;
mod sink;
mod start;
pub mod workspace;

pub use error::{LabError, LabErrorKind};
pub use instances::{InstanceInfo, Started};
pub use session::{Lab, LabOptions};
pub use start::StartError;
pub use workspace::{Entry, Workspace};
