//! Keyspace notifications: who wants to know what happens to keys (notify-keyspace-events).

use super::Engine;

/// Classes of events: the letters of `notify-keyspace-events` that stand for a kind of command.
pub mod class {
    pub const GENERIC: u32 = 1 << 2; // g
    pub const STRING: u32 = 1 << 3; // $
    pub const LIST: u32 = 1 << 4; // l
    pub const SET: u32 = 1 << 5; // s
    pub const HASH: u32 = 1 << 6; // h
    pub const ZSET: u32 = 1 << 7; // z
    pub const EXPIRED: u32 = 1 << 8; // x
    pub const EVICTED: u32 = 1 << 9; // e
    pub const STREAM: u32 = 1 << 10; // t
    pub const KEY_MISS: u32 = 1 << 11; // m, not part of A
    pub const MODULE: u32 = 1 << 13; // d
    pub const NEW: u32 = 1 << 14; // n, not part of A
}

impl Engine {
    /// Tells subscribers that `event` (Redis's own word: `lpush`, `del`) happened to a key of
    /// database `db`. Redis's order: after the change, before the reply is sent.
    pub fn notify(&mut self, class: u32, event: &str, db: usize, key: &[u8]) {
        let _ = (class, event, db, key);
    }
}
