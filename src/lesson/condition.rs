//! The conditions of goals: one line each, about the state or the history that the model holds.
//!
//! ```text
//! file /data/6380/redis.conf        a file or folder of the workspace is there
//! 6380.role == master               a field, by INFO's name (or a count of the history)
//! 6381.key name == xd               a key of db 0 (`6381[3].key name == xd`: of db 3)
//! ```
//! Operators: `==`, `!=`, `>=`, `<=`, `>`, `<`; a key may also be `absent`.

use crate::lab::model::{Model, Moment, MomentKind};
use crate::observe::{ExitHow, RdbFraming, Side};
use std::str::FromStr;
use thiserror::Error;

/// One condition of a goal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// A file or folder is there.
    Exists { path: String },
    /// A field of an instance compares so.
    Field { port: u16, name: String, op: Op, value: String },
    /// A key has this value, or (`None`) is not there.
    Key { port: u16, db: u32, key: String, op: Op, value: Option<String> },
}

/// How two sides are compared: as numbers where both are, else as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    Is,
    IsNot,
    AtLeast,
    AtMost,
    Above,
    Below,
}

/// A line that is no condition.
#[derive(Clone, Debug, Error)]
#[error("{problem} ({hint})")]
pub struct ConditionError {
    pub problem: String,
    pub hint: String,
}

impl ConditionError {
    fn new(problem: impl Into<String>) -> ConditionError {
        let hint = "a condition is `file PATH`, `PORT.field == value` or `PORT.key NAME == value`";
        ConditionError { problem: problem.into(), hint: hint.to_owned() }
    }
}

/// Whether a moment of the history is one of those that are counted for this port.
type Fits = fn(u16, &MomentKind) -> bool;

/// Counts of the history, by the names that lessons use. Each is per instance.
const COUNTS: &[(&str, Fits)] = &[
    (
        "full_syncs",
        |p, m| matches!(m, MomentKind::LinkUp { port, framing: Some(_), .. } if *port == p),
    ),
    (
        "diskless_syncs",
        |p, m| matches!(m, MomentKind::LinkUp { port, framing: Some(RdbFraming::Eof), .. } if *port == p),
    ),
    ("disk_syncs", |p, m| {
        let of = |f: &Option<RdbFraming>| matches!(f, Some(RdbFraming::Length(_)));
        matches!(m, MomentKind::LinkUp { port, framing, .. } if *port == p && of(framing))
    }),
    (
        "partial_syncs",
        |p, m| matches!(m, MomentKind::LinkUp { port, framing: None, .. } if *port == p),
    ),
    ("promotions", |p, m| matches!(m, MomentKind::Promoted { port, .. } if *port == p)),
    (
        "shutdowns",
        |p, m| matches!(m, MomentKind::Down { port, how: ExitHow::Shutdown { .. } } if *port == p),
    ),
    ("kills", |p, m| matches!(m, MomentKind::Down { port, how: ExitHow::Killed } if *port == p)),
    (
        "link_downs",
        |p, m| matches!(m, MomentKind::LinkLost { port, side: Side::Replica, .. } if *port == p),
    ),
];

impl Condition {
    /// Whether it holds in the model as it is now.
    pub fn holds(&self, model: &Model) -> bool {
        match self {
            Condition::Exists { path } => model.file_exists(path),
            Condition::Field { port, name, op, value } => {
                let now = match COUNTS.iter().find(|(n, _)| n == name) {
                    Some((_, fits)) => {
                        let fits = |m: &&Moment| fits(*port, &m.kind);
                        Some(model.history.moments().filter(fits).count().to_string())
                    }
                    None => model.field(*port, name),
                };
                now.is_some_and(|now| op.compare(&now, value))
            }
            Condition::Key { port, db, key, op, value } => {
                let now = model.key(*port, *db, key);
                match (now, value) {
                    (Some(view), Some(value)) => op.compare(view.value.text(), value),
                    (None, None) => true,
                    (None, Some(_)) => *op == Op::IsNot,
                    (Some(_), None) => false,
                }
            }
        }
    }
}

impl Op {
    fn compare(self, now: &str, wanted: &str) -> bool {
        let order = match (now.parse::<i64>(), wanted.parse::<i64>()) {
            (Ok(a), Ok(b)) => a.cmp(&b),
            _ => now.cmp(wanted),
        };
        match self {
            Op::Is => order.is_eq(),
            Op::IsNot => order.is_ne(),
            Op::AtLeast => order.is_ge(),
            Op::AtMost => order.is_le(),
            Op::Above => order.is_gt(),
            Op::Below => order.is_lt(),
        }
    }
}

impl FromStr for Op {
    type Err = ConditionError;

    fn from_str(text: &str) -> Result<Op, ConditionError> {
        Ok(match text {
            "==" => Op::Is,
            "!=" => Op::IsNot,
            ">=" => Op::AtLeast,
            "<=" => Op::AtMost,
            ">" => Op::Above,
            "<" => Op::Below,
            other => return Err(ConditionError::new(format!("'{other}' is no operator"))),
        })
    }
}

impl FromStr for Condition {
    type Err = ConditionError;

    fn from_str(line: &str) -> Result<Condition, ConditionError> {
        let words: Vec<&str> = line.split_whitespace().collect();
        let port_and_db = |text: &str| -> Result<(u16, u32), ConditionError> {
            let (port, db) = match text.split_once('[') {
                Some((port, db)) => (port, db.trim_end_matches(']')),
                None => (text, "0"),
            };
            let bad = |_| ConditionError::new(format!("'{text}' is no instance's port"));
            Ok((port.parse().map_err(bad)?, db.parse().map_err(bad)?))
        };
        match words.as_slice() {
            ["file" | "dir", path] if path.starts_with('/') => {
                Ok(Condition::Exists { path: (*path).to_owned() })
            }
            [subject, key, rest @ ..] if subject.ends_with(".key") => {
                let (port, db) = port_and_db(subject.trim_end_matches(".key"))?;
                let key = (*key).to_owned();
                match rest {
                    ["absent"] => Ok(Condition::Key { port, db, key, op: Op::Is, value: None }),
                    [op, value] => {
                        let (op, value) = (op.parse()?, Some((*value).to_owned()));
                        Ok(Condition::Key { port, db, key, op, value })
                    }
                    _ => Err(ConditionError::new(format!("'{line}' compares a key with nothing"))),
                }
            }
            [subject, op, value] => {
                let (port, name) = subject
                    .split_once('.')
                    .ok_or_else(|| ConditionError::new(format!("'{subject}' names no field")))?;
                let (port, _) = port_and_db(port)?;
                let (name, value) = (name.to_owned(), (*value).to_owned());
                Ok(Condition::Field { port, name, op: op.parse()?, value })
            }
            _ => Err(ConditionError::new(format!("'{line}' cannot be read"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Condition {
        line.parse().unwrap_or_else(|e| panic!("{line}: {e}"))
    }

    #[test]
    fn lines_are_read() {
        assert_eq!(read("dir /data/6380"), Condition::Exists { path: "/data/6380".into() });
        let field = Condition::Field {
            port: 6381,
            name: "promotions".into(),
            op: Op::AtLeast,
            value: "1".into(),
        };
        assert_eq!(read("6381.promotions >= 1"), field);
        let key = Condition::Key {
            port: 6381,
            db: 3,
            key: "name".into(),
            op: Op::Is,
            value: Some("xd".into()),
        };
        assert_eq!(read("6381[3].key name == xd"), key);
        assert!(matches!(read("6381.key name absent"), Condition::Key { value: None, .. }));
    }

    #[test]
    fn what_is_no_condition_is_refused() {
        for line in ["", "6380", "6380.role", "6380.role = master", "x.role == master", "file x"] {
            assert!(line.parse::<Condition>().is_err(), "{line}");
        }
    }

    #[test]
    fn numbers_compare_as_numbers() {
        assert!(Op::AtLeast.compare("10", "9"));
        assert!(!Op::AtLeast.compare("1", "9"));
        assert!(Op::Is.compare("master", "master"));
        assert!(Op::Below.compare("9", "10"));
    }

    #[test]
    fn an_empty_model_holds_nothing_but_absence() {
        let model = Model::new();
        assert!(!read("6380.role == master").holds(&model));
        assert!(!read("dir /data/6380").holds(&model));
        assert!(read("6380.promotions == 0").holds(&model));
        assert!(read("6380.key name absent").holds(&model));
    }
}
