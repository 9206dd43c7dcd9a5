//! :break KIND|PORT, :unbreak KIND|PORT|all, :breaks

use super::{port, usage};
use crate::console::session::{Console, Mouth};
use crate::console::{Outcome, reply, steps, suggest, units};
use crate::observe::{Answer, BreakOn, Label, StepKind};

pub(super) fn set(console: &mut Console, rest: &str, mouth: &mut Mouth<'_>) -> Outcome {
    if rest.is_empty() {
        return list(console, "", mouth);
    }
    let on = match parse(rest) {
        Ok(on) => on,
        Err(why) => return usage("break", &why, mouth),
    };
    if let BreakOn::Port(port) = on
        && !console.lab.ports().contains(&port)
        && console.lab.instance(port).is_none()
    {
        let text = format!("{port} is none of the lab's; a server of yours there would be held");
        mouth.text(Label::Hint, text);
    }
    console.lab.break_on(on);
    mouth.text(Label::Lab, format!("breakpoint {}", steps::break_on(on)));
    mouth.text(Label::Hint, "it holds before the step happens; :step goes on, :run lets all go");
    Outcome::default()
}

pub(super) fn clear(console: &mut Console, rest: &str, mouth: &mut Mouth<'_>) -> Outcome {
    if rest.eq_ignore_ascii_case("all") {
        let n = console.lab.clear_breaks() as u64;
        mouth.text(
            Label::Lab,
            match n {
                0 => "there was no breakpoint".to_owned(),
                n => format!("{} cleared", units::plural(n, "breakpoint")),
            },
        );
        return Outcome::default();
    }
    if rest.is_empty() {
        return usage("unbreak", "which one? :breaks lists them", mouth);
    }
    let on = match parse(rest) {
        Ok(on) => on,
        Err(why) => return usage("unbreak", &why, mouth),
    };
    let name = steps::break_name(on);
    if console.lab.clear_break(on) {
        mouth.text(Label::Lab, format!("no breakpoint {name} any more"));
    } else {
        mouth.text(Label::Lab, format!("there is no breakpoint {name}"));
        mouth.text(Label::Hint, ":breaks lists those that are set");
    }
    Outcome::default()
}

pub(super) fn list(console: &mut Console, rest: &str, mouth: &mut Mouth<'_>) -> Outcome {
    if !rest.is_empty() {
        return usage("breaks", "it takes no words; :break KIND|PORT sets one", mouth);
    }
    let mut answer = Answer::default();
    let set = console.lab.breaks();
    for on in &set {
        answer.push(Label::Lab, format!("breakpoint {}", steps::break_on(*on)));
    }
    if set.is_empty() {
        answer.push(Label::Lab, "no breakpoint is set");
        answer.push(Label::Hint, format!(":break takes a port or one of {}", kinds()));
    }
    let stepping = console.lab.stepping();
    answer.push(Label::Lab, if stepping { "step mode is on" } else { "step mode is off" });
    answer.lines.extend(super::step::what_waits(console));
    mouth.say(answer);
    Outcome::default()
}

/// A kind of step by its name, or a port. `Err`: what could have been meant.
fn parse(text: &str) -> Result<BreakOn, String> {
    if let Some(kind) = StepKind::parse(text) {
        return Ok(BreakOn::Kind(kind));
    }
    if let Some(port) = port(text) {
        return Ok(BreakOn::Port(port));
    }
    let shown = reply::shown(text.as_bytes());
    let names = || StepKind::ALL.into_iter().map(StepKind::name);
    let lower = text.to_ascii_lowercase();
    let family: Vec<&str> = names().filter(|n| n.starts_with(&lower)).collect();
    Err(match (suggest::nearest(&lower, names()), family.as_slice()) {
        (_, [one]) => format!("{shown} is no kind of step; did you mean {one}?"),
        (_, [_, _, ..]) => format!("{shown} could be {}", family.join(", ")),
        (Some(near), _) => format!("{shown} is no kind of step; did you mean {near}?"),
        _ => format!("{shown} is neither a port nor one of {}", kinds()),
    })
}

fn kinds() -> String {
    StepKind::ALL.map(StepKind::name).join(", ")
}

#[cfg(test)]
mod tests {
    use super::parse;
    use crate::observe::{BreakOn, StepKind};

    #[test]
    fn breakpoints_are_kinds_or_ports() {
        assert_eq!(parse("RDB-END"), Ok(BreakOn::Kind(StepKind::RdbEnd)));
        assert_eq!(parse("saveend"), Ok(BreakOn::Kind(StepKind::SaveEnd)));
        assert_eq!(parse("6381"), Ok(BreakOn::Port(6381)));
        assert_eq!(parse("127.0.0.1:6381"), Ok(BreakOn::Port(6381)));
        let why = |text| parse(text).expect_err("refused");
        assert_eq!(why("rdb"), "rdb could be rdb-begin, rdb-piece, rdb-end");
        assert_eq!(why("psnyc"), "psnyc is no kind of step; did you mean psync?");
        assert_eq!(why("dec"), "dec is no kind of step; did you mean decision?");
        assert!(why("banana").contains("neither a port nor one of connect, ping"));
        assert!(why("0").contains("neither"));
    }
}
