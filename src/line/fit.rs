//! Lines that fit the terminal: a remark moves closer or below, a sentence is wrapped at its words.
//! What a server said is left to the terminal, to the letter.

use crate::observe::{AnswerLine, Label, Span};
use std::io::IsTerminal;
use unicode_width::UnicodeWidthStr;

/// Narrower than this, wrapping makes nothing better.
const LEAST: usize = 40;
/// Between a message and its remark.
const GAP: usize = 2;

/// The columns of standard output; none if it is no terminal: then lines stay whole.
pub fn columns() -> Option<usize> {
    if !std::io::stdout().is_terminal() {
        return None;
    }
    let mut size = libc::winsize { ws_row: 0, ws_col: 0, ws_xpixel: 0, ws_ypixel: 0 };
    // SAFETY: TIOCGWINSZ fills the struct that it is given when it returns 0.
    let ok = unsafe { libc::ioctl(libc::STDOUT_FILENO, libc::TIOCGWINSZ, &mut size) } == 0;
    let columns = usize::from(size.ws_col);
    (ok && columns >= LEAST).then_some(columns)
}

/// The line as one or more that are no wider than `columns`, where that can be done.
pub fn fit(line: &AnswerLine, columns: usize) -> Vec<AnswerLine> {
    if wide(&line.0) <= columns {
        return vec![line.clone()];
    }
    let mut spans = line.0.clone();
    let mut out = Vec::new();
    let remark = match spans.as_slice() {
        [_, .., last] if last.label == Label::Note => spans.pop(),
        _ => None,
    };
    // The message stands behind what all but the last span hold: the time, and who speaks.
    let indent = match spans.as_slice() {
        [before @ .., last] if !before.is_empty() => wide(before) + leading(&last.text),
        [only] => leading(&only.text),
        _ => 0,
    };
    if let Some(remark) = remark {
        let text = remark.text.trim().to_owned();
        let gap = spans.last().map_or(0, |s| trailing(&s.text)) + leading(&remark.text);
        if let Some(last) = spans.last_mut() {
            last.text.truncate(last.text.trim_end().len());
        }
        let (have, need) = (wide(&spans), text.width());
        if have + GAP + need <= columns {
            let gap = gap.min(columns - have - need).max(GAP);
            let text = format!("{}{text}", " ".repeat(gap));
            spans.push(Span { label: remark.label, text });
            return vec![AnswerLine(spans)];
        }
        out.extend(wrapped(spans, indent, columns));
        let below =
            vec![Span { label: remark.label, text: format!("{}{text}", " ".repeat(indent)) }];
        out.extend(wrapped(below, indent, columns));
        return out;
    }
    out.extend(wrapped(spans, indent, columns));
    out
}

/// Wraps the last span at its words, under its own beginning.
fn wrapped(mut spans: Vec<Span>, indent: usize, columns: usize) -> Vec<AnswerLine> {
    let verbatim = |s: &Span| matches!(s.label, Label::Reply | Label::Shell | Label::Error);
    if spans.last().is_none_or(verbatim) {
        return vec![AnswerLine(spans)];
    }
    let Some(last) = spans.pop() else { return Vec::new() };
    let mut out = Vec::new();
    let mut at = wide(&spans);
    let mut text = String::new();
    let begin = " ".repeat(leading(&last.text));
    text.push_str(&begin);
    let mut empty = true;
    for word in last.text.split_whitespace() {
        if !empty && at + text.width() + 1 + word.width() > columns {
            spans.push(Span { label: last.label, text: std::mem::take(&mut text) });
            out.push(AnswerLine(std::mem::take(&mut spans)));
            (at, empty) = (0, true);
            text.push_str(&" ".repeat(indent));
        }
        if !empty {
            text.push(' ');
        }
        text.push_str(word);
        empty = false;
    }
    spans.push(Span { label: last.label, text });
    out.push(AnswerLine(spans));
    out
}

fn wide(spans: &[Span]) -> usize {
    spans.iter().map(|s| s.text.width()).sum()
}

fn leading(text: &str) -> usize {
    text.len() - text.trim_start_matches(' ').len()
}

fn trailing(text: &str) -> usize {
    text.len() - text.trim_end_matches(' ').len()
}

#[cfg(test)]
mod tests {
    use super::fit;
    use crate::observe::{AnswerLine, Label, Span};

    fn row(message: &str, remark: &str) -> AnswerLine {
        let span = |label, text: String| Span { label, text };
        AnswerLine(vec![
            span(Label::Note, "  +0.002  ".into()),
            span(Label::Lab, "6381 → 6380  ".into()),
            span(Label::Handshake, format!("{message:<30}  ")),
            span(Label::Note, remark.into()),
        ])
    }

    fn fitted(line: &AnswerLine, columns: usize) -> Vec<String> {
        fit(line, columns).iter().map(AnswerLine::plain).collect()
    }

    #[test]
    fn a_remark_moves_closer_before_it_moves_below() {
        let line = row("PSYNC ? -1", "has no history");
        assert_eq!(fitted(&line, 80), [line.plain()]);
        let text = "  +0.002  6381 → 6380  PSYNC ? -1        has no history";
        assert_eq!(fitted(&line, 55), [text]);
        let below = ["  +0.002  6381 → 6380  PSYNC ? -1", "                       has no history"];
        assert_eq!(fitted(&line, 45), below);
    }

    #[test]
    fn a_message_is_wrapped_under_itself() {
        let line = row("full sync: not my replid, I have none", "");
        let lines = fitted(&line, 50);
        assert_eq!(lines[0], "  +0.002  6381 → 6380  full sync: not my replid, I");
        assert_eq!(lines[1].trim_end(), "                       have none");
    }

    #[test]
    fn what_a_server_said_is_left_alone() {
        let line = AnswerLine::of(Label::Reply, "x ".repeat(60));
        assert_eq!(fitted(&line, 50), [line.plain()]);
    }
}
