//! The moments that are worth a stop when one looks back: what was typed, what it led to, what has a
//! name.

use crate::lab::model::{Model, MomentKind};
use crate::observe::{Body, ConsoleFact, Event, LabFact, Now};
use std::collections::VecDeque;

/// Marks kept; of more, the oldest go.
const KEPT: usize = 4096;

/// A moment with a mark on the timeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeMark {
    /// The event that made it.
    pub seq: u64,
    pub at: Now,
    pub sort: Sort,
    /// The bookmark's name; else empty.
    pub name: String,
}

/// What a mark stands for. Of several in one cell of the timeline, the greatest is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sort {
    /// A line was typed.
    Typed,
    /// A role, an id, a server that came up, a link in sync.
    Change,
    /// A full or a partial sync was granted, an RDB began.
    Sync,
    /// A link or a server was lost, a fault was made or healed.
    Trouble,
    Bookmark,
}

/// The marks of a session, oldest first.
#[derive(Clone, Debug, Default)]
pub struct Marks {
    marks: VecDeque<TimeMark>,
}

impl Marks {
    /// Folds one event; `model` has folded it already.
    pub fn apply(&mut self, event: &Event, model: &Model) {
        let (sort, name) = match &event.body {
            Body::Console(ConsoleFact::Typed { line, .. }) if !line.trim().is_empty() => {
                (Sort::Typed, String::new())
            }
            Body::Lab(LabFact::Bookmark { name }) => (Sort::Bookmark, name.clone()),
            Body::Lab(
                LabFact::LinkFault { .. }
                | LabFact::LinkDropped { .. }
                | LabFact::LinkThrottled { .. }
                | LabFact::Frozen { .. },
            ) => (Sort::Trouble, String::new()),
            _ => {
                let last = model.history.moments().next_back();
                let Some(moment) = last.filter(|m| m.seq == event.seq) else { return };
                (sort_of(&moment.kind), String::new())
            }
        };
        self.marks.push_back(TimeMark { seq: event.seq, at: event.at, sort, name });
        if self.marks.len() > KEPT {
            self.marks.pop_front();
        }
    }

    pub fn all(&self) -> impl DoubleEndedIterator<Item = &TimeMark> {
        self.marks.iter()
    }

    /// The last mark whose moment lies before the position `at`; positions are one past the event.
    pub fn before(&self, at: u64, wanted: impl Fn(&TimeMark) -> bool) -> Option<&TimeMark> {
        self.marks.iter().rev().find(|m| m.seq + 1 < at && wanted(m))
    }

    /// The first one behind it.
    pub fn after(&self, at: u64, wanted: impl Fn(&TimeMark) -> bool) -> Option<&TimeMark> {
        self.marks.iter().find(|m| m.seq + 1 > at && wanted(m))
    }

    /// The event of the newest bookmark of this name, in any case.
    pub fn bookmark(&self, name: &str) -> Option<u64> {
        let mut marks = self.marks.iter().rev().filter(|m| m.sort == Sort::Bookmark);
        marks.find(|m| m.name.eq_ignore_ascii_case(name)).map(|m| m.seq)
    }
}

fn sort_of(kind: &MomentKind) -> Sort {
    match kind {
        MomentKind::Down { .. } | MomentKind::LinkLost { .. } | MomentKind::StartFailed { .. } => {
            Sort::Trouble
        }
        MomentKind::FullSyncGranted { .. }
        | MomentKind::PartialSyncGranted { .. }
        | MomentKind::RdbBegan { .. }
        | MomentKind::WriteHeld { .. } => Sort::Sync,
        _ => Sort::Change,
    }
}
