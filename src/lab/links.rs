//! What is wrong with links: cut, half-open, late, bounded, or all of them slow.
//!
//! The driver asks at the sending end before it writes; what is not granted stays in the engine's
//! buffers, where its limits and the picture see it. What an outside peer sends is asked for at our
//! end, before it is read. All times here are travel time: it runs slowly in slow motion.

use super::bucket::Bucket;
use super::error::{LabError, LabErrorKind};
use crate::node::{Gate, GateKey, Grant, LinkRule};
use crate::observe::{Addr, Now};
use std::collections::BTreeMap;
use std::net::{IpAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// In slow motion a byte takes so long from one end of any link to the other (travel time), so that
/// what takes a blink can be watched: at 1/10, a tenth of a second.
pub const SLOW_LATENCY: Duration = Duration::from_millis(10);

/// In slow motion no link carries more bytes a second (of travel time) in one direction: at 1/10, a
/// megabyte takes ten seconds.
pub const SLOW_BYTES_PER_SECOND: u64 = 1_000_000;

/// The bytes that a dead instance left in its links may arrive for so long (microseconds): until
/// then its port counts as one of ours.
const LAST_BYTES_US: u64 = 2_000_000;

/// Two ports, smaller first: one link in both directions.
pub type Pair = (u16, u16);

/// The pair in its one order.
pub fn pair(a: u16, b: u16) -> Pair {
    (a.min(b), a.max(b))
}

/// What the learner did to one link.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    pub cut: bool,
    pub half_open: bool,
    pub delay: Option<Duration>,
    /// For each direction.
    pub bytes_per_second: Option<u64>,
}

/// The faults of all links, and who stands behind the gate.
#[derive(Debug, Default)]
pub struct Links {
    /// Something is wrong: without it nobody needs the lock.
    any: AtomicBool,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    faults: BTreeMap<Pair, Faults>,
    /// Every link is slow.
    slow: bool,
    /// Each direction of a link has its own.
    buckets: BTreeMap<GateKey, Bucket>,
    /// Sockets that were closed at our end, while the peer must not learn of it.
    kept: Vec<(Pair, TcpStream)>,
    /// Ports of our instances; of those that ended, since when (the clients' clock).
    inside: BTreeMap<u16, Option<u64>>,
}

impl Links {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes what is wrong with a link. Says whether that changed anything.
    ///
    /// # Errors
    /// A link has two ends.
    pub fn set(&self, a: u16, b: u16, change: impl FnOnce(&mut Faults)) -> Result<bool, LabError> {
        if a == b {
            return Err(LabError::new(LabErrorKind::Link, format!("{a} has no link to itself"))
                .hint("Name the two ends: the port of the master and the port of the replica."));
        }
        let mut state = self.lock();
        let before = state.faults.get(&pair(a, b)).copied().unwrap_or_default();
        let mut after = before;
        change(&mut after);
        state.put(pair(a, b), after);
        self.note(&state);
        Ok(before != after)
    }

    /// Undoes everything that was done to one link, or to all of them. Answers what it was.
    pub fn heal(&self, link: Option<Pair>) -> Vec<(Pair, Faults)> {
        let mut state = self.lock();
        let wanted = |p: &Pair| link.is_none_or(|(a, b)| *p == pair(a, b));
        let healed: Vec<(Pair, Faults)> =
            state.faults.iter().filter(|(p, _)| wanted(p)).map(|(p, f)| (*p, *f)).collect();
        for (pair, _) in &healed {
            state.put(*pair, Faults::default());
        }
        self.note(&state);
        healed
    }

    /// What is wrong with one link.
    pub fn of(&self, a: u16, b: u16) -> Faults {
        self.lock().faults.get(&pair(a, b)).copied().unwrap_or_default()
    }

    /// The links with which something is wrong.
    pub fn faulty(&self) -> Vec<(Pair, Faults)> {
        self.lock().faults.iter().map(|(pair, faults)| (*pair, *faults)).collect()
    }

    /// Makes every link slow, or as fast as it can be.
    pub fn set_slow(&self, slow: bool) {
        let mut state = self.lock();
        state.slow = slow;
        state.buckets.clear();
        self.note(&state);
    }

    /// An instance of ours runs on this port.
    pub(super) fn instance_up(&self, port: u16) {
        self.lock().inside.insert(port, None);
    }

    /// It has ended.
    pub(super) fn instance_down(&self, port: u16, now: Now) {
        self.lock().inside.insert(port, Some(now.mono_us));
    }

    fn note(&self, state: &State) {
        self.any.store(state.slow || !state.faults.is_empty(), Ordering::Release);
    }
}

impl State {
    fn put(&mut self, pair: Pair, faults: Faults) {
        let back = |key: &GateKey| self::pair(key.local, key.peer) == pair;
        self.buckets.retain(|key, _| !back(key));
        if faults == Faults::default() {
            self.faults.remove(&pair);
        } else {
            self.faults.insert(pair, faults);
        }
        if !faults.half_open {
            // Closing them is how the other ends learn of it now.
            self.kept.retain(|(p, _)| *p != pair);
        }
    }

    fn of(&self, link: &GateKey) -> Faults {
        self.faults.get(&pair(link.local, link.peer)).copied().unwrap_or_default()
    }

    /// The bound that holds: the learner's, or slow motion's if that is tighter.
    fn rate(&self, link: &GateKey) -> Option<u64> {
        let slow = self.slow.then_some(SLOW_BYTES_PER_SECOND);
        self.of(link).bytes_per_second.into_iter().chain(slow).min()
    }
}

impl Gate for Links {
    fn is_open(&self) -> bool {
        !self.any.load(Ordering::Acquire)
    }

    fn rule(&self, link: &GateKey) -> LinkRule {
        let state = self.lock();
        let faults = state.of(link);
        // Slow motion adds nothing to a link that is later than that anyway.
        let latency = faults.delay.into_iter().chain(state.slow.then_some(SLOW_LATENCY)).max();
        LinkRule {
            cut: faults.cut,
            half_open: faults.half_open,
            latency_us: latency.map_or(0, |d| u64::try_from(d.as_micros()).unwrap_or(u64::MAX / 4)),
            bounded: state.rate(link).is_some(),
        }
    }

    fn allow(&self, link: &GateKey, travel_us: u64, want: usize) -> Grant {
        let mut state = self.lock();
        let Some(rate) = state.rate(link) else { return Grant::ALL };
        let bucket = state.buckets.entry(*link).or_insert_with(|| Bucket::new(rate, travel_us));
        bucket.take(travel_us, want)
    }

    fn give_back(&self, link: &GateKey, bytes: usize) {
        if let Some(bucket) = self.lock().buckets.get_mut(link) {
            bucket.give_back(bytes);
        }
    }

    fn is_inside(&self, now: Now, peer: &Addr) -> bool {
        let loopback = peer.host.eq_ignore_ascii_case("localhost")
            || peer.host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
        loopback
            && match self.lock().inside.get(&peer.port) {
                None => false,
                Some(None) => true,
                Some(Some(ended)) => now.mono_us < ended + LAST_BYTES_US,
            }
    }

    fn keep(&self, link: &GateKey, socket: TcpStream) {
        let mut state = self.lock();
        // Healed in this very moment: then the peer may learn of it.
        if state.of(link).half_open {
            state.kept.push((pair(link.local, link.peer), socket));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::Side;

    fn key(local: u16, peer: u16) -> GateKey {
        GateKey { local, peer, from: Side::Master }
    }

    fn throttle(links: &Links, a: u16, b: u16, rate: Option<u64>) {
        links.set(a, b, |f| f.bytes_per_second = rate).expect("two ends");
    }

    /// Sends `total` bytes as a driver would, in virtual time. Returns how long it took, and how
    /// often it had to ask.
    fn send(links: &Links, local: u16, peer: u16, total: usize) -> (u64, usize) {
        let (mut now, mut sent, mut asked) = (1_000, 0, 0);
        while sent < total {
            let got = links.allow(&key(local, peer), now, total - sent);
            sent += got.bytes.min(total - sent);
            asked += 1;
            assert!(asked < 100_000, "no progress");
            match got.again_at_us {
                Some(at) => {
                    assert!(at > now, "asked again at once");
                    now = at;
                }
                None => assert_eq!(sent, total),
            }
        }
        (now - 1_000, asked)
    }

    #[test]
    fn a_bound_holds_in_virtual_time() {
        let links = Links::default();
        assert!(links.is_open());
        assert_eq!(send(&links, 6380, 6381, 1 << 20), (0, 1));
        throttle(&links, 6381, 6380, Some(65_536));
        assert!(!links.is_open() && links.rule(&key(6380, 6381)).bounded);
        let (us, asked) = send(&links, 6380, 6381, 655_360);
        assert!((9_990_000..=10_010_000).contains(&us), "{us}");
        assert!(asked < 250, "{asked} questions in ten seconds");
        assert_eq!(send(&links, 6380, 6382, 1 << 20), (0, 1), "another link is free");
        throttle(&links, 6380, 6381, None);
        assert_eq!(send(&links, 6380, 6381, 1 << 20), (0, 1));
        assert!(links.faulty().is_empty() && links.is_open());
    }

    #[test]
    fn directions_do_not_share_a_bucket() {
        let links = Links::default();
        throttle(&links, 1, 2, Some(1_000));
        let at = |us| {
            let there = links.allow(&key(1, 2), us, 1_000).bytes;
            (there, links.allow(&key(1, 2).back(), us, 1_000).bytes)
        };
        assert_eq!(at(0), (0, 0));
        assert_eq!(at(20_000), (20, 20));
        assert_eq!(at(20_000), (0, 0));
    }

    #[test]
    fn tiny_bounds_let_single_bytes_through_and_time_may_stand() {
        let links = Links::default();
        throttle(&links, 1, 2, Some(1));
        let none_yet = Grant { bytes: 0, again_at_us: Some(1_000_000) };
        assert_eq!(links.allow(&key(1, 2), 0, 3), none_yet);
        assert_eq!(links.allow(&key(1, 2), 0, 3).bytes, 0);
        assert_eq!(links.allow(&key(1, 2), 1_000_000, 3).bytes, 1);
        links.give_back(&key(1, 2), 1);
        assert_eq!(links.allow(&key(1, 2), 1_000_000, 1).bytes, 1);
        assert_eq!(send(&links, 2, 1, 3).0, 3_000_000);
    }

    #[test]
    fn slow_motion_is_a_bound_and_a_latency_on_every_link() {
        let links = Links::default();
        links.set_slow(true);
        let rule = links.rule(&key(1, 2));
        assert!(rule.bounded && rule.latency_us == 10_000 && !links.is_open());
        let (us, _) = send(&links, 1, 2, 2_000_000);
        assert!((1_990_000..=2_010_000).contains(&us), "{us}");
        throttle(&links, 1, 2, Some(1_000));
        links.set(1, 2, |f| f.delay = Some(Duration::from_millis(200))).expect("two ends");
        assert_eq!(links.rule(&key(2, 1)).latency_us, 200_000);
        let (us, _) = send(&links, 1, 2, 1_000);
        assert!((990_000..=1_010_000).contains(&us), "the tighter bound holds: {us}");
        links.set_slow(false);
        assert_eq!(links.rule(&key(3, 4)), LinkRule::default());
    }

    #[test]
    fn faults_add_up_and_healing_undoes_all_of_them() {
        let links = Links::default();
        assert!(links.set(1, 1, |f| f.cut = true).is_err());
        assert!(links.set(2, 1, |f| f.cut = true).expect("two ends"));
        assert!(!links.set(1, 2, |f| f.cut = true).expect("two ends"), "it was cut already");
        assert!(links.set(1, 2, |f| f.half_open = true).expect("two ends"));
        assert!(links.set(3, 4, |f| f.half_open = true).expect("two ends"));
        let rule = links.rule(&key(2, 1));
        assert!(rule.cut && rule.half_open);
        let both = Faults { cut: true, half_open: true, ..Faults::default() };
        assert_eq!(links.heal(Some((2, 1))), [((1, 2), both)]);
        assert_eq!(links.rule(&key(1, 2)), LinkRule::default());
        assert_eq!(links.heal(None).len(), 1);
        assert!(links.is_open());
    }

    #[test]
    fn a_closed_end_of_a_half_open_link_is_kept_until_it_heals() {
        use std::io::Read;
        let links = Links::default();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("bind");
        let ours = TcpStream::connect(listener.local_addr().expect("addr")).expect("connects");
        let (mut theirs, _) = listener.accept().expect("accepts");
        theirs.set_nonblocking(true).expect("set");
        links.set(1, 2, |f| f.half_open = true).expect("two ends");
        links.keep(&key(1, 2), ours);
        let would_wait = theirs.read(&mut [0]).expect_err("nothing is heard");
        assert_eq!(would_wait.kind(), std::io::ErrorKind::WouldBlock);
        links.heal(None);
        theirs.set_nonblocking(false).expect("set");
        assert_eq!(theirs.read(&mut [0]).expect("the end"), 0);
    }

    #[test]
    fn our_ports_are_inside_and_stay_so_for_their_last_bytes() {
        let links = Links::default();
        let at = |mono_us| Now { mono_us, ..Now::default() };
        let here = |port| Addr::new("127.0.0.1", port);
        assert!(!links.is_inside(at(0), &here(6380)));
        links.instance_up(6380);
        assert!(links.is_inside(at(0), &here(6380)) && !links.is_inside(at(0), &here(7000)));
        assert!(links.is_inside(at(0), &Addr::new("localhost", 6380)));
        assert!(!links.is_inside(at(0), &Addr::new("192.0.2.7", 6380)));
        links.instance_down(6380, at(5));
        assert!(links.is_inside(at(1_000_000), &here(6380)));
        assert!(!links.is_inside(at(3_000_000), &here(6380)));
    }
}
