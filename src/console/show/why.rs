//! `:show why [N | PORT]`: the rule behind the last decision, or behind an earlier one.

use super::{Seen, plain};
use crate::console::units::span_us;
use crate::console::why::{Question, Raised};
use crate::lab::model::Model;
use crate::observe::{AnswerLine, Label, LinkLoss};

/// So many earlier ones are named below the answer.
const NAMED: usize = 8;

pub fn lines(rest: &[&str], model: &Model, seen: &Seen) -> Result<Vec<AnswerLine>, String> {
    let number = match rest {
        [] => None,
        [one] => Some(one.parse::<u32>().map_err(|_| {
            format!("{one} is neither a port nor the number of an earlier question")
        })?),
        _ => return Err("it takes one port, or the number of an earlier question".to_owned()),
    };
    // Numbers of the list below are small, ports of servers are not.
    let (port, nth) = match number {
        Some(n) if n >= 1024 => (u16::try_from(n).ok(), 1),
        Some(n) => (None, n.max(1) as usize),
        None => (None, 1),
    };
    let all: Vec<&Raised> = seen.questions().collect();
    let all: Vec<&Raised> = all
        .iter()
        .filter(|r| port.is_none_or(|p| r.question.concerns(p)) && !is_echo(r, &all))
        .copied()
        .collect();
    let Some(chosen) = all.get(nth - 1) else {
        return Ok(vec![match (all.len(), port) {
            (0, Some(port)) => plain(format!("nothing was decided about {port} yet")),
            (0, None) => plain(
                "nothing was decided yet: a PSYNC, a refused write or a lost link brings a why",
            ),
            (n, _) => plain(format!("there are no more than {n} such questions")),
        }]);
    };
    let mut out = chosen.question.answer(model).lines();
    let others: Vec<(usize, &&Raised)> =
        all.iter().enumerate().filter(|(i, _)| i + 1 != nth).take(NAMED).collect();
    if !others.is_empty() {
        out.push(AnswerLine::of(Label::Note, "others, newest first; :show why N tells one:"));
    }
    for (i, raised) in others {
        let ago = span_us(model.since_us(raised.at));
        let text = format!("  {:>2}  {} ({ago} ago)", i + 1, raised.question.headline(model));
        out.push(AnswerLine::of(Label::Note, text));
    }
    Ok(out)
}

/// Two ends of one link tell of its end this near to each other (microseconds).
const ONE_END_US: u64 = 1_000_000;

/// Whether this end only saw the other one close, which tells the reason itself.
fn is_echo(raised: &Raised, all: &[&Raised]) -> bool {
    let Question::Lost { port, link, cause: LinkLoss::PeerClosed } = &raised.question else {
        return false;
    };
    all.iter().any(|other| match &other.question {
        Question::Lost { port: p, link: l, cause } => {
            *cause != LinkLoss::PeerClosed
                && (*p, l.peer.port) == (link.peer.port, *port)
                && other.at.mono_us.abs_diff(raised.at.mono_us) < ONE_END_US
        }
        _ => false,
    })
}
