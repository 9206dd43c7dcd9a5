//! What could stand at the cursor: commands with their arguments, ports, files, verbs.

use super::outcome::{Candidate, Completion};
use super::session::Standing;
use super::verbs::table::{VERBS, Verb};
use super::{commands, line, steps};
use crate::lab::Lab;
use crate::observe::StepKind;
use std::sync::{Arc, Mutex, PoisonError};

/// Completes lines of one console; works from another thread than the one that runs them.
#[derive(Clone)]
pub struct Completer {
    lab: Lab,
    standing: Arc<Mutex<Standing>>,
}

impl Completer {
    pub(super) fn new(lab: Lab, standing: Arc<Mutex<Standing>>) -> Completer {
        Completer { lab, standing }
    }

    fn standing(&self) -> Standing {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The candidates for the word that ends at byte `at` of `line`.
    pub fn complete(&self, line: &str, at: usize) -> Completion {
        let before = line.get(..at).unwrap_or(line);
        let start = before
            .rfind(char::is_whitespace)
            .map_or(0, |i| i + before[i..].chars().next().map_or(1, char::len_utf8));
        let word = &before[start..];
        let words: Vec<&str> = before[..start].split_whitespace().collect();
        let mut candidates = self.candidates(&words, word);
        candidates.sort_by(|a, b| a.text.cmp(&b.text));
        candidates.dedup_by(|a, b| a.text == b.text);
        Completion { start, candidates }
    }

    /// What follows the command that was typed: its arguments that are still to come.
    pub fn hint(&self, line: &str) -> Option<String> {
        let standing = self.standing();
        let mut words = line.split_whitespace();
        let first = words.next()?;
        let arguments = if let Some(name) = first.strip_prefix(':') {
            VERBS.iter().find(|v| v.name == name).map(|v| v.args)
        } else if standing.at_redis && !commands::is_shell_word(first) {
            let known = commands::known(first)?;
            let behind: Vec<&str> = words.collect();
            return match behind.split_first().and_then(|(sub, b)| Some((known.subcommand(sub)?, b)))
            {
                Some((sub, behind)) => to_come(&sub.arguments, behind, line),
                None => to_come(&known.arguments, &behind, line),
            };
        } else {
            commands::SHELL.iter().find(|(name, ..)| *name == first).map(|(_, args, _)| *args)
        }?;
        to_come(arguments, &words.collect::<Vec<_>>(), line)
    }

    fn candidates(&self, words: &[&str], word: &str) -> Vec<Candidate> {
        let standing = self.standing();
        // A pasted prompt in front says where the line goes.
        let prompted = words.first().and_then(|w| {
            let at = if standing.at_redis { line::At::Redis } else { line::At::Shell };
            line::understand(&format!("{w} x"), at).prompt
        });
        let (words, at_redis) = match prompted {
            Some(line::Prompt::Redis { .. } | line::Prompt::NotConnected) => (&words[1..], true),
            _ => (words, standing.at_redis),
        };
        if let Some(verb) = word.strip_prefix(':')
            && words.is_empty()
        {
            let fits = VERBS.iter().filter(|v| v.name.starts_with(verb));
            let about = |v: &Verb| super::ports::in_lab(v.about, self.lab.base_ports());
            return fits.map(|v| candidate(format!(":{}", v.name), &about(v))).collect();
        }
        let Some((first, rest)) = words.split_first() else {
            let mut all = starting(commands::SHELL.iter().map(|(n, args, _)| (*n, *args)), word);
            if at_redis {
                all.extend(commands_like(word));
            }
            return all;
        };
        match commands::alias(first) {
            "redis-cli" => match rest.last() {
                Some(&"-p") => self.ports(word),
                Some(&"-h") => starting([("127.0.0.1", "")], word),
                _ => commands_like(word),
            },
            "redis-server" | "vim" | "cat" | "tail" | "rm" | "ls" | "cd" | "mkdir" => {
                self.files(word, &standing.cwd)
            }
            "kill" => {
                let up = self.lab.instances().into_iter().filter(|i| i.up);
                up.map(|i| candidate(i.shown_pid.to_string(), &format!("redis-server {}", i.addr)))
                    .filter(|c| c.text.starts_with(word))
                    .collect()
            }
            ":step" if rest.is_empty() => starting([("on", "hold"), ("off", "go on")], word),
            ":break" if rest.is_empty() => self.breakpoints(word),
            ":unbreak" if rest.is_empty() => {
                let mut set: Vec<Candidate> = self
                    .lab
                    .breaks()
                    .into_iter()
                    .map(|on| candidate(steps::break_name(on), &steps::break_on(on)))
                    .filter(|c| c.text.starts_with(word))
                    .collect();
                set.extend(starting([("all", "every breakpoint")], word));
                set
            }
            ":slow" if rest.is_empty() => starting([("10", "times"), ("off", "")], word),
            ":back" if rest.is_empty() => self.bookmarks(word),
            ":scale" if rest.is_empty() => {
                starting([("limits", "make them small"), ("off", "as before")], word)
            }
            ":scenario" if rest.is_empty() => {
                let mut all = starting(super::scenario::names(), word);
                all.extend(self.files(word, &standing.cwd));
                all
            }
            ":cut" | ":halfopen" | ":drop" | ":heal" | ":delay" | ":throttle" if rest.len() < 2 => {
                self.ends(rest.first().copied(), word)
            }
            ":delay" if rest.len() == 2 => starting([("200ms", "later"), ("off", "")], word),
            ":throttle" if rest.len() == 2 => {
                starting([("64kb", "a second"), ("1mb", "a second"), ("off", "")], word)
            }
            ":kill" | ":restart" | ":freeze" | ":thaw" | ":remove" if rest.is_empty() => {
                self.ports(word)
            }
            ":restart" if rest.len() == 1 => starting([("--empty", "without its data")], word),
            ":add" if rest.is_empty() => {
                let next = self.lab.ports().into_iter().max().and_then(|p| p.checked_add(1));
                let next = next.map(|p| candidate(p.to_string(), "the next one"));
                next.into_iter().filter(|c| c.text.starts_with(word)).collect()
            }
            ":fill" if rest.last() == Some(&"on") => self.ports(word),
            ":fill" if rest.len() == 1 => starting([("on", "PORT")], word),
            ":show" if rest.is_empty() => starting(super::show::PANES.iter().copied(), word),
            ":show" => self.ports(word),
            ":events" => starting([("on", ""), ("off", "")], word),
            ":wait" => self.conditions(rest, word),
            _ if at_redis => self.redis_arguments(first, rest, word),
            _ => Vec::new(),
        }
    }

    fn redis_arguments(&self, first: &str, rest: &[&str], word: &str) -> Vec<Candidate> {
        match (first.to_ascii_lowercase().as_str(), rest.len()) {
            ("slaveof" | "replicaof", 0) => {
                starting([("127.0.0.1", "host"), ("no one", "promote")], word)
            }
            ("slaveof" | "replicaof", 1) if rest[0].eq_ignore_ascii_case("no") => {
                starting([("one", "")], word)
            }
            ("slaveof" | "replicaof", 1) => self.ports(word),
            ("info", _) => starting(INFO.iter().map(|s| (*s, "")), word),
            ("debug", 0) => starting(DEBUG.iter().map(|s| (*s, "")), word),
            ("help", 0) => commands_like(word),
            (name, 0) => commands::known(name)
                .map_or(Vec::new(), |k| words_like(&k.subcommands, word, first)),
            _ => Vec::new(),
        }
    }

    fn ports(&self, word: &str) -> Vec<Candidate> {
        let instances = self.lab.instances();
        let up = |port: u16| match instances.iter().find(|i| i.port == port) {
            Some(i) if i.up => "up",
            Some(_) => "down",
            None => "not started",
        };
        let mut ports = self.lab.ports();
        ports.extend(instances.iter().map(|i| i.port));
        let all = ports.into_iter().map(|p| candidate(p.to_string(), up(p)));
        all.filter(|c| c.text.starts_with(word)).collect()
    }

    /// The other end of a link that was begun, and every port.
    fn ends(&self, first: Option<&str>, word: &str) -> Vec<Candidate> {
        self.ports(word).into_iter().filter(|c| Some(c.text.as_str()) != first).collect()
    }

    fn breakpoints(&self, word: &str) -> Vec<Candidate> {
        let kinds = StepKind::ALL.into_iter().map(|k| (k.name(), steps::about(k)));
        let mut all = starting(kinds, word);
        all.extend(self.ports(word));
        all
    }

    fn bookmarks(&self, word: &str) -> Vec<Candidate> {
        let mut follower = crate::lab::journal::Follower::new(self.lab.journal().clone());
        follower.catch_up(|_, _| {});
        let all = &follower.model().time.bookmarks;
        let names = all.iter().map(|b| candidate(b.name.clone(), "bookmark"));
        names.filter(|c| c.text.starts_with(word)).collect()
    }

    fn conditions(&self, rest: &[&str], word: &str) -> Vec<Candidate> {
        match rest.len() {
            0 => match word.split_once('.') {
                Some((port, field)) => FIELDS
                    .iter()
                    .filter(|f| f.starts_with(field))
                    .map(|f| candidate(format!("{port}.{f}"), ""))
                    .collect(),
                None => self
                    .ports(word)
                    .into_iter()
                    .map(|c| candidate(format!("{}.", c.text), &c.about))
                    .collect(),
            },
            1 => starting(["==", "!=", "<", ">", "<=", ">=", "contains"].map(|o| (o, "")), word),
            _ => Vec::new(),
        }
    }

    fn files(&self, word: &str, cwd: &str) -> Vec<Candidate> {
        let (folder, name) =
            word.rsplit_once('/').map_or(("", word), |(f, n)| (&word[..=f.len()], n));
        let path = self.lab.workspace().resolve(cwd, folder);
        let entries = self.lab.workspace().list(&path).unwrap_or_default();
        entries
            .into_iter()
            .filter(|e| {
                e.name.starts_with(name) && (!e.name.starts_with('.') || name.starts_with('.'))
            })
            .map(|e| {
                let slash = if e.is_dir { "/" } else { "" };
                candidate(format!("{folder}{}{slash}", e.name), "")
            })
            .collect()
    }
}

const INFO: &[&str] = &[
    "server",
    "clients",
    "memory",
    "persistence",
    "stats",
    "replication",
    "cpu",
    "commandstats",
    "keyspace",
    "all",
    "everything",
];
const DEBUG: &[&str] = &["sleep", "digest", "populate", "change-repl-id"];
/// The fields that one waits for.
const FIELDS: &[&str] = &[
    "role",
    "connected_slaves",
    "master_link_status",
    "master_sync_in_progress",
    "master_repl_offset",
    "slave_repl_offset",
    "slave0",
    "slave1",
    "sync_full",
    "sync_partial_ok",
    "sync_partial_err",
    "rdb_bgsave_in_progress",
    "loading",
];

fn candidate(text: String, about: &str) -> Candidate {
    Candidate { text, about: about.to_owned() }
}

fn starting<'a>(all: impl IntoIterator<Item = (&'a str, &'a str)>, word: &str) -> Vec<Candidate> {
    let fits = all.into_iter().filter(|(name, _)| {
        name.get(..word.len()).is_some_and(|head| head.eq_ignore_ascii_case(word))
    });
    fits.map(|(name, about)| candidate(name.to_owned(), about)).collect()
}

/// What of a notation is still to be typed behind these words.
fn to_come(arguments: &str, typed: &[&str], line: &str) -> Option<String> {
    let parts = parts(arguments);
    let plain = parts.iter().take_while(|p| !p.starts_with(['[', '<'])).count();
    let left: Vec<&str> = match typed.len() {
        n if n <= plain => parts[n..].to_vec(),
        // Options may be left out: with something behind them, nobody knows where the words stand.
        _ if parts[plain..].iter().any(|p| !p.starts_with('[')) => return None,
        _ => {
            let options = parts[plain..].iter().copied();
            options.filter(|o| !typed[plain..].iter().any(|word| begins(o, word))).collect()
        }
    };
    if left.is_empty() {
        return None;
    }
    let gap = if line.ends_with(char::is_whitespace) { "" } else { " " };
    Some(format!("{gap}{}", left.join(" ")))
}

/// Whether an option begins with this word, or with this one of several.
fn begins(option: &str, word: &str) -> bool {
    let mut words = option.split(['[', '|', ']']).filter_map(|p| p.split(' ').next());
    words.any(|first| !first.is_empty() && first.eq_ignore_ascii_case(word))
}

/// A notation's parts: words, and what stands in brackets (`<` and `>` too) as a whole.
fn parts(arguments: &str) -> Vec<&str> {
    let (mut parts, mut depth, mut from) = (Vec::new(), 0usize, 0);
    for (at, c) in arguments.char_indices() {
        match c {
            '[' | '<' => depth += 1,
            ']' | '>' => depth = depth.saturating_sub(1),
            ' ' if depth == 0 => {
                parts.push(&arguments[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&arguments[from..]);
    parts.retain(|p| !p.is_empty());
    parts
}

/// Redis commands, in the case in which the word was begun.
fn commands_like(word: &str) -> Vec<Candidate> {
    words_like(&commands::COMMANDS, word, word)
}

/// `like`: the word whose case is taken where this one has not begun.
fn words_like(known: &[commands::Known], word: &str, like: &str) -> Vec<Candidate> {
    let first = word.chars().chain(like.chars()).next();
    let lower = first.is_some_and(|c| c.is_ascii_lowercase());
    let mut found = starting(known.iter().map(|k| (k.name.as_str(), k.arguments.as_str())), word);
    if lower {
        found.iter_mut().for_each(|c| c.text = c.text.to_ascii_lowercase());
    }
    found
}

#[cfg(test)]
mod tests {
    use super::to_come;

    #[test]
    fn hints_follow_what_was_typed() {
        let set = "key value [NX|XX] [GET] [EX seconds|KEEPTTL]";
        let hint = |arguments: &str, typed: &str| {
            let words: Vec<&str> = typed.split_whitespace().collect();
            to_come(arguments, &words, "x ")
        };
        assert_eq!(hint(set, "").as_deref(), Some(set));
        assert_eq!(hint(set, "k v").as_deref(), Some("[NX|XX] [GET] [EX seconds|KEEPTTL]"));
        assert_eq!(hint(set, "k v nx").as_deref(), Some("[GET] [EX seconds|KEEPTTL]"));
        assert_eq!(hint(set, "k v nx ex 5").as_deref(), Some("[GET]"));
        let add = "key [NX|XX] score member [score member ...]";
        assert_eq!(hint(add, "z").as_deref(), Some("[NX|XX] score member [score member ...]"));
        assert_eq!(hint(add, "z 1"), None);
        let geo = "key <BY radius | BOX width height> [ASC]";
        assert_eq!(hint(geo, "k").as_deref(), Some("<BY radius | BOX width height> [ASC]"));
        assert_eq!(hint(geo, "k by"), None);
        assert_eq!(hint("key", "k"), None);
        assert_eq!(hint("", ""), None);
    }
}
