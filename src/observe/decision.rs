use super::{Offset, PsyncVerdict, ReplId};
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
