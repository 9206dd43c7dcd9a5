//! :throttle A B RATE, :heal [A B]

use super::{port, usage};
use crate::console::session::{Console, Mouth};
use crate::console::{Outcome, units};
use crate::observe::Label;

pub(super) fn throttle(console: &mut Console, rest: &str, mouth: &mut Mouth<'_>) -> Outcome {
    let words: Vec<&str> = rest.split_whitespace().collect();
    let [a, b, rate] = words.as_slice() else {
        let why = match words.as_slice() {
            [_, _] => "how fast? bytes a second: 64kb, 1mb, or off",
            _ => "it takes two ports and a rate",
        };
        return usage("throttle", why, mouth);
    };
    let (Some(a), Some(b)) = (port(a), port(b)) else {
        return usage("throttle", "the first two words are the ports at the ends of a link", mouth);
    };
    let rate = match *rate {
        "off" | "none" => None,
        text => match units::parse_bytes(text) {
            Some(n) if n > 0 => Some(n),
            _ => {
                let why = "a rate is bytes a second: 64kb (65,536), 64k (64,000), 1mb, or off";
                return usage("throttle", why, mouth);
            }
        },
    };
    match console.lab.throttle(a, b, rate) {
        Ok(()) => {
            let what = match rate {
                Some(n) => {
                    format!("{a} ⇄ {b} carries at most {} each way; :heal lifts it", units::rate(n))
                }
                None => format!("{a} ⇄ {b} runs at full speed"),
            };
            mouth.text(Label::Lab, what);
            let stranger = [a, b]
                .into_iter()
                .find(|p| !console.lab.ports().contains(p) && console.lab.instance(*p).is_none());
            if let (Some(port), Some(_)) = (stranger, rate) {
                let text = format!(
                    "{port} is none of the lab's; the bound holds for a server of yours there"
                );
                mouth.text(Label::Hint, text);
            }
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
            _ => return usage("heal", "the two words are the ports at the ends of a link", mouth),
        },
        _ => return usage("heal", "two ports, or nothing for every link", mouth),
    };
    let what = match console.lab.heal(link) {
        0 => "no link is slowed: nothing to heal".to_owned(),
        1 => "1 link runs at full speed again".to_owned(),
        n => format!("{} run at full speed again", units::plural(n as u64, "link")),
    };
    mouth.text(Label::Lab, what);
    Outcome::default()
}
