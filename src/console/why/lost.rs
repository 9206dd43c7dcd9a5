//! Why a link ended.

use super::{Change, Check, Why, settings};
use crate::console::units::{bytes, plural};
use crate::lab::model::{Instance, Life, Model, Peer};
use crate::observe::{ExitHow, LinkLoss, LinkPhase, LinkRef, Side};
use crate::wire::text::safe;

/// Why the link of the instance on `port` to `peer` (as a person calls it) ended. `teller` is that
/// instance as the model knows it.
pub fn why(
    port: u16,
    link: &LinkRef,
    peer: &str,
    cause: &LinkLoss,
    teller: Option<&Instance>,
) -> Why {
    let other = match link.side {
        Side::Master => "replica",
        Side::Replica => "master",
    };
    let mut why = Why {
        title: format!("Why? {port} and its {other} {peer}: the link ended"),
        verdict: format!("{port} tells: {}", cause_text(cause)),
        ..Why::default()
    };
    let named = |name: &str, value: String| (name.to_owned(), value);
    match cause {
        LinkLoss::TimedOut { after_s, silent_s, during } => {
            let ping = settings::number(teller, "repl-ping-replica-period", 10);
            // Older records do not tell the exact silence.
            let silent = (*silent_s).max(*after_s);
            why.rule = match link.side {
                Side::Master => "A master gives up on a replica that is online and did not \
                                 acknowledge for longer than repl-timeout."
                    .into(),
                Side::Replica => "A replica gives up on a master from which nothing came for \
                                  longer than repl-timeout: no data, no PING, no newline."
                    .into(),
            };
            why.numbers = vec![
                named("silent for", plural(silent, "second")),
                named("repl-timeout", plural(*after_s, "second")),
                named("PING every", format!("{ping} s (repl-ping-replica-period)")),
            ];
            if let Some(during) = during {
                why.numbers.insert(0, named("state", phase(*during)));
            }
            why.checks = vec![Check::yes_no(format!("is {silent} s ≤ {after_s} s?"), false)];
            let longer = silent.saturating_mul(2).max(1);
            why.change = vec![Change::new(
                port,
                format!("repl-timeout {longer}"),
                "waits longer; it must be larger than repl-ping-replica-period",
            )];
        }
        LinkLoss::OutputLimit { bytes: had, limit, soft, raised_from } => {
            why.rule = "A master ends the link of a replica for which more waits than \
                        client-output-buffer-limit allows: the hard limit at any moment, or the \
                        soft one for longer than its seconds. The hard limit is never below \
                        repl-backlog-size."
                .into();
            why.numbers = vec![named("waited", bytes(*had))];
            let setting = settings::text(teller, "client-output-buffer-limit")
                .and_then(replica_class)
                .unwrap_or_else(|| "replica 256mb 64mb 60".into());
            match soft {
                Some(soft) => {
                    why.numbers.push(named("soft limit", bytes(*limit)));
                    why.numbers.push(named("above it for", plural(soft.over_s, "second")));
                    why.checks = vec![
                        Check::yes_no(format!("is {} < {}?", bytes(*had), bytes(*limit)), false),
                        Check::yes_no(
                            format!("is {} s ≤ {} s?", soft.over_s, soft.patience_s),
                            false,
                        ),
                    ];
                }
                None => {
                    why.numbers.push(named("hard limit", bytes(*limit)));
                    if let Some(set) = raised_from {
                        let text = format!("{} set, but repl-backlog-size is more", bytes(*set));
                        why.numbers.push(named("raised from", text));
                    }
                    why.checks = vec![Check::yes_no(
                        format!("is {} < {}?", bytes(*had), bytes(*limit)),
                        false,
                    )];
                }
            }
            why.numbers.push(named("setting", setting));
            let enough = had.saturating_add(1).next_power_of_two().max(1 << 20);
            why.change = vec![Change::new(
                port,
                format!("client-output-buffer-limit \"replica {enough} 0 0\""),
                format!("lets {} wait; \"replica 0 0 0\" sets no limit at all", bytes(enough)),
            )];
            why.advice = Some(
                "A replica that is cut off in a full sync begins it anew, and may never get \
                 through: a resync loop."
                    .into(),
            );
        }
        LinkLoss::Killed => {
            why.rule = "CLIENT KILL ends a replication link like any other connection.".into();
            why.advice = Some(
                "The replica dials again at once, and is granted a partial resync if the backlog \
                 still holds what it lacks."
                    .into(),
            );
        }
        LinkLoss::ConnectFailed(reason) => {
            why.rule = "A replica dials its master once a second until somebody answers.".into();
            why.numbers =
                vec![named("dials", peer.to_owned()), named("answer", safe(reason).into())];
            why.checks = vec![Check::yes_no(format!("does {peer} take the connection?"), false)];
            why.advice = Some(format!(
                "Start {peer} again, or name another master (REPLICAOF host port), or promote \
                 {port} (REPLICAOF NO ONE)."
            ));
        }
        LinkLoss::Refused(line) => {
            why.rule = "The master answers the handshake with an error: the replica hangs up and \
                        tries again."
                .into();
            why.numbers = vec![named("answer", safe(line).into())];
            let line = line.trim_start_matches('-');
            if line.starts_with("NOAUTH") || line.starts_with("WRONGPASS") {
                why.checks = vec![Check::yes_no("is masterauth the master's password?", false)];
                why.change = vec![Change::new(port, "masterauth PASSWORD", "logs in first")];
            } else if line.starts_with("NOMASTERLINK") {
                why.checks = vec![Check::yes_no(format!("is {peer} itself in sync?"), false)];
                why.advice = Some(format!(
                    "{peer} is a replica and has nothing to hand on while its own link is down."
                ));
            }
        }
        LinkLoss::PeerClosed => {
            why.rule = "The other end closed the connection, or its process is gone. What that \
                        end tells, if it is one of the lab's, says why."
                .into();
        }
        LinkLoss::ClosedHere => {
            why.rule =
                "REPLICAOF, a promotion or a shutdown ends the links that do not fit any more."
                    .into();
        }
        LinkLoss::Protocol(what) if is_unsupported(what) => {
            why.rule = "The lab's servers hold strings only so far. A value of another type, in \
                        the RDB or in the stream, ends the link: a replica must not be a part of \
                        its master."
                .into();
            why.numbers = vec![named("came", safe(what).into())];
            why.checks = vec![Check::yes_no(format!("does {peer} hold strings only?"), false)];
            why.advice = Some(format!(
                "It tries again, and ends so each time: REPLICAOF NO ONE on {port}, or DEL of \
                 those keys on {peer} (FUNCTION FLUSH for functions), ends that."
            ));
        }
        LinkLoss::Protocol(what) if is_broken_rdb(what) => {
            why.rule = "A replica reads the RDB to its end and checks it before it is in sync: \
                        one that contradicts itself is thrown away, and asked for again."
                .into();
            why.numbers = vec![named("came", safe(what).into())];
            why.checks =
                vec![Check::yes_no(format!("can the RDB of {peer} be read whole?"), false)];
        }
        LinkLoss::Protocol(what) => {
            why.rule = "Something came that does not belong on a replication link.".into();
            why.numbers = vec![named("came", safe(what).into())];
            why.checks = vec![Check::yes_no(format!("does {peer} speak Redis's protocol?"), false)];
        }
        LinkLoss::LocalFile(what) => {
            why.rule = "A replica keeps the RDB in a file of its dir before it loads it, unless \
                        repl-diskless-load says otherwise."
                .into();
            why.numbers = vec![named("the system", safe(what).into())];
            why.change = vec![Change::new(
                port,
                "repl-diskless-load on-empty-db",
                "loads from the socket, where the data set is empty",
            )];
        }
        LinkLoss::SnapshotFailed => {
            why.rule =
                "When the snapshot for a replica fails, its link is ended: it asks again.".into();
            why.checks = vec![Check::yes_no("did the BGSAVE end well?", false)];
            why.advice = Some(format!("{port}'s log tells why the BGSAVE failed."));
        }
    }
    why
}

/// Says so where it was the learner who ended the link: an end that was cut off cannot know.
pub fn with_learners_part(
    mut why: Why,
    port: u16,
    link: &LinkRef,
    cause: &LinkLoss,
    model: &Model,
) -> Why {
    if !matches!(cause, LinkLoss::PeerClosed | LinkLoss::ConnectFailed(_)) {
        return why;
    }
    let peer = link.peer.port;
    let pair = (port.min(peer), port.max(peer));
    let ours = matches!(model.peer(&link.peer), Peer::Inside(_));
    let life = model.instance(peer).filter(|_| ours).map(|i| &i.life);
    let part = if model.faults.get(&pair).is_some_and(|f| f.cut) {
        Some(format!(
            "The link is cut (:cut): connections are ended, new ones refused. :heal {} {} undoes \
             it.",
            pair.0, pair.1
        ))
    } else {
        match life {
            Some(Life::Down { how: ExitHow::Killed, .. }) => Some(format!(
                "{peer} was killed (:kill, kill -9). :restart {peer} starts it again."
            )),
            Some(Life::Down { .. } | Life::Leaving { .. }) => {
                Some(format!("{peer} was shut down. :restart {peer} starts it again."))
            }
            _ => None,
        }
    };
    if let Some(part) = part {
        why.advice = Some(match why.advice.take() {
            Some(advice) => format!("{part} {advice}"),
            None => part,
        });
    }
    why
}

/// Why it ended, in a few words.
pub fn cause_text(cause: &LinkLoss) -> String {
    match cause {
        LinkLoss::PeerClosed => "the other side closed it".into(),
        LinkLoss::ConnectFailed(reason) => format!("cannot connect: {}", safe(reason)),
        LinkLoss::TimedOut { after_s, silent_s, .. } => format!(
            "no sign of life for {} (repl-timeout {after_s})",
            plural((*silent_s).max(*after_s), "second")
        ),
        LinkLoss::ClosedHere => "closed on this side".into(),
        LinkLoss::Killed => "CLIENT KILL".into(),
        LinkLoss::OutputLimit { bytes: had, limit, soft, .. } => {
            let (kind, clock) = match soft {
                Some(soft) => ("soft limit", format!(" for {} s", soft.over_s)),
                None => ("limit", String::new()),
            };
            format!(
                "{} waited for it, over the {kind} of {}{clock} (client-output-buffer-limit)",
                bytes(*had),
                bytes(*limit)
            )
        }
        LinkLoss::Protocol(what) => protocol(what),
        LinkLoss::LocalFile(what) => format!("the RDB cannot be kept in its dir: {}", safe(what)),
        LinkLoss::SnapshotFailed => "its snapshot failed".into(),
        LinkLoss::Refused(line) => format!("refused: {}", safe(line)),
    }
}

/// The words for what came over a link and could not be taken.
pub fn protocol(what: &str) -> String {
    if is_unsupported(what) || is_broken_rdb(what) {
        return safe(what).into();
    }
    format!("protocol error: {}", safe(what))
}

/// A valid record of a type that the lab's servers do not hold: the text is
/// [`RdbError::Unsupported`](crate::wire::rdb::RdbError)'s.
fn is_unsupported(what: &str) -> bool {
    what.starts_with("values of type ") && what.contains(" are not supported yet")
}

/// An RDB that cannot be read to its end.
fn is_broken_rdb(what: &str) -> bool {
    const STARTS: [&str; 4] =
        ["corrupt RDB", "short read", "Can't handle RDB format", "Unknown RDB encoding"];
    STARTS.iter().any(|start| what.starts_with(start))
}

/// Redis's own names for what the waiting end was doing.
fn phase(during: LinkPhase) -> String {
    match during {
        LinkPhase::Replica(state) => format!("replica: {}", state.role_word()),
        LinkPhase::Master(state) => {
            format!("master: {}", state.info_word().unwrap_or("rdb_transmitted"))
        }
    }
}

/// The replica's part of client-output-buffer-limit: `replica 65536 0 0`.
fn replica_class(value: &str) -> Option<String> {
    let words: Vec<&str> = value.split_whitespace().collect();
    let at = words.iter().position(|w| matches!(*w, "slave" | "replica"))?;
    let limits = words.get(at + 1..at + 4)?;
    Some(format!("replica {}", limits.join(" ")))
}
