//! Keys of a certain type: looked up, changed, created; another type is an error.

use super::Engine;
use super::keyspace::Value;
use super::types::Container;
use crate::observe::GoneWhy;
use crate::wire::reply::ReplyWriter;

/// The reply to a command for another type.
pub(crate) const WRONG_TYPE: &str =
    "WRONGTYPE Operation against a key holding the wrong kind of value";

/// The key holds another type; the error was replied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WrongType;

impl Engine {
    /// Shows the value under `key` to a command that reads; `None`: there is none. The reply can be
    /// written meanwhile: nothing is cloned.
    pub fn reading<C: Container, R>(
        &mut self,
        key: &[u8],
        read: impl FnOnce(Option<&C>, &mut ReplyWriter) -> R,
    ) -> Result<R, WrongType> {
        let mut reply = std::mem::take(&mut self.reply);
        let result = match self.look_up_read(key) {
            None => Ok(read(None, &mut reply)),
            Some(entry) => match C::of(entry.value()) {
                Some(value) => Ok(read(Some(value), &mut reply)),
                None => {
                    reply.error(WRONG_TYPE);
                    Err(WrongType)
                }
            },
        };
        self.reply = reply;
        result
    }

    /// Whether `key` can be written to as this type: `Ok(true)` if it holds one, `Ok(false)` if
    /// there is no such key. Counts as a write's use of the key.
    pub fn holds<C: Container>(&mut self, key: &[u8]) -> Result<bool, WrongType> {
        let fits = self.lookup_write(key).map(|e| C::of(e.value()).is_some());
        match fits {
            Some(false) => {
                self.reply.error(WRONG_TYPE);
                Err(WrongType)
            }
            Some(true) => Ok(true),
            None => Ok(false),
        }
    }

    /// Changes the value under `key` in place; `None` if there is none of this type. The key stays
    /// even if it is empty now: see [`Engine::remove_if_empty`]. Call [`Engine::touched`] when the
    /// change is complete.
    pub fn changing<C: Container, R>(
        &mut self,
        key: &[u8],
        change: impl FnOnce(&mut C) -> R,
    ) -> Option<R> {
        let db = self.db;
        self.keyspace.db_mut(db).update(key, |value| C::of_mut(value).map(change)).flatten()
    }

    /// Stores a value of this type under `key` (no expiry is kept), and lets those know who wait
    /// for such a key. Call [`Engine::touched`] when the change is complete.
    pub fn create<C: Container>(&mut self, key: &[u8], value: C) {
        self.store(key, value.into_value());
    }

    /// The same with a value of any type.
    pub fn store(&mut self, key: &[u8], value: Value) {
        self.set_key(key, value, false);
        self.key_ready(self.db, key);
    }

    /// Takes the key out if its value has become empty; whether it did. Counts no change, and the
    /// caller notifies (`del`, after the type's own event).
    pub fn remove_if_empty<C: Container>(&mut self, key: &[u8]) -> bool {
        let db = self.db;
        let entry = self.keyspace.db(db).get(key);
        let empty = entry.and_then(|e| C::of(e.value())).is_some_and(C::is_empty);
        if empty {
            self.remove_key_in(db, key, GoneWhy::Deleted);
        }
        empty
    }
}
