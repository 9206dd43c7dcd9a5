//! ls.

use super::{Args, Ended, files, options};
use crate::console::session::{Console, Mouth};
use crate::console::{reply, units};
use crate::lab::Entry;
use crate::observe::{Answer, Label};

/// Width of the plain listing, whatever the terminal: the record should not depend on it.
const WIDTH: usize = 72;

pub(super) fn run(console: &mut Console, typed: &str, args: &Args, mouth: &mut Mouth<'_>) -> Ended {
    let (flags, mut paths) = match options(&args.args, "lah1tr") {
        Ok(split) => split,
        Err(flag) => return files::bad_option("ls", &flag, "[-l] [PATH ...]", mouth),
    };
    let long = flags.contains(&'l') || typed == "ll";
    let human = flags.contains(&'h');
    if paths.is_empty() {
        paths.push(console.cwd.clone());
    }
    let several = paths.len() > 1;
    let mut ended = Ended::ok();
    let mut answer = Answer::default();
    for path in &paths {
        let full = console.lab.workspace().resolve(&console.cwd, path);
        match console.lab.workspace().list(&full) {
            Ok(mut entries) => {
                if several && console.lab.workspace().is_dir(&full) {
                    answer.push(Label::Shell, format!("{}:", reply::shown(path.as_bytes())));
                }
                if !flags.contains(&'a') {
                    entries.retain(|e| !e.name.starts_with('.'));
                }
                if long {
                    tell_long(&entries, human, &mut answer);
                } else {
                    tell_short(&entries, flags.contains(&'1'), &mut answer);
                }
            }
            Err(e) => {
                mouth.lab_error("ls: ", &e);
                ended.failed = true;
            }
        }
    }
    mouth.say(answer);
    ended
}

fn name(entry: &Entry) -> String {
    let slash = if entry.is_dir { "/" } else { "" };
    format!("{}{slash}", reply::shown(entry.name.as_bytes()).replace('\n', "\\n"))
}

fn tell_long(entries: &[Entry], human: bool, answer: &mut Answer) {
    let size = |e: &Entry| if human { units::bytes(e.bytes) } else { units::count(e.bytes) };
    let width = entries.iter().map(|e| size(e).len()).max().unwrap_or(0);
    for entry in entries {
        let mode = if entry.is_dir { "drwxr-xr-x" } else { "-rw-r--r--" };
        answer.push(Label::Shell, format!("{mode}  {:>width$}  {}", size(entry), name(entry)));
    }
}

fn tell_short(entries: &[Entry], one_a_line: bool, answer: &mut Answer) {
    let mut row = String::new();
    for entry in entries {
        let name = name(entry);
        if !row.is_empty() && (one_a_line || row.len() + 2 + name.len() > WIDTH) {
            answer.push(Label::Shell, std::mem::take(&mut row));
        }
        if !row.is_empty() {
            row.push_str("  ");
        }
        row.push_str(&name);
    }
    if !row.is_empty() {
        answer.push(Label::Shell, row);
    }
}
