//! Keys of a certain type: looked up, changed, created; another type is an error.

use super::Engine;
use super::keyspace::Value;
use super::notify::class;
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
    /// Gives the running command's reply away, so that it can be written to while a value is looked
    /// at. [`Engine::take_reply_back`] ends that.
    pub(crate) fn lend_reply(&mut self) -> ReplyWriter {
        let aside = ReplyWriter::new(self.reply.resp);
        std::mem::replace(&mut self.reply, aside)
    }

    /// Takes the reply back, and appends the messages to the client that came up meanwhile (the
    /// key had expired, or was missed).
    pub(crate) fn take_reply_back(&mut self, mut reply: ReplyWriter) {
        reply.buf.append(&mut self.reply.buf);
        self.reply = reply;
    }

    /// Shows the value under `key` to a command that reads; `None`: there is none. The reply can be
    /// written meanwhile: nothing is cloned.
    pub fn reading<C: Container, R>(
        &mut self,
        key: &[u8],
        read: impl FnOnce(Option<&C>, &mut ReplyWriter) -> R,
    ) -> Result<R, WrongType> {
        let mut reply = self.lend_reply();
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
        self.take_reply_back(reply);
        result
    }

    /// Shows the value under `key`, of whatever type, to a command that reads.
    pub fn reading_any<R>(
        &mut self,
        key: &[u8],
        read: impl FnOnce(Option<&Value>, &mut ReplyWriter) -> R,
    ) -> R {
        let mut reply = self.lend_reply();
        let result = read(self.look_up_read(key).map(|e| e.value()), &mut reply);
        self.take_reply_back(reply);
        result
    }

    /// Replies with the string under `key`, or with null; whether there is one.
    pub fn get_string(&mut self, key: &[u8]) -> Result<bool, WrongType> {
        self.reading_any(key, |value, reply| {
            match value {
                None => reply.null(),
                Some(Value::Int(n)) => reply.bulk_int(*n),
                Some(value) => match value.text() {
                    Some(text) => reply.bulk(&text),
                    None => {
                        reply.error(WRONG_TYPE);
                        return Err(WrongType);
                    }
                },
            }
            Ok(value.is_some())
        })
    }

    /// The string under `key` for a command that reads it; `None`: there is none. The clone costs a
    /// reference count at most.
    pub fn read_string(&mut self, key: &[u8]) -> Result<Option<Value>, WrongType> {
        match self.lookup_read(key) {
            Some(value) if !value.is_string() => {
                self.reply.error(WRONG_TYPE);
                Err(WrongType)
            }
            value => Ok(value),
        }
    }

    /// The length of the string under `key` for a command that changes it; `None`: there is none.
    pub fn string_len(&mut self, key: &[u8]) -> Result<Option<usize>, WrongType> {
        match self.lookup_write(key).map(|e| e.value().is_string().then(|| e.value().str_len())) {
            None => Ok(None),
            Some(Some(len)) => Ok(Some(len)),
            Some(None) => {
                self.reply.error(WRONG_TYPE);
                Err(WrongType)
            }
        }
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

    /// Changes the value under `key` in place if it is of this type; `Ok(None)`: there is no such key.
    /// As [`Engine::holds`] and [`Engine::changing`] together.
    pub fn writing<C: Container, R>(
        &mut self,
        key: &[u8],
        change: impl FnOnce(&mut C) -> R,
    ) -> Result<Option<R>, WrongType> {
        Ok(if self.holds::<C>(key)? { self.changing(key, change) } else { None })
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
    }

    /// Takes the key out if its value has become empty; whether it did. Counts no change, and the
    /// caller notifies (`del`, after the type's own event).
    pub fn remove_if_empty<C: Container>(&mut self, key: &[u8]) -> bool {
        let db = self.db;
        let entry = self.keyspace.db(db).get(key);
        let empty = entry.and_then(|e| C::of(e.value())).is_some_and(C::is_empty);
        if empty {
            self.drop_key_in(db, key, GoneWhy::Deleted);
        }
        empty
    }

    /// Ends a change that took `changes` elements out of the value under `key`: tells `event`, takes
    /// the key out if it is empty now (`del`), and counts the changes.
    pub(crate) fn shrunk<C: Container>(
        &mut self,
        key: &[u8],
        class: u32,
        event: &str,
        changes: u64,
    ) {
        let db = self.db;
        let removed = self.remove_if_empty::<C>(key);
        if !removed {
            self.key_written(db, key);
        }
        self.notify(class, event, db, key);
        if removed {
            self.notify(class::GENERIC, "del", db, key);
        }
        self.dirty += changes;
    }
}
