//! Birth: the first log lines, and the way to the first command.

use super::Engine;
use super::config::{self, Config};
use super::{persist, replication};
use crate::observe::{Fact, LogLevel, Now, Offset};

/// The version of Redis whose behaviour this server has.
pub const REDIS_VERSION: &str = "7.0.15";

/// Told at boot when they are not as usual.
const TOLD_AT_BOOT: [&str; 1] = ["client-output-buffer-limit"];

impl Engine {
    /// The log lines that come before the driver listens.
    pub(crate) fn tell_birth(&mut self) {
        self.log_as('C', LogLevel::Warning, "oO0OoO0OoO0Oo Redis is starting oO0OoO0OoO0Oo");
        let pid = self.boot.pid;
        self.log_as(
            'C',
            LogLevel::Warning,
            format!(
                "Redis version={REDIS_VERSION}, bits=64, commit=00000000, modified=0, pid={pid}, \
                 just started"
            ),
        );
        if self.boot.configured {
            self.log_as('C', LogLevel::Warning, "Configuration loaded");
        } else {
            let program = &self.boot.program;
            let text = format!(
                "Warning: no config file specified, using the default config. In order to specify a \
                 config file use {program} /path/to/redis.conf"
            );
            self.log_as('C', LogLevel::Warning, text);
        }
        self.log(LogLevel::Notice, "monotonic clock: POSIX clock_gettime");
        let port = self.boot.port;
        self.log(LogLevel::Notice, format!("Running mode=standalone, port={port}."));
    }

    /// After the driver listens: begins to load the data set, or is ready at once.
    pub fn start(&mut self, now: Now) {
        self.now = now;
        self.log(LogLevel::Warning, "Server initialized");
        replication::boot(self);
        self.fact(Fact::Booted {
            port: self.boot.port,
            replid: self.repl.ids.replid,
            offset: Offset(replication::offset(self)),
            dir: self.config.dir.clone(),
            config_file: self.boot.config_file.clone(),
        });
        self.tell_settings();
        persist::boot_load(self);
    }

    /// Settings that a picture of replication is measured by, where they are not the usual ones.
    /// Nobody has to ask for them then: a question would show up in MONITOR and the statistics.
    fn tell_settings(&mut self) {
        let usual = Config::default();
        for name in TOLD_AT_BOOT {
            let Some(d) = config::table::lookup(name.as_bytes()) else { continue };
            let value = d.get(&self.config);
            if value != d.get(&usual) {
                let value = String::from_utf8_lossy(&value).into();
                self.fact(Fact::ConfigSet { name: d.name.into(), value });
            }
        }
    }

    /// The data set is there (or there was none): commands are served from now on.
    pub(crate) fn ready(&mut self) {
        let keys = self.keyspace.keys_total();
        self.fact(Fact::Ready { keys });
        self.log(LogLevel::Notice, "Ready to accept connections");
    }
}
