//! Splitting a shell line into words: quotes, backslashes, comments, braces, `;` and `&&`.
//!
//! A small, honest part of what bash does. What is not understood is refused by name, never guessed.

/// One word, and which of its characters were quoted (a quoted `*` or `{` is just a character).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Word {
    chars: Vec<(char, bool)>,
}

impl Word {
    /// The word as a program would get it.
    pub fn text(&self) -> String {
        self.chars.iter().map(|(c, _)| c).collect()
    }

    /// Whether it holds a `*` or `?` that stands for file names.
    pub fn is_pattern(&self) -> bool {
        self.chars.iter().any(|(c, quoted)| !quoted && matches!(c, '*' | '?'))
    }

    #[cfg(test)]
    fn plain(text: &str) -> Word {
        Word { chars: text.chars().map(|c| (c, false)).collect() }
    }
}

/// One command of a line, its words, and the `grep` filters that its output is piped through.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Simple {
    pub words: Vec<Word>,
    /// The words of each `| grep …`, in order.
    pub filters: Vec<Vec<String>>,
    /// Joined to the command before it by `&&`: runs only if that one succeeded.
    pub only_after_success: bool,
}

/// Why a line cannot be split.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WordsError {
    #[error("a quote is not closed")]
    Unclosed,
    #[error("`{0}` is not known to this shell")]
    Operator(String),
    #[error("a pipe goes into `grep` only, here")]
    Pipe,
}

enum Token {
    Word(Word),
    /// `;`, `&&`, `|`
    Then,
    AndThen,
    Pipe,
}

/// Splits one shell line. A `#` at the beginning of a word starts a comment, as in bash (its
/// full-width form too: pages are written with Chinese input methods). A lone `&` at the end ("in
/// the background") is dropped: every server of the lab runs in the background anyway.
pub fn split(line: &str) -> Result<Vec<Simple>, WordsError> {
    let mut commands = vec![Simple::default()];
    let mut in_filter = false;
    for token in tokens(line)? {
        let last = commands.len() - 1;
        match token {
            Token::Word(word) if in_filter => {
                if let Some(filter) = commands[last].filters.last_mut() {
                    filter.push(word.text());
                }
            }
            Token::Word(word) => commands[last].words.extend(braces(word)),
            Token::Then | Token::AndThen => {
                let only_after_success = matches!(token, Token::AndThen);
                commands.push(Simple { only_after_success, ..Simple::default() });
                in_filter = false;
            }
            Token::Pipe => {
                commands[last].filters.push(Vec::new());
                in_filter = true;
            }
        }
    }
    commands.retain(|c| !c.words.is_empty());
    for filter in commands.iter().flat_map(|c| &c.filters) {
        if !matches!(filter.first().map(String::as_str), Some("grep" | "egrep" | "fgrep")) {
            return Err(WordsError::Pipe);
        }
    }
    Ok(commands)
}

fn tokens(line: &str) -> Result<Vec<Token>, WordsError> {
    let mut out = Vec::new();
    let mut word: Option<Word> = None;
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        let flush = |out: &mut Vec<Token>, word: &mut Option<Word>| {
            if let Some(w) = word.take() {
                out.push(Token::Word(w));
            }
        };
        match c {
            '#' | '＃' if word.is_none() => break,
            ' ' | '\t' | '\u{a0}' | '\u{3000}' => flush(&mut out, &mut word),
            '\'' | '"' => {
                let w = word.get_or_insert_default();
                loop {
                    match chars.next() {
                        None => return Err(WordsError::Unclosed),
                        Some(q) if q == c => break,
                        Some('\\') if c == '"' => match chars.next() {
                            None => return Err(WordsError::Unclosed),
                            Some(e @ ('"' | '\\' | '$' | '`')) => w.chars.push((e, true)),
                            Some(e) => w.chars.extend([('\\', true), (e, true)]),
                        },
                        Some(q) => w.chars.push((q, true)),
                    }
                }
            }
            '\\' => {
                let w = word.get_or_insert_default();
                if let Some(e) = chars.next() {
                    w.chars.push((e, true));
                }
            }
            ';' => {
                flush(&mut out, &mut word);
                out.push(Token::Then);
            }
            '&' => {
                flush(&mut out, &mut word);
                if chars.next_if_eq(&'&').is_some() {
                    out.push(Token::AndThen);
                } else {
                    out.push(Token::Then);
                }
            }
            '|' if chars.peek() != Some(&'|') => {
                flush(&mut out, &mut word);
                out.push(Token::Pipe);
            }
            '|' => return Err(WordsError::Operator("||".into())),
            '>' | '<' => return Err(WordsError::Operator(c.to_string())),
            '$' if matches!(chars.peek(), Some('(' | '{')) => {
                return Err(WordsError::Operator(format!("${}", chars.peek().unwrap_or(&' '))));
            }
            '`' => return Err(WordsError::Operator("`".into())),
            // An en dash is what many a blog makes of the hyphen in front of an option.
            '–' | '—' if word.is_none() => {
                word.get_or_insert_default().chars.push(('-', false))
            }
            c => word.get_or_insert_default().chars.push((c, false)),
        }
    }
    if let Some(w) = word {
        out.push(Token::Word(w));
    }
    Ok(out)
}

/// No page needs more, and `{1..999999999}` must not eat the memory.
const MAX_WORDS: usize = 1000;

/// Brace expansion: `638{0..2}`, `{a,b}`, nested, several in a word. What is no expansion stays.
fn braces(word: Word) -> Vec<Word> {
    let mut done = Vec::new();
    let mut open = vec![(word, 0)];
    // Depth first, the first alternative on top, so that the order is bash's.
    while let Some((word, from)) = open.pop() {
        if done.len() + open.len() >= MAX_WORDS {
            done.push(word);
            break;
        }
        match first_brace(&word, from) {
            None => done.push(word),
            Some((start, end, parts)) => {
                for part in parts.into_iter().rev() {
                    let mut chars = word.chars[..start].to_vec();
                    chars.extend(part);
                    chars.extend_from_slice(&word.chars[end + 1..]);
                    // An alternative may itself hold braces: scan from its beginning.
                    open.push((Word { chars }, start));
                }
            }
        }
    }
    done
}

type Chars = Vec<(char, bool)>;

fn first_brace(word: &Word, from: usize) -> Option<(usize, usize, Vec<Chars>)> {
    let mut start = from;
    loop {
        start += word.chars.get(start..)?.iter().position(|c| *c == ('{', false))?;
        if let Some((end, parts)) = brace_at(&word.chars, start) {
            return Some((start, end, parts));
        }
        start += 1;
    }
}

fn brace_at(chars: &[(char, bool)], start: usize) -> Option<(usize, Vec<Chars>)> {
    let (mut depth, mut parts, mut part) = (0usize, Vec::new(), Chars::new());
    for (i, &(c, quoted)) in chars.iter().enumerate().skip(start + 1) {
        match (c, quoted) {
            ('}', false) if depth == 0 => {
                if parts.is_empty() {
                    return Some((i, range(&part)?));
                }
                parts.push(part);
                return Some((i, parts));
            }
            (',', false) if depth == 0 => parts.push(std::mem::take(&mut part)),
            _ => {
                match (c, quoted) {
                    ('{', false) => depth += 1,
                    ('}', false) => depth -= 1,
                    _ => {}
                }
                part.push((c, quoted));
            }
        }
    }
    None
}

/// `0..2`, `a..e`, `08..10` (padded), `0..10..5`.
fn range(part: &[(char, bool)]) -> Option<Vec<Chars>> {
    if part.iter().any(|(_, quoted)| *quoted) {
        return None;
    }
    let text: String = part.iter().map(|(c, _)| c).collect();
    let mut ends = text.split("..");
    let (a, b, step) = (ends.next()?, ends.next()?, ends.next());
    if ends.next().is_some() {
        return None;
    }
    let step = step.map_or(Some(1), |s| s.parse::<i64>().ok())?.unsigned_abs().max(1);
    let words: Vec<String> = if let (Ok(a_n), Ok(b_n)) = (a.parse::<i64>(), b.parse::<i64>()) {
        let padded = |s: &str| s.trim_start_matches('-').starts_with('0') && s.len() > 1;
        let width = if padded(a) || padded(b) { a.len().max(b.len()) } else { 0 };
        steps(a_n, b_n, step).map(|n| format!("{n:0width$}")).collect()
    } else {
        let one = |s: &str| {
            let mut chars = s.chars();
            chars.next().filter(|c| c.is_ascii_alphabetic() && chars.next().is_none())
        };
        let (a, b) = (one(a)? as i64, one(b)? as i64);
        steps(a, b, step)
            .filter_map(|n| u8::try_from(n).ok())
            .map(|b| char::from(b).to_string())
            .collect()
    };
    Some(words.into_iter().map(|w| w.chars().map(|c| (c, true)).collect()).collect())
}

fn steps(a: i64, b: i64, step: u64) -> impl Iterator<Item = i64> {
    let count = (a.abs_diff(b) / step).min(MAX_WORDS as u64 - 1);
    (0..=count).map(move |i| {
        let by = (i * step) as i64;
        if a <= b { a.saturating_add(by) } else { a.saturating_sub(by) }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        let commands = split(line).unwrap();
        commands.iter().flat_map(|c| c.words.iter().map(Word::text)).collect()
    }

    #[test]
    fn words_quotes_and_comments() {
        assert_eq!(
            words("redis-cli  -p 6382 info Replication"),
            ["redis-cli", "-p", "6382", "info", "Replication"]
        );
        assert_eq!(words("mkdir /data/x    # 创建6380, 6381, 6382文件夹"), ["mkdir", "/data/x"]);
        assert_eq!(words("ls ＃ 看"), ["ls"]);
        assert_eq!(words("ls　/data\u{a0}-l"), ["ls", "/data", "-l"]);
        assert_eq!(
            words(r#"redis-cli set "a b" 'c"d' e\ f"#),
            ["redis-cli", "set", "a b", "c\"d", "e f"]
        );
        assert_eq!(words("redis-cli set k a#b ''"), ["redis-cli", "set", "k", "a#b", ""]);
        assert_eq!(words("redis-cli –p 6381"), ["redis-cli", "-p", "6381"]);
        assert_eq!(split("ls 'x"), Err(WordsError::Unclosed));
        assert_eq!(words(""), Vec::<String>::new());
    }

    #[test]
    fn words_expand_braces() {
        assert_eq!(
            words("mkdir /data/638{0..2}"),
            ["mkdir", "/data/6380", "/data/6381", "/data/6382"]
        );
        assert_eq!(words("echo {a,b}{1..2}"), ["echo", "a1", "a2", "b1", "b2"]);
        assert_eq!(words("echo x{1,{5..7},y}z"), ["echo", "x1z", "x5z", "x6z", "x7z", "xyz"]);
        assert_eq!(words("echo {3..1} {08..10} {a..c} {0..10..5}").len(), 1 + 3 + 3 + 3 + 3);
        assert_eq!(words("echo {} {x} '{1..2}' {1,2"), ["echo", "{}", "{x}", "{1..2}", "{1,2"]);
        assert!(words("echo {1..99999999999}").len() <= MAX_WORDS + 1);
        assert!(words("echo {1..99}{1..99}{1..99}").len() <= 2 * MAX_WORDS);
    }

    #[test]
    fn words_join_and_refuse() {
        let line = split("mkdir a && cd a; ps aux | grep -v x &").unwrap();
        assert_eq!(line.len(), 3);
        assert!(line[1].only_after_success && !line[2].only_after_success);
        assert_eq!(line[2].filters, [vec!["grep".to_string(), "-v".into(), "x".into()]]);
        assert_eq!(split("ls > x"), Err(WordsError::Operator(">".into())));
        assert_eq!(split("ls | wc -l"), Err(WordsError::Pipe));
        assert_eq!(split("ls || x"), Err(WordsError::Operator("||".into())));
        assert_eq!(split("echo $(x)"), Err(WordsError::Operator("$(".into())));
    }

    #[test]
    fn words_know_patterns() {
        assert!(Word::plain("/data/*").is_pattern());
        assert!(!split("ls '/data/*'").unwrap()[0].words[1].is_pattern());
    }
}
