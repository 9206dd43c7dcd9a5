//! A script run through: the output reads like the session that a person would have had.

use super::pen::Pen;
use super::signals::Signals;
use super::{FAILED, paint};
use crate::console::line::{At, understand};
use crate::console::{Console, MoreLines};
use crate::lab::secrets::mask_line;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

/// The script's lines come from here.
pub fn source(script: Option<&Path>) -> Result<Box<dyn BufRead>, String> {
    match script {
        Some(path) if path != Path::new("-") => {
            let file = File::open(path).map_err(|e| format!("{}: {e}", path.display()))?;
            Ok(Box::new(BufReader::new(file)))
        }
        _ => Ok(Box::new(BufReader::new(std::io::stdin()))),
    }
}

/// Runs every line and gives the exit code.
pub fn run(mut console: Console, source: Box<dyn BufRead>, pen: &Pen, signals: &Signals) -> i32 {
    let mut feed = Feed { source, back: Vec::new(), pen: pen.clone() };
    let mut failed = false;
    pen.follow(None);
    while let Some(line) = feed.take() {
        // Between the lines of a page: nothing to see, nothing to run.
        if line.trim().is_empty() {
            continue;
        }
        echo(&console, &line, pen);
        pen.line_begins();
        let outcome = console.run(&line, &mut feed, &mut |answer| pen.answer(answer));
        pen.line_ends();
        failed |= outcome.failed || outcome.not_understood;
        if outcome.leave {
            break;
        }
        if signals.take_interrupted() {
            return 130;
        }
    }
    if failed { FAILED } else { 0 }
}

/// The line behind its prompt; a line that brings a prompt of its own has no need of another.
fn echo(console: &Console, line: &str, pen: &Pen) {
    let shown = crate::console::reply::shown(mask_line(line.trim()).as_bytes());
    let at = if console.current_port().is_some() { At::Redis } else { At::Shell };
    if understand(line, at).prompt.is_some() {
        pen.text(&format!("{shown}\n"));
    } else {
        pen.text(&format!("{}{shown}\n", paint::prompt(&console.prompt())));
    }
}

/// The lines of a script, one after the other.
struct Feed {
    source: Box<dyn BufRead>,
    back: Vec<String>,
    pen: Pen,
}

impl Feed {
    fn take(&mut self) -> Option<String> {
        if let Some(line) = self.back.pop() {
            return Some(line);
        }
        let mut bytes = Vec::new();
        // A read error ends a script like its end does.
        let n = self.source.read_until(b'\n', &mut bytes).unwrap_or(0);
        if n == 0 {
            return None;
        }
        while matches!(bytes.last(), Some(b'\n' | b'\r')) {
            bytes.pop();
        }
        Some(String::from_utf8_lossy(&bytes).into_owned())
    }
}

impl MoreLines for Feed {
    fn next_line(&mut self, prompt: &str) -> Option<String> {
        let line = self.take()?;
        let safe = mask_line(&crate::console::reply::shown(line.as_bytes()));
        self.pen.text(&format!("{prompt}{safe}\n"));
        Some(line)
    }

    fn put_back(&mut self, line: String) {
        self.back.push(line);
    }
}
