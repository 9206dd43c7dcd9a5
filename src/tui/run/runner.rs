//! The console's thread: a line may block for seconds, and the screen stays alive.

use super::Msg;
use crate::console::{Completer, Console, Interrupt, OwnEditor};
use crate::lab::Lab;
use crate::lesson::Tutor;
use std::sync::mpsc::{Sender, channel};

/// What the loop needs of the console besides its thread.
pub(super) struct Front {
    pub completer: Completer,
    pub prompt: String,
}

/// Starts the thread. Lines go in by the channel; [`Msg::Line`] tells when each is done.
pub(super) fn start(
    lab: Lab,
    interrupt: Interrupt,
    tutor: Option<Tutor>,
    tx: Sender<Msg>,
) -> std::io::Result<(Front, Sender<String>)> {
    let (lines, next) = channel::<String>();
    let mut console = Console::new(lab, interrupt);
    if let Some(tutor) = tutor {
        console.set_desk(Box::new(tutor));
    }
    let front = Front { completer: console.completer(), prompt: console.prompt() };
    std::thread::Builder::new().name("console".into()).spawn(move || {
        let guard = Guard(tx);
        for line in next {
            let outcome = console.run(&line, &mut OwnEditor, &mut |_| {});
            if guard.0.send(Msg::Line(outcome, console.prompt())).is_err() {
                break;
            }
        }
        std::mem::forget(guard);
    })?;
    Ok((front, lines))
}

/// Says so when the thread ends before its work is done.
struct Guard(Sender<Msg>);

impl Drop for Guard {
    fn drop(&mut self) {
        let _ = self.0.send(Msg::ThreadLost("console"));
    }
}
