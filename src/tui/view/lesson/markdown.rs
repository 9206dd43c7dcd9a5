//! A lesson's Markdown in the few forms that a terminal has: paragraphs, lists, code.

use super::super::frame::Text;
use crate::tui::text::{safe, width, wrap};
use crate::tui::theme::Mark;
use pulldown_cmark::{Event, Parser, Tag, TagEnd};

/// The text in lines of at most `wide` cells.
pub fn lines(markdown: &str, wide: usize) -> Vec<Text> {
    let mut out: Vec<Text> = Vec::new();
    let mut words: Vec<(Mark, String)> = Vec::new();
    let mut indent = 0;
    let mut marks = vec![Mark::Text];
    let mut code = false;
    let mut bullet = false;
    for event in Parser::new(markdown) {
        match event {
            Event::Start(Tag::CodeBlock(_)) => code = true,
            Event::End(TagEnd::CodeBlock) => {
                code = false;
                out.push(Text::new());
            }
            Event::Text(text) if code => {
                for line in text.lines() {
                    // What is to be typed is never cut off: it goes on further in.
                    let line = safe(line);
                    let pieces = if width(&line) + 2 <= wide {
                        vec![line]
                    } else {
                        wrap(&line, wide.saturating_sub(4))
                    };
                    for (n, piece) in pieces.iter().enumerate() {
                        let indent = if n == 0 { "  " } else { "    " };
                        out.push(Text::of(Mark::Key, format!("{indent}{piece}")));
                    }
                }
            }
            Event::Text(text) => {
                let mark = marks.last().copied().unwrap_or(Mark::Text);
                words.push((mark, safe(&text)));
            }
            Event::Code(text) => words.push((Mark::Key, safe(&text))),
            Event::SoftBreak => words.push((Mark::Text, " ".into())),
            Event::HardBreak => flush(&mut out, &mut words, wide, indent, &mut bullet),
            Event::Start(Tag::Strong | Tag::Emphasis | Tag::Heading { .. }) => {
                marks.push(Mark::Focus)
            }
            Event::End(TagEnd::Strong | TagEnd::Emphasis) => {
                marks.pop();
            }
            Event::End(TagEnd::Heading(_)) => {
                marks.pop();
                flush(&mut out, &mut words, wide, indent, &mut bullet);
                out.push(Text::new());
            }
            Event::Start(Tag::Item) => {
                flush(&mut out, &mut words, wide, indent, &mut bullet);
                indent = 2;
                bullet = true;
            }
            Event::End(TagEnd::Item) => {
                flush(&mut out, &mut words, wide, indent, &mut bullet);
                indent = 0;
            }
            Event::End(TagEnd::List(_)) => out.push(Text::new()),
            Event::End(TagEnd::Paragraph) => {
                flush(&mut out, &mut words, wide, indent, &mut bullet);
                if indent == 0 {
                    out.push(Text::new());
                }
            }
            _ => {}
        }
    }
    flush(&mut out, &mut words, wide, indent, &mut bullet);
    while out.last().is_some_and(|l| l.0.is_empty()) {
        out.pop();
    }
    out
}

/// Whether a line of `lines` is (a part of) a command or a file's text.
pub fn is_code(line: &Text) -> bool {
    matches!(line.0.as_slice(), [(Mark::Key, text, _)] if text.starts_with("  "))
}

/// Breaks the pieces at blanks, each keeping its meaning.
fn flush(
    out: &mut Vec<Text>,
    words: &mut Vec<(Mark, String)>,
    wide: usize,
    indent: usize,
    bullet: &mut bool,
) {
    if words.iter().all(|(_, w)| w.trim().is_empty()) {
        words.clear();
        return;
    }
    let room = wide.saturating_sub(indent).max(4);
    let start = |first: bool, bullet: bool| {
        let head = match (indent, first && bullet) {
            (0, _) => String::new(),
            (_, true) => "• ".into(),
            (n, false) => " ".repeat(n),
        };
        Text::of(Mark::Text, head)
    };
    let mut line = start(true, *bullet);
    let mut used = 0;
    let mut space = false;
    for (mark, text) in words.drain(..) {
        for (n, word) in text.split(' ').enumerate() {
            space |= n > 0;
            if word.is_empty() {
                continue;
            }
            for (m, piece) in wrap(word, room).into_iter().enumerate() {
                let gap = usize::from(space && used > 0 && m == 0);
                if used > 0 && (used + gap + width(&piece) > room || m > 0) {
                    out.push(std::mem::replace(&mut line, start(false, false)));
                    used = 0;
                }
                let gap = if used > 0 { gap } else { 0 };
                used += gap + width(&piece);
                line = line.add(mark, format!("{}{piece}", " ".repeat(gap)));
            }
            space = false;
        }
    }
    *bullet = false;
    out.push(line);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(markdown: &str, wide: usize) -> Vec<String> {
        lines(markdown, wide)
            .iter()
            .map(|t| t.0.iter().map(|p| p.1.as_str()).collect::<String>())
            .collect()
    }

    #[test]
    fn paragraphs_lists_and_code() {
        let text =
            plain("One **two** three `GET name` four.\n\n- a b\n- c\n\n```\nset x 1\n```", 14);
        assert_eq!(text, ["One two three", "GET name four.", "", "• a b", "• c", "", "  set x 1"]);
    }

    #[test]
    fn what_is_to_be_typed_is_never_cut_off() {
        let text = plain("```\nCONFIG SET repl-diskless-sync no\n  two\n```", 26);
        assert_eq!(text, ["  CONFIG SET", "    repl-diskless-sync no", "    two"]);
    }

    #[test]
    fn nothing_is_wider_than_the_pane() {
        for wide in 6..40 {
            for line in
                plain("A sentence with averyveryverylongword in it, and 同步同步同步.", wide)
            {
                assert!(width(&line) <= wide, "{wide}: {line}");
            }
        }
    }
}
