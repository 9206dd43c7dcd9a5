//! Reads a configuration the way redis-server does: conf file, standard input and command line are
//! one text, `include` reads more of it, `dir` acts at once.

use super::argv::Invocation;
use super::log::os_text;
use super::root::Root;
use crate::engine::config::Config;
use crate::engine::config::file::{self, ConfigError};
use crate::wire::text::glob_match;
use std::fmt;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// A configuration that was read.
#[derive(Debug)]
pub struct Loaded {
    /// `dir` is absolute, as the instance sees it.
    pub config: Config,
    /// Absolute path of the conf file, as the instance sees it.
    pub file: Option<String>,
    /// Whether anything was given at all.
    pub configured: bool,
}

/// Why a configuration cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConfError {
    /// A conf file cannot be read. Redis logs this; the other goes to standard error.
    Unreadable {
        path: String,
        reason: String,
    },
    Wrong(ConfigError),
}

impl fmt::Display for ConfError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ConfError::Unreadable { path, reason } => {
                write!(f, "Fatal error, can't open config file '{path}': {reason}")
            }
            ConfError::Wrong(error) => f.write_str(error.text().trim_end_matches('\n')),
        }
    }
}

/// Reads what `asked` names. `cwd` is the directory that the server is started in, absolute, as
/// the instance sees it; `stdin` is read when `-` was given.
///
/// # Errors
/// See [`ConfError`]; its text is what redis-server prints.
pub fn load(
    asked: &Invocation,
    root: &Root,
    cwd: &str,
    stdin: &mut dyn io::Read,
) -> Result<Loaded, ConfError> {
    let mut text = String::new();
    let mut conf = None;
    if let Some(name) = &asked.file {
        let name = name.to_string_lossy();
        let read = read(root, cwd, &name);
        let path = root.absolute(cwd, &name);
        text = read.map_err(|reason| ConfError::Unreadable { path: path.clone(), reason })?;
        conf = Some(path);
    }
    if asked.stdin {
        let mut more = Vec::new();
        let read = stdin.read_to_end(&mut more);
        read.map_err(|e| ConfError::Wrong(whole(os_text(&e))))?;
        text.push_str(&String::from_utf8_lossy(&more));
    }
    text.push('\n');
    text.push_str(&asked.options);

    let mut config = Config::default();
    let mut unreadable = None;
    let included = file::load(&mut config, &text, &mut |name, dir| {
        // `dir` acts at once: later names are relative to it.
        let cwd = root.enter(cwd, dir).map_err(|e| os_text(&e))?;
        include(root, &cwd, name).map_err(|(path, reason)| {
            unreadable = Some(ConfError::Unreadable { path, reason: reason.clone() });
            reason
        })
    });
    included.map_err(|e| unreadable.unwrap_or(ConfError::Wrong(e)))?;
    config.dir = root.enter(cwd, &config.dir).map_err(|e| ConfError::Wrong(at_dir(&text, &e)))?;
    check_log(root, &config)?;
    Ok(Loaded { config, file: conf, configured: asked.configured })
}

fn read(root: &Root, cwd: &str, name: &str) -> Result<String, String> {
    let text = root.resolve(cwd, name).and_then(std::fs::read);
    text.map(|t| String::from_utf8_lossy(&t).into_owned()).map_err(|e| os_text(&e))
}

/// The texts that an `include` names, or the path that cannot be read and why. With a wildcard in
/// its last part, no match is no error.
fn include(root: &Root, cwd: &str, name: &str) -> Result<Vec<String>, (String, String)> {
    let one = |name: String| read(root, cwd, &name).map_err(|reason| (name, reason));
    if !name.contains(['*', '?', '[']) {
        return Ok(vec![one(name.to_owned())?]);
    }
    let path = Path::new(name);
    let (Some(pattern), dir) = (path.file_name(), path.parent().unwrap_or(Path::new(""))) else {
        return Ok(Vec::new());
    };
    let Ok(real) = root.resolve(cwd, &dir.to_string_lossy()) else { return Ok(Vec::new()) };
    let mut found: Vec<PathBuf> = std::fs::read_dir(real)
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.file_name()))
        .filter(|n| glob_match(pattern.as_bytes(), n.as_bytes(), false))
        .map(|n| dir.join(n))
        .collect();
    found.sort();
    found.into_iter().map(|path| one(path.to_string_lossy().into_owned())).collect()
}

fn whole(reason: String) -> ConfigError {
    ConfigError { line_no: None, line: String::new(), reason }
}

/// The directory cannot be entered: the last `dir` line is to blame.
fn at_dir(text: &str, error: &io::Error) -> ConfigError {
    let is_dir = |line: &str| {
        line.split_ascii_whitespace().next().is_some_and(|w| w.eq_ignore_ascii_case("dir"))
    };
    let found = text.split('\n').enumerate().filter(|(_, line)| is_dir(line)).last();
    let (number, line) = found.map_or((None, ""), |(i, line)| (Some(i + 1), line.trim()));
    ConfigError { line_no: number, line: line.to_owned(), reason: os_text(error) }
}

/// Redis refuses to start if its log cannot be written; later it does not mind.
fn check_log(root: &Root, config: &Config) -> Result<(), ConfError> {
    if config.logfile.is_empty() {
        return Ok(());
    }
    let opened = root
        .resolve(&config.dir, &config.logfile)
        .and_then(|path| std::fs::OpenOptions::new().append(true).create(true).open(path));
    let reason = |e| format!("Can't open the log file: {}", os_text(&e));
    opened.map(|_| ()).map_err(|e| ConfError::Wrong(whole(reason(e))))
}

#[cfg(test)]
mod tests {
    use super::{ConfError, load};
    use crate::node::argv::Invocation;
    use crate::node::root::Root;

    fn options(text: &str) -> Invocation {
        Invocation { options: text.to_owned(), configured: true, ..Invocation::default() }
    }

    #[test]
    fn conf_reads_the_walk_through_file() {
        let tmp = tempfile::tempdir().expect("temp dir");
        std::fs::create_dir(tmp.path().join("6380")).expect("mkdir");
        let conf = "port 6380\ndaemonize yes\npidfile /data/6380/redis.pid\nloglevel notice\n\
                    logfile \"/data/6380/redis.log\"\ndbfilename dump.rdb\ndir /data/6380\n\
                    protected-mode no\n";
        std::fs::write(tmp.path().join("6380/redis.conf"), conf).expect("write");
        let root = Root::confined("/data", tmp.path()).expect("root");
        let asked = Invocation { file: Some("6380/redis.conf".into()), ..options("port 7000\n") };
        let got = load(&asked, &root, "/data", &mut std::io::empty()).expect("loads");
        assert_eq!(got.file.as_deref(), Some("/data/6380/redis.conf"));
        assert_eq!((got.config.port, got.config.dir.as_str()), (7000, "/data/6380"));
        assert!(got.config.daemonize && !got.config.protected_mode);
        assert!(tmp.path().join("6380/redis.log").exists(), "the log was tried");
    }

    #[test]
    fn conf_standard_input_and_include_and_dir_at_once() {
        let tmp = tempfile::tempdir().expect("temp dir");
        std::fs::create_dir(tmp.path().join("sub")).expect("mkdir");
        std::fs::write(tmp.path().join("sub/more.conf"), "hz 50\n").expect("write");
        let cwd = tmp.path().to_str().expect("utf-8");
        let asked = Invocation { stdin: true, ..options("") };
        let mut stdin = "dir sub\ninclude m*.conf\ninclude none-*.conf\n".as_bytes();
        let got = load(&asked, &Root::host(), cwd, &mut stdin).expect("loads");
        assert_eq!(got.config.hz, 50);
        let real = tmp.path().join("sub").canonicalize().expect("real");
        assert_eq!(got.config.dir, real.to_str().expect("utf-8"));
    }

    #[test]
    fn conf_errors_are_redis_own() {
        let fail = |text: &str| {
            load(&options(text), &Root::host(), "/", &mut std::io::empty()).expect_err(text)
        };
        // Options follow an empty file, whose end of line makes line 1.
        assert_eq!(
            fail("nonsense \"1\" ").to_string(),
            "\n*** FATAL CONFIG FILE ERROR (Redis 7.0.15) ***\nReading the configuration file, at \
             line 2\n>>> 'nonsense \"1\"'\nBad directive or wrong number of arguments"
        );
        assert!(fail("port \"1").to_string().ends_with("Unbalanced quotes in configuration line"));
        assert!(fail("dir /no/such/dir").to_string().ends_with("No such file or directory"));
        assert_eq!(
            fail("logfile /no/such/dir/x").to_string(),
            "\n*** FATAL CONFIG FILE ERROR (Redis 7.0.15) ***\n\
             Can't open the log file: No such file or directory"
        );
        let gone = Invocation { file: Some("/no/such.conf".into()), ..Invocation::default() };
        let error = load(&gone, &Root::host(), "/", &mut std::io::empty()).expect_err("no file");
        assert!(matches!(error, ConfError::Unreadable { .. }));
    }
}
