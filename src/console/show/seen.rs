//! What the journal's last stretch told, kept in small bounded lists: commands of the streams,
//! bytes that passed, questions that were raised.

use crate::console::units::{count, signed};
use crate::console::why::{Question, Raised};
use crate::observe::RdbWhat;
use crate::observe::{
    Body, Event, Fact, Flow, LinkRef, Offset, Passage as Part, Preview, Raw, Side, Source,
};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Commands kept for each stream.
const COMMANDS: usize = 200;
/// Messages kept with their bytes.
const PASSAGES: usize = 400;
/// Records kept of an RDB: a few more than are told.
const RECORDS: usize = 1100;
/// Questions kept.
const QUESTIONS: usize = 64;

/// The memory of a console; hand it every event in order.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    streams: BTreeMap<u16, VecDeque<Written>>,
    wire: VecDeque<Passage>,
    rdbs: BTreeMap<(u16, u16), Rdb>,
    questions: VecDeque<Raised>,
    /// The instances of the lab.
    ours: BTreeSet<u16>,
}

/// A command as it lies in a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    pub wire: Vec<Preview>,
    pub from: Offset,
    pub to: Offset,
}

/// The RDB that passed last on a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rdb {
    told_by: Side,
    pub records: Vec<RdbRecord>,
}

/// A record of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RdbRecord {
    pub at: u64,
    pub len: u64,
    pub raw: Vec<u8>,
    pub meaning: String,
}

/// Bytes that passed on a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passage {
    /// Ports of the two ends; 0 where a peer has not said its own.
    pub from: u16,
    pub to: u16,
    /// Bytes that went the same way on this connection before.
    pub at: u64,
    pub len: u64,
    /// As many of them as were kept.
    pub raw: Vec<u8>,
    pub meaning: String,
}

/// How an end is called.
pub fn name(port: u16) -> String {
    match port {
        0 => "a guest".to_owned(),
        port => port.to_string(),
    }
}

impl Seen {
    /// Notes one event.
    pub fn apply(&mut self, event: &Event) {
        if let Some(question) = Question::of(event) {
            let again = self.questions.back().is_some_and(|q| question.repeats(&q.question));
            if !again {
                let raised = Raised { seq: event.seq, at: event.at, question };
                push(&mut self.questions, raised, QUESTIONS);
            }
        }
        let (Source::Instance(port), Body::Fact(fact)) = (event.source, &event.body) else {
            return;
        };
        self.ours.insert(port);
        match fact {
            Fact::Propagated { wire, from, to, .. } | Fact::Applied { wire, from, to, .. } => {
                let stream = self.streams.entry(port).or_default();
                // Another history began, or the same command is told twice.
                if stream.back().is_some_and(|last| last.from >= *from) {
                    stream.retain(|w| w.to < *from);
                }
                push(stream, Written { wire: wire.clone(), from: *from, to: *to }, COMMANDS);
            }
            Fact::Passed { link, flow, at, part, raw } => {
                self.passed(port, link, *flow, *at, *part, raw);
            }
            Fact::RdbItem { link, at, raw, what } => {
                let ends = match link.side {
                    Side::Master => (port, link.peer.port),
                    Side::Replica => (link.peer.port, port),
                };
                let first = matches!(what, RdbWhat::Magic { .. });
                let side = link.side;
                let fresh = || Rdb { told_by: side, records: Vec::new() };
                let rdb = self.rdbs.entry(ends).or_insert_with(fresh);
                // The replica is believed where both tell: it has what arrived.
                if rdb.told_by == Side::Replica && side == Side::Master {
                    return;
                }
                if first || rdb.told_by != side {
                    *rdb = fresh();
                }
                if rdb.records.len() < RECORDS {
                    let meaning = crate::console::rdb::record(what);
                    let (len, raw) = (raw.len(), raw.bytes().to_vec());
                    rdb.records.push(RdbRecord { at: *at, len, raw, meaning });
                }
            }
            _ => {}
        }
    }

    /// The RDB of each link's last full sync, by the ports of master and replica.
    pub fn rdbs(&self) -> impl Iterator<Item = (&(u16, u16), &Rdb)> {
        self.rdbs.iter()
    }

    fn passed(&mut self, port: u16, link: &LinkRef, flow: Flow, at: u64, part: Part, raw: &Raw) {
        let peer = link.peer.port;
        let (from, to) = match flow {
            Flow::Out => (port, peer),
            _ => (peer, port),
        };
        let (bytes, len) = (raw.bytes().to_vec(), raw.len());
        let meaning = meaning(&bytes, len, part);
        let passage = Passage { from, to, at, len, raw: bytes, meaning };
        // Both ends tell it where both are the lab's: the replica's tale is enough. Who a replica
        // is, its master knows with REPLCONF listening-port only.
        if link.side == Side::Master && self.ours.contains(&peer) {
            return;
        }
        let end = |a: u16, b: u16| a == b || a == 0 || b == 0;
        let same =
            |p: &Passage| end(p.from, from) && end(p.to, to) && p.at == at && p.raw == passage.raw;
        let nameless = |p: &Passage| p.from == 0 || p.to == 0;
        let known = self.wire.iter().rposition(same).filter(|i| self.wire.len() - i <= 32);
        match known {
            Some(i) if nameless(&self.wire[i]) || nameless(&passage) => {
                if nameless(&self.wire[i]) {
                    self.wire[i] = passage;
                }
                return;
            }
            _ => {}
        }
        push(&mut self.wire, passage, PASSAGES);
    }

    /// The commands of an instance's stream, oldest first.
    pub fn stream(&self, port: u16) -> impl Iterator<Item = &Written> {
        self.streams.get(&port).into_iter().flatten()
    }

    /// What passed on the links, oldest first.
    pub fn wire(&self) -> impl Iterator<Item = &Passage> {
        self.wire.iter()
    }

    /// What was decided, newest first.
    pub fn questions(&self) -> impl Iterator<Item = &Raised> {
        self.questions.iter().rev()
    }
}

fn push<T>(list: &mut VecDeque<T>, item: T, most: usize) {
    list.push_back(item);
    if list.len() > most {
        list.pop_front();
    }
}

/// What the bytes read as: the words of a command, a reply line, or which bytes of the RDB.
fn meaning(bytes: &[u8], len: u64, part: Part) -> String {
    match part {
        Part::Rdb { from } => {
            let last = (from + len).saturating_sub(1);
            format!("the RDB, its bytes {}–{}", count(from), count(last))
        }
        Part::Mark => "the mark that closes the RDB".to_owned(),
        Part::Stream { from } => {
            format!("stream from offset {}: {}", signed(from.0), commands(bytes))
        }
        Part::Talk => match bytes.first() {
            Some(b'*') => commands(bytes),
            Some(b'\n') if len == 1 => "a newline that keeps the link alive".to_owned(),
            _ => {
                let lines = bytes.split(|b| *b == b'\n').map(<[u8]>::trim_ascii);
                let words = lines.filter(|l| !l.is_empty()).map(|l| Preview::of(l).to_string());
                words.collect::<Vec<_>>().join(" ")
            }
        },
    }
}

/// The words of the commands in these bytes, as far as they are whole.
fn commands(bytes: &[u8]) -> String {
    let mut out = Vec::new();
    let mut rest = bytes;
    while let Some((words, used)) = one_command(rest) {
        out.push(words.join(" "));
        rest = &rest[used..];
        if out.len() == 3 && !rest.is_empty() {
            out.push("…".to_owned());
            break;
        }
    }
    match out.is_empty() {
        true => "a part of a command".to_owned(),
        false => out.join(" · "),
    }
}

fn one_command(bytes: &[u8]) -> Option<(Vec<String>, usize)> {
    let (n, mut at) = number_line(bytes, b'*')?;
    let mut words = Vec::new();
    for _ in 0..n {
        let (len, used) = number_line(bytes.get(at..)?, b'$')?;
        at += used;
        let end = at.checked_add(len)?;
        words.push(Preview::of(bytes.get(at..end)?).to_string());
        at = end + 2;
    }
    (at <= bytes.len()).then_some((words, at))
}

/// `*3\r\n`: the number, and how many bytes the line takes.
fn number_line(bytes: &[u8], mark: u8) -> Option<(usize, usize)> {
    let rest = bytes.strip_prefix(&[mark])?;
    let end = rest.windows(2).position(|w| w == b"\r\n")?;
    let n = std::str::from_utf8(&rest[..end]).ok()?.parse().ok()?;
    Some((n, end + 3))
}
