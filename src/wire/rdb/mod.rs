//! RDB files and DUMP payloads: a writer that emits what Redis 7.0.15 loads, a decoder that takes
//! the bytes as a socket delivers them, and a walker that tells each item of any such file.
//!
//! Strings are the only value type that the decoder loads so far. Any other type is refused by name,
//! with the key that holds it: nothing is skipped and nothing is half-loaded. The walker reads all types.

mod decoder;
mod error;
mod format;
mod length;
pub mod packed;
mod payload;
mod reader;
pub mod walk;
mod writer;

pub use decoder::{Checksum, Decoder, Item, RdbValue};
pub use error::RdbError;
pub use format::VERSION;
pub use payload::{dump_payload, load_payload};
pub use writer::{Options, Writer};

#[cfg(test)]
mod tests;
