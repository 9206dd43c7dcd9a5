//! Looking ahead in a pipeline: what the next requests will need is fetched together.
//!
//! A command on a random key of a large database waits for memory three times, one after the
//! other: for the segment, for its place, for the entry. The requests of a pipeline do not depend
//! on each other, so all their segments can be asked for at once, then all places, then all
//! entries. Nothing is decided here: a wrong guess costs a few nanoseconds and nothing else.

use super::Engine;

/// Requests looked at in one go.
const AHEAD: usize = 32;

/// Below this many keys a database fits into the processor's caches.
const KEYS: usize = 50_000;

impl Engine {
    /// Fetches what the next requests in `bytes` need; answers how many were looked at. They may be
    /// anything: whatever is no plain request ends the look.
    pub(crate) fn look_ahead(&self, db: usize, bytes: &[u8]) -> usize {
        let db = self.keyspace.db(db);
        if db.len() < KEYS {
            return AHEAD;
        }
        let mut keys: [&[u8]; AHEAD] = [&[]; AHEAD];
        let (mut requests, mut found, mut at) = (0, 0, 0);
        while requests < AHEAD {
            let Some((key, len)) = first_key(&bytes[at..]) else { break };
            if let Some(key) = key {
                keys[found] = key;
                found += 1;
            }
            requests += 1;
            at += len;
        }
        if found > 1 {
            db.fetch(&keys[..found]);
        }
        requests.max(1)
    }
}

/// The second word of the request at the front, if it has one, and the length of the request.
fn first_key(bytes: &[u8]) -> Option<(Option<&[u8]>, usize)> {
    let (words, mut at) = number(bytes, 0, b'*')?;
    let mut key = None;
    for word in 0..words {
        let (len, from) = number(bytes, at, b'$')?;
        at = from.checked_add(len)?.checked_add(2)?;
        let text = bytes.get(from..at)?;
        if word == 1 {
            key = Some(&text[..len]);
        }
    }
    Some((key, at))
}

/// A number of at most seven digits behind this sign at `at`, and what comes after its line.
fn number(bytes: &[u8], at: usize, sign: u8) -> Option<(usize, usize)> {
    let line = bytes.get(at..)?;
    if *line.first()? != sign {
        return None;
    }
    let mut n = 0;
    for (i, b) in line[1..].iter().take(8).enumerate() {
        match b {
            b'0'..=b'9' => n = n * 10 + usize::from(b - b'0'),
            // The line feed may still be on its way.
            b'\r' => return Some((n, at + i + 3)).filter(|(_, next)| *next <= bytes.len()),
            _ => return None,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::first_key;

    #[test]
    fn keys_are_found_in_whole_requests_only() {
        let get = b"*2\r\n$3\r\nGET\r\n$3\r\nkey\r\n";
        assert_eq!(first_key(get), Some((Some(&b"key"[..]), get.len())));
        assert_eq!(first_key(b"*1\r\n$4\r\nPING\r\n*"), Some((None, 14)));
        for upto in 0..get.len() {
            assert_eq!(first_key(&get[..upto]), None, "{upto}");
        }
        assert_eq!((first_key(b"*0\r"), first_key(b"*\r")), (None, None));
        assert_eq!(first_key(b"*0\r\n"), Some((None, 4)));
        for odd in
            [&b"PING\r\n"[..], b"*-1\r\n", b"*2\r\n$99999999\r\n", b"*2\r\n$3\r\nGET\r\n:1\r\n"]
        {
            assert_eq!(first_key(odd), None);
        }
    }
}
