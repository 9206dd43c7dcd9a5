//! SIGTERM and SIGINT ask the server to leave; SIGHUP and SIGPIPE are ignored.

use crate::engine::Signal;
use crate::node::{Control, ControlTx};
use std::io;

/// The signals that are waited for, blocked in the calling thread and in all that it starts.
pub(super) struct Signals {
    set: libc::sigset_t,
}

impl Signals {
    /// Call it before any other thread exists: a thread that does not block them would take them.
    pub(super) fn block() -> io::Result<Signals> {
        // SAFETY: the set is plain data that sigemptyset initialises; the calls only read it.
        unsafe {
            libc::signal(libc::SIGHUP, libc::SIG_IGN);
            libc::signal(libc::SIGPIPE, libc::SIG_IGN);
            let mut set: libc::sigset_t = std::mem::zeroed();
            libc::sigemptyset(&mut set);
            libc::sigaddset(&mut set, libc::SIGTERM);
            libc::sigaddset(&mut set, libc::SIGINT);
            match libc::pthread_sigmask(libc::SIG_BLOCK, &set, std::ptr::null_mut()) {
                0 => Ok(Signals { set }),
                code => Err(io::Error::from_raw_os_error(code)),
            }
        }
    }

    /// Passes signals on from a thread of its own. `insist` is called when SIGINT comes once more
    /// after a signal that asked to leave; the process then ends at once, with 1.
    pub(super) fn forward(
        self,
        to: ControlTx,
        insist: impl Fn() + Send + 'static,
    ) -> io::Result<()> {
        let wait = move || {
            let mut asked = false;
            loop {
                let mut signal = 0;
                // SAFETY: both pointers live through the call.
                if unsafe { libc::sigwait(&self.set, &mut signal) } != 0 {
                    return;
                }
                if asked && signal == libc::SIGINT {
                    insist();
                    std::process::exit(1);
                }
                asked = true;
                let signal = if signal == libc::SIGINT { Signal::Int } else { Signal::Term };
                to.send(Control::Shutdown(signal));
            }
        };
        std::thread::Builder::new().name("signals".to_owned()).spawn(wait).map(|_| ())
    }
}
