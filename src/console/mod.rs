//! The console: what a typed line means, what it does, and what comes back.
//!
//! In: lines as a person types or pastes them, replies of servers, events of the journal.
//! Out: labelled answers in redis-cli's own format, and each event in words.
//! It never knows which front-end shows them: no screen, no colour, no line editor.

pub mod client;
pub mod commands;
mod interrupt;
pub mod line;
pub mod narrate;
mod outcome;
pub mod reply;
pub mod secret;
pub mod suggest;
pub mod units;
pub mod words;

pub use interrupt::Interrupt;
pub use outcome::{Candidate, Completion, EditRequest, MoreLines, Outcome, OwnEditor};
