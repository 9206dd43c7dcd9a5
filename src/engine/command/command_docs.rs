//! COMMAND DOCS: what each command is for, in the words of `docs.txt`.

use super::command_cmd::find;
use super::docs_args::{self, Arg};
use super::table::{self, Entry};
use crate::engine::Engine;
use crate::engine::call::{Call, Group};
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// What is told of one command.
struct Doc {
    complexity: &'static str,
    summary: &'static str,
    arguments: Vec<Arg>,
    usage: String,
}

static DOCS: LazyLock<BTreeMap<&'static str, Doc>> = LazyLock::new(|| {
    let lines = include_str!("docs.txt").lines().filter(|line| !line.starts_with('#'));
    lines
        .filter_map(|line| {
            let mut fields = line.split(';');
            let (name, complexity) = (fields.next()?, fields.next()?);
            let (summary, notation) = (fields.next()?, fields.next()?);
            let (arguments, usage) = (docs_args::parse(notation), docs_args::usage(notation));
            Some((name, Doc { complexity, summary, arguments, usage }))
        })
        .collect()
});

/// What follows a command or subcommand, as Redis's manual notes it: `key element [element ...]`.
/// Empty: nothing, or a subcommand.
pub fn usage(entry: &Entry) -> &'static str {
    DOCS.get(&*entry.full_name).map_or("", |doc| &doc.usage)
}

/// What a command or subcommand is for, in a sentence.
pub fn summary(entry: &Entry) -> &'static str {
    DOCS.get(&*entry.full_name).map_or("", |doc| doc.summary)
}

/// Arguments as a list of maps. `keys` counts those that are keys, for their specifications.
fn arguments(e: &mut Engine, args: &[Arg], specs: usize, keys: &mut usize) {
    e.reply.array(args.len());
    for arg in args {
        let is_key = arg.kind == "key" && specs > 0;
        let flags: Vec<&str> = [(arg.optional, "optional"), (arg.multiple, "multiple")]
            .into_iter()
            .filter_map(|(set, word)| set.then_some(word))
            .collect();
        let more = [is_key, arg.token.is_some(), !flags.is_empty(), !arg.parts.is_empty()];
        e.reply.map(2 + more.iter().filter(|there| **there).count());
        for (name, value) in [("name", &*arg.name), ("type", arg.kind)] {
            e.reply.bulk_str(name);
            e.reply.bulk_str(value);
        }
        if is_key {
            e.reply.bulk_str("key_spec_index");
            e.reply.int((*keys).min(specs - 1) as i64);
            *keys += 1;
        }
        if let Some(token) = &arg.token {
            e.reply.bulk_str("token");
            e.reply.bulk_str(token);
        }
        if !flags.is_empty() {
            e.reply.bulk_str("flags");
            super::command_info::statuses(e, &flags);
        }
        if !arg.parts.is_empty() {
            e.reply.bulk_str("arguments");
            arguments(e, &arg.parts, specs, keys);
        }
    }
}

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
    let doc = DOCS.get(&*entry.full_name);
    let args = doc.map(|doc| doc.arguments.as_slice()).unwrap_or_default();
    let more = [doc.is_some(), doc.is_some(), !args.is_empty(), !entry.subcommands.is_empty()];
    e.reply.map(2 + more.iter().filter(|there| **there).count());
    if let Some(doc) = doc {
        e.reply.bulk_str("summary");
        e.reply.bulk_str(doc.summary);
    }
    e.reply.bulk_str("since");
    e.reply.bulk_str(entry.spec.since);
    e.reply.bulk_str("group");
    e.reply.bulk_str(group);
    if let Some(doc) = doc {
        e.reply.bulk_str("complexity");
        e.reply.bulk_str(doc.complexity);
    }
    if !args.is_empty() {
        e.reply.bulk_str("arguments");
        arguments(e, args, entry.spec.keys.len(), &mut 0);
    }
    if !entry.subcommands.is_empty() {
        e.reply.bulk_str("subcommands");
        e.reply.map(entry.subcommands.len());
        for sub in &entry.subcommands {
            e.reply.bulk_str(&sub.full_name);
            document(e, sub);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{DOCS, table};

    #[test]
    fn every_command_is_told_of() {
        for entry in &table::table().entries {
            for entry in std::iter::once(entry).chain(&entry.subcommands) {
                let doc = DOCS.get(&*entry.full_name);
                assert!(doc.is_some_and(|d| d.summary.ends_with('.')), "{}", entry.full_name);
            }
        }
    }

    #[test]
    fn every_notation_is_read_to_its_end() {
        let lines = include_str!("docs.txt").lines().filter(|line| !line.starts_with('#'));
        for line in lines {
            let notation = line.rsplit(';').next().unwrap();
            let braces = |open: char, close: char| {
                notation.matches(open).count() == notation.matches(close).count()
            };
            assert!(
                braces('(', ')') && braces('[', ']') && line.matches(';').count() == 3,
                "{line}"
            );
        }
    }
}
