//! The difference to now, while an earlier moment is up: `⇢` and the present value, behind each
//! value that is another one by now.

use super::frame::{Canvas, Text};
use super::timeline::clipped;
use crate::lab::model::Instance;
use crate::observe::{Preview, Role};
use crate::tui::app::{App, Pane};
use crate::tui::theme::Mark;
use crate::tui::travel::differences::{between, key_of};
use ratatui::layout::Rect;

/// What a value of an instance is now, if that is another than `then`; empty in the present.
pub fn now_beside(app: &App, port: u16, then: &str, of: fn(&Instance) -> String) -> Text {
    let Some(back) = &app.back else { return Text::new() };
    let now = back.live.model.instance(port).map_or("gone".to_owned(), of);
    turned(then, &now)
}

/// Whether it runs now, and as what.
pub fn role_now(app: &App, i: &Instance) -> Text {
    fn word(i: &Instance) -> String {
        match (i.is_up(), i.role) {
            (false, _) => "down",
            (true, Role::Master) => "master",
            (true, Role::Replica) => "replica",
        }
        .to_owned()
    }
    now_beside(app, i.port, &word(i), word)
}

/// What a key's value is now, if it is another.
pub fn key_now(app: &App, i: &Instance, db: u32, key: &Preview) -> Option<String> {
    let back = app.back.as_ref()?;
    let then = key_of(Some(i), db, key);
    let now = key_of(back.live.model.instance(i.port), db, key);
    (then != now && now != "untold").then(|| format!("⇢{now}"))
}

fn turned(then: &str, now: &str) -> Text {
    match then == now {
        true => Text::new(),
        false => Text::of(Mark::Difference, format!("⇢{now}")),
    }
}

/// For panes of many numbers, the foot: what of theirs is another by now. Returns what is left.
pub fn foot(c: &mut Canvas, app: &App, pane: Pane, area: Rect) -> Rect {
    let Some(back) = &app.back else { return area };
    let wanted = |what: &str| match pane {
        Pane::Backlog => what.starts_with("backlog") || what.starts_with("replid"),
        Pane::Buffer => what == "buffer" || what == "link",
        _ => false,
    };
    if !matches!(pane, Pane::Backlog | Pane::Buffer) || area.height < 4 {
        return area;
    }
    let all = between(&app.world.model, &back.live.model);
    let mut line = Text::of(Mark::Difference, " ⇢ now");
    let head = line.width();
    let mut before = String::new();
    for d in all.iter().filter(|d| wanted(&d.what)) {
        if d.whose != before {
            line = line.add(Mark::Quiet, format!(" · {}", d.whose));
            before = d.whose.clone();
        }
        let what = d.what.trim_start_matches("backlog ");
        line = line.add(Mark::Quiet, format!(" {what} ")).add(Mark::Difference, d.now.clone());
    }
    if line.width() == head {
        line = Text::of(Mark::Good, " = as now");
    }
    let row = Rect { y: area.bottom() - 1, height: 1, ..area };
    c.line(row, 0, &clipped(line, area.width as usize));
    Rect { height: area.height - 1, ..area }
}
