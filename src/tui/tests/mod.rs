//! The screens as goldens and the app as a user drives it.

mod attention;
mod back;
mod bytes;
mod diagram;
mod diagram_sim;
mod drive;
mod newcomer;
mod pictures;
mod screens;
mod simulated;
mod simulated_boxes;
mod steps;
mod story;
mod themes;

use super::app::App;
use super::theme::{Palette, Theme};
use super::view;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::style::{Color, Modifier};

/// The app as it is before anything was chosen.
fn app() -> App {
    let ports = [6380, 6381, 6382];
    let lessons = crate::lesson::library(ports).expect("the lessons that we ship");
    App::new(Theme { palette: Palette::Full }, ports.to_vec(), lessons)
}

fn draw(app: &mut App, width: u16, height: u16) -> Buffer {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).expect("a buffer in memory");
    terminal.draw(|frame| view::draw(frame, app)).expect("a buffer in memory");
    terminal.backend().buffer().clone()
}

/// The screen as text, without blanks at the ends of its lines.
fn text(app: &mut App, width: u16, height: u16) -> String {
    let buffer = draw(app, width, height);
    let mut out = String::new();
    for y in 0..height {
        let mut line = String::new();
        let mut x = 0;
        while x < width {
            let symbol = buffer[(x, y)].symbol();
            line.push_str(symbol);
            x += (super::text::width(symbol) as u16).max(1);
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

/// The cells that carry a colour, and those that are reversed.
fn colours(buffer: &Buffer) -> (usize, usize) {
    let coloured = |c: &&ratatui::buffer::Cell| c.fg != Color::Reset || c.bg != Color::Reset;
    let reversed = |c: &&ratatui::buffer::Cell| c.modifier.contains(Modifier::REVERSED);
    (
        buffer.content().iter().filter(coloured).count(),
        buffer.content().iter().filter(reversed).count(),
    )
}
