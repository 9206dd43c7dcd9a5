//! A master that lies: all that it says to its replica. Each message of the input is one length byte and
//! so many bytes; a length of 255 goes on to the end.
#![no_main]

use libfuzzer_sys::fuzz_target;
use synclab::engine::Dialled;
use synclab::engine::effect::Effect;
use synclab::engine::testkit::TestServer;

fuzz_target!(|data: &[u8]| {
    let Some((&how, mut rest)) = data.split_first() else { return };
    let load = ["disabled", "on-empty-db", "swapdb"][usize::from(how) % 3];
    let mut server = TestServer::new(&format!("save \"\"\nrepl-diskless-load {load}"));
    server.finish_boot();
    let client = server.connect();
    server.ask(client, "SET here before");
    server.ask(client, "REPLICAOF 127.0.0.1 7000");
    let mut link = None;
    for _ in 0..200 {
        let dial = server.effects.iter().position(|e| matches!(e, Effect::Dial { .. }));
        if let Some(Effect::Dial { dial, .. }) = dial.map(|at| server.effects.remove(at)) {
            let ends = Dialled { addr: "127.0.0.1:7000".into(), laddr: "127.0.0.1:4000".into(), fd: 5 };
            link = server.engine.dialled(server.now, dial, Ok(ends));
            server.turn();
        }
        let Some(conn) = link.filter(|conn| !server.closed.contains(conn)) else {
            server.advance(1_100_000);
            continue;
        };
        server.receive(conn);
        let Some((&len, more)) = rest.split_first() else { break };
        let len = if len == 255 { more.len() } else { usize::from(len).min(more.len()) };
        let (message, more) = more.split_at(len);
        rest = more;
        server.send(conn, message);
        server.advance(10_000);
    }
    server.ask(client, "INFO replication");
    server.ask(client, "REPLICAOF NO ONE");
    server.ask(client, "GET here");
});
