//! Bytes in pieces become messages; the ends that tell them agree.

use super::*;
use crate::observe::{Addr, LinkRef};

fn at(us: u64) -> Now {
    Now { mono_us: us, ..Now::default() }
}

struct Told(Wire, u64);

impl Told {
    fn replica(&mut self, flow: Flow, pos: u64, part: Passage, bytes: &[u8]) {
        let link = LinkRef { side: Side::Replica, peer: Addr::new("127.0.0.1", 6380) };
        self.fact(6381, Fact::Passed { link, flow, at: pos, part, raw: Raw::of(bytes) });
    }

    fn fact(&mut self, port: u16, fact: Fact) {
        self.1 += 1;
        let (seq, at) = (self.1, at(self.1));
        let event = Event { seq, at, source: Source::Instance(port), body: Body::Fact(fact) };
        self.0.apply(&event);
    }

    fn list(&self) -> Vec<(Dir, u64, u64, What)> {
        let key = LinkKey::new(Peer::port(6381), Peer::port(6380));
        let bytes = self.0.link(&key).expect("bytes");
        bytes.list.iter().map(|m| (m.dir, m.pos, m.len, m.what.clone())).collect()
    }
}

fn told() -> Told {
    Told(Wire::default(), 0)
}

fn request(words: &[&str]) -> What {
    let words = words.iter().map(|w| Preview::of(w.as_bytes())).collect();
    What::Request { words, whole: true }
}

#[test]
fn pieces_that_end_anywhere_are_put_together() {
    let whole = b"*1\r\n$4\r\nPING\r\n\n*3\r\n$8\r\nREPLCONF\r\n$3\r\nACK\r\n$1\r\n7\r\n";
    for step in 1..whole.len() {
        let mut t = told();
        for (n, piece) in whole.chunks(step).enumerate() {
            t.replica(Flow::Out, (n * step) as u64, Passage::Talk, piece);
        }
        let out = |pos, len, what| (Dir::ToMaster, pos, len, what);
        let want = [
            out(0, 14, request(&["PING"])),
            out(14, 1, What::Newlines(1)),
            out(15, whole.len() as u64 - 15, request(&["REPLCONF", "ACK", "7"])),
        ];
        assert_eq!(t.list(), want, "in pieces of {step}");
    }
}

#[test]
fn the_rdb_is_folded_and_the_stream_has_offsets() {
    let mut t = told();
    t.replica(Flow::In, 0, Passage::Talk, b"+FULLRESYNC x 9\r\n$EOF:abc\r\n");
    t.replica(Flow::In, 27, Passage::Rdb { from: 0 }, &[1; 100]);
    t.replica(Flow::In, 127, Passage::Rdb { from: 100 }, &[2; 50]);
    t.replica(Flow::In, 177, Passage::Mark, b"abc");
    let set = b"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\nb\r\n";
    t.replica(Flow::In, 180, Passage::Stream { from: Offset(10) }, &set[..5]);
    t.replica(Flow::In, 185, Passage::Stream { from: Offset(15) }, &set[5..]);
    let list = t.list();
    assert_eq!(list[2].3, What::Rdb { from: 0, to: 150, pieces: 2 });
    assert_eq!((list[2].2, &list[3].3), (150, &What::Mark));
    assert_eq!(list[4].3, request(&["SET", "a", "b"]));
    let key = LinkKey::new(Peer::port(6381), Peer::port(6380));
    let bytes = t.0.link(&key).expect("bytes");
    assert_eq!(bytes.list[4].offset, Some(Offset(10)));
}

#[test]
fn gaps_and_new_connections_are_named() {
    let mut t = told();
    t.replica(Flow::Out, 0, Passage::Talk, b"*1\r\n$4\r\nPING\r\n");
    t.replica(Flow::Out, 100, Passage::Talk, b"\n");
    t.replica(Flow::Out, 0, Passage::Talk, b"*1\r\n$4\r\nPING\r\n");
    let what: Vec<What> = t.list().into_iter().map(|m| m.3).collect();
    let ping = || request(&["PING"]);
    assert_eq!(what, [ping(), What::Gap(86), What::Newlines(1), What::Connection, ping()]);
}

#[test]
fn a_master_tells_only_what_the_replica_does_not() {
    let mut t = told();
    let link = LinkRef { side: Side::Master, peer: Addr::new("127.0.0.1", 6381) };
    let ok = |link: &LinkRef| Fact::Passed {
        link: link.clone(),
        flow: Flow::Out,
        at: 7,
        part: Passage::Talk,
        raw: Raw::of(b"+OK\r\n"),
    };
    t.fact(6380, ok(&link));
    assert_eq!(t.list().len(), 1, "an outside replica tells nothing");
    t.replica(Flow::In, 0, Passage::Talk, b"+PONG\r\n");
    t.fact(6380, ok(&link));
    assert_eq!(t.list(), [(Dir::ToReplica, 0, 7, What::Line(Preview::of(b"+PONG")))]);
}

#[test]
fn what_was_not_kept_whole_is_shown_as_far_as_it_goes() {
    let mut t = told();
    let big =
        [b"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$5000\r\n".as_slice(), &[b'x'; 5000], b"\r\n"].concat();
    t.replica(Flow::In, 0, Passage::Stream { from: Offset(1) }, &big);
    t.replica(
        Flow::In,
        big.len() as u64,
        Passage::Stream { from: Offset(5029) },
        b"*1\r\n$4\r\nPING\r\n",
    );
    let list = t.list();
    let What::Request { words, whole: false } = &list[0].3 else { panic!("{list:?}") };
    assert_eq!((words[0].text(), words[2].len()), ("SET", 5000));
    assert_eq!(list[1].3, request(&["PING"]));
}
