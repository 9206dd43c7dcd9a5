//! :kill, :restart, :freeze, :thaw, :add, :remove

use super::{port, usage};
use crate::console::session::{Console, Mouth};
use crate::console::{Outcome, reply};
use crate::lab::StartError;
use crate::observe::Label;

pub(super) fn kill(console: &mut Console, rest: &str, mouth: &mut Mouth<'_>) -> Outcome {
    let Some(port) = port(rest) else { return usage("kill", "which port?", mouth) };
    match console.lab.kill(port) {
        Ok(()) => {
            mouth.text(Label::Lab, format!("{port} was killed; nothing was saved"));
            mouth.text(Label::Hint, format!(":restart {port} starts it again"));
        }
        Err(e) => mouth.lab_error("", &e),
    }
    Outcome::default()
}

pub(super) fn restart(console: &mut Console, rest: &str, mouth: &mut Mouth<'_>) -> Outcome {
    let (mut empty, mut of) = (false, None);
    for word in rest.split_whitespace() {
        match (word, port(word)) {
            ("--empty" | "-empty" | "empty", _) => empty = true,
            (_, Some(port)) if of.is_none() => of = Some(port),
            _ => return usage("restart", "one port, and --empty to lose its data", mouth),
        }
    }
    let Some(port) = of else { return usage("restart", "which port?", mouth) };
    match console.lab.restart(port, empty) {
        Ok(started) => {
            let with = if empty { ", without its data" } else { "" };
            mouth.text(Label::Lab, format!("{port} is up again{with} (pid {})", started.shown_pid));
        }
        Err(e) => start_error(&e, mouth),
    }
    Outcome::default()
}

pub(super) fn freeze(console: &mut Console, rest: &str, mouth: &mut Mouth<'_>) -> Outcome {
    let Some(port) = port(rest) else { return usage("freeze", "which port?", mouth) };
    match console.lab.freeze(port) {
        Ok(()) => {
            let text = format!("{port} is frozen: connections stay, nobody is answered");
            mouth.text(Label::Lab, text);
            mouth.text(Label::Hint, format!(":thaw {port} lets it go on"));
        }
        Err(e) => mouth.lab_error("", &e),
    }
    Outcome::default()
}

pub(super) fn thaw(console: &mut Console, rest: &str, mouth: &mut Mouth<'_>) -> Outcome {
    let Some(port) = port(rest) else { return usage("thaw", "which port?", mouth) };
    match console.lab.thaw(port) {
        Ok(()) => mouth.text(Label::Lab, format!("{port} goes on")),
        Err(e) => mouth.lab_error("", &e),
    }
    Outcome::default()
}

pub(super) fn add(console: &mut Console, rest: &str, mouth: &mut Mouth<'_>) -> Outcome {
    let Some(port) = port(rest) else {
        let next = console.lab.ports().into_iter().max().and_then(|p| p.checked_add(1));
        let why = match next {
            Some(next) if rest.is_empty() => format!("which port? {next} would be the next"),
            _ => "one port, 1 to 65535".to_owned(),
        };
        return usage("add", &why, mouth);
    };
    match console.lab.add(port) {
        Ok(started) => {
            let text = format!("{port} is up and one of the lab's (pid {})", started.shown_pid);
            mouth.text(Label::Lab, text);
        }
        Err(e) => mouth.lab_error("", &e),
    }
    Outcome::default()
}

pub(super) fn remove(console: &mut Console, rest: &str, mouth: &mut Mouth<'_>) -> Outcome {
    let Some(port) = port(rest) else { return usage("remove", "which port?", mouth) };
    match console.lab.remove(port) {
        Ok(()) => {
            mouth.text(Label::Lab, format!("{port} is out of the lab; its files stay"));
            mouth.text(Label::Hint, format!(":add {port} brings it back"));
        }
        Err(e) => mouth.lab_error("", &e),
    }
    Outcome::default()
}

/// A server that did not start, in its own words.
pub(super) fn start_error(e: &StartError, mouth: &mut Mouth<'_>) {
    mouth.text(Label::ShellError, reply::shown(e.text.as_bytes()));
    if let Some(hint) = &e.hint {
        mouth.text(Label::Hint, hint);
    }
}
