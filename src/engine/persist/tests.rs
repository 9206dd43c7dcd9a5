//! Saves and loads as the commands, cron and the boot see them.

use crate::engine::conn::ConnId;
use crate::engine::effect::{Effect, JobId, Parked, SaveTo};
use crate::engine::input::{FileError, JobDone};
use crate::engine::testkit::TestServer;
use crate::observe::{Fact, SaveTarget};
use crate::wire::rdb::{Decoder, Item, Options, Writer};

const SECOND: u64 = 1_000_000;

fn server(conf: &str) -> (TestServer, ConnId) {
    let mut server = TestServer::new(conf);
    server.finish_boot();
    server.facts.clear();
    server.effects.clear();
    let conn = server.connect();
    (server, conn)
}

/// The save that was asked for last: its job, where to, and all of its bytes.
fn take_save(server: &mut TestServer) -> (JobId, SaveTo, Vec<u8>) {
    let at = server.effects.iter().position(|e| matches!(e, Effect::StartSave { .. }));
    let Some(Effect::StartSave { job, mut save, to }) = at.map(|at| server.effects.remove(at))
    else {
        panic!("no save was asked for: {:?}", server.effects)
    };
    let mut bytes = Vec::new();
    while let Some(piece) = save.next_piece(64) {
        bytes.extend(piece);
    }
    (job, to, bytes)
}

fn end_save(server: &mut TestServer, job: JobId, keys: u64, bytes: &[u8]) {
    let size = Some(bytes.len() as u64);
    server.engine.job_done(server.now, job, JobDone { keys, bytes: bytes.len() as u64, size });
    server.turn();
}

fn fail_save(server: &mut TestServer) {
    let (job, ..) = take_save(server);
    server.engine.job_failed(server.now, job, "No space left on device".into());
    server.turn();
}

fn keys_in(rdb: &[u8]) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut decoder = Decoder::new();
    decoder.push(rdb);
    let mut keys = Vec::new();
    while let Some(item) = decoder.next().expect("a valid RDB") {
        if let Item::String { key, value, .. } = item {
            keys.push((key.to_vec(), value.to_vec()));
        }
    }
    assert!(decoder.finished());
    keys.sort();
    keys
}

fn text(server: &mut TestServer, conn: ConnId) -> String {
    String::from_utf8_lossy(&server.receive(conn)).into_owned()
}

fn info(server: &mut TestServer, field: &str) -> String {
    let mut out = String::new();
    super::info_lines(&server.engine, &mut out);
    let line = out.lines().find_map(|l| l.strip_prefix(field)?.strip_prefix(':'));
    line.unwrap_or_else(|| panic!("no {field}")).to_string()
}

#[test]
fn save_stops_everything_and_answers_at_the_end() {
    let (mut server, conn) = server("save \"\"");
    let other = server.connect();
    assert_eq!(server.ask(conn, "SET a 1"), "+OK\r\n");
    assert_eq!(server.send(conn, "SAVE\r\nGET a\r\n"), b"");
    let (job, to, bytes) = take_save(&mut server);
    assert_eq!(server.parked(), Some(Parked::Job(job)));
    assert_eq!(to, SaveTo::File { temp: "temp-4242.rdb".into(), path: "dump.rdb".into() });
    assert!(server.engine.read_space(other).is_none(), "nobody is read meanwhile");
    end_save(&mut server, job, 1, &bytes);
    assert_eq!(text(&mut server, conn), "+OK\r\n$1\r\n1\r\n");
    assert_eq!(server.parked(), None);
    assert_eq!(keys_in(&bytes), [(b"a".to_vec(), b"1".to_vec())]);
    assert!(server.log().contains(&"DB saved on disk"));
    assert_eq!(info(&mut server, "rdb_changes_since_last_save"), "0");
    server.send(conn, "SAVE\r\n");
    fail_save(&mut server);
    assert_eq!(text(&mut server, conn), "-ERR\r\n");
    let line = "Write error saving DB on disk(rdbSaveRio): No space left on device";
    assert!(server.log().contains(&line));
    server.send(conn, "SAVE\r\n");
    let (job, ..) = take_save(&mut server);
    server.engine.opened(server.now, job, Err(FileError::Other("Permission denied".into())));
    server.turn();
    assert_eq!(text(&mut server, conn), "-ERR\r\n");
    let line = format!(
        "Failed opening the temp RDB file temp-4242.rdb (in server root dir {}) for saving: \
         Permission denied",
        server.engine.config.dir
    );
    assert!(server.log().contains(&line.as_str()));
}

#[test]
fn bgsave_goes_on_beside_the_commands() {
    let (mut server, conn) = server("save \"\"");
    server.ask(conn, "SET a old");
    assert_eq!(server.ask(conn, "BGSAVE"), "+Background saving started\r\n");
    assert_eq!(server.ask(conn, "SET a new"), "+OK\r\n");
    let busy = "-ERR Background save already in progress\r\n";
    assert_eq!(server.ask(conn, "BGSAVE"), busy);
    assert_eq!(server.ask(conn, "BGSAVE SCHEDULE"), busy);
    assert_eq!(server.ask(conn, "SAVE"), busy);
    assert_eq!(info(&mut server, "rdb_bgsave_in_progress"), "1");
    let (job, _, bytes) = take_save(&mut server);
    assert_eq!(keys_in(&bytes), [(b"a".to_vec(), b"old".to_vec())]);
    server.advance(2 * SECOND);
    end_save(&mut server, job, 1, &bytes);
    let log = server.log().join("|");
    let lines = "Background saving started by pid 4242|DB saved on disk|\
                 Fork CoW for RDB: current 0 MB, peak 0 MB, average 0 MB|\
                 Background saving terminated with success";
    assert!(log.ends_with(lines), "{log}");
    assert_eq!(info(&mut server, "rdb_changes_since_last_save"), "1", "the one since");
    assert_eq!(info(&mut server, "rdb_last_bgsave_time_sec"), "2");
    let last = format!(":{}\r\n", server.now.wall_s());
    assert_eq!(server.ask(conn, "LASTSAVE"), last);
    let told: Vec<&Fact> = server
        .facts
        .iter()
        .filter(|f| matches!(f, Fact::SnapshotBegan { .. } | Fact::SnapshotEnded { .. }))
        .collect();
    assert!(
        matches!(
            told[..],
            [
                Fact::SnapshotBegan { target: SaveTarget::File, keys: 1, .. },
                Fact::SnapshotEnded { ok: true, keys: 1, took_us: 2_000_000, .. }
            ]
        ),
        "{told:?}"
    );
}

#[test]
fn bgsave_in_a_transaction_begins_after_it() {
    let (mut server, conn) = server("save \"\"");
    let reply = server.send(conn, "MULTI\r\nSET a 1\r\nBGSAVE\r\nSET a 2\r\nEXEC\r\n");
    assert!(reply.ends_with(b"*3\r\n+OK\r\n+Background saving scheduled\r\n+OK\r\n"));
    assert!(server.effects.is_empty());
    server.advance(SECOND);
    let (_, _, bytes) = take_save(&mut server);
    assert_eq!(keys_in(&bytes), [(b"a".to_vec(), b"2".to_vec())]);
}

#[test]
fn save_points_begin_saves_and_a_failure_refuses_writes() {
    let (mut server, conn) = server("save 5 2");
    server.ask(conn, "SET a 1");
    server.advance(20 * SECOND);
    assert!(server.effects.is_empty(), "one change is too few");
    server.ask(conn, "SET a 2");
    server.advance(SECOND);
    assert!(server.log().contains(&"2 changes in 5 seconds. Saving..."));
    fail_save(&mut server);
    assert!(server.log().ends_with(&["Background saving error"]), "{:?}", server.log());
    assert_eq!(info(&mut server, "rdb_last_bgsave_status"), "err");
    for refused in ["SET a 3", "PING"] {
        assert!(server.ask(conn, refused).starts_with("-MISCONF"), "{refused}");
    }
    assert_eq!(server.ask(conn, "GET a"), "$1\r\n2\r\n");
    server.advance(4 * SECOND);
    assert!(server.effects.is_empty(), "it waits before the next attempt");
    server.advance(3 * SECOND);
    let (job, _, bytes) = take_save(&mut server);
    end_save(&mut server, job, 1, &bytes);
    assert_eq!(server.ask(conn, "SET a 3"), "+OK\r\n");
}

#[test]
fn flushall_gives_a_save_up_and_saves_the_empty_data_set() {
    let (mut server, conn) = server("save 3600 1");
    server.ask(conn, "SET a 1");
    server.ask(conn, "BGSAVE");
    let (old, ..) = take_save(&mut server);
    server.send(conn, "FLUSHALL\r\nDBSIZE\r\n");
    let cancelled = |e: &Effect| matches!(e, Effect::CancelJob { job } if *job == old);
    assert!(server.effects.iter().any(cancelled));
    assert!(server.log().contains(&"Background saving terminated by signal 10"));
    let (job, _, bytes) = take_save(&mut server);
    assert_eq!(server.parked(), Some(Parked::Job(job)));
    assert_eq!(keys_in(&bytes), []);
    end_save(&mut server, job, 0, &bytes);
    assert!(text(&mut server, conn).ends_with(":0\r\n"), "what was sent meanwhile is answered");
    assert_eq!(info(&mut server, "rdb_last_bgsave_status"), "ok");
    // What the driver still says about the old job changes nothing.
    server.engine.job_failed(server.now, old, "late".into());
    assert_eq!(info(&mut server, "rdb_last_bgsave_status"), "ok");
}

// ── the load at boot ───────────────────────────────────────────────────────────────────────────

/// A server whose dump holds these bytes, handed in pieces of seven.
fn boot_with(conf: &str, dump: &[u8]) -> TestServer {
    let mut server = TestServer::new(conf);
    let Some(Effect::OpenFile { job, path }) = server.effects.pop() else {
        panic!("a dump is opened")
    };
    assert_eq!(path, "dump.rdb");
    server.engine.opened(server.now, job, Ok(Some(dump.len() as u64)));
    for piece in dump.chunks(7) {
        server.turn();
        if !matches!(server.effects.last(), Some(Effect::Pull { .. })) {
            return server;
        }
        server.effects.pop();
        let conn = server.connect();
        assert_eq!(server.ask(conn, "PING"), "-LOADING Redis is loading the dataset in memory\r\n");
        server.engine.piece(server.now, job, piece.to_vec());
    }
    let done = JobDone { keys: 0, bytes: dump.len() as u64, size: None };
    server.engine.job_done(server.now, job, done);
    server.turn();
    server
}

fn dump(write: impl FnOnce(&mut Writer)) -> Vec<u8> {
    let mut w = Writer::new(Options::default());
    w.header();
    w.aux("redis-ver", "7.0.15");
    write(&mut w);
    w.eof();
    w.take()
}

fn exits(server: &TestServer) -> bool {
    server.effects.iter().any(|e| matches!(e, Effect::Exit { code: 1 }))
}

#[test]
fn boot_loads_the_dump_and_drops_what_has_expired() {
    let bytes = dump(|w| {
        w.select_db(0);
        w.string_key(b"a", b"1", None);
        w.string_key(b"past", b"1", Some(5));
        w.select_db(3);
        w.string_key(b"later", b"x", Some(4_102_444_800_000));
    });
    let mut server = boot_with("save \"\"", &bytes);
    let conn = server.connect();
    assert_eq!(server.ask(conn, "MGET a past"), "*2\r\n$1\r\n1\r\n$-1\r\n");
    server.ask(conn, "SELECT 3");
    assert_eq!(server.ask(conn, "PEXPIRETIME later"), ":4102444800000\r\n");
    let log = server.log().join("|");
    let lines = "Loading RDB produced by version 7.0.15|\
                 Done loading RDB, keys loaded: 2, keys expired: 1.|\
                 DB loaded from disk: 0.000 seconds|Ready to accept connections";
    assert!(log.ends_with(lines), "{log}");
    assert_eq!(info(&mut server, "rdb_last_load_keys_loaded"), "2");
    assert_eq!(info(&mut server, "rdb_changes_since_last_save"), "0");
    let told = server.facts.iter().filter(|f| matches!(f, Fact::RdbKey { .. })).count();
    assert_eq!(told, 2);
    assert!(server.facts.iter().any(|f| matches!(f, Fact::LoadEnded { ok: true, keys: 2, .. })));
}

#[test]
fn boot_as_a_replica_keeps_what_has_expired() {
    let bytes = dump(|w| w.string_key(b"past", b"1", Some(5)));
    let mut server = boot_with("save \"\"\nreplicaof 127.0.0.1 1", &bytes);
    let conn = server.connect();
    assert_eq!(server.ask(conn, "GET past"), "$-1\r\n", "to a reader it is gone");
    assert_eq!(server.ask(conn, "DBSIZE"), ":1\r\n", "but its master's DEL has not come");
    assert_eq!(info(&mut server, "rdb_last_load_keys_expired"), "0");
}

#[test]
fn boot_goes_on_with_the_history_in_the_dump() {
    let id = "ab".repeat(20);
    let bytes = dump(|w| {
        w.aux("repl-stream-db", "0");
        w.aux("repl-id", &id);
        w.aux("repl-offset", "1000");
        w.string_key(b"past", b"1", Some(5));
    });
    let mut server = boot_with("save \"\"", &bytes);
    let conn = server.connect();
    let replication = server.ask(conn, "INFO replication");
    assert!(replication.contains(&format!("master_replid2:{id}\r\n")), "{replication}");
    assert!(replication.contains("second_repl_offset:1001\r\n"), "{replication}");
    // SELECT 0 and DEL past: 23 bytes each.
    assert!(replication.contains("master_repl_offset:1046\r\n"), "{replication}");
}

#[test]
fn boot_does_not_believe_an_offset_that_cannot_be_counted_on() {
    let id = "ab".repeat(20);
    for offset in ["9223372036854775807", "-9223372036854775808", "-7"] {
        let bytes = dump(|w| {
            w.aux("repl-id", &id);
            w.aux("repl-offset", offset);
            w.string_key(b"a", b"1", None);
        });
        let mut server = boot_with("save \"\"\nrepl-diskless-sync-delay 0", &bytes);
        let conn = server.connect();
        assert_eq!(server.ask(conn, "SET a 2"), "+OK\r\n");
        let replication = server.ask(conn, "INFO replication");
        assert!(replication.contains("second_repl_offset:-1\r\n"), "{offset}: {replication}");
    }
}

#[test]
fn boot_refuses_what_it_cannot_load_whole() {
    let good = dump(|w| w.string_key(b"a", b"1", None));
    let mut wrong_sum = good.clone();
    let value = wrong_sum.len() - 10;
    wrong_sum[value] ^= 1;
    let twice = b"REDIS0010\x00\x01a\x011\x02\x01s\x02\x01m\x01m\xff\0\0\0\0\0\0\0\0";
    let cases: [(&[u8], &str); 6] = [
        (b"RUBBISH00", "Fatal error loading the DB: Invalid argument. Exiting."),
        (b"REDIS0011", "Fatal error loading the DB: Invalid argument. Exiting."),
        (&good[..good.len() - 9], "-> Unexpected EOF reading RDB file"),
        (&wrong_sum, "-> RDB CRC error"),
        (b"REDIS0010\x14\x01a\x01b", "-> Unknown RDB encoding type 20"),
        (twice, "Terminating server after rdb file reading failure."),
    ];
    for (bytes, line) in cases {
        let server = boot_with("save \"\"", bytes);
        assert!(exits(&server), "{line}");
        let last = server.log().pop().expect("a line").to_string();
        assert!(last.ends_with(line), "{last} instead of {line}");
        assert!(server.engine.keyspace.keys_total() == 0, "nothing is half-loaded");
        assert!(server.facts.iter().any(|f| matches!(f, Fact::LoadEnded { ok: false, .. })));
    }
}

#[test]
fn boot_without_a_dump_is_ready_and_an_unreadable_one_is_fatal() {
    for (answer, line, ends) in [
        (FileError::NotFound, "Ready to accept connections", false),
        (
            FileError::Other("Permission denied".into()),
            "Fatal error loading the DB: Permission denied. Exiting.",
            true,
        ),
    ] {
        let mut server = TestServer::new("save \"\"");
        let Some(Effect::OpenFile { job, .. }) = server.effects.pop() else { panic!("opened") };
        server.engine.opened(server.now, job, Err(answer));
        server.turn();
        assert_eq!(server.log().pop(), Some(line));
        assert_eq!(exits(&server), ends);
    }
}

#[test]
fn boot_takes_a_dump_that_cannot_be_read_on_for_one_that_ends_too_early() {
    let mut server = TestServer::new("save \"\"");
    let Some(Effect::OpenFile { job, .. }) = server.effects.pop() else { panic!("opened") };
    server.engine.opened(server.now, job, Ok(Some(4096)));
    server.turn();
    server.engine.job_failed(server.now, job, "Is a directory".into());
    server.turn();
    let line = "Short read or OOM loading DB. Unrecoverable error, aborting now.";
    assert!(server.log().contains(&line));
    assert!(exits(&server));
}

#[test]
fn shutdown_saves_what_save_points_ask_for() {
    let (mut server, conn) = server("save 3600 1");
    server.ask(conn, "SET a 1");
    server.ask(conn, "BGSAVE");
    take_save(&mut server);
    server.send(conn, "SHUTDOWN\r\n");
    let (job, _, bytes) = take_save(&mut server);
    end_save(&mut server, job, 1, &bytes);
    let log = server.log().join("|");
    let lines = "There is a child saving an .rdb. Killing it!|\
                 Saving the final RDB snapshot before exiting.|DB saved on disk|\
                 Redis is now ready to exit, bye bye...";
    assert!(log.ends_with(lines), "{log}");
    assert!(server.effects.iter().any(|e| matches!(e, Effect::Exit { code: 0 })));
}
