//! SORT and SORT_RO. What they sort are lists, sets and sorted sets; as long as there are only
//! strings, a key is missing or of the wrong kind.

use super::support::{SYNTAX, WRONG_TYPE};
use crate::engine::Engine;
use crate::engine::call::flags::{DENYOOM, READONLY, WRITE};
use crate::engine::call::{Call, CommandSpec, Group, KeySpec, acl};

const CATEGORIES: u32 = acl::SET | acl::SORTEDSET | acl::LIST | acl::DANGEROUS;

pub(super) const SPECS: &[CommandSpec] = &[
    CommandSpec::new("sort", -2, sort, Group::Generic, "1.0.0")
        .flags(WRITE | DENYOOM)
        .acl(CATEGORIES)
        .keys(&[
            KeySpec::range("RO access", 1, 0, 1),
            KeySpec::unknown("RO access"),
            KeySpec::unknown("OW update"),
        ]),
    CommandSpec::new("sort_ro", -2, sort_ro, Group::Generic, "7.0.0")
        .flags(READONLY)
        .acl(CATEGORIES)
        .keys(&[KeySpec::range("RO access", 1, 0, 1), KeySpec::unknown("RO access")]),
];

fn sort(e: &mut Engine, call: &Call<'_>) {
    sort_key(e, call, true);
}

fn sort_ro(e: &mut Engine, call: &Call<'_>) {
    sort_key(e, call, false);
}

fn sort_key(e: &mut Engine, call: &Call<'_>, may_store: bool) {
    let mut store = None;
    let mut at = 2;
    while at < call.args.len() {
        let left = call.args.len() - at - 1;
        if call.is(at, "ASC") || call.is(at, "DESC") || call.is(at, "ALPHA") {
        } else if call.is(at, "LIMIT") && left >= 2 {
            for i in [at + 1, at + 2] {
                if e.int_arg(call.arg(i)).is_none() {
                    return;
                }
            }
            at += 2;
        } else if may_store && call.is(at, "STORE") && left >= 1 {
            store = Some(call.arg(at + 1));
            at += 1;
        } else if (call.is(at, "BY") || call.is(at, "GET")) && left >= 1 {
            at += 1;
        } else {
            return e.reply.error(SYNTAX);
        }
        at += 1;
    }
    if e.lookup_read(call.arg(1)).is_some() {
        return e.reply.error(WRONG_TYPE);
    }
    match store {
        None => e.reply.array(0),
        // The empty result takes the place of what is there.
        Some(to) => {
            e.delete_key(to);
            e.reply.int(0);
        }
    }
}
