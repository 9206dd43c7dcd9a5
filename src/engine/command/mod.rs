//! The commands, a file for each kind, and the table that joins them.
//!
//! In: words. Out: replies, changes, what to propagate.

pub mod table;
