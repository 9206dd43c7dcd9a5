//! What bytes on a link say: one message at a time, with its length, its kind, and whether it is a
//! mere sign of life.

use crate::engine::replication::{StreamCommand, framing, shown};
use crate::engine::secrets::previews;
use crate::observe::{Message, Offset, Preview, ReplId, StepKind, StepWhat};
use crate::wire::num::parse_i64;
use crate::wire::request::{Limits, Parsed, RequestParser};

/// One message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Said {
    pub kind: StepKind,
    pub what: StepWhat,
    /// Its bytes on the wire.
    pub len: u64,
    /// Only tells that the link lives: never asked for.
    pub exempt: bool,
}

impl Said {
    fn new(kind: StepKind, message: Message, len: usize) -> Said {
        let exempt = message == Message::Newline;
        Said { kind, what: StepWhat::Message(message), len: len as u64, exempt }
    }

    fn newline(len: usize) -> Said {
        Said::new(StepKind::Other, Message::Newline, len)
    }
}

/// What a replica says: a request, or a newline. `bytes` begin with it and may hold more.
pub(super) fn from_replica(bytes: &[u8]) -> Said {
    let mut argv = Vec::new();
    match RequestParser::new().parse(bytes, &Limits::master(), &mut argv) {
        Ok(Parsed::Request { consumed }) => {
            let words: Vec<&[u8]> = argv.iter().map(|r| &bytes[r.clone()]).collect();
            request(&words, consumed)
        }
        Ok(Parsed::Inline { consumed, args }) => {
            let words: Vec<&[u8]> = args.iter().map(|a| &a[..]).collect();
            request(&words, consumed)
        }
        Ok(Parsed::Empty { consumed }) => Said::newline(consumed),
        _ => Said::new(StepKind::Other, Message::Unexpected(shown(bytes)), bytes.len()),
    }
}

/// A request of a replica to its master, as words.
pub(super) fn request(words: &[&[u8]], len: usize) -> Said {
    let is = |i: usize, text: &str| {
        words.get(i).is_some_and(|w| w.eq_ignore_ascii_case(text.as_bytes()))
    };
    let word = |i: usize| words.get(i).copied().unwrap_or_default();
    let number = |i: usize| parse_i64(word(i));
    let (kind, message) = if is(0, "ping") {
        (StepKind::Ping, Message::Ping)
    } else if is(0, "auth") {
        // Never the password, wherever it stands.
        (StepKind::Auth, Message::Auth { user: (words.len() > 2).then(|| shown(word(1))) })
    } else if is(0, "psync") {
        let offset = Offset(number(2).unwrap_or(-1));
        let replid = shown(word(1));
        (StepKind::Psync, Message::Psync { replid, offset, failover: is(3, "failover") })
    } else if is(0, "sync") {
        (StepKind::Psync, Message::Sync)
    } else if is(0, "replconf") && is(1, "ack") {
        (StepKind::Ack, Message::Ack { offset: Offset(number(2).unwrap_or(-1)) })
    } else if is(0, "replconf") && is(1, "listening-port") {
        let port = number(2).and_then(|p| u16::try_from(p).ok()).unwrap_or(0);
        (StepKind::Replconf, Message::ListeningPort(port))
    } else if is(0, "replconf") && is(1, "ip-address") {
        (StepKind::Replconf, Message::AnnounceIp(shown(word(2))))
    } else if is(0, "replconf") && is(1, "capa") {
        let capas = words.iter().skip(2).step_by(2).map(|w| shown(w)).collect();
        (StepKind::Replconf, Message::Capa(capas))
    } else if is(0, "replconf") {
        (StepKind::Replconf, Message::Unexpected(joined(words)))
    } else {
        (StepKind::Other, Message::Unexpected(joined(words)))
    };
    Said::new(kind, message, len)
}

/// What a master says to a replica that is attached, before and instead of the stream: lines.
pub(super) fn line_to_replica(bytes: &[u8]) -> Said {
    let len = memchr::memchr(b'\n', bytes).map_or(bytes.len(), |lf| lf + 1);
    let line = text_of(&bytes[..len]);
    match (line.first(), framing(line)) {
        (None, _) => Said::newline(len),
        (_, Some(framing)) => Said::new(StepKind::RdbBegin, Message::RdbBegin(framing), len),
        _ => answer_to_psync(line, len),
    }
}

/// What a master answers to PSYNC.
pub(super) fn answer_to_psync(line: &[u8], len: usize) -> Said {
    let line = text_of(line);
    if let Some(rest) = line.strip_prefix(b"+FULLRESYNC") {
        let mut words = rest.trim_ascii_start().splitn(2, |b| *b == b' ');
        let replid = words.next().and_then(ReplId::from_bytes);
        let offset = words.next().and_then(parse_i64);
        let message = match (replid, offset) {
            (Some(replid), Some(offset)) => Message::FullResync { replid, offset: Offset(offset) },
            _ => Message::Unexpected(shown(line)),
        };
        return Said::new(StepKind::FullResync, message, len);
    }
    if let Some(rest) = line.strip_prefix(b"+CONTINUE") {
        let replid = rest.get(1..).and_then(ReplId::from_bytes);
        return Said::new(StepKind::Continue, Message::Continue { replid }, len);
    }
    if line.is_empty() {
        return Said::newline(len);
    }
    reply_line(StepKind::Reply, line, len)
}

/// One reply to a client that speaks of itself as a replica, but is not attached yet.
pub(super) fn reply(bytes: &[u8]) -> Said {
    let len = reply_len(bytes);
    if bytes.first() == Some(&b'\n') {
        return Said::newline(1);
    }
    reply_line(StepKind::Reply, &bytes[..len], len)
}

/// A status or error line in answer to a part of the handshake.
pub(super) fn reply_line(kind: StepKind, line: &[u8], len: usize) -> Said {
    let line = text_of(line);
    let message = match line.first() {
        Some(b'+') if kind == StepKind::Pong => Message::Pong(shown(&line[1..])),
        Some(b'+') if line == b"+OK" => Message::Ok,
        Some(b'-') => Message::Error(shown(line)),
        _ => Message::Unexpected(shown(line)),
    };
    Said::new(kind, message, len)
}

/// A command of the stream that begins at `from`.
pub(super) fn of_stream(command: &StreamCommand, from: i64) -> Said {
    let words: Vec<&[u8]> = command.words.iter().map(|w| &w[..]).collect();
    of_stream_words(&words, from, command.to)
}

/// The same, as words.
pub(super) fn of_stream_words(words: &[&[u8]], from: i64, to: i64) -> Said {
    let is = |i: usize, text: &str| {
        words.get(i).is_some_and(|w| w.eq_ignore_ascii_case(text.as_bytes()))
    };
    let len = (to + 1 - from).max(0) as u64;
    let wire = previews(words);
    let what = StepWhat::Command { wire, from: Offset(from), to: Offset(to) };
    let getack = is(0, "replconf") && is(1, "getack");
    let kind = if getack { StepKind::GetAck } else { StepKind::Command };
    // An empty line, or the periodic ping.
    let exempt = words.is_empty() || (words.len() == 1 && is(0, "ping"));
    Said { kind, what, len, exempt }
}

/// Bytes of the RDB.
pub(super) fn of_rdb(last: bool, from: u64, of: Option<u64>, len: u64) -> Said {
    let kind = if last { StepKind::RdbEnd } else { StepKind::RdbPiece };
    Said { kind, what: StepWhat::Rdb { from, of }, len, exempt: false }
}

/// A line without its end.
fn text_of(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

fn joined(words: &[&[u8]]) -> String {
    let words = previews(words);
    let words: Vec<&str> = words.iter().map(Preview::text).collect();
    shown(words.join(" ").as_bytes())
}

/// How many bytes the reply takes that `bytes` begin with; all of them if it is none.
fn reply_len(bytes: &[u8]) -> usize {
    let (mut at, mut owed) = (0usize, 1i64);
    while owed > 0 {
        let rest = bytes.get(at..).unwrap_or_default();
        let Some(lf) = memchr::memchr(b'\n', rest) else { return bytes.len() };
        let line = text_of(&rest[..lf + 1]);
        at += lf + 1;
        owed -= 1;
        let n = line.get(1..).and_then(parse_i64).unwrap_or(0).clamp(0, i64::from(u32::MAX));
        match line.first() {
            Some(b'$' | b'=' | b'!') if line.get(1) != Some(&b'-') => at += n as usize + 2,
            Some(b'*' | b'~' | b'>') => owed += n,
            Some(b'%' | b'|') => owed += 2 * n,
            _ => {}
        }
    }
    at.min(bytes.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(mut bytes: &[u8], read: fn(&[u8]) -> Said) -> Vec<(StepKind, u64, bool)> {
        let mut out = Vec::new();
        while !bytes.is_empty() {
            let said = read(bytes);
            bytes = &bytes[said.len as usize..];
            out.push((said.kind, said.len, said.exempt));
        }
        out
    }

    #[test]
    fn a_replicas_messages_are_told_apart() {
        let bytes = b"*1\r\n$4\r\nPING\r\n\n*3\r\n$8\r\nREPLCONF\r\n$4\r\ncapa\r\n$3\r\neof\r\n\
            *3\r\n$5\r\nPSYNC\r\n$1\r\n?\r\n$2\r\n-1\r\nSYNC\r\n*3\r\n$8\r\nREPLCONF\r\n$3\r\nACK\r\n\
            $1\r\n7\r\n*2\r\n$4\r\nAUTH\r\n$2\r\npw\r\n";
        let told: Vec<_> = kinds(bytes, from_replica).iter().map(|k| k.0).collect();
        use StepKind::*;
        assert_eq!(told, [Ping, Other, Replconf, Psync, Psync, Ack, Auth]);
        let auth = from_replica(b"*2\r\n$4\r\nAUTH\r\n$2\r\npw\r\n");
        assert!(!format!("{auth:?}").contains("pw"));
        let wrong: Vec<&[u8]> = vec![b"AUTH", b"user", b"secret"];
        assert!(!format!("{:?}", request(&wrong, 9)).contains("secret"));
    }

    #[test]
    fn a_masters_lines_are_told_apart() {
        let id = "f".repeat(40);
        let bytes = format!("\n+FULLRESYNC {id} 12\r\n\n$123\r\n");
        let told = kinds(bytes.as_bytes(), line_to_replica);
        use StepKind::*;
        let newline = (Other, 1, true);
        assert_eq!(told, [newline, (FullResync, 57, false), newline, (RdbBegin, 6, false)]);
        let told = line_to_replica(format!("+CONTINUE {id}\r\n").as_bytes());
        assert_eq!(told.kind, Continue);
        assert_eq!(line_to_replica(b"-ERR no\r\n").kind, Reply);
        assert_eq!(line_to_replica(format!("$EOF:{id}\r\n").as_bytes()).kind, RdbBegin);
    }

    #[test]
    fn replies_of_any_shape_have_a_length() {
        let bytes = b"+OK\r\n$5\r\nhello\r\n*2\r\n:1\r\n*1\r\n$-1\r\n-ERR x\r\n$-1\r\n*-1\r\n";
        let told: Vec<_> = kinds(bytes, reply).iter().map(|k| k.1).collect();
        assert_eq!(told, [5, 11, 17, 8, 5, 5]);
        assert_eq!(reply(b"$100\r\nshort").len, 11);
        assert_eq!(reply(b"%1\r\n+a\r\n:1\r\n+OK\r\n").len, 12);
    }

    #[test]
    fn pings_of_the_stream_are_exempt_and_getack_is_not() {
        let exempt = |words: &[&[u8]]| of_stream_words(words, 10, 20).exempt;
        assert!(exempt(&[b"ping"]) && exempt(&[]));
        assert!(!exempt(&[b"SET", b"a", b"b"]));
        let getack = of_stream_words(&[b"REPLCONF", b"GETACK", b"*"], 1, 37);
        assert_eq!((getack.kind, getack.len, getack.exempt), (StepKind::GetAck, 37, false));
    }
}
