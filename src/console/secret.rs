//! Passwords out of a typed line, before it is written down anywhere.

/// What stands in a secret's place.
pub const MASK: &str = "***";

/// The line with the passwords of AUTH, HELLO … AUTH, `-a`/`--pass`, requirepass, masterauth and
/// MIGRATE … AUTH replaced. All else stays as it was typed. Works on the words as they stand, so
/// that it also masks what will turn out to be wrong; quotes around a secret go with it.
pub fn mask(line: &str) -> String {
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

#[cfg(test)]
mod tests {
    use super::mask;

    #[test]
    fn secrets_are_masked_and_nothing_else() {
        for (typed, kept) in [
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
            assert_eq!(mask(typed), kept, "{typed}");
        }
    }
}
