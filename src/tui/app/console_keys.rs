//! Typing at the prompt: editing, history, completion.

use super::{Action, App, Ask, Offer, Pane, Popup};
use crate::console::Completion;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

impl App {
    pub(super) fn console_key(&mut self, key: KeyEvent) {
        let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
        let alt = key.modifiers.contains(KeyModifiers::ALT);
        let shift = key.modifiers.contains(KeyModifiers::SHIFT);
        if self.offer.is_some() && self.offer_key(key) {
            return;
        }
        match key.code {
            KeyCode::Esc => self.leave_console(),
            KeyCode::Tab if self.input.is_empty() => self.leave_console(),
            KeyCode::BackTab => self.step_pane(-1),
            KeyCode::Tab => {
                self.completing = true;
                let (line, at) = (self.input.text(), self.input.byte_cursor());
                self.ask(Ask::Complete { line, at });
            }
            KeyCode::Enter => {
                let line = self.input.take();
                self.editor_pasted = false;
                self.submit(line);
            }
            KeyCode::Up => self.input.older(),
            KeyCode::Down => self.input.newer(),
            KeyCode::PageUp if shift || ctrl => self.scroll_by(Pane::Console, -5),
            KeyCode::PageDown if shift || ctrl => self.scroll_by(Pane::Console, 5),
            KeyCode::PageUp => self.scroll_beside(-8),
            KeyCode::PageDown => self.scroll_beside(8),
            KeyCode::Left if ctrl || alt => self.input.word_left(),
            KeyCode::Right if ctrl || alt => self.input.word_right(),
            KeyCode::Left => self.input.left(),
            KeyCode::Right => self.input.right(),
            KeyCode::Home => self.input.home(),
            KeyCode::End => self.input.end(),
            KeyCode::Backspace if ctrl || alt => self.input.kill_word(),
            KeyCode::Backspace => self.input.backspace(),
            KeyCode::Delete => self.input.delete(),
            KeyCode::F(1) => self.popup = Some(Popup::Help(0)),
            KeyCode::Char(c) if ctrl => match c {
                'a' => self.input.home(),
                'e' => self.input.end(),
                'b' => self.input.left(),
                'f' => self.input.right(),
                'p' => self.input.older(),
                'n' => self.input.newer(),
                'w' => self.input.kill_word(),
                'u' => self.input.kill_to_start(),
                'k' => self.input.kill_to_end(),
                'y' => self.input.yank(),
                'h' => self.input.backspace(),
                'l' => self.live_mut().console.lines.clear(),
                'd' if self.input.is_empty() => self.end_of_input(),
                'd' => self.input.delete(),
                _ => {}
            },
            KeyCode::Char('b') if alt => self.input.word_left(),
            KeyCode::Char('f') if alt => self.input.word_right(),
            // Alt reaches a pane without leaving the prompt.
            KeyCode::Char('j') if alt => self.scroll_beside(1),
            KeyCode::Char('k') if alt => self.scroll_beside(-1),
            KeyCode::Char('y') if alt => self.copy(),
            KeyCode::Char('s') if alt => self.act(Action::Step),
            KeyCode::Char('p') if alt => self.act(Action::Pause),
            KeyCode::Char('r') if alt => self.act(Action::RunOn),
            KeyCode::Char(c) if alt => {
                if let Some(pane) = Pane::by_number(c) {
                    self.look_at(pane);
                }
            }
            KeyCode::Char(c) => self.input.insert(c),
            _ => {}
        }
    }

    /// Ctrl-D at an empty prompt: the shell's prompt is back; there, it offers to leave.
    fn end_of_input(&mut self) {
        let shell = self.prompt.trim_end().ends_with(['#', '$']);
        match (self.running, shell) {
            (true, _) => {}
            (false, true) => self.popup = Some(Popup::Quit),
            (false, false) => self.submit("exit".into()),
        }
    }

    /// Keys while candidates are offered; `false`: the key means something else.
    fn offer_key(&mut self, key: KeyEvent) -> bool {
        let Some(offer) = &mut self.offer else { return false };
        let count = offer.completion.candidates.len();
        match key.code {
            KeyCode::Tab | KeyCode::Down => offer.chosen = (offer.chosen + 1) % count.max(1),
            KeyCode::BackTab | KeyCode::Up => {
                offer.chosen = (offer.chosen + count.saturating_sub(1)) % count.max(1);
            }
            KeyCode::Enter => {
                let chosen = offer.chosen;
                self.take_candidate(chosen);
                return true;
            }
            KeyCode::Esc => {
                self.offer = None;
                return true;
            }
            _ => {
                self.offer = None;
                return false;
            }
        }
        true
    }

    /// Puts a candidate in the word's place.
    pub(super) fn take_candidate(&mut self, index: usize) {
        let Some(offer) = self.offer.take() else { return };
        if let Some(candidate) = offer.completion.candidates.get(index) {
            let gap = if candidate.text.ends_with('/') { "" } else { " " };
            let text = format!("{}{gap}", candidate.text);
            self.input.replace_before_cursor(offer.completion.start, &text);
        }
    }

    /// One candidate is put in at once, several are offered after what they share.
    pub(super) fn offer_completion(&mut self, completion: Completion) {
        match completion.candidates.as_slice() {
            [] => self.notice = Some("nothing to complete here; Esc leaves the console".into()),
            [_] => {
                self.offer = Some(Offer { completion, chosen: 0 });
                self.take_candidate(0);
            }
            [first, rest @ ..] => {
                let mut shared = first.text.as_str();
                for c in rest {
                    let same = shared
                        .char_indices()
                        .zip(c.text.chars())
                        .find(|((_, a), b)| !a.eq_ignore_ascii_case(b))
                        .map_or(shared.len().min(c.text.len()), |((i, _), _)| i);
                    shared = shared.get(..same).unwrap_or("");
                }
                let typed = self.input.byte_cursor().saturating_sub(completion.start);
                if shared.len() > typed {
                    let shared = shared.to_owned();
                    self.input.replace_before_cursor(completion.start, &shared);
                }
                self.offer = Some(Offer { completion, chosen: 0 });
            }
        }
    }
}
