//! Remarks beside an answer: what the command did to replication, read off the journal.

use super::units;
use crate::lab::Lab;
use crate::lab::model::{Downstream, Instance};
use crate::observe::{AnswerLine, Body, Event, Fact, Label, ReplicaState, Source, Span};
use std::time::{Duration, Instant};

/// The facts of a turn are told right after its replies were written; so long is waited for them.
const PATIENCE: Duration = Duration::from_millis(40);

/// The column where remarks begin.
const COLUMN: usize = 40;

/// What became of a write that was sent to `port` when the journal stood at `cursor`:
/// `propagated at offset 1,241 · held back for 6381`. None if it was not propagated.
pub fn of_write(lab: &Lab, port: u16, cursor: u64) -> Option<String> {
    let until = Instant::now() + PATIENCE;
    let mut events: Vec<Event> = Vec::new();
    let mut next = cursor;
    loop {
        next = lab.journal().read_from(next, &mut events, 512);
        if let Some(note) = read(&events, port) {
            // What is held back is told in the same turn, right behind.
            if !note.contains('·') && lab.journal().wait_beyond(next, Duration::from_millis(2)) {
                lab.journal().read_from(next, &mut events, 512);
            }
            return read(&events, port);
        }
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() || events.len() > 4096 || !lab.journal().wait_beyond(next, left) {
            return None;
        }
    }
}

fn read(events: &[Event], port: u16) -> Option<String> {
    let mut at = None;
    let mut held: Vec<String> = Vec::new();
    for event in events.iter().filter(|e| e.source == Source::Instance(port)) {
        match &event.body {
            Body::Fact(Fact::Propagated { from, .. }) => at = at.or(Some(*from)),
            Body::Fact(Fact::Held { replica, to, .. }) if at.is_some_and(|at| *to >= at) => {
                let name = replica.port.to_string();
                if !held.contains(&name) {
                    held.push(name);
                }
            }
            _ => {}
        }
    }
    let mut note = format!("propagated at offset {}", units::signed(at?.0));
    if !held.is_empty() {
        note.push_str(&format!(" · held back for {}", held.join(", ")));
    }
    Some(note)
}

/// The replicas whose snapshot was not frozen yet: a write of this moment is not held back for
/// them, it is part of what they will be sent. ` · before the snapshot: 6381 gets it in the RDB`.
pub fn before_snapshot(master: &Instance) -> String {
    let waits = |r: &&Downstream| r.state == Some(ReplicaState::WaitBgsaveStart);
    let ports: Vec<String> =
        master.attached().filter(waits).map(|r| r.addr.port.to_string()).collect();
    match ports.as_slice() {
        [] => String::new(),
        [one] => format!(" · before the snapshot: {one} gets it in the RDB"),
        all => format!(" · before the snapshot: {} get it in the RDB", all.join(", ")),
    }
}

/// Puts a remark beside the last line of an answer.
pub fn beside(line: &mut AnswerLine, note: String) {
    let width = unicode_width::UnicodeWidthStr::width(line.plain().as_str());
    let gap = " ".repeat(COLUMN.saturating_sub(width).max(2));
    line.0.push(Span { label: Label::Note, text: format!("{gap}{note}") });
}
