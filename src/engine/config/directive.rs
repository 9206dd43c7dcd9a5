//! What a directive is: its names, the kind of its value, when it may be set; how values are read
//! and printed.

use super::{Config, Words};

/// When a directive may be set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct When {
    /// Only in the file or on the command line.
    pub immutable: bool,
    /// Needs `enable-protected-configs`.
    pub protected: bool,
    /// Refused while a data set is loaded.
    pub deny_loading: bool,
    /// Never matched by a pattern of CONFIG GET, only by its exact name.
    pub hidden: bool,
    /// Never shown in a record.
    pub secret: bool,
}

/// A field of the configuration.
pub struct Place<T: 'static> {
    pub get: fn(&Config) -> &T,
    pub set: fn(&mut Config) -> &mut T,
}

/// The unit of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    Plain,
    /// `1kb`, `16mb` and so on.
    Memory,
    /// The same, or `5%`.
    MemoryOrPercent,
    Octal,
}

/// The bounds and the unit of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    pub min: i128,
    pub max: i128,
    pub unit: Unit,
}

/// Kinds that have a syntax of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Special {
    Dir,
    Save,
    ClientOutputBufferLimit,
    Bind,
    ReplicaOf,
    ShutdownOnSigterm,
    ShutdownOnSigint,
    DbFilename,
    NotifyKeyspaceEvents,
}

/// A value that is checked and kept, though nothing in this server depends on it.
#[derive(Clone, Copy, Debug)]
pub enum Kept {
    Bool,
    Number(Bounds),
    Text,
    /// These words.
    Word(&'static [&'static str]),
    /// Any number of percentiles, 0 to 100.
    Percentiles,
    /// Three adjustments for the system's out-of-memory killer.
    OomScores,
}

/// Where a directive's value lives and what it may be.
pub enum Kind {
    Bool(Place<bool>),
    Number(Place<i64>, Bounds),
    Text(Place<String>),
    Bytes(Place<Vec<u8>>),
    Word {
        get: fn(&Config) -> &'static str,
        set: fn(&mut Config, &[u8]) -> bool,
        words: fn() -> String,
    },
    Special(Special),
    /// Kept as it is given.
    Kept(Kept, &'static str),
    /// The feature is not there: only this value is accepted. The last text says what is missing.
    Absent(Kept, &'static str, &'static str),
}

/// One directive.
pub struct Directive {
    pub name: &'static str,
    pub alias: Option<&'static str>,
    pub when: When,
    pub kind: Kind,
}

/// A refusal, in Redis's words where Redis has some.
pub type Refused = String;

/// The words of a type, as errors list them.
pub fn words_of<T: Words>() -> String {
    T::WORDS.iter().map(|(w, _)| *w).collect::<Vec<_>>().join(", ")
}

impl Directive {
    /// Whether it takes any number of words.
    pub fn takes_many(&self) -> bool {
        match self.kind {
            Kind::Special(s) => {
                !matches!(s, Special::Dir | Special::DbFilename | Special::NotifyKeyspaceEvents)
            }
            Kind::Kept(..) | Kind::Absent(..) => {
                matches!(self.name, "oom-score-adj-values" | "latency-tracking-info-percentiles")
            }
            _ => false,
        }
    }

    /// The value as CONFIG GET prints it.
    pub fn get(&self, c: &Config) -> Vec<u8> {
        match &self.kind {
            Kind::Bool(p) => yes_no((p.get)(c)).into(),
            Kind::Number(p, bounds) => number_text(*(p.get)(c), bounds.unit).into_bytes(),
            Kind::Text(p) => (p.get)(c).clone().into_bytes(),
            Kind::Bytes(p) => (p.get)(c).clone(),
            Kind::Word { get, .. } => get(c).into(),
            Kind::Special(s) => super::special::get(*s, c).into_bytes(),
            Kind::Kept(_, default) => match c.kept.get(self.name) {
                Some(v) => v.clone().into_bytes(),
                None => (*default).into(),
            },
            Kind::Absent(_, default, _) => (*default).into(),
        }
    }

    /// Sets the value from the words that follow the name.
    pub fn set(&self, c: &mut Config, words: &[&[u8]], file: bool) -> Result<(), Refused> {
        if let Kind::Special(s) = self.kind {
            return super::special::set(s, c, words, file);
        }
        let joined;
        let word = if self.takes_many() {
            joined = words.join(&b' ');
            &joined
        } else if let [word] = words {
            *word
        } else {
            return Err("wrong number of arguments".into());
        };
        match &self.kind {
            Kind::Bool(p) => *(p.set)(c) = read_bool(word)?,
            Kind::Number(p, bounds) => *(p.set)(c) = read_number(word, bounds)?,
            Kind::Text(p) => *(p.set)(c) = read_text(word)?,
            Kind::Bytes(p) => *(p.set)(c) = word.to_vec(),
            Kind::Word { set, words, .. } => {
                if !set(c, word) {
                    return Err(format!("argument(s) must be one of the following: {}", words()));
                }
            }
            Kind::Kept(kept, _) => {
                let text = read_kept(kept, word)?;
                c.kept.insert(self.name, text);
            }
            Kind::Absent(kept, default, missing) => {
                if read_kept(kept, word)? != *default {
                    return Err((*missing).into());
                }
            }
            Kind::Special(_) => {}
        }
        Ok(())
    }
}

fn yes_no(b: &bool) -> &'static str {
    if *b { "yes" } else { "no" }
}

fn read_bool(word: &[u8]) -> Result<bool, Refused> {
    if word.eq_ignore_ascii_case(b"yes") {
        Ok(true)
    } else if word.eq_ignore_ascii_case(b"no") {
        Ok(false)
    } else {
        Err("argument must be 'yes' or 'no'".into())
    }
}

fn read_text(word: &[u8]) -> Result<String, Refused> {
    String::from_utf8(word.to_vec()).map_err(|_| "argument must be UTF-8 text".into())
}

fn read_kept(kept: &Kept, word: &[u8]) -> Result<String, Refused> {
    match kept {
        Kept::Bool => Ok(yes_no(&read_bool(word)?).into()),
        Kept::Number(bounds) => Ok(number_text(read_number(word, bounds)?, bounds.unit)),
        Kept::Text => read_text(word),
        Kept::Percentiles => read_percentiles(word),
        Kept::OomScores => read_oom_scores(word),
        Kept::Word(words) => words
            .iter()
            .find(|w| word.eq_ignore_ascii_case(w.as_bytes()))
            .map(|w| (*w).to_string())
            .ok_or_else(|| {
                format!("argument(s) must be one of the following: {}", words.join(", "))
            }),
    }
}

/// Three words: for a master, a replica, and the child of a background save.
fn read_oom_scores(words: &[u8]) -> Result<String, Refused> {
    let words: Vec<&[u8]> = words.split(|b| *b == b' ').filter(|w| !w.is_empty()).collect();
    if words.len() != 3 {
        return Err("wrong number of arguments".into());
    }
    let read = |word: &&[u8]| {
        let n = crate::wire::num::parse_i64(word).filter(|n| (-2000..=2000).contains(n));
        n.map(|n| n.to_string()).ok_or_else(|| {
            "Invalid oom-score-adj-values, elements must be between -2000 and 2000.".to_string()
        })
    };
    Ok(words.iter().map(read).collect::<Result<Vec<_>, _>>()?.join(" "))
}

fn read_percentiles(words: &[u8]) -> Result<String, Refused> {
    const NAME: &str = "latency-tracking-info-percentiles";
    let mut out = Vec::new();
    for word in words.split(|b| *b == b' ').filter(|w| !w.is_empty()) {
        let n = crate::wire::num::parse_f64(word)
            .ok_or_else(|| format!("Invalid {NAME} parameters"))?;
        if !(0.0..=100.0).contains(&n) {
            return Err(format!("{NAME} parameters should sit between [0.0,100.0]"));
        }
        // Six decimals, and no zeros at the end.
        let text = format!("{n:.6}");
        out.push(text.trim_end_matches('0').trim_end_matches('.').to_owned());
    }
    Ok(out.join(" "))
}

fn number_text(n: i64, unit: Unit) -> String {
    match unit {
        Unit::Octal => format!("{n:o}"),
        Unit::MemoryOrPercent if n < 0 => format!("{}%", -n),
        _ => n.to_string(),
    }
}

/// Reads a number; values beyond what an `i64` holds are clamped to it.
fn read_number(word: &[u8], bounds: &Bounds) -> Result<i64, Refused> {
    let parsed: Option<i128> = match bounds.unit {
        Unit::Plain => crate::wire::num::parse_i64(word).map(i128::from),
        Unit::Memory => read_memory(word),
        Unit::MemoryOrPercent => read_memory(word).or_else(|| {
            let digits = word.strip_suffix(b"%")?;
            crate::wire::num::parse_i64(digits).filter(|n| *n >= 0).map(|n| -i128::from(n))
        }),
        Unit::Octal => std::str::from_utf8(word).ok().and_then(|s| i128::from_str_radix(s, 8).ok()),
    };
    let n = parsed.ok_or(match bounds.unit {
        Unit::Plain => "argument couldn't be parsed into an integer",
        Unit::Memory => "argument must be a memory value",
        Unit::MemoryOrPercent => "argument must be a memory or percent value",
        Unit::Octal => "argument couldn't be parsed as an octal number",
    })?;
    if n < bounds.min || n > bounds.max {
        return Err(match bounds.unit {
            Unit::Octal => {
                format!("argument must be between {:o} and {:o} inclusive", bounds.min, bounds.max)
            }
            Unit::MemoryOrPercent if n < 0 => {
                format!("percentage argument must be less or equal to {}", -bounds.min)
            }
            _ => format!("argument must be between {} and {} inclusive", bounds.min, bounds.max),
        });
    }
    Ok(i64::try_from(n).unwrap_or(i64::MAX))
}

/// A number of bytes with an optional unit: `b`, `k`, `kb`, `m`, `mb`, `g`, `gb`.
pub fn read_memory(word: &[u8]) -> Option<i128> {
    let digits = word.iter().position(|b| !b.is_ascii_digit()).unwrap_or(word.len());
    let n: i128 = std::str::from_utf8(&word[..digits]).ok()?.parse::<u64>().ok()?.into();
    let factor: i128 = match word[digits..].to_ascii_lowercase().as_slice() {
        b"" | b"b" => 1,
        b"k" => 1000,
        b"kb" => 1024,
        b"m" => 1000 * 1000,
        b"mb" => 1024 * 1024,
        b"g" => 1000 * 1000 * 1000,
        b"gb" => 1024 * 1024 * 1024,
        _ => return None,
    };
    Some(n * factor)
}
