//! A lesson's Markdown on a console: paragraphs filled to a width, code lines left as they are.

use unicode_width::UnicodeWidthStr;

/// The lines of `text`, no paragraph's wider than `width` columns (a single long word may be).
/// Lines that begin with four spaces are code: they stay, and end a paragraph.
pub fn filled(text: &str, width: usize) -> Vec<String> {
    let mut out = Vec::new();
    let mut paragraph = String::new();
    for line in text.lines() {
        if line.starts_with("    ") || line.trim().is_empty() {
            flush(&mut paragraph, width, &mut out);
            out.push(line.trim_end().to_owned());
            continue;
        }
        // A list's items do not run into each other.
        if line.starts_with("- ") {
            flush(&mut paragraph, width, &mut out);
        }
        if !paragraph.is_empty() {
            paragraph.push(' ');
        }
        paragraph.push_str(line.trim());
    }
    flush(&mut paragraph, width, &mut out);
    out
}

fn flush(paragraph: &mut String, width: usize, out: &mut Vec<String>) {
    let indent = if paragraph.starts_with("- ") { "  " } else { "" };
    let mut line = String::new();
    for word in paragraph.split_whitespace() {
        if !line.is_empty() && line.width() + 1 + word.width() > width {
            out.push(std::mem::replace(&mut line, indent.to_owned()));
        }
        if !line.trim().is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    if !line.is_empty() {
        out.push(line);
    }
    paragraph.clear();
}

#[cfg(test)]
mod tests {
    use super::filled;

    #[test]
    fn paragraphs_are_filled_and_code_is_left_alone() {
        let text =
            "one two\nthree four\n\n    mkdir /data/638{0..2} and more\n\n- a b c d e f\n- g";
        let lines = filled(text, 10);
        let code = "    mkdir /data/638{0..2} and more";
        assert_eq!(lines, ["one two", "three four", "", code, "", "- a b c d", "  e f", "- g"]);
    }
}
