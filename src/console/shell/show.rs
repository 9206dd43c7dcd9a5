//! cat, tail, and grep behind a pipe.

use super::{Args, Ended};
use crate::console::reply;
use crate::console::session::{Console, Mouth};
use crate::observe::{Answer, Label};

/// More of a file than this is not printed.
const MOST: usize = 256 * 1024;

pub(super) fn cat(console: &mut Console, args: &Args, mouth: &mut Mouth<'_>) -> Ended {
    let files: Vec<&String> = args.args.iter().filter(|a| !a.starts_with('-')).collect();
    if files.is_empty() {
        mouth.text(Label::ShellError, "cat: which file?");
        return Ended::failed();
    }
    let mut ended = Ended::ok();
    for file in files {
        match read(console, file) {
            Ok(bytes) => {
                let cut = bytes.len().min(MOST);
                mouth.text(Label::Shell, reply::shown(&bytes[..cut]));
                if cut < bytes.len() {
                    let left = crate::console::units::bytes((bytes.len() - cut) as u64);
                    mouth.text(Label::Note, format!("({left} more; tail shows the end)"));
                }
            }
            Err(e) => {
                mouth.lab_error("cat: ", &e);
                ended.failed = true;
            }
        }
    }
    ended
}

pub(super) fn tail(console: &mut Console, args: &Args, mouth: &mut Mouth<'_>) -> Ended {
    let (mut count, mut follow, mut files) = (10usize, false, Vec::new());
    let mut words = args.args.iter();
    while let Some(word) = words.next() {
        let number = match word.as_str() {
            "-f" | "-F" => {
                follow = true;
                continue;
            }
            "-n" => words.next().map(String::as_str).unwrap_or(""),
            w if w.starts_with("-n") => &w[2..],
            w if w.len() > 1 && w.starts_with('-') => &w[1..],
            _ => {
                files.push(word.clone());
                continue;
            }
        };
        // -100f, as fingers have it.
        let digits = number.trim_end_matches(['f', 'F']);
        follow |= digits.len() < number.len();
        match digits.trim_start_matches('+').parse() {
            Ok(n) => count = n,
            Err(_) => {
                return super::files::bad_option("tail", word, "[-n LINES] FILE ...", mouth);
            }
        }
    }
    if files.is_empty() {
        mouth.text(Label::ShellError, "tail: which file?");
        return Ended::failed();
    }
    let mut ended = Ended::ok();
    let several = files.len() > 1;
    for file in files {
        match read(console, &file) {
            Ok(bytes) => {
                if several {
                    mouth.text(Label::Shell, format!("==> {} <==", reply::shown(file.as_bytes())));
                }
                let from = bytes.len().saturating_sub(MOST);
                let text = reply::shown(&bytes[from..]);
                let lines: Vec<&str> = text.lines().collect();
                let from = lines.len().saturating_sub(count);
                mouth.text(Label::Shell, lines[from..].join("\n"));
            }
            Err(e) => {
                mouth.lab_error("tail: ", &e);
                ended.failed = true;
            }
        }
    }
    if follow {
        mouth.text(Label::Note, "(the lab's tail does not follow; events are told as they happen)");
    }
    ended
}

fn read(console: &Console, file: &str) -> Result<Vec<u8>, crate::lab::LabError> {
    let path = console.lab.workspace().resolve(&console.cwd, file);
    console.lab.workspace().read(&path)
}

/// Keeps the lines that `grep [-i] [-v] WORD` would.
pub(super) fn grep(words: &[String], answer: &mut Answer) {
    let (mut ignore_case, mut invert, mut pattern) = (false, false, None);
    for word in &words[1..] {
        match word.strip_prefix('-') {
            Some(flags) if !flags.is_empty() && pattern.is_none() => {
                ignore_case |= flags.contains('i');
                invert |= flags.contains('v');
            }
            _ => pattern = pattern.or(Some(word.clone())),
        }
    }
    let Some(pattern) = pattern else {
        answer.lines.clear();
        answer.push(Label::ShellError, "grep: which word?");
        return;
    };
    let fold = |s: &str| if ignore_case { s.to_lowercase() } else { s.to_owned() };
    let pattern = fold(&pattern);
    answer.lines.retain(|line| fold(&line.plain()).contains(&pattern) != invert);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grep_keeps_what_fits() {
        let filter = |words: &[&str]| {
            let mut answer = Answer::text(Label::Shell, "role:master\nreplicas:2\nROLE");
            grep(&words.iter().map(|w| w.to_string()).collect::<Vec<_>>(), &mut answer);
            answer.plain()
        };
        assert_eq!(filter(&["grep", "role"]), "role:master");
        assert_eq!(filter(&["grep", "-i", "role"]), "role:master\nROLE");
        assert_eq!(filter(&["grep", "-iv", "role"]), "replicas:2");
        assert_eq!(filter(&["grep"]), "grep: which word?");
    }
}
