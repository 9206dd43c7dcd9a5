//! Messages that step mode keeps back. An end tells what it wrote before its bytes may leave: until
//! they do, the message has no row, and when they do, its row stands at that moment.

use super::{Sequence, same};
use crate::observe::{Flow, Message, Now, Offset, Step, StepWhat};
use crate::tui::reduce::row::{Dir, RowKind, Teller};

/// A message whose step waits.
#[derive(Clone, Debug)]
pub struct Kept {
    id: u64,
    dir: Dir,
    message: Message,
    /// Its bytes, once its end has told it.
    told: Option<u64>,
}

impl Sequence {
    /// A step of this link waits; `dir` is where it would go.
    pub fn step_waits(&mut self, id: u64, dir: Dir, step: &Step) {
        match (&step.flow, &step.what) {
            (Flow::Out, StepWhat::Message(message)) => {
                let told = self.untell(dir, message);
                self.kept.push(Kept { id, dir, message: message.clone(), told });
            }
            (Flow::Out, StepWhat::Command { from, .. }) => self.keep_writes(id, *from),
            _ => {}
        }
    }

    /// That step was let through, or (`gone`) will never happen.
    pub fn step_over(&mut self, at: Now, id: u64, gone: bool) {
        if self.kept_write == Some(id) {
            self.kept_write = None;
        }
        let Some(i) = self.kept.iter().position(|k| k.id == id) else { return };
        let kept = self.kept.remove(i);
        if let Some(bytes) = kept.told
            && !gone
        {
            self.message(at, kept.dir, &kept.message, bytes, Teller::Said);
        }
    }

    /// Whether this report is of a message that waits; it is kept until then.
    pub(super) fn keep(&mut self, dir: Dir, message: &Message, bytes: u64, by: Teller) -> bool {
        if by != Teller::Said {
            return false;
        }
        let wanted = |k: &&mut Kept| k.told.is_none() && k.dir == dir && same(&k.message, message);
        match self.kept.iter_mut().find(wanted) {
            Some(kept) => {
                kept.told = Some(bytes);
                true
            }
            None => false,
        }
    }

    /// Takes back the latest report of a message that only its sender told. Returns its bytes.
    fn untell(&mut self, dir: Dir, message: &Message) -> Option<u64> {
        let first = usize::try_from(self.first_of_now.saturating_sub(self.dropped)).unwrap_or(0);
        for i in (first..self.rows.len()).rev() {
            let row = &mut self.rows[i];
            let (bytes, empty) = match &mut row.kind {
                RowKind::Message { dir: d, message: m, bytes, told }
                    if *d == dir && same(m, message) && told.said > told.heard =>
                {
                    let one = *bytes / u64::from(told.count().max(1));
                    told.said -= 1;
                    *bytes -= one;
                    (one, told.count() == 0)
                }
                RowKind::KeepAlive { acks, pings, newlines, newlines_up, last_ack }
                    if matches!(message, Message::Ack { offset } if Some(*offset) == *last_ack)
                        && acks.said > acks.heard =>
                {
                    acks.said -= 1;
                    let rest = acks.count() + pings.count() + newlines.count();
                    (0, rest + newlines_up.count() == 0)
                }
                RowKind::Rdb(t) if matches!(message, Message::RdbBegin(_)) && t.bytes() == 0 => {
                    (0, true)
                }
                _ => continue,
            };
            if empty {
                self.rows.remove(i);
            }
            return Some(bytes);
        }
        None
    }

    /// A command of the stream waits for its step, and what was written after it waits behind it:
    /// in the master's output buffer, like those that wait for the end of a transfer.
    fn keep_writes(&mut self, id: u64, from: Offset) {
        self.kept_write = Some(id);
        for row in self.now_mut() {
            if let RowKind::Write(w) = &mut row.kind {
                if w.to < from {
                    break;
                }
                if !w.sent && w.applied.is_none() {
                    w.held = true;
                }
            }
        }
    }
}
