//! The bytes of the format: version, opcodes, type names.

/// The version written, and the newest that is read: Redis 7.0's.
pub const VERSION: u32 = 10;

/// Lengths of magic and version, and of the checksum at the end.
pub(super) const HEADER_LEN: usize = 9;
pub(super) const FOOTER_LEN: usize = 8;

pub(super) const FUNCTION2: u8 = 0xf5;
pub(super) const FUNCTION_PRE_GA: u8 = 0xf6;
pub(super) const MODULE_AUX: u8 = 0xf7;
pub(super) const IDLE: u8 = 0xf8;
pub(super) const FREQ: u8 = 0xf9;
pub(super) const AUX: u8 = 0xfa;
pub(super) const RESIZE_DB: u8 = 0xfb;
pub(super) const EXPIRE_MS: u8 = 0xfc;
pub(super) const EXPIRE_SECONDS: u8 = 0xfd;
pub(super) const SELECT_DB: u8 = 0xfe;
pub(super) const EOF: u8 = 0xff;

pub(super) const TYPE_STRING: u8 = 0;

/// Special encodings of a string: the low six bits of a first byte whose top two are set.
pub(super) const ENC_INT8: u8 = 0;
pub(super) const ENC_INT16: u8 = 1;
pub(super) const ENC_INT32: u8 = 2;
pub(super) const ENC_LZF: u8 = 3;

/// What the TYPE command calls the value of a type byte, for those that Redis 7.0 knows.
pub(super) fn type_name(byte: u8) -> Option<&'static str> {
    Some(match byte {
        0 => "string",
        1 | 10 | 14 | 18 => "list",
        2 | 11 => "set",
        3 | 5 | 12 | 17 => "zset",
        4 | 9 | 13 | 16 => "hash",
        6 | 7 => "module",
        15 | 19 => "stream",
        _ => return None,
    })
}
