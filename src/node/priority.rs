//! Who runs first when the processors are busy: a thread that serves clients, or one that saves.
//!
//! A server's turns are short, and a client waits for each of them; a save takes a second, and
//! nobody waits for any part of it. Both keep their share of the processors; only the order changes.
//! Where the system knows nothing of this, everything stays as it is.

/// The turn that a serving thread asks for (nanoseconds), the shortest that Linux grants. Whoever
/// asks for less at a time is let in earlier (since Linux 6.12; before, it is ignored).
#[cfg(target_os = "linux")]
const SHORT_NS: u64 = 100_000;

/// The calling thread serves clients.
pub(super) fn serve() {
    #[cfg(target_os = "linux")]
    change(|now| now.sched_runtime = SHORT_NS);
}

/// The calling thread works in the background. It would have inherited its parent's short turns;
/// it never interrupts another thread when it is woken.
pub(super) fn work() {
    #[cfg(target_os = "linux")]
    change(|now| {
        now.sched_policy = libc::SCHED_BATCH as u32;
        now.sched_runtime = 0;
    });
}

/// Changes how the calling thread is scheduled, unless the user has chosen a policy for it. A
/// system that refuses leaves it as it was.
#[cfg(target_os = "linux")]
fn change(how: impl FnOnce(&mut libc::sched_attr)) {
    const SELF: libc::pid_t = 0;
    const NO_FLAGS: libc::c_uint = 0;
    let size = size_of::<libc::sched_attr>() as libc::c_uint;
    // SAFETY: sched_attr is plain data; the kernel is told its size and stays within it, and the
    // pointers live through the calls.
    unsafe {
        let mut attr: libc::sched_attr = std::mem::zeroed();
        let got = libc::syscall(libc::SYS_sched_getattr, SELF, &raw mut attr, size, NO_FLAGS);
        if got != 0 || attr.sched_policy != libc::SCHED_OTHER as u32 {
            return;
        }
        attr.size = size;
        how(&mut attr);
        libc::syscall(libc::SYS_sched_setattr, SELF, &raw mut attr, NO_FLAGS);
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    #[test]
    fn work_in_the_background_is_a_batch_and_keeps_its_nice_value() {
        let thread = std::thread::spawn(|| {
            // SAFETY: both only tell about the calling thread.
            let told = || unsafe {
                (libc::sched_getscheduler(0), libc::getpriority(libc::PRIO_PROCESS, 0))
            };
            let (policy, nice) = told();
            super::serve();
            assert_eq!(told(), (policy, nice), "only the length of a turn changes");
            super::work();
            if policy == libc::SCHED_OTHER {
                assert_eq!(told(), (libc::SCHED_BATCH, nice));
            }
        });
        thread.join().expect("no panic");
    }
}
