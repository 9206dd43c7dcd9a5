//! The command line: clap alone. What is asked for is done by `main.rs`.

use clap::{Parser, Subcommand};
use clap_complete::Shell;
use std::ffi::OsString;
use std::path::PathBuf;

/// An interactive lab for Redis replication: three real servers, and every step between them.
#[derive(Debug, Parser)]
#[command(name = "synclab", version)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Option<Command>,
    #[command(flatten)]
    pub screens: Screens,
}

/// Without a subcommand: the screens.
#[derive(Clone, Debug, clap::Args)]
pub struct Screens {
    /// The free lab begins with an empty /data and nothing started.
    #[arg(long)]
    pub bare: bool,
    /// The session's folder.
    #[arg(long, value_name = "DIR")]
    pub workspace: Option<PathBuf>,
    /// The first of the lab's three ports.
    #[arg(long, value_name = "N", default_value_t = 6380)]
    pub base_port: u16,
    /// Begin this lesson at once.
    #[arg(long, value_name = "ID")]
    pub lesson: Option<String>,
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
        /// Begin with an empty /data and nothing started.
        #[arg(long)]
        bare: bool,
        /// Run the lines of this file through; - reads standard input.
        #[arg(long, value_name = "FILE")]
        script: Option<PathBuf>,
        /// The session's folder.
        #[arg(long, value_name = "DIR")]
        workspace: Option<PathBuf>,
        /// The first of the lab's three ports.
        #[arg(long, value_name = "N", default_value_t = 6380)]
        base_port: u16,
        /// Take this lesson.
        #[arg(long, value_name = "ID")]
        lesson: Option<String>,
    },
    /// The console's redis-cli, for any server: takes redis-cli's command line.
    #[command(disable_help_flag = true)]
    Cli {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGS")]
        args: Vec<String>,
    },
    /// Print a completion script for a shell.
    Completions { shell: Shell },
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
}
