use super::*;
use crate::observe::*;

/// A model and what is remembered, from facts a millisecond apart.
#[derive(Default)]
struct Story {
    model: Model,
    seen: Seen,
    at: Now,
    seq: u64,
}

impl Story {
    fn push(&mut self, source: Source, body: Body) {
        self.at = self.at.plus_us(1000);
        let event = Event { seq: self.seq, at: self.at, source, body };
        self.seq += 1;
        self.model.apply(&event);
        self.seen.apply(&event);
    }

    fn lab(&mut self, fact: LabFact) {
        self.push(Source::Lab, Body::Lab(fact));
    }

    fn fact(&mut self, port: u16, fact: Fact) {
        self.push(Source::Instance(port), Body::Fact(fact));
    }

    fn show(&self, name: &str, rest: &[&str]) -> String {
        let lines = pane(name, rest, &self.model, &self.seen).expect("a pane");
        lines.iter().map(|l| format!("{}\n", l.plain().trim_end())).collect()
    }
}

fn replica() -> Addr {
    Addr::new("127.0.0.1", 6381)
}

fn words(text: &str) -> Vec<Preview> {
    text.split(' ').map(|w| Preview::of(w.as_bytes())).collect()
}

/// 6380 with its replica 6381, in the middle of a transfer, one write held back; 6382 alone.
fn transfer() -> Story {
    let mut s = Story::default();
    let ports = vec![6380, 6381, 6382];
    s.lab(LabFact::SessionBegan { version: "0".into(), ports, bare: false, lesson: None });
    for (port, id) in [(6380, b'a'), (6381, b'b'), (6382, b'c')] {
        s.lab(LabFact::InstanceUp { port, conf: None });
        let replid = ReplId([id; 40]);
        let dir = format!("/data/{port}");
        s.fact(port, Fact::Booted { port, replid, offset: Offset(0), dir, config_file: None });
        s.fact(port, Fact::Ready { keys: 0 });
    }
    let master = Some(Addr::new("127.0.0.1", 6380));
    s.fact(6381, Fact::RoleChanged { role: Role::Replica, master, cause: RoleCause::UserRequest });
    let master = Addr::new("127.0.0.1", 6380);
    s.fact(
        6381,
        Fact::LinkState { master, from: LinkState::ReceivePsyncReply, to: LinkState::Transfer },
    );
    s.fact(6380, Fact::BacklogMoved { first: Offset(1), histlen: 0, size: 1 << 20 });
    let decision = Decision {
        asked_id: "?".into(),
        asked_offset: Offset(-1),
        replid: ReplId([b'a'; 40]),
        replid2: ReplId::ZERO,
        second_offset: Offset(-1),
        backlog: Some((Offset(1), 0)),
        master_offset: Offset(0),
        verdict: PsyncVerdict::Full(FullReason::Asked),
    };
    s.fact(6380, Fact::PsyncDecision { replica: replica(), decision: Box::new(decision) });
    let framing = RdbFraming::Length(4096);
    for to in [ReplicaState::WaitBgsaveEnd, ReplicaState::SendBulk] {
        s.fact(6380, Fact::ReplicaState { replica: replica(), from: None, to });
    }
    s.fact(6380, Fact::RdbSent { replica: replica(), sent: 1024, framing });
    let (from, to) = (Offset(1), Offset(31));
    s.fact(6380, Fact::Propagated { db: 0, wire: words("set name xd"), from, to });
    s.fact(6380, Fact::BacklogMoved { first: from, histlen: 31, size: 1 << 20 });
    s.fact(6380, Fact::Held { replica: replica(), from, to, held_bytes: 31 });
    let (key, value) = (Preview::of(b"name"), Preview::of(b"xd"));
    s.fact(
        6380,
        Fact::KeyWritten { kind: Default::default(), db: 0, key, value, expire_at_ms: None },
    );
    s.fact(6380, Fact::DbSize { db: 0, keys: 1, expires: 0 });
    s
}

#[test]
fn topology_tells_the_transfer_in_words() {
    let mut s = transfer();
    s.lab(LabFact::LinkFault { a: 6380, b: 6381, fault: Fault::Delay { us: 200_000 }, on: true });
    s.lab(LabFact::Frozen { port: 6382, on: true });
    insta::assert_snapshot!(s.show("topology", &[]), @r"
    6380     master   up                offset 31  1 key   replid aaaa…
    └─ 6381  replica  receives the RDB  offset 0   0 keys  replid bbbb…
             RDB 25 %: 1 KB of 4 KB
             held back for it: 1 write, 31 B
             every byte is 200 ms late
    6382     master   frozen            offset 0   0 keys  replid cccc…
          it neither reads nor answers, as after SIGSTOP: :thaw 6382 lets it go on
    ");
}

#[test]
fn buffer_names_what_waits() {
    insta::assert_snapshot!(transfer().show("buffer", &[]), @r"
    6380 for 6381  31 B waits; hard limit 256 MB, soft limit 64 MB for 60 s
          waits for the end of the RDB, and for the replica to have loaded it
          1–31  31 B  set name xd
    ");
}

#[test]
fn backlog_says_what_would_be_granted() {
    insta::assert_snapshot!(transfer().show("backlog", &[]), @r"
    6380  master, replid aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
          holds    1 … 31: 31 B of 1 MB, 0 %
          resumes  aaaa… asked from 1 to 32
          6381     would ask PSYNC ? -1: full resync: asked for
          6382     would ask PSYNC cccc… 1: full resync: cccc… is not my history
          syncs    1 full, 0 partial, 0 refused
    ");
}

#[test]
fn keys_mark_differences_within_a_tree() {
    let mut s = transfer();
    let expire_at_ms = Some(-5);
    let (key, value) = (Preview::of(b"old"), Preview::of(b"v"));
    s.fact(6382, Fact::KeyWritten { kind: Default::default(), db: 0, key, value, expire_at_ms });
    s.fact(6382, Fact::DbSize { db: 0, keys: 1, expires: 1 });
    insta::assert_snapshot!(s.show("keys", &[]), @r"
      key     6380 master  6381 replica  6382 master
      in all  1 key        0 keys        1 key
    ≠ name    xd           (none)        (none)
    = old     (none)       (none)        v (expired, still kept)
    1 difference between those that share a history
    ");
}

#[test]
fn wire_has_the_bytes_beside_their_meaning() {
    let mut s = transfer();
    let up = LinkRef { side: Side::Replica, peer: Addr::new("127.0.0.1", 6380) };
    let down = LinkRef { side: Side::Master, peer: replica() };
    let passed = |link: &LinkRef, flow, at, raw: &[u8]| {
        let (link, raw) = (link.clone(), Raw::of(raw));
        Fact::Passed { link, flow, at, part: Passage::Talk, raw }
    };
    let ack = b"*3\r\n$8\r\nREPLCONF\r\n$3\r\nACK\r\n$2\r\n31\r\n";
    s.fact(6381, passed(&up, Flow::Out, 14, ack));
    s.fact(6380, passed(&down, Flow::In, 14, ack));
    s.fact(6380, passed(&down, Flow::Out, 0, b"+CONTINUE\r\n"));
    s.fact(6381, passed(&up, Flow::In, 0, b"+CONTINUE\r\n"));
    insta::assert_snapshot!(s.show("wire", &["6381"]), @r"
    6381 → 6380  bytes 14–48  REPLCONF ACK 31
             14  2a 33 0d 0a 24 38 0d 0a 52 45 50 4c 43 4f 4e 46  *3\r\n$8\r\nREPLCONF
             30  0d 0a 24 33 0d 0a 41 43 4b 0d 0a 24 32 0d 0a 33  \r\n$3\r\nACK\r\n$2\r\n3
             46  31 0d 0a                                         1\r\n
    6380 → 6381  bytes 0–10  +CONTINUE
              0  2b 43 4f 4e 54 49 4e 55 45 0d 0a                 +CONTINUE\r\n
    ");
    assert!(s.show("wire", &["6382"]).starts_with("nothing passed"));
}

#[test]
fn why_answers_the_last_question_and_names_the_others() {
    let mut s = transfer();
    let rule = Rule::ReadOnlyReplica;
    s.fact(6381, Fact::Refused { client: 1, command: Preview::of(b"set"), rule });
    let text = s.show("why", &[]);
    assert!(text.starts_with("Why? set was refused by 6381\n"), "{text}");
    assert!(text.contains("   2  6380 judged the PSYNC of 6381: full resync: asked for"), "{text}");
    assert!(s.show("why", &["2"]).starts_with("Why? PSYNC of 6381, judged by 6380\n"));
    assert!(s.show("why", &["6382"]).contains("nothing was decided about 6382"));
    assert!(pane("why", &["x"], &s.model, &s.seen).is_err());
}

#[test]
fn time_lists_what_waits() {
    let mut s = transfer();
    s.lab(LabFact::BreakSet { on: BreakOn::Kind(StepKind::RdbEnd) });
    s.lab(LabFact::StepMode { on: true, hit: None });
    let link = LinkRef { side: Side::Master, peer: replica() };
    let what = StepWhat::Rdb { from: 1024, of: Some(4096) };
    let step =
        Step { kind: StepKind::RdbPiece, flow: Flow::Out, link: Some(link), bytes: 1024, what };
    s.lab(LabFact::StepWaits { id: 1, port: 6380, step });
    s.lab(LabFact::Slowed { factor: 10 });
    s.lab(LabFact::Bookmark { name: "here".into() });
    insta::assert_snapshot!(s.show("time", &[]), @r"
    step mode is on: every step waits for :step
    slow motion: the links run at 1/10 of their speed
    next  6380 → 6381  RDB piece, 2 KB of 4 KB  (rdb-piece)
    breakpoint rdb-end: the last bytes of the RDB
    bookmark here at 26 ms: :back here
    ");
}

#[test]
fn an_unknown_port_is_said_to_be_one() {
    let s = transfer();
    assert_eq!(
        pane("keys", &["7777"], &s.model, &s.seen).expect_err("unknown"),
        "nobody in this lab is called 7777"
    );
}

#[test]
fn rdb_is_told_record_by_record() {
    let mut s = transfer();
    let link = LinkRef { side: Side::Replica, peer: Addr::new("127.0.0.1", 6380) };
    let mut tell = |at, raw: &[u8], what| {
        let link = link.clone();
        s.fact(6381, Fact::RdbItem { link, at, raw: Raw::of(raw), what });
    };
    tell(0, b"REDIS0010", RdbWhat::Magic { version: 10 });
    tell(9, b"\xfe\x00", RdbWhat::SelectDb { db: 0 });
    let sum = RdbWhat::Checksum { sum: 0x0807060504030201, verdict: RdbSum::Right };
    tell(11, &[1, 2, 3, 4, 5, 6, 7, 8], sum);
    insta::assert_snapshot!(s.show("rdb", &[]), @r"
    6380 ═ RDB ═ 6381
              0  52 45 44 49 53 30 30 31 30                       an RDB file, version 10
              9  fe 00                                            SELECTDB: the keys that follow are in db 0
             11  01 02 03 04 05 06 07 08                          checksum 0807060504030201: right
    ");
}

#[test]
fn keys_of_many_instances_stand_in_lines_that_can_be_read() {
    let mut s = Story::default();
    for port in 6380..6396 {
        s.lab(LabFact::InstanceUp { port, conf: None });
        let (replid, dir) = (ReplId([b'a'; 40]), format!("/data/{port}"));
        s.fact(port, Fact::Booted { port, replid, offset: Offset(0), dir, config_file: None });
        s.fact(port, Fact::Ready { keys: 0 });
    }
    let said = s.show("keys", &[]);
    assert!(said.lines().all(|l| l.chars().count() <= 80), "{said}");
    for port in 6380..6396 {
        assert!(said.contains(&format!("{port} master")), "{port} in\n{said}");
    }
}

#[test]
fn the_end_that_knows_the_reason_is_asked() {
    let mut s = transfer();
    let (bytes, limit) = (70_000, 65_536);
    let cause = LinkLoss::OutputLimit { bytes, limit, soft: None, raised_from: None };
    let link = LinkRef { side: Side::Master, peer: replica() };
    s.fact(6380, Fact::LinkLost { link, cause });
    let link = LinkRef { side: Side::Replica, peer: Addr::new("127.0.0.1", 6380) };
    s.fact(6381, Fact::LinkLost { link, cause: LinkLoss::PeerClosed });
    let text = s.show("why", &[]);
    assert!(text.starts_with("Why? 6380 and its replica"), "{text}");
    assert!(!text.contains("the other side closed it"), "{text}");
}
