//! Line mode: the console on a plain terminal, or run through from a script.
//!
//! In: lines (typed, piped, or of a file) and the journal's events. Out: text on standard output, in
//! colour on a terminal, and an exit code. It never knows what a line means or how an event is worded.
//!
//! ```text
//! script.rs ─┐                        ┌─ lines ─▶ console ─▶ answers ─┐
//! prompt.rs ─┴─ one line after another┤                               ├─▶ pen.rs ─▶ standard output
//!                                     └─ journal ─▶ console::narrate ─┘   (fit.rs, paint.rs)
//! ```

mod cli;
mod fit;
mod inspect;
mod paint;
mod pen;
mod prompt;
mod script;
mod signals;

pub use cli::cli;
pub use inspect::{InspectOptions, inspect};

use crate::console::{Console, Interrupt};
use crate::lab::{Lab, LabOptions};
use crate::lesson::Tutor;
use crate::observe::{Answer, Label};
use pen::Pen;
use std::io::IsTerminal;
use std::path::PathBuf;

/// `synclab repl`'s options.
#[derive(Clone, Debug)]
pub struct LineOptions {
    /// Begin with an empty `/data` and nothing started.
    pub bare: bool,
    /// A file to run through; `-`: standard input.
    pub script: Option<PathBuf>,
    pub workspace: Option<PathBuf>,
    pub base_port: u16,
    /// The lesson to take, by id; it says itself whether anything is started.
    pub lesson: Option<String>,
    /// How much memory the journal takes, in bytes; `None`: the usual.
    pub journal_bytes: Option<u64>,
}

impl Default for LineOptions {
    fn default() -> LineOptions {
        LineOptions {
            bare: false,
            script: None,
            workspace: None,
            base_port: 6380,
            lesson: None,
            journal_bytes: None,
        }
    }
}

/// The exit code of a run in which a `:wait` failed or a line was not understood.
const FAILED: i32 = 1;

/// Runs line mode to its end and gives the program's exit code: 0, or 1 for a lab that could not be
/// opened and, in a script, after a failed `:wait` or a line that nobody understands.
pub fn run(options: LineOptions) -> i32 {
    let interactive = options.script.is_none() && std::io::stdin().is_terminal();
    // Before anything is started: a script that is not there needs no servers.
    let source = match interactive {
        true => None,
        false => match script::source(options.script.as_deref()) {
            Ok(source) => Some(source),
            Err(text) => {
                eprintln!("synclab: {text}");
                return FAILED;
            }
        },
    };
    let (lab, lesson) = match open(&options) {
        Ok(opened) => opened,
        Err(text) => {
            eprintln!("synclab: {text}");
            return FAILED;
        }
    };
    let interrupt = Interrupt::new();
    let mut console = Console::new(lab.clone(), interrupt.clone());
    let pen = Pen::new(lab.journal().clone(), console.events_switch());
    // Before the first prompt: the line editor must find the handlers in place.
    let signals = signals::watch(interrupt, lab.clone(), pen.clone());
    let mut greeting = None;
    if let Some(lesson) = lesson {
        let tutor = Tutor::start(&lab, lesson);
        greeting = Some(tutor.greeting());
        console.set_desk(Box::new(tutor));
    }
    let code = match source {
        None => prompt::run(console, &lab, &pen, &signals, greeting),
        Some(source) => script::run(console, source, &pen, &signals),
    };
    // From here on nothing is told: that servers end at the end is no news.
    pen.stop();
    lab.close();
    if interactive {
        let folder = lab.folder().display().to_string();
        let text = format!("the servers are down; the session's files and record are in {folder}");
        pen.answer(&Answer::text(Label::Note, &text));
    }
    code
}

fn open(options: &LineOptions) -> Result<(Lab, Option<crate::lesson::Lesson>), String> {
    let base = options.base_port;
    let lesson = match &options.lesson {
        Some(id) => {
            let ports = [base, base.saturating_add(1), base.saturating_add(2)];
            Some(crate::lesson::find(id, ports).map_err(|e| e.to_string())?)
        }
        None => None,
    };
    // A lesson says itself how it begins.
    let bare = lesson.as_ref().map_or(options.bare, |l| l.begin == crate::lesson::Begin::Bare);
    let lab = Lab::open(LabOptions {
        workspace: options.workspace.clone(),
        base_port: base,
        bare,
        lesson: options.lesson.clone(),
        journal_bytes: options.journal_bytes,
    })
    .map_err(|e| e.to_string())?;
    if !bare && let Err(e) = lab.prepare_free() {
        lab.close();
        return Err(e.to_string());
    }
    Ok((lab, lesson))
}
