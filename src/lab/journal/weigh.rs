//! How much memory an event takes: its place in the journal, and what it holds on the heap.
//!
//! The strings and lists of an event are found the way that its record finds them, through serde: a
//! fact of a new kind is counted without a line here. A test in `tests/journal_memory.rs` holds the
//! sum against what the allocator gave out.

use crate::observe::{Decision, Event};
use serde::ser::{self, Serialize};
use std::fmt;

/// A block of the usual allocators: its own length beside it, in steps of 16, 32 at least.
fn block(bytes: usize) -> usize {
    if bytes == 0 { 0 } else { ((bytes + 8).div_ceil(16) * 16).max(32) }
}

/// Most elements of lists are previews or pieces of an answer, a string and a number each.
const ELEMENT: usize = 32;

/// Bytes that an event takes in a journal.
pub fn weigh(event: &Event) -> usize {
    // Counting cannot fail; if it did, the event would still have its place.
    size_of::<Event>() + event.body.serialize(Scale { halved: false }).unwrap_or(0)
}

/// Adds up what lies behind pointers.
#[derive(Clone, Copy)]
struct Scale {
    /// Text that stands for half as many bytes: hexadecimal.
    halved: bool,
}

/// The parts of something with parts.
struct Parts {
    sum: usize,
    elements: usize,
    scale: Scale,
}

impl Parts {
    fn new(scale: Scale) -> Parts {
        Parts { sum: 0, elements: 0, scale }
    }

    fn add<T: Serialize + ?Sized>(&mut self, part: &T) -> Result<(), Never> {
        self.sum += part.serialize(self.scale)?;
        self.elements += 1;
        Ok(())
    }
}

/// What serde wants to be able to say; nothing here says it.
#[derive(Debug)]
struct Never;

impl fmt::Display for Never {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an event could not be weighed")
    }
}

impl std::error::Error for Never {}

impl ser::Error for Never {
    fn custom<T: fmt::Display>(_: T) -> Never {
        Never
    }
}

macro_rules! nothing {
    ($($name:ident: $of:ty),* $(,)?) => {
        $(fn $name(self, _: $of) -> Result<usize, Never> { Ok(0) })*
    };
}

impl ser::Serializer for Scale {
    type Ok = usize;
    type Error = Never;
    type SerializeSeq = Parts;
    type SerializeTuple = Parts;
    type SerializeTupleStruct = Parts;
    type SerializeTupleVariant = Parts;
    type SerializeMap = Parts;
    type SerializeStruct = Parts;
    type SerializeStructVariant = Parts;

    nothing! {
        serialize_bool: bool, serialize_i8: i8, serialize_i16: i16, serialize_i32: i32,
        serialize_i64: i64, serialize_u8: u8, serialize_u16: u16, serialize_u32: u32,
        serialize_u64: u64, serialize_f32: f32, serialize_f64: f64, serialize_char: char,
        serialize_unit_struct: &'static str,
    }

    fn serialize_str(self, v: &str) -> Result<usize, Never> {
        Ok(block(if self.halved { v.len() / 2 } else { v.len() }))
    }

    fn serialize_bytes(self, v: &[u8]) -> Result<usize, Never> {
        Ok(block(v.len()))
    }

    fn serialize_none(self) -> Result<usize, Never> {
        Ok(0)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, v: &T) -> Result<usize, Never> {
        v.serialize(self)
    }

    fn serialize_unit(self) -> Result<usize, Never> {
        Ok(0)
    }

    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
    ) -> Result<usize, Never> {
        Ok(0)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        v: &T,
    ) -> Result<usize, Never> {
        v.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        v: &T,
    ) -> Result<usize, Never> {
        v.serialize(self)
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Parts, Never> {
        Ok(Parts::new(self))
    }

    fn serialize_tuple(self, _: usize) -> Result<Parts, Never> {
        Ok(Parts::new(self))
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Parts, Never> {
        Ok(Parts::new(self))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Parts, Never> {
        Ok(Parts::new(self))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Parts, Never> {
        Ok(Parts::new(self))
    }

    fn serialize_struct(self, name: &'static str, _: usize) -> Result<Parts, Never> {
        let mut parts = Parts::new(Scale { halved: name == "Raw" });
        if name == "Decision" {
            // It lies in a box of its own.
            parts.sum = block(size_of::<Decision>());
        }
        Ok(parts)
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Parts, Never> {
        Ok(Parts::new(self))
    }
}

impl ser::SerializeSeq for Parts {
    type Ok = usize;
    type Error = Never;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, v: &T) -> Result<(), Never> {
        self.add(v)
    }

    fn end(self) -> Result<usize, Never> {
        Ok(self.sum + block(self.elements * ELEMENT))
    }
}

impl ser::SerializeTuple for Parts {
    type Ok = usize;
    type Error = Never;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, v: &T) -> Result<(), Never> {
        self.add(v)
    }

    fn end(self) -> Result<usize, Never> {
        Ok(self.sum)
    }
}

impl ser::SerializeTupleStruct for Parts {
    type Ok = usize;
    type Error = Never;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, v: &T) -> Result<(), Never> {
        self.add(v)
    }

    fn end(self) -> Result<usize, Never> {
        Ok(self.sum)
    }
}

impl ser::SerializeTupleVariant for Parts {
    type Ok = usize;
    type Error = Never;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, v: &T) -> Result<(), Never> {
        self.add(v)
    }

    fn end(self) -> Result<usize, Never> {
        Ok(self.sum)
    }
}

impl ser::SerializeMap for Parts {
    type Ok = usize;
    type Error = Never;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, v: &T) -> Result<(), Never> {
        self.add(v)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, v: &T) -> Result<(), Never> {
        self.add(v)
    }

    fn end(self) -> Result<usize, Never> {
        Ok(self.sum + block(self.elements * ELEMENT))
    }
}

impl ser::SerializeStruct for Parts {
    type Ok = usize;
    type Error = Never;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        _: &'static str,
        v: &T,
    ) -> Result<(), Never> {
        self.add(v)
    }

    fn end(self) -> Result<usize, Never> {
        Ok(self.sum)
    }
}

impl ser::SerializeStructVariant for Parts {
    type Ok = usize;
    type Error = Never;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        _: &'static str,
        v: &T,
    ) -> Result<(), Never> {
        self.add(v)
    }

    fn end(self) -> Result<usize, Never> {
        Ok(self.sum)
    }
}
