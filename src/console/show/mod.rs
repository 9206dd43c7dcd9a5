//! The panes of the screen as plain text, for line mode and for whoever cannot see a picture.
//!
//! In: the model, and what [`Seen`] remembers of the journal's last stretch. Out: aligned lines in
//! which no colour and no shape carries a meaning of its own. It never asks an instance anything.

mod backlog;
mod buffer;
pub mod differences;
mod keys;
mod rdb;
mod seen;
pub mod table;
mod time;
mod topology;
mod tree;
mod why;
mod wire;

pub use seen::Seen;

use crate::lab::model::{Model, Peer};
use crate::observe::{AnswerLine, Label};

/// What can be shown: name, and what question it answers.
pub const PANES: &[(&str, &str)] = &[
    ("topology", "who follows whom, and how far behind"),
    ("backlog", "what can still be resumed"),
    ("buffer", "what waits in each replica's output buffer"),
    ("wire", "the bytes of a link beside their meaning"),
    ("rdb", "the snapshot of a link's last full sync, decoded"),
    ("keys", "what each instance knows, differences marked"),
    ("why", "the rule behind the last decision"),
    ("time", "what waits, breakpoints, slow motion, bookmarks"),
];

/// The lines of one pane; `only` keeps to what concerns these ports. `Err` says what is wrong with
/// the words behind the name.
pub fn pane(
    name: &str,
    rest: &[&str],
    model: &Model,
    seen: &Seen,
) -> Result<Vec<AnswerLine>, String> {
    if name == "why" {
        return why::lines(rest, model, seen);
    }
    let only = ports(rest, model)?;
    Ok(match name {
        "topology" => topology::lines(model),
        "backlog" => backlog::lines(model, &only),
        "buffer" => buffer::lines(model, seen, &only),
        "wire" => wire::lines(model, seen, &only),
        "rdb" => rdb::lines(seen, &only),
        "keys" => keys::lines(model, &only),
        "time" => time::lines(model),
        _ => return Err(format!("there is no pane {name}")),
    })
}

/// The ports behind a pane's name.
fn ports(words: &[&str], model: &Model) -> Result<Vec<u16>, String> {
    let mut out = Vec::new();
    for word in words {
        let port = word.rsplit_once(':').map_or(*word, |(_, port)| port).parse::<u16>();
        let port = port.map_err(|_| format!("{word} is no port"))?;
        let known = model.instances.contains_key(&port)
            || model
                .links()
                .iter()
                .any(|l| port_of(&l.master) == port || port_of(&l.replica) == port);
        if !known {
            return Err(format!("nobody in this lab is called {port}"));
        }
        out.push(port);
    }
    Ok(out)
}

fn port_of(peer: &Peer) -> u16 {
    match peer {
        Peer::Inside(port) => *port,
        Peer::Outside(addr) => addr.port,
    }
}

/// How a peer is called.
fn name_of(peer: &Peer) -> String {
    match peer {
        Peer::Inside(port) => port.to_string(),
        Peer::Outside(addr) if addr.port == 0 => "a guest".to_owned(),
        Peer::Outside(addr) => format!("{addr} (a guest)"),
    }
}

fn wanted(only: &[u16], ports: &[u16]) -> bool {
    only.is_empty() || ports.iter().any(|p| only.contains(p))
}

fn plain(text: impl Into<String>) -> AnswerLine {
    AnswerLine::of(Label::Reply, text)
}

#[cfg(test)]
mod tests;
