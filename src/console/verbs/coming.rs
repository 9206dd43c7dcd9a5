//! What is known to come by itself while no step waits: a snapshot that waits for others, a replica
//! that dials again each second, an acknowledgement.
//!
//! In: the model. Out: sentences, soonest first, and how long each may take. It never waits itself.

use crate::console::units;
use crate::lab::model::{LinkStatus, LinkView, Model, Peer};
use crate::observe::WaitReason;
use std::time::Duration;

/// Cron looks ten times a second; what it finds takes a moment.
const MARGIN: Duration = Duration::from_millis(500);
/// A replica dials, and acknowledges, once a second.
const EACH_SECOND: Duration = Duration::from_millis(1_000);
/// A handshake or a transfer that is under way says nothing of how long it takes.
const UNDER_WAY: Duration = Duration::from_secs(10);

/// One thing that will ask for a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Coming {
    /// It should be there after this time; slow motion is counted in.
    pub within: Duration,
    pub text: String,
    /// The pulse of a link in sync: not worth waiting for behind other steps.
    pub pulse: bool,
}

/// All that is known to come, the soonest first.
pub(crate) fn known(model: &Model) -> Vec<Coming> {
    let slow = model.time.slow.max(1);
    let mut out: Vec<Coming> = model.links().iter().filter_map(|l| of_link(model, l)).collect();
    for coming in &mut out {
        coming.within = coming.within * slow + MARGIN;
    }
    out.sort_by_key(|c| (c.within, c.text.clone()));
    out.dedup();
    out
}

fn of_link(model: &Model, link: &LinkView<'_>) -> Option<Coming> {
    let ours = |peer: &Peer| match peer {
        Peer::Inside(port) => Some(*port),
        Peer::Outside(_) => None,
    };
    let frozen = |peer: &Peer| ours(peer).is_some_and(|port| model.frozen.contains(&port));
    let (master, replica) = (name(&link.master), name(&link.replica));
    let is = |within, text, pulse| Some(Coming { within, text, pulse });
    if let Some(wait) = link.down.and_then(|d| d.wait)
        && let WaitReason::DisklessDelay { secs } = wait.reason
    {
        if frozen(&link.master) {
            return None;
        }
        let all = Duration::from_secs(secs);
        let passed = Duration::from_micros(model.since_us(wait.since));
        let left = all.saturating_sub(passed / model.time.slow.max(1));
        let us = u64::try_from(left.as_micros()).unwrap_or(u64::MAX);
        let text = format!(
            "{master} waits {} more for others to join: repl-diskless-sync-delay {secs}",
            units::span_us(us)
        );
        // The master looks at it once a second.
        return is(left + EACH_SECOND, text, false);
    }
    // A stranger's clock is not known, and a replica that is down or frozen does nothing.
    let port = ours(&link.replica)?;
    if frozen(&link.replica) || !model.instance(port).is_some_and(|i| i.is_up()) {
        return None;
    }
    match link.status {
        LinkStatus::Down | LinkStatus::Connecting => {
            is(EACH_SECOND, format!("{replica} dials {master} once a second"), false)
        }
        LinkStatus::Online => {
            is(EACH_SECOND, format!("{replica} acknowledges to {master} once a second"), true)
        }
        LinkStatus::Handshake => {
            is(UNDER_WAY, format!("{replica} and {master} are in the handshake"), false)
        }
        LinkStatus::Waiting => {
            is(UNDER_WAY, format!("{replica} waits for the snapshot of {master}"), false)
        }
        LinkStatus::Transfer => {
            is(UNDER_WAY, format!("the RDB of {master} is on its way to {replica}"), false)
        }
    }
}

fn name(peer: &Peer) -> String {
    match peer {
        Peer::Inside(port) => port.to_string(),
        Peer::Outside(addr) => crate::console::steps::plain_name(addr),
    }
}
