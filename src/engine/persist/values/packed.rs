//! Containers in one string, of today and of old: all become listpacks.

use super::Bad;
use crate::wire::listpack::Listpack;
use crate::wire::rdb::packed::{ziplist, zipmap};
use crate::wire::rdb::{Packed, Text};
use std::collections::BTreeSet;

/// What the words of an error say the blob is.
pub(super) struct Names {
    pub listpack: Bad,
    pub ziplist: Bad,
    pub zipmap: Bad,
}

/// Reads a listpack, ziplist or zipmap. Every entry is looked at whatever `sanitize-dump-payload` says: it
/// costs little, and a server that took damaged bytes in would only find out later.
pub(super) fn listpack(how: Packed, blob: Text<'_>, names: &Names) -> Result<Listpack, Bad> {
    match how {
        Packed::Listpack => Listpack::from_bytes(blob.to_vec()).map_err(|_| names.listpack),
        Packed::Ziplist => blob.with(|blob| {
            let mut pack = Listpack::with_capacity(blob.len());
            ziplist::read(blob, |entry| pack.push_back_entry(entry)).map_err(|_| names.ziplist)?;
            pack.shrink_to_fit();
            Ok(pack)
        }),
        Packed::Zipmap => blob.with(|blob| {
            let mut pack = Listpack::new();
            let read = zipmap::read(blob, |field, value| {
                pack.push_back(field);
                pack.push_back(value);
            });
            read.map_err(|_| names.zipmap)?;
            Ok(pack)
        }),
        Packed::Intset => Err(super::FOREIGN),
    }
}

/// Whether the entries make pairs, and no two pairs begin alike.
pub(super) fn is_map(pack: &Listpack) -> bool {
    let mut seen = BTreeSet::new();
    pack.len().is_multiple_of(2) && pack.iter().step_by(2).all(|name| seen.insert(name.to_vec()))
}
