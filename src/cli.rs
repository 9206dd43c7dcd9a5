//! The command line: clap alone. What is asked for is done by `main.rs`.

use clap::{Parser, Subcommand};
use clap_complete::Shell;
use std::ffi::OsString;

/// An interactive lab for Redis replication: three real servers, and every step between them.
#[derive(Debug, Parser)]
#[command(name = "synclab", version)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
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
            Command::Server { args } => {
                assert_eq!(args, ["--port", "7000", "--save", "", "-"])
            }
            Command::Completions { .. } => panic!("not what was typed"),
        }
        let cli = Cli::parse_from(["synclab", "server", "x.conf", "--help"]);
        match cli.command {
            Command::Server { args } => assert_eq!(args, ["x.conf", "--help"]),
            Command::Completions { .. } => panic!("not what was typed"),
        }
    }
}
