//! redis-cli: one command, or a prompt of its own.

use super::{Args, Ended};
use crate::console::client::{Client, Target};
use crate::console::session::{Console, Mouth};
use crate::console::{MoreLines, redis, reply};
use crate::observe::Label;
use std::time::{Duration, Instant};

/// redis-cli's command line, understood.
#[derive(Clone, Debug, PartialEq)]
pub struct CliOptions {
    pub target: Target,
    /// `-r`: how often; below zero: for ever.
    pub repeat: i64,
    /// `-i`: seconds between repetitions.
    pub interval: f64,
    /// `--raw` (true), `--no-raw` (false).
    pub raw: Option<bool>,
    /// `-e`: an error reply makes the exit code 1, and goes to standard error.
    pub error_exit: bool,
    /// `-x`: the last argument is read from standard input.
    pub last_from_input: bool,
    /// A password came with `-a` and nobody said `--no-auth-warning`.
    pub warn: bool,
    /// The command and its arguments; none: interactive.
    pub command: Vec<String>,
}

impl CliOptions {
    /// Reads the words behind `redis-cli`. Err is what to print.
    pub fn parse(words: &[String]) -> Result<CliOptions, String> {
        let mut o = CliOptions {
            target: Target::new("127.0.0.1", 6379),
            repeat: 1,
            interval: 0.0,
            raw: None,
            error_exit: false,
            last_from_input: false,
            warn: false,
            command: Vec::new(),
        };
        let (mut user, mut password, mut quiet) = (None, None, false);
        let mut rest = words.iter();
        while let Some(word) = rest.next() {
            let mut value = || {
                rest.next().cloned().ok_or_else(|| {
                    format!("Unrecognized option or bad number of args for: '{word}'")
                })
            };
            match word.as_str() {
                "-h" => o.target.host = value()?,
                "-p" => {
                    let text = value()?;
                    o.target.port =
                        text.parse().ok().filter(|p| *p > 0).ok_or("Invalid server port.")?;
                }
                "-n" => {
                    let text = value()?;
                    o.target.db =
                        text.parse().map_err(|_| format!("-n {text}: no database number"))?;
                }
                "-a" | "--pass" => password = Some(value()?),
                "--user" => user = Some(value()?),
                "-r" => {
                    let text = value()?;
                    o.repeat = text.parse().map_err(|_| format!("-r {text}: no number"))?;
                }
                "-i" => {
                    let text = value()?;
                    let seconds = text.parse().ok().filter(|s: &f64| s.is_finite() && *s >= 0.0);
                    o.interval =
                        seconds.ok_or_else(|| format!("-i {text}: no number of seconds"))?;
                }
                "-3" => o.target.resp3 = true,
                "-2" => o.target.resp3 = false,
                "-e" => o.error_exit = true,
                "-x" => o.last_from_input = true,
                "--raw" => o.raw = Some(true),
                "--no-raw" => o.raw = Some(false),
                "--no-auth-warning" => quiet = true,
                option if option.starts_with('-') && option.len() > 1 => {
                    return Err(format!(
                        "redis-cli: the lab's redis-cli has no option {}",
                        reply::shown(option.as_bytes())
                    ));
                }
                _ => {
                    o.command.push(word.clone());
                    o.command.extend(rest.by_ref().cloned());
                }
            }
        }
        o.warn = password.is_some() && !quiet;
        o.target.auth = password.map(|p| (user, p));
        Ok(o)
    }
}

/// redis-cli's words about `-a`.
pub const PASSWORD_WARNING: &str = "Warning: Using a password with '-a' or '-u' option on the \
                                    command line interface may not be safe.";

pub(super) fn run(
    console: &mut Console,
    args: &Args,
    lines: &mut dyn MoreLines,
    mouth: &mut Mouth<'_>,
) -> Ended {
    let mut given = args.args.clone();
    match given.first().map(String::as_str) {
        Some("-v" | "--version") => {
            mouth.text(
                Label::Shell,
                format!(
                    "synclab's redis-cli {}, in the manner of redis-cli 7.0.15",
                    env!("CARGO_PKG_VERSION")
                ),
            );
            return Ended::ok();
        }
        Some("--help") => given = vec!["-?".into()],
        _ => {}
    }
    let options = match CliOptions::parse(&given) {
        Ok(options) => options,
        Err(text) => {
            mouth.text(Label::ShellError, text);
            mouth.text(
                Label::Hint,
                "redis-cli [-h host] [-p port] [-n db] [-a password] [--user name] [-r times] [-i seconds] [-3] [command …]",
            );
            return Ended::failed();
        }
    };
    if options.last_from_input {
        mouth.text(
            Label::ShellError,
            "redis-cli: -x reads a file or a pipe; the lab's shell has none",
        );
        mouth.text(Label::Hint, "synclab cli -x, in another terminal, does it");
        return Ended::failed();
    }
    if options.warn {
        mouth.text(Label::ShellError, PASSWORD_WARNING);
    }
    if options.command.is_empty() {
        open(console, options.target, mouth);
        return Ended::ok();
    }
    let argv: Vec<Vec<u8>> = options.command.iter().map(|w| w.clone().into_bytes()).collect();
    let mut client = Client::new(options.target, console.interrupt.clone());
    let mut left = options.repeat;
    while left != 0 && !console.interrupt.is_raised() {
        if !redis::issue(console, &mut client, &argv, lines.is_interactive(), mouth) {
            return Ended::failed();
        }
        left -= 1;
        // For ever is not for scripts.
        if left < -1000 && !lines.is_interactive() {
            break;
        }
        if left != 0 && !pause(console, options.interval) {
            break;
        }
    }
    Ended::ok()
}

/// Sleeps between repetitions; false if it was interrupted.
fn pause(console: &Console, seconds: f64) -> bool {
    let until = Instant::now() + Duration::from_secs_f64(seconds.min(3600.0));
    loop {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return !console.interrupt.is_raised();
        }
        if console.interrupt.is_raised() {
            return false;
        }
        std::thread::sleep(left.min(Duration::from_millis(40)));
    }
}

/// A redis-cli with a prompt: a new one, as a new process would be.
pub(in crate::console) fn open(console: &mut Console, target: Target, mouth: &mut Mouth<'_>) {
    let key = (target.host.clone(), target.port);
    let port = target.port;
    let mut client = Client::new(target, console.interrupt.clone());
    if let Err(e) = client.connect() {
        mouth.text(Label::Error, e.to_string());
        if !client.is_connected() {
            redis::explain_refusal(console, port, mouth);
        }
    }
    console.clients.insert(key.clone(), client);
    console.current = Some(key);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<CliOptions, String> {
        CliOptions::parse(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn cli_options() {
        let o = parse("-p 6382 info Replication").unwrap();
        assert_eq!((o.target.port, o.command.len()), (6382, 2));
        assert_eq!(parse("").unwrap().target.port, 6379);
        let o = parse("-h localhost -n 3 -a x --user bob -3 --raw get -p").unwrap();
        assert_eq!((o.target.host.as_str(), o.target.db, o.raw), ("localhost", 3, Some(true)));
        assert_eq!(o.target.auth, Some((Some("bob".into()), "x".into())));
        assert_eq!(o.command, ["get", "-p"]);
        assert!(o.warn && o.target.resp3);
        assert!(!parse("-a x --no-auth-warning").unwrap().warn);
        for bad in ["-p", "-p x", "-p 0", "-p 99999", "--bigkeys", "-i nan", "-r x"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
