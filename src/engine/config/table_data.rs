//! Directives that decide how values are kept, the limits of the packed encodings, and how much memory
//! they may take.

use super::Config;
use super::directive::{Directive, Kind, Place};
use super::table::{INT, INT_MIN, LONG, ULONG, at, entry, memory, number, word};

pub(super) const DATA: &[Directive] = &[
    entry(
        "hll-sparse-max-bytes",
        None,
        0,
        Kind::Number(at!(hll_sparse_max_bytes), memory(0, LONG)),
    ),
    entry(
        "stream-node-max-bytes",
        None,
        0,
        Kind::Number(at!(stream_node_max_bytes), memory(0, LONG)),
    ),
    entry(
        "stream-node-max-entries",
        None,
        0,
        Kind::Number(at!(stream_node_max_entries), number(0, LONG)),
    ),
    entry(
        "hash-max-listpack-entries",
        Some("hash-max-ziplist-entries"),
        0,
        Kind::Number(at!(hash_max_listpack_entries), number(0, LONG)),
    ),
    entry(
        "hash-max-listpack-value",
        Some("hash-max-ziplist-value"),
        0,
        Kind::Number(at!(hash_max_listpack_value), memory(0, LONG)),
    ),
    entry("lfu-decay-time", None, 0, Kind::Number(at!(lfu_decay_time), number(0, INT))),
    entry("lfu-log-factor", None, 0, Kind::Number(at!(lfu_log_factor), number(0, INT))),
    entry("maxmemory", None, 0, Kind::Number(at!(maxmemory), memory(0, ULONG))),
    entry(
        "maxmemory-eviction-tenacity",
        None,
        0,
        Kind::Number(at!(maxmemory_eviction_tenacity), number(0, 100)),
    ),
    entry("maxmemory-policy", None, 0, word!(maxmemory_policy)),
    entry("maxmemory-samples", None, 0, Kind::Number(at!(maxmemory_samples), number(1, INT))),
    entry(
        "list-max-listpack-size",
        Some("list-max-ziplist-size"),
        0,
        Kind::Number(at!(list_max_listpack_size), number(INT_MIN, INT)),
    ),
    entry(
        "set-max-intset-entries",
        None,
        0,
        Kind::Number(at!(set_max_intset_entries), number(0, LONG)),
    ),
    entry(
        "zset-max-listpack-entries",
        Some("zset-max-ziplist-entries"),
        0,
        Kind::Number(at!(zset_max_listpack_entries), number(0, LONG)),
    ),
    entry(
        "zset-max-listpack-value",
        Some("zset-max-ziplist-value"),
        0,
        Kind::Number(at!(zset_max_listpack_value), memory(0, LONG)),
    ),
];
