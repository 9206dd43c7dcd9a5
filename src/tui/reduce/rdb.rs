//! The RDB of each link's last transfer, record by record.

use super::link::LinkKey;
use crate::observe::{Body, Event, Fact, Now, Raw, RdbWhat, Side, Source};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Records kept of a transfer: a little more than an instance tells.
pub const KEPT: usize = 1100;

/// A record of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    pub seen: Now,
    /// Its place in the file, and its bytes.
    pub at: u64,
    pub raw: Raw,
    pub what: RdbWhat,
}

/// One file on its way.
#[derive(Clone, Debug, Default)]
pub struct File {
    pub records: Vec<Arc<Record>>,
    /// Keys among them.
    pub keys: u64,
    told_by: Option<Side>,
}

impl File {
    /// Whether not all of its records are told, or will be.
    pub fn is_cut(&self) -> bool {
        // An instance tells so many of a transfer, then the end.
        self.records.len() >= 1000
    }

    /// Bytes of the file that were told of.
    pub fn bytes(&self) -> u64 {
        self.records.last().map_or(0, |r| match r.what {
            RdbWhat::Untold { bytes } => r.at + bytes,
            _ => r.at + r.raw.len(),
        })
    }
}

/// The last file of every link.
#[derive(Clone, Debug, Default)]
pub struct Rdbs {
    by_key: BTreeMap<LinkKey, File>,
}

impl Rdbs {
    /// Folds one event.
    pub fn apply(&mut self, event: &Event) {
        let (Source::Instance(me), Body::Fact(Fact::RdbItem { link, at, raw, what })) =
            (event.source, &event.body)
        else {
            return;
        };
        let file = self.by_key.entry(LinkKey::seen_by(me, link)).or_default();
        // What arrived is told by the replica, if that one is ours; else the master knows what left.
        let first = matches!(what, RdbWhat::Magic { .. });
        match (file.told_by, link.side) {
            (Some(Side::Replica), Side::Master) => return,
            (Some(Side::Master), Side::Replica) => *file = File::default(),
            _ if first => *file = File::default(),
            _ => {}
        }
        file.told_by = Some(link.side);
        if file.records.len() < KEPT {
            file.keys += u64::from(matches!(what, RdbWhat::Key(_)));
            let (raw, what) = (raw.clone(), what.clone());
            file.records.push(Arc::new(Record { seen: event.at, at: *at, raw, what }));
        }
    }

    /// The file that passed last, or passes now, on this link.
    pub fn link(&self, key: &LinkKey) -> Option<&File> {
        self.by_key.get(key).filter(|file| !file.records.is_empty())
    }
}
