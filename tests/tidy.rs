//! Reads the project's own source and holds the rules that one crate cannot enforce: which room
//! may know which, and what the engine must never ask for.

use std::fs;
use std::path::{Path, PathBuf};

/// The rooms from the bytes up. A room may use itself, what its row names, and nothing else.
const MAY_USE: &[(&str, &[&str])] = &[
    ("wire", &[]),
    ("observe", &["wire"]),
    ("engine", &["wire", "observe"]),
    ("node", &["wire", "observe", "engine"]),
    ("sim", &["wire", "observe", "engine"]),
    ("lab", &["wire", "observe", "engine", "node", "sim"]),
    ("console", &["wire", "observe", "engine", "node", "lab", "transcript"]),
    ("lesson", &["wire", "observe", "engine", "lab", "console"]),
    ("transcript", &["wire", "observe"]),
    ("tui", &["wire", "observe", "engine", "lab", "console", "lesson", "transcript"]),
    ("line", &["wire", "observe", "engine", "lab", "console", "lesson", "transcript"]),
];

/// The engine never asks the system for anything, and never iterates in an order that differs from
/// run to run.
const ENGINE_NEVER: &[&str] = &[
    "std::net",
    "std::fs",
    "std::thread",
    "std::env",
    "std::process",
    "SystemTime",
    "Instant",
    "tokio",
    "getrandom",
    "RandomState",
    "std::collections::HashMap",
    "std::collections::HashSet",
    "println!",
];

fn sources(dir: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap_or_else(|e| panic!("{}: {e}", dir.display())) {
        let path = entry.expect("a directory entry").path();
        if path.is_dir() {
            sources(&path, into);
        } else if path.extension().is_some_and(|e| e == "rs") {
            into.push(path);
        }
    }
}

fn under_src(room: &str) -> Vec<(PathBuf, String)> {
    let mut paths = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(room), &mut paths);
    paths.sort();
    assert!(!paths.is_empty(), "src/{room} has no source");
    let read = |p: PathBuf| {
        let text = fs::read_to_string(&p).expect("readable source");
        (p, text)
    };
    paths.into_iter().map(read).collect()
}

/// A room's own tests may drive it through whatever they need.
fn is_test(path: &Path) -> bool {
    path.components().any(|c| c.as_os_str() == "tests")
}

/// Code lines only: comments may name anything.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().filter(|(_, l)| !l.trim_start().starts_with("//"))
}

#[test]
fn rooms_depend_one_way() {
    let mut wrong = Vec::new();
    for (room, allowed) in MAY_USE {
        for (path, text) in under_src(room) {
            if is_test(&path) {
                continue;
            }
            for (n, line) in code(&text) {
                for (other, _) in MAY_USE {
                    let named = line.contains(&format!("crate::{other}::"))
                        || line.contains(&format!("crate::{other};"));
                    if named && other != room && !allowed.contains(other) {
                        wrong.push(format!("{}:{}: {}", path.display(), n + 1, line.trim()));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "imports against the way of the rooms:\n{}", wrong.join("\n"));
}

#[test]
fn engine_asks_nobody() {
    let mut wrong = Vec::new();
    for (path, text) in under_src("engine") {
        if is_test(&path) {
            continue;
        }
        for (n, line) in code(&text) {
            // Tests that stand at the end of a file may do what those in a folder of their own may.
            if line == "mod tests {" {
                break;
            }
            // A count of owners that could wrap ends the program, as `Arc`'s does: nothing is asked.
            if line.trim() == "std::process::abort();" {
                continue;
            }
            if let Some(word) = ENGINE_NEVER.iter().find(|w| line.contains(**w)) {
                wrong.push(format!("{}:{}: {word}", path.display(), n + 1));
            }
        }
    }
    assert!(wrong.is_empty(), "the engine must not use:\n{}", wrong.join("\n"));
}

#[test]
fn every_room_opens_with_its_contract() {
    for (room, _) in MAY_USE {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(room).join("mod.rs");
        let text = fs::read_to_string(&path).expect("mod.rs");
        let docs = text.lines().take_while(|l| l.starts_with("//!")).count();
        let path = path.display();
        assert!(docs >= 3, "{path} should open with what goes in, comes out, is never known");
    }
}

#[test]
fn files_stay_small() {
    let long: Vec<String> = under_src("")
        .iter()
        .map(|(p, text)| (p, text.lines().count()))
        .filter(|(_, lines)| *lines > 900)
        .map(|(p, lines)| format!("{} ({lines} lines)", p.display()))
        .collect();
    assert!(long.is_empty(), "files that nobody wants to open:\n{}", long.join("\n"));
}

#[test]
fn nothing_unfinished_is_left() {
    let marks = [concat!("to", "do!("), concat!("unimple", "mented!("), concat!("FIX", "ME")];
    let mut found = Vec::new();
    for (path, text) in under_src("") {
        for (n, line) in text.lines().enumerate() {
            if marks.iter().any(|m| line.contains(m)) {
                found.push(format!("{}:{}", path.display(), n + 1));
            }
        }
    }
    assert!(found.is_empty(), "unfinished places:\n{}", found.join("\n"));
}
