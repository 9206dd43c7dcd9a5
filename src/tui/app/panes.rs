//! Moving between panes, links and rows.

use super::{App, Focus, Pane, RIGHT_TABS, Screen};

impl App {
    /// Brings a pane to the front; the keys stay where they are, at the prompt.
    pub(super) fn look_at(&mut self, pane: Pane) {
        let focus = self.focus;
        self.show(pane);
        self.focus = focus;
    }

    /// Brings a pane to the front and gives it the keys.
    pub fn show(&mut self, pane: Pane) {
        if pane == Pane::Console {
            self.focus = Focus::Console;
            return;
        }
        if pane == Pane::Lesson && self.progress.is_none() {
            self.notice = Some("no lesson runs here: this is the free lab".into());
            return;
        }
        if RIGHT_TABS.contains(&pane) {
            self.tab = pane;
        }
        self.narrow = pane;
        self.chose = true;
        self.focus = Focus::Pane(pane);
        self.offer = None;
    }

    /// A narrow screen shows one pane: when a link begins, the one that tells of it, unless the
    /// user chose another or a lesson is being read.
    pub(super) fn turn_to_sequence(&mut self) {
        if !self.chose
            && self.progress.is_none()
            && self.screen == Screen::Lab
            && self.back.is_none()
        {
            self.narrow = Pane::Sequence;
        }
    }

    /// The panes that Tab goes round, the console last.
    fn round(&self) -> Vec<Pane> {
        let mut panes: Vec<Pane> = if self.wide && !self.zoom {
            vec![Pane::Lesson, Pane::Topology, Pane::Sequence, self.tab]
        } else {
            Pane::NUMBERED.to_vec()
        };
        panes.retain(|p| *p != Pane::Lesson || self.progress.is_some());
        panes.push(Pane::Console);
        panes
    }

    pub(super) fn next_pane(&mut self) {
        self.step_pane(1);
    }

    pub(super) fn step_pane(&mut self, by: isize) {
        let round = self.round();
        let here = match self.focus {
            Focus::Console => Pane::Console,
            Focus::Pane(pane) => pane,
        };
        let at = round.iter().position(|p| *p == here).unwrap_or(0) as isize;
        let next = (at + by).rem_euclid(round.len() as isize) as usize;
        self.show(round[next]);
    }

    /// Leaves the console: to the pane that is looked at most.
    pub(super) fn leave_console(&mut self) {
        self.offer = None;
        let pane = if self.wide && !self.zoom { Pane::Sequence } else { self.narrow };
        let chose = self.chose;
        self.show(pane);
        // Leaving the console chooses nothing.
        self.chose = chose;
    }

    pub(super) fn step_link(&mut self, by: isize) {
        let keys: Vec<_> = self.world.links.keys().cloned().collect();
        if keys.is_empty() {
            let (master, replica) = self.first_ports();
            self.notice =
                Some(format!("no link yet: type SLAVEOF 127.0.0.1 {master} on {replica}"));
            return;
        }
        let here = self.link().and_then(|k| keys.iter().position(|x| *x == k)).unwrap_or(0);
        let next = (here as isize + by).rem_euclid(keys.len() as isize) as usize;
        self.choose(keys[next].clone());
    }

    /// Chooses a link; it stays until `f`.
    pub(super) fn choose(&mut self, key: crate::tui::reduce::link::LinkKey) {
        self.notice = Some(format!(
            "{} → {} chosen; f follows the newest again",
            key.replica.label(),
            key.master.label()
        ));
        self.chosen = Some(key);
        self.diagram.all = false;
        self.cursor = None;
    }

    /// Moves the selected row, or scrolls.
    pub(super) fn scroll_by(&mut self, pane: Pane, lines: isize) {
        if pane == Pane::Sequence {
            self.move_selection(lines);
            return;
        }
        // Panes that grow at their foot scroll back from there, the others down from their top.
        let down = if grows(pane) { -lines } else { lines };
        // A lesson that nobody scrolled begins with its present section.
        let begin = if pane == Pane::Lesson { self.lesson_top.get() } else { 0 };
        let most = self.scroll_most.borrow().get(&pane).copied().unwrap_or(100_000);
        let at = self.scroll.entry(pane).or_insert(begin);
        *at = (*at).min(most).saturating_add_signed(down).min(most);
    }

    /// Scrolls what is read beside the prompt: the pane of a narrow screen, the lesson of a wide
    /// one, else the pane that was chosen last.
    pub(super) fn scroll_beside(&mut self, lines: isize) {
        let pane = match self.narrow {
            Pane::Topology => Pane::Console,
            pane => pane,
        };
        self.scroll_by(pane, lines);
    }
}

/// Whether the newest stands at the foot.
pub fn grows(pane: Pane) -> bool {
    matches!(pane, Pane::Console | Pane::Logs | Pane::Wire | Pane::Rdb)
}
