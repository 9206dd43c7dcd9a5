//! `why?`: the box that explains, and the list of everything that raised the question.

use super::{App, Popup};
use crate::tui::reduce::merge::RowRef;
use crate::tui::reduce::row::RowKind;
use crossterm::event::{KeyCode, KeyEvent};

/// What is explained, scrolled by so many lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WhyBox {
    pub of: WhyOf,
    pub scroll: usize,
}

/// What a box explains.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WhyOf {
    /// A row of the diagram.
    Row(RowRef),
    /// An entry of the list of whys, counted from the newest.
    Asked(usize),
}

impl App {
    /// Opens the numbers behind the selected row, or behind the latest decision that is in sight.
    pub(super) fn why(&mut self) {
        let row = self.cursor.clone().or_else(|| {
            let mut rows = self.diagram_rows();
            rows.find(|i| matches!(i.row.kind, RowKind::Decision(_))).map(|i| i.name())
        });
        match row {
            Some(row) => self.popup = Some(Popup::Why(WhyBox { of: WhyOf::Row(row), scroll: 0 })),
            None => self.whys(),
        }
    }

    /// Opens the list.
    pub(super) fn whys(&mut self) {
        if self.world.whys.is_empty() {
            self.notice = Some("nothing to explain yet: nothing was judged or refused".into());
        } else {
            self.popup = Some(Popup::Whys(0));
        }
    }

    pub(super) fn open_why(&mut self, at: usize) {
        self.popup = Some(Popup::Why(WhyBox { of: WhyOf::Asked(at), scroll: 0 }));
    }

    pub(super) fn why_key(&mut self, key: KeyEvent) {
        let Some(Popup::Why(shown)) = &mut self.popup else { return };
        match key.code {
            KeyCode::Char('y') => self.copy(),
            KeyCode::PageDown | KeyCode::Char(' ') => shown.scroll += 5,
            KeyCode::PageUp => shown.scroll = shown.scroll.saturating_sub(5),
            KeyCode::Char('j') | KeyCode::Down => self.why_step(1),
            KeyCode::Char('k') | KeyCode::Up => self.why_step(-1),
            KeyCode::Char('W') => self.whys(),
            KeyCode::Esc | KeyCode::Backspace => match shown.of {
                WhyOf::Asked(at) => self.popup = Some(Popup::Whys(at)),
                WhyOf::Row(_) => self.popup = None,
            },
            _ => self.popup = None,
        }
    }

    pub(super) fn whys_key(&mut self, key: KeyEvent) {
        let last = self.world.whys.len().saturating_sub(1);
        let Some(Popup::Whys(chosen)) = &mut self.popup else { return };
        *chosen = (*chosen).min(last);
        match key.code {
            KeyCode::Char('j') | KeyCode::Down => *chosen = (*chosen + 1).min(last),
            KeyCode::Char('k') | KeyCode::Up => *chosen = chosen.saturating_sub(1),
            KeyCode::PageDown => *chosen = (*chosen + 10).min(last),
            KeyCode::PageUp => *chosen = chosen.saturating_sub(10),
            KeyCode::Home | KeyCode::Char('g') => *chosen = 0,
            KeyCode::End | KeyCode::Char('G') => *chosen = last,
            KeyCode::Enter | KeyCode::Char('w' | ' ') => {
                let at = *chosen;
                self.open_why(at);
            }
            KeyCode::Char('y') => self.copy(),
            _ => self.popup = None,
        }
    }

    /// The next row of the diagram, or the next entry of the list.
    fn why_step(&mut self, by: isize) {
        let Some(Popup::Why(shown)) = &self.popup else { return };
        let row = match &shown.of {
            WhyOf::Asked(at) => {
                let last = self.world.whys.len().saturating_sub(1);
                return self.open_why(at.saturating_add_signed(by).min(last));
            }
            WhyOf::Row(row) => row.clone(),
        };
        self.cursor = Some(row.clone());
        self.move_selection(by);
        // Below the newest row there is nothing: stay with it.
        let row = self.cursor.get_or_insert(row).clone();
        self.popup = Some(Popup::Why(WhyBox { of: WhyOf::Row(row), scroll: 0 }));
    }
}
