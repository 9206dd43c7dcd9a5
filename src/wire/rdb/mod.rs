//! RDB files and DUMP payloads: a writer that emits what Redis 7.0.15 loads, and a decoder that takes
//! the bytes as a socket delivers them.
//!
//! Strings are the only value type so far. Any other type is refused by name, with the key that
//! holds it: nothing is skipped and nothing is half-loaded.

mod decoder;
mod error;
mod format;
mod payload;
mod reader;
mod writer;

pub use decoder::{Checksum, Decoder, Item, RdbValue};
pub use error::RdbError;
pub use format::VERSION;
pub use payload::{dump_payload, load_payload};
pub use writer::{Options, Writer};

#[cfg(test)]
mod tests;
