use serde::{Deserialize, Serialize};

/// What a piece of the console's answer is. A front-end maps it to a colour and a shape; plain
/// output ignores it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Label {
    /// A reply as redis-cli prints it.
    Reply,
    /// An error reply.
    Error,
    /// What the lab's shell prints.
    Shell,
    /// A shell error.
    ShellError,
    /// The lab speaks.
    Lab,
    /// A remark beside an answer: what it did to replication.
    Note,
    /// A line that nobody understands; the session goes on.
    Refused,
    /// A suggestion of what to type next.
    Hint,
    Master,
    Replica,
    Handshake,
    Rdb,
    Stream,
    Ack,
    Waiting,
    Broken,
    Good,
}

/// A run of text with one meaning. Safe for a terminal: control characters were escaped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    pub label: Label,
    pub text: String,
}

/// One line of an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AnswerLine(pub Vec<Span>);

impl AnswerLine {
    /// A line with one meaning throughout.
    pub fn of(label: Label, text: impl Into<String>) -> AnswerLine {
        AnswerLine(vec![Span { label, text: text.into() }])
    }

    /// The line without its labels.
    pub fn plain(&self) -> String {
        self.0.iter().map(|s| s.text.as_str()).collect()
    }
}

/// All that one typed line brought back.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    pub lines: Vec<AnswerLine>,
}

impl Answer {
    /// Splits `text` at line ends and labels every line alike.
    pub fn text(label: Label, text: &str) -> Answer {
        Answer { lines: text.lines().map(|l| AnswerLine::of(label, l)).collect() }
    }

    /// Adds a line with one label.
    pub fn push(&mut self, label: Label, text: impl Into<String>) {
        self.lines.push(AnswerLine::of(label, text));
    }

    /// The answer without its labels, lines joined by `\n`.
    pub fn plain(&self) -> String {
        self.lines.iter().map(AnswerLine::plain).collect::<Vec<_>>().join("\n")
    }
}
