//! DEBUG DIGEST: forty digits that are the same on every server that holds the same data.
//!
//! In: values. Out: their SHA-1 digests, put together as Redis does: xor where the order is free, SHA-1
//! over SHA-1 where it counts. Never here: keys' databases, replies.

use super::keyspace::Value;
use crate::wire::num::fmt_f64_17g;

/// Twenty bytes; at first zeros.
pub type Digest = [u8; 20];

fn sha1(bytes: &[u8]) -> Digest {
    sha1_smol::Sha1::from(bytes).digest().bytes()
}

/// Adds data whose order does not matter.
pub fn xor(d: &mut Digest, data: &[u8]) {
    for (a, b) in d.iter_mut().zip(sha1(data)) {
        *a ^= b;
    }
}

/// Adds data whose order matters.
pub fn mix(d: &mut Digest, data: &[u8]) {
    xor(d, data);
    *d = sha1(d);
}

/// Adds a value, and whether its key has an expiry.
pub fn add_value(d: &mut Digest, value: &Value, expires: bool) {
    mix(d, &type_number(value).to_be_bytes());
    match value {
        Value::Int(_) | Value::Str(_) | Value::Raw(_) => mix(d, &value.bytes()),
        Value::Set(set) => {
            let mut room = itoa::Buffer::new();
            set.iter().for_each(|member| xor(d, member.text(&mut room)));
        }
        Value::Hash(hash) => {
            let (mut field, mut content) = (itoa::Buffer::new(), itoa::Buffer::new());
            for (f, v) in hash.iter() {
                add_pair(d, f.text(&mut field), v.text(&mut content));
            }
        }
        Value::ZSet(zset) => {
            let mut room = itoa::Buffer::new();
            for (member, score) in zset.iter() {
                add_pair(d, member.text(&mut room), fmt_f64_17g(score).as_bytes());
            }
        }
        Value::List(list) => {
            let mut room = itoa::Buffer::new();
            list.iter().for_each(|element| mix(d, element.text(&mut room)));
        }
        Value::Stream(stream) => {
            let (mut name, mut content) = (itoa::Buffer::new(), itoa::Buffer::new());
            for entry in stream.log().iter() {
                mix(d, format!("{}.{}", entry.id.ms, entry.id.seq).as_bytes());
                for (field, value) in entry.pairs() {
                    mix(d, field.text(&mut name));
                    mix(d, value.text(&mut content));
                }
            }
        }
    }
    if expires {
        xor(d, b"!!expire!!");
    }
}

/// The digest of one value.
pub fn of_value(value: &Value) -> Digest {
    let mut d = Digest::default();
    add_value(&mut d, value, false);
    d
}

/// In hexadecimal.
pub fn hex(d: &Digest) -> String {
    d.iter().map(|b| format!("{b:02x}")).collect()
}

fn add_pair(d: &mut Digest, a: &[u8], b: &[u8]) {
    let mut pair = Digest::default();
    mix(&mut pair, a);
    mix(&mut pair, b);
    xor(d, &pair);
}

/// Redis's number of the type.
fn type_number(value: &Value) -> u32 {
    match value {
        Value::Int(_) | Value::Str(_) | Value::Raw(_) => 0,
        Value::List(_) => 1,
        Value::Set(_) => 2,
        Value::ZSet(_) => 3,
        Value::Hash(_) => 4,
        Value::Stream(_) => 6,
    }
}
