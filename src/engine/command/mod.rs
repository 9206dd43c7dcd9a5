//! The commands, a file for each kind, and the table that joins them.
//!
//! In: words. Out: replies, changes, what to propagate.

mod args;
mod bitmap;
mod bitmap_field;
mod bitmap_range;
mod client;
mod collection_scan;
mod command_cmd;
mod command_docs;
mod command_info;
pub(crate) mod command_keys;
mod command_list;
mod config;
mod connection;
mod debug;
mod generic_dump;
mod generic_expire;
mod generic_flush;
mod generic_keys;
mod generic_move;
mod generic_object;
mod generic_scan;
mod generic_sort;
mod hash_change;
mod hash_count;
mod hash_random;
mod hash_read;
mod latency;
mod migrate;
pub(crate) mod pubsub;
mod save;
mod server;
mod set_algebra;
mod set_change;
mod set_random;
mod set_read;
mod string_bytes;
mod string_change;
mod string_get;
mod string_lcs;
mod string_set;
mod support;
pub mod table;
mod transaction;
