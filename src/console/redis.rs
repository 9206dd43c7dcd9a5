//! A line at a redis-cli prompt.

use super::client::{Client, ClientError};
use super::session::{Console, Mouth};
use super::{MoreLines, Outcome, commands, later, notes, patience, reply, stall, suggest, units};
use crate::observe::Label;
use crate::wire::text::split_args;
use crate::wire::value::Value;
use std::time::{Duration, Instant};

/// How long MONITOR and the like run in a script, which has no Ctrl-C.
const SCRIPT_STREAM: Duration = Duration::from_secs(1);

/// Runs one line as redis-cli would.
pub(super) fn run(
    console: &mut Console,
    text: &str,
    lines: &mut dyn MoreLines,
    mouth: &mut Mouth<'_>,
) -> Outcome {
    let mut outcome = Outcome::default();
    let Ok(mut argv) = split_args(text.as_bytes()) else {
        mouth.text(Label::Reply, "Invalid argument(s)");
        return outcome;
    };
    let mut repeat = 1;
    if argv.len() > 1
        && let Some(n) = std::str::from_utf8(&argv[0]).ok().and_then(|w| w.parse::<i64>().ok())
    {
        if n <= 0 {
            mouth.text(Label::Reply, "Invalid redis-cli repeat command option value.");
            return outcome;
        }
        (repeat, argv) = (n, argv.split_off(1));
    }
    let word = |i: usize| {
        argv.get(i).map(|w| String::from_utf8_lossy(w).to_ascii_lowercase()).unwrap_or_default()
    };
    match (word(0).as_str(), argv.len()) {
        ("", _) => {}
        ("quit" | "exit", _) => {
            // The redis-cli ends, and its connection with it.
            if let Some(key) = console.current.take() {
                console.clients.remove(&key);
            }
        }
        ("clear", 1) => outcome.clear = true,
        ("help" | "?", _) => super::shell::help::redis(&word(1), &word(2), mouth),
        ("connect", 3) => {
            let Ok(port) = word(2).parse() else {
                mouth.text(Label::Error, "connect HOST PORT: that is no port");
                return outcome;
            };
            console.current = None;
            let target = super::client::Target::new(word(1), port);
            super::shell::cli::open(console, target, mouth);
        }
        _ => {
            let Some(key) = console.current.clone() else { return outcome };
            // Taken out, so that the console can be asked while the client works.
            let Some(mut client) = console.clients.remove(&key) else { return outcome };
            for _ in 0..repeat {
                let went = issue(console, &mut client, &argv, lines.is_interactive(), mouth);
                if !went || console.interrupt.is_raised() {
                    break;
                }
            }
            console.clients.insert(key, client);
        }
    }
    outcome
}

/// Sends one command and prints what comes back. False if the connection failed.
pub(super) fn issue(
    console: &mut Console,
    client: &mut Client,
    argv: &[Vec<u8>],
    interactive: bool,
    mouth: &mut Mouth<'_>,
) -> bool {
    let name = String::from_utf8_lossy(&argv[0]).to_ascii_lowercase();
    if matches!(name.as_str(), "sync" | "psync") {
        let text = format!(
            "{} turns its connection into a replica's: the bytes that follow are an RDB and a stream, \
             no replies. REPLICAOF on another instance does it properly.",
            name.to_ascii_uppercase()
        );
        mouth.text(Label::Refused, text);
        return true;
    }
    if let Err(e) = client.connect() {
        return failed(console, client, &e, mouth);
    }
    // A line that the server will refuse anyway waits for nobody.
    let has_key = argv.len() > 1 || name == "dbsize" || name == "randomkey";
    if !interactive && has_key {
        patience::before_read(console, &name, client.target.port, mouth);
    }
    let cursor = console.lab.journal().len();
    let streaming = match name.as_str() {
        "monitor" => true,
        // Inside MULTI it is only queued.
        "subscribe" | "psubscribe" | "ssubscribe" if !client.in_multi && argv.len() > 1 => {
            mouth.text(Label::Note, "Reading messages... (press Ctrl-C to quit)");
            true
        }
        _ => false,
    };
    let began = Instant::now();
    if let Err(e) = client.send(argv) {
        return failed(console, client, &e, mouth);
    }
    if streaming {
        return stream(console, client, interactive, mouth);
    }
    let read = match stall::read(console, client, argv, interactive, mouth) {
        stall::Read::Reply(read) => read,
        stall::Read::Owed => return true,
    };
    match read {
        Ok(value) => {
            client.note(argv, &value);
            let took = began.elapsed();
            answer(console, client, argv, &value, cursor, mouth);
            // As redis-cli tells it at its prompt.
            if took >= Duration::from_millis(500) {
                mouth.text(Label::Note, format!("({:.2}s)", took.as_secs_f64()));
            }
            true
        }
        // SHUTDOWN is answered by the end of the connection.
        Err(ClientError::Closed) if name == "shutdown" => {
            if console.lab.instance(client.target.port).is_some() {
                console.lab.wait_down(client.target.port, Duration::from_secs(10));
            }
            true
        }
        Err(e) => failed(console, client, &e, mouth),
    }
}

/// Prints replies until an interrupt, an error or, in a script, a short while.
fn stream(
    console: &mut Console,
    client: &mut Client,
    interactive: bool,
    mouth: &mut Mouth<'_>,
) -> bool {
    let until = Instant::now() + SCRIPT_STREAM;
    loop {
        let patience = (!interactive).then(|| until.saturating_duration_since(Instant::now()));
        match client.read(patience) {
            Ok(value) => {
                mouth.say(reply::format(&value, false));
                if value.error().is_some() {
                    return true;
                }
            }
            Err(ClientError::Interrupted) => {
                client.reconnect();
                return true;
            }
            Err(ClientError::TimedOut) => {
                let s = SCRIPT_STREAM.as_secs();
                mouth.text(Label::Note, format!("(a script has no Ctrl-C: ended after {s} s)"));
                // The connection was left in the middle of its stream: the next line needs a new one.
                client.reconnect();
                return true;
            }
            Err(e) => return failed(console, client, &e, mouth),
        }
    }
}

fn answer(
    console: &mut Console,
    client: &Client,
    argv: &[Vec<u8>],
    value: &Value,
    cursor: u64,
    mouth: &mut Mouth<'_>,
) {
    let port = client.target.port;
    let mut said = reply::format(value, reply::is_raw(argv));
    let name = String::from_utf8_lossy(&argv[0]).into_owned();
    let propagates = value.error().is_none()
        && !client.in_multi
        && (name.eq_ignore_ascii_case("exec") || commands::known(&name).is_some_and(|k| k.writes))
        && console.model().instance(port).is_some_and(|i| i.backlog.is_active());
    if propagates
        && said.lines.len() == 1
        && let Some(mut note) = notes::of_write(&console.lab, port, cursor)
        && let Some(line) = said.lines.last_mut()
    {
        let waiting = console.model().instance(port).map(notes::before_snapshot);
        note.push_str(&waiting.unwrap_or_default());
        notes::beside(line, note);
    }
    mouth.say(said);
    if let Some(error) = value.error() {
        hint(console, port, argv, error, mouth);
    }
}

/// A next step behind an error reply, where there is an obvious one.
fn hint(console: &mut Console, port: u16, argv: &[Vec<u8>], error: &[u8], mouth: &mut Mouth<'_>) {
    let word = |i: usize| argv.get(i).map(|w| String::from_utf8_lossy(w)).unwrap_or_default();
    let (name, second) = (&*word(0), &*word(1));
    if error.starts_with(b"ERR unknown command")
        && let Some(family) = later::family(name)
    {
        let text = format!("Redis has it; these servers do not know {family} yet");
        mouth.text(Label::Hint, text);
    } else if error.starts_with(b"ERR unknown command") {
        let names = commands::names();
        let shell = commands::SHELL.iter().map(|(name, ..)| *name);
        if let Some(near) = suggest::nearest(name, names.chain(shell)) {
            mouth.text(Label::Hint, format!("did you mean {near}?"));
        }
    } else if error.starts_with(b"ERR unknown subcommand") {
        let subs = commands::known(name).into_iter().flat_map(|k| &k.subcommands);
        if let Some(near) = suggest::nearest(second, subs.map(|k| k.name.as_str())) {
            mouth.text(Label::Hint, format!("did you mean {} {near}?", name.to_ascii_uppercase()));
        }
    } else if error.starts_with(b"READONLY") {
        let upstream = console.model().instance(port).and_then(|i| i.master.clone());
        if let Some(master) = upstream {
            let text = format!("{port} is a replica of {}: write there", master.port);
            mouth.text(Label::Hint, text);
        }
    } else if error.starts_with(b"NOAUTH") {
        mouth.text(Label::Hint, "AUTH PASSWORD first; it is masked in the record");
    } else if error.starts_with(b"ERR wrong number of arguments")
        && let Some(usage) = commands::usage_of(name, second)
    {
        mouth.text(Label::Hint, usage);
    }
}

fn failed(
    console: &mut Console,
    client: &mut Client,
    error: &ClientError,
    mouth: &mut Mouth<'_>,
) -> bool {
    if *error == ClientError::Interrupted {
        // As redis-cli does: the connection with its owed reply goes, a new one comes.
        client.reconnect();
        return false;
    }
    let port = client.target.port;
    if *error == ClientError::TimedOut && console.lab.instance(port).is_some_and(|i| i.frozen) {
        mouth.text(Label::Error, format!("Error: {port} is frozen, and answers nobody"));
        mouth.text(Label::Hint, format!(":thaw {port} lets it go on"));
        return false;
    }
    mouth.text(Label::Error, error.to_string());
    if matches!(error, ClientError::Connect { .. }) {
        explain_refusal(console, port, mouth);
    }
    false
}

/// Why nobody answers on that port, as far as the lab knows.
pub(super) fn explain_refusal(console: &mut Console, port: u16, mouth: &mut Mouth<'_>) {
    match console.lab.instance(port) {
        Some(i) if !i.up => {
            let conf = i.conf.unwrap_or_else(|| "…".into());
            let text =
                format!("{port} is down; redis-server {conf} (or :restart {port}) starts it again");
            mouth.text(Label::Hint, text);
        }
        Some(i) if i.frozen => mouth.text(Label::Hint, format!("it is frozen: :thaw {port}")),
        Some(_) => {}
        None => {
            let up: Vec<String> = console
                .lab
                .instances()
                .iter()
                .filter(|i| i.up)
                .map(|i| i.port.to_string())
                .collect();
            let text = if up.is_empty() {
                "no instance runs yet: redis-server CONF starts one".to_owned()
            } else {
                format!("{} up: {}", units::plural(up.len() as u64, "instance"), up.join(", "))
            };
            mouth.text(Label::Hint, text);
        }
    }
}
