//! Limits of clients' memory, and names of commands that the conf file changes.

use super::server;

#[test]
fn the_dearest_client_goes_when_all_cost_too_much() {
    let mut s = server("maxmemory-clients 300kb");
    let (a, b, c) = (s.connect(), s.connect(), s.connect());
    s.ask(a, "CLIENT NO-EVICT ON");
    s.send(a, format!("*2\r\n$3\r\nGET\r\n$200000\r\n{}", "x".repeat(150_000)));
    assert!(s.closed.is_empty());
    s.send(b, format!("*2\r\n$3\r\nGET\r\n$400000\r\n{}", "x".repeat(300_000)));
    assert_eq!(s.closed, [b]);
    assert!(s.log().iter().any(|l| l.starts_with("Evicting client: id=")));
    let info = String::from_utf8(s.send(c, "INFO stats\r\n")).unwrap();
    assert!(info.contains("evicted_clients:1\r\n"));
}

#[test]
fn idle_clients_give_their_query_buffers_back() {
    let mut s = server("");
    let (a, b) = (s.connect(), s.connect());
    s.ask(a, "CLIENT SETNAME idle");
    s.advance(3_500_000);
    let list = String::from_utf8(s.send(b, "CLIENT LIST\r\n")).unwrap();
    let idle = list.lines().find(|l| l.contains("name=idle")).unwrap();
    assert!(idle.contains(" qbuf=0 qbuf-free=0 "), "{idle}");
    assert_eq!(s.ask(a, "PING"), "+PONG\r\n");
}

#[test]
fn renamed_commands_go_by_their_new_names() {
    let mut s = server("rename-command CONFIG b840fc\nrename-command FLUSHALL \"\"");
    let c = s.connect();
    assert!(s.ask(c, "CONFIG GET port").starts_with("-ERR unknown command 'CONFIG'"));
    assert!(s.ask(c, "b840fc GET port").starts_with("*2\r\n"));
    assert!(s.ask(c, "FLUSHALL").starts_with("-ERR unknown command"));
    s.send(c, "MULTI\r\nb840fc GET port\r\n");
    assert!(s.ask(c, "EXEC").starts_with("*1\r\n*2\r\n"));
}

#[test]
fn times_that_nobody_lives_to_see_are_kept_as_they_are() {
    let mut s = server("");
    let c = s.connect();
    assert_eq!(s.ask(c, "CLIENT PAUSE 9223372036854000000 WRITE"), "+OK\r\n");
    s.advance(1_000_000);
    assert_eq!(s.ask(c, "PING"), "+PONG\r\n");
}
