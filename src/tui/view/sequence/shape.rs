//! What a row looks like between two life lines, whoever places them: arrows, remarks, notes.

use super::super::frame::Text;
use super::super::words;
use super::arrow::{Lean, Stroke};
use crate::observe::{Addr, Fault, LinkLoss, Message, Now, Preview, RdbFraming, Role, RoleCause};
use crate::tui::app::App;
use crate::tui::reduce::row::{Dir, LabDid, Row, RowKind, Told, Transfer, Write};
use crate::tui::reduce::sequence::Sequence;
use crate::tui::text::{bar, clip, count, grouped, size, span, wrap};
use crate::tui::theme::Mark;

/// One line of a row.
#[derive(Clone, Debug)]
pub enum Shape {
    Arrow {
        to_master: bool,
        stroke: Stroke,
        label: Text,
        mark: Mark,
    },
    /// Periodic traffic in both directions.
    Both(Text),
    /// Something that happens at one end, or between them.
    Remark(Lean, Text),
    /// The link is broken.
    Broken(String),
    /// A step that waits: it has not left yet.
    Held {
        to_master: bool,
        label: Text,
    },
}

/// What stands beside a row: its meaning, the text, and the same in a few cells.
#[derive(Clone, Debug)]
pub struct Note {
    pub mark: Mark,
    pub long: String,
    pub short: &'static str,
}

/// A row, ready to be placed.
#[derive(Clone, Debug, Default)]
pub struct Drawn {
    pub shapes: Vec<Shape>,
    pub note: Option<Note>,
}

/// The shapes of a row, for so many cells between its two life lines.
pub fn of(app: &App, seq: &Sequence, row: &Row, cells: usize) -> Drawn {
    let (shapes, note) = Body { app, seq, row, cells }.draw();
    Drawn { shapes, note }
}

struct Body<'a> {
    app: &'a App,
    seq: &'a Sequence,
    row: &'a Row,
    cells: usize,
}

impl Body<'_> {
    /// The lines between the life lines, and what stands beside them.
    fn draw(&self) -> (Vec<Shape>, Option<Note>) {
        match &self.row.kind {
            RowKind::Connect => (vec![self.connect()], None),
            RowKind::Message { dir, message, bytes, told } => {
                (vec![self.message(*dir, message, *bytes, *told)], None)
            }
            RowKind::KeepAlive { acks, pings, newlines, newlines_up, last_ack } => {
                let counts = [acks, pings, newlines, newlines_up].map(|t| u64::from(t.count()));
                (vec![self.keep_alive(counts, last_ack.map(|o| o.0))], None)
            }
            RowKind::Wait { reason, until } => {
                let text = match until {
                    None => words::wait(reason, self.row.at, self.app.now),
                    Some(end) => {
                        let us = end.link_us.saturating_sub(self.row.at.link_us);
                        words::waited(reason, us)
                    }
                };
                (self.wrapped(Lean::Middle, Mark::Waiting, &format!("⏸ {text}")), None)
            }
            RowKind::Decision(d) => {
                let (mark, text) = words::verdict(d);
                let lines = self.wrapped(Lean::Master, mark, &text);
                (lines, note(Mark::Key, "why?", "why?"))
            }
            RowKind::Snapshot { target, offset, keys, done, ended, .. } => {
                let how = match ended {
                    Some(true) => " ✓".to_owned(),
                    Some(false) => " ╳ failed".into(),
                    None => String::new(),
                };
                let text = format!(
                    "BGSAVE {}: {} key{} at {}{how}",
                    words::target(*target),
                    count(*keys),
                    if *keys == 1 { "" } else { "s" },
                    grouped(offset.0)
                );
                let mut lines = self.wrapped(Lean::Master, Mark::Rdb, &text);
                if ended.is_none() && *done > 0 && done < keys {
                    let told = format!("encoded {} %", done * 100 / keys);
                    lines.push(remark(Lean::Master, Mark::Rdb, told));
                }
                (lines, None)
            }
            RowKind::Rdb(t) => (self.rdb(t), None),
            RowKind::Load { total, keys, bytes, recent, ended, took_us } => {
                let told = (*keys, *bytes, *took_us);
                (self.load(*total, told, recent, *ended), None)
            }
            RowKind::Write(w) => self.write(w),
            RowKind::Lost { by_master, by_replica, times } => {
                let shapes = self.lost(by_master.as_ref(), by_replica.as_ref(), *times);
                (shapes, note(Mark::Key, "why?", "why?"))
            }
            RowKind::Role { port, role, master, cause } => {
                (vec![self.role(*port, *role, master.as_ref(), *cause)], None)
            }
            RowKind::Ids { port, replid, replid2, second_offset, cause, .. } => {
                let why = words::id_cause(*cause);
                let mut text =
                    Text::of(Mark::Difference, format!("◆ {port} replid {}", replid.short()));
                if !replid2.is_zero() {
                    let until = grouped(second_offset.0);
                    text = text
                        .add(Mark::Difference, format!(" · replid2 {} < {until}", replid2.short()));
                }
                let side = self.side(*port);
                let why = remark(side, Mark::Quiet, format!("  {why}"));
                (vec![Shape::Remark(side, text), why], None)
            }
            RowKind::Instance { port, up } => {
                let (mark, text) = if *up {
                    (Mark::Good, format!("▲ {port} is up"))
                } else {
                    (Mark::Broken, format!("╳ {port} is down"))
                };
                (vec![remark(self.side(*port), mark, text)], None)
            }
            RowKind::Replay { write, since } => self.replay(write, *since),
            RowKind::Online { on_ack } => {
                let text = match on_ack {
                    false => "◆ online: the stream flows",
                    true => "◆ online; the stream waits for its ACK",
                };
                (self.wrapped(Lean::Master, Mark::Stream, text), None)
            }
            RowKind::Refused { port, command, rule } => {
                let text = format!("╳ {command} refused: {}", words::refusal(rule));
                let lines = self.wrapped(self.side(*port), Mark::Broken, &text);
                (lines, note(Mark::Key, "why?", "why?"))
            }
            RowKind::Failover { port, step } => {
                let text = format!("◆ {}", words::failover(step));
                (self.wrapped(self.side(*port), Mark::Difference, &text), None)
            }
            RowKind::SoftLimit { over, bytes, limit, patience_s } => {
                let (mark, text) = if *over {
                    let text = format!(
                        "▲ {} wait, over the soft limit {}: {patience_s} s to go",
                        size(*bytes),
                        size(*limit)
                    );
                    (Mark::Waiting, text)
                } else {
                    (Mark::Good, format!("▼ {} wait, below the soft limit", size(*bytes)))
                };
                (self.wrapped(Lean::Master, mark, &text), None)
            }
            RowKind::Lab(did) => (self.lab(*did), None),
        }
    }

    /// A remark in as many lines as it needs.
    fn wrapped(&self, to: Lean, mark: Mark, text: &str) -> Vec<Shape> {
        wrap(text, self.cells.saturating_sub(2))
            .into_iter()
            .map(|line| remark(to, mark, line))
            .collect()
    }

    fn side(&self, port: u16) -> Lean {
        if self.seq.key.master.port == port && self.seq.key.master.host.is_empty() {
            Lean::Master
        } else {
            Lean::Replica
        }
    }

    fn connect(&self) -> Shape {
        let label = Text::of(Mark::Quiet, "connects (TCP)");
        Shape::Arrow { to_master: true, stroke: Stroke::Dashed, label, mark: Mark::Quiet }
    }

    fn message(&self, dir: Dir, message: &Message, bytes: u64, told: Told) -> Shape {
        let (mark, text) = words::message(message, told.count());
        let mut label = Text::of(mark, text);
        if bytes > 0 && label.width() + 16 < self.cells {
            label = label.add(Mark::Quiet, format!(" {}", size(bytes)));
        }
        Shape::Arrow { to_master: dir == Dir::ToMaster, stroke: Stroke::Plain, label, mark }
    }

    fn keep_alive(&self, [acks, pings, newlines, up]: [u64; 4], last: Option<i64>) -> Shape {
        let mut parts = Vec::new();
        if acks == 1 && pings + newlines + up == 0 {
            parts.push("REPLCONF ACK".to_owned());
        } else if acks > 0 {
            parts.push(format!("{} × ACK", count(acks)));
        }
        let mut text = parts.join("");
        if let Some(offset) = last {
            text.push_str(&format!(" {}", grouped(offset)));
        }
        for (n, what) in [(pings, "PING"), (newlines + up, "\\n, still here")] {
            if n > 0 {
                let gap = if text.is_empty() { "" } else { " · " };
                text.push_str(&format!("{gap}{} × {what}", count(n)));
            }
        }
        let mut label = Text::of(Mark::Ack, text);
        // How long the counted line lasted, once that is worth a word.
        let lasted = self.row.lasted_us();
        if lasted >= 1_000_000 {
            label = label.add(Mark::Quiet, format!(" in {}", span(lasted)));
        }
        match (acks + up > 0, pings + newlines > 0) {
            (true, true) => Shape::Both(label),
            (to_master, _) => {
                Shape::Arrow { to_master, stroke: Stroke::Ack, label, mark: Mark::Ack }
            }
        }
    }

    fn rdb(&self, t: &Transfer) -> Vec<Shape> {
        let framing = match t.framing {
            RdbFraming::Length(all) => format!("RDB ${all} "),
            RdbFraming::Eof => "RDB $EOF ".to_owned(),
        };
        let mut label = Text::of(Mark::Rdb, framing);
        match (t.broken && t.ended.is_none(), t.share()) {
            (true, _) => {
                label = label.add(Mark::Broken, format!("╳ broken off after {}", size(t.bytes())));
            }
            (false, _) if t.ended.is_some() => {
                label = label.add(Mark::Rdb, format!("{} ✓", size(t.bytes())));
            }
            (false, Some((done, all))) => {
                let cells = self.cells.saturating_sub(30).clamp(4, 20);
                let percent = done as u128 * 100 / all.max(1) as u128;
                label =
                    label.add(Mark::Rdb, format!("{} sent {percent:>2} %", bar(done, all, cells)));
            }
            (false, None) => label = label.add(Mark::Rdb, size(t.bytes())),
        }
        let stroke = if t.broken { Stroke::Dashed } else { Stroke::Rdb };
        let mut lines = vec![Shape::Arrow { to_master: false, stroke, label, mark: Mark::Rdb }];
        if t.ended.is_none() && !t.broken {
            let size_told = match t.framing {
                RdbFraming::Length(all) => {
                    format!("{} of {}", size(t.bytes()), size(all))
                }
                RdbFraming::Eof => match t.share() {
                    Some((_, all)) => format!("{} of about {}", size(t.bytes()), size(all)),
                    None => format!("{} so far", size(t.bytes())),
                },
            };
            let mut text = Text::of(Mark::Quiet, size_told);
            if let Some(bound) = self.throttle() {
                text = text.add(Mark::Waiting, format!(" · {}/s", size(bound)));
            }
            lines.push(Shape::Remark(Lean::Middle, text));
        }
        lines
    }

    fn throttle(&self) -> Option<u64> {
        let (a, b) = (self.seq.key.master.port, self.seq.key.replica.port);
        self.app.world.model.throttles.get(&(a.min(b), a.max(b))).copied()
    }

    fn load(
        &self,
        total: Option<u64>,
        (keys, bytes, took_us): (u64, u64, u64),
        recent: &[(Preview, String)],
        ended: Option<bool>,
    ) -> Vec<Shape> {
        let of = |text: String| remark(Lean::Replica, Mark::Rdb, text);
        let mut lines = Vec::new();
        let head = match ended {
            Some(true) => {
                let s = if keys == 1 { "" } else { "s" };
                format!("loaded {} key{s} in {} ms", count(keys), took_us.div_ceil(1000))
            }
            Some(false) => "╳ loading failed".to_owned(),
            None => match total {
                Some(all) if all > 0 => format!("loads {} of {}", size(bytes), size(all)),
                _ => "loads the RDB".to_owned(),
            },
        };
        let few = keys <= 3 && recent.len() as u64 >= keys.min(1);
        if ended == Some(true) && few && !recent.is_empty() {
            let names: Vec<String> = recent.iter().map(|(k, _)| k.to_string()).collect();
            lines.push(of(format!("{head}: {}", names.join(", "))));
            return lines;
        }
        lines.push(of(head));
        if ended.is_none() {
            for (key, value) in recent.iter().rev().take(3).rev() {
                lines.push(of(format!("  {key} = {value}")));
            }
        }
        lines
    }

    /// A write at the place where it was typed.
    fn write(&self, w: &Write) -> (Vec<Shape>, Option<Note>) {
        let place = place(w);
        if w.held {
            let room = self.cells.saturating_sub(place.chars().count() + 6).max(8);
            let text = Text::of(Mark::Waiting, "⏸ ")
                .add(Mark::Stream, clip(&what(w), room))
                .add(Mark::Quiet, format!("  {place}"));
            let note = if w.waits() {
                note(Mark::Waiting, "held back", "⏸")
            } else {
                // Where it travelled has a row of its own. It waited by the clients' clock, also
                // while link time stood.
                let us = self.row.changed.mono_us.saturating_sub(self.row.at.mono_us);
                note(Mark::Quiet, &format!("held {}", span(us)), "⏸")
            };
            return (vec![Shape::Remark(Lean::Master, text)], note);
        }
        let note = match w.applied {
            Some(_) => note(Mark::Good, "✓ applied", "✓"),
            None if self.acked(w) => note(Mark::Good, "✓ acked", "✓"),
            None if self.seq.is_alive() => note(Mark::Quiet, "on its way", "…"),
            None => note(Mark::Broken, "not applied", "╳"),
        };
        (vec![self.write_arrow(w, &place)], note)
    }

    /// A write that had waited, where it travels.
    fn replay(&self, w: &Write, since: Now) -> (Vec<Shape>, Option<Note>) {
        let note = match w.applied {
            Some(_) => note(Mark::Good, "✓ replayed", "✓"),
            None if self.acked(w) => note(Mark::Good, "✓ acked", "✓"),
            None if self.seq.is_alive() => note(Mark::Stream, "draining", "…"),
            None => note(Mark::Broken, "not applied", "╳"),
        };
        let waited = span(self.row.at.mono_us.saturating_sub(since.mono_us));
        (vec![self.write_arrow(w, &format!("held {waited}"))], note)
    }

    /// An outside replica tells nothing but its ACKs.
    fn acked(&self, w: &Write) -> bool {
        self.seq.acked.is_some_and(|o| o >= w.to)
    }

    fn write_arrow(&self, w: &Write, remark: &str) -> Shape {
        let room = self.cells.saturating_sub(remark.chars().count() + 9).max(8);
        let mut label = Text::of(Mark::Stream, clip(&what(w), room));
        if label.width() + remark.chars().count() + 9 <= self.cells {
            label = label.add(Mark::Quiet, format!(" {remark}"));
        }
        Shape::Arrow { to_master: false, stroke: Stroke::Plain, label, mark: Mark::Stream }
    }

    /// What the learner did, where it took hold.
    fn lab(&self, did: LabDid) -> Vec<Shape> {
        let (mark, lean, text) = match did {
            LabDid::Throttle(Some(bound)) => {
                (Mark::Waiting, Lean::Middle, format!("throttled to {}/s", size(bound)))
            }
            LabDid::Throttle(None) => (Mark::Good, Lean::Middle, "no throttle any more".into()),
            LabDid::Fault { fault, on: true } => {
                let text = match fault {
                    Fault::Cut => "cut: it ends, dials are refused".into(),
                    Fault::HalfOpen => "half-open: bytes vanish unnoticed".into(),
                    Fault::Delay { us } => {
                        format!("every byte arrives {} later", words::short_span(us))
                    }
                };
                (Mark::Broken, Lean::Middle, text)
            }
            LabDid::Fault { fault, on: false } => {
                let name = match fault {
                    Fault::Delay { .. } => "delay".into(),
                    other => words::fault(other),
                };
                (Mark::Good, Lean::Middle, format!("healed: no {name} any more"))
            }
            LabDid::Dropped => {
                (Mark::Broken, Lean::Middle, "dropped: the connection is ended".into())
            }
            LabDid::Frozen { port, on: true } => {
                (Mark::Broken, self.side(port), format!("‖ {port} is frozen, as by SIGSTOP"))
            }
            LabDid::Frozen { port, on: false } => {
                (Mark::Good, self.side(port), format!("▶ {port} goes on"))
            }
            LabDid::Slowed { factor: 1 } => {
                (Mark::Good, Lean::Middle, "link time runs as the clock does".into())
            }
            LabDid::Slowed { factor } => {
                (Mark::Waiting, Lean::Middle, format!("slow motion: link time at 1/{factor}"))
            }
            LabDid::Stepping { on: true, hit: None } => {
                (Mark::Lab, Lean::Middle, "step mode: every step waits for you".into())
            }
            LabDid::Stepping { on: true, hit: Some(on) } => {
                let text = format!("● breakpoint {}: step mode", words::break_on(on));
                (Mark::Lab, Lean::Middle, text)
            }
            LabDid::Stepping { on: false, .. } => {
                (Mark::Lab, Lean::Middle, "step mode is off".into())
            }
        };
        let text = match lean {
            Lean::Middle => format!("─┤ {text} ├─"),
            _ => text,
        };
        self.wrapped(lean, mark, &text)
    }

    fn lost(
        &self,
        master: Option<&LinkLoss>,
        replica: Option<&LinkLoss>,
        times: u32,
    ) -> Vec<Shape> {
        // The end that knows more speaks; "the peer closed it" says the least.
        let pick = |a: &LinkLoss| !matches!(a, LinkLoss::PeerClosed);
        let cause = match (replica, master) {
            (Some(r), _) if pick(r) => Some(r),
            (_, Some(m)) if pick(m) => Some(m),
            (r, m) => r.or(m),
        };
        let what = cause.map_or("lost".into(), words::loss);
        let head = if let Some(LinkLoss::ConnectFailed(why)) = cause {
            if times > 1 {
                let lasted = match self.row.lasted_us() {
                    0..1_000_000 => String::new(),
                    us => format!(" in {}", span(us)),
                };
                let why = crate::tui::text::safe(why);
                format!("{} × {why}{lasted}", count(u64::from(times)))
            } else {
                what
            }
        } else {
            format!("link lost: {what}")
        };
        vec![Shape::Broken(head)]
    }

    fn role(&self, port: u16, role: Role, master: Option<&Addr>, cause: RoleCause) -> Shape {
        let (mark, text) = match (role, master) {
            (Role::Replica, Some(m)) => {
                (Mark::Replica, format!("◆ {port} is a replica of {}", m.port))
            }
            (Role::Replica, None) => (Mark::Replica, format!("◆ {port} is a replica")),
            (Role::Master, _) => (Mark::Master, format!("◆ {port} is a master")),
        };
        let mut text = Text::of(mark, text);
        text = match cause {
            RoleCause::Boot => text.add(Mark::Quiet, " · its conf says so"),
            RoleCause::UserRequest => text,
            RoleCause::Failover => text.add(Mark::Quiet, " · FAILOVER"),
            RoleCause::FailoverAborted => text.add(Mark::Quiet, " again · FAILOVER failed"),
        };
        Shape::Remark(self.side(port), text)
    }
}

fn remark(lean: Lean, mark: Mark, text: String) -> Shape {
    Shape::Remark(lean, Text::of(mark, text))
}

fn note(mark: Mark, long: &str, short: &'static str) -> Option<Note> {
    Some(Note { mark, long: long.to_owned(), short })
}

/// `SET name xd`, or how many writes the row stands for.
fn what(w: &Write) -> String {
    if w.commands > 1 { format!("{} writes", count(w.commands)) } else { words::write(&w.wire) }
}

/// `31 B at 1,241`.
fn place(w: &Write) -> String {
    format!("{} at {}", size(w.bytes()), grouped(w.from.0))
}

/// How long a write was held, for those who ask.
pub fn held_for(row: &Row, w: &Write) -> Option<u64> {
    let applied: Now = w.applied?;
    w.held.then(|| applied.mono_us.saturating_sub(row.at.mono_us))
}
