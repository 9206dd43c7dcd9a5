//! COMMAND DOCS: what each command is for.

use super::command_cmd::find;
use super::table::{self, Entry};
use crate::engine::Engine;
use crate::engine::call::{Call, Group};

pub(super) fn docs(e: &mut Engine, call: &Call<'_>) {
    let entries: Vec<&Entry> = if call.args.len() == 2 {
        table::table().entries.iter().collect()
    } else {
        call.args[2..].iter().filter_map(|n| find(e, n)).collect()
    };
    e.reply.map(entries.len());
    for entry in entries {
        e.reply.bulk_str(&entry.full_name);
        document(e, entry);
    }
}

fn document(e: &mut Engine, entry: &Entry) {
    let group = match entry.spec.group {
        Group::Generic => "generic",
        Group::String => "string",
        Group::List => "list",
        Group::Set => "set",
        Group::Hash => "hash",
        Group::SortedSet => "sorted-set",
        Group::Stream => "stream",
        Group::Bitmap => "bitmap",
        Group::HyperLogLog => "hyperloglog",
        Group::Geo => "geo",
        Group::Connection => "connection",
        Group::Server => "server",
        Group::Transactions => "transactions",
        Group::PubSub => "pubsub",
        Group::Scripting => "scripting",
    };
    e.reply.map(2 + usize::from(!entry.subcommands.is_empty()));
    e.reply.bulk_str("since");
    e.reply.bulk_str(entry.spec.since);
    e.reply.bulk_str("group");
    e.reply.bulk_str(group);
    if !entry.subcommands.is_empty() {
        e.reply.bulk_str("subcommands");
        e.reply.map(entry.subcommands.len());
        for sub in &entry.subcommands {
            e.reply.bulk_str(&sub.full_name);
            document(e, sub);
        }
    }
}
