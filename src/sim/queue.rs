//! What is due when. Equal times keep the order in which they were asked for.

use super::net::PipeId;
use crate::engine::effect::JobId;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Something that will happen at a virtual moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Action {
    /// An instance's own alarm.
    Wake(u16),
    /// Bytes of this pipe may have arrived, or may be written again.
    Deliver(PipeId),
    /// The connect that this instance asked for comes to its end.
    Dial(u16),
    /// The next piece of an instance's job.
    Job(u16, JobId),
}

#[derive(Default)]
pub(super) struct Queue {
    due: BinaryHeap<Reverse<(u64, u64, Action)>>,
    asked: u64,
}

impl Queue {
    pub(super) fn push(&mut self, at_us: u64, action: Action) {
        self.asked += 1;
        self.due.push(Reverse((at_us, self.asked, action)));
    }

    /// Whether anything but alarms is due, whenever.
    pub(super) fn has_work(&self) -> bool {
        self.due.iter().any(|Reverse((.., action))| !matches!(action, Action::Wake(_)))
    }

    /// The earliest action, if it is due at or before `end`.
    pub(super) fn pop_before(&mut self, end: u64) -> Option<(u64, Action)> {
        let Reverse((at, _, _)) = self.due.peek()?;
        if *at > end {
            return None;
        }
        self.due.pop().map(|Reverse((at, _, action))| (at, action))
    }
}
