//! The terminal: taken over for the screens, and given back whatever happens.
//!
//! It is given back by `Drop`, by the panic hook of the thread that draws, and by [`restore`], which
//! may be called any number of times from any thread. A panic in another thread (an instance, the
//! console) must not tear the screen down under the one that draws: it is noted, and printed after
//! the terminal was given back.

use crossterm::cursor::Show;
use crossterm::event::{
    DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture,
};
use crossterm::execute;
use crossterm::terminal::{
    BeginSynchronizedUpdate, Clear, ClearType, EndSynchronizedUpdate, EnterAlternateScreen,
    LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use std::io::{self, Stdout, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, Once, PoisonError};
use std::thread::ThreadId;

/// Whether the terminal is ours.
static TAKEN: AtomicBool = AtomicBool::new(false);
/// The thread that draws; a panic there gives the terminal back at once.
static DRAWER: Mutex<Option<ThreadId>> = Mutex::new(None);
/// What other threads said when they panicked.
static NOTED: Mutex<Vec<String>> = Mutex::new(Vec::new());
static HOOK: Once = Once::new();

/// The terminal while it is ours.
pub struct Term {
    pub terminal: Terminal<CrosstermBackend<Stdout>>,
}

impl Term {
    /// Takes the terminal over. On an error it is as it was.
    ///
    /// # Errors
    /// Standard output or input is no terminal that can be switched to raw mode.
    pub fn open() -> io::Result<Term> {
        *DRAWER.lock().unwrap_or_else(PoisonError::into_inner) = Some(std::thread::current().id());
        HOOK.call_once(install_hook);
        enter().inspect_err(|_| restore())?;
        let terminal = Terminal::new(CrosstermBackend::new(io::stdout()));
        Ok(Term { terminal: terminal.inspect_err(|_| restore())? })
    }

    /// Sends the terminal a sequence that draws nothing.
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn tell(&mut self, sequence: &str) -> io::Result<()> {
        let mut out = io::stdout();
        out.write_all(sequence.as_bytes())?;
        out.flush()
    }

    /// Draws a frame. Terminals that can show it at once, from its first cell to its last.
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn frame(&mut self, draw: impl FnOnce(&mut ratatui::Frame)) -> io::Result<()> {
        execute!(io::stdout(), BeginSynchronizedUpdate)?;
        let drawn = self.terminal.draw(draw).map(|_| ());
        execute!(io::stdout(), EndSynchronizedUpdate)?;
        drawn
    }

    /// Gives the terminal back to the shell (Ctrl-Z) and takes it again when the shell says so.
    ///
    /// # Errors
    /// The terminal cannot be taken again.
    pub fn suspend(&mut self) -> io::Result<()> {
        restore();
        // SAFETY: raising a signal against oneself touches no memory; the default action of
        // SIGTSTP stops the process until SIGCONT.
        unsafe {
            libc::raise(libc::SIGTSTP);
        }
        enter()?;
        // Everything is drawn anew. (`clear` would ask the terminal where its cursor is, and the
        // keyboard's thread would swallow the answer.)
        let size = self.terminal.size()?;
        self.terminal.resize(ratatui::layout::Rect::from(size))
    }
}

impl Drop for Term {
    fn drop(&mut self) {
        restore();
    }
}

fn enter() -> io::Result<()> {
    enable_raw_mode()?;
    TAKEN.store(true, Ordering::SeqCst);
    // What another program left on the alternate screen is none of ours.
    execute!(
        io::stdout(),
        EnterAlternateScreen,
        Clear(ClearType::All),
        EnableBracketedPaste,
        EnableMouseCapture
    )
}

/// Gives the terminal back, if it is ours. A terminal that is gone (SIGHUP) is no error.
pub fn restore() {
    if TAKEN.swap(false, Ordering::SeqCst) {
        let mut out = io::stdout();
        let _ =
            execute!(out, DisableMouseCapture, DisableBracketedPaste, LeaveAlternateScreen, Show);
        let _ = disable_raw_mode();
        let _ = out.flush();
    }
}

/// Prints what threads said that panicked while the screen was ours.
pub fn tell_noted() {
    for line in NOTED.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
        eprintln!("{line}");
    }
}

fn install_hook() {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        let drawer = *DRAWER.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = TAKEN.load(Ordering::SeqCst);
        if !taken || drawer == Some(std::thread::current().id()) {
            restore();
            before(info);
            return;
        }
        let thread = std::thread::current();
        let name = thread.name().unwrap_or("unnamed").to_owned();
        let mut noted = NOTED.lock().unwrap_or_else(PoisonError::into_inner);
        if noted.len() < 20 {
            noted.push(format!("thread '{name}' {info}"));
        }
    }));
}

#[cfg(test)]
mod tests {
    use super::*;
    use pty_process::blocking::{Command, open};
    use std::io::Read;

    /// Names what the child below does, in a process and on a terminal of its own.
    const ROLE: &str = "SYNCLAB_TEST_TERMINAL";
    const LEAVE: &str = "\x1b[?1049l";

    /// The child: does nothing unless the tests below run it.
    #[test]
    fn child() {
        match std::env::var(ROLE).as_deref() {
            Ok("drawer") => {
                let _term = Term::open().expect("a terminal");
                panic!("the drawer fell");
            }
            Ok("other") => {
                let term = Term::open().expect("a terminal");
                let fell = std::thread::spawn(|| panic!("another fell")).join();
                assert!(fell.is_err());
                assert!(TAKEN.load(Ordering::SeqCst), "the screen stays up");
                drop(term);
                tell_noted();
            }
            _ => {}
        }
    }

    fn output_of(role: &str) -> String {
        let (mut pty, pts) = open().expect("a pseudo-terminal");
        let mut child = Command::new(std::env::current_exe().expect("this test"))
            .args(["--exact", "tui::term::tests::child", "--nocapture"])
            .env(ROLE, role)
            .spawn(pts)
            .expect("a child");
        let (mut out, mut chunk) = (Vec::new(), [0; 4096]);
        // The end of the terminal is an error on Linux.
        while let Ok(n @ 1..) = pty.read(&mut chunk) {
            out.extend_from_slice(&chunk[..n]);
        }
        child.wait().expect("its end");
        String::from_utf8_lossy(&out).into_owned()
    }

    #[test]
    fn a_panic_of_the_thread_that_draws_gives_the_terminal_back_before_it_is_told() {
        let out = output_of("drawer");
        let left = out.find(LEAVE).expect("the alternate screen is left");
        let told = out.find("the drawer fell").expect("the panic is told");
        assert!(left < told, "{out:?}");
        assert_eq!(out.matches(LEAVE).count(), 1, "given back once: {out:?}");
    }

    #[test]
    fn a_panic_elsewhere_is_told_after_the_screen() {
        let out = output_of("other");
        let left = out.find(LEAVE).expect("the alternate screen is left");
        let told = out.find("another fell").expect("the panic is told");
        assert!(left < told, "{out:?}");
    }
}
