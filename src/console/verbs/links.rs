//! :cut, :delay, :throttle, :halfopen, :drop, :heal, :faults

use super::{port, usage};
use crate::console::session::{Console, Mouth};
use crate::console::{Outcome, units};
use crate::lab::LabError;
use crate::lab::model::{Model, Peer};
use crate::observe::{Answer, Label};
use std::time::Duration;

pub(super) fn cut(console: &mut Console, rest: &str, mouth: &mut Mouth<'_>) -> Outcome {
    let Some((a, b)) = two(rest) else { return ends("cut", console, mouth) };
    let done = console.lab.cut(a, b);
    let what = format!("{a} ⇄ {b} is cut: connections end, new ones are refused");
    tell(console, (a, b), done, what, mouth)
}

pub(super) fn half_open(console: &mut Console, rest: &str, mouth: &mut Mouth<'_>) -> Outcome {
    let Some((a, b)) = two(rest) else { return ends("halfopen", console, mouth) };
    let done = console.lab.half_open(a, b);
    let what = format!("{a} ⇄ {b} is half-open: bytes are swallowed, and nobody is told");
    tell(console, (a, b), done, what, mouth)
}

pub(super) fn delay(console: &mut Console, rest: &str, mouth: &mut Mouth<'_>) -> Outcome {
    let words: Vec<&str> = rest.split_whitespace().collect();
    let [a, b, long] = words.as_slice() else {
        if words.len() == 2 {
            return usage("delay", "how long? 200ms, 1.5s, or off", mouth);
        }
        return ends("delay", console, mouth);
    };
    let (Some(a), Some(b)) = (port(a), port(b)) else { return ends("delay", console, mouth) };
    let latency = match *long {
        "off" | "none" => None,
        text => match duration(text) {
            Some(d) => Some(d),
            None => return usage("delay", "a time such as 200ms, 1.5s, or off", mouth),
        },
    };
    let done = console.lab.delay(a, b, latency);
    match latency.filter(|d| !d.is_zero()) {
        Some(d) => {
            let us = u64::try_from(d.as_micros()).unwrap_or(u64::MAX);
            let what = format!("every byte of {a} ⇄ {b} is {} late", units::span_us(us));
            tell(console, (a, b), done, what, mouth)
        }
        None => lifted(done, format!("{a} ⇄ {b} is delayed no more"), mouth),
    }
}

pub(super) fn throttle(console: &mut Console, rest: &str, mouth: &mut Mouth<'_>) -> Outcome {
    let words: Vec<&str> = rest.split_whitespace().collect();
    let [a, b, rate] = words.as_slice() else {
        let why = match words.as_slice() {
            [_, _] => "how fast? bytes a second: 64kb, 1mb, or off",
            _ => "it takes two ports and a rate",
        };
        return usage("throttle", why, mouth);
    };
    let (Some(a), Some(b)) = (port(a), port(b)) else { return ends("throttle", console, mouth) };
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
    let done = console.lab.throttle(a, b, rate);
    match rate {
        Some(n) => {
            let what = format!("{a} ⇄ {b} carries at most {} each way", units::rate(n));
            tell(console, (a, b), done, what, mouth)
        }
        None => lifted(done, format!("{a} ⇄ {b} runs at full speed"), mouth),
    }
}

pub(super) fn drop_link(console: &mut Console, rest: &str, mouth: &mut Mouth<'_>) -> Outcome {
    let (a, b) = match (two(rest), the_only_link(console.model())) {
        (Some(link), _) => link,
        (None, Some(link)) if rest.is_empty() => link,
        _ => return ends("drop", console, mouth),
    };
    match console.lab.drop_link(a, b) {
        Ok(()) => {
            let text =
                format!("the connection of {a} ⇄ {b} was dropped; a new one may come at once");
            mouth.text(Label::Lab, text);
        }
        Err(e) => mouth.lab_error("", &e),
    }
    Outcome::default()
}

pub(super) fn heal(console: &mut Console, rest: &str, mouth: &mut Mouth<'_>) -> Outcome {
    let link = match (rest, two(rest)) {
        ("", _) => None,
        (_, Some(link)) => Some(link),
        _ => return usage("heal", "two ports, or nothing for every link", mouth),
    };
    let what = match (console.lab.heal(link), link) {
        (0, Some((a, b))) => format!("nothing is wrong with {a} ⇄ {b}: nothing to heal"),
        (0, None) => "nothing is wrong with any link: nothing to heal".to_owned(),
        (1, _) => "1 link is as it should be again".to_owned(),
        (n, _) => format!("{} are as they should be again", units::plural(n as u64, "link")),
    };
    mouth.text(Label::Lab, what);
    Outcome::default()
}

pub(super) fn faults(console: &mut Console, mouth: &mut Mouth<'_>) -> Outcome {
    let model = console.model();
    let mut answer = Answer::default();
    for ((a, b), f) in &model.faults {
        let link = format!("{a} ⇄ {b}");
        if f.cut {
            answer.push(Label::Lab, format!("{link}  cut: no connection is let through"));
        }
        if f.half_open {
            answer.push(Label::Lab, format!("{link}  half-open: bytes are swallowed"));
        }
        if let Some(us) = f.delay_us {
            answer.push(Label::Lab, format!("{link}  every byte is {} late", units::span_us(us)));
        }
    }
    for ((a, b), rate) in &model.throttles {
        answer.push(Label::Lab, format!("{a} ⇄ {b}  at most {} each way", units::rate(*rate)));
    }
    for port in &model.frozen {
        answer.push(Label::Lab, format!("{port}         frozen: :thaw {port} lets it go on"));
    }
    if model.time.slow > 1 {
        answer.push(Label::Lab, format!("all links run at 1/{}: :slow off", model.time.slow));
    }
    if answer.lines.is_empty() {
        answer.push(Label::Lab, "nothing is wrong with any link or instance");
    } else {
        answer.push(Label::Hint, ":heal A B undoes what was done to a link, :heal to all of them");
    }
    mouth.say(answer);
    Outcome::default()
}

/// A fault was made: what it is, how it is undone, and a word about a stranger.
fn tell(
    console: &Console,
    (a, b): (u16, u16),
    done: Result<(), LabError>,
    what: String,
    mouth: &mut Mouth<'_>,
) -> Outcome {
    if let Err(e) = done {
        mouth.lab_error("", &e);
        return Outcome::default();
    }
    mouth.text(Label::Lab, format!("{what}; :heal {a} {b} undoes it"));
    let ports = console.lab.ports();
    let stranger = |p: &u16| !ports.contains(p) && console.lab.instance(*p).is_none();
    if let Some(port) = [a, b].into_iter().find(stranger) {
        let text = format!("{port} is none of the lab's; it holds for a server of yours there");
        mouth.text(Label::Hint, text);
    }
    Outcome::default()
}

fn lifted(done: Result<(), LabError>, what: String, mouth: &mut Mouth<'_>) -> Outcome {
    match done {
        Ok(()) => mouth.text(Label::Lab, what),
        Err(e) => mouth.lab_error("", &e),
    }
    Outcome::default()
}

/// Two ports and nothing else.
fn two(rest: &str) -> Option<(u16, u16)> {
    let mut words = rest.split_whitespace();
    let link = (port(words.next()?)?, port(words.next()?)?);
    words.next().is_none().then_some(link)
}

/// The words were no link: which ones there are.
fn ends(verb: &str, console: &mut Console, mouth: &mut Mouth<'_>) -> Outcome {
    let links = console.model().links();
    let names: Vec<String> =
        links.iter().map(|l| format!("{} {}", port_of(&l.master), port_of(&l.replica))).collect();
    let why = match names.as_slice() {
        [] => "it takes the two ports at the ends of a link".to_owned(),
        names => format!("which link? There is {}", names.join(", ")),
    };
    usage(verb, &why, mouth)
}

fn the_only_link(model: &Model) -> Option<(u16, u16)> {
    match model.links().as_slice() {
        [one] => Some((port_of(&one.master), port_of(&one.replica))),
        _ => None,
    }
}

fn port_of(peer: &Peer) -> u16 {
    match peer {
        Peer::Inside(port) => *port,
        Peer::Outside(addr) => addr.port,
    }
}

/// `200ms`, `1.5s`, `1m`; a unit is needed.
fn duration(text: &str) -> Option<Duration> {
    let lower = text.to_ascii_lowercase();
    let (number, factor) = match () {
        () if lower.ends_with("ms") => (&lower[..lower.len() - 2], 1e-3),
        () if lower.ends_with("us") => (&lower[..lower.len() - 2], 1e-6),
        () if lower.ends_with('s') => (&lower[..lower.len() - 1], 1.0),
        () if lower.ends_with('m') => (&lower[..lower.len() - 1], 60.0),
        () => return None,
    };
    let plain = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let seconds = number.parse::<f64>().ok().filter(|_| plain)? * factor;
    (seconds.is_finite() && seconds < 1e9).then(|| Duration::from_secs_f64(seconds))
}

#[cfg(test)]
mod tests {
    use super::{duration, two};
    use std::time::Duration;

    #[test]
    fn links_are_two_ports_and_times_have_units() {
        assert_eq!(two("6380 127.0.0.1:6381"), Some((6380, 6381)));
        assert_eq!(two("6380"), None);
        assert_eq!(two("6380 6381 6382"), None);
        assert_eq!(duration("200ms"), Some(Duration::from_millis(200)));
        assert_eq!(duration("1.5S"), Some(Duration::from_millis(1500)));
        assert_eq!(duration("2m"), Some(Duration::from_secs(120)));
        for bad in ["200", "ms", "-1s", "1e3s", "fast"] {
            assert_eq!(duration(bad), None, "{bad}");
        }
    }
}
