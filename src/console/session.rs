//! One console: where it stands, and how one line is run.

use super::client::{Client, Target};
use super::line::{self, At, Meaning, Prompt};
use super::show::Seen;
use super::stall::Alive;
use super::verbs::scale::{self, Scale};
use super::{Completer, Completion, Interrupt, MoreLines, Outcome};
use super::{redis, shell, steps, verbs};
use crate::lab::Lab;
use crate::lab::journal::Follower;
use crate::lab::model::Model;
use crate::observe::{Answer, ConsoleFact, Label};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Who answers `:lesson`, `:hint` and `:goals`.
pub trait Desk: Send {
    /// The answer to one of these verbs; `rest` is what was typed behind it.
    fn ask(&mut self, verb: &str, rest: &str) -> Answer;
}

/// A console of a lab. Each front-end has one of its own.
pub struct Console {
    pub(super) lab: Lab,
    pub(super) interrupt: Interrupt,
    /// The redis-cli whose prompt is up; `None`: the shell's.
    pub(super) current: Option<Key>,
    /// Every redis-cli that was opened: a pasted prompt goes back to its own, with its database
    /// and its transaction, as if each stood in a terminal of its own.
    pub(super) clients: BTreeMap<Key, Client>,
    pub(super) cwd: String,
    pub(super) desk: Option<Box<dyn Desk>>,
    pub(super) events: Arc<AtomicBool>,
    /// Ports about which a hint was given already.
    pub(super) hinted: Vec<u16>,
    pub(super) alive: Alive,
    /// `:scale limits` holds: who has the small limits.
    pub(super) scale: Option<Scale>,
    follower: Follower,
    /// What `:show` needs of the journal's last stretch.
    seen: Seen,
    standing: Arc<Mutex<Standing>>,
    next_id: u64,
}

pub(super) type Key = (String, u16);

/// What the completer must know of where the console stands.
#[derive(Clone, Debug, Default)]
pub(super) struct Standing {
    pub cwd: String,
    pub at_redis: bool,
}

/// Where the answers of one line go: into the record and to the front-end.
pub(super) struct Mouth<'a> {
    lab: Lab,
    id: u64,
    out: &'a mut dyn FnMut(&Answer),
    /// In front of a pipe, what is said is kept here.
    held: Option<&'a mut Answer>,
}

impl Mouth<'_> {
    /// The line whose answer it speaks.
    pub fn id(&self) -> u64 {
        self.id
    }

    pub fn say(&mut self, answer: Answer) {
        if answer.lines.is_empty() {
            return;
        }
        if let Some(held) = &mut self.held {
            held.lines.extend(answer.lines);
            return;
        }
        (self.out)(&answer);
        self.lab.record_console(ConsoleFact::Answered { id: self.id, answer });
    }

    /// Runs `work` with a mouth that speaks into `gathered` instead: a pipe's left side.
    pub fn gather<T>(
        &mut self,
        gathered: &mut Answer,
        work: impl FnOnce(&mut Mouth<'_>) -> T,
    ) -> T {
        let mut held = Answer::default();
        let mut out = |_: &Answer| {};
        let mut inner =
            Mouth { lab: self.lab.clone(), id: self.id, out: &mut out, held: Some(&mut held) };
        let result = work(&mut inner);
        gathered.lines.append(&mut held.lines);
        result
    }

    /// Text with one label; its line ends divide it.
    pub fn text(&mut self, label: Label, text: impl AsRef<str>) {
        self.say(Answer::text(label, text.as_ref()));
    }

    /// The same for the lab's own words that name 6380, 6381, 6382: said with the lab's ports.
    pub fn ported(&mut self, label: Label, text: &str) {
        let text = self.in_lab(text);
        self.text(label, text);
    }

    /// Such words with the lab's ports.
    pub fn in_lab(&self, text: &str) -> String {
        super::ports::in_lab(text, self.lab.base_ports())
    }

    /// An error of the lab with its next step.
    pub fn lab_error(&mut self, prefix: &str, error: &crate::lab::LabError) {
        self.text(Label::ShellError, format!("{prefix}{}", error.cause));
        if let Some(hint) = &error.hint {
            self.text(Label::Hint, hint);
        }
    }
}

impl Console {
    /// A console that stands at the shell's prompt, in `/data`. `interrupt` ends a running line.
    pub fn new(lab: Lab, interrupt: Interrupt) -> Console {
        let cwd = crate::lab::workspace::DATA.to_owned();
        let follower = Follower::new(lab.journal().clone());
        let standing = Arc::new(Mutex::new(Standing { cwd: cwd.clone(), at_redis: false }));
        Console {
            lab,
            interrupt,
            current: None,
            clients: BTreeMap::new(),
            cwd,
            desk: None,
            events: Arc::new(AtomicBool::new(true)),
            hinted: Vec::new(),
            alive: Alive::default(),
            scale: None,
            follower,
            seen: Seen::default(),
            standing,
            next_id: 0,
        }
    }

    /// Gives `:lesson`, `:hint` and `:goals` somebody who answers them.
    pub fn set_desk(&mut self, desk: Box<dyn Desk>) {
        self.desk = Some(desk);
    }

    /// What `:events on|off` switches; line mode reads it.
    pub fn events_switch(&self) -> Arc<AtomicBool> {
        self.events.clone()
    }

    /// Opens redis-cli on a port, as `redis-cli -p PORT` would: where a front-end wants to begin.
    pub fn open_cli(&mut self, port: u16) {
        let key = ("127.0.0.1".to_owned(), port);
        let mut client = Client::new(Target::new(key.0.clone(), port), self.interrupt.clone());
        // Whether it is there is said when a line is typed.
        let _ = client.connect();
        self.clients.insert(key.clone(), client);
        self.current = Some(key);
        self.note_standing();
    }

    /// The prompt that is up: `127.0.0.1:6380> `, `not connected> `, `[synclab /data]# `.
    pub fn prompt(&self) -> String {
        match self.current.as_ref().and_then(|key| self.clients.get(key)) {
            Some(client) => client.prompt(),
            None => format!("[synclab {}]# ", self.cwd),
        }
    }

    /// The port that is current, at a redis-cli prompt.
    pub fn current_port(&self) -> Option<u16> {
        self.current.as_ref().map(|(_, port)| *port)
    }

    /// A line to stand above the prompt while time is held: how many steps wait, and which is next.
    pub fn held(&mut self) -> Option<Answer> {
        let time = &self.model().time;
        let next = time.waiting.first()?;
        let who = steps::who(next.port, &next.step, &steps::plain_name);
        let what = steps::what(&next.step, &steps::plain_name);
        let waits = steps::waiting(time.waiting.len());
        let text = format!("⏸ time is held: {waits}, next {who}  {what}");
        Some(Answer::text(Label::Waiting, &text))
    }

    /// What could stand at the cursor.
    pub fn complete(&self, line: &str, at: usize) -> Completion {
        self.completer().complete(line, at)
    }

    /// A handle for completion and hints that can be used while lines run.
    pub fn completer(&self) -> Completer {
        Completer::new(self.lab.clone(), self.standing.clone())
    }

    /// Runs one line and says how it ended. Answers go to `out` as they come, and into the record
    /// together with the line itself; passwords are masked there.
    pub fn run(
        &mut self,
        line: &str,
        lines: &mut dyn MoreLines,
        out: &mut dyn FnMut(&Answer),
    ) -> Outcome {
        self.interrupt.clear();
        let id = self.next_id;
        self.next_id += 1;
        let brings_prompt = line::understand(line, self.at()).prompt.is_some();
        self.lab.record_console(ConsoleFact::Typed {
            id,
            // As on the page that it came from: one prompt is enough.
            prompt: if brings_prompt { String::new() } else { self.prompt() },
            line: reply_safe(if brings_prompt { line.trim() } else { line }),
        });
        let mut mouth = Mouth { lab: self.lab.clone(), id, out, held: None };
        let outcome = self.dispatch(line, lines, &mut mouth);
        scale::keep(self, &mut mouth);
        self.note_standing();
        self.lab.record_console(ConsoleFact::Done {
            id,
            failed: outcome.failed || outcome.not_understood,
            prompt: self.prompt(),
        });
        outcome
    }

    pub(super) fn dispatch(
        &mut self,
        line: &str,
        lines: &mut dyn MoreLines,
        mouth: &mut Mouth<'_>,
    ) -> Outcome {
        let understood = line::understand(line, self.at());
        match understood.prompt {
            Some(Prompt::Shell) => self.current = None,
            Some(Prompt::Redis { host, port, db }) => {
                self.go_to(host, port, db.unwrap_or(0), mouth);
            }
            // Without a redis-cli there is none to go back to.
            Some(Prompt::NotConnected) if self.current.is_none() => {
                let port = self.lab.ports()[0];
                self.go_to("127.0.0.1".into(), port, 0, mouth);
            }
            Some(Prompt::NotConnected) | None => {}
        }
        match understood.meaning {
            Meaning::Nothing | Meaning::Comment => Outcome::default(),
            Meaning::Prose => {
                mouth.text(Label::Note, "(text, not a command: skipped)");
                Outcome::default()
            }
            Meaning::Verb { name, rest } => verbs::run(self, &name, &rest, lines, mouth),
            Meaning::Shell(text) => {
                self.hint_about_ports(&text, mouth);
                shell::run(self, &text, lines, mouth)
            }
            Meaning::Redis(text) => {
                self.hint_about_ports(&text, mouth);
                redis::run(self, &text, lines, mouth)
            }
        }
    }

    fn at(&self) -> At {
        if self.current.is_some() { At::Redis } else { At::Shell }
    }

    /// Makes an instance the current one, as a pasted prompt asks.
    fn go_to(&mut self, host: String, port: u16, db: u32, mouth: &mut Mouth<'_>) {
        let key = (host, port);
        let interrupt = self.interrupt.clone();
        let client = self
            .clients
            .entry(key.clone())
            .or_insert_with(|| Client::new(Target::new(key.0.clone(), port), interrupt));
        self.current = Some(key);
        if client.target.db == db || client.in_multi {
            client.target.db = if client.in_multi { client.target.db } else { db };
            // A failure is told by the command that needs the connection.
            let _ = client.connect();
            return;
        }
        if client.is_connected() {
            let index = db.to_string();
            match client.ask(&["SELECT", &index], None) {
                Ok(value) if value.error().is_none() => client.target.db = db,
                Ok(value) => mouth.say(super::reply::format(&value, false)),
                Err(_) => client.target.db = db,
            }
        } else {
            client.target.db = db;
            if let Err(e @ super::client::ClientError::Refused(_)) = client.connect() {
                mouth.text(Label::Error, e.to_string());
            }
        }
    }

    /// The model of the lab, up to now.
    pub(super) fn model(&mut self) -> &Model {
        self.seen().0
    }

    /// The same, with what `:show` remembers.
    pub(super) fn seen(&mut self) -> (&Model, &Seen) {
        let seen = &mut self.seen;
        self.follower.catch_up(|event, _| seen.apply(event));
        (self.follower.model(), &self.seen)
    }

    /// A line that names the usual ports goes there literally, though the lab has others: say so.
    fn hint_about_ports(&mut self, text: &str, mouth: &mut Mouth<'_>) {
        let ours = self.lab.base_ports();
        if ours[0] == 6380 {
            return;
        }
        let named = text.split(|c: char| !c.is_ascii_digit()).filter_map(|w| w.parse::<u16>().ok());
        for port in named.collect::<Vec<_>>() {
            let usual = (6380..=6382).contains(&port) && !ours.contains(&port);
            if usual && self.lab.instance(port).is_none() && !self.hinted.contains(&port) {
                self.hinted.push(port);
                let instead = ours[usize::from(port - 6380)];
                let hint = format!(
                    "{port} is taken as typed; this lab began at {}, so it may be {instead} that is meant",
                    ours[0]
                );
                mouth.text(Label::Hint, hint);
            }
        }
    }

    fn note_standing(&self) {
        let mut standing = self.standing.lock().unwrap_or_else(PoisonError::into_inner);
        standing.cwd.clone_from(&self.cwd);
        standing.at_redis = self.current.is_some();
    }

    pub(super) fn switch_events(&self, on: bool) {
        self.events.store(on, Ordering::SeqCst);
    }
}

/// A typed line may hold anything; the record is read on terminals.
fn reply_safe(line: &str) -> String {
    super::reply::shown(line.as_bytes())
}
