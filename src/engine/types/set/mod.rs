//! The value of a key of type set.

use super::Container;
use crate::engine::keyspace::Value;
use std::sync::Arc;

/// A set.
#[derive(Clone, Debug, Default)]
pub struct Set {
    len: usize,
}

impl Set {
    /// OBJECT ENCODING's word.
    pub fn encoding(&self) -> &'static str {
        "hashtable"
    }

    /// How many elements it holds.
    pub fn len(&self) -> usize {
        self.len
    }
}

impl Container for Set {
    fn of(value: &Value) -> Option<&Set> {
        match value {
            Value::Set(v) => Some(v),
            _ => None,
        }
    }

    fn of_mut(value: &mut Value) -> Option<&mut Set> {
        match value {
            Value::Set(v) => Some(Arc::make_mut(v)),
            _ => None,
        }
    }

    fn into_value(self) -> Value {
        Value::Set(Arc::new(self))
    }

    fn is_empty(&self) -> bool {
        self.len == 0
    }

    fn heap_bytes(&self) -> usize {
        size_of::<Set>() + 16
    }
}
