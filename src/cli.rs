//! The command line: clap alone. What is asked for is done by `main.rs`.

use clap::builder::TypedValueParser;
use clap::{Parser, Subcommand};
use clap_complete::Shell;
use std::ffi::OsString;
use std::path::PathBuf;
use synclab::tui::theme::Palette;

/// An interactive lab for Redis replication: three real servers, and every step between them.
#[derive(Debug, Parser)]
#[command(name = "synclab", version)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Option<Command>,
    #[command(flatten)]
    pub lab: LabArgs,
}

/// What every way into the lab takes, before or behind the subcommand.
#[derive(Clone, Debug, clap::Args)]
pub struct LabArgs {
    /// The free lab begins with an empty /data and nothing started.
    #[arg(long, global = true)]
    pub bare: bool,
    /// The session's folder.
    #[arg(long, value_name = "DIR", global = true)]
    pub workspace: Option<PathBuf>,
    /// The first of the lab's three ports.
    #[arg(long, value_name = "N", global = true, default_value_t = 6380,
          value_parser = clap::value_parser!(u16).range(1..=65533))]
    pub base_port: u16,
    /// Begin this lesson at once.
    #[arg(long, value_name = "ID", global = true)]
    pub lesson: Option<String>,
    /// How much memory the journal takes, such as 128mb: so far one can look back. The
    /// SYNCLAB_JOURNAL variable says the same. [default: 64mb]
    #[arg(long, value_name = "SIZE", global = true, value_parser = journal_bytes)]
    pub journal: Option<u64>,
    /// No colours; the NO_COLOR variable says the same.
    #[arg(long, global = true)]
    pub no_color: bool,
    /// The screens' colours; `t` changes them later. SYNCLAB_THEME says the same.
    #[arg(long, value_name = "NAME", global = true,
          value_parser = clap::builder::PossibleValuesParser::new(Palette::ALL.map(Palette::word))
              .map(|word| Palette::parse(&word).unwrap_or(Palette::Full)))]
    pub theme: Option<Palette>,
}

/// A journal's size: at least a megabyte.
pub fn journal_bytes(text: &str) -> Result<u64, String> {
    use synclab::lab::journal::LEAST_BYTES;
    match synclab::console::units::parse_bytes(text) {
        Some(bytes) if bytes >= LEAST_BYTES => Ok(bytes),
        _ => Err("a size of 1mb or more is wanted, such as 128mb".into()),
    }
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run one server in the foreground: takes redis-server's command line.
    #[command(disable_help_flag = true)]
    Server {
        /// A redis.conf, then `--directive value ...`; `-` reads standard input.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "CONF")]
        args: Vec<OsString>,
    },
    /// Line mode: the console without the screen; runs a script through when input is piped.
    Repl {
        /// Run the lines of this file through; - reads standard input.
        #[arg(long, value_name = "FILE")]
        script: Option<PathBuf>,
    },
    /// The lessons: list them, start one.
    Lesson {
        #[command(subcommand)]
        what: LessonCommand,
    },
    /// The console's redis-cli, for any server: takes redis-cli's command line.
    #[command(disable_help_flag = true)]
    Cli {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGS")]
        args: Vec<String>,
    },
    /// Show an RDB file offset by offset: the bytes beside their meaning.
    #[command(
        after_help = "Exit codes: 0 the file is sound and whole, 1 it is not, 2 it cannot be read."
    )]
    Inspect {
        /// A dump.rdb; - reads standard input.
        file: PathBuf,
        /// Show so many keys one by one; the others are counted.
        #[arg(long, value_name = "N", default_value_t = 100)]
        keys: u64,
        /// Show every key with all of its elements.
        #[arg(long, conflicts_with = "keys")]
        all: bool,
    },
    /// Print a completion script for a shell.
    Completions { shell: Shell },
}

#[derive(Debug, Subcommand)]
pub enum LessonCommand {
    /// Name every lesson.
    List,
    /// Begin a lesson on the screens.
    Start {
        /// Its id or its number.
        id: String,
    },
}

#[cfg(test)]
mod tests {
    use super::{Cli, Command};
    use clap::{CommandFactory, Parser};

    #[test]
    fn cli_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn cli_leaves_the_servers_arguments_alone() {
        let cli = Cli::parse_from(["synclab", "server", "--port", "7000", "--save", "", "-"]);
        match cli.command {
            Some(Command::Server { args }) => {
                assert_eq!(args, ["--port", "7000", "--save", "", "-"])
            }
            _ => panic!("not what was typed"),
        }
        let cli = Cli::parse_from(["synclab", "server", "x.conf", "--help"]);
        match cli.command {
            Some(Command::Server { args }) => assert_eq!(args, ["x.conf", "--help"]),
            _ => panic!("not what was typed"),
        }
    }

    #[test]
    fn cli_takes_the_labs_options_on_both_sides() {
        let cli = Cli::parse_from(["synclab", "--base-port", "7380", "repl", "--bare"]);
        assert_eq!((cli.lab.base_port, cli.lab.bare), (7380, true));
        assert!(Cli::try_parse_from(["synclab", "--base-port", "65534"]).is_err());
        let cli = Cli::parse_from(["synclab", "repl", "--journal", "128mb"]);
        assert_eq!(cli.lab.journal, Some(128 << 20));
        for wrong in ["0", "1k", "much"] {
            assert!(Cli::try_parse_from(["synclab", "--journal", wrong]).is_err(), "{wrong}");
        }
    }
}
