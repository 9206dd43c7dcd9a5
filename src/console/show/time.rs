//! What the learner did to time: steps that wait, breakpoints, slow motion, bookmarks.

use super::{plain, table};
use crate::console::steps;
use crate::console::units::{count, span_us};
use crate::lab::model::Model;
use crate::observe::AnswerLine;

pub fn lines(model: &Model) -> Vec<AnswerLine> {
    let time = &model.time;
    let mut out = Vec::new();
    let mode = match (time.stepping, time.hit) {
        (true, Some(on)) => {
            format!("step mode is on: the breakpoint {} was met", steps::break_name(on))
        }
        (true, None) => "step mode is on: every step waits for :step".to_owned(),
        (false, _) => "live: nothing waits for you".to_owned(),
    };
    out.push(mode);
    if time.slow > 1 {
        out.push(format!("slow motion: the links run at 1/{} of their speed", time.slow));
    }
    if time.held {
        out.push("link time stands still: no replication time-out runs".to_owned());
    }
    if time.taken > 0 {
        out.push(format!("{} steps were taken so far", count(time.taken)));
    }
    let mut out: Vec<AnswerLine> = out.into_iter().map(plain).collect();
    out.extend(waiting(model));
    for ((port, peer), (since, ms)) in &time.patience {
        let passed = model.since_us(*since) / 1000;
        let left = ms.saturating_sub(passed) / 1000;
        let text = format!(
            "{peer}, a guest of {port}, bears the silence for {left} s more, if its repl-timeout is \
             the usual 60 s"
        );
        out.push(plain(text));
    }
    out.extend(breaks(model));
    for b in &time.bookmarks {
        let at = span_us(u64::try_from(b.at.wall_us - model.session.began.wall_us).unwrap_or(0));
        out.push(plain(format!("bookmark {} at {at}: :back {}", b.name, b.name)));
    }
    out
}

/// The steps that wait, oldest first: the next one is the first.
pub fn waiting(model: &Model) -> Vec<AnswerLine> {
    let rows: Vec<Vec<String>> = model
        .time
        .waiting
        .iter()
        .enumerate()
        .map(|(i, w)| {
            vec![
                if i == 0 { "next".to_owned() } else { "then".to_owned() },
                steps::who(w.port, &w.step, &steps::plain_name),
                steps::what(&w.step, &steps::plain_name),
                format!("({})", w.step.kind.name()),
            ]
        })
        .collect();
    table::rows(&rows).into_iter().map(plain).collect()
}

/// The breakpoints that are set.
pub fn breaks(model: &Model) -> Vec<AnswerLine> {
    let all = &model.time.breaks;
    all.iter().map(|on| plain(format!("breakpoint {}", steps::break_on(*on)))).collect()
}
