//! The editor that `vim FILE` opens.

use super::frame::{Canvas, Text};
use crate::tui::editor::{EditMode, Editor};
use crate::tui::text::{clip, safe, width};
use crate::tui::theme::Mark;
use ratatui::layout::{Position, Rect};
use unicode_width::UnicodeWidthChar;

pub fn draw(c: &mut Canvas, screen: Rect, editor: &Editor) {
    let height = screen.height.saturating_sub(4).min(24);
    let star = if editor.is_dirty() { " ●" } else { "" };
    let new = if editor.is_new { " (new)" } else { "" };
    let title = format!("vim {}{new}{star}", safe(&editor.path));
    let inner = c.popup(screen, (90.min(screen.width), height), &title);
    let room = inner.height.saturating_sub(2);
    if room == 0 {
        return;
    }
    let (row, cells) = editor.cursor();
    let first = row.saturating_sub(room as usize - 1);
    let number = 4;
    let text_room = (inner.width as usize).saturating_sub(number + 1).max(1);
    let shift = cells.saturating_sub(text_room - 1);
    let lines: Vec<String> = editor.lines().skip(first).take(room as usize).collect();
    for (y, line) in (0..room).zip(&lines) {
        // Only the cursor's line moves aside; what is cut off of another is told by its end.
        let here = first + y as usize == row;
        let shown = if here { safe(&from_cell(line, shift)) } else { clip(&safe(line), text_room) };
        let text =
            Text::of(Mark::Quiet, format!("{:>3} ", first + y as usize + 1)).add(Mark::Text, shown);
        c.line(inner, y, &text);
    }
    for y in lines.len() as u16..room {
        c.line(inner, y, &Text::of(Mark::Quiet, "  ~"));
    }
    let foot = Rect { y: inner.bottom() - 1, height: 1, ..inner };
    let mode = match editor.mode {
        EditMode::Insert => Text::of(Mark::Good, "-- INSERT --"),
        EditMode::Normal => Text::of(Mark::Title, "-- NORMAL --"),
        EditMode::Command => Text::of(Mark::Text, format!(":{}", safe(&editor.command))),
    };
    let keys = match editor.mode {
        EditMode::Insert if inner.width < 60 => "Esc, then :wq saves",
        EditMode::Normal if inner.width < 60 => "i types · :wq saves",
        EditMode::Insert => "Ctrl-S saves · Esc, then :wq saves and leaves",
        EditMode::Normal => "i types · :wq or ZZ saves and leaves · :q! drops",
        EditMode::Command => "Enter does it · Esc back",
    };
    let right = match &editor.message {
        Some(message) => Text::of(Mark::Waiting, safe(message)),
        None => Text::of(Mark::Quiet, keys),
    };
    let gap = (inner.width as usize).saturating_sub(right.width());
    if mode.width() < gap {
        c.line(foot, 0, &mode.pad_then(gap, right));
    } else {
        // No room for both: what was just said matters more than the mode.
        c.line(foot, 0, &right);
    }
    let at = if editor.mode == EditMode::Command {
        Position::new(foot.x + 1 + width(&editor.command) as u16, foot.y)
    } else {
        let x = inner.x + (number + cells - shift).min(inner.width as usize - 1) as u16;
        Position::new(x, inner.y + (row - first) as u16)
    };
    c.frame.set_cursor_position(at);
}

/// The line from a cell on.
fn from_cell(line: &str, cell: usize) -> String {
    let mut used = 0;
    line.chars()
        .skip_while(|ch| {
            let skip = used < cell;
            used += ch.width().unwrap_or(0);
            skip
        })
        .collect()
}
