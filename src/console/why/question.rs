//! Which events raise a "why?".

use super::{Why, decision, lost, refused};
use crate::lab::model::{Model, Peer};
use crate::observe::Source;
use crate::observe::{Addr, Body, Decision, Event, Fact, LinkLoss, LinkRef, Now, Preview, Rule};

/// Something that was decided, and that one may wonder about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    /// A master judged a PSYNC.
    Decision { port: u16, replica: Addr, decision: Box<Decision> },
    /// An instance refused a client's command.
    Refused { port: u16, command: Preview, rule: Rule },
    /// A link ended.
    Lost { port: u16, link: LinkRef, cause: LinkLoss },
}

/// A question, and the event that raised it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Raised {
    pub seq: u64,
    pub at: Now,
    pub question: Question,
}

impl Question {
    /// The question that an event raises, if it is one that has an answer worth reading. A link
    /// that the learner closed by REPLICAOF raises none.
    pub fn of(event: &Event) -> Option<Question> {
        let (Source::Instance(port), Body::Fact(fact)) = (event.source, &event.body) else {
            return None;
        };
        Some(match fact {
            Fact::PsyncDecision { replica, decision } => {
                Question::Decision { port, replica: replica.clone(), decision: decision.clone() }
            }
            Fact::Refused { command, rule, .. } => {
                Question::Refused { port, command: command.clone(), rule: rule.clone() }
            }
            Fact::LinkLost { cause: LinkLoss::ClosedHere, .. } => return None,
            Fact::LinkLost { link, cause } => {
                Question::Lost { port, link: link.clone(), cause: cause.clone() }
            }
            _ => return None,
        })
    }

    /// The instance that decided.
    pub fn port(&self) -> u16 {
        match self {
            Question::Decision { port, .. }
            | Question::Refused { port, .. }
            | Question::Lost { port, .. } => *port,
        }
    }

    /// Whether it concerns the instance on `port`, at either end.
    pub fn concerns(&self, port: u16) -> bool {
        self.port() == port
            || match self {
                Question::Decision { replica, .. } => replica.port == port,
                Question::Lost { link, .. } => link.peer.port == port,
                Question::Refused { .. } => false,
            }
    }

    /// Whether another question is the same one asked again: a retry that fails as before.
    pub fn repeats(&self, earlier: &Question) -> bool {
        match (self, earlier) {
            (
                Question::Lost { port: a, link: l, cause: LinkLoss::ConnectFailed(_) },
                Question::Lost { port: b, link: m, cause: LinkLoss::ConnectFailed(_) },
            ) => a == b && l == m,
            _ => self == earlier,
        }
    }

    /// Question and end in one line: `6380 judged the PSYNC of 6381: full resync: asked for`.
    pub fn headline(&self, model: &Model) -> String {
        match self {
            Question::Decision { port, replica, decision } => {
                let (_, text) = decision::verdict(decision);
                format!("{port} judged the PSYNC of {}: {text}", name(model, replica))
            }
            Question::Refused { port, command, rule } => {
                let rule = match rule {
                    Rule::ReadOnlyReplica => "replica-read-only",
                    Rule::NoReplicas { .. } => "min-replicas-to-write",
                    Rule::MasterDown { .. } => "replica-serve-stale-data",
                    Rule::Loading => "it is loading",
                    Rule::SaveFailed => "stop-writes-on-bgsave-error",
                };
                format!("{port} refused {command}: {rule}")
            }
            Question::Lost { port, link, cause } => {
                let text = lost::cause_text(cause);
                format!("{port} lost its link to {}: {text}", name(model, &link.peer))
            }
        }
    }

    /// The answer, with the settings that the model knows.
    pub fn answer(&self, model: &Model) -> Why {
        let judge = model.instance(self.port());
        match self {
            Question::Decision { port, replica, decision } => {
                decision::why(&name(model, replica), *port, decision, judge)
            }
            Question::Refused { port, command, rule } => refused::why(*port, command, rule, judge),
            Question::Lost { port, link, cause } => {
                let why = lost::why(*port, link, &name(model, &link.peer), cause, judge);
                lost::with_learners_part(why, *port, link, cause, model)
            }
        }
    }
}

/// One of the lab's by its port, a stranger by its address.
fn name(model: &Model, addr: &Addr) -> String {
    match model.peer(addr) {
        Peer::Inside(port) => port.to_string(),
        Peer::Outside(addr) if addr.port == 0 => "a replica that has not said its port".into(),
        Peer::Outside(addr) => addr.to_string(),
    }
}
