//! Virtual clients, and how bytes get from one end of a pipe to the other.

use super::host::Dial;
use super::net::{Arrival, PipeId};
use super::queue::Action;
use super::{End, Sim};
use crate::engine::Dialled;
use crate::engine::effect::DialId;
use crate::observe::ExitHow;
use crate::wire::command::encode_command;
use crate::wire::text::split_args;
use crate::wire::value::{ReplyParser, Value};
use std::io::IoSlice;

/// Names a virtual client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ClientId(pub(super) u64);

pub(super) struct VirtualClient {
    port: u16,
    /// Whether [`Sim::command`] may use it.
    pub(super) console: bool,
    parser: ReplyParser,
    pub(super) replies: Vec<Value>,
    pub(super) closed: bool,
    /// Bytes that found no room in the pipe yet.
    unsent: Vec<u8>,
}

impl VirtualClient {
    pub(super) fn is_console_of(&self, port: u16) -> bool {
        self.console && !self.closed && self.port == port
    }
}

/// A connection can be asked for over and over; this many microseconds after a refusal.
const DIAL_US: u64 = 200;

impl Sim {
    /// Connects a new client to an instance; `None` when nobody listens there.
    pub fn connect(&mut self, port: u16) -> Option<ClientId> {
        let now = self.now();
        let id = ClientId(1 + self.clients.keys().last().map_or(0, |c| c.0));
        let host = self.hosts.get_mut(&port).filter(|h| h.is_up())?;
        let peer = format!("127.0.0.1:{}", 50_000 + id.0);
        let conn = host.engine.accept(now, peer, format!("127.0.0.1:{port}"), 8)?;
        self.net.join(End::Client(id), End::Host(port, conn));
        let client = VirtualClient {
            port,
            console: true,
            parser: ReplyParser::default(),
            replies: Vec::new(),
            closed: false,
            unsent: Vec::new(),
        };
        self.clients.insert(id, client);
        self.turn(port);
        Some(id)
    }

    /// Sends a line, split into words as redis-cli does, without waiting for its reply.
    pub fn send(&mut self, client: ClientId, line: &str) {
        let words = split_args(line.as_bytes()).unwrap_or_else(|_| vec![line.as_bytes().to_vec()]);
        self.send_words(client, &words);
    }

    /// Sends one command, its words as they are, without waiting for its reply.
    pub fn send_words(&mut self, client: ClientId, words: &[Vec<u8>]) {
        let mut bytes = Vec::new();
        encode_command(&mut bytes, words);
        if let Some(c) = self.clients.get_mut(&client) {
            c.unsent.extend_from_slice(&bytes);
        }
        self.flush_client(client);
    }

    /// Sends a line over a connection of its own, whose answer nobody reads.
    pub fn tell(&mut self, port: u16, line: &str) {
        if let Some(client) = self.connect(port) {
            self.clients.entry(client).and_modify(|c| c.console = false);
            self.send(client, line);
        }
    }

    /// The next reply to this client, running the world for at most `limit_us`.
    pub fn await_reply(&mut self, client: ClientId, limit_us: u64) -> Option<Value> {
        self.run_until(limit_us, |sim| {
            sim.clients.get(&client).is_none_or(|c| c.closed || !c.replies.is_empty())
        });
        let c = self.clients.get_mut(&client)?;
        if c.replies.is_empty() { None } else { Some(c.replies.remove(0)) }
    }

    fn flush_client(&mut self, client: ClientId) {
        let end = End::Client(client);
        let Some(pipe) = self.net.find(end) else { return };
        let room = self.net.room(pipe, end);
        let Some(c) = self.clients.get_mut(&client) else { return };
        let bytes: Vec<u8> = c.unsent.drain(..room.min(c.unsent.len())).collect();
        if !bytes.is_empty() {
            self.put(pipe, end, bytes, false);
        }
    }

    fn put(&mut self, pipe: PipeId, from: End, bytes: Vec<u8>, last: bool) {
        let latency = self.latency();
        if let Some(at) = self.net.write(pipe, from, bytes, last, self.now_us, latency) {
            self.queue.push(at, Action::Deliver(pipe));
        }
    }

    /// Moves what an instance wants to write into its pipes, as far as they take it.
    pub(super) fn write_out(&mut self, port: u16) {
        let now = self.now();
        let mut conns = Vec::new();
        let Some(host) = self.hosts.get_mut(&port).filter(|h| h.runs()) else { return };
        host.engine.conns_with_output(&mut conns);
        // What found no room last time is still waiting, although nothing was added to it.
        host.unwritten.extend(conns);
        for conn in host.unwritten.clone() {
            let end = End::Host(port, conn);
            let Some(pipe) = self.net.find(end) else {
                self.hosts.entry(port).and_modify(|h| {
                    h.unwritten.remove(&conn);
                });
                continue;
            };
            loop {
                let room = self.net.room(pipe, end);
                let Some(host) = self.hosts.get_mut(&port).filter(|h| h.runs()) else { return };
                let mut slices = [IoSlice::new(&[]); 16];
                let n = host.engine.write_slices(conn, &mut slices);
                let mut bytes = Vec::new();
                for slice in &slices[..n] {
                    let take = slice.len().min(room - bytes.len());
                    bytes.extend_from_slice(&slice[..take]);
                }
                if bytes.is_empty() {
                    if !host.engine.has_output(conn) {
                        host.unwritten.remove(&conn);
                    }
                    break;
                }
                host.engine.wrote(now, conn, bytes.len());
                self.put(pipe, end, bytes, false);
            }
        }
    }

    pub(super) fn wake_pipe(&mut self, pipe: PipeId) {
        self.queue.push(self.now_us, Action::Deliver(pipe));
    }

    /// Hands what has arrived to both ends of a pipe, and lets writers go on.
    pub(super) fn deliver(&mut self, pipe: PipeId) {
        let Some(ends) = self.net.ends(pipe) else { return };
        for end in ends {
            match end {
                End::Host(port, _) => self.deliver_to_host(pipe, end, port),
                End::Client(id) => self.deliver_to_client(pipe, end, id),
                End::Nobody => {}
            }
        }
        for end in ends {
            match end {
                End::Host(port, _) => self.write_out(port),
                End::Client(id) => self.flush_client(id),
                End::Nobody => {}
            }
        }
        // What could not be taken now (a stalled reader) is offered again a little later.
        let frozen = |e: &End| matches!(e, End::Host(p, _) if self.is_frozen(*p));
        if let Some(at) = self.net.next_arrival(pipe).filter(|_| !ends.iter().any(frozen)) {
            self.queue.push(at.max(self.now_us + 1000), Action::Deliver(pipe));
        }
    }

    fn deliver_to_host(&mut self, pipe: PipeId, end: End, port: u16) {
        let End::Host(_, conn) = end else { return };
        loop {
            let (now, cut) = (self.now(), self.random());
            let Some(host) = self.hosts.get_mut(&port).filter(|h| h.runs()) else { return };
            if host.engine.parked().is_some() {
                return;
            }
            let Some(space) = host.engine.read_space(conn) else { return };
            // Now and then a read brings only a part: the seed decides where bytes are split.
            let most = if cut % 4 == 0 { 1 + (cut >> 8) as usize % 64 } else { space.len() };
            match self.net.arrived(pipe, end, now.mono_us, most.min(space.len())) {
                Some(Arrival::Bytes(bytes)) => {
                    self.moved += 1;
                    space[..bytes.len()].copy_from_slice(&bytes);
                    host.engine.bytes_read(now, conn, bytes.len());
                    self.turn(port);
                }
                Some(Arrival::Closed) => {
                    self.moved += 1;
                    self.net.remove(pipe);
                    self.end_closed(end, None);
                    return;
                }
                None => return,
            }
        }
    }

    fn deliver_to_client(&mut self, pipe: PipeId, end: End, id: ClientId) {
        while let Some(arrival) = self.net.arrived(pipe, end, self.now_us, usize::MAX) {
            self.moved += 1;
            let Some(client) = self.clients.get_mut(&id) else { return };
            match arrival {
                Arrival::Bytes(bytes) => {
                    client.parser.feed(&bytes);
                    while let Ok(Some(value)) = client.parser.next() {
                        client.replies.push(value);
                    }
                }
                Arrival::Closed => {
                    client.closed = true;
                    self.net.remove(pipe);
                    return;
                }
            }
        }
    }

    /// An engine closed its end: what it wrote before still arrives, then the end of it.
    pub(super) fn close_from(&mut self, end: End) {
        if let Some(pipe) = self.net.find(end) {
            self.put(pipe, end, Vec::new(), true);
        }
    }

    /// A graceful exit: the connections are closed behind the last bytes.
    pub(super) fn leave(&mut self, port: u16, how: ExitHow) {
        self.judge.borrow_mut().stepper.instance_gone(port);
        self.tell_steps();
        for pipe in self.net.of(port) {
            if self.net.abandon(pipe, port) {
                continue;
            }
            let ends = self.net.ends(pipe).into_iter().flatten();
            for end in ends.filter(|e| matches!(e, End::Host(p, _) if *p == port)) {
                self.put(pipe, end, Vec::new(), true);
            }
        }
        if let Some(host) = self.hosts.get_mut(&port) {
            host.down();
        }
        let down = crate::observe::LabFact::InstanceDown { port, how };
        self.record(crate::observe::Source::Lab, crate::observe::Body::Lab(down));
    }

    pub(super) fn dial(&mut self, from: u16, id: DialId, to: u16) {
        if let Some(host) = self.hosts.get_mut(&from) {
            host.dial = Some(Dial { id, port: to });
            self.queue.push(self.now_us + DIAL_US, Action::Dial(from));
        }
    }

    /// Asks every open dial again, after a hold ended.
    pub(super) fn retry_dials(&mut self) {
        for (port, host) in &self.hosts {
            if host.dial.is_some() {
                self.queue.push(self.now_us, Action::Dial(*port));
            }
        }
    }

    pub(super) fn finish_dial(&mut self, from: u16) {
        let now = self.now();
        let Some(dial) = self.hosts.get(&from).and_then(|h| h.dial.clone()) else { return };
        if self.net.is_held(from, dial.port) || self.net.is_half_open(from, dial.port) {
            return;
        }
        let Some(host) = self.hosts.get_mut(&from).filter(|h| h.runs()) else { return };
        self.moved += 1;
        host.dial = None;
        host.next_ephemeral += 1;
        let laddr = format!("127.0.0.1:{}", host.next_ephemeral);
        let addr = format!("127.0.0.1:{}", dial.port);
        let listening = !self.net.is_cut(from, dial.port) && self.is_up(dial.port);
        let accepted = if listening {
            let target = self.hosts.get_mut(&dial.port);
            target.and_then(|t| t.engine.accept(now, laddr.clone(), addr.clone(), 9))
        } else {
            None
        };
        let outcome = match accepted {
            Some(_) => Ok(Dialled { addr, laddr, fd: 7 }),
            None => Err("Connection refused".to_owned()),
        };
        let Some(host) = self.hosts.get_mut(&from) else { return };
        let conn = host.engine.dialled(now, dial.id, outcome);
        match (conn, accepted) {
            (Some(conn), Some(theirs)) => {
                self.net.join(End::Host(from, conn), End::Host(dial.port, theirs));
            }
            (None, Some(theirs)) => self.end_closed(End::Host(dial.port, theirs), None),
            _ => {}
        }
        self.turn(from);
        self.turn(dial.port);
    }
}
