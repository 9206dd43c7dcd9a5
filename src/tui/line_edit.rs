//! One editable line with a cursor and a history, as a shell's prompt has them.

use unicode_width::UnicodeWidthChar;

/// Lines of history kept.
const HISTORY: usize = 500;
/// A line may be this long; more is not taken.
const LONGEST: usize = 64 * 1024;

/// The line, its cursor (in characters) and what was entered before.
#[derive(Clone, Debug, Default)]
pub struct LineEdit {
    chars: Vec<char>,
    cursor: usize,
    history: Vec<String>,
    /// Where Up and Down have got to, and the line that was being typed.
    looking: Option<(usize, Vec<char>)>,
    killed: Vec<char>,
}

impl LineEdit {
    pub fn text(&self) -> String {
        self.chars.iter().collect()
    }

    pub fn is_empty(&self) -> bool {
        self.chars.is_empty()
    }

    /// The cursor as a byte offset into `text()`.
    pub fn byte_cursor(&self) -> usize {
        self.chars[..self.cursor].iter().map(|c| c.len_utf8()).sum()
    }

    /// The cells in front of the cursor.
    pub fn cells_before(&self) -> usize {
        self.chars[..self.cursor].iter().map(|c| c.width().unwrap_or(0)).sum()
    }

    pub fn at_end(&self) -> bool {
        self.cursor == self.chars.len()
    }

    pub fn set(&mut self, text: &str) {
        self.chars = text.chars().filter(|c| !c.is_control()).collect();
        self.cursor = self.chars.len();
    }

    pub fn insert(&mut self, c: char) {
        if !c.is_control() && self.chars.len() < LONGEST {
            self.chars.insert(self.cursor, c);
            self.cursor += 1;
            self.looking = None;
        }
    }

    pub fn insert_text(&mut self, text: &str) {
        let new: Vec<char> = text
            .chars()
            .map(|c| if c == '\t' { ' ' } else { c })
            .filter(|c| !c.is_control())
            .take(LONGEST.saturating_sub(self.chars.len()))
            .collect();
        let count = new.len();
        self.chars.splice(self.cursor..self.cursor, new);
        self.cursor += count;
        self.looking = None;
    }

    /// Replaces the bytes from `start` up to the cursor, as a completion does.
    pub fn replace_before_cursor(&mut self, start: usize, with: &str) {
        let end = self.byte_cursor();
        let text = self.text();
        if start > end || !text.is_char_boundary(start) {
            return;
        }
        let from = text[..start].chars().count();
        let new: Vec<char> = with.chars().filter(|c| !c.is_control()).collect();
        let count = new.len();
        self.chars.splice(from..self.cursor, new);
        self.cursor = from + count;
    }

    pub fn left(&mut self) {
        self.cursor = self.cursor.saturating_sub(1);
    }

    pub fn right(&mut self) {
        self.cursor = (self.cursor + 1).min(self.chars.len());
    }

    pub fn home(&mut self) {
        self.cursor = 0;
    }

    pub fn end(&mut self) {
        self.cursor = self.chars.len();
    }

    pub fn word_left(&mut self) {
        self.cursor = self.word_start();
    }

    pub fn word_right(&mut self) {
        let n = self.chars.len();
        while self.cursor < n && self.chars[self.cursor] == ' ' {
            self.cursor += 1;
        }
        while self.cursor < n && self.chars[self.cursor] != ' ' {
            self.cursor += 1;
        }
    }

    pub fn backspace(&mut self) {
        if self.cursor > 0 {
            self.cursor -= 1;
            self.chars.remove(self.cursor);
        }
    }

    pub fn delete(&mut self) {
        if self.cursor < self.chars.len() {
            self.chars.remove(self.cursor);
        }
    }

    /// Ctrl-W.
    pub fn kill_word(&mut self) {
        let start = self.word_start();
        self.killed = self.chars.drain(start..self.cursor).collect();
        self.cursor = start;
    }

    /// Ctrl-U.
    pub fn kill_to_start(&mut self) {
        self.killed = self.chars.drain(..self.cursor).collect();
        self.cursor = 0;
    }

    /// Ctrl-K.
    pub fn kill_to_end(&mut self) {
        self.killed = self.chars.split_off(self.cursor);
    }

    /// Ctrl-Y.
    pub fn yank(&mut self) {
        let text: String = self.killed.iter().collect();
        self.insert_text(&text);
    }

    pub fn clear(&mut self) {
        self.chars.clear();
        self.cursor = 0;
        self.looking = None;
    }

    /// Enter: the line, which goes into the history, and an empty one in its place.
    pub fn take(&mut self) -> String {
        let line = self.text();
        self.remember(&line);
        self.clear();
        line
    }

    /// Puts a line into the history, once if it is entered again and again.
    pub fn remember(&mut self, line: &str) {
        if !line.trim().is_empty() && self.history.last().is_none_or(|last| last != line) {
            self.history.push(line.to_owned());
            if self.history.len() > HISTORY {
                self.history.remove(0);
            }
        }
    }

    /// The line before, as Up brings it.
    pub fn older(&mut self) {
        let at = match &self.looking {
            Some((0, _)) => return,
            Some((at, _)) => at - 1,
            None if self.history.is_empty() => return,
            None => {
                let typed = self.chars.clone();
                self.looking = Some((self.history.len(), typed));
                self.history.len() - 1
            }
        };
        self.show(at);
    }

    /// The line after, and at last the one that was being typed.
    pub fn newer(&mut self) {
        let Some((at, typed)) = self.looking.clone() else { return };
        if at + 1 < self.history.len() {
            self.show(at + 1);
        } else {
            self.chars = typed;
            self.cursor = self.chars.len();
            self.looking = None;
        }
    }

    fn show(&mut self, at: usize) {
        let Some((place, _)) = &mut self.looking else { return };
        *place = at;
        self.chars = self.history[at].chars().collect();
        self.cursor = self.chars.len();
    }

    fn word_start(&self) -> usize {
        let mut i = self.cursor;
        while i > 0 && self.chars[i - 1] == ' ' {
            i -= 1;
        }
        while i > 0 && self.chars[i - 1] != ' ' {
            i -= 1;
        }
        i
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn history_gives_back_the_line_being_typed() {
        let mut e = LineEdit::default();
        e.set("one");
        e.take();
        e.set("two");
        e.take();
        e.set("thr");
        e.older();
        e.older();
        e.older();
        assert_eq!(e.text(), "one");
        e.newer();
        e.newer();
        assert_eq!(e.text(), "thr");
    }

    #[test]
    fn words_are_killed_and_yanked() {
        let mut e = LineEdit::default();
        e.set("SET name 同步");
        e.kill_word();
        assert_eq!(e.text(), "SET name ");
        e.yank();
        assert_eq!(e.text(), "SET name 同步");
        assert_eq!(e.cells_before(), 13);
    }

    #[test]
    fn a_completion_replaces_the_word_before_the_cursor() {
        let mut e = LineEdit::default();
        e.set("info rep");
        e.replace_before_cursor(5, "replication");
        assert_eq!(e.text(), "info replication");
        e.replace_before_cursor(999, "x");
        assert_eq!(e.text(), "info replication");
    }

    #[test]
    fn control_characters_never_get_in() {
        let mut e = LineEdit::default();
        e.insert_text("a\x1b[31mb\n");
        e.insert('\x07');
        assert_eq!(e.text(), "a[31mb");
    }
}
