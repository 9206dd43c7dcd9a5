//! Passwords never reach the record: a typed line is masked before it is told.

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
    for (i, &(from, to)) in words.iter().enumerate().filter(|(i, _)| hide[*i]) {
        let _ = i;
        out.push_str(&line[done..from]);
        out.push_str(MASK);
        done = to;
    }
    out.push_str(&line[done..]);
    out
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
    use super::mask_line;

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
