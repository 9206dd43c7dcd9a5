//! :wait step [KIND] [for SECONDS]: until a step is held, so that a script can meet a breakpoint.

use super::{condition, step, usage};
use crate::console::session::{Console, Mouth};
use crate::console::{Outcome, suggest, units};
use crate::observe::{Answer, Label, StepKind};
use std::time::{Duration, Instant};

/// Between two looks at the journal, where an interrupt is looked for as well.
const LOOK: Duration = Duration::from_millis(50);

/// Whether the words behind `:wait` ask for a step.
pub(super) fn asks(rest: &str) -> bool {
    let mut words = rest.split_whitespace();
    words.next() == Some("step")
        && words.all(|w| w.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.')))
}

pub(super) fn run(console: &mut Console, rest: &str, mouth: &mut Mouth<'_>) -> Outcome {
    let (text, asked) = match condition::take_for(rest) {
        Ok(read) => read,
        Err(why) => return usage("wait", &why, mouth),
    };
    let kind = match text.trim_start_matches("step").trim() {
        "" => None,
        name => match StepKind::parse(name) {
            Some(kind) => Some(kind),
            None => {
                let near = suggest::nearest(name, StepKind::ALL.iter().map(|k| k.name()));
                let near = near.map(|n| format!(": did you mean {n}?")).unwrap_or_default();
                return usage("wait", &format!("{name} is no kind of step{near}"), mouth);
            }
        },
    };
    let at_most = asked.unwrap_or(condition::DEFAULT);
    let began = Instant::now();
    loop {
        let time = &console.model().time;
        if time.waiting.iter().any(|w| kind.is_none_or(|k| w.step.kind == k)) {
            let us = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
            mouth.text(Label::Good, format!("a step waits · after {}", units::span_us(us)));
            mouth.say(Answer { lines: step::what_waits(console) });
            return Outcome::default();
        }
        let left = at_most.saturating_sub(began.elapsed());
        if left.is_zero() || console.interrupt.is_raised() {
            break;
        }
        let journal = console.lab.journal();
        journal.wait_beyond(journal.len(), left.min(LOOK));
    }
    let what = kind.map_or("no step waits".to_owned(), |k| format!("no {} waits", k.name()));
    let after = if console.interrupt.is_raised() {
        "stopped".to_owned()
    } else {
        let us = u64::try_from(at_most.as_micros()).unwrap_or(u64::MAX);
        format!("not so after {}", units::span_us(us))
    };
    mouth.text(Label::Broken, format!(":wait {rest} · {after} · {what}"));
    let others = step::what_waits(console);
    if others.is_empty() {
        mouth.text(Label::Hint, ":step on or :break KIND holds steps; :breaks lists what is set");
    }
    mouth.say(Answer { lines: others });
    Outcome { failed: true, ..Outcome::default() }
}
