//! From the chosen mode to a running session: the lab opens, the servers start, the console gets
//! its thread.

use super::Msg;
use super::runner;
use crate::console::{Completer, Interrupt};
use crate::lab::{Lab, LabOptions};
use crate::lesson::{Begin, Lesson, Tutor};
use crate::tui::app::Mode;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;

/// A lab that is open and prepared.
pub(super) struct Begun {
    pub lab: Lab,
    pub tutor: Option<Tutor>,
}

/// Opens the lab on a thread of its own, so that the screen stays alive; the answer comes as
/// [`Msg::Begun`].
pub(super) fn start(options: LabOptions, mode: Mode, lessons: &[Lesson], tx: Sender<Msg>) {
    let lesson = match &mode {
        Mode::Lesson(id) => lessons.iter().find(|l| l.id == *id).cloned(),
        Mode::Free => None,
    };
    let answer = tx.clone();
    let asked = mode.clone();
    let spawned = std::thread::Builder::new().name("begin".into()).spawn(move || {
        let result = std::panic::catch_unwind(|| open(options, lesson))
            .unwrap_or_else(|_| Err("the lab could not be opened: it panicked".into()));
        let _ = answer.send(Msg::Begun(mode, Box::new(result)));
    });
    if let Err(error) = spawned {
        let _ = tx.send(Msg::Begun(asked, Box::new(Err(error.to_string()))));
    }
}

fn open(mut options: LabOptions, lesson: Option<Lesson>) -> Result<Begun, String> {
    let begins_bare = lesson.as_ref().is_some_and(|l| l.begin == Begin::Bare);
    options.bare |= begins_bare;
    options.lesson = lesson.as_ref().map(|l| l.id.clone());
    let bare = options.bare;
    let lab = Lab::open(options).map_err(|e| e.to_string())?;
    if !bare && let Err(error) = lab.prepare_free() {
        // What came up must not stay behind: the next try needs the ports.
        lab.close();
        return Err(error.to_string());
    }
    let tutor = lesson.map(|lesson| Tutor::start(&lab, lesson));
    Ok(Begun { lab, tutor })
}

/// A session that runs.
pub(super) struct Session {
    pub lab: Lab,
    pub interrupt: Interrupt,
    pub completer: Completer,
    pub prompt: String,
    lines: Sender<String>,
    /// Whether the loop was told that the journal has grown and has not looked yet.
    told: Arc<AtomicBool>,
    watcher: u64,
}

impl Session {
    pub fn start(lab: Lab, tutor: Option<Tutor>, tx: Sender<Msg>) -> Result<Session, String> {
        let interrupt = Interrupt::new();
        let (console, lines) = runner::start(lab.clone(), interrupt.clone(), tutor, tx.clone())
            .map_err(|e| format!("the console cannot be started: {e}"))?;
        let told = Arc::new(AtomicBool::new(false));
        let flag = told.clone();
        let watcher = lab.journal().on_change(Box::new(move || {
            if !flag.swap(true, Ordering::SeqCst) {
                let _ = tx.send(Msg::Journal);
            }
        }));
        Ok(Session {
            lab,
            interrupt,
            completer: console.completer,
            prompt: console.prompt,
            lines,
            told,
            watcher,
        })
    }

    /// The loop looks at the journal now; the next growth is told again.
    pub fn heard(&self) {
        self.told.store(false, Ordering::SeqCst);
    }

    /// Hands a line to the console's thread.
    pub fn run(&self, line: String) {
        // If that thread is gone, its guard has told so already.
        let _ = self.lines.send(line);
    }

    /// Ends every instance; returns the folder that stays.
    pub fn end(self) -> PathBuf {
        self.interrupt.raise();
        self.lab.journal().forget(self.watcher);
        drop(self.lines);
        self.lab.close();
        self.lab.folder().to_owned()
    }
}
