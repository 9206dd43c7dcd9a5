//! Columns that line up.

use unicode_width::UnicodeWidthStr;

/// Rows of cells; every column as wide as its widest cell, two blanks between, none at the end.
pub fn rows(cells: &[Vec<String>]) -> Vec<String> {
    let columns = cells.iter().map(Vec::len).max().unwrap_or(0);
    let wide: Vec<usize> = (0..columns)
        .map(|c| cells.iter().filter_map(|r| r.get(c)).map(|t| t.width()).max().unwrap_or(0))
        .collect();
    cells
        .iter()
        .map(|row| {
            let mut line = String::new();
            for (text, wide) in row.iter().zip(&wide) {
                line.push_str(text);
                line.push_str(&" ".repeat(wide - text.width().min(*wide) + 2));
            }
            line.trim_end().to_owned()
        })
        .collect()
}

/// Cuts a text to so many columns, with `…` where something is missing.
pub fn clip(text: &str, columns: usize) -> String {
    if text.width() <= columns {
        return text.to_owned();
    }
    let mut out = String::new();
    for c in text.chars() {
        if out.width() + unicode_width::UnicodeWidthChar::width(c).unwrap_or(0) + 1 > columns {
            break;
        }
        out.push(c);
    }
    out.push('…');
    out
}

#[cfg(test)]
mod tests {
    use super::{clip, rows};

    #[test]
    fn columns_line_up_by_width_and_not_by_bytes() {
        let cells = [vec!["同".to_owned(), "a".into()], vec!["bcd".into(), "e".into()]];
        assert_eq!(rows(&cells), ["同   a", "bcd  e"]);
        assert_eq!(clip("abcdef", 4), "abc…");
        assert_eq!(clip("abcd", 4), "abcd");
    }
}
