//! Names for the two ends of a link that do not depend on who reports it.

use crate::observe::{Addr, LinkRef, Side};

/// One end of a link: an instance of the lab or a peer outside of it, by address. Every spelling
/// of the loopback host is the same host, because the two ends spell it differently.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Peer {
    /// Empty for this machine.
    pub host: String,
    /// 0 when a replica has not announced its port yet.
    pub port: u16,
}

impl Peer {
    /// The instance on this machine that listens on `port`.
    pub fn port(port: u16) -> Peer {
        Peer { host: String::new(), port }
    }

    /// The peer behind an address as one end spelled it.
    pub fn of(addr: &Addr) -> Peer {
        let host = addr.host.as_str();
        let local = host.is_empty()
            || host.eq_ignore_ascii_case("localhost")
            || host.starts_with("127.")
            || host == "::1";
        Peer { host: if local { String::new() } else { host.to_owned() }, port: addr.port }
    }

    /// How the screen names it: `6381`, or `10.0.0.5:7000`.
    pub fn label(&self) -> String {
        match (self.host.is_empty(), self.port) {
            (true, 0) => "a replica".to_owned(),
            (true, port) => port.to_string(),
            (false, 0) => self.host.clone(),
            (false, port) => format!("{}:{port}", self.host),
        }
    }
}

/// A link: who follows whom.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkKey {
    pub master: Peer,
    pub replica: Peer,
}

impl LinkKey {
    /// `replica` follows `master`.
    pub fn new(replica: Peer, master: Peer) -> LinkKey {
        LinkKey { master, replica }
    }

    /// The link that the instance `me` means.
    pub fn seen_by(me: u16, link: &LinkRef) -> LinkKey {
        match link.side {
            Side::Master => LinkKey::new(Peer::of(&link.peer), Peer::port(me)),
            Side::Replica => LinkKey::new(Peer::port(me), Peer::of(&link.peer)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ends_name_the_same_link() {
        let master = LinkRef { side: Side::Master, peer: Addr::new("127.0.0.1", 6381) };
        let replica = LinkRef { side: Side::Replica, peer: Addr::new("localhost", 6380) };
        assert_eq!(LinkKey::seen_by(6380, &master), LinkKey::seen_by(6381, &replica));
    }

    #[test]
    fn outside_peers_keep_their_host() {
        assert_eq!(Peer::of(&Addr::new("10.0.0.5", 7000)).label(), "10.0.0.5:7000");
    }
}
