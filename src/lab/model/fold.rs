//! One event at a time into the model: the lab's own facts here, an instance's in the parts.

mod data;
mod link;

use super::history::MomentKind;
use super::links::{is_loopback, pair};
use super::{Ids, Instance, Life, Model, Session, Upstream, time, write_rules};
use crate::observe::{
    Addr, Body, Event, ExitHow, Fact, IdCause, LabFact, LinkLoss, LinkState, Now, Role, RoleCause,
    Source,
};

/// Where the event that is being folded stands.
#[derive(Clone, Copy)]
pub(super) struct Here {
    at: Now,
    seq: u64,
    port: u16,
}

pub(super) fn apply(model: &mut Model, event: &Event) {
    // Threads tell in turn, so that an event may be a little older than the one before it.
    model.now = model.now.max(event.at);
    model.seq = event.seq + 1;
    match (&event.body, event.source) {
        (Body::Lab(fact), _) => lab(model, event, fact),
        (Body::Fact(fact), Source::Instance(port)) => {
            instance(model, Here { at: event.at, seq: event.seq, port }, fact);
        }
        _ => {}
    }
}

fn lab(model: &mut Model, event: &Event, fact: &LabFact) {
    let (at, seq) = (event.at, event.seq);
    let mut note = |kind| model.history.push(seq, at, kind);
    match fact {
        LabFact::SessionBegan { version, ports, bare, lesson } => {
            model.session = Session {
                version: version.clone(),
                ports: ports.clone(),
                bare: *bare,
                lesson: lesson.clone(),
                began: at,
            };
        }
        LabFact::InstanceUp { port, conf } => {
            note(MomentKind::Up { port: *port });
            // Its own `Booted` may come before or after, so nothing is reset here.
            let i = model.instances.entry(*port).or_insert_with(|| Instance::new(*port, at));
            if !i.is_up() {
                i.life = Life::Starting { since: at };
            }
            i.conf = conf.clone();
        }
        LabFact::InstanceFailed { port, reason } => {
            note(MomentKind::StartFailed { port: *port, reason: reason.clone() });
            let i = model.instances.entry(*port).or_insert_with(|| Instance::new(*port, at));
            // The port may be taken by an instance of ours that runs well.
            if !matches!(i.life, Life::Up { .. } | Life::Leaving { .. }) {
                i.life = Life::Failed { since: at, reason: reason.clone() };
            }
        }
        LabFact::InstanceDown { port, how } => {
            note(MomentKind::Down { port: *port, how: how.clone() });
            down(model, *port, at, how);
        }
        LabFact::LinkThrottled { a, b, bytes_per_second } => {
            note(MomentKind::Throttled { a: *a, b: *b, bytes_per_second: *bytes_per_second });
            match bytes_per_second {
                Some(rate) => model.throttles.insert(pair(*a, *b), *rate),
                None => model.throttles.remove(&pair(*a, *b)),
            };
        }
        LabFact::DirMade { path } | LabFact::FileWritten { path, .. } => {
            model.files.insert(path.clone());
        }
        LabFact::FileRemoved { path } => {
            let inside = format!("{path}/");
            model.files.retain(|f| f != path && !f.starts_with(&inside));
        }
        LabFact::GoalTicked { lesson, goal, .. } => {
            note(MomentKind::GoalTicked { lesson: lesson.clone(), goal: *goal });
            model.goals.insert((lesson.clone(), *goal));
        }
        LabFact::LessonDone { lesson, .. } => {
            note(MomentKind::LessonDone { lesson: lesson.clone() })
        }
        LabFact::Lost { events } => model.note_lost(*events),
        LabFact::LinkFault { a, b, fault, on } => {
            time::fault(&mut model.faults, (*a, *b), *fault, *on);
        }
        LabFact::Frozen { port, on: true } => {
            model.frozen.insert(*port);
        }
        LabFact::Frozen { port, on: false } => {
            model.frozen.remove(port);
        }
        LabFact::PortAdded { port } => {
            if !model.session.ports.contains(port) {
                model.session.ports.push(*port);
            }
        }
        LabFact::PortRemoved { port } => {
            model.session.ports.retain(|p| p != port);
            model.instances.remove(port);
            model.frozen.remove(port);
            // Nobody comes back from there: what a master knew of it is no link any more.
            for i in model.instances.values_mut() {
                i.replicas.retain(|_, r| r.addr.port != *port || !is_loopback(&r.addr.host));
            }
        }
        // The ends tell of it themselves.
        LabFact::LinkDropped { .. } => {}
        LabFact::StepMode { .. }
        | LabFact::StepWaits { .. }
        | LabFact::StepTaken { .. }
        | LabFact::StepGone { .. }
        | LabFact::BreakSet { .. }
        | LabFact::BreakCleared { .. }
        | LabFact::Slowed { .. }
        | LabFact::LinkTimeHeld { .. }
        | LabFact::PeerWaits { .. }
        | LabFact::Bookmark { .. } => model.time.apply(seq, at, fact),
    }
}

/// A killed instance tells nothing any more, so its links end here.
fn down(model: &mut Model, port: u16, at: Now, how: &ExitHow) {
    let Some(i) = model.instances.get_mut(&port) else { return };
    i.life = Life::Down { since: at, how: how.clone() };
    if i.upstream.state != LinkState::None {
        i.upstream.state = LinkState::None;
        i.upstream.since = at;
        i.upstream.down_since.get_or_insert(at);
    }
    for replica in i.replicas.values_mut().filter(|r| r.gone.is_none()) {
        replica.gone = Some((at, LinkLoss::ClosedHere));
    }
    i.clients.clear();
    model.frozen.remove(&port);
    if let Some(s) = &mut i.snapshot {
        s.ended.get_or_insert((at, false));
    }
    if let Some(l) = &mut i.loading
        && l.ended.is_none()
    {
        l.ended = Some((at, false));
        l.staged.clear();
    }
}

fn instance(model: &mut Model, here: Here, fact: &Fact) {
    let Here { at, seq, port } = here;
    let i = model.instances.entry(port).or_insert_with(|| Instance::new(port, at));
    let history = &mut model.history;
    match fact {
        Fact::Booted { replid, offset, dir, config_file, .. } => {
            // A new life: only the conf file's name may have been told before.
            let conf = config_file.clone().or_else(|| i.conf.take());
            *i = Instance::new(port, at);
            i.conf = conf;
            i.dir = dir.clone();
            i.ids.replid = *replid;
            i.offset = *offset;
        }
        Fact::Ready { .. } => i.life = Life::Up { since: at },
        Fact::ShuttingDown { .. } => i.life = Life::Leaving { since: at },
        Fact::Log { .. } => {}
        Fact::ConfigSet { name, value } => {
            i.settings.insert(name.clone(), value.clone());
        }
        Fact::ClientConnected { id, addr } => {
            i.clients.insert(*id, addr.clone());
        }
        Fact::ClientGone { id } => {
            i.clients.remove(id);
        }
        Fact::Command { .. } => i.counters.commands += 1,
        Fact::RoleChanged { role, master, cause } => {
            i.asks_anew = match (role, cause) {
                (Role::Master, _) => false,
                // Its conf makes it a replica: only a dump that is loaded later knows a history.
                (Role::Replica, RoleCause::Boot) => true,
                (Role::Replica, _) => i.asks_anew,
            };
            role_changed(i, at, *role, master.as_ref());
            let kind = match (role, master, cause) {
                (Role::Replica, Some(master), _) => {
                    Some(MomentKind::Follows { port, master: master.clone() })
                }
                (Role::Master, _, RoleCause::Boot) | (Role::Replica, None, _) => None,
                (Role::Master, ..) => {
                    Some(MomentKind::Promoted { port, was_replica_of: i.former_master.clone() })
                }
            };
            if let Some(kind) = kind {
                history.push(seq, at, kind);
            }
        }
        Fact::IdsChanged { replid, replid2, second_offset, offset, cause } => {
            i.ids = Ids {
                replid: *replid,
                replid2: *replid2,
                second_offset: *second_offset,
                since: at,
            };
            i.offset = *offset;
            if matches!(cause, IdCause::FullSync | IdCause::Continued | IdCause::Restored) {
                i.asks_anew = false;
            }
            history.push(
                seq,
                at,
                MomentKind::IdsChanged {
                    port,
                    cause: *cause,
                    replid: *replid,
                    replid2: *replid2,
                    second_offset: *second_offset,
                },
            );
        }
        _ => {
            if !link::apply(i, history, here, fact) && !write_rules::apply(i, at, fact) {
                data::apply(i, history, here, fact);
            }
        }
    }
}

fn role_changed(i: &mut Instance, at: Now, role: Role, master: Option<&Addr>) {
    if i.role == Role::Replica {
        i.former_master = i.master.take();
    }
    i.role = role;
    i.role_since = at;
    i.master = master.cloned();
    // Another master: what was known of the old link is past. The state itself is told apart.
    let state = i.upstream.state;
    i.upstream = Upstream { state, ..Upstream::new(at) };
}
