//! Clients that wait for keys.

use super::server;
use crate::engine::conn::ConnId;
use crate::engine::keyspace::Value;
use crate::engine::testkit::TestServer;

/// A client that has sent this line, which makes it wait.
fn waiter(s: &mut TestServer, line: &str) -> ConnId {
    let conn = s.connect();
    assert_eq!(s.ask(conn, line), "", "{line} waits");
    conn
}

fn heard(s: &mut TestServer, conn: ConnId) -> String {
    String::from_utf8(s.receive(conn)).expect("text")
}

#[test]
fn who_came_first_is_served_first_and_after_the_whole_exec() {
    let mut s = server("");
    let c = s.connect();
    let first = waiter(&mut s, "BLPOP other k 0");
    let second = waiter(&mut s, "BRPOP k k 0");
    let third = waiter(&mut s, "BLMPOP 0 1 k LEFT COUNT 5");
    s.ask(c, "MULTI");
    s.ask(c, "RPUSH k 1 2");
    s.ask(c, "LPUSH k 0");
    assert_eq!(s.ask(c, "EXEC"), "*2\r\n:2\r\n:3\r\n");
    assert_eq!(heard(&mut s, first), "*2\r\n$1\r\nk\r\n$1\r\n0\r\n");
    assert_eq!(heard(&mut s, second), "*2\r\n$1\r\nk\r\n$1\r\n2\r\n");
    assert_eq!(heard(&mut s, third), "*2\r\n$1\r\nk\r\n*1\r\n$1\r\n1\r\n");
    assert_eq!(s.ask(c, "EXISTS k"), ":0\r\n");
    assert_eq!(s.ask(first, "PING"), "+PONG\r\n");
}

#[test]
fn a_move_serves_those_who_wait_for_its_target() {
    let mut s = server("");
    let c = s.connect();
    let last = waiter(&mut s, "BLPOP c 0");
    let middle = waiter(&mut s, "BRPOPLPUSH b c 0");
    let first = waiter(&mut s, "BLMOVE a b LEFT RIGHT 0");
    assert_eq!(s.ask(c, "RPUSH a x"), ":1\r\n");
    assert_eq!(heard(&mut s, first), "$1\r\nx\r\n");
    assert_eq!(heard(&mut s, middle), "$1\r\nx\r\n");
    assert_eq!(heard(&mut s, last), "*2\r\n$1\r\nc\r\n$1\r\nx\r\n");
    assert_eq!(s.ask(c, "DBSIZE"), ":0\r\n");
    // A target of another type is an error to the one, and the element stays for the next.
    s.ask(c, "SET t string");
    let wrong = waiter(&mut s, "BLMOVE a t LEFT LEFT 0");
    let right = waiter(&mut s, "BLPOP a 0");
    s.ask(c, "RPUSH a y");
    assert!(heard(&mut s, wrong).starts_with("-WRONGTYPE"));
    assert_eq!(heard(&mut s, right), "*2\r\n$1\r\na\r\n$1\r\ny\r\n");
}

#[test]
fn only_a_list_serves_and_only_if_it_is_there_at_the_end() {
    let mut s = server("");
    let c = s.connect();
    let w = waiter(&mut s, "BLPOP k 0");
    for line in ["SET k v", "DEL k", "MULTI", "RPUSH k 1", "DEL k", "EXEC", "ZADD k 1 m", "DEL k"] {
        s.ask(c, line);
        assert_eq!(heard(&mut s, w), "", "{line}");
    }
    for line in ["RPUSH from z", "RENAME from k"] {
        s.ask(c, line);
    }
    assert_eq!(heard(&mut s, w), "*2\r\n$1\r\nk\r\n$1\r\nz\r\n");
    let w = waiter(&mut s, "BLPOP k 0");
    for line in ["SELECT 1", "RPUSH k y", "SWAPDB 0 1"] {
        s.ask(c, line);
    }
    assert_eq!(heard(&mut s, w), "*2\r\n$1\r\nk\r\n$1\r\ny\r\n");
}

#[test]
fn a_group_reader_hears_that_its_stream_was_replaced() {
    let gone = "-UNBLOCKED the stream key no longer exists\r\n";
    for replace in ["COPY t s REPLACE", "RENAME t s", "RESTORE", "SET s v", "DEL s"] {
        let mut s = server("");
        let c = s.connect();
        s.ask(c, "XGROUP CREATE s g $ MKSTREAM");
        s.ask(c, "RPUSH t x");
        let w = waiter(&mut s, "XREADGROUP GROUP g me BLOCK 0 STREAMS s >");
        match replace {
            // What DUMP makes of the list is no text.
            "RESTORE" => {
                let payload = crate::engine::persist::dump(&Value::Int(7), true);
                let mut words =
                    format!("*5\r\n$7\r\nRESTORE\r\n$1\r\ns\r\n$1\r\n0\r\n${}\r\n", payload.len())
                        .into_bytes();
                words.extend(payload);
                words.extend(b"\r\n$7\r\nREPLACE\r\n");
                assert_eq!(s.send(c, words), b"+OK\r\n");
            }
            line => drop(s.ask(c, line)),
        }
        assert_eq!(heard(&mut s, w), gone, "{replace}");
    }
}

#[test]
fn time_and_client_unblock_end_a_wait() {
    let mut s = server("");
    let c = s.connect();
    let w = waiter(&mut s, "BLPOP k 0.25");
    let other = waiter(&mut s, "BRPOPLPUSH k l 0.5");
    s.advance(249_000);
    assert_eq!(heard(&mut s, w), "");
    s.advance(2_000);
    assert_eq!(heard(&mut s, w), "*-1\r\n");
    s.advance(250_000);
    assert_eq!(heard(&mut s, other), "*-1\r\n");
    for (how, reply) in [
        ("", "*-1\r\n"),
        (" TIMEOUT", "*-1\r\n"),
        (" ERROR", "-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n"),
    ] {
        let w = waiter(&mut s, "BLPOP k 0");
        assert_eq!(s.ask(c, &format!("CLIENT UNBLOCK {}{how}", w.0)), ":1\r\n");
        assert_eq!(heard(&mut s, w), reply);
        assert_eq!(s.ask(c, &format!("CLIENT UNBLOCK {}", w.0)), ":0\r\n");
    }
    // Nobody is left who would take this.
    assert_eq!(s.ask(c, "RPUSH k 1"), ":1\r\n");
    assert_eq!(s.ask(c, "LLEN k"), ":1\r\n");
    for (timeout, error) in [
        ("-1", "-ERR timeout is negative\r\n"),
        ("x", "-ERR timeout is not a float or out of range\r\n"),
        ("1e100", "-ERR timeout is negative\r\n"),
    ] {
        assert_eq!(s.ask(c, &format!("BLPOP k {timeout}")), error);
    }
}

#[test]
fn who_left_or_may_not_wait_takes_nothing() {
    let mut s = server("");
    let c = s.connect();
    let gone = waiter(&mut s, "BLPOP k 0");
    let now = s.now;
    s.engine.peer_closed(now, gone, None);
    s.turn();
    s.ask(c, "RPUSH k 1");
    assert_eq!(s.ask(c, "LPOP k"), "$1\r\n1\r\n");
    for line in ["MULTI", "BLPOP k 0", "BLMOVE k l LEFT LEFT 0", "BLMPOP 0 1 k LEFT"] {
        s.ask(c, line);
    }
    assert_eq!(s.ask(c, "EXEC"), "*3\r\n*-1\r\n$-1\r\n*-1\r\n");
}

#[test]
fn a_new_replica_sends_its_waiting_clients_away() {
    let mut s = server("");
    let c = s.connect();
    let w = waiter(&mut s, "BLPOP k 0");
    s.ask(c, "REPLICAOF 127.0.0.1 1");
    assert_eq!(
        heard(&mut s, w),
        "-UNBLOCKED force unblock from blocking operation, instance state changed (master -> \
         replica?)\r\n"
    );
    assert!(s.closed.contains(&w));
}

#[test]
fn what_expired_while_the_command_slept_serves_nobody() {
    let mut s = server("enable-debug-command yes");
    let c = s.connect();
    let w = waiter(&mut s, "BLPOP k 0");
    for line in ["MULTI", "RPUSH k 1", "PEXPIRE k 100", "DEBUG SLEEP 0.2", "EXEC"] {
        s.ask(c, line);
    }
    s.advance(300_000);
    assert_eq!(heard(&mut s, w), "");
    assert_eq!(s.ask(c, "EXISTS k"), ":0\r\n");
    s.ask(c, "RPUSH k 2");
    assert_eq!(heard(&mut s, w), "*2\r\n$1\r\nk\r\n$1\r\n2\r\n");
}
