//! :show PANE [PORT …]

use super::usage;
use crate::console::session::{Console, Mouth};
use crate::console::{Outcome, reply, show, suggest};
use crate::observe::{Answer, Label};

pub(super) fn run(console: &mut Console, rest: &str, mouth: &mut Mouth<'_>) -> Outcome {
    let words: Vec<&str> = rest.split_whitespace().collect();
    let Some((typed, rest)) = words.split_first() else {
        let mut answer = Answer::default();
        for (name, about) in show::PANES {
            answer.push(Label::Lab, format!(":show {name:<9} {about}"));
        }
        mouth.say(answer);
        return Outcome::default();
    };
    let lower = typed.to_ascii_lowercase();
    let names = || show::PANES.iter().map(|(name, _)| *name);
    // The first letters are enough where they fit one pane only.
    let mut fits = names().filter(|name| name.starts_with(&lower));
    let name = match (fits.next(), fits.next()) {
        (Some(one), None) => one,
        _ => match names().find(|n| *n == lower) {
            Some(name) => name,
            None => {
                let shown = reply::shown(typed.as_bytes());
                let why = match suggest::nearest(&lower, names()) {
                    Some(near) => format!("{shown} is no pane; did you mean {near}?"),
                    None => {
                        let all: Vec<&str> = names().collect();
                        format!("{shown} is no pane; there are {}", all.join(", "))
                    }
                };
                return usage("show", &why, mouth);
            }
        },
    };
    let lines = {
        let (model, seen) = console.seen();
        show::pane(name, rest, model, seen)
    };
    match lines {
        Ok(lines) => mouth.say(Answer { lines }),
        Err(why) => return usage("show", &reply::shown(why.as_bytes()), mouth),
    }
    Outcome::default()
}
