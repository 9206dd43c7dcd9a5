//! Keyspace notifications: who wants to know what happens to keys (notify-keyspace-events).

use super::Engine;
use super::pubsub::Sphere;

/// Classes of events: the letters of `notify-keyspace-events`.
pub mod class {
    /// K: messages to `__keyspace@<db>__:<key>`.
    pub const KEYSPACE: u32 = 1 << 0;
    /// E: messages to `__keyevent@<db>__:<event>`.
    pub const KEYEVENT: u32 = 1 << 1;
    pub const GENERIC: u32 = 1 << 2; // g
    pub const STRING: u32 = 1 << 3; // $
    pub const LIST: u32 = 1 << 4; // l
    pub const SET: u32 = 1 << 5; // s
    pub const HASH: u32 = 1 << 6; // h
    pub const ZSET: u32 = 1 << 7; // z
    pub const EXPIRED: u32 = 1 << 8; // x
    pub const EVICTED: u32 = 1 << 9; // e
    pub const STREAM: u32 = 1 << 10; // t
    pub const KEY_MISS: u32 = 1 << 11; // m, not part of A
    pub const MODULE: u32 = 1 << 13; // d
    pub const NEW: u32 = 1 << 14; // n, not part of A
    /// A: all kinds of commands.
    pub const ALL: u32 =
        GENERIC | STRING | LIST | SET | HASH | ZSET | EXPIRED | EVICTED | STREAM | MODULE;
}

/// The letters in the order in which CONFIG GET prints them. Those before `K` are spared if `A`
/// says them all; so is `n`, as in Redis, although `A` does not mean it.
const LETTERS: [(u8, u32); 14] = [
    (b'g', class::GENERIC),
    (b'$', class::STRING),
    (b'l', class::LIST),
    (b's', class::SET),
    (b'h', class::HASH),
    (b'z', class::ZSET),
    (b'x', class::EXPIRED),
    (b'e', class::EVICTED),
    (b't', class::STREAM),
    (b'd', class::MODULE),
    (b'n', class::NEW),
    (b'K', class::KEYSPACE),
    (b'E', class::KEYEVENT),
    (b'm', class::KEY_MISS),
];

/// Where in [`LETTERS`] those begin that `A` never stands for.
const BEHIND_ALL: usize = 11;

/// The classes that these letters name; `None` if one of them names nothing.
pub(crate) fn parse(letters: &[u8]) -> Option<u32> {
    letters.iter().try_fold(0, |bits, letter| match letter {
        b'A' => Some(bits | class::ALL),
        _ => LETTERS.iter().find(|(l, _)| l == letter).map(|(_, bit)| bits | bit),
    })
}

/// The letters of these classes, as CONFIG GET prints them.
pub(crate) fn letters(bits: u32) -> String {
    let all = bits & class::ALL == class::ALL;
    let rest = if all { &LETTERS[BEHIND_ALL..] } else { &LETTERS[..] };
    let named = rest.iter().filter(|(_, bit)| bits & bit != 0).map(|(l, _)| char::from(*l));
    all.then_some('A').into_iter().chain(named).collect()
}

impl Engine {
    /// Tells subscribers that `event` (Redis's own word: `lpush`, `del`) happened to a key of
    /// database `db`. Redis's order: after the change, before the reply is sent.
    #[inline]
    pub fn notify(&mut self, class: u32, event: &str, db: usize, key: &[u8]) {
        if self.config.notify_keyspace_events & class != 0 && !self.pubsub.is_silent() {
            self.notify_subscribers(event, db, key);
        }
    }

    #[cold]
    fn notify_subscribers(&mut self, event: &str, db: usize, key: &[u8]) {
        let wanted = self.config.notify_keyspace_events;
        if wanted & class::KEYSPACE != 0 {
            let mut channel = format!("__keyspace@{db}__:").into_bytes();
            channel.extend_from_slice(key);
            self.publish(Sphere::Global, &channel, event.as_bytes());
        }
        if wanted & class::KEYEVENT != 0 {
            let channel = format!("__keyevent@{db}__:{event}");
            self.publish(Sphere::Global, channel.as_bytes(), key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_read_and_printed_as_redis_does() {
        for (given, printed) in [
            ("", ""),
            ("KEA", "AKE"),
            ("KA", "AK"),
            ("AKEm", "AKEm"),
            ("EKn", "nKE"),
            ("AKEn", "AKE"),
            ("g$lshzxetdKE", "AKE"),
            ("K$lszxeg", "g$lszxeK"),
            ("Ez", "zE"),
        ] {
            let bits = parse(given.as_bytes()).unwrap();
            assert_eq!(letters(bits), printed, "{given}");
        }
        assert_eq!(parse(b"KEx!"), None);
    }
}
