//! Leave, really?

use super::frame::{Canvas, Text};
use crate::tui::app::App;
use crate::tui::theme::Mark;
use ratatui::layout::Rect;

pub fn draw(c: &mut Canvas, app: &App, screen: Rect) {
    let up = app.world.model.instances.values().filter(|i| i.is_up()).count();
    let inner = c.popup(screen, (46, 4), "Leave synclab?");
    let servers = match up {
        0 => "No server runs.".to_owned(),
        1 => "One server runs; it ends.".to_owned(),
        n => format!("{n} servers run; they end."),
    };
    let lines = [
        Text::of(Mark::Text, servers),
        Text::of(Mark::Quiet, "The session's files and its record stay."),
        Text::new(),
        Text::of(Mark::Key, "Enter")
            .add(Mark::Text, " leaves    ")
            .add(Mark::Key, "Esc")
            .add(Mark::Text, " stays"),
    ];
    c.lines(inner, &lines);
}
