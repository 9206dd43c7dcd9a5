//! Instances coming and going, roles and histories, and what the lab did.

use super::row::Row;
use super::state::NarrateState;
use crate::console::units;
use crate::observe::{AnswerLine, Event, ExitHow, Fact, IdCause, LabFact, Label, Role, RoleCause};

pub(super) fn lab(
    _event: &Event,
    fact: &LabFact,
    state: &mut NarrateState,
    out: &mut Vec<AnswerLine>,
) {
    let mut say =
        |who: String, label, what: String| out.push(Row::new(None, who, label, what).line());
    match fact {
        LabFact::SessionBegan { ports, .. } => state.ours = ports.iter().copied().collect(),
        LabFact::InstanceUp { port, conf } => {
            state.ours.insert(*port);
            state.down.remove(port);
            let conf = conf.as_ref().map(|c| format!(" with {c}")).unwrap_or_default();
            say(port.to_string(), Label::Good, format!("is up{conf}"));
        }
        LabFact::InstanceFailed { port, reason } => {
            say(port.to_string(), Label::Broken, format!("could not start: {reason}"));
        }
        LabFact::InstanceDown { port, how } => {
            state.down.insert(*port);
            state.replicas.remove(port);
            state.masters.remove(port);
            state.keys.remove(port);
            let how = match how {
                ExitHow::Shutdown { code } => format!("is down: shut down, exit code {code}"),
                ExitHow::Killed => "is down: killed, nothing was saved".to_owned(),
                ExitHow::Panicked { message } => format!("is down: it panicked ({message})"),
                ExitHow::Failed { reason } => format!("is down: {reason}"),
            };
            say(port.to_string(), Label::Broken, how);
        }
        LabFact::LinkThrottled { a, b, bytes_per_second } => {
            let what = match bytes_per_second {
                Some(rate) => format!("at most {} each way", units::rate(*rate)),
                None => "at full speed again".to_owned(),
            };
            say(format!("{a} ⇄ {b}"), Label::Waiting, what);
        }
        LabFact::GoalTicked { goal, text, .. } => {
            let what = match text.as_str() {
                "" => format!("[✓] goal {}", goal + 1),
                text => format!("[✓] {text}"),
            };
            let row = Row::new(None, "lesson".into(), Label::Good, what);
            out.push(row.remark(":lesson goes on").line());
        }
        LabFact::LessonDone { lesson, title } => {
            let name = if title.is_empty() { lesson } else { title };
            let what = format!("{name}: every goal is reached");
            let row = Row::new(None, "lesson".into(), Label::Good, what);
            out.push(row.remark(":lesson tells what to try next").line());
        }
        LabFact::Lost { events } => {
            state.forget();
            let what = format!("{} are not kept any more", units::plural(*events, "event"));
            say("lab".into(), Label::Waiting, what);
        }
        LabFact::DirMade { .. } | LabFact::FileWritten { .. } | LabFact::FileRemoved { .. } => {}
        LabFact::LinkFault { .. }
        | LabFact::LinkDropped { .. }
        | LabFact::Frozen { .. }
        | LabFact::PortAdded { .. }
        | LabFact::PortRemoved { .. }
        | LabFact::StepMode { .. }
        | LabFact::StepWaits { .. }
        | LabFact::StepTaken { .. }
        | LabFact::StepGone { .. }
        | LabFact::BreakSet { .. }
        | LabFact::BreakCleared { .. }
        | LabFact::Slowed { .. }
        | LabFact::LinkTimeHeld { .. }
        | LabFact::PeerWaits { .. }
        | LabFact::Bookmark { .. } => super::time::lab(fact, state, out),
    }
}

pub(super) fn instance(
    event: &Event,
    port: u16,
    fact: &Fact,
    state: &mut NarrateState,
    out: &mut Vec<AnswerLine>,
) {
    let mut say = |since, label, what: String, remark: String| {
        out.push(Row::new(since, port.to_string(), label, what).remark(remark).line());
    };
    match fact {
        Fact::Booted { offset, .. } => {
            state.ours.insert(port);
            state.masters.entry(port).or_default().offset = Some(*offset);
        }
        Fact::Ready { keys } if *keys > 0 => {
            say(
                None,
                Label::Good,
                format!("ready with {}", units::plural(*keys, "key")),
                String::new(),
            );
        }
        Fact::ShuttingDown { waits_for_replicas: true } => {
            let why = "shutdown-timeout".into();
            say(None, Label::Waiting, "shuts down, waits for its replicas first".into(), why);
        }
        Fact::RoleChanged { role, master, cause } => {
            let by = match cause {
                RoleCause::Boot => "its conf file says so",
                RoleCause::UserRequest => "",
                RoleCause::Failover => "FAILOVER",
                RoleCause::FailoverAborted => "the target of its FAILOVER refused",
            };
            match (role, master) {
                (Role::Replica, Some(m)) => {
                    let what = format!("is now a replica of {}", state.name(m));
                    state.replicas.entry(port).or_default().master = Some(m.clone());
                    say(None, Label::Replica, what, by.into());
                }
                (Role::Replica, None) => {
                    say(None, Label::Replica, "is now a replica".into(), by.into())
                }
                (Role::Master, _) => {
                    if let Some(end) = state.replicas.remove(&port)
                        && let Some(old) = end.master
                    {
                        let was = format!("was a replica of {}", state.name(&old));
                        say(None, Label::Master, "is now a master".into(), was);
                    } else {
                        say(None, Label::Master, "is now a master".into(), by.into());
                    }
                }
            }
        }
        Fact::IdsChanged { replid, replid2, second_offset, offset, cause } => {
            state.masters.entry(port).or_default().offset = Some(*offset);
            let id = replid.short();
            let since = state.since_replica(port, event);
            match cause {
                IdCause::BacklogCreated => {
                    let since = state.since_any(port, event);
                    let what = format!("new history: replid {id}");
                    say(since, Label::Master, what, "with the first replica".into());
                }
                IdCause::BacklogFreed => {
                    let what = format!("new history: replid {id}");
                    say(None, Label::Master, what, "repl-backlog-ttl".into());
                }
                IdCause::Promoted => {
                    let what = format!("new replid {id}, offset {}", units::signed(offset.0));
                    let remark = format!(
                        "{} lives on as replid2, up to {}",
                        replid2.short(),
                        units::signed(second_offset.0)
                    );
                    say(None, Label::Master, what, remark);
                }
                IdCause::FullSync => {
                    let what =
                        format!("takes over the history {id} at {}", units::signed(offset.0));
                    say(since, Label::Replica, what, String::new());
                }
                IdCause::Continued => {
                    let what = format!("the history goes on as {id}");
                    let remark = if replid2.is_zero() {
                        String::new()
                    } else {
                        format!("{} is its replid2", replid2.short())
                    };
                    say(since, Label::Replica, what, remark);
                }
                IdCause::Restored => {
                    let what = format!("remembers {id} at {}", units::signed(offset.0));
                    say(None, Label::Lab, what, "from its RDB".into());
                }
                IdCause::Debug => {
                    say(
                        None,
                        Label::Lab,
                        format!("replid is now {id}"),
                        "DEBUG CHANGE-REPL-ID".into(),
                    );
                }
            }
        }
        Fact::KeysSwept { db } => {
            let had = match db {
                None => state.keys_of(port),
                Some(db) => state.keys.get(&port).and_then(|k| k.get(db)).copied().unwrap_or(0),
            };
            if had > 0 {
                let since = state.since_replica(port, event).filter(|us| *us < 60_000_000);
                let what = format!("its {} are gone", units::plural(had, "key"));
                say(since, Label::Broken, what, "emptied at once".into());
            }
            match db {
                None => drop(state.keys.remove(&port)),
                Some(db) => {
                    state.keys.entry(port).or_default().remove(db);
                }
            }
        }
        Fact::DbSize { db, keys, .. } => {
            state.keys.entry(port).or_default().insert(*db, *keys);
        }
        _ => {}
    }
}
