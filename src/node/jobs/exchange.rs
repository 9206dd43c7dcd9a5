//! One question to another server, on a thread of its own: connect, write, read lines.

use super::{Piece, Report};
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;
use tokio::sync::mpsc::Sender;

/// A line of an answer is no longer than this; Redis reads no more either.
const LINE: u64 = 64 * 1024;

/// See [`Effect::Exchange`](crate::engine::effect::Effect::Exchange).
#[derive(Debug)]
pub(in crate::node) struct Exchange {
    pub(in crate::node) host: String,
    pub(in crate::node) port: u16,
    pub(in crate::node) request: Vec<u8>,
    pub(in crate::node) replies: usize,
    /// For each step; not zero.
    pub(in crate::node) timeout: Duration,
}

pub(super) fn run(what: &Exchange, tx: &Sender<Report>) {
    let mut answers = Vec::new();
    let outcome = talk(what, &mut answers);
    if !answers.is_empty() {
        let piece = Piece { bytes: answers, done: None };
        if tx.blocking_send(Report::Piece(piece)).is_err() {
            return;
        }
    }
    let report = match outcome {
        Ok(()) => Report::Done { keys: 0, bytes: 0 },
        Err(doing) => Report::Failed(doing.to_owned()),
    };
    let _ = tx.blocking_send(report);
}

/// Collects the answers; an error is what was being done.
fn talk(what: &Exchange, answers: &mut Vec<u8>) -> Result<(), &'static str> {
    let stream = connect(what)?;
    let set = stream.set_nodelay(true).and_then(|()| {
        stream.set_write_timeout(Some(what.timeout))?;
        stream.set_read_timeout(Some(what.timeout))
    });
    set.map_err(|_| "writing")?;
    (&stream).write_all(&what.request).map_err(|_| "writing")?;
    let mut reader = BufReader::new(&stream);
    for _ in 0..what.replies {
        let mut line = Vec::new();
        let mut bounded = std::io::Read::take(&mut reader, LINE);
        match bounded.read_until(b'\n', &mut line) {
            Ok(_) if line.ends_with(b"\n") => answers.append(&mut line),
            _ => return Err("reading"),
        }
    }
    Ok(())
}

fn connect(what: &Exchange) -> Result<TcpStream, &'static str> {
    let Ok(addrs) = (what.host.as_str(), what.port).to_socket_addrs() else {
        return Err("connecting");
    };
    let mut doing = "connecting";
    for addr in addrs {
        match TcpStream::connect_timeout(&addr, what.timeout) {
            Ok(stream) => return Ok(stream),
            // Redis does not wait for the connection itself: a refusal shows when it writes.
            Err(e) if e.kind() == std::io::ErrorKind::ConnectionRefused => doing = "writing",
            Err(_) => {}
        }
    }
    Err(doing)
}
