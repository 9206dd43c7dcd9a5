//! The lab's shell: a small one, with the words of the walk-through and what one looks around with.
//!
//! In: a shell line. Out: what a shell would print. Files are the session's workspace only.

pub mod cli;
mod files;
pub(super) mod help;
mod list;
mod process;
mod server;
mod show;
mod vim;

use super::session::{Console, Mouth};
use super::words::{self, Simple, Word, WordsError};
use super::{MoreLines, Outcome, commands, suggest};
use crate::observe::{Answer, Label};
use crate::wire::text::glob_match;

/// One command with its words expanded.
pub(super) struct Args {
    pub name: String,
    pub args: Vec<String>,
}

/// How a shell command ended.
#[derive(Default)]
pub(super) struct Ended {
    /// `&&` stops after a failure. A failure is a result like any other for the exit code.
    pub failed: bool,
    pub outcome: Outcome,
}

impl Ended {
    pub fn ok() -> Ended {
        Ended::default()
    }

    pub fn failed() -> Ended {
        Ended { failed: true, ..Ended::default() }
    }
}

/// Runs a shell line: one command, or several joined by `;` and `&&`.
pub(super) fn run(
    console: &mut Console,
    text: &str,
    lines: &mut dyn MoreLines,
    mouth: &mut Mouth<'_>,
) -> Outcome {
    let commands = match words::split(text) {
        Ok(commands) => commands,
        Err(e) => {
            mouth.text(Label::ShellError, format!("shell: {e}"));
            if matches!(e, WordsError::Operator(_) | WordsError::Pipe) {
                mouth.text(
                    Label::Hint,
                    "one command after another works: a; b or a && b, and … | grep WORD",
                );
            }
            return Outcome { not_understood: true, ..Outcome::default() };
        }
    };
    let mut all = Outcome::default();
    let mut failed = false;
    for command in commands {
        if failed && command.only_after_success {
            continue;
        }
        let ended = one(console, command, lines, mouth);
        failed = ended.failed;
        all.not_understood |= ended.outcome.not_understood;
        all.clear |= ended.outcome.clear;
        all.edit = all.edit.or(ended.outcome.edit);
        all.leave |= ended.outcome.leave;
        if all.leave || console.interrupt.is_raised() {
            break;
        }
    }
    // Instances write logs, dumps and pid files: whoever watches the files should know.
    console.lab.workspace().rescan();
    all
}

fn one(
    console: &mut Console,
    command: Simple,
    lines: &mut dyn MoreLines,
    mouth: &mut Mouth<'_>,
) -> Ended {
    let words = expand(console, &command.words);
    let Some((first, rest)) = words.split_first() else { return Ended::ok() };
    let args = Args { name: commands::alias(first).to_owned(), args: rest.to_vec() };
    if command.filters.is_empty() {
        return dispatch(console, first, args, lines, mouth);
    }
    // Piped into grep: gather, filter, say.
    let mut gathered = Answer::default();
    let ended = mouth.gather(&mut gathered, |mouth| dispatch(console, first, args, lines, mouth));
    for filter in &command.filters {
        show::grep(filter, &mut gathered);
    }
    mouth.say(gathered);
    ended
}

fn dispatch(
    console: &mut Console,
    typed: &str,
    args: Args,
    lines: &mut dyn MoreLines,
    mouth: &mut Mouth<'_>,
) -> Ended {
    match args.name.as_str() {
        "redis-server" => server::run(console, &args, mouth),
        "redis-cli" => cli::run(console, &args, lines, mouth),
        "mkdir" => files::mkdir(console, &args, mouth),
        "rm" => files::rm(console, &args, mouth),
        "cd" => files::cd(console, &args, mouth),
        "pwd" => {
            mouth.text(Label::Shell, console.cwd.clone());
            Ended::ok()
        }
        "ls" => list::run(console, typed, &args, mouth),
        "cat" => show::cat(console, &args, mouth),
        "tail" => show::tail(console, &args, mouth),
        "vim" => vim::run(console, &args, lines, mouth),
        "ps" => process::ps(console, mouth),
        "kill" => process::kill(console, &args, mouth),
        "clear" => Ended { outcome: Outcome { clear: true, ..Outcome::default() }, ..Ended::ok() },
        "help" => {
            help::shell(mouth);
            Ended::ok()
        }
        "exit" => Ended { outcome: Outcome { leave: true, ..Outcome::default() }, ..Ended::ok() },
        _ => refuse(console, typed, mouth),
    }
}

/// A word that the shell does not know: what it could have been, and what there is.
fn refuse(console: &Console, typed: &str, mouth: &mut Mouth<'_>) -> Ended {
    let shown = super::reply::shown(typed.as_bytes());
    mouth.text(Label::Refused, format!("{shown}: command not found"));
    let names = commands::SHELL.iter().map(|(name, ..)| *name);
    if let Some(known) = commands::known(typed) {
        let port = console.lab.ports()[0];
        let text = format!(
            "{} is a Redis command: redis-cli -p {port} {} …, or redis-cli -p {port} first",
            known.name,
            known.name.to_ascii_lowercase()
        );
        mouth.text(Label::Hint, text);
    } else if let Some(near) = suggest::nearest(typed, names.clone().chain(commands::names())) {
        mouth.text(Label::Hint, format!("did you mean {near}?"));
    } else {
        let all = names.collect::<Vec<_>>().join(" ");
        mouth
            .text(Label::Hint, format!("this shell knows: {all} · and the lab's verbs, see :help"));
    }
    let outcome = Outcome { not_understood: true, ..Outcome::default() };
    Ended { failed: true, outcome }
}

/// Words as programs get them: `*` and `?` replaced by the files they stand for, if there are any.
fn expand(console: &Console, words: &[Word]) -> Vec<String> {
    let mut out = Vec::new();
    for word in words {
        let text = word.text();
        if !word.is_pattern() {
            out.push(text);
            continue;
        }
        let found = matching(console, &text);
        if found.is_empty() {
            out.push(text);
        } else {
            out.extend(found);
        }
    }
    out
}

/// The files that a pattern stands for, spelled as the pattern begins, in order.
fn matching(console: &Console, pattern: &str) -> Vec<String> {
    let workspace = console.lab.workspace();
    let mut found: Vec<String> = vec![if pattern.starts_with('/') { "/" } else { "" }.to_owned()];
    for part in pattern.split('/').filter(|p| !p.is_empty()) {
        let mut next = Vec::new();
        for base in &found {
            if !part.contains(['*', '?']) {
                next.push(format!("{base}{part}"));
                continue;
            }
            let folder = workspace.resolve(&console.cwd, base);
            let entries = workspace.list(&folder).unwrap_or_default();
            next.extend(
                entries
                    .into_iter()
                    .filter(|e| {
                        !e.name.starts_with('.')
                            && glob_match(part.as_bytes(), e.name.as_bytes(), false)
                    })
                    .map(|e| format!("{base}{}", e.name)),
            );
        }
        found = next.into_iter().map(|p| format!("{p}/")).collect();
    }
    let exists = |p: &String| workspace.exists(&workspace.resolve(&console.cwd, p));
    found.into_iter().map(|p| p.trim_end_matches('/').to_owned()).filter(exists).collect()
}

/// Splits options from the rest: every word that begins with `-`, letter by letter, until `--`.
/// Err holds a letter that is not among `known`.
pub(super) fn options(args: &[String], known: &str) -> Result<(Vec<char>, Vec<String>), String> {
    let (mut letters, mut rest) = (Vec::new(), Vec::new());
    let mut only_rest = false;
    for arg in args {
        match arg.strip_prefix('-') {
            Some("-") if !only_rest => only_rest = true,
            Some(flags) if !flags.is_empty() && !only_rest => {
                for c in flags.chars() {
                    if !known.contains(c) {
                        return Err(arg.clone());
                    }
                    letters.push(c);
                }
            }
            _ => rest.push(arg.clone()),
        }
    }
    Ok((letters, rest))
}
