//! What an instance's own rules make clients wait for, or refuse: refusals, pauses, FAILOVER, the
//! soft limit of an output buffer.

use super::row::Row;
use super::state::NarrateState;
use crate::console::units;
use crate::observe::{AnswerLine, Fact, Failover, FailoverAbort, Label, Offset, PausedBy, Rule};

/// Whether this log line says that a replica could not apply what its master sent.
pub(super) fn is_alarm(text: &str) -> bool {
    text.starts_with("== CRITICAL == This replica ")
}

pub(super) fn tell(port: u16, fact: &Fact, state: &mut NarrateState, out: &mut Vec<AnswerLine>) {
    match fact {
        Fact::Refused { command, rule, .. } => {
            let what = format!("refused {command}: {}", refusal(rule));
            let remark = format!(":show why {port}");
            out.push(row(port, Label::Broken, what).remark(remark).line());
        }
        Fact::Log { text, .. } if is_alarm(text) => {
            // Of a command that is not there the log has the name in the error only.
            let quoted = |mark: &str| text.split(mark).nth(1)?.split('\'').next();
            let command = quoted("unknown command '").or_else(|| quoted("the command '"));
            let what = format!("could not apply {}", command.unwrap_or("a command"));
            let remark = "its data differs from its master's now: see its log";
            out.push(row(port, Label::Broken, what).remark(remark).line());
        }
        Fact::Paused { by, writes_only, for_ms } => {
            let who = if *writes_only { "writes wait" } else { "clients wait" };
            let long = for_ms.map(|ms| format!(" for {} at most", units::span_us(ms * 1000)));
            let what = format!("{who}{}", long.unwrap_or_default());
            out.push(row(port, Label::Waiting, what).remark(paused_by(*by)).line());
        }
        Fact::Resumed { by } => {
            let what = "clients go on".to_owned();
            out.push(row(port, Label::Good, what).remark(paused_by(*by)).line());
        }
        Fact::GoodReplicas { good, wanted, max_lag_s } if *wanted > 0 => {
            let (label, end) = match good < wanted {
                true => (Label::Waiting, "writes are refused"),
                false => (Label::Good, "writes are taken"),
            };
            let what = format!("{good} of {wanted} replicas within {max_lag_s} s: {end}");
            out.push(row(port, label, what).remark("min-replicas-to-write").line());
        }
        Fact::SoftLimit { replica, over: true, bytes, limit, patience_s } => {
            let what = format!(
                "{} waits for {}, over the soft limit of {}",
                units::bytes(*bytes),
                state.name(replica),
                units::bytes(*limit)
            );
            let remark = format!("its link ends in {patience_s} s");
            out.push(row(port, Label::Waiting, what).remark(remark).line());
        }
        Fact::SoftLimit { replica, over: false, .. } => {
            let what = format!("less waits for {} than the soft limit", state.name(replica));
            out.push(row(port, Label::Good, what).line());
        }
        Fact::Failover(step) => failover(port, step, state, out),
        _ => {}
    }
}

fn row(port: u16, label: Label, what: String) -> Row {
    Row::new(None, port.to_string(), label, what)
}

/// The rule that refused a command, in a few words.
fn refusal(rule: &Rule) -> String {
    match rule {
        Rule::ReadOnlyReplica => "it is a replica, and replica-read-only is yes".into(),
        Rule::NoReplicas { good, wanted, .. } => {
            format!("{good} good replicas, and min-replicas-to-write asks for {wanted}")
        }
        Rule::MasterDown { .. } => "its link is down, and replica-serve-stale-data is no".into(),
        Rule::Loading => "it is loading".into(),
        Rule::SaveFailed => "its last save failed, stop-writes-on-bgsave-error".into(),
    }
}

fn paused_by(by: PausedBy) -> &'static str {
    match by {
        PausedBy::Client => "CLIENT PAUSE",
        PausedBy::Shutdown => "SHUTDOWN waits for its replicas",
        PausedBy::Failover => "FAILOVER",
    }
}

fn failover(port: u16, step: &Failover, state: &NarrateState, out: &mut Vec<AnswerLine>) {
    let at = |offset: &Offset| units::signed(offset.0);
    let (label, what, remark) = match step {
        Failover::Asked { target, offset, timeout_ms, force } => {
            let who = target.as_ref().map_or_else(|| "a replica".to_owned(), |t| state.name(t));
            let wait = timeout_ms.map(|ms| {
                let then = if *force { "then by force" } else { "then gives up" };
                format!("{}, {then}", units::span_us(ms * 1000))
            });
            let what = format!("FAILOVER: waits until {who} has {}", at(offset));
            (Label::Waiting, what, wait.unwrap_or_default())
        }
        Failover::HandsOver { target, offset, acked, forced } => {
            let acked = acked.as_ref().map_or("nothing".to_owned(), &at);
            let what = format!("hands its role to {}", state.name(target));
            let remark = match forced {
                true => format!("by force: it has {acked} of {}", at(offset)),
                false => format!("it has all up to {acked}"),
            };
            (Label::Master, what, remark)
        }
        Failover::Done { target } => {
            (Label::Good, format!("{} took over", state.name(target)), String::new())
        }
        Failover::Aborted { why, .. } => {
            let remark = match why {
                FailoverAbort::NeverCaughtUp { offset, best, timeout_ms } => format!(
                    "after {}: {} of {} acknowledged",
                    units::span_us(timeout_ms * 1000),
                    best.as_ref().map_or("nothing".to_owned(), &at),
                    at(offset)
                ),
                FailoverAbort::ByHand => "FAILOVER ABORT".to_owned(),
                FailoverAbort::Rejected(line) => format!("the target said {line}"),
            };
            (Label::Broken, "FAILOVER came to nothing: it stays the master".into(), remark)
        }
        Failover::Requested { by } => {
            let what = format!("{} asks it to become the master", state.name(by));
            (Label::Master, what, "PSYNC … FAILOVER".to_owned())
        }
    };
    out.push(row(port, label, what).remark(remark).line());
}
