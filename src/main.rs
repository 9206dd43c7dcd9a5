//! Arguments → front-end → exit code.

mod cli;

use clap::{CommandFactory, Parser};
use cli::{Cli, Command, LabArgs, LessonCommand};
use std::ffi::OsString;
use std::io::Write;
use std::path::Path;
use std::process::exit;
use synclab::lab::LabOptions;
use synclab::{lesson, line, node::server, tui};

fn main() {
    let args: Vec<OsString> = std::env::args_os().collect();
    // `server` and a link named redis-server take redis-server's command line, of which clap
    // knows nothing; and they may fork, so nothing comes before them.
    if let Some(args) = for_server(&args) {
        exit(server::main(args));
    }
    let Cli { command, mut lab } = Cli::parse();
    if lab.journal.is_none()
        && let Some(text) = std::env::var("SYNCLAB_JOURNAL").ok().filter(|v| !v.is_empty())
    {
        match cli::journal_bytes(&text) {
            Ok(bytes) => lab.journal = Some(bytes),
            Err(why) => {
                eprintln!("synclab: SYNCLAB_JOURNAL={text}: {why}");
                exit(2);
            }
        }
    }
    if lab.no_color {
        // SAFETY: no other thread exists yet that could read the environment meanwhile.
        unsafe { std::env::set_var("NO_COLOR", "1") };
    }
    exit(match command {
        None => screens(lab),
        Some(Command::Completions { shell }) => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "synclab", &mut script);
            // Whoever reads it may have had enough: `| head`.
            let _ = std::io::Write::write_all(&mut std::io::stdout(), &script);
            0
        }
        Some(Command::Repl { script }) => {
            let LabArgs { bare, workspace, base_port, lesson, journal, .. } = lab;
            let journal_bytes = journal;
            line::run(line::LineOptions {
                bare,
                script,
                workspace,
                base_port,
                lesson,
                journal_bytes,
            })
        }
        Some(Command::Lesson { what: LessonCommand::List }) => list_lessons(lab.base_port),
        Some(Command::Lesson { what: LessonCommand::Start { id } }) => {
            screens(LabArgs { lesson: Some(id), ..lab })
        }
        Some(Command::Inspect { file, keys, all }) => {
            line::inspect(&line::InspectOptions { file, keys: (!all).then_some(keys) })
        }
        Some(Command::Cli { args }) => line::cli(&args),
        // Taken out above.
        Some(Command::Server { args }) => server::main(&args),
    })
}

/// The screens: a lesson or the free lab.
fn screens(asked: LabArgs) -> i32 {
    let LabArgs { bare, workspace, base_port, lesson, journal, theme, .. } = asked;
    let lab = LabOptions { workspace, base_port, bare, lesson: None, journal_bytes: journal };
    tui::run(tui::Options { lab, lesson, theme })
}

/// One line for each lesson.
fn list_lessons(base_port: u16) -> i32 {
    let ports = [base_port, base_port.saturating_add(1), base_port.saturating_add(2)];
    match lesson::library(ports) {
        Ok(lessons) => {
            let mut out = std::io::stdout().lock();
            for l in lessons {
                // A reader that has seen enough (`| head`) is no error.
                let _ = writeln!(out, "{:>2}  {:<16} {}: {}", l.number, l.id, l.title, l.summary);
            }
            0
        }
        Err(error) => {
            eprintln!("synclab: {error}");
            1
        }
    }
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
