//! SHUTDOWN and signals: wait for lagging replicas, save, exit.

use super::Engine;
use super::blocked::Blocked;
use super::conn::ConnId;
use super::effect::Effect;
use super::input::Signal;
use super::pause::{FOR_EVER, PauseType, PausedBy};
use super::persist::{self, Loading};
use super::replication;
use crate::observe::{Fact, LogLevel, Now};

/// What SHUTDOWN was asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ShutdownFlags {
    pub save: bool,
    pub nosave: bool,
    pub now: bool,
    pub force: bool,
}

/// How far the end of this instance is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shutdown {
    state: State,
    flags: ShutdownFlags,
    /// A signal came that cron will act upon.
    signal: Option<Signal>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    None,
    /// For lagging replicas, until this moment (milliseconds of the clients' clock).
    Waiting {
        until_ms: u64,
    },
    /// The last save runs.
    Saving,
    Exited,
}

impl Engine {
    /// SIGTERM or SIGINT.
    pub fn signal_shutdown(&mut self, now: Now, signal: Signal) {
        self.now = now;
        if signal == Signal::Int && self.shutdown.signal.is_some() {
            self.exit(1);
            return;
        }
        self.shutdown.signal = Some(signal);
        self.shutdown_on_signal();
    }

    /// Whether the instance has ended; it executes nothing more.
    pub(crate) fn has_exited(&self) -> bool {
        self.shutdown.state == State::Exited
    }

    /// INFO's shutdown_in_milliseconds, while a shutdown waits.
    pub(crate) fn shutdown_in_ms(&self) -> Option<u64> {
        match self.shutdown.state {
            State::Waiting { until_ms } => Some(until_ms.saturating_sub(self.now.mono_ms())),
            _ => None,
        }
    }

    fn shutdown_on_signal(&mut self) {
        let Some(signal) = self.shutdown.signal else { return };
        if self.shutdown.state != State::None {
            return;
        }
        let on = match signal {
            Signal::Term => self.config.shutdown_on_sigterm,
            Signal::Int => self.config.shutdown_on_sigint,
        };
        let flags =
            ShutdownFlags { save: on.save, nosave: on.nosave, now: on.now, force: on.force };
        self.begin_shutdown(flags);
    }

    /// Begins to end the instance: waits for lagging replicas, or goes on at once.
    pub(crate) fn begin_shutdown(&mut self, mut flags: ShutdownFlags) {
        if self.shutdown.state != State::None {
            return;
        }
        if persist::loading(self) != Loading::No {
            flags.save = false;
            flags.nosave = true;
        }
        self.shutdown.flags = flags;
        self.log(LogLevel::Warning, "User requested shutdown...");
        let (lagging, _) = replication::lagging_replicas(self);
        let timeout = self.config.shutdown_timeout;
        let waits = !flags.now && timeout > 0 && !lagging.is_empty();
        self.fact(Fact::ShuttingDown { waits_for_replicas: waits });
        if waits {
            self.log(LogLevel::Notice, "Waiting for replicas before shutting down.");
            let until_ms = self.now.mono_ms() + timeout.unsigned_abs() * 1000;
            // While clients are paused already, nothing may enter the stream.
            if self.pause_type().is_none() {
                replication::ask_for_acks(self);
            }
            self.pause(PausedBy::Shutdown, PauseType::Write, FOR_EVER);
            self.shutdown.state = State::Waiting { until_ms };
        } else {
            self.finish_shutdown();
        }
    }

    /// Every cron run: whether the waiting is over.
    pub(crate) fn shutdown_cron(&mut self) {
        if let State::Waiting { until_ms } = self.shutdown.state {
            let (lagging, _) = replication::lagging_replicas(self);
            if lagging.is_empty() || self.now.mono_ms() >= until_ms {
                self.finish_shutdown();
            }
        } else {
            self.shutdown_on_signal();
        }
    }

    fn finish_shutdown(&mut self) {
        let flags = self.shutdown.flags;
        let (lagging, total) = replication::lagging_replicas(self);
        for r in &lagging {
            self.log(
                LogLevel::Warning,
                format!(
                    "Lagging replica {} reported offset {} behind master, lag={}, state={}.",
                    r.name, r.behind, r.lag, r.state
                ),
            );
        }
        if total > 0 {
            self.log(
                LogLevel::Notice,
                format!(
                    "{} of {total} replicas are in sync when shutting down.",
                    total - lagging.len()
                ),
            );
        }
        persist::cancel_for_shutdown(self);
        if flags.save || (!self.config.save.is_empty() && !flags.nosave) {
            self.log(LogLevel::Notice, "Saving the final RDB snapshot before exiting.");
            self.shutdown.state = State::Saving;
            if let Err(reason) = persist::save_for_shutdown(self) {
                self.shutdown_saved(Err(reason));
            }
        } else {
            self.exit_cleanly();
        }
    }

    /// The end of the save that [`persist::save_for_shutdown`] began.
    pub(crate) fn shutdown_saved(&mut self, outcome: Result<(), String>) {
        if self.shutdown.state != State::Saving {
            return;
        }
        if outcome.is_err() && !self.shutdown.flags.force {
            self.log(LogLevel::Warning, "Error trying to save the DB, can't exit.");
            self.log(
                LogLevel::Warning,
                "Errors trying to shut down the server. Check the logs for more information.",
            );
            self.cancel_shutdown();
            return;
        }
        self.exit_cleanly();
    }

    fn exit_cleanly(&mut self) {
        if self.config.daemonize || !self.config.pidfile.is_empty() {
            self.log(LogLevel::Notice, "Removing the pid file.");
        }
        self.log(LogLevel::Warning, "Redis is now ready to exit, bye bye...");
        self.exit(0);
    }

    fn exit(&mut self, code: i32) {
        self.shutdown.state = State::Exited;
        self.effect(Effect::Exit { code });
    }

    /// SHUTDOWN ABORT; false if there is nothing to abort.
    pub(crate) fn abort_shutdown(&mut self) -> bool {
        match self.shutdown.state {
            State::Waiting { .. } => {
                self.log(LogLevel::Notice, "Shutdown manually aborted.");
                self.cancel_shutdown();
                true
            }
            State::None if self.shutdown.signal.is_some() => {
                self.shutdown.signal = None;
                true
            }
            _ => false,
        }
    }

    fn cancel_shutdown(&mut self) {
        self.shutdown = Shutdown::default();
        let waiting: Vec<ConnId> = self
            .clients
            .iter()
            .filter(|c| c.blocked == Some(Blocked::Shutdown))
            .map(|c| c.conn)
            .collect();
        for conn in waiting {
            self.count_error(b"ERR");
            self.unblock(conn, |r| r.error("ERR Errors trying to SHUTDOWN. Check logs."));
        }
        self.unpause(PausedBy::Shutdown);
    }
}
