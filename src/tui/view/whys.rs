//! Everything that raised a why, the newest first.

use super::frame::{Canvas, Text};
use crate::tui::app::{App, Hit};
use crate::tui::text::{clip, clock, count, fit_right};
use crate::tui::theme::Mark;
use ratatui::layout::Rect;

/// Cells inside of the box.
const WIDE: u16 = 96;

pub fn draw(c: &mut Canvas, app: &App, screen: Rect, chosen: usize) {
    let wide = usize::from(screen.width.saturating_sub(6).min(WIDE));
    let lines = lines(app, wide.saturating_sub(2));
    let chosen = chosen.min(lines.len().saturating_sub(1));
    let inner = c.popup(
        screen,
        (WIDE, lines.len() as u16 + 2),
        "Why? what was judged, refused and lost, the newest first",
    );
    let room = usize::from(inner.height.saturating_sub(2));
    let skip = chosen.saturating_sub(room.saturating_sub(1));
    for (row, (at, line)) in (0..room as u16).zip(lines.iter().enumerate().skip(skip)) {
        let sign = if at == chosen { "▸ " } else { "  " };
        let mut text = Text::of(Mark::Focus, sign);
        text.0.extend(line.0.clone());
        c.line(inner, row, &text);
        c.hits.push((Rect { y: inner.y + row, height: 1, ..inner }, Hit::Why(at)));
    }
    let foot = Rect { y: inner.bottom().saturating_sub(1), height: 1, ..inner };
    let told = format!(
        "{} of {} · Enter opens · j k · y copies · q closes",
        count(chosen as u64 + 1),
        count(lines.len() as u64)
    );
    c.line(foot, 0, &Text::of(Mark::Quiet, told));
}

/// A line for each, so wide at most: when, and what came of what.
pub fn lines(app: &App, wide: usize) -> Vec<Text> {
    let model = &app.world.model;
    let began = model.session.began.mono_us;
    app.world
        .whys
        .newest_first()
        .map(|asked| {
            let since_began = |us: u64| clock(us.saturating_sub(began));
            // They are in the order of their first times.
            let at = since_began(asked.raised.at.mono_us);
            let times = match asked.times {
                1 => String::new(),
                n => format!(
                    " ({} times, last {})",
                    count(u64::from(n)),
                    since_began(asked.last.mono_us)
                ),
            };
            let head = Text::of(Mark::Quiet, format!("{}  ", fit_right(&at, 5)));
            let room = wide.saturating_sub(head.width() + times.chars().count());
            let question = &asked.raised.question;
            let mark = match question.answer(model).good {
                true => Mark::Good,
                false => Mark::Text,
            };
            head.add(mark, clip(&question.headline(model), room)).add(Mark::Quiet, times)
        })
        .collect()
}
