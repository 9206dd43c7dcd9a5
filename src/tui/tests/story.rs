//! The walk-through as events, told by hand with fixed times: both ends of every message, in the
//! order in which two threads may report them.

use crate::lab::model::Model;
use crate::observe::*;
use crate::tui::app::{App, Mode};

/// A session that grows event by event.
pub struct Story {
    pub app: App,
    seq: u64,
    now: Now,
    line: u64,
}

pub const ID0: ReplId = ReplId(*b"8f3a11d2c4b5a6978877665544332211ffeeddcc");
pub const ID1: ReplId = ReplId(*b"5c1e99d2c4b5a6978877665544332211ffeeddcc");
const ID2: ReplId = ReplId(*b"77aa99d2c4b5a6978877665544332211ffeeddcc");
const NEW: ReplId = ReplId(*b"c07d55d2c4b5a6978877665544332211ffeeddcc");

fn addr(port: u16) -> Addr {
    Addr::new("127.0.0.1", port)
}

fn of_master(port: u16) -> LinkRef {
    LinkRef { side: Side::Replica, peer: addr(port) }
}

fn of_replica(port: u16) -> LinkRef {
    LinkRef { side: Side::Master, peer: addr(port) }
}

fn words(wire: &[&str]) -> Vec<Preview> {
    wire.iter().map(|w| Preview::of(w.as_bytes())).collect()
}

impl Story {
    /// The free lab: three masters up.
    pub fn free() -> Story {
        let mut s = Story::bare(None);
        for (port, id) in [(6380, ID0), (6381, ID1), (6382, ID2)] {
            s.up(port, id);
        }
        s.app.begun(&Mode::Free, "127.0.0.1:6380> ".into());
        s.later(2_000_000);
        s
    }

    /// A session with nothing in it.
    pub fn bare(lesson: Option<&str>) -> Story {
        let now = Now { wall_us: 1_795_348_800_000_000, mono_us: 10_000_000, link_us: 10_000_000 };
        let mut s = Story { app: super::app(), seq: 0, now, line: 0 };
        s.lab(LabFact::SessionBegan {
            version: "0.1.0".into(),
            ports: vec![6380, 6381, 6382],
            bare: lesson.is_some(),
            lesson: lesson.map(str::to_owned),
        });
        if let Some(id) = lesson {
            s.app.begun(&Mode::Lesson(id.into()), "[synclab /data]# ".into());
        }
        s
    }

    pub fn up(&mut self, port: u16, replid: ReplId) {
        let conf = Some(format!("/data/{port}/redis.conf"));
        self.lab(LabFact::InstanceUp { port, conf: conf.clone() });
        let dir = format!("/data/{port}");
        self.fact(port, Fact::Booted { port, replid, offset: Offset(0), dir, config_file: conf });
        self.log(port, 'M', "Ready to accept connections");
        self.fact(port, Fact::Ready { keys: 0 });
    }

    // ── one event ──────────────────────────────────────────────────────────────────────────────

    fn event(&mut self, source: Source, body: Body) {
        let event = Event { seq: self.seq, at: self.now, source, body };
        self.seq += 1;
        self.app.event(&event);
    }

    pub fn fact(&mut self, port: u16, fact: Fact) {
        self.event(Source::Instance(port), Body::Fact(fact));
    }

    pub fn lab(&mut self, fact: LabFact) {
        self.event(Source::Lab, Body::Lab(fact));
    }

    pub fn log(&mut self, port: u16, role: char, text: &str) {
        self.fact(port, Fact::Log { level: LogLevel::Notice, role, text: text.into() });
    }

    /// A typed line with its answer.
    pub fn typed(&mut self, prompt: &str, line: &str, answer: Answer) {
        self.line += 1;
        let (id, prompt) = (self.line, prompt.to_owned());
        let typed = ConsoleFact::Typed { id, prompt: prompt.clone(), line: line.into() };
        self.event(Source::Console, Body::Console(typed));
        self.event(Source::Console, Body::Console(ConsoleFact::Answered { id, answer }));
        let done = ConsoleFact::Done { id, failed: false, prompt: prompt.clone() };
        self.event(Source::Console, Body::Console(done));
        self.app.prompt = prompt;
    }

    pub fn later(&mut self, us: u64) {
        self.now = self.now.plus_us(us);
        self.app.now = self.now;
    }

    /// Time goes on, but not on the links.
    pub fn hold(&mut self, us: u64) {
        let link_us = self.now.link_us;
        self.later(us);
        self.now.link_us = link_us;
        self.app.now = self.now;
    }

    pub fn model(&self) -> &Model {
        &self.app.world.model
    }

    /// A message, told by both of its ends; the sender is `from`.
    fn both(&mut self, replica: u16, master: u16, to_master: bool, message: Message, bytes: u64) {
        let (from, to) = if to_master { (replica, master) } else { (master, replica) };
        let link =
            |port: u16| if port == replica { of_master(master) } else { of_replica(replica) };
        let (said, heard) = (message.clone(), message);
        self.fact(from, Fact::Said { link: link(from), message: said, bytes });
        self.later(100);
        self.fact(to, Fact::Heard { link: link(to), message: heard, bytes });
    }

    fn state(&mut self, replica: u16, master: u16, from: LinkState, to: LinkState) {
        self.fact(replica, Fact::LinkState { master: addr(master), from, to });
    }

    // ── the phases ─────────────────────────────────────────────────────────────────────────────

    /// SLAVEOF was typed; everything up to the judged PSYNC.
    pub fn handshake(&mut self, replica: u16, master: u16, own: ReplId) {
        use LinkState as L;
        let prompt = format!("127.0.0.1:{replica}> ");
        let line = format!("SLAVEOF 127.0.0.1 {master}");
        self.typed(&prompt, &line, Answer::text(Label::Reply, "OK"));
        self.fact(
            replica,
            Fact::RoleChanged {
                role: Role::Replica,
                master: Some(addr(master)),
                cause: RoleCause::UserRequest,
            },
        );
        self.log(replica, 'S', &format!("Connecting to MASTER 127.0.0.1:{master}"));
        self.state(replica, master, L::None, L::Connect);
        self.state(replica, master, L::Connect, L::Connecting);
        self.later(300);
        self.state(replica, master, L::Connecting, L::ReceivePingReply);
        // The master cannot name the replica before its port was announced.
        let unnamed = LinkRef { side: Side::Master, peer: addr(0) };
        let ping = Fact::Said { link: of_master(master), message: Message::Ping, bytes: 14 };
        self.fact(replica, ping);
        self.later(100);
        let heard = Fact::Heard { link: unnamed.clone(), message: Message::Ping, bytes: 14 };
        self.fact(master, heard);
        let pong = Message::Pong("+PONG".into());
        self.fact(master, Fact::Said { link: unnamed, message: pong.clone(), bytes: 7 });
        self.later(100);
        self.fact(replica, Fact::Heard { link: of_master(master), message: pong, bytes: 7 });
        self.state(replica, master, L::ReceivePingReply, L::SendHandshake);
        self.both(replica, master, true, Message::ListeningPort(replica), 52);
        let capa = Message::Capa(vec!["eof".into(), "psync2".into()]);
        self.both(replica, master, true, capa, 60);
        self.state(replica, master, L::SendHandshake, L::ReceivePortReply);
        self.both(replica, master, false, Message::Ok, 5);
        self.state(replica, master, L::ReceivePortReply, L::ReceiveCapaReply);
        self.both(replica, master, false, Message::Ok, 5);
        self.state(replica, master, L::ReceiveCapaReply, L::SendPsync);
        self.state(replica, master, L::SendPsync, L::ReceivePsyncReply);
        let psync = Message::Psync { replid: own.to_string(), offset: Offset(1), failover: false };
        self.both(replica, master, true, psync, 67);
        self.decide(replica, master, own, PsyncVerdict::Full(FullReason::UnknownId));
        let to = ReplicaState::WaitBgsaveStart;
        self.fact(master, Fact::ReplicaState { replica: addr(replica), from: None, to });
    }

    fn decide(&mut self, replica: u16, master: u16, own: ReplId, verdict: PsyncVerdict) {
        let m = self.model().instance(master).expect("the master is up").clone();
        let backlog = m.backlog.is_active().then_some((m.backlog.first, m.backlog.histlen));
        self.fact(
            master,
            Fact::PsyncDecision {
                replica: addr(replica),
                decision: Box::new(Decision {
                    asked_id: own.to_string(),
                    asked_offset: Offset(1),
                    replid: m.ids.replid,
                    replid2: m.ids.replid2,
                    second_offset: m.ids.second_offset,
                    backlog,
                    master_offset: m.offset,
                    verdict,
                }),
            },
        );
    }

    /// The master holds the snapshot back for others to join.
    pub fn delay(&mut self, replica: u16, master: u16) {
        if !self.model().instance(master).expect("up").backlog.is_active() {
            let ids = Fact::IdsChanged {
                replid: ID0,
                replid2: ReplId::ZERO,
                second_offset: Offset(-1),
                offset: Offset(0),
                cause: IdCause::BacklogCreated,
            };
            self.fact(master, ids);
            let size = 1 << 20;
            self.fact(master, Fact::BacklogMoved { first: Offset(1), histlen: 0, size });
        }
        let reason = WaitReason::DisklessDelay { secs: 5 };
        self.fact(master, Fact::FullSyncWaits { replica: addr(replica), reason });
        self.log(master, 'M', "Delay next BGSAVE for diskless SYNC");
    }

    /// The snapshot travels; a part of it is there.
    pub fn transfer(&mut self, replica: u16, master: u16, keys: u64) {
        let at = self.model().instance(master).expect("up").offset;
        let target = SaveTarget::Sockets;
        self.fact(master, Fact::SnapshotBegan { target, offset: at, keys });
        let (from, to) = (Some(ReplicaState::WaitBgsaveStart), ReplicaState::WaitBgsaveEnd);
        self.fact(master, Fact::ReplicaState { replica: addr(replica), from, to });
        let full = Message::FullResync { replid: ID0, offset: at };
        self.both(replica, master, false, full, 56);
        self.state(replica, master, LinkState::ReceivePsyncReply, LinkState::Transfer);
        self.both(replica, master, false, Message::RdbBegin(RdbFraming::Eof), 47);
        self.part(replica, master, keys / 3, keys, keys * 100);
    }

    pub fn part(&mut self, replica: u16, master: u16, done: u64, keys: u64, bytes: u64) {
        self.fact(master, Fact::SnapshotProgress { keys_done: done, keys_total: keys, bytes });
        let framing = RdbFraming::Eof;
        self.fact(master, Fact::RdbSent { replica: addr(replica), sent: bytes, framing });
        let got = bytes - bytes / 10;
        self.fact(replica, Fact::RdbReceived { master: addr(master), got, framing });
    }

    /// A client writes at the master; `held` for replicas whose transfer is not over.
    pub fn write(&mut self, master: u16, wire: &[&str], held: &[u16], live: &[u16]) {
        let prompt = format!("127.0.0.1:{master}> ");
        let at = self.model().instance(master).expect("up").offset;
        let bytes: usize = wire.iter().map(|w| w.len() + 5 + w.len().to_string().len()).sum();
        let bytes = bytes as i64 + 4;
        let (from, to) = (at + 1, at + bytes);
        self.typed(&prompt, &wire.join(" "), Answer::text(Label::Reply, "OK"));
        let key = Preview::of(wire[1].as_bytes());
        let value = Preview::of(wire[2].as_bytes());
        let written = |key: &Preview, value: &Preview| Fact::KeyWritten {
            kind: Default::default(),
            db: 0,
            key: key.clone(),
            value: value.clone(),
            expire_at_ms: None,
        };
        let keys = self.model().instance(master).expect("up").keys_total() + 1;
        self.fact(master, written(&key, &value));
        self.fact(master, Fact::DbSize { db: 0, keys, expires: 0 });
        self.fact(master, Fact::Propagated { db: 0, wire: words(wire), from, to });
        let histlen = to.0 as u64;
        self.fact(master, Fact::BacklogMoved { first: Offset(1), histlen, size: 1 << 20 });
        for replica in held {
            let held_bytes = bytes as u64;
            self.fact(master, Fact::Held { replica: addr(*replica), from, to, held_bytes });
        }
        for replica in live {
            self.fact(master, Fact::StreamSent { replica: addr(*replica), upto: to, left: 0 });
            self.later(200);
            self.fact(*replica, Fact::Applied { db: 0, wire: words(wire), from, to });
            self.fact(*replica, written(&key, &value));
            let keys = self.model().instance(*replica).expect("up").keys_total() + 1;
            self.fact(*replica, Fact::DbSize { db: 0, keys, expires: 0 });
        }
    }

    /// The RDB arrived and is loaded; the first ACK opens the stream.
    pub fn loaded(&mut self, replica: u16, master: u16, keys: &[(&str, &str)], bytes: u64) {
        let at = Offset(0);
        let target = SaveTarget::Sockets;
        let n = keys.len() as u64;
        let took_us = 210_000;
        self.fact(master, Fact::SnapshotEnded { target, ok: true, keys: n, bytes, took_us });
        self.both(replica, master, false, Message::RdbEnd { bytes }, 40);
        self.fact(replica, Fact::LoadBegan { from_link: true, total: Some(bytes) });
        for (key, value) in keys {
            let (key, value) = (Preview::of(key.as_bytes()), Preview::of(value.as_bytes()));
            let bytes = 20;
            let passed = Fact::RdbKey {
                kind: Default::default(),
                db: 0,
                key,
                value,
                bytes,
                expire_at_ms: None,
            };
            self.fact(replica, passed);
        }
        self.later(2_000);
        let ended = Fact::LoadEnded { ok: true, keys: n, expired: 0, bytes, took_us: 2_000 };
        self.fact(replica, ended);
        self.fact(replica, Fact::DbSize { db: 0, keys: n, expires: 0 });
        let ids = Fact::IdsChanged {
            replid: ID0,
            replid2: ReplId::ZERO,
            second_offset: Offset(-1),
            offset: at,
            cause: IdCause::FullSync,
        };
        self.fact(replica, ids);
        self.state(replica, master, LinkState::Transfer, LinkState::Connected);
        self.ack(replica, master, at);
        let (from, to) = (Some(ReplicaState::WaitBgsaveEnd), ReplicaState::Online);
        self.fact(master, Fact::ReplicaState { replica: addr(replica), from, to });
    }

    pub fn ack(&mut self, replica: u16, master: u16, offset: Offset) {
        self.both(replica, master, true, Message::Ack { offset }, 37);
        self.fact(master, Fact::Acked { replica: addr(replica), offset });
    }

    /// What was held back leaves and is executed.
    pub fn drained(&mut self, replica: u16, master: u16, wire: &[&str]) {
        let to = self.model().instance(master).expect("up").offset;
        self.fact(master, Fact::StreamSent { replica: addr(replica), upto: to, left: 0 });
        self.later(300);
        let fact = Fact::Applied { db: 0, wire: words(wire), from: Offset(1), to };
        self.fact(replica, fact);
        let (key, value) = (Preview::of(wire[1].as_bytes()), Preview::of(wire[2].as_bytes()));
        self.fact(
            replica,
            Fact::KeyWritten { kind: Default::default(), db: 0, key, value, expire_at_ms: None },
        );
        let keys = self.model().instance(replica).expect("up").keys_total() + 1;
        self.fact(replica, Fact::DbSize { db: 0, keys, expires: 0 });
    }

    /// SHUTDOWN at the master; its replicas lose their links and try again.
    pub fn master_down(&mut self, master: u16, replicas: &[u16]) {
        self.typed(&format!("127.0.0.1:{master}> "), "shutdown", Answer::default());
        self.fact(master, Fact::ShuttingDown { waits_for_replicas: false });
        for replica in replicas {
            let (link, cause) = (of_replica(*replica), LinkLoss::ClosedHere);
            self.fact(master, Fact::LinkLost { link, cause });
        }
        let how = ExitHow::Shutdown { code: 0 };
        self.lab(LabFact::InstanceDown { port: master, how });
        self.later(400);
        for replica in replicas {
            let (link, cause) = (of_master(master), LinkLoss::PeerClosed);
            self.fact(*replica, Fact::LinkLost { link, cause });
            self.state(*replica, master, LinkState::Connected, LinkState::Connect);
            for _ in 0..3 {
                self.state(*replica, master, LinkState::Connect, LinkState::Connecting);
                let cause = LinkLoss::ConnectFailed("Connection refused".into());
                self.fact(*replica, Fact::LinkLost { link: of_master(master), cause });
                self.state(*replica, master, LinkState::Connecting, LinkState::Connect);
            }
        }
    }

    /// SLAVEOF NO ONE at a replica.
    pub fn promote(&mut self, port: u16) {
        let prompt = format!("127.0.0.1:{port}> ");
        self.typed(&prompt, "SLAVEOF no one", Answer::text(Label::Reply, "OK"));
        let offset = self.model().instance(port).expect("up").offset;
        let (second_offset, cause) = (offset + 1, IdCause::Promoted);
        self.fact(
            port,
            Fact::IdsChanged { replid: NEW, replid2: ID0, second_offset, offset, cause },
        );
        let cause = RoleCause::UserRequest;
        self.fact(port, Fact::RoleChanged { role: Role::Master, master: None, cause });
    }

    /// A partial resync of another replica with the promoted one.
    pub fn resume(&mut self, replica: u16, master: u16) {
        use LinkState as L;
        let line = format!("SLAVEOF 127.0.0.1 {master}");
        let prompt = format!("127.0.0.1:{replica}> ");
        self.typed(&prompt, &line, Answer::text(Label::Reply, "OK"));
        let cause = RoleCause::UserRequest;
        let to = Some(addr(master));
        self.fact(replica, Fact::RoleChanged { role: Role::Replica, master: to, cause });
        self.state(replica, master, L::Connect, L::Connecting);
        self.state(replica, master, L::Connecting, L::ReceivePsyncReply);
        let offset = self.model().instance(replica).expect("up").offset + 1;
        let psync = Message::Psync { replid: ID0.to_string(), offset, failover: false };
        self.both(replica, master, true, psync, 70);
        let m = self.model().instance(master).expect("up").clone();
        self.fact(
            master,
            Fact::PsyncDecision {
                replica: addr(replica),
                decision: Box::new(Decision {
                    asked_id: ID0.to_string(),
                    asked_offset: offset,
                    replid: m.ids.replid,
                    replid2: m.ids.replid2,
                    second_offset: m.ids.second_offset,
                    backlog: Some((Offset(1), u64::try_from(m.offset.0).unwrap_or(0))),
                    master_offset: m.offset,
                    verdict: PsyncVerdict::Continue { bytes: 0 },
                }),
            },
        );
        self.both(replica, master, false, Message::Continue { replid: Some(NEW) }, 52);
        let (second_offset, cause) = (offset, IdCause::Continued);
        let (replid, replid2, offset) = (NEW, ID0, offset + -1);
        self.fact(replica, Fact::IdsChanged { replid, replid2, second_offset, offset, cause });
        self.state(replica, master, L::ReceivePsyncReply, L::Connected);
        let to = ReplicaState::Online;
        self.fact(master, Fact::ReplicaState { replica: addr(replica), from: None, to });
        self.ack(replica, master, offset);
    }

    /// Everything that still waits to be played is shown.
    pub fn settle(&mut self) {
        self.later(4_000_000);
    }

    // ── whole stretches ────────────────────────────────────────────────────────────────────────

    /// 6381 waits for its snapshot.
    pub fn waiting() -> Story {
        let mut s = Story::free();
        s.handshake(6381, 6380, ID1);
        s.delay(6381, 6380);
        s.later(3_200_000);
        s
    }

    /// The transfer is held by a throttle, and a SET was typed into it.
    pub fn held() -> Story {
        let mut s = Story::free();
        let fill = Answer::text(Label::Lab, "10,000 keys written at 6380");
        s.typed("127.0.0.1:6380> ", ":fill 10000", fill);
        s.fact(6380, Fact::DbSize { db: 0, keys: 10_000, expires: 0 });
        let throttle = LabFact::LinkThrottled { a: 6380, b: 6381, bytes_per_second: Some(65_536) };
        s.lab(throttle);
        s.handshake(6381, 6380, ID1);
        s.delay(6381, 6380);
        s.later(5_000_000);
        s.transfer(6381, 6380, 10_000);
        s.later(6_000_000);
        s.part(6381, 6380, 6_100, 10_000, 1_990_000);
        s.write(6380, &["SET", "name", "xd"], &[6381], &[]);
        s.later(2_000_000);
        s
    }

    /// The RDB is loaded and the held write replayed.
    pub fn replayed() -> Story {
        let mut s = Story::held();
        s.loaded(6381, 6380, &[("key:1", "a"), ("key:2", "b"), ("key:3", "c")], 3_250_000);
        s.drained(6381, 6380, &["SET", "name", "xd"]);
        s.later(1_000_000);
        s
    }

    /// Both replicas are online.
    pub fn online() -> Story {
        let mut s = Story::free();
        let (key, value) = (Preview::of(b"colour"), Preview::of(b"red"));
        s.fact(
            6380,
            Fact::KeyWritten { kind: Default::default(), db: 0, key, value, expire_at_ms: None },
        );
        s.fact(6380, Fact::DbSize { db: 0, keys: 1, expires: 0 });
        for (port, id) in [(6381, ID1), (6382, ID2)] {
            s.handshake(port, 6380, id);
            s.delay(port, 6380);
            s.later(5_000_000);
            s.transfer(port, 6380, 1);
            s.loaded(port, 6380, &[("colour", "red")], 187);
            s.later(1_000_000);
        }
        s.write(6380, &["SET", "name", "xd"], &[], &[6381, 6382]);
        let end = s.model().instance(6380).expect("up").offset;
        for _ in 0..4 {
            s.later(1_000_000);
            s.ack(6381, 6380, end);
            s.ack(6382, 6380, end);
        }
        s
    }
}
