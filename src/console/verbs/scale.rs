//! :scale limits|off

use super::usage;
use crate::console::client::{Client, ClientError, Target};
use crate::console::session::{Console, Mouth};
use crate::console::{Outcome, reply};
use crate::observe::{Answer, Label};
use crate::wire::value::Value;
use std::collections::BTreeMap;
use std::time::Duration;

/// What takes 256 MB, or an hour, in production is seen in seconds with these.
const LIMITS: &[(&str, &str)] = &[
    ("repl-backlog-size", "16384"),
    ("client-output-buffer-limit", "replica 65536 0 0"),
    ("repl-ping-replica-period", "1"),
    ("repl-timeout", "5"),
    ("repl-backlog-ttl", "10"),
];

/// One answer of an instance.
const PATIENCE: Duration = Duration::from_secs(3);

/// Which lives of which instances have the small limits, and what they had before.
#[derive(Clone, Debug, Default)]
pub(in crate::console) struct Scale {
    /// By port and pid: an instance that was started again has its conf's limits.
    former: BTreeMap<(u16, u32), Vec<(&'static str, String)>>,
}

pub(super) fn run(console: &mut Console, rest: &str, mouth: &mut Mouth<'_>) -> Outcome {
    match rest {
        "limits" | "on" => {
            console.scale.get_or_insert_default();
            let mut answer = Answer::default();
            answer.push(Label::Lab, "small limits, on every instance and on those started later:");
            for (name, value) in LIMITS {
                answer.push(Label::Lab, format!("  {name} {value}"));
            }
            answer.push(Label::Hint, ":scale off brings the former values back");
            mouth.say(answer);
            keep(console, mouth);
        }
        "off" => {
            let Some(scale) = console.scale.take() else {
                mouth.text(Label::Lab, "the limits are as the conf files and CONFIG SET say");
                return Outcome::default();
            };
            restore(console, scale, mouth);
        }
        "" => {
            let what = match &console.scale {
                Some(_) => "the limits are small: :scale off brings the former values back",
                None => "the limits are as the conf files and CONFIG SET say; :scale limits",
            };
            mouth.text(Label::Lab, what);
        }
        _ => return usage("scale", "limits, or off", mouth),
    }
    Outcome::default()
}

/// Gives the small limits to whoever does not have them yet. Called behind every line, so that an
/// instance started later has them too.
pub(in crate::console) fn keep(console: &mut Console, mouth: &mut Mouth<'_>) {
    let Some(scale) = &console.scale else { return };
    let new: Vec<(u16, u32)> = console
        .lab
        .instances()
        .iter()
        .filter(|i| i.up && !i.frozen)
        .map(|i| (i.port, i.shown_pid))
        .filter(|key| !scale.former.contains_key(key))
        .collect();
    for key in new {
        let former = match give(console, key.0) {
            Ok(former) => former,
            Err(why) => {
                mouth.text(Label::ShellError, format!("{}: {why}", key.0));
                Vec::new()
            }
        };
        if let Some(scale) = &mut console.scale {
            scale.former.insert(key, former);
        }
    }
}

/// Sets the small limits on one instance; what they were.
fn give(console: &Console, port: u16) -> Result<Vec<(&'static str, String)>, String> {
    let mut client = connect(console, port)?;
    let mut former = Vec::new();
    for (name, small) in LIMITS {
        former.push((*name, get(&mut client, name)?));
        set(&mut client, name, small)?;
    }
    Ok(former)
}

fn restore(console: &Console, scale: Scale, mouth: &mut Mouth<'_>) {
    let up = console.lab.instances();
    let mut ports = Vec::new();
    for ((port, pid), former) in scale.former {
        // Who was started again since has them from its conf.
        if !up.iter().any(|i| i.up && !i.frozen && (i.port, i.shown_pid) == (port, pid)) {
            continue;
        }
        let done = connect(console, port).and_then(|mut client| {
            // The time-out first: it must stay above the period of the PINGs.
            former.iter().rev().try_for_each(|(name, value)| set(&mut client, name, value))
        });
        match done {
            Ok(()) => ports.push(port.to_string()),
            Err(why) => mouth.text(Label::ShellError, format!("{port}: {why}")),
        }
    }
    mouth.text(
        Label::Lab,
        match ports.as_slice() {
            [] => "no instance had small limits".to_owned(),
            ports => format!("the former limits are back on {}", ports.join(", ")),
        },
    );
}

fn connect(console: &Console, port: u16) -> Result<Client, String> {
    // The password of a redis-cli that is open on that port serves here as well.
    let open = console.clients.values().find(|c| c.target.port == port);
    let target = open.map_or_else(|| Target::new("127.0.0.1", port), |c| c.target.clone());
    let mut client =
        Client::new(Target { db: 0, resp3: false, ..target }, console.interrupt.clone());
    client.connect().map_err(|e| e.to_string())?;
    Ok(client)
}

fn get(client: &mut Client, name: &str) -> Result<String, String> {
    let value = client.ask(&["CONFIG", "GET", name], Some(PATIENCE)).map_err(|e| said(&e))?;
    if let Some(error) = value.error() {
        return Err(reply::shown(error));
    }
    let pair = match &value {
        Value::Array(pair) => pair.get(1).and_then(Value::as_bytes),
        _ => None,
    };
    let text = pair.map(|b| String::from_utf8_lossy(b).into_owned());
    text.ok_or_else(|| format!("it has no {name}"))
}

fn set(client: &mut Client, name: &str, value: &str) -> Result<(), String> {
    let done = client.ask(&["CONFIG", "SET", name, value], Some(PATIENCE)).map_err(|e| said(&e))?;
    match done.error() {
        Some(error) => Err(reply::shown(error)),
        None => Ok(()),
    }
}

fn said(e: &ClientError) -> String {
    e.to_string()
}
