//! One row of the sequence diagram: what it tells, as values. The words are the view's.

use crate::observe::{
    Addr, BreakOn, Decision, Failover, Fault, IdCause, LinkLoss, LinkState, Message, Now, Offset,
    Preview, RdbFraming, ReplId, ReplicaState, Role, RoleCause, Rule, SaveTarget, StepKind,
    WaitReason,
};

/// Which way a message goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dir {
    ToMaster,
    ToReplica,
}

/// How often something was told by each of its up to four tellers. Both ends report every message,
/// and the stream is told as messages and as commands; the largest count is the true one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Told {
    pub said: u32,
    pub heard: u32,
    pub propagated: u32,
    pub applied: u32,
}

impl Told {
    /// How often it happened.
    pub fn count(&self) -> u32 {
        self.said.max(self.heard).max(self.propagated).max(self.applied)
    }

    /// Counts one report of `by`.
    pub fn add(&mut self, by: Teller) {
        *self.slot(by) += 1;
    }

    /// Whether `by` has told less often than another, so that its next report is no news.
    pub fn owes(&self, by: Teller) -> bool {
        let mut copy = *self;
        *copy.slot(by) < self.count()
    }

    fn slot(&mut self, by: Teller) -> &mut u32 {
        match by {
            Teller::Said => &mut self.said,
            Teller::Heard => &mut self.heard,
            Teller::Propagated => &mut self.propagated,
            Teller::Applied => &mut self.applied,
        }
    }
}

/// Who reports a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Teller {
    Said,
    Heard,
    Propagated,
    Applied,
}

/// A transfer of an RDB, from the preamble to its last byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transfer {
    pub framing: RdbFraming,
    pub sent: u64,
    pub got: u64,
    /// The master's snapshot: keys encoded and in all (0: not told), and the bytes that they took.
    pub keys_done: u64,
    pub keys_total: u64,
    pub encoded: u64,
    /// What it weighed in the end.
    pub ended: Option<u64>,
    pub broken: bool,
}

impl Transfer {
    /// Bytes that passed, as far as either end told.
    pub fn bytes(&self) -> u64 {
        self.ended.unwrap_or(0).max(self.sent).max(self.got)
    }

    /// How much is done, as (done, all), where anybody knows it.
    pub fn share(&self) -> Option<(u64, u64)> {
        if self.ended.is_some() {
            return Some((1, 1));
        }
        match self.framing {
            RdbFraming::Length(total) => Some((self.bytes().min(total), total.max(1))),
            // A stream of unknown size: what the keys took so far tells what all of them will.
            // Encoding runs ahead of the socket, so the bytes that left are what counts.
            RdbFraming::Eof if self.keys_done > 0 && self.encoded > 0 => {
                let all = u128::from(self.encoded)
                    * u128::from(self.keys_total.max(self.keys_done))
                    / u128::from(self.keys_done);
                let all = u64::try_from(all).unwrap_or(u64::MAX).max(1);
                Some((self.bytes().min(all), all))
            }
            RdbFraming::Eof => None,
        }
    }
}

/// A write of the stream, or a burst of them told in one row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Write {
    pub db: u32,
    /// The (latest) command as it stands on the wire; empty when only its range is known.
    pub wire: Vec<Preview>,
    pub from: Offset,
    pub to: Offset,
    /// How many commands this row stands for.
    pub commands: u64,
    /// It had to wait in the replica's output buffer.
    pub held: bool,
    /// Its last byte left for the replica's socket.
    pub sent: bool,
    pub applied: Option<Now>,
}

impl Write {
    /// Bytes on the wire.
    pub fn bytes(&self) -> u64 {
        u64::try_from(self.to - self.from + 1).unwrap_or(0)
    }

    /// Whether it still sits in the master's memory because the transfer is not over.
    pub fn waits(&self) -> bool {
        self.held && !self.sent && self.applied.is_none()
    }
}

/// What a row tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowKind {
    /// The replica dials its master.
    Connect,
    Message {
        dir: Dir,
        message: Message,
        bytes: u64,
        told: Told,
    },
    /// Periodic traffic in one counted line.
    KeepAlive {
        acks: Told,
        pings: Told,
        newlines: Told,
        /// The replica's own, while it empties its old data and loads.
        newlines_up: Told,
        last_ack: Option<Offset>,
    },
    Wait {
        reason: WaitReason,
        until: Option<Now>,
    },
    Decision(Box<Decision>),
    /// The snapshot for this replica.
    Snapshot {
        target: SaveTarget,
        offset: Offset,
        keys: u64,
        done: u64,
        bytes: u64,
        ended: Option<bool>,
    },
    Rdb(Box<Transfer>),
    /// The replica loads what it received. `recent` are the latest keys that passed, with their values in words.
    Load {
        total: Option<u64>,
        keys: u64,
        bytes: u64,
        recent: Vec<(Preview, String)>,
        ended: Option<bool>,
        took_us: u64,
    },
    /// A write of the stream. One that has to wait stands where it was typed.
    Write(Box<Write>),
    /// A write that had waited (or several) leaves for the replica; `since`: when it was typed.
    Replay {
        write: Box<Write>,
        since: Now,
    },
    /// The master counts the replica as online; `on_ack`: the stream flows from its first ACK on.
    Online {
        on_ack: bool,
    },
    /// A client's command was refused at one of the ends.
    Refused {
        port: u16,
        command: Preview,
        rule: Rule,
    },
    /// A FAILOVER that one of the ends is about.
    Failover {
        port: u16,
        step: Failover,
    },
    /// What waits for this replica came to the soft limit, or fell below it again.
    SoftLimit {
        over: bool,
        bytes: u64,
        limit: u64,
        patience_s: u64,
    },
    /// The learner did something to this link, to one of its ends, or to time.
    Lab(LabDid),
    /// Either end (or both) saw the link end. `times` counts repeated failures to connect.
    Lost {
        by_master: Option<LinkLoss>,
        by_replica: Option<LinkLoss>,
        times: u32,
    },
    Role {
        port: u16,
        role: Role,
        master: Option<Addr>,
        cause: RoleCause,
    },
    Ids {
        port: u16,
        replid: ReplId,
        replid2: ReplId,
        second_offset: Offset,
        offset: Offset,
        cause: IdCause,
    },
    /// An instance at one of the ends went down or came up.
    Instance {
        port: u16,
        up: bool,
    },
}

/// What the learner did, as far as a link is concerned by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LabDid {
    /// Bytes a second that the link lets through; `None`: no bound any more.
    Throttle(Option<u64>),
    /// A fault of the link began, or (`on` false) was undone.
    Fault { fault: Fault, on: bool },
    /// The present connection was ended.
    Dropped,
    /// One of the ends was stopped as SIGSTOP would, or goes on.
    Frozen { port: u16, on: bool },
    /// Link time runs at 1/`factor`.
    Slowed { factor: u32 },
    /// Step mode began or ended; `hit` is the breakpoint that began it.
    Stepping { on: bool, hit: Option<BreakOn> },
}

/// A row with its moment and the states that both sides were in after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub at: Now,
    /// When the last of what it counts happened; the same moment for most rows.
    pub until: Now,
    /// Microseconds of link time since the conversation that this row belongs to began. While the
    /// learner holds the links, no time passes between them.
    pub since_start_us: u64,
    /// When it last changed; the view marks what is younger than a second.
    pub changed: Now,
    pub replica_state: LinkState,
    pub master_state: Option<ReplicaState>,
    pub kind: RowKind,
}

impl Row {
    /// How long the row lasted, in microseconds of link time.
    pub fn lasted_us(&self) -> u64 {
        self.until.link_us.saturating_sub(self.at.link_us)
    }

    /// The step that this row is the trace of, so that a breakpoint can be marked at it.
    pub fn step_kind(&self) -> Option<StepKind> {
        Some(match &self.kind {
            RowKind::Connect => StepKind::Connect,
            RowKind::Message { message, .. } => message_step(message),
            RowKind::KeepAlive { .. } => return None,
            RowKind::Wait { .. } => return None,
            RowKind::Decision(_) => StepKind::Decision,
            RowKind::Snapshot { .. } => StepKind::SaveBegin,
            RowKind::Rdb(t) if t.ended.is_some() => StepKind::RdbEnd,
            RowKind::Rdb(_) => StepKind::RdbPiece,
            RowKind::Load { .. } => StepKind::Load,
            RowKind::Write(w) if w.held => return None,
            RowKind::Write(_) => StepKind::Command,
            RowKind::Replay { .. } => StepKind::Replay,
            RowKind::Online { .. } => StepKind::Online,
            RowKind::Lost { .. } => StepKind::LinkEnd,
            RowKind::Role { role: Role::Master, .. } => StepKind::Promotion,
            _ => return None,
        })
    }
}

fn message_step(message: &Message) -> StepKind {
    match message {
        Message::Ping => StepKind::Ping,
        Message::Pong(_) => StepKind::Pong,
        Message::Auth { .. } => StepKind::Auth,
        Message::ListeningPort(_) | Message::AnnounceIp(_) | Message::Capa(_) => StepKind::Replconf,
        Message::Ok => StepKind::Reply,
        Message::Psync { .. } | Message::Sync => StepKind::Psync,
        Message::FullResync { .. } => StepKind::FullResync,
        Message::Continue { .. } => StepKind::Continue,
        Message::RdbBegin(_) => StepKind::RdbBegin,
        Message::RdbEnd { .. } => StepKind::RdbEnd,
        Message::Ack { .. } => StepKind::Ack,
        Message::GetAck => StepKind::GetAck,
        _ => StepKind::Other,
    }
}
