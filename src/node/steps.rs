use crate::engine::host::Ticket;
use crate::observe::Step;

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

    fn turn_over(&self, _port: u16) {}
}
