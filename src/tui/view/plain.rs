//! Panes, rows and boxes as plain text, for the clipboard: what the screen would show if it had
//! room for all of it.

use super::frame::{Canvas, Text};
use crate::tui::app::{App, Pane, WhyOf};
use crate::tui::theme::{Palette, Theme};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::layout::Rect;

/// Columns and rows of the room that a pane gets; longer panes give their newest part.
const ROOM: (u16, u16) = (110, 400);

/// Everything that a pane tells, line by line.
pub fn pane_text(app: &App, pane: Pane) -> String {
    // Drawing notes how far the pane could be scrolled: that is for the screen's own size.
    let most = app.scroll_most.borrow().clone();
    let top = app.lesson_top.get();
    let lanes = app.diagram.lane_most.get();
    let text = drawn(app, |c, app, area| super::pane(c, app, pane, area));
    *app.scroll_most.borrow_mut() = most;
    app.lesson_top.set(top);
    app.diagram.lane_most.set(lanes);
    text
}

/// The selected row of the diagram.
pub fn row_text(app: &App) -> String {
    plain(&super::sequence::selected_lines(app, ROOM.0))
}

/// What the open `why?` says.
pub fn why_text(app: &App, of: &WhyOf) -> String {
    let (title, lines) = super::why::lines(app, of, 100);
    format!("{title}\n{}", plain(&lines))
}

/// The list of whys.
pub fn whys_text(app: &App) -> String {
    plain(&super::whys::lines(app, ROOM.0 as usize))
}

/// The page of help.
pub fn help_text(app: &App) -> String {
    plain(&super::help::lines(app))
}

/// What is another way now than at the moment that is up.
pub fn differences_text(app: &App) -> String {
    plain(&super::differences::lines(app, ROOM.0 as usize))
}

/// The steps that wait.
pub fn steps_text(app: &App) -> String {
    let text = drawn(app, super::steps::waiting);
    // What stands at the foot of the box follows at once.
    text.lines().filter(|l| !l.is_empty()).flat_map(|l| [l, "\n"]).collect()
}

/// Lines without their meanings.
pub fn plain(lines: &[Text]) -> String {
    let mut out = String::new();
    for line in lines {
        let text: String = line.0.iter().map(|piece| piece.1.as_str()).collect();
        out.push_str(text.trim_end());
        out.push('\n');
    }
    out
}

fn drawn(app: &App, draw: impl FnOnce(&mut Canvas, &App, Rect)) -> String {
    // Cells in memory: no terminal sees them.
    let Ok(mut terminal) = Terminal::new(TestBackend::new(ROOM.0, ROOM.1));
    let Ok(_) = terminal.draw(|frame| {
        let area = frame.area();
        let theme = Theme { palette: Palette::Plain };
        let mut c = Canvas { frame, theme, now: app.now, hits: &mut Vec::new() };
        draw(&mut c, app, area);
    });
    let buffer = terminal.backend().buffer();
    let mut lines: Vec<String> = Vec::new();
    for y in 0..ROOM.1 {
        let mut line = String::new();
        let mut x = 0;
        while x < ROOM.0 {
            let symbol = buffer[(x, y)].symbol();
            line.push_str(symbol);
            x += (crate::tui::text::width(symbol) as u16).max(1);
        }
        lines.push(line.trim_end().to_owned());
    }
    while lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    let first = lines.iter().position(|l| !l.is_empty()).unwrap_or(0);
    lines.drain(..first);
    lines.iter().map(|line| format!("{line}\n")).collect()
}
