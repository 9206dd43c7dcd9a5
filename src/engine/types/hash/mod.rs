//! The value of a key of type hash.

use super::Container;
use crate::engine::keyspace::Value;
use std::sync::Arc;

/// A hash.
#[derive(Clone, Debug, Default)]
pub struct Hash {
    len: usize,
}

impl Hash {
    /// OBJECT ENCODING's word.
    pub fn encoding(&self) -> &'static str {
        "hashtable"
    }

    /// How many elements it holds.
    pub fn len(&self) -> usize {
        self.len
    }
}

impl Container for Hash {
    fn of(value: &Value) -> Option<&Hash> {
        match value {
            Value::Hash(v) => Some(v),
            _ => None,
        }
    }

    fn of_mut(value: &mut Value) -> Option<&mut Hash> {
        match value {
            Value::Hash(v) => Some(Arc::make_mut(v)),
            _ => None,
        }
    }

    fn into_value(self) -> Value {
        Value::Hash(Arc::new(self))
    }

    fn is_empty(&self) -> bool {
        self.len == 0
    }

    fn heap_bytes(&self) -> usize {
        size_of::<Hash>() + 16
    }
}
