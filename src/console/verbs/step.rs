//! :step [on|off|N], :run

use super::usage;
use crate::console::narrate::time::step_line;
use crate::console::session::{Console, Mouth};
use crate::console::{Outcome, steps, units};
use crate::lab::model::{Downstream, Waiting};
use crate::observe::{Answer, AnswerLine, Body, Event, LabFact, Label, WaitReason};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// The step that follows is asked for within this time, as a rule.
const SOON: Duration = Duration::from_millis(250);
/// Of many steps, so many are named.
const NAMED: usize = 12;
/// Nobody steps through more at once.
const MOST: u32 = 100_000;

pub(super) fn step(console: &mut Console, rest: &str, mouth: &mut Mouth<'_>) -> Outcome {
    let n = match rest {
        "on" => return on(console, mouth),
        "off" => return run(console, "", mouth),
        "" => 1,
        n => match n.replace([',', '_'], "").parse::<u32>() {
            Ok(n) if (1..=MOST).contains(&n) => n,
            _ => return usage("step", "on, off, or how many steps: 1 to 100,000", mouth),
        },
    };
    if !console.lab.stepping() {
        mouth.text(Label::Lab, "step mode is off: nothing waits");
        mouth.text(Label::Hint, ":step on holds every step; :break psync waits for one");
        return Outcome::default();
    }
    let cursor = console.lab.journal().len();
    let before: BTreeMap<u64, Waiting> =
        console.model().time.waiting.iter().map(|w| (w.id, w.clone())).collect();
    console.lab.step(n);
    let went = watch(console, cursor, before, n);
    let mut answer = Answer::default();
    if went.is_empty() {
        let text = "no step waits at this moment: the next one goes when it comes";
        answer.push(Label::Waiting, text);
        for (port, secs) in delays(console) {
            let text = format!("{port} waits up to {secs} s for others: repl-diskless-sync-delay");
            answer.push(Label::Note, text);
        }
        mouth.say(answer);
        return Outcome::default();
    }
    let skipped = went.len().saturating_sub(NAMED);
    if skipped > 0 {
        answer.push(Label::Note, format!("{} before these", units::plural(skipped as u64, "step")));
    }
    answer.lines.extend(went.iter().skip(skipped).map(|w| told("went", w)));
    answer.lines.extend(what_waits(console));
    mouth.say(answer);
    Outcome::default()
}

/// Masters that let a replica wait before its snapshot, and for how many seconds.
fn delays(console: &mut Console) -> Vec<(u16, u64)> {
    let all = console.model().instances.values().filter(|i| i.is_up());
    let delay = |d: &Downstream| match d.wait.map(|w| w.reason) {
        Some(WaitReason::DisklessDelay { secs }) => Some(secs),
        _ => None,
    };
    all.filter_map(|i| Some((i.port, i.attached().find_map(delay)?))).collect()
}

fn on(console: &mut Console, mouth: &mut Mouth<'_>) -> Outcome {
    console.lab.set_stepping(true);
    let text = "step mode is on: nothing moves on a replication link until you let it";
    mouth.text(Label::Lab, text);
    let hint = ":step lets one step go, :step 5 five, :run all; clients are served as always";
    mouth.text(Label::Hint, hint);
    mouth.say(Answer { lines: what_waits(console) });
    Outcome::default()
}

pub(super) fn run(console: &mut Console, rest: &str, mouth: &mut Mouth<'_>) -> Outcome {
    if !rest.is_empty() {
        return usage("run", "it takes no words; :step N lets N steps go", mouth);
    }
    if !console.lab.stepping() {
        mouth.text(Label::Lab, "it is live already: nothing waits");
        return Outcome::default();
    }
    let waited = console.model().time.waiting.len();
    console.lab.run();
    let what = match waited {
        0 => "live again".to_owned(),
        n => format!("live again: {} went", units::plural(n as u64, "step")),
    };
    mouth.text(Label::Lab, what);
    let breaks = console.lab.breaks().len() as u64;
    if breaks > 0 {
        let n = units::plural(breaks, "breakpoint");
        mouth.text(Label::Hint, format!("{n} still set: :breaks lists, :unbreak all clears"));
    }
    Outcome::default()
}

/// Waits until `n` steps went, and until it is known what waits behind them.
fn watch(
    console: &mut Console,
    cursor: u64,
    mut waiting: BTreeMap<u64, Waiting>,
    n: u32,
) -> Vec<Waiting> {
    let (mut cursor, mut went, mut events) = (cursor, Vec::new(), Vec::<Event>::new());
    let mut until = Instant::now() + SOON;
    let mut next_is_known = false;
    loop {
        events.clear();
        cursor = console.lab.journal().read_from(cursor, &mut events, 1024);
        for event in &events {
            match &event.body {
                Body::Lab(LabFact::StepWaits { id, port, step }) => {
                    let w = Waiting { id: *id, port: *port, step: step.clone(), since: event.at };
                    waiting.insert(*id, w);
                    next_is_known = went.len() as u32 >= n;
                }
                Body::Lab(LabFact::StepTaken { id }) => {
                    went.extend(waiting.remove(id));
                    until = Instant::now() + SOON;
                }
                // A breakpoint ends a run of many steps.
                Body::Lab(LabFact::StepMode { on: true, hit: Some(_) }) => {
                    until = Instant::now() + SOON / 4;
                }
                _ => {}
            }
        }
        let left = until.saturating_duration_since(Instant::now());
        let done = next_is_known && went.len() as u32 >= n;
        if done || left.is_zero() || console.interrupt.is_raised() {
            return went;
        }
        console.lab.journal().wait_beyond(cursor, left);
    }
}

/// The steps that wait now, the next one first.
pub(super) fn what_waits(console: &mut Console) -> Vec<AnswerLine> {
    const LISTED: usize = 4;
    let waiting = &console.model().time.waiting;
    let mut out: Vec<AnswerLine> = waiting
        .iter()
        .take(LISTED)
        .enumerate()
        .map(|(i, w)| told(if i == 0 { "next" } else { "then" }, w))
        .collect();
    if waiting.len() > LISTED {
        let n = waiting.len() - LISTED;
        out.push(AnswerLine::of(Label::Note, format!("{} behind these", steps::waiting(n))));
    }
    out
}

fn told(mark: &'static str, w: &Waiting) -> AnswerLine {
    let row = step_line(mark, w.port, &w.step, &steps::plain_name);
    row.remark(w.step.kind.name()).line()
}
