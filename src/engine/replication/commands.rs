//! The commands of replication, as the command table lists them.

use super::{failover, info, replconf, role, serve, wait};
use crate::engine::call::flags::{
    ADMIN, ALLOW_BUSY, FAST, LOADING, NO_ASYNC_LOADING, NO_MULTI, NOSCRIPT, STALE,
};
use crate::engine::call::{CommandSpec, Group, acl};

/// What this room adds to the table.
pub(crate) const SPECS: &[CommandSpec] = &[
    CommandSpec::new("failover", -1, failover::failover, Group::Server, "6.2.0")
        .flags(ADMIN | NOSCRIPT | STALE),
    CommandSpec::new("psync", -3, serve::psync, Group::Server, "2.8.0")
        .flags(ADMIN | NOSCRIPT | NO_ASYNC_LOADING | NO_MULTI),
    CommandSpec::new("replconf", -1, replconf::replconf, Group::Server, "3.0.0")
        .flags(ADMIN | NOSCRIPT | LOADING | STALE | ALLOW_BUSY),
    CommandSpec::new("replicaof", 3, role::replicaof, Group::Server, "5.0.0")
        .flags(ADMIN | NOSCRIPT | STALE | NO_ASYNC_LOADING),
    CommandSpec::new("role", 1, info::role, Group::Server, "2.8.12")
        .flags(NOSCRIPT | LOADING | STALE | FAST)
        .acl(acl::ADMIN | acl::DANGEROUS),
    CommandSpec::new("slaveof", 3, role::replicaof, Group::Server, "1.0.0")
        .flags(ADMIN | NOSCRIPT | STALE | NO_ASYNC_LOADING),
    CommandSpec::new("sync", 1, serve::sync, Group::Server, "1.0.0")
        .flags(ADMIN | NOSCRIPT | NO_ASYNC_LOADING | NO_MULTI),
    CommandSpec::new("wait", 3, wait::wait, Group::Generic, "3.0.0")
        .flags(NOSCRIPT)
        .acl(acl::CONNECTION)
        .tips(&["request_policy:all_shards", "response_policy:agg_min"]),
];
