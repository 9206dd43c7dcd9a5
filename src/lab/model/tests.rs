use super::*;
use crate::observe::{
    Addr, Body, ExitHow, Fact, FullReason, IdCause, LabFact, LinkLoss, LinkRef, LinkState, Message,
    Offset, Preview, PsyncVerdict, RdbFraming, ReplId, ReplicaState, Role, RoleCause, Side, Source,
    WaitReason,
};

const M: u16 = 6380;
const R: u16 = 6381;

/// Tells facts one after the other, a millisecond apart.
#[derive(Default)]
struct Tale {
    model: Model,
}

impl Tale {
    fn tell(&mut self, source: Source, body: Body) -> &mut Tale {
        let seq = self.model.seq;
        let at = Now::default().plus_us(seq * 1_000);
        self.model.apply(&Event { seq, at, source, body });
        self
    }

    fn fact(&mut self, port: u16, fact: Fact) -> &mut Tale {
        self.tell(Source::Instance(port), Body::Fact(fact))
    }

    fn lab(&mut self, fact: LabFact) -> &mut Tale {
        self.tell(Source::Lab, Body::Lab(fact))
    }

    fn field(&self, port: u16, name: &str) -> String {
        self.model.field(port, name).unwrap_or_else(|| format!("no {name}"))
    }

    /// Two masters that are up.
    fn two() -> Tale {
        let mut t = Tale::default();
        t.lab(LabFact::SessionBegan {
            version: "0".into(),
            ports: vec![M, R, 6382],
            bare: true,
            lesson: None,
        });
        for port in [M, R] {
            t.lab(LabFact::InstanceUp { port, conf: Some(format!("/data/{port}/redis.conf")) });
            t.boot(port);
        }
        t
    }

    fn boot(&mut self, port: u16) -> &mut Tale {
        self.fact(
            port,
            Fact::Booted {
                port,
                replid: id(port),
                offset: Offset(0),
                dir: format!("/data/{port}"),
                config_file: None,
            },
        );
        self.fact(port, Fact::Ready { keys: 0 })
    }

    fn link(&mut self, from: LinkState, to: LinkState) -> &mut Tale {
        self.fact(R, Fact::LinkState { master: at(M), from, to })
    }

    fn replica(&mut self, from: Option<ReplicaState>, to: ReplicaState) -> &mut Tale {
        self.fact(M, Fact::ReplicaState { replica: at(R), from, to })
    }

    fn decide(&mut self, asked_id: &str, verdict: PsyncVerdict) -> &mut Tale {
        self.fact(
            M,
            Fact::PsyncDecision {
                replica: at(R),
                decision: Box::new(crate::observe::Decision {
                    asked_id: asked_id.into(),
                    asked_offset: Offset(1),
                    replid: id(M),
                    replid2: ReplId::ZERO,
                    second_offset: Offset(-1),
                    backlog: None,
                    master_offset: Offset(0),
                    verdict,
                }),
            },
        )
    }

    /// SLAVEOF on R, up to the point where the snapshot waits.
    fn begin_full_sync(&mut self) -> &mut Tale {
        let master = Some(at(M));
        self.fact(
            R,
            Fact::RoleChanged { role: Role::Replica, master, cause: RoleCause::UserRequest },
        )
        .link(LinkState::None, LinkState::Connect)
        .link(LinkState::Connect, LinkState::Connecting)
        .link(LinkState::Connecting, LinkState::ReceivePingReply)
        .link(LinkState::ReceivePingReply, LinkState::ReceivePsyncReply)
        .decide(id(R).as_str(), PsyncVerdict::Full(FullReason::UnknownId))
        .fact(
            M,
            Fact::FullSyncWaits { replica: at(R), reason: WaitReason::DisklessDelay { secs: 5 } },
        )
        .replica(None, ReplicaState::WaitBgsaveStart)
    }

    /// The rest of it, with one write held back.
    fn end_full_sync(&mut self) -> &mut Tale {
        let (rdb, link) = (RdbFraming::Eof, LinkRef { side: Side::Master, peer: at(R) });
        self.replica(Some(ReplicaState::WaitBgsaveStart), ReplicaState::WaitBgsaveEnd)
            .link(LinkState::ReceivePsyncReply, LinkState::Transfer)
            .fact(M, Fact::Said { link, message: Message::RdbBegin(rdb), bytes: 47 })
            .fact(M, Fact::RdbSent { replica: at(R), sent: 100, framing: rdb })
            .fact(R, Fact::RdbReceived { master: at(M), got: 90, framing: rdb })
            .write(1, 31)
            .fact(M, Fact::Held { replica: at(R), from: Offset(1), to: Offset(31), held_bytes: 31 })
            .fact(R, Fact::LoadBegan { from_link: true, total: None })
            .fact(R, Fact::KeysSwept { db: None })
            .fact(
                R,
                Fact::RdbKey {
                    kind: Default::default(),
                    db: 0,
                    key: p("old"),
                    value: p("1"),
                    expire_at_ms: None,
                    bytes: 9,
                },
            )
            .fact(R, Fact::LoadEnded { ok: true, keys: 1, expired: 0, bytes: 200, took_us: 1 })
            .fact(R, Fact::DbSize { db: 0, keys: 1, expires: 0 })
            .fact(
                R,
                Fact::IdsChanged {
                    replid: id(M),
                    replid2: ReplId::ZERO,
                    second_offset: Offset(-1),
                    offset: Offset(0),
                    cause: IdCause::FullSync,
                },
            )
            .link(LinkState::Transfer, LinkState::Connected)
            .replica(Some(ReplicaState::WaitBgsaveEnd), ReplicaState::Online)
    }

    fn write(&mut self, from: i64, to: i64) -> &mut Tale {
        let wire = vec![p("SET"), p("name"), p("xd")];
        self.fact(M, Fact::Propagated { db: 0, wire, from: Offset(from), to: Offset(to) }).fact(
            M,
            Fact::KeyWritten {
                kind: Default::default(),
                db: 0,
                key: p("name"),
                value: p("xd"),
                expire_at_ms: None,
            },
        )
    }
}

fn at(port: u16) -> Addr {
    Addr::new("127.0.0.1", port)
}

fn id(port: u16) -> ReplId {
    ReplId::from_bytes(format!("{port:040}").as_bytes()).expect("40 characters")
}

fn p(text: &str) -> Preview {
    Preview::of(text.as_bytes())
}

#[test]
fn masters_alone_have_no_links() {
    let t = Tale::two();
    assert_eq!(t.field(M, "role"), "master");
    assert_eq!(t.field(M, "up"), "yes");
    assert_eq!(t.field(M, "connected_slaves"), "0");
    assert_eq!(t.model.field(M, "master_link_status"), None);
    assert_eq!(t.model.field(6382, "role"), None);
    assert!(t.model.links().is_empty());
    let conf = t.model.instance(M).and_then(|i| i.conf.as_deref());
    assert_eq!(conf, Some("/data/6380/redis.conf"));
}

#[test]
fn full_sync_is_seen_from_both_ends() {
    let mut t = Tale::two();
    t.begin_full_sync();
    assert_eq!(t.field(R, "role"), "slave");
    assert_eq!(t.field(R, "master_port"), "6380");
    assert_eq!(t.field(R, "master_link_status"), "down");
    assert_eq!(t.field(M, "connected_slaves"), "1");
    assert_eq!(t.field(M, "sync_full"), "1");
    assert_eq!(t.field(M, "sync_partial_err"), "1");
    {
        let link = t.model.link_of(R).expect("wanted");
        assert_eq!(link.status, LinkStatus::Waiting);
        let wait = link.down.and_then(|d| d.wait).expect("says why");
        assert_eq!(wait.reason, WaitReason::DisklessDelay { secs: 5 });
        let decision = link.down.and_then(|d| d.decision.as_ref()).expect("kept");
        assert_eq!(decision.numbers.verdict, PsyncVerdict::Full(FullReason::UnknownId));
    }
    t.end_full_sync();
    let link = t.model.link_of(R).expect("there");
    assert_eq!(link.status, LinkStatus::Online);
    let down = link.down.expect("the master tells");
    assert_eq!((down.held_writes, down.held_span), (1, Some((Offset(1), Offset(31)))));
    assert!(down.wait.is_none() && down.rdb.is_some_and(|r| !r.is_running()));
    assert_eq!(t.field(R, "master_link_status"), "up");
    assert_eq!(t.field(R, "master_replid"), t.field(M, "master_replid"));
    assert_eq!(t.model.key(R, 0, "old").map(|k| k.sight), Some(Sight::Loaded));
    assert_eq!(t.model.key(M, 0, "name").map(|k| k.value.text()), Some("xd"));
    assert_eq!(t.field(R, "db0.keys"), "1");
    let history = &t.model.history;
    assert_eq!(history.count(0, |m| matches!(m, MomentKind::WriteHeld { .. })), 1);
    let up = history.last(|m| matches!(m, MomentKind::LinkUp { .. })).expect("came up");
    assert_eq!(
        up.kind,
        MomentKind::LinkUp { port: R, master: at(M), framing: Some(RdbFraming::Eof) }
    );
}

#[test]
fn held_bytes_drain_and_acks_measure_the_lag() {
    let mut t = Tale::two();
    t.begin_full_sync().end_full_sync();
    let held = |t: &Tale| t.model.instances[&M].replicas[&at(R)].held_bytes;
    assert_eq!(held(&t), 31);
    t.fact(M, Fact::StreamSent { replica: at(R), upto: Offset(31), left: 0 });
    assert_eq!(held(&t), 0);
    t.fact(M, Fact::Acked { replica: at(R), offset: Offset(0) });
    assert_eq!(t.model.link_of(R).and_then(|l| l.behind), Some(31));
    t.fact(M, Fact::Acked { replica: at(R), offset: Offset(31) });
    assert_eq!(t.model.link_of(R).and_then(|l| l.behind), Some(0));
    // A ping moves the stream without a command being told.
    let (first, histlen, size) = (Offset(1), 45, 1 << 20);
    t.fact(M, Fact::BacklogMoved { first, histlen, size });
    assert_eq!(t.field(M, "master_repl_offset"), "45");
    assert_eq!(t.model.link_of(R).and_then(|l| l.behind), Some(14));
}

#[test]
fn lost_link_keeps_its_reason_and_a_partial_resync_has_no_rdb() {
    let mut t = Tale::two();
    t.begin_full_sync().end_full_sync();
    t.link(LinkState::Connected, LinkState::Connect).fact(
        R,
        Fact::LinkLost {
            link: LinkRef { side: Side::Replica, peer: at(M) },
            cause: LinkLoss::PeerClosed,
        },
    );
    t.fact(
        M,
        Fact::LinkLost {
            link: LinkRef { side: Side::Master, peer: at(R) },
            cause: LinkLoss::Killed,
        },
    );
    assert_eq!(t.field(M, "connected_slaves"), "0");
    let link = t.model.link_of(R).expect("still wanted");
    assert_eq!(link.status, LinkStatus::Down);
    assert_eq!(link.down.and_then(|d| d.gone.clone()).map(|g| g.1), Some(LinkLoss::Killed));
    let before = t.model.seq;
    t.link(LinkState::Connect, LinkState::Connecting)
        .decide(id(M).as_str(), PsyncVerdict::Continue { bytes: 0 })
        .replica(None, ReplicaState::Online)
        .link(LinkState::Connecting, LinkState::Connected);
    assert_eq!(t.field(M, "sync_partial_ok"), "1");
    assert_eq!(t.field(M, "connected_slaves"), "1");
    let fulls = |m: &MomentKind| matches!(m, MomentKind::FullSyncGranted { .. });
    assert_eq!(t.model.history.count(before, fulls), 0);
    assert_eq!(t.model.history.count(0, fulls), 1);
    let up = t.model.history.last(|m| matches!(m, MomentKind::LinkUp { .. })).expect("came up");
    assert_eq!(up.kind, MomentKind::LinkUp { port: R, master: at(M), framing: None });
}

#[test]
fn dead_master_and_promotion() {
    let mut t = Tale::two();
    t.begin_full_sync().end_full_sync();
    t.lab(LabFact::InstanceDown { port: M, how: ExitHow::Shutdown { code: 0 } })
        .link(LinkState::Connected, LinkState::Connect);
    assert_eq!(t.field(M, "up"), "no");
    assert_eq!(t.field(M, "master_repl_offset"), "31", "the last offset stays to be seen");
    assert_eq!(t.field(R, "master_link_status"), "down");
    assert_eq!(t.model.link_of(R).map(|l| l.status), Some(LinkStatus::Down));
    t.fact(
        R,
        Fact::RoleChanged { role: Role::Master, master: None, cause: RoleCause::UserRequest },
    )
    .link(LinkState::Connect, LinkState::None)
    .fact(
        R,
        Fact::IdsChanged {
            replid: id(7),
            replid2: id(M),
            second_offset: Offset(32),
            offset: Offset(31),
            cause: IdCause::Promoted,
        },
    );
    assert_eq!(t.field(R, "role"), "master");
    assert_eq!(t.field(R, "master_replid2"), id(M).to_string());
    assert_eq!(t.field(R, "second_repl_offset"), "32");
    assert!(t.model.links().is_empty());
    let promoted = t.model.history.last(|m| matches!(m, MomentKind::Promoted { .. }));
    assert_eq!(
        promoted.map(|m| m.kind.clone()),
        Some(MomentKind::Promoted { port: R, was_replica_of: Some(at(M)) })
    );
    // A restart begins with nothing of the old life but the conf file's name.
    t.lab(LabFact::InstanceUp { port: M, conf: Some("/data/6380/redis.conf".into()) }).boot(M);
    assert_eq!(t.field(M, "up"), "yes");
    assert_eq!(t.field(M, "master_repl_offset"), "0");
    assert_eq!(t.field(M, "sync_full"), "0");
    assert_eq!(t.field(M, "db0.keys"), "0");
}

#[test]
fn an_instance_that_left_the_lab_leaves_no_link_to_a_guest() {
    let mut t = Tale::two();
    t.begin_full_sync().end_full_sync();
    let cause = LinkLoss::PeerClosed;
    let link = LinkRef { side: Side::Master, peer: at(R) };
    t.lab(LabFact::InstanceDown { port: R, how: ExitHow::Shutdown { code: 0 } });
    t.lab(LabFact::PortRemoved { port: R });
    // The master may learn of it before or after.
    t.fact(M, Fact::LinkLost { link, cause });
    assert!(t.model.links().is_empty(), "{:?}", t.model.links());
    assert_eq!(t.field(M, "connected_slaves"), "0");
}

#[test]
fn outside_peers_are_told_by_their_announced_port() {
    let mut t = Tale::two();
    let outside = Addr::new("10.0.0.7", 7000);
    t.fact(
        M,
        Fact::ReplicaState {
            replica: outside.clone(),
            from: None,
            to: ReplicaState::WaitBgsaveStart,
        },
    );
    t.fact(
        R,
        Fact::RoleChanged {
            role: Role::Replica,
            master: Some(Addr::new("redis.example", 6380)),
            cause: RoleCause::Boot,
        },
    );
    let links: Vec<_> =
        t.model.links().into_iter().map(|l| (l.master, l.replica, l.status)).collect();
    assert_eq!(
        links,
        [
            (Peer::Inside(M), Peer::Outside(outside), LinkStatus::Waiting),
            (Peer::Outside(Addr::new("redis.example", 6380)), Peer::Inside(R), LinkStatus::Down),
        ]
    );
    assert_eq!(t.model.peer(&Addr::new("localhost", M)), Peer::Inside(M));
}

#[test]
fn keys_follow_writes_sweeps_and_swaps() {
    let mut t = Tale::two();
    t.write(1, 31);
    t.fact(M, Fact::DbsSwapped { a: 0, b: 3 });
    assert!(t.model.key(M, 0, "name").is_none());
    assert_eq!(t.model.key(M, 3, "name").map(|k| k.sight), Some(Sight::Written));
    t.fact(M, Fact::KeysSwept { db: Some(3) });
    assert!(t.model.key(M, 3, "name").is_none());
    for n in 0..5_000 {
        let (key, value) = (p(&format!("k{n}")), p("v"));
        t.fact(
            M,
            Fact::KeyWritten { kind: Default::default(), db: 0, key, value, expire_at_ms: Some(n) },
        );
    }
    let db = &t.model.instances[&M].dbs[&0];
    assert!(db.known.len() <= 2 * keys::KNOWN_MAX, "bounded");
    assert_eq!(t.model.key(M, 0, "k4999").and_then(|k| k.expire_at_ms), Some(4_999));
    assert!(t.model.key(M, 0, "k0").is_none(), "the oldest went first");
}

#[test]
fn failed_load_keeps_no_staged_keys() {
    let mut t = Tale::two();
    t.write(1, 31).fact(M, Fact::LoadBegan { from_link: true, total: Some(99) }).fact(
        M,
        Fact::RdbKey {
            kind: Default::default(),
            db: 0,
            key: p("half"),
            value: p("1"),
            expire_at_ms: None,
            bytes: 9,
        },
    );
    let passing = t.model.instances[&M].loading.as_ref().expect("loads").passed();
    assert_eq!(passing[&0].known.len(), 1);
    t.fact(M, Fact::LoadEnded { ok: false, keys: 1, expired: 0, bytes: 9, took_us: 1 });
    assert!(t.model.key(M, 0, "half").is_none());
    assert!(t.model.key(M, 0, "name").is_some());
}

#[test]
fn throttles_and_goals_are_remembered() {
    let mut t = Tale::two();
    t.begin_full_sync();
    t.lab(LabFact::LinkThrottled { a: R, b: M, bytes_per_second: Some(65_536) })
        .lab(LabFact::GoalTicked { lesson: "walk".into(), goal: 2, text: String::new() });
    assert_eq!(t.model.link_of(R).and_then(|l| l.throttle), Some(65_536));
    assert!(t.model.goal_ticked("walk", 2) && !t.model.goal_ticked("walk", 1));
    t.lab(LabFact::LinkThrottled { a: M, b: R, bytes_per_second: None });
    assert_eq!(t.model.link_of(R).and_then(|l| l.throttle), None);
}
