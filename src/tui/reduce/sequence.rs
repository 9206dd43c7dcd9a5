//! One link's conversation as rows, told once although both ends report it.

mod stream;
mod waits;

use super::link::LinkKey;
use super::row::{Dir, Row, RowKind, Teller, Told, Transfer, Write};
use crate::observe::{
    LinkLoss, LinkState, Message, Now, Offset, Preview, RdbFraming, ReplicaState, SaveTarget, Side,
};
use std::collections::VecDeque;

/// Rows kept for one link; older ones are dropped and counted.
pub const ROWS: usize = 2000;
/// Writes within one second that are told one by one; more become bursts.
const WRITES_A_SECOND: usize = 20;
/// So many held writes that leave at once have a row each; more are one row.
const REPLAYS_APART: usize = 8;
/// A report may come so many rows late and still finds its place.
const LATE_BY: usize = 16;
/// Keys of an RDB that a row remembers.
const RECENT_KEYS: usize = 8;

/// A link's rows and where its two ends stand.
#[derive(Clone, Debug)]
pub struct Sequence {
    pub key: LinkKey,
    pub rows: VecDeque<Row>,
    /// How many rows were dropped at the front.
    pub dropped: u64,
    pub replica_state: LinkState,
    pub master_state: Option<ReplicaState>,
    /// When the present conversation began: the latest dial.
    pub began: Now,
    /// Index (counting dropped rows) of its first row.
    first_of_now: u64,
    /// Last byte of the stream that has a row.
    told_upto: Option<Offset>,
    /// Bytes held back for the replica, as the master counted them last.
    pub held_bytes: u64,
    /// Up to where the replica is known to have the stream.
    pub acked: Option<Offset>,
    pub last_ack_at: Option<Now>,
    pub lost_at: Option<Now>,
    /// Since when the master sends it the stream.
    online_since: Option<Now>,
    /// Messages that step mode keeps back.
    kept: Vec<waits::Kept>,
    /// The step of a command that waits: what is written now waits behind it.
    kept_write: Option<u64>,
    /// The loading of an RDB may begin before its last byte is told: it is one row all the same.
    loading: bool,
}

impl Sequence {
    pub fn new(key: LinkKey, at: Now) -> Sequence {
        Sequence {
            key,
            rows: VecDeque::new(),
            dropped: 0,
            replica_state: LinkState::None,
            master_state: None,
            began: at,
            first_of_now: 0,
            told_upto: None,
            held_bytes: 0,
            acked: None,
            last_ack_at: None,
            lost_at: None,
            online_since: None,
            kept: Vec::new(),
            kept_write: None,
            loading: false,
        }
    }

    /// How many rows there ever were; the index of the next one.
    pub fn end(&self) -> u64 {
        self.dropped + self.rows.len() as u64
    }

    /// Whether the link carries the stream, or is on its way there.
    pub fn is_alive(&self) -> bool {
        !matches!(self.replica_state, LinkState::None | LinkState::Connect)
            || self.master_state.is_some()
    }

    /// Something comes on the link. A replica from outside tells nothing of its own: after the end
    /// of its connection, this is where it comes back.
    pub fn comes_back(&mut self, at: Now) {
        if self.replica_state == LinkState::None && self.lost_at.is_some() {
            self.forget();
            (self.began, self.first_of_now) = (at, self.end());
            self.lost_at = None;
        }
    }

    /// Takes over the rows of a link whose replica had not said its port yet.
    pub fn adopt(&mut self, other: Sequence) {
        self.comes_back(other.began);
        self.kept.extend(other.kept);
        for row in other.rows {
            self.push_row(row);
        }
        self.master_state = self.master_state.or(other.master_state);
    }

    // ── the two states ─────────────────────────────────────────────────────────────────────────

    pub fn set_replica_state(&mut self, at: Now, to: LinkState) {
        if to == LinkState::Connecting && self.replica_state != LinkState::Connecting {
            self.begin(at);
        }
        self.replica_state = to;
        if let Some(row) = self.rows.back_mut() {
            row.replica_state = to;
        }
    }

    pub fn set_master_state(&mut self, at: Now, to: Option<ReplicaState>) {
        let online = Some(ReplicaState::Online);
        if to == online && self.master_state != online {
            // After a transfer without a disk the master waits for a sign that it was loaded.
            let on_ack = self.acked.is_none()
                && self.now_mut().any(|r| match &r.kind {
                    RowKind::Rdb(t) => t.framing == RdbFraming::Eof,
                    _ => false,
                });
            self.push(at, RowKind::Online { on_ack });
        }
        self.online_since = match to {
            Some(ReplicaState::Online) => self.online_since.or(Some(at)),
            _ => None,
        };
        self.master_state = to;
        if let Some(row) = self.rows.back_mut() {
            row.master_state = to;
        }
    }

    /// A new conversation: what is not answered by now never will be.
    fn begin(&mut self, at: Now) {
        self.began = at;
        self.forget();
        // The line that counts the failures, if dialling failed before; that an instance went
        // down may have been told after it.
        let failures = self.rows.iter().rev().take(LATE_BY).enumerate();
        let failures = failures
            .take_while(|(_, r)| {
                use RowKind::{Instance, Lab, Lost};
                matches!(r.kind, Lost { .. } | Instance { .. } | Lab(_))
            })
            .find(|(_, r)| {
                matches!(r.kind, RowKind::Lost { by_replica: Some(LinkLoss::ConnectFailed(_)), .. })
            });
        self.first_of_now = self.end() - failures.map_or(0, |(back, _)| back as u64 + 1);
        if failures.is_none() {
            self.push(at, RowKind::Connect);
        }
    }

    /// Nothing of the last conversation is true of a new one.
    fn forget(&mut self) {
        self.told_upto = None;
        self.held_bytes = 0;
        self.kept.clear();
        self.kept_write = None;
        self.acked = None;
        self.loading = false;
    }

    // ── rows ───────────────────────────────────────────────────────────────────────────────────

    /// Adds a row at its moment: two threads report, and the one that comes second may tell of the
    /// earlier thing.
    pub fn push(&mut self, at: Now, kind: RowKind) {
        let row = Row {
            at,
            until: at,
            since_start_us: at.link_us.saturating_sub(self.began.link_us),
            changed: at,
            replica_state: self.replica_state,
            master_state: self.master_state,
            kind,
        };
        self.push_row(row);
    }

    fn push_row(&mut self, row: Row) {
        let first = usize::try_from(self.first_of_now.saturating_sub(self.dropped)).unwrap_or(0);
        let mut place = self.rows.len();
        let least = first.max(place.saturating_sub(LATE_BY));
        while place > least && self.rows[place - 1].at.mono_us > row.at.mono_us {
            place -= 1;
        }
        self.rows.insert(place, row);
        if self.rows.len() > ROWS {
            self.rows.pop_front();
            self.dropped += 1;
        }
    }

    /// The rows of the present conversation, newest first.
    fn now_mut(&mut self) -> impl Iterator<Item = &mut Row> {
        let skip = usize::try_from(self.first_of_now.saturating_sub(self.dropped)).unwrap_or(0);
        self.rows.iter_mut().skip(skip).rev()
    }

    fn last_now(&mut self) -> Option<&mut Row> {
        self.now_mut().next()
    }

    // ── messages ───────────────────────────────────────────────────────────────────────────────

    /// A message, as one of its ends reports it.
    pub fn message(&mut self, at: Now, dir: Dir, message: &Message, bytes: u64, by: Teller) {
        if self.keep(dir, message, bytes, by) {
            return;
        }
        match message {
            Message::Ack { .. } | Message::StreamPing | Message::Newline => {
                return self.keep_alive(at, dir, message, by);
            }
            Message::RdbBegin(framing) => {
                self.transfer(at, *framing, |_| ());
                return;
            }
            Message::RdbEnd { bytes } => return self.transfer_ended(at, *bytes),
            Message::FullResync { .. } => {
                self.told_upto = None;
                self.end_wait(at);
            }
            _ => {}
        }
        for row in self.now_mut() {
            let RowKind::Message { dir: d, message: m, told, .. } = &mut row.kind else { continue };
            if *d == dir && same(m, message) && told.owes(by) {
                told.add(by);
                return;
            }
        }
        // The handshake's +OKs are one line.
        if *message == Message::Ok {
            for row in self.now_mut() {
                if let RowKind::Message { dir: d, message: Message::Ok, told, bytes: b } =
                    &mut row.kind
                    && *d == dir
                {
                    told.add(by);
                    *b += bytes;
                    row.changed = at;
                    return;
                }
            }
        }
        let mut told = Told::default();
        told.add(by);
        self.push(at, RowKind::Message { dir, message: message.clone(), bytes, told });
    }

    /// Whether the other end told `message` and `by` has not yet.
    pub fn expects(&mut self, dir: Dir, message: &Message, by: Teller) -> bool {
        self.now_mut().any(|row| match &row.kind {
            RowKind::Message { dir: d, message: m, told, .. } => {
                *d == dir && same(m, message) && told.owes(by)
            }
            _ => false,
        })
    }

    fn keep_alive(&mut self, at: Now, dir: Dir, message: &Message, by: Teller) {
        let mut news = true;
        if let Message::Ack { offset } = message {
            self.acked = self.acked.max(Some(*offset));
            self.last_ack_at = Some(at);
        }
        // The other end's report of one that is counted already, maybe in an earlier line.
        for row in self.now_mut().take(24) {
            if let RowKind::KeepAlive { acks, pings, newlines, newlines_up, .. } = &mut row.kind {
                let told = pick(message, dir, [acks, pings, newlines, newlines_up]);
                if told.owes(by) {
                    told.add(by);
                    news = false;
                    break;
                }
            }
        }
        if !news {
            return;
        }
        if let Some(row) = self.last_now()
            && let RowKind::KeepAlive { acks, pings, newlines, newlines_up, last_ack } =
                &mut row.kind
        {
            pick(message, dir, [acks, pings, newlines, newlines_up]).add(by);
            if let Message::Ack { offset } = message {
                *last_ack = Some(*offset);
            }
            row.until = at;
            return;
        }
        let (mut acks, mut pings, mut newlines, mut newlines_up) = Default::default();
        pick(message, dir, [&mut acks, &mut pings, &mut newlines, &mut newlines_up]).add(by);
        let last_ack = if let Message::Ack { offset } = message { Some(*offset) } else { None };
        self.push(at, RowKind::KeepAlive { acks, pings, newlines, newlines_up, last_ack });
    }

    // ── a full sync ────────────────────────────────────────────────────────────────────────────

    /// The wait for a snapshot is over.
    pub fn end_wait(&mut self, at: Now) {
        for row in self.now_mut() {
            if let RowKind::Wait { until: until @ None, .. } = &mut row.kind {
                *until = Some(at);
                row.changed = at;
            }
        }
    }

    pub fn snapshot_began(&mut self, at: Now, target: SaveTarget, offset: Offset, keys: u64) {
        self.end_wait(at);
        let kind = RowKind::Snapshot { target, offset, keys, done: 0, bytes: 0, ended: None };
        self.push(at, kind);
    }

    pub fn snapshot_progress(&mut self, at: Now, keys_done: u64, keys_total: u64, encoded: u64) {
        for row in self.now_mut() {
            match &mut row.kind {
                RowKind::Snapshot { done, bytes, ended: None, .. } => {
                    *done = keys_done;
                    *bytes = encoded;
                    row.changed = at;
                    return;
                }
                RowKind::Rdb(t) if t.ended.is_none() => {
                    (t.keys_done, t.keys_total) = (keys_done, keys_total);
                    t.encoded = encoded;
                }
                _ => {}
            }
        }
    }

    pub fn snapshot_ended(&mut self, at: Now, ok: bool, size: u64) {
        for row in self.now_mut() {
            if let RowKind::Snapshot { keys, done, bytes, ended: ended @ None, .. } = &mut row.kind
            {
                *ended = Some(ok);
                *bytes = size;
                *done = *keys;
                row.changed = at;
                return;
            }
        }
    }

    /// The transfer that runs now said so much: `update` writes it down.
    pub fn transfer(&mut self, at: Now, framing: RdbFraming, update: impl FnOnce(&mut Transfer)) {
        for row in self.now_mut() {
            if let RowKind::Rdb(transfer) = &mut row.kind {
                update(transfer);
                row.changed = at;
                return;
            }
        }
        let keys_total = self
            .now_mut()
            .find_map(|r| match r.kind {
                RowKind::Snapshot { keys, .. } => Some(keys),
                _ => None,
            })
            .unwrap_or(0);
        let mut transfer = Transfer {
            framing,
            sent: 0,
            got: 0,
            keys_done: 0,
            keys_total,
            encoded: 0,
            ended: None,
            broken: false,
        };
        update(&mut transfer);
        self.push(at, RowKind::Rdb(Box::new(transfer)));
    }

    fn transfer_ended(&mut self, at: Now, bytes: u64) {
        for row in self.now_mut() {
            if let RowKind::Rdb(t) = &mut row.kind {
                if t.ended.is_none() {
                    row.changed = at;
                }
                t.ended = Some(bytes.max(t.ended.unwrap_or(0)));
                return;
            }
        }
    }

    pub fn load_began(&mut self, at: Now, total: Option<u64>) {
        self.loading = true;
        let kind =
            RowKind::Load { total, keys: 0, bytes: 0, recent: Vec::new(), ended: None, took_us: 0 };
        self.push(at, kind);
    }

    /// A key passed in the RDB.
    pub fn rdb_key(&mut self, at: Now, key: &Preview, value: String, size: u64) {
        if !self.loading {
            self.load_began(at, None);
        }
        for row in self.now_mut() {
            if let RowKind::Load { keys, bytes, recent, ended: None, .. } = &mut row.kind {
                *keys += 1;
                *bytes += size;
                if recent.len() == RECENT_KEYS {
                    recent.remove(0);
                }
                recent.push((key.clone(), value));
                row.changed = at;
                return;
            }
        }
    }

    pub fn load_ended(&mut self, at: Now, ok: bool, all: u64, size: u64, took: u64) {
        self.loading = false;
        for row in self.now_mut() {
            if let RowKind::Load { keys, bytes, ended: ended @ None, took_us, .. } = &mut row.kind {
                (*keys, *bytes, *ended, *took_us) = (all, size, Some(ok), took);
                row.changed = at;
                return;
            }
        }
    }

    // ── the end of a link ──────────────────────────────────────────────────────────────────────

    pub fn lost(&mut self, at: Now, side: Side, cause: &LinkLoss) {
        self.lost_at.get_or_insert(at);
        self.held_bytes = 0;
        for row in self.now_mut() {
            if let RowKind::Rdb(t) = &mut row.kind
                && t.ended.is_none()
            {
                t.broken = true;
            }
        }
        if side == Side::Master {
            self.master_state = None;
        }
        let failed = matches!(cause, LinkLoss::ConnectFailed(_));
        if failed
            && matches!(self.rows.back().map(|r| &r.kind), Some(RowKind::Connect))
            && let Some(row) = self.rows.back_mut()
        {
            // A dial that failed needs one line, not two.
            row.kind = RowKind::Lost { by_master: None, by_replica: Some(cause.clone()), times: 1 };
            row.changed = at;
            return;
        }
        // The other end's view of the same end, or the same failure once more.
        for row in self.rows.iter_mut().rev().take(6) {
            let RowKind::Lost { by_master, by_replica, times } = &mut row.kind else { continue };
            let mine = if side == Side::Master { by_master } else { by_replica };
            match mine {
                None if !failed => {
                    *mine = Some(cause.clone());
                    return;
                }
                Some(was) if was == cause && failed => {
                    *times += 1;
                    row.until = at;
                    return;
                }
                _ => break,
            }
        }
        let (by_master, by_replica) = match side {
            Side::Master => (Some(cause.clone()), None),
            Side::Replica => (None, Some(cause.clone())),
        };
        self.push(at, RowKind::Lost { by_master, by_replica, times: 1 });
    }

    // ── for the panes ──────────────────────────────────────────────────────────────────────────

    /// The transfer that runs now, if one does.
    pub fn running_transfer(&self) -> Option<&Transfer> {
        if !self.is_alive() {
            return None;
        }
        let skip = usize::try_from(self.first_of_now.saturating_sub(self.dropped)).unwrap_or(0);
        self.rows.iter().skip(skip).rev().find_map(|r| match &r.kind {
            RowKind::Rdb(t) if t.ended.is_none() && !t.broken => Some(&**t),
            _ => None,
        })
    }

    /// Writes of this conversation that wait in the output buffer now or had to, oldest first:
    /// held back during a transfer, or behind a link that takes no more.
    pub fn buffered_writes(&self) -> impl Iterator<Item = (&Row, &Write)> {
        let skip = usize::try_from(self.first_of_now.saturating_sub(self.dropped)).unwrap_or(0);
        let streams = self.master_state.is_some();
        self.rows.iter().skip(skip).filter_map(move |r| match &r.kind {
            RowKind::Write(w) if w.held || (streams && !w.sent && w.applied.is_none()) => {
                Some((r, &**w))
            }
            _ => None,
        })
    }

    /// What the replica waits for before its snapshot, and since when.
    pub fn waits(&self) -> Option<(&crate::observe::WaitReason, Now)> {
        if !self.is_alive() {
            return None;
        }
        let skip = usize::try_from(self.first_of_now.saturating_sub(self.dropped)).unwrap_or(0);
        self.rows.iter().skip(skip).rev().find_map(|r| match &r.kind {
            RowKind::Wait { reason, until: None } => Some((reason, r.at)),
            _ => None,
        })
    }
}

fn pick<'a>(
    message: &Message,
    dir: Dir,
    [acks, pings, newlines, newlines_up]: [&'a mut Told; 4],
) -> &'a mut Told {
    match (message, dir) {
        (Message::Ack { .. }, _) => acks,
        (Message::StreamPing, _) => pings,
        (_, Dir::ToReplica) => newlines,
        (_, Dir::ToMaster) => newlines_up,
    }
}

/// Whether two reports mean one message. The two ends may count its bytes differently.
fn same(a: &Message, b: &Message) -> bool {
    match (a, b) {
        (Message::Pong(_), Message::Pong(_)) => true,
        (Message::Error(_), Message::Error(_)) => true,
        (Message::Unexpected(_), Message::Unexpected(_)) => true,
        _ => a == b,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::reduce::link::Peer;

    fn at(us: u64) -> Now {
        Now::default().plus_us(1_000_000 + us)
    }

    fn told(seq: &Sequence) -> Vec<String> {
        seq.rows
            .iter()
            .filter_map(|r| match &r.kind {
                RowKind::Message { message, told, .. } => {
                    Some(format!("{message:?} {}", told.count()))
                }
                _ => None,
            })
            .collect()
    }

    #[test]
    fn a_late_report_finds_its_place() {
        let mut seq = Sequence::new(LinkKey::new(Peer::port(1), Peer::port(2)), at(0));
        seq.set_replica_state(at(0), LinkState::Connecting);
        let (up, down) = (Dir::ToMaster, Dir::ToReplica);
        seq.message(at(10), up, &Message::Ping, 14, Teller::Said);
        // The master's thread is quicker to tell than the replica's.
        seq.message(at(40), down, &Message::Ok, 5, Teller::Said);
        seq.message(at(40), down, &Message::Ok, 5, Teller::Said);
        let pong = Message::Pong("PONG".into());
        seq.message(at(20), down, &pong, 7, Teller::Heard);
        seq.message(at(30), up, &Message::ListeningPort(1), 50, Teller::Said);
        seq.message(at(50), down, &Message::Ok, 5, Teller::Heard);
        seq.message(at(50), down, &Message::Ok, 5, Teller::Heard);
        assert_eq!(told(&seq), ["Ping 1", "Pong(\"PONG\") 1", "ListeningPort(1) 1", "Ok 2"]);
    }

    #[test]
    fn failed_dials_are_one_line_although_an_instance_went_down_between_them() {
        let mut seq = Sequence::new(LinkKey::new(Peer::port(1), Peer::port(2)), at(0));
        let refused = LinkLoss::ConnectFailed("refused".into());
        for n in 0..4 {
            seq.set_replica_state(at(n * 100), LinkState::Connecting);
            seq.lost(at(n * 100 + 1), Side::Replica, &refused);
            seq.set_replica_state(at(n * 100 + 2), LinkState::Connect);
            if n == 0 {
                seq.push(at(3), RowKind::Instance { port: 6380, up: false });
            }
        }
        let times: Vec<u32> = seq
            .rows
            .iter()
            .filter_map(
                |r| if let RowKind::Lost { times, .. } = r.kind { Some(times) } else { None },
            )
            .collect();
        assert_eq!(times, [4]);
        assert_eq!(seq.rows.len(), 2);
    }
}
