//! `?`: what the pane shows that has the keys, every key, and what the shapes and colours mean.

use super::about;
use super::frame::{Canvas, Text};
use crate::tui::app::{ACTIONS, App, Focus, Screen};
use crate::tui::text::fit;
use crate::tui::theme::Mark;
use ratatui::layout::Rect;

pub fn draw(c: &mut Canvas, app: &App, screen: Rect, at: usize) {
    let lines = lines(app);
    let inner =
        c.popup(screen, (WIDE, lines.len() as u16), "Help · j k scroll, any other key closes");
    let skip = at.min(lines.len().saturating_sub(inner.height as usize));
    c.lines(inner, &lines[skip..]);
    if lines.len() > skip + inner.height as usize {
        let foot = Rect { y: inner.bottom(), height: 1, ..inner };
        c.line(foot, 0, &Text::of(Mark::Key, " more below: j "));
    }
}

/// Cells inside of the popup.
const WIDE: u16 = 76;
/// Cells of the left column.
const KEY: usize = 16;

/// How far it can be scrolled.
pub fn last(app: &App, screen: Rect) -> usize {
    lines(app).len().saturating_sub((screen.height as usize).saturating_sub(4))
}

fn key(k: &str, about: &str) -> Text {
    Text::of(Mark::Key, fit(&format!(" {k}"), KEY)).add(Mark::Text, format!(" {about}"))
}

/// The whole page.
pub fn lines(app: &App) -> Vec<Text> {
    let (master, replica) = app.first_ports();
    // First the pane that has the keys, if one has.
    let mut out = match app.focus {
        Focus::Pane(pane) if app.screen == Screen::Lab => about::lines(pane, WIDE as usize - 2),
        _ => Vec::new(),
    };
    out.extend([
        Text::of(Mark::Title, "In the console (it has the focus at first)"),
        key("Tab", "completes; in an empty line, goes to the panes"),
        key("Up Down", "earlier lines;  Ctrl-A E W U K Y edit as in a shell"),
        key("PgUp PgDn", "scroll the pane beside it; Alt-k, Alt-j by a line"),
        key("Shift-PgUp", "scrolls back through the answers; the wheel does, too"),
        key("Ctrl-D", "leaves redis-cli; at the shell's prompt, offers to leave"),
        key("Ctrl-C", "ends the running line; in an empty line, offers to leave"),
        key("Ctrl-Z", "back to the shell for a while; fg comes back"),
        key("Esc", "leaves the console for the panes"),
        key("F8 F5 F6", "step, run on, step mode; the keys stay here (Alt-s r p)"),
        key("F7 F9", "look back at an earlier moment; steps and breakpoints"),
        key("Alt-1 … Alt-0", "bring a pane to the front; the keys stay here"),
        key(":…", "steers the lab: :wait :fill :throttle :heal :export :help"),
        key("redis-cli -p N", "at any prompt, goes to that port; exit goes back"),
        key("paste", "whole pages, prompts and comments included: line by line"),
        Text::new(),
        Text::of(Mark::Title, "Outside of the console"),
    ]);
    out.extend(ACTIONS.iter().map(|d| key(d.key, d.name)));
    out.push(key("j k PgUp PgDn", "scroll, or walk the rows of the sequence"));
    out.push(key("← → ↑ ↓", "looking back: by event, by mark; [ ] g d; n or Esc is now"));
    out.push(key("Enter", "on a row of the sequence: its numbers; on the charts: another stretch"));
    out.push(key("y, Alt-y", "copies; under tmux: set -g set-clipboard on"));
    out.push(key("Mouse", "click a pane, tab, link or row; the wheel scrolls"));
    out.push(Text::new());
    out.push(Text::of(Mark::Title, "What the lines mean"));
    let sign = |mark: Mark, shape: &str, about: &str| {
        Text::of(mark, fit(&format!(" {shape}"), KEY)).add(Mark::Text, format!(" {about}"))
    };
    out.extend([
        sign(Mark::Handshake, "── PING ──▶", "a message of the handshake"),
        sign(Mark::Rdb, "══ RDB ══▶", "the snapshot"),
        sign(Mark::Stream, "── SET ───▶", "the stream of commands"),
        sign(Mark::Ack, "·· ACK ··▶", "acknowledgements and pings, counted"),
        sign(Mark::Waiting, "⏸", "waits or is held back; the setting is named"),
        sign(Mark::Good, "✓ replayed", "a write that was held back first; ✓ applied: at once"),
        sign(Mark::Broken, "╳╌╌╌╌╌╌╌╳", "no link"),
        sign(Mark::Difference, "≠ ◆", "a difference; a role or an id that changed"),
        sign(Mark::Difference, "⇢1,271", "looking back: what the value before it is by now"),
        sign(Mark::Master, &format!("┏ {master} ━┓"), "a master"),
        sign(Mark::Replica, &format!("┌ {replica} ─┐"), "a replica"),
    ]);
    out.push(Text::of(Mark::Quiet, " Reversed for a second: this has just changed."));
    out.push(Text::of(
        Mark::Quiet,
        " Colours: t, --theme NAME or SYNCLAB_THEME=NAME, or NO_COLOR=1.",
    ));
    out.push(Text::new());
    out.push(key("Leave", "q outside the console, or Ctrl-C twice; the servers end too"));
    out
}
