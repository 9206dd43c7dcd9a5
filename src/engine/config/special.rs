//! Directives with a syntax of their own: save, bind, replicaof, limits, shutdown-on-...

use super::directive::{Refused, Special, read_memory};
use super::{Config, OutputLimit, SavePoint, ShutdownOn};
use crate::engine::notify;

/// The value as CONFIG GET prints it.
pub(super) fn get(s: Special, c: &Config) -> String {
    match s {
        Special::Dir => c.dir.clone(),
        Special::DbFilename => c.dbfilename.clone(),
        Special::Save => c
            .save
            .iter()
            .map(|p| format!("{} {}", p.seconds, p.changes))
            .collect::<Vec<_>>()
            .join(" "),
        Special::ClientOutputBufferLimit => [
            ("normal", c.output_limit_normal),
            ("slave", c.output_limit_replica),
            ("pubsub", c.output_limit_pubsub),
        ]
        .map(|(name, l)| format!("{name} {} {} {}", l.hard, l.soft, l.soft_seconds))
        .join(" "),
        Special::Bind => c.bind.join(" "),
        Special::ReplicaOf => match &c.replicaof {
            Some((host, port)) => format!("{host} {port}"),
            None => String::new(),
        },
        Special::NotifyKeyspaceEvents => notify::letters(c.notify_keyspace_events),
        Special::ShutdownOnSigterm => shutdown_words(c.shutdown_on_sigterm),
        Special::ShutdownOnSigint => shutdown_words(c.shutdown_on_sigint),
    }
}

/// Sets the value. `file`: the words come from the conf file or the command line.
pub(super) fn set(s: Special, c: &mut Config, words: &[&[u8]], file: bool) -> Result<(), Refused> {
    match s {
        Special::Dir => c.dir = one(words)?,
        Special::DbFilename => {
            let name = one(words)?;
            if name.contains(['/', '\\']) {
                return Err("dbfilename can't be a path, just a filename".into());
            }
            c.dbfilename = name;
        }
        Special::NotifyKeyspaceEvents => {
            let [letters] = words else { return Err("wrong number of arguments".into()) };
            c.notify_keyspace_events = notify::parse(letters)
                .ok_or("Invalid event class character. Use 'Ag$lshzxeKEtmdn'.")?;
        }
        Special::Save => {
            let points = read_save(words)?;
            // In a file the lines add up; the reader of the file drops the defaults before the
            // first one.
            if !file || words == [b"".as_slice()] {
                c.save.clear();
            }
            c.save.extend(points);
        }
        // At run time nothing at all changes nothing.
        Special::ClientOutputBufferLimit if !file && words == [b"".as_slice()] => {}
        Special::ClientOutputBufferLimit => set_limits(c, words)?,
        Special::Bind => {
            if words.len() > 16 {
                return Err("Too many bind addresses specified.".into());
            }
            c.bind = match words {
                [b""] => Vec::new(),
                many => many.iter().map(|w| text(w)).collect::<Result<_, _>>()?,
            };
        }
        Special::ReplicaOf => {
            let [host, port] = words else { return Err("wrong number of arguments".into()) };
            if host.eq_ignore_ascii_case(b"no") && port.eq_ignore_ascii_case(b"one") {
                c.replicaof = None;
                return Ok(());
            }
            let port = crate::wire::num::parse_i64(port)
                .and_then(|p| u16::try_from(p).ok())
                .ok_or("Invalid master port")?;
            c.replicaof = Some((text(host)?, port));
        }
        Special::ShutdownOnSigterm => c.shutdown_on_sigterm = read_shutdown(words)?,
        Special::ShutdownOnSigint => c.shutdown_on_sigint = read_shutdown(words)?,
    }
    Ok(())
}

fn text(word: &[u8]) -> Result<String, Refused> {
    String::from_utf8(word.to_vec()).map_err(|_| "argument must be UTF-8 text".to_string())
}

fn one(words: &[&[u8]]) -> Result<String, Refused> {
    match words {
        [word] => text(word),
        _ => Err("wrong number of arguments".into()),
    }
}

fn read_save(words: &[&[u8]]) -> Result<Vec<SavePoint>, Refused> {
    if words == [b"".as_slice()] {
        return Ok(Vec::new());
    }
    let bad = || "Invalid save parameters".to_string();
    if words.len() % 2 == 1 {
        return Err(bad());
    }
    words
        .chunks_exact(2)
        .map(|pair| {
            let seconds = crate::wire::num::parse_i64(pair[0]).filter(|n| *n >= 1);
            let changes = crate::wire::num::parse_i64(pair[1]).filter(|n| *n >= 0);
            match (seconds, changes) {
                (Some(seconds), Some(changes)) => Ok(SavePoint { seconds, changes }),
                _ => Err(bad()),
            }
        })
        .collect()
}

fn set_limits(c: &mut Config, words: &[&[u8]]) -> Result<(), Refused> {
    if words.is_empty() || !words.len().is_multiple_of(4) {
        return Err("Wrong number of arguments in buffer limit configuration.".into());
    }
    let mut limits = [c.output_limit_normal, c.output_limit_replica, c.output_limit_pubsub];
    for four in words.chunks_exact(4) {
        let class = match four[0].to_ascii_lowercase().as_slice() {
            b"normal" => 0,
            b"slave" | b"replica" => 1,
            b"pubsub" => 2,
            _ => return Err("Invalid client class specified in buffer limit configuration.".into()),
        };
        let bytes = |w: &[u8]| read_memory(w).and_then(|n| u64::try_from(n).ok());
        let seconds = crate::wire::num::parse_i64(four[3]).filter(|n| *n >= 0);
        let (Some(hard), Some(soft), Some(soft_seconds)) =
            (bytes(four[1]), bytes(four[2]), seconds)
        else {
            return Err(
                "Error in hard, soft or soft_seconds setting in buffer limit configuration.".into(),
            );
        };
        limits[class] = OutputLimit { hard, soft, soft_seconds };
    }
    [c.output_limit_normal, c.output_limit_replica, c.output_limit_pubsub] = limits;
    Ok(())
}

fn read_shutdown(words: &[&[u8]]) -> Result<ShutdownOn, Refused> {
    let one_of = || {
        "argument(s) must be one of the following: default, save, nosave, now, force".to_string()
    };
    if words.is_empty() {
        return Err(one_of());
    }
    let mut on = ShutdownOn::default();
    for word in words {
        match word.to_ascii_lowercase().as_slice() {
            b"default" => {}
            b"save" => on.save = true,
            b"nosave" => on.nosave = true,
            b"now" => on.now = true,
            b"force" => on.force = true,
            _ => return Err(one_of()),
        }
    }
    if on.save && on.nosave {
        return Err("shutdown options SAVE and NOSAVE can't be used simultaneously".into());
    }
    Ok(on)
}

fn shutdown_words(on: ShutdownOn) -> String {
    let words: Vec<&str> =
        [(on.save, "save"), (on.nosave, "nosave"), (on.now, "now"), (on.force, "force")]
            .into_iter()
            .filter(|(set, _)| *set)
            .map(|(_, w)| w)
            .collect();
    if words.is_empty() { "default".into() } else { words.join(" ") }
}
