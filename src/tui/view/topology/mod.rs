//! Who follows whom: a box for every instance, replicas right of their master, chains further on;
//! where boxes do not fit, a line for every instance.
//!
//! ```text
//! forest.rs   who hangs on whom            plan.rs   where the boxes go
//! card.rs     the box of an instance       link.rs   the arrow between two boxes
//! told.rs     what there is to say about a link      list.rs   the lines instead of boxes
//! ```

mod card;
mod forest;
mod link;
mod list;
mod plan;
pub mod told;

use super::frame::{Canvas, Text};
use super::words;
use crate::tui::app::{App, Hit};
use crate::tui::theme::Mark;
use forest::Forest;
use ratatui::layout::Rect;

/// How long a new id is called new.
pub const NEW_ID_US: u64 = 6_000_000;

/// How many rows the picture wants, of so many that it could have.
pub fn height(app: &App, width: u16, most: u16) -> u16 {
    let forest = Forest::of(&app.world.model);
    let boxes = plan::rows(&forest, width, plan::USUAL);
    let low = plan::rows(&forest, width, plan::LOWEST);
    match plan::plan(&forest, width, most, 1) {
        Some(_) if boxes <= most => boxes,
        Some(_) => most.max(low),
        None => list::rows(&forest),
    }
}

pub fn draw(c: &mut Canvas, app: &App, area: Rect) {
    let forest = Forest::of(&app.world.model);
    if forest.nodes.is_empty() {
        c.line(area, 0, &Text::of(Mark::Quiet, " no instance yet"));
        return;
    }
    let lines = card::lines(app);
    let Some(plan) = plan::plan(&forest, area.width, area.height, lines) else {
        return list::draw(c, app, area, &forest);
    };
    let shifted = |r: Rect| Rect { x: area.x + r.x, y: area.y + r.y, ..r }.intersection(area);
    for (n, at) in &plan.boxes {
        card::draw(c, app, &forest, shifted(*at), *n);
    }
    for (n, (_, at)) in plan.boxes.iter().enumerate() {
        let above = |b: &Rect| b.x == at.x && b.bottom() == at.y + 1;
        if plan.boxes[..n].iter().any(|(_, b)| above(b)) {
            c.share_border(shifted(*at));
        }
    }
    for (n, at) in &plan.gaps {
        let at = shifted(*at);
        let view = &forest.links[*n];
        link::draw(c, app, at, view);
        c.hits.push((at, Hit::Link(words::key_of(view))));
    }
}

/// How long from now on something is to be seen travelling, if anything is.
pub fn moves_for_us(app: &App) -> Option<u64> {
    let newest = app.world.traffic.newest_us()?;
    let model = &app.world.model;
    let delay = model.faults.values().filter_map(|f| f.delay_us).max().unwrap_or(0);
    let long = link::travel(delay, model.time.slow);
    (newest + long).checked_sub(app.now.mono_us).filter(|us| *us > 0)
}
