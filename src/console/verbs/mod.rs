//! Lines that begin with `:` steer the lab. One file a verb.

mod condition;
mod events;
mod export;
mod fill;
mod instances;
mod links;
mod wait;

use super::session::{Console, Mouth};
use super::{MoreLines, Outcome, suggest};
use crate::observe::{Answer, Label};

/// A verb, for help and completion.
pub(super) struct Verb {
    pub name: &'static str,
    pub args: &'static str,
    pub about: &'static str,
}

const fn verb(name: &'static str, args: &'static str, about: &'static str) -> Verb {
    Verb { name, args, about }
}

/// In the order of `:help`.
pub(super) const VERBS: &[Verb] = &[
    verb(
        "wait",
        "CONDITION [for SECONDS]",
        "until 6381.master_link_status == up, or 6381> GET name == \"xd\"",
    ),
    verb("fill", "N [on PORT] [SIZE]", "write N keys, so that there is something to transfer"),
    verb("throttle", "A B RATE", "slow the link between two ports: :throttle 6380 6381 64kb"),
    verb("heal", "[A B]", "lift the bound of one link, or of all"),
    verb("kill", "PORT", "end an instance as kill -9 does: nothing is saved"),
    verb("restart", "PORT", "start an instance that is down again"),
    verb("events", "on|off", "tell what happens between the instances"),
    verb("export", "FILE.md", "write the session so far as Markdown"),
    verb("lesson", "", "the running lesson's text"),
    verb("goals", "", "its goals, and which are reached"),
    verb("hint", "", "its next hint"),
    verb("help", "", "this list"),
    verb("quit", "", "leave the lab"),
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
    answer.push(Label::Refused, format!(":{name}: {why}"));
    if let Some(v) = VERBS.iter().find(|v| v.name == name) {
        answer.push(Label::Hint, format!(":{} {} · {}", v.name, v.args, v.about));
    }
    mouth.say(answer);
    Outcome { not_understood: true, ..Outcome::default() }
}

/// A port as typed, with or without its host.
fn port(word: &str) -> Option<u16> {
    let word = word.rsplit_once(':').map_or(word, |(_, port)| port);
    word.parse().ok().filter(|p| *p > 0)
}
