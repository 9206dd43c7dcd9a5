use super::Preview;
use serde::{Deserialize, Serialize};

/// What a key holds, in TYPE's words.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum KeyType {
    /// Also what a record says that was made when there were strings only.
    #[default]
    String,
    List,
    Set,
    Zset,
    Hash,
    Stream,
}

impl KeyType {
    /// TYPE's word.
    pub fn word(self) -> &'static str {
        match self {
            KeyType::String => "string",
            KeyType::List => "list",
            KeyType::Set => "set",
            KeyType::Zset => "zset",
            KeyType::Hash => "hash",
            KeyType::Stream => "stream",
        }
    }

    /// A value in words, behind its type where that is not a string: `list 3: a b c`.
    pub fn shown(self, value: &Preview) -> String {
        match self {
            KeyType::String => value.to_string(),
            kind => format!("{} {value}", kind.word()),
        }
    }

    /// Whether it need not be said: most keys are strings.
    pub fn is_string(&self) -> bool {
        *self == KeyType::String
    }
}

#[cfg(test)]
mod tests {
    use super::KeyType;
    use crate::observe::{Fact, Preview};

    #[test]
    fn records_of_strings_only_still_read() {
        let old = r#"{"key_written":{"db":0,"key":{"text":"k","len":1},"value":{"text":"v","len":1},"expire_at_ms":null}}"#;
        let fact: Fact = serde_json::from_str(old).unwrap();
        let (key, value) = (Preview::of(b"k"), Preview::of(b"v"));
        let kind = KeyType::String;
        assert_eq!(fact, Fact::KeyWritten { db: 0, key, kind, value, expire_at_ms: None });
        // And a string's record looks as it always did.
        assert_eq!(serde_json::to_string(&fact).unwrap(), old);
        let list = old.replace(r#""value""#, r#""kind":"list","value""#);
        let fact: Fact = serde_json::from_str(&list).unwrap();
        assert!(matches!(fact, Fact::KeyWritten { kind: KeyType::List, .. }));
        assert_eq!(serde_json::to_string(&fact).unwrap(), list);
    }
}
