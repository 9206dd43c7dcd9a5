//! What a front-end and the console hand to each other around one line.

/// How a line ended. What it printed went out while it ran.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// A `:wait` that was not fulfilled. Counts for line mode's exit code.
    pub failed: bool,
    /// Nobody understands the line. Counts for line mode's exit code; the session goes on.
    pub not_understood: bool,
    /// `exit` at the shell's prompt, or `:quit`.
    pub leave: bool,
    /// `clear` was typed.
    pub clear: bool,
    /// `vim FILE`, where the front-end has an editor of its own.
    pub edit: Option<EditRequest>,
    /// `:back` or `:now`, where the front-end can look back ([`MoreLines::looks_back`]).
    pub back: Option<Back>,
}

/// Where to look, as `:back` and `:now` say it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Back {
    /// `:back`: the last notable moment.
    Last,
    /// `:back 0:41`, `:back 412`, `:back NAME`: a time of the session, an event by its position,
    /// a bookmark. The front-end knows the moments and says so when there is none like that.
    To(String),
    /// `:now`
    Now,
}

/// A file to be edited by the front-end. It writes the text with
/// `lab.workspace().write(path, …)` when the user saves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EditRequest {
    /// The lab's path: `/data/6380/redis.conf`.
    pub path: String,
    /// What the file holds now; empty for a new one.
    pub text: String,
}

/// Where a line that needs more of them (`vim`) gets them from.
pub trait MoreLines {
    /// The next line of the input, without its line end; `None` at the end of the input.
    /// `prompt` may be shown in front of it.
    fn next_line(&mut self, prompt: &str) -> Option<String>;

    /// Puts a line back: the next call of `next_line`, or the next line to be run, is this one.
    fn put_back(&mut self, line: String);

    /// Whether the front-end opens an editor of its own for `vim`.
    fn has_editor(&self) -> bool {
        false
    }

    /// Whether the front-end shows earlier moments when [`Outcome::back`] asks for one.
    fn looks_back(&self) -> bool {
        false
    }

    /// Whether a person types (and not a script): a pasted file then ends at `:wq` alone.
    fn is_interactive(&self) -> bool {
        false
    }
}

/// For front-ends with an editor of their own: there are no further lines.
pub struct OwnEditor;

impl MoreLines for OwnEditor {
    fn next_line(&mut self, _prompt: &str) -> Option<String> {
        None
    }

    fn put_back(&mut self, _line: String) {}

    fn has_editor(&self) -> bool {
        true
    }

    fn looks_back(&self) -> bool {
        true
    }

    fn is_interactive(&self) -> bool {
        true
    }
}

/// The same for a line that came with a paste: nobody waits at the keyboard between its lines, so
/// a read waits for a replica that is about to be in sync, and MONITOR ends by itself.
pub struct PastedLine;

impl MoreLines for PastedLine {
    fn next_line(&mut self, _prompt: &str) -> Option<String> {
        None
    }

    fn put_back(&mut self, _line: String) {}

    fn has_editor(&self) -> bool {
        true
    }

    fn looks_back(&self) -> bool {
        true
    }
}

/// What could stand at the cursor.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Completion {
    /// Where the word begins that a candidate replaces, in bytes of the line.
    pub start: usize,
    pub candidates: Vec<Candidate>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// What is put in the word's place.
    pub text: String,
    /// A few words about it, e.g. a command's arguments; may be empty.
    pub about: String,
}
