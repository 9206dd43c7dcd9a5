//! The command palette: type a few letters of what you want.

use super::frame::{Canvas, Text};
use crate::tui::app::PaletteState;
use crate::tui::text::{fit, width};
use crate::tui::theme::Mark;
use ratatui::layout::{Position, Rect};

pub fn draw(c: &mut Canvas, screen: Rect, state: &PaletteState) {
    let matches = state.matches();
    let inner = c.popup(screen, (64, 14), "Palette · Enter does it, Esc closes");
    let query = state.query.text();
    c.line(inner, 0, &Text::of(Mark::Key, "> ").add(Mark::Text, query.clone()));
    let room = inner.height.saturating_sub(1) as usize;
    let chosen = state.chosen.min(matches.len().saturating_sub(1));
    let first = chosen.saturating_sub(room.saturating_sub(1));
    for (row, (i, d)) in (1..inner.height).zip(matches.iter().enumerate().skip(first)) {
        let line = Text::of(Mark::Text, if i == chosen { "▸ " } else { "  " })
            .add_fresh(Mark::Text, d.name, i == chosen)
            .pad_then(inner.width as usize - 5, Text::of(Mark::Key, fit(d.key, 4)));
        c.line(inner, row, &line);
    }
    if matches.is_empty() {
        c.line(inner, 1, &Text::of(Mark::Quiet, "  nothing by that name"));
    }
    let x = inner.x + (2 + width(&query) as u16).min(inner.width.saturating_sub(1));
    c.frame.set_cursor_position(Position::new(x, inner.y));
}
