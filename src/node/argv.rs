use crate::engine::config::file::argv_lines;
use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;

/// What redis-server's command line asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    Version,
    Help,
    /// Something of redis-server's that is not here, with what to say about it.
    Refused(String),
    Run(Invocation),
}

/// Where the configuration comes from, in the order of its application.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Invocation {
    /// The conf file, as it was given.
    pub file: Option<OsString>,
    /// `-`: more lines come from standard input.
    pub stdin: bool,
    /// `--directive value ...` as lines of a conf file.
    pub options: String,
    /// Whether anything was given at all.
    pub configured: bool,
}

/// Reads redis-server's arguments (without the program's own name).
pub fn parse(args: &[OsString]) -> Asked {
    let mut run = Invocation { configured: !args.is_empty(), ..Invocation::default() };
    let Some(first) = args.first() else { return Asked::Run(run) };
    match first.to_str() {
        Some("-v" | "--version") => return Asked::Version,
        Some("-h" | "--help") => return Asked::Help,
        Some(tool @ ("--test-memory" | "--check-system")) => {
            return Asked::Refused(format!("{tool} tests the machine, not the server"));
        }
        _ => {}
    }
    if args.iter().any(|a| a == "--sentinel") {
        return Asked::Refused("Sentinel mode is not supported: use redis-sentinel".to_owned());
    }
    let mut rest = args;
    if !first.as_bytes().starts_with(b"-") {
        run.file = Some(first.clone());
        rest = &args[1..];
    }
    let mut directives = Vec::new();
    for (i, arg) in rest.iter().enumerate() {
        let first_or_last = (i == 0 && run.file.is_none()) || i + 1 == rest.len();
        if arg == "-" && first_or_last {
            run.stdin = true;
        } else {
            directives.push(arg.to_string_lossy().into_owned());
        }
    }
    run.options = argv_lines(&directives);
    Asked::Run(run)
}

#[cfg(test)]
mod tests {
    use super::{Asked, Invocation, parse};
    use std::ffi::OsString;

    fn run(args: &[&str]) -> Invocation {
        let args: Vec<OsString> = args.iter().map(OsString::from).collect();
        match parse(&args) {
            Asked::Run(run) => run,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn argv_takes_a_file_and_directives() {
        assert!(!run(&[]).configured);
        let got = run(&["/etc/r.conf", "--port", "7000", "--save", "60", "1", "-"]);
        assert_eq!(got.file, Some(OsString::from("/etc/r.conf")));
        assert!(got.stdin && got.configured);
        assert_eq!(got.options, "port \"7000\" \nsave \"60\" \"1\" ");
        let got = run(&["--port 7000", "--bind", "::1"]);
        assert_eq!((got.file, got.options.as_str()), (None, "port 7000 \nbind \"::1\" "));
        assert!(run(&["-"]).stdin);
    }

    #[test]
    fn argv_other_modes() {
        let asked = |a: &str| parse(&[OsString::from(a)]);
        assert_eq!(asked("-v"), Asked::Version);
        assert_eq!(asked("--help"), Asked::Help);
        assert!(matches!(asked("--sentinel"), Asked::Refused(_)));
        let conf_and_mode = ["/x.conf".into(), "--sentinel".into()];
        assert!(matches!(parse(&conf_and_mode), Asked::Refused(_)));
    }
}
