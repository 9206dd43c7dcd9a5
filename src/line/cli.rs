//! `synclab cli`: the console's redis-cli, for any server, outside the lab.

use crate::console::client::{Client, ClientError};
use crate::console::{CliOptions, Interrupt, reply};
use crate::wire::text::split_args;
use crate::wire::value::Value;
use rustyline::error::ReadlineError;
use std::io::{BufRead, IsTerminal, Read, Write};
use std::time::Duration;

/// What it takes, in redis-cli's spelling.
const USAGE: &str = "synclab cli [-h host] [-p port] [-n db] [-a password] [--user name] [-3] \
                     [-r times] [-i seconds] [-e] [-x] [--raw|--no-raw] [command ...]";

/// Runs redis-cli with these arguments; the exit code is redis-cli's (1: no connection).
pub fn cli(args: &[String]) -> i32 {
    if args.iter().any(|a| a == "--help") {
        println!("{USAGE}");
        return 0;
    }
    let options = match CliOptions::parse(args) {
        Ok(options) => options,
        Err(text) => {
            eprintln!("{text}\n{USAGE}");
            return 1;
        }
    };
    if options.warn {
        eprintln!("{}", crate::console::PASSWORD_WARNING);
    }
    let raw = options.raw.unwrap_or(!std::io::stdout().is_terminal());
    let interactive = options.command.is_empty();
    let mut cli = Cli {
        // Ctrl-C ends the program, as it ends redis-cli's one-shot commands.
        client: Client::new(options.target.clone(), Interrupt::new()),
        raw,
        shutdown: false,
        error_exit: options.error_exit,
    };
    if interactive {
        return cli.prompt();
    }
    let mut argv: Vec<Vec<u8>> = options.command.iter().map(|w| w.clone().into_bytes()).collect();
    if options.last_from_input {
        let mut last = Vec::new();
        if let Err(e) = std::io::stdin().lock().read_to_end(&mut last) {
            eprintln!("Reading from standard input: {e}");
            return 1;
        }
        argv.push(last);
    }
    let mut left = options.repeat;
    while left != 0 {
        if !cli.issue(&argv) {
            return 1;
        }
        left -= 1;
        if left != 0 && options.interval > 0.0 {
            std::thread::sleep(Duration::from_secs_f64(options.interval.min(86_400.0)));
        }
    }
    0
}

struct Cli {
    client: Client,
    raw: bool,
    shutdown: bool,
    /// An error reply ends the run with exit code 1.
    error_exit: bool,
}

impl Cli {
    /// Reads lines until the end: with an editor from a terminal, plainly from a pipe.
    fn prompt(&mut self) -> i32 {
        if let Err(e) = self.client.connect() {
            eprintln!("{e}");
        }
        if !std::io::stdin().is_terminal() {
            for line in std::io::stdin().lock().split(b'\n') {
                let Ok(line) = line else { break };
                if !self.line(&line) {
                    break;
                }
            }
            return 0;
        }
        let Ok(mut editor) = rustyline::DefaultEditor::new() else { return 1 };
        loop {
            match editor.readline(&self.client.prompt()) {
                Ok(text) => {
                    if crate::lab::secrets::mask_line(&text) == text {
                        let _ = editor.add_history_entry(text.as_str());
                    }
                    if !text.split(['\n', '\r']).all(|line| self.line(line.as_bytes())) {
                        return 0;
                    }
                }
                Err(ReadlineError::Interrupted) => {}
                Err(_) => return 0,
            }
        }
    }

    /// One typed line; false at `exit`.
    fn line(&mut self, line: &[u8]) -> bool {
        let Ok(argv) = split_args(line) else {
            println!("Invalid argument(s)");
            return true;
        };
        let Some(first) = argv.first() else { return true };
        match first.to_ascii_lowercase().as_slice() {
            b"exit" | b"quit" => return false,
            b"clear" if argv.len() == 1 => print!("\x1b[2J\x1b[H"),
            b"connect" if argv.len() == 3 => self.go_to(&argv[1], &argv[2]),
            _ => {
                self.issue(&argv);
            }
        }
        true
    }

    fn go_to(&mut self, host: &[u8], port: &[u8]) {
        let port = std::str::from_utf8(port).ok().and_then(|p| p.parse().ok());
        let Some(port) = port else {
            println!("connect HOST PORT: that is no port");
            return;
        };
        self.client.disconnect();
        self.client.target.host = String::from_utf8_lossy(host).into_owned();
        self.client.target.port = port;
        if let Err(e) = self.client.connect() {
            eprintln!("{e}");
        }
    }

    /// Sends a command and prints its reply, or its replies until the connection ends.
    fn issue(&mut self, argv: &[Vec<u8>]) -> bool {
        let name = argv[0].to_ascii_lowercase();
        self.shutdown |= name == b"shutdown";
        if matches!(name.as_slice(), b"sync" | b"psync") {
            eprintln!("{}: this is no replica", String::from_utf8_lossy(&name));
            return false;
        }
        let streams =
            matches!(name.as_slice(), b"monitor" | b"subscribe" | b"psubscribe" | b"ssubscribe");
        let asked = self.client.connect().and_then(|()| self.client.send(argv));
        let mut read = asked.and_then(|()| self.client.read(None));
        while let Ok(message) = &read
            && reply::is_message(argv, message)
        {
            self.print(&[], message);
            read = self.client.read(None);
        }
        match read {
            Ok(value) => {
                self.client.note(argv, &value);
                if self.error_exit && value.error().is_some() {
                    eprintln!("{}", reply::shown(&reply::pipe_text(&value)));
                    return false;
                }
                self.print(argv, &value);
                !streams || value.error().is_some() || self.stream(argv)
            }
            // SHUTDOWN is answered by the end of the connection.
            Err(ClientError::Closed) if self.shutdown => true,
            Err(e) => {
                eprintln!("{e}");
                false
            }
        }
    }

    fn stream(&mut self, argv: &[Vec<u8>]) -> bool {
        loop {
            match self.client.read(None) {
                Ok(value) => self.print(argv, &value),
                Err(e) => {
                    eprintln!("{e}");
                    return false;
                }
            }
        }
    }

    fn print(&self, argv: &[Vec<u8>], value: &Value) {
        let plain = reply::is_raw(argv);
        let mut out = std::io::stdout().lock();
        // Nobody reads any more: the next command will not be asked for.
        let _ = if self.raw {
            let mut bytes = reply::pipe_text(value);
            if !plain {
                bytes.push(b'\n');
            }
            out.write_all(&bytes)
        } else {
            writeln!(out, "{}", reply::format(value, plain).plain())
        };
        let _ = out.flush();
    }
}
