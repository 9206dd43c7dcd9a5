use serde::{Deserialize, Serialize};
use std::fmt;

/// The id of a replication history: 40 lower-case hexadecimal characters.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ReplId(pub [u8; 40]);

impl ReplId {
    /// What Redis prints where there is no second id: forty zeros.
    pub const ZERO: ReplId = ReplId([b'0'; 40]);

    /// Takes exactly 40 bytes of any content (a master's id is kept as it was sent).
    pub fn from_bytes(bytes: &[u8]) -> Option<ReplId> {
        bytes.try_into().ok().map(ReplId)
    }

    /// Whether this is the "no second history" id.
    pub fn is_zero(&self) -> bool {
        *self == ReplId::ZERO
    }

    /// The id as text; bytes that are not UTF-8 (a broken peer) come out as `?`.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("?")
    }

    /// The first four characters and an ellipsis: `8f3a…`.
    pub fn short(&self) -> String {
        let text = self.as_str();
        format!("{}…", text.get(..4).unwrap_or(text))
    }

    /// Redis compares ids without regard to case.
    pub fn matches(&self, other: &[u8]) -> bool {
        self.0.eq_ignore_ascii_case(other)
    }
}

impl fmt::Display for ReplId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for ReplId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for ReplId {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for ReplId {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<ReplId, D::Error> {
        let text = String::deserialize(d)?;
        ReplId::from_bytes(text.as_bytes())
            .ok_or_else(|| serde::de::Error::custom("a replication id has 40 characters"))
    }
}

/// A position in the replication stream: a count of bytes. Byte number 1 is the first.
///
/// Signed, because a request may ask for -1 and a second offset may be absent (-1).
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Offset(pub i64);

impl fmt::Display for Offset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::ops::Add<i64> for Offset {
    type Output = Offset;
    fn add(self, bytes: i64) -> Offset {
        Offset(self.0.saturating_add(bytes))
    }
}

impl std::ops::Sub for Offset {
    type Output = i64;
    fn sub(self, other: Offset) -> i64 {
        self.0.saturating_sub(other.0)
    }
}

impl std::ops::AddAssign<i64> for Offset {
    fn add_assign(&mut self, bytes: i64) {
        *self = *self + bytes;
    }
}

/// What an instance is at this moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    Master,
    Replica,
}

/// Where a peer is reached: the host as the user spelled it, and a port (0: not announced).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Addr {
    pub host: String,
    pub port: u16,
}

impl Addr {
    pub fn new(host: impl Into<String>, port: u16) -> Addr {
        Addr { host: host.into(), port }
    }
}

impl fmt::Display for Addr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}
