//! An RDB file in two pieces. The first byte says where it is cut; the checksum is not looked at, or
//! nothing behind it would ever be reached.
#![no_main]

use libfuzzer_sys::fuzz_target;
use synclab::engine::config::Config;
use synclab::engine::digest;
use synclab::engine::keyspace::Keyspace;
use synclab::engine::persist::{Expired, Loader, ValueLimits, dump};
use synclab::wire::rdb::walk::{Grain, Walker};

fuzz_target!(|data: &[u8]| {
    let Some((&cut, file)) = data.split_first() else { return };
    let (first, second) = file.split_at(file.len() * usize::from(cut) / 255);
    let into = Keyspace::new(16, 7);
    let limits = ValueLimits::new(&Config::default(), into.seed(), cut % 2 == 0);
    let mut loader = Loader::new(into, limits, Expired::Keep, false, 1_700_000_000, 0);
    let loaded = loader.push(first).and_then(|_| loader.push(second)).and_then(|_| loader.finish());
    if let Ok(loaded) = loaded {
        for db in 0..16 {
            for entry in loaded.keyspace.db(db).iter() {
                dump(entry.value(), true);
                digest::of_value(entry.value());
                entry.value().preview();
            }
        }
    }
    let mut walker = Walker::new(Grain::Parts);
    for piece in [first, second] {
        walker.push(piece);
        while let Ok(Some(_)) = walker.next() {}
    }
    walker.end_of_input();
    while let Ok(Some(_)) = walker.next() {}
});
