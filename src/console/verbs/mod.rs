//! Lines that begin with `:` steer the lab. One file a verb.

mod back;
mod breaks;
pub(crate) mod coming;
mod condition;
mod events;
mod export;
mod fields;
mod fill;
mod instances;
mod links;
pub(super) mod scale;
mod scenario;
mod show;
mod slow;
mod step;
pub(super) mod table;
mod wait;
mod wait_step;

use super::session::{Console, Mouth};
use super::{MoreLines, Outcome, suggest};
use crate::observe::{Answer, Label};
pub(super) use table::VERBS;

pub(super) fn run(
    console: &mut Console,
    name: &str,
    rest: &str,
    lines: &mut dyn MoreLines,
    mouth: &mut Mouth<'_>,
) -> Outcome {
    match name {
        "wait" if wait_step::asks(rest) => wait_step::run(console, rest, mouth),
        "wait" => wait::run(console, rest, mouth),
        "fill" => fill::run(console, rest, mouth),
        "step" => step::step(console, rest, lines, mouth),
        "run" => step::run(console, rest, mouth),
        "break" => breaks::set(console, rest, mouth),
        "unbreak" => breaks::clear(console, rest, mouth),
        "breaks" => breaks::list(console, rest, mouth),
        "slow" => slow::run(console, rest, mouth),
        "back" => back::back(console, rest, lines, mouth),
        "now" => back::now(lines, mouth),
        "bookmark" => back::bookmark(console, rest, mouth),
        "bookmarks" => back::bookmarks(console, mouth),
        "cut" => links::cut(console, rest, mouth),
        "delay" => links::delay(console, rest, mouth),
        "throttle" => links::throttle(console, rest, mouth),
        "halfopen" => links::half_open(console, rest, mouth),
        "drop" => links::drop_link(console, rest, mouth),
        "heal" => links::heal(console, rest, mouth),
        "faults" => links::faults(console, mouth),
        "kill" => instances::kill(console, rest, mouth),
        "restart" => instances::restart(console, rest, mouth),
        "freeze" => instances::freeze(console, rest, mouth),
        "thaw" => instances::thaw(console, rest, mouth),
        "add" => instances::add(console, rest, mouth),
        "remove" => instances::remove(console, rest, mouth),
        "scale" => scale::run(console, rest, mouth),
        "scenario" => scenario::run(console, rest, mouth),
        "scenarios" => scenario::list(mouth),
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
        let words = if v.args.is_empty() { String::new() } else { format!(" {}", v.args) };
        let usage = format!(":{}{words} · such as {}", v.name, v.example);
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
