//! Lists: elements one by one, or nodes.

use super::packed::{self, Names};
use super::{Bad, FOREIGN};
use crate::engine::keyspace::Value;
use crate::engine::types::list::Node;
use crate::engine::types::{Container, List};
use crate::wire::rdb::{Packed, Part, RdbError, Text, kind};

/// What decides how elements are put together to nodes.
#[derive(Clone, Copy, Debug)]
pub struct ListLimits {
    /// list-max-listpack-size.
    pub fill: i64,
    /// From this size on an element is a node of its own (bytes).
    pub large: usize,
}

const NAMES: Names = Names {
    listpack: Bad("Listpack integrity check failed."),
    ziplist: Bad("Ziplist integrity check failed."),
    zipmap: FOREIGN,
};

/// A list that is being loaded.
#[derive(Debug)]
pub struct ListBuilder {
    list: List,
    limits: ListLimits,
    /// The one ziplist of an old list: its elements find their nodes anew.
    whole: bool,
}

impl ListBuilder {
    pub(super) fn new(of: u8, limits: ListLimits) -> ListBuilder {
        ListBuilder { list: List::new(limits.fill), limits, whole: of == kind::LIST_ZIPLIST }
    }

    pub(super) fn part(&mut self, part: Part<Text<'_>>) -> Result<(), RdbError> {
        let large = self.limits.large;
        match part {
            Part::Element(element) => element.with(|text| self.list.push(false, text, large)),
            Part::Plain(element) => {
                // Redis takes a node without a byte for the end of the input.
                let text = element.to_vec();
                if text.is_empty() {
                    return Err(RdbError::ShortRead);
                }
                self.list.push_node(Node::Plain(text.into()));
            }
            Part::Packed(Packed::Ziplist, blob) if self.whole => {
                let bad = Bad("List ziplist integrity check failed.");
                let pack =
                    packed::listpack(Packed::Ziplist, blob, &Names { ziplist: bad, ..NAMES })?;
                let mut room = itoa::Buffer::new();
                pack.iter().for_each(|entry| self.list.push(false, entry.text(&mut room), large));
            }
            Part::Packed(how, blob) => {
                if blob.with(<[u8]>::is_empty) {
                    return Err(RdbError::ShortRead);
                }
                let pack = packed::listpack(how, blob, &NAMES)?;
                // A list that is left without any node is empty, and refused as such.
                if !pack.is_empty() {
                    self.list.push_node(Node::Packed(pack));
                }
            }
            _ => return Err(FOREIGN.into()),
        }
        Ok(())
    }

    pub(super) fn end(self) -> Result<Option<Value>, Bad> {
        Ok((!self.list.is_empty()).then(|| self.list.into_value()))
    }
}
