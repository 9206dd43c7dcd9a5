//! What there is to say about a link, in order of weight: for the arrow between two boxes and for
//! the line of a list alike.

use crate::console::steps;
use crate::lab::model::{LinkStatus, LinkView, Waiting};
use crate::observe::{Addr, LinkLoss, LinkState, RdbFraming};
use crate::tui::app::App;
use crate::tui::reduce::link::{LinkKey, Peer};
use crate::tui::text::{clip, clock, size, span, width};
use crate::tui::theme::Mark;
use crate::tui::view::words;

/// A link in words and signs.
pub struct Told {
    pub key: LinkKey,
    pub mark: Mark,
    /// What the arrow is made of.
    pub stroke: char,
    pub label: String,
    /// The share of an RDB that has passed: done, all.
    pub share: Option<(u64, u64)>,
    /// The arrow's ends: towards the master, towards the replica.
    pub ends: (&'static str, &'static str),
    /// What the learner did to the link, to stand on the arrow.
    pub faults: Vec<(Mark, String)>,
    pub remarks: Vec<Remark>,
}

/// A remark, long and short.
pub struct Remark {
    pub mark: Mark,
    pub long: String,
    pub short: String,
}

impl Remark {
    pub fn new(mark: Mark, long: impl Into<String>) -> Remark {
        let long = long.into();
        Remark { mark, short: long.clone(), long }
    }

    fn or(mut self, short: impl Into<String>) -> Remark {
        self.short = short.into();
        self
    }

    /// The long one if it fits.
    pub fn fitting(&self, cells: usize) -> &str {
        if width(&self.long) <= cells { &self.long } else { &self.short }
    }
}

impl Told {
    pub fn of(app: &App, link: &LinkView) -> Told {
        let mut told = match link.status {
            LinkStatus::Online => online(app, link),
            LinkStatus::Transfer => transfer(app, link),
            LinkStatus::Waiting => waiting(app, link),
            LinkStatus::Handshake | LinkStatus::Connecting => handshake(link),
            LinkStatus::Down if is_new(link) => handshake(link),
            LinkStatus::Down => down(app, link),
        };
        told.faults(app, link);
        told.steps(app);
        told.patience(app);
        told
    }

    fn new(link: &LinkView, mark: Mark, stroke: char, label: impl Into<String>) -> Told {
        Told {
            key: words::key_of(link),
            mark,
            stroke,
            label: label.into(),
            share: None,
            ends: ("", "▶"),
            faults: Vec::new(),
            remarks: Vec::new(),
        }
    }

    fn say(&mut self, remark: Remark) {
        self.remarks.push(remark);
    }

    /// What the learner did to it.
    fn faults(&mut self, app: &App, link: &LinkView) {
        let model = &app.world.model;
        let ports = (self.key.master.port, self.key.replica.port);
        let pair = (ports.0.min(ports.1), ports.0.max(ports.1));
        let faults = model.faults.get(&pair).copied().unwrap_or_default();
        if faults.cut {
            self.label = "cut".into();
            self.remarks.retain(|r| r.mark != Mark::Broken || r.long.starts_with("link down"));
            self.say(
                Remark::new(Mark::Lab, format!(":heal {} {} mends it", ports.0, ports.1))
                    .or(":heal mends it"),
            );
        }
        if faults.half_open {
            self.faults.push((Mark::Broken, ")  (".into()));
            let why = "half-open: bytes are swallowed, nobody is told";
            self.remarks.insert(0, Remark::new(Mark::Broken, why).or("half-open"));
        }
        if let Some(us) = faults.delay_us {
            self.faults.push((Mark::Waiting, format!("[+{}]", milliseconds(us))));
        }
        if let Some(bound) = link.throttle {
            let waits = self.remarks.iter().take_while(|r| r.long.starts_with('⏸')).count();
            let bound = size(bound);
            let remark = Remark::new(Mark::Waiting, format!("throttled to {bound}/s"));
            if link.status != LinkStatus::Down {
                // The cause stands beside what waits because of it.
                self.remarks.insert(waits, remark.or(format!("≤ {bound}/s")));
            }
        }
        if model.time.slow > 1 && link.status != LinkStatus::Down {
            self.faults.push((Mark::Waiting, format!("[1/{} speed]", model.time.slow)));
        }
    }

    /// The steps on this link that wait for the learner, the next one first.
    fn steps(&mut self, app: &App) {
        let mut here = app.world.model.time.waiting.iter().filter(|w| on(&self.key, w));
        let Some(next) = here.next() else { return };
        let more = here.count();
        let more = if more > 0 { format!(" · {more} more") } else { String::new() };
        let kind = next.step.kind.name();
        let name = |addr: &Addr| Peer::of(addr).label();
        let (who, what) =
            (steps::who(next.port, &next.step, &name), steps::what(&next.step, &name));
        let what = clip(&what, 48);
        let remark = Remark::new(Mark::Waiting, format!("⏸ {kind} · {who}: {what}{more}"));
        self.remarks.insert(0, remark.or(format!("⏸ {kind}{more}")));
        if !self.label.starts_with('⏸') {
            self.label = format!("⏸ {}", self.label).trim_end().to_owned();
        }
    }

    /// How long an outside peer bears the silence.
    fn patience(&mut self, app: &App) {
        for ((port, peer), (since, ms)) in &app.world.model.time.patience {
            let peer = Peer::of(peer);
            let here = Peer::port(*port);
            let ends = [&self.key.master, &self.key.replica];
            if ends.contains(&&here) && ends.contains(&&peer) {
                let gone = app.now.mono_us.saturating_sub(since.mono_us);
                let left = (ms * 1000).saturating_sub(gone);
                let long = format!("{} bears the silence {} more", peer.label(), span(left));
                let short = format!("bears {} more", span(left));
                self.remarks.insert(0, Remark::new(Mark::Waiting, long).or(short));
            }
        }
    }
}

/// Whether a step waits on this link.
fn on(key: &LinkKey, waits: &Waiting) -> bool {
    let Some(link) = &waits.step.link else { return false };
    let mut named = LinkKey::seen_by(waits.port, link);
    if named.replica.port == 0 && named.master == key.master {
        // The master does not know yet who that is.
        named.replica.port = key.replica.port;
    }
    named == *key
}

/// Whether a step waits inside an instance, on no link of it.
pub fn is_inside(waits: &Waiting, port: u16) -> bool {
    waits.port == port && waits.step.link.is_none()
}

fn milliseconds(us: u64) -> String {
    match us {
        0..1_000 => format!("{us} µs"),
        1_000..10_000_000 => format!("{} ms", us / 1_000),
        _ => span(us),
    }
}

fn online(app: &App, link: &LinkView) -> Told {
    let mut told = Told::new(link, Mark::Stream, '─', "stream");
    let left = link.down.map_or(0, |d| d.left.max(d.held_bytes));
    if left > 0 {
        // What waits comes before when the last sign of life came.
        let long = format!("⏸ {} wait in the buffer", size(left));
        told.say(Remark::new(Mark::Waiting, long).or(format!("⏸ {} wait", size(left))));
    }
    let (bytes, late) = behind(app, link);
    if let Some(bytes) = bytes {
        let mark = if bytes > 0 { Mark::Waiting } else { Mark::Quiet };
        let long = match late.filter(|us| bytes > 0 && *us >= 100_000) {
            Some(us) => format!("{}, {} behind", size(bytes), span(us)),
            None => format!("{} behind", size(bytes)),
        };
        told.say(Remark::new(mark, long));
    }
    if let Some((_, at)) = link.down.and_then(|d| d.acked) {
        // Whole seconds, as INFO counts them; not how far it is behind.
        let us = app.now.mono_us.saturating_sub(at.mono_us);
        let s = us / 1_000_000;
        let mark = if s >= 10 { Mark::Waiting } else { Mark::Quiet };
        told.say(Remark::new(mark, format!("last ACK {s} s ago")).or(format!("ACK {s} s ago")));
    }
    told
}

/// How many bytes of its master's stream a replica has not executed, and for how long the oldest of
/// them has been written; of a guest, what it has not acknowledged.
pub fn behind(app: &App, link: &LinkView) -> (Option<u64>, Option<u64>) {
    let model = &app.world.model;
    let key = words::key_of(link);
    let ours = |peer: &Peer| peer.host.is_empty().then(|| model.instance(peer.port)).flatten();
    let replica = match ours(&key.replica) {
        Some(i) => Some(i.offset),
        None => link.down.and_then(|d| d.acked).map(|(offset, _)| offset),
    };
    let Some(head) = ours(&key.master).filter(|m| m.is_up()).map(|m| m.offset) else {
        return (link.behind, None);
    };
    let Some(at) = replica else { return (link.behind, None) };
    let bytes = u64::try_from(head - at).unwrap_or(0);
    let late = app.world.charts.late_us(&key.master, at.0, app.now.mono_us);
    (Some(bytes), late.filter(|_| bytes > 0))
}

fn transfer(app: &App, link: &LinkView) -> Told {
    let mut told = Told::new(link, Mark::Rdb, '═', "RDB");
    let running = app.world.links.get(&told.key).and_then(|s| s.running_transfer());
    let rate = app.world.traffic.of(&told.key).and_then(|l| l.rate(app.now.mono_us));
    match running {
        Some(t) => {
            told.share = t.share();
            let rate = match rate {
                Some(0) => " · stands".to_owned(),
                Some(rate) => format!(" · {}/s", size(rate)),
                None => String::new(),
            };
            let text = match (t.framing, t.share()) {
                (RdbFraming::Length(all), _) => format!("{} of {}", size(t.bytes()), size(all)),
                (RdbFraming::Eof, Some((_, all))) if all > t.bytes() => {
                    format!("{} of about {}", size(t.bytes()), size(all))
                }
                (RdbFraming::Eof, _) => format!("{} so far", size(t.bytes())),
            };
            let short = size(t.bytes());
            told.say(
                Remark::new(Mark::Quiet, format!("{text}{rate}")).or(format!("{short}{rate}")),
            );
        }
        // The snapshot is being made, and its first byte has not left.
        None if link.down.and_then(|d| d.rdb).is_some_and(|r| r.is_running() && r.moved == 0) => {
            told.say(Remark::new(Mark::Quiet, "nothing of it was sent yet").or("not sent yet"));
        }
        None => told.say(Remark::new(Mark::Rdb, "the replica loads it").or("it loads")),
    }
    told.held(link);
    told
}

impl Told {
    /// What waits for the end of the transfer.
    fn held(&mut self, link: &LinkView) {
        if let Some(down) = link.down.filter(|d| d.held_bytes > 0) {
            let told = words::writes(down.held_writes, down.held_bytes);
            let remark = Remark::new(Mark::Waiting, format!("⏸ held back: {told}"));
            self.say(remark.or(format!("⏸ {told}")));
        }
    }
}

/// Whether there is no link yet because it has not been dialled: nothing is broken.
pub fn is_new(link: &LinkView) -> bool {
    link.up.is_some_and(|up| {
        up.state == LinkState::Connect && up.lost.is_none() && up.down_since.is_none()
    })
}

fn waiting(app: &App, link: &LinkView) -> Told {
    let mut told = Told::new(link, Mark::Waiting, '╌', "⏸ waits");
    told.ends.1 = "▷";
    // Held link time does not count: nothing takes longer for it.
    let us = app.now.link_us.saturating_sub(link.since.link_us);
    match link.down.and_then(|d| d.wait) {
        Some(wait) => {
            let long = words::wait(&wait.reason, wait.since, app.now);
            told.say(Remark::new(Mark::Waiting, long));
        }
        None => told.say(Remark::new(Mark::Waiting, format!("for the BGSAVE, {}", span(us)))),
    }
    told.held(link);
    told
}

fn handshake(link: &LinkView) -> Told {
    let state = link.up.map(|u| u.state).unwrap_or(LinkState::Connecting);
    let begins = matches!(state, LinkState::Connect | LinkState::Connecting);
    let (stroke, label) = if begins { ('╌', "connects") } else { ('─', "handshake") };
    let mut told = Told::new(link, Mark::Handshake, stroke, label);
    told.ends.1 = "▷";
    told.say(Remark::new(Mark::Quiet, words::state_name(state)));
    told
}

fn down(app: &App, link: &LinkView) -> Told {
    let mut told = Told::new(link, Mark::Broken, '╌', "");
    told.ends = ("╳", "╳");
    let us = app.now.mono_us.saturating_sub(link.since.mono_us);
    told.say(
        Remark::new(Mark::Broken, format!("link down {}", clock(us)))
            .or(format!("down {}", clock(us))),
    );
    let cause = link
        .up
        .and_then(|u| u.lost.as_ref())
        .or(link.down.and_then(|d| d.gone.as_ref()))
        .map(|(_, why)| why);
    if let Some(cause) = cause {
        let mark = if matches!(cause, LinkLoss::ClosedHere) { Mark::Quiet } else { Mark::Broken };
        told.say(Remark::new(mark, words::loss(cause)));
    }
    told
}
