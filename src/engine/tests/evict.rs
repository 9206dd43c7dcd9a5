//! maxmemory as a client sees it: what goes, what is refused, what is counted.

use super::server;
use crate::engine::testkit::TestServer;

fn info(s: &mut TestServer, c: crate::engine::conn::ConnId, field: &str) -> i64 {
    let text = s.ask(c, "INFO");
    let line = text.lines().find_map(|l| l.strip_prefix(field)?.strip_prefix(':'));
    line.and_then(|n| n.trim().parse().ok()).expect("a number")
}

fn fill(s: &mut TestServer, c: crate::engine::conn::ConnId, from: i32, keys: i32, more: &str) {
    for n in from..from + keys {
        assert_eq!(s.ask(c, &format!("SET k{n} {}{more}", "x".repeat(1000))), "+OK\r\n");
    }
}

#[test]
fn without_a_policy_writes_that_need_memory_are_refused() {
    let mut s = server("");
    let c = s.connect();
    fill(&mut s, c, 0, 10, "");
    s.ask(c, "CONFIG SET maxmemory 1");
    let oom = "-OOM command not allowed when used memory > 'maxmemory'.\r\n";
    assert_eq!(s.ask(c, "SET a 1"), oom);
    assert_eq!(s.ask(c, "SADD s 1"), oom);
    // What frees memory or only looks goes on.
    assert_eq!(s.ask(c, "DEL k1"), ":1\r\n");
    assert_eq!(s.ask(c, "STRLEN k2"), ":1000\r\n");
    // In a transaction nothing is queued at all.
    assert_eq!(s.ask(c, "MULTI"), "+OK\r\n");
    assert_eq!(s.ask(c, "STRLEN k2"), oom);
    assert!(s.ask(c, "EXEC").starts_with("-EXECABORT"));
    assert_eq!(info(&mut s, c, "evicted_keys"), 0);
    s.ask(c, "CONFIG SET maxmemory 0");
    assert_eq!(s.ask(c, "SET a 1"), "+OK\r\n");
}

#[test]
fn every_policy_frees_what_it_may() {
    for policy in ["allkeys-lru", "allkeys-lfu", "allkeys-random"] {
        let mut s = server("maxmemory-eviction-tenacity 100");
        let c = s.connect();
        fill(&mut s, c, 0, 100, "");
        s.ask(c, &format!("CONFIG SET maxmemory-policy {policy}"));
        let limit = info(&mut s, c, "used_memory") - 20_000;
        s.ask(c, &format!("CONFIG SET maxmemory {limit}"));
        fill(&mut s, c, 100, 50, "");
        let evicted = info(&mut s, c, "evicted_keys");
        assert!((60..90).contains(&evicted), "{policy}: {evicted}");
        assert!(info(&mut s, c, "used_memory") <= limit + 4000, "{policy}");
    }
    for policy in ["volatile-lru", "volatile-lfu", "volatile-random", "volatile-ttl"] {
        let mut s = server("maxmemory-eviction-tenacity 100");
        let c = s.connect();
        fill(&mut s, c, 0, 60, "");
        fill(&mut s, c, 60, 30, " EX 100");
        s.ask(c, &format!("CONFIG SET maxmemory-policy {policy}"));
        let limit = info(&mut s, c, "used_memory") - 10_000;
        s.ask(c, &format!("CONFIG SET maxmemory {limit}"));
        s.ask(c, "SET more 1");
        let evicted = info(&mut s, c, "evicted_keys");
        assert!((5..20).contains(&evicted), "{policy}: {evicted}");
        for n in 0..60 {
            assert_eq!(s.ask(c, &format!("EXISTS k{n}")), ":1\r\n", "{policy}");
        }
        // When none is left that may go, it is as without a policy.
        s.ask(c, "CONFIG SET maxmemory 1");
        assert!(s.ask(c, "SET a 1").starts_with("-OOM"), "{policy}");
        assert_eq!(info(&mut s, c, "evicted_keys"), 30, "{policy}");
        assert_eq!(s.ask(c, "DBSIZE"), ":61\r\n");
    }
}

#[test]
fn what_was_not_used_goes_first() {
    let mut s = server(
        "maxmemory-policy allkeys-lru\nmaxmemory-samples 64\nmaxmemory-eviction-tenacity 100",
    );
    let c = s.connect();
    fill(&mut s, c, 0, 60, "");
    s.advance(5_000_000);
    for n in (0..60).filter(|n| n % 2 == 0) {
        s.ask(c, &format!("GET k{n}"));
    }
    let limit = info(&mut s, c, "used_memory") - 20_000;
    s.ask(c, &format!("CONFIG SET maxmemory {limit}"));
    s.ask(c, "PING");
    assert!(info(&mut s, c, "evicted_keys") >= 15);
    for n in (0..60).filter(|n| n % 2 == 0) {
        assert_eq!(s.ask(c, &format!("EXISTS k{n}")), ":1\r\n", "k{n}");
    }
}

#[test]
fn uses_are_counted_where_the_policy_asks() {
    let mut s = server("");
    let c = s.connect();
    s.ask(c, "SET k v");
    assert!(s.ask(c, "OBJECT FREQ k").starts_with("-ERR An LFU maxmemory policy is not selected"));
    assert_eq!(s.ask(c, "OBJECT IDLETIME k"), ":0\r\n");
    s.ask(c, "CONFIG SET maxmemory-policy allkeys-lfu");
    assert!(s.ask(c, "OBJECT IDLETIME k").starts_with("-ERR An LFU maxmemory policy is selected"));
    assert_eq!(s.ask(c, "OBJECT FREQ k"), ":5\r\n");
    s.ask(c, "GET k");
    assert_eq!(s.ask(c, "OBJECT FREQ k"), ":6\r\n");
    s.advance(121_000_000);
    assert_eq!(s.ask(c, "OBJECT FREQ k"), ":4\r\n");
    assert_eq!(s.ask(c, "OBJECT FREQ none"), "$-1\r\n");
}
