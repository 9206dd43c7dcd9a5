use super::{FullReason, Offset, PsyncVerdict, ReplId};
use serde::{Deserialize, Serialize};

/// A judged PSYNC: what was asked, what the master compared it with, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// The id that the replica sent, or `?`.
    pub asked_id: String,
    /// The first byte that the replica wants.
    pub asked_offset: Offset,
    pub replid: ReplId,
    pub replid2: ReplId,
    pub second_offset: Offset,
    /// First byte held and how many, when there is a backlog.
    pub backlog: Option<(Offset, u64)>,
    pub master_offset: Offset,
    pub verdict: PsyncVerdict,
}

/// The numbers by which an instance judges a PSYNC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    pub replid: ReplId,
    pub replid2: ReplId,
    /// The first byte that `replid2` does not vouch for any more.
    pub second_offset: Offset,
    /// First byte held and how many, when there is a backlog.
    pub backlog: Option<(Offset, u64)>,
}

impl Standing {
    /// Judges `PSYNC id offset`, where `offset` is the first byte that the replica lacks. The id
    /// must name this history (or the one before it, up to the point where they part), and every
    /// byte from the offset on must still be held.
    pub fn judge(&self, id: &[u8], offset: Offset) -> PsyncVerdict {
        if !self.replid.matches(id) {
            if !self.replid2.matches(id) {
                return PsyncVerdict::Full(match id.first() {
                    Some(b'?') => FullReason::Asked,
                    _ => FullReason::UnknownId,
                });
            }
            if offset > self.second_offset {
                return PsyncVerdict::Full(FullReason::BeyondSecondOffset);
            }
        }
        let Some((first, len)) = self.backlog else {
            return PsyncVerdict::Full(FullReason::NoBacklog);
        };
        let next = first + i64::try_from(len).unwrap_or(i64::MAX);
        if offset < first {
            return PsyncVerdict::Full(FullReason::BeforeBacklog);
        }
        if offset > next {
            return PsyncVerdict::Full(FullReason::AheadOfMaster);
        }
        PsyncVerdict::Continue { bytes: u64::try_from(next - offset).unwrap_or(0) }
    }
}
