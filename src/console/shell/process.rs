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

/// What a signal does to one of the lab's servers.
#[derive(Clone, Copy)]
enum Signal {
    Kill,
    Term,
    Stop,
    Continue,
}

pub(super) fn kill(console: &mut Console, args: &Args, mouth: &mut Mouth<'_>) -> Ended {
    let (mut signal, mut pids) = ("TERM".to_owned(), Vec::new());
    let mut words = args.args.iter();
    while let Some(word) = words.next() {
        match word.strip_prefix('-') {
            Some("s") => signal = words.next().cloned().unwrap_or_default(),
            Some("l") => {
                mouth.text(Label::Shell, "9 KILL  15 TERM  2 INT  19 STOP  18 CONT");
                return Ended::ok();
            }
            Some(s) => signal = s.to_owned(),
            None => pids.push(word.clone()),
        }
    }
    let upper = signal.to_ascii_uppercase();
    let signal = match upper.strip_prefix("SIG").unwrap_or(&upper) {
        "9" | "KILL" => Signal::Kill,
        "15" | "TERM" | "2" | "INT" => Signal::Term,
        "19" | "STOP" | "20" | "TSTP" => Signal::Stop,
        "18" | "CONT" => Signal::Continue,
        _ => {
            let shown = crate::console::reply::shown(signal.as_bytes());
            mouth.text(
                Label::ShellError,
                format!("kill: {shown}: the lab knows -9 (KILL), -TERM, -INT, -STOP and -CONT"),
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
        let lab = &console.lab;
        let done = match signal {
            Signal::Kill => lab.kill(i.port),
            Signal::Term => lab.terminate(i.port),
            // A second SIGSTOP, or a SIGCONT for whoever runs, does nothing and is no error.
            Signal::Stop if i.frozen => Ok(()),
            Signal::Stop => lab.freeze(i.port),
            Signal::Continue if !i.frozen => Ok(()),
            Signal::Continue => lab.thaw(i.port),
        };
        if let Err(e) = done {
            mouth.lab_error("kill: ", &e);
            ended.failed = true;
        }
    }
    ended
}
