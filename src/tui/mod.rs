//! The screens: a lab seen while it happens, in one terminal.
//!
//! In: the journal's events, keys, pastes, clicks, the time. Out: frames, and wishes for the lab
//! and the console (`app::Ask`). It never knows a socket, a server's state that no fact told, or
//! how a line is run: panes fold facts and never ask an instance anything.
//!
//! ```text
//! ┌ status ── where one is · every link in a word · the keys to know ──────────┐  view/status.rs
//! │ lesson │ topology: who follows whom                                         │  view/topology/
//! │ text   ├────────────────────────────────────────┬───────────────────────────┤
//! │ goals  │ sequence of the chosen link            │ Buffer Wire Backlog Keys … │  view/sequence.rs,
//! │ hints  │ (played behind: playback.rs)           │ one tab at a time          │  view/buffer.rs …
//! ├────────┴────────────────────────────────────────┴───────────────────────────┤
//! │ console: scrollback and prompt                                               │  view/console.rs
//! └──────────────────────────────────────────────────────────────────────────────┘
//! ```
//! `reduce/` folds events into what the panes show, `travel/` brings back what they showed earlier,
//! `app/` is the state and what input does to it, `view/` draws it, `run.rs` is the loop around them and `term.rs` the terminal's care.

pub mod app;
mod copy;
pub mod editor;
mod fuzzy;
mod line_edit;
mod playback;
pub mod reduce;
mod run;
mod term;
pub mod text;
pub mod theme;
pub mod travel;
pub mod view;

pub use run::{Options, run};

#[cfg(test)]
mod tests;
