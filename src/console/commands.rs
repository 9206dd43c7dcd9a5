//! The Redis commands that the console knows by name: for completion, hints and suggestions only.
//! Whether a command exists is for the server to say; nothing here refuses anything.

use crate::engine::call::flags;
use crate::engine::command::table::{self, Entry};
use crate::engine::command::{summary, usage};
use std::sync::LazyLock;

/// A command, or a subcommand, as far as the console knows it.
#[derive(Debug)]
pub struct Known {
    /// In capitals; a subcommand's without its command's.
    pub name: String,
    /// What follows, in Redis's own notation.
    pub arguments: String,
    /// What it is for, in a sentence.
    pub about: &'static str,
    /// Whether it can go into the stream of a master.
    pub writes: bool,
    /// Whether it does nothing but read keys.
    pub reads_keys: bool,
    /// Whether it may wait for somebody else's write.
    pub blocks: bool,
    pub subcommands: Vec<Known>,
}

/// The servers' own table, in the order of the alphabet.
pub static COMMANDS: LazyLock<Vec<Known>> = LazyLock::new(|| {
    let mut all: Vec<Known> = table::table().entries.iter().map(Known::of).collect();
    all.sort_by(|a, b| a.name.cmp(&b.name));
    all
});

/// Subcommands are named one by one in so many characters; more of them are not.
const NAMED: usize = 40;

impl Known {
    fn of(entry: &Entry) -> Known {
        let spec = entry.spec;
        let mut subcommands: Vec<Known> = entry.subcommands.iter().map(Known::of).collect();
        subcommands.sort_by(|a, b| a.name.cmp(&b.name));
        let has = |flag: u32| spec.flags & flag != 0;
        let whole = matches!(spec.name, "keys" | "scan" | "dbsize" | "randomkey");
        Known {
            name: spec.name.to_ascii_uppercase(),
            arguments: arguments(entry, &subcommands),
            about: summary(entry),
            writes: has(flags::WRITE | flags::MAY_REPLICATE),
            reads_keys: has(flags::READONLY) && (whole || !spec.keys.is_empty()),
            blocks: has(flags::BLOCKING),
            subcommands,
        }
    }

    /// The subcommand of that name, in any case.
    pub fn subcommand(&self, name: &str) -> Option<&Known> {
        self.subcommands.iter().find(|k| k.name.eq_ignore_ascii_case(name))
    }
}

fn arguments(entry: &Entry, subcommands: &[Known]) -> String {
    if subcommands.is_empty() {
        // These two words are an address or none: COMMAND DOCS cannot say so.
        return match entry.spec.name {
            "replicaof" | "slaveof" => "host port | NO ONE".to_owned(),
            _ => usage(entry).to_owned(),
        };
    }
    let names = subcommands.iter().map(|k| k.name.as_str()).filter(|name| *name != "HELP");
    let names = names.collect::<Vec<_>>().join("|");
    let which = if names.len() <= NAMED { names.as_str() } else { "subcommand" };
    match entry.spec.name {
        "command" => format!("[{which} [argument ...]]"),
        _ => format!("{which} [argument ...]"),
    }
}

/// The command of that name, in any case.
pub fn known(name: &str) -> Option<&'static Known> {
    COMMANDS.iter().find(|k| k.name.eq_ignore_ascii_case(name))
}

/// How a command is typed, or its subcommand if the second word is one.
pub fn usage_of(name: &str, second: &str) -> Option<String> {
    let known = known(name)?;
    let usage = match known.subcommand(second) {
        Some(sub) => format!("{} {} {}", known.name, sub.name, sub.arguments),
        None => format!("{} {}", known.name, known.arguments),
    };
    Some(usage.trim_end().to_owned())
}

/// The names of all commands, in capitals.
pub fn names() -> impl Iterator<Item = &'static str> + Clone {
    COMMANDS.iter().map(|k| k.name.as_str())
}

/// The words of the lab's shell, and what follows them.
pub const SHELL: &[(&str, &str, &str)] = &[
    ("redis-server", "CONF [--directive value ...]", "start an instance"),
    ("redis-cli", "[-h host] [-p port] [-n db] [-a password] [command ...]", "talk to one"),
    ("mkdir", "[-p] DIR ...", "make folders; braces work: /data/638{0..2}"),
    ("vim", "FILE", "edit a file"),
    ("ls", "[-l] [PATH ...]", "list files"),
    ("cat", "FILE ...", "print files"),
    ("tail", "[-n LINES] FILE ...", "print the end of a file"),
    ("rm", "[-r] [-f] PATH ...", "remove files"),
    ("pwd", "", "where am I"),
    ("cd", "[DIR]", "go there"),
    ("ps", "", "which servers run"),
    ("kill", "[-9|-TERM|-STOP|-CONT] PID ...", "end, stop or continue a server"),
    ("clear", "", "clear the screen"),
    ("help", "", "what can be typed"),
    ("exit", "", "leave"),
];

/// Whether the shell knows this word.
pub fn is_shell_word(word: &str) -> bool {
    SHELL.iter().any(|(name, ..)| *name == word) || alias(word) != word
}

/// Other spellings of the shell's words, as fingers and web pages have them.
pub fn alias(word: &str) -> &str {
    match word {
        "vi" | "nano" | "view" => "vim",
        "ll" | "dir" => "ls",
        "more" | "less" => "cat",
        "quit" | "logout" => "exit",
        _ => match word.rsplit_once('/') {
            // /usr/local/redis/bin/redis-server, ./redis-cli
            Some((_, base @ ("redis-server" | "redis-cli"))) => base,
            _ => word,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_sorted_and_single() {
        assert!(COMMANDS.windows(2).all(|w| w[0].name < w[1].name));
        assert!(known("slaveof").is_some() && known("set").is_some_and(|k| k.writes));
        assert!(known("slaveoff").is_none());
        assert!(known("publish").is_some_and(|k| k.writes && !k.reads_keys));
        assert!(known("zscore").is_some_and(|k| k.reads_keys));
    }

    #[test]
    fn arguments_come_from_the_servers() {
        let says = |name: &str| known(name).map(|k| k.arguments.as_str());
        assert_eq!(says("lpush"), Some("key element [element ...]"));
        assert_eq!(says("dbsize"), Some(""));
        assert_eq!(says("object"), Some("ENCODING|FREQ|IDLETIME|REFCOUNT [argument ...]"));
        assert_eq!(says("client"), Some("subcommand [argument ...]"));
        let encoding = known("OBJECT").and_then(|k| k.subcommand("encoding"));
        assert_eq!(encoding.map(|k| k.arguments.as_str()), Some("key"));
    }

    #[test]
    fn shell_words_have_aliases() {
        assert!(is_shell_word("/usr/bin/redis-cli") && is_shell_word("vi") && is_shell_word("ls"));
        assert!(!is_shell_word("set") && !is_shell_word("grep"));
    }
}
