//! The engine seen from outside: what a client gets back for what it sends.

use super::testkit::TestServer;

#[test]
fn pipelined_commands_are_answered_in_order_however_they_are_cut() {
    let mut s = TestServer::new("");
    let bytes = b"PING\r\n*2\r\n$4\r\nECHO\r\n$2\r\nhi\r\nSELECT 3\r\nnope a b\r\n";
    let want = "+PONG\r\n$2\r\nhi\r\n+OK\r\n-ERR unknown command 'nope', with args beginning with: \
                'a' 'b' \r\n";
    let c = s.connect();
    assert_eq!(String::from_utf8(s.send(c, bytes)).unwrap(), want);
    let c = s.connect();
    let mut got = Vec::new();
    for b in bytes {
        got.extend(s.send(c, [*b]));
    }
    assert_eq!(String::from_utf8(got).unwrap(), want);
}

#[test]
fn a_protocol_error_is_answered_and_closes() {
    let mut s = TestServer::new("loglevel verbose");
    let c = s.connect();
    let reply = s.send(c, "PING\r\n*1\r\nx\r\n");
    assert_eq!(reply, b"+PONG\r\n-ERR Protocol error: expected '$', got 'x'\r\n");
    assert_eq!(s.closed, [c]);
    assert!(s.log().iter().any(|l| l.starts_with("Protocol error (expected $ but got")));
}

#[test]
fn arity_and_subcommands_are_checked_first() {
    let mut s = TestServer::new("requirepass x");
    let c = s.connect();
    assert_eq!(s.ask(c, "ECHO"), "-ERR wrong number of arguments for 'echo' command\r\n");
    assert_eq!(s.ask(c, "client foo"), "-ERR unknown subcommand 'foo'. Try CLIENT HELP.\r\n");
    assert_eq!(
        s.ask(c, "client id x"),
        "-ERR wrong number of arguments for 'client|id' command\r\n"
    );
    assert_eq!(s.ask(c, "PING"), "-NOAUTH Authentication required.\r\n");
    assert!(s.ask(c, "AUTH y").starts_with("-WRONGPASS"));
    assert_eq!(s.ask(c, "AUTH x"), "+OK\r\n");
    assert_eq!(s.ask(c, "PING"), "+PONG\r\n");
}

#[test]
fn a_transaction_queues_runs_and_aborts() {
    let mut s = TestServer::new("");
    let c = s.connect();
    assert_eq!(
        s.ask(c, "MULTI\r\nPING\r\nECHO a\r\nEXEC"),
        "+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n+PONG\r\n$1\r\na\r\n"
    );
    assert_eq!(s.ask(c, "EXEC"), "-ERR EXEC without MULTI\r\n");
    assert!(
        s.ask(c, "MULTI\r\nECHO\r\nEXEC")
            .ends_with("-EXECABORT Transaction discarded because of previous errors.\r\n")
    );
    assert_eq!(
        s.ask(c, "MULTI\r\nDISCARD\r\nDISCARD"),
        "+OK\r\n+OK\r\n-ERR DISCARD without MULTI\r\n"
    );
}

#[test]
fn hello_switches_to_resp3_and_names() {
    let mut s = TestServer::new("");
    let c = s.connect();
    assert!(s.ask(c, "HELLO 3 SETNAME me").starts_with("%7\r\n$6\r\nserver\r\n$5\r\nredis\r\n"));
    assert_eq!(s.ask(c, "CLIENT GETNAME"), "$2\r\nme\r\n");
    assert_eq!(s.ask(c, "HELLO 4"), "-NOPROTO unsupported protocol version\r\n");
    assert_eq!(s.ask(c, "RESET\r\nCLIENT GETNAME"), "+RESET\r\n$-1\r\n");
}

#[test]
fn client_reply_and_pause() {
    let mut s = TestServer::new("");
    let (a, b) = (s.connect(), s.connect());
    assert_eq!(s.ask(a, "CLIENT REPLY SKIP\r\nPING\r\nPING"), "+PONG\r\n");
    assert_eq!(s.ask(a, "CLIENT REPLY OFF\r\nPING"), "");
    assert_eq!(s.ask(a, "CLIENT REPLY ON"), "+OK\r\n");
    assert_eq!(s.ask(a, "CLIENT PAUSE 1000"), "+OK\r\n");
    assert_eq!(s.ask(b, "PING\r\nPING"), "");
    s.advance(999_000);
    assert_eq!(s.receive(b), b"");
    s.advance(2_000);
    assert_eq!(s.receive(b), b"+PONG\r\n+PONG\r\n");
}

#[test]
fn killing_oneself_answers_first() {
    let mut s = TestServer::new("");
    let (a, b) = (s.connect(), s.connect());
    assert_eq!(s.ask(a, &format!("CLIENT KILL ID {}", b.0)), ":1\r\n");
    assert_eq!(s.closed, [b]);
    assert_eq!(s.ask(a, &format!("CLIENT KILL ID {} SKIPME no", a.0)), ":1\r\n");
    assert_eq!(s.closed, [b, a]);
}
