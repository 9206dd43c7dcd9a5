//! What is another way now than at the moment that is looked at, value by value.

use super::frame::{Canvas, Text};
use crate::tui::app::App;
use crate::tui::text::{clip, fit};
use crate::tui::theme::Mark;
use crate::tui::travel::differences::between;
use ratatui::layout::Rect;

/// Cells of the box.
const WIDE: u16 = 72;
/// Of these, for whose value it is, and for which.
const WHOSE: usize = 14;
const WHAT: usize = 16;

pub fn draw(c: &mut Canvas, app: &App, screen: Rect, at: usize) {
    let wide = WIDE.min(screen.width.saturating_sub(6)) as usize;
    let lines = lines(app, wide);
    let when = app.back_clock().unwrap_or_default();
    let title = format!("Then ({when}) and now · j k scroll, any other key closes");
    let inner = c.popup(screen, (WIDE, lines.len() as u16 + 1), &title);
    let room = wide.saturating_sub(WHOSE + WHAT + 2) / 2;
    let head = format!("{}{}{}  now", fit("", WHOSE), fit("", WHAT), fit("then", room));
    c.line(inner, 0, &Text::of(Mark::Quiet, head));
    let body = Rect { y: inner.y + 1, height: inner.height.saturating_sub(1), ..inner };
    let skip = at.min(lines.len().saturating_sub(body.height as usize));
    c.lines(body, &lines[skip..]);
    if lines.len() > skip + body.height as usize {
        let foot = Rect { y: inner.bottom(), height: 1, ..inner };
        c.line(foot, 0, &Text::of(Mark::Key, " more below: j "));
    }
}

/// How far it can be scrolled.
pub fn last(app: &App, screen: Rect) -> usize {
    let wide = WIDE.min(screen.width.saturating_sub(6)) as usize;
    lines(app, wide).len().saturating_sub((screen.height as usize).saturating_sub(5))
}

/// Each value of then and of now, in so many cells.
pub fn lines(app: &App, wide: usize) -> Vec<Text> {
    let all = between(&app.world.model, &app.live().model);
    if all.is_empty() {
        return vec![Text::of(Mark::Good, "= nothing: then and now are the same")];
    }
    let room = wide.saturating_sub(WHOSE + WHAT + 2) / 2;
    let mut before = String::new();
    all.into_iter()
        .map(|d| {
            // A name stands once above its values.
            let whose = if d.whose == before { String::new() } else { d.whose.clone() };
            before = d.whose;
            Text::of(Mark::Title, fit(&whose, WHOSE))
                .add(Mark::Quiet, fit(&d.what, WHAT))
                .add(Mark::Text, fit(&clip(&d.then, room), room))
                .add(Mark::Difference, "⇢ ")
                .add(Mark::Difference, clip(&d.now, room))
        })
        .collect()
}
