//! A row in lines: time, life lines, what passed between them, and the margin.

use super::super::frame::Text;
use super::super::words;
use super::Columns;
use super::arrow::{Lean, Stroke, arrow, lean};
use crate::observe::{
    Addr, LinkLoss, LinkState, Message, Now, Preview, RdbFraming, Role, RoleCause,
};
use crate::tui::app::App;
use crate::tui::reduce::row::{Dir, Row, RowKind, Told, Transfer, Write};
use crate::tui::reduce::sequence::Sequence;
use crate::tui::text::{bar, count, fit, fit_right, grouped, since_start, size, wrap};
use crate::tui::theme::Mark;

/// All lines of a row. `before` is the row above it: states are shown where they change.
pub fn lines(
    app: &App,
    seq: &Sequence,
    row: &Row,
    before: Option<&Row>,
    cols: Columns,
) -> Vec<Text> {
    let fresh = row.changed.mono_us > 0
        && app.now.mono_us.saturating_sub(row.changed.mono_us) < super::super::FRESH_US;
    let body = Body { app, seq, row, cells: cols.middle, margin: cols.right };
    let (middles, note) = body.draw();
    let mut out = Vec::with_capacity(middles.len());
    for (i, middle) in middles.into_iter().enumerate() {
        let time = if i == 0 { since_start(row.since_start_us) } else { String::new() };
        let (left, right) = if i == 0 { states(row, before) } else { Default::default() };
        let time_mark = Mark::Quiet;
        let mut line =
            Text::new().add_fresh(time_mark, fit_right(&time, cols.time), fresh && i == 0);
        if cols.left > 0 {
            line = line.add(Mark::Replica, fit_right(&left, cols.left));
        }
        line = line.add(Mark::Quiet, " ┊");
        line.0.extend(middle.0);
        line = line.add(Mark::Quiet, "┊ ");
        let (mark, text) = match &note {
            Some((mark, text)) if i == 0 => (*mark, text.clone()),
            _ if cols.right < 8 => (Mark::Master, String::new()),
            _ => (Mark::Master, right),
        };
        out.push(line.add(mark, fit(&text, cols.right)));
    }
    out
}

/// The states that changed with this row, in ROLE's and INFO's words.
fn states(row: &Row, before: Option<&Row>) -> (String, String) {
    let replica = before.map(|b| b.replica_state.role_word());
    let now = row.replica_state.role_word();
    let left = if row.replica_state != LinkState::None && replica != Some(now) { now } else { "" };
    let master = before.and_then(|b| b.master_state);
    let right = match row.master_state {
        Some(state) if master != Some(state) => words::replica_state_word(state),
        _ => "",
    };
    (left.to_owned(), right.to_owned())
}

struct Body<'a> {
    app: &'a App,
    seq: &'a Sequence,
    row: &'a Row,
    cells: usize,
    margin: usize,
}

type Note = Option<(Mark, String)>;

impl Body<'_> {
    /// The lines between the life lines, and what stands in the margin instead of a state.
    fn draw(&self) -> (Vec<Text>, Note) {
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
                (lines, Some((Mark::Key, "why?".into())))
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
                    lines.push(lean(self.cells, Lean::Master, &Text::of(Mark::Rdb, told)));
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
                (self.lost(by_master.as_ref(), by_replica.as_ref(), *times), None)
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
                let mut lines = vec![lean(self.cells, side, &text)];
                lines.push(lean(self.cells, side, &Text::of(Mark::Quiet, format!("  {why}"))));
                (lines, None)
            }
            RowKind::Instance { port, up } => {
                let (mark, text) = if *up {
                    (Mark::Good, format!("▲ {port} is up"))
                } else {
                    (Mark::Broken, format!("╳ {port} is down"))
                };
                (vec![lean(self.cells, self.side(*port), &Text::of(mark, text))], None)
            }
        }
    }

    /// A remark in as many lines as it needs.
    fn wrapped(&self, to: Lean, mark: Mark, text: &str) -> Vec<Text> {
        wrap(text, self.cells.saturating_sub(2))
            .into_iter()
            .map(|line| lean(self.cells, to, &Text::of(mark, line)))
            .collect()
    }

    /// What stands in the margin, cut to what it holds there.
    fn note(&self, mark: Mark, long: &str, short: &str) -> Note {
        let text = if self.margin < crate::tui::text::width(long) { short } else { long };
        Some((mark, text.to_owned()))
    }

    fn side(&self, port: u16) -> Lean {
        if self.seq.key.master.port == port && self.seq.key.master.host.is_empty() {
            Lean::Master
        } else {
            Lean::Replica
        }
    }

    fn connect(&self) -> Text {
        arrow(
            self.cells,
            true,
            Stroke::Dashed,
            &Text::of(Mark::Quiet, "connects (TCP)"),
            Mark::Quiet,
        )
    }

    fn message(&self, dir: Dir, message: &Message, bytes: u64, told: Told) -> Text {
        let (mark, text) = words::message(message, told.count());
        let mut label = Text::of(mark, text);
        if bytes > 0 && label.width() + 16 < self.cells {
            label = label.add(Mark::Quiet, format!(" {}", size(bytes)));
        }
        arrow(self.cells, dir == Dir::ToMaster, Stroke::Plain, &label, mark)
    }

    fn keep_alive(&self, [acks, pings, newlines, up]: [u64; 4], last: Option<i64>) -> Text {
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
        let label = Text::of(Mark::Ack, text);
        match (acks + up > 0, pings + newlines > 0) {
            (true, true) => {
                let gap = self.cells.saturating_sub(label.width() + 4);
                let dots = |n: usize| "·".repeat(n);
                let mut out = Text::of(Mark::Ack, format!("◀{} ", dots(gap / 2)));
                out.0.extend(label.0);
                out.add(Mark::Ack, format!(" {}▶", dots(gap - gap / 2)))
                    .pad_then(self.cells, Text::new())
            }
            (to_master, _) => arrow(self.cells, to_master, Stroke::Ack, &label, Mark::Ack),
        }
    }

    fn rdb(&self, t: &Transfer) -> Vec<Text> {
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
        let mut lines = vec![arrow(self.cells, false, stroke, &label, Mark::Rdb)];
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
            lines.push(lean(self.cells, Lean::Middle, &text));
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
        recent: &[(Preview, Preview)],
        ended: Option<bool>,
    ) -> Vec<Text> {
        let of = |text: String| lean(self.cells, Lean::Replica, &Text::of(Mark::Rdb, text));
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

    fn write(&self, w: &Write) -> (Vec<Text>, Note) {
        let what = if w.commands > 1 {
            format!("{} writes", count(w.commands))
        } else {
            words::write(&w.wire)
        };
        let place = format!("{} at {}", size(w.bytes()), grouped(w.from.0));
        if w.waits() {
            let room = self.cells.saturating_sub(place.chars().count() + 6);
            let text = Text::of(Mark::Waiting, "⏸ ")
                .add(Mark::Stream, crate::tui::text::clip(&what, room))
                .add(Mark::Quiet, format!("  {place}"));
            let line = lean(self.cells, Lean::Master, &text);
            return (vec![line], self.note(Mark::Waiting, "held back", "held"));
        }
        let room = self.cells.saturating_sub(place.chars().count() + 9).max(8);
        let mut label = Text::of(Mark::Stream, crate::tui::text::clip(&what, room));
        if label.width() + place.chars().count() + 9 <= self.cells {
            label = label.add(Mark::Quiet, format!(" {place}"));
        }
        let note = match (w.applied, w.held) {
            (Some(_), true) => (Mark::Good, "✓ replayed", "✓"),
            (Some(_), false) => (Mark::Good, "✓ applied", "✓"),
            (None, true) => (Mark::Stream, "draining", "…"),
            (None, false) if self.seq.is_alive() => (Mark::Quiet, "on its way", "…"),
            (None, false) => (Mark::Broken, "not applied", "╳"),
        };
        // An outside replica tells nothing but its ACKs.
        let acked = self.seq.acked.is_some_and(|o| o >= w.to);
        let note =
            if w.applied.is_none() && acked { (Mark::Good, "✓ acked", "✓") } else { note };
        let line = arrow(self.cells, false, Stroke::Plain, &label, Mark::Stream);
        (vec![line], self.note(note.0, note.1, note.2))
    }

    fn lost(&self, master: Option<&LinkLoss>, replica: Option<&LinkLoss>, times: u32) -> Vec<Text> {
        // The end that knows more speaks; "the peer closed it" says the least.
        let pick = |a: &LinkLoss| !matches!(a, LinkLoss::PeerClosed);
        let cause = match (replica, master) {
            (Some(r), _) if pick(r) => Some(r),
            (_, Some(m)) if pick(m) => Some(m),
            (r, m) => r.or(m),
        };
        let what = cause.map_or("lost".into(), words::loss);
        let head = if matches!(cause, Some(LinkLoss::ConnectFailed(_))) {
            if times > 1 { format!("{} × {what}", count(u64::from(times))) } else { what }
        } else {
            format!("link lost: {what}")
        };
        let room = self.cells.saturating_sub(6);
        let head = crate::tui::text::clip(&head, room);
        let gap = self.cells.saturating_sub(crate::tui::text::width(&head) + 4);
        let dash = |n: usize| "╌".repeat(n);
        let text = format!("╳{} {head} {}╳", dash(gap / 2), dash(gap - gap / 2));
        vec![Text::of(Mark::Broken, fit(&text, self.cells))]
    }

    fn role(&self, port: u16, role: Role, master: Option<&Addr>, cause: RoleCause) -> Text {
        let (mark, text) = match (role, master) {
            (Role::Replica, Some(m)) => {
                (Mark::Replica, format!("◆ {port} is a replica of {}", m.port))
            }
            (Role::Replica, None) => (Mark::Replica, format!("◆ {port} is a replica")),
            (Role::Master, _) => (Mark::Master, format!("◆ {port} is a master")),
        };
        let mut text = Text::of(mark, text);
        if cause == RoleCause::Boot {
            text = text.add(Mark::Quiet, " · its conf says so");
        }
        lean(self.cells, self.side(port), &text)
    }
}

/// How long a write was held, for those who ask.
pub fn held_for(row: &Row, w: &Write) -> Option<u64> {
    let applied: Now = w.applied?;
    w.held.then(|| applied.mono_us.saturating_sub(row.at.mono_us))
}
