//! `why?`: the numbers behind a row, a PSYNC decision above all.

use super::frame::{Canvas, Text};
use super::words;
use crate::console::why::{self, Why};
use crate::observe::ReplicaState;
use crate::tui::app::App;
use crate::tui::reduce::link::LinkKey;
use crate::tui::reduce::merge::RowRef;
use crate::tui::reduce::row::{Row, RowKind};
use crate::tui::text::{count, grouped, since_start, size, span, wrap};
use crate::tui::theme::Mark;
use ratatui::layout::Rect;

pub fn draw(c: &mut Canvas, app: &App, screen: Rect, row: &RowRef) {
    // What the popup leaves inside of its border.
    let wide = usize::from(screen.width.saturating_sub(6).min(74));
    let (title, lines) = lines(app, row, wide);
    if lines.is_empty() {
        return;
    }
    let height = lines.len() as u16 + 2;
    let inner = c.popup(screen, (74, height), &title);
    c.lines(inner, &lines);
    let foot = Rect { y: inner.bottom().saturating_sub(1), height: 1, ..inner };
    c.line(foot, 0, &Text::of(Mark::Quiet, "j k the next rows · y copies · any other key closes"));
}

/// The title, and what is behind a row.
pub fn lines(app: &App, name: &RowRef, wide: usize) -> (String, Vec<Text>) {
    let key = &name.link;
    let title = format!("{} ⇄ {}", key.replica.label(), key.master.label());
    let Some(seq) = app.world.links.get(key) else { return (title, Vec::new()) };
    let at = name.row.checked_sub(seq.dropped).and_then(|i| usize::try_from(i).ok());
    let Some(found) = at.and_then(|i| seq.rows.get(i)) else { return (title, Vec::new()) };
    let (title, lines) = match &found.kind {
        RowKind::Decision(d) => (
            format!("Why? PSYNC of {}, judged by {}", key.replica.label(), key.master.label()),
            answer(&why::decision::why(
                &key.replica.label(),
                key.master.port,
                d,
                app.world.model.instance(key.master.port),
            )),
        ),
        _ => (title, about(found, key)),
    };
    (title, lines.into_iter().flat_map(|l| folded(l, wide)).collect())
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

/// The numbers, the comparisons and the end, as `console::why` words them.
fn answer(why: &Why) -> Vec<Text> {
    let mut out: Vec<Text> = why
        .numbers
        .iter()
        .map(|(name, value)| {
            Text::of(Mark::Quiet, format!("{name:<13} ")).add(Mark::Text, value.clone())
        })
        .collect();
    out.push(Text::new());
    for check in &why.checks {
        let (mark, sign) = if check.good { (Mark::Good, "✓") } else { (Mark::Broken, "╳") };
        out.push(
            Text::of(mark, format!("{sign} "))
                .add(Mark::Text, check.question.clone())
                .add(Mark::Text, " ")
                .add(mark, check.answer.clone()),
        );
    }
    out.push(Text::new());
    let mark = if why.good { Mark::Good } else { Mark::Waiting };
    out.push(Text::of(mark, format!("→ {}", why.verdict)));
    for change in &why.change {
        out.push(
            Text::of(Mark::Quiet, format!("would change: {} ", change.port))
                .add(Mark::Text, change.line.clone()),
        );
        out.push(Text::of(Mark::Quiet, format!("  {}", change.effect)));
    }
    if let Some(advice) = &why.advice {
        out.push(Text::of(Mark::Quiet, advice.clone()));
    }
    out
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
        RowKind::Decision(_) => Vec::new(),
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
        RowKind::Lost { by_master, by_replica, .. } => {
            let mut out = Vec::new();
            if let Some(why) = by_replica {
                out.push(format!("The replica: {}", words::loss(why)));
            }
            if let Some(why) = by_master {
                out.push(format!("The master: {}", words::loss(why)));
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
        RowKind::Online => vec![
            "From here on the master sends the stream as it is written.".into(),
            "After a transfer without a disk that is the replica's first ACK.".into(),
        ],
        RowKind::Refused { port, command, rule } => {
            vec![format!("{port} refused {command}: {}", words::refusal(rule))]
        }
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
