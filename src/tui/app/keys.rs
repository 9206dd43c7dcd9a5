//! Keys, by what is open and who has the focus.

use super::{App, Ask, Focus, Mode, Pane, Popup, Screen};
use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

impl App {
    /// A key was pressed.
    pub fn key(&mut self, key: KeyEvent) {
        if key.kind == KeyEventKind::Release {
            return;
        }
        self.notice = None;
        let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
        if ctrl && key.code == KeyCode::Char('z') {
            self.ask(Ask::Suspend);
            return;
        }
        if self.time_key(key) {
            return;
        }
        if self.popup.is_some() {
            self.popup_key(key);
            return;
        }
        match self.screen {
            Screen::Start | Screen::Failed(..) => self.start_key(key, ctrl),
            Screen::Starting(_) => {
                if (ctrl && key.code == KeyCode::Char('c')) || key.code == KeyCode::Char('q') {
                    self.quit_now();
                }
            }
            Screen::Lab => {
                if ctrl && key.code == KeyCode::Char('c') {
                    self.interrupt();
                } else if self.focus == Focus::Console {
                    self.console_key(key);
                } else {
                    self.pane_key(key, ctrl);
                }
            }
        }
    }

    /// Ctrl-C: ends the running line, drops what was typed, or offers to leave.
    fn interrupt(&mut self) {
        if self.running {
            let dropped = self.queue.len();
            self.queue.clear();
            if dropped > 0 {
                self.notice = Some(format!("{dropped} lines that waited were dropped"));
            }
            self.ask(Ask::Interrupt);
        } else if !self.input.is_empty() {
            self.input.clear();
            self.offer = None;
        } else {
            self.popup = Some(Popup::Quit);
        }
    }

    /// The entries of the start screen: the lessons, the free lab, help, leave.
    pub fn start_entries(&self) -> usize {
        self.lessons.len() + 3
    }

    fn start_key(&mut self, key: KeyEvent, ctrl: bool) {
        let count = self.start_entries();
        match key.code {
            KeyCode::Char('c' | 'd') if ctrl => self.quit_now(),
            KeyCode::Char('q') | KeyCode::Esc => {
                if matches!(self.screen, Screen::Failed(..)) {
                    self.screen = Screen::Start;
                } else {
                    self.quit_now();
                }
            }
            KeyCode::Up | KeyCode::Char('k') | KeyCode::BackTab => {
                self.start_entry = (self.start_entry + count - 1) % count;
            }
            KeyCode::Down | KeyCode::Char('j') | KeyCode::Tab => {
                self.start_entry = (self.start_entry + 1) % count;
            }
            KeyCode::Enter | KeyCode::Char(' ') => self.start_choose(self.start_entry),
            KeyCode::Char('?') | KeyCode::F(1) => self.popup = Some(Popup::Help(0)),
            KeyCode::Char('f') => self.start_choose(self.lessons.len()),
            KeyCode::Char('t') => self.act(super::Action::Theme),
            KeyCode::Char(c) => {
                if let Some(n) = c.to_digit(10)
                    && (1..=self.lessons.len()).contains(&(n as usize))
                {
                    self.start_choose(n as usize - 1);
                }
            }
            _ => {}
        }
    }

    /// Takes an entry of the start screen.
    pub(super) fn start_choose(&mut self, entry: usize) {
        self.start_entry = entry;
        let lessons = self.lessons.len();
        let mode = if entry < lessons {
            Mode::Lesson(self.lessons[entry].id.clone())
        } else if entry == lessons {
            Mode::Free
        } else if entry == lessons + 1 {
            self.popup = Some(Popup::Help(0));
            return;
        } else {
            self.quit_now();
            return;
        };
        self.begin(mode);
    }

    /// Begins a mode, as if it had been chosen on the start screen.
    pub fn begin(&mut self, mode: Mode) {
        self.screen = Screen::Starting(mode.clone());
        self.ask(Ask::Begin(mode));
    }

    fn pane_key(&mut self, key: KeyEvent, ctrl: bool) {
        let Focus::Pane(pane) = self.focus else { return };
        if self.back_key(key) {
            return;
        }
        if ctrl {
            match key.code {
                KeyCode::Char('d') => self.scroll_by(pane, 10),
                KeyCode::Char('u') => self.scroll_by(pane, -10),
                KeyCode::Char('p') => self.popup = Some(Popup::Palette(Default::default())),
                _ => {}
            }
            return;
        }
        match key.code {
            KeyCode::Char('j') | KeyCode::Down => self.scroll_by(pane, 1),
            KeyCode::Char('k') | KeyCode::Up => self.scroll_by(pane, -1),
            KeyCode::PageDown => self.scroll_by(pane, 10),
            KeyCode::PageUp => self.scroll_by(pane, -10),
            KeyCode::Home | KeyCode::Char('g') => self.scroll_by(pane, -100_000),
            KeyCode::End => self.act(super::Action::Newest),
            KeyCode::Left => self.step_link(-1),
            KeyCode::Right => self.step_link(1),
            KeyCode::Enter if pane == Pane::Sequence => self.why(),
            KeyCode::Enter if pane == Pane::Charts => self.stretch = self.stretch.wrapping_add(1),
            KeyCode::Char('i') => self.focus = Focus::Console,
            KeyCode::Enter | KeyCode::Esc => {
                self.notice = Some("the panes have the keys: i types in the console".into());
            }
            KeyCode::Tab => self.next_pane(),
            KeyCode::BackTab => self.step_pane(-1),
            KeyCode::F(1) => self.popup = Some(Popup::Help(0)),
            KeyCode::Char('=') => self.act(super::Action::FinerTime),
            KeyCode::Char(' ') => self.act(super::Action::Pause),
            KeyCode::Char(c) => {
                if let Some(pane) = Pane::by_number(c) {
                    self.show(pane);
                } else if let Some(d) =
                    super::ACTIONS.iter().find(|d| d.key.chars().eq(std::iter::once(c)))
                {
                    self.act(d.action);
                } else {
                    self.notice = Some(format!("`{c}` does nothing here: ? lists the keys"));
                }
            }
            _ => {}
        }
    }
}
