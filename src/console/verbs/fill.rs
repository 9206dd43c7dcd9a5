//! :fill N [on PORT] [SIZE]

use super::{port, usage};
use crate::console::client::{Client, ClientError, Target};
use crate::console::session::{Console, Mouth};
use crate::console::{Outcome, reply, units};
use crate::observe::{Label, Role};
use crate::wire::command::encode_command;
use std::time::{Duration, Instant};

/// Bytes of a value when no size is given.
const SIZE: u64 = 100;
/// One value; larger ones would only test the patience.
const MAX_SIZE: u64 = 64 * 1024 * 1024;
const MAX_KEYS: u64 = 100_000_000;
/// Commands on the way before their replies are read.
const BATCH: u64 = 256;
/// And bytes.
const BATCH_BYTES: usize = 256 * 1024;

pub(super) fn run(console: &mut Console, rest: &str, mouth: &mut Mouth<'_>) -> Outcome {
    let mut words = rest.split_whitespace();
    let count = words.next().and_then(|w| w.replace([',', '_'], "").parse::<u64>().ok());
    let Some(count) = count.filter(|n| (1..=MAX_KEYS).contains(n)) else {
        return usage("fill", "how many keys? 1 to 100,000,000", mouth);
    };
    let (mut on, mut size) = (None, SIZE);
    while let Some(word) = words.next() {
        if word == "on" {
            on = words.next().and_then(port);
            if on.is_none() {
                return usage("fill", "on which port?", mouth);
            }
        } else {
            match units::parse_bytes(word) {
                Some(n) if n <= MAX_SIZE => size = n,
                Some(_) => return usage("fill", "a value is at most 64 MB", mouth),
                None => return usage("fill", "a value's size is bytes: 100, 1kb, 1mb", mouth),
            }
        }
    }
    let target = match on {
        Some(port) => Target::new("127.0.0.1", port),
        None => where_to(console),
    };
    let port = target.port;
    let began = Instant::now();
    // Its own connection: the pipeline must not disturb the one whose prompt is up.
    let mut client = Client::new(target, console.interrupt.clone());
    match write_keys(console, &mut client, count, size as usize) {
        Ok((written, None)) => {
            let us = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
            let text = format!(
                "{} on {port}, {} each, in {}",
                units::plural(written, "key"),
                units::bytes(size),
                units::span_us(us)
            );
            mouth.text(Label::Lab, text);
        }
        Ok((written, Some(error))) => {
            mouth.text(Label::Error, format!("(error) {}", reply::shown(&error)));
            if error.starts_with(b"READONLY") {
                let upstream = console.model().instance(port).and_then(|i| i.master.clone());
                let text = match upstream {
                    Some(m) => format!("{port} is a replica of {}: :fill {count} on {0}", m.port),
                    None => format!("{port} is a replica; :fill {count} on PORT names its master"),
                };
                mouth.text(Label::Hint, text);
            } else if error.starts_with(b"NOAUTH") {
                let text =
                    format!("redis-cli -p {port}, then AUTH: :fill uses that prompt's password");
                mouth.text(Label::Hint, text);
            }
            mouth.text(
                Label::Lab,
                format!("{} were written on {port} before that", units::plural(written, "key")),
            );
        }
        Err(ClientError::Interrupted) => mouth.text(Label::Lab, "stopped"),
        Err(e) => {
            mouth.text(Label::Error, e.to_string());
            crate::console::redis::explain_refusal(console, port, mouth);
        }
    }
    Outcome::default()
}

/// The current instance, with its database and password; at the shell's prompt the master.
fn where_to(console: &mut Console) -> Target {
    if let Some(key) = &console.current
        && let Some(client) = console.clients.get(key)
    {
        return client.target.clone();
    }
    let ports = console.lab.ports();
    let model = console.model();
    let master_with_replicas = ports.iter().find(|p| {
        model
            .instance(**p)
            .is_some_and(|i| i.is_up() && i.role == Role::Master && i.attached().count() > 0)
    });
    let any_master = ports
        .iter()
        .find(|p| model.instance(**p).is_some_and(|i| i.is_up() && i.role == Role::Master));
    Target::new("127.0.0.1", *master_with_replicas.or(any_master).unwrap_or(&ports[0]))
}

/// Writes the keys; the number written, and the first error reply if there was one.
fn write_keys(
    console: &Console,
    client: &mut Client,
    count: u64,
    size: usize,
) -> Result<(u64, Option<Vec<u8>>), ClientError> {
    client.connect()?;
    let mut written = 0;
    let mut next = 0;
    let mut bytes = Vec::new();
    let mut value = vec![0u8; size];
    while next < count {
        bytes.clear();
        let first = next;
        while next < count && next - first < BATCH && bytes.len() < BATCH_BYTES {
            let key = format!("key:{next:08}");
            scramble(&mut value, next);
            encode_command(&mut bytes, &[b"SET".as_slice(), key.as_bytes(), &value]);
            next += 1;
        }
        client.send_bytes(&bytes)?;
        for _ in first..next {
            match client.read(Some(Duration::from_secs(60)))? {
                value if value.error().is_some() => {
                    return Ok((written, value.error().map(<[u8]>::to_vec)));
                }
                _ => written += 1,
            }
        }
        if console.interrupt.is_raised() {
            return Err(ClientError::Interrupted);
        }
    }
    Ok((written, None))
}

/// Letters that LZF cannot shrink much, the same for the same key every time: the RDB is as large
/// as one expects, and two fills give the same digest.
fn scramble(value: &mut [u8], seed: u64) {
    const LETTERS: &[u8; 64] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
    let mut x = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0xd1b5_4a32_d192_ed03;
    for byte in value {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        *byte = LETTERS[(x >> 58) as usize];
    }
}

#[cfg(test)]
mod tests {
    use super::scramble;

    #[test]
    fn fill_values_are_stable_and_differ() {
        let (mut a, mut b, mut c) = ([0; 64], [0; 64], [0; 64]);
        scramble(&mut a, 0);
        scramble(&mut b, 0);
        scramble(&mut c, 1);
        assert_eq!(a, b);
        assert_ne!(a, c);
        assert!(a.iter().all(u8::is_ascii_graphic));
    }
}
