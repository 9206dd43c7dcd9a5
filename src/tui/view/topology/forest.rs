//! Who follows whom, as trees: pure, from the model.

use crate::lab::model::{LinkView, Model};
use crate::tui::reduce::link::Peer;
use crate::tui::view::words::peer;
use std::collections::{BTreeMap, BTreeSet};

/// One instance, or one guest.
#[derive(Clone, Debug)]
pub struct Node {
    pub peer: Peer,
    /// The link to the master that it hangs on.
    pub link: Option<usize>,
    pub children: Vec<usize>,
    /// A link that would close a circle: it is told, and not drawn.
    pub circle: Option<usize>,
}

/// Everybody, as trees.
pub struct Forest<'a> {
    pub links: Vec<LinkView<'a>>,
    pub nodes: Vec<Node>,
    /// Whoever hangs on nobody; those that have replicas first.
    pub roots: Vec<usize>,
}

impl<'a> Forest<'a> {
    pub fn of(model: &'a Model) -> Forest<'a> {
        let links = model.links();
        let ends: Vec<(Peer, Peer)> =
            links.iter().map(|l| (peer(&l.master), peer(&l.replica))).collect();
        let mut peers: BTreeSet<Peer> = model.instances.keys().map(|p| Peer::port(*p)).collect();
        peers.extend(model.session.ports.iter().map(|p| Peer::port(*p)));
        peers.extend(ends.iter().flat_map(|(m, r)| [m.clone(), r.clone()]));
        let places: BTreeMap<&Peer, usize> =
            peers.iter().enumerate().map(|(i, p)| (p, i)).collect();
        let mut nodes: Vec<Node> = peers
            .iter()
            .map(|p| Node { peer: p.clone(), link: None, children: Vec::new(), circle: None })
            .collect();
        let mut above: Vec<Option<usize>> = vec![None; nodes.len()];
        for (i, (master, replica)) in ends.iter().enumerate() {
            let (m, r) = (places[master], places[replica]);
            let up = std::iter::successors(Some(m), |n| above[*n]);
            // Following itself, or each other, must not hide anybody.
            if up.take(nodes.len() + 1).any(|n| n == r) {
                nodes[r].circle = Some(i);
                continue;
            }
            above[r] = Some(m);
            nodes[r].link = Some(i);
            nodes[m].children.push(r);
        }
        let mut roots: Vec<usize> = (0..nodes.len()).filter(|n| above[*n].is_none()).collect();
        roots.sort_by_key(|r| (nodes[*r].children.is_empty(), *r));
        Forest { links, nodes, roots }
    }

    /// How many columns the deepest tree has.
    pub fn columns(&self) -> usize {
        self.roots.iter().map(|r| self.depth(*r)).max().unwrap_or(1)
    }

    fn depth(&self, node: usize) -> usize {
        1 + self.nodes[node].children.iter().map(|n| self.depth(*n)).max().unwrap_or(0)
    }

    /// How many nodes of the tree below have no replica: each has a row of boxes.
    pub fn leaves(&self, node: usize) -> u16 {
        let below: u16 = self.nodes[node].children.iter().map(|n| self.leaves(*n)).sum();
        below.max(1)
    }

    /// Whether it neither follows nor is followed.
    pub fn is_lone(&self, node: usize) -> bool {
        self.nodes[node].children.is_empty() && self.nodes[node].link.is_none()
    }

    /// The roots that have replicas, and those that stand alone.
    pub fn parted(&self) -> (Vec<usize>, Vec<usize>) {
        self.roots.iter().copied().partition(|r| !self.is_lone(*r))
    }
}
