//! Two or three engines joined by pipes, under virtual time, with a seed.

mod bytes;
mod chain;
mod collections;
mod failover;
mod fallback;
mod full_sync;
mod limits;
mod partial;
mod pauses;
mod pump;
mod rules;
mod serving;
mod stale;
mod timeouts;
