//! The value of a RESTORE, with a footer that is right: what is restored is read and changed by the
//! commands of its type.
#![no_main]

use libfuzzer_sys::fuzz_target;
use synclab::engine::testkit::TestServer;
use synclab::wire::command::encode_command;
use synclab::wire::rdb::seal_payload;

const LINES: &[&str] = &[
    "OBJECT ENCODING k",
    "DEBUG DIGEST-VALUE k",
    "DEBUG OBJECT k",
    "DUMP k",
    "MEMORY USAGE k",
    "COPY k copy",
    "SORT k",
    "STRLEN k",
    "GETRANGE k 0 10",
    "APPEND k x",
    "BITCOUNT k",
    "PFCOUNT k",
    "PFADD k a b c",
    "LLEN k",
    "LRANGE k 0 -1",
    "LINDEX k 2",
    "LPOS k a",
    "LINSERT k BEFORE a b",
    "LSET k 0 x",
    "LREM k 1 x",
    "RPUSH k tail",
    "LPUSH k head",
    "LTRIM k 1 -2",
    "LPOP k",
    "RPOP k 3",
    "SCARD k",
    "SMEMBERS k",
    "SRANDMEMBER k -5",
    "SSCAN k 0",
    "SADD k new 77",
    "SREM k new 1",
    "SPOP k",
    "HLEN k",
    "HGETALL k",
    "HSCAN k 0",
    "HRANDFIELD k 3 WITHVALUES",
    "HINCRBY k n 5",
    "HSET k a b",
    "HDEL k a",
    "ZCARD k",
    "ZRANGE k 0 -1 WITHSCORES",
    "ZRANGEBYSCORE k -inf +inf",
    "ZRANGEBYLEX k - +",
    "ZRANK k a",
    "ZSCAN k 0",
    "ZADD k 1.5 a 2 b",
    "ZINCRBY k 1 a",
    "ZREMRANGEBYRANK k 0 0",
    "ZPOPMIN k",
    "XLEN k",
    "XRANGE k - +",
    "XREVRANGE k + -",
    "XINFO STREAM k FULL",
    "XINFO GROUPS k",
    "XGROUP CREATE k newgroup 0",
    "XREADGROUP GROUP newgroup me COUNT 3 STREAMS k >",
    "XPENDING k newgroup",
    "XAUTOCLAIM k newgroup other 0 0",
    "XADD k * f v",
    "XDEL k 1-1",
    "XTRIM k MAXLEN 1",
    "XSETID k 9999999999999-9",
    "RENAME k other",
    "DUMP other",
    "UNLINK other copy",
];

fuzz_target!(|data: &[u8]| {
    let Some((&sanitize, body)) = data.split_first() else { return };
    let conf = match sanitize % 2 {
        0 => "save \"\"\nenable-debug-command yes\nsanitize-dump-payload no",
        _ => "save \"\"\nenable-debug-command yes\nsanitize-dump-payload yes",
    };
    let mut server = TestServer::new(conf);
    server.finish_boot();
    let client = server.connect();
    let mut payload = body.to_vec();
    seal_payload(&mut payload);
    let mut request = Vec::new();
    encode_command(&mut request, &[b"RESTORE", &b"k"[..], b"0", &payload]);
    if server.send(client, &request).starts_with(b"-") {
        return;
    }
    for line in LINES {
        server.ask(client, line);
    }
});
