//! What the servers say: Redis's log lines, of all instances or of one.

use super::frame::{Canvas, Text};
use crate::observe::LogLevel;
use crate::tui::app::{App, Pane};
use crate::tui::reduce::logs::LogLine;
use crate::tui::text::wrap;
use crate::tui::theme::Mark;
use ratatui::layout::Rect;

/// What an instance says within so long needs one head.
const BREATH_US: u64 = 500_000;

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
    for (n, line) in lines.iter().enumerate().rev().skip(back) {
        let before = n.checked_sub(1).and_then(|n| lines.get(n));
        out.extend(block(line, before, wide).into_iter().rev());
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

/// Narrower than this, who speaks has a line of its own over what it says.
const SIDE_BY_SIDE: usize = 60;

/// A log line, wrapped.
fn block(line: &LogLine, before: Option<&LogLine>, wide: usize) -> Vec<Text> {
    let who = match line.role {
        'M' => Mark::Master,
        'S' => Mark::Replica,
        _ => Mark::Quiet,
    };
    let (sign, mark) = match line.level {
        LogLevel::Warning => (Mark::Broken, Mark::Text),
        LogLevel::Notice => (Mark::Quiet, Mark::Text),
        LogLevel::Debug | LogLevel::Verbose => (Mark::Quiet, Mark::Quiet),
    };
    let name = format!("{}:{}", line.port, line.role);
    let time = time_of(line.at.wall_us);
    let level = format!("{} ", line.level.mark());
    if wide >= SIDE_BY_SIDE {
        let head = Text::of(who, format!(" {name} "))
            .add(Mark::Quiet, format!("{time} "))
            .add(sign, level);
        let indent = head.width();
        let mut head = Some(head);
        return wrap(&line.text, wide.saturating_sub(indent).max(8))
            .into_iter()
            .map(|piece| {
                let head = head.take().unwrap_or_else(|| Text::of(mark, " ".repeat(indent)));
                head.add(mark, piece)
            })
            .collect();
    }
    // One head over what the same instance says in the same breath.
    let goes_on = before.is_some_and(|b| {
        b.port == line.port
            && b.role == line.role
            && line.at.mono_us.saturating_sub(b.at.mono_us) < BREATH_US
    });
    let mut out = Vec::new();
    if !goes_on {
        out.push(Text::of(who, format!(" {name} ")).add(Mark::Quiet, time));
    }
    for (n, piece) in wrap(&line.text, wide.saturating_sub(3).max(8)).into_iter().enumerate() {
        let head = if n == 0 { Text::of(sign, format!(" {level}")) } else { Text::of(mark, "   ") };
        out.push(head.add(mark, piece));
    }
    out
}

/// The time of day in UTC, to the millisecond.
fn time_of(wall_us: i64) -> String {
    let ms = wall_us.div_euclid(1000).rem_euclid(86_400_000);
    format!("{:02}:{:02}:{:02}.{:03}", ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60, ms % 1000)
}
