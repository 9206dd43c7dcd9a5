//! What `:wait` waits for: one comparison with a field of INFO or with a command's reply.

use crate::console::units;
use std::time::Duration;

/// A whole `:wait` line.
#[derive(Clone, Debug, PartialEq)]
pub struct Wait {
    pub condition: Condition,
    pub at_most: Duration,
    /// Whether the line said itself how long: then nobody need be there yet.
    pub patient: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    pub what: What,
    pub op: Op,
    /// What it is compared with, as typed.
    pub with: String,
}

/// What is looked at.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// `6381.master_link_status`; without a port: the current one.
    Field { port: Option<u16>, name: String },
    /// `6381> GET name`
    Reply { port: u16, command: String },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    Is,
    IsNot,
    Less,
    Greater,
    AtMost,
    AtLeast,
    Contains,
}

/// The longest first, so that `<=` is not read as `<`.
const OPS: &[(&str, Op)] = &[
    ("==", Op::Is),
    ("!=", Op::IsNot),
    ("<=", Op::AtMost),
    (">=", Op::AtLeast),
    ("<", Op::Less),
    (">", Op::Greater),
    ("contains", Op::Contains),
];

/// How long is waited without `for`.
pub const DEFAULT: Duration = Duration::from_secs(10);

/// Reads `CONDITION [for SECONDS]`. Err says what is wrong with it.
pub fn parse(text: &str) -> Result<Wait, String> {
    let (text, asked) = take_for(text.trim())?;
    let (at_most, patient) = (asked.unwrap_or(DEFAULT), asked.is_some());
    let (what, rest) = take_port(text);
    let tokens = tokens(rest);
    // A command may hold `<` and `>` as words of its own: the last operator is the comparison's.
    let at = tokens.iter().rposition(|(word, _)| OPS.iter().any(|(name, _)| name == word));
    let Some((at, op)) = at
        .and_then(|at| OPS.iter().find(|(name, _)| *name == tokens[at].0).map(|(_, op)| (at, *op)))
    else {
        if tokens.iter().any(|(word, _)| *word == "=") {
            return Err("equality is written ==".into());
        }
        return Err("there is no comparison in it: == != < > <= >= contains".into());
    };
    let left = rest[..tokens[at].1].trim();
    let with = rest[tokens[at].1 + tokens[at].0.len()..].trim();
    if left.is_empty() {
        return Err("what is to be compared?".into());
    }
    if with.is_empty() {
        return Err("compared with what?".into());
    }
    let what = match what {
        Some(port) => What::Reply { port, command: left.to_owned() },
        None => field(left)?,
    };
    Ok(Wait { condition: Condition { what, op, with: with.to_owned() }, at_most, patient })
}

/// `… for 20`, `… for 1.5s` at the end.
pub(super) fn take_for(text: &str) -> Result<(&str, Option<Duration>), String> {
    let Some((head, tail)) = text.rsplit_once(" for ") else { return Ok((text, None)) };
    let number = tail.trim().trim_end_matches("seconds").trim_end_matches("sec");
    let number = number.trim_end_matches('s').trim_end();
    match number.parse::<f64>() {
        Ok(s) if (0.0..=86_400.0).contains(&s) => {
            Ok((head.trim_end(), Some(Duration::from_secs_f64(s))))
        }
        Ok(_) => Err("for takes 0 to 86,400 seconds".into()),
        // The words " for " may stand in a value.
        Err(_) => Ok((text, None)),
    }
}

/// `6381> …` or `127.0.0.1:6381> …` in front of a command.
fn take_port(text: &str) -> (Option<u16>, &str) {
    if let Some((head, rest)) = text.split_once('>')
        && let Some(port) = super::port(head.trim())
    {
        return (Some(port), rest.trim_start());
    }
    (None, text)
}

fn field(left: &str) -> Result<What, String> {
    let name_is_good = |n: &str| {
        !n.is_empty()
            && n.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'))
    };
    let (port, name) = match left.split_once('.') {
        Some((port, name)) => {
            (Some(super::port(port).ok_or("it begins with a port, such as 6381.role")?), name)
        }
        None => (None, left),
    };
    if !name_is_good(name) {
        return Err(format!(
            "{} is no field of INFO; a command is written 6381> GET name == \"xd\"",
            crate::console::reply::shown(left.as_bytes())
        ));
    }
    Ok(What::Field { port, name: name.to_owned() })
}

/// Words with their positions; quoted stretches stay together and are no operators.
fn tokens(text: &str) -> Vec<(&str, usize)> {
    let mut out = Vec::new();
    let (mut start, mut quote) = (None, None);
    for (i, c) in text.char_indices() {
        match quote {
            Some(q) => {
                if c == q {
                    quote = None;
                }
            }
            None if c.is_whitespace() => {
                if let Some(s) = start.take() {
                    out.push((&text[s..i], s));
                }
            }
            None => {
                if matches!(c, '"' | '\'') {
                    quote = Some(c);
                }
                start.get_or_insert(i);
            }
        }
    }
    if let Some(s) = start {
        out.push((&text[s..], s));
    }
    out
}

impl Condition {
    /// Whether what was seen fulfils it. `seen` is redis-cli's text of a reply, or a field's value.
    pub fn holds(&self, seen: &str) -> bool {
        let with = self.with.as_str();
        match self.op {
            Op::Is => same(seen, with),
            Op::IsNot => !same(seen, with),
            Op::Contains => seen.contains(unquoted(with)),
            Op::Less | Op::Greater | Op::AtMost | Op::AtLeast => {
                let (Some(a), Some(b)) = (number(seen), number(with)) else { return false };
                match self.op {
                    Op::Less => a < b,
                    Op::Greater => a > b,
                    Op::AtMost => a <= b,
                    _ => a >= b,
                }
            }
        }
    }
}

/// Equal as printed, or equal once the quotes and redis-cli's `(integer)` are left away: what
/// people type is `xd` as often as `"xd"`.
fn same(seen: &str, with: &str) -> bool {
    if seen == with {
        return true;
    }
    match (number(seen), number(with)) {
        (Some(a), Some(b)) => a == b,
        _ => unquoted(seen) == unquoted(with),
    }
}

fn unquoted(text: &str) -> &str {
    for quote in ['"', '\''] {
        if text.len() >= 2
            && let Some(inner) = text.strip_prefix(quote).and_then(|t| t.strip_suffix(quote))
        {
            return inner;
        }
    }
    text
}

/// `(integer) 5`, `"5"`, `5`, `64kb` (but not a value that merely begins with a digit).
fn number(text: &str) -> Option<f64> {
    let text = text.strip_prefix("(integer) ").or(text.strip_prefix("(double) ")).unwrap_or(text);
    let text = unquoted(text.trim());
    let plain = text.replace(',', "");
    plain
        .parse::<f64>()
        .ok()
        .filter(|n| n.is_finite())
        .or_else(|| units::parse_bytes(text).map(|n| n as f64))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn condition(text: &str) -> Condition {
        parse(text).unwrap().condition
    }

    #[test]
    fn wait_reads_fields_and_replies() {
        let c = condition("6381.master_link_status == up");
        assert_eq!(c.what, What::Field { port: Some(6381), name: "master_link_status".into() });
        assert_eq!((c.op, c.with.as_str()), (Op::Is, "up"));
        let c = condition("6381> GET name == \"xd\"");
        assert_eq!(c.what, What::Reply { port: 6381, command: "GET name".into() });
        let c = condition("127.0.0.1:6381> GET name == xd");
        assert_eq!(c.what, What::Reply { port: 6381, command: "GET name".into() });
        let c = condition("role == master");
        assert_eq!(c.what, What::Field { port: None, name: "role".into() });
        let c = condition("6380> GET \"a == b\" contains x");
        assert_eq!(c.what, What::Reply { port: 6380, command: "GET \"a == b\"".into() });
        assert_eq!(c.op, Op::Contains);
    }

    #[test]
    fn wait_reads_its_patience() {
        let at_most = |text| parse(text).unwrap().at_most;
        assert_eq!(at_most("6381.role == slave"), DEFAULT);
        assert_eq!(at_most("6381.role == slave for 20"), Duration::from_secs(20));
        assert_eq!(at_most("6381.role == slave for 1.5s"), Duration::from_millis(1500));
        assert_eq!(condition("6380> GET a == \"x for y\"").with, "\"x for y\"");
    }

    #[test]
    fn wait_refuses_with_a_reason() {
        for bad in [
            "",
            "6381.role",
            "6381.role = slave",
            "== up",
            "6381.role ==",
            "x.role == y",
            "get name == x",
            "6381.role == a for 1e9",
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn wait_compares() {
        let holds = |text: &str, seen: &str| condition(text).holds(seen);
        assert!(holds("6381> GET name == \"xd\"", "\"xd\""));
        assert!(holds("6381> GET name == xd", "\"xd\""));
        assert!(!holds("6381> GET name == xd", "(nil)"));
        assert!(holds("6381> DBSIZE == 5", "(integer) 5"));
        assert!(holds("6380.connected_slaves >= 2", "2"));
        assert!(!holds("6380.connected_slaves >= 2", "two"));
        assert!(holds("6380.master_repl_offset > 1,000", "1001"));
        assert!(holds("6380.slave0 contains state=online", "ip=127.0.0.1,port=6381,state=online"));
        assert!(holds("6381.role != master", "slave"));
    }
}
