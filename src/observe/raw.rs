use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

/// Bytes as they were on the wire or in a file: the first [`Raw::MAX`] of them, and how many there
/// were in all. In a record they are hexadecimal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Raw {
    #[serde(serialize_with = "to_hex", deserialize_with = "from_hex")]
    bytes: Vec<u8>,
    len: u64,
}

impl Raw {
    /// How many bytes are kept.
    pub const MAX: usize = 512;

    /// Keeps the beginning of `bytes`.
    pub fn of(bytes: &[u8]) -> Raw {
        Raw { bytes: bytes[..bytes.len().min(Raw::MAX)].to_vec(), len: bytes.len() as u64 }
    }

    /// Keeps the beginning of `len` bytes of which only these are at hand.
    pub fn part(bytes: &[u8], len: u64) -> Raw {
        let bytes = bytes[..bytes.len().min(Raw::MAX)].to_vec();
        Raw { len: len.max(bytes.len() as u64), bytes }
    }

    /// The bytes that were kept.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// How many there were.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether there were none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Whether some were not kept.
    pub fn is_cut(&self) -> bool {
        self.len > self.bytes.len() as u64
    }
}

fn to_hex<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
    let mut text = String::with_capacity(bytes.len() * 2);
    for b in bytes {
        text.push(char::from_digit(u32::from(b >> 4), 16).unwrap_or('0'));
        text.push(char::from_digit(u32::from(b & 15), 16).unwrap_or('0'));
    }
    to.serialize_str(&text)
}

fn from_hex<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
    let text = String::deserialize(from)?;
    let digits = text.chars().map(|c| c.to_digit(16)).collect::<Option<Vec<_>>>();
    let digits = digits.filter(|d| d.len() % 2 == 0);
    let digits = digits.ok_or_else(|| D::Error::custom("not pairs of hexadecimal digits"))?;
    Ok(digits.chunks(2).map(|d| (d[0] * 16 + d[1]) as u8).collect())
}

#[cfg(test)]
mod tests {
    use super::Raw;

    #[test]
    fn raw_keeps_the_beginning_and_comes_back_from_json() {
        let raw = Raw::of(&[7; 1000]);
        assert_eq!((raw.bytes().len(), raw.len(), raw.is_cut()), (Raw::MAX, 1000, true));
        let raw = Raw::of(b"\x00$3\r\n\xff");
        let json = serde_json::to_string(&raw).expect("json");
        assert!(json.contains("0024330d0aff"));
        assert_eq!(serde_json::from_str::<Raw>(&json).expect("back"), raw);
        assert!(serde_json::from_str::<Raw>(r#"{"bytes":"0","len":1}"#).is_err());
        assert!(serde_json::from_str::<Raw>(r#"{"bytes":"éé","len":1}"#).is_err());
    }
}
