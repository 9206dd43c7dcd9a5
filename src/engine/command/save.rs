//! SAVE, BGSAVE, LASTSAVE.

use super::support::SYNTAX;
use crate::engine::Engine;
use crate::engine::call::flags::{
    ADMIN, FAST, LOADING, NO_ASYNC_LOADING, NO_MULTI, NOSCRIPT, STALE,
};
use crate::engine::call::{Call, CommandSpec, Group, acl};
use crate::engine::persist;

pub(super) const SPECS: &[CommandSpec] = &[
    CommandSpec::new("save", 1, save, Group::Server, "1.0.0")
        .flags(ADMIN | NOSCRIPT | NO_ASYNC_LOADING | NO_MULTI),
    CommandSpec::new("bgsave", -1, bgsave, Group::Server, "1.0.0")
        .flags(ADMIN | NOSCRIPT | NO_ASYNC_LOADING),
    CommandSpec::new("lastsave", 1, lastsave, Group::Server, "1.0.0")
        .flags(LOADING | STALE | FAST)
        .acl(acl::ADMIN | acl::DANGEROUS)
        .tips(&["nondeterministic_output"]),
];

const IN_PROGRESS: &str = "ERR Background save already in progress";

fn save(e: &mut Engine, call: &Call<'_>) {
    if persist::saving(e) {
        return e.reply.error(IN_PROGRESS);
    }
    // The reply comes when the file is there.
    if persist::save_in_foreground(e, call.conn).is_err() {
        e.reply.error("ERR");
    }
}

fn bgsave(e: &mut Engine, call: &Call<'_>) {
    if call.args.len() > 1 && !(call.args.len() == 2 && call.is(1, "SCHEDULE")) {
        return e.reply.error(SYNTAX);
    }
    if persist::saving(e) {
        e.reply.error(IN_PROGRESS);
    } else if e.unit.depth > 0 {
        // Inside EXEC the snapshot would show half of the transaction.
        persist::schedule(e);
        e.reply.simple("Background saving scheduled");
    } else {
        match persist::save_in_background(e) {
            Ok(_) => e.reply.simple("Background saving started"),
            Err(_) => e.reply.error("ERR"),
        }
    }
}

fn lastsave(e: &mut Engine, _: &Call<'_>) {
    let at = e.persist.lastsave_s;
    e.reply.int(at);
}
