//! redis-server CONF [--directive value …]: starts an instance of the lab.

use super::{Args, Ended};
use crate::console::reply;
use crate::console::session::{Console, Mouth};
use crate::observe::Label;

pub(super) fn run(console: &mut Console, args: &Args, mouth: &mut Mouth<'_>) -> Ended {
    let mut words = args.args.iter().peekable();
    let mut conf = None;
    if let Some(first) = words.peek()
        && !first.starts_with("--")
    {
        match first.as_str() {
            "-v" => return version(mouth),
            "-h" => return usage(mouth),
            "-" => {
                mouth.text(
                    Label::ShellError,
                    "redis-server: the lab's shell has no input to read a conf from",
                );
                mouth.text(Label::Hint, "vim FILE, then redis-server FILE");
                return Ended::failed();
            }
            _ => {}
        }
        conf = words.next().cloned();
    }
    let directives: Vec<String> = words.cloned().collect();
    match directives.first().map(String::as_str) {
        Some("--version") => return version(mouth),
        Some("--help") => return usage(mouth),
        _ => {}
    }
    if let Some(file) = &conf
        && let Some(near) = near_name(console, file)
    {
        let text = format!(
            "there is no {}; taken: {}, which differs in its punctuation only",
            reply::shown(file.as_bytes()),
            reply::shown(near.as_bytes())
        );
        mouth.text(Label::Note, text);
        conf = Some(near);
    }
    match console.lab.start_server(&console.cwd, conf.as_deref(), &directives) {
        Ok(started) => {
            for line in &started.warnings {
                mouth.text(Label::Shell, reply::shown(line.as_bytes()));
            }
            // As redis-server with daemonize yes: silence is success.
            if !started.daemonized {
                let log = match &started.log_file {
                    Some(file) => format!("its log is {}", reply::shown(file.as_bytes())),
                    None => "it has no logfile".to_owned(),
                };
                let text = format!(
                    "{} runs in the background (pid {}); {log}",
                    started.port, started.shown_pid
                );
                mouth.text(Label::Note, text);
            }
            Ended::ok()
        }
        Err(e) => {
            mouth.text(Label::ShellError, reply::shown(e.text.as_bytes()));
            if let Some(hint) = &e.hint {
                mouth.text(Label::Hint, hint);
            }
            Ended::failed()
        }
    }
}

/// A file of the same folder whose name is the missing one's but for dots and dashes: the page of
/// the walk-through writes `redisconf` and starts `redis.conf`.
fn near_name(console: &Console, file: &str) -> Option<String> {
    let workspace = console.lab.workspace();
    let path = workspace.resolve(&console.cwd, file);
    if workspace.exists(&path) {
        return None;
    }
    let (folder, name) = path.rsplit_once('/')?;
    let letters = |s: &str| s.chars().filter(|c| c.is_alphanumeric()).collect::<String>();
    let wanted = letters(name);
    let mut near = workspace.list(folder).ok()?.into_iter().filter(|e| !e.is_dir);
    let found = near.find(|e| letters(&e.name) == wanted)?;
    // Two of them: nobody can say which one is meant.
    near.all(|e| letters(&e.name) != wanted).then(|| format!("{folder}/{}", found.name))
}

fn version(mouth: &mut Mouth<'_>) -> Ended {
    let text = format!(
        "synclab {} speaks as Redis server v=7.0.15 (its own code, inside the lab)",
        env!("CARGO_PKG_VERSION")
    );
    mouth.text(Label::Shell, text);
    Ended::ok()
}

fn usage(mouth: &mut Mouth<'_>) -> Ended {
    mouth.text(Label::Shell, "redis-server CONF [--directive value ...]\nredis-server --port 6390");
    Ended::ok()
}
