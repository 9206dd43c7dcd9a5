//! Writes a few small inputs for every target into `corpus/`, made by the project itself.

use std::fs;
use synclab::engine::testkit::TestServer;

/// Commands that make a value of every type and encoding under `k`.
const VALUES: &[&[&str]] = &[
    &["SET k 12345"],
    &["SET k hello"],
    &["PFADD k a b c"],
    &["RPUSH k a 1 300 -5 longer"],
    &["SADD k 1 2 300000"],
    &["SADD k a b 1"],
    &["HSET k f v n 1"],
    &["HSET k f aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"],
    &["ZADD k 1 a 1.5 b -inf c"],
    &["ZADD k 1 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"],
    &[
        "XADD k 1-1 f v",
        "XADD k 1-2 f w",
        "XADD k 2-0 g 1 h 2",
        "XDEL k 1-2",
        "XGROUP CREATE k grp 0",
        "XREADGROUP GROUP grp al COUNT 1 STREAMS k >",
    ],
];

/// Values as older versions wrote them: a type byte and what stands behind it.
const OLD: &[&[u8]] = &[
    b"\x01\x02\x01a\xc0\x05",
    b"\x03\x02\x01a\x031.5\x01b\xff",
    b"\x09\x0e\x02\x01a\x02\x00xy\x02bc\x01\x00z\xff",
    b"\x0a\x12\x12\0\0\0\x0d\0\0\0\x02\0\x00\x01a\x03\xfe\x07\xff",
    b"\x0c\x12\x12\0\0\0\x0d\0\0\0\x02\0\x00\x01a\x03\xfe\x07\xff",
    b"\x0d\x12\x12\0\0\0\x0d\0\0\0\x02\0\x00\x01a\x03\xfe\x07\xff",
    b"\x0e\x01\x12\x12\0\0\0\x0d\0\0\0\x02\0\x00\x01a\x03\xfe\x07\xff",
];

fn main() -> std::io::Result<()> {
    let mut dumps: Vec<Vec<u8>> = OLD.iter().map(|body| body.to_vec()).collect();
    for lines in VALUES {
        let mut server = TestServer::new("save \"\"\nenable-debug-command yes");
        server.finish_boot();
        let client = server.connect();
        for line in *lines {
            server.ask(client, line);
        }
        let reply = server.send(client, b"DUMP k\r\n");
        let at = reply.iter().position(|b| *b == b'\n').map_or(0, |at| at + 1);
        // Without the reply's end and the footer.
        dumps.push(reply[at..reply.len().saturating_sub(12)].to_vec());
    }
    for (n, dump) in dumps.iter().enumerate() {
        seed("dump", n, &[b"\x01", &dump[..]].concat())?;
        let (kind, value) = dump.split_at(1);
        let head = b"\x80REDIS0010\xfa\x09redis-ver\x067.0.15\xfe\x00\xfb\x01\x00";
        let file = [head, kind, b"\x01k", value, b"\xff\0\0\0\0\0\0\0\0"].concat();
        seed("rdb", n, &file)?;
        let whole = format!("+FULLRESYNC {} 0\r\n${}\r\n", "a".repeat(40), file.len() - 1);
        let mut link = vec![n as u8];
        for reply in ["+PONG\r\n", "+OK\r\n", "+OK\r\n", whole.as_str()] {
            link.push(reply.len() as u8);
            link.extend_from_slice(reply.as_bytes());
        }
        link.push(255);
        link.extend_from_slice(&file[1..]);
        link.extend_from_slice(b"*1\r\n$4\r\nPING\r\n");
        seed("link", n, &link)?;
        let text = VALUES.get(n).map_or(String::from("PING"), |lines| lines.join("\r\n"));
        seed("resp", n, format!("*1\r\n$4\r\nPING\r\n{text}\r\nMULTI\r\n{text}\r\nEXEC\r\n").as_bytes())?;
    }
    for (n, text) in
        ["port 7000\nsave 900 1 300 10\n", "bind 127.0.0.1 \"::1\"\nrename-command X \"\"\n", "maxmemory 1gb\n# c\n"]
            .iter()
            .enumerate()
    {
        seed("conf", n, text.as_bytes())?;
    }
    Ok(())
}

fn seed(target: &str, n: usize, bytes: &[u8]) -> std::io::Result<()> {
    let dir = format!("corpus/{target}");
    fs::create_dir_all(&dir)?;
    fs::write(format!("{dir}/seed-{n}"), bytes)
}
