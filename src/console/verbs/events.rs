//! :events on|off

use super::usage;
use crate::console::Outcome;
use crate::console::session::{Console, Mouth};
use crate::observe::Label;

pub(super) fn run(console: &mut Console, rest: &str, mouth: &mut Mouth<'_>) -> Outcome {
    match rest {
        "on" | "off" => {
            console.switch_events(rest == "on");
            mouth.text(Label::Lab, format!("events are {rest}"));
            Outcome::default()
        }
        _ => usage("events", "on or off?", mouth),
    }
}
