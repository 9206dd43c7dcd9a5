//! The commands, a file for each kind, and the table that joins them.
//!
//! In: words. Out: replies, changes, what to propagate.

mod args;
mod client;
mod command_cmd;
mod config;
mod connection;
mod debug;
mod server;
pub mod table;
mod transaction;
