//! Pids for instances that are no processes.

use std::sync::atomic::{AtomicU32, Ordering};

/// No Linux kernel gives a process a higher pid than this (PID_MAX_LIMIT); other systems stay far
/// below it.
const SYSTEM_MAX: u32 = 4_194_304;

/// Counts upwards from where no process can be: a `kill` that a learner copies into another
/// terminal hits nobody.
pub(super) struct Pids(AtomicU32);

impl Pids {
    pub(super) fn new() -> Pids {
        let told = std::fs::read_to_string("/proc/sys/kernel/pid_max")
            .ok()
            .and_then(|text| text.trim().parse::<u32>().ok())
            .unwrap_or(0);
        Pids(AtomicU32::new(told.max(SYSTEM_MAX) + 1))
    }

    pub(super) fn next(&self) -> u32 {
        self.0.fetch_add(1, Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::{Pids, SYSTEM_MAX};

    #[test]
    fn no_process_has_such_a_pid() {
        let pids = Pids::new();
        let (a, b) = (pids.next(), pids.next());
        assert!(a > SYSTEM_MAX && b == a + 1 && i32::try_from(b).is_ok());
        // SAFETY: signal 0 is never delivered; it only asks whether the process is there.
        let there = unsafe { libc::kill(i32::try_from(a).expect("fits"), 0) };
        assert_eq!(there, -1);
    }
}
