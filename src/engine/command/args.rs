//! Reading arguments, with Redis's error replies where they do not fit.

use crate::engine::Engine;
use crate::engine::call::Call;
use crate::wire::num;

pub(super) const SYNTAX: &str = "ERR syntax error";
pub(super) const NOT_AN_INTEGER: &str = "ERR value is not an integer or out of range";

impl Engine {
    /// The integer in `arg`; otherwise the usual error is replied.
    pub(crate) fn int_arg(&mut self, arg: &[u8]) -> Option<i64> {
        self.int_arg_or(arg, NOT_AN_INTEGER)
    }

    /// The integer in `arg`; otherwise this error is replied.
    pub(crate) fn int_arg_or(&mut self, arg: &[u8], error: &str) -> Option<i64> {
        let n = num::parse_i64(arg);
        if n.is_none() {
            self.reply.error(error);
        }
        n
    }

    /// The integer in `arg` if it lies in `min..=max`. Otherwise `error` is replied, whatever is
    /// wrong; without one the usual errors are.
    pub(crate) fn int_arg_in(
        &mut self,
        arg: &[u8],
        min: i64,
        max: i64,
        error: Option<&str>,
    ) -> Option<i64> {
        let n = self.int_arg_or(arg, error.unwrap_or(NOT_AN_INTEGER))?;
        if (min..=max).contains(&n) {
            return Some(n);
        }
        match error {
            Some(error) => self.reply.error(error),
            None => self
                .reply
                .error(format!("ERR value is out of range, value must between {min} and {max}")),
        }
        None
    }

    /// The count in `arg`: not negative.
    pub(crate) fn count_arg(&mut self, arg: &[u8]) -> Option<i64> {
        self.int_arg_in(arg, 0, i64::MAX, Some("ERR value is out of range, must be positive"))
    }

    /// An integer that is not negative; otherwise this error is replied.
    pub(crate) fn positive_arg(&mut self, arg: &[u8], error: &str) -> Option<i64> {
        let n = self.int_arg_or(arg, error)?;
        if n < 0 {
            self.reply.error(error);
            return None;
        }
        Some(n)
    }

    /// A relative time-out in milliseconds; otherwise the usual errors are replied.
    pub(crate) fn timeout_ms_arg(&mut self, arg: &[u8]) -> Option<u64> {
        let n = self.int_arg_or(arg, "ERR timeout is not an integer or out of range")?;
        if n < 0 {
            self.reply.error("ERR timeout is negative");
            return None;
        }
        if (n as u64).checked_add(self.now.mono_ms()).is_none_or(|sum| sum > i64::MAX as u64) {
            self.reply.error("ERR timeout is out of range");
            return None;
        }
        Some(n as u64)
    }

    /// Until when a command waits whose time-out is given in seconds (with a fraction), on the
    /// clients' clock in microseconds; 0 stands for ever (`Some(None)`). `None` after the error was
    /// replied.
    pub(crate) fn deadline_arg(&mut self, arg: &[u8]) -> Option<Option<u64>> {
        let Some(seconds) = num::parse_long_double(arg).and(num::parse_f64(arg)) else {
            self.reply.error("ERR timeout is not a float or out of range");
            return None;
        };
        let ms = (seconds * 1000.0).ceil();
        // What no integer holds turns negative in Redis, too.
        if ms < 0.0 || ms >= i64::MAX as f64 {
            self.reply.error("ERR timeout is negative");
            return None;
        }
        Some(self.deadline_of(ms as u64))
    }

    /// When so many milliseconds from now are over; 0 is never.
    pub(crate) fn deadline_of(&self, ms: u64) -> Option<u64> {
        let wall_ms = self.now.wall_ms();
        if i64::try_from(ms).ok().and_then(|ms| ms.checked_add(wall_ms)).is_none() {
            // Redis's sum overflows here, to a moment in the past.
            return Some(self.now.mono_us);
        }
        let us = ms.checked_mul(1000).filter(|us| *us > 0)?;
        us.checked_add(self.now.mono_us)
    }

    /// What Redis says to a subcommand whose words do not suit where its arity alone allows them.
    pub(crate) fn wrong_subcommand(&mut self, call: &Call<'_>) {
        let mut text = b"ERR unknown subcommand or wrong number of arguments for '".to_vec();
        text.extend_from_slice(call.arg(1));
        text.extend_from_slice(b"'. Try ");
        text.extend(call.arg(0).to_ascii_uppercase());
        text.extend_from_slice(b" HELP.");
        self.reply.error(text);
    }

    /// HELP's reply: the lines with the usual first and last ones around them.
    pub(crate) fn help(&mut self, command: &str, lines: &[&str]) {
        self.reply.array(lines.len() + 3);
        self.reply
            .simple(&format!("{command} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:"));
        for line in lines {
            self.reply.simple(line);
        }
        self.reply.simple("HELP");
        self.reply.simple("    Prints this help.");
    }
}
