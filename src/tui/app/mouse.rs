//! Clicks and the wheel.

use super::{Action, App, Focus, Hit, Pane, Popup, Screen};
use crate::tui::reduce::link::Peer;
use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::Position;

impl App {
    /// Something was done with the mouse.
    pub fn mouse(&mut self, event: MouseEvent) {
        let here = Position::new(event.column, event.row);
        // What was drawn last lies on top.
        let hit = self.hits.iter().rev().find(|(area, _)| area.contains(here)).cloned();
        match event.kind {
            MouseEventKind::Down(MouseButton::Left) => self.click(hit.map(|(_, h)| h)),
            MouseEventKind::ScrollUp => self.wheel(here, -3),
            MouseEventKind::ScrollDown => self.wheel(here, 3),
            _ => {}
        }
    }

    fn click(&mut self, hit: Option<Hit>) {
        if let Some(Hit::Why(at)) = hit
            && let Some(Popup::Whys(chosen)) = &mut self.popup
        {
            if *chosen == at {
                self.open_why(at);
            } else {
                *chosen = at;
            }
            return;
        }
        match &self.popup {
            Some(
                Popup::Help(_)
                | Popup::Why(_)
                | Popup::Whys(_)
                | Popup::Differences(_)
                | Popup::GoTo(_)
                | Popup::Steps(_)
                | Popup::Quit,
            ) => {
                self.popup = None;
                return;
            }
            Some(_) => return,
            None => {}
        }
        self.notice = None;
        match hit {
            Some(Hit::StartEntry(entry)) => {
                if matches!(self.screen, Screen::Start | Screen::Failed(..)) {
                    self.start_choose(entry);
                }
            }
            Some(Hit::Pane(pane)) => self.show(pane),
            Some(Hit::Link(key)) => {
                self.choose(key);
                self.show(Pane::Sequence);
            }
            Some(Hit::Row(row)) => {
                self.show(Pane::Sequence);
                if self.cursor.as_ref() == Some(&row) {
                    self.why();
                } else {
                    self.select(row);
                }
            }
            Some(Hit::Node(port)) => self.choose_node(port),
            Some(Hit::Help) => self.act(Action::Help),
            Some(Hit::Palette) => self.act(Action::Palette),
            Some(Hit::Candidate(i)) => self.take_candidate(i),
            Some(Hit::Why(_)) => {}
            Some(Hit::Moment(at)) => self.go_to(at),
            Some(Hit::Steps) => self.act(Action::Steps),
            None => {}
        }
    }

    /// A server of the topology: its link to its master comes up, or the newest one below it.
    fn choose_node(&mut self, port: u16) {
        let me = Peer::port(port);
        let links = &self.world.links;
        let up = links.keys().find(|k| {
            k.replica == me && links.get(k).is_some_and(|s| s.is_alive() || s.lost_at.is_some())
        });
        let below = || links.keys().filter(|k| k.master == me || k.replica == me).last();
        match up.or_else(below).cloned() {
            Some(key) => {
                self.choose(key);
                self.show(Pane::Sequence);
            }
            None => {
                self.log_port = Some(port);
                self.show(Pane::Logs);
                self.notice = Some(format!("{port} has no link yet; these are its logs"));
            }
        }
    }

    fn wheel(&mut self, here: Position, lines: isize) {
        if let Some(Popup::Help(at) | Popup::Differences(at)) = &mut self.popup {
            *at = at.saturating_add_signed(lines);
            return;
        }
        match &mut self.popup {
            Some(Popup::Why(shown)) => shown.scroll = shown.scroll.saturating_add_signed(lines),
            Some(Popup::Whys(chosen)) => *chosen = chosen.saturating_add_signed(lines.signum()),
            _ => {}
        }
        if self.popup.is_some() {
            return;
        }
        let pane = self.hits.iter().rev().find_map(|(area, hit)| match hit {
            Hit::Pane(pane) if area.contains(here) => Some(*pane),
            _ => None,
        });
        if let Some(pane) = pane {
            self.scroll_by(pane, lines);
        } else if let Focus::Pane(pane) = self.focus {
            self.scroll_by(pane, lines);
        }
    }
}
