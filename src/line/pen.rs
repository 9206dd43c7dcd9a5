//! The one writer of standard output: answers at once, events in calm order around them.
//!
//! While a line runs, its answer comes first and the events behind it; a line that runs long lets
//! them through. At a prompt they go through the line editor, which redraws what is being typed.

use super::{fit, paint};
use crate::console::narrate::{self, NarrateState};
use crate::lab::journal::Journal;
use crate::observe::{Answer, AnswerLine, Body, ConsoleFact, Event};
use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// A line that runs longer than this shares the screen with the events.
const CALM: Duration = Duration::from_millis(250);
/// Nothing new for so long: what a line set off has been told.
const QUIET: Duration = Duration::from_millis(30);
/// Both ends of a link have reported within this time.
const GATHER: Duration = Duration::from_millis(8);
/// So long is waited for that at most.
const SETTLE: Duration = Duration::from_millis(150);

/// Prints above a prompt that is being edited.
pub trait AbovePrompt: Send {
    fn print(&mut self, text: String);
}

#[derive(Clone)]
pub struct Pen {
    shared: Arc<Shared>,
}

struct Shared {
    journal: Arc<Journal>,
    teller: Mutex<Teller>,
    events: Arc<AtomicBool>,
    stopped: AtomicBool,
    /// Since when a line runs; none at a prompt.
    running: Mutex<Option<Instant>>,
    /// A prompt is up: standard output belongs to the line editor.
    editing: AtomicBool,
}

struct Teller {
    cursor: u64,
    state: NarrateState,
    /// The last line that is done: what it answers later is shown among the events.
    last_done: Option<u64>,
}

impl Pen {
    /// A pen that tells every event from now on; what was before, it has taken note of.
    pub fn new(journal: Arc<Journal>, events: Arc<AtomicBool>) -> Pen {
        let teller =
            Mutex::new(Teller { cursor: 0, state: NarrateState::default(), last_done: None });
        let pen = Pen {
            shared: Arc::new(Shared {
                journal,
                teller,
                events,
                stopped: AtomicBool::new(false),
                running: Mutex::new(None),
                editing: AtomicBool::new(false),
            }),
        };
        pen.collect(true);
        pen
    }

    /// Starts the thread that tells what happens while nobody types, or while a line runs long.
    pub fn follow(&self, mut above: Option<Box<dyn AbovePrompt>>) {
        let pen = self.clone();
        let follow = move || {
            while !pen.shared.stopped.load(Ordering::SeqCst) {
                let cursor = lock(&pen.shared.teller).cursor;
                if !pen.shared.journal.wait_beyond(cursor, Duration::from_secs(1)) {
                    continue;
                }
                if pen.is_calm() {
                    // The line's own thread tells what belongs to it; look again in a moment.
                    std::thread::sleep(QUIET);
                    continue;
                }
                // A moment's worth of events in one piece.
                std::thread::sleep(GATHER);
                if pen.shared.stopped.load(Ordering::SeqCst) {
                    break;
                }
                if pen.shared.editing.load(Ordering::SeqCst) {
                    let text = text_of(&pen.collect(true));
                    match &mut above {
                        Some(above) if !text.is_empty() => above.print(text),
                        _ => {}
                    }
                } else if !pen.is_calm() {
                    pen.tell(false);
                }
            }
        };
        // Without the thread events are told between the lines only.
        let _ = std::thread::Builder::new().name("events".into()).spawn(follow);
    }

    pub fn stop(&self) {
        self.shared.stopped.store(true, Ordering::SeqCst);
    }

    /// A line begins to run.
    pub fn line_begins(&self) {
        self.shared.editing.store(false, Ordering::SeqCst);
        *lock(&self.shared.running) = Some(Instant::now());
    }

    /// The line is done: tells what it set off, as far as that comes at once.
    pub fn line_ends(&self) {
        let until = Instant::now() + SETTLE;
        loop {
            let cursor = lock(&self.shared.teller).cursor;
            let left = until.saturating_duration_since(Instant::now());
            if !self.shared.journal.wait_beyond(cursor, QUIET.min(left)) {
                break;
            }
            // The other end of a link reports in a moment: one batch can be put in order.
            std::thread::sleep(GATHER);
            self.tell(false);
            if Instant::now() >= until {
                break;
            }
        }
        self.tell(true);
        *lock(&self.shared.running) = None;
    }

    /// A prompt goes up, or comes down.
    pub fn editing(&self, up: bool) {
        self.shared.editing.store(up, Ordering::SeqCst);
    }

    pub fn answer(&self, answer: &Answer) {
        write(&text_of(&answer.lines));
    }

    /// Text as it is, already fit for a terminal.
    pub fn text(&self, text: &str) {
        write(text);
    }

    fn is_calm(&self) -> bool {
        lock(&self.shared.running).is_some_and(|since| since.elapsed() < CALM)
    }

    /// Writes what was not told yet. The lock is held over both, so that two threads keep the order.
    fn tell(&self, settle: bool) {
        let mut teller = lock(&self.shared.teller);
        let lines = self.read(&mut teller, settle);
        write(&text_of(&lines));
    }

    fn collect(&self, settle: bool) -> Vec<AnswerLine> {
        self.read(&mut lock(&self.shared.teller), settle)
    }

    fn read(&self, teller: &mut Teller, settle: bool) -> Vec<AnswerLine> {
        let mut lines = Vec::new();
        // Read all the same while they are off, so that they are not told later.
        let on = self.shared.events.load(Ordering::SeqCst);
        let mut events: Vec<Event> = Vec::new();
        loop {
            events.clear();
            let next = self.shared.journal.read_from(teller.cursor, &mut events, 1024);
            narrate::in_order(&mut events);
            for event in &events {
                let told = narrate::tell(event, &mut teller.state);
                lines.extend(told.into_iter().filter(|_| on));
                lines.extend(late_answer(event, &mut teller.last_done));
            }
            if next == teller.cursor {
                break;
            }
            teller.cursor = next;
        }
        if settle {
            let told = narrate::settle(&mut teller.state);
            lines.extend(told.into_iter().filter(|_| on));
        }
        lines
    }
}

/// A reply that came when its line had long given the prompt back: nobody else would show it.
fn late_answer(event: &Event, last_done: &mut Option<u64>) -> Vec<AnswerLine> {
    match &event.body {
        Body::Console(ConsoleFact::Done { id, .. }) => *last_done = Some(*id),
        Body::Console(ConsoleFact::Answered { id, answer })
            if last_done.is_some_and(|d| *id <= d) =>
        {
            return answer.lines.clone();
        }
        _ => {}
    }
    Vec::new()
}

fn text_of(lines: &[AnswerLine]) -> String {
    let columns = fit::columns();
    let mut out = String::new();
    for line in lines {
        match columns {
            Some(columns) => {
                for line in fit::fit(line, columns) {
                    out.push_str(&paint::line(&line));
                    out.push('\n');
                }
            }
            None => {
                out.push_str(&paint::line(line));
                out.push('\n');
            }
        }
    }
    out
}

/// A closed pipe at the other end is no reason to stop the lab: what is typed still runs.
fn write(text: &str) {
    if text.is_empty() {
        return;
    }
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes());
    let _ = out.flush();
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
