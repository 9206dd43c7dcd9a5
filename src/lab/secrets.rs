//! Passwords never reach the record: typed lines and answers are masked before they are told.

use crate::observe::{Answer, AnswerLine};

/// What stands in place of a secret.
pub const MASK: &str = "***";

/// The line with the passwords of AUTH, HELLO … AUTH, `-a`/`--pass`, requirepass, masterauth and
/// MIGRATE … AUTH replaced. All else stays as it was typed. Works on the words as they stand, so
/// that it also masks what will turn out to be wrong; quotes around a secret go with it.
pub fn mask_line(line: &str) -> String {
    let words = spans(line);
    let mut secret = vec![false; words.len()];
    let lower: Vec<String> = words.iter().map(|w| unquoted(&line[w.clone()])).collect();
    let is = |i: usize, word: &str| lower.get(i).is_some_and(|w| w == word);
    // A prompt or a shell word may stand in front: every word is tried as a beginning.
    for (i, word) in lower.iter().enumerate() {
        match word.as_str() {
            // AUTH [user] password, to the end of the line, for nothing else follows it.
            "auth" if begins_command(&lower, i) => mark(&mut secret, auth_password(&lower, i)),
            "auth" if in_hello(&lower, i) => mark(&mut secret, i + 2),
            "auth" if in_migrate(&lower, i) => mark(&mut secret, i + 1),
            "auth2" if in_migrate(&lower, i) => mark(&mut secret, i + 2),
            "-a" | "--pass" if (0..i).any(|j| is(j, "redis-cli")) => mark(&mut secret, i + 1),
            "requirepass" | "masterauth" | "--requirepass" | "--masterauth"
                if !(i > 0 && is(i - 1, "get")) =>
            {
                mark(&mut secret, i + 1);
            }
            _ => {}
        }
    }
    let mut out = String::with_capacity(line.len());
    let mut at = 0;
    for (range, secret) in words.into_iter().zip(secret) {
        out.push_str(&line[at..range.start]);
        out.push_str(if secret { MASK } else { &line[range.clone()] });
        at = range.end;
    }
    out.push_str(&line[at..]);
    out
}

fn mark(secret: &mut [bool], at: usize) {
    if let Some(s) = secret.get_mut(at) {
        *s = true;
    }
}

/// A word begins a command if nothing, a prompt, a repeat count or redis-cli's options stand before it.
fn begins_command(lower: &[String], i: usize) -> bool {
    let Some(previous) = i.checked_sub(1).map(|p| lower[p].as_str()) else { return true };
    previous.ends_with('>')
        || previous.parse::<i64>().is_ok()
        || previous == "redis-cli"
        || (lower[..i].iter().any(|w| w.as_str() == "redis-cli" || w.ends_with("/redis-cli"))
            && i.checked_sub(2).is_some_and(|p| lower[p].starts_with('-')))
}

/// `AUTH password` or `AUTH user password`: the last of at most two words.
fn auth_password(lower: &[String], i: usize) -> usize {
    if lower.len() > i + 2 && lower[i + 2] != "#" { i + 2 } else { i + 1 }
}

fn in_hello(lower: &[String], i: usize) -> bool {
    lower[..i].iter().any(|w| w == "hello" || w.ends_with(">hello"))
}

fn in_migrate(lower: &[String], i: usize) -> bool {
    lower[..i].iter().any(|w| w == "migrate" || w.ends_with(">migrate"))
}

/// The words of the line as ranges; a quoted stretch belongs to its word.
fn spans(line: &str) -> Vec<std::ops::Range<usize>> {
    let mut out: Vec<std::ops::Range<usize>> = Vec::new();
    let mut start: Option<usize> = None;
    let mut quote: Option<char> = None;
    let mut escaped = false;
    for (i, c) in line.char_indices() {
        if escaped {
            escaped = false;
        } else if c == '\\' && quote != Some('\'') {
            escaped = true;
            start.get_or_insert(i);
        } else if let Some(q) = quote {
            if c == q {
                quote = None;
            }
        } else if c.is_whitespace() {
            out.extend(start.take().map(|s| s..i));
        } else {
            if matches!(c, '"' | '\'') {
                quote = Some(c);
            }
            start.get_or_insert(i);
            // A prompt without a space after it ends a word: `127.0.0.1:6380>auth x`.
            if c == '>' && start.is_some_and(|s| line[s..i].contains(':')) {
                out.extend(start.take().map(|s| s..i + 1));
            }
        }
    }
    out.extend(start.map(|s| s..line.len()));
    out
}

fn unquoted(word: &str) -> String {
    word.chars()
        .filter(|c| !matches!(c, '"' | '\'' | '\\'))
        .collect::<String>()
        .to_ascii_lowercase()
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
                if !bare(word).is_empty() {
                    out.push_str(&span.text[done..from]);
                    out.push_str(if word.starts_with('"') { "\"***\"" } else { MASK });
                    done = to;
                }
            } else if ["requirepass", "masterauth"]
                .iter()
                .any(|name| bare(word).eq_ignore_ascii_case(name))
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

/// The same for a whole text, such as a conf file's.
pub fn mask_text(text: &str) -> String {
    let mut out: String = text.lines().map(|line| mask_line(line) + "\n").collect();
    if !text.ends_with('\n') {
        out.pop();
    }
    out
}

fn bare(word: &str) -> &str {
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
            ("AUTH sesame", "AUTH ***"),
            ("auth bob sesame", "auth bob ***"),
            ("127.0.0.1:6380> AUTH \"open sesame\"", "127.0.0.1:6380> AUTH ***"),
            ("127.0.0.1:6380>auth x", "127.0.0.1:6380>auth ***"),
            ("redis-cli -p 6380 -a sesame get auth", "redis-cli -p 6380 -a *** get auth"),
            ("redis-cli -p 6380 auth sesame", "redis-cli -p 6380 auth ***"),
            ("redis-cli auth sesame", "redis-cli auth ***"),
            (
                "[root@db03 ~]# redis-cli --pass 's e' ping",
                "[root@db03 ~]# redis-cli --pass *** ping",
            ),
            ("CONFIG SET requirepass sesame", "CONFIG SET requirepass ***"),
            ("config set masterauth 'x y' maxmemory 1", "config set masterauth *** maxmemory 1"),
            ("config get requirepass", "config get requirepass"),
            ("redis-server a.conf --requirepass x", "redis-server a.conf --requirepass ***"),
            ("requirepass foobared", "requirepass ***"),
            ("HELLO 3 AUTH default sesame SETNAME x", "HELLO 3 AUTH default *** SETNAME x"),
            ("MIGRATE h 1 k 0 5 AUTH sesame", "MIGRATE h 1 k 0 5 AUTH ***"),
            ("\"AUTH\" sesame", "\"AUTH\" ***"),
            ("set name xd", "set name xd"),
            ("set auth value", "set auth value"),
            ("", ""),
        ] {
            assert_eq!(mask_line(line), masked);
        }
    }
}
