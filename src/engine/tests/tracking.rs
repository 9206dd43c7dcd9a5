//! Client side caching: who is told that what it holds is no longer valid.

use super::server;

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).replace("\r\n", "|")
}

const GONE: &str = ">2|$10|invalidate|*1|$1|k|";

#[test]
fn a_key_that_was_read_is_told_once_when_it_changes() {
    let mut s = server("");
    let (a, b) = (s.connect(), s.connect());
    s.send(a, "HELLO 3\r\nCLIENT TRACKING ON\r\nGET k\r\n");
    s.ask(b, "SET k 1");
    assert_eq!(text(&s.receive(a)), GONE);
    s.ask(b, "SET k 2");
    assert_eq!(text(&s.receive(a)), "");
    s.send(a, "GET k\r\n");
    s.ask(b, "FLUSHALL");
    assert_eq!(text(&s.receive(a)), ">2|$10|invalidate|_|");
}

#[test]
fn a_client_hears_of_its_own_writes_behind_the_reply_unless_noloop() {
    let mut s = server("");
    let a = s.connect();
    s.send(a, "HELLO 3\r\nCLIENT TRACKING ON\r\nGET k\r\n");
    assert_eq!(text(&s.send(a, "SET k 1\r\n")), format!("+OK|{GONE}"));
    s.send(a, "GET k\r\nMULTI\r\nSET k 2\r\n");
    assert_eq!(text(&s.send(a, "EXEC\r\n")), format!("*1|+OK|{GONE}"));
    s.send(a, "CLIENT TRACKING OFF\r\nCLIENT TRACKING ON NOLOOP\r\nGET k\r\n");
    assert_eq!(text(&s.send(a, "SET k 1\r\n")), "+OK|");
}

#[test]
fn optin_tracks_the_one_command_behind_caching_yes() {
    let mut s = server("");
    let (a, b) = (s.connect(), s.connect());
    s.send(a, "HELLO 3\r\nCLIENT TRACKING ON OPTIN\r\nGET k\r\n");
    s.ask(b, "SET k 1");
    assert_eq!(text(&s.receive(a)), "");
    s.send(a, "CLIENT CACHING YES\r\nGET k\r\nGET j\r\n");
    s.ask(b, "MSET j 1 k 1");
    assert_eq!(text(&s.receive(a)), GONE);
}

#[test]
fn broadcasting_tells_all_keys_under_a_prefix_at_the_end_of_the_turn() {
    let mut s = server("");
    let (a, b) = (s.connect(), s.connect());
    s.send(a, "HELLO 3\r\nCLIENT TRACKING ON BCAST PREFIX k PREFIX x\r\n");
    s.send(b, "SET k1 1\r\nSET y 1\r\nSET k2 1\r\nSET k1 2\r\n");
    assert_eq!(text(&s.receive(a)), ">2|$10|invalidate|*2|$2|k1|$2|k2|");
    assert!(
        text(&s.send(a, "CLIENT TRACKING ON BCAST PREFIX kk\r\n")).contains("overlaps with an")
    );
    s.send(a, "CLIENT TRACKING OFF\r\n");
    s.ask(b, "SET k1 1");
    assert_eq!(text(&s.receive(a)), "");
}

#[test]
fn messages_go_to_the_client_that_they_are_redirected_to() {
    let mut s = server("");
    let (a, b, c) = (s.connect(), s.connect(), s.connect());
    s.send(b, "SUBSCRIBE __redis__:invalidate\r\n");
    let id = b.0;
    assert_eq!(s.ask(a, &format!("CLIENT TRACKING ON REDIRECT {id}")), "+OK\r\n");
    s.ask(a, "GET k");
    s.ask(c, "SET k 1");
    assert_eq!(text(&s.receive(b)), "*3|$7|message|$20|__redis__:invalidate|*1|$1|k|");
    s.send(b, "QUIT\r\n");
    s.send(a, "HELLO 3\r\nGET k\r\n");
    s.ask(c, "SET k 2");
    assert_eq!(text(&s.receive(a)), format!(">2|$21|tracking-redir-broken|:{id}|"));
}

#[test]
fn the_table_is_held_at_its_bound() {
    let mut s = server("tracking-table-max-keys 2");
    let a = s.connect();
    s.send(a, "HELLO 3\r\nCLIENT TRACKING ON\r\nGET a\r\nGET b\r\nGET c\r\n");
    assert!(text(&s.send(a, "PING\r\n")).contains("invalidate"));
    assert!(text(&s.send(a, "INFO stats\r\n")).contains("tracking_total_keys:2|"));
}
