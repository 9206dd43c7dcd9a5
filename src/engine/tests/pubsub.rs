//! Publish and subscribe, and what happens to keys told that way.

use super::server;

/// Bytes as text, with `|` for the ends of lines.
fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).replace("\r\n", "|")
}

#[test]
fn a_message_reaches_channels_and_patterns_once_each() {
    let mut s = server("");
    let (a, b) = (s.connect(), s.connect());
    assert_eq!(text(&s.send(a, "SUBSCRIBE x\r\n")), "*3|$9|subscribe|$1|x|:1|");
    assert_eq!(text(&s.send(a, "PSUBSCRIBE x* x*\r\n")).matches("|:2|").count(), 2);
    assert_eq!(s.ask(b, "PUBLISH x hi"), ":2\r\n");
    let got = text(&s.receive(a));
    assert_eq!(got, "*3|$7|message|$1|x|$2|hi|*4|$8|pmessage|$2|x*|$1|x|$2|hi|");
    assert_eq!(s.ask(b, "SPUBLISH x hi"), ":0\r\n");
    assert_eq!(text(&s.send(b, "PUBSUB NUMSUB x y\r\n")), "*4|$1|x|:1|$1|y|:0|");
    assert_eq!(s.ask(b, "PUBSUB NUMPAT"), ":1\r\n");
}

#[test]
fn a_resp2_subscriber_may_do_little_else_and_its_ping_is_an_array() {
    let mut s = server("");
    let c = s.connect();
    assert!(text(&s.send(c, "SUBSCRIBE x\r\n")).ends_with(":1|"));
    assert!(s.ask(c, "GET x").starts_with("-ERR Can't execute 'get': only (P|S)SUBSCRIBE"));
    assert_eq!(text(&s.send(c, "PING hi\r\n")), "*2|$4|pong|$2|hi|");
    assert_eq!(text(&s.send(c, "UNSUBSCRIBE\r\n")), "*3|$11|unsubscribe|$1|x|:0|");
    assert_eq!(s.ask(c, "GET x"), "$-1\r\n");
    s.send(c, "SUBSCRIBE x\r\n");
    assert_eq!(s.ask(c, "RESET"), "+RESET\r\n");
    assert_eq!(s.ask(c, "PUBLISH x hi"), ":0\r\n");
}

#[test]
fn a_subscriber_that_leaves_is_forgotten() {
    let mut s = server("");
    let (a, b) = (s.connect(), s.connect());
    s.send(a, "SUBSCRIBE x\r\nSSUBSCRIBE y\r\nPSUBSCRIBE z\r\nQUIT\r\n");
    assert_eq!(text(&s.send(b, "PUBSUB CHANNELS\r\n")), "*0|");
    assert_eq!(text(&s.send(b, "PUBSUB SHARDCHANNELS\r\n")), "*0|");
    assert_eq!(s.ask(b, "PUBSUB NUMPAT"), ":0\r\n");
}

#[test]
fn events_of_keys_are_messages_of_the_classes_that_are_asked_for() {
    let mut s = server("notify-keyspace-events K$xm");
    let (a, b) = (s.connect(), s.connect());
    s.send(a, "HELLO 3\r\nPSUBSCRIBE __key*\r\n");
    s.ask(b, "SET k v");
    assert!(text(&s.receive(a)).contains("|$16|__keyspace@0__:k|$3|set|"));
    s.ask(b, "DEL k");
    assert_eq!(text(&s.receive(a)), "");
    s.ask(b, "GET k");
    assert!(text(&s.receive(a)).ends_with("|$7|keymiss|"));
}

#[test]
fn a_message_to_oneself_is_a_push_that_client_reply_does_not_silence() {
    let mut s = server("");
    let c = s.connect();
    s.send(c, "HELLO 3\r\nSUBSCRIBE x\r\n");
    let message = ">3|$7|message|$1|x|$1|m|";
    assert_eq!(text(&s.send(c, "PUBLISH x m\r\n")), format!("{message}:1|"));
    s.send(c, "CLIENT REPLY OFF\r\n");
    assert_eq!(text(&s.send(c, "PUBLISH x m\r\n")), message);
}

#[test]
fn a_subscriber_that_does_not_read_is_closed_at_its_limit() {
    let mut s = server("client-output-buffer-limit pubsub 100kb 0 0");
    let (a, b) = (s.connect(), s.connect());
    s.send(a, "SUBSCRIBE x\r\n");
    let big = "v".repeat(60_000);
    assert_eq!(s.ask(b, &format!("PUBLISH x {big}")), ":1\r\n");
    assert_eq!(s.ask(b, &format!("PUBLISH x {big}")), ":1\r\n");
    assert_eq!(s.ask(b, "PUBLISH x v"), ":0\r\n");
    assert_eq!(s.closed, [a]);
}
