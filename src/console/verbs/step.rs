//! :step [on|off|N], :run

use super::{coming, usage};
use crate::console::narrate::time::step_line;
use crate::console::session::{Console, Mouth};
use crate::console::{MoreLines, Outcome, steps, units};
use crate::lab::model::Waiting;
use crate::observe::{Answer, AnswerLine, Body, Event, LabFact, Label};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// The step that follows is asked for within this time, as a rule.
const SOON: Duration = Duration::from_millis(250);
/// Of many steps, so many are named.
const NAMED: usize = 12;
/// Nobody steps through more at once.
const MOST: u32 = 100_000;
/// What is known to come is waited for: in a script so long, all in all.
const SCRIPT_WAITS: Duration = Duration::from_secs(10);
/// A person can press Ctrl-C.
const PERSON_WAITS: Duration = Duration::from_secs(60);

pub(super) fn step(
    console: &mut Console,
    rest: &str,
    lines: &dyn MoreLines,
    mouth: &mut Mouth<'_>,
) -> Outcome {
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
    let mut watch = Watch::begin(console, n);
    console.lab.step(n);
    let at_most = if lines.is_interactive() { PERSON_WAITS } else { SCRIPT_WAITS };
    let waited_from = Instant::now();
    let mut said = None;
    watch.look(console, SOON);
    while watch.wants_more(console) {
        let left = at_most.saturating_sub(waited_from.elapsed());
        let pulse = watch.went.is_empty();
        let coming: Vec<_> =
            coming::known(console.model()).into_iter().filter(|c| pulse || !c.pulse).collect();
        let Some(until) = coming.iter().map(|c| c.within).max().map(|w| w.min(left)) else { break };
        // The same reason again and again is said once.
        let went = watch.went.len();
        let why: Vec<String> = coming.iter().map(|c| c.text.clone()).collect();
        if said.as_ref() != Some(&why) {
            mouth.say(watch.tell_went());
            mouth.say(waits_for(&why));
            said = Some(why);
        }
        watch.look_for_one(console, until);
        if watch.went.len() == went {
            break;
        }
        watch.look(console, SOON);
    }
    mouth.say(tell(console, &mut watch));
    Outcome::default()
}

/// Which steps went and what waits now; or that none came.
fn tell(console: &mut Console, watch: &mut Watch) -> Answer {
    let mut answer = watch.tell_went();
    let waits = what_waits(console);
    let missing = watch.n.saturating_sub(watch.went.len() as u32);
    if waits.is_empty() && missing > 0 {
        let goes = match missing {
            _ if console.interrupt.is_raised() => {
                "stopped: the next step goes when it comes".into()
            }
            1 => "no step waits at this moment: the next one goes when it comes".into(),
            n => format!("no step waits at this moment: the next {n} go when they come"),
        };
        answer.push(Label::Waiting, goes);
    }
    answer.lines.extend(waits);
    answer
}

/// What the verb stays for, said before it does.
fn waits_for(coming: &[String]) -> Answer {
    const LISTED: usize = 3;
    let mut answer = Answer::default();
    answer.push(Label::Waiting, "no step waits yet: waiting for the next one, Ctrl-C ends that");
    for text in coming.iter().take(LISTED) {
        answer.push(Label::Note, text.clone());
    }
    if coming.len() > LISTED {
        answer.push(Label::Note, format!("and {} others", coming.len() - LISTED));
    }
    answer
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

/// Looks on while up to `n` steps go.
struct Watch {
    n: u32,
    cursor: u64,
    waiting: BTreeMap<u64, Waiting>,
    went: Vec<Waiting>,
    /// So many of them were told.
    told: usize,
    /// What waits behind the last of them is known.
    next_is_known: bool,
    /// A breakpoint ended a run of many steps.
    hit: bool,
}

impl Watch {
    fn begin(console: &mut Console, n: u32) -> Watch {
        let cursor = console.lab.journal().len();
        let waiting = console.model().time.waiting.iter().map(|w| (w.id, w.clone())).collect();
        Watch { n, cursor, waiting, went: Vec::new(), told: 0, next_is_known: false, hit: false }
    }

    /// The steps that went since this was asked last.
    fn tell_went(&mut self) -> Answer {
        let mut answer = Answer::default();
        let new = &self.went[self.told..];
        let skipped = new.len().saturating_sub(NAMED);
        if skipped > 0 {
            let text = format!("{} before these", units::plural(skipped as u64, "step"));
            answer.push(Label::Note, text);
        }
        answer.lines.extend(new.iter().skip(skipped).map(|w| told("went", w)));
        self.told = self.went.len();
        answer
    }

    fn is_done(&self) -> bool {
        self.went.len() as u32 >= self.n
    }

    /// Whether another step is wanted that none asks for now.
    fn wants_more(&self, console: &mut Console) -> bool {
        let free = !self.is_done() && !self.hit && !console.interrupt.is_raised();
        free && console.lab.stepping() && console.model().time.waiting.is_empty()
    }

    /// Waits until all steps went and until it is known what waits behind them; no longer than
    /// `quiet` after the last one.
    fn look(&mut self, console: &Console, quiet: Duration) {
        let mut until = Instant::now() + quiet;
        loop {
            if self.read(console) {
                until = Instant::now() + if self.hit { quiet / 4 } else { quiet };
            }
            let left = until.saturating_duration_since(Instant::now());
            let done = self.next_is_known && self.is_done();
            if done || left.is_zero() || console.interrupt.is_raised() {
                return;
            }
            console.lab.journal().wait_beyond(self.cursor, left);
        }
    }

    /// Waits until one more step went, no longer than `at_most`.
    fn look_for_one(&mut self, console: &Console, at_most: Duration) {
        /// Ctrl-C is noticed within this time.
        const GLANCE: Duration = Duration::from_millis(50);
        let (until, before) = (Instant::now() + at_most, self.went.len());
        loop {
            self.read(console);
            let left = until.saturating_duration_since(Instant::now());
            let over = left.is_zero() || self.hit || console.interrupt.is_raised();
            if self.went.len() > before || over || !console.lab.stepping() {
                return;
            }
            console.lab.journal().wait_beyond(self.cursor, left.min(GLANCE));
        }
    }

    /// Takes in what happened meanwhile; says whether it was a step or a breakpoint.
    fn read(&mut self, console: &Console) -> bool {
        let (mut events, mut news) = (Vec::<Event>::new(), false);
        self.cursor = console.lab.journal().read_from(self.cursor, &mut events, 1024);
        for event in &events {
            match &event.body {
                Body::Lab(LabFact::StepWaits { id, port, step }) => {
                    let w = Waiting { id: *id, port: *port, step: step.clone(), since: event.at };
                    self.waiting.insert(*id, w);
                    self.next_is_known = self.is_done();
                }
                Body::Lab(LabFact::StepTaken { id }) => {
                    self.went.extend(self.waiting.remove(id));
                    news = true;
                }
                Body::Lab(LabFact::StepMode { on: true, hit: Some(_) }) => {
                    self.hit = true;
                    news = true;
                }
                _ => {}
            }
        }
        news
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
