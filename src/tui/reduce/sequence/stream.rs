//! The stream's commands as rows: one by one at a human's pace, in bursts under load; held back,
//! sent, executed.

use super::{REPLAYS_APART, Sequence, WRITES_A_SECOND};
use crate::observe::{LinkState, Now, Offset, Preview, ReplicaState};
use crate::tui::reduce::row::{RowKind, Write};

impl Sequence {
    /// A command was appended to the stream that this replica follows.
    pub fn write(&mut self, at: Now, db: u32, wire: &[Preview], from: Offset, to: Offset) {
        let fed = match self.master_state {
            Some(ReplicaState::WaitBgsaveEnd | ReplicaState::SendBulk | ReplicaState::Online) => {
                true
            }
            Some(ReplicaState::WaitBgsaveStart | ReplicaState::RdbTransmitted) => false,
            // Only the replica's end is ours to see.
            None => self.replica_state == LinkState::Connected,
        };
        if !fed || self.told_upto.is_some_and(|upto| to <= upto) {
            return;
        }
        self.told_upto = Some(to);
        let transfer =
            matches!(self.master_state, Some(ReplicaState::WaitBgsaveEnd | ReplicaState::SendBulk));
        let held = transfer || self.kept_write.is_some();
        let write = Write {
            db,
            wire: wire.to_vec(),
            from,
            to,
            commands: 1,
            held,
            sent: false,
            applied: None,
        };
        self.add_write(at, write);
    }

    /// Writes of which only the number and the size are told.
    pub fn writes_summed(&mut self, at: Now, commands: u64, bytes: u64, upto: Offset) {
        if self.told_upto.is_some_and(|told| upto <= told) || commands == 0 {
            return;
        }
        self.told_upto = Some(upto);
        let from = upto + (1 - i64::try_from(bytes).unwrap_or(i64::MAX));
        let held = self.held_bytes > 0 || self.kept_write.is_some();
        let write = Write {
            db: 0,
            wire: Vec::new(),
            from,
            to: upto,
            commands,
            held,
            sent: false,
            applied: None,
        };
        self.add_write(at, write);
    }

    fn add_write(&mut self, at: Now, write: Write) {
        let busy = self
            .rows
            .iter()
            .rev()
            .take(WRITES_A_SECOND)
            .filter(|r| matches!(r.kind, RowKind::Write(_)))
            .filter(|r| at.mono_us.saturating_sub(r.at.mono_us) < 1_000_000)
            .count()
            >= WRITES_A_SECOND;
        let online = self.online_since.map(|at| at.mono_us);
        if (busy || write.commands > 1)
            && let Some(row) = self.last_now()
            && let RowKind::Write(last) = &mut row.kind
            // Within one burst to a replica that is online, some wait in its buffer and some do not:
            // that is one burst still.
            && (last.held == write.held || online.is_some_and(|at| row.at.mono_us >= at))
            && (last.commands > 1 || busy)
        {
            last.commands += write.commands;
            last.held |= write.held;
            last.to = write.to;
            last.wire = write.wire;
            last.sent = false;
            last.applied = None;
            row.changed = at;
            return;
        }
        self.push(at, RowKind::Write(Box::new(write)));
    }

    /// Whether the command that ends here was held back.
    pub fn waited(&self, to: Offset) -> bool {
        let of_now = self.rows.len()
            - usize::try_from(self.end() - self.first_of_now).unwrap_or(0).min(self.rows.len());
        self.rows.iter().skip(of_now).any(|r| match &r.kind {
            RowKind::Write(w) => w.held && w.from <= to && to <= w.to,
            _ => false,
        })
    }

    /// A periodic command took this place in the stream: it has its line among its like.
    pub fn passed(&mut self, to: Offset) {
        self.told_upto = self.told_upto.max(Some(to));
    }

    /// The master says that these bytes wait in the replica's output buffer.
    pub fn held(&mut self, at: Now, from: Offset, to: Offset, held_bytes: u64) {
        self.held_bytes = held_bytes;
        let mut found = false;
        for row in self.now_mut() {
            if let RowKind::Write(w) = &mut row.kind {
                if w.to < from {
                    break;
                }
                if w.from <= to {
                    w.held = true;
                    found = true;
                }
            }
        }
        if !found && self.told_upto.is_none_or(|upto| to > upto) {
            self.told_upto = Some(to);
            let write = Write {
                db: 0,
                wire: Vec::new(),
                from,
                to,
                commands: 1,
                held: true,
                sent: false,
                applied: None,
            };
            self.add_write(at, write);
        }
    }

    /// Everything up to `upto` left for the replica's socket.
    pub fn stream_sent(&mut self, at: Now, upto: Offset, left: u64) {
        self.held_bytes = left;
        self.leave(at, upto);
    }

    /// The replica executed the stream up to `upto`.
    pub fn applied(&mut self, at: Now, upto: Offset) {
        // Its report may come before the master's that the bytes left.
        self.leave(at, upto);
        for row in self.now_mut() {
            match &mut row.kind {
                RowKind::Write(w) if w.to <= upto => {
                    if w.applied.is_some() {
                        break;
                    }
                    w.applied = Some(at);
                }
                RowKind::Replay { write, .. } if write.to <= upto && write.applied.is_none() => {
                    write.applied = Some(at);
                    row.changed = at;
                }
                _ => {}
            }
        }
    }

    /// Writes up to `upto` leave. What had waited gets a row at the moment when it leaves: where it
    /// was typed and where it travelled are two places in time.
    fn leave(&mut self, at: Now, upto: Offset) {
        let mut waited: Vec<(Now, Write)> = Vec::new();
        for row in self.now_mut() {
            if let RowKind::Write(w) = &mut row.kind
                && w.to <= upto
            {
                if w.sent {
                    break;
                }
                w.sent = true;
                if w.held {
                    row.changed = at;
                    waited.push((row.at, (**w).clone()));
                }
            }
        }
        waited.reverse();
        if waited.len() > REPLAYS_APART
            && let (Some((since, first)), Some((_, last))) = (waited.first(), waited.last())
        {
            let commands = waited.iter().map(|(_, w)| w.commands).sum();
            let write = Write { from: first.from, commands, ..last.clone() };
            waited = vec![(*since, write)];
        }
        for (since, write) in waited {
            self.push(at, RowKind::Replay { write: Box::new(write), since });
        }
    }
}
