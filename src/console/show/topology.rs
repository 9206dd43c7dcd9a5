//! Who follows whom, and how far behind.

use super::tree::{self, Node};
use super::{name_of, plain, table};
use crate::console::units::{bytes, count, plural, rate, signed, span_us};
use crate::console::why::lost::cause_text;
use crate::lab::model::{Instance, LinkStatus, LinkView, Model, Peer};
use crate::observe::{AnswerLine, ExitHow, Role, WaitReason};

pub fn lines(model: &Model) -> Vec<AnswerLine> {
    if model.instances.is_empty() {
        return vec![plain("no instance yet")];
    }
    let mut rows = Vec::new();
    let mut notes: Vec<(usize, String)> = Vec::new();
    for node in tree::nodes(model) {
        let depth = node.depth * 3;
        let (row, more) = row(model, &node);
        rows.push(row);
        notes.extend(more.into_iter().map(|n| (rows.len() - 1, format!("{:depth$}{n}", ""))));
    }
    let mut out = Vec::new();
    for (i, line) in table::rows(&rows).into_iter().enumerate() {
        out.push(plain(line));
        let mine = notes.iter().filter(|(at, _)| *at == i);
        out.extend(mine.map(|(_, text)| plain(format!("      {text}"))));
    }
    out
}

/// The cells of one node, and what there is to say below it.
fn row(model: &Model, node: &Node<'_>) -> (Vec<String>, Vec<String>) {
    let name = format!("{}{}", tree::strokes(&node.more), name_of(&node.peer));
    let instance = match node.peer {
        Peer::Inside(port) => model.instance(port),
        Peer::Outside(_) => None,
    };
    let role = match instance {
        Some(i) if i.role == Role::Master => "master",
        Some(_) => "replica",
        None if node.link.is_some() => "replica",
        None => "master",
    };
    let state = match (instance, &node.link) {
        (Some(i), _) if !i.is_up() => down(model, i),
        (Some(i), _) if model.frozen.contains(&i.port) => "frozen".to_owned(),
        (_, Some(link)) => status(link).to_owned(),
        (Some(i), None) if i.role == Role::Replica => "its master is not here".to_owned(),
        (Some(_), None) => "up".to_owned(),
        (None, None) => "tells nothing".to_owned(),
    };
    let mut cells = vec![name, role.to_owned(), state];
    if let Some(i) = instance {
        cells.push(format!("offset {}", signed(i.offset.0)));
        cells.push(plural(i.keys_total(), "key"));
        cells.push(format!("replid {}", i.ids.replid.short()));
    }
    let mut notes = Vec::new();
    if let Some(i) = instance
        && model.frozen.contains(&i.port)
    {
        notes.push(format!(
            "it neither reads nor answers, as after SIGSTOP: :thaw {} lets it go on",
            i.port
        ));
    }
    if let Some(link) = &node.link {
        notes.extend(about(model, link));
    }
    (cells, notes)
}

fn down(model: &Model, i: &Instance) -> String {
    use crate::lab::model::Life;
    let since = span_us(model.since_us(i.life.since()));
    match &i.life {
        Life::Down { how: ExitHow::Killed, .. } => format!("down {since}: killed"),
        Life::Down { how: ExitHow::Shutdown { .. }, .. } => format!("down {since}: shut down"),
        Life::Down { .. } => format!("down {since}: it failed"),
        _ => "could not start".to_owned(),
    }
}

fn status(link: &LinkView<'_>) -> &'static str {
    match link.status {
        LinkStatus::Down => "link down",
        LinkStatus::Connecting => "connecting",
        LinkStatus::Handshake => "handshake",
        LinkStatus::Waiting => "waits for the snapshot",
        LinkStatus::Transfer => "receives the RDB",
        LinkStatus::Online => "online",
    }
}

/// What there is to tell about a link: how far behind, what waits, and what is wrong with it.
fn about(model: &Model, link: &LinkView<'_>) -> Vec<String> {
    let mut out = Vec::new();
    if let Some(behind) = link.behind {
        let ack = link
            .down
            .and_then(|d| d.acked)
            .map(|(_, at)| format!(", acknowledged {} ago", span_us(model.since_us(at))));
        out.push(format!("{} behind{}", bytes(behind), ack.unwrap_or_default()));
    }
    if link.status == LinkStatus::Down
        && let Some(up) = link.up
    {
        let since = span_us(model.since_us(up.down_since.unwrap_or(up.since)));
        let cause = up.lost.as_ref().map(|(_, c)| format!(": {}", cause_text(c)));
        out.push(format!("link down for {since}{}", cause.unwrap_or_default()));
    }
    let rdb = link.down.and_then(|d| d.rdb).or(link.up.and_then(|u| u.rdb));
    if link.status == LinkStatus::Transfer
        && let Some(rdb) = rdb
    {
        out.push(match rdb.total() {
            Some(all) if all > 0 => {
                let percent = rdb.moved.min(all) * 100 / all;
                format!("RDB {percent} %: {} of {}", bytes(rdb.moved), bytes(all))
            }
            _ => format!("RDB {} so far", bytes(rdb.moved)),
        });
    }
    if let Some(d) = link.down.filter(|d| d.is_attached()) {
        if let Some(wait) = d.wait {
            let passed = model.now.link_us.saturating_sub(wait.since.link_us);
            out.push(match wait.reason {
                WaitReason::DisklessDelay { secs } => format!(
                    "waits {} of {secs} s for others to join: repl-diskless-sync-delay",
                    (passed / 1_000_000).min(secs)
                ),
                WaitReason::AttachedToRunning => "joined the snapshot that is being made".into(),
                WaitReason::OtherSnapshot => "waits for another snapshot to end".into(),
            });
        }
        if d.held_bytes > 0 {
            let writes = plural(d.held_writes, "write");
            out.push(format!("held back for it: {writes}, {}", bytes(d.held_bytes)));
        } else if d.left > 0 {
            out.push(format!("waits to be sent: {}", bytes(d.left)));
        }
    }
    let (a, b) = (super::port_of(&link.master), super::port_of(&link.replica));
    let pair = (a.min(b), a.max(b));
    if let Some(faults) = model.faults.get(&pair) {
        if faults.cut {
            out.push("the link is cut".to_owned());
        }
        if faults.half_open {
            out.push("the link is half-open: bytes are swallowed".to_owned());
        }
        if let Some(us) = faults.delay_us {
            out.push(format!("every byte is {} late", span_us(us)));
        }
    }
    if let Some(bound) = link.throttle {
        out.push(format!("throttled to {}", rate(bound)));
    }
    let on_link = model.time.waiting.iter().filter(|w| {
        let peer = w.step.link.as_ref().map_or(0, |l| l.peer.port);
        let pair = (w.port.min(peer), w.port.max(peer));
        pair == (a.min(b), a.max(b))
    });
    match on_link.count() as u64 {
        0 => {}
        1 => out.push("1 step is held on it: :step".to_owned()),
        n => out.push(format!("{} steps are held on it: :step", count(n))),
    }
    out
}
