//! Everything that raised a "why?": PSYNCs judged, writes refused, links lost.

use crate::console::why::{Question, Raised};
use crate::observe::{Event, Now};
use std::collections::VecDeque;

/// Questions kept; older ones are dropped.
pub const QUESTIONS: usize = 500;

/// A question, and how often it came up in a row (a dial that fails once a second is one).
#[derive(Clone, Debug)]
pub struct Asked {
    pub raised: Raised,
    pub times: u32,
    pub last: Now,
}

/// The questions of the session, oldest first.
#[derive(Clone, Debug, Default)]
pub struct Whys {
    asked: VecDeque<Asked>,
}

impl Whys {
    /// Folds one event.
    pub fn apply(&mut self, event: &Event) {
        let Some(question) = Question::of(event) else { return };
        // Others may have come up meanwhile: several replicas dial in turn.
        let before = self.asked.iter_mut().rev().take(8);
        let mut before = before.filter(|a| question.repeats(&a.raised.question));
        if let Some(asked) = before.next() {
            asked.times += 1;
            asked.last = event.at;
            return;
        }
        let raised = Raised { seq: event.seq, at: event.at, question };
        self.asked.push_back(Asked { raised, times: 1, last: event.at });
        if self.asked.len() > QUESTIONS {
            self.asked.pop_front();
        }
    }

    /// The newest first.
    pub fn newest_first(&self) -> impl DoubleEndedIterator<Item = &Asked> + ExactSizeIterator {
        self.asked.iter().rev()
    }

    pub fn len(&self) -> usize {
        self.asked.len()
    }

    pub fn is_empty(&self) -> bool {
        self.asked.is_empty()
    }
}
