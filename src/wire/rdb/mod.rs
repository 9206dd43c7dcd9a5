//! RDB files and DUMP payloads: a writer that emits what Redis 7.0.15 loads, a decoder that takes
//! the bytes as a socket delivers them, and a walker that tells each item of any such file.
//!
//! A value comes out of the decoder part by part, and goes into the writer likewise, so that a list
//! of a million elements needs no more memory here than one of its nodes. What the parts become is for
//! others to know.

mod decoder;
mod encoder;
mod error;
mod format;
mod layout;
mod length;
pub mod packed;
mod part;
mod payload;
mod reader;
mod text;
pub mod walk;
mod writer;

pub use decoder::{Checksum, Decoder, Hints, Item};
pub use encoder::Encoder;
pub use error::RdbError;
pub use format::{VERSION, kind};
pub use part::{Packed, Part, StreamId, StreamInfo, StreamMore};
pub use payload::{open_payload, seal_payload};
pub use text::Text;
pub use writer::{Options, Writer};

#[cfg(test)]
mod tests;
