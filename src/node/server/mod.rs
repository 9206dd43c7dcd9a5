//! `synclab server`: one instance in the foreground, a drop-in for redis-server.
//!
//! In: redis-server's command line. Out: its log lines, files, signals and exit codes.

mod daemon;
mod signals;

use super::argv::{Asked, Invocation, parse};
use super::conf::{ConfError, load};
use super::log::{Log, LogTo, os_text};
use super::{
    BindPolicy, Clock, NoSink, NoSteps, NodeSpec, OpenGate, Root, SystemClock, boot, control,
    listen, run,
};
use crate::engine::{Engine, life::REDIS_VERSION};
use crate::observe::{ExitHow, Fact, LogLevel};
use signals::Signals;
use std::ffi::OsString;
use std::io::Write;
use std::sync::Arc;

const USAGE: &str = "\
Usage: synclab server [/path/to/redis.conf] [options] [-]
       synclab server - (read config from stdin)
       synclab server -v or --version
       synclab server -h or --help

Examples:
       synclab server (run the server with default conf)
       echo 'maxclients 100' | synclab server -
       synclab server /etc/redis/6379.conf
       synclab server --port 7777
       synclab server --port 7777 --replicaof 127.0.0.1 8888
       synclab server /etc/myredis.conf --loglevel verbose -
       synclab server /etc/myredis.conf --loglevel verbose

A link to this program named redis-server takes the same command line.
";

/// Does what `redis-server ARGS...` would do; answers the exit code of the process.
///
/// Must be called while the process has one thread: it may fork.
pub fn main(args: &[OsString]) -> i32 {
    match parse(args) {
        Asked::Version => {
            let version = env!("CARGO_PKG_VERSION");
            // A closed pipe is nobody's error here.
            let _ = writeln!(
                std::io::stdout(),
                "Redis server v={REDIS_VERSION} sha=00000000:0 malloc=libc bits=64 \
                 build=synclab-{version}"
            );
            0
        }
        Asked::Help => {
            eprint!("{USAGE}");
            1
        }
        Asked::Refused(text) => {
            eprintln!("{text}");
            1
        }
        Asked::Run(asked) => serve(&asked),
    }
}

fn serve(asked: &Invocation) -> i32 {
    let clock = Arc::new(SystemClock::new());
    let early = Log::new(LogTo::Stdout, LogLevel::Notice, std::process::id());
    let cwd = match std::env::current_dir() {
        Ok(cwd) => cwd.to_string_lossy().into_owned(),
        Err(_) => "/".to_owned(),
    };
    if asked.stdin {
        early.line(clock.now(), LogLevel::Warning, 'C', "Reading config from stdin");
    }
    let root = Root::host();
    let loaded = match load(asked, &root, &cwd, &mut std::io::stdin().lock()) {
        Ok(loaded) => loaded,
        Err(e @ ConfError::Unreadable { .. }) => {
            early.line(clock.now(), LogLevel::Warning, 'C', &e.to_string());
            return 1;
        }
        Err(e) => {
            eprintln!("{e}");
            return 1;
        }
    };
    if loaded.config.daemonize
        && let Err(e) = daemon::daemonize()
    {
        eprintln!("Can't daemonize: {}", os_text(&e));
        return 1;
    }
    let pid = std::process::id();
    let port = u16::try_from(loaded.config.port).unwrap_or(0);
    let mut boot = boot(&loaded, port, pid);
    boot.program = program();
    let mut spec = NodeSpec {
        loaded,
        boot,
        listeners: Vec::new(),
        root,
        bind: BindPolicy::AsConfigured,
        stdout: LogTo::Stdout,
        warnings: Vec::new(),
    };
    let log = spec.log();
    let config = &spec.loaded.config;
    let backlog = i32::try_from(config.tcp_backlog).unwrap_or(i32::MAX);
    let failed = match listen(&config.bind, port, backlog, spec.bind) {
        Ok(listening) if listening.sockets.is_empty() => {
            let mut lines = listening.warnings;
            lines.push("Configured to not listen anywhere, exiting.".to_owned());
            Some(lines)
        }
        Ok(listening) => {
            spec.listeners = listening.sockets;
            spec.warnings = listening.warnings;
            None
        }
        Err(e) => Some(vec![e.line, format!("Failed listening on port {port} (TCP), aborting.")]),
    };
    if let Some(lines) = failed {
        // What an instance says before it listens, and then why it does not.
        let mut facts = Vec::new();
        let NodeSpec { boot, loaded, .. } = spec;
        Engine::new(boot, loaded.config, clock.now()).take_facts(&mut facts);
        for fact in facts {
            if let Fact::Log { level, role: 'C', text } = fact {
                log.line(clock.now(), level, 'C', &text);
            }
        }
        for text in lines {
            log.line(clock.now(), LogLevel::Warning, 'M', &text);
        }
        return 1;
    }
    let (tx, rx) = control();
    let at = clock.clone();
    let forwarded = Signals::block().and_then(|signals| {
        signals.forward(tx, move || log.from_handler(at.now(), "You insist... exiting now."))
    });
    if let Err(e) = forwarded {
        eprintln!("Can't wait for signals: {}", os_text(&e));
        return 1;
    }
    match run(spec, rx, Box::new(NoSink), Arc::new(OpenGate), Arc::new(NoSteps), clock) {
        ExitHow::Shutdown { code } => code,
        ExitHow::Failed { reason } => {
            eprintln!("{reason}");
            1
        }
        // The panic's text is on standard error already.
        ExitHow::Panicked { .. } | ExitHow::Killed => 1,
    }
}

/// How this server was called, as one would call it again.
fn program() -> String {
    let mut args = std::env::args_os();
    let name = args.next().unwrap_or_default().to_string_lossy().into_owned();
    match args.next() {
        Some(word) if word == "server" => format!("{name} server"),
        _ => name,
    }
}
