//! Settings as far as the facts told them: the usual value until one says otherwise.

use crate::lab::model::Instance;

/// A whole number; `usual` is what Redis 7.0 takes without a word of conf.
pub fn number(i: Option<&Instance>, name: &str, usual: u64) -> u64 {
    text(i, name).and_then(|v| v.parse().ok()).unwrap_or(usual)
}

/// A value as CONFIG GET would print it, if the facts told one.
pub fn text<'a>(i: Option<&'a Instance>, name: &str) -> Option<&'a str> {
    i?.settings.get(name).map(String::as_str)
}

/// repl-backlog-size: what the backlog itself says, or the setting.
pub fn backlog_size(i: Option<&Instance>) -> u64 {
    match i {
        Some(i) if i.backlog.is_active() => i.backlog.size,
        _ => number(i, "repl-backlog-size", 1 << 20),
    }
}
