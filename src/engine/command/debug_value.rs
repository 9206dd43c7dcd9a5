//! DEBUG's looks into single values and tables.

use crate::engine::Engine;
use crate::engine::call::Call;
use crate::engine::keyspace::{Item, Table, Value};
use crate::engine::persist;
use crate::engine::types::hash::HashRepr;
use crate::engine::types::list::List;
use crate::engine::types::set::SetRepr;
use crate::engine::types::zset::ZSetRepr;
use crate::observe::LogLevel;
use std::fmt::Write;

const NO_KEY: &str = "ERR no such key";

/// The value under a key, be it expired; `None` after the error was replied.
fn value_of(e: &mut Engine, key: &[u8]) -> Option<Value> {
    let value = e.keyspace.db(e.db).get(key).map(|entry| entry.value().clone());
    if value.is_none() {
        e.reply.error(NO_KEY);
    }
    value
}

/// OBJECT: how the value is kept, and what it takes in a file.
pub(super) fn object(e: &mut Engine, key: &[u8]) {
    let Some(entry) = e.keyspace.db(e.db).get(key) else { return e.reply.error(NO_KEY) };
    let value = entry.value();
    let mut text = format!(
        "Value at:0x0 refcount:{} encoding:{} serializedlength:{} lru:{} lru_seconds_idle:{}",
        value.refcount(),
        value.encoding(),
        persist::saved_len(value, e.config.rdbcompression),
        entry.accessed_s(),
        entry.idle_s(e.clock_s()),
    );
    if let Value::List(list) = value {
        nodes(list, e.config.list_max_listpack_size, &mut text);
    }
    e.reply.simple(&text);
}

fn nodes(list: &List, fill: i64, text: &mut String) {
    let nodes = list.node_count();
    let average = list.len() as f64 / nodes.max(1) as f64;
    let bytes: usize = list.nodes().map(|node| node.size()).sum();
    // Writing to a String cannot fail. No node is compressed in memory.
    let _ = write!(
        text,
        " ql_nodes:{nodes} ql_avg_node:{average:.2} ql_listpack_max:{fill} ql_compressed:0 \
         ql_uncompressed_size:{bytes}"
    );
}

/// SDSLEN: the lengths of key and value.
pub(super) fn sdslen(e: &mut Engine, key: &[u8]) {
    let Some(value) = value_of(e, key) else { return };
    let (len, room) = match &value {
        Value::Str(text) => (text.len(), 0),
        Value::Raw(text) => (text.len(), text.capacity() - text.len()),
        _ => return e.reply.error("ERR Not an sds encoded string."),
    };
    let bytes = value.heap_bytes();
    let name = key.len();
    e.reply.simple(&format!(
        "key_sds_len:{name}, key_sds_avail:0, key_zmalloc: {name}, val_sds_len:{len}, \
         val_sds_avail:{room}, val_zmalloc: {bytes}"
    ));
}

/// LISTPACK: the entries, in the log (an instance here has no standard output of its own).
pub(super) fn listpack(e: &mut Engine, key: &[u8]) {
    let Some(value) = value_of(e, key) else { return };
    let pack = match &value {
        Value::Hash(hash) => match hash.repr() {
            HashRepr::Packed(pack) => Some(pack),
            HashRepr::Table(_) => None,
        },
        Value::ZSet(zset) => match zset.repr() {
            ZSetRepr::Packed(pack) => Some(pack),
            ZSetRepr::Sorted(_) => None,
        },
        _ => None,
    };
    let Some(pack) = pack else {
        return e.reply.error("ERR Not a listpack encoded object.");
    };
    let head = format!("{{total bytes {}}} {{num entries {}}}", pack.byte_len(), pack.len());
    e.log(LogLevel::Notice, head);
    e.reply.simple("Listpack structure printed on stdout");
}

/// QUICKLIST: the nodes, in the log.
pub(super) fn quicklist(e: &mut Engine, key: &[u8]) {
    let Some(value) = value_of(e, key) else { return };
    let Value::List(list) = &value else {
        return e.reply.error("ERR Not a quicklist encoded object.");
    };
    let head = format!("{{count : {}}} {{nodes : {}}}", list.len(), list.node_count());
    e.log(LogLevel::Notice, head);
    e.reply.simple("Quicklist structure printed on stdout");
}

/// HTSTATS: the tables of a database.
pub(super) fn htstats(e: &mut Engine, call: &Call<'_>) {
    let Some(db) = e.int_arg(call.arg(2)) else { return };
    let Some(db) = usize::try_from(db).ok().filter(|db| *db < e.keyspace.databases()) else {
        return e.reply.error("ERR Out of range database");
    };
    let db = e.keyspace.db(db);
    let mut text = String::from("[Dictionary HT]\n");
    db.stats(&mut text);
    text.push_str("[Expires HT]\n");
    match db.expires_len() {
        0 => text.push_str(EMPTY),
        n => {
            let _ = writeln!(text, " number of elements: {n}");
        }
    }
    e.reply.verbatim("txt", text.as_bytes());
}

const EMPTY: &str = "No stats available for empty dictionaries\n";

/// HTSTATS-KEY: the table of one value.
pub(super) fn htstats_key(e: &mut Engine, key: &[u8]) {
    let Some(value) = value_of(e, key) else { return };
    let mut text = String::new();
    match &value {
        Value::Hash(hash) => {
            if let HashRepr::Table(table) = hash.repr() {
                stats(table, &mut text);
            }
        }
        Value::Set(set) => {
            if let SetRepr::Table(table) = set.repr() {
                stats(table, &mut text);
            }
        }
        Value::ZSet(zset) => {
            if let ZSetRepr::Sorted(sorted) = zset.repr() {
                stats(sorted.members(), &mut text);
            }
        }
        _ => {}
    }
    if text.is_empty() {
        return e.reply.error(
            "ERR The value stored at the specified key is not represented using an hash table",
        );
    }
    e.reply.verbatim("txt", text.as_bytes());
}

fn stats<T: Item>(table: &Table<T>, text: &mut String) {
    if table.is_empty() {
        return text.push_str(EMPTY);
    }
    table.stats(text);
}
