//! The start screen: the ways in, how to leave, and what another terminal could do.

use super::frame::{Canvas, Text};
use crate::tui::app::{App, Hit, Mode, Screen};
use crate::tui::text::{safe, wrap};
use crate::tui::theme::Mark;
use ratatui::layout::Rect;

pub fn draw(c: &mut Canvas, app: &App, screen: Rect) {
    let wide = screen.width.min(96);
    let area = Rect {
        x: screen.x + (screen.width - wide) / 2,
        y: screen.y + screen.height.saturating_sub(24) / 3,
        width: wide,
        height: screen.height - screen.height.saturating_sub(24) / 3,
    };
    let mut y = 1;
    for text in head(app) {
        c.line(area, y, &text);
        y += 1;
    }
    y += 1;
    match &app.screen {
        Screen::Starting(mode) => {
            let what = match mode {
                Mode::Free => {
                    format!("  starting three servers on {} …", ports(app))
                }
                Mode::Lesson(_) => "  opening the lesson …".to_owned(),
            };
            c.line(area, y, &Text::of(Mark::Waiting, what));
            c.line(area, y + 2, &Text::of(Mark::Quiet, "  q leaves"));
            return;
        }
        Screen::Failed(_, why) => {
            c.line(area, y, &Text::of(Mark::Broken, "  ╳ it did not start:"));
            y += 1;
            for line in why.lines().flat_map(|l| wrap(&safe(l), wide as usize - 4)).take(8) {
                c.line(area, y, &Text::of(Mark::Text, format!("    {line}")));
                y += 1;
            }
            y += 1;
        }
        _ => {}
    }
    for (i, (key, title, about)) in entries(app).into_iter().enumerate() {
        let chosen = i == app.start_entry;
        let sign = if chosen { " ▸ " } else { "   " };
        let mark = if chosen { Mark::Focus } else { Mark::Text };
        let mut about = wrap(&about, (wide as usize).saturating_sub(36)).into_iter();
        let line = Text::of(Mark::Key, sign)
            .add(Mark::Key, format!("{key}  "))
            .add_fresh(mark, format!(" {title} "), chosen)
            .pad_then(34, Text::of(Mark::Quiet, about.next().unwrap_or_default()));
        c.line(area, y, &line);
        let top = y;
        y += 1;
        for rest in about {
            c.line(area, y, &Text::new().pad_then(34, Text::of(Mark::Quiet, rest)));
            y += 1;
        }
        c.hits.push((Rect { y: area.y + top, height: y - top, ..area }, Hit::StartEntry(i)));
    }
    y += 1;
    for text in foot(app, wide as usize) {
        if y >= area.height {
            break;
        }
        c.line(area, y, &text);
        y += 1;
    }
}

fn ports(app: &App) -> String {
    let ports: Vec<String> = app.ports.iter().map(u16::to_string).collect();
    match ports.as_slice() {
        [head @ .., last] if !head.is_empty() => format!("{} and {last}", head.join(", ")),
        _ => ports.join(", "),
    }
}

fn head(app: &App) -> Vec<Text> {
    let ports = &app.ports;
    let port = |i: usize| ports.get(i).map_or("····".into(), u16::to_string);
    let mut lines = vec![
        Text::of(Mark::Focus, "  synclab")
            .add(Mark::Quiet, "  Redis replication, seen while it happens"),
        Text::new(),
    ];
    lines.push(
        Text::of(Mark::Master, format!("  ┏ {:━<11}┓", format!("{} ", port(0))))
            .add(Mark::Rdb, " ══ RDB ▓▓▓▓▓▓░░░ ══▶ ")
            .add(Mark::Replica, format!("┌ {:─<11}┐", format!("{} ", port(1)))),
    );
    lines.push(
        Text::of(Mark::Master, "  ┃ master     ┃")
            .add(Mark::Text, "                      ")
            .add(Mark::Replica, "└ replica ───┘"),
    );
    lines.push(
        Text::of(Mark::Master, "  ┃            ┃")
            .add(Mark::Stream, " ── SET name xd ─────▶ ")
            .add(Mark::Replica, format!("┌ {:─<11}┐", format!("{} ", port(2)))),
    );
    lines.push(
        Text::of(Mark::Master, "  ┗━━━━━━━━━━━━┛")
            .add(Mark::Ack, " ◀·· ACK 1,271 ······· ")
            .add(Mark::Replica, "└ replica ───┘"),
    );
    lines
}

fn entries(app: &App) -> Vec<(String, String, String)> {
    let mut out: Vec<(String, String, String)> = app
        .lessons
        .iter()
        .enumerate()
        .map(|(i, l)| ((i + 1).to_string(), format!("Lesson: {}", l.title), l.summary.clone()))
        .collect();
    out.push(("f".into(), "Free lab".into(), format!("three masters on {}", ports(app))));
    out.push(("?".into(), "Help".into(), "all keys, and what the panes show".into()));
    out.push(("q".into(), "Leave".into(), "ends every server that was started".into()));
    out
}

fn foot(app: &App, wide: usize) -> Vec<Text> {
    let port = app.ports.first().copied().unwrap_or(6380);
    let key = |k: &str, name: &str| {
        Text::of(Mark::Key, format!("  {k}")).add(Mark::Quiet, format!(" {name}"))
    };
    let mut keys = key("↑ ↓", "choose");
    for (k, name) in [("Enter", "begin"), ("t", "colours"), ("q", "leave")] {
        keys.0.extend(key(k, name).0);
    }
    let mut lines = vec![keys, Text::new()];
    let told = [
        "Nothing listens yet: the servers start when you choose, and they are real.".to_owned(),
        format!(
            "From another terminal, redis-cli -p {port} then talks to the very server that you \
             see, and whatever it does there is drawn here."
        ),
    ];
    for text in told {
        lines.extend(Text::wrapped(Mark::Quiet, "  ", &text, wide.saturating_sub(2).min(78)));
    }
    lines
}
