//! The layout of one told event: time, who, what, and a remark.

use crate::observe::{AnswerLine, Label, Span};

/// Columns of the parts; longer parts push the rest to the right.
const TIME: usize = 7;
const WHO: usize = 11;
const WHAT: usize = 40;

/// One line: `  +0.002  6381 → 6380  PSYNC ? -1      asks for everything`.
pub struct Row {
    /// Microseconds since the link's attempt began.
    pub since_us: Option<u64>,
    pub who: String,
    pub what: String,
    pub label: Label,
    pub remark: String,
    /// Stands in the place of the time: `held`.
    pub mark: &'static str,
}

impl Row {
    pub fn new(since_us: Option<u64>, who: String, label: Label, what: impl Into<String>) -> Row {
        Row { since_us, who, what: what.into(), label, remark: String::new(), mark: "" }
    }

    pub fn remark(mut self, remark: impl Into<String>) -> Row {
        self.remark = remark.into();
        self
    }

    pub fn marked(mut self, mark: &'static str) -> Row {
        self.mark = mark;
        self
    }

    pub fn line(self) -> AnswerLine {
        let time = self.since_us.map_or_else(|| self.mark.to_owned(), seconds);
        let mut spans = vec![
            Span { label: Label::Note, text: format!("  {time:>TIME$}  ") },
            Span {
                label: Label::Lab,
                text: format!("{}  ", padded(&self.who, who_width(&self.who))),
            },
        ];
        if self.remark.is_empty() {
            spans.push(Span { label: self.label, text: self.what });
        } else {
            let what = padded(&self.what, WHAT);
            spans.push(Span { label: self.label, text: format!("{what}  ") });
            spans.push(Span { label: Label::Note, text: self.remark });
        }
        AnswerLine(spans)
    }
}

/// Ports of five digits, as `--base-port` may give them, need two columns more in every row.
fn who_width(who: &str) -> usize {
    let port = who.split(' ').find(|w| w.bytes().all(|b| b.is_ascii_digit()));
    WHO + 2 * port.map_or(0, |p| p.len().saturating_sub(4))
}

fn padded(text: &str, width: usize) -> String {
    let have = unicode_width::UnicodeWidthStr::width(text);
    format!("{text}{}", " ".repeat(width.saturating_sub(have)))
}

/// `+5.003`
fn seconds(us: u64) -> String {
    format!("+{}.{:03}", us / 1_000_000, us / 1000 % 1000)
}
