//! The text of a redis.conf.
#![no_main]

use libfuzzer_sys::fuzz_target;
use synclab::engine::config::{Config, file};

fuzz_target!(|data: &[u8]| {
    if let Ok(text) = std::str::from_utf8(data) {
        let _ = file::apply(&mut Config::default(), text);
    }
});
