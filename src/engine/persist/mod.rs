//! Saving and loading the data set.

/// A snapshot being encoded, pulled piece by piece on a thread of the driver's.
#[derive(Debug)]
pub struct SaveJob {}

/// What is known about saves.
#[derive(Debug, Default)]
pub struct Persist {}
