//! What can still be resumed: the window of the stream that an instance holds, where everybody
//! stands in it, and what each one would get if it asked now.

use super::frame::{Canvas, Text};
use super::ring::{self, Place};
use super::words::{short_id, verdict};
use crate::console::why::decision::checks;
use crate::lab::model::{Instance, LinkStatus, LinkView, Peer as End};
use crate::observe::{Decision, PsyncVerdict, Role, Standing};
use crate::tui::app::{App, Pane};
use crate::tui::reduce::link::Peer;
use crate::tui::text::{count, grouped, size};
use crate::tui::theme::Mark;
use ratatui::layout::Rect;

/// The ring is not drawn wider than this.
const WIDEST: usize = 64;

pub fn draw(c: &mut Canvas, app: &App, area: Rect) {
    let model = &app.world.model;
    let links = model.links();
    let wide = area.width as usize;
    let chosen = app.link().filter(|k| k.master.host.is_empty()).map(|k| k.master.port);
    let active = || model.instances.values().filter(|i| i.is_up() && i.backlog.is_active());
    let first = chosen.and_then(|p| model.instance(p)).or_else(|| active().next());
    let mut lines = Vec::new();
    if let Some(i) = first {
        lines.extend(whole(c, app, &links, i, wide));
        for other in active().filter(|o| o.port != i.port) {
            lines.push(Text::new());
            lines.extend(brief(app, &links, other, wide));
        }
    }
    if lines.is_empty() {
        let text = "The first replica that asks for a sync makes its master keep one.";
        lines = vec![Text::of(Mark::Quiet, " No backlog yet.")];
        lines.extend(Text::wrapped(Mark::Quiet, " ", text, wide));
    }
    c.scrolled(app, Pane::Backlog, area, &lines);
}

fn title(i: &Instance) -> Text {
    let (mark, sign) = match (i.is_up(), i.role) {
        (false, _) => (Mark::Broken, "╳"),
        (true, Role::Master) => (Mark::Master, "M"),
        (true, Role::Replica) => (Mark::Replica, "r"),
    };
    let mut text = Text::of(mark, format!(" {} {sign}", i.port))
        .add(Mark::Quiet, "  replid ")
        .add(Mark::Text, i.ids.replid.short());
    if !i.ids.replid2.is_zero() {
        text = text
            .add(Mark::Quiet, "  2: ")
            .add(Mark::Text, i.ids.replid2.short())
            .add(Mark::Quiet, format!(" to {}", grouped(i.ids.second_offset.0)));
    }
    text
}

/// One instance's backlog with everything that there is to say.
fn whole(c: &Canvas, app: &App, links: &[LinkView], i: &Instance, wide: usize) -> Vec<Text> {
    let mut lines = vec![title(i)];
    let say = |mark, text: &str| Text::wrapped(mark, "  ", text, wide);
    if !i.is_up() {
        lines.extend(say(Mark::Broken, "╳ down: a backlog lives in memory: what it held is gone"));
        return lines;
    }
    let asks = asks(app, links, i);
    let b = &i.backlog;
    if b.is_active() {
        let fresh = app.world.touched.get(&i.port).is_some_and(|t| c.fresh(t.offset_at));
        let percent = b.histlen.min(b.size) as u128 * 100 / u128::from(b.size.max(1));
        let inside = [
            Text::of(Mark::Text, format!("{} of {}", size(b.histlen), size(b.size)))
                .add(Mark::Quiet, format!("  {percent} %")),
            Text::of(Mark::Quiet, "from ").add(Mark::Text, grouped(b.first.0)),
            Text::of(Mark::Quiet, "next ").add_fresh(Mark::Text, grouped(b.last().0 + 1), fresh),
        ];
        lines.extend(ring::ring(b, wide.saturating_sub(2).min(WIDEST), inside));
        if b.histlen > b.size {
            let why =
                "more than its size: bytes go by whole blocks, and none that a replica still reads";
            lines.extend(say(Mark::Waiting, why));
        }
        if b.histlen > 0 {
            let places: Vec<Place> = asks.iter().filter_map(Asks::place).collect();
            lines.extend(ring::window(b, wide.min(WIDEST + 2), &places));
        }
    } else {
        lines.extend(say(Mark::Quiet, "no backlog: nothing can be resumed"));
    }
    for a in &asks {
        lines.extend(a.lines(i, wide));
    }
    let n = &i.counters;
    let counted = format!(
        "syncs: {} full · {} partial · {} refused",
        count(n.sync_full),
        count(n.sync_partial_ok),
        count(n.sync_partial_err)
    );
    lines.extend(say(Mark::Quiet, &counted));
    lines
}

/// Another instance's in a few lines.
fn brief(app: &App, links: &[LinkView], i: &Instance, wide: usize) -> Vec<Text> {
    let b = &i.backlog;
    let held = format!("{} of {}, from {}", size(b.histlen), size(b.size), grouped(b.first.0));
    let mut lines = vec![title(i)];
    lines.extend(Text::wrapped(Mark::Quiet, "  ", &held, wide));
    if i.refuses_psync() {
        let text = "-NOMASTERLINK to everybody: its own link is down";
        lines.extend(Text::wrapped(Mark::Waiting, "  ⏸ ", text, wide));
        return lines;
    }
    let asks = asks(app, links, i);
    for (good, mark, sign) in [(true, Mark::Good, "  ✓ "), (false, Mark::Broken, "  ╳ ")] {
        let names: Vec<String> = asks
            .iter()
            .filter(|a| a.decision.as_ref().is_some_and(|d| granted(d) == good))
            .map(|a| a.who.label())
            .collect();
        if !names.is_empty() {
            let verb = if good { "partial resync for" } else { "full sync for" };
            lines.extend(Text::wrapped(mark, sign, &format!("{verb} {}", names.join(", ")), wide));
        }
    }
    lines
}

/// Somebody who could ask, and what it would get.
struct Asks {
    letter: char,
    who: Peer,
    /// How its link to this master stands, if it has one.
    link: Option<LinkStatus>,
    /// `None`: it is down, and asks nothing.
    decision: Option<Decision>,
}

fn granted(d: &Decision) -> bool {
    matches!(d.verdict, PsyncVerdict::Continue { .. })
}

/// Everybody who could ask this instance, its own replicas first.
fn asks(app: &App, links: &[LinkView], i: &Instance) -> Vec<Asks> {
    let model = &app.world.model;
    let status = |end: &End| {
        let mine = |l: &&LinkView| l.master == End::Inside(i.port) && l.replica == *end;
        links.iter().find(mine).map(|l| l.status)
    };
    let mut all: Vec<Asks> = Vec::new();
    for other in model.instances.values().filter(|o| o.port != i.port) {
        all.push(Asks {
            letter: ' ',
            who: Peer::port(other.port),
            link: status(&End::Inside(other.port)),
            decision: other.is_up().then(|| i.would_judge(other)),
        });
    }
    // A guest that follows asks for the byte behind the last that it acknowledged.
    for link in links.iter().filter(|l| l.master == End::Inside(i.port)) {
        let (End::Outside(addr), Some(down)) = (&link.replica, link.down) else { continue };
        let Some((acked, _)) = down.acked else { continue };
        let who = Peer::of(addr);
        let decision = Some(guest(i, acked.0));
        all.push(Asks { letter: ' ', who, link: Some(link.status), decision });
    }
    all.sort_by_key(|a| a.link.is_none());
    for (a, letter) in all.iter_mut().zip('a'..) {
        a.letter = letter;
    }
    all
}

fn guest(i: &Instance, acked: i64) -> Decision {
    let backlog = i.backlog.is_active().then_some((i.backlog.first, i.backlog.histlen));
    let standing = Standing {
        replid: i.ids.replid,
        replid2: i.ids.replid2,
        second_offset: i.ids.second_offset,
        backlog,
    };
    let (asked_id, asked_offset) = (i.ids.replid.to_string(), crate::observe::Offset(acked + 1));
    let verdict = standing.judge(asked_id.as_bytes(), asked_offset);
    Decision {
        asked_id,
        asked_offset,
        replid: standing.replid,
        replid2: standing.replid2,
        second_offset: standing.second_offset,
        backlog,
        master_offset: i.offset,
        verdict,
    }
}

impl Asks {
    /// Where it stands in the window, if it speaks of the same history.
    fn place(&self) -> Option<Place> {
        let d = self.decision.as_ref()?;
        let id = d.asked_id.as_bytes();
        let known = d.replid.matches(id) || (!d.replid2.is_zero() && d.replid2.matches(id));
        let (letter, offset, good) = (self.letter, d.asked_offset.0, granted(d));
        known.then_some(Place { letter, offset, good })
    }

    /// What it would ask, what it would get, and by which comparison.
    fn lines(&self, i: &Instance, wide: usize) -> Vec<Text> {
        let name = Text::of(Mark::Title, format!(" {} ", self.letter))
            .add(Mark::Replica, self.who.label());
        let Some(d) = &self.decision else {
            return vec![name.add(Mark::Broken, " ╳ down").add(Mark::Quiet, ": asks nothing")];
        };
        let asks = if d.asked_id.starts_with('?') {
            "? -1".to_owned()
        } else {
            format!("{} {}", short_id(&d.asked_id), grouped(d.asked_offset.0))
        };
        let asks = match self.link {
            Some(LinkStatus::Online) => format!("if it lost its link: {asks}"),
            Some(_) => format!("asks {asks}"),
            None => format!("would ask {asks}"),
        };
        let room = wide.saturating_sub(name.width() + 1).max(8);
        let mut told = Text::wrapped(Mark::Quiet, "", &asks, room).into_iter();
        let mut first = name.add(Mark::Text, " ");
        let indent = first.width();
        first.0.extend(told.next().unwrap_or_default().0);
        let mut lines = vec![first];
        lines.extend(told.map(|more| Text::new().pad_then(indent, more)));
        if i.refuses_psync() {
            let why = format!("-NOMASTERLINK: {}'s own link is down", i.port);
            lines.extend(Text::wrapped(Mark::Waiting, "   ⏸ ", &why, wide));
            return lines;
        }
        let (mark, text) = verdict(d);
        let (mark, sign) = if granted(d) { (mark, "   ✓ ") } else { (Mark::Broken, "   ╳ ") };
        // The comparison that decided is the last one.
        let decided = checks(d).pop().map(|check| format!("{} {}", check.question, check.answer));
        let verdict = Text::of(mark, format!("{sign}{text}"));
        match decided {
            Some(by) if verdict.width() + crate::tui::text::width(&by) + 3 <= wide => {
                lines.push(verdict.add(Mark::Quiet, format!("   {by}")));
            }
            decided => {
                lines.extend(Text::wrapped(mark, sign, &text, wide));
                let by = decided.unwrap_or_default();
                lines.extend(Text::wrapped(Mark::Quiet, "     ", &by, wide));
            }
        }
        lines
    }
}
