//! :throttle A B RATE, :heal [A B]

use super::{port, usage};
use crate::console::session::{Console, Mouth};
use crate::console::{Outcome, units};
use crate::observe::Label;

pub(super) fn throttle(console: &mut Console, rest: &str, mouth: &mut Mouth<'_>) -> Outcome {
    let words: Vec<&str> = rest.split_whitespace().collect();
    let [a, b, rate] = words.as_slice() else {
        return usage("throttle", "two ports and a rate a second", mouth);
    };
    let (Some(a), Some(b)) = (port(a), port(b)) else {
        return usage("throttle", "the first two words are ports", mouth);
    };
    let rate = match *rate {
        "off" | "none" => None,
        text => match units::parse_bytes(text) {
            Some(n) if n > 0 => Some(n),
            _ => return usage("throttle", "a rate is bytes a second, such as 64kb", mouth),
        },
    };
    match console.lab.throttle(a, b, rate) {
        Ok(()) => {
            let what = match rate {
                Some(n) => {
                    format!("{a} ⇄ {b} carry at most {} each way; :heal lifts it", units::rate(n))
                }
                None => format!("{a} ⇄ {b} run at full speed"),
            };
            mouth.text(Label::Lab, what);
        }
        Err(e) => mouth.lab_error("", &e),
    }
    Outcome::default()
}

pub(super) fn heal(console: &mut Console, rest: &str, mouth: &mut Mouth<'_>) -> Outcome {
    let words: Vec<&str> = rest.split_whitespace().collect();
    let link = match words.as_slice() {
        [] => None,
        [a, b] => match (port(a), port(b)) {
            (Some(a), Some(b)) => Some((a, b)),
            _ => return usage("heal", "these are no two ports", mouth),
        },
        _ => return usage("heal", "two ports, or nothing for every link", mouth),
    };
    let what = match console.lab.heal(link) {
        0 => "no link was bounded".to_owned(),
        n => format!("{} at full speed again", units::plural(n as u64, "link")),
    };
    mouth.text(Label::Lab, what);
    Outcome::default()
}
