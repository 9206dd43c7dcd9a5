//! One link: time, the replica's state, the two life lines with what passed between them, the
//! master's state.

use super::super::frame::Text;
use super::super::words;
use super::arrow::{Lean, Stroke, arrow, held_arrow, lean};
use super::shape::{self, Drawn, Shape};
use super::{head, time_of};
use crate::tui::app::App;
use crate::tui::reduce::merge::Item;
use crate::tui::reduce::row::Row;
use crate::tui::reduce::sequence::Sequence;
use crate::tui::text::{clip, fit, fit_right, width};
use crate::tui::theme::Mark;

/// Where a row's columns lie.
#[derive(Clone, Copy, Debug)]
pub struct Columns {
    /// Time, left of everything.
    time: usize,
    /// The replica's state, if there is room for it.
    left: usize,
    /// Between the two life lines.
    middle: usize,
    /// The master's state, and `why?`.
    right: usize,
    /// The states in full.
    full: bool,
}

impl Columns {
    pub fn of(width: usize) -> Columns {
        let time = 7;
        let full = width >= 100;
        let (left, right) = match width {
            0..=60 => (0, 4),
            61..=71 => (0, 12),
            72..=99 => (12, 12),
            _ => (20, 17),
        };
        // Two life lines with a blank outside of each.
        let middle = width.saturating_sub(time + left + right + 4);
        Columns { time, left, middle, right, full }
    }

    /// All lines of a row.
    pub fn row(self, app: &App, item: &Item, time: Option<u64>) -> Vec<Text> {
        let drawn = shape::of(app, item.seq, item.row, self.middle);
        let fresh = head::is_fresh(app, item.row);
        let (left, right) = self.states(item.row, item.before);
        let stop = head::breaks_at(app, item);
        self.lines(drawn, time_of(item, time), fresh, (left, right), stop)
    }

    /// A step that waits.
    pub fn held(self, drawn: Drawn, stop: bool) -> Vec<Text> {
        self.lines(drawn, String::new(), false, Default::default(), stop)
    }

    fn lines(
        self,
        drawn: Drawn,
        time: String,
        fresh: bool,
        (left, right): (&str, &str),
        stop: bool,
    ) -> Vec<Text> {
        let mut out = Vec::with_capacity(drawn.shapes.len());
        for (i, shape) in drawn.shapes.iter().enumerate() {
            let first = i == 0;
            let told = if first { time.as_str() } else { "" };
            let mut line =
                Text::new().add_fresh(Mark::Quiet, fit_right(told, self.time), fresh && first);
            if self.left > 0 {
                let state = if first { left } else { "" };
                line = line.add(Mark::Replica, fit_right(state, self.left));
            }
            line = match stop && first {
                true => line.add(Mark::Broken, "●"),
                false => line.add(Mark::Quiet, " "),
            };
            line = line.add(Mark::Quiet, "┊");
            line.0.extend(self.between(shape).0);
            line = line.add(Mark::Quiet, "┊ ");
            let (mark, text) = match &drawn.note {
                _ if !first => (Mark::Text, ""),
                Some(note) if self.right < width(&note.long) => (note.mark, note.short),
                Some(note) => (note.mark, note.long.as_str()),
                None if self.right < 8 => (Mark::Text, ""),
                None => (Mark::Master, right),
            };
            out.push(line.add(mark, fit(text, self.right)));
        }
        out
    }

    fn between(self, shape: &Shape) -> Text {
        let cells = self.middle;
        match shape {
            Shape::Arrow { to_master, stroke, label, mark } => {
                arrow(cells, *to_master, *stroke, label, *mark)
            }
            Shape::Held { to_master, label } => held_arrow(cells, *to_master, label),
            Shape::Both(label) => both(cells, label),
            Shape::Remark(to, text) => lean(cells, *to, text),
            Shape::Broken(text) => broken(cells, text),
        }
    }

    /// The states that changed with this row.
    fn states(self, row: &Row, before: Option<&Row>) -> (&'static str, &'static str) {
        let (replica, master): (fn(_) -> _, fn(_) -> _) = match self.full {
            true => (words::state_name, words::replica_state_name),
            false => (words::state_word, words::replica_state_word),
        };
        let left = match row.replica_state {
            crate::observe::LinkState::None => "",
            state if before.map(|b| b.replica_state) == Some(state) => "",
            state => replica(state),
        };
        let right = match row.master_state {
            Some(state) if before.and_then(|b| b.master_state) != Some(state) => master(state),
            _ => "",
        };
        (left, right)
    }

    /// A line between two rows: time passes and nothing happens.
    pub fn pause(self, mark: Mark, text: &str) -> Text {
        let blank =
            Text::of(Mark::Quiet, " ".repeat(self.time + self.left + 1)).add(Mark::Quiet, "┊");
        let mut line = blank;
        line.0.extend(lean(self.middle, Lean::Middle, &Text::of(mark, text)).0);
        line.add(Mark::Quiet, "┊")
    }

    /// Who stands where, and their states now.
    pub fn header(self, app: &App, seq: &Sequence) -> [Text; 2] {
        let indent = self.time + 1 + self.left;
        let half = self.middle / 2;
        let left =
            format!("{} {}", seq.key.replica.label(), head::role(app, &seq.key.replica, true));
        let right =
            format!("{} {}", seq.key.master.label(), head::role(app, &seq.key.master, false));
        let names = Text::of(Mark::Quiet, fit("   time", indent))
            .add(Mark::Replica, fit(&left, half + 1))
            .add(Mark::Master, fit_right(&right, self.middle - half + 1));
        // Only its own side could tell the state of a replica outside the lab.
        let ours = seq.key.replica.host.is_empty()
            && app.world.model.instance(seq.key.replica.port).is_some();
        let replica = if ours { words::state_name(seq.replica_state) } else { "" };
        let master = seq.master_state.map_or("", words::replica_state_name);
        // Which link of how many, where the pane's title does not tell it.
        let keys: Vec<_> = app.world.links.keys().collect();
        let which = match keys.iter().position(|k| **k == seq.key) {
            Some(at) if keys.len() > 1 && self.left > 0 => {
                format!(" link {} of {}: n", at + 1, keys.len())
            }
            _ => String::new(),
        };
        let states = Text::of(Mark::Quiet, fit(&which, indent))
            .add(Mark::Quiet, fit(replica, half + 1))
            .add(Mark::Quiet, fit_right(master, self.middle - half + 1));
        [names, states]
    }
}

/// Periodic traffic in both directions.
pub fn both(cells: usize, label: &Text) -> Text {
    let label = super::arrow::cut(label, cells.saturating_sub(6));
    let gap = cells.saturating_sub(label.width() + 4);
    let dots = |n: usize| Stroke::Ack.char().to_string().repeat(n);
    let mut out = Text::of(Mark::Ack, format!("◀{} ", dots(gap / 2)));
    out.0.extend(label.0);
    out.add(Mark::Ack, format!(" {}▶", dots(gap - gap / 2))).pad_then(cells, Text::new())
}

/// `╳╌╌ link lost: … ╌╌╳`
pub fn broken(cells: usize, text: &str) -> Text {
    let head = clip(text, cells.saturating_sub(6));
    let gap = cells.saturating_sub(width(&head) + 4);
    let dash = |n: usize| Stroke::Dashed.char().to_string().repeat(n);
    let text = format!("╳{} {head} {}╳", dash(gap / 2), dash(gap - gap / 2));
    Text::of(Mark::Broken, fit(&text, cells))
}
