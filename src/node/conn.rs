//! Sockets: accepting, reading into space that the engine lends, writing slices that it names.

use super::faulty::Trouble;
use super::instance::Instance;
use super::log::os_text;
use super::ready::Token;
use crate::engine::conn::ConnId;
use crate::observe::{LogLevel, Now};
use socket2::{SockRef, TcpKeepalive};
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::io::{self, IoSlice};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::AsRawFd;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// Connections accepted from one listener in one turn.
const ACCEPTS: usize = 64;

/// Out of file descriptors, accepting rests for this long (microseconds).
const ACCEPT_REST_US: u64 = 100_000;

/// Bytes written to one connection in one turn, about: a slow giant must not starve the others.
pub(super) const WRITE_BUDGET: usize = 256 * 1024;

/// Slices written with one call.
pub(super) const SLICES: usize = 32;

/// A connection's socket.
pub(super) struct Sock {
    stream: TcpStream,
    waker: Waker,
    /// The socket took less than there was; its token is noted when it takes more.
    pub(super) blocked: bool,
    /// Its link holds output back, or bytes on their way to us: the moment of the clients' clock at
    /// which to look again; `None`: when somebody says so.
    pub(super) write_again_us: Option<u64>,
    pub(super) read_again_us: Option<u64>,
    /// When bytes last left and came (the clients' clock).
    pub(super) wrote_us: u64,
    pub(super) read_us: u64,
    /// Something is, or was, wrong with the link that this connection is.
    pub(super) trouble: Option<Box<Trouble>>,
}

/// The sockets by connection. Connections are numbered one after the other, so that a product
/// spreads them well enough, at a fraction of the usual hash's cost.
pub(super) type Socks = HashMap<ConnId, Sock, BuildHasherDefault<IdHasher>>;

/// See [`Socks`].
#[derive(Default)]
pub(super) struct IdHasher(u64);

impl Hasher for IdHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|b| self.write_u64(u64::from(*b)));
    }

    fn write_u64(&mut self, n: u64) {
        // The table takes its bits from both ends of the product.
        let product = (self.0 ^ n).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = product ^ (product >> 32);
    }
}

/// What one attempt to read brought.
pub(super) enum Pulled {
    /// Its token is noted when there is more.
    Nothing,
    Bytes(usize),
    /// The peer closed, or this error ended the connection.
    End(Option<String>),
}

impl Instance {
    /// Accepts what waits at a listener, up to a bound.
    pub(super) fn accept_some(&mut self, index: usize) {
        if self.accept_again_us.is_some() {
            return;
        }
        for _ in 0..ACCEPTS {
            let accepted = match self.place.get().listeners.get(index) {
                Some(l) => l.socket.poll_accept(&mut Context::from_waker(&l.waker)),
                None => return,
            };
            match accepted {
                Poll::Pending => return,
                Poll::Ready(Ok((stream, peer))) => self.welcome(stream, peer),
                Poll::Ready(Err(e)) => {
                    let now = self.clock.now();
                    let text = format!("Accepting client connection: {}", os_text(&e));
                    self.say(LogLevel::Warning, text);
                    // The listener stays readable: without a rest this would spin.
                    self.accept_again_us = Some(now.mono_us + ACCEPT_REST_US);
                    return;
                }
            }
        }
        if let Some(listener) = self.place.get().listeners.get(index) {
            listener.waker.wake_by_ref();
        }
    }

    fn welcome(&mut self, stream: TcpStream, peer: SocketAddr) {
        let now = self.clock.now();
        self.say(LogLevel::Verbose, format!("Accepted {}:{}", peer.ip(), peer.port()));
        let config = self.engine.config();
        if config.protected_mode && config.requirepass.is_empty() && !is_local(peer) {
            let _ = stream.try_write(PROTECTED.as_bytes());
            return;
        }
        let laddr = stream.local_addr().map(|a| a.to_string()).unwrap_or_default();
        let fd = stream.as_raw_fd();
        match self.engine.accept(now, peer.to_string(), laddr, fd) {
            Some(conn) => self.adopt(conn, stream),
            None => {
                // A refusal is worth one try.
                let _ = stream.try_write(self.engine.refusal());
            }
        }
    }

    /// Takes a connected socket in.
    pub(super) fn adopt(&mut self, conn: ConnId, stream: TcpStream) {
        let _ = stream.set_nodelay(true);
        // On loopback there is no path to probe: a model of one (BBR paces by timers) costs a tenth
        // of a small request. Where the system has no other, it stays as it is.
        #[cfg(target_os = "linux")]
        if stream.peer_addr().is_ok_and(|a| a.ip().is_loopback()) {
            let _ = SockRef::from(&stream).set_tcp_congestion(b"reno");
        }
        let seconds = u64::try_from(self.engine.config().tcp_keepalive).unwrap_or(0);
        if seconds > 0 {
            // As Redis sets it: probes at a third of the time, three of them.
            let probe = Duration::from_secs((seconds / 3).max(1));
            let keepalive =
                TcpKeepalive::new().with_time(Duration::from_secs(seconds)).with_interval(probe);
            let _ = SockRef::from(&stream).set_tcp_keepalive(&keepalive.with_retries(3));
        }
        let waker = self.ready.waker(Token::Conn(conn));
        let now_us = self.clock.now().mono_us;
        // The first read attempt registers the waker.
        self.again.push(conn);
        let sock = Sock {
            stream,
            waker,
            blocked: false,
            write_again_us: None,
            read_again_us: None,
            wrote_us: now_us,
            read_us: now_us,
            trouble: None,
        };
        self.socks.insert(conn, sock);
    }

    /// A connection is ready for something: one read, and a write if one was blocked. One read in
    /// a turn, so that a client with a deep pipeline takes its place behind the others.
    pub(super) fn serve(&mut self, conn: ConnId) {
        let Some(sock) = self.socks.get_mut(&conn) else { return };
        if sock.blocked {
            self.to_write.push(conn);
        }
        if let Some(link) = self.troubled_link(conn) {
            return self.read_troubled(conn, &link);
        }
        self.read_plain(conn);
    }

    /// Reads straight into the engine's space.
    pub(super) fn read_plain(&mut self, conn: ConnId) {
        let Some(sock) = self.socks.get_mut(&conn) else { return };
        let Some(space) = self.engine.read_space(conn) else {
            self.stalled.push(conn);
            return;
        };
        let mut cx = Context::from_waker(&sock.waker);
        let mut buf = ReadBuf::new(space);
        let outcome = Pin::new(&mut sock.stream).poll_read(&mut cx, &mut buf);
        let n = buf.filled().len();
        match outcome {
            Poll::Pending => {}
            Poll::Ready(Ok(())) if n == 0 => {
                self.engine.peer_closed(self.clock.now(), conn, None);
            }
            Poll::Ready(Ok(())) => {
                // A read that did not fill its space emptied the socket: then this only registers
                // the waker and costs no system call.
                if sock.stream.poll_read_ready(&mut cx).is_ready() {
                    self.again.push(conn);
                }
                let now = self.clock.now();
                sock.read_us = now.mono_us;
                self.engine.bytes_read(now, conn, n);
            }
            Poll::Ready(Err(e)) => {
                self.engine.peer_closed(self.clock.now(), conn, Some(os_text(&e)));
            }
        }
    }

    /// Writes to every connection that has something and may be written to.
    pub(super) fn write_all(&mut self, now: Now) {
        let mut conns = std::mem::take(&mut self.to_write);
        self.engine.conns_with_output(&mut conns);
        let (due, held) = std::mem::take(&mut self.held).into_iter().partition(|conn| {
            self.socks
                .get(conn)
                .is_none_or(|s| s.write_again_us.is_some_and(|us| us <= now.mono_us))
        });
        let due: Vec<ConnId> = due;
        self.held = held;
        conns.extend(due);
        for conn in conns.drain(..) {
            if self.control.killed() {
                return;
            }
            self.write_some(now, conn);
        }
        // Keeps its room for the next turn.
        self.to_write = conns;
    }

    fn write_some(&mut self, now: Now, conn: ConnId) {
        if let Some(link) = self.troubled_link(conn) {
            return self.write_troubled(now, conn, &link);
        }
        let mut budget = WRITE_BUDGET;
        loop {
            let Some(sock) = self.socks.get_mut(&conn) else { return };
            let mut slices = [IoSlice::new(&[]); SLICES];
            let filled = self.engine.write_slices(conn, &mut slices);
            let total: usize = slices[..filled].iter().map(|s| s.len()).sum();
            if total == 0 {
                sock.blocked = false;
                return;
            }
            if budget == 0 {
                self.again.push(conn);
                sock.blocked = true;
                return;
            }
            let outcome = sock.write(&mut slices[..filled], total.min(budget));
            match outcome {
                Poll::Pending => {
                    sock.blocked = true;
                    return;
                }
                Poll::Ready(Ok(n)) => {
                    sock.wrote_us = now.mono_us;
                    budget -= n.min(budget);
                    self.engine.wrote(now, conn, n);
                }
                Poll::Ready(Err(e)) => {
                    self.engine.peer_closed(now, conn, Some(os_text(&e)));
                    return;
                }
            }
        }
    }
}

impl Sock {
    /// Reads into `buf`; the waker is registered when there is nothing (any more).
    pub(super) fn pull(&mut self, buf: &mut [u8]) -> Pulled {
        let mut buf = ReadBuf::new(buf);
        let mut cx = Context::from_waker(&self.waker);
        match Pin::new(&mut self.stream).poll_read(&mut cx, &mut buf) {
            Poll::Pending => Pulled::Nothing,
            Poll::Ready(Ok(())) => match buf.filled().len() {
                0 => Pulled::End(None),
                n => Pulled::Bytes(n),
            },
            Poll::Ready(Err(e)) => Pulled::End(Some(os_text(&e))),
        }
    }

    /// The socket alone, which stays open.
    pub(super) fn into_std(self) -> Option<std::net::TcpStream> {
        self.stream.into_std().ok()
    }

    /// Writes at most `allowed` bytes of `slices`, which hold at least that many.
    pub(super) fn write(
        &mut self,
        slices: &mut [IoSlice<'_>],
        allowed: usize,
    ) -> Poll<io::Result<usize>> {
        let mut cx = Context::from_waker(&self.waker);
        let stream = Pin::new(&mut self.stream);
        let mut left = allowed;
        let mut whole = 0;
        while whole < slices.len() && slices[whole].len() <= left {
            left -= slices[whole].len();
            whole += 1;
        }
        match (whole, left) {
            // The bound lies within the first slice.
            (0, left) => stream.poll_write(&mut cx, &slices[0][..left]),
            // The rest of a slice that is cut goes with the next call.
            (1, _) => stream.poll_write(&mut cx, &slices[0]),
            _ => stream.poll_write_vectored(&mut cx, &slices[..whole]),
        }
    }
}

/// The addresses that Redis takes for this very machine: no others of 127/8.
fn is_local(peer: SocketAddr) -> bool {
    match peer.ip() {
        IpAddr::V4(ip) => ip == Ipv4Addr::LOCALHOST,
        IpAddr::V6(ip) => ip == Ipv6Addr::LOCALHOST,
    }
}

/// What protected mode answers to the world, verbatim: clients print it to their users.
const PROTECTED: &str = "-DENIED Redis is running in protected mode because protected mode is \
enabled and no password is set for the default user. In this mode connections are only accepted \
from the loopback interface. If you want to connect from external computers to Redis you may \
adopt one of the following solutions: 1) Just disable protected mode sending the command 'CONFIG \
SET protected-mode no' from the loopback interface by connecting to Redis from the same host the \
server is running, however MAKE SURE Redis is not publicly accessible from internet if you do \
so. Use CONFIG REWRITE to make this change permanent. 2) Alternatively you can just disable the \
protected mode by editing the Redis configuration file, and setting the protected mode option \
to 'no', and then restarting the server. 3) If you started the server manually just for testing, \
restart it with the '--protected-mode no' option. 4) Setup a an authentication password for the \
default user. NOTE: You only need to do one of the above things in order for the server to \
start accepting connections from the outside.\r\n";
