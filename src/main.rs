//! Arguments → front-end → exit code.

mod cli;

use clap::{CommandFactory, Parser};
use cli::{Cli, Command};
use std::ffi::OsString;
use std::path::Path;
use std::process::exit;
use synclab::lab::LabOptions;
use synclab::{line, node::server, tui};

fn main() {
    let args: Vec<OsString> = std::env::args_os().collect();
    // `server` and a link named redis-server take redis-server's command line, of which clap
    // knows nothing; and they may fork, so nothing comes before them.
    if let Some(args) = for_server(&args) {
        exit(server::main(args));
    }
    let cli = Cli::parse();
    let Some(command) = cli.command else {
        exit(screens(cli.screens));
    };
    match command {
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Cli::command(), "synclab", &mut std::io::stdout());
        }
        Command::Repl { bare, script, workspace, base_port, lesson } => {
            let options = line::LineOptions { bare, script, workspace, base_port, lesson };
            exit(line::run(options));
        }
        Command::Cli { args } => exit(line::cli(&args)),
        // Taken out above.
        Command::Server { args } => exit(server::main(&args)),
    }
}

/// The screens: a lesson or the free lab.
fn screens(asked: cli::Screens) -> i32 {
    let lab = LabOptions {
        workspace: asked.workspace,
        base_port: asked.base_port,
        bare: asked.bare,
        lesson: None,
    };
    tui::run(tui::Options { lab, lesson: asked.lesson })
}

/// The arguments that belong to redis-server, if it is asked for.
fn for_server(args: &[OsString]) -> Option<&[OsString]> {
    let (program, rest) = args.split_first()?;
    if Path::new(program).file_name().is_some_and(|name| name == "redis-server") {
        return Some(rest);
    }
    let (first, rest) = rest.split_first()?;
    (first == "server").then_some(rest)
}
