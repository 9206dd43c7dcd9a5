//! synclab: an interactive lab for Redis replication in one terminal program.
//!
//! Real server instances run inside this process; a person types redis-cli commands against them
//! and watches everything that happens between them. The rooms, from the bytes up:
//!
//! - [`wire`]: bytes ⇄ values. RESP, inline commands, RDB, LZF. Knows no socket, clock or role.
//! - [`observe`]: the types of the facts that everything below tells and everything above folds.
//! - [`engine`]: one instance as a synchronous library: keys, commands, replication, configuration.
//!   The time and the bytes go in, effects, bytes and facts come out.
//! - [`node`]: the real driver of an engine: sockets, timers, files. Also `synclab server`.
//! - [`sim`]: the simulated driver: virtual network, virtual time, faults from a seed.
//! - [`lab`]: several instances together: the workspace, the links and what slows them, the
//!   journal of the session and the model that is folded from it.
//! - [`console`]: what a typed line means, how an answer looks, how an event is told in words.
//! - [`lesson`]: lesson files, their goals, and how far a learner is.
//! - [`transcript`]: a recorded session as a document.
//! - [`tui`] and [`line`]: the two front-ends.
//!
//! Dependencies point one way: wire ← observe ← engine ← node | sim ← lab ← console ← lesson ←
//! tui | line; `tests/tidy.rs` holds it. `ARCHITECTURE.md` follows a typed line through the rooms.

pub mod console;
pub mod engine;
pub mod lab;
pub mod lesson;
pub mod line;
pub mod node;
pub mod observe;
pub mod sim;
pub mod transcript;
pub mod tui;
pub mod wire;
