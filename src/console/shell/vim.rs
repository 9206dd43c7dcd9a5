//! vim FILE: the front-end's editor, or the lines up to `:wq`.

use super::{Args, Ended};
use crate::console::line::ends_a_file;
use crate::console::outcome::{EditRequest, MoreLines, Outcome};
use crate::console::session::{Console, Mouth};
use crate::console::{reply, units};
use crate::lab::workspace::DATA;
use crate::observe::Label;

/// No configuration file is longer; a script that forgot `:wq` must not fill the memory.
const MAX_LINES: usize = 100_000;

pub(super) fn run(
    console: &mut Console,
    args: &Args,
    lines: &mut dyn MoreLines,
    mouth: &mut Mouth<'_>,
) -> Ended {
    let Some(file) = args.args.iter().find(|a| !a.starts_with(['-', '+'])) else {
        mouth.text(Label::ShellError, "vim: which file?");
        mouth.ported(Label::Hint, "vim /data/6380/redis.conf");
        return Ended::failed();
    };
    let path = console.lab.workspace().resolve(&console.cwd, file);
    let shown = reply::shown(path.as_bytes());
    if console.lab.workspace().is_dir(&path) {
        mouth.text(Label::ShellError, format!("\"{shown}\" is a directory"));
        return Ended::failed();
    }
    let folder = path.rsplit_once('/').map_or("/", |(folder, _)| folder);
    if !console.lab.workspace().is_dir(folder) {
        mouth.text(Label::ShellError, format!("\"{shown}\" E212: Can't open file for writing"));
        // Outside /data there is nothing, and nothing can be made there.
        let hint = if folder == DATA || folder.starts_with("/data/") {
            format!("mkdir -p {} makes its folder", reply::shown(folder.as_bytes()))
        } else {
            format!("this lab has no files outside {DATA}")
        };
        mouth.text(Label::Hint, hint);
        if !lines.has_editor() && !lines.is_interactive() {
            skip_lines(lines, mouth);
        }
        return Ended::failed();
    }
    if lines.has_editor() {
        let text = console.lab.workspace().read(&path).unwrap_or_default();
        let text = String::from_utf8_lossy(&text).into_owned();
        let edit = Some(EditRequest { path, text });
        return Ended { outcome: Outcome { edit, ..Outcome::default() }, ..Ended::ok() };
    }
    take_lines(console, &path, lines, mouth)
}

/// No file, but its lines follow on the page all the same: they are no commands.
fn skip_lines(lines: &mut dyn MoreLines, mouth: &mut Mouth<'_>) {
    let mut skipped = 0u64;
    while let Some(line) = lines.next_line("~ ") {
        if ends_a_file(&line) {
            lines.put_back(line);
            break;
        }
        skipped += 1;
        if matches!(line.trim(), ":wq" | ":wq!" | ":x" | ":q" | ":q!" | "ZZ" | "ZQ") {
            break;
        }
    }
    if skipped > 0 {
        let text = format!("({} of that file skipped)", units::plural(skipped, "line"));
        mouth.text(Label::Note, text);
    }
}

/// The file's lines from the input: `:wq` (or the end of the input) writes them, `:q!` drops them.
fn take_lines(
    console: &mut Console,
    path: &str,
    lines: &mut dyn MoreLines,
    mouth: &mut Mouth<'_>,
) -> Ended {
    let shown = reply::shown(path.as_bytes());
    if lines.is_interactive() {
        mouth.text(
            Label::Note,
            format!("{shown}: its lines, then :wq to write it (:q! leaves it as it is)"),
        );
    }
    let is_conf = path.ends_with("conf");
    let mut text: Vec<String> = Vec::new();
    let (mut ended_by_page, mut saved) = (false, false);
    while let Some(line) = lines.next_line("~ ") {
        match line.trim() {
            ":wq" | ":wq!" | ":x" | ":x!" | "ZZ" => break,
            // Written at the end all the same, in one go.
            ":w" => {
                saved = true;
                continue;
            }
            ":q" if saved => break,
            ":q!" | ":q" | "ZQ" => {
                mouth.text(Label::Note, format!("\"{shown}\" is left as it was"));
                return Ended::ok();
            }
            _ => {}
        }
        // A page goes on with its next command where a person would have typed :wq.
        if is_conf && !lines.is_interactive() && ends_a_file(&line) {
            lines.put_back(line);
            ended_by_page = true;
            break;
        }
        if text.len() < MAX_LINES {
            text.push(line);
        }
    }
    while text.last().is_some_and(|l| l.trim().is_empty()) {
        text.pop();
    }
    let count = text.len();
    let mut text = text.join("\n");
    if count > 0 {
        text.push('\n');
    }
    match console.lab.workspace().write(path, text.as_bytes()) {
        Ok(()) => {
            let by = if ended_by_page { " (the page goes on)" } else { "" };
            mouth.text(Label::Shell, format!("\"{shown}\" {count}L, {}B written{by}", text.len()));
            Ended::ok()
        }
        Err(e) => {
            mouth.lab_error("vim: ", &e);
            Ended::failed()
        }
    }
}
