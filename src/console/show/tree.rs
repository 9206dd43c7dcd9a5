//! The instances as trees: every master with its replicas below it.

use super::port_of;
use crate::lab::model::{LinkView, Model, Peer};
use std::collections::BTreeSet;

/// One node, in the order in which a reader meets it.
pub struct Node<'a> {
    pub peer: Peer,
    /// How deep it hangs; a root is 0.
    pub depth: usize,
    /// For each level above it, whether more follows there: the strokes in front.
    pub more: Vec<bool>,
    /// The link to the node above it.
    pub link: Option<LinkView<'a>>,
}

/// All instances, and the guests that joined, root by root. A circle of replicas begins at its
/// lowest port.
pub fn nodes(model: &Model) -> Vec<Node<'_>> {
    let mut links = model.links();
    let mut out = Vec::new();
    let mut met = BTreeSet::new();
    let has_master = |peer: &Peer, links: &[LinkView<'_>]| links.iter().any(|l| l.replica == *peer);
    let mut roots: Vec<Peer> = model.instances.keys().map(|p| Peer::Inside(*p)).collect();
    // Masters outside of the lab, named by our replicas.
    roots.extend(links.iter().map(|l| l.master.clone()));
    roots.sort_by_key(|p| (has_master(p, &links), port_of(p)));
    roots.dedup();
    for root in roots {
        if !met.contains(&root) {
            below(root, 0, Vec::new(), None, &mut links, &mut met, &mut out);
        }
    }
    out
}

fn below<'a>(
    peer: Peer,
    depth: usize,
    more: Vec<bool>,
    link: Option<LinkView<'a>>,
    links: &mut Vec<LinkView<'a>>,
    met: &mut BTreeSet<Peer>,
    out: &mut Vec<Node<'a>>,
) {
    met.insert(peer.clone());
    let (mine, rest): (Vec<_>, Vec<_>) = std::mem::take(links)
        .into_iter()
        .partition(|l| l.master == peer && !met.contains(&l.replica));
    *links = rest;
    out.push(Node { peer, depth, more: more.clone(), link });
    let last = mine.len().saturating_sub(1);
    for (i, link) in mine.into_iter().enumerate() {
        let mut more = more.clone();
        more.push(i < last);
        below(link.replica.clone(), depth + 1, more, Some(link), links, met, out);
    }
}

/// The strokes in front of a node: `├─ `, `│  └─ `.
pub fn strokes(more: &[bool]) -> String {
    let mut out = String::new();
    for (i, more_follows) in more.iter().enumerate() {
        out.push_str(match (i + 1 == more.len(), more_follows) {
            (true, true) => "├─ ",
            (true, false) => "└─ ",
            (false, true) => "│  ",
            (false, false) => "   ",
        });
    }
    out
}

/// The topmost instance above this one: whose data it ought to have.
pub fn root(model: &Model, port: u16) -> u16 {
    let mut at = port;
    for _ in 0..model.instances.len() {
        match model.link_of(at).map(|l| l.master) {
            Some(Peer::Inside(master)) => at = master,
            _ => break,
        }
    }
    at
}
