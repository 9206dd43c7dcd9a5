//! The small editor that `vim FILE` opens: text, a cursor, and as much of vi as fingers expect.
//!
//! It begins in insert mode, because most who come here want to type. `Esc` leaves it; then `i`,
//! `a`, `o`, `x`, `dd`, `h j k l`, `0 $ g G`, `ZZ`, `:w`, `:wq`, `:x`, `:q`, `:q!` do what vi does.

use unicode_width::UnicodeWidthChar;

/// A file longer than this is not for this editor.
pub const LONGEST: usize = 1 << 20;

/// Where keys go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EditMode {
    Insert,
    Normal,
    /// The line behind `:`.
    Command,
}

/// What a key asks of whoever owns the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EditOutcome {
    Stay,
    /// Write the text; the editor stays open.
    Write,
    /// Write the text; close once it is written.
    WriteQuit,
    Quit,
}

/// A key as the editor understands it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EditKey {
    Char(char),
    Enter,
    Esc,
    Backspace,
    Delete,
    Tab,
    Left,
    Right,
    Up,
    Down,
    Home,
    End,
    PageUp,
    PageDown,
    /// Ctrl-S.
    Save,
}

/// A file being edited.
#[derive(Clone, Debug)]
pub struct Editor {
    pub path: String,
    lines: Vec<Vec<char>>,
    row: usize,
    col: usize,
    pub mode: EditMode,
    pub command: String,
    /// The last thing to say: an error, or that it was written.
    pub message: Option<String>,
    dirty: bool,
    /// A first `d` or `Z`.
    pending: Option<char>,
    /// The file is new.
    pub is_new: bool,
}

impl Editor {
    /// Opens a text (`None`: there is no such file yet).
    pub fn open(path: impl Into<String>, text: Option<&str>) -> Editor {
        let lines: Vec<Vec<char>> = match text {
            Some(text) => text.lines().map(|l| l.chars().collect()).collect(),
            None => Vec::new(),
        };
        Editor {
            path: path.into(),
            lines: if lines.is_empty() { vec![Vec::new()] } else { lines },
            row: 0,
            col: 0,
            mode: EditMode::Insert,
            command: String::new(),
            message: None,
            dirty: false,
            pending: None,
            is_new: text.is_none(),
        }
    }

    /// The text as it would be written: every line ends.
    pub fn text(&self) -> String {
        if self.lines.len() == 1 && self.lines[0].is_empty() {
            return String::new();
        }
        let mut out = String::new();
        for line in &self.lines {
            out.extend(line);
            out.push('\n');
        }
        out
    }

    pub fn is_dirty(&self) -> bool {
        self.dirty
    }

    pub fn lines(&self) -> impl Iterator<Item = String> {
        self.lines.iter().map(|l| l.iter().collect())
    }

    /// The cursor's row, and its column in cells.
    pub fn cursor(&self) -> (usize, usize) {
        let cells = self.lines[self.row][..self.col].iter().map(|c| c.width().unwrap_or(0)).sum();
        (self.row, cells)
    }

    /// The file was written.
    pub fn written(&mut self) {
        self.dirty = false;
        self.is_new = false;
        self.message = Some(format!("written: {} lines", self.lines.len()));
    }

    /// Writing failed: say why, keep everything.
    pub fn failed(&mut self, why: &str) {
        self.message = Some(why.to_owned());
    }

    /// A pasted line: vi's closing commands close, anything else is text.
    pub fn paste_line(&mut self, line: &str) -> EditOutcome {
        if line.trim().starts_with(":w") && self.row + 1 == self.lines.len() && self.row > 0 {
            // The line that the last pasted one opened behind itself.
            if self.lines[self.row].is_empty() {
                self.lines.pop();
                self.row -= 1;
                self.col = self.lines[self.row].len();
            }
        }
        match line.trim() {
            ":wq" | ":x" | "ZZ" | ":wq!" => return EditOutcome::WriteQuit,
            ":w" => return EditOutcome::Write,
            ":q!" => return EditOutcome::Quit,
            _ => {}
        }
        if self.size() + line.len() > LONGEST {
            self.message = Some("the file is too long for this editor".into());
            return EditOutcome::Stay;
        }
        let chars = line.chars().map(|c| if c == '\t' { ' ' } else { c });
        let chars: Vec<char> = chars.filter(|c| !c.is_control()).collect();
        let rest = self.lines[self.row].split_off(self.col);
        self.lines[self.row].extend(chars);
        self.lines.insert(self.row + 1, rest);
        self.row += 1;
        self.col = 0;
        self.dirty = true;
        EditOutcome::Stay
    }

    /// Pasted text without a line end stays in the line.
    pub fn paste_text(&mut self, text: &str) {
        for c in text.chars() {
            self.insert(if c == '\t' { ' ' } else { c });
        }
    }

    /// The text came from a paste that replaces the file: begin empty.
    pub fn replace_all(&mut self) {
        self.lines = vec![Vec::new()];
        (self.row, self.col) = (0, 0);
        self.dirty = true;
    }

    pub fn key(&mut self, key: EditKey) -> EditOutcome {
        if key == EditKey::Save {
            return EditOutcome::Write;
        }
        match self.mode {
            EditMode::Insert => {
                self.message = None;
                self.insert_key(key);
                EditOutcome::Stay
            }
            EditMode::Normal => self.normal_key(key),
            EditMode::Command => self.command_key(key),
        }
    }

    fn insert_key(&mut self, key: EditKey) {
        match key {
            EditKey::Char(c) => self.insert(c),
            EditKey::Tab => (0..4).for_each(|_| self.insert(' ')),
            EditKey::Enter => {
                let rest = self.lines[self.row].split_off(self.col);
                self.lines.insert(self.row + 1, rest);
                self.row += 1;
                self.col = 0;
                self.dirty = true;
            }
            EditKey::Backspace => self.backspace(),
            EditKey::Delete => self.delete(),
            EditKey::Esc => {
                self.mode = EditMode::Normal;
                self.col = self.col.saturating_sub(1);
            }
            other => self.walk(other),
        }
    }

    fn normal_key(&mut self, key: EditKey) -> EditOutcome {
        let pending = self.pending.take();
        match (pending, key) {
            (Some('Z'), EditKey::Char('Z')) => return EditOutcome::WriteQuit,
            (Some('Z'), EditKey::Char('Q')) => return EditOutcome::Quit,
            (Some('d'), EditKey::Char('d')) => self.delete_line(),
            (_, EditKey::Char(c @ ('Z' | 'd'))) => self.pending = Some(c),
            (_, EditKey::Char('i')) => self.mode = EditMode::Insert,
            (_, EditKey::Char('a')) => {
                self.mode = EditMode::Insert;
                self.col = (self.col + 1).min(self.lines[self.row].len());
            }
            (_, EditKey::Char('A')) => {
                self.mode = EditMode::Insert;
                self.col = self.lines[self.row].len();
            }
            (_, EditKey::Char('I')) => {
                self.mode = EditMode::Insert;
                self.col = 0;
            }
            (_, EditKey::Char('o')) => self.open_line(self.row + 1),
            (_, EditKey::Char('O')) => self.open_line(self.row),
            (_, EditKey::Char('x')) => self.delete(),
            (_, EditKey::Char('h')) => self.walk(EditKey::Left),
            (_, EditKey::Char('l')) => self.walk(EditKey::Right),
            (_, EditKey::Char('k')) => self.walk(EditKey::Up),
            (_, EditKey::Char('j')) => self.walk(EditKey::Down),
            (_, EditKey::Char('0')) => self.col = 0,
            (_, EditKey::Char('$')) => self.col = self.lines[self.row].len(),
            (_, EditKey::Char('g')) => (self.row, self.col) = (0, 0),
            (_, EditKey::Char('G')) => (self.row, self.col) = (self.lines.len() - 1, 0),
            (_, EditKey::Char(':')) => {
                self.mode = EditMode::Command;
                self.command.clear();
                self.message = None;
            }
            (_, EditKey::Char(_) | EditKey::Tab | EditKey::Esc) => {}
            (_, other) => self.walk(other),
        }
        EditOutcome::Stay
    }

    fn command_key(&mut self, key: EditKey) -> EditOutcome {
        match key {
            EditKey::Char(c) if self.command.len() < 80 => self.command.push(c),
            EditKey::Backspace if !self.command.is_empty() => {
                self.command.pop();
            }
            EditKey::Esc | EditKey::Backspace => self.mode = EditMode::Normal,
            EditKey::Enter => {
                self.mode = EditMode::Normal;
                return match self.command.trim() {
                    "w" | "w!" => EditOutcome::Write,
                    "wq" | "wq!" | "x" | "x!" => EditOutcome::WriteQuit,
                    "q!" => EditOutcome::Quit,
                    "q" if !self.dirty => EditOutcome::Quit,
                    "q" => {
                        self.message = Some("unsaved changes: :wq writes them, :q! drops".into());
                        EditOutcome::Stay
                    }
                    "" => EditOutcome::Stay,
                    other => {
                        self.message = Some(format!("`:{other}` is not known here: :w :wq :q :q!"));
                        EditOutcome::Stay
                    }
                };
            }
            _ => {}
        }
        EditOutcome::Stay
    }

    fn size(&self) -> usize {
        self.lines.iter().map(|l| l.len() + 1).sum()
    }

    fn insert(&mut self, c: char) {
        if c.is_control() || self.size() >= LONGEST {
            return;
        }
        self.lines[self.row].insert(self.col, c);
        self.col += 1;
        self.dirty = true;
    }

    fn backspace(&mut self) {
        if self.col > 0 {
            self.col -= 1;
            self.lines[self.row].remove(self.col);
            self.dirty = true;
        } else if self.row > 0 {
            let line = self.lines.remove(self.row);
            self.row -= 1;
            self.col = self.lines[self.row].len();
            self.lines[self.row].extend(line);
            self.dirty = true;
        }
    }

    fn delete(&mut self) {
        if self.col < self.lines[self.row].len() {
            self.lines[self.row].remove(self.col);
            self.dirty = true;
        } else if self.mode == EditMode::Insert && self.row + 1 < self.lines.len() {
            let next = self.lines.remove(self.row + 1);
            self.lines[self.row].extend(next);
            self.dirty = true;
        }
    }

    fn delete_line(&mut self) {
        self.lines.remove(self.row);
        if self.lines.is_empty() {
            self.lines.push(Vec::new());
        }
        self.row = self.row.min(self.lines.len() - 1);
        self.col = 0;
        self.dirty = true;
    }

    fn open_line(&mut self, at: usize) {
        self.lines.insert(at, Vec::new());
        (self.row, self.col) = (at, 0);
        self.mode = EditMode::Insert;
        self.dirty = true;
    }

    fn walk(&mut self, key: EditKey) {
        match key {
            EditKey::Left => self.col = self.col.saturating_sub(1),
            EditKey::Right => self.col += 1,
            EditKey::Up => self.row = self.row.saturating_sub(1),
            EditKey::Down => self.row += 1,
            EditKey::Home => self.col = 0,
            EditKey::End => self.col = usize::MAX,
            EditKey::PageUp => self.row = self.row.saturating_sub(10),
            EditKey::PageDown => self.row += 10,
            EditKey::Backspace => self.col = self.col.saturating_sub(1),
            EditKey::Enter => (self.row, self.col) = (self.row + 1, 0),
            _ => {}
        }
        self.row = self.row.min(self.lines.len() - 1);
        self.col = self.col.min(self.lines[self.row].len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn type_in(e: &mut Editor, text: &str) {
        for c in text.chars() {
            e.key(if c == '\n' { EditKey::Enter } else { EditKey::Char(c) });
        }
    }

    fn command(e: &mut Editor, text: &str) -> EditOutcome {
        e.key(EditKey::Esc);
        e.key(EditKey::Char(':'));
        text.chars().for_each(|c| {
            e.key(EditKey::Char(c));
        });
        e.key(EditKey::Enter)
    }

    #[test]
    fn typing_and_wq() {
        let mut e = Editor::open("/data/6380/redis.conf", None);
        type_in(&mut e, "port 6380\ndir /data/6380");
        assert_eq!(e.text(), "port 6380\ndir /data/6380\n");
        assert_eq!(command(&mut e, "wq"), EditOutcome::WriteQuit);
    }

    #[test]
    fn quitting_never_drops_changes_silently() {
        let mut e = Editor::open("f", Some("a\n"));
        type_in(&mut e, "x");
        assert_eq!(command(&mut e, "q"), EditOutcome::Stay);
        assert!(e.message.as_deref().is_some_and(|m| m.contains("unsaved")));
        assert_eq!(command(&mut e, "q!"), EditOutcome::Quit);
    }

    #[test]
    fn normal_mode_knows_the_everyday_keys() {
        let mut e = Editor::open("f", Some("one\ntwo\nthree\n"));
        e.key(EditKey::Esc);
        for c in "jdd".chars() {
            e.key(EditKey::Char(c));
        }
        assert_eq!(e.text(), "one\nthree\n");
        for c in "0xOnew".chars() {
            e.key(EditKey::Char(c));
        }
        assert_eq!(e.text(), "one\nnew\nhree\n");
        e.key(EditKey::Esc);
        e.key(EditKey::Char('Z'));
        assert_eq!(e.key(EditKey::Char('Z')), EditOutcome::WriteQuit);
    }

    #[test]
    fn pasted_lines_go_in_up_to_wq() {
        let mut e = Editor::open("f", None);
        for line in ["port 6380", "daemonize yes"] {
            assert_eq!(e.paste_line(line), EditOutcome::Stay);
        }
        assert_eq!(e.paste_line(":wq"), EditOutcome::WriteQuit);
        assert_eq!(e.text(), "port 6380\ndaemonize yes\n");
    }

    #[test]
    fn no_key_panics_at_the_edges() {
        let mut e = Editor::open("f", Some(""));
        use EditKey::*;
        for mode in [EditMode::Insert, EditMode::Normal] {
            e.mode = mode;
            for key in [Up, Down, Left, Right, End, Home, Delete, Backspace, PageUp, PageDown] {
                e.key(key);
            }
        }
        for c in "xddddG$g".chars() {
            e.key(EditKey::Char(c));
        }
        assert_eq!(e.text(), "");
    }
}
