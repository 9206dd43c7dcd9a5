//! A client's bytes: garbage on the port, half a command, commands of all kinds.
#![no_main]

use libfuzzer_sys::fuzz_target;
use synclab::engine::testkit::TestServer;

fuzz_target!(|data: &[u8]| {
    let mut server = TestServer::new("save \"\"\nproto-max-bulk-len 1mb");
    server.finish_boot();
    let (one, two) = (server.connect(), server.connect());
    let (first, second) = data.split_at(data.len() / 2);
    server.send(one, first);
    server.send(two, second);
    server.send(one, second);
    server.advance(200_000);
});
