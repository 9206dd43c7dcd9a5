//! Where to look back to: a time, an event, a bookmark.

use super::frame::{Canvas, Text};
use crate::tui::app::App;
use crate::tui::line_edit::LineEdit;
use crate::tui::text::{safe, wrap};
use crate::tui::theme::Mark;
use crate::tui::travel::marks::Sort;
use ratatui::layout::{Position, Rect};

pub fn draw(c: &mut Canvas, app: &App, screen: Rect, input: &LineEdit) {
    let names: Vec<String> = app
        .travel
        .marks
        .all()
        .filter(|m| m.sort == Sort::Bookmark)
        .map(|m| safe(&m.name))
        .collect();
    let about = if names.is_empty() {
        "A time such as 0:41, or an event by its number. :bookmark NAME gives a moment a name."
            .to_owned()
    } else {
        format!("A time such as 0:41, an event by its number, or a bookmark: {}", names.join(", "))
    };
    let wide = 56usize.min(screen.width.saturating_sub(6) as usize);
    let about = wrap(&about, wide);
    let inner =
        c.popup(screen, (wide as u16, about.len() as u16 + 1), "Look at · Enter goes, Esc closes");
    c.line(inner, 0, &Text::of(Mark::Key, "> ").add(Mark::Text, safe(&input.text())));
    let lines: Vec<Text> = about.into_iter().map(|l| Text::of(Mark::Quiet, l)).collect();
    c.lines(Rect { y: inner.y + 1, height: inner.height.saturating_sub(1), ..inner }, &lines);
    let x = inner.x + (2 + input.cells_before() as u16).min(inner.width.saturating_sub(1));
    c.frame.set_cursor_position(Position::new(x, inner.y));
}
