//! `why?`: the numbers behind a row, a PSYNC decision above all.

use super::frame::{Canvas, Text};
use super::words;
use crate::console::why::{Question, Why};
use crate::observe::{Addr, LinkLoss, LinkRef, ReplicaState, Side};
use crate::tui::app::{App, WhyBox, WhyOf};
use crate::tui::reduce::link::{LinkKey, Peer};
use crate::tui::reduce::row::{Row, RowKind};
use crate::tui::text::{count, fit, grouped, since_start, size, span, width, wrap};
use crate::tui::theme::Mark;
use ratatui::layout::Rect;

pub fn draw(c: &mut Canvas, app: &App, screen: Rect, shown: &WhyBox) {
    // What the popup leaves inside of its border.
    let wide = usize::from(screen.width.saturating_sub(6).min(WIDE));
    let (title, lines) = lines(app, &shown.of, wide);
    if lines.is_empty() {
        return;
    }
    let inner = c.popup(screen, (WIDE, lines.len() as u16 + 2), &title);
    let room = usize::from(inner.height.saturating_sub(2));
    let skip = shown.scroll.min(lines.len().saturating_sub(room));
    let body = Rect { height: room as u16, ..inner };
    c.lines(body, &lines[skip..]);
    let more = lines.len() > skip + room;
    let others = match &shown.of {
        WhyOf::Row(_) => "j k other rows",
        WhyOf::Asked(_) => "j k other whys · Esc the list",
    };
    let mut told = Text::new();
    if more || skip > 0 {
        told = told.add(Mark::Key, if more { "PgDn more" } else { "PgUp" }).add(Mark::Quiet, " · ");
    }
    told = told.add(Mark::Quiet, format!("{others} · y copies · q closes"));
    let foot = Rect { y: inner.bottom().saturating_sub(1), height: 1, ..inner };
    c.line(foot, 0, &told);
}

/// How far it can be scrolled.
pub fn last(app: &App, screen: Rect, of: &WhyOf) -> usize {
    let wide = usize::from(screen.width.saturating_sub(6).min(WIDE));
    let room = usize::from(screen.height.saturating_sub(6));
    lines(app, of, wide).1.len().saturating_sub(room)
}

/// Cells inside of the popup.
const WIDE: u16 = 74;

/// The title, and what is behind it.
pub fn lines(app: &App, of: &WhyOf, wide: usize) -> (String, Vec<Text>) {
    let model = &app.world.model;
    let row = match of {
        WhyOf::Asked(at) => {
            let Some(asked) = app.world.whys.newest_first().nth(*at) else {
                return (String::new(), Vec::new());
            };
            let why = asked.raised.question.answer(model);
            return (why.title.clone(), answer(&why, wide));
        }
        WhyOf::Row(row) => row,
    };
    let key = &row.link;
    let title = format!("{} ⇄ {}", key.replica.label(), key.master.label());
    let Some(seq) = app.world.links.get(key) else { return (title, Vec::new()) };
    let at = row.row.checked_sub(seq.dropped).and_then(|i| usize::try_from(i).ok());
    let Some(found) = at.and_then(|i| seq.rows.get(i)) else { return (title, Vec::new()) };
    if let Some(question) = question(found, key) {
        let why = question.answer(model);
        return (why.title.clone(), answer(&why, wide));
    }
    (title, about(found, key).into_iter().flat_map(|l| folded(l, wide)).collect())
}

/// The question that a row raises, if it raises one.
pub fn question(row: &Row, key: &LinkKey) -> Option<Question> {
    let addr = |peer: &Peer| {
        let host = if peer.host.is_empty() { "127.0.0.1" } else { &peer.host };
        Addr::new(host, peer.port)
    };
    Some(match &row.kind {
        RowKind::Decision(decision) => Question::Decision {
            port: key.master.port,
            replica: addr(&key.replica),
            decision: decision.clone(),
        },
        RowKind::Refused { port, command, rule } => {
            Question::Refused { port: *port, command: command.clone(), rule: rule.clone() }
        }
        RowKind::Lost { by_master, by_replica, .. } => {
            let dull = |cause: &LinkLoss| matches!(cause, LinkLoss::PeerClosed);
            let (side, cause) = match (by_master, by_replica) {
                (Some(cause), _) if !dull(cause) => (Side::Master, cause),
                (_, Some(cause)) => (Side::Replica, cause),
                (Some(cause), None) => (Side::Master, cause),
                (None, None) => return None,
            };
            let (me, other) = match side {
                Side::Master => (&key.master, &key.replica),
                Side::Replica => (&key.replica, &key.master),
            };
            let link = LinkRef { side, peer: addr(other) };
            Question::Lost { port: me.port, link, cause: cause.clone() }
        }
        _ => return None,
    })
}

/// A line that is too long goes on in the next one.
fn folded(line: Text, wide: usize) -> Vec<Text> {
    if line.width() <= wide {
        return vec![line];
    }
    // The remark at the end moves as a whole where the rest fits.
    if let [head @ .., (mark, last, _)] = line.0.as_slice() {
        let head = Text(head.to_vec());
        if !head.0.is_empty() && head.width() <= wide {
            let mut out = vec![head];
            out.extend(Text::wrapped(*mark, "  ", last.trim_start(), wide));
            return out;
        }
    }
    let mark = line.0.first().map_or(Mark::Text, |p| p.0);
    let flat: String = line.0.iter().map(|p| p.1.as_str()).collect();
    Text::wrapped(mark, "", &flat, wide)
}

/// The rule, the numbers, the comparisons, the end, and the line that would have changed it, as
/// `console::why` words them.
fn answer(why: &Why, wide: usize) -> Vec<Text> {
    let mut out = Vec::new();
    if !why.rule.is_empty() {
        out.extend(Text::wrapped(Mark::Quiet, "", &why.rule, wide));
        out.push(Text::new());
    }
    let names = why.numbers.iter().map(|(name, _)| width(name)).max().unwrap_or(0) + 2;
    for (name, value) in &why.numbers {
        let head = Text::of(Mark::Quiet, fit(name, names));
        out.extend(hung(head, Mark::Text, value, wide));
    }
    if !why.numbers.is_empty() {
        out.push(Text::new());
    }
    let last = why.checks.len().saturating_sub(1);
    for (i, check) in why.checks.iter().enumerate() {
        let (mark, sign) = if check.good { (Mark::Good, "✓ ") } else { (Mark::Broken, "╳ ") };
        let line = Text::of(mark, sign)
            .add(Mark::Text, check.question.clone())
            .add(mark, format!(" {}", check.answer));
        let decided = "  ← decided";
        match i == last && line.width() + width(decided) <= wide {
            true => out.push(line.add(Mark::Key, decided)),
            false => out.extend(folded(line, wide)),
        }
    }
    if !why.checks.is_empty() {
        out.push(Text::new());
    }
    let mark = if why.good { Mark::Good } else { Mark::Waiting };
    out.extend(Text::wrapped(mark, "→ ", &why.verdict, wide));
    if !why.change.is_empty() {
        out.push(Text::new());
        out.push(Text::of(Mark::Title, "What would change it"));
    }
    for change in &why.change {
        let whose = match change.port {
            0 => "  ".to_owned(),
            port => format!("  {port}: "),
        };
        out.extend(hung(Text::of(Mark::Quiet, whose), Mark::Key, &change.line, wide));
        out.extend(Text::wrapped(Mark::Quiet, "    ", &change.effect, wide));
    }
    if let Some(advice) = &why.advice {
        out.push(Text::new());
        out.extend(Text::wrapped(Mark::Text, "", advice, wide));
    }
    out
}

/// A text behind its head, folded under itself.
fn hung(head: Text, mark: Mark, text: &str, wide: usize) -> Vec<Text> {
    let indent = head.width();
    let mut lines = wrap(text, wide.saturating_sub(indent).max(8)).into_iter();
    let first = head.add(mark, lines.next().unwrap_or_default());
    let rest = lines.map(|line| Text::of(mark, " ".repeat(indent) + &line));
    std::iter::once(first).chain(rest).collect()
}

fn about(row: &Row, key: &LinkKey) -> Vec<Text> {
    let mut out = vec![
        Text::of(Mark::Quiet, "at ")
            .add(Mark::Text, since_start(row.since_start_us))
            .add(Mark::Quiet, " of this connection"),
        Text::of(Mark::Replica, key.replica.label())
            .add(Mark::Quiet, " is in ")
            .add(Mark::Text, words::state_name(row.replica_state))
            .add(Mark::Quiet, " · ")
            .add(Mark::Master, key.master.label())
            .add(Mark::Quiet, " keeps it as ")
            .add(Mark::Text, row.master_state.map_or("nothing yet", words::replica_state_name)),
        Text::new(),
    ];
    for line in tell(row).into_iter().flat_map(|l| wrap(&l, 72)) {
        out.push(Text::of(Mark::Text, line));
    }
    out
}

fn tell(row: &Row) -> Vec<String> {
    match &row.kind {
        RowKind::Connect => vec!["The replica opens a TCP connection to its master.".into()],
        RowKind::Message { message, bytes, told, .. } => {
            let (_, text) = words::message(message, told.count());
            let mut out = vec![text];
            if *bytes > 0 {
                out.push(format!("{bytes} bytes on the wire"));
            }
            if let crate::observe::Message::FullResync { replid, offset } = message {
                out.push(format!("replid {replid}"));
                out.push(format!(
                    "The snapshot ends at byte {}; the stream goes on behind it.",
                    grouped(offset.0)
                ));
            }
            out
        }
        RowKind::KeepAlive { acks, pings, newlines, newlines_up, last_ack } => vec![
            format!(
                "{} acknowledgements, {} pings, {} newlines",
                acks.count(),
                pings.count(),
                newlines.count() + newlines_up.count()
            ),
            match last_ack {
                Some(offset) => {
                    format!("The replica has the stream up to byte {}.", grouped(offset.0))
                }
                None => String::new(),
            },
            "ACK once a second; PING every repl-ping-replica-period seconds.".into(),
        ],
        RowKind::Wait { .. } => vec![
            "The master waits before it starts the snapshot, so that other replicas may join"
                .into(),
            "the same transfer. CONFIG SET repl-diskless-sync-delay 0 ends the waiting.".into(),
        ],
        // These raise a question, which `console::why` answers.
        RowKind::Decision(_) | RowKind::Lost { .. } | RowKind::Refused { .. } => Vec::new(),
        RowKind::Snapshot { target, offset, keys, .. } => vec![
            format!("BGSAVE {}: {} keys.", words::target(*target), count(*keys)),
            format!(
                "It holds the data as of byte {}. What is written from here on waits in the \
                 replica's output buffer.",
                grouped(offset.0)
            ),
        ],
        RowKind::Rdb(t) => vec![
            format!("The snapshot on its way: {} so far.", size(t.bytes())),
            match t.framing {
                crate::observe::RdbFraming::Length(n) => {
                    format!("Framed as a file of known size: ${n}.")
                }
                crate::observe::RdbFraming::Eof => {
                    "Streamed without a size: $EOF and a mark of 40 bytes close it.".into()
                }
            },
        ],
        RowKind::Load { keys, bytes, .. } => {
            vec![format!(
                "The replica loads the snapshot: {} keys, {}.",
                count(*keys),
                size(*bytes)
            )]
        }
        RowKind::Write(w) => {
            let mut out = vec![words::command(&w.wire)];
            out.push(format!(
                "bytes {} … {} of the stream ({}), database {}",
                grouped(w.from.0),
                grouped(w.to.0),
                size(w.bytes()),
                w.db
            ));
            if w.commands > 1 {
                out.push(format!("{} commands", count(w.commands)));
            }
            if w.held {
                out.push(
                    "It was held back in the output buffer until the transfer was over.".into(),
                );
            }
            if row.master_state == Some(ReplicaState::Online) && w.applied.is_some() {
                out.push("The replica executed it.".into());
            }
            out
        }
        RowKind::Role { port, .. } => vec![format!("{port} changed its role.")],
        RowKind::Ids { port, replid, replid2, second_offset, offset, cause } => vec![
            format!("{port}: {}", words::id_cause(*cause)),
            format!("replid  {replid}"),
            format!("replid2 {replid2}"),
            format!(
                "second_repl_offset {} · offset {}",
                grouped(second_offset.0),
                grouped(offset.0)
            ),
        ],
        RowKind::Replay { write, since } => {
            let waited = span(row.at.link_us.saturating_sub(since.link_us));
            vec![
                words::command(&write.wire),
                format!(
                    "bytes {} … {} of the stream ({}), database {}",
                    grouped(write.from.0),
                    grouped(write.to.0),
                    size(write.bytes()),
                    write.db
                ),
                format!("It waited {waited} in the output buffer, until the transfer was over."),
            ]
        }
        RowKind::Online { on_ack: false } => {
            vec!["From here on the master sends the stream as it is written.".into()]
        }
        RowKind::Online { on_ack: true } => vec![
            "The RDB went straight to the socket: the master cannot know when it is loaded.".into(),
            "So the stream begins with the replica's first REPLCONF ACK.".into(),
        ],
        RowKind::Failover { step, .. } => vec![words::failover(step)],
        RowKind::SoftLimit { bytes, limit, patience_s, .. } => vec![
            format!("{} wait for the replica.", size(*bytes)),
            format!("soft limit {} for {patience_s} s: client-output-buffer-limit", size(*limit)),
        ],
        RowKind::Lab(_) => vec!["This was done by hand; :heal undoes faults.".into()],
        RowKind::Instance { port, up } => {
            vec![format!("{port} {}", if *up { "came up." } else { "went down." })]
        }
    }
}
