//! Lines that begin with `:` steer the lab. One file a verb.

mod condition;
mod events;
mod export;
mod fields;
mod fill;
mod instances;
mod links;
mod show;
mod wait;

use super::session::{Console, Mouth};
use super::{MoreLines, Outcome, suggest};
use crate::observe::{Answer, Label};

/// A verb, for help and completion.
pub(super) struct Verb {
    pub name: &'static str,
    pub args: &'static str,
    pub about: &'static str,
    /// A line that works; shown to those whose line did not.
    pub example: &'static str,
}

const fn verb(
    name: &'static str,
    args: &'static str,
    about: &'static str,
    example: &'static str,
) -> Verb {
    Verb { name, args, about, example }
}

/// In the order of `:help`.
pub(super) const VERBS: &[Verb] = &[
    verb(
        "wait",
        "CONDITION [for SECONDS]",
        "wait until 6381.role == slave, or 6381> GET a == \"b\"",
        ":wait 6381.master_link_status == up for 20",
    ),
    verb(
        "fill",
        "N [on PORT] [SIZE]",
        "write N keys of SIZE bytes: something to transfer",
        ":fill 10000",
    ),
    verb(
        "throttle",
        "A B RATE",
        "slow the link between two ports: 6380 6381 64kb",
        ":throttle 6380 6381 64kb",
    ),
    verb("heal", "[A B]", "lift the bound of one link, or of all", ":heal 6380 6381"),
    verb("kill", "PORT", "end it as kill -9 does: nothing is saved", ":kill 6380"),
    verb("restart", "PORT", "start an instance that is down again", ":restart 6380"),
    verb(
        "show",
        "PANE [PORT ...]",
        "topology, backlog, buffer, wire, keys, why or time as plain text",
        ":show topology",
    ),
    verb("events", "on|off", "tell what happens between the instances", ":events off"),
    verb("export", "FILE.md", "write the session so far as Markdown", ":export walk.md"),
    verb("lesson", "", "the running lesson's text", ":lesson"),
    verb("goals", "", "its goals, and which are reached", ":goals"),
    verb("hint", "", "its next hint", ":hint"),
    verb("help", "", "this list", ":help"),
    verb("quit", "", "leave the lab", ":quit"),
];

pub(super) fn run(
    console: &mut Console,
    name: &str,
    rest: &str,
    _lines: &mut dyn MoreLines,
    mouth: &mut Mouth<'_>,
) -> Outcome {
    match name {
        "wait" => wait::run(console, rest, mouth),
        "fill" => fill::run(console, rest, mouth),
        "throttle" => links::throttle(console, rest, mouth),
        "heal" => links::heal(console, rest, mouth),
        "kill" => instances::kill(console, rest, mouth),
        "restart" => instances::restart(console, rest, mouth),
        "show" => show::run(console, rest, mouth),
        "events" => events::run(console, rest, mouth),
        "export" => export::run(console, rest, mouth),
        "lesson" | "goals" | "hint" => desk(console, name, rest, mouth),
        "help" => {
            super::shell::help::shell(mouth);
            Outcome::default()
        }
        "quit" | "q" | "exit" => Outcome { leave: true, ..Outcome::default() },
        // The end of a vim that is not running: a page's `:wq` behind a file that ended by itself.
        "wq" | "x" | "q!" | "wq!" => Outcome::default(),
        _ => unknown(name, mouth),
    }
}

fn desk(console: &mut Console, name: &str, rest: &str, mouth: &mut Mouth<'_>) -> Outcome {
    match &mut console.desk {
        Some(desk) => mouth.say(desk.ask(name, rest)),
        None => {
            mouth.text(Label::Lab, "no lesson is running here");
            mouth.text(
                Label::Hint,
                "synclab lesson list names them; synclab lesson start ID begins one",
            );
        }
    }
    Outcome::default()
}

fn unknown(name: &str, mouth: &mut Mouth<'_>) -> Outcome {
    let shown = super::reply::shown(name.as_bytes());
    mouth.text(Label::Refused, format!(":{shown} is no verb of the lab"));
    match suggest::nearest(name, VERBS.iter().map(|v| v.name)) {
        Some(near) => mouth.text(Label::Hint, format!("did you mean :{near}?")),
        None => {
            let all: Vec<String> = VERBS.iter().map(|v| format!(":{}", v.name)).collect();
            mouth.text(Label::Hint, all.join(" "));
        }
    }
    Outcome { not_understood: true, ..Outcome::default() }
}

/// A verb was typed with the wrong words behind it: how it is used. Nobody understood the line.
fn usage(name: &str, why: &str, mouth: &mut Mouth<'_>) -> Outcome {
    let mut answer = Answer::default();
    answer.push(Label::Refused, format!(":{name}: {}", mouth.in_lab(why)));
    if let Some(v) = VERBS.iter().find(|v| v.name == name) {
        let usage = format!(":{} {} · such as {}", v.name, v.args, v.example);
        answer.push(Label::Hint, mouth.in_lab(&usage));
    }
    mouth.say(answer);
    Outcome { not_understood: true, ..Outcome::default() }
}

/// A port as typed, with or without its host.
fn port(word: &str) -> Option<u16> {
    let word = word.rsplit_once(':').map_or(word, |(_, port)| port);
    word.parse().ok().filter(|p| *p > 0)
}
