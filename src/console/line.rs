//! What a typed (or pasted) line means.
//!
//! Pages show prompts, comments, separators and prose between the commands. All of that may be
//! pasted as it stands: prompts say where a line goes, the rest is told apart from commands here.

use super::{commands, later, suggest};

/// Where the console stands when a line is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    Shell,
    /// Inside redis-cli.
    Redis,
}

/// The prompt that was pasted in front of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Prompt {
    /// `[root@db03 ~]#`, `#`, `$`
    Shell,
    /// `127.0.0.1:6380>`, `127.0.0.1:6380[3]>`: that instance becomes the current one.
    Redis { host: String, port: u16, db: Option<u32> },
    /// `not connected>`: whatever is current.
    NotConnected,
}

/// What a line asks for, without its prompt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// Nothing was typed (but perhaps a prompt).
    Nothing,
    /// `# …`, `----`
    Comment,
    /// Text between commands, such as a page has; it is skipped, and that is said.
    Prose,
    /// `:verb rest`
    Verb { name: String, rest: String },
    /// A line for the shell.
    Shell(String),
    /// A line for redis-cli, words unsplit.
    Redis(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub prompt: Option<Prompt>,
    pub meaning: Meaning,
}

/// Understands one line, typed where the console stands.
pub fn understand(line: &str, at: At) -> Line {
    let line = blanks(line);
    let (prompt, rest) = take_prompt(line.trim());
    let at = match prompt {
        Some(Prompt::Shell) => At::Shell,
        Some(Prompt::Redis { .. } | Prompt::NotConnected) => At::Redis,
        None => at,
    };
    Line { meaning: meaning(rest.trim(), at, prompt.is_some()), prompt }
}

/// No-break and full-width spaces and invisible marks, as a page brings them, become what they
/// look like. Inside quotes they are data.
fn blanks(line: &str) -> String {
    let mut quote = None;
    line.chars()
        .filter_map(|c| {
            match (quote, c) {
                (None, '"' | '\'') => quote = Some(c),
                (Some(q), c) if q == c => quote = None,
                _ => {}
            }
            match c {
                _ if quote.is_some() => Some(c),
                '\u{a0}' | '\u{3000}' | '\u{2002}'..='\u{200a}' | '\u{202f}' => Some(' '),
                '\u{200b}' | '\u{200c}' | '\u{200d}' | '\u{2060}' | '\u{feff}' => None,
                c => Some(c),
            }
        })
        .collect()
}

fn meaning(rest: &str, at: At, prompted: bool) -> Meaning {
    if rest.is_empty() {
        return Meaning::Nothing;
    }
    if rest.starts_with(['#', '＃']) || is_separator(rest) {
        return Meaning::Comment;
    }
    if let Some(verb) = rest.strip_prefix(':')
        && verb.starts_with(|c: char| c.is_ascii_alphabetic())
    {
        let (name, rest) = verb.split_once(char::is_whitespace).unwrap_or((verb, ""));
        return Meaning::Verb { name: name.to_ascii_lowercase(), rest: rest.trim().to_owned() };
    }
    let first = first_word(rest);
    match at {
        // exit, quit, help and clear are redis-cli's own as well, and mean redis-cli there.
        At::Redis if commands::is_shell_word(first) && !is_both(first) => {
            Meaning::Shell(rest.to_owned())
        }
        _ if !prompted && is_prose(rest, first) => Meaning::Prose,
        At::Redis => Meaning::Redis(rest.to_owned()),
        At::Shell => Meaning::Shell(without_sudo(rest).to_owned()),
    }
}

fn first_word(line: &str) -> &str {
    without_sudo(line).split_whitespace().next().unwrap_or("")
}

fn without_sudo(line: &str) -> &str {
    line.strip_prefix("sudo ").map_or(line, str::trim_start)
}

fn is_both(word: &str) -> bool {
    matches!(word, "exit" | "quit" | "help" | "clear")
}

/// A ruler: three or more of the same few characters and nothing else.
fn is_separator(line: &str) -> bool {
    line.chars().count() >= 3
        && line.chars().all(|c| matches!(c, '-' | '=' | '*' | '_' | '~' | '─' | '—' | '═' | ' '))
}

/// Text in a script other than ASCII whose first word is nothing that could have been meant.
fn is_prose(line: &str, first: &str) -> bool {
    if commands::is_shell_word(first)
        || commands::known(first).is_some()
        || later::family(first).is_some()
    {
        return false;
    }
    let foreign = |c: char| !c.is_ascii() && (c.is_alphabetic() || matches!(c, '，' | '。' | '：'));
    if first.contains(foreign) {
        return true;
    }
    let names = commands::names();
    let near = suggest::nearest(first, names.chain(commands::SHELL.iter().map(|(name, ..)| *name)));
    near.is_none() && outside_quotes(line).any(foreign)
}

fn outside_quotes(line: &str) -> impl Iterator<Item = char> {
    let mut quote = None;
    line.chars().filter(move |&c| match quote {
        Some(q) => {
            if c == q {
                quote = None;
            }
            false
        }
        None => {
            if matches!(c, '"' | '\'') {
                quote = Some(c);
            }
            true
        }
    })
}

/// The prompt at the front of a line, and what stands behind it.
fn take_prompt(line: &str) -> (Option<Prompt>, &str) {
    if let Some(rest) = line.strip_prefix("not connected>") {
        return (Some(Prompt::NotConnected), rest);
    }
    if let Some((prompt, rest)) = redis_prompt(line) {
        return (Some(prompt), rest);
    }
    if let Some(rest) = shell_prompt(line) {
        return (Some(Prompt::Shell), rest);
    }
    // `# vim …` is root's prompt on a page, `# some words` is a comment.
    if let Some(rest) = line.strip_prefix("# ").map(str::trim_start)
        && commands::is_shell_word(first_word(rest))
    {
        return (Some(Prompt::Shell), rest);
    }
    if let Some(rest) = line.strip_prefix("$ ") {
        return (Some(Prompt::Shell), rest);
    }
    (None, line)
}

/// `host:port>`, `host:port[db]>`, with `(TX)` or `(subscribed mode)` before the `>`.
fn redis_prompt(line: &str) -> Option<(Prompt, &str)> {
    let line = line.strip_prefix("redis ").unwrap_or(line);
    let (head, rest) = line.split_once('>')?;
    let head = head.strip_suffix("(TX)").unwrap_or(head);
    let head = head.strip_suffix("(subscribed mode)").unwrap_or(head);
    let (head, db) = match head.strip_suffix(']').and_then(|h| h.rsplit_once('[')) {
        Some((head, db)) => (head, Some(db.parse().ok()?)),
        None => (head, None),
    };
    let (host, port) = head.rsplit_once(':')?;
    let is_host = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':');
    if host.is_empty() || !host.chars().all(is_host) {
        return None;
    }
    // redis-server and the like are no hosts; a host has a dot or is a plain word.
    let port = port.parse().ok().filter(|p| *p != 0)?;
    Some((Prompt::Redis { host: host.to_owned(), port, db }, rest))
}

/// `[root@db03 ~]#`, `root@db03:~#`, `user@host:/dir$`.
fn shell_prompt(line: &str) -> Option<&str> {
    if let Some(inner) = line.strip_prefix('[') {
        let (inside, rest) = inner.split_once(']')?;
        let rest = rest.strip_prefix(['#', '$'])?;
        // `[root@db03 ~]`, `[lab /data]`: a name and a folder.
        return (inside.contains([' ', '@'])).then_some(rest);
    }
    let at = line.find(['#', '$'])?;
    let head = &line[..at];
    let (user, place) = head.split_once('@')?;
    let word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let fits = !user.is_empty()
        && user.chars().all(word)
        && place.contains(':')
        && place.chars().all(|c| word(c) || matches!(c, ':' | '/' | '~'));
    fits.then_some(&line[at + 1..])
}

/// Whether a line, typed into `vim FILE.conf` from a pasted page, is plainly the page's next
/// command: pages end a file where the next prompt stands, not with `:wq`.
pub fn ends_a_file(line: &str) -> bool {
    let line = blanks(line);
    let line = line.trim();
    let (prompt, rest) = take_prompt(line);
    if prompt.is_some() {
        return true;
    }
    let first = first_word(rest);
    matches!(commands::alias(first), "redis-server" | "redis-cli" | "mkdir" | "vim")
        || (!line.starts_with('#') && first.starts_with(|c: char| !c.is_ascii()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redis(port: u16, db: Option<u32>) -> Option<Prompt> {
        Some(Prompt::Redis { host: "127.0.0.1".into(), port, db })
    }

    #[track_caller]
    fn check(line: &str, at: At, prompt: Option<Prompt>, meaning: Meaning) {
        assert_eq!(understand(line, at), Line { prompt, meaning }, "{line:?}");
    }

    fn shell(text: &str) -> Meaning {
        Meaning::Shell(text.into())
    }

    fn cli(text: &str) -> Meaning {
        Meaning::Redis(text.into())
    }

    #[test]
    fn line_takes_prompts() {
        use At::{Redis, Shell};
        check(
            "127.0.0.1:6381> SLAVEOF 127.0.0.1 6380 ",
            Shell,
            redis(6381, None),
            cli("SLAVEOF 127.0.0.1 6380"),
        );
        check("127.0.0.1:6381>get name ", Redis, redis(6381, None), cli("get name"));
        check("127.0.0.1:6380[3]> dbsize", Shell, redis(6380, Some(3)), cli("dbsize"));
        check("127.0.0.1:6380(TX)> exec", Shell, redis(6380, None), cli("exec"));
        check("127.0.0.1:6380>", Shell, redis(6380, None), Meaning::Nothing);
        check(
            "[root@db03 ~]# redis-cli -p 6382",
            Redis,
            Some(Prompt::Shell),
            shell("redis-cli -p 6382"),
        );
        check("[synclab /data]# ls", Redis, Some(Prompt::Shell), shell("ls"));
        check("root@db03:~# ls", Redis, Some(Prompt::Shell), shell("ls"));
        check(
            "# vim   /data/6380/redis.conf",
            Redis,
            Some(Prompt::Shell),
            shell("vim   /data/6380/redis.conf"),
        );
        check("$ ls", Shell, Some(Prompt::Shell), shell("ls"));
        check("not connected> info", Shell, Some(Prompt::NotConnected), cli("info"));
        check(
            "127.0.0.1:6380> redis-cli -p 6381",
            Shell,
            redis(6380, None),
            shell("redis-cli -p 6381"),
        );
        check("127.0.0.1:99999> get x", Redis, None, cli("127.0.0.1:99999> get x"));
        check("set a:1>2 x", Redis, None, cli("set a:1>2 x"));
    }

    #[test]
    fn line_tells_shell_from_redis() {
        use At::{Redis, Shell};
        check("redis-cli -p 6381", Redis, None, shell("redis-cli -p 6381"));
        check("mkdir /data/x  # y", Redis, None, shell("mkdir /data/x  # y"));
        check(
            "sudo redis-server /data/6380/redis.conf",
            Shell,
            None,
            shell("redis-server /data/6380/redis.conf"),
        );
        check("exit", Redis, None, cli("exit"));
        check("exit", Shell, None, shell("exit"));
        check("info replication", Redis, None, cli("info replication"));
        check("slaveof no one", Shell, None, shell("slaveof no one"));
        check("set name # x", Redis, None, cli("set name # x"));
    }

    #[test]
    fn line_skips_comments_and_prose() {
        use At::{Redis, Shell};
        for at in [Shell, Redis] {
            check("#关闭主库6380", at, None, Meaning::Comment);
            check("＃关闭", at, None, Meaning::Comment);
            check("# a comment", at, None, Meaning::Comment);
            check("  -------------------------------", at, None, Meaning::Comment);
            check("   \u{a0} ", at, None, Meaning::Nothing);
            check("Linux下redis主从同步", at, None, Meaning::Prose);
            check("  1. 从服务器像主服务器发送SYNC命令.", at, None, Meaning::Prose);
            check("检查从库主从信息, 此时master_link_status:down :", at, None, Meaning::Prose);
            check("6382连接到6381:", at, None, Meaning::Prose);
            check("posted @ 2018-12-08 19:39\u{a0} 唯你如我心", at, None, Meaning::Prose);
        }
        check("set 名 值", Redis, None, cli("set 名 值"));
        check("sett 名 值", Redis, None, cli("sett 名 值"));
        check("foo bar", Redis, None, cli("foo bar"));
    }

    #[test]
    fn line_knows_verbs() {
        let verb = |n: &str, r: &str| Meaning::Verb { name: n.into(), rest: r.into() };
        check(":wait 6381.role == slave", At::Redis, None, verb("wait", "6381.role == slave"));
        check(":HEAL", At::Shell, None, verb("heal", ""));
        check("127.0.0.1:6380> :fill 10", At::Shell, redis(6380, None), verb("fill", "10"));
        check(": x", At::Redis, None, cli(": x"));
    }

    #[test]
    fn line_finds_the_end_of_a_pasted_file() {
        for end in [
            "# vim /data/6381/redis.conf",
            "启动三个redis实例 :",
            "redis-server a.conf",
            "127.0.0.1:6380> x",
        ] {
            assert!(ends_a_file(end), "{end}");
        }
        for inside in [
            "port 6380",
            "# a remark",
            "#端口",
            "",
            "logfile \"/data/6380/redis.log\"",
            "dir /data/6380",
        ] {
            assert!(!ends_a_file(inside), "{inside}");
        }
    }
}
