use crate::engine::host::Ticket;
use crate::observe::{Addr, LinkRef, Step};

/// Who lets the steps of replication through, one by one; shared by all instances of an owner.
/// Asked on the threads of the instances, in the middle of their turns.
pub trait Steps: Send + Sync {
    /// Whether steps are asked for at all. One atomic load.
    fn stepping(&self) -> bool;

    /// Whether this step of the instance on `port` may happen now. After a no, whoever changes its
    /// mind sends [`Control::Wake`](super::Control::Wake).
    fn may(&self, port: u16, ticket: Ticket, step: &Step) -> bool;

    /// A step that was refused will not be asked for again.
    fn forget(&self, port: u16, ticket: Ticket);

    /// Whether the peer of this link belongs to another owner: nobody asks for its steps there.
    fn outside(&self, link: &LinkRef) -> bool;

    /// Whether link time stands because steps wait. One atomic load.
    fn holding(&self) -> bool;

    /// While link time stands: the outside peers of the instance on `port` that hear nothing, and
    /// since when (microseconds of the clients' clock).
    fn peers_wait(&self, port: u16, peers: Vec<(Addr, u64)>);

    /// A turn of the instance on `port` is over, and its facts are told: what was decided in it may
    /// be told too.
    fn turn_over(&self, port: u16);
}

/// Every step may happen: what a server outside the lab has.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoSteps;

impl Steps for NoSteps {
    fn stepping(&self) -> bool {
        false
    }

    fn may(&self, _port: u16, _ticket: Ticket, _step: &Step) -> bool {
        true
    }

    fn forget(&self, _port: u16, _ticket: Ticket) {}

    fn outside(&self, _link: &LinkRef) -> bool {
        true
    }

    fn holding(&self) -> bool {
        false
    }

    fn peers_wait(&self, _port: u16, _peers: Vec<(Addr, u64)>) {}

    fn turn_over(&self, _port: u16) {}
}
