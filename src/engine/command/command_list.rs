//! COMMAND LIST: the names, all or by a filter.

use super::args::SYNTAX;
use super::command_info::{CATEGORIES, categories};
use super::table::{self, Entry};
use crate::engine::Engine;
use crate::engine::call::Call;
use crate::wire::text;

/// Which names are wanted.
enum Filter<'a> {
    All,
    /// None: there are no modules here.
    Module,
    /// A bit of the ACL categories; 0 if there is no such category.
    Category(u32),
    Pattern(&'a [u8]),
}

impl Filter<'_> {
    fn keeps(&self, entry: &Entry) -> bool {
        match self {
            Filter::All => true,
            Filter::Module => false,
            Filter::Category(bit) => categories(entry.spec) & bit != 0,
            Filter::Pattern(p) => text::glob_match(p, entry.full_name.as_bytes(), true),
        }
    }
}

pub(super) fn list(e: &mut Engine, call: &Call<'_>) {
    let mut filter = Filter::All;
    for option in call.args[2..].chunks(3) {
        let &[word, kind, value] = option else { return e.reply.error(SYNTAX) };
        // Like Redis: nothing may follow a filter.
        if !word.eq_ignore_ascii_case(b"filterby") || call.args.len() != 5 {
            return e.reply.error(SYNTAX);
        }
        filter = match kind.to_ascii_lowercase().as_slice() {
            b"module" => Filter::Module,
            b"aclcat" => {
                let word = value.to_ascii_lowercase();
                let bit = CATEGORIES.iter().position(|c| c.as_bytes() == word);
                Filter::Category(bit.map_or(0, |b| 1 << b))
            }
            b"pattern" => Filter::Pattern(value),
            _ => return e.reply.error(SYNTAX),
        };
    }
    let mut names: Vec<&str> = Vec::new();
    for entry in &table::table().entries {
        for entry in std::iter::once(entry).chain(&entry.subcommands) {
            if filter.keeps(entry) {
                names.push(&entry.full_name);
            }
        }
    }
    e.reply.array(names.len());
    for name in names {
        e.reply.bulk_str(name);
    }
}
