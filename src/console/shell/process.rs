//! ps and kill: the lab's servers as processes.

use super::{Args, Ended};
use crate::console::session::{Console, Mouth};
use crate::observe::{Answer, Label};

pub(super) fn ps(console: &mut Console, mouth: &mut Mouth<'_>) -> Ended {
    let mut answer = Answer::default();
    answer.push(Label::Shell, "    PID  CMD");
    for i in console.lab.instances().iter().filter(|i| i.up) {
        answer.push(Label::Shell, format!("{:>7}  redis-server {}", i.shown_pid, i.addr));
    }
    mouth.say(answer);
    Ended::ok()
}

pub(super) fn kill(console: &mut Console, args: &Args, mouth: &mut Mouth<'_>) -> Ended {
    let (mut signal, mut pids) = ("TERM".to_owned(), Vec::new());
    let mut words = args.args.iter();
    while let Some(word) = words.next() {
        match word.strip_prefix('-') {
            Some("s") => signal = words.next().cloned().unwrap_or_default(),
            Some("l") => {
                mouth.text(Label::Shell, "9 KILL  15 TERM  2 INT");
                return Ended::ok();
            }
            Some(s) => signal = s.to_owned(),
            None => pids.push(word.clone()),
        }
    }
    let upper = signal.to_ascii_uppercase();
    let hard = match upper.strip_prefix("SIG").unwrap_or(&upper) {
        "9" | "KILL" => true,
        "15" | "TERM" | "2" | "INT" => false,
        _ => {
            mouth.text(
                Label::ShellError,
                format!("kill: {signal}: the lab knows -9 (KILL), -TERM and -INT"),
            );
            return Ended::failed();
        }
    };
    if pids.is_empty() {
        mouth.text(Label::ShellError, "kill: which pid?");
        mouth.text(Label::Hint, "ps shows them; :kill PORT goes by the port");
        return Ended::failed();
    }
    let mut ended = Ended::ok();
    for pid in pids {
        let instances = console.lab.instances();
        let wanted: Option<u32> = pid.parse().ok();
        let Some(i) = instances.iter().find(|i| i.up && Some(i.shown_pid) == wanted) else {
            let pid = crate::console::reply::shown(pid.as_bytes());
            mouth.text(Label::ShellError, format!("kill: ({pid}) - No such process"));
            if let Some(i) = instances.iter().find(|i| i.port.to_string() == pid && i.up) {
                let text = format!(
                    "{} is a port; its pid is {} (:kill {pid} goes by the port)",
                    i.port, i.shown_pid
                );
                mouth.text(Label::Hint, text);
            }
            ended.failed = true;
            continue;
        };
        let done = if hard { console.lab.kill(i.port) } else { console.lab.terminate(i.port) };
        if let Err(e) = done {
            mouth.lab_error("kill: ", &e);
            ended.failed = true;
        }
    }
    ended
}
