//! ZSCAN: members with scores, by cursor.

use super::collection_scan::{self, Scan};
use crate::engine::Engine;
use crate::engine::call::flags::READONLY;
use crate::engine::call::{Call, CommandSpec, Group, KeySpec, acl};
use crate::engine::types::ZSet;
use crate::engine::types::zset::ZSetRepr;
use crate::wire::num::fmt_f64_17g;

pub(super) const SPECS: &[CommandSpec] =
    &[CommandSpec::new("zscan", -3, zscan, Group::SortedSet, "2.8.0")
        .flags(READONLY)
        .acl(acl::SORTEDSET)
        .tips(&["nondeterministic_output"])
        .keys(&[KeySpec::range("RO access", 1, 0, 1)])];

fn zscan(e: &mut Engine, call: &Call<'_>) {
    let Some(from) = collection_scan::cursor_arg(e, call.arg(2)) else { return };
    let _ = e.reading::<ZSet, _>(call.arg(1), |zset, reply| {
        let Some(zset) = zset else { return collection_scan::empty(reply) };
        let Some(scan) = Scan::read(call, reply) else { return };
        let mut words: Vec<Vec<u8>> = Vec::new();
        let next = match zset.repr() {
            // Scores are shown as they stand there: whole ones as integers, however large.
            ZSetRepr::Packed(pack) => {
                let mut entries = pack.iter();
                while let (Some(member), Some(score)) = (entries.next(), entries.next()) {
                    let member = member.to_vec();
                    if scan.wants(&member) {
                        words.extend([member, score.to_vec()]);
                    }
                }
                0
            }
            ZSetRepr::Sorted(_) => zset.scan(from, scan.count, |member, score| {
                let member = member.to_vec();
                if scan.wants(&member) {
                    words.extend([member, fmt_f64_17g(score).into_bytes()]);
                }
            }),
        };
        collection_scan::head(reply, next, words.len());
        for word in &words {
            reply.bulk(word);
        }
    });
}
