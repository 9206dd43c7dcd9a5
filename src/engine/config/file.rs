//! redis.conf: lines, quoting, include; and the command line, which becomes such lines.

use super::{Config, table};
use crate::wire::text::split_args;

/// A line that is not understood. Redis prints it as `*** FATAL CONFIG FILE ERROR ***`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// Counted from 1, over the file and the directives of the command line behind it; `None` if
    /// the fault is not one line's.
    pub line_no: Option<usize>,
    /// The line without the blanks around it.
    pub line: String,
    pub reason: String,
}

impl ConfigError {
    /// What redis-server prints to its standard error before it exits with code 1.
    pub fn text(&self) -> String {
        let mut s = "\n*** FATAL CONFIG FILE ERROR (Redis 7.0.15) ***\n".to_string();
        if let Some(n) = self.line_no {
            s += &format!("Reading the configuration file, at line {n}\n>>> '{}'\n", self.line);
        }
        s + &self.reason + "\n"
    }
}

/// Finds the texts of an `include`: it is given the words after it and the `dir` in force, and
/// answers the text of each file that matches, or a reason.
pub type Include<'a> = dyn FnMut(&str, &str) -> Result<Vec<String>, String> + 'a;

/// Applies lines that include nothing.
pub fn apply(config: &mut Config, text: &str) -> Result<(), ConfigError> {
    load(config, text, &mut |path, _| Err(format!("Can't open config file '{path}'")))
}

/// Applies the lines of a conf file (and of the command line, see [`combine`]) to `config`.
pub fn load(config: &mut Config, text: &str, include: &mut Include) -> Result<(), ConfigError> {
    let mut loader = Loader { config, save_seen: false, depth: 0, user_hash: None };
    loader.lines(text, include)?;
    match loader.user_hash.take() {
        Some(hash) if !super::user::fits(loader.config, &hash) => Err(ConfigError {
            line_no: None,
            line: String::new(),
            reason: "The default user's password must be given by requirepass".into(),
        }),
        _ => Ok(()),
    }
}

/// How deep files may include each other.
const MAX_DEPTH: usize = 16;

struct Loader<'a> {
    config: &'a mut Config,
    /// The first `save` of a file drops the default save points.
    save_seen: bool,
    depth: usize,
    /// The hash that a `user default` line gave for its password.
    user_hash: Option<String>,
}

impl Loader<'_> {
    fn lines(&mut self, text: &str, include: &mut Include) -> Result<(), ConfigError> {
        for (i, line) in text.split('\n').enumerate() {
            let line = line.trim_matches([' ', '\t', '\r', '\n']);
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let fail = |reason: String| ConfigError {
                line_no: Some(i + 1),
                line: line.to_string(),
                reason,
            };
            let words = split_args(line.as_bytes())
                .map_err(|_| fail("Unbalanced quotes in configuration line".into()))?;
            let words: Vec<&[u8]> = words.iter().map(|w| &w[..]).collect();
            let Some((name, rest)) = words.split_first() else { continue };
            let name = String::from_utf8_lossy(name).to_ascii_lowercase();
            if name == "include" && rest.len() == 1 {
                self.include(&String::from_utf8_lossy(rest[0]), include, &fail)?;
            } else {
                self.directive(&name, rest).map_err(fail)?;
            }
        }
        self.config.hz = self.config.hz.clamp(1, 500);
        self.config.repl_backlog_size = self.config.repl_backlog_size.max(super::MIN_BACKLOG);
        Ok(())
    }

    fn include(
        &mut self,
        path: &str,
        include: &mut Include,
        fail: &dyn Fn(String) -> ConfigError,
    ) -> Result<(), ConfigError> {
        if self.depth >= MAX_DEPTH {
            return Err(fail("Too many files include each other".into()));
        }
        let texts = include(path, &self.config.dir).map_err(fail)?;
        self.depth += 1;
        for text in texts {
            self.lines(&text, include)?;
        }
        self.depth -= 1;
        Ok(())
    }

    fn directive(&mut self, name: &str, rest: &[&[u8]]) -> Result<(), String> {
        if name == "user" {
            self.user_hash = super::user::read(self.config, rest)?;
            return Ok(());
        }
        if name == "rename-command"
            && let [from, to] = rest
        {
            return self.config.renamed.rename(from, to).map_err(str::to_owned);
        }
        let Some(d) = table::lookup(name.as_bytes()) else {
            return refused_directive(name, rest.len());
        };
        if name == "save" && !self.save_seen {
            self.save_seen = true;
            self.config.save.clear();
        }
        // One quoted word may hold all words of a directive that takes many: --save "900 1".
        if d.takes_many()
            && let [one] = rest
            && !one.is_empty()
        {
            let words = split_args(one).map_err(|_| "Unbalanced quotes".to_string())?;
            let words: Vec<&[u8]> = words.iter().map(|w| &w[..]).collect();
            return d.set(self.config, &words, true);
        }
        d.set(self.config, rest, true)
    }
}

/// Directives that are no settings: those that Redis ignores, and those that ask for something
/// that is not here.
fn refused_directive(name: &str, words: usize) -> Result<(), String> {
    let ignored = ["list-max-ziplist-entries", "list-max-ziplist-value", "lua-replicate-commands"];
    if ignored.contains(&name) && words == 1 {
        return Ok(());
    }
    Err(match name {
        "loadmodule" if words >= 1 => "Modules are not supported".into(),
        "sentinel" => "sentinel directive while not in sentinel mode".into(),
        _ => "Bad directive or wrong number of arguments".into(),
    })
}

/// Turns the arguments behind the conf file (`--port 6380 --save ""`) into lines of a conf file.
pub fn argv_lines(args: &[String]) -> String {
    let mut lines = String::new();
    let mut complete = true;
    for (i, arg) in args.iter().enumerate() {
        if complete && let Some(option) = arg.strip_prefix("--") {
            if !lines.is_empty() {
                lines.push('\n');
            }
            lines.push_str(option);
            lines.push(' ');
            let words = split_args(arg.as_bytes()).map_or(1, |w| w.len());
            complete = words > 1;
            let next_is_option = args.get(i + 1).is_none_or(|next| next.starts_with("--"));
            if !complete && option.eq_ignore_ascii_case("save") && next_is_option {
                lines.push_str("\"\"");
                complete = true;
            }
        } else {
            lines.push_str(&crate::wire::text::repr(arg.as_bytes()));
            lines.push(' ');
            complete = true;
        }
    }
    lines
}

/// The text of a conf file with the command line's directives behind it, as Redis reads them.
pub fn combine(file: &str, args: &[String]) -> String {
    let lines = argv_lines(args);
    if lines.is_empty() { file.to_string() } else { format!("{file}\n{lines}") }
}

#[cfg(test)]
mod tests {
    use super::super::SavePoint;
    use super::*;

    fn load_text(text: &str) -> Result<Config, ConfigError> {
        let mut c = Config::default();
        apply(&mut c, text)?;
        Ok(c)
    }

    #[test]
    fn lines_add_up_and_later_ones_win() {
        let c = load_text(
            "# a comment\nPORT 6380\nport 6381\nsave 900 1\nsave 60 5\nmasterauth \"a b\"\n\
             slaveof 127.0.0.1 6379\nrepl-backlog-size 16kb\n",
        )
        .unwrap();
        assert_eq!(c.port, 6381);
        assert_eq!(
            c.save,
            [SavePoint { seconds: 900, changes: 1 }, SavePoint { seconds: 60, changes: 5 }]
        );
        assert_eq!(c.masterauth, b"a b");
        assert_eq!(c.replicaof, Some(("127.0.0.1".into(), 6379)));
        assert_eq!(c.repl_backlog_size, 16384);
    }

    #[test]
    fn a_bad_line_is_named() {
        let e = load_text("port 6380\n  nonsense 1 \n").unwrap_err();
        assert_eq!(e.line_no, Some(2));
        assert_eq!(e.line, "nonsense 1");
        assert_eq!(e.reason, "Bad directive or wrong number of arguments");
        assert!(e.text().contains("Reading the configuration file, at line 2\n>>> 'nonsense 1'\n"));
        assert_eq!(
            load_text("port x").unwrap_err().reason,
            "argument couldn't be parsed into an integer"
        );
        assert_eq!(
            load_text("dir \"x").unwrap_err().reason,
            "Unbalanced quotes in configuration line"
        );
        assert!(load_text("appendonly yes").is_err());
        assert!(load_text("appendonly no").is_ok());
    }

    #[test]
    fn the_command_line_becomes_lines() {
        let args = |s: &[&str]| argv_lines(&s.iter().map(|s| s.to_string()).collect::<Vec<_>>());
        assert_eq!(args(&["--port", "6380", "--dir", "/a b"]), "port \"6380\" \ndir \"/a b\" ");
        let c = load_text(&args(&["--save", "--port", "7000"])).unwrap();
        assert!(c.save.is_empty());
        assert_eq!(c.port, 7000);
        let c =
            load_text(&args(&["--replicaof", "localhost 6380", "--save", "900 1 60 2"])).unwrap();
        assert_eq!(c.replicaof, Some(("localhost".into(), 6380)));
        assert_eq!(c.save.len(), 2);
    }

    #[test]
    fn databases_beyond_what_memory_holds_are_refused() {
        let mut config = Config::default();
        assert!(apply(&mut config, "databases 65536").is_ok());
        assert!(apply(&mut config, "databases 2000000000").is_err());
    }

    #[test]
    fn includes_are_asked_for_with_the_dir_in_force() {
        let mut c = Config::default();
        let mut asked = Vec::new();
        load(&mut c, "dir /data\ninclude a.conf\nport 1", &mut |path, dir| {
            asked.push(format!("{dir}:{path}"));
            Ok(vec!["port 9\nhz 50".into()])
        })
        .unwrap();
        assert_eq!(asked, ["/data:a.conf"]);
        assert_eq!((c.port, c.hz), (1, 50));
    }
}
