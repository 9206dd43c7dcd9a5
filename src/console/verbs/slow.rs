//! :slow N|off

use super::usage;
use crate::console::Outcome;
use crate::console::session::{Console, Mouth};
use crate::observe::Label;

pub(super) fn run(console: &mut Console, rest: &str, mouth: &mut Mouth<'_>) -> Outcome {
    let number = rest.strip_prefix(['x', '×']).unwrap_or(rest);
    let number = number.strip_suffix(['x', '×']).unwrap_or(number);
    let factor = match rest {
        "" => {
            let factor = console.model().time.slow;
            mouth.text(
                Label::Lab,
                match factor {
                    1 => "the links run at full speed".to_owned(),
                    n => format!("the links run at 1/{n} of their speed"),
                },
            );
            mouth.text(Label::Hint, ":slow 10 slows them down, :slow off ends it");
            return Outcome::default();
        }
        "off" => 1,
        _ => match number.parse::<u32>() {
            Ok(n) if n > 0 => n,
            _ => return usage("slow", "how many times slower? 2 to 1000, or off", mouth),
        },
    };
    match console.lab.slow(factor) {
        Ok(()) if factor == 1 => mouth.text(Label::Lab, "the links run at full speed"),
        Ok(()) => {
            let text = format!(
                "link time and the links run at 1/{factor}; clients are served as always, \
                 :slow off ends it"
            );
            mouth.text(Label::Lab, text);
        }
        Err(e) => mouth.lab_error("", &e),
    }
    Outcome::default()
}
