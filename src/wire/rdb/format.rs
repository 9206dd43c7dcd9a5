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

/// Type bytes of values: how they are laid out.
pub mod kind {
    pub const STRING: u8 = 0;
    pub const LIST: u8 = 1;
    pub const SET: u8 = 2;
    /// Scores as text.
    pub const ZSET: u8 = 3;
    pub const HASH: u8 = 4;
    /// Scores of eight bytes.
    pub const ZSET_2: u8 = 5;
    pub const MODULE: u8 = 6;
    pub const MODULE_2: u8 = 7;
    pub const HASH_ZIPMAP: u8 = 9;
    pub const LIST_ZIPLIST: u8 = 10;
    pub const SET_INTSET: u8 = 11;
    pub const ZSET_ZIPLIST: u8 = 12;
    pub const HASH_ZIPLIST: u8 = 13;
    /// Nodes are ziplists.
    pub const LIST_QUICKLIST: u8 = 14;
    /// Streams of Redis 5.
    pub const STREAM: u8 = 15;
    pub const HASH_LISTPACK: u8 = 16;
    pub const ZSET_LISTPACK: u8 = 17;
    /// Nodes are listpacks, or one large element each.
    pub const LIST_QUICKLIST_2: u8 = 18;
    pub const STREAM_2: u8 = 19;
}

/// What stands before a node of [`kind::LIST_QUICKLIST_2`].
pub(super) const NODE_PLAIN: u64 = 1;
pub(super) const NODE_PACKED: u64 = 2;

/// Lengths of a text score that mean something else.
pub(super) const SCORE_NAN: u8 = 253;
pub(super) const SCORE_INF: u8 = 254;
pub(super) const SCORE_NEG_INF: u8 = 255;

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

/// A score as Redis wrote it into a text.
pub(super) fn text_number(text: &[u8]) -> Option<f64> {
    std::str::from_utf8(text).ok()?.trim().parse().ok()
}

/// The name that the 54 high bits of a module's id spell, nine characters of six bits.
pub(super) fn module_name(id: u64) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    (0..9).map(|i| char::from(LETTERS[(id >> (58 - 6 * i)) as usize & 63])).collect()
}
