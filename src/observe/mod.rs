//! The seam: what an instance, the lab and the console report, as typed values.
//!
//! In: nothing. Out: the types of the facts and the envelope they travel in.
//! Never here: prose, colour, layout, sockets, clocks. The words belong to the front-ends.

mod answer;
mod decision;
mod event;
mod fact;
mod failover;
mod ids;
mod key_type;
mod message;
mod now;
mod preview;
mod raw;
mod rdb;
mod step;

pub use answer::{Answer, AnswerLine, Label, Span};
pub use decision::{Decision, Standing};
pub use event::{Body, ConsoleFact, Event, ExitHow, Fault, LabFact, Source};
pub use fact::{
    Fact, FullReason, GoneWhy, IdCause, LinkLoss, LogLevel, PsyncVerdict, RoleCause, Rule,
    SaveTarget, WaitReason,
};
pub use failover::{Failover, FailoverAbort, LinkPhase, PausedBy, SoftLimit};
pub use ids::{Addr, Offset, ReplId, Role};
pub use key_type::KeyType;
pub use message::{LinkRef, LinkState, Message, Passage, RdbFraming, ReplicaState, Side};
pub use now::Now;
pub use preview::Preview;
pub use raw::Raw;
pub use rdb::{RdbElement, RdbKey, RdbSum, RdbWhat, raw_of as rdb_raw};
pub use step::{BreakOn, Flow, Step, StepKind, StepWhat};
