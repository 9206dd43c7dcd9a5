//! How the sequence diagram is looked at: one link or all, how time is spread, which row is
//! selected.

use super::{App, Pane};
use crate::tui::reduce::link::LinkKey;
use crate::tui::reduce::merge::{Ends, Item, NewestFirst, RowRef};
use crate::tui::reduce::sequence::Sequence;
use std::cell::Cell;

/// What a line of the diagram may stand for, in microseconds; 0: rows stand close, whatever lies
/// between them.
pub const SCALES: [u64; 5] = [0, 1_000_000, 100_000, 10_000, 1_000];

/// The state of the diagram, apart from its selected row.
#[derive(Clone, Debug, Default)]
pub struct Diagram {
    /// All links side by side, a life line for each server.
    pub all: bool,
    /// Index into [`SCALES`].
    pub scale: usize,
    /// How many life lines are scrolled away at the left, and how far that can go.
    pub lane: usize,
    pub lane_most: Cell<usize>,
    /// One past the last row of each link that is to be seen, as of the last frame.
    pub ends: Ends,
}

impl App {
    /// The links that the diagram shows.
    pub fn diagram_links(&self) -> Vec<LinkKey> {
        if self.diagram.all {
            self.world.links.keys().cloned().collect()
        } else {
            self.link().into_iter().collect()
        }
    }

    /// Lets out the rows that are due by now: they are played behind at a readable pace.
    pub fn play_rows(&mut self) {
        let now = self.now.mono_us;
        let mut ends = Ends::new();
        for key in self.diagram_links() {
            let Some(seq) = self.world.links.get(&key) else { continue };
            if self.back.is_some() {
                // A moment stands still: nothing is played.
                ends.insert(key, seq.end());
                continue;
            }
            let (end, _) = self.play.due(&key, (seq.dropped, seq.end()), now, |i| moment(seq, i));
            ends.insert(key, end);
        }
        self.diagram.ends = ends;
    }

    /// How long until the next row is due, if rows wait.
    pub(super) fn next_row_us(&mut self) -> Option<u64> {
        let now = self.now.mono_us;
        let mut next: Option<u64> = None;
        for key in self.diagram_links() {
            let Some(seq) = self.world.links.get(&key) else { continue };
            let rows = (seq.dropped, seq.end());
            if let (_, Some(us)) = self.play.due(&key, rows, now, |i| moment(seq, i)) {
                next = Some(next.map_or(us, |n| n.min(us)));
            }
        }
        next
    }

    /// The rows of the diagram, the newest first.
    pub fn diagram_rows(&self) -> NewestFirst<'_> {
        NewestFirst::new(&self.world.links, &self.diagram.ends)
    }

    /// The row that is selected, if it still exists.
    pub fn selected(&self) -> Option<Item<'_>> {
        let name = self.cursor.as_ref()?;
        let mut ends = Ends::new();
        ends.insert(name.link.clone(), name.row.checked_add(1)?);
        NewestFirst::new(&self.world.links, &ends).next().filter(|item| item.is(name))
    }

    /// Selects a row; where the tabs stand beside the diagram, its bytes come up there.
    pub fn select(&mut self, row: RowRef) {
        if self.cursor.is_none() && self.wide && !self.zoom {
            self.tab = Pane::Wire;
        }
        self.cursor = Some(row);
    }

    /// Moves the selection by so many rows; past the newest row, the diagram follows again.
    pub(super) fn move_selection(&mut self, by: isize) {
        if self.diagram.ends.is_empty() {
            self.play_rows();
        }
        let rows: Vec<RowRef> = self.diagram_rows().map(|item| item.name()).collect();
        if rows.is_empty() {
            return;
        }
        // Counted from the newest.
        let here = match &self.cursor {
            None if by > 0 => return,
            // The first step up selects the newest row itself.
            None => -1,
            Some(row) => rows.iter().position(|r| r == row).map_or(0, |i| i as isize),
        };
        let last = rows.len() as isize - 1;
        let next = here.saturating_sub(by);
        if next < 0 {
            self.cursor = None;
            return;
        }
        self.select(rows[next.min(last) as usize].clone());
    }

    /// One link, or all of them side by side.
    pub(super) fn toggle_all_links(&mut self) {
        self.diagram.all = !self.diagram.all;
        self.cursor = None;
        self.show(Pane::Sequence);
        self.notice = Some(if self.diagram.all {
            "all links; < > scroll sideways, a goes back to one".into()
        } else {
            "one link; n and p change it".into()
        });
    }

    /// A finer or coarser scale of time.
    pub(super) fn scale_time(&mut self, by: isize) {
        let most = SCALES.len() - 1;
        self.diagram.scale = self.diagram.scale.saturating_add_signed(by).min(most);
        self.notice = Some(match SCALES[self.diagram.scale] {
            0 => "rows stand close; idle stretches are folded".into(),
            us => format!("a line stands for {}", scale_name(us)),
        });
    }

    /// Life lines to the left or to the right.
    pub(super) fn scroll_lanes(&mut self, by: isize) {
        let most = self.diagram.lane_most.get();
        self.diagram.lane = self.diagram.lane.min(most).saturating_add_signed(by).min(most);
        if most == 0 {
            self.notice = Some("every life line is in sight".into());
        }
    }
}

/// `1 s`, `100 ms`.
pub fn scale_name(us: u64) -> String {
    if us >= 1_000_000 { format!("{} s", us / 1_000_000) } else { format!("{} ms", us / 1000) }
}

fn moment(seq: &Sequence, row: u64) -> u64 {
    let i = usize::try_from(row - seq.dropped).unwrap_or(usize::MAX);
    seq.rows.get(i).map_or(0, |r| r.at.mono_us)
}
