use crate::observe::{LogLevel, Now};
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::PathBuf;

/// Where an instance's log lines go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogTo {
    /// `logfile ""` of a server of its own.
    Stdout,
    /// Appended to this file of the machine. It is opened for each line, so that it can be moved
    /// away or removed while the server runs, as log rotation does.
    File(PathBuf),
    /// Nowhere: the facts are enough (the lab's terminal belongs to its screen).
    Nowhere,
}

/// Writes log lines in Redis's format.
#[derive(Clone, Debug)]
pub struct Log {
    to: LogTo,
    /// Lines below this level are dropped.
    pub level: LogLevel,
    /// The pid that stands in front of each line.
    pub pid: u32,
}

impl Log {
    pub fn new(to: LogTo, level: LogLevel, pid: u32) -> Log {
        Log { to, level, pid }
    }

    /// Where the lines go.
    pub fn to(&self) -> &LogTo {
        &self.to
    }

    /// Writes one line with one write. A log that cannot be written to stops nobody, as in Redis.
    pub fn line(&self, now: Now, level: LogLevel, role: char, text: &str) {
        if level < self.level {
            return;
        }
        let stamp = stamp(now.wall_us);
        self.raw(&format!("{}:{role} {stamp} {} {text}\n", self.pid, level.mark()));
    }

    /// A line as Redis's signal handlers write them, where formatting a date would not be safe.
    pub fn from_handler(&self, now: Now, text: &str) {
        if LogLevel::Warning >= self.level {
            self.raw(&format!("{}:signal-handler ({}) {text}\n", self.pid, now.wall_s()));
        }
    }

    /// Text as it is (the start-up logo).
    pub fn raw(&self, text: &str) {
        let _ = self.write(text.as_bytes());
    }

    fn write(&self, bytes: &[u8]) -> io::Result<()> {
        match &self.to {
            LogTo::Nowhere => Ok(()),
            LogTo::Stdout => write_stdout(bytes),
            LogTo::File(path) => {
                OpenOptions::new().append(true).create(true).open(path)?.write_all(bytes)
            }
        }
    }
}

/// Past std's line buffer: one line must be one write, even if it holds line ends.
fn write_stdout(mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        // SAFETY: the pointer and the length are those of one live slice.
        let n = unsafe { libc::write(libc::STDOUT_FILENO, bytes.as_ptr().cast(), bytes.len()) };
        match usize::try_from(n) {
            Ok(n) => bytes = &bytes[n..],
            Err(_) => {
                let error = io::Error::last_os_error();
                if error.kind() != io::ErrorKind::Interrupted {
                    return Err(error);
                }
            }
        }
    }
    Ok(())
}

/// `22 Nov 2026 11:55:01.042` in local time. The month's name does not follow the locale.
pub fn stamp(wall_us: i64) -> String {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let seconds: libc::time_t = wall_us.div_euclid(1_000_000);
    let millis = wall_us.rem_euclid(1_000_000) / 1000;
    // SAFETY: tm is plain data that localtime_r fills; both pointers live through the call.
    let tm = unsafe {
        let mut tm: libc::tm = std::mem::zeroed();
        libc::localtime_r(&seconds, &mut tm);
        tm
    };
    let month = usize::try_from(tm.tm_mon).ok().and_then(|m| MONTHS.get(m)).unwrap_or(&"???");
    format!(
        "{:02} {month} {} {:02}:{:02}:{:02}.{millis:03}",
        tm.tm_mday,
        tm.tm_year + 1900,
        tm.tm_hour,
        tm.tm_min,
        tm.tm_sec
    )
}

/// The system's reason alone, as strerror has it: `Connection refused`.
pub fn os_text(error: &io::Error) -> String {
    let text = error.to_string();
    match text.find(" (os error ") {
        Some(cut) => text[..cut].to_owned(),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::{Log, LogTo, os_text};
    use crate::observe::{LogLevel, Now};

    #[test]
    fn log_lines_have_redis_format_and_are_appended() {
        let dir = tempfile::tempdir().expect("temp dir");
        let path = dir.path().join("redis.log");
        std::fs::write(&path, "### before\n").expect("write");
        let log = Log::new(LogTo::File(path.clone()), LogLevel::Notice, 42);
        let now = Now { wall_us: 1_700_000_000_123_456, ..Now::default() };
        log.line(now, LogLevel::Notice, 'M', "Ready to accept connections");
        log.line(now, LogLevel::Verbose, 'M', "not loud enough");
        log.from_handler(now, "Received SIGTERM scheduling shutdown...");
        let text = std::fs::read_to_string(&path).expect("read");
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 3);
        assert_eq!(lines[0], "### before");
        // The time zone is the machine's: only what it cannot change is compared.
        assert!(lines[1].starts_with("42:M 1"), "{}", lines[1]);
        assert!(lines[1].contains(" Nov 2023 "), "{}", lines[1]);
        assert!(lines[1].ends_with(":20.123 * Ready to accept connections"), "{}", lines[1]);
        assert_eq!(
            lines[2],
            "42:signal-handler (1700000000) Received SIGTERM scheduling shutdown..."
        );
    }

    #[test]
    fn os_text_is_the_reason_alone() {
        let refused = std::io::Error::from_raw_os_error(libc::ECONNREFUSED);
        assert_eq!(os_text(&refused), "Connection refused");
    }
}
