//! MULTI's queue and WATCH's keys, as a client keeps them.

/// A transaction that is being queued.
#[derive(Debug, Default)]
pub struct Multi {
    /// The words of each queued command.
    pub queue: Vec<Vec<Vec<u8>>>,
    /// Flags of the queued commands, OR-ed.
    pub flags: u32,
    /// A command was refused while queueing: EXEC answers EXECABORT.
    pub aborted: bool,
}

/// A key under WATCH.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watched {
    pub db: usize,
    pub key: Vec<u8>,
    /// It was logically expired already when WATCH ran; then its removal is no change.
    pub expired: bool,
}
