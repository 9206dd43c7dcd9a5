//! :back [NAME|TIME|EVENT], :now, :bookmark NAME, :bookmarks

use super::usage;
use crate::console::session::{Console, Mouth};
use crate::console::show::{self, differences};
use crate::console::{Back, MoreLines, Outcome, reply, suggest, units};
use crate::lab::model::{Bookmark, Model, MomentKind};
use crate::observe::{Answer, Event, Label, Now};

/// A bookmark's name is a word for a status line.
const LONGEST: usize = 40;
/// So many differences are listed.
const LISTED: usize = 40;

/// Where to look, as typed.
#[derive(Clone, Debug, PartialEq)]
enum Place {
    Last,
    /// So many microseconds into the session.
    At(u64),
    /// So many microseconds ago.
    Ago(u64),
    /// Behind so many events of the journal.
    Event(u64),
    /// So many events ago.
    EventsAgo(u64),
    Name(String),
}

pub(super) fn back(
    console: &mut Console,
    rest: &str,
    lines: &dyn MoreLines,
    mouth: &mut Mouth<'_>,
) -> Outcome {
    let place = match parse(rest) {
        Ok(place) => place,
        Err(why) => return usage("back", &why, mouth),
    };
    if lines.looks_back() {
        let asked = match (&place, position(console, &place)) {
            (Place::Last, _) => Back::Last,
            (Place::Ago(_) | Place::EventsAgo(_), Ok(at)) => Back::To(at.to_string()),
            _ => Back::To(rest.to_owned()),
        };
        return Outcome { back: Some(asked), ..Outcome::default() };
    }
    let at = match position(console, &place) {
        Ok(at) => at,
        Err(why) => {
            mouth.text(Label::ShellError, why);
            mouth.text(Label::Hint, ":bookmarks lists names; :back -10s and :back 0:41 are times");
            return Outcome::default();
        }
    };
    let Some(then) = console.lab.journal().model_at(at) else {
        let first = units::count(console.lab.journal().first());
        let text = format!("the journal reaches back to event {first}: earlier ones were dropped");
        mouth.text(Label::ShellError, text);
        return Outcome::default();
    };
    let now = console.model().clone();
    mouth.say(told(&then, &now, at));
    Outcome::default()
}

pub(super) fn now(lines: &dyn MoreLines, mouth: &mut Mouth<'_>) -> Outcome {
    if lines.looks_back() {
        return Outcome { back: Some(Back::Now), ..Outcome::default() };
    }
    mouth.text(Label::Lab, "this is now: here :back prints a moment and stays in the present");
    Outcome::default()
}

pub(super) fn bookmark(console: &mut Console, rest: &str, mouth: &mut Mouth<'_>) -> Outcome {
    let name = reply::shown(rest.trim_matches(['"', '\'']).as_bytes());
    if name.is_empty() {
        return usage("bookmark", "what shall this moment be called?", mouth);
    }
    if name.chars().count() > LONGEST {
        return usage("bookmark", "40 characters are enough for a name", mouth);
    }
    if !matches!(parse(&name), Ok(Place::Name(_))) {
        return usage("bookmark", "a name, not a number or a time: those name moments too", mouth);
    }
    let again = console.model().time.bookmarks.iter().any(|b| b.name == name);
    console.lab.bookmark(&name);
    mouth.text(Label::Lab, format!("this moment is {name}: :back {name} shows it again"));
    if again {
        mouth.text(Label::Note, "an earlier moment has that name too: :bookmarks tells its time");
    }
    Outcome::default()
}

pub(super) fn bookmarks(console: &mut Console, mouth: &mut Mouth<'_>) -> Outcome {
    let model = console.model();
    let mut answer = Answer::default();
    for b in &model.time.bookmarks {
        let ago = units::span_us(model.since_us(b.at));
        let clock = clock(b.at, model.session.began);
        answer.push(Label::Lab, format!("{:<20} {clock}, {ago} ago", b.name));
    }
    if answer.lines.is_empty() {
        answer.push(Label::Lab, "no moment has a name yet");
        answer.push(Label::Hint, ":bookmark NAME names this one");
    }
    mouth.say(answer);
    Outcome::default()
}

fn parse(text: &str) -> Result<Place, String> {
    let text = text.trim();
    let bad = || format!("{} is no moment", reply::shown(text.as_bytes()));
    if text.is_empty() {
        return Ok(Place::Last);
    }
    if let Some(ago) = text.strip_prefix('-') {
        return match (ago.parse::<u64>(), time(ago)) {
            (Ok(n), _) => Ok(Place::EventsAgo(n)),
            (_, Some(us)) => Ok(Place::Ago(us)),
            _ => Err(bad()),
        };
    }
    if let Ok(n) = text.replace(',', "").parse::<u64>() {
        return Ok(Place::Event(n));
    }
    if let Some(us) = time(text) {
        return Ok(Place::At(us));
    }
    let named = text.chars().next().is_some_and(|c| !c.is_ascii_digit());
    if named { Ok(Place::Name(text.to_owned())) } else { Err(bad()) }
}

/// `10s`, `1.5s`, `2m`, `0:41`, `1:02:03.5`: microseconds.
fn time(text: &str) -> Option<u64> {
    let number = |s: &str| -> Option<f64> {
        let plain = !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit() || b == b'.');
        s.parse::<f64>().ok().filter(|n| plain && *n < 1e9)
    };
    let seconds = if let Some(ms) = text.strip_suffix("ms") {
        number(ms)? / 1e3
    } else if let Some(s) = text.strip_suffix('s') {
        number(s)?
    } else if let Some(m) = text.strip_suffix('m') {
        number(m)? * 60.0
    } else {
        let (whole, last) = text.rsplit_once(':')?;
        let mut all = number(last).filter(|s| *s < 60.0)?;
        for (n, part) in whole.rsplit(':').enumerate() {
            all += f64::from(part.parse::<u32>().ok()?) * *[60.0, 3600.0].get(n)?;
        }
        all
    };
    Some((seconds * 1e6) as u64)
}

/// The position in the journal: how many events lie before the moment.
fn position(console: &mut Console, place: &Place) -> Result<u64, String> {
    let model = console.model();
    let (began, now, end) = (model.session.began, model.now, model.seq);
    match place {
        Place::Event(n) => Ok((*n).min(end)),
        Place::EventsAgo(n) => Ok(end.saturating_sub(*n)),
        Place::At(us) => Ok(at_time(console, began.mono_us.saturating_add(*us))),
        Place::Ago(us) => Ok(at_time(console, now.mono_us.saturating_sub(*us))),
        Place::Name(name) => {
            let all: &[Bookmark] = &model.time.bookmarks;
            let found = all.iter().rev().find(|b| b.name.eq_ignore_ascii_case(name));
            if let Some(b) = found {
                return Ok(b.seq + 1);
            }
            let shown = reply::shown(name.as_bytes());
            let near = suggest::nearest(name, all.iter().map(|b| b.name.as_str()));
            Err(match near {
                Some(near) => format!("there is no bookmark {shown}; did you mean {near}?"),
                None => format!("there is no bookmark {shown}"),
            })
        }
        Place::Last => {
            // The moment before the last thing that changed the picture.
            let worth = |k: &MomentKind| !matches!(k, MomentKind::GoalTicked { .. });
            let last = model.history.last(worth).map(|m| m.seq);
            last.ok_or_else(|| "nothing has happened yet".to_owned())
        }
    }
}

/// The first position whose events are all at or before that moment of the clients' time.
fn at_time(console: &Console, mono_us: u64) -> u64 {
    let journal = console.lab.journal();
    let mut events: Vec<Event> = Vec::new();
    let mut cursor = journal.first();
    loop {
        events.clear();
        let next = journal.read_from(cursor, &mut events, 4096);
        if let Some(later) = events.iter().find(|e| e.at.mono_us > mono_us) {
            return later.seq.max(cursor);
        }
        if next == cursor {
            return cursor;
        }
        cursor = next;
    }
}

/// The moment as plain text: the instances as they were, and what is another way now.
fn told(then: &Model, now: &Model, at: u64) -> Answer {
    let mut answer = Answer::default();
    let when = clock(then.now, now.session.began);
    let ago = units::span_us(now.since_us(then.now));
    answer.push(
        Label::Lab,
        format!("as it was at {when}, {ago} ago, behind event {}", units::count(at)),
    );
    let seen = show::Seen::default();
    answer.lines.extend(show::pane("topology", &[], then, &seen).unwrap_or_default());
    let all = differences::between(then, now);
    if all.is_empty() {
        answer.push(Label::Good, "nothing is another way now");
        return answer;
    }
    answer.push(Label::Lab, "what is another way now:");
    let rows: Vec<Vec<String>> = all
        .iter()
        .take(LISTED)
        .map(|d| {
            vec![
                format!("  {}", d.whose),
                d.what.clone(),
                format!("then {}", d.then),
                format!("now {}", d.now),
            ]
        })
        .collect();
    for line in show::table::rows(&rows) {
        answer.push(Label::Reply, line);
    }
    if all.len() > LISTED {
        let n = units::plural((all.len() - LISTED) as u64, "difference");
        answer.push(Label::Note, format!("  … and {n} more"));
    }
    answer
}

/// `0:41.250`: minutes and seconds since the session began.
fn clock(at: Now, began: Now) -> String {
    let ms = at.mono_us.saturating_sub(began.mono_us) / 1000;
    format!("{}:{:02}.{:03}", ms / 60_000, ms / 1000 % 60, ms % 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_named_in_many_ways() {
        let place = |text| parse(text).expect("a place");
        assert_eq!(place(""), Place::Last);
        assert_eq!(place("-10s"), Place::Ago(10_000_000));
        assert_eq!(place("-1.5s"), Place::Ago(1_500_000));
        assert_eq!(place("-2m"), Place::Ago(120_000_000));
        assert_eq!(place("-20"), Place::EventsAgo(20));
        assert_eq!(place("412"), Place::Event(412));
        assert_eq!(place("1,412"), Place::Event(1412));
        assert_eq!(place("0:41"), Place::At(41_000_000));
        assert_eq!(place("1:02:03.5"), Place::At(3_723_500_000));
        assert_eq!(place("10s"), Place::At(10_000_000));
        assert_eq!(place("before"), Place::Name("before".into()));
        for bad in ["-x", "4x", "0:99"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
