//! :wait CONDITION [for SECONDS]

use super::condition::{self, Condition, What};
use super::usage;
use crate::console::client::{Client, ClientError, Target};
use crate::console::session::{Console, Mouth};
use crate::console::{Outcome, reply, units};
use crate::observe::Label;
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
            None => return usage("wait", "of which instance? 6381.role == master", mouth),
        },
    };
    let subject = match &wait.condition.what {
        What::Reply { command, .. } => format!("{port}> {}", reply::shown(command.as_bytes())),
        What::Field { name, .. } => format!("{port}.{name}"),
    };
    let mut client = Client::new(target(console, port), console.interrupt.clone());
    let began = Instant::now();
    let mut pause = FIRST_PAUSE;
    let mut seen;
    loop {
        seen = look(&mut client, &argv, &wait.condition);
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
    let what = match seen {
        Seen::Value(text) => format!("last seen: {}", one_line(&text)),
        Seen::Nothing(why) => why,
    };
    mouth
        .text(Label::Broken, format!(":wait {} · {after} · {what}", reply::shown(rest.as_bytes())));
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
    /// There was nothing to compare, and why.
    Nothing(String),
}

fn look(client: &mut Client, argv: &[Vec<u8>], condition: &Condition) -> Seen {
    let asked = client.connect().and_then(|()| client.ask(argv, Some(ANSWER)));
    let value = match asked {
        Ok(value) => value,
        Err(ClientError::Interrupted) => return Seen::Nothing("no answer yet".into()),
        Err(e) => return Seen::Nothing(e.to_string()),
    };
    match &condition.what {
        What::Reply { .. } => Seen::Value(reply::tty_text(&value)),
        What::Field { name, .. } => match value.as_bytes().filter(|_| value.error().is_none()) {
            Some(info) => match field(info, name) {
                Some(text) => Seen::Value(text),
                None => Seen::Nothing(format!("INFO has no field {name}")),
            },
            None => Seen::Nothing(reply::tty_text(&value)),
        },
    }
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
