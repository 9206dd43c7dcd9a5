//! What a process can do about itself while it is still one thread.

use std::io;

/// Leaves the terminal: the parent ends with 0, the child goes on in a session of its own with its
/// standard streams on /dev/null.
///
/// Must be called while the process has one thread: only the calling one lives on in the child.
pub(super) fn daemonize() -> io::Result<()> {
    // SAFETY: no other thread exists (see above), so that no lock is held by one that is gone. The
    // parent leaves by _exit, which runs no destructors twice.
    unsafe {
        match libc::fork() {
            -1 => return Err(io::Error::last_os_error()),
            0 => {}
            _ => libc::_exit(0),
        }
        libc::setsid();
        let null = libc::open(c"/dev/null".as_ptr(), libc::O_RDWR);
        if null != -1 {
            for fd in [libc::STDIN_FILENO, libc::STDOUT_FILENO, libc::STDERR_FILENO] {
                libc::dup2(null, fd);
            }
            if null > libc::STDERR_FILENO {
                libc::close(null);
            }
        }
    }
    Ok(())
}
