//! What a walk finds.

use super::Checksum;

/// The beginning of some bytes, and how many there are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Clip {
    pub bytes: Vec<u8>,
    pub len: u64,
}

impl Clip {
    /// Bytes kept of a text.
    pub const TEXT: usize = 256;
    /// Bytes kept of an item as it stands in the file.
    pub const RAW: usize = 512;

    /// The beginning of `bytes`.
    pub fn of(bytes: &[u8]) -> Clip {
        let mut clip = Clip::default();
        clip.add(bytes, Clip::TEXT);
        clip
    }

    /// Whether some bytes were not kept.
    pub fn is_cut(&self) -> bool {
        self.len > self.bytes.len() as u64
    }

    /// More of the same bytes; at most `max` are kept.
    pub(super) fn add(&mut self, bytes: &[u8], max: usize) {
        let room = max.saturating_sub(self.bytes.len());
        self.bytes.extend_from_slice(&bytes[..bytes.len().min(room)]);
        self.len += bytes.len() as u64;
    }

    pub(super) fn number(n: i64) -> Clip {
        Clip::of(n.to_string().as_bytes())
    }
}

/// The type of a value, by the byte that stands in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind(pub u8);

impl Kind {
    /// What the TYPE command says.
    pub fn name(self) -> &'static str {
        super::super::format::type_name(self.0).unwrap_or("unknown")
    }

    /// How this type byte lays the value out.
    pub fn layout(self) -> &'static str {
        match self.0 {
            0 => "string",
            1 => "plain list",
            2 => "plain set",
            3 => "plain zset, scores as text",
            4 => "plain hash",
            5 => "plain zset",
            6 => "module, first format",
            7 => "module",
            9 => "zipmap",
            10 | 12 | 13 => "ziplist",
            11 => "intset",
            14 => "quicklist of ziplists",
            15 => "stream of Redis 5",
            16 | 17 => "listpack",
            18 => "quicklist",
            19 => "stream",
            _ => "unknown",
        }
    }
}

/// One element of a value.
#[derive(Clone, Debug, PartialEq)]
pub enum Element {
    /// Of a list or a set; or a string's whole value.
    One(Clip),
    /// Field and value of a hash.
    Pair(Clip, Clip),
    /// Member and score of a sorted set.
    Scored(Clip, f64),
    /// An entry of a stream: its id, whether it was deleted, its fields (the first few of them).
    Entry { id: (u64, u64), deleted: bool, fields: u64, shown: Vec<(Clip, Clip)> },
}

/// A key with its value, once all of it has passed.
#[derive(Clone, Debug, PartialEq)]
pub struct KeyEnd {
    pub db: u64,
    pub key: Clip,
    pub kind: Kind,
    /// Elements; of a string its bytes; of a stream the entries that are not deleted.
    pub size: u64,
    /// Consumer groups of a stream.
    pub groups: u64,
    /// The first few elements.
    pub sample: Vec<Element>,
    /// Unix time in milliseconds.
    pub expire_ms: Option<i64>,
    /// Seconds since it was used.
    pub idle: Option<u64>,
    /// LFU counter.
    pub freq: Option<u8>,
}

/// The meaning of an item.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    // ── records ───────────────────────────────────────────────────────────────────────────────
    /// `REDIS` and four digits.
    Magic {
        version: u32,
    },
    Aux {
        name: Clip,
        value: Clip,
    },
    SelectDb(u64),
    /// A hint: keys in this database, and how many of them expire.
    ResizeDb {
        keys: u64,
        expires: u64,
    },
    /// The source of a function library.
    Function {
        source: Clip,
    },
    /// Data that a module keeps outside of the keys.
    ModuleAux {
        module: String,
    },
    Key(Box<KeyEnd>),
    /// The byte FF.
    Eof,
    Checksum(Checksum, u64),

    // ── parts of a key's record ───────────────────────────────────────────────────────────────
    /// When the key to come expires: Unix time in milliseconds. `seconds`: the old opcode.
    ExpireAt {
        ms: i64,
        seconds: bool,
    },
    Idle(u64),
    Freq(u8),
    /// The type byte and the key.
    Name {
        kind: Kind,
        key: Clip,
    },
    /// How many of them follow.
    Count {
        of: &'static str,
        n: u64,
    },
    /// A string begins that is a container of `bytes`; `packed` is its length in the file if it is
    /// compressed there: what follows then lies in the unpacked bytes.
    Blob {
        format: &'static str,
        bytes: u64,
        packed: Option<u64>,
    },
    /// A container begins: so many bytes, entries if it says so.
    Container {
        format: &'static str,
        bytes: u64,
        entries: Option<u64>,
    },
    /// The end mark of a container.
    ContainerEnd,
    /// A string by itself: `from` says how it stands in the file.
    Text {
        text: Clip,
        from: TextForm,
    },
    Element(Element),
    /// The fields that most entries of a stream's node have, and how many entries it holds.
    NodeHead {
        id: (u64, u64),
        entries: u64,
        deleted: u64,
        fields: u64,
    },
    /// A number with a name of Redis's own.
    Number {
        name: &'static str,
        n: u64,
    },
    /// An id with a name of Redis's own.
    Id {
        name: &'static str,
        id: (u64, u64),
    },
    /// A consumer group; `read` is `None` where it is not known.
    Group {
        name: Clip,
        last: (u64, u64),
        read: Option<u64>,
    },
    /// An entry that was delivered and not acknowledged.
    Pending {
        id: (u64, u64),
        delivered_ms: u64,
        deliveries: u64,
    },
    Consumer {
        name: Clip,
        seen_ms: u64,
    },
    /// One field of a module's own data.
    ModuleField {
        kind: &'static str,
        shown: Clip,
    },
}

/// How a string stands in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextForm {
    Plain,
    /// As an integer of so many bytes.
    Int(u8),
    /// Compressed to so many bytes.
    Lzf(u64),
}

/// Something that stands in the file.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// Where it begins, counted from the start of the file; with `unpacked`, from the start of the
    /// container that was compressed.
    pub at: u64,
    /// How many bytes it takes.
    pub len: u64,
    /// Those bytes: the beginning of them.
    pub raw: Clip,
    /// 0: a record. 1: a part of a key. 2: an entry of a container, and so on.
    pub depth: u8,
    /// It lies inside of a compressed container: `at`, `len` and `raw` are those of the bytes that
    /// were compressed.
    pub unpacked: bool,
    pub what: What,
}
