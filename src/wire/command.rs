//! A command as it travels: a RESP array of bulk strings, the only form in a replication stream.

use super::num;

/// Appends `args` as `*n⏎$len⏎arg⏎…`.
pub fn encode_command<A: AsRef<[u8]>>(out: &mut Vec<u8>, args: &[A]) {
    out.reserve(encoded_len(args));
    header(out, b'*', args.len());
    for arg in args {
        let arg = arg.as_ref();
        header(out, b'$', arg.len());
        out.extend_from_slice(arg);
        out.extend_from_slice(b"\r\n");
    }
}

/// How many bytes [`encode_command`] appends: what the command adds to a replication offset.
pub fn encoded_len<A: AsRef<[u8]>>(args: &[A]) -> usize {
    let line = |n: usize| 1 + num::decimal_len(n as u64) + 2;
    line(args.len())
        + args.iter().map(|a| line(a.as_ref().len()) + a.as_ref().len() + 2).sum::<usize>()
}

/// Appends one header line such as `*3⏎` or `$5⏎`.
pub(super) fn header(out: &mut Vec<u8>, kind: u8, n: usize) {
    out.push(kind);
    num::push_decimal(out, n as i64);
    out.extend_from_slice(b"\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_of_a_set() {
        let mut out = Vec::new();
        encode_command(&mut out, &["SET", "name", "xd"]);
        assert_eq!(out, b"*3\r\n$3\r\nSET\r\n$4\r\nname\r\n$2\r\nxd\r\n");
    }

    #[test]
    fn length_is_foretold_across_digit_boundaries() {
        for len in [0usize, 1, 9, 10, 99, 100, 999, 1000, 65_536] {
            let args = [vec![b'k'], vec![0u8; len]];
            let mut out = Vec::new();
            encode_command(&mut out, &args);
            assert_eq!(out.len(), encoded_len(&args), "argument of {len} bytes");
        }
        let many = vec![b"x"; 1234];
        let mut out = Vec::new();
        encode_command(&mut out, &many);
        assert_eq!(out.len(), encoded_len(&many));
    }
}
