//! Looking back: the screen shows an earlier moment while the servers, and the console, go on.
//!
//! `App::world` and `App::now` are what the panes draw, so a moment of the past is put in their
//! place; the live ones wait here and go on folding.

use super::{App, Focus, Popup};
use crate::console::Back as Asked;
use crate::observe::{Event, Now};
use crate::tui::line_edit::LineEdit;
use crate::tui::reduce::World;
use crate::tui::reduce::link::LinkKey;
use crate::tui::reduce::merge::RowRef;
use crate::tui::travel::marks::{Sort, TimeMark};
use crate::tui::travel::{clock_ms, time_of};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// What is kept while an earlier moment is up.
pub struct Back {
    /// The world as it is, and its time.
    pub live: World,
    pub live_now: Now,
    /// So many events had happened: the position behind the last of them.
    pub at: u64,
    /// How many there were when the look back began.
    pub entered: u64,
    /// The last event of the moment that is up.
    pub event: Option<Event>,
    /// The row and the link that were chosen in the present.
    cursor: Option<RowRef>,
    chosen: Option<LinkKey>,
}

impl App {
    /// The world as it is, whatever is looked at.
    pub fn live(&self) -> &World {
        self.back.as_ref().map_or(&self.world, |b| &b.live)
    }

    pub(super) fn live_mut(&mut self) -> &mut World {
        match &mut self.back {
            Some(back) => &mut back.live,
            None => &mut self.world,
        }
    }

    /// The present time, whatever is looked at.
    pub fn live_now(&self) -> Now {
        self.back.as_ref().map_or(self.now, |b| b.live_now)
    }

    /// Time went on.
    pub fn tick(&mut self, now: Now) {
        match &mut self.back {
            Some(back) => back.live_now = back.live_now.max(now),
            None => self.now = self.now.max(now),
        }
    }

    /// Whether the arrow keys move on the timeline.
    pub fn on_timeline(&self) -> bool {
        self.back.is_some() && self.focus != Focus::Console
    }

    /// What `:back` and `:now` ask for.
    pub fn asked_back(&mut self, asked: &Asked) {
        match asked {
            Asked::Now => self.back_to_now(),
            Asked::Last => self.look_back(),
            Asked::To(place) => self.look_at_place(place),
        }
        if self.back.is_some() {
            // The arrows are for the timeline now; `i` goes on typing.
            self.leave_console();
        }
    }

    /// Looks at the last moment that is worth a stop.
    pub fn look_back(&mut self) {
        let end = self.travel.end();
        if end == 0 {
            self.notice = Some("nothing has happened yet".into());
            return;
        }
        let here = self.back.as_ref().map_or(end, |b| b.at);
        let mark = self.travel.marks.before(here, |_| true).map(|m| m.seq + 1);
        self.go_to(mark.unwrap_or(end.saturating_sub(1)));
    }

    /// Looks at a time of the session, an event, or a bookmark, as typed.
    fn look_at_place(&mut self, place: &str) {
        let place = place.trim();
        let began = self.live().model.session.began;
        let at = if let Some(us) = time_of(place) {
            self.travel.at_time(began.mono_us.saturating_add(us))
        } else if let Some(seq) = self.travel.marks.bookmark(place) {
            seq + 1
        } else if let Ok(position) = place.parse::<u64>() {
            position
        } else {
            let names: Vec<&str> = self.bookmarks().map(|m| m.name.as_str()).collect();
            let known = match names.as_slice() {
                [] => ":bookmark NAME makes one".to_owned(),
                names => format!("there is {}", names.join(", ")),
            };
            let shown = crate::tui::text::safe(place);
            self.notice = Some(format!("no bookmark {shown}: {known}; or a time such as 0:41"));
            return;
        };
        self.go_to(at);
    }

    fn bookmarks(&self) -> impl Iterator<Item = &TimeMark> {
        self.travel.marks.all().filter(|m| m.sort == Sort::Bookmark)
    }

    /// Shows the moment behind so many events, as far back as the journal reaches.
    pub fn go_to(&mut self, at: u64) {
        let (first, end) = (self.travel.first(), self.travel.end());
        let wanted = at.clamp(first, end);
        if at < first {
            self.notice = Some(format!(
                "the journal reaches back to event {}: earlier ones were dropped",
                crate::tui::text::count(first)
            ));
        }
        let here = self.back.as_ref().map(|_| std::mem::take(&mut self.world));
        let Some(world) = self.travel.world_at(wanted, here) else {
            self.notice = Some("this session keeps no journal".into());
            return;
        };
        let shown = Now { ..world.model.now };
        match &mut self.back {
            Some(_) => self.world = world,
            None => {
                let live = std::mem::replace(&mut self.world, world);
                self.back = Some(Box::new(Back {
                    live,
                    live_now: self.now,
                    at: wanted,
                    entered: end,
                    event: None,
                    cursor: self.cursor.take(),
                    chosen: self.chosen.clone(),
                }));
                self.offer = None;
            }
        }
        self.now = shown;
        // A row of another moment is another row.
        self.cursor = None;
        let event = wanted.checked_sub(1).and_then(|seq| self.travel.event(seq));
        if let Some(back) = &mut self.back {
            back.at = wanted;
            back.event = event;
        }
    }

    /// The present again.
    pub fn back_to_now(&mut self) {
        let Some(back) = self.back.take() else {
            self.notice = Some("this is now".into());
            return;
        };
        self.world = back.live;
        self.now = back.live_now;
        self.cursor = back.cursor;
        self.chosen = back.chosen;
        self.travel.rest();
        if matches!(self.popup, Some(Popup::GoTo(_) | Popup::Differences(_))) {
            self.popup = None;
        }
    }

    /// A key on the timeline; `false`: it means what it always means.
    pub(super) fn back_key(&mut self, key: KeyEvent) -> bool {
        let Some(back) = &self.back else { return false };
        let at = back.at;
        let far = key.modifiers.intersects(KeyModifiers::SHIFT | KeyModifiers::CONTROL);
        let (first, end) = (self.travel.first(), self.travel.end());
        let tenth = ((end - first) / 10).max(1);
        match key.code {
            KeyCode::Left if far => self.go_mark(false, |_| true),
            KeyCode::Right if far => self.go_mark(true, |_| true),
            KeyCode::Left | KeyCode::Char('h') => self.go_to(at.saturating_sub(1)),
            KeyCode::Right | KeyCode::Char('l') => self.go_to(at + 1),
            KeyCode::Up => self.go_mark(false, |_| true),
            KeyCode::Down => self.go_mark(true, |_| true),
            KeyCode::Char('[') => self.go_mark(false, |m| m.sort == Sort::Bookmark),
            KeyCode::Char(']') => self.go_mark(true, |m| m.sort == Sort::Bookmark),
            KeyCode::PageUp => self.go_to(at.saturating_sub(tenth)),
            KeyCode::PageDown => self.go_to(at + tenth),
            KeyCode::Home => self.go_to(first),
            KeyCode::End => self.go_to(end),
            KeyCode::Char('g') => self.popup = Some(Popup::GoTo(LineEdit::default())),
            KeyCode::Char('d') if key.modifiers.is_empty() => {
                self.popup = Some(Popup::Differences(0));
            }
            KeyCode::Char('n') | KeyCode::Esc => self.back_to_now(),
            _ => return false,
        }
        true
    }

    fn go_mark(&mut self, later: bool, wanted: impl Fn(&TimeMark) -> bool) {
        let Some(back) = &self.back else { return };
        let marks = &self.travel.marks;
        let mark = if later { marks.after(back.at, wanted) } else { marks.before(back.at, wanted) };
        match mark.map(|m| m.seq + 1) {
            Some(at) => self.go_to(at),
            None if later => self.notice = Some("no later mark: n returns to now".into()),
            None => self.notice = Some("no earlier mark".into()),
        }
    }

    /// The place that was typed into the box of `g`.
    pub(super) fn go_to_typed(&mut self, place: &str) {
        if !place.trim().is_empty() {
            self.look_at_place(place);
        }
    }

    /// The moment that is up, as a clock shows it; `None`: it is the present.
    pub fn back_clock(&self) -> Option<String> {
        self.back.as_ref()?;
        Some(clock_ms(self.now, self.live().model.session.began))
    }
}
