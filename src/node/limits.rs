//! The process's bound on open files, shared by every instance in it.

/// File descriptors that Redis keeps back for files, listeners and the like.
pub const RESERVED_FDS: u64 = 32;

/// Processor time that the calling thread has used: microseconds in the system and in the program.
pub(super) fn thread_cpu_us() -> (u64, u64) {
    #[cfg(target_os = "linux")]
    {
        // SAFETY: rusage is plain data, and the pointer lives through the call.
        let usage = unsafe {
            let mut usage: libc::rusage = std::mem::zeroed();
            if libc::getrusage(libc::RUSAGE_THREAD, &mut usage) != 0 {
                return (0, 0);
            }
            usage
        };
        let us = |t: libc::timeval| t.tv_sec as u64 * 1_000_000 + t.tv_usec as u64;
        (us(usage.ru_stime), us(usage.ru_utime))
    }
    #[cfg(not(target_os = "linux"))]
    {
        // Only the sum is to be had for one thread everywhere.
        // SAFETY: timespec is plain data, and the pointer lives through the call.
        let time = unsafe {
            let mut time: libc::timespec = std::mem::zeroed();
            if libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut time) != 0 {
                return (0, 0);
            }
            time
        };
        (0, time.tv_sec as u64 * 1_000_000 + time.tv_nsec as u64 / 1000)
    }
}

/// What came of raising RLIMIT_NOFILE.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileLimit {
    pub before: u64,
    pub now: u64,
}

/// Raises the soft bound on open files to `wanted`, or as far as the hard bound allows. It is
/// never lowered. `None`: the system does not tell.
pub fn raise_open_files(wanted: u64) -> Option<FileLimit> {
    // SAFETY: rlimit is plain data, and the pointer lives through the calls.
    unsafe {
        let mut limit: libc::rlimit = std::mem::zeroed();
        if libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit) != 0 {
            return None;
        }
        let before = limit.rlim_cur;
        if before >= wanted {
            return Some(FileLimit { before, now: before });
        }
        limit.rlim_cur = wanted.min(limit.rlim_max);
        let now =
            if libc::setrlimit(libc::RLIMIT_NOFILE, &limit) == 0 { limit.rlim_cur } else { before };
        Some(FileLimit { before, now })
    }
}

/// Bytes of physical memory, 0 if the system does not tell.
pub fn system_memory() -> u64 {
    // SAFETY: sysconf only reads its argument.
    let (pages, size) =
        unsafe { (libc::sysconf(libc::_SC_PHYS_PAGES), libc::sysconf(libc::_SC_PAGESIZE)) };
    u64::try_from(pages).unwrap_or(0) * u64::try_from(size).unwrap_or(0)
}

/// `Linux 6.1.0 x86_64`, as INFO's `os` has it.
pub fn os_name() -> String {
    // SAFETY: utsname is plain data that uname fills with NUL-terminated texts.
    unsafe {
        let mut name: libc::utsname = std::mem::zeroed();
        if libc::uname(&mut name) != 0 {
            return std::env::consts::OS.to_owned();
        }
        let text = |field: &[libc::c_char]| {
            let bytes: Vec<u8> = field.iter().take_while(|c| **c != 0).map(|c| *c as u8).collect();
            String::from_utf8_lossy(&bytes).into_owned()
        };
        format!("{} {} {}", text(&name.sysname), text(&name.release), text(&name.machine))
    }
}

#[cfg(test)]
mod tests {
    use super::{os_name, raise_open_files, system_memory};

    #[test]
    fn limits_are_only_raised() {
        let first = raise_open_files(64).expect("the system tells");
        assert_eq!(first.before, first.now, "64 is below any soft bound of a test machine");
        let again = raise_open_files(first.now).expect("the system tells");
        assert!(again.now >= first.now);
    }

    #[test]
    fn host_facts_are_there() {
        assert!(system_memory() > 1 << 20);
        assert_eq!(os_name().split(' ').count(), 3);
    }
}
