//! DEBUG PROTOCOL: a reply of each kind, for clients that want to see one.

use crate::engine::Engine;
use crate::engine::call::Call;

pub(super) fn protocol(e: &mut Engine, call: &Call<'_>) {
    let resp3 = e.reply.resp >= 3;
    let r = &mut e.reply;
    match call.arg(2).to_ascii_lowercase().as_slice() {
        b"string" => r.bulk_str("Hello World"),
        b"integer" => r.int(12345),
        // 3.141, which is no rounded pi.
        b"double" => r.double(3141.0 / 1000.0),
        b"bignum" => r.big_number("1234567999999999999999999999999999999"),
        b"null" => r.null(),
        b"array" => {
            r.array(3);
            (0..3).for_each(|i| r.int(i));
        }
        b"set" => {
            r.set(3);
            (0..3).for_each(|i| r.int(i));
        }
        b"map" => {
            r.map(3);
            for i in 0..3 {
                r.int(i);
                r.boolean(i == 1);
            }
        }
        b"attrib" => {
            if resp3 {
                r.raw(b"|1\r\n");
                r.bulk_str("key-popularity");
                r.array(2);
                r.bulk_str("key:123");
                r.int(90);
            }
            r.bulk_str("Some real reply following the attribute");
        }
        b"push" if !resp3 => r.error("ERR RESP2 is not supported by this command"),
        b"push" => {
            r.push(2);
            r.bulk_str("server-cpu-usage");
            r.int(42);
            r.bulk_str("Some real reply following the push reply");
        }
        b"true" => r.boolean(true),
        b"false" => r.boolean(false),
        b"verbatim" => r.verbatim("txt", b"This is a verbatim\nstring"),
        _ => r.error(
            "ERR Wrong protocol type name. Please use one of the following: \
             string|integer|double|bignum|null|array|set|map|attrib|push|verbatim|true|false",
        ),
    }
}
