//! What a key holds.

use super::text::Text;
use crate::engine::types::{Container, Hash, List, Set, Stream, ZSet};
use crate::observe::KeyType;
use crate::wire::num::parse_i64;
use std::borrow::Cow;
use std::sync::Arc;

/// The longest string that Redis keeps in one allocation with its header (encoding `embstr`).
pub const EMBSTR_MAX: usize = 44;

/// Integers below this are one shared object each in Redis, which OBJECT REFCOUNT lets one see.
const SHARED_INTEGERS: i64 = 10_000;

/// A value of many elements that takes more than this (bytes) is dropped beside the commands.
const DROPPED_AT_ONCE: usize = 64 * 1024;

/// The value of a key. Cloning costs a reference count at most, whatever its size.
#[derive(Clone, Debug)]
pub enum Value {
    /// A string that is the canonical decimal form of this number.
    Int(i64),
    /// A string as it was set.
    Str(Text),
    /// A string that was changed in place (APPEND, SETRANGE): grows without being copied, and has
    /// the encoding `raw` however short it is.
    Raw(Arc<Vec<u8>>),
    List(Arc<List>),
    Set(Arc<Set>),
    Hash(Arc<Hash>),
    ZSet(Arc<ZSet>),
    Stream(Arc<Stream>),
}

impl Value {
    /// The value that SET stores: an integer if the bytes are a number's canonical form.
    pub fn string(bytes: &[u8]) -> Value {
        match parse_i64(bytes) {
            Some(n) => Value::Int(n),
            None if bytes.len() <= Text::MAX => Value::Str(bytes.into()),
            None => Value::Raw(Arc::new(bytes.to_vec())),
        }
    }

    /// Whether it is a string.
    pub fn is_string(&self) -> bool {
        matches!(self, Value::Int(_) | Value::Str(_) | Value::Raw(_))
    }

    /// The string, as bytes; `None` if it is of another type.
    pub fn text(&self) -> Option<Cow<'_, [u8]>> {
        match self {
            Value::Int(n) => Some(Cow::Owned(itoa::Buffer::new().format(*n).as_bytes().to_vec())),
            Value::Str(s) => Some(Cow::Borrowed(s)),
            Value::Raw(s) => Some(Cow::Borrowed(s)),
            _ => None,
        }
    }

    /// The string, as bytes, for those who know that it is one. Of any other type it is nothing,
    /// which is a mistake of the caller: see [`Value::text`].
    pub fn bytes(&self) -> Cow<'_, [u8]> {
        self.text().unwrap_or_default()
    }

    /// The string's length in bytes.
    pub fn str_len(&self) -> usize {
        match self {
            Value::Int(n) => itoa::Buffer::new().format(*n).len(),
            Value::Str(s) => s.len(),
            Value::Raw(s) => s.len(),
            _ => 0,
        }
    }

    /// TYPE's word.
    pub fn type_name(&self) -> &'static str {
        self.key_type().word()
    }

    /// What it is, for those who look on.
    pub fn key_type(&self) -> KeyType {
        match self {
            Value::Int(_) | Value::Str(_) | Value::Raw(_) => KeyType::String,
            Value::List(_) => KeyType::List,
            Value::Set(_) => KeyType::Set,
            Value::Hash(_) => KeyType::Hash,
            Value::ZSet(_) => KeyType::Zset,
            Value::Stream(_) => KeyType::Stream,
        }
    }

    /// OBJECT ENCODING's word.
    pub fn encoding(&self) -> &'static str {
        match self {
            Value::Int(_) => "int",
            Value::Str(s) if s.len() <= EMBSTR_MAX => "embstr",
            Value::Str(_) | Value::Raw(_) => "raw",
            Value::List(v) => v.encoding(),
            Value::Set(v) => v.encoding(),
            Value::Hash(v) => v.encoding(),
            Value::ZSet(v) => v.encoding(),
            Value::Stream(v) => v.encoding(),
        }
    }

    /// A line that tells what it holds, for those who look on: a string's bytes; else how many
    /// elements and the first of them, in an order that master and replica share.
    pub fn preview(&self) -> Cow<'_, [u8]> {
        match self {
            Value::List(v) => Cow::Owned(v.preview()),
            Value::Set(v) => Cow::Owned(v.preview()),
            Value::ZSet(v) => Cow::Owned(v.preview()),
            Value::Hash(v) => Cow::Owned(v.preview()),
            Value::Stream(v) => Cow::Owned(v.preview()),
            _ => self.text().unwrap_or_default(),
        }
    }

    /// OBJECT REFCOUNT's number: small integers are shared for ever, all else has one owner.
    pub fn refcount(&self) -> i64 {
        match self {
            Value::Int(n) if (0..SHARED_INTEGERS).contains(n) => i64::from(i32::MAX),
            _ => 1,
        }
    }

    /// The string as a vector that can be changed in place; it is `raw` from now on.
    pub fn make_raw(&mut self) -> &mut Vec<u8> {
        if !matches!(self, Value::Raw(_)) {
            *self = Value::Raw(Arc::new(self.bytes().into_owned()));
        }
        match self {
            Value::Raw(v) => Arc::make_mut(v),
            _ => unreachable!("made raw above"),
        }
    }

    /// Whether dropping it takes longer than clients should wait between two commands.
    pub fn is_slow_to_drop(&self) -> bool {
        !self.is_string() && self.heap_bytes() > DROPPED_AT_ONCE
    }

    /// Bytes on the heap that belong to the value, with what an allocator adds (an estimate).
    pub fn heap_bytes(&self) -> usize {
        match self {
            Value::Int(_) => 0,
            Value::Str(s) => s.heap_bytes(),
            Value::Raw(s) => 48 + s.capacity(),
            Value::List(v) => v.heap_bytes(),
            Value::Set(v) => v.heap_bytes(),
            Value::Hash(v) => v.heap_bytes(),
            Value::ZSet(v) => v.heap_bytes(),
            Value::Stream(v) => v.heap_bytes(),
        }
    }
}

/// Every entry holds one: what grows here, grows a million times.
const _: () = assert!(size_of::<Value>() == 16);

/// Strings as they are stored; other types by what they are alone.
#[cfg(test)]
impl PartialEq for Value {
    fn eq(&self, other: &Value) -> bool {
        assert!(self.is_string() && other.is_string(), "only strings are compared like this");
        self.encoding() == other.encoding() && self.bytes() == other.bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::Value;

    #[test]
    fn only_canonical_numbers_are_ints() {
        for (text, int) in [
            ("0", true),
            ("-1", true),
            ("9223372036854775807", true),
            ("-9223372036854775808", true),
            ("9223372036854775808", false),
            ("007", false),
            ("-0", false),
            ("+1", false),
            ("", false),
            ("-", false),
            (" 1", false),
            ("1.0", false),
        ] {
            assert_eq!(Value::string(text.as_bytes()).encoding() == "int", int, "{text:?}");
            assert_eq!(&*Value::string(text.as_bytes()).bytes(), text.as_bytes());
        }
    }

    #[test]
    fn encodings_follow_length_and_history() {
        assert_eq!(Value::string(&[b'a'; 44]).encoding(), "embstr");
        assert_eq!(Value::string(&[b'a'; 45]).encoding(), "raw");
        let mut v = Value::string(b"ab");
        v.make_raw().push(b'c');
        assert_eq!((v.encoding(), &*v.bytes()), ("raw", &b"abc"[..]));
        assert_eq!(Value::Int(9_999).refcount(), 2_147_483_647);
        assert_eq!(Value::Int(10_000).refcount(), 1);
    }
}
