//! What feeds the loop besides the lab: the keyboard and the signals.

use super::Msg;
use std::sync::mpsc::Sender;

/// Reads keys, pastes, clicks and resizes on a thread of their own.
pub(super) fn keyboard(tx: Sender<Msg>) {
    let lost = tx.clone();
    let spawned = std::thread::Builder::new().name("keyboard".into()).spawn(move || {
        loop {
            match crossterm::event::read() {
                Ok(event) => {
                    if tx.send(Msg::Term(event)).is_err() {
                        return;
                    }
                }
                Err(error) => {
                    let _ = tx.send(Msg::TermLost(error.to_string()));
                    return;
                }
            }
        }
    });
    if let Err(error) = spawned {
        let _ = lost.send(Msg::TermLost(error.to_string()));
    }
}

/// SIGTERM, SIGHUP, SIGINT and SIGQUIT become messages. Comes back once they are watched.
pub(super) fn signals(tx: Sender<Msg>) -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (mut term, mut hup, mut int, mut quit) = {
        let _inside = runtime.enter();
        (
            signal(SignalKind::terminate())?,
            signal(SignalKind::hangup())?,
            signal(SignalKind::interrupt())?,
            signal(SignalKind::quit())?,
        )
    };
    std::thread::Builder::new().name("signals".into()).spawn(move || {
        runtime.block_on(async move {
            loop {
                let number = tokio::select! {
                    _ = term.recv() => libc::SIGTERM,
                    _ = hup.recv() => libc::SIGHUP,
                    _ = int.recv() => libc::SIGINT,
                    _ = quit.recv() => libc::SIGQUIT,
                };
                if tx.send(Msg::Signal(number)).is_err() {
                    return;
                }
            }
        });
    })?;
    Ok(())
}
