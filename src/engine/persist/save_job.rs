//! A snapshot on its way into RDB bytes.

use super::values::Writing;
use crate::engine::keyspace::{Entry, Segment, Snapshot, SnapshotDb, Value};
use crate::engine::uses::Counting;
use crate::observe::{Offset, ReplId};
use crate::wire::rdb::{Options, Writer};
use std::collections::VecDeque;
use std::sync::Arc;

/// Keys encoded between two looks at the size of the piece.
const STRIDE: usize = 16;

/// What a file remembers of the replication history that its data belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplAux {
    /// The database that the stream had selected.
    pub stream_db: i64,
    pub replid: ReplId,
    pub offset: Offset,
}

/// The fields at the head of a file that are not the library's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Unix seconds.
    pub ctime: i64,
    /// Bytes.
    pub used_mem: u64,
    pub repl: Option<ReplAux>,
}

/// What is told of every key's uses, by the policy of maxmemory.
#[derive(Clone, Copy, Debug, Default)]
pub enum Uses {
    #[default]
    Nothing,
    /// Seconds since the last one, now being this moment of the clients' clock.
    Idle { clock_s: u32 },
    /// The counter, with the minutes that take one from it.
    Freq { clock_s: u32, decay_min: i64 },
}

impl Uses {
    fn write(self, entry: &Entry, writer: &mut Writer) {
        match self {
            Uses::Nothing => {}
            Uses::Idle { clock_s } => writer.idle(entry.idle_s(clock_s).into()),
            Uses::Freq { clock_s, decay_min } => {
                let counting = Counting { log_factor: 0, decay_min };
                writer.freq(counting.counter(entry, clock_s));
            }
        }
    }
}

/// A snapshot being encoded, pulled piece by piece, on a thread of the driver's.
///
/// It holds the state of the moment when it was made, whatever happens to the keyspace meanwhile,
/// and lets go of every segment as soon as that is encoded.
#[derive(Debug)]
pub struct SaveJob {
    writer: Writer,
    dbs: VecDeque<SnapshotDb>,
    /// The segment that is being encoded, and how many of its entries are done.
    current: Option<(Arc<Segment<Entry>>, usize)>,
    /// The value of the last of these, where it is not through.
    writing: Option<Writing>,
    head: Option<Head>,
    keys_done: u64,
    keys_total: u64,
    ended: bool,
    key_delay_us: u64,
    uses: Uses,
}

impl SaveJob {
    /// An encoder for this snapshot. `key_delay_us` is rdb-key-save-delay.
    pub fn new(snapshot: Snapshot, head: Head, options: Options, key_delay_us: u64) -> SaveJob {
        SaveJob {
            writer: Writer::new(options),
            keys_total: snapshot.keys_total(),
            dbs: snapshot.into_dbs().into(),
            current: None,
            writing: None,
            head: Some(head),
            keys_done: 0,
            ended: false,
            key_delay_us,
            uses: Uses::Nothing,
        }
    }

    /// Tells of every key's uses as well.
    pub fn with_uses(self, uses: Uses) -> SaveJob {
        SaveJob { uses, ..self }
    }

    /// The next piece, of about `max` bytes (a single long string may exceed that); `None` after
    /// the last one.
    pub fn next_piece(&mut self, max: usize) -> Option<Vec<u8>> {
        if let Some(head) = self.head.take() {
            self.write_head(&head);
        }
        let stride = if self.key_delay_us > 0 { 1 } else { STRIDE };
        while !self.ended && self.writer.pending().len() < max {
            self.encode(stride, max);
            if self.key_delay_us > 0 && !self.writer.pending().is_empty() {
                break;
            }
        }
        let piece = self.writer.take();
        (!piece.is_empty()).then_some(piece)
    }

    /// How many keys were encoded so far.
    pub fn keys_done(&self) -> u64 {
        self.keys_done
    }

    /// How many keys there are.
    pub fn keys_total(&self) -> u64 {
        self.keys_total
    }

    /// Microseconds to wait after every piece, which then holds one key: rdb-key-save-delay, a
    /// setting that lets tests and learners see a save at work. 0 as a rule.
    pub fn key_delay_us(&self) -> u64 {
        self.key_delay_us
    }

    fn write_head(&mut self, head: &Head) {
        let w = &mut self.writer;
        w.header();
        w.aux("redis-ver", "7.0.15");
        w.aux("redis-bits", "64");
        w.aux("ctime", head.ctime.to_string());
        w.aux("used-mem", head.used_mem.to_string());
        if let Some(repl) = &head.repl {
            w.aux("repl-stream-db", repl.stream_db.to_string());
            w.aux("repl-id", repl.replid.0);
            w.aux("repl-offset", repl.offset.0.to_string());
        }
        w.aux("aof-base", "0");
        self.open_db();
    }

    /// Writes what stands in front of a database's keys.
    fn open_db(&mut self) {
        if let Some(db) = self.dbs.front() {
            self.writer.select_db(db.index as u64);
            self.writer.resize_db(db.keys, db.expires);
        }
    }

    /// Encodes up to so many keys, or the end; of a large value only as much as a piece holds.
    fn encode(&mut self, keys: usize, max: usize) {
        if let Some(writing) = &mut self.writing {
            if writing.step(self.writer.value(), max) {
                self.writing = None;
            }
            return;
        }
        let Some((segment, done)) = &mut self.current else { return self.next_segment() };
        let entries = segment.entries();
        for entry in entries.skip(*done).take(keys) {
            *done += 1;
            self.keys_done += 1;
            let w = &mut self.writer;
            if let Some(at) = entry.expire_at() {
                w.expire(at);
            }
            self.uses.write(entry, w);
            match entry.value() {
                Value::Str(text) => w.string_key(entry.key(), text, None),
                value => {
                    let mut writing = Writing::new(value.clone());
                    w.key(writing.kind(), entry.key());
                    if !writing.step(w.value(), max) {
                        self.writing = Some(writing);
                        break;
                    }
                }
            }
        }
        if *done == segment.len() {
            self.current = None;
        }
    }

    fn next_segment(&mut self) {
        match self.dbs.front_mut() {
            None => {
                self.writer.eof();
                self.ended = true;
            }
            Some(db) => match db.segments.pop() {
                Some(segment) => self.current = Some((segment, 0)),
                None => {
                    self.dbs.pop_front();
                    self.open_db();
                }
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Head, ReplAux, SaveJob};
    use crate::engine::keyspace::{Keyspace, Value};
    use crate::observe::{Offset, ReplId};
    use crate::wire::rdb::{Checksum, Decoder, Item, Options};
    use std::collections::BTreeMap;

    type Aux = (Vec<u8>, Vec<u8>);
    type Plain = BTreeMap<(u64, Vec<u8>), (Vec<u8>, Option<i64>)>;

    fn head(repl: Option<ReplAux>) -> Head {
        Head { ctime: 1_700_000_000, used_mem: 1 << 20, repl }
    }

    fn read(bytes: &[u8]) -> (Plain, Vec<Aux>) {
        let mut decoder = Decoder::new();
        decoder.push(bytes);
        let (mut plain, mut aux, mut db) = (Plain::new(), Vec::new(), 0);
        while let Some(item) = decoder.next().expect("a valid RDB") {
            match item {
                Item::SelectDb(n) => db = n,
                Item::Aux { key, value } => aux.push((key.to_vec(), value.to_vec())),
                Item::String { key, value, hints, .. } => {
                    let held = (value.to_vec(), hints.expire_ms);
                    assert!(plain.insert((db, key.to_vec()), held).is_none(), "a key came twice");
                }
                Item::End { checksum } => assert_eq!(checksum, Checksum::Checked),
                _ => {}
            }
        }
        assert!(decoder.finished() && decoder.leftover().is_empty());
        (plain, aux)
    }

    fn as_plain(keyspace: &Keyspace) -> Plain {
        let mut plain = Plain::new();
        for db in 0..keyspace.databases() {
            for e in keyspace.db(db).iter() {
                let value = (e.value().bytes().into_owned(), e.expire_at());
                plain.insert((db as u64, e.key().to_vec()), value);
            }
        }
        plain
    }

    #[test]
    fn save_is_the_state_of_its_beginning_whatever_is_written_meanwhile() {
        let mut keyspace = Keyspace::new(4, 7);
        for i in 0..20_000u32 {
            let expire = (i % 7 == 0).then_some(2_000_000_000_000 + i64::from(i));
            let key = format!("key:{i}");
            let value = Value::string(format!("value {}", i * 3).as_bytes());
            keyspace.db_mut((i % 3) as usize).insert(key.as_bytes(), value, expire, 0);
        }
        keyspace.db_mut(0).update(b"key:0", |v| v.make_raw().extend_from_slice(b" grown"));
        let then = as_plain(&keyspace);
        let snapshot = keyspace.snapshot();
        let mut job = SaveJob::new(snapshot, head(None), Options::default(), 0);
        let (mut bytes, mut pieces, mut changes) = (Vec::new(), 0, 0u32);
        while let Some(piece) = job.next_piece(4096) {
            assert!(piece.len() < 6000, "pieces are bounded: {}", piece.len());
            bytes.extend_from_slice(&piece);
            pieces += 1;
            for _ in 0..1000 {
                changes += 1;
                let n = changes.wrapping_mul(2_654_435_761) % 24_000;
                let (key, db) = (format!("key:{n}"), keyspace.db_mut((n % 4) as usize));
                match changes % 5 {
                    0 => drop(db.remove(key.as_bytes())),
                    1 => drop(db.update(key.as_bytes(), |v| v.make_raw().push(b'x'))),
                    2 => drop(db.set_expire(key.as_bytes(), Some(9))),
                    _ => drop(db.insert(key.as_bytes(), Value::Int(n.into()), None, 0)),
                }
            }
            if pieces == 40 {
                drop(keyspace.db_mut(1).take());
                keyspace.swap(0, 2);
            }
        }
        assert!(changes >= 100_000, "{changes} changes were made between {pieces} pieces");
        assert_eq!(job.keys_done(), 20_000);
        assert_ne!(as_plain(&keyspace), then);
        assert_eq!(read(&bytes).0, then);
        drop(job);
        assert_eq!(keyspace.shared_segments().0, 0, "nothing is held when it is done");
    }

    #[test]
    fn head_bears_the_history_if_there_is_one() {
        let repl =
            ReplAux { stream_db: 3, replid: ReplId([b'a'; 40]), offset: Offset(5_000_000_000) };
        let empty = Keyspace::new(1, 7);
        let mut job = SaveJob::new(empty.snapshot(), head(Some(repl)), Options::default(), 0);
        let bytes = job.next_piece(1 << 20).expect("a head");
        assert_eq!(job.next_piece(1 << 20), None);
        let (keys, aux) = read(&bytes);
        assert!(keys.is_empty());
        let text: Vec<String> = aux
            .iter()
            .map(|(k, v)| String::from_utf8_lossy(&[&k[..], b"=", &v[..]].concat()).into_owned())
            .collect();
        let id = "a".repeat(40);
        assert_eq!(
            text,
            [
                "redis-ver=7.0.15",
                "redis-bits=64",
                "ctime=1700000000",
                "used-mem=1048576",
                "repl-stream-db=3",
                &format!("repl-id={id}"),
                "repl-offset=5000000000",
                "aof-base=0"
            ]
        );
    }

    #[test]
    fn key_delay_makes_a_piece_of_every_key() {
        let mut keyspace = Keyspace::new(1, 7);
        for i in 0..5 {
            keyspace.db_mut(0).insert(format!("{i}").as_bytes(), Value::Int(i), None, 0);
        }
        let mut job = SaveJob::new(keyspace.snapshot(), head(None), Options::default(), 10);
        let mut done = Vec::new();
        while job.next_piece(1 << 16).is_some() {
            done.push(job.keys_done());
        }
        assert_eq!(done.last(), Some(&5));
        assert!(done.windows(2).all(|d| d[1] - d[0] <= 1), "{done:?}");
    }
}
