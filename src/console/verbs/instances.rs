//! :kill PORT, :restart PORT

use super::{port, usage};
use crate::console::session::{Console, Mouth};
use crate::console::{Outcome, reply};
use crate::observe::Label;

pub(super) fn kill(console: &mut Console, rest: &str, mouth: &mut Mouth<'_>) -> Outcome {
    let Some(port) = port(rest) else { return usage("kill", "which port?", mouth) };
    if console.lab.instance(port).is_some_and(|i| !i.up) {
        mouth.text(Label::ShellError, format!("{port} is down already"));
        mouth.text(Label::Hint, format!(":restart {port} starts it again"));
        return Outcome::default();
    }
    match console.lab.kill(port) {
        Ok(()) => mouth.text(Label::Lab, format!("{port} was killed; nothing was saved")),
        Err(e) => mouth.lab_error("", &e),
    }
    Outcome::default()
}

pub(super) fn restart(console: &mut Console, rest: &str, mouth: &mut Mouth<'_>) -> Outcome {
    let Some(port) = port(rest) else { return usage("restart", "which port?", mouth) };
    match console.lab.restart(port, false) {
        Ok(started) => {
            mouth.text(Label::Lab, format!("{port} is up again (pid {})", started.shown_pid))
        }
        Err(e) => {
            mouth.text(Label::ShellError, reply::shown(e.text.as_bytes()));
            if let Some(hint) = &e.hint {
                mouth.text(Label::Hint, hint);
            }
        }
    }
    Outcome::default()
}
