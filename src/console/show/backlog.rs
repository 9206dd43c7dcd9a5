//! What can still be resumed: each instance's window of the stream, and what it would grant.

use super::{plain, wanted};
use crate::console::units::{bytes, count, plural, signed};
use crate::console::why::decision;
use crate::lab::model::{Instance, LinkStatus, Model, Peer};
use crate::observe::{AnswerLine, Role};

pub fn lines(model: &Model, only: &[u16]) -> Vec<AnswerLine> {
    let mut out = Vec::new();
    for i in model.instances.values().filter(|i| wanted(only, &[i.port])) {
        if i.is_up() && (i.backlog.is_active() || !only.is_empty()) {
            out.extend(window(model, i).into_iter().map(plain));
        } else if !only.is_empty() {
            out.push(plain(format!("{}  is down: a backlog lives in memory, it is gone", i.port)));
        }
    }
    if out.is_empty() {
        let text =
            "no backlog yet: the first replica that asks for a sync makes its master keep one";
        out.push(plain(text));
    }
    out
}

fn window(model: &Model, i: &Instance) -> Vec<String> {
    let role = match i.role {
        Role::Master => "master",
        Role::Replica => "replica",
    };
    let mut out = vec![format!("{}  {role}, replid {}", i.port, i.ids.replid)];
    let b = &i.backlog;
    if !b.is_active() {
        out.push("      no backlog: nothing can be resumed".to_owned());
        return out;
    }
    let used = b.histlen.saturating_mul(100).checked_div(b.size).unwrap_or(0);
    out.push(format!(
        "      holds    {} … {}: {} of {}, {used} %",
        signed(b.first.0),
        signed(b.last().0),
        bytes(b.histlen),
        bytes(b.size)
    ));
    if b.histlen > b.size {
        out.push("               more than its size: a slow replica still needs it".to_owned());
    }
    let (from, next) = (signed(b.first.0), signed(b.last().0 + 1));
    out.push(format!("      resumes  {} asked from {from} to {next}", i.ids.replid.short()));
    if !i.ids.replid2.is_zero() {
        let until = i.ids.second_offset.0.min(b.last().0 + 1);
        let old = i.ids.replid2.short();
        out.push(if until >= b.first.0 {
            format!("      resumes  {old} (replid2) asked from {from} to {}", signed(until))
        } else {
            format!("      resumes  {old} (replid2) no more: it fell out of the backlog")
        });
    }
    for other in model.instances.values().filter(|o| o.port != i.port) {
        out.push(format!("      {}     {}", other.port, peer(model, i, other)));
    }
    let n = &i.counters;
    out.push(format!(
        "      syncs    {} full, {} partial, {} refused",
        count(n.sync_full),
        count(n.sync_partial_ok),
        count(n.sync_partial_err)
    ));
    out
}

/// What another instance would get if it sent its PSYNC to `i` now: the master's own judgement.
fn peer(model: &Model, i: &Instance, other: &Instance) -> String {
    if !other.is_up() {
        return "is down: asks nothing".to_owned();
    }
    if i.refuses_psync() {
        return format!("would have to wait: -NOMASTERLINK, {}'s own link is down", i.port);
    }
    let linked = model.link_of(other.port).filter(|l| l.master == Peer::Inside(i.port));
    let d = i.would_judge(other);
    let asks = match d.asked_id.starts_with('?') {
        true => "? -1".to_owned(),
        false => format!("{} {}", decision::short_id(&d.asked_id), signed(d.asked_offset.0)),
    };
    let head = match linked.as_ref().map(|l| l.status) {
        Some(LinkStatus::Online) => match linked.and_then(|l| l.behind) {
            Some(0) => "online, 0 B behind; ".to_owned(),
            Some(n) => format!("online, {} behind; ", plural(n, "byte")),
            None => "online; ".to_owned(),
        },
        _ => String::new(),
    };
    let (_, end) = decision::verdict(&d);
    format!("{head}would ask PSYNC {asks}: {end}")
}
