//! Cutting the shared stream into commands, from any position that is held.
//!
//! In: the stream and an offset. Out: where the command there ends, and the beginnings of its
//! words. It knows no command by name, and changes nothing.

use super::stream::Stream;

/// More pings than these between two acknowledgements are no silence any more.
const PINGS: usize = 64;
/// A header line is never longer: `*` or `$`, a number, CR LF.
const HEADER: usize = 32;
/// Words that are looked at, and bytes of each: more is never shown.
const WORDS: usize = 8;
const WORD_BYTES: usize = 512;

/// What lies at a position of the stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamCommand {
    /// Offset of its last byte.
    pub to: i64,
    /// The beginnings of its first words; none for an empty line, or for what is no command.
    pub words: Vec<Vec<u8>>,
}

/// The command that begins at `at`; `None` at the end of the stream. What is no command goes as
/// far as the stream does.
pub fn command_at(stream: &Stream, at: i64) -> Option<StreamCommand> {
    if at > stream.end() {
        return None;
    }
    let rest = StreamCommand { to: stream.end(), words: Vec::new() };
    let empty = |to: i64| StreamCommand { to, words: Vec::new() };
    let (line, mut next) = match line_at(stream, at) {
        Some(line) => line,
        None => return Some(rest),
    };
    let count = match line.split_first() {
        None => return Some(empty(next - 1)),
        Some((b'*', count)) => number(count),
        Some(_) => None,
    };
    let Some(count) = count else { return Some(rest) };
    if count <= 0 {
        return Some(empty(next - 1));
    }
    let mut words = Vec::new();
    for _ in 0..count {
        let len = line_at(stream, next)
            .and_then(|(line, body)| Some((number(line.strip_prefix(b"$")?)?, body)))
            .filter(|(len, body)| *len >= 0 && *len < stream.end() - body);
        let Some((len, body)) = len else { return Some(rest) };
        if words.len() < WORDS {
            let shown = usize::try_from(len).unwrap_or(usize::MAX).min(WORD_BYTES);
            words.push(stream.copy(body, shown));
        }
        next = body + len + 2;
    }
    Some(StreamCommand { to: next - 1, words })
}

/// The first position at or behind `at` where a command begins (`end + 1`: none yet).
pub fn boundary(stream: &Stream, at: i64) -> i64 {
    let mut here = stream.mark_near(at);
    while here < at {
        match command_at(stream, here) {
            Some(command) => here = command.to + 1,
            None => return at,
        }
    }
    here
}

/// Whether nothing but a few periodic pings (and empty lines) lies from `from` up to `to`.
pub fn only_pings(stream: &Stream, from: i64, to: i64) -> bool {
    let mut at = from;
    for _ in 0..PINGS {
        if at > to {
            break;
        }
        match command_at(stream, at) {
            Some(c) if is_ping(&c.words) => at = c.to + 1,
            _ => return false,
        }
    }
    at == to + 1
}

fn is_ping(words: &[Vec<u8>]) -> bool {
    match words {
        [] => true,
        [word] => word.eq_ignore_ascii_case(b"ping"),
        _ => false,
    }
}

/// The line at `at` without its end, and where the next one begins.
fn line_at(stream: &Stream, at: i64) -> Option<(Vec<u8>, i64)> {
    let mut line = stream.copy(at, HEADER);
    let lf = memchr::memchr(b'\n', &line)?;
    line.truncate(lf);
    if line.last() == Some(&b'\r') {
        line.pop();
    }
    Some((line, at + lf as i64 + 1))
}

fn number(digits: &[u8]) -> Option<i64> {
    crate::wire::num::parse_i64(digits)
}

#[cfg(test)]
mod tests {
    use super::super::lines::command;
    use super::*;

    fn stream(commands: &[Vec<u8>]) -> (Stream, Vec<i64>) {
        let mut s = Stream::at(100);
        s.activate();
        let mut begins = Vec::new();
        for c in commands {
            begins.push(s.end() + 1);
            s.append(c, 16384);
        }
        (s, begins)
    }

    #[test]
    fn a_command_is_found_whole_across_blocks() {
        let big = vec![b'x'; 50_000];
        let (s, begins) = stream(&[
            command(&[b"SELECT", b"0"]),
            command(&[b"SET", b"k", &big]),
            command(&[b"ping"]),
        ]);
        let select = command_at(&s, begins[0]).expect("a command");
        assert_eq!((select.to, select.words.len()), (begins[1] - 1, 2));
        let set = command_at(&s, begins[1]).expect("a command");
        assert_eq!(
            (set.to, &set.words[0][..], set.words[2].len()),
            (begins[2] - 1, &b"SET"[..], 512)
        );
        assert_eq!(command_at(&s, begins[2]).expect("a command").to, s.end());
        assert_eq!(command_at(&s, s.end() + 1), None);
        assert!(only_pings(&s, begins[2], s.end()) && only_pings(&s, s.end() + 1, s.end()));
        assert!(!only_pings(&s, begins[1], s.end()) && !only_pings(&s, begins[2], s.end() - 1));
    }

    #[test]
    fn the_next_boundary_is_found_from_anywhere() {
        let commands: Vec<_> = (0..3000)
            .map(|i| command(&[b"SET", format!("key{i}").as_bytes(), &vec![b'v'; i % 700]]))
            .collect();
        let (mut s, begins) = stream(&commands);
        for at in (101..s.end() + 2).step_by(41) {
            let want = begins.iter().copied().find(|b| *b >= at).unwrap_or(s.end() + 1);
            assert_eq!(boundary(&s, at), want, "from {at}");
        }
        // Also when what lies before is gone, or the command began before all that is held.
        s.trim(16384, None);
        let first = s.first();
        let want = begins.iter().copied().find(|b| *b >= first).expect("one");
        assert_eq!(boundary(&s, first), want);
        let (mut s, _) = stream(&[command(&[b"SET", b"k", &vec![b'x'; 100_000]])]);
        s.trim(16384, None);
        assert_eq!(boundary(&s, s.first() + 5), s.end() + 1);
    }

    #[test]
    fn what_is_no_command_goes_to_the_end() {
        let (s, begins) = stream(&[b"\r\n".to_vec(), command(&[b"A"]), b"garbage".to_vec()]);
        assert_eq!(command_at(&s, begins[0]), Some(StreamCommand { to: 102, words: Vec::new() }));
        assert_eq!(command_at(&s, begins[2]).expect("rest").to, s.end());
        let (s, begins) = stream(&[b"*1\r\n$9\r\nshort\r\n".to_vec()]);
        assert_eq!(command_at(&s, begins[0]).expect("rest").to, s.end());
    }
}
