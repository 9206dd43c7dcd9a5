//! Passwords never reach the record: typed lines and answers are masked before they are told.

use crate::observe::{Answer, AnswerLine};

/// What stands in place of a secret.
pub const MASK: &str = "***";

/// Masks passwords in a typed line: after `AUTH` (the last argument, or both behind `HELLO … AUTH`),
/// `requirepass`, `masterauth`, redis-cli's `-a` and `--pass`. Spacing and everything else stays.
pub fn mask_line(line: &str) -> String {
    let words = words(line);
    let is = |i: usize, word: &str| {
        words.get(i).is_some_and(|&(from, to)| unquoted(&line[from..to]).eq_ignore_ascii_case(word))
    };
    let mut hide = vec![false; words.len()];
    for i in 0..words.len() {
        let (from, to) = words[i];
        let word = unquoted(&line[from..to]);
        if is(i, "auth") && (0..i).any(|h| is(h, "hello")) {
            // HELLO 3 AUTH user password
            mark(&mut hide, i + 2);
        } else if is(i, "auth") {
            // AUTH password, AUTH user password: which one depends on what follows.
            let last = if i + 2 < words.len() { i + 2 } else { i + 1 };
            mark(&mut hide, last);
        } else if ["requirepass", "--requirepass", "--masterauth", "masterauth", "-a", "--pass"]
            .iter()
            .any(|w| word.eq_ignore_ascii_case(w))
        {
            mark(&mut hide, i + 1);
        }
    }
    let mut out = String::with_capacity(line.len());
    let mut done = 0;
    for &(from, to) in words.iter().zip(&hide).filter(|(_, hide)| **hide).map(|(word, _)| word) {
        out.push_str(&line[done..from]);
        out.push_str(MASK);
        done = to;
    }
    out.push_str(&line[done..]);
    out
}

/// Masks the values of `requirepass` and `masterauth` in an answer: what CONFIG GET lists (the value
/// on the next line, or behind `=>`) and what `cat` shows of a conf file.
pub fn mask_answer(answer: &mut Answer) {
    let mut next = false;
    for line in &mut answer.lines {
        next = mask_answer_line(line, next);
    }
}

/// `next`: the line's first value is a secret. Says whether the next line's is.
fn mask_answer_line(line: &mut AnswerLine, mut next: bool) -> bool {
    let mut listed = false;
    for span in &mut line.0 {
        let mut out = String::new();
        let mut done = 0;
        for (from, to) in words(&span.text) {
            let word = &span.text[from..to];
            let index = word.len() > 1
                && word.ends_with([')', '#'])
                && word[..word.len() - 1].bytes().all(|b| b.is_ascii_digit());
            if next && !index && word != "=>" {
                next = false;
                if !unquoted(word).is_empty() {
                    out.push_str(&span.text[done..from]);
                    out.push_str(if word.starts_with('"') { "\"***\"" } else { MASK });
                    done = to;
                }
            } else if ["requirepass", "masterauth"]
                .iter()
                .any(|name| unquoted(word).eq_ignore_ascii_case(name))
            {
                next = true;
                listed = word.starts_with('"');
            }
        }
        if done > 0 {
            out.push_str(&span.text[done..]);
            span.text = out;
        }
    }
    next && listed
}

fn mark(hide: &mut [bool], at: usize) {
    if let Some(slot) = hide.get_mut(at) {
        *slot = true;
    }
}

fn unquoted(word: &str) -> &str {
    word.trim_matches(['"', '\''])
}

/// Byte ranges of the words of a line; a quoted stretch holds its spaces together.
fn words(line: &str) -> Vec<(usize, usize)> {
    let mut words = Vec::new();
    let mut start = None;
    let mut quote = None;
    let mut escaped = false;
    for (at, c) in line.char_indices() {
        match quote {
            Some(q) => {
                if c == q && !escaped {
                    quote = None;
                }
                escaped = c == '\\' && !escaped;
            }
            None if c.is_whitespace() => {
                if let Some(from) = start.take() {
                    words.push((from, at));
                }
            }
            None => {
                start.get_or_insert(at);
                if c == '"' || c == '\'' {
                    quote = Some(c);
                    escaped = false;
                }
            }
        }
    }
    if let Some(from) = start {
        words.push((from, line.len()));
    }
    words
}

#[cfg(test)]
mod tests {
    use super::{mask_answer, mask_line};
    use crate::observe::{Answer, Label};

    #[test]
    fn answers_are_masked_where_a_secret_is_listed() {
        for (said, told) in [
            ("1) \"requirepass\"\n2) \"hunter2\"", "1) \"requirepass\"\n2) \"***\""),
            ("1) \"requirepass\"\n2) \"\"", "1) \"requirepass\"\n2) \"\""),
            ("1# \"masterauth\" => \"two words\"", "1# \"masterauth\" => \"***\""),
            ("port 6380\nrequirepass hunter2\ndir /data", "port 6380\nrequirepass ***\ndir /data"),
            ("requirepass\nset name xd", "requirepass\nset name xd"),
            ("1) \"name\"\n2) \"xd\"", "1) \"name\"\n2) \"xd\""),
        ] {
            let mut answer = Answer::text(Label::Reply, said);
            mask_answer(&mut answer);
            assert_eq!(answer.plain(), told);
        }
    }

    #[test]
    fn passwords_are_masked_and_nothing_else() {
        for (line, masked) in [
            ("AUTH hunter2", "AUTH ***"),
            ("auth default  \"two words\"", "auth default  ***"),
            ("HELLO 3 AUTH default hunter2 SETNAME x", "HELLO 3 AUTH default *** SETNAME x"),
            ("CONFIG SET requirepass hunter2", "CONFIG SET requirepass ***"),
            ("config set maxmemory 0 masterauth h", "config set maxmemory 0 masterauth ***"),
            ("redis-cli -p 6380 -a hunter2 ping", "redis-cli -p 6380 -a *** ping"),
            ("127.0.0.1:6380> AUTH hunter2", "127.0.0.1:6380> AUTH ***"),
            ("redis-server x.conf --requirepass h", "redis-server x.conf --requirepass ***"),
            ("set name xd", "set name xd"),
            ("auth", "auth"),
            ("  get  имя ", "  get  имя "),
        ] {
            assert_eq!(mask_line(line), masked);
        }
    }
}
