//! What the servers say: Redis's log lines, of all instances or of one.

use super::frame::{Canvas, Text};
use crate::observe::LogLevel;
use crate::tui::app::{App, Pane};
use crate::tui::text::{clip, wrap};
use crate::tui::theme::Mark;
use ratatui::layout::Rect;

pub fn draw(c: &mut Canvas, app: &App, area: Rect) {
    let who = match app.log_port {
        None => "all".to_owned(),
        Some(port) => port.to_string(),
    };
    let head = Text::of(Mark::Quiet, " of ")
        .add(Mark::Text, who)
        .add(Mark::Quiet, " · ")
        .add(Mark::Key, "l")
        .add(Mark::Quiet, " next instance");
    c.line(area, 0, &head);
    let lines = app.world.logs.of(app.log_port);
    let room = (area.height as usize).saturating_sub(1);
    let wide = (area.width as usize).saturating_sub(1).max(1);
    let back = app.scroll.get(&Pane::Logs).copied().unwrap_or(0).min(lines.len().saturating_sub(1));
    let mut out: Vec<Text> = Vec::new();
    for line in lines.iter().rev().skip(back) {
        let mark = match (line.level, line.role) {
            (LogLevel::Warning, _) => Mark::Waiting,
            (LogLevel::Debug | LogLevel::Verbose, _) => Mark::Quiet,
            _ => Mark::Text,
        };
        let who = match line.role {
            'M' => Mark::Master,
            'S' => Mark::Replica,
            _ => Mark::Quiet,
        };
        let time = time_of(line.at.wall_us);
        let head = format!("{}:{} {time} {} ", line.port, line.role, line.level.mark());
        let indent = 3;
        // The first piece stands behind its head, the rest under it.
        let first_room = wide.saturating_sub(head.chars().count()).max(8);
        let mut pieces = wrap(&line.text, first_room);
        let first = pieces.remove(0);
        let rest = line.text.get(first.len()..).unwrap_or("").trim_start().to_owned();
        let mut block = vec![Text::of(who, head).add(mark, clip(&first, first_room))];
        if !rest.is_empty() {
            for piece in wrap(&rest, wide.saturating_sub(indent).max(1)).into_iter().take(3) {
                block.push(Text::of(mark, format!("{}{piece}", " ".repeat(indent))));
            }
        }
        for text in block.into_iter().rev() {
            out.push(text);
        }
        if out.len() >= room {
            break;
        }
    }
    out.truncate(room);
    out.reverse();
    if out.is_empty() {
        out.push(Text::of(Mark::Quiet, " no log line yet"));
    }
    let body = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    c.lines(body, &out);
}

/// The time of day in UTC, to the millisecond.
fn time_of(wall_us: i64) -> String {
    let ms = wall_us.div_euclid(1000).rem_euclid(86_400_000);
    format!("{:02}:{:02}:{:02}.{:03}", ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60, ms % 1000)
}
