//! Ctrl-C, SIGTERM and SIGHUP in line mode.

use super::pen::Pen;
use crate::console::Interrupt;
use crate::lab::Lab;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use tokio::signal::unix::{SignalKind, signal};

/// What came so far.
#[derive(Clone, Default)]
pub struct Signals {
    interrupted: Arc<AtomicBool>,
}

impl Signals {
    /// Whether Ctrl-C came since the last question: it ends a script.
    pub fn take_interrupted(&self) -> bool {
        self.interrupted.swap(false, Ordering::SeqCst)
    }
}

/// Catches the signals from here on, on a thread of its own: Ctrl-C raises the interrupt of the line
/// that runs; SIGTERM and SIGHUP close the lab, give the terminal back and leave. Comes back when
/// the handlers are in place.
pub fn watch(interrupt: Interrupt, lab: Lab, pen: Pen) -> Signals {
    let signals = Signals::default();
    let flag = signals.interrupted.clone();
    let terminal = Terminal::remember();
    let (ready, is_ready) = mpsc::channel();
    let body = move || {
        let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else {
            return;
        };
        runtime.block_on(async move {
            let (Ok(mut int), Ok(mut term), Ok(mut hup)) = (
                signal(SignalKind::interrupt()),
                signal(SignalKind::terminate()),
                signal(SignalKind::hangup()),
            ) else {
                return;
            };
            let _ = ready.send(());
            let code = loop {
                tokio::select! {
                    _ = int.recv() => {
                        flag.store(true, Ordering::SeqCst);
                        interrupt.raise();
                    }
                    _ = term.recv() => break 143,
                    _ = hup.recv() => break 129,
                }
            };
            interrupt.raise();
            pen.stop();
            lab.close();
            terminal.restore();
            std::process::exit(code);
        });
    };
    let _ = std::thread::Builder::new().name("signals".into()).spawn(body);
    // An error means that the thread ended without handlers: the defaults stay.
    let _ = is_ready.recv();
    signals
}

/// The terminal's settings before the line editor changed them.
struct Terminal(Option<libc::termios>);

impl Terminal {
    fn remember() -> Terminal {
        let mut settings = std::mem::MaybeUninit::<libc::termios>::uninit();
        // SAFETY: tcgetattr fills the struct that it is given when it returns 0.
        let ok = unsafe { libc::tcgetattr(libc::STDIN_FILENO, settings.as_mut_ptr()) } == 0;
        // SAFETY: filled, as above.
        Terminal(ok.then(|| unsafe { settings.assume_init() }))
    }

    fn restore(&self) {
        if let Some(settings) = &self.0 {
            // SAFETY: the settings were read from this very terminal.
            unsafe { libc::tcsetattr(libc::STDIN_FILENO, libc::TCSANOW, settings) };
            // Bracketed paste off, in case the editor was in the middle of a line.
            println!("\x1b[?2004l");
        }
    }
}
