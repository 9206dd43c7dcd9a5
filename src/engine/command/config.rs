//! CONFIG: settings at run time.

use super::args::SYNTAX;
use crate::engine::call::{Call, CommandSpec, Group, flags::*};
use crate::engine::config::directive::Directive;
use crate::engine::config::table;
use crate::engine::config::{Config, MIN_BACKLOG, Protected};
use crate::engine::effect::{Effect, Reconfigure};
use crate::engine::persist::{self, Loading};
use crate::engine::{Engine, replication};
use crate::observe::{Fact, LogLevel};
use crate::wire::text;

pub(super) const SPECS: &[CommandSpec] =
    &[CommandSpec::new("config", -2, help, Group::Server, "2.0.0").subcommands(SUBCOMMANDS)];

const PLAIN: u32 = ADMIN | NOSCRIPT | LOADING | STALE;

const SUBCOMMANDS: &[CommandSpec] = &[
    CommandSpec::server("get", -3, get, "2.0.0", PLAIN),
    CommandSpec::server("help", 2, help, "5.0.0", LOADING | STALE),
    CommandSpec::server("resetstat", 2, resetstat, "2.0.0", PLAIN),
    CommandSpec::server("rewrite", 2, rewrite, "2.8.0", PLAIN),
    CommandSpec::server("set", -4, set, "2.0.0", PLAIN)
        .tips(&["request_policy:all_nodes", "response_policy:all_succeeded"]),
];

fn get(e: &mut Engine, call: &Call<'_>) {
    let mut found: Vec<(Vec<u8>, &'static Directive)> = Vec::new();
    let mut add = |name: Vec<u8>, d: &'static Directive| {
        if !found.iter().any(|(n, _)| n.eq_ignore_ascii_case(&name)) {
            found.push((name, d));
        }
    };
    for pattern in &call.args[2..] {
        if !pattern.iter().any(|b| b"[*?".contains(b)) {
            if let Some(d) = table::lookup(pattern) {
                add(pattern.to_vec(), d);
            }
            continue;
        }
        for d in table::all().iter().filter(|d| !d.when.hidden) {
            for name in [Some(d.name), d.alias].into_iter().flatten() {
                if text::glob_match(pattern, name.as_bytes(), true) {
                    add(name.into(), d);
                }
            }
        }
    }
    e.reply.map(found.len());
    for (name, d) in found {
        e.reply.bulk(&name);
        let value = d.get(&e.config);
        e.reply.bulk(&value);
    }
}

/// Why CONFIG SET fails as a whole.
fn failed(name: &[u8], reason: &str) -> Vec<u8> {
    let mut text = b"ERR CONFIG SET failed (possibly related to argument '".to_vec();
    text.extend_from_slice(name);
    text.extend_from_slice(b"') - ");
    text.extend_from_slice(reason.as_bytes());
    text
}

fn set(e: &mut Engine, call: &Call<'_>) {
    let pairs = &call.args[2..];
    if pairs.len() % 2 == 1 {
        return e.reply.error(SYNTAX);
    }
    let mut directives: Vec<&'static Directive> = Vec::new();
    for pair in pairs.chunks_exact(2) {
        let Some(d) = table::lookup(pair[0]) else {
            let mut text = b"ERR Unknown option or number of arguments for CONFIG SET - '".to_vec();
            text.extend_from_slice(pair[0]);
            text.push(b'\'');
            return e.reply.error(text);
        };
        if d.when.immutable {
            return e.reply.error(failed(pair[0], "can't set immutable config"));
        }
        if d.when.protected && e.config.enable_protected_configs != Protected::Yes {
            return e.reply.error(failed(pair[0], "can't set protected config"));
        }
        if d.when.deny_loading && persist::loading(e) != Loading::No {
            return e.reply.error("LOADING Redis is loading the dataset in memory");
        }
        if directives.iter().any(|other| std::ptr::eq(*other, d)) {
            return e.reply.error(failed(pair[0], "duplicate parameter"));
        }
        directives.push(d);
    }
    let mut config = e.config.clone();
    for (d, pair) in directives.iter().zip(pairs.chunks_exact(2)) {
        let words = if d.takes_many() && !pair[1].is_empty() {
            text::split_args(pair[1]).unwrap_or_else(|_| vec![pair[1].to_vec()])
        } else {
            vec![pair[1].to_vec()]
        };
        let words: Vec<&[u8]> = words.iter().map(|w| &w[..]).collect();
        if let Err(reason) = d.set(&mut config, &words, false) {
            return e.reply.error(failed(d.name.as_bytes(), &reason));
        }
    }
    config.hz = config.hz.clamp(1, 500);
    config.repl_backlog_size = config.repl_backlog_size.max(MIN_BACKLOG);
    if let Err(error) = ask_host(e, &directives, &mut config) {
        return e.reply.error(error);
    }
    e.config = config;
    for d in directives {
        let value = d.get(&e.config);
        let value =
            if d.when.secret { "***".into() } else { String::from_utf8_lossy(&value).into() };
        e.fact(Fact::ConfigSet { name: d.name.into(), value });
        apply(e, d.name);
    }
    e.reply.ok();
}

/// Has the host do what only it can; all of it, or nothing and the error for the client. The
/// directory comes first, as Redis enters it while it still reads the arguments.
fn ask_host(
    e: &mut Engine,
    directives: &[&'static Directive],
    config: &mut Config,
) -> Result<(), Vec<u8>> {
    let entered = directives.iter().any(|d| d.name == "dir");
    if entered {
        let dir = e.host.enter(&config.dir);
        config.dir = dir.map_err(|reason| failed(b"dir", &reason))?;
    }
    let mut asked_to_listen = false;
    for d in directives {
        let refused = match d.name {
            // Both at once: the new configuration has the one and the other.
            "port" | "bind" if asked_to_listen => None,
            "port" | "bind" => {
                asked_to_listen = true;
                listen(e, d.name, config).err().map(str::to_owned)
            }
            "maxclients" => e.host.make_room(config.maxclients).err().map(|room| {
                format!(
                    "The operating system is not able to handle the specified number of clients, \
                     try with {room}"
                )
            }),
            _ => None,
        };
        let Some(reason) = refused else { continue };
        let name = d.name;
        e.log(
            LogLevel::Warning,
            format!(
                "Failed applying new configuration. Possibly related to new {name} setting. \
                 Restoring previous settings."
            ),
        );
        if asked_to_listen {
            let old = e.config.clone();
            // What could be listened on a moment ago can be again; if not, the log has said it.
            let _ = listen(e, name, &old);
        }
        if entered {
            let old = e.config.dir.clone();
            let _ = e.host.enter(&old);
        }
        return Err(failed(name.as_bytes(), &reason));
    }
    Ok(())
}

fn listen(e: &mut Engine, name: &str, config: &Config) -> Result<(), &'static str> {
    let (lines, ok) = match e.host.listen(config) {
        Ok(lines) => (lines, true),
        Err(lines) => (lines, false),
    };
    for line in lines {
        e.log(LogLevel::Warning, line);
    }
    match (ok, name) {
        (true, _) => Ok(()),
        (false, "port") => Err("Unable to listen on this port. Check server logs."),
        (false, _) => {
            e.log(LogLevel::Warning, "Failed to bind");
            Err("Failed to bind to specified addresses.")
        }
    }
}

/// What follows from a new value beside its being read from now on.
fn apply(e: &mut Engine, name: &'static str) {
    match name {
        "maxmemory" => e.maxmemory_set(),
        "port" => e.boot.port = u16::try_from(e.config.port).unwrap_or(0),
        "loglevel" => e.effect(Effect::Reconfigure(Reconfigure::LogLevel)),
        _ => {}
    }
    replication::config_set(e, name);
}

fn resetstat(e: &mut Engine, _call: &Call<'_>) {
    e.stats.reset();
    e.reply.ok();
}

fn rewrite(e: &mut Engine, call: &Call<'_>) {
    if e.boot.config_file.is_none() {
        return e.reply.error("ERR The server is running without a config file");
    }
    e.begin_rewrite(call.conn, false);
}

fn help(e: &mut Engine, _call: &Call<'_>) {
    e.help(
        "CONFIG",
        &[
            "GET <pattern>",
            "    Return parameters matching the glob-like <pattern> and their values.",
            "SET <directive> <value>",
            "    Set the configuration <directive> to <value>.",
            "RESETSTAT",
            "    Reset statistics reported by the INFO command.",
            "REWRITE",
            "    Rewrite the configuration file.",
        ],
    );
}
