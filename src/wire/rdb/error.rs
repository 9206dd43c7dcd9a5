//! Why an RDB cannot be loaded. Redis reacts differently to these, so they stay apart.

/// What is wrong with an RDB file, a transfer, or a DUMP payload.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RdbError {
    /// The first bytes are not `REDIS`. Logged as `Wrong signature trying to load DB from file`.
    #[error("wrong signature: this is no RDB file")]
    WrongSignature,
    /// Newer than we read, or no version at all. The text is the log's.
    #[error("Can't handle RDB format version {0}")]
    VersionTooNew(i64),
    /// A type byte that Redis 7.0 does not know either. The text is the log's.
    #[error("Unknown RDB encoding type {0}")]
    UnknownType(u8),
    /// A valid record of a kind that is not there yet.
    #[error("{what} are not supported yet")]
    Unsupported { what: &'static str },
    /// A value that only the module of this name can read. The text is the log's.
    #[error("The RDB file contains module data I can't load: no matching module type '{0}'")]
    Module(String),
    /// The same outside of the keys.
    #[error("The RDB file contains AUX module data I can't load: no matching module '{0}'")]
    ModuleAux(String),
    /// The input ended before the RDB did.
    #[error("short read: the RDB ends too early")]
    ShortRead,
    /// The bytes contradict themselves.
    #[error("corrupt RDB: {0}")]
    Corrupt(&'static str),
    /// `expected` was computed from the bytes, `got` stands at their end.
    #[error("wrong RDB checksum: expected {expected:016x} but got {got:016x}")]
    ChecksumMismatch { expected: u64, got: u64 },
}
