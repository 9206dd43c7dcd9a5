//! The console: what a typed line means, what it does, and what comes back.
//!
//! In: lines as a person types or pastes them, replies of servers, events of the journal.
//! Out: labelled answers in redis-cli's own format, and each event in words.
//! It never knows which front-end shows them: no screen, no colour, no line editor.
//!
//! | File | What it does |
//! |---|---|
//! | [`line`] | tells prompts, comments, prose, verbs, shell and Redis lines apart |
//! | `session` | runs one line: where it goes, what is recorded |
//! | `redis` | a line at a redis-cli prompt |
//! | `shell` | the lab's shell, one file a command |
//! | `verbs` | `:wait`, `:fill` and the others, one file a verb |
//! | `patience` | why a pasted GET waits for its replica |
//! | `stall` | replies that wait for a step, or for a frozen instance |
//! | [`ports`] | texts that name 6380, said with the lab's own ports |
//! | [`reply`], [`client`] | redis-cli's formats and its connection |
//! | [`narrate`] | each event of the journal in words |
//! | [`why`] | the rule, the numbers and the setting behind a decision |
//! | [`show`] | the panes as plain text |
//! | [`scenario`] | ready-made situations, as files |
//! | [`steps`] | replication's steps in words |
//! | `complete`, [`suggest`] | what could stand at the cursor; what was meant |

pub mod client;
pub mod commands;
mod complete;
mod interrupt;
mod later;
pub mod line;
pub mod narrate;
mod notes;
mod outcome;
mod patience;
pub mod ports;
pub mod rdb;
mod redis;
pub mod reply;
pub mod scenario;
mod session;
mod shell;
pub mod show;
mod stall;
pub mod steps;
pub mod suggest;
pub mod units;
mod verbs;
pub mod why;
pub mod words;

pub use complete::Completer;
pub use interrupt::Interrupt;
pub use outcome::{
    Back, Candidate, Completion, EditRequest, MoreLines, Outcome, OwnEditor, PastedLine,
};
pub use session::{Console, Desk};
pub use shell::cli::{CliOptions, PASSWORD_WARNING};
pub(crate) use verbs::coming;
