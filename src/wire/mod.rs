//! wire: bytes ⇄ values. RESP requests and replies, inline commands, numbers as Redis reads and
//! prints them, glob patterns, RDB files, LZF, CRC-64.
//!
//! What goes in: slices of bytes, cut anywhere. What comes out: values, ranges into those slices,
//! bytes to send, typed errors whose text is Redis's own.
//!
//! What this room never knows: sockets, files, clocks, databases, roles. It keeps no state but that
//! of a half-read value, trusts no announced length, and never panics on what it is fed.
//!
//! | Module | Turns |
//! |---|---|
//! | [`request`] | the bytes of a client (or of a master's stream) into argument ranges |
//! | [`command`] | arguments into the RESP array that goes on the wire |
//! | [`reply`] | replies into RESP2 or RESP3 bytes |
//! | [`value`] | reply bytes into values: the client's side |
//! | [`text`] | quoting, escaping, glob patterns, safe previews |
//! | [`num`] | integers, doubles and long doubles, by Redis's rules |
//! | [`intset`] | integers into the packed form of a small set |
//! | [`rdb`] | snapshots: writer, push decoder, DUMP payloads |
//! | [`listpack`] | elements into the packed bytes that small collections are kept in |
//! | [`lzf`], [`crc64`] | what RDB strings and footers are made with |

pub mod command;
pub mod crc64;
pub mod intset;
pub mod listpack;
pub mod lzf;
pub mod num;
pub mod rdb;
pub mod reply;
pub mod request;
pub mod text;
pub mod value;
