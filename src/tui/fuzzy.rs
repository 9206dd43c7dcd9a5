//! The palette's matcher: all letters in order, the closer together and the nearer to the start of
//! words the better.

/// How well `text` answers `query`; `None` if a letter is missing. Higher is better.
pub fn score(query: &str, text: &str) -> Option<i32> {
    let letters: Vec<char> = text.chars().flat_map(char::to_lowercase).collect();
    let mut score = 0;
    let mut at = 0;
    let mut last: Option<usize> = None;
    for q in query.chars().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase) {
        let found = letters[at..].iter().position(|c| *c == q)? + at;
        let word_start = found == 0 || !letters[found - 1].is_alphanumeric();
        let in_a_row = last.is_some_and(|l| l + 1 == found);
        score += match (in_a_row, word_start) {
            (true, _) => 8,
            (false, true) => 6,
            (false, false) => 1,
        };
        score -= i32::try_from(found - at).unwrap_or(0).min(5);
        last = Some(found);
        at = found + 1;
    }
    Some(score)
}

#[cfg(test)]
mod tests {
    use super::score;

    #[test]
    fn letters_must_come_in_order() {
        assert!(score("thm", "Theme").is_some());
        assert!(score("mth", "Theme").is_none());
        assert!(score("", "anything").is_some());
    }

    #[test]
    fn runs_and_word_starts_win() {
        assert!(score("log", "Logs") > score("log", "leave on going"));
        assert!(score("ks", "Keys side by side") < score("key", "Keys side by side"));
    }
}
