//! Why something was decided as it was: the rule, its numbers, the comparison that decided, and
//! the line of configuration that would have changed it.
//!
//! In: a fact, or an event of the journal, and the model for what the fact does not carry. Out: a
//! [`Why`], which a screen may lay out as it likes and which [`Why::lines`] lays out for a line.
//! It never asks an instance anything, and it knows no colour.
//!
//! ```text
//! Question::of(&event)          what an event raises: a PSYNC judged, a write refused, a link lost
//! question.answer(&model)       the Why of it, with the settings as the model knows them
//! decision::why(…)              the same for one kind, where the caller has the fact at hand
//! decision::checks, ::verdict   its comparisons and its end alone, for a row of a diagram
//! ```

pub mod decision;
pub mod lost;
mod question;
pub mod refused;
mod settings;

pub use question::{Question, Raised};

use crate::observe::{AnswerLine, Label, Span};

/// One answer to "why?".
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Why {
    /// Who decided about what: `PSYNC of 6381, judged by 6380`.
    pub title: String,
    /// The rule in a sentence or two.
    pub rule: String,
    /// The numbers that went into it: name and value.
    pub numbers: Vec<(String, String)>,
    /// The comparisons in the order in which they were made; the last one decided.
    pub checks: Vec<Check>,
    /// What came of it.
    pub verdict: String,
    /// Whether that is what one would wish for.
    pub good: bool,
    /// What would have changed it. Empty if no setting would.
    pub change: Vec<Change>,
    /// Where no setting helps, what does.
    pub advice: Option<String>,
}

/// One comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    pub question: String,
    pub answer: String,
    /// Whether it spoke for the better end.
    pub good: bool,
}

impl Check {
    fn new(question: impl Into<String>, answer: impl Into<String>, good: bool) -> Check {
        Check { question: question.into(), answer: answer.into(), good }
    }

    fn yes_no(question: impl Into<String>, good: bool) -> Check {
        Check::new(question, if good { "yes" } else { "no" }, good)
    }
}

/// A setting that would have changed the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The instance whose setting it is; 0: an outside one.
    pub port: u16,
    /// As it stands in redis.conf; `CONFIG SET` takes the same two parts.
    pub line: String,
    /// What it would do.
    pub effect: String,
}

impl Change {
    fn new(port: u16, line: impl Into<String>, effect: impl Into<String>) -> Change {
        Change { port, line: line.into(), effect: effect.into() }
    }
}

/// Column of the values behind the numbers' names.
const NAMES: usize = 13;

impl Why {
    /// Plain lines, each fit for 80 columns as long as the numbers are: title, numbers,
    /// comparisons (`yes`/`no` beside a sign), the end, and what would change it.
    pub fn lines(&self) -> Vec<AnswerLine> {
        let mut out = vec![AnswerLine::of(Label::Lab, self.title.clone())];
        if !self.rule.is_empty() {
            out.extend(wrapped(Label::Note, "  rule", &self.rule));
        }
        for (name, value) in &self.numbers {
            let wide = NAMES.max(unicode_width::UnicodeWidthStr::width(name.as_str()));
            let name = Span { label: Label::Note, text: format!("  {name:<wide$} ") };
            out.push(AnswerLine(vec![name, Span { label: Label::Reply, text: value.clone() }]));
        }
        for check in &self.checks {
            let (label, sign) =
                if check.good { (Label::Good, "✓") } else { (Label::Broken, "╳") };
            out.push(AnswerLine(vec![
                Span { label, text: format!("  {sign} ") },
                Span { label: Label::Reply, text: format!("{} ", check.question) },
                Span { label, text: check.answer.clone() },
            ]));
        }
        let label = if self.good { Label::Good } else { Label::Waiting };
        out.extend(wrapped(label, "  so", &self.verdict));
        for change in &self.change {
            let whose = match change.port {
                0 => String::new(),
                port => format!("{port}: "),
            };
            out.push(AnswerLine(vec![
                Span { label: Label::Note, text: format!("  {:<NAMES$} ", "would change") },
                Span { label: Label::Hint, text: format!("{whose}{}", change.line) },
            ]));
            out.extend(wrapped(Label::Note, "", &change.effect));
        }
        if let Some(advice) = &self.advice {
            out.extend(wrapped(Label::Hint, "  instead", advice));
        }
        out
    }
}

/// A text behind its name, folded at 80 columns.
fn wrapped(label: Label, name: &str, text: &str) -> Vec<AnswerLine> {
    let indent = NAMES + 3;
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if width(line) + 1 + width(word) <= 80 - indent => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    let mut name = name;
    lines
        .into_iter()
        .map(|line| {
            let head = format!("{:<indent$}", std::mem::take(&mut name));
            AnswerLine(vec![Span { label: Label::Note, text: head }, Span { label, text: line }])
        })
        .collect()
}

fn width(text: &str) -> usize {
    unicode_width::UnicodeWidthStr::width(text)
}

#[cfg(test)]
mod tests;
