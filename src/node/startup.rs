//! What the host adds to the start: the logo, and room for the clients' sockets.

use super::limits::{RESERVED_FDS, raise_open_files};
use super::log::{Log, LogTo};
use crate::engine::config::Config;
use crate::engine::life::REDIS_VERSION;
use crate::observe::{Fact, LogLevel};
use std::io::IsTerminal;

/// Raises the process's bound on open files for `maxclients`, or lowers `maxclients`; says so.
pub(super) fn open_files(config: &mut Config) -> Vec<Fact> {
    let mut facts = Vec::new();
    let role = if config.replicaof.is_some() { 'S' } else { 'M' };
    let mut line = |level, text| facts.push(Fact::Log { level, role, text });
    let wanted = u64::try_from(config.maxclients).unwrap_or(0) + RESERVED_FDS;
    let Some(limit) = raise_open_files(wanted) else { return facts };
    if limit.now < wanted {
        let fits = limit.now.saturating_sub(RESERVED_FDS).max(1);
        line(
            LogLevel::Warning,
            format!(
                "You requested maxclients of {} requiring at least {wanted} max file descriptors.",
                config.maxclients
            ),
        );
        line(
            LogLevel::Warning,
            format!(
                "Current maximum open files is {}. maxclients has been reduced to {fits} to \
                 compensate for low ulimit. If you need higher maxclients increase 'ulimit -n'.",
                limit.now
            ),
        );
        config.maxclients = i64::try_from(fits).unwrap_or(i64::MAX);
    } else if limit.before < limit.now {
        line(
            LogLevel::Notice,
            format!(
                "Increased maximum number of open files to {wanted} (it was originally set to {}).",
                limit.before
            ),
        );
    }
    facts
}

/// The logo if it is wanted: it is for terminals, and for those who set `always-show-logo`. It then
/// stands in the log in place of the line that [`is_mode_line`] knows.
pub(super) fn wanted_logo(config: &Config, log: &Log, port: u16) -> Option<String> {
    let tty = *log.to() == LogTo::Stdout && std::io::stdout().is_terminal();
    (config.always_show_logo || tty).then(|| logo(port, log.pid))
}

/// Whether this is the line that the logo replaces.
pub(super) fn is_mode_line(text: &str) -> bool {
    text.starts_with("Running mode=")
}

/// The logo. Supervisors look for ` PID: <pid>` in it, so the words to its right are Redis's own.
fn logo(port: u16, pid: u32) -> String {
    format!(
        r"
        .--------------.
       /   .------.   /|       Redis {REDIS_VERSION} (00000000/0) 64 bit
      /___/______/___/ |
      |  _   _   _   | |       Running in standalone mode
      | (_)-(_)-(_)  | |       Port: {port}
      |______________| /       PID: {pid}
      |   synclab    |/
      '--------------'

"
    )
}

#[cfg(test)]
mod tests {
    use super::{logo, wanted_logo};
    use crate::engine::config::Config;
    use crate::node::log::{Log, LogTo};
    use crate::observe::LogLevel;

    #[test]
    fn startup_logo_names_port_and_pid_where_it_is_wanted() {
        assert!(logo(6380, 77).contains(" PID: 77\n"));
        assert!(logo(6380, 77).contains(" Port: 6380\n"));
        let log = Log::new(LogTo::Nowhere, LogLevel::Notice, 77);
        let mut config = Config::default();
        assert_eq!(wanted_logo(&config, &log, 6380), None);
        config.always_show_logo = true;
        assert_eq!(wanted_logo(&config, &log, 6380), Some(logo(6380, 77)));
    }
}
