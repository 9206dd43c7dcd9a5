//! How time runs, for the status line: live, held, slow, or back; link time; what waits next; the
//! breakpoints, the faults, and how long an outside peer bears the silence.

use super::frame::Text;
use super::steps::step_words;
use super::timeline::clipped;
use crate::tui::app::App;
use crate::tui::reduce::link::Peer;
use crate::tui::text::{clock, count};
use crate::tui::theme::Mark;

/// Link time that lags by less is drawn as the session's own.
const LAG_US: u64 = 1_000_000;

/// The right part of the line. Nothing is drawn for the clock's sake.
pub fn time(app: &App, wide: u16) -> Text {
    if app.back.is_some() || wide < 70 {
        return Text::new();
    }
    let model = &app.world.model;
    let time = &model.time;
    let mut out = Text::new();
    for (who, left) in patience(app).into_iter().take(1) {
        let text =
            if wide < 100 { format!("{who} {left} s ") } else { format!("{who} bears {left} s  ") };
        out = out.add(Mark::Broken, text);
    }
    let faults = faults(app);
    if faults > 0 {
        let word = if faults == 1 { "fault" } else { "faults" };
        let text =
            if wide < 100 { format!("╳{faults} ") } else { format!("╳ {faults} {word}  ") };
        out = out.add(Mark::Broken, text);
    }
    if !time.breaks.is_empty() {
        out = out.add(Mark::Difference, format!("●{} ", time.breaks.len()));
    }
    let held = time.stepping || !time.waiting.is_empty();
    let (mark, sign, word) =
        if held { (Mark::Waiting, "⏸", "held") } else { (Mark::Stream, "▶", "live") };
    out = out.add(mark, if wide < 100 { format!("{sign} ") } else { format!("{sign} {word}  ") });
    if time.slow > 1 {
        out = out.add(Mark::Waiting, format!("×1/{} ", time.slow));
    }
    let session = app.now.mono_us.saturating_sub(model.session.began.mono_us);
    let lags = session.saturating_sub(link_us(app)) > LAG_US;
    if wide >= 100 && lags {
        out = out.add(Mark::Quiet, format!("link {} of ", link_time(app)));
    } else if wide >= 120 && time.slow == 1 {
        out = out.add(Mark::Stream, "link time ×1  ");
    }
    out.add(Mark::Quiet, format!("{}  ", clock(session)))
}

/// What waits next, in words, and how many wait. Empty while nothing is held.
pub fn next(app: &App, room: usize) -> Text {
    let time = &app.world.model.time;
    if app.back.is_some() {
        return Text::new();
    }
    let Some(first) = time.waiting.first() else {
        let text = match time.stepping {
            true => " ⏸ step mode: nothing waits",
            false => return Text::new(),
        };
        return clipped(Text::of(Mark::Waiting, text), room);
    };
    let tail = match time.waiting.len() {
        1 => String::new(),
        n => format!(" · {n} wait"),
    };
    // Its number tells two steps of the same words apart.
    let head = format!(" {}⏸{} ", if time.hit.is_some() { "●" } else { "" }, first.id);
    let left = room.saturating_sub(head.chars().count() + tail.chars().count() + 1);
    Text::of(Mark::Waiting, head)
        .then(clipped(step_words(first.port, &first.step), left))
        .add(Mark::Waiting, tail)
        .add(Mark::Text, " ")
}

/// How many faults there are: links that are not as they should be, instances that stand still.
fn faults(app: &App) -> usize {
    let model = &app.world.model;
    model.throttles.len() + model.faults.len() + model.frozen.len()
}

/// Outside peers that hear nothing, and how many seconds each still bears it; the most urgent first.
pub fn patience(app: &App) -> Vec<(String, u64)> {
    let live = app.live();
    let now = app.live_now().mono_us;
    let mut all: Vec<(String, u64)> = live
        .model
        .time
        .patience
        .iter()
        .map(|((_, peer), (since, bears_ms))| {
            let until = since.mono_us.saturating_add(bears_ms.saturating_mul(1000));
            (Peer::of(peer).label(), until.saturating_sub(now).div_ceil(1_000_000))
        })
        .collect();
    all.sort_by_key(|(_, left)| *left);
    all
}

fn link_us(app: &App) -> u64 {
    let model = &app.live().model;
    let began = model.session.began;
    let upto = model.now.link_us.saturating_sub(began.link_us);
    if model.time.held {
        return upto;
    }
    // Since the last event it ran on.
    let real = app.live_now().mono_us.saturating_sub(model.now.mono_us);
    upto + real / u64::from(model.time.slow.max(1))
}

/// Link time since the session began, as a clock.
pub fn link_time(app: &App) -> String {
    clock(link_us(app))
}

/// What the journal had to drop, where there is room to say so.
pub fn dropped(app: &App, room: usize) -> Text {
    let n = app.travel.first();
    let text = format!(" {} old events dropped", count(n));
    if n == 0 || text.chars().count() > room {
        return Text::new();
    }
    Text::of(Mark::Quiet, text)
}
