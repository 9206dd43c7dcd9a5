//! A reply that does not come: because a step is held that it waits for, or because the instance is
//! frozen. The console never hangs on what only the learner can let go.

use super::client::{Client, ClientError};
use super::session::{Console, Mouth};
use super::{commands, reply, steps};
use crate::observe::{Answer, ConsoleFact, Label, StepKind};
use crate::wire::value::Value;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Between two looks at why there is no reply.
const LOOK: Duration = Duration::from_millis(120);
/// A reply that takes longer while steps wait is likely to wait for one of them.
const UNUSUAL: Duration = Duration::from_secs(1);
/// So long a script waits for an instance that is frozen.
const SCRIPT_PATIENCE: Duration = Duration::from_secs(3);

/// How the reading of a reply ended.
pub(super) enum Read {
    Reply(Result<Value, ClientError>),
    /// The prompt is given back; the reply is shown when it comes.
    Owed,
}

/// Reads the reply to a command that was sent, as long as there is a chance that it comes.
pub(super) fn read(
    console: &mut Console,
    client: &mut Client,
    argv: &[Vec<u8>],
    interactive: bool,
    mouth: &mut Mouth<'_>,
) -> Read {
    let (began, port) = (Instant::now(), client.target.port);
    let mut told_frozen = false;
    let mut blocks = interactive && may_block(argv);
    loop {
        match client.poll(Some(LOOK)) {
            Ok(Some(value)) if reply::is_message(argv, &value) => {
                mouth.say(reply::format(&value, false));
                continue;
            }
            Ok(Some(value)) => return Read::Reply(Ok(value)),
            Err(e) => return Read::Reply(Err(e)),
            Ok(None) => {}
        }
        if console.lab.instance(port).is_some_and(|i| i.frozen) {
            if !interactive && began.elapsed() >= SCRIPT_PATIENCE {
                client.disconnect();
                return Read::Reply(Err(ClientError::TimedOut));
            }
            if interactive && !told_frozen && began.elapsed() >= UNUSUAL {
                told_frozen = true;
                let text =
                    format!("({port} is frozen: Ctrl-C ends the waiting, then :thaw {port})");
                mouth.text(Label::Waiting, text);
            }
            continue;
        }
        // Where a step is held, that is told below.
        if blocks && began.elapsed() >= UNUSUAL && console.model().time.waiting.is_empty() {
            blocks = false;
            let text = format!(
                "(it waits: another redis-cli -p {port} can bring it something; Ctrl-C ends it)"
            );
            mouth.text(Label::Waiting, text);
        }
        let waiting = &console.model().time.waiting;
        let promotion =
            waiting.iter().any(|w| w.port == port && w.step.kind == StepKind::Promotion);
        let why = match waiting.len() {
            0 => continue,
            _ if promotion => "held before the promotion: :step lets it go".to_owned(),
            n if began.elapsed() >= UNUSUAL => {
                format!("no reply yet, and {}: :step or :run", steps::waiting(n))
            }
            _ => continue,
        };
        mouth.text(Label::Waiting, format!("({why}; the reply is shown when it comes)"));
        owe(console, client, argv, mouth);
        return Read::Owed;
    }
}

/// Whether a command may wait until somebody else writes.
fn may_block(argv: &[Vec<u8>]) -> bool {
    let name = argv.first().map(|w| String::from_utf8_lossy(w)).unwrap_or_default();
    commands::known(&name).is_some_and(|k| k.blocks)
}

/// Leaves the connection with its owed reply to a thread of its own, which records the reply as a
/// late part of the line's answer. The prompt goes on with a new connection.
fn owe(console: &Console, client: &mut Client, argv: &[Vec<u8>], mouth: &Mouth<'_>) {
    let mut owed = client.leave();
    // A failure is told by the next command.
    let _ = client.connect();
    let (lab, id, gone) = (console.lab.clone(), mouth.id(), console.alive.gone());
    let words: Vec<String> = argv.iter().map(|w| reply::shown(w)).collect();
    let asked = crate::lab::secrets::mask_line(&words.join(" "));
    let raw = reply::is_raw(argv);
    let wait = move || {
        while !gone.load(Ordering::SeqCst) {
            let said = match owed.poll(Some(LOOK)) {
                Ok(None) => continue,
                Ok(Some(value)) => reply::format(&value, raw),
                Err(e) => Answer::text(Label::Error, &e.to_string()),
            };
            let port = owed.target.port;
            let mut answer = Answer::text(Label::Note, &format!("({port} replies to {asked})"));
            answer.lines.extend(said.lines);
            lab.record_console(ConsoleFact::Answered { id, answer });
            return;
        }
    };
    // Without a thread the reply is lost, the command is not.
    let _ = std::thread::Builder::new().name("owed".into()).spawn(wait);
}

/// Says to the threads of a console when it is gone.
#[derive(Debug, Default)]
pub(super) struct Alive(Arc<AtomicBool>);

impl Alive {
    fn gone(&self) -> Arc<AtomicBool> {
        self.0.clone()
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}
