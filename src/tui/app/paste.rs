//! Bracketed paste: whole lines run one by one, and what follows a pasted `vim FILE` goes into the
//! editor that it opens.

use super::{App, Ask, Focus, Popup, Screen};
use crate::tui::editor::EditOutcome;

/// A paste may be this long.
const LONGEST: usize = 4 << 20;

impl App {
    /// Text was pasted.
    pub fn paste(&mut self, text: &str) {
        if self.screen != Screen::Lab {
            return;
        }
        if text.len() > LONGEST {
            self.notice = Some("the paste is too long: 4 MB is the most".into());
            return;
        }
        // Terminals send line ends as carriage returns.
        let text = text.replace("\r\n", "\n").replace('\r', "\n");
        match &mut self.popup {
            Some(Popup::Editor(_)) => {
                let mut lines = text.split('\n').map(str::to_owned).collect::<Vec<_>>();
                let last = lines.pop().unwrap_or_default();
                for line in lines.into_iter().rev() {
                    self.queue.push_front(line);
                }
                self.editor_pasted = true;
                self.feed_editor();
                if let Some(Popup::Editor(editor)) = &mut self.popup {
                    editor.paste_text(&last);
                } else if !last.is_empty() {
                    self.queue.push_back(last);
                }
                self.run_next();
                return;
            }
            Some(Popup::Palette(state)) => {
                state.query.insert_text(text.lines().next().unwrap_or(""));
                return;
            }
            Some(_) => return,
            None => {}
        }
        self.focus = Focus::Console;
        self.offer = None;
        let Some((head, rest)) = text.split_once('\n') else {
            self.input.insert_text(&text);
            return;
        };
        // The first line completes what was typed already; the last one, if its line end was not
        // copied, stays to be looked at.
        self.input.insert_text(head);
        let first = self.input.take();
        let mut lines: Vec<&str> = rest.split('\n').collect();
        let last = lines.pop().unwrap_or("");
        self.editor_pasted = true;
        let run: Vec<String> =
            std::iter::once(first).chain(lines.into_iter().map(str::to_owned)).collect();
        for line in run {
            self.input.remember(&line);
            self.submit(line);
        }
        self.input.insert_text(last);
    }

    /// Lines that wait go into the open editor up to one that closes it.
    pub(super) fn feed_editor(&mut self) {
        while let Some(Popup::Editor(editor)) = &mut self.popup {
            let Some(line) = self.queue.pop_front() else { return };
            match editor.paste_line(&line) {
                EditOutcome::Stay => {}
                EditOutcome::Quit => self.popup = None,
                outcome @ (EditOutcome::Write | EditOutcome::WriteQuit) => {
                    self.write_editor(outcome == EditOutcome::WriteQuit);
                    if self.is_writing() {
                        return;
                    }
                }
            }
        }
    }

    pub(super) fn write_editor(&mut self, close: bool) {
        let Some(Popup::Editor(editor)) = &self.popup else { return };
        let (path, text) = (editor.path.clone(), editor.text());
        self.closing = close;
        self.writing = true;
        self.ask(Ask::Write { path, text });
    }

    pub(super) fn is_writing(&self) -> bool {
        self.writing
    }
}
