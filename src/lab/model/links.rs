use super::{Downstream, Instance, Model, Upstream};
use crate::observe::{Addr, Flow, LinkState, Now, Offset, ReplicaState, Role, Side, StepWhat};

/// One end of a link.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Peer {
    /// An instance of the lab.
    Inside(u16),
    /// Somebody who joined over TCP, or a master outside.
    Outside(Addr),
}

/// A replication link, joined from both ends' tales. Either end may be silent: an outside peer
/// tells nothing, and a master that is down knows nothing.
#[derive(Clone, Debug)]
pub struct LinkView<'a> {
    pub master: Peer,
    pub replica: Peer,
    /// The replica's tale.
    pub up: Option<&'a Upstream>,
    /// The master's tale.
    pub down: Option<&'a Downstream>,
    pub status: LinkStatus,
    /// Since when the status holds (as well as the tales tell).
    pub since: Now,
    /// Bytes written by the master that the replica has not acknowledged yet.
    pub behind: Option<u64>,
    /// The bound set by a throttle, in bytes per second.
    pub throttle: Option<u64>,
}

/// The state of a link as one word for both ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkStatus {
    /// There is no connection.
    Down,
    Connecting,
    Handshake,
    /// The master has not begun the snapshot, or is making it.
    Waiting,
    /// The RDB travels or is being loaded.
    Transfer,
    /// The stream flows.
    Online,
}

impl Model {
    /// Which instance an address names, or that it is none of ours.
    pub fn peer(&self, addr: &Addr) -> Peer {
        let ours =
            self.instances.contains_key(&addr.port) || self.session.ports.contains(&addr.port);
        if ours && is_loopback(&addr.host) {
            Peer::Inside(addr.port)
        } else {
            Peer::Outside(addr.clone())
        }
    }

    /// Every link that exists, or that a replica wants, ordered by master and replica. A link that
    /// was lost is still there as long as the replica wants it or its end was never known.
    pub fn links(&self) -> Vec<LinkView<'_>> {
        let mut links = Vec::new();
        for instance in self.instances.values() {
            if let (Role::Replica, Some(addr)) = (instance.role, &instance.master) {
                let master = self.peer(addr);
                let down = match &master {
                    Peer::Inside(port) => {
                        self.instances.get(port).and_then(|m| self.seen_by(m, instance.port))
                    }
                    Peer::Outside(_) => None,
                };
                links.push(self.join(master, Peer::Inside(instance.port), Some(instance), down));
            }
            for seen in instance.replicas.values() {
                if let Peer::Outside(addr) = self.peer(&seen.addr)
                    && seen.state.is_some()
                {
                    let master = Peer::Inside(instance.port);
                    links.push(self.join(master, Peer::Outside(addr), None, Some(seen)));
                }
            }
        }
        links.sort_by(|a, b| (&a.master, &a.replica).cmp(&(&b.master, &b.replica)));
        links
    }

    /// The link from `replica` to whatever master it follows.
    pub fn link_of(&self, replica: u16) -> Option<LinkView<'_>> {
        self.links().into_iter().find(|l| l.replica == Peer::Inside(replica))
    }

    /// The part of the stream that step mode keeps from a replica: the offset of its first byte, and
    /// how many bytes of it the master has written. `None`: no command waits for its step.
    pub fn kept_by_steps(&self, link: &LinkView<'_>) -> Option<(Offset, u64)> {
        let Peer::Inside(master) = link.master else { return None };
        let kept =
            self.time.waiting_at(master).filter_map(|w| match (&w.step.link, &w.step.what) {
                (Some(on), StepWhat::Command { from, to, .. })
                    if w.step.flow == Flow::Out
                        && on.side == Side::Master
                        && self.peer(&on.peer) == link.replica =>
                {
                    Some((*from, *to))
                }
                _ => None,
            });
        let (from, to) = kept.min()?;
        let head = self.instances.get(&master).map_or(to, |m| m.offset.max(to));
        Some((from, (head - from + 1).max(0).unsigned_abs()))
    }

    /// What the master knows of our instance on `port`: an attached link before a lost one.
    fn seen_by<'a>(&self, master: &'a Instance, port: u16) -> Option<&'a Downstream> {
        master
            .replicas
            .values()
            .filter(|r| self.peer(&r.addr) == Peer::Inside(port))
            .max_by_key(|r| (r.is_attached(), r.state_since))
    }

    fn join<'a>(
        &'a self,
        master: Peer,
        replica: Peer,
        instance: Option<&'a Instance>,
        down: Option<&'a Downstream>,
    ) -> LinkView<'a> {
        let up = instance.map(|i| &i.upstream);
        let (status, since) = match (instance, up, down) {
            (Some(i), _, _) if !i.is_up() => (LinkStatus::Down, i.life.since()),
            (_, Some(up), down) => from_replica(up, down),
            (_, None, Some(down)) => from_master(down),
            (_, None, None) => (LinkStatus::Down, self.now),
        };
        let head = match &master {
            Peer::Inside(port) => self.instances.get(port).filter(|m| m.is_up()).map(|m| m.offset),
            Peer::Outside(_) => None,
        };
        let acked =
            down.filter(|d| d.is_attached()).and_then(|d| d.acked).map(|(offset, _)| offset);
        let behind = match (head, acked) {
            (Some(head), Some(acked)) => Some((head - acked).max(0) as u64),
            _ => None,
        };
        let throttle = self.throttles.get(&pair(port_of(&master), port_of(&replica))).copied();
        LinkView { master, replica, up, down, status, since, behind, throttle }
    }
}

fn from_replica(up: &Upstream, down: Option<&Downstream>) -> (LinkStatus, Now) {
    let attached = down.filter(|d| d.is_attached());
    let status = match up.state {
        LinkState::None | LinkState::Connect => LinkStatus::Down,
        LinkState::Connecting => LinkStatus::Connecting,
        LinkState::Connected => LinkStatus::Online,
        LinkState::Transfer => match attached.and_then(|d| d.state) {
            // Diskless, the bytes travel while the snapshot is still being made, and all of them may
            // have come before its end is told.
            Some(ReplicaState::WaitBgsaveEnd) if up.rdb.is_none() => LinkStatus::Waiting,
            _ => LinkStatus::Transfer,
        },
        LinkState::ReceivePsyncReply => match attached.and_then(|d| d.state) {
            Some(ReplicaState::WaitBgsaveStart | ReplicaState::WaitBgsaveEnd) => {
                LinkStatus::Waiting
            }
            _ => LinkStatus::Handshake,
        },
        _ => LinkStatus::Handshake,
    };
    match (status, up.down_since) {
        (LinkStatus::Down, Some(since)) => (status, since),
        (LinkStatus::Waiting, _) => (status, attached.map_or(up.since, |d| d.state_since)),
        _ => (status, up.since),
    }
}

fn from_master(down: &Downstream) -> (LinkStatus, Now) {
    if let Some((at, _)) = down.gone {
        return (LinkStatus::Down, at);
    }
    let status = match down.state {
        None => LinkStatus::Handshake,
        Some(ReplicaState::WaitBgsaveStart) => LinkStatus::Waiting,
        Some(ReplicaState::WaitBgsaveEnd) => match down.rdb {
            Some(_) => LinkStatus::Transfer,
            None => LinkStatus::Waiting,
        },
        Some(ReplicaState::SendBulk | ReplicaState::RdbTransmitted) => LinkStatus::Transfer,
        Some(ReplicaState::Online) => LinkStatus::Online,
    };
    (status, down.state_since)
}

fn port_of(peer: &Peer) -> u16 {
    match peer {
        Peer::Inside(port) => *port,
        Peer::Outside(addr) => addr.port,
    }
}

/// A pair of ports in the order in which throttles are kept.
pub(super) fn pair(a: u16, b: u16) -> (u16, u16) {
    (a.min(b), a.max(b))
}

/// Whether a host as a user spelled it is this machine.
pub(super) fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}
