//! What lies over the screen, and its keys.

use super::{ACTIONS, Action, App, Described, VERBS, WhyBox};
use crate::console::EditRequest;
use crate::tui::editor::{EditKey, EditOutcome, Editor};
use crate::tui::fuzzy;
use crate::tui::line_edit::LineEdit;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// A box over the screen. One at a time.
#[derive(Clone, Debug)]
pub enum Popup {
    /// All keys; scrolled by so many lines.
    Help(usize),
    Palette(PaletteState),
    /// The numbers behind a row, or behind an entry of the list below.
    Why(WhyBox),
    /// Everything that raised a why, the newest first; this one is chosen.
    Whys(usize),
    Editor(Box<Editor>),
    /// What waits, and the breakpoints; one of them is chosen.
    Steps(usize),
    /// A time, an event or a bookmark to look at.
    GoTo(LineEdit),
    /// What is another way now than at the moment that is up; scrolled by so many lines.
    Differences(usize),
    /// Leave, really?
    Quit,
}

/// The palette: what was typed, and which match is chosen.
#[derive(Clone, Debug, Default)]
pub struct PaletteState {
    pub query: LineEdit,
    pub chosen: usize,
}

impl PaletteState {
    /// The actions that match, best first.
    pub fn matches(&self) -> Vec<&'static Described> {
        let query = self.query.text();
        let mut found: Vec<(i32, usize, &Described)> = ACTIONS
            .iter()
            .chain(VERBS)
            .enumerate()
            .filter(|(_, d)| d.action != Action::Palette)
            .filter_map(|(i, d)| Some((fuzzy::score(&query, d.name)?, i, d)))
            .collect();
        found.sort_by_key(|(score, i, _)| (-score, *i));
        found.into_iter().map(|(_, _, d)| d).collect()
    }
}

impl App {
    pub(super) fn popup_key(&mut self, key: KeyEvent) {
        let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
        match self.popup.as_mut() {
            None => {}
            Some(Popup::Help(at)) => match key.code {
                KeyCode::Down | KeyCode::Char('j') => *at += 1,
                KeyCode::Up | KeyCode::Char('k') => *at = at.saturating_sub(1),
                KeyCode::PageDown => *at += 10,
                KeyCode::PageUp => *at = at.saturating_sub(10),
                KeyCode::Char('y') => self.copy(),
                _ => self.popup = None,
            },
            Some(Popup::Steps(_)) => self.steps_key(key),
            Some(Popup::Differences(at)) => match key.code {
                KeyCode::Down | KeyCode::Char('j') => *at += 1,
                KeyCode::Up | KeyCode::Char('k') => *at = at.saturating_sub(1),
                KeyCode::PageDown => *at += 10,
                KeyCode::PageUp => *at = at.saturating_sub(10),
                KeyCode::Char('y') => self.copy(),
                _ => self.popup = None,
            },
            Some(Popup::GoTo(input)) => match key.code {
                KeyCode::Esc => self.popup = None,
                KeyCode::Char('c') if ctrl => self.popup = None,
                KeyCode::Enter => {
                    let place = input.text();
                    self.popup = None;
                    self.go_to_typed(&place);
                }
                KeyCode::Backspace => input.backspace(),
                KeyCode::Left => input.left(),
                KeyCode::Right => input.right(),
                KeyCode::Char('u') if ctrl => input.clear(),
                KeyCode::Char(c) if !ctrl => input.insert(c),
                _ => {}
            },
            Some(Popup::Why(_)) => self.why_key(key),
            Some(Popup::Whys(_)) => self.whys_key(key),
            Some(Popup::Quit) => match key.code {
                KeyCode::Char('c') if ctrl => self.quit_now(),
                KeyCode::Enter | KeyCode::Char('y' | 'Y' | 'q') => self.quit_now(),
                _ => self.popup = None,
            },
            Some(Popup::Palette(state)) => match key.code {
                KeyCode::Esc => self.popup = None,
                KeyCode::Char('c') if ctrl => self.popup = None,
                KeyCode::Down | KeyCode::Tab => {
                    state.chosen = (state.chosen + 1) % state.matches().len().max(1);
                }
                KeyCode::Up | KeyCode::BackTab => {
                    let n = state.matches().len().max(1);
                    state.chosen = (state.chosen + n - 1) % n;
                }
                KeyCode::Enter => {
                    let action = state.matches().get(state.chosen).map(|d| d.action);
                    self.popup = None;
                    if let Some(action) = action {
                        self.act(action);
                    }
                }
                KeyCode::Backspace => {
                    state.query.backspace();
                    state.chosen = 0;
                }
                KeyCode::Char('u') if ctrl => {
                    state.query.clear();
                    state.chosen = 0;
                }
                KeyCode::Char(c) if !ctrl => {
                    state.query.insert(c);
                    state.chosen = 0;
                }
                _ => {}
            },
            Some(Popup::Editor(editor)) => {
                let Some(key) = edit_key(key, ctrl) else { return };
                match editor.key(key) {
                    EditOutcome::Stay => {}
                    EditOutcome::Write => self.write_editor(false),
                    EditOutcome::WriteQuit => self.write_editor(true),
                    EditOutcome::Quit => {
                        self.popup = None;
                        self.run_next();
                    }
                }
            }
        }
    }

    pub(super) fn open_editor(&mut self, edit: EditRequest) {
        let text = (!edit.text.is_empty()).then_some(edit.text.as_str());
        let mut editor = Editor::open(edit.path, text);
        if self.editor_pasted && !self.queue.is_empty() {
            // The page's lines are the whole file.
            editor.replace_all();
        }
        self.popup = Some(Popup::Editor(Box::new(editor)));
    }

    pub(super) fn editor_answer(&mut self, path: &str, result: Result<(), String>) {
        self.writing = false;
        let closing = std::mem::take(&mut self.closing);
        let Some(Popup::Editor(editor)) = &mut self.popup else { return };
        if editor.path != path {
            return;
        }
        match result {
            Ok(()) => {
                editor.written();
                if closing {
                    self.popup = None;
                    self.notice = Some(format!("{path} written"));
                }
                self.run_next();
            }
            // Nothing is lost: the text stays, and so do the lines that wait.
            Err(why) => editor.failed(&why),
        }
    }
}

fn edit_key(key: KeyEvent, ctrl: bool) -> Option<EditKey> {
    Some(match key.code {
        KeyCode::Char('s') if ctrl => EditKey::Save,
        KeyCode::Char('c' | '[') if ctrl => EditKey::Esc,
        KeyCode::Char(_) if ctrl => return None,
        KeyCode::Char(c) => EditKey::Char(c),
        KeyCode::Enter => EditKey::Enter,
        KeyCode::Esc => EditKey::Esc,
        KeyCode::Backspace => EditKey::Backspace,
        KeyCode::Delete => EditKey::Delete,
        KeyCode::Tab => EditKey::Tab,
        KeyCode::Left => EditKey::Left,
        KeyCode::Right => EditKey::Right,
        KeyCode::Up => EditKey::Up,
        KeyCode::Down => EditKey::Down,
        KeyCode::Home => EditKey::Home,
        KeyCode::End => EditKey::End,
        KeyCode::PageUp => EditKey::PageUp,
        KeyCode::PageDown => EditKey::PageDown,
        _ => return None,
    })
}
