//! Reading the handshake line by line.

/// The longest line that a master may send before the RDB; a longer one is no Redis.
pub const MAX_LINE: usize = 1024;

/// One line at the front of `bytes`: its text without the line end, and how many bytes it took.
/// A line ends with LF; one CR before it is not part of the text (so LF alone is accepted too).
pub fn first_line(bytes: &[u8]) -> Option<(&[u8], usize)> {
    let lf = memchr::memchr(b'\n', bytes)?;
    let text = &bytes[..lf];
    Some((text.strip_suffix(b"\r").unwrap_or(text), lf + 1))
}

/// A command as a RESP array of bulk strings: what replication writes to its peers.
pub fn command(args: &[&[u8]]) -> Vec<u8> {
    let mut out = Vec::with_capacity(16 + args.iter().map(|a| a.len() + 16).sum::<usize>());
    push_command(&mut out, args);
    out
}

/// Appends a command to `out`; see [`command`].
pub fn push_command(out: &mut Vec<u8>, args: &[&[u8]]) {
    let mut digits = itoa::Buffer::new();
    out.push(b'*');
    out.extend_from_slice(digits.format(args.len()).as_bytes());
    out.extend_from_slice(b"\r\n");
    for arg in args {
        out.push(b'$');
        out.extend_from_slice(digits.format(arg.len()).as_bytes());
        out.extend_from_slice(b"\r\n");
        out.extend_from_slice(arg);
        out.extend_from_slice(b"\r\n");
    }
}

/// Bytes of a peer as text for a log line or a fact: at most [`MAX_LINE`], control characters
/// escaped.
pub fn shown(bytes: &[u8]) -> String {
    crate::wire::text::printable(bytes, MAX_LINE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_ends_with_lf_and_loses_one_cr() {
        assert_eq!(first_line(b"+OK\r\nrest"), Some((&b"+OK"[..], 5)));
        assert_eq!(first_line(b"\n"), Some((&b""[..], 1)));
        assert_eq!(first_line(b"a\r\r\n"), Some((&b"a\r"[..], 4)));
        assert_eq!(first_line(b"+OK\r"), None);
    }

    #[test]
    fn commands_are_arrays_of_bulk_strings() {
        assert_eq!(command(&[b"REPLCONF", b"GETACK", b"*"]).len(), 37);
        assert_eq!(command(&[b"ping"]), b"*1\r\n$4\r\nping\r\n");
    }
}
