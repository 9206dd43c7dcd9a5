//! Requests whole, cut anywhere, and broken in every way that has an error text of its own.

use super::super::command::encode_command;
use super::*;
use proptest::prelude::*;

/// One request, or what else is at the front, as owned arguments.
#[derive(Debug, PartialEq)]
enum Got {
    Args(Vec<Vec<u8>>),
    Empty,
}

/// Feeds `bytes` in pieces, as a connection would: consumed bytes are dropped from the front.
fn feed(pieces: &[&[u8]], limits: &Limits) -> (Vec<Got>, Result<(), ProtocolError>) {
    let mut parser = RequestParser::new();
    let (mut buf, mut got) = (Vec::new(), Vec::new());
    for piece in pieces {
        buf.extend_from_slice(piece);
        loop {
            // A fresh vector each time: the parser keeps what it needs.
            let mut argv = Vec::new();
            let consumed = match parser.parse(&buf, limits, &mut argv) {
                Ok(Parsed::Incomplete { need }) => {
                    assert!(need > 0);
                    break;
                }
                Ok(Parsed::Request { consumed }) => {
                    got.push(Got::Args(argv.into_iter().map(|r| buf[r].to_vec()).collect()));
                    consumed
                }
                Ok(Parsed::Inline { consumed, args }) => {
                    got.push(Got::Args(args));
                    consumed
                }
                Ok(Parsed::Empty { consumed }) => {
                    got.push(Got::Empty);
                    consumed
                }
                Err(error) => return (got, Err(error)),
            };
            buf.drain(..consumed);
        }
    }
    (got, Ok(()))
}

fn error(bytes: &[u8], limits: &Limits) -> String {
    let whole = feed(&[bytes], limits).1.expect_err("an error").to_string();
    let split: Vec<&[u8]> = bytes.chunks(1000).collect();
    assert_eq!(feed(&split, limits).1.expect_err("an error").to_string(), whole);
    whole
}

fn args(args: &[&str]) -> Got {
    Got::Args(args.iter().map(|a| a.as_bytes().to_vec()).collect())
}

#[test]
fn multibulk_inline_and_empty_follow_each_other() {
    let bytes =
        b"*2\r\n$3\r\nGET\r\n$1\r\na\r\nset k \"a b\"\r\n\n*0\r\n*-1\r\n\r\nPING\n*1\r\n$0\r\n\r\n";
    let want = [
        args(&["GET", "a"]),
        args(&["set", "k", "a b"]),
        Got::Empty,
        Got::Empty,
        Got::Empty,
        Got::Empty,
        args(&["PING"]),
        args(&[""]),
    ];
    assert_eq!(feed(&[bytes], &Limits::default()).0, want);
    let single: Vec<&[u8]> = bytes.chunks(1).collect();
    assert_eq!(feed(&single, &Limits::default()), (want.into(), Ok(())));
}

#[test]
fn errors_in_redis_words() {
    let l = Limits::default();
    assert_eq!(error(b"*x\r\n", &l), "invalid multibulk length");
    assert_eq!(error(b"*2147483648\r\n", &l), "invalid multibulk length");
    assert_eq!(error(b"*\r\n", &l), "invalid multibulk length");
    assert_eq!(error(b"*1\r\nfoo\r\n", &l), "expected '$', got 'f'");
    assert_eq!(error(b"*1\r\n\r\n", &l), "expected '$', got '.'");
    assert_eq!(error(b"*1\r\n$-1\r\n", &l), "invalid bulk length");
    assert_eq!(error(b"*1\r\n$x\r\n", &l), "invalid bulk length");
    assert_eq!(error(b"*1\r\n$536870913\r\n", &l), "invalid bulk length");
    assert_eq!(error(b"set \"x\r\n", &l), "unbalanced quotes in request");
    let long = |head: &str| [head.as_bytes(), &[b'1'; MAX_INLINE + 1][..]].concat();
    assert_eq!(error(&long(""), &l), "too big inline request");
    assert_eq!(error(&long("*"), &l), "too big mbulk count string");
    assert_eq!(error(&long("*1\r\n$"), &l), "too big bulk count string");
}

#[test]
fn the_reply_carries_the_offending_byte_as_it_is() {
    let text = ProtocolError::ExpectedDollar(0xff).reply_text();
    assert_eq!(text, b"ERR Protocol error: expected '$', got '\xff'");
    let text = ProtocolError::InlineTooBig.reply_text();
    assert_eq!(text, b"ERR Protocol error: too big inline request");
}

#[test]
fn a_stranger_may_send_little() {
    let stranger = Limits { authenticated: false, ..Limits::default() };
    assert_eq!(error(b"*11\r\n", &stranger), "unauthenticated multibulk length");
    assert_eq!(error(b"*1\r\n$16385\r\n", &stranger), "unauthenticated bulk length");
    assert_eq!(feed(&[b"*10\r\n$16384\r\n"], &stranger), (vec![], Ok(())));
}

#[test]
fn a_master_may_send_long_bulks() {
    assert_eq!(feed(&[b"*1\r\n$536870913\r\n"], &Limits::master()), (vec![], Ok(())));
}

#[test]
fn a_nul_hides_the_line_end_behind_it() {
    let l = Limits::default();
    assert_eq!(feed(&[b"*\x001\r\n", b"\r\n\r\n"], &l), (vec![], Ok(())));
    assert_eq!(feed(&[b"PI\0NG\r\n", b"PING\r\n"], &l), (vec![], Ok(())));
    let flood = [b"\0".to_vec(), b"A\n".repeat(40_000)].concat();
    assert_eq!(error(&flood, &l), "too big inline request");
}

#[test]
fn what_is_missing_is_foretold() {
    let mut parser = RequestParser::new();
    let mut argv = Vec::new();
    let l = Limits::default();
    let parsed = parser.parse(b"*2\r\n$3\r\nGET\r\n$100\r\nabc", &l, &mut argv);
    assert_eq!(parsed, Ok(Parsed::Incomplete { need: 99 }));
    assert_eq!(parser.progress(), (1, 1));
    assert!(!parser.is_idle());
}

#[test]
fn a_bulk_of_many_pieces_costs_no_rescan() {
    // 64 MB in 64 KB pieces, parsed after each: quadratic work would take minutes.
    let mut parser = RequestParser::new();
    let mut argv = Vec::new();
    let l = Limits::default();
    let mut buf = b"*1\r\n$67108864\r\n".to_vec();
    let piece = vec![b'x'; 64 * 1024];
    for _ in 0..1024 {
        assert!(matches!(parser.parse(&buf, &l, &mut argv), Ok(Parsed::Incomplete { .. })));
        buf.extend_from_slice(&piece);
    }
    buf.extend_from_slice(b"\r\n");
    assert_eq!(parser.parse(&buf, &l, &mut argv), Ok(Parsed::Request { consumed: buf.len() }));
    assert_eq!((argv.len(), argv[0].clone()), (1, 15..15 + 67_108_864));
    assert!(parser.is_idle());
}

proptest! {
    #[test]
    fn requests_survive_any_cut(
        requests in proptest::collection::vec(
            proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..30), 1..6), 1..6),
        cuts in proptest::collection::vec(1usize..40, 0..20),
    ) {
        let mut bytes = Vec::new();
        for request in &requests {
            encode_command(&mut bytes, request);
        }
        let (mut pieces, mut rest) = (Vec::new(), &bytes[..]);
        for cut in cuts {
            let (piece, tail) = rest.split_at(cut.min(rest.len()));
            pieces.push(piece);
            rest = tail;
        }
        pieces.push(rest);
        let want: Vec<Got> = requests.into_iter().map(Got::Args).collect();
        prop_assert_eq!(feed(&pieces, &Limits::default()), (want, Ok(())));
    }

    #[test]
    fn a_cut_changes_nothing_about_garbage(
        bytes in "[*$\r\n0-9a\" -]{0,40}", at in 0usize..40,
    ) {
        let bytes = bytes.as_bytes();
        let (a, b) = bytes.split_at(at.min(bytes.len()));
        let limits = Limits { max_inline: 8, ..Limits::default() };
        let (whole, outcome) = feed(&[bytes], &limits);
        let (parts, cut_outcome) = feed(&[a, b], &limits);
        // A cut line may be found too long before its end is seen: then the reading stops there,
        // with nothing but what stood before it. Nothing else differs.
        if matches!(cut_outcome, Err(
            ProtocolError::InlineTooBig
            | ProtocolError::MultibulkHeaderTooBig
            | ProtocolError::BulkHeaderTooBig)) {
            prop_assert!(whole.starts_with(&parts), "{:?} is no beginning of {:?}", parts, whole);
        } else {
            prop_assert_eq!((whole, outcome), (parts, cut_outcome));
        }
    }
}
