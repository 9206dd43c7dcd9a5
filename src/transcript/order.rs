//! The order in which a session reads well, which is not quite the order of its journal.

use crate::observe::{Body, ConsoleFact, Event, LabFact};

/// An answer that came within this time stands right under its line.
const AT_ONCE_US: i64 = 250_000;

/// The events as a page should tell them: each at its own time (instances report on threads of
/// their own, the later one sometimes first), and a line's answer, with the file that it wrote, in
/// front of what the line set off between the servers.
pub fn arranged(mut events: Vec<Event>) -> Vec<Event> {
    events.sort_by_key(|e| e.at.wall_us);
    let mut out: Vec<Event> = Vec::with_capacity(events.len());
    // The running line: its id, when it was typed, and where its next early answer goes.
    let mut line: Option<(u64, i64, usize)> = None;
    for event in events {
        match &event.body {
            Body::Console(ConsoleFact::Typed { id, .. }) => {
                line = Some((*id, event.at.wall_us, out.len() + 1));
            }
            Body::Console(ConsoleFact::Answered { .. })
            | Body::Lab(LabFact::FileWritten { text: Some(_), .. }) => {
                let of_line = match &event.body {
                    Body::Console(ConsoleFact::Answered { id, .. }) => Some(*id),
                    _ => None,
                };
                if let Some((typed, at, place)) = &mut line
                    && of_line.is_none_or(|id| id == *typed)
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
    use super::arranged;
    use crate::observe::*;

    #[test]
    fn answers_stand_under_their_lines() {
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
        let order: Vec<i64> = arranged(told).iter().map(|e| e.at.wall_us / 1000).collect();
        assert_eq!(order, [0, 2, 4, 1, 3, 900, 1000, 1002, 1001]);
    }

    #[test]
    fn late_reports_stand_at_their_time() {
        let fact = |ms: i64| Event {
            seq: 0,
            at: Now { wall_us: ms * 1000, ..Now::default() },
            source: Source::Instance(6380),
            body: Body::Fact(Fact::Ready { keys: 0 }),
        };
        let order: Vec<i64> =
            arranged(vec![fact(2), fact(1), fact(3)]).iter().map(|e| e.at.wall_us / 1000).collect();
        assert_eq!(order, [1, 2, 3]);
    }
}
