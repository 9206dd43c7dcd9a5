//! The value of a key of type list.

use super::Container;
use crate::engine::keyspace::Value;
use std::sync::Arc;

/// A list.
#[derive(Clone, Debug, Default)]
pub struct List {
    len: usize,
}

impl List {
    /// OBJECT ENCODING's word.
    pub fn encoding(&self) -> &'static str {
        "quicklist"
    }

    /// How many elements it holds.
    pub fn len(&self) -> usize {
        self.len
    }
}

impl Container for List {
    fn of(value: &Value) -> Option<&List> {
        match value {
            Value::List(v) => Some(v),
            _ => None,
        }
    }

    fn of_mut(value: &mut Value) -> Option<&mut List> {
        match value {
            Value::List(v) => Some(Arc::make_mut(v)),
            _ => None,
        }
    }

    fn into_value(self) -> Value {
        Value::List(Arc::new(self))
    }

    fn is_empty(&self) -> bool {
        self.len == 0
    }

    fn heap_bytes(&self) -> usize {
        size_of::<List>() + 16
    }
}
