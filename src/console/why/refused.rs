//! Why a client's command was refused.

use super::{Change, Check, Why, settings};
use crate::console::units::plural;
use crate::lab::model::Instance;
use crate::observe::{Preview, Rule};

/// Why the instance on `port` refused a command. `judge` is that instance as the model knows it.
pub fn why(port: u16, command: &Preview, rule: &Rule, judge: Option<&Instance>) -> Why {
    let title = format!("Why? {command} was refused by {port}");
    let master = judge.and_then(|i| i.master.as_ref()).map(|m| m.port.to_string());
    let master = master.unwrap_or_else(|| "its master".to_owned());
    let named = |name: &str, value: String| (name.to_owned(), value);
    match rule {
        Rule::ReadOnlyReplica => Why {
            title,
            rule: "A replica takes writes from its master only, as long as replica-read-only is \
                   yes."
                .into(),
            numbers: vec![
                named("role", format!("replica of {master}")),
                named("setting", "replica-read-only yes".into()),
            ],
            checks: vec![
                Check::yes_no(format!("is {port} a master?"), false),
                Check::yes_no("may a replica be written to?", false),
            ],
            verdict: "-READONLY You can't write against a read only replica.".into(),
            good: false,
            change: vec![Change::new(
                port,
                "replica-read-only no",
                "takes the write, but here only: it reaches nobody, and the next full sync \
                 throws it away",
            )],
            advice: Some(format!("Write to {master}; it reaches {port} by the stream.")),
        },
        Rule::NoReplicas { good, wanted, max_lag_s } => Why {
            title,
            rule: "A master with min-replicas-to-write N takes writes only while N replicas are \
                   online and acknowledged within min-replicas-max-lag seconds. It counts once a \
                   second."
                .into(),
            numbers: vec![
                named("good replicas", good.to_string()),
                named("wanted", format!("{wanted} (min-replicas-to-write)")),
                named("lag", format!("{max_lag_s} s at most (min-replicas-max-lag)")),
            ],
            checks: vec![Check::yes_no(format!("is {good} ≥ {wanted}?"), good >= wanted)],
            verdict: "-NOREPLICAS Not enough good replicas to write.".into(),
            good: false,
            change: vec![
                Change::new(
                    port,
                    match good {
                        0 => "min-replicas-to-write 0".to_owned(),
                        n => format!("min-replicas-to-write {n}"),
                    },
                    format!(
                        "asks for no more than the {} there {}",
                        plural(*good, "good replica"),
                        if *good == 1 { "is" } else { "are" }
                    ),
                ),
                Change::new(
                    port,
                    format!("min-replicas-max-lag {}", max_lag_s.saturating_mul(2).max(1)),
                    "counts replicas that acknowledge more slowly; those that are not online it \
                     never counts",
                ),
            ],
            advice: None,
        },
        Rule::MasterDown { link, down_s } => {
            let since = match down_s {
                Some(s) => format!(", down for {}", plural(*s, "second")),
                None => ", never up so far".to_owned(),
            };
            Why {
                title,
                rule: "With replica-serve-stale-data no, a replica whose link is down answers \
                       only what does not touch the data set (INFO, ROLE, CONFIG, REPLICAOF …)."
                    .into(),
                numbers: vec![
                    named("link", format!("to {master}: {}{since}", link.role_word())),
                    named("setting", "replica-serve-stale-data no".into()),
                ],
                checks: vec![
                    Check::yes_no(format!("is the link to {master} up?"), false),
                    Check::yes_no("may it serve data that may be old?", false),
                ],
                verdict: "-MASTERDOWN Link with MASTER is down and replica-serve-stale-data is \
                          set to 'no'."
                    .into(),
                good: false,
                change: vec![Change::new(
                    port,
                    "replica-serve-stale-data yes",
                    "answers from the data that it last had",
                )],
                advice: None,
            }
        }
        Rule::Loading => Why {
            title,
            rule: "While a data set is being loaded there is none to answer from. Only INFO, \
                   ROLE, CONFIG and the like are served."
                .into(),
            numbers: vec![named("loads", loads(judge))],
            checks: vec![Check::yes_no("is the data set whole?", false)],
            verdict: "-LOADING Redis is loading the dataset in memory".into(),
            good: false,
            change: vec![Change::new(
                port,
                "repl-diskless-load swapdb",
                "a replica of the same history serves its old data until the new one is loaded",
            )],
            advice: Some("Wait: it answers again as soon as it has loaded.".into()),
        },
        Rule::SaveFailed => Why {
            title,
            rule: "When save points are set and the last BGSAVE failed, writes (and PING) are \
                   refused: somebody shall notice that nothing is saved."
                .into(),
            numbers: vec![
                named("last BGSAVE", "failed".into()),
                named(
                    "save",
                    settings::text(judge, "save").unwrap_or("3600 1 300 100 60 10000").to_owned(),
                ),
                named("setting", "stop-writes-on-bgsave-error yes".into()),
            ],
            checks: vec![
                Check::yes_no("did the last BGSAVE end well?", false),
                Check::yes_no("may it be written to all the same?", false),
            ],
            verdict: "-MISCONF Redis is configured to save RDB snapshots, but it's currently \
                      unable to persist to disk."
                .into(),
            good: false,
            change: vec![
                Change::new(port, "stop-writes-on-bgsave-error no", "takes writes all the same"),
                Change::new(port, "save \"\"", "saves nothing by itself, so that nothing can fail"),
            ],
            advice: Some(
                "BGSAVE that ends well lifts it; the log tells why the last failed.".into(),
            ),
        },
    }
}

fn loads(i: Option<&Instance>) -> String {
    match i.and_then(|i| i.loading.as_ref()) {
        Some(l) if l.from_link => "the RDB that its master sent".into(),
        _ => "its dump file".into(),
    }
}
