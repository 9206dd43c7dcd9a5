use super::{Preview, Raw};
use crate::wire::rdb::walk::{Clip, Element, Item, What};
use crate::wire::rdb::{Checksum, walk::WalkError};
use serde::{Deserialize, Serialize};

/// One record of an RDB that passes, decoded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RdbWhat {
    /// `REDIS` and the version.
    Magic {
        version: u32,
    },
    Aux {
        name: Preview,
        value: Preview,
    },
    SelectDb {
        db: u64,
    },
    /// A hint: keys of the database to come, and how many of them expire.
    ResizeDb {
        keys: u64,
        expires: u64,
    },
    Function {
        source: Preview,
    },
    ModuleAux {
        module: String,
    },
    Key(Box<RdbKey>),
    Eof,
    /// The sum that stands at the end.
    Checksum {
        sum: u64,
        verdict: RdbSum,
    },
    /// From here on nothing was looked at: so many bytes, up to the end mark.
    Untold {
        bytes: u64,
    },
    /// What stands here cannot be read.
    Broken {
        error: String,
        hint: String,
    },
}

/// A key with its value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RdbKey {
    pub db: u64,
    pub key: Preview,
    /// The type byte; [`Kind`](crate::wire::rdb::walk::Kind) knows its names.
    pub kind: u8,
    /// Elements; of a string its bytes; of a stream its entries.
    pub size: u64,
    /// Consumer groups.
    pub groups: u64,
    /// The first few elements.
    pub sample: Vec<RdbElement>,
    /// Unix time in milliseconds.
    pub expire_at_ms: Option<i64>,
    /// Seconds since it was used.
    pub idle: Option<u64>,
    /// LFU counter.
    pub freq: Option<u8>,
}

/// An element of a value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RdbElement {
    One(Preview),
    Pair(Preview, Preview),
    /// Member and score, as Redis prints it.
    Scored(Preview, String),
    /// Id and fields of a stream's entry.
    Entry {
        id: String,
        fields: Vec<(Preview, Preview)>,
    },
}

/// What the checksum says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RdbSum {
    /// It is the sum of the bytes.
    Right,
    /// Zero: none was made.
    Absent,
    /// Nobody added the bytes up here.
    Unchecked,
}

/// Bytes kept of a record.
const RAW: usize = 128;

impl RdbWhat {
    /// The meaning of a record; `None` for a part of one.
    pub fn of(what: &What) -> Option<RdbWhat> {
        Some(match what {
            What::Magic { version } => RdbWhat::Magic { version: *version },
            What::Aux { name, value } => {
                RdbWhat::Aux { name: preview(name), value: preview(value) }
            }
            What::SelectDb(db) => RdbWhat::SelectDb { db: *db },
            What::ResizeDb { keys, expires } => {
                RdbWhat::ResizeDb { keys: *keys, expires: *expires }
            }
            What::Function { source } => RdbWhat::Function { source: preview(source) },
            What::ModuleAux { module } => RdbWhat::ModuleAux { module: module.clone() },
            What::Key(key) => RdbWhat::Key(Box::new(RdbKey {
                db: key.db,
                key: preview(&key.key),
                kind: key.kind.0,
                size: key.size,
                groups: key.groups,
                sample: key.sample.iter().map(RdbElement::of).collect(),
                expire_at_ms: key.expire_ms,
                idle: key.idle,
                freq: key.freq,
            })),
            What::Eof => RdbWhat::Eof,
            What::Checksum(verdict, sum) => {
                let verdict = match verdict {
                    Checksum::Checked => RdbSum::Right,
                    Checksum::Absent => RdbSum::Absent,
                    Checksum::Skipped => RdbSum::Unchecked,
                };
                RdbWhat::Checksum { sum: *sum, verdict }
            }
            _ => return None,
        })
    }

    /// Where the walk through the file had to stop.
    pub fn broken(error: &WalkError) -> RdbWhat {
        RdbWhat::Broken { error: error.to_string(), hint: error.hint().to_owned() }
    }
}

impl RdbElement {
    /// An element of a value.
    pub fn of(element: &Element) -> RdbElement {
        match element {
            Element::One(text) => RdbElement::One(preview(text)),
            Element::Pair(field, value) => RdbElement::Pair(preview(field), preview(value)),
            Element::Scored(member, score) => {
                RdbElement::Scored(preview(member), crate::wire::num::fmt_f64_17g(*score))
            }
            Element::Entry { id: (ms, seq), shown, .. } => RdbElement::Entry {
                id: format!("{ms}-{seq}"),
                fields: shown.iter().map(|(f, v)| (preview(f), preview(v))).collect(),
            },
        }
    }
}

/// The bytes of a record, as far as they are kept.
pub fn raw_of(item: &Item) -> Raw {
    Raw::part(&item.raw.bytes[..item.raw.bytes.len().min(RAW)], item.len)
}

fn preview(clip: &Clip) -> Preview {
    Preview::part(&clip.bytes, clip.len)
}
