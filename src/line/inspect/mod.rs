//! `synclab inspect`: an RDB file offset by offset, the bytes beside their meaning.
//!
//! In: a file or standard input, read in pieces and never held. Out: one line for every stretch of 16
//! bytes that is shown, a summary, an exit code. It loads nothing and asks no server.

mod print;
mod words;

use crate::wire::rdb::walk::{Grain, WalkError, Walker};
use print::Printer;
use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

/// What is shown of a file.
#[derive(Clone, Debug)]
pub struct InspectOptions {
    /// `-`: standard input.
    pub file: PathBuf,
    /// Keys shown element by element; the others are counted. `None`: all, with all their elements.
    pub keys: Option<u64>,
}

/// The file is sound and whole.
const SOUND: i32 = 0;
/// It was read, and is no sound RDB.
const UNSOUND: i32 = 1;
/// It could not be read.
const UNREADABLE: i32 = 2;

/// Bytes read at a time.
const PIECE: usize = 64 * 1024;

/// Why a file was not walked to its end.
enum Stop {
    Walk(WalkError),
    Read(io::Error),
    Write(io::Error),
}

/// Prints the file; the exit code.
pub fn inspect(options: &InspectOptions) -> i32 {
    let name = options.file.display();
    let input: Box<dyn Read> = match open(&options.file) {
        Ok(input) => input,
        Err(error) => {
            eprintln!("synclab inspect: {name}: {error}");
            eprintln!("{}", hint(&error));
            return UNREADABLE;
        }
    };
    let mut out = Printer::new(BufWriter::new(io::stdout().lock()), options.keys);
    match run(input, &mut out) {
        Ok(()) => SOUND,
        Err(Stop::Walk(error)) => {
            // What was read up to there is shown first.
            if out.flush().is_err() {
                return UNSOUND;
            }
            eprintln!("synclab inspect: {name}: {error}");
            eprintln!("{}", error.hint());
            UNSOUND
        }
        Err(Stop::Read(error)) => {
            let _ = out.flush();
            eprintln!("synclab inspect: {name}: {error}");
            UNREADABLE
        }
        // Whoever read it has seen enough (`| head`): that is no error.
        Err(Stop::Write(error)) if error.kind() == io::ErrorKind::BrokenPipe => SOUND,
        Err(Stop::Write(error)) => {
            eprintln!("synclab inspect: standard output: {error}");
            UNREADABLE
        }
    }
}

fn open(path: &Path) -> io::Result<Box<dyn Read>> {
    if path == Path::new("-") {
        return Ok(Box::new(io::stdin().lock()));
    }
    let file = File::open(path)?;
    if file.metadata()?.is_dir() {
        return Err(io::Error::new(io::ErrorKind::IsADirectory, "this is a folder"));
    }
    Ok(Box::new(file))
}

fn hint(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::NotFound => {
            "CONFIG GET dir and CONFIG GET dbfilename tell where a server keeps its RDB file; SAVE \
             writes it."
        }
        io::ErrorKind::PermissionDenied => "Its owner may read it, or give you a copy.",
        io::ErrorKind::IsADirectory => "Name the file in it, usually dump.rdb.",
        _ => "Nothing was read.",
    }
}

fn run<W: Write>(mut input: impl Read, out: &mut Printer<W>) -> Result<(), Stop> {
    let mut walker = Walker::new(Grain::Parts);
    let mut piece = vec![0; PIECE];
    loop {
        let n = match input.read(&mut piece) {
            Ok(n) => n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(Stop::Read(error)),
        };
        if n == 0 {
            walker.end_of_input();
        } else {
            walker.push(&piece[..n]);
        }
        while let Some(item) = walker.next().map_err(Stop::Walk)? {
            out.item(&item).map_err(Stop::Write)?;
        }
        if n == 0 {
            break;
        }
    }
    out.end(walker.at(), walker.beyond()).map_err(Stop::Write)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::rdb::{Options, Writer};

    fn dump(keys: u32) -> Vec<u8> {
        let mut w = Writer::new(Options::default());
        w.header();
        w.aux("redis-ver", "7.0.15");
        w.select_db(0);
        w.resize_db(u64::from(keys), 1);
        for n in 0..keys {
            let expire = (n == 0).then_some(4_102_444_800_000);
            w.string_key(format!("key:{n}").as_bytes(), b"some value\x1b[31m", expire);
        }
        w.eof();
        w.take()
    }

    fn shown(bytes: &[u8], keys: Option<u64>) -> (String, Result<(), String>) {
        colored::control::set_override(false);
        let mut text = Vec::new();
        let mut printer = Printer::new(&mut text, keys);
        let end = run(bytes, &mut printer).map_err(|stop| match stop {
            Stop::Walk(error) => error.to_string(),
            Stop::Read(error) | Stop::Write(error) => error.to_string(),
        });
        printer.flush().expect("written");
        drop(printer);
        (String::from_utf8(text).expect("text"), end)
    }

    #[test]
    fn a_small_file_offset_by_offset() {
        let (text, end) = shown(&dump(2), None);
        assert_eq!(end, Ok(()));
        insta::assert_snapshot!(text);
    }

    #[test]
    fn what_is_not_shown_is_counted() {
        let (text, _) = shown(&dump(500), Some(3));
        assert!(text.contains("… 497 more keys, 497 strings"), "{text}");
        assert!(text.lines().count() < 40, "{text}");
        let (all, _) = shown(&dump(500), None);
        assert!(all.contains("key:499"));
        assert!(!all.contains('\x1b'), "nothing steers the terminal");
    }

    #[test]
    fn a_broken_file_is_shown_up_to_the_break() {
        let bytes = dump(2);
        let (text, end) = shown(&bytes[..40], None);
        assert!(text.contains("redis-ver"), "{text}");
        assert_eq!(
            end.unwrap_err(),
            "at offset 40: the file ends where the time of an expiry was expected"
        );
        assert!(shown(b"hello", None).1.unwrap_err().starts_with("this is no RDB file"));
        let (text, end) = shown(&[&bytes[..], b"xyz"].concat(), None);
        assert_eq!(end, Ok(()));
        assert!(text.contains("3 bytes behind the end"), "{text}");
    }
}
