//! :export FILE.md

use super::usage;
use crate::console::session::{Console, Mouth};
use crate::console::{Outcome, narrate, reply};
use crate::observe::{Body, ConsoleFact, Event, Label};
use crate::transcript::export_markdown;

pub(super) fn run(console: &mut Console, rest: &str, mouth: &mut Mouth<'_>) -> Outcome {
    let file = rest.trim_matches(['"', '\'']);
    if file.is_empty() {
        return usage("export", "into which file?", mouth);
    }
    if !file.to_ascii_lowercase().ends_with(".md") {
        return usage("export", "Markdown is what there is: the name ends with .md", mouth);
    }
    let mut events: Vec<Event> = Vec::new();
    let journal = console.lab.journal();
    // Up to here: what is told while the file is written belongs to the next one.
    let end = journal.len();
    let mut cursor = 0;
    while cursor < end {
        let want = usize::try_from(end - cursor).unwrap_or(usize::MAX).min(4096);
        let next = journal.read_from(cursor, &mut events, want);
        if next == cursor {
            break;
        }
        cursor = next;
    }
    let events = answers_first(events);
    let mut state = narrate::NarrateState::default();
    let text = export_markdown(&events, &mut |event| narrate::tell(event, &mut state));
    // The file is the user's own, beside the folder that synclab was started in.
    match std::fs::write(file, text) {
        Ok(()) => {
            mouth.text(Label::Lab, format!("the session is in {}", reply::shown(file.as_bytes())))
        }
        Err(e) => mouth.text(Label::ShellError, format!("{}: {e}", reply::shown(file.as_bytes()))),
    }
    Outcome::default()
}

/// What a line set off between the servers is told while its reply is still on the way back. On paper
/// the answer stands under its line, as it does on the screen.
fn answers_first(events: Vec<Event>) -> Vec<Event> {
    const AT_ONCE_US: i64 = 250_000;
    let mut out: Vec<Event> = Vec::with_capacity(events.len());
    // The running line: its id, when it was typed, and where its next early answer goes.
    let mut line: Option<(u64, i64, usize)> = None;
    for event in events {
        match &event.body {
            Body::Console(ConsoleFact::Typed { id, .. }) => {
                line = Some((*id, event.at.wall_us, out.len() + 1));
            }
            Body::Console(ConsoleFact::Answered { id, .. }) => {
                if let Some((typed, at, place)) = &mut line
                    && typed == id
                    && event.at.wall_us - *at <= AT_ONCE_US
                {
                    out.insert(*place, event);
                    *place += 1;
                    continue;
                }
            }
            _ => {}
        }
        out.push(event);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::answers_first;
    use crate::observe::*;

    #[test]
    fn export_puts_answers_under_their_lines() {
        let event = |ms: i64, body| Event {
            seq: 0,
            at: Now { wall_us: ms * 1000, ..Now::default() },
            source: Source::Console,
            body,
        };
        let typed = |id, ms| {
            event(
                ms,
                Body::Console(ConsoleFact::Typed {
                    id,
                    prompt: String::new(),
                    line: String::new(),
                }),
            )
        };
        let answered = |id, ms| {
            event(ms, Body::Console(ConsoleFact::Answered { id, answer: Answer::default() }))
        };
        let fact = |ms| event(ms, Body::Fact(Fact::Ready { keys: ms as u64 }));
        let told = vec![
            typed(1, 0),
            fact(1),
            answered(1, 2),
            fact(3),
            answered(1, 4),
            answered(1, 900),
            typed(2, 1000),
            fact(1001),
            answered(2, 1002),
        ];
        let order: Vec<i64> = answers_first(told).iter().map(|e| e.at.wall_us / 1000).collect();
        assert_eq!(order, [0, 2, 4, 1, 3, 900, 1000, 1002, 1001]);
    }
}
