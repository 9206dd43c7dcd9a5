//! RDB bytes on their way into a fresh keyspace.

use super::save_job::ReplAux;
use super::values::{Building, ValueLimits, string};
use crate::engine::keyspace::{Key, Keyspace, Value};
use crate::engine::replication::MAX_OFFSET;
use crate::observe::{KeyType, LogLevel, Offset, Preview, ReplId};
use crate::wire::rdb::{Checksum, Decoder, Hints, Item, Part, RdbError, Text};
use crate::wire::text::printable;

/// Keys told one by one; after these only every [`SPARSE`]th.
const TOLD: u64 = 300;
const SPARSE: u64 = 1000;

/// Why a load failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LoadError {
    #[error(transparent)]
    Rdb(#[from] RdbError),
    /// The same key stands twice in one database.
    #[error("RDB has duplicated key '{}' in DB {db}", printable(key, 60))]
    Duplicate { db: usize, key: Vec<u8> },
    /// A database that this instance does not have.
    #[error(
        "FATAL: Data file was created with a Redis server configured to handle more than \
         {databases} databases. Exiting"
    )]
    DbOutOfRange { databases: usize },
}

/// What a push came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoadStep {
    /// The RDB is not whole yet.
    More,
    /// It is; what follows it was left alone.
    Whole,
}

/// What is done with a key whose time has passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expired {
    /// A replica keeps it, and waits for its master's DEL.
    Keep,
    /// A master drops keys that expired before this moment (Unix milliseconds).
    Drop { now_ms: i64 },
}

/// Something that a load has to tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    Log(LogLevel, String),
    /// A key that was loaded.
    Key {
        db: u32,
        key: Preview,
        kind: KeyType,
        value: Preview,
        bytes: u64,
        expire_at_ms: Option<i64>,
    },
}

/// Keys that room is made for before they come.
const EXPECTED: usize = 1 << 20;

/// Keys with an empty value that the log names.
const EMPTY_NAMED: u64 = 10;

/// Loads an RDB that is pushed in pieces, cut anywhere. The work of a push is bounded by its
/// length. The keyspace that it fills is its own: until [`Loader::finish`] nobody sees it, so that
/// a file that turns out to be broken leaves nothing behind.
#[derive(Debug)]
pub struct Loader {
    decoder: Decoder,
    filling: Filling,
}

/// What the records fill.
#[derive(Debug)]
struct Filling {
    into: Keyspace,
    limits: ValueLimits,
    db: usize,
    /// The key whose value is coming.
    building: Option<(Key, Hints, Building)>,
    expired: Expired,
    /// Unix seconds, for the age of the file.
    now_s: i64,
    clock_s: u32,
    version: u32,
    keys_loaded: u64,
    keys_expired: u64,
    keys_empty: u64,
    used_mem: u64,
    stream_db: i64,
    replid: Option<ReplId>,
    offset: Option<Offset>,
    dropped: Vec<(usize, Key)>,
    notes: Vec<Note>,
}

/// A data set that was loaded whole.
#[derive(Debug)]
pub struct Loaded {
    pub keyspace: Keyspace,
    pub keys_loaded: u64,
    pub keys_expired: u64,
    /// Keys left out because nothing was in them.
    pub keys_empty: u64,
    /// Bytes of the RDB.
    pub bytes: u64,
    /// The replication history, if the file names it whole.
    pub repl: Option<ReplAux>,
    /// Keys that were dropped as expired: whoever goes on with that history owes it their DELs.
    pub dropped: Vec<(usize, Key)>,
}

impl Loader {
    /// Loads into `into`, which should be empty. `verify` is rdbchecksum; `clock_s` the clients'
    /// clock, for idle times.
    pub fn new(
        into: Keyspace,
        limits: ValueLimits,
        expired: Expired,
        verify: bool,
        now_s: i64,
        clock_s: u32,
    ) -> Loader {
        let filling = Filling {
            into,
            limits,
            db: 0,
            building: None,
            expired,
            now_s,
            clock_s,
            version: 0,
            keys_loaded: 0,
            keys_expired: 0,
            keys_empty: 0,
            used_mem: 0,
            stream_db: -1,
            replid: None,
            offset: None,
            dropped: Vec::new(),
            notes: Vec::new(),
        };
        Loader { decoder: Decoder::new().verify_checksum(verify), filling }
    }

    /// Takes the next bytes and loads what is complete. An error is final.
    pub fn push(&mut self, bytes: &[u8]) -> Result<LoadStep, LoadError> {
        self.decoder.push(bytes);
        while let Some(item) = self.decoder.next()? {
            self.filling.take(item)?;
        }
        Ok(if self.decoder.finished() { LoadStep::Whole } else { LoadStep::More })
    }

    /// Whether all that was pushed makes a whole RDB; else why not.
    pub fn check_whole(&self) -> Result<(), LoadError> {
        Ok(self.decoder.end_of_input()?)
    }

    /// When no more bytes will come: the data set, or why it is none.
    pub fn finish(self) -> Result<Loaded, LoadError> {
        self.decoder.end_of_input()?;
        let filled = self.filling;
        let repl = match (filled.replid, filled.offset) {
            // A stream database of -1 was written by old versions that did not know it.
            (Some(replid), Some(offset)) if filled.stream_db >= 0 => {
                Some(ReplAux { stream_db: filled.stream_db, replid, offset })
            }
            _ => None,
        };
        Ok(Loaded {
            keys_loaded: filled.keys_loaded,
            keys_expired: filled.keys_expired,
            keys_empty: filled.keys_empty,
            bytes: self.decoder.consumed(),
            repl,
            dropped: filled.dropped,
            keyspace: filled.into,
        })
    }

    /// Takes what there is to tell since the last call.
    pub fn take_notes(&mut self) -> Vec<Note> {
        std::mem::take(&mut self.filling.notes)
    }

    /// Bytes of the RDB that were loaded.
    pub fn loaded_bytes(&self) -> u64 {
        self.decoder.consumed()
    }

    /// The memory that the file says its data took.
    pub fn used_mem(&self) -> u64 {
        self.filling.used_mem
    }

    /// Keys loaded, and keys dropped as expired, so far.
    pub fn counts(&self) -> (u64, u64) {
        (self.filling.keys_loaded, self.filling.keys_expired)
    }
}

impl Filling {
    fn log(&mut self, level: LogLevel, text: String) {
        self.notes.push(Note::Log(level, text));
    }

    fn take(&mut self, item: Item<'_>) -> Result<(), LoadError> {
        match item {
            Item::Version(version) => self.version = version,
            Item::ResizeDb { keys, .. } => {
                // It may lie: this many cost two megabytes at most.
                let keys = usize::try_from(keys).unwrap_or(usize::MAX).min(EXPECTED);
                self.into.db_mut(self.db).expect(keys);
            }
            Item::Aux { key, value } => key.with(|key| value.with(|value| self.aux(key, value))),
            Item::SelectDb(db) => {
                let databases = self.into.databases();
                self.db = usize::try_from(db)
                    .ok()
                    .filter(|db| *db < databases)
                    .ok_or(LoadError::DbOutOfRange { databases })?;
            }
            Item::String { key, value, hints, encoded_bytes } => {
                let value = string(value);
                key.with(|key| self.key(key, value, hints, encoded_bytes))?;
            }
            Item::Value { key, kind, count, hints } => {
                let building = Building::begin(kind, count, &self.limits)?;
                self.building = Some((key.with(|key| Key::from(key)), hints, building));
            }
            Item::Part(part) => self.part(part)?,
            Item::ValueEnd { encoded_bytes } => self.value_end(encoded_bytes)?,
            Item::End { checksum } => {
                if checksum == Checksum::Absent && self.version >= 5 {
                    let text = "RDB file was saved with checksum disabled: no check performed.";
                    self.log(LogLevel::Warning, text.into());
                }
            }
        }
        Ok(())
    }

    fn part(&mut self, part: Part<Text<'_>>) -> Result<(), LoadError> {
        match &mut self.building {
            Some((_, _, building)) => Ok(building.part(part)?),
            None => Ok(()),
        }
    }

    fn value_end(&mut self, bytes: u64) -> Result<(), LoadError> {
        let Some((key, hints, building)) = self.building.take() else { return Ok(()) };
        match building.end()? {
            Some(value) => self.key(&key, value, hints, bytes),
            // No such key can be: Redis goes on without it.
            None => {
                self.keys_empty += 1;
                if self.keys_empty <= EMPTY_NAMED {
                    let name = String::from_utf8_lossy(&key);
                    let text = format!("rdbLoadObject skipping empty key: {name}");
                    self.log(LogLevel::Warning, text);
                }
                Ok(())
            }
        }
    }

    fn key(&mut self, key: &[u8], value: Value, hints: Hints, bytes: u64) -> Result<(), LoadError> {
        let expire_ms = hints.expire_ms;
        if let Expired::Drop { now_ms } = self.expired
            && expire_ms.is_some_and(|at| at < now_ms)
        {
            self.keys_expired += 1;
            self.dropped.push((self.db, key.into()));
            return Ok(());
        }
        if self.keys_loaded < TOLD || self.keys_loaded.is_multiple_of(SPARSE) {
            self.notes.push(Note::Key {
                db: self.db as u32,
                key: Preview::of(key),
                kind: value.key_type(),
                value: Preview::of(&value.preview()),
                bytes,
                expire_at_ms: expire_ms,
            });
        }
        let idle = u32::try_from(hints.idle.unwrap_or(0)).unwrap_or(u32::MAX);
        let used_s = self.clock_s.saturating_sub(idle);
        let db = self.into.db_mut(self.db);
        if db.insert(key, value, expire_ms, used_s).is_some() {
            return Err(LoadError::Duplicate { db: self.db, key: key.to_vec() });
        }
        if let Some(counter) = hints.freq
            && self.limits.counts_uses
            && let Some(entry) = db.get(key)
        {
            entry.touch_counted(self.clock_s, counter);
        }
        self.keys_loaded += 1;
        Ok(())
    }

    fn aux(&mut self, key: &[u8], value: &[u8]) {
        let text = || printable(value, 200);
        let number = || std::str::from_utf8(value).ok().and_then(|v| v.trim().parse::<i64>().ok());
        let is = |name: &str| key.eq_ignore_ascii_case(name.as_bytes());
        if key.starts_with(b"%") {
            self.log(LogLevel::Notice, format!("RDB '{}': {}", printable(key, 200), text()));
        } else if is("repl-stream-db") {
            self.stream_db = number().unwrap_or(-1);
        } else if is("repl-id") {
            self.replid = ReplId::from_bytes(value).or(self.replid);
        } else if is("repl-offset") {
            let sane = |n: &i64| (0..=MAX_OFFSET).contains(n);
            self.offset = number().filter(sane).map(Offset);
        } else if is("redis-ver") {
            self.log(LogLevel::Notice, format!("Loading RDB produced by version {}", text()));
        } else if is("ctime") {
            let age = self.now_s.saturating_sub(number().unwrap_or(0)).max(0);
            self.log(LogLevel::Notice, format!("RDB age {age} seconds"));
        } else if is("used-mem") {
            self.used_mem = number().and_then(|n| u64::try_from(n).ok()).unwrap_or(0);
            let mb = self.used_mem as f64 / (1024.0 * 1024.0);
            self.log(LogLevel::Notice, format!("RDB memory usage when created {mb:.2} Mb"));
        } else if is("aof-preamble") && number().unwrap_or(0) != 0 {
            self.log(LogLevel::Notice, "RDB has an AOF tail".into());
        } else if is("aof-base") && number().unwrap_or(0) != 0 {
            self.log(LogLevel::Notice, "RDB is base AOF".into());
        } else if !["lua", "redis-bits", "aof-preamble", "aof-base"].iter().any(|n| is(n)) {
            let name = printable(key, 200);
            self.log(LogLevel::Debug, format!("Unrecognized RDB AUX field: '{name}'"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Expired, LoadError, LoadStep, Loader, Note, ValueLimits};
    use crate::engine::config::Config;
    use crate::engine::keyspace::{Keyspace, Value};
    use crate::engine::persist::save_job::{Head, ReplAux, SaveJob};
    use crate::observe::{LogLevel, Offset, ReplId};
    use crate::wire::rdb::{Options, RdbError, Writer};

    /// Database, key, value, expiry.
    type Told = (usize, Vec<u8>, Vec<u8>, Option<i64>);

    fn loader(expired: Expired) -> Loader {
        let into = Keyspace::new(4, 3);
        let limits = ValueLimits::new(&Config::default(), into.seed(), false);
        Loader::new(into, limits, expired, true, 1_700_000_060, 0)
    }

    fn saved(keys: &Keyspace) -> Vec<u8> {
        let repl = ReplAux { stream_db: 0, replid: ReplId([b'b'; 40]), offset: Offset(77) };
        let head = Head { ctime: 1_700_000_000, used_mem: 1 << 20, repl: Some(repl) };
        let mut job = SaveJob::new(keys.snapshot(), head, Options::default(), 0);
        let mut bytes = Vec::new();
        while let Some(piece) = job.next_piece(1000) {
            bytes.extend_from_slice(&piece);
        }
        bytes
    }

    fn some_keys() -> Keyspace {
        let mut keys = Keyspace::new(4, 9);
        for i in 0..500i64 {
            let expire = (i % 2 == 0).then_some(i);
            let db = keys.db_mut((i % 3) as usize);
            db.insert(format!("k{i}").as_bytes(), Value::Int(i), expire, 0);
        }
        keys
    }

    fn facts(keys: &Keyspace) -> Vec<Told> {
        let mut all = Vec::new();
        for db in 0..keys.databases() {
            for e in keys.db(db).iter() {
                all.push((db, e.key().to_vec(), e.value().bytes().to_vec(), e.expire_at()));
            }
        }
        all.sort();
        all
    }

    #[test]
    fn load_gives_back_what_was_saved_from_pieces_of_any_size() {
        let keys = some_keys();
        let bytes = saved(&keys);
        for size in [1, 7, 100, bytes.len()] {
            let mut loader = loader(Expired::Keep);
            let mut last = LoadStep::More;
            for piece in bytes.chunks(size) {
                assert_eq!(last, LoadStep::More);
                last = loader.push(piece).expect("a valid RDB");
            }
            assert_eq!(last, LoadStep::Whole);
            let loaded = loader.finish().expect("a whole RDB");
            assert_eq!((loaded.keys_loaded, loaded.keys_expired), (500, 0));
            assert_eq!(loaded.bytes, bytes.len() as u64);
            assert_eq!(loaded.repl.map(|r| r.offset), Some(Offset(77)));
            assert_eq!(facts(&loaded.keyspace), facts(&keys));
        }
    }

    #[test]
    fn master_drops_what_has_expired_and_names_it() {
        let bytes = saved(&some_keys());
        let mut loader = loader(Expired::Drop { now_ms: 100 });
        loader.push(&bytes).expect("a valid RDB");
        let loaded = loader.finish().expect("a whole RDB");
        assert_eq!((loaded.keys_loaded, loaded.keys_expired), (450, 50));
        assert_eq!(loaded.dropped.len(), 50);
        assert!(loaded.dropped.contains(&(2, b"k98"[..].into())));
        assert!(loaded.keyspace.db(1).get(b"k100").is_some(), "a key that is due just now stays");
    }

    #[test]
    fn log_lines_are_redis_own() {
        let mut loader = loader(Expired::Keep);
        loader.push(&saved(&some_keys())).expect("a valid RDB");
        let notes = loader.take_notes();
        let lines: Vec<&str> = notes
            .iter()
            .filter_map(|n| match n {
                Note::Log(LogLevel::Notice, text) => Some(text.as_str()),
                _ => None,
            })
            .collect();
        let expected = [
            "Loading RDB produced by version 7.0.15",
            "RDB age 60 seconds",
            "RDB memory usage when created 1.00 Mb",
        ];
        assert_eq!(lines, expected);
        let told = notes.iter().filter(|n| matches!(n, Note::Key { .. })).count();
        assert_eq!(told, 300, "every key at first, then a sample");
    }

    #[test]
    fn broken_files_are_refused_with_the_reason() {
        let good = saved(&some_keys());
        let fails = |bytes: &[u8]| {
            let mut l = loader(Expired::Keep);
            l.push(bytes).err().or_else(|| l.finish().err()).expect("an error")
        };
        assert_eq!(fails(&good[..good.len() - 3]), LoadError::Rdb(RdbError::ShortRead));
        let mut bad = good.clone();
        let at = bad.len() - 1;
        bad[at] ^= 1;
        assert!(matches!(fails(&bad), LoadError::Rdb(RdbError::ChecksumMismatch { .. })));
        assert_eq!(fails(b"RUBBISH00"), LoadError::Rdb(RdbError::WrongSignature));
        let module = b"REDIS0010\xfe\x00\x07\x04mine\x81AAAAAAAA\x00";
        assert_eq!(
            fails(module).to_string(),
            "The RDB file contains module data I can't load: no matching module type 'QUFBQUFBQ'"
        );
        let mut w = Writer::new(Options::default());
        w.header();
        w.select_db(1);
        w.string_key(b"twice", b"1", None);
        w.string_key(b"twice", b"2", None);
        w.eof();
        let twice = LoadError::Duplicate { db: 1, key: b"twice".to_vec() };
        assert_eq!(fails(&w.take()), twice);
        let mut w = Writer::new(Options::default());
        w.header();
        w.select_db(4);
        w.eof();
        assert_eq!(fails(&w.take()), LoadError::DbOutOfRange { databases: 4 });
    }
}
