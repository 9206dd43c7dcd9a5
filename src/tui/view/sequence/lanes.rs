//! All links at once: a life line for each server that takes part, time running down beside them.
//!
//! ```text
//!    time    6380 master                 6381 replica              6382 replica
//!  +12.001    ┊◀──────────────────── PING ─┤┊                            ┊
//!  +12.004    ┊◀──────────────────────────────────────────────── PING ─┤┊
//! ```
//! Servers that do not fit are scrolled to sideways; what they say is told in words meanwhile.

use super::super::frame::Text;
use super::arrow::{Lean, arrow, cut, held_arrow};
use super::shape::{self, Drawn, Shape};
use super::{head, single, time_of};
use crate::observe::LinkState;
use crate::tui::app::App;
use crate::tui::reduce::link::{LinkKey, Peer};
use crate::tui::reduce::merge::{Item, cast};
use crate::tui::reduce::row::{Row, RowKind};
use crate::tui::text::{clip, fit, fit_right, width};
use crate::tui::theme::Mark;
use crate::tui::view::words;
use unicode_width::UnicodeWidthChar;

/// The first life line stands here; time is left of it.
const FIRST: usize = 9;
/// Between two life lines at least so many cells.
const LEAST_GAP: usize = 20;

/// Where the life lines stand.
#[derive(Clone, Debug)]
pub struct Lanes {
    cast: Vec<Peer>,
    /// How many are scrolled away at the left.
    from: usize,
    /// The columns of those in sight.
    at: Vec<usize>,
    /// One past the last column that rows may use.
    edge: usize,
    /// Cells of the notes at the right.
    note: usize,
}

impl Lanes {
    pub fn of(app: &App, links: &[LinkKey], width: usize) -> Lanes {
        let cast = cast(links.iter());
        let note = if width >= 100 { 13 } else { 5 };
        let edge = width.saturating_sub(note + 1);
        let last = edge.saturating_sub(1).max(FIRST);
        let fit = (1 + (last - FIRST) / LEAST_GAP).min(cast.len()).max(1);
        let most = cast.len() - fit;
        app.diagram.lane_most.set(most);
        let gap = if fit > 1 { (last - FIRST) as f64 / (fit - 1) as f64 } else { 0.0 };
        let at = (0..fit).map(|i| FIRST + (gap * i as f64).round() as usize).collect();
        Lanes { cast, from: app.diagram.lane.min(most), at, edge, note }
    }

    /// The column of a server, if it is in sight.
    fn column(&self, peer: &Peer) -> Option<usize> {
        let i = self.cast.iter().position(|p| p == peer)?;
        self.at.get(i.checked_sub(self.from)?).copied()
    }

    /// All lines of a row.
    pub fn row(&self, app: &App, item: &Item, time: Option<u64>) -> Vec<Text> {
        let key = &item.seq.key;
        let drawn = shape::of(app, item.seq, item.row, self.cells_for(key, &item.row.kind));
        let fresh = head::is_fresh(app, item.row);
        let stop = head::breaks_at(app, item);
        let state = if self.note >= 12 { state_change(item) } else { None };
        // What a master does for one of its replicas: for which.
        let whose = match item.row.kind {
            RowKind::Decision(_)
            | RowKind::Write(_)
            | RowKind::Online { .. }
            | RowKind::Wait { .. }
            | RowKind::SoftLimit { .. } => Some(format!("{}: ", key.replica.label())),
            _ => None,
        };
        self.lines(key, &drawn, &time_of(item, time), fresh, stop, state, whose)
    }

    /// A step that waits.
    pub fn held(&self, key: &LinkKey, drawn: &Drawn, stop: bool) -> Vec<Text> {
        self.lines(key, drawn, "", false, stop, None, None)
    }

    /// Between the two life lines of a link, or beside one of them for remarks.
    fn cells_for(&self, key: &LinkKey, kind: &RowKind) -> usize {
        let room = self.edge.saturating_sub(FIRST + 2);
        let arrow = match kind {
            RowKind::Write(w) => !w.held,
            RowKind::Connect
            | RowKind::Message { .. }
            | RowKind::KeepAlive { .. }
            | RowKind::Rdb(_)
            | RowKind::Replay { .. }
            | RowKind::Lost { .. } => true,
            _ => false,
        };
        match (arrow, self.column(&key.master), self.column(&key.replica)) {
            (true, Some(a), Some(b)) => a.abs_diff(b).saturating_sub(1),
            _ => room,
        }
    }

    #[allow(clippy::too_many_arguments)]
    fn lines(
        &self,
        key: &LinkKey,
        drawn: &Drawn,
        time: &str,
        fresh: bool,
        stop: bool,
        state: Option<(Mark, &str)>,
        whose: Option<String>,
    ) -> Vec<Text> {
        let mut out = Vec::with_capacity(drawn.shapes.len());
        for (i, shape) in drawn.shapes.iter().enumerate() {
            let first = i == 0;
            let mut strip = self.strip();
            if first {
                strip.put(0, &Text::new().add_fresh(Mark::Quiet, fit_right(time, 7), fresh));
                if stop {
                    strip.put(7, &Text::of(Mark::Broken, "●"));
                }
            }
            self.place(&mut strip, key, shape, if first { whose.as_deref() } else { None });
            let (mark, text) = match (&drawn.note, state) {
                _ if !first => (Mark::Text, ""),
                (Some(note), _) if self.note < width(&note.long) => (note.mark, note.short),
                (Some(note), _) => (note.mark, note.long.as_str()),
                (None, Some(state)) => state,
                (None, None) => (Mark::Text, ""),
            };
            out.push(strip.text(self.edge + 1).add(mark, fit(text, self.note)));
        }
        out
    }

    fn place(&self, strip: &mut Strip, key: &LinkKey, shape: &Shape, whose: Option<&str>) {
        let (master, replica) = (self.column(&key.master), self.column(&key.replica));
        let (Some(m), Some(r)) = (master, replica) else {
            return self.in_words(strip, key, shape);
        };
        let (lo, hi) = (m.min(r), m.max(r));
        let cells = hi.saturating_sub(lo + 1);
        // To the right if that is where the other end stands.
        let right = |to_master: bool| to_master == (m > r);
        let drawn = match shape {
            Shape::Arrow { to_master, stroke, label, mark } => {
                arrow(cells, right(*to_master), *stroke, &shorter(label, cells), *mark)
            }
            Shape::Held { to_master, label } => held_arrow(cells, right(*to_master), label),
            Shape::Both(label) => single::both(cells, label),
            Shape::Broken(text) => single::broken(cells, text),
            Shape::Remark(lean, text) => {
                let text = match whose {
                    Some(whose) => {
                        let mut full = Text::of(Mark::Quiet, whose);
                        full.0.extend(text.0.clone());
                        full
                    }
                    None => text.clone(),
                };
                let at = match lean {
                    Lean::Master => m,
                    Lean::Replica => r,
                    Lean::Middle => lo,
                };
                return self.remark(strip, at, &text);
            }
        };
        strip.put(lo + 1, &drawn);
        // Where it crosses the life line of a third.
        for x in self.at.iter().filter(|x| (lo + 1..hi).contains(*x)) {
            strip.cross(*x);
        }
    }

    /// A text beside a life line: to its right if there is room, else to its left.
    fn remark(&self, strip: &mut Strip, at: usize, text: &Text) {
        let text = cut(text, self.edge.saturating_sub(FIRST + 2));
        let wide = text.width();
        let from = if at + 2 + wide <= self.edge {
            at + 2
        } else if at > FIRST + wide {
            at - wide - 1
        } else {
            self.edge - wide
        };
        strip.put(from, &text);
    }

    /// What is said with a server out of sight.
    fn in_words(&self, strip: &mut Strip, key: &LinkKey, shape: &Shape) {
        let (said, arrow) = match shape {
            Shape::Arrow { to_master, label, .. } | Shape::Held { to_master, label } => {
                (flat(label), if *to_master { "→" } else { "←" })
            }
            Shape::Both(label) | Shape::Remark(_, label) => (flat(label), "⇄"),
            Shape::Broken(text) => (text.clone(), "╳"),
        };
        let text = format!("{} {arrow} {}  {said}", key.replica.label(), key.master.label());
        let at = self.column(&key.replica).or(self.column(&key.master)).unwrap_or(FIRST);
        self.remark(strip, at, &Text::of(Mark::Quiet, text));
    }

    /// A line between two rows: time passes and nothing happens.
    pub fn pause(&self, mark: Mark, text: &str) -> Text {
        let mut strip = self.strip();
        strip.put(FIRST + 2, &Text::of(mark, clip(text, self.edge.saturating_sub(FIRST + 2))));
        strip.text(self.edge)
    }

    /// Who stands where, and in what state.
    pub fn header(&self, app: &App) -> [Text; 2] {
        let mut names = Strip::blank(self.edge + 1 + self.note);
        let mut states = Strip::blank(self.edge + 1 + self.note);
        names.put(3, &Text::of(Mark::Quiet, "time"));
        let last = self.at.len().saturating_sub(1);
        for (i, x) in self.at.iter().enumerate() {
            let peer = &self.cast[self.from + i];
            let up = app.world.links.all().find(|s| s.key.replica == *peer && s.is_alive());
            let role = head::role(app, peer, true);
            let mark = if up.is_some() || role == "replica" { Mark::Replica } else { Mark::Master };
            let room = match self.at.get(i + 1) {
                Some(next) => next - x - 1,
                None => LEAST_GAP,
            };
            let name = clip(&format!("{} {role}", peer.label()), room);
            let end = self.edge + if self.hidden_right() > 0 { 0 } else { self.note };
            // The state is the replica's own; only its side could tell it.
            let state = up.map_or("", |s| match s.replica_state {
                LinkState::None => s.master_state.map_or("", words::replica_state_name),
                state if room < 22 => words::state_word(state),
                state => words::state_name(state),
            });
            let state = clip(state, room);
            for (strip, text, mark) in
                [(&mut names, name.as_str(), mark), (&mut states, state.as_str(), Mark::Quiet)]
            {
                let wide = width(text);
                let from = match i {
                    0 => *x,
                    _ if i == last => end.min(x + wide / 2 + 1).saturating_sub(wide),
                    _ => x.saturating_sub(wide / 2),
                };
                strip.put(from, &Text::of(mark, text));
            }
        }
        if self.from > 0 {
            states.put(0, &Text::of(Mark::Key, format!("◂ {} <", self.from)));
        }
        if self.hidden_right() > 0 {
            let text = format!("> {} ▸", self.hidden_right());
            states.put(self.edge + self.note - 5, &Text::of(Mark::Key, text));
        }
        [names.text(self.edge + 1 + self.note), states.text(self.edge + 1 + self.note)]
    }

    fn hidden_right(&self) -> usize {
        self.cast.len() - self.from - self.at.len()
    }

    fn strip(&self) -> Strip {
        let mut strip = Strip::blank(self.edge + 1);
        for x in &self.at {
            strip.put(*x, &Text::of(Mark::Quiet, "┊"));
        }
        strip
    }
}

/// The state that changed with this row.
fn state_change<'a>(item: &Item) -> Option<(Mark, &'a str)> {
    let before: Option<&Row> = item.before;
    let row = item.row;
    if row.replica_state != LinkState::None
        && before.map(|b| b.replica_state) != Some(row.replica_state)
    {
        return Some((Mark::Replica, words::state_word(row.replica_state)));
    }
    let state = row.master_state?;
    (before.and_then(|b| b.master_state) != Some(state))
        .then(|| (Mark::Master, words::replica_state_word(state)))
}

/// A label without the command's name, where that does not fit: the handshake is all REPLCONF.
fn shorter(label: &Text, cells: usize) -> Text {
    let mut label = label.clone();
    if label.width() + 7 > cells
        && let Some((_, text, _)) = label.0.first_mut()
        && let Some(rest) = text.strip_prefix("REPLCONF ")
    {
        *text = rest.to_owned();
    }
    label
}

fn flat(text: &Text) -> String {
    text.0.iter().map(|p| p.1.as_str()).collect()
}

/// A line of cells that later texts overwrite.
struct Strip {
    /// A blank follows a character of two cells as `None`.
    cells: Vec<(Option<char>, Mark, bool)>,
}

impl Strip {
    fn blank(wide: usize) -> Strip {
        Strip { cells: vec![(Some(' '), Mark::Text, false); wide] }
    }

    fn put(&mut self, mut x: usize, text: &Text) {
        for (mark, piece, fresh) in &text.0 {
            for c in piece.chars() {
                let w = c.width().unwrap_or(0);
                if w == 0 {
                    continue;
                }
                if x + w > self.cells.len() {
                    return;
                }
                self.cells[x] = (Some(c), *mark, *fresh);
                for cell in &mut self.cells[x + 1..x + w] {
                    *cell = (None, *mark, *fresh);
                }
                x += w;
            }
        }
    }

    /// An arrow goes on behind a life line; a label hides it.
    fn cross(&mut self, x: usize) {
        if let Some((Some(c), _, _)) = self.cells.get_mut(x) {
            *c = match *c {
                '─' | '╌' => '┼',
                '═' => '╪',
                '·' => '┊',
                other => other,
            };
        }
    }

    /// The line, exactly so wide.
    fn text(self, wide: usize) -> Text {
        let mut out = Text::new();
        for (c, mark, fresh) in self.cells {
            let Some(c) = c else { continue };
            match out.0.last_mut() {
                Some((m, text, f)) if *m == mark && *f == fresh => text.push(c),
                _ => out.0.push((mark, c.to_string(), fresh)),
            }
        }
        out.pad_then(wide, Text::new())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_strip_keeps_its_width_whatever_is_put_on_it() {
        let mut strip = Strip::blank(10);
        strip.put(3, &Text::of(Mark::Text, "┊"));
        strip.put(1, &Text::of(Mark::Rdb, "同步x"));
        strip.put(9, &Text::of(Mark::Rdb, "同"));
        let text = strip.text(12);
        assert_eq!(text.width(), 12);
        assert_eq!(flat(&text), " 同步x      ");
    }
}
