//! :scenario NAME|FILE, :scenarios

use super::usage;
use crate::console::client::{Client, Target};
use crate::console::scenario::{self, Scenario, Step};
use crate::console::session::{Console, Mouth};
use crate::console::{MoreLines, Outcome, reply, suggest, units};
use crate::lab::free;
use crate::lab::workspace::DATA;
use crate::observe::{Answer, Label};
use std::time::Duration;

/// A file of more than this is no scenario.
const MOST_BYTES: u64 = 256 * 1024;

pub(super) fn list(mouth: &mut Mouth<'_>) -> Outcome {
    let mut answer = Answer::default();
    for (name, about) in scenario::names() {
        answer.push(Label::Lab, format!(":scenario {name:<13} {about}"));
    }
    answer.push(Label::Hint, "a file of your own works too: :scenario FILE");
    mouth.say(answer);
    Outcome::default()
}

pub(super) fn run(console: &mut Console, rest: &str, mouth: &mut Mouth<'_>) -> Outcome {
    let name = rest.trim_matches(['"', '\'']);
    if name.is_empty() {
        return list(mouth);
    }
    let text = match scenario::built_in(name) {
        Some(text) => text.to_owned(),
        None => match from_file(console, name) {
            Ok(text) => text,
            Err(why) => return usage("scenario", &why, mouth),
        },
    };
    let shown = reply::shown(name.as_bytes());
    let base = console.lab.base_ports()[0];
    match scenario::parse(&text, base) {
        Ok(scenario) => play(console, &shown, &scenario, mouth),
        Err(wrong) => {
            const NAMED: usize = 8;
            let mut answer = Answer::default();
            let others = wrong.len().saturating_sub(NAMED);
            for (number, why) in wrong.into_iter().take(NAMED) {
                answer.push(Label::Refused, format!("{shown}:{number}: {why}"));
            }
            if others > 0 {
                let lines = units::plural(others as u64, "more line");
                answer.push(Label::Refused, format!("{shown}: and {lines} of that kind"));
            }
            answer.push(Label::Hint, "nothing was run");
            mouth.say(answer);
            Outcome { not_understood: true, ..Outcome::default() }
        }
    }
}

/// A file of the lab's, or one of this machine.
fn from_file(console: &Console, name: &str) -> Result<String, String> {
    let path = console.lab.workspace().resolve(&console.cwd, name);
    if let Ok(bytes) = console.lab.workspace().read(&path) {
        return Ok(String::from_utf8_lossy(&bytes).into_owned());
    }
    let shown = reply::shown(name.as_bytes());
    let system = |e: std::io::Error| {
        let text = e.to_string();
        text.split(" (os error").next().unwrap_or_default().to_owned()
    };
    match std::fs::metadata(name) {
        Ok(about) if about.is_file() && about.len() <= MOST_BYTES => {
            let bytes = std::fs::read(name).map_err(|e| format!("{shown}: {}", system(e)))?;
            Ok(String::from_utf8_lossy(&bytes).into_owned())
        }
        Ok(about) if about.is_file() => Err(format!("{shown} is too long for a scenario")),
        Ok(_) => Err(format!("{shown} is no file")),
        Err(_) => {
            let names = scenario::names().map(|(name, _)| name);
            Err(match suggest::nearest(name, names) {
                Some(near) => format!("there is no scenario {shown}; did you mean {near}?"),
                None => format!("there is neither a scenario nor a file {shown}; :scenarios lists"),
            })
        }
    }
}

fn play(console: &mut Console, name: &str, scenario: &Scenario, mouth: &mut Mouth<'_>) -> Outcome {
    let mut head = Answer::default();
    head.push(Label::Good, scenario.title.clone());
    for line in &scenario.head {
        head.push(Label::Note, line.clone());
    }
    mouth.say(head);
    let before = console.current.take();
    let outcome = match set_back(console, mouth) {
        true => lines(console, name, scenario, mouth),
        false => Outcome { failed: true, ..Outcome::default() },
    };
    console.current = before;
    if let Some(client) = console.current.as_ref().and_then(|key| console.clients.get_mut(key)) {
        // Whether it is there is said when a line is typed.
        let _ = client.connect();
    }
    outcome
}

fn lines(console: &mut Console, name: &str, scenario: &Scenario, mouth: &mut Mouth<'_>) -> Outcome {
    for (number, step) in &scenario.lines {
        match step {
            Step::Say(text) => mouth.text(Label::Note, if text.is_empty() { " " } else { text }),
            Step::Run(line) => {
                mouth.text(Label::Lab, line);
                without_old_data(console, line);
                let outcome = console.dispatch(line, &mut NoMore, mouth);
                if console.interrupt.is_raised() {
                    mouth.text(Label::Lab, format!("{name}: stopped at line {number}"));
                    return Outcome::default();
                }
                if outcome.failed || outcome.not_understood {
                    let text =
                        format!("{name}:{number}: this line did not succeed, the rest is left out");
                    mouth.text(Label::Broken, text);
                    return Outcome { failed: true, ..Outcome::default() };
                }
            }
        }
    }
    Outcome::default()
}

/// An instance that a scenario adds begins anew, like the first three: what an earlier one of that
/// port saved would be loaded otherwise.
fn without_old_data(console: &Console, line: &str) {
    let Some(port) = line.strip_prefix(":add ").and_then(super::port) else { return };
    if console.lab.instance(port).is_none() {
        // As a rule there is no such file.
        let _ = console.lab.workspace().remove(&format!("{DATA}/{port}/dump.rdb"), false);
    }
}

/// Three fresh masters, nothing else: what every scenario begins with.
fn set_back(console: &mut Console, mouth: &mut Mouth<'_>) -> bool {
    let lab = console.lab.clone();
    lab.clear_breaks();
    lab.run();
    // 1 is a factor that there is.
    let _ = lab.slow(1);
    lab.heal(None);
    console.scale = None;
    let base = lab.base_ports();
    for port in lab.ports().into_iter().filter(|p| !base.contains(p)) {
        if let Err(e) = lab.remove(port) {
            mouth.lab_error("", &e);
            return false;
        }
    }
    for client in console.clients.values_mut() {
        client.disconnect();
    }
    for port in base {
        if let Err(text) = fresh(console, port) {
            mouth.text(Label::ShellError, reply::shown(text.as_bytes()));
            return false;
        }
    }
    let ports: Vec<String> = base.iter().map(u16::to_string).collect();
    let text = format!("{} begin anew: three masters without data", ports.join(", "));
    mouth.text(Label::Lab, text);
    true
}

/// Kills what runs on the port, and starts it without its data.
fn fresh(console: &mut Console, port: u16) -> Result<(), String> {
    let lab = console.lab.clone();
    match lab.instance(port) {
        None => {
            let conf = free::conf_path(port);
            let workspace = lab.workspace();
            workspace.mkdir(&format!("{DATA}/{port}"), true).map_err(|e| e.to_string())?;
            if !workspace.exists(&conf) {
                let text = free::conf(port);
                workspace.write(&conf, text.as_bytes()).map_err(|e| e.to_string())?;
            }
            lab.start_server(DATA, Some(&conf), &[]).map_err(|e| e.text)?;
        }
        Some(i) => {
            if i.up {
                lab.kill(port).map_err(|e| e.to_string())?;
            }
            lab.restart(port, true).map_err(|e| e.text)?;
        }
    }
    // Its conf may make it a replica.
    let mut client = Client::new(Target::new("127.0.0.1", port), console.interrupt.clone());
    let asked = client
        .connect()
        .and_then(|()| client.ask(&["REPLICAOF", "NO", "ONE"], Some(Duration::from_secs(5))));
    asked.map(|_| ()).map_err(|e| e.to_string())
}

/// A scenario's lines bring no others, and nobody types between them.
struct NoMore;

impl MoreLines for NoMore {
    fn next_line(&mut self, _prompt: &str) -> Option<String> {
        None
    }

    fn put_back(&mut self, _line: String) {}
}
