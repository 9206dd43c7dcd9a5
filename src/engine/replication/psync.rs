//! May this replica go on from where it stopped? A pure judgement.
//!
//! In: what was asked, and the numbers that this instance stands by. Out: the verdict with the
//! comparison that decided it. It changes nothing.

use super::ids::Ids;
use super::stream::Stream;
use crate::observe::{Offset, PsyncVerdict, Standing};

/// Judges `PSYNC asked_id asked_offset`, where `asked_offset` is the first byte that the replica
/// lacks. The rule itself is `Standing`'s, so that a screen that asks `what if` uses the same.
pub fn judge(asked_id: &[u8], asked_offset: i64, ids: &Ids, stream: &Stream) -> PsyncVerdict {
    let Ids { replid, replid2, second_offset } = *ids;
    let backlog = stream.is_active().then(|| (Offset(stream.first()), stream.histlen() as u64));
    let standing = Standing { replid, replid2, second_offset: Offset(second_offset), backlog };
    standing.judge(asked_id, Offset(asked_offset))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::{FullReason, ReplId};

    fn id(c: u8) -> ReplId {
        ReplId([c; 40])
    }

    /// Offsets 101..=110 are held; the history before was `b` up to 105.
    fn world() -> (Ids, Stream) {
        let mut stream = Stream::at(100);
        stream.activate();
        stream.append(b"0123456789", 16384);
        (Ids { replid: id(b'a'), replid2: id(b'b'), second_offset: 105 }, stream)
    }

    #[test]
    fn the_window_decides_to_the_byte() {
        let (ids, stream) = world();
        let ask = |offset| judge(&id(b'A').0, offset, &ids, &stream);
        assert_eq!(ask(100), PsyncVerdict::Full(FullReason::BeforeBacklog));
        assert_eq!(ask(101), PsyncVerdict::Continue { bytes: 10 });
        assert_eq!(ask(110), PsyncVerdict::Continue { bytes: 1 });
        assert_eq!(ask(111), PsyncVerdict::Continue { bytes: 0 });
        assert_eq!(ask(112), PsyncVerdict::Full(FullReason::AheadOfMaster));
        assert_eq!(ask(-1), PsyncVerdict::Full(FullReason::BeforeBacklog));
    }

    #[test]
    fn the_history_before_counts_up_to_the_parting() {
        let (ids, stream) = world();
        let ask = |offset| judge(&id(b'b').0, offset, &ids, &stream);
        assert_eq!(ask(105), PsyncVerdict::Continue { bytes: 6 });
        assert_eq!(ask(106), PsyncVerdict::Full(FullReason::BeyondSecondOffset));
    }

    #[test]
    fn other_ids_mean_a_full_sync() {
        let (ids, mut stream) = world();
        assert_eq!(judge(b"?", -1, &ids, &stream), PsyncVerdict::Full(FullReason::Asked));
        assert_eq!(
            judge(&id(b'c').0, 105, &ids, &stream),
            PsyncVerdict::Full(FullReason::UnknownId)
        );
        assert_eq!(judge(b"", 105, &ids, &stream), PsyncVerdict::Full(FullReason::UnknownId));
        stream.free();
        assert_eq!(
            judge(&id(b'a').0, 111, &ids, &stream),
            PsyncVerdict::Full(FullReason::NoBacklog)
        );
    }
}
