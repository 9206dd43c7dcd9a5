//! What is in a set: SISMEMBER, SMISMEMBER, SCARD, SSCAN. (SMEMBERS is an intersection of one.)

use super::collection_scan::{self, Scan};
use crate::engine::Engine;
use crate::engine::call::flags::{FAST, READONLY};
use crate::engine::call::{Call, CommandSpec, Group, KeySpec, acl};
use crate::engine::types::Set;

pub(super) const SPECS: &[CommandSpec] = &[
    CommandSpec::new("sismember", 3, sismember, Group::Set, "1.0.0")
        .flags(READONLY | FAST)
        .acl(acl::SET)
        .keys(&[KeySpec::range("RO", 1, 0, 1)]),
    CommandSpec::new("smismember", -3, smismember, Group::Set, "6.2.0")
        .flags(READONLY | FAST)
        .acl(acl::SET)
        .keys(&[KeySpec::range("RO access", 1, 0, 1)]),
    CommandSpec::new("scard", 2, scard, Group::Set, "1.0.0")
        .flags(READONLY | FAST)
        .acl(acl::SET)
        .keys(&[KeySpec::range("RO", 1, 0, 1)]),
    CommandSpec::new("sscan", -3, sscan, Group::Set, "2.8.0")
        .flags(READONLY)
        .acl(acl::SET)
        .tips(&["nondeterministic_output"])
        .keys(&[KeySpec::range("RO access", 1, 0, 1)]),
];

fn sismember(e: &mut Engine, call: &Call<'_>) {
    let _ = e.reading::<Set, _>(call.arg(1), |set, reply| {
        reply.int(i64::from(set.is_some_and(|set| set.contains(call.arg(2)))));
    });
}

fn smismember(e: &mut Engine, call: &Call<'_>) {
    let members = &call.args[2..];
    let _ = e.reading::<Set, _>(call.arg(1), |set, reply| {
        reply.array(members.len());
        for member in members {
            reply.int(i64::from(set.is_some_and(|set| set.contains(member))));
        }
    });
}

fn scard(e: &mut Engine, call: &Call<'_>) {
    let _ = e.reading::<Set, _>(call.arg(1), |set, reply| {
        reply.int(set.map_or(0, Set::len) as i64);
    });
}

fn sscan(e: &mut Engine, call: &Call<'_>) {
    let Some(from) = collection_scan::cursor_arg(e, call.arg(2)) else { return };
    let _ = e.reading::<Set, _>(call.arg(1), |set, reply| {
        let Some(set) = set else { return collection_scan::empty(reply) };
        let Some(scan) = Scan::read(call, reply) else { return };
        let mut met = Vec::new();
        let next = set.scan(from, scan.count, |member| {
            if member.with_text(|bytes| scan.wants(bytes)) {
                met.push(member);
            }
        });
        collection_scan::head(reply, next, met.len());
        for member in met {
            super::support::elem(reply, member);
        }
    });
}
