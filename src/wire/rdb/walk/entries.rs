//! Single entries of a container become the elements that they stand for.

use super::item::{Clip, Element};
use super::value::Shape;
use crate::wire::rdb::format::text_number;

/// Counts entries and puts two together where two make an element.
pub(super) struct Entries {
    shape: Shape,
    count: u64,
    first: Option<Clip>,
}

impl Entries {
    pub fn new(shape: Shape) -> Entries {
        Entries { shape, count: 0, first: None }
    }

    /// Entries so far.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Whether no element is half there.
    pub fn is_between(&self) -> bool {
        self.first.is_none()
    }

    /// The element that is complete with this entry; the error says what was expected.
    pub fn take(&mut self, text: Clip) -> Result<Option<Element>, &'static str> {
        self.count += 1;
        if self.shape == Shape::Ones {
            return Ok(Some(Element::One(text)));
        }
        let Some(first) = self.first.take() else {
            self.first = Some(text);
            return Ok(None);
        };
        Ok(Some(match self.shape {
            Shape::Scored => Element::Scored(first, text_number(&text.bytes).ok_or("a score")?),
            _ => Element::Pair(first, text),
        }))
    }
}
