//! What the learner does to time and to links: steps, breakpoints, slow motion, faults.
//!
//! While a `:verb` runs its own answer tells what it did: then nothing is said here a second time.

use super::row::Row;
use super::state::NarrateState;
use crate::console::{steps, units};
use crate::observe::{Addr, AnswerLine, Body, Fault, LabFact, Label, Step};

/// Tells the fact if it is one of these.
pub(super) fn lab(fact: &LabFact, state: &mut NarrateState, out: &mut Vec<AnswerLine>) {
    let by_verb = state.in_verb;
    match fact {
        LabFact::StepWaits { id, port, step } => {
            let first = state.waiting.is_empty();
            state.waiting.insert(*id, (*port, step.clone()));
            // `:step` and `:run` say themselves what waits behind them.
            if !state.in_step {
                state.just_held = Some((*id, first));
            }
        }
        LabFact::StepTaken { id } => {
            let Some((port, step)) = state.waiting.remove(id) else { return };
            if !by_verb {
                out.push(step_row("went", port, &step, state).line());
            }
        }
        LabFact::StepGone { id } => {
            let Some((port, step)) = state.waiting.remove(id) else { return };
            let mut row = step_row("gone", port, &step, state);
            row.label = Label::Note;
            out.push(row.remark("its link is gone, it will never happen").line());
        }
        LabFact::StepMode { on, hit: Some(on_what) } if *on => {
            let what =
                format!("breakpoint {}: held before it happens", steps::break_name(*on_what));
            out.push(lab_row(Label::Waiting, what).remark(":step or :run").line());
        }
        LabFact::LinkTimeHeld { on: true } if !state.told_held => {
            state.told_held = true;
            let what = "link time stands still: no replication time-out runs";
            out.push(lab_row(Label::Waiting, what.to_owned()).line());
        }
        LabFact::PeerWaits { port, peer, bears_ms } => {
            let key = (*port, peer.clone());
            match bears_ms {
                Some(ms) if state.patience.insert(key.clone()) => {
                    let what = format!("hears nothing from {port} while time is held");
                    // Nobody tells what a stranger's repl-timeout is: 60 s is the usual one.
                    let remark =
                        format!("its own repl-timeout, usually 60 s, runs: {} s left", ms / 1000);
                    let who = state.name(peer);
                    out.push(Row::new(None, who, Label::Waiting, what).remark(remark).line());
                }
                None if state.patience.remove(&key) => {
                    let what = format!("hears from {port} again");
                    out.push(Row::new(None, state.name(peer), Label::Good, what).line());
                }
                _ => {}
            }
        }
        _ if by_verb => {}
        _ => done(fact, out),
    }
}

/// Tells the step that was held just now, unless this event lets it go: of many steps that go
/// through at once none is held.
pub(super) fn held(next: Option<&Body>, state: &mut NarrateState, out: &mut Vec<AnswerLine>) {
    let Some((id, first)) = state.just_held.take() else { return };
    if matches!(next, Some(Body::Lab(LabFact::StepTaken { id: taken })) if *taken == id) {
        return;
    }
    let Some((port, step)) = state.waiting.get(&id) else { return };
    let next = if first { "next: :step" } else { "" };
    out.push(step_row("held", *port, step, state).remark(next).line());
}

/// What was done by a key, a script's scenario or another front-end, with no answer of its own.
fn done(fact: &LabFact, out: &mut Vec<AnswerLine>) {
    match fact {
        LabFact::StepMode { on, .. } => {
            let what = if *on { "step mode is on" } else { "step mode is off" };
            let remark = if *on { "nothing moves on a link until :step" } else { "" };
            out.push(lab_row(Label::Lab, what.to_owned()).remark(remark).line());
        }
        LabFact::BreakSet { on } => {
            out.push(lab_row(Label::Lab, format!("breakpoint {}", steps::break_on(*on))).line());
        }
        LabFact::BreakCleared { on } => {
            let what = format!("no breakpoint {} any more", steps::break_name(*on));
            out.push(lab_row(Label::Lab, what).line());
        }
        LabFact::Slowed { factor: 1 } => {
            out.push(lab_row(Label::Lab, "the links run at full speed".to_owned()).line());
        }
        LabFact::Slowed { factor } => {
            let what = format!("slow motion: the links run at 1/{factor}");
            out.push(lab_row(Label::Waiting, what).line());
        }
        LabFact::Bookmark { name } => {
            let row = lab_row(Label::Lab, format!("bookmark {name}"));
            out.push(row.remark(format!(":back {name}")).line());
        }
        LabFact::LinkFault { a, b, fault, on } => {
            let label = if *on { Label::Broken } else { Label::Good };
            let row = Row::new(None, format!("{a} ⇄ {b}"), label, fault_text(*fault, *on));
            out.push(row.line());
        }
        LabFact::LinkDropped { a, b } => {
            let what = "the connection is dropped, a new one may come at once";
            out.push(Row::new(None, format!("{a} ⇄ {b}"), Label::Broken, what).line());
        }
        LabFact::Frozen { port, on } => {
            let (label, what) = if *on {
                (Label::Waiting, "is frozen, as by SIGSTOP")
            } else {
                (Label::Good, "goes on")
            };
            out.push(Row::new(None, port.to_string(), label, what).line());
        }
        LabFact::PortAdded { port } => {
            out.push(Row::new(None, port.to_string(), Label::Lab, "belongs to the lab now").line());
        }
        LabFact::PortRemoved { port } => {
            out.push(
                Row::new(None, port.to_string(), Label::Lab, "was taken out of the lab").line(),
            );
        }
        _ => {}
    }
}

/// A fault of a link, or its end, in a few words.
pub fn fault_text(fault: Fault, on: bool) -> String {
    match (fault, on) {
        (Fault::Cut, true) => "cut: connections are ended, new ones refused".into(),
        (Fault::Cut, false) => "no longer cut".into(),
        (Fault::Delay { us }, true) => format!("every byte is {} late", units::span_us(us)),
        (Fault::Delay { .. }, false) => "no longer delayed".into(),
        (Fault::HalfOpen, true) => "half-open: bytes are swallowed, nobody is told".into(),
        (Fault::HalfOpen, false) => "no longer half-open".into(),
    }
}

fn lab_row(label: Label, what: String) -> Row {
    Row::new(None, "lab".into(), label, what)
}

fn step_row(mark: &'static str, port: u16, step: &Step, state: &NarrateState) -> Row {
    let name = |addr: &Addr| state.name(addr);
    step_line(mark, port, step, &name)
}

/// `held  6381 → 6380  PSYNC ? -1`: a step, and what became of it.
pub fn step_line(
    mark: &'static str,
    port: u16,
    step: &Step,
    name: &dyn Fn(&Addr) -> String,
) -> Row {
    let label = if mark == "held" { Label::Waiting } else { steps::label(step.kind) };
    Row::new(None, steps::who(port, step, name), label, steps::what(step, name)).marked(mark)
}
