use super::{NarrateState, settle, tell};
use crate::observe::*;

/// Tells events one by one, a millisecond apart.
struct Teller {
    state: NarrateState,
    at: Now,
    seq: u64,
    lines: Vec<String>,
}

impl Teller {
    fn new() -> Teller {
        let (state, at) = (NarrateState::default(), Now::default());
        let mut t = Teller { state, at, seq: 0, lines: Vec::new() };
        let ports = vec![6380, 6381, 6382];
        t.lab(LabFact::SessionBegan { version: "0".into(), ports, bare: true, lesson: None });
        t
    }

    fn push(&mut self, source: Source, body: Body) {
        let event = Event { seq: self.seq, at: self.at, source, body };
        self.seq += 1;
        self.at = self.at.plus_us(1000);
        let lines = tell(&event, &mut self.state);
        self.lines.extend(lines.iter().map(|l| l.plain().trim_end().to_owned()));
    }

    fn lab(&mut self, fact: LabFact) {
        self.push(Source::Lab, Body::Lab(fact));
    }

    fn fact(&mut self, port: u16, fact: Fact) {
        self.push(Source::Instance(port), Body::Fact(fact));
    }

    /// A message on the link 6381 → 6380, told by both ends.
    fn both(&mut self, from_replica: bool, announced: u16, message: Message) {
        let replica = LinkRef { side: Side::Replica, peer: Addr::new("127.0.0.1", 6380) };
        let master = LinkRef { side: Side::Master, peer: Addr::new("127.0.0.1", announced) };
        let said = |link, message| Fact::Said { link, message, bytes: 1 };
        let heard = |link, message| Fact::Heard { link, message, bytes: 1 };
        if from_replica {
            self.fact(6381, said(replica, message.clone()));
            self.fact(6380, heard(master, message));
        } else {
            self.fact(6380, said(master, message.clone()));
            self.fact(6381, heard(replica, message));
        }
    }

    fn take(&mut self) -> Vec<String> {
        self.lines.extend(settle(&mut self.state).iter().map(|l| l.plain().trim_end().to_owned()));
        std::mem::take(&mut self.lines)
    }
}

fn replid(c: u8) -> ReplId {
    ReplId([c; 40])
}

fn master() -> Addr {
    Addr::new("127.0.0.1", 6380)
}

fn replica() -> Addr {
    Addr::new("127.0.0.1", 6381)
}

fn decision(asked: u8, verdict: PsyncVerdict) -> Fact {
    let decision = Decision {
        asked_id: replid(asked).to_string(),
        asked_offset: Offset(1413),
        replid: replid(b'a'),
        replid2: replid(b'c'),
        second_offset: Offset(1413),
        backlog: Some((Offset(1), 1412)),
        master_offset: Offset(1412),
        verdict,
    };
    Fact::PsyncDecision { replica: replica(), decision: Box::new(decision) }
}

fn set(from: i64) -> Fact {
    let wire = ["SET", "name", "xd"].map(|w| Preview::of(w.as_bytes())).to_vec();
    Fact::Propagated { db: 0, wire, from: Offset(from), to: Offset(from + 30) }
}

#[test]
fn narrate_tells_each_message_once() {
    let mut t = Teller::new();
    let moved = |from, to| Fact::LinkState { master: master(), from, to };
    t.fact(6381, moved(LinkState::Connect, LinkState::Connecting));
    t.fact(6381, moved(LinkState::Connecting, LinkState::ReceivePingReply));
    t.both(true, 0, Message::Ping);
    t.both(false, 0, Message::Pong("PONG".into()));
    t.both(true, 6381, Message::ListeningPort(6381));
    t.both(true, 6381, Message::Capa(vec!["eof".into(), "psync2".into()]));
    t.both(false, 6381, Message::Ok);
    t.both(false, 6381, Message::Ok);
    t.both(true, 6381, Message::Psync { replid: "?".into(), offset: Offset(-1), failover: false });
    insta::assert_snapshot!(t.take().join("\n"), @r"
      +0.000  6381 → 6380  connects
      +0.002  6381 → 6380  PING                                      state connecting → handshake
      +0.005  6380 → 6381  +PONG
      +0.006  6381 → 6380  REPLCONF listening-port 6381
      +0.008  6381 → 6380  REPLCONF capa eof capa psync2
      +0.014  6380 → 6381  +OK +OK
      +0.014  6381 → 6380  PSYNC ? -1                                has no history: asks for everything
    ");
}

#[test]
fn narrate_tells_a_full_sync_with_held_writes() {
    let mut t = Teller::new();
    t.fact(
        6381,
        Fact::LinkState { master: master(), from: LinkState::Connect, to: LinkState::Connecting },
    );
    t.fact(6380, decision(b'd', PsyncVerdict::Full(FullReason::UnknownId)));
    let reason = WaitReason::DisklessDelay { secs: 5 };
    t.fact(6380, Fact::FullSyncWaits { replica: replica(), reason });
    t.at = t.at.plus_us(5_000_000);
    let target = SaveTarget::Sockets;
    t.fact(6380, Fact::SnapshotBegan { target, offset: Offset(1240), keys: 10_000 });
    t.both(false, 6381, Message::FullResync { replid: replid(b'8'), offset: Offset(1240) });
    t.both(false, 6381, Message::RdbBegin(RdbFraming::Eof));
    t.fact(
        6380,
        Fact::ReplicaState {
            replica: replica(),
            from: Some(ReplicaState::WaitBgsaveStart),
            to: ReplicaState::WaitBgsaveEnd,
        },
    );
    t.fact(6380, set(1241));
    let (from, to) = (Offset(1241), Offset(1271));
    t.fact(6380, Fact::Held { replica: replica(), from, to, held_bytes: 31 });
    t.both(false, 6381, Message::RdbEnd { bytes: 3_250_585 });
    t.fact(
        6380,
        Fact::ReplicaState {
            replica: replica(),
            from: Some(ReplicaState::WaitBgsaveEnd),
            to: ReplicaState::Online,
        },
    );
    insta::assert_snapshot!(t.take().join("\n"), @r"
      +0.000  6381 → 6380  connects
      +0.001  6380         full sync: dddd… is not my replid aaaa…, nor my replid2 cccc…
      +0.002  6380         sync of 6381 waits up to 5 s              repl-diskless-sync-delay
      +5.003  6380         snapshot: 10,000 keys at offset 1,240     straight to sockets
      +5.005  6380 → 6381  +FULLRESYNC 8888… 1,240                   after 5 s: repl-diskless-sync-delay
      +5.007  6380 → 6381  RDB begins: $EOF:…                        streamed as it is made
      +5.010  6380         + SET name xd                             offset 1,241–1,271, held for 6381: 31 B
      +5.012  6380 → 6381  RDB 3.1 MB, 10,000 keys                   in 5 ms
      +5.013  6380 → 6381  1 write held back meanwhile, 31 B         SET name xd
      +5.013  6381         online at 1,271                           6380 streams to it now
    ");
}

/// Instances write to the journal each at its own time: the judgement may come first.
#[test]
fn narrate_tells_the_question_before_the_judgement() {
    let mut t = Teller::new();
    t.fact(
        6381,
        Fact::LinkState { master: master(), from: LinkState::Connect, to: LinkState::Connecting },
    );
    t.fact(6380, decision(b'd', PsyncVerdict::Full(FullReason::UnknownId)));
    t.fact(6380, Fact::BacklogMoved { first: Offset(1), histlen: 0, size: 1 << 20 });
    t.both(
        true,
        6381,
        Message::Psync { replid: "d".repeat(40), offset: Offset(1), failover: false },
    );
    let lines = t.take();
    let order = ["connects", "PSYNC dddd… 1", "full sync: dddd…", "keeps a backlog of 1 MB"];
    assert_eq!(lines.len(), order.len(), "{lines:?}");
    assert!(lines.iter().zip(order).all(|(line, what)| line.contains(what)), "{lines:?}");
    // Without the question the judgement is not kept back for ever.
    t.fact(
        6381,
        Fact::LinkState { master: master(), from: LinkState::Connect, to: LinkState::Connecting },
    );
    t.fact(6380, decision(b'd', PsyncVerdict::Full(FullReason::UnknownId)));
    t.at = t.at.plus_us(1_000_000);
    t.fact(6380, set(1));
    let lines = t.take();
    assert!(lines[1].contains("full sync") && lines[2].contains("SET name xd"), "{lines:?}");
}

#[test]
fn narrate_gives_the_numbers_of_a_decision() {
    let mut t = Teller::new();
    t.fact(6380, decision(b'c', PsyncVerdict::Continue { bytes: 0 }));
    t.fact(6380, decision(b'c', PsyncVerdict::Full(FullReason::BeforeBacklog)));
    t.fact(6380, decision(b'c', PsyncVerdict::Full(FullReason::AheadOfMaster)));
    insta::assert_snapshot!(t.take().join("\n"), @r"
    6380         partial resync: cccc… is my replid2, and 1,413 ≤ 1,413
                 1,413 can be served, the backlog holds 1 … 1,412: 0 B follow
    6380         full sync: 1,413 is gone already, the backlog holds 1 … 1,412
    6380         full sync: 1,413 lies ahead of all that I wrote (up to 1,412)
    ");
}

#[test]
fn narrate_sums_up_a_burst_and_folds_what_is_periodic() {
    let mut t = Teller::new();
    t.both(true, 6381, Message::Ack { offset: Offset(1) });
    t.both(false, 6381, Message::StreamPing);
    assert_eq!(t.take(), Vec::<String>::new());
    for i in 0..100 {
        t.fact(6380, set(1 + i * 31));
    }
    let lines = t.take();
    assert_eq!(lines.len(), 6, "{lines:?}");
    assert!(lines[5].contains("… and 95 more, 2.9 KB"), "{lines:?}");
    assert!(lines[5].contains("up to offset 3,100"), "{lines:?}");
    assert_eq!(t.take(), Vec::<String>::new());
}

#[test]
fn narrate_tells_a_failing_retry_once() {
    let mut t = Teller::new();
    let link = || LinkRef { side: Side::Replica, peer: master() };
    t.fact(6381, Fact::LinkLost { link: link(), cause: LinkLoss::PeerClosed });
    for _ in 0..5 {
        let (from, to) = (LinkState::Connect, LinkState::Connecting);
        t.fact(6381, Fact::LinkState { master: master(), from, to });
        let cause = LinkLoss::ConnectFailed("Connection refused".into());
        t.fact(6381, Fact::LinkLost { link: link(), cause });
    }
    let lines = t.take();
    assert_eq!(lines.len(), 3, "{lines:?}");
    assert!(lines[2].contains("cannot connect: Connection refused"), "{lines:?}");
}

#[test]
fn narrate_tells_outsiders_from_the_masters_end() {
    let mut t = Teller::new();
    let link = |port| LinkRef { side: Side::Master, peer: Addr::new("127.0.0.1", port) };
    t.fact(6380, Fact::Heard { link: link(0), message: Message::Ping, bytes: 14 });
    assert_eq!(t.take(), Vec::<String>::new());
    let message = Message::ListeningPort(7000);
    t.fact(6380, Fact::Heard { link: link(7000), message, bytes: 14 });
    let lines = t.take();
    assert!(lines[0].contains("7000 → 6380  PING"), "{lines:?}");
    assert!(lines[1].contains("7000 → 6380  REPLCONF listening-port 7000"), "{lines:?}");
}

#[test]
fn narrate_tells_promotion_and_death() {
    let mut t = Teller::new();
    t.fact(
        6381,
        Fact::RoleChanged {
            role: Role::Replica,
            master: Some(master()),
            cause: RoleCause::UserRequest,
        },
    );
    t.lab(LabFact::InstanceDown { port: 6380, how: ExitHow::Shutdown { code: 0 } });
    t.fact(
        6381,
        Fact::RoleChanged { role: Role::Master, master: None, cause: RoleCause::UserRequest },
    );
    t.fact(
        6381,
        Fact::IdsChanged {
            replid: replid(b'c'),
            replid2: replid(b'8'),
            second_offset: Offset(1413),
            offset: Offset(1412),
            cause: IdCause::Promoted,
        },
    );
    insta::assert_snapshot!(t.take().join("\n"), @r"
    6381         is now a replica of 6380
    6380         is down: shut down, exit code 0
    6381         is now a master                           was a replica of 6380
    6381         new replid cccc…, offset 1,412            8888… lives on as replid2, up to 1,413
    ");
}

fn held(id: u64, kind: StepKind, what: StepWhat) -> LabFact {
    let link = LinkRef { side: Side::Replica, peer: master() };
    let flow = if what == StepWhat::Nothing { Flow::Here } else { Flow::Out };
    LabFact::StepWaits {
        id,
        port: 6381,
        step: Step { kind, flow, link: Some(link), bytes: 14, what },
    }
}

#[test]
fn narrate_tells_steps_and_breakpoints() {
    let mut t = Teller::new();
    t.lab(LabFact::StepMode { on: true, hit: Some(BreakOn::Kind(StepKind::Psync)) });
    let psync = Message::Psync { replid: "?".into(), offset: Offset(-1), failover: false };
    t.lab(held(1, StepKind::Psync, StepWhat::Message(psync)));
    t.lab(held(2, StepKind::Load, StepWhat::Nothing));
    t.lab(LabFact::LinkTimeHeld { on: true });
    t.lab(LabFact::PeerWaits {
        port: 6380,
        peer: Addr::new("127.0.0.1", 7000),
        bears_ms: Some(60_000),
    });
    t.lab(LabFact::StepTaken { id: 1 });
    t.lab(LabFact::StepGone { id: 2 });
    t.lab(LabFact::PeerWaits { port: 6380, peer: Addr::new("127.0.0.1", 7000), bears_ms: None });
    t.lab(LabFact::StepMode { on: false, hit: None });
    insta::assert_snapshot!(t.take().join("\n"), @r"
          lab          breakpoint psync: held before it happens  :step or :run
    held  6381 → 6380  PSYNC ? -1                                next: :step
    held  6381         loads what 6380 sent
          lab          link time stands still: no replication time-out runs
          7000         hears nothing from 6380 while time is held  its own repl-timeout, usually 60 s, runs: 60 s left
    went  6381 → 6380  PSYNC ? -1
    gone  6381         loads what 6380 sent                      its link is gone, it will never happen
          7000         hears from 6380 again
          lab          step mode is off
    ");
}

#[test]
fn narrate_leaves_to_a_verb_what_its_answer_tells() {
    let mut t = Teller::new();
    let typed = |line: &str| ConsoleFact::Typed { id: 1, prompt: String::new(), line: line.into() };
    t.push(Source::Console, Body::Console(typed(":step on")));
    t.lab(LabFact::StepMode { on: true, hit: None });
    t.lab(held(1, StepKind::Load, StepWhat::Nothing));
    t.lab(LabFact::StepTaken { id: 1 });
    t.lab(held(2, StepKind::Online, StepWhat::Nothing));
    let done = ConsoleFact::Done { id: 1, failed: false, prompt: String::new() };
    t.push(Source::Console, Body::Console(done));
    t.lab(LabFact::Slowed { factor: 10 });
    let lines = t.take();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines[0].contains("held") && lines[1].contains("slow motion"), "{lines:?}");
}

#[test]
fn narrate_tells_faults_refusals_and_failovers() {
    let mut t = Teller::new();
    t.lab(LabFact::LinkFault { a: 6380, b: 6381, fault: Fault::Cut, on: true });
    t.lab(LabFact::LinkFault { a: 6380, b: 6381, fault: Fault::Cut, on: false });
    t.lab(LabFact::LinkFault { a: 6380, b: 6381, fault: Fault::Delay { us: 200_000 }, on: true });
    t.lab(LabFact::LinkDropped { a: 6380, b: 6381 });
    t.lab(LabFact::Frozen { port: 6381, on: true });
    t.lab(LabFact::PortAdded { port: 6383 });
    let rule = Rule::NoReplicas { good: 0, wanted: 1, max_lag_s: 10 };
    t.fact(6380, Fact::Refused { client: 1, command: Preview::of(b"set"), rule });
    t.fact(6380, Fact::Paused { by: PausedBy::Failover, writes_only: true, for_ms: Some(5_000) });
    let (target, offset) = (replica(), Offset(1412));
    let asked = Failover::Asked {
        target: Some(target.clone()),
        offset,
        timeout_ms: Some(5_000),
        force: false,
    };
    t.fact(6380, Fact::Failover(asked));
    let acked = Some(offset);
    t.fact(6380, Fact::Failover(Failover::HandsOver { target, offset, acked, forced: false }));
    insta::assert_snapshot!(t.take().join("\n"), @r"
    6380 ⇄ 6381  cut: connections are ended, new ones refused
    6380 ⇄ 6381  no longer cut
    6380 ⇄ 6381  every byte is 200 ms late
    6380 ⇄ 6381  the connection is dropped, a new one may come at once
    6381         is frozen, as by SIGSTOP
    6383         belongs to the lab now
    6380         refused set: 0 good replicas, and min-replicas-to-write asks for 1  :show why 6380
    6380         writes wait for 5 s at most               FAILOVER
    6380         FAILOVER: waits until 6381 has 1,412      5 s, then gives up
    6380         hands its role to 6381                    it has all up to 1,412
    ");
}

#[test]
fn a_command_that_a_replica_cannot_apply_is_told() {
    let mut t = Teller::new();
    let log = |text: &str| Fact::Log { level: LogLevel::Warning, role: 'S', text: text.into() };
    t.fact(6381, log("Latest backlog is: '...'"));
    t.fact(
        6381,
        log("== CRITICAL == This replica is sending an error to its master: 'unknown command \
             'lpush', with args beginning with: 'l' '1' ' after processing the command '<unknown>'"),
    );
    let told: Vec<&String> = t.lines.iter().filter(|l| l.contains("lpush")).collect();
    assert_eq!(told.len(), 1, "{:?}", t.lines);
    assert!(told[0].contains("6381         could not apply lpush"), "{told:?}");
    t.fact(
        6381,
        log("== CRITICAL == This replica is sending an error to its master: 'value is not an \
             integer or out of range' after processing the command 'incr'"),
    );
    assert!(t.lines.iter().any(|l| l.contains("could not apply incr")), "{:?}", t.lines);
    assert!(!t.lines.iter().any(|l| l.contains("Latest backlog")), "{:?}", t.lines);
}
