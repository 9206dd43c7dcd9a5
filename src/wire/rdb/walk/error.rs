//! Why a walk ends early.

use super::Clip;
use crate::wire::rdb::VERSION;
use crate::wire::text::printable;
use std::fmt;

/// The walk cannot go on: where, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WalkError {
    /// Offset in the file of the first byte that is wrong or lacking.
    pub at: u64,
    pub why: Why,
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// The file does not begin with `REDIS`.
    NoRdb { found: Clip },
    /// No version that Redis 7.0 reads.
    Version { digits: Clip },
    /// The file ends where this was expected.
    Cut { expected: &'static str },
    /// A byte that is neither an opcode nor a type.
    UnknownType(u8),
    /// A module's data in the first format, which only the module itself can read.
    OldModule,
    /// The bytes contradict themselves: this was expected there.
    Corrupt { expected: &'static str },
    /// The eight bytes at the end are not the sum of what stands before them.
    Checksum { expected: u64, got: u64 },
}

impl fmt::Display for WalkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.why {
            Why::NoRdb { found } if found.bytes.is_empty() => {
                write!(f, "this is no RDB file: it is empty")
            }
            Why::NoRdb { found } => write!(
                f,
                "this is no RDB file: it begins with '{}', not with 'REDIS'",
                printable(&found.bytes, 20)
            ),
            Why::Version { digits } => write!(
                f,
                "at offset {}: expected a version from 0001 to {VERSION:04}, found '{}'",
                self.at,
                printable(&digits.bytes, 20)
            ),
            Why::Cut { expected } => {
                write!(f, "at offset {}: the file ends where {expected} was expected", self.at)
            }
            Why::UnknownType(byte) => write!(
                f,
                "at offset {}: expected an opcode or the type of a value, found {byte:#04x}",
                self.at
            ),
            Why::OldModule => write!(
                f,
                "at offset {}: a module's data in the format of the first modules",
                self.at
            ),
            Why::Corrupt { expected } => write!(f, "at offset {}: expected {expected}", self.at),
            Why::Checksum { expected, got } => write!(
                f,
                "at offset {}: wrong checksum: the bytes add up to {expected:016x}, the file says \
                 {got:016x}",
                self.at
            ),
        }
    }
}

impl std::error::Error for WalkError {}

impl WalkError {
    /// What to do next.
    pub fn hint(&self) -> &'static str {
        match &self.why {
            Why::NoRdb { found } if found.bytes.starts_with(b"*") => {
                "It looks like an append-only file: those hold commands, not a snapshot."
            }
            Why::NoRdb { found } if found.bytes.starts_with(&[0x1f, 0x8b]) => {
                "It is compressed: gunzip it first."
            }
            Why::NoRdb { .. } => {
                "CONFIG GET dir and CONFIG GET dbfilename tell where a server keeps its RDB file."
            }
            Why::Version { .. } => {
                "Redis 7.0 reads versions 1 to 10; a newer Redis wrote this file, or its first bytes \
                 are damaged."
            }
            Why::Cut { .. } => {
                "The file is not whole: was it copied while it was being written? SAVE or BGSAVE \
                 writes a new one."
            }
            Why::UnknownType(20..=25 | 0xf4) => {
                "A Redis newer than 7.0 wrote this; only a Redis as new as that can load it."
            }
            Why::OldModule => {
                "Only the module that wrote it can read it: load it into Redis with it."
            }
            Why::UnknownType(_) | Why::Corrupt { .. } => {
                "Something changed these bytes, or what stands before them: take another copy of the \
                 file, or a new one by BGSAVE."
            }
            Why::Checksum { .. } => {
                "Everything can be read, but some byte is not the one that was written: take another \
                 copy. Redis refuses to load this one unless rdbchecksum is no."
            }
        }
    }
}
