//! :wait CONDITION [for SECONDS]

use super::condition::{self, Condition, Wait, What};
use super::{fields, usage};
use crate::console::client::{Client, ClientError, Target};
use crate::console::session::{Console, Mouth};
use crate::console::{Outcome, commands, reply, suggest, units};
use crate::observe::{Answer, Label};
use crate::wire::text::split_args;
use std::time::{Duration, Instant};

/// Between two looks. Gentle: each look is a command on the instance.
const PAUSE: Duration = Duration::from_millis(100);
/// The first looks come faster: most conditions are true at once or in a moment.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
/// One look's answer.
const ANSWER: Duration = Duration::from_secs(5);

pub(super) fn run(console: &mut Console, rest: &str, mouth: &mut Mouth<'_>) -> Outcome {
    let wait = match condition::parse(rest) {
        Ok(wait) => wait,
        Err(why) => return usage("wait", &why, mouth),
    };
    let (port, argv) = match &wait.condition.what {
        What::Reply { port, command } => match split_args(command.as_bytes()) {
            Ok(argv) if !argv.is_empty() => (*port, argv),
            _ => return usage("wait", "the command's quotes do not close", mouth),
        },
        What::Field { port, .. } => match port.or(console.current_port()) {
            // Everything, so that any field of any section can be named.
            Some(port) => (port, vec![b"INFO".to_vec(), b"everything".to_vec()]),
            None => return usage("wait", "of which instance? a field is 6381.role", mouth),
        },
    };
    let subject = match &wait.condition.what {
        What::Reply { command, .. } => format!("{port}> {}", reply::shown(command.as_bytes())),
        What::Field { name, .. } => format!("{port}.{name}"),
    };
    let mut client = Client::new(target(console, port), console.interrupt.clone());
    let began = Instant::now();
    let mut pause = FIRST_PAUSE;
    let mut last = None;
    loop {
        // The first look may take as long as the wait, and no look longer.
        let patience = wait.at_most.saturating_sub(began.elapsed()).min(ANSWER);
        let seen = look(&mut client, &argv, &wait.condition, patience.max(FIRST_PAUSE));
        if let Some((why, hint)) = never(console, port, &wait, &seen) {
            let line = reply::shown(rest.as_bytes());
            mouth.text(Label::Broken, format!(":wait {line} · {why}"));
            mouth.text(Label::Hint, hint);
            return Outcome { failed: true, ..Outcome::default() };
        }
        if let Seen::Value(text) = &seen
            && wait.condition.holds(text)
        {
            let us = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
            mouth.text(
                Label::Good,
                format!("{subject} is {} · after {}", one_line(text), units::span_us(us)),
            );
            return Outcome::default();
        }
        // An interrupt cuts the look itself short: what was seen before it is told.
        if last.is_none() || !matches!(seen, Seen::Interrupted) {
            last = Some(seen);
        }
        let left = wait.at_most.saturating_sub(began.elapsed());
        if left.is_zero() || console.interrupt.is_raised() {
            break;
        }
        std::thread::sleep(pause.min(left));
        pause = (pause * 2).min(PAUSE);
    }
    let stopped = console.interrupt.is_raised();
    let after = if stopped {
        "stopped".to_owned()
    } else {
        let us = u64::try_from(wait.at_most.as_micros()).unwrap_or(u64::MAX);
        format!("not so after {}", units::span_us(us))
    };
    let what = match last {
        Some(Seen::Value(text)) => format!("last seen: {}", one_line(&text)),
        Some(Seen::NoField(_)) => "INFO does not list that field now".to_owned(),
        Some(Seen::Unreachable(why) | Seen::Refused(why)) => why,
        Some(Seen::Interrupted) | None => "no answer yet".to_owned(),
    };
    mouth
        .text(Label::Broken, format!(":wait {} · {after} · {what}", reply::shown(rest.as_bytes())));
    // What is waited for may lie behind a step that the learner holds.
    mouth.say(Answer { lines: super::step::what_waits(console) });
    Outcome { failed: true, ..Outcome::default() }
}

/// The password of a redis-cli that is open on that port serves here as well; the database is 0, as
/// the prompt `6381>` says.
fn target(console: &Console, port: u16) -> Target {
    let open = console.clients.values().find(|c| c.target.port == port);
    let target = open.map_or_else(|| Target::new("127.0.0.1", port), |c| c.target.clone());
    Target { db: 0, ..target }
}

enum Seen {
    Value(String),
    /// INFO came without the field; the names that it has.
    NoField(Vec<String>),
    /// Nobody answers.
    Unreachable(String),
    /// An error reply.
    Refused(String),
    Interrupted,
}

fn look(client: &mut Client, argv: &[Vec<u8>], condition: &Condition, patience: Duration) -> Seen {
    let asked = client.connect().and_then(|()| client.ask(argv, Some(patience)));
    let value = match asked {
        Ok(value) => value,
        Err(ClientError::Interrupted) => return Seen::Interrupted,
        Err(e) => return Seen::Unreachable(e.to_string()),
    };
    match &condition.what {
        What::Reply { .. } => Seen::Value(reply::tty_text(&value)),
        What::Field { name, .. } => match value.as_bytes().filter(|_| value.error().is_none()) {
            Some(info) => match field(info, name) {
                Some(text) => Seen::Value(text),
                None => Seen::NoField(names(info)),
            },
            None => Seen::Refused(reply::tty_text(&value)),
        },
    }
}

/// Why the condition can never come to hold, and what to do; none if it still may.
fn never(console: &Console, port: u16, wait: &Wait, seen: &Seen) -> Option<(String, String)> {
    match (seen, &wait.condition.what) {
        (Seen::NoField(known), What::Field { name, .. }) if !fields::may_come(name) => {
            let known = known.iter().map(String::as_str);
            let hint = match suggest::nearest(name, known.chain(fields::SOMETIMES.iter().copied()))
            {
                Some(near) => format!("did you mean {port}.{near}?"),
                None => format!("redis-cli -p {port} info lists the fields"),
            };
            Some((format!("INFO has no field {name}"), hint))
        }
        // One of the lab's may be started in a moment; whoever says `for` expects a stranger to come.
        (Seen::Unreachable(why), _)
            if !wait.patient
                && console.lab.instance(port).is_none()
                && !console.lab.ports().contains(&port) =>
        {
            let ports: Vec<String> = console.lab.ports().iter().map(u16::to_string).collect();
            let hint = format!(
                "the lab has {}; `for 20` at the end waits for a server of yours on {port}",
                ports.join(", ")
            );
            Some((why.clone(), hint))
        }
        (Seen::Value(text), What::Reply { command, .. })
            if !wait.condition.holds(text)
                && (text.starts_with("(error) ERR unknown command")
                    || text.starts_with("(error) ERR wrong number of arguments")) =>
        {
            let name = command.split_whitespace().next().unwrap_or_default();
            let hint = match commands::known(name) {
                Some(known) => format!("{} {}", known.name, known.arguments),
                None => match suggest::nearest(name, commands::names()) {
                    Some(near) => format!("did you mean {near}?"),
                    None => "the part in front of == is a command such as GET name".to_owned(),
                },
            };
            Some((one_line(text), hint))
        }
        _ => None,
    }
}

/// The names of all fields.
fn names(info: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(info);
    text.lines().filter_map(|l| l.split_once(':')).map(|(name, _)| name.to_owned()).collect()
}

/// The value of one `name:value` line.
fn field(info: &[u8], name: &str) -> Option<String> {
    let text = String::from_utf8_lossy(info);
    let line = text.lines().find_map(|l| l.strip_prefix(name)?.strip_prefix(':'));
    line.map(|v| reply::shown(v.trim_end().as_bytes()))
}

fn one_line(text: &str) -> String {
    text.lines().collect::<Vec<_>>().join(" ⏎ ")
}

#[cfg(test)]
mod tests {
    use super::field;

    #[test]
    fn wait_finds_fields() {
        let info =
            b"# Replication\r\nrole:slave\r\nmaster_link_status:up\r\nslave0:ip=1,port=2\r\n";
        assert_eq!(field(info, "role").as_deref(), Some("slave"));
        assert_eq!(field(info, "master_link_status").as_deref(), Some("up"));
        assert_eq!(field(info, "slave0").as_deref(), Some("ip=1,port=2"));
        assert_eq!(field(info, "slave"), None);
    }
}
