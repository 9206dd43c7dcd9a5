//! The loop: one channel is fed by the keyboard, the journal, the console's thread and signals; the
//! screen is drawn only when something on it changed. With nothing to wait for, it sleeps.

mod begin;
mod frames;
mod runner;
mod sources;
mod time;

use super::app::{App, Ask, Mode};
use super::copy;
use super::term::{self, Term};
use super::theme::{Palette, Theme};
use super::view;
use crate::console::Outcome;
use crate::lab::LabOptions;
use crate::lesson;
use crate::observe::Event;
use begin::{Begun, Session};
use crossterm::event::Event as TermEvent;
use frames::Frames;
use std::io::IsTerminal;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

/// How the screens are asked for.
#[derive(Clone, Debug, Default)]
pub struct Options {
    pub lab: LabOptions,
    /// Skips the start screen: a lesson by its id or number.
    pub lesson: Option<String>,
    /// The colours, if they were asked for.
    pub theme: Option<Palette>,
}

/// Everything that wakes the loop.
enum Msg {
    Term(TermEvent),
    /// The keyboard is gone.
    TermLost(String),
    /// The journal has grown.
    Journal,
    /// The mode's servers are up, or not.
    Begun(Mode, Box<Result<Begun, String>>),
    /// The console's line is done; the prompt that is up now.
    Line(Outcome, String),
    /// A thread without which nothing goes on has ended.
    ThreadLost(&'static str),
    /// SIGTERM, SIGHUP or SIGINT, by number.
    Signal(i32),
}

/// Events read in one go, so that a flood does not freeze the keyboard.
const AT_ONCE: usize = 5_000;

/// Runs the screens until the user leaves. Returns the exit code.
pub fn run(options: Options) -> i32 {
    let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    if dumb || !std::io::stdout().is_terminal() || !std::io::stdin().is_terminal() {
        match dumb {
            true => {
                eprintln!("synclab: the screens need a terminal that can do more than TERM=dumb.")
            }
            false => eprintln!("synclab: the screens need a terminal."),
        }
        eprintln!(
            "Without one there is line mode: synclab repl (a script: synclab repl --script FILE)."
        );
        return 2;
    }
    let ports = three(options.lab.base_port);
    let lessons = match lesson::library(ports) {
        Ok(lessons) => lessons,
        Err(error) => {
            eprintln!("synclab: {error}");
            return 1;
        }
    };
    let asked = match options.lesson.as_deref().map(|id| lesson::find(id, ports)).transpose() {
        Ok(found) => found.map(|l| l.id),
        Err(error) => {
            eprintln!("synclab: {error}");
            return 2;
        }
    };
    let (tx, rx) = channel();
    // Signals first: from here on they end the loop, not the process with a spoilt terminal.
    if let Err(error) = sources::signals(tx.clone()) {
        eprintln!("synclab: cannot watch for signals: {error}");
        return 1;
    }
    let mut term = match Term::open() {
        Ok(term) => term,
        Err(error) => {
            eprintln!("synclab: this terminal cannot be used: {error}");
            eprintln!("Line mode needs less: synclab repl");
            return 1;
        }
    };
    sources::keyboard(tx.clone());
    let app = App::new(Theme::choose(options.theme), ports.to_vec(), lessons);
    let mut screen = Loop {
        app,
        rx,
        tx,
        options,
        session: None,
        cursor: 0,
        events: Vec::new(),
        frames: Frames::default(),
        code: 0,
        error: None,
    };
    screen.want(false);
    if let Some(id) = asked {
        screen.app.begin(Mode::Lesson(id));
    }
    screen.go(&mut term);
    // First the terminal, then whatever takes its time.
    drop(term);
    term::tell_noted();
    if let Some(error) = &screen.error {
        eprintln!("synclab: {error}");
    }
    if let Some(session) = screen.session.take() {
        let folder = session.end();
        println!("The session's files and record are in {}", folder.display());
    }
    screen.code
}

fn three(base: u16) -> [u16; 3] {
    // A base port too high is refused when the lab opens, with its reason.
    [base, base.saturating_add(1), base.saturating_add(2)]
}

struct Loop {
    app: App,
    rx: Receiver<Msg>,
    tx: Sender<Msg>,
    options: Options,
    session: Option<Session>,
    /// Where the journal is read on.
    cursor: u64,
    events: Vec<Event>,
    frames: Frames,
    code: i32,
    error: Option<String>,
}

impl Loop {
    fn go(&mut self, term: &mut Term) {
        while !self.app.quit {
            self.perform(term);
            if self.app.quit {
                break;
            }
            if self.frames.is_due(Instant::now())
                && let Err(error) = self.draw(term)
            {
                self.fail(format!("the terminal is gone: {error}"));
                break;
            }
            match self.next() {
                Some(msg) => self.handle(msg),
                None => continue,
            }
            // What else is there already is handled before the next frame.
            for _ in 0..256 {
                match self.rx.try_recv() {
                    Ok(msg) => self.handle(msg),
                    Err(_) => break,
                }
            }
        }
    }

    /// The next message; `None` when a frame or a tick is due first.
    fn next(&mut self) -> Option<Msg> {
        let Some(left) = self.frames.wait(Instant::now()) else {
            return self.rx.recv().ok();
        };
        match self.rx.recv_timeout(left) {
            Ok(msg) => Some(msg),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => {
                self.fail("nothing is left to wait for".into());
                None
            }
        }
    }

    fn draw(&mut self, term: &mut Term) -> std::io::Result<()> {
        if let Some(session) = &self.session {
            self.app.tick(session.lab.now());
        }
        self.hint_arguments();
        let app = &mut self.app;
        term.frame(|frame| view::draw(frame, app))?;
        let next = self.app.next_tick_us().map(Duration::from_micros);
        self.frames.drawn(Instant::now(), next);
        Ok(())
    }

    /// What the command at the prompt takes next.
    fn hint_arguments(&mut self) {
        let line = self.app.input.text();
        let at_end = self.app.input.byte_cursor() == line.len();
        self.app.arguments = match &self.session {
            Some(session) if at_end && !line.trim().is_empty() => session.completer.hint(&line),
            _ => None,
        };
    }

    /// A frame is wanted: soon, or within a while if nobody waits for it.
    fn want(&mut self, calm: bool) {
        self.frames.want(Instant::now(), calm);
    }

    fn handle(&mut self, msg: Msg) {
        match msg {
            Msg::Term(event) => self.term_event(event),
            Msg::TermLost(why) => self.fail(format!("no more keys: {why}")),
            Msg::Journal => self.read_journal(),
            Msg::Begun(mode, result) => {
                match *result {
                    Ok(begun) => self.begun(&mode, begun),
                    Err(why) => self.app.failed(&mode, why),
                }
                self.want(false);
            }
            Msg::Line(outcome, prompt) => {
                // What it printed is in the journal, and comes first.
                self.read_journal();
                self.app.line_done(prompt, outcome.leave, outcome.clear, outcome.edit);
                if let Some(asked) = &outcome.back {
                    self.app.asked_back(asked);
                }
                self.want(false);
            }
            Msg::ThreadLost(name) => self.fail(format!("the {name} thread ended; see above")),
            Msg::Signal(number) => {
                self.code = 128 + number;
                self.app.quit = true;
            }
        }
    }

    fn fail(&mut self, why: String) {
        self.error = Some(why);
        self.code = 1;
        self.app.quit = true;
    }

    fn term_event(&mut self, event: TermEvent) {
        use crossterm::event::MouseEventKind::{Drag, Moved, Up};
        if let Some(session) = &self.session {
            self.app.tick(session.lab.now());
        }
        match event {
            TermEvent::Key(key) => self.app.key(key),
            TermEvent::Paste(text) => self.app.paste(&text),
            TermEvent::Mouse(mouse) if matches!(mouse.kind, Moved | Drag(_) | Up(_)) => return,
            TermEvent::Mouse(mouse) => self.app.mouse(mouse),
            TermEvent::Resize(..) => {}
            TermEvent::FocusGained | TermEvent::FocusLost => return,
        }
        self.want(false);
    }

    fn read_journal(&mut self) {
        let Some(session) = &self.session else { return };
        session.heard();
        self.events.clear();
        if self.cursor < session.lab.journal().first() {
            // Too slow: what was dropped is in the journal's own fold.
            self.app.overtaken(session.lab.journal().base().0);
        }
        self.cursor = session.lab.journal().read_from(self.cursor, &mut self.events, AT_ONCE);
        if self.events.is_empty() {
            return;
        }
        let mut calm = true;
        for event in &self.events {
            calm &= super::reduce::is_calm(&event.body);
            self.app.event(event);
        }
        if self.events.len() >= AT_ONCE {
            // There is more; let the keyboard have its turn first.
            let _ = self.tx.send(Msg::Journal);
        }
        // Counters that are out of sight are not drawn for.
        if !calm || self.app.shows_counters() {
            self.want(calm);
        }
    }

    fn perform(&mut self, term: &mut Term) {
        for ask in self.app.take_asks() {
            match ask {
                Ask::Quit => self.app.quit = true,
                Ask::Suspend => {
                    if let Err(error) = term.suspend() {
                        self.fail(format!("the terminal cannot be taken again: {error}"));
                    }
                    self.want(false);
                }
                Ask::Copy(text) => {
                    if let Err(error) = term.tell(&copy::sequence(&text)) {
                        self.fail(format!("the terminal is gone: {error}"));
                    }
                }
                Ask::Time(ask) => {
                    if let Some(session) = &self.session
                        && let Err(why) = time::perform(&session.lab, ask)
                    {
                        self.app.notice = Some(why);
                    }
                }
                Ask::Begin(mode) => {
                    begin::start(
                        self.options.lab.clone(),
                        mode,
                        &self.app.lessons,
                        self.tx.clone(),
                    );
                }
                Ask::Run(line) => {
                    if let Some(session) = &self.session {
                        session.run(line);
                    }
                }
                Ask::Interrupt => {
                    if let Some(session) = &self.session {
                        session.interrupt.raise();
                    }
                }
                Ask::Complete { line, at } => {
                    if let Some(session) = &self.session {
                        let completion = session.completer.complete(&line, at);
                        self.app.completed(&line, at, completion);
                    }
                }
                Ask::Write { path, text } => {
                    if let Some(session) = &self.session {
                        let result = session.lab.workspace().write(&path, text.as_bytes());
                        self.app.file_written(&path, result.map_err(|e| e.to_string()));
                    }
                }
            }
            self.want(false);
        }
    }

    fn begun(&mut self, mode: &Mode, begun: Begun) {
        let Begun { lab, tutor } = begun;
        let session = match Session::start(lab, tutor, self.tx.clone()) {
            Ok(session) => session,
            Err(error) => return self.app.failed(mode, error),
        };
        self.cursor = 0;
        let prompt = session.prompt.clone();
        self.app.travel.set_journal(session.lab.journal().clone());
        self.session = Some(session);
        self.read_journal();
        self.app.begun(mode, prompt);
    }
}
