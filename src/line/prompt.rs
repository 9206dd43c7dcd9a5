//! A person at a terminal: the line editor, its history, completion and hints.

use super::pen::{AbovePrompt, Pen};
use super::signals::Signals;
use super::{FAILED, paint};
use crate::console::{Completer, Console, MoreLines};
use crate::lab::Lab;
use crate::lab::secrets::mask_line;
use crate::observe::{Answer, Label};
use colored::Colorize;
use etcetera::BaseStrategy;
use rustyline::completion::Pair;
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::DefaultHistory;
use rustyline::validate::Validator;
use rustyline::{CompletionType, Config, Context, Editor, Helper};
use std::borrow::Cow;
use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

type LineEditor = Editor<Help, DefaultHistory>;

/// Runs the session until its end and gives the exit code. `greeting`: what a lesson says first.
pub fn run(
    mut console: Console,
    lab: &Lab,
    pen: &Pen,
    signals: &Signals,
    greeting: Option<Answer>,
) -> i32 {
    let config = Config::builder()
        .completion_type(CompletionType::List)
        .auto_add_history(false)
        .max_history_size(1000)
        .map(|b| b.build())
        .unwrap_or_default();
    let mut editor: LineEditor = match Editor::with_config(config) {
        Ok(editor) => editor,
        Err(e) => {
            eprintln!("synclab: no line editor on this terminal: {e}");
            return FAILED;
        }
    };
    let in_file = Arc::new(AtomicBool::new(false));
    let typing = Arc::new(AtomicBool::new(false));
    editor.set_helper(Some(Help {
        completer: console.completer(),
        in_file: in_file.clone(),
        typing: typing.clone(),
    }));
    let history = history_file();
    if let Some(file) = &history {
        // The first session has none.
        let _ = editor.load_history(file);
    }
    let above: Option<Box<dyn AbovePrompt>> = match editor.create_external_printer() {
        Ok(printer) => Some(Box::new(Above(printer))),
        Err(_) => None,
    };
    match greeting {
        Some(answer) => pen.answer(&answer),
        None => greet(lab, pen),
    }
    pen.follow(above);
    let mut feed =
        Feed { editor, queue: VecDeque::new(), pen: pen.clone(), pasted: false, in_file };
    let mut asked_to_leave = false;
    loop {
        // The prompt itself is redis-cli's, to the letter.
        if let Some(held) = console.held().filter(|_| feed.queue.is_empty()) {
            pen.answer(&held);
        }
        typing.store(false, Ordering::SeqCst);
        let line = match feed.read(&console.prompt()) {
            Ok(line) => line,
            // What was typed so far is dropped; only at an empty prompt it means to leave.
            Err(ReadlineError::Interrupted) if typing.load(Ordering::SeqCst) => {
                asked_to_leave = false;
                continue;
            }
            Err(ReadlineError::Interrupted) => {
                if asked_to_leave {
                    break;
                }
                asked_to_leave = true;
                pen.text(match console.current_port() {
                    Some(_) => {
                        "(Ctrl-C again or :quit leaves the lab; Ctrl-D or exit this redis-cli)\n"
                    }
                    None => "(Ctrl-C again, Ctrl-D or exit leaves the lab)\n",
                });
                continue;
            }
            // As redis-cli does: back to the shell that it was opened from.
            Err(ReadlineError::Eof) if console.current_port().is_some() => "exit".to_owned(),
            // Ctrl-D, or a terminal that is gone.
            Err(_) => break,
        };
        asked_to_leave = false;
        if line.trim().is_empty() {
            continue;
        }
        signals.take_interrupted();
        pen.line_begins();
        let outcome = console.run(&line, &mut feed, &mut |answer| pen.answer(answer));
        pen.line_ends();
        if outcome.clear {
            pen.text("\x1b[2J\x1b[H");
        }
        if signals.take_interrupted() {
            // The rest of a paste goes with the line that was interrupted.
            feed.queue.clear();
        }
        if outcome.leave {
            break;
        }
    }
    if let Some(file) = &history {
        let _ = feed.editor.save_history(file);
    }
    // A person has seen what failed; the exit code is for scripts.
    0
}

fn greet(lab: &Lab, pen: &Pen) {
    let up: Vec<String> =
        lab.instances().iter().filter(|i| i.up).map(|i| i.port.to_string()).collect();
    let mut answer = Answer::default();
    if up.is_empty() {
        answer.push(Label::Lab, "An empty lab: nothing is started yet, /data is empty.");
        answer.push(Label::Hint, "help tells what can be typed; exit leaves");
    } else {
        answer.push(Label::Lab, format!("Three real servers are up: {}.", up.join(", ")));
        answer.push(
            Label::Hint,
            format!("redis-cli -p {}, here or in any other terminal; help; exit", up[0]),
        );
    }
    pen.answer(&answer);
}

/// `$XDG_STATE_HOME/synclab/history`; none if there is no home.
fn history_file() -> Option<PathBuf> {
    let dirs = etcetera::base_strategy::Xdg::new().ok()?;
    let folder = dirs.state_dir().unwrap_or_else(|| dirs.data_dir()).join("synclab");
    std::fs::create_dir_all(&folder).ok()?;
    Some(folder.join("history"))
}

/// Lines from the editor; a paste brings several at once, which run one by one.
struct Feed {
    editor: LineEditor,
    queue: VecDeque<String>,
    pen: Pen,
    pasted: bool,
    /// The lines are a file's, not commands.
    in_file: Arc<AtomicBool>,
}

impl Feed {
    fn read(&mut self, prompt: &str) -> Result<String, ReadlineError> {
        if let Some(line) = self.queue.pop_front() {
            // As it would have looked, typed.
            let shown = crate::console::reply::shown(mask_line(&line).as_bytes());
            self.pen.text(&format!("{}{shown}\n", paint::prompt(prompt)));
            return Ok(line);
        }
        self.pasted = false;
        self.pen.editing(true);
        let text = self.editor.readline(prompt);
        self.pen.editing(false);
        let text = text?;
        let mut lines: VecDeque<String> = text.split(['\n', '\r']).map(str::to_owned).collect();
        let first = lines.pop_front().unwrap_or_default();
        self.pasted = !lines.is_empty();
        self.queue = lines;
        // What holds a secret is not kept, and a file's lines are no commands.
        if !self.in_file.load(Ordering::SeqCst)
            && !text.trim().is_empty()
            && mask_line(&text) == text
        {
            let _ = self.editor.add_history_entry(text);
        }
        Ok(first)
    }
}

impl MoreLines for Feed {
    fn next_line(&mut self, prompt: &str) -> Option<String> {
        self.in_file.store(true, Ordering::SeqCst);
        let line = self.read(prompt).ok();
        self.in_file.store(false, Ordering::SeqCst);
        line
    }

    fn put_back(&mut self, line: String) {
        self.queue.push_front(line);
    }

    fn is_interactive(&self) -> bool {
        !self.pasted
    }
}

struct Above<P>(P);

impl<P: rustyline::ExternalPrinter + Send> AbovePrompt for Above<P> {
    fn print(&mut self, text: String) {
        // A terminal that is gone is noticed by the reader.
        let _ = self.0.print(text);
    }
}

/// Completion, hints and their looks.
struct Help {
    completer: Completer,
    in_file: Arc<AtomicBool>,
    /// Something stands behind the prompt: the editor does not say so when Ctrl-C ends its line.
    typing: Arc<AtomicBool>,
}

impl Helper for Help {}

impl Validator for Help {}

impl rustyline::completion::Completer for Help {
    type Candidate = Pair;

    fn complete(
        &self,
        line: &str,
        at: usize,
        _: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<Pair>)> {
        if self.in_file.load(Ordering::SeqCst) {
            return Ok((at, Vec::new()));
        }
        let found = self.completer.complete(line, at);
        let pairs = found.candidates.into_iter().map(|c| {
            let display = if c.about.is_empty() {
                c.text.clone()
            } else {
                format!("{}  {}", c.text, c.about.bright_black())
            };
            let space = if c.text.ends_with(['/', '.']) { "" } else { " " };
            Pair { display, replacement: format!("{}{space}", c.text) }
        });
        Ok((found.start, pairs.collect()))
    }
}

impl Hinter for Help {
    type Hint = String;

    /// Asked after every key: the one place that sees the line while it is typed.
    fn hint(&self, line: &str, at: usize, _: &Context<'_>) -> Option<String> {
        self.typing.store(!line.is_empty(), Ordering::SeqCst);
        let wanted = at == line.len() && !self.in_file.load(Ordering::SeqCst);
        wanted.then(|| self.completer.hint(line)).flatten()
    }
}

impl Highlighter for Help {
    fn highlight_prompt<'b, 's: 'b, 'p: 'b>(&'s self, prompt: &'p str, _: bool) -> Cow<'b, str> {
        Cow::Owned(paint::prompt(prompt))
    }

    fn highlight_hint<'h>(&self, hint: &'h str) -> Cow<'h, str> {
        Cow::Owned(hint.bright_black().to_string())
    }
}
