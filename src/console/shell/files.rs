//! mkdir, rm, cd.

use super::{Args, Ended, options};
use crate::console::session::{Console, Mouth};
use crate::observe::Label;

pub(super) fn mkdir(console: &mut Console, args: &Args, mouth: &mut Mouth<'_>) -> Ended {
    let (flags, dirs) = match options(&args.args, "pv") {
        Ok(split) => split,
        Err(flag) => return bad_option("mkdir", &flag, "[-p] DIR ...", mouth),
    };
    if dirs.is_empty() {
        mouth.text(Label::ShellError, "mkdir: missing operand");
        return Ended::failed();
    }
    let mut ended = Ended::ok();
    for dir in dirs {
        let path = console.lab.workspace().resolve(&console.cwd, &dir);
        if path == "/data" {
            // The lab's own folder is there from the beginning: no reason to stop a page's script.
            if !flags.contains(&'p') {
                mouth.text(Label::Note, "/data is there already: it is the session's own folder");
            }
            continue;
        }
        if let Err(e) = console.lab.workspace().mkdir(&path, flags.contains(&'p')) {
            mouth.lab_error("mkdir: ", &e);
            ended.failed = true;
        }
    }
    ended
}

pub(super) fn rm(console: &mut Console, args: &Args, mouth: &mut Mouth<'_>) -> Ended {
    let (flags, paths) = match options(&args.args, "rRfiv") {
        Ok(split) => split,
        Err(flag) => return bad_option("rm", &flag, "[-r] [-f] PATH ...", mouth),
    };
    let force = flags.contains(&'f');
    let recursive = flags.contains(&'r') || flags.contains(&'R');
    if paths.is_empty() && !force {
        mouth.text(Label::ShellError, "rm: missing operand");
        return Ended::failed();
    }
    let mut ended = Ended::ok();
    for path in paths {
        let path = console.lab.workspace().resolve(&console.cwd, &path);
        if force && !console.lab.workspace().exists(&path) {
            continue;
        }
        if let Err(e) = console.lab.workspace().remove(&path, recursive) {
            mouth.lab_error("rm: ", &e);
            ended.failed = true;
        }
    }
    ended
}

pub(super) fn cd(console: &mut Console, args: &Args, mouth: &mut Mouth<'_>) -> Ended {
    let to = match args.args.first().map(String::as_str) {
        None | Some("~" | "-") => crate::lab::workspace::DATA,
        Some(dir) => dir,
    };
    let path = console.lab.workspace().resolve(&console.cwd, to);
    if !console.lab.workspace().exists(&path) {
        mouth.text(Label::ShellError, format!("cd: {path}: No such file or directory"));
        mouth.text(Label::Hint, "the lab's files live under /data");
        return Ended::failed();
    }
    if !console.lab.workspace().is_dir(&path) {
        mouth.text(Label::ShellError, format!("cd: {path}: Not a directory"));
        return Ended::failed();
    }
    console.cwd = path;
    Ended::ok()
}

pub(super) fn bad_option(name: &str, flag: &str, usage: &str, mouth: &mut Mouth<'_>) -> Ended {
    mouth.text(Label::ShellError, format!("{name}: the lab's {name} has no option {flag}"));
    mouth.text(Label::Hint, format!("{name} {usage}"));
    Ended::failed()
}
